"""Loss, duplication and delay by the kernel: netem, tc(8), on a device that the datagrams leave by.

The kernel's dice have no seed, and it keeps no record. It takes what goes to one UDP port, and leaves the rest alone.
"""

import json
import subprocess
from dataclasses import dataclass, replace
from typing import Final

from statsd_conformance.address import Address
from statsd_conformance.relay.impairment import Impairment

# Datagrams that netem holds; by default a thousand, and others are lost.
_ROOM: Final = 100_000
_MILLISECONDS: Final = 1000
# A band behind the usual three, where nothing goes but what a filter sends there.
_BAND: Final = "1:4"
_HANDLE: Final = "40:"


class NoNetem(Exception):
    """The kernel does not impair anything; the message says why."""


def left_to_relay(impairment: Impairment) -> Impairment:
    """Return what netem does not do: it cuts nothing, and puts out of order only what it delays."""
    return replace(impairment, loss=0.0, duplicate=0.0, delay=0.0, jitter=0.0)


def commands(impairment: Impairment, device: str, to: Address) -> list[list[str]]:
    """Return the commands that have the kernel impair UDP to the port of `to` where it leaves by `device`."""
    on = ["dev", device]
    protocol, name = ("ipv6", "ip6") if to.kind == "udp6" else ("ip", "ip")
    chosen = ["match", name, "protocol", "17", "0xff", "match", name, "dport", str(to.port), "0xffff"]
    return [
        ["tc", "qdisc", "add", *on, "root", "handle", "1:", "prio", "bands", "4"],
        ["tc", "qdisc", "add", *on, "parent", _BAND, "handle", _HANDLE, "netem", *_netem(impairment)],
        ["tc", "filter", "add", *on, "parent", "1:", "protocol", protocol, "u32", *chosen, "flowid", _BAND],
    ]


def _netem(impairment: Impairment) -> list[str]:
    words = ["limit", str(_ROOM)]
    for name in ("loss", "duplicate"):
        if probability := getattr(impairment, name):
            words += [name, f"{probability:%}"]
    if impairment.delay or impairment.jitter:
        words += ["delay", f"{impairment.delay * _MILLISECONDS:.3f}ms", f"{impairment.jitter * _MILLISECONDS:.3f}ms"]
    return words


@dataclass(frozen=True, slots=True)
class Netem:
    """The kernel at work on a device."""

    device: str

    def dropped(self) -> int:
        """Return how many datagrams it has lost on purpose so far; 0 where it does not tell."""
        try:
            shown = json.loads(_run(["tc", "-s", "-j", "qdisc", "show", "dev", self.device]))
            return sum(int(one.get("drops", 0)) for one in shown if one.get("kind") == "netem")
        except (NoNetem, ValueError):
            return 0

    def close(self) -> None:
        """Let it impair nothing any more.

        Raises:
            NoNetem: it cannot be undone.
        """
        _run(_undone(self.device))


def begin(impairment: Impairment, device: str, to: Address) -> Netem:
    """Have the kernel impair what leaves by `device` for `to`, until that is closed.

    Raises:
        NoNetem: it has no netem, or nobody may tell it to, or the device is not there or has a qdisc already.
    """
    root, *rest = commands(impairment, device, to)
    _run(root)
    try:
        for command in rest:
            _run(command)
    except NoNetem:
        _run(_undone(device))
        raise
    return Netem(device)


def _undone(device: str) -> list[str]:
    return ["tc", "qdisc", "del", "dev", device, "root"]


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NoNetem("tc is not installed; it comes with iproute2") from None
    if done.returncode:
        first = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[0]
        raise NoNetem(f"{' '.join(command[:3])}: {first}")
    return done.stdout
