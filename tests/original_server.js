// A server module for the original StatsD (its option `servers`) that takes datagrams from standard input instead of a
// socket, and that makes the flush timer fire when it is told to. stats.js itself runs as it is.
//
// One command a line: `flush`, or a datagram in hexadecimal, which may be empty.

const lines = require('readline');

const setTimer = global.setTimeout;
let flushMetrics;

global.setTimeout = function (callback, ...rest) {
  if (callback.name === 'flushMetrics') {
    flushMetrics = callback;
    return null;
  }
  return setTimer(callback, ...rest);
};

exports.start = function (config, receive) {
  const commands = lines.createInterface({input: process.stdin});
  commands.on('line', (line) => {
    if (line === 'flush') {
      flushMetrics();
    } else {
      receive(Buffer.from(line, 'hex'), {});
    }
  });
  commands.on('close', () => process.exit(0));
  return true;
};
