# A service that is measured by statsd-ruby.
require "statsd"

# What the library asks for a number between 0 and 1.
class Statsd
  def rand
    0.0
  end
end
client = Statsd.new(ENV["STATSD_HOST"], ENV["STATSD_PORT"].to_i)
client.namespace = "shop"
12.times do |number|
  client.increment("requests")
  client.timing("request", 10 + (7 * number))
  client.count("cache.hits", 2, 0.5)
  client.set("users", "user#{number % 4}")
  client.gauge("queue", number)
end
client.batch do |batch|
  24.times do |number|
    batch.increment("route.#{number % 3}.hits")
    batch.timing("route.#{number % 3}.time", 3 * number)
  end
end
