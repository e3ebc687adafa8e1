"""The reference daemon with one defect planted, as a program: `python -m defects.serve D35 --port=8125 …`.

It ends with status 1 when one of its steps raises. The options are those of `python -m statsd_reference`, each with its
value behind `=`.
"""

import asyncio
import os
import sys
import traceback

from defects import DEFECTS
from statsd_reference import make_server
from statsd_reference.__main__ import run
from statsd_reference.options import read_options
from wire_trials import mortal


def main() -> None:
    """Serve, with the defect that the first argument names; nothing is wrong where that is `right`."""
    id, *arguments = sys.argv[1:]
    options = dict(one.removeprefix("--").split("=", 1) for one in arguments)
    server = make_server(read_options(options))
    for defect in DEFECTS:
        if defect.id == id:
            server = defect.plant(server)
    asyncio.run(run(mortal(server, _end)))


def _end(error: Exception) -> None:
    traceback.print_exception(error)
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    main()
