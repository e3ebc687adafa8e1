"""A trace as people and programs read it: a table of counters by hop, causes with their evidence, and the sums."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from statsd_conformance.profile import same_path
from statsd_conformance.tracing.balance import Balance, balance
from statsd_conformance.tracing.cause import Diagnosis, Traced, shown
from statsd_conformance.tracing.causes import OF_CODE, diagnose
from statsd_conformance.tracing.journey import HOPS, Fate, Journey, Station, paths_of
from statsd_conformance.tracing.seen import Seen

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

FORMAT: Final = 1
# More groups than that, and those of which everything arrived take one row each.
_GROUPS: Final = 4
_TITLES: Final = {"wire": "on the wire", "aggregator": "flushed", "graphite": "in Graphite"}
_GIVE: Final = {
    "wire": "--tap and --forward, or --recording",
    "aggregator": "--graphite-tap and --graphite-forward, or --graphite-recording",
    "graphite": "--whisper, --carbon-query or --render",
}
_STYLES: Final = {Fate.LOST: "bold red", Fate.STOPPED: "bold red", Fate.CHANGED: "yellow", Fate.VALUE: "yellow"}


def given(seen: Seen) -> list[str]:
    """Return the hops that were looked at."""
    there = {"wire": seen.wire, "aggregator": seen.output, "graphite": seen.store}
    return [hop for hop in HOPS if there[hop] is not None]


def arrived(traced: Traced) -> int:
    """Return how many counters are at the last hop that was seen, under their own names and with their values."""
    return sum(one.whole for one in traced.journeys)


def as_json(traced: Traced) -> str:
    """Return the trace as one JSON object; names are text with escapes, `hex` holds their bytes."""
    sums = balance(traced)
    return json.dumps(
        {
            "format": FORMAT,
            "profile": traced.seen.profile.name,
            "hops": given(traced.seen),
            "arrived": arrived(traced),
            "of": len(traced.journeys),
            "counters": [_journey(one) for one in traced.journeys],
            "causes": [_diagnosis(one) for one in diagnose(traced)],
            "balance": _sums(sums) if sums else None,
        },
        indent=2,
    )


def _journey(one: Journey) -> dict[str, Any]:
    stations = {at.hop: _station(at) for at in one.stations if at.fate != Fate.UNSEEN}
    lost_or_changed = one.lost_at or one.changed_at or None
    return {"counter": shown(one.counter), "group": one.title, "place": one.place, "at": lost_or_changed, **stations}


def _station(at: Station) -> dict[str, Any]:
    name = None if at.name is None else shown(at.name)
    return {"fate": at.fate.value, "name": name, "hex": at.name.hex() if at.name else None, "value": at.value}


def _diagnosis(one: Diagnosis) -> dict[str, Any]:
    cause = OF_CODE[one.code]
    return {
        "code": one.code,
        "title": cause.title,
        "hop": one.hop,
        "sure": one.sure,
        "counters": [shown(counter) for counter in one.counters],
        "evidence": list(one.evidence),
        "remedy": cause.remedy,
        "apart": None if one.sure else cause.apart,
    }


def _sums(sums: Balance) -> dict[str, Any]:
    names = ("lines", "in_series", "doubtful", "errors", "names", "series", "unaccounted", "holds")
    return {name: getattr(sums, name) for name in names}


def print_trace(traced: Traced, console: "Console") -> None:
    """Print the trace: the table, what is unseen, the sums, and each cause."""
    from rich.text import Text

    console.print(_table(traced))
    for hop in HOPS:
        if hop not in given(traced.seen):
            console.print(Text(f"{_TITLES[hop]}: unseen; {_GIVE[hop]} would show it", style="dim"))
    console.print()
    console.print(Text(count_in_words(traced), style="bold"))
    for line in sums_in_words(traced):
        console.print(Text(line))
    for one in diagnose(traced):
        console.print()
        console.print(_explained(one))


def count_in_words(traced: Traced) -> str:
    """Return how many counters are at the last hop under their own names, and how many of them were changed before."""
    last = given(traced.seen)[-1]
    own = [one for one in traced.journeys if _is_own(traced, one, last)]
    changed = sum(not one.whole for one in own)
    told = f"{len(own)} of {len(traced.journeys)} counters are {_TITLES[last]} under their own names"
    return f"{told}, {changed} of them changed on the way" if changed else told


def _is_own(traced: Traced, one: Journey, hop: str) -> bool:
    """Tell whether a counter is at a hop under the name that it should have there."""
    at = one.at(hop)
    if at.name is None or at.fate == Fate.STOPPED:
        return False
    profile = traced.seen.profile
    paths = [one.counter] if hop == "wire" else paths_of(profile, one.counter, one.sent)
    return any(same_path(path, at.name) for path in paths)


def sums_in_words(traced: Traced) -> Iterator[str]:
    """Yield the sums: lines and names into the aggregator, series out of it, and series in Graphite."""
    sums = balance(traced)
    if sums:
        errors = "refused lines unseen" if sums.errors is None else f"{sums.errors:g} counted as refused"
        taken = sums.lines - sums.unaccounted - (sums.errors or 0)
        line = f"lines: {sums.lines} in = {taken:g} in series + {errors}"
        if sums.unaccounted > 0:
            line += f" + {sums.unaccounted:g} unaccounted for"
        elif sums.unaccounted < 0:
            line = f"lines: {sums.lines} in, {sums.in_series} in series; {errors}, more than are missing"
        yield line
        yield f"names: {sums.names} in, {sums.series} with a series out"
    if traced.seen.store:
        stored = sum(one.at("graphite").fate not in (Fate.LOST, Fate.STOPPED) for one in traced.journeys)
        late = traced.seen.store.late
        after = f", {late} of them only after {traced.seen.store.waited:.0f} s" if late else ""
        yield f"series: {stored} of {len(traced.journeys)} in {traced.seen.store.source}{after}"


def _table(traced: Traced) -> Any:
    from rich.table import Table
    from rich.text import Text

    hops = given(traced.seen)
    table = Table(title=Text(f"counters by hop, published as {traced.seen.profile.name} does"))
    table.add_column("counter", overflow="fold")
    for hop in hops:
        table.add_column(_TITLES[hop], overflow="fold")
    groups = traced.groups()
    for group in groups:
        if len(groups) > _GROUPS and all(one.whole for one in group):
            table.add_row(Text(f"{group[0].title or 'counters'}: all"), *[Text(f"{len(group)}")] * len(hops))
        else:
            for one in group:
                table.add_row(Text(shown(one.counter)), *(_cell(one, one.at(hop)) for hop in hops))
        table.add_section()
    return table


def _cell(one: Journey, at: Station) -> "Text":
    """Return value and name at a hop; the name where it is not the one of the counter."""
    from rich.text import Text

    style = _STYLES.get(at.fate, "")
    if at.name is None:
        return Text(at.fate.value, style=style)
    value = "" if at.value is None else f"{at.value:.15g}"
    name = "" if at.name == one.counter else shown(at.name)
    mark = "" if at.fate == Fate.SAME else f"({at.fate.value})"
    return Text(" ".join(filter(None, (value, name, mark))), style=style)


def _explained(one: Diagnosis) -> "Text":
    from rich.text import Text

    cause = OF_CODE[one.code]
    text = Text()
    text.append(f"{one.code} {cause.title}", style="bold red" if one.sure else "bold yellow")
    many = "1 counter" if len(one.counters) == 1 else f"{len(one.counters)} counters"
    text.append(f" ({_TITLES[one.hop]}; {many}{'' if one.sure else '; it may be'})\n")
    text.append(f"{cause.sentence}\n")
    for evidence in one.evidence:
        text.append(f"  seen: {evidence}\n")
    text.append(f"  do: {cause.remedy}")
    if not one.sure:
        text.append(f"\n  to be sure: {cause.apart}")
    return text
