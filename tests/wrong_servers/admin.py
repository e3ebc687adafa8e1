"""Servers whose management console breaks one requirement each."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

from defects.steps import Break
from statsd_reference import Server
from statsd_reference.admin import Reply, State


def replies(change: Callable[[bytes, Reply], Reply]) -> Break:
    """Return what makes a server say `change(command, reply)` in place of a reply."""

    def plant(server: Server) -> Server:
        def answer(command: bytes, state: State) -> Reply:
            return change(command.strip(), server.answer(command, state))

        return replace(server, answer=answer)

    return plant


def texts(command: bytes, old: bytes, new: bytes) -> Break:
    """Return what makes a server write `new` for what matches `old` in the replies to a command and its arguments."""

    def change(asked: bytes, reply: Reply) -> Reply:
        if not asked.startswith(command):
            return reply
        return replace(reply, text=re.sub(old, new, reply.text))

    return replies(change)


def of_the_last_interval(server: Server) -> Server:
    """List what the last interval was, not the running one."""

    def answer(command: bytes, state: State) -> Reply:
        window = state.window
        idle = replace(window, counters=dict.fromkeys(window.counters, 0.0), timers=dict.fromkeys(window.timers, ()))
        return server.answer(command, replace(state, window=idle) if b"del" not in command else state)

    return replace(server, answer=answer)


def as_json(server: Server) -> Server:
    """List gauges as JSON."""

    def answer(command: bytes, state: State) -> Reply:
        reply = server.answer(command, state)
        if command.strip() != b"gauges":
            return reply
        table = {bucket.decode("latin-1"): value for bucket, value in state.window.gauges.items()}
        return replace(reply, text=json.dumps(table).encode() + b"\nEND\n\n")

    return replace(server, answer=answer)


def only_says_so(command: bytes, reply: Reply) -> Reply:
    """Say that something was deleted, and leave it."""
    return replace(reply, delete=None)


def takes_all(server: Server) -> Server:
    """Delete every gauge where a folder is to go."""

    def answer(command: bytes, state: State) -> Reply:
        reply = server.answer(command, state)
        if reply.delete and b".*" in command and reply.delete.group == "gauges":
            return replace(reply, delete=replace(reply.delete, buckets=tuple(state.window.gauges)))
        return reply

    return replace(server, answer=answer)


def forgets_health(command: bytes, reply: Reply) -> Reply:
    """Answer what health is set to, and not keep it."""
    return replace(reply, health=None)


def stays(command: bytes, reply: Reply) -> Reply:
    """Keep the connection open, whatever is asked for."""
    return replace(reply, close=False)


def leaves_at_an_error(command: bytes, reply: Reply) -> Reply:
    """Close the connection at an unknown command."""
    return replace(reply, close=reply.close or reply.text == b"ERROR\n")


def ignores_case(server: Server) -> Server:
    """Read a command in capitals like any other."""
    return replace(server, answer=lambda command, state: server.answer(command.lower(), state))


def dies_of_a_long_command(server: Server) -> Server:
    """Die of a command line that no buffer holds."""

    def answer(command: bytes, state: State) -> Reply:
        if len(command) > 500:
            raise RuntimeError("a command line is too long")
        return server.answer(command, state)

    return replace(server, answer=answer)


WRONG: dict[str, Break] = {
    "ADMIN-01": texts(b"help", rb", quit", b""),
    "ADMIN-02": texts(b"stats", rb"last_msg_seen: \d+", b"last_msg_seen: 1700000000"),
    "ADMIN-02/uptime": texts(b"stats", rb"uptime: .*\n", b""),
    "ADMIN-02/end": texts(b"stats", rb"END\n\n", b"END\n"),
    "ADMIN-03": of_the_last_interval,
    "ADMIN-03/json": as_json,
    "ADMIN-04": replies(only_says_so),
    "ADMIN-04/all": takes_all,
    "ADMIN-04/absent": texts(b"del", rb"metric (\S+) not found", rb"deleted: \1"),
    "ADMIN-05": replies(forgets_health),
    "ADMIN-05/case": texts(b"health DOWN", rb"down", b"up"),
    "ADMIN-06": texts(b"config", rb"\A\n", b""),
    "ADMIN-06/end": texts(b"config", rb"\Z", b"END\n\n"),
    "ADMIN-07": replies(stays),
    "ADMIN-08": replies(leaves_at_an_error),
    "ADMIN-08/case": ignores_case,
    "ADMIN-10": dies_of_a_long_command,
}
