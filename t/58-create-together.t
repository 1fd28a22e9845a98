#!/usr/bin/env perl
# Many clients create users at the same time, one in a request each, while the quota for
# single creates is short: they share batches, and one change brings what a batch cannot
# carry. One that is refused fails alone; lost answers, clients that leave and a child that
# is killed lose none and double none.
use strict;
use warnings;
use IO::Socket::INET;
use JSON::PP ();
use Test::More;
use Crowd;
use Sandbox;
use TestGateway;
use Truth;

my $CROWD   = 24;
my $SINGLES = 4;    # that a window allows
my $PREFORK = ($ENV{TEST_MPM} // '') eq 'prefork';
plan skip_all => 'a child of prefork has nobody to share a call with' if $PREFORK;
my $sandbox = Sandbox->new(users => 5, scale => 20);
$sandbox->config(bulk_start_ms => 500, bulk_item_ms => 20, limit_medium => $SINGLES);
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => 1,
    threads   => 48,
    account   => "ScimRCRefresh 1h\nScimRCMaxAge 1h",
    location  => "ScimRCPatience 60s\nScimRCBatchProvisioning On");
$gw->{conf} .= $gw->location_conf('/one', 'main', "ScimRCPatience 60s\nScimRCBatchProvisioning On\nScimRCGatherTime 0");
$gw->start_filled;
$sandbox->config(record => 1);
my $scim = $gw->scim;

sub full { my ($name) = @_; return (title => "T $name", externalId => "x-$name", password => 'Str0ng-Pass!') }

