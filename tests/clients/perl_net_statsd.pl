# What Net::Statsd sends: everything in this folder's README, as far as it can do it.
use strict;
use warnings;
use Net::Statsd;

$Net::Statsd::HOST = $ENV{STATSD_HOST};
$Net::Statsd::PORT = $ENV{STATSD_PORT};
my @meant;

# The first number is below any rate.
srand(1);
srand($_), rand() <= 0.25 and srand($_), last for 1 .. 100;
Net::Statsd::increment("rate", 0.25);
Net::Statsd::timing("time", 1.5);
Net::Statsd::timing("time.small", 0.0000001);
Net::Statsd::update_stats("counter.negative", -3);
Net::Statsd::update_stats("counter.small", 0.0000001);
Net::Statsd::gauge("gauge.negative" => -5);
Net::Statsd::gauge("twice" => 1, "twice" => 2);
Net::Statsd::increment("unicode.\xc3\xbc");
Net::Statsd::increment("name:colon");
Net::Statsd::increment("name|bar");
Net::Statsd::increment("name\nfeed");
Net::Statsd::increment("name blank");
Net::Statsd::increment("long." . "x" x 1500);
Net::Statsd::gauge(map { ("many" => $_) } 1 .. 200);
for (1 .. 50) { Net::Statsd::increment("unclosed"); }
push @meant, "unclosed:50|c";
open(my $file, ">", $ENV{STATSD_MEANT}) or die;
print $file join("\n", @meant);
