#!/usr/bin/env perl
# Deletions of several children of one server share calls, which have no task: the answer
# is all there is. One that fails fails alone; when answers get lost, or the child that
# makes the call is killed in the middle, none is lost and none is sent more often than
# needed.
use strict;
use warnings;
use Test::More;
use List::Util qw(max sum0);
use Crowd;
use Sandbox;
use TestGateway;
use Time::HiRes ();
use Truth;

my ($CROWD, $THREADS) = (24, 8);

# A connection that is idle ends soon: what is open then is a call under way.
my $sandbox = Sandbox->new(users => 150, scale => 10, conf => "KeepAliveTimeout 1\n");
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => 4,
    threads   => $THREADS,
    account   => "ScimRCRefresh 1h\nScimRCMaxAge 1h",
    location  => "ScimRCPatience 60s\nScimRCDelete remove");
$gw->start_filled;
# While a killed child is replaced all the others may be busy.
$gw->allow_log(qr{AH00484});
$sandbox->config(record => 1);
my $scim = $gw->scim;
my @people = map { $_->{id} } grep { !$_->{admin} && $_->{type} eq 'User' && $_->{status} eq 'Enabled' } $sandbox->extensions;
cmp_ok scalar(@people), '>=', 5 * $CROWD, 'there are people';

# More than a child has threads.
my $MORE = $gw->{mpm} eq 'prefork' ? 1 : $THREADS;

# All clients at once, when all are there; each deletes a user of its own. The server may
# be at work on it when a client finds its connection closed: HTTP::Tiny repeats a DELETE.
sub start {
    my (@ids) = @_;
    return Crowd->start(scalar @ids, sub {
        my ($n, $crowd) = @_;
        my $client = $scim->as;
        $crowd->step;
        Time::HiRes::sleep(0.01) while $crowd->steps < @ids;
        return $client->delete("/Users/$ids[ $n - 1 ]")->{status};
    });
}
sub take { return splice @people, 0, $CROWD }
sub statuses { my %n; $n{$_}++ for @_; return join ' ', map { "$_:$n{$_}" } sort keys %n }
sub left { my %there = map { $_->{id} => 1 } $sandbox->extensions; return join ' ', grep { $there{$_} } @_ }

