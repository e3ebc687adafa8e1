"""What gunicorn's statsd logger sends: everything in this folder's README, as far as it can do it."""

import os
import threading
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

from gunicorn.config import Config
from gunicorn.instrument.statsd import Statsd

meant = []
config = Config()
config.set("statsd_host", f"{os.environ['STATSD_HOST']}:{os.environ['STATSD_PORT']}")
config.set("statsd_prefix", "site")
logger = Statsd(config)
logger.increment("rate", 1, 0.25)
logger.timer("time", 1.5)
logger.timer("time.small", 0.0000001)
logger.decrement("counter.negative", -3)
logger.gauge("gauge.negative", -5)
logger.histogram("histogram", 1.5)
logger.increment("unicode.\u00fc", 1)
meant.append("site.unicode.\u00fc:1|c")
logger.increment("name:colon", 1)
logger.increment("name\nfeed", 1)
logger.increment("name blank", 1)
logger.increment("long." + "x" * 1500, 1)
logger.info("a worker", extra={"metric": "workers", "value": 2, "mtype": "gauge"})
logger.error("an error")
logger.access(SimpleNamespace(status="200 OK"), None, {}, timedelta(milliseconds=1.5))
threads = [threading.Thread(target=lambda: [logger.increment("threads", 1) for _ in range(50)]) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
meant.append("site.threads:200|c")
config.set("dogstatsd_tags", "a:b,c:d")
tagged = Statsd(config)
tagged.increment("tagged", 1)
meant.append("site.tagged:1|c|#a:b,c:d")
Path(os.environ["STATSD_MEANT"]).write_text("\n".join(meant), encoding="utf-8")
