"""A service that is measured by `statsd` of PyPI."""

import os

import statsd.client.base
from statsd import StatsClient

statsd.client.base.random.random = lambda: 0.0
client = StatsClient(os.environ["STATSD_HOST"], int(os.environ["STATSD_PORT"]), prefix="shop")
for number in range(12):
    client.incr("requests")
    client.timing("request", 10 + 7.5 * number)
    client.incr("cache.hits", 2, rate=0.5)
    client.set("users", f"user{number % 4}")
    client.gauge("queue", number)
    client.gauge("workers", -1 if number % 2 else 2, delta=True)
with client.pipeline() as batch:
    for number in range(24):
        batch.incr(f"route.{number % 3}.hits")
        batch.timing(f"route.{number % 3}.time", 3 * number)
