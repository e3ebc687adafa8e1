"""A service that is measured by `statsd` of PyPI, with the dimensions of SignalFX in the names."""

import os

import statsd.client.base
from statsd import StatsClient

statsd.client.base.random.random = lambda: 0.0
client = StatsClient(os.environ["STATSD_HOST"], int(os.environ["STATSD_PORT"]))
for number in range(12):
    of = f"[route=r{number % 3},status={500 if number % 5 == 4 else 200}]"
    client.incr(f"shop.requests{of}")
    client.timing(f"shop.request{of}", 10 + 7.5 * number)
    client.incr("shop.cache.hits[host=web1]", 2, rate=0.5)
    client.set(f"shop.users{of}", f"user{number % 4}")
    client.gauge("shop.queue[host=web1]", number)
with client.pipeline() as batch:
    for number in range(24):
        batch.incr(f"shop.hits[route=r{number % 3},host=web{number % 2}]")
