#!/usr/bin/env perl
# Who waits for the quota: first come, first served, whichever child has the connection;
# a client that goes away leaves its turn to those behind it; and when enough of them
# wait one more is told at once when to come again.
use strict;
use warnings;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);
use Sandbox;
use TestGateway;

my $WINDOW = $ENV{SANITIZER_PRELOAD} ? 15 : 6;    # seconds, of a minute
my $STEP   = $WINDOW / 15;    # seconds from one turn to the next
my $WAIT   = 6;      # that may wait

my $sandbox = Sandbox->new(users => 5, scale => 60 / $WINDOW);
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => 4,
    log_level => 'info scim_rc:debug',
    account   => "ScimRCRefresh 1h\nScimRCMaxAge 0\nScimRCMaxWaiting $WAIT",
    location  => 'ScimRCPatience 60s');
$gw->{conf} .= $gw->location_conf('/hasty', 'main', "ScimRCPatience 0\n");
$gw->start_filled;
my $hasty = $gw->scim->as(base => $gw->url('/hasty'));

# A lookup of a name that nobody has takes a Medium call each time.
sub path_of { return "/Users?filter=userName%20eq%20%22$_[0]\@example.com%22" }

# The lookups that RingCentral saw: name and time, as they came.
sub seen {
    return map { [ $_->{query} =~ /email=(\w+)/, $_->{time} ] }
      grep { $_->{query} =~ /email=/ && $_->{status} == 200 } $sandbox->calls(op => 'listExtensions');
}
sub names { return join ' ', map { $_->[0] } grep { $_->[0] =~ /^$_[0]/ } seen() }
sub waiting { return scalar(() = $gw->error_log =~ /a medium call waits/g) }

# A request on a connection of its own; returns when it waits for its turn.
sub ask {
    my ($name) = @_;
    my $before = waiting();
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $gw->port) or die $!;
    print $socket 'GET ', $gw->{path}, path_of($name), " HTTP/1.1\r\nHost: localhost\r\n",
      "Authorization: Bearer $gw->{token}{writer}\r\nConnection: close\r\n\r\n";
    ok $gw->wait_until(sub { waiting() > $before }), "$name waits";
    return $socket;
}

sub status_of {
    my ($socket) = @_;
    my $answer = do { local $/; <$socket> } // '';
    return $answer =~ m{^HTTP/1.1 (\d+)} ? $1 : 'none';
}

# Uses the quota up: a few calls that make the turns to wait for, and a burst.
sub use_up {
    my ($batch) = @_;
    my @status;
    for my $n (1 .. 8) {
        push @status, $hasty->get(path_of("${batch}turn$n"))->{status};
        sleep $STEP;
    }
    my $n = 0;
    while ($n < 60 && $status[-1] == 200) {
        push @status, $hasty->get(path_of("${batch}burst" . ++$n))->{status};
    }
    return $status[-1];
}

# What the first reading took is forgotten.
my $filled = time;
$gw->wait_until(sub { time > $filled + 1.02 * $WINDOW });

is use_up('a'), 429, 'the quota is used up';
my @sockets = map { ask("ax$_") } 1 .. 6;

# --- one too many -----------------------------------------------------------------

my $answer = $gw->scim->get(path_of('aspare'));
is $answer->{status}, 429, 'one more than may wait: 429';
cmp_ok $answer->{seconds}, '<', 2, '... at once';
like $answer->{headers}{'retry-after'}, qr/^[1-9]\d?$/, '... with the time until its turn';
cmp_ok $answer->{headers}{'retry-after'}, '<=', $WINDOW + 1, '... and no longer';

# --- the order --------------------------------------------------------------------

is join(' ', map { status_of($_) } @sockets), join(' ', (200) x 6), 'all are answered';
is names('ax'), 'ax1 ax2 ax3 ax4 ax5 ax6', 'in the order in which they came';

# --- a client that goes away ------------------------------------------------------

is use_up('b'), 429, 'the quota is used up again';
@sockets = map { ask("bx$_") } 1 .. 6;
my $gone = splice @sockets, 2, 1;
close $gone;
ok $gw->wait_until(sub { $gw->access_log =~ /bx3%40|bx3@/ }), 'one goes away, and its request ends';
push @sockets, ask('bx7');
is join(' ', map { status_of($_) } @sockets), join(' ', (200) x 6), 'the others are answered';
is names('bx'), 'bx1 bx2 bx4 bx5 bx6 bx7', 'in their order';

is scalar(grep { $_->{status} == 429 } $sandbox->calls), 0, 'RingCentral refused no call';
$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
