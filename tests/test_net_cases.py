"""What cases of datagrams say of targets that read more than the original."""

import asyncio
from dataclasses import replace

import pytest

from chapters import all_cases
from defects.steps import Break
from dialects import typeless
from statsd_conformance.target import InProcess
from statsd_conformance.verdict import Verdict
from statsd_conformance.wave import run_case
from statsd_reference import Options, Server, make_server
from trials import PROFILE
from wrong_servers.net import joins_datagrams


def joining(server: Server) -> Server:
    return typeless(joins_datagrams(server))


@pytest.mark.parametrize(
    ("plant", "verdict"), [(typeless, Verdict.PASS), (joining, Verdict.FAIL)], ids=["apart", "joined"]
)
def test_first_half_of_a_line_may_be_one_where_lines_need_no_type(plant: Break, verdict: Verdict) -> None:
    profile = replace(PROFILE, extensions=(*PROFILE.extensions, "typeless"))
    for case in [case for case in all_cases() if case.requirement.id == "NET-10"]:
        target = InProcess(plant(make_server(Options(flush_interval=1000, extensions=("m",)))), profile)
        assert asyncio.run(run_case(case, target)).verdict is verdict
