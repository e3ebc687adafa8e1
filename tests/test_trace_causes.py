"""Each cause of loss, planted in a chain without sockets: exactly that cause is named, from what the hops show."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from chain import BEGIN, CONTINUED, SHORT, SNAPSHOT, FromStore, Modelled, as_text, snapshot
from statsd_conformance.profile import load_profile
from statsd_conformance.tracing.aggregating import vanished
from statsd_conformance.tracing.cause import Traced, missing_sets, shown
from statsd_conformance.tracing.causes import CAUSES, diagnose
from statsd_conformance.tracing.cityhash import city_hash_32
from statsd_conformance.tracing.journey import Journey
from statsd_conformance.tracing.look import Caught, Wanted, see
from statsd_conformance.tracing.output import OutputReader
from statsd_conformance.tracing.report import count_in_words
from statsd_conformance.tracing.seen import Seen, Store
from statsd_reference.emitter import load_emitter_profile
from statsd_reference.emitter.profile import MESSAGE_COUNTERS

SEVEN = MESSAGE_COUNTERS[:7]
MODULES = ("kvs", "cron", "content-sqlite")
BAD = b"flux.bad\xff:1|g"
NEW = (1, 1, 1, 1, 1, 1, 1, 1)


def datagrams(**faults: object) -> list[bytes]:
    return [snapshot(module, **faults) for module in MODULES]  # type: ignore[arg-type]  # as `snapshot` takes them


def codes(seen: Seen) -> list[str]:
    """Return the causes that are named, those that may be with a question mark."""
    return [one.code if one.sure else f"{one.code}?" for one in diagnose(Traced(seen))]


def counters(seen: Seen) -> set[bytes]:
    return {counter for one in diagnose(Traced(seen)) for counter in one.counters}


def flushed_to_two(count: int = 2) -> Seen:
    """Return a trace of an aggregator that spreads names over back ends, the first of which is looked at."""
    chain = Modelled()
    for datagram in datagrams():
        chain.aggregator.take(datagram)
    chain.aggregator.gauges = {
        name: value for name, value in chain.aggregator.gauges.items() if city_hash_32(name) % count == 0
    }
    chain.sent = Modelled().flush(*datagrams()).sent
    return chain.flush().seen()


def without(chain: Modelled, lost: Callable[[bytes], bool], **counts: float) -> Seen:
    """Return a trace in which Graphite lacks some series, and carbon's own counts are these."""
    whole = chain.carbon.store()
    stored = {path: one for path, one in whole.stored.items() if not lost(path)}
    return chain.seen(store=replace(whole, stored=stored, **counts))  # type: ignore[arg-type]  # its fields


def dropping() -> Store:
    """Return what is stored of five of eight, with a count of refused creates."""
    return replace(Modelled().flush(*datagrams(counters=SHORT)).carbon.store(), dropped=3.0)


def is_event(path: bytes) -> bool:
    return b"event" in path


def is_zero(path: bytes) -> bool:
    return path.endswith((b"keepalive_tx", b"event_rx"))


ZEROES = (11, 12, 13, 14, 15, 0, 0, 18)

