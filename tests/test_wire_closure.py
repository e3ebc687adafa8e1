"""Paths that nobody asked for, among those that somebody did."""

import pytest

from statsd_conformance.profile import load_profile
from statsd_fuzz.wire.closure import stray_names
from statsd_fuzz.wire.scenario import PLACEHOLDER, Scenario

REFERENCE = load_profile("reference")


@pytest.mark.parametrize(
    ("line", "path", "strays"),
    [
        (b".a:1|c", b"stats.%b.a", 0),
        (b".a:1|c", b"stats.%b.zz", 1),
        (b":1|c|#key", b"stats.%b;key", 0),
        (b":1|c|#key", b"stats.%b;other", 1),
        (b":1|c", b"stats_counts.%b", 0),
    ],
)
def test_path_is_a_stray_where_no_line_has_its_name_or_its_tag(line: bytes, path: bytes, strays: int) -> None:
    sent = Scenario(((PLACEHOLDER + line,),))
    assert len(list(stray_names(REFERENCE, sent, [path % PLACEHOLDER]))) == strays
