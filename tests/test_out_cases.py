"""Which names OUT-08 makes of a profile to share a path."""

from dataclasses import replace

import pytest

from statsd_conformance.profile import Profile, load_profile
from statsd_conformance.target import InProcess
from statsd_conformance.test_12_out import _alike
from statsd_reference import Options, make_server
from trials import PROFILE

RATES = Profile(
    "rates alone",
    {"rate": "my.{bucket}", "gauge": "my.gauge.{bucket}", "timer": "my.{bucket}.{statistic}"},
    {"count": "num"},
)


def alike(profile: Profile) -> list[tuple[bytes, str, str, bytes]]:
    target = InProcess(make_server(Options()), profile)
    token = target.token
    return [
        (name.replace(token, b"K"), type, other, path.replace(token, b"K"))
        for name, type, other, path in _alike(target)
    ]


@pytest.mark.parametrize(
    ("profile", "first"),
    [
        (PROFILE, (b"timers.K.x.count", "c", "ms", b"stats.timers.K.x.count")),
        (RATES, (b"K.x.num", "c", "ms", b"my.K.x.num")),
        (replace(RATES, statistics={}), (b"gauge.K.x", "c", "g", b"my.gauge.K.x")),
        (load_profile("veneur"), (b"K.x", "g", "s", b"g.K.x")),
    ],
    ids=["original", "rates", "gauge", "same-name"],
)
def test_names_share_a_path_of_the_profile(profile: Profile, first: tuple[bytes, str, str, bytes]) -> None:
    assert alike(profile)[0] == first


@pytest.mark.parametrize("name", ["telegraf", "netdata", "collectd"])
def test_paths_that_end_otherwise_are_never_alike(name: str) -> None:
    assert alike(load_profile(name)) == []
