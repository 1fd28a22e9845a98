#!/usr/bin/env perl
# Many clients change users at the same time while the quota for single changes is short:
# their changes share bulk updates (under prefork across children: nothing is shared
# otherwise). One that is refused fails alone; lost answers, all children killed in the
# middle and a restart there lose none and double none.
use strict;
use warnings;
use JSON::PP ();
use Test::More;
use Crowd qw(statuses);
use Sandbox;
use TestGateway;
use Truth;

my $CROWD   = 24;
my $sandbox = Sandbox->new(users => 60, scale => 10);
$sandbox->config(bulk_start_ms => 500, bulk_item_ms => 20, limit_medium => 6);
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => 1,
    threads   => 32,
    account   => "ScimRCRefresh 1h\nScimRCMaxAge 1h",
    location  => "ScimRCPatience 60s\nScimRCDelete remove");
$gw->allow_log(qr/AH03490/);    # of httpd: the old child is still at work after the restart
$gw->start_filled;
$sandbox->config(record => 1);
my $scim = $gw->scim;
my @people = grep { !$_->{admin} && $_->{type} eq 'User' && $_->{status} eq 'Enabled' } $sandbox->extensions;
cmp_ok scalar(@people), '>=', 2 * $CROWD, 'there are people';
my @ids = map { $_->{id} } @people;

# All clients at once, each with a user of its own; the answers in order.
sub crowd {
    my ($work) = @_;
    return Crowd->run($CROWD, sub { $_[1]->meet; my $answer = $work->($scim->as, $ids[ $_[0] - 1 ], $_[0]);
        return { status => $answer->{status}, json => $answer->{json}, content => $answer->{content} } });
}
sub retitle {
    my ($what) = @_;
    return sub { $_[0]->patch("/Users/$_[1]", { op => 'replace', path => 'title', value => "$what $_[2]" }) };
}
sub title_of { return ($sandbox->extensions(id => $_[0]))[0]{contact}{jobTitle} // '' }
sub ops { my %n; $n{ $_->{op} }++ for $gw->sent; return \%n }

sub right {
    my ($what, @answers) = @_;
    my @wrong = grep { $answers[ $_ - 1 ]{status} == 200
          && (title_of($ids[ $_ - 1 ]) ne "$what $_" || $answers[ $_ - 1 ]{json}{title} ne "$what $_") } 1 .. @answers;
    return join ' ', @wrong;
}

subtest 'together' => sub {
    for (1 .. 2) { # the first crowd uses up what single changes there are
        my @answers = crowd(retitle("Round $_"));
        is statuses(@answers), "200:$CROWD", "round $_: all succeed";
        is right("Round $_", @answers), '', 'here and there';
    }
    my $ops = ops();
    cmp_ok $ops->{extensionBulkUpdate} // 0, '>=', 1, 'in bulk calls';
    cmp_ok +($ops->{updateExtension} // 0) + ($ops->{extensionBulkUpdate} // 0), '<', 2 * $CROWD, 'in fewer calls than changes';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is what the account is';
};

subtest 'each its own' => sub {
    $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, action => { kind => 'fail_records', keys => [ "$ids[3]", "$ids[4]" ], code => 'CMN-101', parameterName => 'contact.jobTitle' } });
    $sandbox->fault({ match => { op => 'updateExtension', path => "/$_" }, action => { kind => 'reply', status => 400, code => 'CMN-101', parameterName => 'contact.jobTitle' } }) for @ids[ 3, 4 ];
    my @answers = crowd(retitle('Own'));
    is statuses(@answers), '200:' . ($CROWD - 2) . ' 400:2', 'two are refused';
    is join(' ', map { $answers[$_]{status} } 3, 4), '400 400', 'those who should be';
    like $answers[3]{json}{detail}, qr/^title: "Own 4" is not accepted/, 'in the words of the client';
    is right('Own', @answers), '', 'and the others are changed';
    $sandbox->faults_clear;
};

