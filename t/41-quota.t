#!/usr/bin/env perl
# The quota at its end: who has no patience is told at once when to come again, and
# RingCentral is not bothered meanwhile: not by other children, and not by those of the
# next generation or of the next run. Who has patience waits.
use strict;
use warnings;
use Test::More;
use Crowd;
use Sandbox;
use TestGateway;

my $WINDOW  = 12;    # seconds, of a minute
my $sandbox = Sandbox->new(users => 5, scale => 60 / $WINDOW);
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => 4,
    account   => "ScimRCRefresh 1h\nScimRCMaxAge 1h",
    location  => 'ScimRCPatience 0');
$gw->{conf} .= $gw->location_conf('/patient', 'main', "ScimRCPatience 30s\n");
$gw->start_filled;
my $scim    = $gw->scim;
my $patient = $scim->as(base => $gw->url('/patient'));

# Calls but for sign-ins.
sub total {
    my $counters = $sandbox->counters;
    return $counters->{total} - ($counters->{ops}{getToken} // 0);
}

sub bucket {
    my ($group) = @_;
    my ($bucket) = grep { $_->{group} eq $group } @{ $sandbox->ratelimit->{buckets} };
    return $bucket;
}

# Is refused at once, with a time to come again, and nobody else hears of it.
sub is_refused {
    my ($what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $before = total();
    for my $client (map { $scim->as } 1 .. 8) {    # of whichever child
        my $answer = $client->post('/Users', $client->user('late@example.com'));
        my $after = $answer->{headers}{'retry-after'} // '';
        next if $answer->{status} == 429 && $after =~ /^[1-9]\d*$/ && $after <= $WINDOW + 1
          && $answer->{json}{status} eq '429' && $answer->{json}{schemas}[0] =~ /:Error$/;
        return fail "$what: $answer->{status} '$after' $answer->{content}";
    }
    return is total(), $before, "$what: 429 with Retry-After, and no call is made";
}

my %got = Crowd->make_users(12, $scim, 5);
is_deeply [ sort keys %got ], [ 201, 429 ], 'created, or asked to come again';
is bucket('medium')->{used}, 40, 'all of the quota is used';
is_refused('then');
is $scim->list->{status}, 200, 'reading goes on';
ok $gw->graceful, 'a graceful restart';
is_refused('the new children');
# A child of prefork that keeps an idle connection would take its time.
$gw->stop(($ENV{TEST_MPM} // '') eq 'prefork' ? 'TERM' : 'WINCH');
$gw->start;
is_refused('the next run of the server');
is $sandbox->ratelimit->{wastedCalls}, 0, 'no call was refused';

my $answer = $patient->post('/Users', $patient->user('patient@example.com'));
is $answer->{status}, 201, 'who has patience waits for the quota';
is $sandbox->ratelimit->{wastedCalls}, 0, 'and it is there';

$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
