// What hot-shots of npm sends: everything in this folder's README, as far as it can do it.
"use strict";
const fs = require("fs");
const { StatsD } = require("hot-shots");

const LIMIT = 512;
const meant = [];
const where = { host: process.env.STATSD_HOST, port: Number(process.env.STATSD_PORT), errorHandler: () => {} };
Math.random = () => 0;

// Names of counters whose lines, with `between` bytes for each LF, take `size` bytes.
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

const client = new StatsD(where);
client.increment("rate", 1, 0.25);
client.timing("time", 1.5);
client.timing("time.small", 0.0000001);
client.increment("counter.negative", -3);
client.increment("counter.nan", NaN);
client.gauge("gauge.negative", -5);
client.histogram("histogram", 1.5);
client.distribution("distribution", 1.5);
client.increment("tagged", 1, ["a:b", "c"]);
client.increment("tags.comma", 1, { a: "b,c" });
client.increment("tags.bar", 1, { a: "b|c" });
client.increment("tags.feed", 1, { a: "b\nc" });
client.increment("tags.unicode", 1, { a: "\u00fc" });
client.increment("unicode.\u00fc");
client.increment("name:colon");
client.increment("name|bar");
client.increment("name\nfeed");
client.increment("name blank");
client.set("set", "member|s\ninjected:9|c");
client.set("set.unicode", "\u00fc");
client.event("title|bar", "a text\nof two lines");
client.check("check", 0, { message: "a\nmessage" });
const batch = new StatsD({ ...where, maxBufferSize: LIMIT });
countAll(batch, linesOf(LIMIT, "full"));
batch.close(() => {
  const more = new StatsD({ ...where, maxBufferSize: LIMIT });
  countAll(more, [...linesOf(LIMIT + 1, "over"), "long." + "x".repeat(LIMIT), "after.long"]);
  more.close(() => client.close(() => {
    const unclosed = new StatsD({ ...where, maxBufferSize: LIMIT, bufferFlushInterval: 60000 });
    unclosed.increment("unclosed");
    meant.push("unclosed:1|c");
    fs.writeFileSync(process.env.STATSD_MEANT, meant.join("\n"));
    process.exit(0);
  }));
});
