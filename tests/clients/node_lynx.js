// What lynx of npm sends: everything in this folder's README, as far as it can do it.
"use strict";
const fs = require("fs");
const Lynx = require("lynx");

const meant = [];
Math.random = () => 0;
const client = new Lynx(process.env.STATSD_HOST, Number(process.env.STATSD_PORT), { on_error: () => {} });
client.increment("rate", 0.25);
client.timing("time", 1.5);
client.timing("time.small", 0.0000001);
client.count("counter.negative", -3);
client.gauge("gauge.negative", -5);
client.increment("unicode.\u00fc");
client.increment("name:colon");
client.increment("name|bar");
client.increment("name\nfeed");
client.increment("name blank");
client.set("set", "member|s\ninjected:9|c");
client.set("set.unicode", "\u00fc");
const many = Array.from({ length: 200 }, (_, number) => `many.${String(number).padStart(3, "0")}`);
client.increment(many);
meant.push(...many.map((name) => `${name}:1|c`));
client.increment("long." + "x".repeat(1500));
client.increment("unclosed");
meant.push("unclosed:1|c");
fs.writeFileSync(process.env.STATSD_MEANT, meant.join("\n"));
setTimeout(() => process.exit(0), 300);
