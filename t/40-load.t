#!/usr/bin/env perl
# Many clients, several children, and RingCentral's limits as they are: every request is
# answered well, no call is sent that RingCentral refuses, and one access token serves
# all. Also when the token dies, when the server is restarted gracefully in the middle,
# and right after a full stop.
use strict;
use warnings;
use Test::More;
use Crowd;
use Sandbox;
use TestGateway;

my $CLIENTS = 12;
my $sandbox = Sandbox->new(users => 40, unassigned => 300, scale => 20);
$sandbox->config(latency => 'on');

my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => 4,
    threads   => 8,
    account   => "ScimRCMaxAge 2s\nScimRCRefresh 5s",
    location  => "ScimRCPatience 1min");
$gw->{conf} .= $gw->location_conf('/fill', 'main',
    "ScimRCCreate unassigned\nScimRCDelete remove\nScimRCPatience 1min");

# What one client does as long as it may: everything that costs a call. The result is
# what went wrong.
sub work {
    my ($n, $crowd) = @_;
    my $scim = $n % 4 ? $gw->scim : $gw->scim->as(base => $gw->url('/fill'));
    my @wrong;
    my $do = sub {
        my ($status, $method, $path, $body) = @_;
        my $answer = $scim->request($method, $path, $body, { connection => 'close' });
        push @wrong, "$method $path: $answer->{status} $answer->{content}"
          if $answer->{status} != $status;
        $crowd->step;
        return $answer->{json} // {};
    };
    for (my $i = 1; $crowd->goes_on && !@wrong; $i++) {
        my $name = "client$n.$i.$$\@example.com";
        my $found = $do->(200, GET => '/Users?filter=' . "userName%20eq%20%22$name%22");
        push @wrong, "$name is there already" if $found->{totalResults};
        my $user = $do->(201, POST => '/Users', $scim->user($name));
        last unless defined $user->{id};
        $do->(200, PATCH => "/Users/$user->{id}", {
            schemas => [$ScimClient::PATCH_OP],
            Operations => [ { op => 'replace', path => 'title', value => "title $i" } ]
        });
        my $same = $do->(200, GET => "/Users/$user->{id}");
        push @wrong, "$user->{id} is read as it was" if ($same->{title} // '') ne "title $i";
        $do->(204, DELETE => "/Users/$user->{id}") if $n % 4 == 0 || $i % 2;
    }
    return \@wrong;
}

sub sign_ins { return $sandbox->counters->{ops}{getToken} // 0 }

# Calls that count in the medium bucket now, of 40.
sub used {
    my ($medium) = grep { $_->{group} eq 'medium' } @{ $sandbox->ratelimit->{buckets} };
    return $medium->{used};
}

# Nothing was wasted since the last look.
sub thrifty {
    my ($what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $quota = $sandbox->ratelimit;
    is $quota->{wastedCalls}, 0, "$what: no call was refused";
    is $quota->{prolongedSeconds}, 0, "$what: none was sent into a penalty";
}

$gw->start_filled;
my $crowd = Crowd->start($CLIENTS, \&work);
ok $crowd->wait_for_steps(80), 'they work';
is sign_ins(), 1, 'one access token for all children';

$sandbox->invalidate_tokens;
ok $crowd->wait_for_steps(60), 'they go on after the token became invalid';
is sign_ins(), 2, 'it was renewed once';

ok $gw->graceful, 'a graceful restart';
ok $crowd->wait_for_steps(60), 'they go on';
is_deeply [ map { @$_ } $crowd->finish ], [], 'every request was answered as it should be';
is sign_ins(), 2, 'the new children have the same token';
thrifty('load');

# --- stopped and started with the quota used up -----------------------------------

$crowd = Crowd->start($CLIENTS, \&work);
ok $gw->wait_until(sub { used() >= 38 }), 'they use all of the quota';
$crowd->finish;
$gw->stop;
$gw->start;
is_deeply [ map { @$_ } Crowd->run($CLIENTS, \&work_twice) ], [], 'and right after a full stop';
thrifty('cold start');
is scalar(grep { $_->{status} == 429 } $sandbox->calls), 0, 'no 429 at all';

sub work_twice { return work($_[0], bless { turns => 2 }, 'Turns') }

$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;

package Turns;

sub goes_on { return $_[0]{turns}-- > 0 }
sub step { }
