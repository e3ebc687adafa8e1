"""Targets that pass lines on: what listens behind them, and whether that is all that they show."""

from collections.abc import Sequence

from statsd_conformance.address import Address, AddressError, read_address
from statsd_conformance.behind import Behind, BehindError
from statsd_conformance.observers import MakeObserver, passed_on
from statsd_conformance.profile import Profile
from statsd_conformance.wire import Wire


def read_behind(texts: Sequence[str]) -> tuple[Address, ...]:
    """Return the addresses that `--behind` names.

    Raises:
        BehindError: one is no address of udp or tcp, or they are of both.
    """
    addresses = tuple(map(_read_behind, texts))
    if len({one.scheme for one in addresses}) > 1:
        raise BehindError(f"--behind {' and '.join(texts)}: the suite listens over one of udp and tcp")
    return addresses


def _read_behind(text: str) -> Address:
    try:
        address = read_address(text)
    except AddressError:
        address = Address("")
    if address.scheme not in ("udp", "tcp"):
        raise BehindError(f"--behind {text!r} is not of the form udp://HOST:PORT or tcp://HOST:PORT")
    return address


def behind_of(addresses: Sequence[Address], profile: Profile) -> Behind | None:
    """Return what listens at the addresses; None for none. Places behind a proxy share the lines."""
    return Behind(addresses, shared="proxy" in profile.extensions) if addresses else None


def claims_proxy(wire: Wire) -> bool:
    """Tell whether the profile says that a target publishes nothing itself."""
    return "proxy" in wire.profile.extensions


def only_passes(wire: Wire) -> bool:
    """Tell whether what a target passes on is looked at in place of what it publishes."""
    return wire.sink.output == "passed on"


def passed_on_by(wire: Wire) -> MakeObserver:
    """Return what makes the observer of a target that is seen by nothing but what it passes on.

    Raises:
        BehindError: nobody said where the suite listens for that.
    """
    if wire.behind is None:
        raise BehindError(f"{wire.name} only passes lines on; say where the suite listens for them with --behind")
    return passed_on(wire.behind)
