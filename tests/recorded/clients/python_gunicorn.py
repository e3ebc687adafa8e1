"""Requests that gunicorn's own statsd logger measures."""

import os
from datetime import timedelta
from types import SimpleNamespace

from gunicorn.config import Config
from gunicorn.instrument.statsd import Statsd

config = Config()
config.set("statsd_host", f"{os.environ['STATSD_HOST']}:{os.environ['STATSD_PORT']}")
config.set("statsd_prefix", "shop")
logger = Statsd(config)
logger.info("2 workers", extra={"metric": "gunicorn.workers", "value": 2, "mtype": "gauge"})
for number in range(12):
    status = "500 Internal Server Error" if number % 5 == 4 else "200 OK"
    logger.access(SimpleNamespace(status=status), None, {}, timedelta(milliseconds=10 + 7.5 * number))
logger.exception("a request failed")
logger.warning("a worker is slow")
