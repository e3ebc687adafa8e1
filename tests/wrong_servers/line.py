"""Servers that break one requirement on the grammar of a line each."""

import re

from defects import numbers, output, survival
from defects.steps import lenient, lines, raising, refusing
from statsd_reference import Server


def no_sets(server: Server) -> Server:
    """Refuse the type s."""
    return refusing(server, rb"\|s")


def bare_types_count_one(server: Server) -> Server:
    """Count one for a name with a type and no value."""
    return lenient(server, "no colon", lambda line: line.replace(b"|", b":1|", 1))


def type_may_be_missing(server: Server) -> Server:
    """Count a value without a type."""
    return lenient(server, "no type", lambda line: line + b"|c")


def empty_value_is_zero(server: Server) -> Server:
    """Read nothing as 0."""
    return lenient(server, "no valid number", lambda line: line.replace(b":|", b":0|", 1))


def sign_is_looked_at(server: Server) -> Server:
    """Look at the first byte of a gauge's value without asking whether there is one."""
    return raising(server, rb":\|g")


def first_letters_of_a_type(server: Server) -> Server:
    """Read a type by its beginning."""
    return lines(server, lambda line: re.sub(rb"\|(c|g|ms|s)[^|]+", rb"|\1", line))


def trailing_bar_is_nothing(server: Server) -> Server:
    """Skip an empty third field."""
    return lenient(server, "no valid sample rate", lambda line: line.removesuffix(b"|"))


def third_field_is_skipped(server: Server) -> Server:
    """Skip a third field that is no rate."""
    return lenient(server, "no valid sample rate", lambda line: re.sub(rb"(\|[^|]+)\|[^@].*", rb"\1", line))


def last_rate_wins(server: Server) -> Server:
    """Use the second of two rates."""
    return lines(server, lambda line: re.sub(rb"\|@[^|]*\|@", b"|@", line))


WRONG = {
    "LINE-01": no_sets,
    "LINE-01/rate": lambda server: refusing(server, rb"\|ms\|@"),
    "LINE-02": bare_types_count_one,
    "LINE-03": type_may_be_missing,
    "LINE-04": lambda server: lenient(server, "no colon", lambda line: line if b"|" in line else line + b":1|c"),
    "LINE-05": numbers.i12,
    "LINE-05/crash": survival.j23,
    "LINE-06": output.c15,
    "LINE-07": empty_value_is_zero,
    "LINE-07/gauge": sign_is_looked_at,
    "LINE-08": numbers.i12,
    "LINE-09": first_letters_of_a_type,
    "LINE-10": lambda server: lines(server, lambda line: re.sub(rb"\|[A-Z]+", lambda found: found[0].lower(), line)),
    "LINE-11": lambda server: lines(server, lambda line: line.replace(b"||", b"|", 1)),
    "LINE-12": trailing_bar_is_nothing,
    "LINE-13": third_field_is_skipped,
    "LINE-14": lambda server: refusing(server, rb"\|@[^|]*\|[^@]"),
    "LINE-15": last_rate_wins,
    "LINE-16": lambda server: refusing(server, rb"\|.*:"),
    "LINE-17": survival.j02,
    "LINE-17/refused": lambda server: refusing(server, rb"\A(__proto__|constructor):"),
}
