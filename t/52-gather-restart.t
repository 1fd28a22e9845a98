#!/usr/bin/env perl
# A graceful restart while writes of several children share calls, one of which is under
# way: the children of before finish what they have, those after begin with what comes
# then. Each request is answered, and each write is done once.
use strict;
use warnings;
use Test::More;
use Crowd qw(statuses);
use Sandbox;
use TestGateway;
use Truth;

# Who is there before, who comes after, and how many requests each makes.
my ($CROWD, $LATE, $ROUNDS) = (18, 8, 2);
my $ALL = ($CROWD + $LATE) * $ROUNDS;

my $sandbox = Sandbox->new(users => 100, scale => 20);
$sandbox->config(bulk_start_ms => 1000, bulk_item_ms => 20, limit_medium => 4);
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => 3,
    threads   => 16,
    account   => "ScimRCRefresh 1h\nScimRCMaxAge 1h",
    location  => "ScimRCPatience 60s\nScimRCDelete remove\nScimRCBatchProvisioning On");
# While children of before are at work the others may all be busy.
$gw->allow_log(qr{AH00484|AH03490});
$gw->start_filled;
$sandbox->config(record => 1);
my $scim = $gw->scim;
my @people = map { $_->{id} } grep { !$_->{admin} && $_->{type} eq 'User' && $_->{status} eq 'Enabled' } $sandbox->extensions;
cmp_ok scalar(@people), '>=', $ALL, 'there are people';

# `$work` gets a client, its number and that of the request. Connections are not kept: the
# restart would close them at the moment when a request is sent.
sub start {
    my ($count, $work) = @_;
    return Crowd->start($count, sub {
        my ($n, $crowd) = @_;
        my ($client, @answers) = ($scim->as);
        for my $round (1 .. $ROUNDS) {
            my $answer = $client->request($work->($n, $round), { connection => 'close' });
            push @answers, { n => $n, round => $round, status => $answer->{status}, json => $answer->{json} };
            $crowd->step;
        }
        return \@answers;
    });
}

sub calls { return scalar grep { $_->{method} ne 'GET' && $_->{path} !~ /oauth/ } $sandbox->calls }
sub held { return grep { $_->{held} } $sandbox->tasks }

# The restart comes when `$is_under_way`, which is told how many have an answer. All
# answers.
sub restart {
    my ($work, $is_under_way) = @_;
    $gw->sent;
    my $first = start($CROWD, $work);
    ok $gw->wait_until(sub { $is_under_way->($first->steps) }), 'a call for several is under way';
    my %old = map { $_ => 1 } $gw->children;
    ok $gw->graceful, 'a graceful restart';
    my ($is_held, $made) = (scalar held(), calls());
    my $late = start($LATE, sub { my $n = shift; return $work->($n + $CROWD, @_) });
    ok $gw->wait_until(sub { grep { !$old{$_} } $gw->children }), 'there are new children';
    if ($is_held) {
        ok $gw->wait_until(sub { calls() > $made }), 'which make calls';
        is scalar(held()), 1, 'while the other one is still under way';
        cmp_ok scalar(grep { $old{$_} } $gw->children), '>=', 1, 'by an old child';
        $sandbox->task_order(action => 'release');
    }
    my @answers = map { @$_ } $first->results;
    push @answers, map { $_->{n} += $CROWD; $_ } map { @$_ } $late->results;
    $sandbox->faults_clear;
    return @answers;
}

# The next task stops after so many records.
sub hold {
    my ($after) = @_;
    return $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => { kind => 'hold_task', after => $after } });
}


