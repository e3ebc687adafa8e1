"""Where a target that the suite did not start shows its output: what `--sink` names."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from statsd_conformance.observers import (
    MakeObserver,
    as_graphite,
    console,
    graphite,
    netdata,
    pickled,
    prometheus,
    repeated,
    stream,
)
from statsd_conformance.session.settings import TargetError

# What `--sink` calls a target that publishes nothing itself.
BEHIND: Final = "behind"
# Seconds between two looks at what does not come by itself, where no interval is known.
LOOK: Final = 1.0
_LISTENING: Final = {"graphite": graphite, "pickle": pickled, "statsd": repeated}
# What has to be asked is somewhere else, so that these, and a page, need a host.
_ASKED: Final = {"console": console, "netdata": netdata}


def sink_observer(text: str, *, local: bool, interval: float = LOOK) -> MakeObserver:
    """Return what makes the observer that `--sink` names; one without a host listens on loopback for a `local` target.

    What does not come by itself is looked at every `interval` seconds.

    Raises:
        TargetError: it is no such place.
    """
    scheme, _, rest = text.partition("://")
    if scheme in ("file", "statsite") and rest:
        return stream(Path(rest), as_graphite if scheme == "statsite" else bytes)
    host, port = read_sink(text)
    if scheme == "prometheus":
        path = urlsplit(text)._replace(scheme="", netloc="").geturl()
        return prometheus(host, port, path or "/metrics", interval)
    if scheme in _ASKED:
        return _ASKED[scheme](host, port)
    return _LISTENING[scheme](host or ("127.0.0.1" if local else ""), port)


def read_sink(text: str) -> tuple[str, int]:
    """Return host and port of `graphite://host:port` and its like; where the suite listens the host may be empty.

    Raises:
        TargetError: it is no such address.
    """
    parts = urlsplit(text)
    try:
        with_host = parts.scheme in (*_ASKED, "prometheus") and parts.hostname
        if (parts.scheme in _LISTENING or with_host) and parts.port:
            return parts.hostname or "", parts.port
    except ValueError:
        pass
    asked = ", ".join(f"{scheme}://HOST:PORT" for scheme in _ASKED)
    raise TargetError(
        f"--sink {text!r} is not of the form graphite://HOST:PORT or graphite://:PORT, the same with pickle:// or "
        f"statsd://, {asked}, prometheus://HOST:PORT/PATH, file://PATH, statsite://PATH or {BEHIND}"
    )
