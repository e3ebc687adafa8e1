"""An emitter where packets have 576 bytes at most, in a network of the suite's own: what it loses there.

One that sends with IP_PMTUDISC_DO gets EMSGSIZE there for a longer datagram; of any other the kernel cuts that into
fragments. Names are compared with those of its first run, in which every datagram fitted.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from statsd_conformance.emitters.emission import Emission
from statsd_conformance.emitters.said import samples_of
from statsd_conformance.namespaces import NoNamespaces, narrow_loopback
from statsd_conformance.printable import escaped
from statsd_conformance.recording import Datagram
from statsd_conformance.requirement import Inconclusive, Unsupported

T = TypeVar("T")

# What every host takes (RFC 791), and the largest datagram in it: less the headers of IPv4 and UDP.
NARROW: Final = 576
FITS: Final = NARROW - 28
_SHOWN: Final = 5


def on_narrow_loopback(start: Callable[[], T]) -> T:
    """Return what `start` returns, called where loopback is narrow; sockets and programs that it opens stay there.

    Raises:
        Unsupported: this machine lets the suite make no such place.
    """

    def there() -> T:
        with narrow_loopback(NARROW):
            return start()

    # A thread that has been there cannot come back.
    with ThreadPoolExecutor(1, "statsd-narrow") as thread:
        try:
            return thread.submit(there).result()
        except NoNamespaces as error:
            raise Unsupported(f"this machine lets the suite make no network: {error}") from None


def lost_of_short(wide: Emission, narrow: Callable[[], Emission]) -> str:
    """Return in words which names of datagrams that fit are lost over a narrow path; empty where none is.

    Raises:
        Unsupported: it sends no datagrams that do not fit, or none that do.
        Inconclusive: something else may be the reason.
    """
    short, long = _names(wide, fitting=True), _names(wide, fitting=False)
    if not short:
        raise Unsupported(f"it sent no datagram of {FITS} bytes or less, so none fits a narrow path")
    return _lost(short, narrow, f"beside datagrams of more than {FITS} bytes, shorter ones are lost", short | long)


def lost_of_long(wide: Emission, narrow: Callable[[], Emission]) -> str:
    """Return in words which names of datagrams that do not fit are lost over a narrow path; empty where none is.

    Raises:
        Unsupported: it sends no such datagrams.
        Inconclusive: something else may be the reason.
    """
    short, long = _names(wide, fitting=True), _names(wide, fitting=False)
    return _lost(long - short, narrow, f"of datagrams of more than {FITS} bytes is lost", short | long)


def _lost(wanted: frozenset[bytes], narrow: Callable[[], Emission], what: str, every: frozenset[bytes]) -> str:
    over = narrow()
    came = frozenset(one.name for one in over.samples)
    missing = sorted(wanted - came)
    if not missing:
        return ""
    over.need_all()
    if not came & every:
        raise Inconclusive("its names are others in each run, so nobody can tell which are missing over a narrow path")
    shown = ", ".join(map(escaped, missing[:_SHOWN])) + (" …" if len(missing) > _SHOWN else "")
    return f"where packets have {NARROW} bytes at most, {what}: {len(missing)} of {len(wanted)} names, {shown}"


def _names(emission: Emission, *, fitting: bool) -> frozenset[bytes]:
    """Return the names in datagrams that fit a narrow path, or in those that do not.

    Raises:
        Unsupported: every datagram fits.
    """
    datagrams = [one for one in emission.datagrams if _is_udp(one)]
    if all(len(one.payload) <= FITS for one in datagrams):
        raise Unsupported(f"it sent no datagram of more than {FITS} bytes, so a narrow path takes all of them")
    mine = [one.payload for one in datagrams if (len(one.payload) <= FITS) is fitting]
    return frozenset(one.name for payload in mine for one in samples_of(payload.split(b"\n")))


def _is_udp(datagram: Datagram) -> bool:
    return not datagram.stream and bool(datagram.destination.port)