PLANTED: dict[str, tuple[Callable[[], Seen], list[str]]] = {
    "nothing": (lambda: Modelled().flush(*datagrams()).seen(), []),
    "spaces": (lambda: Modelled().flush(*datagrams(blanks=b"    ")).seen(), ["H1a"]),
    "tabs by pickle": (lambda: Modelled(pickled=True).flush(*datagrams(blanks=b"\t\t")).seen(), ["H1b"]),
    "tabs by pickle, undeclared": (
        lambda: Modelled(pickled=True).flush(*datagrams(blanks=b"\t")).seen(wanted=Wanted()),
        ["H1b"],
    ),
    "tabs by text": (lambda: Modelled().flush(*datagrams(blanks=b"\t\t")).seen(), ["H1c"]),
    "spaces, wire only": (lambda: Modelled().flush(*datagrams(blanks=b"  ")).seen("w"), ["H1a?", "H1b?", "H1c?"]),
    "tabs by pickle, store unseen": (
        lambda: Modelled(pickled=True).flush(*datagrams(blanks=b"\t")).seen("wa"),
        ["H1b?"],
    ),
    "tabs by pickle, wire unseen": (lambda: Modelled(pickled=True).flush(*datagrams(blanks=b"\t")).seen("ag"), ["H1b"]),
    "five printed": (lambda: Modelled().flush(*datagrams(counters=SHORT)).seen(), ["H3"]),
    "five printed, the longest first": (
        lambda: Modelled().flush(*datagrams(counters=SHORT)[::-1]).seen(),
        ["H3"],
    ),
    "now five, now seven": (
        lambda: Modelled().flush(snapshot(counters=SHORT), snapshot("content-sqlite", counters=SEVEN)).seen(),
        ["UNSENT?"],
    ),
    "five printed, one module": (lambda: Modelled().flush(snapshot(counters=SHORT)).seen(), ["H3?", "H4?"]),
    "cut in a line": (lambda: Modelled().flush(*(one[:150] for one in datagrams())).seen(), ["H4"]),
    "cut at a line end": (
        lambda: Modelled().flush(*(b"\n".join(one[:134].split(b"\n")[:-1]) for one in datagrams())).seen(),
        ["H4"],
    ),
    "five flushed, wire unseen": (lambda: Modelled().flush(*datagrams(counters=SHORT)).seen("ag"), ["H3?"]),
    "five of one flushed, wire unseen": (
        lambda: Modelled().flush(snapshot(counters=SHORT)).seen("ag"),
        ["H3?", "H4?"],
    ),
    "cut in a line, wire unseen": (lambda: Modelled().flush(*(one[:150] for one in datagrams())).seen("ag"), ["H4?"]),
    "CR LF": (lambda: Modelled().flush(*datagrams(end=b"\r\n")).seen(), ["H13"]),
    "a written line end": (lambda: Modelled().flush(*datagrams(end=b"\\n")).seen(wanted=every()), ["H13"]),
    "two lines in one": (
        lambda: Modelled().flush(*(one.replace(b"|g\nflux", b"|gflux", 1) for one in datagrams())).seen(),
        ["JOINED"],
    ),
    "two lines in one, the last": (
        lambda: Modelled().flush(b"|gflux".join(snapshot().rsplit(b"|g\nflux", 1))).seen(),
        ["JOINED"],
    ),
    "NULs behind the last line": (lambda: Modelled().flush(*(one + b"\0" for one in datagrams())).seen(), ["NUL"]),
    "NULs in a line of their own": (
        lambda: Modelled().flush(*(one + b"\n\0\0" for one in datagrams())).seen(),
        [],
    ),
    "a line without a name": (
        lambda: Modelled().flush(*(one.replace(b"flux.kvs.0.event_tx", b"") for one in datagrams())).seen(),
        ["NAMELESS?"],
    ),
    "two back ends": (flushed_to_two, ["H2"]),
    "creates refused": (lambda: without(Modelled().flush(*datagrams()), is_event, dropped=3.0), ["H5"]),
    "creates refused, only Graphite seen": (
        lambda: Modelled().flush(*datagrams(counters=SHORT)).seen("g", every(), dropping()),
        ["H3?", "H5?"],
    ),
    "creates not refused": (lambda: without(Modelled().flush(*datagrams()), is_zero, dropped=0.0), ["UNKNOWN?"]),
    "zeroes not stored": (
        lambda: without(Modelled().flush(*datagrams(values=ZEROES)), is_zero, dropped=0.0),
        ["H6"],
    ),
    "zeroes not stored, but for one": (
        lambda: without(Modelled().flush(*datagrams(values=(0, *ZEROES[1:]))), is_zero, dropped=0.0),
        ["UNKNOWN?"],
    ),
    "a black list": (lambda: without(Modelled().flush(*datagrams()), is_event, rejected=12.0, dropped=0.0), ["H16"]),
    "no UTF-8 by text": (
        lambda: Modelled().flush(*datagrams()).flush(BAD).flush(snapshot("new")).flush().seen(),
        ["H11"],
    ),
    "no UTF-8 by pickle": (lambda: Modelled(pickled=True).flush(*datagrams()).flush(BAD).flush().seen(), ["H11"]),
    "nothing stored": (
        lambda: Modelled().flush(*datagrams()).seen(store=Store({}, "an empty folder", 0.0)),
        ["NOWHERE"],
    ),
}


def every() -> Wanted:
    return Wanted(tuple(f"flux.{module}.0.{one}".encode() for module in MODULES for one in MESSAGE_COUNTERS))


@pytest.mark.parametrize("planted", PLANTED, ids=list(PLANTED))
def test_exactly_the_planted_cause_is_named(planted: str) -> None:
    chain, expected = PLANTED[planted]
    assert codes(chain()) == expected


@pytest.mark.parametrize("planted", ["spaces", "tabs by pickle", "tabs by text"])
def test_blanks_are_blamed_for_the_first_name_of_each_continued_line(planted: str) -> None:
    seen = PLANTED[planted][0]()
    blamed = {f"flux.{module}.0.{MESSAGE_COUNTERS[place]}".encode() for module in MODULES for place in CONTINUED}
    assert counters(seen) == blamed
    assert "number 3, 5, 7" in " ".join(diagnose(Traced(seen))[0].evidence)


