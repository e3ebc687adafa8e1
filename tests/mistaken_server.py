"""A user's StatsD server, with options of its own: the reference, or with the mistake that MISTAKE names.

python mistaken_server.py --port PORT --carbon HOST:PORT --every SECONDS
"""

import asyncio
import os
from argparse import ArgumentParser

from statsd_reference import Options, make_server
from statsd_reference.daemon import Daemon
from wrong_servers import WRONG


async def main() -> None:
    """Serve until the process is ended."""
    parser = ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--carbon")
    parser.add_argument("--every", type=float)
    given = parser.parse_args()
    host, _, port = given.carbon.rpartition(":")
    options = Options(
        address="127.0.0.1", port=given.port, mgmt_port=0, graphite_host=host, graphite_port=int(port),
        flush_interval=int(given.every * 1000),
    )  # fmt: skip
    right = make_server(options)
    mistake = os.environ.get("MISTAKE")
    async with Daemon(WRONG[mistake](right) if mistake else right):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
