#!/usr/bin/env perl
# Two gateways that spend of one quota at full speed: what is there is used, by both, and
# RingCentral refuses no call; one sign-in does for both. When their Redis goes each goes
# on with its share, and says so; when it is back they share again.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Crowd;
use Sandbox;
use TestGateway;
use TestRedis;

my $WINDOW  = 6;    # seconds, of a minute
my $redis   = TestRedis->new->start;
my $sandbox = Sandbox->new(users => 5, scale => 60 / $WINDOW);

sub gateway {
    my ($name) = @_;
    my $gw = TestGateway->new(
        name      => $name,
        sandbox   => $sandbox,
        processes => 2,
        account   => join("\n", 'ScimRCRefresh 1h', 'ScimRCMaxAge 1h', 'ScimRCShared ' . $redis->url),
        location  => 'ScimRCPatience 0');
    $gw->{conf} .= $gw->location_conf('/patient', 'main', "ScimRCPatience 60s\n");
    return $gw->start_filled;
}

my @gateways = map { gateway($_) } qw(one two);

# A client of the first or of the second gateway, by turns.
sub client {
    my ($n, $path) = @_;
    my $gw = $gateways[ $n % 2 ];
    return $path ? $gw->scim->as(base => $gw->url($path)) : $gw->scim;
}

sub sign_ins { $sandbox->counters->{ops}{getToken} }

sub refused { $sandbox->ratelimit->{wastedCalls} }

sub used {
    my ($group) = @_;
    my ($bucket) = grep { $_->{group} eq $group } @{ $sandbox->ratelimit->{buckets} };
    return $bucket->{used};
}

# A time after which neither side remembers a call.
sub pass_the_window {
    $sandbox->advance(60);
    sleep $WINDOW * 1.1;
}

my $batch = 0;

# Makes users through both gateways: answer => how often, of "GATEWAY STATUS".
sub make_users {
    my ($clients, $each, $path) = @_;
    $batch++;
    return Crowd->tally($clients, sub {
        my ($n) = @_;
        my $scim = client($n, $path);
        return map {
            my $answer = $scim->post('/Users', $scim->user("b$batch.c$n.u$_\@example.com"));
            $gateways[ $n % 2 ]{name} . " $answer->{status}";
        } 1 .. $each;
    });
}

sub lines {
    my ($gw, $tag) = @_;
    return scalar grep { /$tag/ } split /\n/, $gw->error_log;
}

sub is_said_once {
    my ($tag, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    for my $gw (@gateways) {
        ok $gw->wait_until(sub { lines($gw, $tag) }), "$gw->{name}: $what";
        is lines($gw, $tag), 1, "$gw->{name}: ... once";
    }
    return;
}

# --- at full speed ----------------------------------------------------------------

is sign_ins(), 1, 'one sign-in for both';
pass_the_window();
my %got = make_users(8, 10);
is used('medium'), 40, 'who has no patience: all of the quota is used';
is $got{'one 201'} + $got{'two 201'}, 40, 'by both together';
is_deeply [ sort keys %got ], [ 'one 201', 'one 429', 'two 201', 'two 429' ],
  'and each of them gets some, or asks to come again';
is refused(), 0, 'RingCentral refuses nothing';

%got = make_users(8, 8, '/patient');
is_deeply \%got, { 'one 201' => 32, 'two 201' => 32 }, 'who has patience is served by both';
is refused(), 0, 'and nothing is refused';
is sign_ins(), 1, 'still one sign-in';

# --- a penalty --------------------------------------------------------------------

pass_the_window();
$_->allow_log(qr/SCIMRC0202/) for @gateways;
my @other = map { $sandbox->api(GET => '/restapi/v1.0/account/~/extension?perPage=1')->{status} } 1 .. 41;
is $other[-1], 429, 'somebody else brings a penalty about';
my $before = refused();
%got = make_users(1, 1);
is_deeply \%got, { 'two 429' => 1 }, 'one gateway meets it';
%got = make_users(4, 3);
is_deeply \%got, { 'one 429' => 6, 'two 429' => 6 }, 'and both stop';
is refused() - $before, 1, 'after that one call';
pass_the_window();

# --- alone ------------------------------------------------------------------------

$before = refused();
$redis->stop;
%got = make_users(8, 6, '/patient');
is_deeply \%got, { 'one 201' => 24, 'two 201' => 24 }, 'without the Redis work goes on';
is refused(), $before, 'and nothing is refused';
is_said_once('SCIMRC0500', 'that it is gone is said');

$redis->start;
is_said_once('SCIMRC0501', 'that it is back, too');
%got = make_users(8, 6, '/patient');
is_deeply \%got, { 'one 201' => 24, 'two 201' => 24 }, 'together again';
is refused(), $before, 'and nothing is refused';

$_->stop for @gateways;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