def test_cut_names_the_limit() -> None:
    (cut,) = diagnose(Traced(Modelled().flush(*(one[:150] for one in datagrams())).seen()))
    assert "a limit of 150 bytes explains every datagram" in cut.evidence
    assert any(text.startswith("the aggregator counted 3 ") for text in cut.evidence)


def test_two_types_under_a_name_are_told_though_nothing_is_lost() -> None:
    chain = Modelled().flush(b"a.x:1|g\na.y:1|g").flush(b"a.x:1|c\na.y:1|g")
    assert codes(chain.seen(wanted=Wanted())) == ["H7"]


def test_silence_of_the_emitter_is_told_apart_from_loss() -> None:
    chain = Modelled().flush(snapshot("kvs"), snapshot("cron")).flush(snapshot("cron"))
    chain.aggregator.gauges = {name: 1.0 for name in chain.aggregator.gauges if b"cron" in name}
    seen = chain.flush(snapshot("cron", NEW)).flush(snapshot("cron", NEW)).seen()
    assert codes(seen) == ["H8"]
    assert all(b"kvs" in counter for counter in counters(seen))


def test_a_gap_in_an_emitter_that_sends_what_changed_is_no_shorter_list() -> None:
    batch = load_emitter_profile("batch")
    lines = b"flux.0.kvs.request_tx:1|C\nflux.0.kvs.request_rx:1|C"
    caught = Caught(Modelled().flush(lines).wire())
    assert codes(see(caught, Wanted(profile=batch), load_profile("brubeck"), None, 0.0)) == ["UNSENT?"]


def test_counts_kept_from_one_of_several_flushes_are_found() -> None:
    reader, chain = OutputReader(), Modelled()
    chain.flush(b"a.x:5|c").sent.clear()
    for number in range(6):
        reader.take(1, as_text([(b"stats_counts.a.x", 5.0)], BEGIN + 10 * number))
    store = Modelled().carbon
    store.add(b"stats_counts.a.x", BEGIN, 5.0)
    held = store.store()
    stored = {path: replace(one, step=60.0) for path, one in held.stored.items()}
    wire = Modelled().flush(*[b"a.x:5|c"] * 6).wire()
    caught = Caught(wire, reader.output(), BEGIN)
    seen = see(caught, Wanted(), load_profile("statsd"), FromStore(replace(held, stored=stored)), 0.0)
    assert codes(seen) == ["SLOTS"]
    # The same points missing from slots as long as a flush are not written yet.
    stored = {path: replace(one, step=10.0, last=BEGIN + 50) for path, one in held.stored.items()}
    seen = see(caught, Wanted(), load_profile("statsd"), FromStore(replace(held, stored=stored)), 0.0)
    assert codes(seen) == []


def test_names_that_are_cleaned_are_no_loss_and_said_to_be_changed() -> None:
    reader = OutputReader()
    reader.take(1, as_text([(b"stats.gauges.a.x-y", 1.0)], BEGIN))
    caught = Caught(Modelled().flush(b"a.x/y:1|g").wire(), reader.output(), BEGIN)
    seen = see(caught, Wanted(), load_profile("statsd"), None, 0.0)
    (one,) = diagnose(Traced(seen))
    assert (one.code, one.evidence[0]) == ("CLEANED", "a.x/y became stats.gauges.a.x-y")


def test_datagrams_that_the_aggregator_did_not_read_are_counted() -> None:
    reader = OutputReader()
    for number in range(3):
        points = [(b"stats_counts.a.x", 1.0 if number else 0.0), (b"stats_counts.statsd.packets_received", 1.0)]
        reader.take(1, as_text(points, BEGIN + 10 * number))
    wire = Modelled().flush(*[b"a.x:1|c"] * 6).wire()
    seen = see(Caught(wire, reader.output(), BEGIN), Wanted(), load_profile("statsd"), None, 0.0)
    (one,) = diagnose(Traced(seen))
    assert (one.code, one.evidence) == ("LOSS", ("6 datagrams were on the wire, and the aggregator read 3",))
    dropped = replace(wire, dropped=3)
    caught = Caught(dropped, Modelled().flush().flushed(), BEGIN)
    (one,) = diagnose(Traced(see(caught, Wanted(), load_profile("brubeck"), None, 0.0)))
    assert (one.code, one.evidence) == ("LOSS", ("the system dropped 3 datagrams at the aggregator's socket",))


NAMED = ((b"a.first", 500), (b"a.second", 600), (b"a.third", 1400), (b"a.lost", 1300))


