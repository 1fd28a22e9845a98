#!/usr/bin/env perl
# Versions of users of whom only a list has told, when the copy is older than
# ScimRCMaxAge: the read before a write shows more of a user, which is no change of his.
use strict;
use warnings;
use Test::More;
use Sandbox;
use TestGateway;
use Truth;

my $sandbox = Sandbox->new(users => 20, limits => 'off');
my $gw = TestGateway->new(
    sandbox => $sandbox,
    account => join("\n", 'ScimRCMaxAge 1ms', map { "ScimRCLimit $_ off" } qw(light medium heavy auth)));
$gw->start_filled;
$sandbox->config(record => 1);
my $scim = $gw->scim;
my @ids = map { $_->{id} } grep { $_->{active} } @{ $scim->list->{json}{Resources} };

sub replace {
    my ($path, $value) = @_;
    return { schemas => [$ScimClient::PATCH_OP], Operations => [ { op => 'replace', path => $path, value => $value } ] };
}

# A PATCH of the title if the user has this version.
sub title {
    my ($id, $tag, $title) = @_;
    return $scim->request(PATCH => "/Users/$id", replace(title => $title), { 'if-match' => $tag });
}

sub reads { return scalar grep { $_->{op} eq 'readExtension' } $gw->sent }

subtest 'one after the other' => sub {
    for my $id (splice @ids, 0, 4) {
        my $before = $scim->get("/Users/$id");
        my $tag = $before->{headers}{etag};
        is $before->{json}{preferredLanguage}, undef, 'a user of whom a list has told';
        $gw->sent;
        my $answer = title($id, $tag, "T$id");
        is $answer->{status}, 200, 'PATCH with the ETag of the GET';
        is reads(), 1, 'after the user was read';
        ok $answer->{json}{preferredLanguage}, 'which shows more';
        is title($id, $tag, 'again')->{status}, 412, 'the same ETag again';
    }
};

subtest 'in a bulk request' => sub {
    my @some = map { $scim->get("/Users/$_")->{json} } splice @ids, 0, 4;
    my @operations = map { { method => 'PATCH', path => "/Users/$_->{id}", version => $_->{meta}{version}, data => replace(title => 'B') } } @some;
    is join(' ', map { $_->{status} } @{ $scim->bulk(\@operations)->{json}{Operations} }), '200 200 200 200', 'with their versions';
    is join(' ', map { $_->{status} } @{ $scim->bulk(\@operations)->{json}{Operations} }), '412 412 412 412', 'which are old ones then';
};

subtest 'a mere read' => sub {
    my $id = shift @ids;
    my $before = $scim->get("/Users/$id");
    my ($tag, $meta) = ($before->{headers}{etag}, $before->{json}{meta});
    my ($real) = $sandbox->api(GET => "/restapi/v1.0/account/~/extension/$id");
    $gw->sent;
    my $answer = $scim->request(PATCH => "/Users/$id", replace(preferredLanguage => $real->{json}{regionalSettings}{language}{localeCode}));
    is join(' ', map { $_->{op} } $gw->sent), 'readExtension', 'a PATCH that reads and changes nothing';
    is $answer->{json}{meta}{lastModified}, $meta->{lastModified}, 'lastModified stays';
    is $scim->list(filter => qq(id eq "$id" and meta.lastModified gt "$meta->{lastModified}"))->{json}{totalResults}, 0, 'so nobody finds a change';
    my $fuller = $scim->get("/Users/$id", { 'if-none-match' => $tag });
    is $fuller->{status}, 200, 'but the document is not what the client holds';
    ok $fuller->{json}{preferredLanguage}, 'it is fuller';
    isnt $fuller->{headers}{etag}, $tag, 'and has its own ETag';
    is $scim->get("/Users/$id", { 'if-none-match' => $fuller->{headers}{etag} })->{status}, 304, 'which is known';
    is $scim->delete("/Users/$id", { 'if-match' => 'W/"0000"' })->{status}, 412, 'another one does not delete';
    is $scim->delete("/Users/$id", { 'if-match' => $tag })->{status}, 204, 'the former one does';
};

subtest 'a change by somebody else' => sub {
    my ($id, $other) = splice @ids, 0, 2;
    my ($tag, $version) = map { $scim->get("/Users/$_")->{json}{meta}{version} } $id, $other;
    for my $each ($id, $other) {
        my $answer = $sandbox->api(PUT => "/restapi/v1.0/account/~/extension/$each", { contact => { department => 'By the portal' } });
        is $answer->{status}, 200, 'in the account';
    }
    is title($id, $tag, 'X')->{status}, 412, 'is not overwritten';
    my $answer = $scim->bulk([ { method => 'PATCH', path => "/Users/$other", version => $version, data => replace(title => 'X') } ]);
    is $answer->{json}{Operations}[0]{status}, 412, 'nor in a bulk request';
};

is join("\n", Truth::differences($scim, $sandbox)), '', 'the account has the same';
$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
