#!/usr/bin/env perl
# Changes that wait in several children of one server share calls: more than one child has
# requests. A child that is killed while it carries those of others takes only its own
# with it; and what it has given to another one is done without it.
use strict;
use warnings;
use Test::More;
use List::Util qw(max sum0);
use Crowd qw(statuses);
use Sandbox;
use TestGateway;
use Truth;

my ($CROWD, $ROUNDS, $THREADS) = (24, 4, 8);
my $sandbox = Sandbox->new(users => 60, scale => 10);
$sandbox->config(bulk_start_ms => 500, bulk_item_ms => 20, limit_medium => 4);
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => 4,
    threads   => $THREADS,
    log_level => 'info scim_rc:debug',
    account   => "ScimRCRefresh 1h\nScimRCMaxAge 1h",
    location  => "ScimRCPatience 60s\nScimRCDelete remove");
$gw->start_filled;
# While a killed child is replaced all the others may be busy.
$gw->allow_log(qr{AH00484});
$sandbox->config(record => 1);
my $scim = $gw->scim;
my @people = grep { !$_->{admin} && $_->{type} eq 'User' && $_->{status} eq 'Enabled' } $sandbox->extensions;
my @ids = map { $_->{id} } @people;
cmp_ok scalar(@ids), '>=', 2 * $CROWD, 'there are people';

# More than a child has threads.
my $MORE = $gw->{mpm} eq 'prefork' ? 1 : $THREADS;

