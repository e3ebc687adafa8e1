"""REPLAY: recorded traffic, played again.

The ids are this suite's own, and appended to the catalogue. The recordings are those of the corpora, or those that
`--replay FILE` names. Each is played as fast as the target reads it, under names of the case's own, in datagrams no
longer than they were recorded; what it comes to is what the model makes of the same file.

Demanded is what nobody argues about (`replayed/demands.py`), of what stood in datagrams of up to 1432 bytes as a MUST,
in longer ones as a SHOULD, as SIZE-01 to -03 have it. All else is compared, too, and told where targets differ.

Not tested because no source decides it: percentiles and deviations, sums of sampled times, lines that servers read in
several ways. Not kept of a recording: its times, and which of several senders sent what.
"""

import pytest

from statsd_conformance.replayed.agreeing import agree
from statsd_conformance.replayed.recorded import Recording, recordings_of_corpora
from statsd_conformance.requirement import CORE, MUST, requirement
from statsd_conformance.target import Target

_RECORDINGS = recordings_of_corpora()


@pytest.mark.parametrize("recording", _RECORDINGS, ids=[one.name for one in _RECORDINGS])
@requirement("REPLAY-01", CORE, MUST, cites="statsd docs/metric_types.md; the reference aggregator")
async def test_recording_comes_out_as_in_the_model(target: Target, recording: Recording) -> str:
    """What recorded traffic comes out as MUST be what the model makes of it, as far as nobody argues about it."""
    return await agree(target, recording)
