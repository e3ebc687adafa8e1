// A service that is measured by lynx of npm.
"use strict";
const Lynx = require("lynx");

Math.random = () => 0;
const client = new Lynx(process.env.STATSD_HOST, Number(process.env.STATSD_PORT), { scope: "shop", on_error: () => {} });
for (let number = 0; number < 12; number++) {
  client.increment("requests");
  client.timing("request", 10 + 7.5 * number);
  client.increment("cache.hits", 0.5);
  client.set("users", `user${number % 4}`);
  client.gauge("queue", number);
}
client.send({ "route.0.hits": "8|c", "route.1.hits": "8|c", "route.2.hits": "8|c", "route.time": "33|ms" });
