#!/usr/bin/env perl
# Many clients change users at the same time while the quota for single changes is short:
# their changes share bulk updates (under prefork across children: nothing is shared
# otherwise). One that is refused fails alone; lost answers, a child
# that is killed in the middle and a restart lose none and double none.
use strict;
use warnings;
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

subtest 'a child is killed' => sub {
    $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => { kind => 'hold_task', after => 3 } });
    my $crowd = Crowd->start($CROWD, sub {
        $_[1]->meet;
        my $answer = retitle('Killed')->($scim->as, $ids[ $_[0] - 1 ], $_[0]);
        return { status => $answer->{status}, json => $answer->{json} };
    });
    ok $gw->wait_until(sub { grep { $_->{status} eq 'InProgress' && $_->{done} == 3 } $sandbox->tasks }), 'in the middle of a task';
    my @children = $gw->children;
    kill KILL => @children;
    my @answers = $crowd->results;
    $sandbox->task_order(action => 'release');
    ok $gw->wait_until(sub { !grep { $_->{status} ne 'Completed' } $sandbox->tasks }), 'RingCentral goes on';
    is right('Killed', @answers), '', 'what was answered is so';
    my @again = crowd(retitle('Again'));
    is statuses(@again), "200:$CROWD", 'and no lock is left';
    is right('Again', @again), '', 'for those who come again';
};

# How often each record was sent, with each title: alone or in a bulk call.
sub sent_titles {
    my %n;
    for my $call ($gw->sent) {
        my @records = $call->{op} eq 'extensionBulkUpdate' ? @{ $call->{body}{records} }
          : $call->{op} eq 'updateExtension' ? { %{ $call->{body} }, id => $call->{path} =~ m{/extension/(\d+)\z} } : ();
        $n{$_->{id}}{ $_->{contact}{jobTitle} }++ for @records;
    }
    return \%n;
}

subtest 'a restart' => sub {
    $gw->sent;
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
    $crowd->wait_for_steps($CROWD);
    $gw->graceful;
    $crowd->wait_for_steps(2 * $CROWD);
    my @results = $crowd->finish;
    my %seen;
    $seen{$_}++ for map { @{ $_->{statuses} } } @results;
    is join(' ', grep { !/^(200|429|503)\z/ } keys %seen), '', 'each is answered well or with an error: ' . join ' ', map { "$_:$seen{$_}" } sort keys %seen;
    is join(' ', grep { defined $results[ $_ - 1 ]{last} && title_of($ids[ $_ - 1 ]) ne $results[ $_ - 1 ]{last} } 1 .. $CROWD), '', 'and what was answered is so';
    my $sent = sent_titles();
    is join(', ', map { my $of = $sent->{ $ids[ $_ - 1 ] }; grep { ($of->{$_} // 0) != 1 } @{ $results[ $_ - 1 ]{done} } } 1 .. $CROWD), '',
      'each that was done was sent once';
    is join(', ', map { my $of = $_; grep { $of->{$_} > 1 } sort keys %$of } values %$sent), '', 'none is doubled';
};

subtest 'deletions' => sub {
    my @answers = crowd(sub { $_[0]->delete("/Users/$_[1]") });
    is statuses(@answers), "204:$CROWD", 'all are deleted';
    is scalar(grep { $sandbox->extensions(id => $_) } @ids[ 0 .. $CROWD - 1 ]), 0, 'there too';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is what the account is';
};

Crowd->go_home($gw, $sandbox);
done_testing;
