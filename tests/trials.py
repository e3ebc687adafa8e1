"""Cases tried on servers that are right or wrong, and whether a wrong one was caught."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Any, Final

import passing
from defects.steps import Break
from dialects import dictionary, typeless
from statsd_conformance.profile import Profile, load_profile
from statsd_conformance.requirement import CORE, EXT, MUST, ROBUST
from statsd_conformance.target import Crashed, InProcess
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import Case, run_case
from statsd_reference import Options, Server, make_server
from statsd_reference.options import Bins

Outcomes = dict[str, Outcome]

PROFILE: Final = load_profile("reference")
_DIALECTS: Final = ("dogstatsd", "influx", "signalfx", "librato")
_READING: Final[Mapping[str, Any]] = {"extensions": _DIALECTS}
_TAGGED: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    **{f"TAG-{number:02}": ("dogstatsd", _READING) for number in range(1, 10)},
    "TAG-11": ("dogstatsd-1.2,dogstatsd-1.4", _READING),
    "TAG-12": ("dogstatsd-1.3", _READING),
    "TAG-13": ("dogstatsd-1.5", _READING),
    "TAG-14": ("dogstatsd-1.6", _READING),
    "TAG-15": ("influx", _READING),
    "TAG-16": ("signalfx", _READING),
    "TAG-17": ("librato", _READING),
    "TAG-19": (",".join(_DIALECTS), _READING),
    **dict.fromkeys(("EVENT-03", "EVENT-05", "EVENT-06"), ("dogstatsd", _READING)),
}
# The cases of an extension need a target that has it: its name in the profile, several with commas between, and the
# options of the reference.
EXTENDED: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "FLUSH-08": ("deleteIdleStats", {"delete_idle_stats": True}),
    # Even a busy machine ends it long before its next flush.
    "FLUSH-12": ("", {"flush_interval": 1000}),
    "GAUGE-10": ("deleteGauges", {"delete_gauges": True}),
    "NAME-13": ("keyNameSanitize", {"key_name_sanitize": False}),
    "OTHER-01": ("m", {"extensions": ("m",)}),
    "OTHER-02": ("C", {"extensions": ("C",)}),
    "OTHER-03": ("kv", {"extensions": ("kv",)}),
    "OTHER-04": ("dictionary", {}),
    "OTHER-05": ("typeless", {"extensions": ("m",)}),
    "NET-02": ("", {"tcp": True}),
    "NET-03": ("", {"tcp": True}),
    "NET-04": ("", {"tcp": True}),
    "NET-05": ("", {"tcp": True}),
    "NET-06": ("", {"tcp": True}),
    "NET-11": ("", {"tcp": True}),
    "NET-07": ("", {"address": "::1", "address_ipv6": True}),
    # Some port: the trial finds one.
    **{f"ADMIN-{number:02}": ("", {"mgmt_port": 1}) for number in range(1, 12)},
    "SELF-08": ("", {"mgmt_port": 1}),
    # Even a busy machine passes several datagrams on within one.
    "PROXY-01": ("repeater", {"flush_interval": 1000}),
    "PROXY-02": ("repeater", {}),
    "PROXY-03": ("proxy", {}),
    "PROXY-04": ("proxy", {}),
    "PROXY-05": ("proxy", {"mgmt_port": 1}),
    "PROXY-07": ("relay", {}),
    "PROXY-09": ("", {}),
    "PROXY-10": ("proxy", {}),
    # Names in a folder of the trial.
    "NET-08": ("", {"socket": "datagrams", "stream_socket": "stream"}),
    "OUT-09": (
        "prefixes",
        {
            "legacy_namespace": False,
            "global_prefix": "top",
            "prefix_counter": "cc",
            "prefix_gauge": "gg",
            "prefix_timer": "tt",
            "prefix_set": "ss",
            "global_suffix": "end",
        },
    ),
    "PACK-05": ("packing", {"extensions": ("packing",)}),
    "PACK-07": ("packing", {"extensions": ("packing",)}),
    "PACK-08": ("packing", {"extensions": ("packing",)}),
    "PROPERTY-07": ("", {"tcp": True}),
    # What the recordings of client libraries speak.
    "REPLAY-01": (
        "dogstatsd,influx,signalfx,d",
        {"extensions": ("dogstatsd", "influx", "signalfx", "packing", "h", "d")},
    ),
    **_TAGGED,
    "ROBUST-04": ("", {"percent_threshold": (-90.0,)}),
    "ROBUST-12": ("", {"percent_threshold": (-90.0,)}),
    "TIMER-14": ("d", {"extensions": ("d",)}),
    "TIMER-15": ("", {"percent_threshold": (90.0, 99.9, -10.0)}),
    "TIMER-16": ("", {"percent_threshold": (-90.0,)}),
    "TIMER-17": ("", {"histogram": (Bins(b"", (5.0, 10.5, inf), (b"5", b"10.5", b"inf")),)}),
    "TIMER-18": ("calculatedTimerMetrics", {"calculated_timer_metrics": ("count", "upper")}),
}
_TOP_90: Final = ("sum_top90", "mean_top90", "sum_squares_top90", "lower_top90")
_PREFIXED: Final = {
    "counter": "top.cc.{bucket}.count.end",
    "rate": "top.cc.{bucket}.rate.end",
    "gauge": "top.gg.{bucket}.end",
    "set": "top.ss.{bucket}.count.end",
    "timer": "top.tt.{bucket}.{statistic}.end",
}
# How the reference spells its output under those options, where that is not its profile's way.
SPELLED: Final[Mapping[str, Mapping[str, Any]]] = {
    "OTHER-03": {"paths": {**PROFILE.paths, "kv": "stats.kv.{bucket}"}},
    "OTHER-04": {"paths": {**PROFILE.paths, "dictionary": "stats.{bucket}"}},
    "OUT-09": {"paths": _PREFIXED},
    "ROBUST-04": {"statistics": {name: name for name in _TOP_90}},
    "ROBUST-12": {"statistics": {name: name for name in _TOP_90}},
    "TIMER-15": {
        "statistics": {
            name: name
            for name in ("upper_99_9", *(f"{name}_top10" for name in ("count", "lower", "mean", "sum", "sum_squares")))
        }
    },
    "TIMER-16": {"statistics": {name: name for name in _TOP_90}},
    "TIMER-17": {"statistics": {f"histogram.bin_{bound}": f"histogram.bin_{bound}" for bound in ("5", "10_5", "inf")}},
    "TIMER-18": {"statistics": {"count": "count", "upper": "upper"}},
}
# A dialect, or a way of passing lines on, that the reference does not have, and how it is put on top.
DIALECTS: Final[Mapping[str, Break]] = {
    "OTHER-04": dictionary,
    "OTHER-05": typeless,
    "PROXY-01": passing.repeating,
    "PROXY-02": passing.repeating_over_tcp,
    "PROXY-03": passing.proxying,
    "PROXY-04": passing.proxying,
    "PROXY-05": passing.proxying,
    "PROXY-07": passing.relaying,
    "PROXY-09": passing.repeating,
    "PROXY-10": passing.proxying,
}
_TOKEN: Final = re.compile("q[0-9a-z]{9}")


def right(server: Server) -> Server:
    """Return the server as it is."""
    return server


def options_for(case: Case) -> Mapping[str, Any]:
    """Return the options that a server needs for a case, beside the usual ones."""
    return EXTENDED.get(case.requirement.id, ("", {}))[1]


def profile_for(case: Case) -> Profile:
    """Return the profile of the reference under `options_for`."""
    extension = EXTENDED.get(case.requirement.id, ("", {}))[0]
    spelled = SPELLED.get(case.requirement.id, {})
    return replace(PROFILE, extensions=(*PROFILE.extensions, *filter(None, extension.split(","))), **spelled)


def speaking(id: str, plant: Break) -> Break:
    """Return what plants `plant` in a server that speaks the dialect of a requirement."""
    dialect = DIALECTS.get(id, right)
    return lambda server: plant(dialect(server))


async def in_process(plant: Break, cases: Iterable[Case]) -> Outcomes:
    """Run each case, without a socket, on a fresh server that `plant` made; return the outcomes by case id."""
    return {case.id: await _alone(plant, case) for case in cases}


async def _alone(plant: Break, case: Case) -> Outcome:
    options = Options(**{"flush_interval": 1000, **options_for(case)})
    server = speaking(case.requirement.id, plant)(make_server(options))
    behind = server.behind() if isinstance(server, passing.Passing) else None
    if isinstance(server, passing.Passing) and behind:
        server = passing.in_process(server, behind)
    target = InProcess(server, profile_for(case))
    target.behind = behind
    try:
        return await run_case(case, target)
    except Crashed as crash:
        return Outcome(Verdict.CRASHED, str(crash), crash, target.trace)


def catching(cases: Sequence[Case], right: Outcomes, wrong: Outcomes) -> list[Case]:
    """Return the cases that tell the wrong server from the right one, of those that were tried on it."""
    return [case for case in cases if case.id in wrong and caught(right[case.id], wrong[case.id])]


def caught(right: Outcome, wrong: Outcome) -> bool:
    """Tell whether a case fails on the wrong server only, or describes another behaviour there than on the right one.

    INCONCLUSIVE catches nothing: it stands for a mistake of the suite, or for nothing seen at all.
    """
    if wrong.verdict in (Verdict.FAIL, Verdict.CRASHED, Verdict.NON_STRICT):
        return right.verdict is not wrong.verdict
    return wrong.verdict is Verdict.INFO and (right.verdict, _observed(right)) != (wrong.verdict, _observed(wrong))


def _observed(outcome: Outcome) -> str:
    """Return the observation without the prefix of the case, which is another in each run."""
    return _TOKEN.sub("…", outcome.note)


def proven(wrong: Outcome) -> bool:
    """Tell whether the outcome shows the MUST of a case to be broken, and not only a SHOULD beside it."""
    return wrong.verdict in (Verdict.FAIL, Verdict.CRASHED)


def obliging(case: Case) -> bool:
    """Tell whether a target that differs from the case's requirement fails."""
    return case.requirement.level is MUST and case.requirement.category in (CORE, ROBUST, EXT)