def through_a_path(sizes: Sequence[int], *, largest: int, dropped: int = 0) -> Seen:
    """Return a trace of datagrams of such sizes, each with a name of its own, of which a path takes so much."""
    sent = [(b"a.%d" % size).ljust(size - 4, b"x") + b":1|g" for size in sizes]
    wire = replace(Modelled().flush(*sent).wire(), dropped=dropped)
    flushed = Modelled().flush(*(one for one in sent if len(one) <= largest)).flushed()
    return see(Caught(wire, flushed, BEGIN), Wanted(), load_profile("brubeck"), None, 0.0)


@pytest.mark.parametrize(
    ("sizes", "dropped", "told"),
    [
        ([100, 1200, 1400, 3000], 0, ["HOLE"]),
        ([100, 1200, 1400], 0, ["HOLE?"]),
        ([100, 1400, 3000], 0, ["HOLE?", "H16?"]),
        ([100, 1200, 1400, 3000], 2, ["LOSS"]),
        ([1400, 3000], 0, ["UNKNOWN?"]),
    ],
    ids=["several", "one lost", "one arrived", "lost at the socket", "none arrived"],
)
def test_datagrams_that_a_path_swallows_for_their_size_are_told(
    sizes: Sequence[int], dropped: int, told: Sequence[str]
) -> None:
    assert codes(through_a_path(sizes, largest=1272, dropped=dropped)) == told


def test_what_a_path_lets_through_is_said_in_bytes() -> None:
    (one,) = diagnose(Traced(through_a_path([100, 1200, 1400, 3000], largest=1272)))
    assert one.hop == "aggregator"
    assert {name[:6] for name in one.counters} == {b"a.1400", b"a.3000"}
    assert one.evidence[0].startswith("datagrams of up to 1,200 bytes arrive, and of 1,400 bytes none does")
    assert "a black hole" in one.evidence[0]


@pytest.mark.parametrize("largest", [60, 400], ids=["shorter than any path takes", "another was lost"])
def test_what_is_lost_is_not_always_lost_for_its_size(largest: int) -> None:
    sizes = [50, 100, 548] if largest == 60 else [100, 200, 1400]
    seen = through_a_path(sizes, largest=largest)
    if largest == 400:
        # The shortest of all is missing as well.
        assert seen.output
        flushed = {path: one for path, one in seen.output.flushed.items() if b"a.100" not in path}
        seen = replace(seen, output=replace(seen.output, flushed=flushed))
    assert "HOLE" not in "".join(codes(seen))


def test_datagrams_whose_names_came_by_others_as_well_say_nothing_of_a_path() -> None:
    first, second, third, lost = (name.ljust(size - 4, b"x") + b":1|g" for name, size in NAMED)
    sent = [first, first + b"\n" * 2000, second, third + b"\n" + second, lost]
    caught = Caught(Modelled().flush(*sent).wire(), Modelled().flush(first, second).flushed(), BEGIN)
    found = vanished(Traced(see(caught, Wanted(), load_profile("brubeck"), None, 0.0)))
    assert found
    assert found.evidence[0].startswith("datagrams of up to 500 bytes arrive, and of 1,300 bytes none does")
    assert found.counters == (lost[:-4],)


@pytest.mark.parametrize(
    ("read", "later"), [(6.0, b""), (3.0, b"a.y:1|c")], ids=["all-were-read", "the-last-flush-is-to-come"]
)
def test_a_wrong_sum_alone_is_no_loss_of_datagrams(read: float, later: bytes) -> None:
    reader = OutputReader()
    points = [(b"stats_counts.a.x", 1.0), (b"stats_counts.statsd.packets_received", read)]
    reader.take(1, as_text(points, BEGIN))
    chain = Modelled().flush(*[b"a.x:1|c"] * 6)
    wire = (chain.flush(later) if later else chain).wire()
    caught = Caught(wire, reader.output(), BEGIN)
    told = codes(see(caught, Wanted((b"a.x",)), load_profile("statsd"), None, 0.0))
    assert told == ["UNKNOWN?"]


def test_counters_that_were_not_on_the_wire_are_not_lost_with_datagrams() -> None:
    chain = Modelled().flush(*datagrams(counters=SHORT))
    caught = Caught(replace(chain.wire(), dropped=3), chain.flushed(), BEGIN)
    assert codes(see(caught, SNAPSHOT, load_profile("brubeck"), None, 0.0)) == ["H3"]