# All clients at once, each with a new user; the answers in order.
sub crowd {
    my ($name, %is) = @_;
    return Crowd->run($is{count} // $CROWD, sub { my ($n) = @_;
        my $user = $scim->user("$name$n\@example.com", $is{bare} ? () : full("$name$n"));
        my $client = $is{base} ? $scim->as(base => $is{base}) : $scim->as;
        my $answer = $client->post('/Users', $is{user} && $is{user}->($n) || $user);
        return { status => $answer->{status}, json => $answer->{json}, location => $answer->{headers}{location}, etag => $answer->{headers}{etag} } });
}
sub statuses { my %n; $n{ $_->{status} }++ for @_; return join ' ', map { "$_:$n{$_}" } sort keys %n }
sub ops { my %n; $n{ $_->{op} }++ for $gw->sent; return \%n }
# What a killed child has begun is seen with the next list.
sub same { return join "\n", grep { !/ T kill\d|'T kill\d/ } Truth::differences($scim, $sandbox) }
sub doubled { my %n; $n{ lc($_->{contact}{email} // '') }++ for $sandbox->extensions; return join ' ', grep { $n{$_} > 1 && /\@example/ } sort keys %n }

# Who was answered 201 and is not so, there and in the copy.
sub wrong {
    my ($name, @answers) = @_;
    my %there = map { $_->{id} => $_ } $sandbox->extensions;
    my @wrong;
    for my $n (1 .. @answers) {
        my $answer = $answers[ $n - 1 ];
        next if $answer->{status} != 201;
        my $user = $answer->{json};
        my $there = $there{ $user->{id} } // {};
        my $here = $scim->get("/Users/$user->{id}");
        push @wrong, "$name$n" if ($there->{contact}{email} // '') ne "$name$n\@example.com"
          || ($there->{contact}{jobTitle} // '') ne "T $name$n" || $user->{title} ne "T $name$n"
          || $user->{externalId} ne "x-$name$n" || ($there->{references}[0]{ref} // '') ne "x-$name$n"
          || $there->{status} !~ /^(?:Enabled|NotActivated)\z/ || $here->{json}{meta}{version} ne $user->{meta}{version}
          || $answer->{etag} ne $user->{meta}{version} || $answer->{location} ne $user->{meta}{location}
          || $answer->{location} !~ m{/Users/$user->{id}\z};
    }
    return join ' ', @wrong;
}

subtest 'together' => sub {
    $gw->sent;
    my @answers = crowd('tog');
    is statuses(@answers), "201:$CROWD", 'all are made';
    is wrong('tog', @answers), '', 'each as its client wants it, here and there';
    my $ops = ops();
    cmp_ok $ops->{postBatchProvisionUsers} // 0, '>=', 1, "in $ops->{postBatchProvisionUsers} batches";
    cmp_ok $ops->{createExtension} // 0, '<=', $CROWD - 10, "and $ops->{createExtension} alone";
    cmp_ok $ops->{extensionBulkUpdate} // 0, '<=', $ops->{postBatchProvisionUsers}, "$ops->{extensionBulkUpdate} changes bring the rest";
    is $ops->{updateExtension} // 0, 0, 'none singly';
    is same(), '', 'here as there';
    is statuses(crowd('tog', count => 12)), '409:12', 'and nobody is made twice';
    is_deeply ops(), {}, 'which costs no call';
};

subtest 'without more' => sub {
    my @answers = crowd('bare', bare => 1);
    is statuses(@answers), "201:$CROWD", 'users with a name and an address';
    my $ops = ops();
    cmp_ok $ops->{postBatchProvisionUsers} // 0, '>=', 1, 'are made in batches';
    is +($ops->{extensionBulkUpdate} // 0) + ($ops->{updateExtension} // 0), 0, 'and need no change';
    is same(), '', 'here as there';
};

subtest 'each its own' => sub {
    $sandbox->ratelimit_clear;    # this call is not the gateway's
    $sandbox->api(POST => '/restapi/v1.0/account/~/extension', { type => 'User', contact => { firstName => 'X', lastName => 'Y', email => "own5\@example.com" } });
    $sandbox->ratelimit_clear;
    my @answers = crowd('own', user => sub { my ($n) = @_;
        return $n == 7 ? $scim->user('own seven', full('own7')) : $n == 9 ? $scim->user('own8@example.com', full('own8')) : undef });
    is $answers[6]{status}, 400, 'a bad address';
    is $answers[4]{status}, 409, 'a name that only RingCentral knows';
    is join(' ', sort map { $answers[$_]{status} } 7, 8), '201 409', 'of two of one name one';
    is statuses(@answers), '201:' . ($CROWD - 3) . ' 400:1 409:2', 'and all others are made';
    is wrong('own', map { $_ == 8 ? { status => 0 } : $answers[$_] } 0 .. $#answers), '', 'as they should be';
    is doubled(), '', 'nobody is there twice';
    ok $gw->wait_until(sub { $scim->find('own5@example.com') }), 'who was made elsewhere is found';
    ok $gw->wait_until(sub { same() eq '' }), 'here as there' or diag same();
    ops();
};

subtest 'lost answers' => sub {
    $sandbox->fault({ match => { op => 'postBatchProvisionUsers', nth => 1 }, action => 'reply_lost' });
    $sandbox->fault({ match => { op => 'postBatchProvisionUsers', nth => 1 }, action => 'close' });
    $sandbox->fault({ match => { op => 'extensionBulkUpdate', nth => 1 }, action => 'reply_lost' });
    my @answers = crowd('lost');
    is statuses(@answers), "201:$CROWD", 'are made up for';
    is wrong('lost', @answers), '', 'and all are right';
    is doubled(), '', 'nobody is there twice';
    $sandbox->faults_clear;
    is same(), '', 'here as there';
    ops();
};

subtest 'clients that leave' => sub {
    $sandbox->fault({ match => { op => 'postBatchProvisionUsers' }, times => 1, action => { kind => 'latency', ms => 1500 } });
    my $crowd = Crowd->start($CROWD - 8, sub { my ($n) = @_;
        my $answer = $scim->as->post('/Users', $scim->user("stay$n\@example.com", full("stay$n")));
        return { status => $answer->{status}, json => $answer->{json}, location => $answer->{headers}{location}, etag => $answer->{headers}{etag} } });
    my @sockets = map { ask("leave$_") } 1 .. 8;
    ok $gw->wait_until(sub { grep { $_->{op} eq 'postBatchProvisionUsers' } $sandbox->calls }), 'while a batch is under way';
    close $_ for @sockets;
    my @answers = $crowd->results;
    is statuses(@answers), '201:' . ($CROWD - 8), 'the others are served';
    is wrong('stay', @answers), '', 'rightly';
    $sandbox->faults_clear;
    ok $gw->wait_until(sub { same() eq '' }), 'here as there' or diag same();
    my %made = map { $_->{contact}{email} => $_ } grep { ($_->{contact}{email} // '') =~ /^leave/ } $sandbox->extensions;
    is join(' ', grep { ($made{$_}{contact}{jobTitle} // '') eq '' } sort keys %made), '', scalar(keys %made) . ' of those who left are made, and complete';
    my @again = crowd('leave', count => 8);
    is statuses(@again) =~ /^(?:201:\d+)? ?(?:409:\d+)?\z/, 1, 'they come again: ' . statuses(@again);
    is doubled(), '', 'nobody is there twice';
    ops();
};

# A request on a connection of its own, that nobody reads the answer of.
sub ask {
    my ($name) = @_;
    my $body = JSON::PP->new->utf8->encode($scim->user("$name\@example.com", full($name)));
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $gw->port) or die $!;
    print $socket "POST $gw->{path}/Users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer $gw->{token}{writer}\r\n",
      "Content-Type: application/scim+json\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
    return $socket;
}

subtest 'a child is killed' => sub {
    $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => { kind => 'hold_task', after => 3 } });
    my $crowd = Crowd->start($CROWD, sub { my ($n) = @_;
        my $answer = $scim->as->post('/Users', $scim->user("kill$n\@example.com", full("kill$n")));
        return { status => $answer->{status} } });
    ok $gw->wait_until(sub { grep { $_->{status} eq 'InProgress' && $_->{done} == 3 } $sandbox->tasks }), 'in the middle of a change';
    kill KILL => $gw->children;
    $crowd->results;
    $sandbox->task_order(action => 'release');
    ok $gw->wait_until(sub { !grep { $_->{status} ne 'Completed' } $sandbox->tasks }), 'RingCentral goes on';
    $sandbox->faults_clear;
    ok $gw->wait_until(sub { $scim->list(count => 0)->{status} == 200 }), 'another child takes over';
    my @again = crowd('kill');
    is statuses(@again) =~ /^(?:201:\d+)? ?(?:409:\d+)?\z/, 1, 'no name is locked: ' . statuses(@again);
    is doubled(), '', 'nobody is there twice';
};

subtest 'the change after it' => sub {
    $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => { kind => 'reply', status => 403, code => 'CMN-401' } });
    $sandbox->fault({ match => { op => 'updateExtension', nth => 1 }, action => { kind => 'reply', status => 400, code => 'CMN-101', parameterName => 'contact.jobTitle' } });
    my @answers = crowd('late');
    is statuses(@answers), '201:' . ($CROWD - 1) . ' 400:1', 'where it is barred each goes alone, and one is refused';
    my ($told) = grep { $_->{status} == 400 } @answers;
    like $told->{json}{detail}, qr/^the user was made with the id \d+, but without what batch provisioning cannot carry: title: /, 'which says so';
    is wrong('late', @answers), '', 'the others are as they should be';
    like $gw->error_log, qr/SCIMRC0123: .*SCIMRC0122: /s, 'as the log does';
    $sandbox->faults_clear;
    # Whom a killed child has made is looked for in the background.
    ok $gw->wait_until(sub { same() eq '' }), 'here as there' or diag same();
    ops();
};

subtest 'without gathering' => sub {
    is statuses(crowd('one', base => $gw->url('/one'), count => 8)), '201:8', 'all are made';
    is_deeply ops(), { createExtension => 8 }, 'each alone';
};

is $sandbox->ratelimit->{wastedCalls}, 0, 'no call against the limits';
$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