sub retitle {
    my ($client, $n, $title) = @_;
    my $answer = $client->patch("/Users/$ids[ $n - 1 ]", { op => 'replace', path => 'title', value => $title });
    return $answer->{status};
}
# All clients at once, when all are there; `$work` gets a client and the number.
sub crowd {
    my ($work) = @_;
    return Crowd->start($CROWD, sub {
        my ($n, $crowd) = @_;
        $crowd->meet;
        return $work->($scim->as, $n);
    });
}
sub titles { return map { $_->{id} => $_->{contact}{jobTitle} // '' } $sandbox->extensions }

# The records of each call that carries several: lists of ids.
sub records {
    return map { [ map { ref ? $_->{id} : $_ } @{ $_->{body}{records} } ] } grep { $_->{op} =~ /^(extensionBulkUpdate|bulkDeleteUsersV2)\z/ } @_;
}

subtest 'together' => sub {
    # Each on a connection of its own: when its threads are busy a child closes idle ones.
    my @answers = crowd(sub { my ($client, $n) = @_; return [ map { retitle($client->as, $n, "Title $n $_") } 1 .. $ROUNDS ] })->results;
    is statuses(map { @$_ } @answers), '200:' . $CROWD * $ROUNDS, 'all succeed';
    my %title = titles();
    is join(' ', grep { $title{ $ids[ $_ - 1 ] } ne "Title $_ $ROUNDS" } 1 .. $CROWD), '', 'each as it should be';
    my @sent = $gw->sent;
    my @records = map { scalar @$_ } records(@sent);
    cmp_ok max(0, @records), '>', $MORE, 'a call carries more than a child can have: ' . join ' ', @records;
    my %times;
    $times{$_}++ for map { @$_ } records(@sent), [ map { $_->{path} =~ m{/extension/(\d+)\z} } grep { $_->{op} eq 'updateExtension' } @sent ];
    is join(' ', grep { $times{$_} != $ROUNDS } keys %times), '', 'and none is sent twice';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is what the account is';
};

# Who made the call that is under way: the server's log tells.
sub carrier {
    my ($pid) = reverse $gw->error_log =~ /\[pid (\d+).*? getExtensionBulkUpdateTask: /g;
    return $pid;
}

subtest 'the carrier is killed' => sub {
    $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => { kind => 'hold_task', after => 3 } });
    my $before = () = $gw->error_log =~ / getExtensionBulkUpdateTask: /g;
    my $crowd = crowd(sub { return retitle(@_, "Killed $_[1]") });
    ok $gw->wait_until(sub { grep { $_->{status} eq 'InProgress' && $_->{done} == 3 } $sandbox->tasks }), 'in the middle of a task';
    ok $gw->wait_until(sub { $before < (() = $gw->error_log =~ / getExtensionBulkUpdateTask: /g) }), 'which is looked at';
    kill KILL => carrier();
    $sandbox->task_order(action => 'release');
    my @answers = $crowd->results;
    my ($held) = my @records = records(my @sent = $gw->sent);
    my %answer = map { $ids[$_] => $answers[$_] } 0 .. $#answers;
    cmp_ok scalar(@$held), '>', $MORE, 'that was for several children: ' . join ' ', map { scalar @$_ } @records;
    is join(' ', grep { !/^(200|599)\z/ } @answers), '', 'each is answered, or its child was killed: ' . statuses(@answers);
    cmp_ok scalar(grep { $answer{$_} == 200 } @$held), '>=', @$held - $THREADS, 'those of the other children are done';
    my %title = titles();
    is join(' ', grep { $answers[ $_ - 1 ] == 200 && $title{ $ids[ $_ - 1 ] } ne "Killed $_" } 1 .. $CROWD), '', 'what was answered is so';
    my %times;
    $times{$_}++ for map { @$_ } @records;
    is join(' ', grep { $times{$_} > 1 } @$held), '', 'nothing is sent twice';
    @answers = crowd(sub { return retitle(@_, "Again $_[1]") })->results;
    is statuses(@answers), "200:$CROWD", 'no lock is left';
    %title = titles();
    is join(' ', grep { $title{ $ids[ $_ - 1 ] } ne "Again $_" } 1 .. $CROWD), '', 'and who comes again is served';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is what the account is';
    $sandbox->faults_clear;
};

# The other children's clients are on their own with it, and nobody else is.
subtest 'guests are killed' => sub {
    $gw->sent;
    $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => { kind => 'hold_task', after => 3 } });
    my $before = () = $gw->error_log =~ / getExtensionBulkUpdateTask: /g;
    my $crowd = crowd(sub { return retitle(@_, "Guest $_[1]") });
    ok $gw->wait_until(sub { grep { $_->{held} && $_->{status} eq 'InProgress' } $sandbox->tasks }), 'in the middle of a task';
    ok $gw->wait_until(sub { $before < (() = $gw->error_log =~ / getExtensionBulkUpdateTask: /g) }), 'which is looked at';
    my $carrier = carrier();
    my @others = grep { $_ != $carrier } $gw->children;
    my @killed = @others[ grep { $_ % 2 == 0 } 0 .. $#others ];
    kill KILL => @killed;
    ok $gw->wait_until(sub { my %lives = map { $_ => 1 } $gw->children; !grep { $lives{$_} } @killed }), 'children of others are killed';
    $sandbox->task_order(action => 'release');
    my @answers = $crowd->results;
    my ($held) = my @records = records(my @sent = $gw->sent);
    my %answer = map { $ids[$_] => $answers[$_] } 0 .. $#answers;
    is join(' ', grep { !/^(200|599)\z/ } @answers), '', 'each is answered, or its child was killed: ' . statuses(@answers);
    cmp_ok scalar(grep { $answer{$_} == 599 } @$held), '>', 0, 'some of those whose changes were under way hear nothing';
    cmp_ok scalar(grep { $answer{$_} == 200 } @$held), '>', 0, 'the others do';
    my %title = titles();
    my %number = map { $ids[ $_ - 1 ] => $_ } 1 .. $CROWD;
    is join(' ', grep { $title{$_} ne "Guest $number{$_}" } @$held), '', 'all that was under way is done';
    is join(' ', grep { $answer{$_} == 200 && $title{$_} ne "Guest $number{$_}" } @ids[ 0 .. $CROWD - 1 ]), '', 'and what was answered is so';
    my %times;
    $times{$_}++ for map { @$_ } @records;
    is join(' ', grep { $times{$_} > 1 } sort keys %times), '', 'nothing is sent twice';
    # What the copy has of those whom nobody waited for is as it was: not to be believed.
    @answers = crowd(sub { return retitle(@_, "Again $_[1]") })->results;
    is statuses(@answers), "200:$CROWD", 'all take it back';
    %title = titles();
    is join(' ', grep { $title{ $ids[ $_ - 1 ] } ne "Again $_" } 1 .. $CROWD), '', 'which is not taken for done already';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is what the account is';
    $sandbox->faults_clear;
};

subtest 'deletions' => sub {
    $gw->sent;
    my @answers = crowd(sub { return $_[0]->delete("/Users/$ids[ $_[1] - 1 ]")->{status} })->results;
    is statuses(@answers), "204:$CROWD", 'all are deleted';
    my @records = map { scalar @$_ } records($gw->sent);
    is sum0(@records), $CROWD, 'each once: ' . join ' ', @records;
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is what the account is';
};

Crowd->go_home($gw, $sandbox);
done_testing;
