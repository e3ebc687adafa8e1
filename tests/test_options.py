import re
import tomllib
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given

from statsd_fuzz.strategies import option_sets
from statsd_reference import OptionError, Options, read_options
from statsd_reference.options import OPTIONS, Bins

FILE = """
port = 8200
address = "::1"
address_ipv6 = true
socket = "/run/statsd.sock"
socket_mod = "660"
mgmt_port = 0
mgmt_address = "127.0.0.1"
healthStatus = "down"
title = "statsd"
debug = true
dumpMessages = true
flushInterval = 1000
percentThreshold = [90, 99.9, -10]
histogram = [{ metric = "render", bins = [0.01, 1, "inf"] }, { metric = "", bins = [] }]
calculatedTimerMetrics = ["mean", "upper_percent", "upper_99_percent"]
flush_counts = false
keyNameSanitize = false
deleteIdleStats = true
deleteGauges = false
deleteTimers = true
deleteSets = true
deleteCounters = true
gaugesMaxTTL = 5
prefixStats = "me"
graphiteHost = "graphite.example.com"
graphitePort = 2103
graphitePicklePort = 2104
graphiteProtocol = "pickle"

[graphite]
legacyNamespace = false
globalPrefix = "all"
prefixCounter = "c"
prefixTimer = "t"
prefixGauge = "g"
prefixSet = "s"
globalSuffix = "host"
"""

READ = Options(
    port=8200,
    address="::1",
    address_ipv6=True,
    socket="/run/statsd.sock",
    socket_mod="660",
    mgmt_port=0,
    mgmt_address="127.0.0.1",
    health_status="down",
    title="statsd",
    debug=True,
    dump_messages=True,
    flush_interval=1000,
    percent_threshold=(90, 99.9, -10),
    histogram=(Bins(b"render", (0.01, 1, float("inf")), (b"0.01", b"1", b"inf")), Bins(b"", (), ())),
    calculated_timer_metrics=("mean", "upper_percent", "upper_99_percent"),
    flush_counts=False,
    key_name_sanitize=False,
    delete_idle_stats=True,
    delete_gauges=False,
    delete_timers=True,
    delete_sets=True,
    delete_counters=True,
    gauges_max_ttl=5,
    prefix_stats="me",
    graphite_host="graphite.example.com",
    graphite_port=2103,
    graphite_pickle_port=2104,
    graphite_protocol="pickle",
    legacy_namespace=False,
    global_prefix="all",
    prefix_counter="c",
    prefix_timer="t",
    prefix_gauge="g",
    prefix_set="s",
    global_suffix="host",
)


def refusal(name: str, value: object) -> str:
    with pytest.raises(OptionError) as caught:
        read_options({name: value})
    return str(caught.value)


def test_every_option_of_the_original_is_read_from_toml_under_its_name() -> None:
    assert read_options(tomllib.loads(FILE)) == READ


def test_dotted_names_are_the_same_as_tables() -> None:
    assert read_options({"graphite.globalPrefix": "x"}) == read_options({"graphite": {"globalPrefix": "x"}})


def test_text_from_a_command_line_is_read_as_values_from_a_file() -> None:
    texts = {"port": "8200", "debug": "True", "percentThreshold": "90, 99.9", "calculatedTimerMetrics": "mean,sum"}
    values = {"port": 8200, "debug": True, "percentThreshold": [90, 99.9], "calculatedTimerMetrics": ["mean", "sum"]}
    assert read_options(texts) == read_options(values)


def test_nothing_given_is_the_defaults_of_the_original() -> None:
    options = read_options({})
    assert options == Options()
    assert (options.port, options.flush_interval, options.percent_threshold) == (8125, 10000, (90,))
    assert (options.legacy_namespace, options.global_prefix, options.prefix_stats) == (True, "stats", "statsd")


def test_an_option_keeps_what_was_read_once() -> None:
    assert read_options({"histogram": READ.histogram, "percentThreshold": READ.percent_threshold}) == Options(
        histogram=READ.histogram, percent_threshold=READ.percent_threshold
    )


def test_a_single_value_is_a_list_of_one() -> None:
    assert read_options({"percentThreshold": 95}).percent_threshold == (95,)
    assert read_options({"calculatedTimerMetrics": "mean"}).calculated_timer_metrics == ("mean",)


def test_the_ends_of_a_range_belong_to_it() -> None:
    options = read_options({"port": 65535, "mgmt_port": 0, "gaugesMaxTTL": 1, "maxNames": 2**53})
    assert (options.port, options.mgmt_port, options.gauges_max_ttl, options.max_names) == (65535, 0, 1, 2**53)
    assert read_options({"percentThreshold": [100, -100]}).percent_threshold == (100, -100)


def test_the_interval_is_in_seconds() -> None:
    assert read_options({"flushInterval": 1500}).interval == 1.5