def test_a_series_that_has_a_file_is_not_waiting_to_be_created() -> None:
    chain = Modelled().flush(*datagrams()).flush().flush().flush()
    whole = chain.carbon.store()
    stored = {path: replace(one, last=one.last - 30) if is_event(path) else one for path, one in whole.stored.items()}
    assert "H5" not in codes(chain.seen(store=replace(whole, stored=stored, dropped=1.0)))


def test_what_is_lost_in_front_of_a_poisoned_name_is_not_blamed_on_it() -> None:
    chain = Modelled().flush(*datagrams()).flush(BAD).flush(snapshot("new")).flush()
    seen = without(chain, lambda path: path == b"flux.new.0.event_tx", dropped=0.0)
    assert codes(seen) == ["H11", "UNKNOWN?"]
    poisoned, unknown = diagnose(Traced(seen))
    assert unknown.counters == (b"flux.new.0.event_tx",)
    assert b"flux.new.0.event_tx" not in poisoned.counters
    assert count_in_words(Traced(seen)) == "7 of 32 counters are in Graphite under their own names"


def test_names_that_the_aggregator_cleans_from_blanks_are_h1a() -> None:
    reader = OutputReader()
    reader.take(1, as_text([(b"stats.gauges._a.x", 1.0), (b"stats.gauges.a.y", 1.0)], BEGIN))
    caught = Caught(Modelled().flush(b"  a.x:1|g\na.y:1|g").wire(), reader.output(), BEGIN)
    assert codes(see(caught, Wanted(), load_profile("statsd"), None, 0.0)) == ["H1a"]


def test_both_are_told_where_hash_and_zero_choose_the_same() -> None:
    names = [f"a.n{number}".encode() for number in range(24)]
    here = [name for name in names if city_hash_32(name) % 2 == 0]
    sent = b"\n".join(b"%b:%d|g" % (name, name in here) for name in names)
    chain = Modelled().flush(sent)
    whole = chain.carbon.store()
    stored = {path: one for path, one in whole.stored.items() if path in here}
    assert codes(chain.seen(wanted=Wanted(), store=replace(whole, stored=stored, dropped=0.0))) == ["H2", "H6"]


def test_every_cause_says_what_to_do_and_what_tells_it_apart() -> None:
    assert all(one.remedy and one.apart and one.sentence for one in CAUSES)
    assert len({one.code for one in CAUSES}) == len(CAUSES)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (b"a.b", "a.b"),
        (b"\t\ta", r"\t\ta"),
        (b"  a ", r"\x20\x20a\x20"),
        (b"\t a", r"\t\x20a"),
        (b"a b", "a b"),
        (b"a\xff", r"a\xff"),
        (b" ", r"\x20"),
        ("a\u2028b".encode(), r"a\u2028b"),
    ],
)
def test_what_does_not_print_is_shown_as_an_escape(name: bytes, text: str) -> None:
    assert shown(name) == text


def test_city_hash_spreads_the_names_as_brubeck_does() -> None:
    here = {
        module: [
            counter for counter in MESSAGE_COUNTERS if city_hash_32(f"flux.{module}.0.{counter}".encode()) % 2 == 0
        ]
        for module in ("kvs", "content-sqlite", "cron", "heartbeat", "job-exec", "job-manager", "sched-simple")
    }
    assert here["kvs"] == ["request_tx", "request_rx", "response_tx", "response_rx", "keepalive_rx"]
    assert [len(kept) for kept in here.values()] == [5, 4, 3, 5, 3, 6, 3]


def test_snapshot_is_what_the_emitter_profile_names() -> None:
    groups = Modelled().flush(*datagrams()).seen().groups
    assert [group.title for group in groups] == ["kvs 0", "cron 0", "content-sqlite 0"]
    assert all(len(group.names) == 8 for group in groups)
    assert SNAPSHOT.profile is not None


def lost_of(group: str, *places: int) -> list[Journey]:
    return [Journey(b"x.%d" % place, place, 8, (), title=group) for place in places]


def test_groups_that_miss_the_same_have_one_line() -> None:
    told = list(missing_sets([*lost_of("kvs 0", 3, 5), *lost_of("cron 0", 1), *lost_of("job 0", 3, 5)]))
    assert told == ["kvs 0, job 0: missing 2 of 8, number 3, 5 (3, 5), each", "cron 0: missing 1 of 8, number 1 (1)"]


def test_what_many_groups_miss_is_cut_short() -> None:
    alike = [one for group in range(10) for one in lost_of(str(group), *range(1, 9))]
    assert list(missing_sets(alike)) == ["0, 1, 2, 3, 4, 5, 6, 7 and 2 more: missing all 8, each"]
    different = [one for group in range(9) for one in lost_of(str(group), group + 1)]
    assert list(missing_sets(different))[-1] == "and other sets in 1 more group"
