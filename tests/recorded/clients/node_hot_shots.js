// A service that is measured by hot-shots of npm, in its usual dialect, or with TELEGRAF=1 in that of Telegraf.
"use strict";
const { StatsD } = require("hot-shots");

const BEGIN = 1767225600;
const telegraf = process.env.TELEGRAF === "1";
const where = { host: process.env.STATSD_HOST, port: Number(process.env.STATSD_PORT), telegraf };
Math.random = () => 0;
const client = new StatsD({ ...where, prefix: "shop.", globalTags: { env: "prod" } });
for (let number = 0; number < 12; number++) {
  const tags = { route: `r${number % 3}`, status: number % 5 === 4 ? "500" : "200" };
  client.increment("requests", 1, tags);
  client.timing("request", 10 + 7.5 * number, tags);
  client.histogram("size", 1000 + 37 * number, tags);
  client.increment("cache.hits", 2, 0.5);
  client.set("users", `user${number % 4}`);
  client.gauge("queue", number);
}
if (!telegraf) {
  client.distribution("wait", 0.25);
  client.gauge("stock", 42, { timestamp: BEGIN });
  client.event("Deployed", "version 7\nis live", { date_happened: new Date(BEGIN * 1000), alert_type: "info" }, ["version:7"]);
  client.check("database", client.CHECKS.WARNING, { date_happened: new Date(BEGIN * 1000), message: "slow" });
}
client.close(() => {
  const batch = new StatsD({ ...where, maxBufferSize: 1432, bufferFlushInterval: 60000 });
  for (let number = 0; number < 48; number++) {
    batch.increment("shop.hits", 1, { route: `r${number % 3}`, host: `web${number % 2}` });
  }
  batch.close(() => process.exit(0));
});
