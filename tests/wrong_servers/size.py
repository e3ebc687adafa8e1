"""Servers that break one requirement on sizes each."""

from defects import size as defects
from defects.steps import cut, raising

WRONG = {
    "SIZE-01": defects.b01,
    "SIZE-02": defects.b04,
    "SIZE-03": defects.b03,
    "SIZE-04": defects.b04,
    "SIZE-04/meter": defects.b03,
    "SIZE-04/short": lambda server: cut(server, 1500),
    "SIZE-05": lambda server: raising(server, rb"[^:]{1015}"),
    "SIZE-05/longest": lambda server: raising(server, rb".{60000}"),
    "SIZE-06": defects.b26,
    # No other case cuts anything there.
    "SIZE-08": lambda server: cut(server, 1234),
    "SIZE-09": defects.b26,
}
