"""Targets of a user's own that go wrong in one way, for `exec:`."""

import shlex
import sys
from pathlib import Path
from typing import Final

_PROGRAM: Final = """\
import asyncio, sys
from dataclasses import replace
from statsd_reference import Options, make_server
from statsd_reference.daemon import Daemon
port, graphite = map(int, sys.argv[1:])
options = Options(address='127.0.0.1', port=port, mgmt_port=0, graphite_host='127.0.0.1', graphite_port=graphite,
    flush_interval=1000)
right = make_server(options)
%s
async def main():
    async with Daemon(wrong):
        await asyncio.Event().wait()
asyncio.run(main())
"""


def own_target(folder: Path, code: str) -> str:
    """Return a target, a program in `folder`, which serves as the server `wrong` that `code` makes of `right`."""
    program = folder / "own_target.py"
    program.write_text(_PROGRAM % code)
    return f"exec:{shlex.quote(sys.executable)} {shlex.quote(str(program))} {{port}} {{graphite_port}}"
