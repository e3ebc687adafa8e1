// A service that is measured by statsd-client of npm.
"use strict";
const StatsDClient = require("statsd-client");

const where = { host: process.env.STATSD_HOST, port: Number(process.env.STATSD_PORT) };
const client = new StatsDClient({ ...where, prefix: "shop", maxBufferSize: 0 });
for (let number = 0; number < 12; number++) {
  client.increment("requests");
  client.timing("request", 10 + 7.5 * number);
  client.set("users", `user${number % 4}`);
  client.gauge("queue", number);
  client.gaugeDelta("workers", number % 2 ? -1 : 2);
}
const batch = new StatsDClient({ ...where, prefix: "shop", maxBufferSize: 1200 });
for (let number = 0; number < 48; number++) {
  batch.increment(`route.${number % 3}.hits`);
  batch.timing(`route.${number % 3}.time`, 3 * number);
}
batch.close();
client.close();
