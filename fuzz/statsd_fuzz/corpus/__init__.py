"""Corpora of inputs, from one tool to another: plain folders, libFuzzer, AFL++, captures; merged, and made fewer."""

from statsd_fuzz.corpus.entry import CorpusError, Input, distinct

__all__ = ["CorpusError", "Input", "distinct"]
