"""Fuzzing over the wire: scenarios from a grammar, many at once in each flush interval, and judged one and all."""
