// What statsd-client of npm sends: everything in this folder's README, as far as it can do it.
"use strict";
const fs = require("fs");
const StatsDClient = require("statsd-client");

const LIMIT = 512;
const meant = [];
const where = { host: process.env.STATSD_HOST, port: Number(process.env.STATSD_PORT) };

// Names of counters whose lines, with LF between them, take `size` bytes.
function linesOf(size, name) {
  const line = `${name}.00:1|c`;
  const number = Math.floor((size + 1) / (line.length + 1));
  const over = size - (number * (line.length + 1) - 1);
  return Array.from({ length: number }, (_, place) => `${name}.${String(place).padStart(2, "0")}` + (place ? "" : "x".repeat(over)));
}

function countAll(client, names) {
  for (const name of names) {
    client.increment(name);
    meant.push(`${name}:1|c`);
  }
}

const client = new StatsDClient({ ...where, maxBufferSize: 0 });
client.timing("time", 1.5);
client.timing("time.small", 0.0000001);
client.counter("counter.negative", -3);
client.counter("counter.nan", NaN);
client.gauge("gauge.negative", -5);
client.gaugeDelta("gauge.change", 2);
client.histogram("histogram", 1.5);
client.distribution("distribution", 1.5);
client.increment("tagged", 1, { a: "b" });
client.increment("tags.comma", 1, { a: "b,c" });
client.increment("tags.bar", 1, { a: "b|c" });
client.increment("tags.feed", 1, { a: "b\nc" });
client.increment("unicode.\u00fc");
client.increment("name:colon");
client.increment("name|bar");
client.increment("name\nfeed");
client.increment("name blank");
client.set("set", "member|s\ninjected:9|c");
client.set("set.unicode", "\u00fc");
const batch = new StatsDClient({ ...where, maxBufferSize: LIMIT });
countAll(batch, linesOf(LIMIT, "full"));
// One character, two bytes: what is counted in characters is longer on the wire.
batch.increment("wide." + "\u00fc".repeat(LIMIT - 20));
batch.increment("after.wide");
countAll(batch, linesOf(LIMIT + 1, "over"));
countAll(batch, ["long." + "x".repeat(LIMIT), "after.long"]);
setTimeout(() => {
  batch.close();
  client.close();
  const unclosed = new StatsDClient({ ...where, maxBufferSize: LIMIT, socketTimeout: 60000 });
  unclosed.increment("unclosed");
  meant.push("unclosed:1|c");
  fs.writeFileSync(process.env.STATSD_MEANT, meant.join("\n"));
  setTimeout(() => process.exit(0), 300);
}, 400);
