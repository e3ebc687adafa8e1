// A server module for the original StatsD (its option `servers`) that takes datagrams from standard input instead of a
// socket, and that makes the flush timer fire when it is told to. stats.js itself runs as it is.
//
// One command a line: `flush`, or a datagram in hexadecimal, which may be empty. The end of the input ends the process.
// With `ownClock` the timer is left alone, and only the end of the input matters.

const lines = require('readline');

exports.start = function (config, receive) {
  const setTimer = global.setTimeout;
  let flushMetrics;
  if (!config.ownClock) {
    global.setTimeout = function (callback, ...rest) {
      if (callback.name === 'flushMetrics') {
        flushMetrics = callback;
        return null;
      }
      return setTimer(callback, ...rest);
    };
  }
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
