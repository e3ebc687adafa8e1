"""Inputs that are mostly plain: traffic of well-behaved emitters in datagrams and intervals, and odd lines among it."""

from functools import cache
from random import Random
from typing import Final

from statsd_conformance.traffic import generate, with_bad_lines
from statsd_corpora import seeds
from statsd_fuzz.inputs import BETWEEN_DATAGRAMS, BETWEEN_INTERVALS

_TYPES: Final = ("c", "g", "ms", "s")
_BETWEEN: Final = (b"\n", b"\n", b"\n", BETWEEN_DATAGRAMS, BETWEEN_INTERVALS)


def generated(random: Random, longest: int) -> bytes:
    """Return an input of at most so many bytes; equal dice give equal inputs."""
    lines = generate(random, _TYPES, ("c",))
    if random.random() < 0.2:
        lines = with_bad_lines(random, lines)
    texts = [line.written(b"")[1:] for line in lines]
    if random.random() < 0.3:
        texts.insert(random.randint(0, len(texts)), random.choice(_odd_lines()))
    data = texts[0]
    for text in texts[1:]:
        more = data + random.choice(_BETWEEN) + text
        if len(more) > longest:
            break
        data = more
    return data[:longest]


@cache
def _odd_lines() -> tuple[bytes, ...]:
    """Return the short lines of the corpora, good ones and bad ones."""
    every = [*seeds("lines/good").values(), *seeds("lines/bad").values()]
    return tuple(line for line in every if len(line) < 80)
