"""One line to its samples and bad lines. Bad input is a value here, never an exception."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from statsd_reference.grammar import clean_name
from statsd_reference.model import BadLine, Kind, Outcome, Sample
from statsd_reference.number import read_number, read_rate, strip
from statsd_reference.options import Options
from statsd_reference.tags import NameAndTags, as_set, dogstatsd_tags, original_tags, tagged_name

Parse = Callable[[bytes], tuple[Outcome, ...]]

_KINDS = {kind.value: kind for kind in (Kind.COUNTER, Kind.GAUGE, Kind.TIMER, Kind.SET)}
_MORE_KINDS = {
    "h": (b"h", Kind.TIMER),
    "d": (b"d", Kind.TIMER),
    "C": (b"C", Kind.TOTAL),
    "m": (b"m", Kind.METER),
    "kv": (b"kv", Kind.KEY_VALUE),
}
_EVENTS = (b"_e{", b"_sc|")


def make_parse(options: Options) -> Parse:
    """Return the function that reads one non-empty line under `options`.

    It returns an outcome for each sample of the line, in order: none for an event or service check of DogStatsD.
    """
    kinds = _KINDS | dict(_MORE_KINDS[extension] for extension in options.extensions if extension in _MORE_KINDS)
    reader = _Reader(options, kinds)
    return reader.read


class _Reader:
    """The switches of the grammar, looked up once."""

    def __init__(self, options: Options, kinds: dict[bytes, Kind]) -> None:
        self.kinds = kinds
        self.clean = clean_name if options.key_name_sanitize else _as_text
        self.max_line = options.max_line
        self.packing = "packing" in options.extensions
        self.dogstatsd = "dogstatsd" in options.extensions
        self.name_tags = tuple(one for one in options.extensions if one in ("influx", "signalfx", "librato"))

    def read(self, line: bytes) -> tuple[Outcome, ...]:
        if len(line) > self.max_line:
            return (BadLine(line[:128], f"longer than {self.max_line} bytes"),)
        if line.startswith(_EVENTS):
            return self._event(line)
        body, mark, tags = line.partition(b"|#")
        name, colon, samples = body.partition(b":")
        if not colon:
            return (self._bare(line, name, mark + tags),)
        # A bare CR may be where a line was meant to end: what follows is then the value of another name (FRAMING-10).
        if b":" in samples.partition(b"\r")[2]:
            return (BadLine(line, "a CR that does not end the line"),)
        named = tagged_name(name, self.name_tags)
        late = b""
        if mark:
            section, _, late = tags.partition(b"|")
            named = NameAndTags(named.name, self._tags(named.tags, section))
        bucket = self._bucket(named)
        if not bucket:
            return (BadLine(line, "no name" if not name else "no name left after clean-up"),)
        late_rate = _late_rate(late) if late else None
        outcomes: list[Outcome] = []
        for values, fields in self._samples(samples):
            kind, rate = self._behind(fields, late_rate)
            for value in values:
                outcomes.append(
                    BadLine(line, kind) if isinstance(kind, str) else _sample(line, bucket, value, kind, rate)
                )
        return tuple(outcomes)

    def _bare(self, line: bytes, name: bytes, rest: bytes) -> Outcome:
        """A line without a colon: one event of a meter where meters are read, else refused (LINE-04)."""
        if b"m" in self.kinds and not rest and b"|" not in name and (bucket := self._bucket(NameAndTags(name, ()))):
            return Sample(bucket, 1.0, Kind.METER)
        return BadLine(line, "no colon")

    def _tags(self, of_the_name: tuple[bytes, ...], section: bytes) -> tuple[bytes, ...]:
        """Return the tags of a name and those of a `|#` section, where two dialects meet on a line (TAG-19)."""
        if self.dogstatsd:
            return as_set(of_the_name + dogstatsd_tags(section))
        return of_the_name + original_tags(section)

    def _bucket(self, named: NameAndTags) -> bytes:
        bucket = b";".join([self.clean(named.name), *map(self.clean, named.tags)])
        # A name that would be empty in the output is refused even when it is cleaned only there (NAME-09).
        published = bucket if self.clean is clean_name else clean_name(bucket)
        return bucket if published.partition(b";")[0] else b""

    def _samples(self, samples: bytes) -> Iterable[tuple[Sequence[bytes], list[bytes]]]:
        """Return the samples: values, mostly one, and the fields that stand behind them."""
        if self.dogstatsd:
            samples = _without_unknown_fields(samples)
        parts = [part.split(b"|") for part in samples.split(b":")]
        return _unpacked(parts) if self.packing else [((part[0],), part[1:]) for part in parts]

    def _behind(self, fields: list[bytes], late: float | str | None) -> tuple[Kind | str, float]:
        """Return the kind and the sample rate of what has these fields behind it, or why it is refused.

        `late` is the rate that followed the tags, or why it is none: that of every sample without one. Other fields
        there, which nobody knows, are ignored (TAG-03, TAG-11); the original glues all of it to the last tag.
        """
        if not fields:
            return ("no type" if late is None else "unknown type"), 1.0
        # A NUL is what is left of a C string (FRAMING-12).
        kind = self.kinds.get(strip(fields[0].rstrip(b"\0")))
        if kind is None:
            return "unknown type", 1.0
        rate = _rate(fields[1]) if len(fields) > 1 else 1.0 if late is None else late
        return (rate, 1.0) if isinstance(rate, str) else (kind, rate)

    def _event(self, line: bytes) -> tuple[Outcome, ...]:
        """Check an event or a service check of DogStatsD, which becomes no metric (EVENT-01 to -03, -06)."""
        if not self.dogstatsd:
            return (BadLine(line, "an event or a service check"),)
        if line.startswith(b"_sc|"):
            fields = line.split(b"|")
            good = len(fields) >= 3 and bool(fields[1]) and fields[2] in (b"0", b"1", b"2", b"3")
            return () if good else (BadLine(line, "not a service check"),)
        return () if _is_event(line) else (BadLine(line, "not an event"),)


def _sample(line: bytes, bucket: bytes, value: bytes, kind: Kind, rate: float) -> Outcome:
    if kind is Kind.SET:
        return Sample(bucket, 0.0, kind, rate, member=value or b"0")
    number = read_number(value)
    if number is None:
        return BadLine(line, "no valid number")
    if kind is Kind.TIMER and number < 0:
        return BadLine(line, "negative time")
    return Sample(bucket, number, kind, rate, signed=kind is Kind.GAUGE and value.startswith((b"+", b"-")))


def _rate(field: bytes) -> float | str:
    """Return the sample rate that a field, `@0.1`, spells, or why it is none."""
    rate = read_rate(field[1:]) if field.startswith(b"@") else None
    return "no valid sample rate in the third field" if rate is None else rate


def _late_rate(late: bytes) -> float | str | None:
    """Return the rate among the fields behind tags, or why it is none; None where there is no such field."""
    return next((_rate(field) for field in late.split(b"|") if field.startswith(b"@")), None)


def _as_text(name: bytes) -> bytes:
    """Return the name with U+FFFD for what is not UTF-8: the original decodes every datagram."""
    return name.decode("utf-8", "replace").encode()


def _unpacked(parts: list[list[bytes]]) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """Yield packed values with what stands behind them: those of `1:2:3|c` share what follows the first bar (PACK-05).

    Members of a set are not packed, and empty values are skipped (PACK-07).
    """
    values: list[bytes] = []
    for value, *fields in parts:
        values.append(value)
        if not fields:
            continue
        if strip(fields[0]) == b"s":
            values = [b":".join(values)]
        yield [one for one in values if one] or [b""], fields
        values = []
    if values:
        yield [b":".join(values)], []


def _is_event(line: bytes) -> bool:
    lengths, brace, rest = line.removeprefix(b"_e{").partition(b"}:")
    title, comma, text = lengths.partition(b",")
    if not (brace and comma and title.isdigit() and text.isdigit() and len(lengths) < 20):
        return False
    ends = int(title)
    whole = ends + 1 + int(text)
    fits = rest[ends : ends + 1] == b"|" and len(rest) >= whole and rest[whole : whole + 1] in (b"", b"|")
    return ends > 0 and int(text) > 0 and fits


def _without_unknown_fields(samples: bytes) -> bytes:
    """Return `samples` without the optional fields of DogStatsD 1.2 to 1.6 (`c:`, `e:`, `card:`, `T`): TAG-11 to -14.

    Such fields stand last, among rates, so that the `c:3` of `1|c:2|c:3|c` is no field but begins a sample.
    """
    value, *fields = samples.split(b"|")
    rates: list[bytes] = []
    while len(fields) > 1 and fields[-1].startswith((b"@", b"c:", b"e:", b"card:", b"T")):
        field = fields.pop()
        if field.startswith(b"@"):
            rates.insert(0, field)
    return b"|".join([value, *fields, *rates])
