# A service that is measured by Net::Statsd.
use strict;
use warnings;
use Net::Statsd;

$Net::Statsd::HOST = $ENV{STATSD_HOST};
$Net::Statsd::PORT = $ENV{STATSD_PORT};
for my $number (0 .. 11) {
    Net::Statsd::increment("shop.requests");
    Net::Statsd::timing("shop.request", 10 + 7.5 * $number);
    Net::Statsd::update_stats("shop.hits.route" . $number % 3, 2);
    Net::Statsd::gauge("shop.queue" => $number);
}