# What was sent: the ids of each call; and how often each id was.
sub records { return map { [ map { $_->{id} } @{ $_->{body}{records} } ] } grep { $_->{op} eq 'bulkDeleteUsersV2' } $gw->sent }
sub count_ids { my %n; $n{$_}++ for map { @$_ } @_; return \%n }
sub sizes { return join ' ', map { scalar @$_ } @_ }
sub same { return is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is what the account is' }

subtest 'each its own' => sub {
    my @ids = take();
    my @bad = @ids[ 3, 4 ];
    $sandbox->fault({ match => { op => 'bulkDeleteUsersV2' }, action => { kind => 'fail_records', keys => [ map { "$_" } @bad ], code => 'JWS-1736' } });
    $gw->sent;
    my @answers = start(@ids)->results;
    my @records = records();
    cmp_ok max(0, map { scalar @$_ } @records), '>', $MORE, 'a call is for several children: ' . sizes(@records);
    is join(' ', map { $_ == 3 || $_ == 4 ? $answers[$_] =~ /^[45]/ : $answers[$_] == 204 } 0 .. $#ids), join(' ', (1) x @ids),
      'two are refused, the others done: ' . statuses(@answers);
    my $times = count_ids(@records);
    is join(' ', grep { ($times->{$_} // 0) != 1 } @ids), '', 'each is sent once';
    is left(@ids), "@bad", 'who was refused is still there';
    is join(' ', map { $scim->get("/Users/$_")->{status} } @ids[ 2 .. 5 ]), '404 200 200 404', 'here as there';
    $sandbox->faults_clear;
    is statuses(start(@bad)->results), '204:2', 'and deleted when it is asked for again';
    is left(@ids), '', 'there too';
    same();
};

for ([ reply_lost => 'done' ], [ close => 'not done' ], [ cut => 'done, with half an answer' ]) {
    my ($kind, $what) = @$_;
    subtest "a lost answer: $what" => sub {
        my @ids = splice @people, 0, $CROWD / 2;
        $sandbox->fault({ match => { op => 'bulkDeleteUsersV2' }, times => 1, action => $kind });
        $gw->sent;
        my @answers = start(@ids)->results;
        my @records = records();
        is statuses(@answers), '204:' . @ids, 'is made up for';
        is left(@ids), '', 'all are gone';
        my ($lost, $times) = (count_ids($records[0]), count_ids(@records));
        is join(' ', grep { $times->{$_} != 1 + ($lost->{$_} // 0) } @ids), '', 'those of that call are asked about once, the others sent once: ' . sizes(@records)
          if $kind ne 'close';
        is join(' ', grep { $times->{$_} > 2 } @ids), '', 'none is sent a third time';
        $sandbox->faults_clear;
        same();
    };
}

subtest 'answers that stay lost' => sub {
    my @ids = splice @people, 0, $CROWD / 2;
    $sandbox->fault({ match => { op => 'bulkDeleteUsersV2' }, action => 'reply_lost' });
    $gw->sent;
    my @answers = start(@ids)->results;
    my $times = count_ids(records());
    $sandbox->faults_clear;
    is join(' ', grep { !/^(204|503|504)\z/ } @answers), '', 'done, or an error: ' . statuses(@answers);
    is join(' ', grep { $times->{$_} != 2 } @ids), '', 'each is tried twice';
    my @again = start(@ids)->results;
    is join(' ', grep { !/^(204|404)\z/ } @again), '', 'who comes again hears that it is done: ' . statuses(@again);
    is left(@ids), '', 'all are gone';
    same();
};

# The children with a call under way.
sub carriers {
    my $port = sprintf '%04X', $sandbox->port;
    my %open;
    for (split /\n/, $gw->slurp('/proc/net/tcp')) {
        my (undef, undef, $to, $state, @more) = split;
        $open{ $more[5] } = 1 if ($to // '') =~ /:$port\z/ && $state eq '01';
    }
    return grep { grep { (readlink($_) // '') =~ /^socket:\[(\d+)\]/ && $open{$1} } glob "/proc/$_/fd/*" } $gw->children;
}

subtest 'the carrier is killed' => sub {
    my @ids = take();
    $sandbox->fault({ match => { op => 'bulkDeleteUsersV2' }, times => 1, action => { kind => 'late_hang', ms => 60000 } });
    $gw->sent;
    my $crowd = start(@ids);
    ok $gw->wait_until(sub { left(@ids) ne "@ids" }), 'RingCentral has done it and does not answer';
    my @carriers;
    ok $gw->wait_until(sub { @carriers = carriers(); @carriers == 1 }), 'one child waits for the answer';
    kill KILL => @carriers;
    my @answers = $crowd->results;
    my @records = records();
    my ($held, $times) = (count_ids($records[0]), count_ids(@records));
    cmp_ok scalar(keys %$held), '>', $MORE, 'that was for several children: ' . sizes(@records);
    is join(' ', grep { !/^(204|404|599)\z/ } @answers), '', 'each is answered, or its child was killed: ' . statuses(@answers);
    cmp_ok scalar(grep { $_ != 204 } @answers), '<=', $THREADS, 'those of the other children are done';
    is join(' ', grep { $answers[$_] != 204 && !$held->{ $ids[$_] } } 0 .. $#ids), '', 'nobody is told that it was done who was not in that call';
    is join(' ', grep { $times->{$_} > 1 + ($held->{$_} // 0) } @ids), '', 'none is sent more often than needed';
    my %answer = map { $ids[$_] => $answers[$_] } 0 .. $#ids;
    is left(grep { $answer{$_} != 599 } @ids), '', 'what was answered is so';
    my @again = start(@ids)->results;
    is join(' ', grep { !/^(204|404)\z/ } @again), '', 'no lock is left: ' . statuses(@again);
    is left(@ids), '', 'all are gone';
    same();
};

is $sandbox->ratelimit->{wastedCalls}, 0, 'no call against the limits';
$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
