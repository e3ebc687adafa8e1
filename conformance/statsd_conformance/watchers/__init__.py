"""The experiment of the watchers: from which place of an event loop counters are best looked at.

Three processes on 127.0.0.1: one offers messages, one is the emitter, on libev, and one receives what that sends. Read
`measure` first, then `trial`, `experiment`, and `page` and `figure`, which show what came out.
"""
