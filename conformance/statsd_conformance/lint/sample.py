"""What stands behind a name: value, type, and the fields after these."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from statsd_conformance.lint.dialect import Dialect
from statsd_conformance.lint.finding import Fault
from statsd_conformance.lint.number import looks_numeric, number_fault
from statsd_conformance.lint.rate import rate_fault
from statsd_conformance.lint.tag import section_faults
from statsd_conformance.printable import escaped

_TYPE: Final = rb"(?>ms|kv|[cgshdCm])"
# A whole sample, and behind it the name of the next metric, where a LF should have been.
_GLUED: Final = re.compile(rb"[^|]*\|%b(?:\|@[0-9.]*+)?+(?=[^|:@#\s][^|:]*:[^|]*\|%b)" % (_TYPE, _TYPE))
_SAMPLE: Final = rb"[^|]*\|%b(?:\|@[^|:]*)?" % _TYPE
_SAMPLES: Final = re.compile(rb"%b(?::%b)+" % (_SAMPLE, _SAMPLE))
_ONE_SAMPLE: Final = re.compile(rb"(?:\A|:)(%b)" % _SAMPLE)
_RATE_WITHOUT_BAR: Final = re.compile(rb"(%b)@" % _TYPE)
_CARDINALITIES: Final = (b"none", b"low", b"orchestrator", b"high")


def samples_faults(samples: bytes, dialect: Dialect, offset: int) -> Iterator[Fault]:
    """Yield what is wrong with all that follows the colon behind a name."""
    if glued := _GLUED.match(samples):
        yield Fault("EFRAMING-03", "a second metric begins without a LF before it", offset + glued.end())
    elif _SAMPLES.fullmatch(samples):
        first, *more = _ONE_SAMPLE.finditer(samples)
        yield Fault("EPACK-02", "a second sample stands on the line of the first", offset + more[0].start(1))
        for one in (first, *more):
            yield from _sample_faults(one[1], dialect, offset + one.start(1))
    else:
        yield from _sample_faults(samples, dialect, offset)


def _sample_faults(sample: bytes, dialect: Dialect, offset: int) -> Iterator[Fault]:
    value, bar, rest = sample.partition(b"|")
    if not bar:
        yield Fault("ELINE-02", "there is no type: no bar behind the value", offset + len(sample))
        return
    place = offset + len(value) + 1
    type, *fields = rest.split(b"|")
    if fields and fields[-1] == b"s" and type not in dialect.types:
        yield Fault("ESET-02", "the member of a set has a bar in it", offset + len(value))
        return
    if missing := _RATE_WITHOUT_BAR.match(type):
        yield Fault("ERATE-04", "there is no bar before the @ of the sample rate", place + missing.end(1))
        fields, type = [], missing[1]
    kind = type.strip(b" \t")
    if not kind:
        yield Fault("ELINE-04", "the type is empty", place)
        return
    yield from _type_faults(type, kind, dialect, place)
    yield from _value_faults(value, kind, dialect, offset)
    yield from _fields_faults(fields, kind, dialect, place + len(type) + 1)


def _type_faults(type: bytes, kind: bytes, dialect: Dialect, place: int) -> Iterator[Fault]:
    if kind not in dialect.types:
        known = ", ".join(one.decode() for one in dialect.types)
        yield Fault("ELINE-05", f"type {escaped(kind[:40])!r} is none of {dialect.name}: {known}", place)
    elif kind != type:
        yield Fault("ELINE-08", "there is a blank beside the type", place)


def _value_faults(value: bytes, kind: bytes, dialect: Dialect, offset: int) -> Iterator[Fault]:
    if kind == b"s":
        yield from _member_faults(value, offset)
        return
    values = value.split(b":")
    if len(values) > 1 and not dialect.dogstatsd:
        if all(one and looks_numeric(one) for one in values):
            yield Fault("EPACK-01", f"{len(values)} values are packed into one sample", offset + len(values[0]))
            return
        yield Fault("ENAME-02", "the name has the separator ':' in it", offset - 1)
        values, offset = values[-1:], offset + len(value) - len(values[-1])
    for one in values:
        if not one and len(values) > 1:
            yield Fault("EPACK-03", "one of the packed values is empty", offset)
        elif fault := number_fault(one, kind, offset):
            yield fault
        offset += len(one) + 1


def _member_faults(member: bytes, offset: int) -> Iterator[Fault]:
    if not member:
        yield Fault("ESET-01", "the member of the set is empty", offset)
    elif b":" in member:
        yield Fault("ESET-02", "the member of the set has a ':' in it", offset + member.index(b":"))
    elif found := re.search(rb"[@#]", member):
        yield Fault("ESET-03", f"the member of the set has a {found[0].decode()!r} in it", offset + found.start())


def _fields_faults(fields: Sequence[bytes], kind: bytes, dialect: Dialect, place: int) -> Iterator[Fault]:
    """Yield what is wrong with the fields behind the type; `place` is where the first of them begins."""
    before: list[bytes] = []
    for field in fields:
        yield from _field_faults(field, before, kind, dialect, place)
        before.append(field)
        place += len(field) + 1


def _field_faults(field: bytes, before: Sequence[bytes], kind: bytes, dialect: Dialect, place: int) -> Iterator[Fault]:
    bare = field.strip(b" \t")
    if not bare:
        yield Fault("ELINE-06", "a bar stands at the end, or before another one", place - 1)
    elif field != bare:
        yield Fault("ELINE-08", "there is a blank beside a field", place)
    elif field.startswith(b"@"):
        yield from _rate_faults(field, before, kind, place)
    elif field.startswith(b"#"):
        yield from _section_faults(field, before, dialect, place)
    elif dialect.dogstatsd and (known := _known_field(field, kind)) is not None:
        if known:
            yield Fault("ETAG-08", known, place)
    elif looks_numeric(field):
        yield Fault("ERATE-05", f"sample rate {escaped(field[:40])} has no @ before it", place)
    elif field == b"s":
        yield Fault("ESET-02", "a bar or a LF was in the member of a set", place)
    elif before and before[-1].startswith(b"#"):
        yield Fault("ETAG-03", "a tag has a bar in it", place - 1)
    else:
        yield Fault("ELINE-07", f"{escaped(field[:40])!r} is no field of {dialect.name}", place)


def _rate_faults(field: bytes, before: Sequence[bytes], kind: bytes, place: int) -> Iterator[Fault]:
    if any(other.startswith(b"@") for other in before):
        yield Fault("ERATE-07", "this is a second sample rate", place)
    elif fault := rate_fault(field, place):
        yield fault
    elif kind in (b"g", b"s"):
        yield Fault("ERATE-06", f"a {'gauge' if kind == b'g' else 'set'} has a sample rate", place)
    elif any(other.startswith(b"#") for other in before):
        yield Fault("ERATE-08", "the sample rate stands behind the tags", place)


def _section_faults(field: bytes, before: Sequence[bytes], dialect: Dialect, place: int) -> Iterator[Fault]:
    if not dialect.dogstatsd:
        yield Fault("ETAG-01", f"there are tags behind the type, which {dialect.name} has not", place)
    elif any(other.startswith(b"#") for other in before):
        yield Fault("ELINE-07", "this is a second section of tags", place)
    else:
        yield from section_faults(field[1:], place + 1)


def _known_field(field: bytes, kind: bytes) -> str | None:
    """Return what is wrong with a later field of DogStatsD: "" for nothing, None where it is no such field."""
    key, colon, value = field.partition(b":")
    if colon and key in (b"c", b"e"):
        return "" if value else f"the field {key.decode()}: is empty"
    if colon and key == b"card":
        return "" if value in _CARDINALITIES else f"cardinality {escaped(value[:40])!r} is unknown"
    if re.fullmatch(rb"T[^:|]*", field):
        if kind not in (b"c", b"g"):
            return "a timestamp stands on what is neither counter nor gauge"
        return "" if re.fullmatch(rb"T[1-9][0-9]{0,11}", field) else f"timestamp {escaped(field[1:41])!r} is no time"
    return None
