"""A service that is measured by `datadog` of PyPI."""

import os

from datadog.dogstatsd import base
from datadog.dogstatsd.base import DogStatsd

BEGIN = 1767225600
base.random = lambda: 0.0
where = {"host": os.environ["STATSD_HOST"], "port": int(os.environ["STATSD_PORT"])}
# What a container is called, and what the library says of itself, differs from machine to machine.
fixed = {"origin_detection_enabled": False, "disable_telemetry": True}
client = DogStatsd(**where, **fixed, disable_buffering=True, namespace="shop", constant_tags=["env:prod"])
for number in range(12):
    tags = [f"route:r{number % 3}", f"status:{500 if number % 5 == 4 else 200}"]
    client.increment("requests", tags=tags)
    client.timing("request", 10 + 7.5 * number, tags=tags)
    client.histogram("size", 1000 + 37 * number, tags=tags)
    client.distribution("wait", 0.25 * number, tags=tags)
    client.increment("cache.hits", 2, sample_rate=0.5)
    client.set("users", f"user{number % 4}")
    client.gauge("queue", number)
client.gauge_with_timestamp("stock", 42, BEGIN)
client.event("Deployed", "version 7\nis live", alert_type="info", tags=["version:7"], date_happened=BEGIN)
client.service_check("database", DogStatsd.WARNING, message="slow", timestamp=BEGIN)
with DogStatsd(**where, **fixed, disable_buffering=False, flush_interval=60, max_buffer_len=1432) as batch:
    for number in range(48):
        batch.increment("shop.hits", tags=[f"route:r{number % 3}", f"host:web{number % 2}"])
