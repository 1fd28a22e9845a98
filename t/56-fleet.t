#!/usr/bin/env perl
# Two gateways of one account with a Redis between them: what is written through one is
# read through the other at once, one lists for both, and neither a gateway nor the Redis
# that goes away loses or doubles anything.
use strict;
use warnings;
use Sandbox;
use Test::More;
use TestGateway;
use TestRedis;
use Time::HiRes ();

my $REFRESH = 4;    # seconds
my $redis = TestRedis->new->start;
my $rc    = Sandbox->new(users => 20);
my ($gwA, $gwB) = map {
    TestGateway->new(
        name     => $_,
        sandbox  => $rc,
        account  => 'ScimRCShared ' . $redis->url . "\nScimRCRefresh ${REFRESH}s\n",
        location => "ScimRCCreate extension\n")
} qw(A B);
my $V1 = '/restapi/v1.0/account/~/extension';

$gwA->start_filled;
$gwB->start_filled;
my ($scimA, $scimB) = map { $_->scim } $gwA, $gwB;
my $LEADS = qr/SCIMRC0140: account main/;

sub calls_of { my ($op) = @_; return scalar grep { $_->{op} eq $op } $rc->calls }

sub portal {
    my ($id, $contact) = @_;
    my $answer = $rc->api(PUT => "$V1/$id", { contact => $contact });
    die "$answer->{status} $answer->{content}" if $answer->{status} != 200;
}

