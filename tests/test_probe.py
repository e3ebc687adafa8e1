"""The profile that canaries lead to: of made-up spellings, and of real programs."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statsd_conformance.graphite import GraphiteLine, read_line
from statsd_conformance.probe import (
    COUNT,
    EXPECTED,
    GAUGE,
    LEAVES,
    MEMBERS,
    Probed,
    canaries,
    read_canaries,
    write_profile,
)
from statsd_conformance.profile import OWN_COUNTERS, Profile, load_profile, read_profile
from statsd_conformance.programs import Found, Missing
from statsd_conformance.session import Settings, TargetError, probe_target, probing
from statsd_conformance.targets import NAMED, Launch, Named, Place
from statsd_conformance.wire import Wire

OWN = b"qabcde0001"
INTERVAL = 4.0
words = st.text("abcdefgh", min_size=1, max_size=6)
prefixes = st.lists(words, max_size=3).map(lambda parts: "".join(part + "." for part in parts))
prefixes = prefixes | st.sampled_from(["my.rate.", "count.count."])
suffixes = st.sampled_from(["", ".host", ".host.example.org", ".count", ".rate"])


def published(profile: Profile, interval: float = INTERVAL) -> list[GraphiteLine]:
    """Return what a right server of that spelling publishes of the canaries."""
    values = {"counter": COUNT, "rate": COUNT / interval, "gauge": GAUGE, "set": MEMBERS}
    lines = []
    for kind, value in values.items():
        path = profile.path(kind, OWN + b"." + LEAVES["counter" if kind == "rate" else kind])
        lines += [] if path is None else [b"%b %g 1" % (path, value)]
    for statistic in profile.statistics:
        value = EXPECTED.get(statistic, 10 / interval)
        unit = 1 if statistic.startswith(("count", "sum_squares")) else profile.timer_unit_ms
        path = profile.path("timer", OWN + b"." + LEAVES["timer"], statistic)
        assert path is not None
        lines.append(b"%b %r 1" % (path, value / unit))
    return [read_line(line) for line in lines]


def probed(profile: Profile) -> Probed:
    return read_canaries(OWN, published(profile), INTERVAL)


@given(prefixes, suffixes, st.sampled_from([1.0, 1000.0]), st.sampled_from([".", "_", "-"]))
def test_spelling_with_any_prefix_and_suffix_is_read_back(prefix: str, suffix: str, unit: float, dot: str) -> None:
    paths = {
        "counter": f"{prefix}n.{{bucket}}.count{suffix}",
        "rate": f"{prefix}n.{{bucket}}.rate{suffix}",
        "gauge": f"{prefix}x.{{bucket}}{suffix}",
        "set": f"{prefix}y.{{bucket}}.count{suffix}",
        "timer": f"{prefix}z.{{bucket}}.{{statistic}}{suffix}",
    }
    statistics = {"mean": "avg", "lower": "min", "upper": "max", "upper_90": "p90", "sum": "sum", "count": "count"}
    found = probed(Profile("any", paths, statistics, unit, dot=dot)).profile
    assert (found.paths, found.statistics, found.timer_unit_ms, found.dot) == (paths, statistics, unit, dot)


@pytest.mark.parametrize("name", ["statsd", "reference"])
def test_spelling_of_a_known_profile_is_read_back(name: str) -> None:
    known = load_profile(name)
    found = probed(known).profile
    assert (found.paths, found.statistics) == (known.paths, known.statistics)


def test_quantiles_are_known_by_their_label_though_they_are_one_of_the_times() -> None:
    lines = (b"_sum 1.02 1", b"_count 10 1", b";quantile=0.5 0.05 1", b";quantile=0.9 0.09 1")
    timer = OWN + b"_" + LEAVES["timer"]
    found = read_canaries(OWN, [read_line(timer + line) for line in lines], 1.0).profile
    assert found.paths == {"timer": "{bucket}{statistic}"}
    assert found.timer_unit_ms == 1000
    named = {"sum": "_sum", "count": "_count", "median": ";quantile=0.5", "upper_90": ";quantile=0.9"}
    assert found.statistics == named


@pytest.mark.parametrize("kind", ["counter", "rate"])
def test_only_line_of_a_counter_is_what_its_value_says(kind: str) -> None:
    found = probed(Profile("x", {kind: "my.{bucket}"}))
    assert found.profile.paths == {kind: "my.{bucket}"}
    assert {one.entry: one.sure for one in found.statements if one.entry == kind} == {kind: True}


@pytest.mark.parametrize("around", ["", "my.rate.", "count.count."])
@pytest.mark.parametrize("suffix", ["", ".count", ".rate", ".host1.count"])
def test_words_tell_counts_from_rates_where_values_are_equal(around: str, suffix: str) -> None:
    paths = {kind: f"{around}{{bucket}}.{word}{suffix}" for kind, word in (("counter", "count"), ("rate", "rate"))}
    found = read_canaries(OWN, published(Profile("x", paths), interval=1.0), 1.0)
    assert found.profile.paths == paths
    assert {one.entry: one.sure for one in found.statements if one.entry in paths} == {"counter": True, "rate": True}


@pytest.mark.parametrize("measured", [0.9, 1.0, 1.1])
def test_rate_is_found_where_a_second_was_not_measured_to_the_point(measured: float) -> None:
    paths = {"counter": "stats_counts.{bucket}", "rate": "stats.{bucket}"}
    assert read_canaries(OWN, published(Profile("x", paths), interval=1.0), measured).profile.paths == paths


def test_percentile_is_known_by_its_name_alone() -> None:
    leaves = {b"mean": EXPECTED["mean"], b"lower": EXPECTED["lower"], b"95": EXPECTED["upper_90"]}
    lines = [read_line(b"t.%b.%b.%b %r 1" % (OWN, LEAVES["timer"], leaf, value)) for leaf, value in leaves.items()]
    found = read_canaries(OWN, lines, INTERVAL)
    assert found.profile.statistics == {"mean": "mean", "lower": "lower"}
    assert [(one.found, one.sure) for one in found.statements if one.entry == "other statistics"] == [("95", False)]


def test_value_that_was_rounded_still_tells_the_unit() -> None:
    leaves = {b"mean": 0.1021, b"lower": 0.0101, b"upper": 0.5699}
    lines = [read_line(b"t.%b.%b.%b %r 1" % (OWN, LEAVES["timer"], leaf, value)) for leaf, value in leaves.items()]
    assert read_canaries(OWN, lines, INTERVAL).profile.timer_unit_ms == 1000


def test_server_that_counts_wrongly_gets_the_profile_of_its_names() -> None:
    known = load_profile("statsd")
    wrong = [read_line(b"%b %r 1" % (line.path, 2 * (line.number or 0))) for line in published(known)]
    found = read_canaries(OWN, wrong, INTERVAL).profile
    assert (found.paths, found.statistics) == (known.paths, known.statistics)
    assert found.timer_unit_ms == 1


def test_spelling_that_nothing_tells_is_an_assumption() -> None:
    lines = [read_line(b"%b.%b%b 5 1" % (OWN, LEAVES["counter"], leaf)) for leaf in (b".x", b".y")]
    statement = read_canaries(OWN, lines, INTERVAL).statements[0]
    assert (statement.entry, statement.sure) == ("counter", False)
    assert "assumed" in statement.why


def test_type_whose_canary_did_not_come_back_is_not_in_the_profile() -> None:
    lines = [read_line(b"stats.%b.canaryc.count 17 1" % OWN)]
    found = read_canaries(OWN, lines, INTERVAL).profile
    assert (found.types, list(found.paths)) == (("c",), ["counter"])


@pytest.mark.parametrize(
    ("lines", "own"),
    [
        ((b"stats.statsd.packets_received 3 1",), "stats.statsd.packets_received"),
        ((b"n.me.packets_received.count 3 1", b"n.me.packets_received.rate 1 1"), "n.me.packets_received.count"),
        ((b"a.packets_received.x 3 1", b"a.packets_received.y 3 1"), None),
        ((b"a.all_packets_received 3 1",), None),
    ],
    ids=["any-spelling", "spelled-like-a-counter", "uncertain", "other-name"],
)
def test_own_counter_is_found_by_the_original_name_of_it(lines: tuple[bytes, ...], own: str | None) -> None:
    canary = b"n.%b.canaryc.count 17 1" % OWN
    found = read_canaries(OWN, [read_line(line) for line in (canary, *lines)], INTERVAL)
    assert found.profile.own.get("packets_received") == own


@given(st.text(st.characters(codec="utf-8"), max_size=8))
def test_profile_as_toml_is_read_back(text: str) -> None:
    profile = Profile(
        text,
        {"counter": text + "{bucket}"},
        {"mean": text},
        marker=text,
        types=("c",),
        own={"packets_received": text},
        dot=text,
    )
    assert read_profile(write_profile(profile), "x") == profile


def test_each_type_has_a_canary() -> None:
    assert {line.rpartition(b"|")[2] for line in canaries(OWN)} == {b"c", b"g", b"s", b"ms"}


@pytest.mark.parametrize("name", ["reference", "statsd", "collectd"])
def test_real_target_is_read_as_its_shipped_profile_says(name: str, tmp_path: Path, program: object) -> None:
    if name != "reference":
        assert callable(program)
        program(name)
    known = load_profile(name)
    found = asyncio.run(probe_target(name, Settings(tmp_path))).profile
    assert found.paths == {kind: path.replace("*.", "suite.") for kind, path in known.paths.items()}
    assert {known.statistics[one]: found.statistics.get(one) for one in known.statistics} == {
        spelling: spelling for spelling in known.statistics.values()
    }
    assert (found.timer_unit_ms, found.errors) == (known.timer_unit_ms, known.errors)
    assert found.own == {name: path for name, path in known.own.items() if name in OWN_COUNTERS}


_MODERN = {"legacyNamespace": False, "globalPrefix": "my.site", "globalSuffix": "host1"}
_PREFIXES = {"prefixCounter": "n", "prefixTimer": "t", "prefixGauge": "rate", "prefixSet": "z.z"}


def _with_graphite(**graphite: object) -> Callable[[Path], None]:
    """Return what changes the options for Graphite in a configuration of StatsD."""

    def change(directory: Path) -> None:
        path = directory / "statsd.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"graphite": graphite}))

    return change


def _with_node(host: str, *options: str) -> Callable[[Path], None]:
    """Return what changes the host name of a collectd, and its options for Graphite."""

    def change(directory: Path) -> None:
        path = directory / "collectd.conf"
        text = path.read_text().replace('Hostname "suite"', f'Hostname "{host}"').replace("PreserveSeparator true", "")
        path.write_text(text.replace('<Node "suite">', "\n".join(['<Node "suite">', *options])))

    return change


@dataclass(frozen=True)
class Altered:
    """A target whose configuration is not the one that its profile was written for."""

    original: Named
    change: Callable[[Path], None]
    name: str = "altered"
    profile: str = "statsd"

    def find(self) -> Found | Missing:
        """Return where the original is."""
        return self.original.find()

    def version(self, program: Found) -> str:
        """Return the version of the original."""
        return self.original.version(program)

    def prepare(self, program: Found, place: Place) -> Launch:
        """Write the configuration of the original, and change it."""
        launch = self.original.prepare(program, place)
        self.change(place.directory)
        return launch


@pytest.mark.parametrize(
    ("name", "change", "paths"),
    [
        (
            "statsd",
            _with_graphite(**_MODERN),
            {
                "counter": "my.site.counters.{bucket}.count.host1",
                "rate": "my.site.counters.{bucket}.rate.host1",
                "gauge": "my.site.gauges.{bucket}.host1",
                "set": "my.site.sets.{bucket}.count.host1",
                "timer": "my.site.timers.{bucket}.{statistic}.host1",
            },
        ),
        (
            "statsd",
            _with_graphite(**_MODERN, **_PREFIXES),
            {
                "counter": "my.site.n.{bucket}.count.host1",
                "rate": "my.site.n.{bucket}.rate.host1",
                "gauge": "my.site.rate.{bucket}.host1",
                "set": "my.site.z.z.{bucket}.count.host1",
                "timer": "my.site.t.{bucket}.{statistic}.host1",
            },
        ),
        (
            "statsd",
            _with_graphite(globalSuffix="host1"),
            {
                "counter": "stats_counts.{bucket}.host1",
                "rate": "stats.{bucket}.host1",
                "gauge": "stats.gauges.{bucket}.host1",
                "set": "stats.sets.{bucket}.count.host1",
                "timer": "stats.timers.{bucket}.{statistic}.host1",
            },
        ),
        (
            "collectd",
            _with_node("web1.example.org", 'Prefix "site.a."', 'Postfix ".end"', 'EscapeCharacter "-"'),
            {
                "counter": "site.a.web1-example-org.end.statsd.count-{bucket}",
                "rate": "site.a.web1-example-org.end.statsd.derive-{bucket}",
                "gauge": "site.a.web1-example-org.end.statsd.gauge-{bucket}",
                "set": "site.a.web1-example-org.end.statsd.objects-{bucket}",
                "timer": "site.a.web1-example-org.end.statsd.latency-{bucket}-{statistic}",
            },
        ),
    ],
    ids=["modern", "prefixes", "legacy-suffix", "collectd"],
)
def test_real_target_with_other_names_is_read_rightly(
    name: str,
    change: Callable[[Path], None],
    paths: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    program: Callable[[str], object],
) -> None:
    program(name)
    monkeypatch.setitem(NAMED, "altered", Altered(NAMED[name], change))
    found = asyncio.run(probe_target("altered", Settings(tmp_path))).profile
    assert found.paths == paths
    known = load_profile(name)
    assert (set(found.types), found.timer_unit_ms) == (set(known.types), known.timer_unit_ms)
    assert set(found.statistics) == set(known.statistics)


def test_probe_that_may_have_lost_canaries_is_made_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = 0

    async def probe_once(wire: Wire) -> Probed:
        nonlocal made
        made += 1
        wire.unseen += made == 1
        return probed(load_profile("statsd"))

    monkeypatch.setattr(probing, "probe", probe_once)
    asyncio.run(probe_target("reference", Settings(tmp_path)))
    assert made == 2


def test_target_that_cannot_be_probed_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="was started and ended"):
        asyncio.run(probe_target("exec:false {port} {graphite_port}", Settings(tmp_path)))
