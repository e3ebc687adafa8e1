"""What samples amount to at an aggregator: the count of a counter, the level of a gauge, times, members."""

from collections.abc import Iterable, Mapping

from statsd_conformance.emitters.said import Said
from statsd_reference import Kind

Text = str | bytes
# As DogStatsD writes them, `env:prod`, or by their keys; None is for a tag without a value.
Tags = Mapping[str, object] | Iterable[Text]


def raw(text: Text) -> bytes:
    """Return text as it stands on the wire, in UTF-8."""
    return text if isinstance(text, bytes) else text.encode()


def tags_of(tags: Tags) -> tuple[bytes, ...]:
    """Return tags as samples have them: sorted, `key:value` or a bare word.

    >>> tags_of({"env": "prod", "canary": None})
    (b'canary', b'env:prod')
    """
    if isinstance(tags, Mapping):
        return tuple(sorted(raw(key if value is None else f"{key}:{value}") for key, value in tags.items()))
    return tuple(sorted(map(raw, tags)))


def chosen(samples: Iterable[Said], name: Text, kind: Kind, tags: Tags | None) -> list[Said]:
    """Return the samples of a name and a kind, in order; with exactly these tags, unless they are None."""
    wanted, tagged = raw(name), None if tags is None else tags_of(tags)
    return [
        one for one in samples if one.name == wanted and one.kind is kind and (tagged is None or one.tags == tagged)
    ]


def count(samples: Iterable[Said]) -> float:
    """Return the sum of counters, each value over its sample rate."""
    return sum(one.value / one.rate for one in samples)


def weighed(samples: Iterable[Said]) -> float:
    """Return how many events samples stand for: a sampled one for one over its rate."""
    return sum(1 / one.rate for one in samples)


def level(samples: Iterable[Said]) -> float | None:
    """Return where gauges have come to: a value with a sign changes what was there; None when there are none."""
    now: float | None = None
    for one in samples:
        now = (now or 0.0) + one.value if one.signed else one.value
    return now


def members(samples: Iterable[Said]) -> frozenset[bytes]:
    """Return the distinct members of sets."""
    return frozenset(one.member for one in samples)