# Waits for what a gateway shows of a user; how long that took.
sub title_is {
    my ($gw, $id, $title, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($scim, $began) = ($gw->scim, Time::HiRes::time());
    ok $gw->wait_until(sub { ($scim->get("/Users/$id")->{json}{title} // '') eq $title }), $name;
    return Time::HiRes::time() - $began;
}

sub status_is {
    my ($gw, $id, $status, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $scim = $gw->scim;
    ok $gw->wait_until(sub { $scim->get("/Users/$id")->{status} == $status }), $name;
}

sub title { return { op => 'replace', path => 'title', value => $_[0] } }

my $made;
subtest 'what is written through one' => sub {
    $rc->calls_clear;
    $made = $scimA->post('/Users', $scimA->user('bob@example.com', title => 'Cook'))->{json};
    ok $made->{id}, 'somebody is made through A';
    my $took = title_is($gwB, $made->{id}, 'Cook', 'and read through B');
    diag sprintf '  after %.0f ms', 1000 * $took;
    cmp_ok $took, '<', 2, 'at once';
    my $seen = $scimB->get("/Users/$made->{id}");
    is $seen->{headers}{etag}, $made->{meta}{version}, 'with the same ETag';
    is $seen->{json}{meta}{lastModified}, $made->{meta}{lastModified}, 'and time';
    is $scimB->find('bob@example.com')->{id}, $made->{id}, 'and found by name';
    is calls_of('readExtension'), 0, 'without a read';

    my $changed = $scimB->request(PATCH => "/Users/$made->{id}",
        { schemas => ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations => [ title('Chef') ] },
        { 'if-match' => $made->{meta}{version} });
    is $changed->{status}, 200, "a change through B with A's ETag";
    title_is($gwA, $made->{id}, 'Chef', 'is seen through A');
    is $scimA->get("/Users/$made->{id}")->{headers}{etag}, $changed->{headers}{etag},
      'with the same ETag';
    my $late = $scimA->request(PATCH => "/Users/$made->{id}",
        { schemas => ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations => [ title('x') ] },
        { 'if-match' => $made->{meta}{version} });
    is $late->{status}, 412, 'and the old one is old';
    is calls_of('updateExtension'), 1, 'one call';

    is $scimA->delete("/Users/$made->{id}")->{status}, 204, 'a removal through A';
    status_is($gwB, $made->{id}, 404, 'is seen through B');
};

my ($leader, $follower);
subtest 'one lists for both' => sub {
    ok $gwA->wait_until(sub {
        grep { $_->error_log =~ $LEADS } $gwA, $gwB;
    }), 'one leads';
    ($leader, $follower) = $gwA->error_log =~ $LEADS ? ($gwA, $gwB) : ($gwB, $gwA);
    unlike $follower->error_log, $LEADS, 'and the other does not';
    my ($id) = map { $_->{id} } @{ $scimA->list(count => 1)->{json}{Resources} };
    $rc->calls_clear;
    my $began = Time::HiRes::time();
    portal($id, { jobTitle => 'Boss' });
    title_is($follower, $id, 'Boss', 'the other hears of a change elsewhere');
    title_is($leader, $id, 'Boss', 'that one has listed');
    $leader->wait_until(sub { calls_of('listExtensions') >= 3 });
    my $lists = calls_of('listExtensions');
    my $time  = Time::HiRes::time() - $began;
    cmp_ok $lists, '<=', 1 + $time / $REFRESH, "as many lists as one needs in $time s";
    is $scimA->get("/Users/$id")->{headers}{etag}, $scimB->get("/Users/$id")->{headers}{etag},
      'both have one ETag';
};

subtest 'the one who leads goes' => sub {
    $leader->stop;
    my $began = Time::HiRes::time();
    ok $follower->wait_for_log($LEADS), 'the other takes over';
    cmp_ok Time::HiRes::time() - $began, '<', 10, 'at once';
    my $scim = $follower->scim;
    my $new  = $scim->post('/Users', $scim->user('eve@example.com', title => 'Clerk'))->{json};
    my ($id) = map { $_->{id} } @{ $scim->list(count => 1)->{json}{Resources} };
    is $scim->patch("/Users/$id", title('Manager'))->{status}, 200, 'and works';
    $rc->calls_clear;
    $leader->start_filled;
    title_is($leader, $id, 'Manager', 'who comes back hears of it');
    title_is($leader, $new->{id}, 'Clerk', 'all of it');
    ($leader, $follower) = ($follower, $leader);
    ($scimA, $scimB) = map { $_->scim } $gwA, $gwB;
};

subtest 'the Redis goes' => sub {
    my @ids = map { $_->{id} } @{ $scimA->list(count => 3)->{json}{Resources} };
    my $away = qr/SCIMRC0500: /;
    $_->expect_log($away) for $gwA, $gwB;
    $redis->stop;
    is $scimA->patch("/Users/$ids[0]", title('One'))->{status}, 200, 'A works on';
    is $scimB->patch("/Users/$ids[1]", title('Two'))->{status}, 200, 'and so does B';
    is $scimB->post('/Users', $scimB->user('kim@example.com'))->{status}, 201, 'and creates';
    ok $_->wait_for_log($away), "$_->{name} says so" for $gwA, $gwB;
    $redis->start;
    ok $_->wait_for_log(qr/SCIMRC0143: /), "$_->{name} knows what it has missed" for $gwA, $gwB;
    title_is($gwB, $ids[0], 'One', 'B learns of what A did');
    title_is($gwA, $ids[1], 'Two', 'A learns of what B did');
    ok $gwA->wait_until(sub { $scimA->find('kim@example.com') }), 'and of whom it made';
    is $scimA->post('/Users', $scimA->user('kim@example.com'))->{status}, 409, 'once';
    is $scimA->patch("/Users/$ids[2]", title('Three'))->{status}, 200, 'a write after that';
    my $took = title_is($gwB, $ids[2], 'Three', 'is heard of again');
    cmp_ok $took, '<', 2, 'at once';
};

subtest 'nothing is lost or doubled' => sub {
    my %emails;
    $emails{ lc($_->{contact}{email} // '') }++ for $rc->extensions;
    is_deeply [ grep { $_ && $emails{$_} > 1 } keys %emails ], [], 'nobody is there twice';
    my ($a, $b);
    $gwA->wait_until(sub {
        ($a, $b) = map {
            { map { $_->{id} => $_->{meta}{version} } @{ $_->list(count => 100)->{json}{Resources} } }
        } $scimA, $scimB;
        return join(' ', map { "$_ $a->{$_}" } sort keys %$a) eq join ' ', map { "$_ $b->{$_}" } sort keys %$b;
    });
    cmp_ok scalar(keys %$a), '>=', 20, 'all are there';
    is_deeply $a, $b, 'and the same through both';
};

$gwA->stop;
$gwB->stop;
$rc->stop;
$redis->stop;
done_testing;
