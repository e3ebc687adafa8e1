# What statsd-ruby sends: everything in this folder's README, as far as it can do it.
require "statsd"

LIMIT = 512
$meant = []

# Names of counters whose lines, with LF between them, take `size` bytes.
def lines_of(size, name)
  line = "#{name}.00:1|c"
  number = (size + 1) / (line.length + 1)
  over = size - (number * (line.length + 1) - 1)
  (0...number).map { |place| format("%s.%02d", name, place) + (place.zero? ? "x" * over : "") }
end

def count_all(batch, names)
  names.each do |name|
    batch.increment(name)
    $meant << "#{name}:1|c"
  end
  batch.flush
end

def attempt
  yield
rescue StandardError => e
  warn "refused: #{e}"
end

client = Statsd.new(ENV["STATSD_HOST"], ENV["STATSD_PORT"].to_i)
client.batch_size = nil
client.batch_byte_size = LIMIT
# What the library asks for a number between 0 and 1.
class Statsd
  def rand
    0.0
  end
end
client.increment("rate", 0.25)
client.timing("time", 1.5)
client.timing("time.small", 0.0000001)
client.count("counter.negative", -3)
client.count("counter.small", 0.0000001)
client.gauge("gauge.negative", -5)
attempt { client.increment("unicode.\u00fc") }
$meant << "unicode.\u00fc:1|c"
attempt { client.increment("name:colon") }
attempt { client.increment("name|bar") }
attempt { client.increment("name\nfeed") }
attempt { client.increment("name blank") }
attempt { client.set("set", "member|s\ninjected:9|c") }
attempt { client.set("set.unicode", "\u00fc") }
count_all(Statsd::Batch.new(client), lines_of(LIMIT, "full"))
count_all(Statsd::Batch.new(client), lines_of(LIMIT + 1, "over"))
count_all(Statsd::Batch.new(client), ["long." + "x" * LIMIT, "after.long"])
Array.new(4) { Thread.new { 50.times { client.increment("threads") } } }.each(&:join)
$meant << "threads:200|c"
unclosed = Statsd::Batch.new(client)
unclosed.increment("unclosed")
$meant << "unclosed:1|c"
File.write(ENV["STATSD_MEANT"], $meant.join("\n"))
