"""The whole way: the emitter into the aggregator into the real carbon, and every counter read back from whisper."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping

from carbon import Carbon, until
from statsd_reference.emitter.profile import MESSAGE_COUNTERS
from statsd_reference.emitter.run import module_names
from test_carbon import carbon

__all__ = ["carbon"]

PATIENCE = 60.0
MODULES = module_names(20)
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
COMMAND = [sys.executable, "-m", "statsd_conformance"]
READ = """
import json, pathlib, struct, sys, whisper
root = pathlib.Path(sys.argv[1])

def last(file):
    try:
        return [value for value in whisper.fetch(str(file), 0)[1] if value is not None][-1:]
    except (whisper.WhisperException, struct.error):
        # It is being written.
        return []

found = {str(file.relative_to(root).with_suffix("")).replace("/", "."): last(file) for file in root.rglob("*.wsp")}
print(json.dumps({path: value[0] for path, value in found.items() if value}))
"""


def stored(carbon: Carbon) -> Mapping[str, float]:
    """Return the last value of every series that whisper holds."""
    command = [carbon.command[0], "-c", READ, str(carbon.root / "whisper")]
    values: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return values


def values_of_modules(carbon: Carbon) -> Mapping[str, float]:
    """Return those of the emitter, however their names came out."""
    return {path: value for path, value in stored(carbon).items() if path.rpartition(".")[2] in MESSAGE_COUNTERS}


def served_and_emitted(port: int) -> str:
    """Send the counters of twenty modules through an aggregator to Graphite at `port`; return what the emitter said."""
    options = ["--address", "127.0.0.1", "--port", "0", "--mgmt_port", "0", "--flushInterval", "600000"]
    graphite = ["--graphiteHost", "127.0.0.1", "--graphitePort", str(port)]
    with subprocess.Popen(
        [*COMMAND, "serve", *options, *graphite],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        text=True,
    ) as serving:
        assert serving.stdout is not None
        where = "127.0.0.1:" + serving.stdout.readline().split("port ")[1].split(",")[0]
        emit = [*COMMAND, "emit", where, "--modules", "20", "--rate", "2000", "--seconds", "0.5"]
        emitted = subprocess.run(emit, capture_output=True, env=ENVIRONMENT, text=True, check=True, timeout=PATIENCE)
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(PATIENCE) == 0
    return emitted.stderr


def test_eight_of_eight_counters_of_twenty_modules_are_read_back_from_whisper(carbon: Carbon) -> None:
    running = carbon.start(1)
    try:
        said = served_and_emitted(carbon.line)
        wanted = {f"stats.gauges.flux.{module}.0.{counter}" for module in MODULES for counter in MESSAGE_COUNTERS}
        until(lambda: len(values_of_modules(carbon)) >= len(wanted))
        values = values_of_modules(carbon)
    finally:
        running.stop()
    assert values.keys() == wanted
    assert "failed" not in said
    for module in MODULES:
        own = {counter: values[f"stats.gauges.flux.{module}.0.{counter}"] for counter in MESSAGE_COUNTERS}
        assert (own["keepalive_tx"], own["keepalive_rx"]) == (1, 0)
        assert own["request_tx"] == own["response_rx"]
        assert own["request_rx"] == own["response_tx"]
    assert sum(values[f"stats.gauges.flux.{module}.0.request_tx"] for module in MODULES) > 0