@pytest.mark.parametrize("kind", ["counters", "timers", "sets", "gauges"])
def test_delete_idle_stats_is_the_default_of_each_kind(kind: str) -> None:
    name = f"delete{kind.capitalize()}"
    assert not read_options({}).deletes(kind)
    assert read_options({"deleteIdleStats": True}).deletes(kind)
    assert not read_options({"deleteIdleStats": True, name: False}).deletes(kind)
    assert read_options({name: True}).deletes(kind)


@given(option_sets())
def test_generated_options_are_all_accepted(given_options: dict[str, Any]) -> None:
    assert isinstance(read_options(given_options), Options)


def test_an_unknown_option_is_refused_with_the_nearest_name() -> None:
    assert refusal("flushIntervall", 1) == "unknown option 'flushIntervall'; did you mean 'flushInterval'?"
    assert refusal("graphite", {"prefixCounters": "x"}) == (
        "unknown option 'graphite.prefixCounters'; did you mean 'graphite.prefixCounter'?"
    )
    assert refusal("zzz", 1) == "unknown option 'zzz'"


@pytest.mark.parametrize(
    "name",
    [
        *("automaticConfigReload", "backends", "console", "keyFlush", "log"),
        *("repeater", "repeaterProtocol", "server", "servers"),
    ],
)
def test_an_option_of_the_original_that_makes_no_sense_here_is_refused_with_a_remedy(name: str) -> None:
    assert re.fullmatch(f"unknown option '{name}': [a-z].+", refusal(name, []))
    assert refusal("keyFlush", {"interval": 1}) == "unknown option 'keyFlush.interval': frequent names are not logged"


PERCENTS: tuple[object, ...] = (0, 100.1, -101, "x", [90, 0], True, None, [[90]], "nan", 10**400)
HISTOGRAMS: tuple[object, ...] = (
    *(5, "x", ["x"], [{"metric": "a"}], [{"metric": "", "bins": [], "more": 1}]),
    *([{"metric": 5, "bins": []}], [{"metric": "", "bins": 5}]),
)
BINS: tuple[object, ...] = (
    *([2, 1], [1, 1], ["inf", 1], ["1"], [True], [None]),
    *([float("nan")], [float("inf")], [10**400]),
)
PARTS = ("globalPrefix", "prefixCounter", "prefixTimer", "prefixGauge", "prefixSet", "globalSuffix")

WRONG: dict[str, list[tuple[str, object]]] = {
    "a port number, 0 to 65535": [("port", -1), ("mgmt_port", 65536), ("graphitePort", "x"), ("port", True)],
    "a whole number above 0": [
        *(("flushInterval", 0), ("gaugesMaxTTL", -1), ("maxNames", 2**53 + 1)),
        *(("maxLine", "1.5"), ("maxLine", 1.5), ("maxLine", None)),
    ],
    "true or false": [("tcp", 1), ("deleteGauges", "yes"), ("flush_counts", None), ("graphite.legacyNamespace", 0)],
    "text": [("address", 1), ("graphiteHost", True), ("title", None), ("socket", ["x"]), ("healthStatus", 1)],
    "up or down": [("healthStatus", "sideways"), ("healthStatus", "")],
    "text or pickle": [("graphiteProtocol", "json")],
    "an octal number in quotes, such as '660'": [("socket_mod", value) for value in (660, "888", "", "00660")],
    "text of letters, digits, '_', '-' and '.'": [
        *(("prefixStats", text) for text in ("a b", "a;b", "a/b", "é", "a\n", 5)),
        *((f"graphite.{part}", "a b") for part in PARTS),
    ],
    "a percentage between -100 and 100 (not 0), or a list of such": [("percentThreshold", value) for value in PERCENTS],
    "a list of tables {metric = 'text', bins = [1, 2.5, 'inf']} with ascending bins": [
        *(("histogram", value) for value in HISTOGRAMS),
        *(("histogram", [{"metric": "", "bins": bins}]) for bins in BINS),
    ],
    "a list out of h, d, C, m, kv, packing, dogstatsd, influx, signalfx, librato": [
        *(("extensions", "x"), ("extensions", ["h", 5])),
    ],
}


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [(name, value, wanted) for wanted, cases in WRONG.items() for name, value in cases],
    ids=lambda part: repr(part)[:40],
)
def test_a_wrong_value_is_refused_with_the_option_and_what_it_takes(name: str, value: object, wanted: str) -> None:
    assert refusal(name, value) == f"option {name}: {value!r} is not {wanted}"


@pytest.mark.parametrize("value", ["upper_90", ["mean", 5], "upper_x_percent", "std_percent", "histogram_1_percent"])
def test_a_timer_statistic_that_does_not_exist_is_refused(value: object) -> None:
    assert "is not a list out of count, count_ps, lower" in refusal("calculatedTimerMetrics", value)


def test_every_option_has_one_name_and_a_line_of_help() -> None:
    assert len(OPTIONS) == len(fields(Options))
    assert all(option.metadata["help"] for option in OPTIONS.values())
