"""The console answers every command, names what it deletes, and shows tables that read back as what was gathered."""

from statsd_fuzz._driver import fuzz, instrumented
from statsd_fuzz.inputs import dice

with instrumented(__name__):
    from statsd_conformance.observers.console import read_table
    from statsd_reference import REFERENCE, Options, Window, make_server
    from statsd_reference.admin import Reply, State, answer, split_commands, without

SEEDS = ("console", "datagrams")
# Names that are not cleaned bring what a table has to quote.
SERVERS = (REFERENCE, make_server(Options(key_name_sanitize=False)))


def check(data: bytes) -> None:
    """Take all bytes for traffic, then each line for a command, too; and look at each reply and what it leaves."""
    server = dice(data).choice(SERVERS)
    window = server.accumulate(server.first_window(), server.read(data))
    for command in split_commands(data):
        state = State(server.options, window, uptime=1, message_age=0)
        reply = answer(command, state)
        assert reply.close or reply.text.endswith(b"\n"), f"{command!r} gets {reply.text!r}"
        assert reply.health in (None, "up", "down")
        window = _left(window, reply)
    _assert_tables_read_back(server.options, window)


def _left(window: Window, reply: Reply) -> Window:
    """Return the window after a reply, which has to forget what it said, and nothing else."""
    if reply.delete is None:
        return window
    before = getattr(window, reply.delete.group)
    after = getattr(without(window, reply.delete), reply.delete.group)
    assert before.keys() - after.keys() == set(reply.delete.buckets)
    assert {bucket: before[bucket] for bucket in after} == after
    assert reply.text.count(b"deleted: ") >= len(reply.delete.buckets) > 0
    return without(window, reply.delete)


def _assert_tables_read_back(options: Options, window: Window) -> None:
    state = State(options, window, uptime=1, message_age=0)
    for command, table in ((b"counters", window.counters), (b"gauges", window.gauges)):
        shown = read_table(answer(command, state).text.removesuffix(b"END\n\n"))
        assert {name: float(value) for name, value in shown.items()} == table, f"{command!r}: {shown}"
    assert read_table(answer(b"timers", state).text.removesuffix(b"END\n\n")).keys() == window.timers.keys()


if __name__ == "__main__":
    fuzz(check, SEEDS)
