"""Each fuzz target without Atheris: all its seeds, generated inputs, and a planted fault that its seeds find."""

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import statsd_fuzz
from endless import ended_when_endless
from statsd_conformance import probe
from statsd_conformance.lint import Finding, Settings, lint
from statsd_conformance.recording import Datagram, Readable, read_recording
from statsd_conformance.refused import Refused, refused
from statsd_corpora import corpora, seeds
from statsd_fuzz import _driver
from statsd_fuzz.inputs import written
from statsd_fuzz.strategies import datagrams, traffic
from statsd_reference import REFERENCE, Outcome, Point, Reading, Sample, Window
from statsd_reference.admin import Deletion
from statsd_reference.emitter import Emitter, EmitterProfile, make_emitter
from statsd_reference.encode import write_pickle
from statsd_reference.receive import Receiver
from statsd_reference.stream import Cut, Stream, cut


class Careless(Receiver):
    """Adds at once what would have to be added in order."""

    def _is_exact(self, what: int, bucket: bytes, value: float, times: int) -> bool:
        return True


def without_rates(window: Window, reading: Reading) -> Window:
    outcomes = [replace(one, rate=1.0) if isinstance(one, Sample) else one for one in reading.outcomes]
    return REFERENCE.accumulate(window, replace(reading, outcomes=tuple(outcomes)))


def silent_about_nan(line: bytes) -> tuple[Outcome, ...]:
    return () if b"nan" in line else REFERENCE.parse(line)


def cut_forgetting(stream: Stream, chunk: bytes, max_line: int) -> Cut:
    return cut(replace(stream, rest=b""), chunk, max_line)


def rounded(points: Iterable[Point]) -> bytes:
    return write_pickle([point._replace(value=float(round(point.value))) for point in points])


def deleting_all(window: Window, deletion: Deletion) -> Window:
    empty: Any = {deletion.group: {}}
    return replace(window, **empty)


def believing_a_length(recording: Readable) -> Iterable[Datagram]:
    return (replace(one, payload=one.payload.ljust(9999)) for one in read_recording(recording))


def fast_and_blind(datagrams: Iterable[Datagram], settings: Settings) -> Iterable[Finding]:
    return lint(datagrams, settings) if settings.select else ()


def one_further(datagram: bytes) -> Iterable[Refused]:
    return (replace(one, stop=len(datagram) + 1) for one in refused(datagram))


def boundless(profile: EmitterProfile, module: str, rank: int, send: Callable[[bytes], bool]) -> Emitter:
    return make_emitter(replace(profile, max_payload=60_000), module, rank, send)


@dataclass(frozen=True)
class Planted:
    """A fault: what is put in the place of a name, in the target or in what it tries."""

    name: str
    wrong: Any
    module: ModuleType | None = None


FAULTS = {
    "ask_the_console": Planted("without", deleting_all),
    "conserve_counts": Planted("SERVER", replace(REFERENCE, accumulate=without_rates)),
    "emit_within_limits": Planted("make_emitter", boundless),
    "lint_datagrams": Planted("lint", fast_and_blind),
    "mark_refused": Planted("refused", one_further),
    "parse_datagram": Planted("SERVERS", [replace(REFERENCE, parse=silent_about_nan)] * 2),
    "pickle_like_plaintext": Planted("write_pickle", rounded),
    "probe_output": Planted("_quoted", '"{}"'.format, probe),
    "publish_graphite": Planted("write_line", lambda point: b"%b %.6g %d\n" % point),
    "read_recording": Planted("read_recording", believing_a_length),
    "receive_like_the_model": Planted("Receiver", Careless),
    "split_anywhere": Planted("cut", cut_forgetting),
}


def target(name: str) -> ModuleType:
    return importlib.import_module(f"statsd_fuzz.{name}")


def seeds_of(name: str) -> dict[str, bytes]:
    return {f"{corpus}/{seed}": data for corpus in target(name).SEEDS for seed, data in seeds(corpus).items()}


def check_all(tried: ModuleType, inputs: Iterable[bytes]) -> None:
    for data in inputs:
        tried.check(data)


def changed(data: bytes, place: int, removed: int, new: bytes) -> bytes:
    start = place % (len(data) + 1)
    return data[:start] + new + data[start + removed :]


def inputs(name: str) -> st.SearchStrategy[bytes]:
    """Any bytes, traffic, and seeds with a piece of something else in them."""
    # Large ones would only take long.
    small = [data for data in seeds_of(name).values() if len(data) < 600]
    piece = st.one_of(st.binary(max_size=6), datagrams(at_most=2), st.sampled_from(small))
    mutated = st.builds(changed, st.sampled_from(small), st.integers(0, 600), st.integers(0, 8), piece)
    return st.one_of(mutated, st.binary(max_size=80), datagrams(), traffic().map(written))


def test_every_target_is_tried_here() -> None:
    folder = Path(statsd_fuzz.__file__).parent
    targets = [path.stem for path in folder.glob("*.py") if "\n    fuzz(check" in path.read_text(encoding="utf-8")]
    assert sorted(targets) == sorted(FAULTS)


def test_every_corpus_has_a_target() -> None:
    assert {corpus for name in FAULTS for corpus in target(name).SEEDS} == set(corpora())


@pytest.mark.parametrize("name", FAULTS)
def test_a_target_finds_nothing_in_its_seeds(name: str) -> None:
    check = target(name).check
    for seed, data in seeds_of(name).items():
        try:
            with ended_when_endless():
                check(data)
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise


# Atheris tries millions: a few of its own are what a run of the tests can wait for.
@pytest.mark.parametrize("name", FAULTS)
@settings(max_examples=30)
@given(data=st.data())
def test_a_target_finds_nothing_in_generated_inputs(name: str, data: st.DataObject) -> None:
    target(name).check(data.draw(inputs(name)))


@pytest.mark.parametrize("name", FAULTS)
def test_a_target_finds_a_planted_fault_by_its_seeds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried, fault = target(name), FAULTS[name]
    monkeypatch.setattr(fault.module or tried, fault.name, fault.wrong)
    with pytest.raises((AssertionError, ValueError)):
        check_all(tried, seeds_of(name).values())


def test_an_imported_target_needs_no_atheris() -> None:
    assert isinstance(_driver.instrumented("statsd_fuzz.parse_datagram"), nullcontext)


def test_a_script_without_atheris_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "atheris", None)
    with pytest.raises(SystemExit, match=r"Atheris is not installed: pip install 'statsd-conformance\[fuzz\]'"):
        _driver.instrumented("__main__")


def run_under_atheris(name: str, folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run a target for a few inputs, in a folder of its own."""
    pytest.importorskip("atheris", reason="Atheris is not installed: pip install 'statsd-conformance[fuzz]'")
    command = [sys.executable, "-m", f"statsd_fuzz.{name}", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


# Slow, because whole processes start and the code is instrumented.
@pytest.mark.parametrize("name", ["parse_datagram", "emit_within_limits"])
def test_a_target_runs_under_atheris(name: str, tmp_path: Path) -> None:
    done = run_under_atheris(name, tmp_path, "-runs=300", "-seed=1")
    assert done.returncode == 0, done.stderr
    assert "Done 300 runs" in done.stderr
    assert (tmp_path / ".fuzz" / name).is_dir()
    assert "Dictionary: " in done.stderr
