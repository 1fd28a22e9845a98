#!/usr/bin/env perl
# Somebody else works with the same credential and spends of the same quota: the gateway
# sees it before it hurts, and when the other one brings a penalty about, one call learns
# of it for all.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Crowd;
use Sandbox;
use TestGateway;

my $WINDOW  = 5;    # seconds, of a minute
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

# What the other one sends; the answers' statuses.
sub other_calls {
    my ($count) = @_;
    return map { $sandbox->api(GET => '/restapi/v1.0/account/~/extension?perPage=1')->{status} }
      1 .. $count;
}

# A time after which neither side remembers a call.
sub pass_the_window {
    $sandbox->advance(60);
    sleep $WINDOW * 1.1;
}

$sandbox->config(latency => 'on');    # so that many are under way at once
other_calls(1);                       # signs in
pass_the_window();
is_deeply [ grep { $_ != 200 } other_calls(30) ], [], 'somebody else uses 30 of 40';
my %got = Crowd->make_users(12, $scim, 8);
is $sandbox->ratelimit->{wastedCalls}, 0, 'their calls are seen before they hurt';
is $got{201}, 10, 'what they left is used';
pass_the_window();

# while both work, as long as together they are within the limits
my $crowd = Crowd->start(3, sub {
    my ($n, $crowd) = @_;
    my @wrong;
    for (my $i = 1; $crowd->goes_on; $i++) {
        my $name = "side$n.$i\@example.com";
        my $answer = $patient->as->post('/Users', $scim->user($name));
        push @wrong, "$answer->{status} $answer->{content}" if $answer->{status} != 201;
        sleep 0.6;
        $crowd->step;
    }
    return \@wrong;
});
my @others;
until ($crowd->steps >= 12) {
    push @others, other_calls(1);
    sleep 0.6;
}
is_deeply [ map { @$_ } $crowd->finish ], [], 'side by side: the gateway works';
is_deeply [ grep { $_ != 200 } @others ], [], 'and so do the others';
is $sandbox->ratelimit->{wastedCalls}, 0, 'and nobody is refused';
pass_the_window();

$gw->expect_log(qr/SCIMRC0202/);
is((other_calls(41))[-1], 429, 'a penalty');
my $before = $sandbox->ratelimit;
%got = Crowd->make_users(12, $scim, 8);
my $after = $sandbox->ratelimit;
is_deeply [ keys %got ], [429], 'in a penalty: 429';
is $after->{wastedCalls} - $before->{wastedCalls}, 1, 'one call met it, for all';
my $answer = $patient->post('/Users', $patient->user('later@example.com'));
is $answer->{status}, 201, 'after it things go on';
is $sandbox->ratelimit->{wastedCalls}, $after->{wastedCalls}, 'without another one';

$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
