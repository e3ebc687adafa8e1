"""A server that no plain case meets: it takes traffic of a whole program to see it fail."""

from dataclasses import replace

from statsd_reference import Server, make_server


def table_of_names_is_full(server: Server) -> Server:
    """Keep no more than 100 names."""
    return make_server(replace(server.options, max_names=100))


WRONG = {"REPLAY-01": table_of_names_is_full}