subtest 'lost answers' => sub {
    $sandbox->fault({ match => { op => 'extensionBulkUpdate', nth => 1 }, action => 'reply_lost' });
    $sandbox->fault({ match => { op => 'getExtensionBulkUpdateTask', nth => 1 }, action => 'close' });
    my @answers = crowd(retitle('Lost'));
    is statuses(@answers), "200:$CROWD", 'are made up for';
    is right('Lost', @answers), '', 'and all are right';
    $sandbox->faults_clear;
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is what the account is';
};

# How often each record was sent, with each title: alone or in a bulk call.
sub sent_titles {
    my %n;
    for my $call (@_) {
        my @records = $call->{op} eq 'extensionBulkUpdate' ? @{ $call->{body}{records} }
          : $call->{op} eq 'updateExtension' ? { %{ $call->{body} }, id => $call->{path} =~ m{/extension/(\d+)\z} } : ();
        $n{$_->{id}}{ $_->{contact}{jobTitle} }++ for @records;
    }
    return \%n;
}
sub held { return scalar grep { $_->{held} && $_->{status} eq 'InProgress' } $sandbox->tasks }

# Nobody is left who knows of the call.
subtest 'all children are killed' => sub {
    $gw->sent;
    $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => { kind => 'hold_task', after => 3 } });
    my $crowd = Crowd->start($CROWD, sub {
        $_[1]->meet;
        my $answer = retitle('Killed')->($scim->as, $ids[ $_[0] - 1 ], $_[0]);
        return { status => $answer->{status}, json => $answer->{json} };
    });
    ok $gw->wait_until(\&held), 'in the middle of a task';
    my %killed = map { $_ => 1 } $gw->children;
    kill KILL => keys %killed;
    ok $gw->wait_until(sub { !grep { $killed{$_} } $gw->children }), 'all are gone';
    $sandbox->task_order(action => 'release');
    my @answers = $crowd->results;
    my @before = $gw->sent;
    my ($call) = grep { $_->{op} eq 'extensionBulkUpdate' } @before;
    my %held = map { $_->{id} => 1 } @{ $call->{body}{records} };
    my @cut = grep { $answers[ $_ - 1 ]{status} != 200 } 1 .. $CROWD;
    is join(' ', grep { !/^(200|599)\z/ } map { $_->{status} } @answers), '', 'each was answered, or its child was killed: ' . statuses(@answers);
    is join(' ', grep { $answers[ $_ - 1 ]{status} == 200 && $held{ $ids[ $_ - 1 ] } } 1 .. $CROWD), '', 'of that call nobody has';
    is right('Killed', @answers), '', 'what was answered is so';
    cmp_ok scalar(keys %held), '>=', 2, 'the call was for ' . keys(%held) . ' clients';
    ok $gw->wait_until(sub { !grep { $_->{status} ne 'Completed' } $sandbox->tasks }), 'RingCentral goes on';
    is join(' ', grep { title_of($ids[ $_ - 1 ]) ne "Killed $_" } grep { $held{ $ids[ $_ - 1 ] } } 1 .. $CROWD), '', 'to the end';
    my %again = map { $_->{n} => $_ } Crowd->run(scalar @cut, sub {
        $_[1]->meet;
        my $n = $cut[ $_[0] - 1 ];
        my $answer = retitle('Killed')->($scim->as, $ids[ $n - 1 ], $n);
        return { n => $n, status => $answer->{status}, json => $answer->{json} };
    });
    is statuses(values %again), '200:' . @cut, 'who had no answer repeats the request';
    $answers[ $_ - 1 ] = $again{$_} for keys %again;
    is right('Killed', @answers), '', 'all are right, here and there';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is what the account is';
    my ($first, $second) = map { sent_titles(@$_) } \@before, [ $gw->sent ];
    is join(' ', grep { my $id = $_; grep { $_ > 1 } map { values %{ $_->{$id} // {} } } $first, $second } @ids), '', 'each was sent once, and once more if it was repeated';
    is join(' ', grep { my $n = $_; $second->{ $ids[ $n - 1 ] } && !grep { $_ == $n } @cut } 1 .. $CROWD), '', 'by its own client';
};

subtest 'a restart' => sub {
    $gw->sent;
    $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => { kind => 'hold_task', after => 3 } });
    my $crowd = Crowd->start($CROWD, sub {
        my ($n, $crowd) = @_;
        my ($client, @seen, @done, $last) = ($scim->as);
        for (my $i = 1; $crowd->goes_on; $i++) {
            # not on a connection that the restart closes at the same moment
            my $answer = $client->request(PATCH => "/Users/$ids[ $n - 1 ]", {
                schemas => [$ScimClient::PATCH_OP],
                Operations => [ { op => 'replace', path => 'title', value => "Restart $n $i" } ]
            }, { connection => 'close' });
            push @seen, $answer->{status};
            push @done, "Restart $n $i" if $answer->{status} == 200;
            $last = $answer->{status} == 200 ? "Restart $n $i" : undef;
            $crowd->step;
        }
        return { statuses => \@seen, done => \@done, last => $last };
    });
    ok $gw->wait_until(\&held), 'in the middle of a task';
    $gw->graceful;
    ok held(), 'which is not over when the server begins anew';
    $sandbox->task_order(action => 'release');
    $crowd->wait_for_steps(2 * $CROWD);
    my @results = $crowd->finish;
    my @sent = $gw->sent;
    my %seen;
    $seen{$_}++ for map { @{ $_->{statuses} } } @results;
    is join(' ', grep { !/^(200|429|503)\z/ } keys %seen), '', 'each is answered well or with an error: ' . join ' ', map { "$_:$seen{$_}" } sort keys %seen;
    is join(' ', grep { defined $results[ $_ - 1 ]{last} && title_of($ids[ $_ - 1 ]) ne $results[ $_ - 1 ]{last} } 1 .. $CROWD), '', 'and what was answered is so';
    cmp_ok scalar(grep { $_->{op} eq 'extensionBulkUpdate' } @sent), '>=', 2, 'in bulk calls, before and after';
    my $sent = sent_titles(@sent);
    is join(', ', map { my $of = $sent->{ $ids[ $_ - 1 ] }; grep { ($of->{$_} // 0) != 1 } @{ $results[ $_ - 1 ]{done} } } 1 .. $CROWD), '',
      'each that was done was sent once';
    is join(', ', map { my $of = $_; grep { $of->{$_} > 1 } sort keys %$of } values %$sent), '', 'none is doubled';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is what the account is';
};

subtest 'disabled' => sub {
    my %title = map { $_ => title_of($_) } @ids;
    my @answers = crowd(sub { $_[0]->patch("/Users/$_[1]", { op => 'replace', path => 'active', value => JSON::PP::false }) });
    is statuses(@answers), "200:$CROWD", 'all succeed';
    is join(' ', grep { $_->{json}{active} } @answers), '', 'and say so';
    my %there = map { $_->{id} => $_ } $sandbox->extensions;
    is join(' ', grep { $there{$_}{status} ne 'Disabled' } @ids[ 0 .. $CROWD - 1 ]), '', 'there, too';
    is join(' ', grep { ($there{$_}{contact}{jobTitle} // '') ne $title{$_} } @ids), '', 'nothing else is changed';
    is join(' ', grep { $there{$_}{status} ne 'Enabled' } @ids[ $CROWD .. $#ids ]), '', 'nor anybody else';
    my @sent = $gw->sent;
    my @records = map { @{ $_->{body}{records} } } grep { $_->{op} eq 'extensionBulkUpdate' } @sent;
    my @alone = grep { $_->{op} eq 'updateExtension' } @sent;
    cmp_ok scalar(grep { $_->{op} eq 'extensionBulkUpdate' } @sent), '>=', 1, scalar(@records) . ' in bulk calls';
    is @records + @alone, $CROWD, 'and the others alone, each once';
    is join(' ', grep { !/^(id|status|statusInfo)\z/ } map { keys %$_ } @records, map { $_->{body} } @alone), '', 'with nothing but the status';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is what the account is';
};

subtest 'deletions' => sub {
    my @answers = crowd(sub { $_[0]->delete("/Users/$_[1]") });
    is statuses(@answers), "204:$CROWD", 'all are deleted';
    is scalar(grep { $sandbox->extensions(id => $_) } @ids[ 0 .. $CROWD - 1 ]), 0, 'there too';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is what the account is';
};

Crowd->go_home($gw, $sandbox);
done_testing;