# How often each was sent.
sub count_up { my %n; $n{$_}++ for @_; return \%n }
sub not_once { my ($n, @all) = @_; return join ' ', map { "$_: " . ($n->{$_} // 0) } grep { ($n->{$_} // 0) != 1 } @all }
sub same { return is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is what the account is' }

subtest 'changes' => sub {
    hold(3);
    my @answers = restart(
        sub { my ($n, $round) = @_; return (PATCH => "/Users/$people[ $n - 1 ]", { schemas => [$ScimClient::PATCH_OP],
            Operations => [ { op => 'replace', path => 'title', value => "T $n $round" } ] }) },
        sub { scalar held() });
    is statuses(@answers), "200:$ALL", 'all are done';
    is join(' ', grep { $_->{json}{title} ne "T $_->{n} $_->{round}" } @answers), '', 'and say so';
    my %there = map { $_->{id} => $_->{contact}{jobTitle} // '' } $sandbox->extensions;
    is join(' ', grep { $there{ $people[ $_ - 1 ] } ne "T $_ $ROUNDS" } 1 .. $CROWD + $LATE), '', 'there, too';
    my @sent = $gw->sent;
    my @bulk = grep { $_->{op} eq 'extensionBulkUpdate' } @sent;
    cmp_ok scalar(@bulk), '>=', 2, 'in bulk calls: ' . join ' ', map { scalar @{ $_->{body}{records} } } @bulk;
    is not_once(count_up(map({ $_->{contact}{jobTitle} } map { @{ $_->{body}{records} } } @bulk),
            map { $_->{body}{contact}{jobTitle} } grep { $_->{op} eq 'updateExtension' } @sent), map { "T $_->{n} $_->{round}" } @answers), '', 'each once';
    same();
};

SKIP: {
    skip 'a child of prefork has nobody to share a call with', 1 if $gw->{mpm} eq 'prefork';
    subtest 'creates' => sub {
        hold(0);    # the first may be about one or two
        my $name = sub { return "new$_[0].$_[1]\@example.com" };
        my @answers = restart(
            sub { return (POST => '/Users', $scim->user($name->(@_), title => "New @_")) },
            sub { scalar held() });
        is statuses(@answers), "201:$ALL", 'all are made';
        my %there;
        push @{ $there{ lc($_->{contact}{email} // '') } }, $_ for $sandbox->extensions;
        my @names = map { $name->($_->{n}, $_->{round}) } @answers;
        is join(' ', grep { @{ $there{$_} // [] } != 1 } @names), '', 'each is there once';
        is join(' ', grep { my $e = $there{ $name->($_->{n}, $_->{round}) }[0];
            $e->{id} ne $_->{json}{id} || ($e->{contact}{jobTitle} // '') ne "New $_->{n} $_->{round}" } @answers), '', 'as its client wants it';
        my @sent = $gw->sent;
        my @batches = grep { $_->{op} eq 'postBatchProvisionUsers' } @sent;
        cmp_ok scalar(@batches), '>=', 2, 'in batches: ' . join ' ', map { scalar @{ $_->{body}{records} } } @batches;
        is not_once(count_up(map({ $_->{email} // $_->{contact}{email} } map { @{ $_->{body}{records} } } @batches),
                map { $_->{body}{contact}{email} } grep { $_->{op} eq 'createExtension' } @sent), @names), '', 'and was sent once';
        same();
    };
}

subtest 'deletions' => sub {
    my @ids = @people[ 0 .. $ALL - 1 ];
    my $gone = sub { my %there = map { $_->{id} => 1 } $sandbox->extensions; return scalar grep { !$there{$_} } @ids };
    # There is no task: the answer is late. What may go alone at first is not for several.
    $sandbox->fault({ match => { op => 'bulkDeleteUsersV2' }, action => { kind => 'latency', ms => 4000 } });
    my $is_under_way = sub { my ($answered) = @_; return 0 if $gone->() < $answered + 4; $sandbox->faults_clear; return 1 };
    my @answers = restart(
        sub { my ($n, $round) = @_; return (DELETE => "/Users/$ids[ ($n - 1) * $ROUNDS + $round - 1 ]", undef) }, $is_under_way);
    is statuses(@answers), "204:$ALL", 'all are done';
    is $gone->(), scalar(@ids), 'there, too';
    my @bulk = grep { $_->{op} eq 'bulkDeleteUsersV2' } $gw->sent;
    cmp_ok scalar(@bulk), '<', $ALL / 2, 'in few calls: ' . join ' ', map { scalar @{ $_->{body}{records} } } @bulk;
    is not_once(count_up(map { $_->{id} } map { @{ $_->{body}{records} } } @bulk), @ids), '', 'each once';
    same();
};

Crowd->go_home($gw, $sandbox);
done_testing;
