"""Recorded traffic, played to an aggregator as a case: what it makes of that, held against what the model makes.

`recorded` reads datagrams and puts their names under the prefix of the case; `demands` says what may be demanded for
them. `agreeing` sends them, in windows of which each goes between two flushes. `modelled` is what the model makes of
these windows, `published` what the target made of them, and `numbers`, `compared` and `told` what differs, in words.
"""
