"""Servers that break one requirement on events and service checks each."""

import re
from dataclasses import replace

from defects.steps import lenient, lines, raising, refusing
from statsd_reference import Kind, Outcome, Sample, Server

_EVENTS = (b"_e{", b"_sc|")


def event_ends_its_datagram(server: Server) -> Server:
    """Read nothing of a datagram behind an event or a service check."""

    def split(datagram: bytes) -> list[bytes]:
        found = server.split(datagram)
        first = next((at for at, line in enumerate(found) if line.startswith(_EVENTS)), len(found))
        return found[: first + 1]

    return replace(server, split=split)


def checks_are_gauges(server: Server) -> Server:
    """Publish the status of a service check under its name."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        if not line.startswith(b"_sc|"):
            return server.parse(line)
        _, name, status, *_ = line.split(b"|")
        return (Sample(name, float(status), Kind.GAUGE),)

    return replace(server, parse=parse)


def events_are_samples(server: Server) -> Server:
    """Read an event or a service check like any other line."""
    return lines(server, lambda line: b"x" + line if line.startswith(_EVENTS) else line)


def any_event(server: Server) -> Server:
    """Look at no length of an event."""
    return lenient(server, "not an event", lambda line: b"_e{5,4}:title|text")


def any_status(server: Server) -> Server:
    """Look at no status."""
    return lenient(server, "not a service check", lambda line: b"_sc|name|0")


WRONG = {
    "EVENT-01": event_ends_its_datagram,
    "EVENT-01/published": checks_are_gauges,
    "EVENT-02": events_are_samples,
    "EVENT-03": any_event,
    "EVENT-03/comma": lambda server: lines(server, lambda line: re.sub(rb"\A_e\{5\}", b"_e{5,4}", line)),
    "EVENT-04": lambda server: raising(server, rb"\A_e\{[0-9]{10}"),
    "EVENT-04/none": lambda server: raising(server, rb"\A_e\{\}"),
    "EVENT-05": lambda server: refusing(server, rb"\A_e.*\|(c|card|x):"),
    "EVENT-05/message": lambda server: refusing(server, rb"\A_sc.*\|m:.*\|c:"),
    "EVENT-06": any_status,
}
