from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from statsd_reference.emitter import (
    EmitterProfile,
    EmitterProfileError,
    known_emitter_profiles,
    load_emitter_profile,
    read_emitter_profile,
)

EIGHT = (
    *("request_tx", "request_rx", "response_tx", "response_rx"),
    *("event_tx", "event_rx", "keepalive_tx", "keepalive_rx"),
)


@pytest.mark.parametrize("name", known_emitter_profiles())
def test_shipped_profile_loads_under_its_own_name_with_eight_counters(name: str) -> None:
    profile = load_emitter_profile(name)
    assert profile.name == name
    assert profile.counters == EIGHT


def test_snapshot_is_the_profile_of_the_first_emitter() -> None:
    profile = load_emitter_profile("snapshot")
    assert (profile.template, profile.type) == ("flux.{module}.{rank}.{counter}", "g")
    assert (profile.gate, profile.trigger, profile.max_payload) == ("snapshot", "loop-pass", 1440)
    assert (profile.switch, profile.mask, profile.newline_at_end) == ("mask", 0x1000, False)


def test_batch_is_the_profile_of_the_last_emitter() -> None:
    profile = load_emitter_profile("batch")
    assert (profile.template, profile.type) == ("flux.{rank}.{module}.{counter}", "C")
    assert (profile.gate, profile.trigger, profile.period) == ("metric", "period", 1.0)
    assert (profile.max_payload, profile.max_line, profile.switch) == (1439, 127, "none")


def test_profile_of_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\ncounters = ["a", "b"]\nmask = 0x2000')
    profile = load_emitter_profile(str(path))
    assert (profile.counters, profile.mask) == (("a", "b"), 0x2000)


def test_profile_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        EmitterProfile("x").max_payload = 1  # type: ignore[misc]  # that is what is tried


# An entry too many or wrong, and the words of its error.
WRONG = {
    "name = []x": "line 1",
    "nme = 'x'": "unknown entry 'nme'; it takes name, template",
    "type = 'g'": "no entry 'name'",
    "name = ''": "name is '', not a text",
    "template = 'flux.{module}'": "template is 'flux.{module}', not a path with {counter}",
    "template = '{host}.{counter}'": "template is '{host}.{counter}', not a path",
    "template = 'a b.{counter}'": "template is 'a b.{counter}', not a path",
    "template = '.{counter}'": "template is '.{counter}', not a path",
    "template = 'a:{counter}'": "template is 'a:{counter}', not a path",
    "template = '{{counter}}'": "template is '{{counter}}', not a path",
    "template = 5": "template is 5, not a path",
    "counters = []": "counters is [], not a list of different names",
    "counters = 'a'": "counters is 'a', not a list of different names",
    "counters = ['a', 'a']": "counters is ['a', 'a'], not a list of different names",
    "counters = ['a.b']": "counters is ['a.b'], not a list of different names",
    "counters = [1]": "counters is [1], not a list of different names",
    "type = 'ms'": "type is 'ms', not 'g' or 'c' or 'C'",
    "newline_at_end = 1": "newline_at_end is 1, not true or false",
    "max_payload = 0": "max_payload is 0, not a whole number from 1 to 65507",
    "max_payload = true": "max_payload is True, not a whole number from 1 to 65507",
    "max_line = -1": "max_line is -1, not a whole number from 0 to 65507",
    "gate = 'all'": "gate is 'all', not 'snapshot' or 'metric'",
    "trigger = 'never'": "trigger is 'never', not 'loop-pass' or 'period' or 'immediate'",
    "period = 0": "period is 0, not a number above 0",
    "period = nan": "period is nan, not a number above 0",
    "switch = 'on'": "switch is 'on', not 'mask' or 'none'",
    "mask = 0": "mask is 0, not a whole number from 1",
    "overflow = 'cut'": "overflow is 'cut', not 'refuse' or 'split'",
    "sign = 'minus'": "sign is 'minus', not 'refuse' or 'zero-first' or 'plain'",
    "quiet = 'send'": "quiet is 'send', not 'keep' or 'forget' or 'resend'",
    "keepalive = 5": "keepalive is 5, not the name of a counter",
    "keepalive = 'ping'": "keepalive is 'ping', which is none of counters",
    "gate = 'metric'": "overflow is 'refuse', which goes with the gate 'snapshot' only",
    "quiet = 'forget'": "quiet is 'forget', which needs the gate 'metric' and the trigger 'period'",
    "gate = 'metric'\noverflow = 'split'\nquiet = 'resend'": "quiet is 'resend', which needs the gate 'metric' and",
    "gate = 'metric'\ntrigger = 'period'\noverflow = 'split'\nquiet = 'resend'\ntype = 'c'": "type is 'c', and",
}


@pytest.mark.parametrize(("entry", "words"), WRONG.items(), ids=WRONG.values())
def test_wrong_entry_is_refused_by_name(entry: str, words: str) -> None:
    named = entry if entry.startswith("name") or entry == "type = 'g'" else f"name = 'x'\n{entry}"
    with pytest.raises(EmitterProfileError) as caught:
        read_emitter_profile(named, "mine.toml")
    assert str(caught.value).startswith("emitter profile mine.toml: ")
    assert words in str(caught.value)


def test_profile_that_is_nowhere_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        EmitterProfileError, match="no emitter profile 'nowhere': neither a file nor one of batch, snap"
    ):
        load_emitter_profile("nowhere")


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(EmitterProfileError, match="binary: cannot be read"):
        load_emitter_profile(str(path))
