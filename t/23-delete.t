#!/usr/bin/env perl
# DELETE in its three meanings. Whichever it is, the user is gone from SCIM: at once, for
# every question, and after the copy was lost. What becomes of the extension differs.
use strict;
use warnings;
use File::Path ();
use Test::More;
use TestGateway;

my $gw = TestGateway->new(
    sandbox => { users => 8, scale => 60 },
    account => "ScimRCMaxAge 1h\n");
$gw->{conf} .= $gw->location_conf("/$_", 'main', "ScimRCDelete $_\n") for qw(disable remove);
$gw->start_filled;
my $rc = $gw->sandbox;
$rc->config(record => 1);
my $scim = $gw->scim;
sub at { my ($place) = @_; return $scim->as(base => $gw->url("/$place")) }
sub ops { return join ' ', map { $_->{op} } @_ }
sub pool { return scalar grep { $_->{status} eq 'Unassigned' } $rc->extensions }

# Somebody of the company who has a line and a number.
sub with_line {
    my ($found) = grep { @{ $_->{phoneNumbers} } && $_->{status} eq 'Enabled' && !$_->{admin} && $_->{type} eq 'User' }
      $rc->extensions;
    return $found;
}

sub is_gone {
    my ($id, $name, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $all = $scim->list;
    subtest "$what: gone from SCIM" => sub {
        is $scim->get("/Users/$id")->{status}, 404, 'GET';
        is $scim->patch("/Users/$id", { op => 'replace', path => 'title', value => 'x' })->{status}, 404, 'PATCH';
        is $scim->put("/Users/$id", $scim->user($name))->{status}, 404, 'PUT';
        is $scim->delete("/Users/$id")->{status}, 404, 'DELETE';
        is scalar(grep { $_->{id} eq $id } @{ $all->{json}{Resources} }), 0, 'not in the list';
        is scalar(@{ $all->{json}{Resources} }), $all->{json}{totalResults}, 'not counted';
        for my $filter (qq(userName eq "$name"), qq(id eq "$id"), qq(emails.value eq "$name"), qq(userName co "$name")) {
            is $scim->list(filter => $filter)->{json}{totalResults}, 0, $filter;
        }
    };
}

subtest 'release' => sub {
    my $line = with_line();
    my $before = pool();
    $gw->sent;
    my $answer = $scim->delete("/Users/$line->{id}");
    is $answer->{status}, 204, 'answered';
    is $answer->{content} // '', '', 'without a body';
    my @sent = $gw->sent;
    is ops(@sent), 'deleteExtension', 'one call';
    like $sent[0]{query}, qr{savePhoneLines=true}, 'that keeps the line';
    is pool(), $before + 1, 'which is back in the pool';
    is_gone($line->{id}, $line->{contact}{email}, 'release');
    my $again = $scim->post('/Users', $scim->user($line->{contact}{email}));
    is $again->{status}, 201, 'the name is free again';
    isnt $again->{json}{id}, $line->{id}, 'for a new user';
};

subtest 'remove' => sub {
    my $line = with_line();
    my $before = pool();
    $gw->sent;
    is at('remove')->delete("/Users/$line->{id}")->{status}, 204, 'answered';
    my @sent = $gw->sent;
    is ops(@sent), 'bulkDeleteUsersV2', 'one call';
    is_deeply $sent[0]{body}, { keepAssetsInInventory => JSON::PP::true, records => [ { id => "$line->{id}" } ] },
      'for that user alone';
    is pool(), $before, 'nothing for the pool';
    is_gone($line->{id}, $line->{contact}{email}, 'remove');
};

my @disabled;
subtest 'disable' => sub {
    my $line = with_line();
    $scim->patch("/Users/$line->{id}", { op => 'add', path => 'title', value => 'Of old' },
        { op => 'add', path => 'externalId', value => 'old-id' });
    $gw->sent;
    is at('disable')->delete("/Users/$line->{id}")->{status}, 204, 'answered';
    my @sent = $gw->sent;
    is ops(@sent), 'updateExtension', 'one call';
    is $sent[0]{body}{status}, 'Disabled', 'that disables';
    like $sent[0]{body}{statusInfo}{comment}, qr/deleted/i, 'and marks the extension';
    is_gone($line->{id}, $line->{contact}{email}, 'disable');

    my $off = $scim->post('/Users', $scim->user('off@example.com', active => JSON::PP::false))->{json};
    my $idle = $scim->post('/Users', $scim->user('idle@example.com', active => JSON::PP::false))->{json};
    is at('disable')->delete("/Users/$off->{id}")->{status}, 204, 'somebody who was disabled before';
    is_gone($off->{id}, 'off@example.com', 'disabled before');
    is $scim->get("/Users/$idle->{id}")->{status}, 200, 'who is only disabled is not gone';
    @disabled = ($line, $off, $idle);
};

subtest 'the copy is lost' => sub {
    my ($line, $off, $idle) = @disabled;
    $gw->PrivateHttpd::stop;
    File::Path::remove_tree($gw->state_dir, { keep_root => 1 });
    $gw->start_filled;
    is_gone($line->{id}, $line->{contact}{email}, 'disable');
    is_gone($off->{id}, 'off@example.com', 'disabled before');
    is $scim->get("/Users/$idle->{id}")->{json}{active}, JSON::PP::false, 'who is only disabled is there';
};

subtest 'who was disabled comes back' => sub {
    my ($line, $off) = @disabled;
    my $name = $line->{contact}{email};
    $gw->sent;
    my $made = $scim->post('/Users', $scim->user(uc $name, name => { givenName => 'Back' }, externalId => 'new-id'));
    is $made->{status}, 201, 'by a POST of the name, also at another location';
    is $made->{json}{id}, $line->{id}, 'under the same id';
    my @sent = $gw->sent;
    is ops(grep { $_->{method} ne 'GET' } @sent), 'updateExtension', 'by one change';
    is $made->{json}{externalId}, 'new-id', 'with the new data';
    is $made->{json}{name}{formatted}, 'Back', 'of the name';
    ok !exists $made->{json}{title}, 'and nothing of the old';
    is $made->{json}{active}, JSON::PP::true, 'active';
    is $scim->get("/Users/$line->{id}")->{status}, 200, 'is read';
    is $scim->find($name)->{id}, $line->{id}, 'is found';
    my ($real) = $rc->extensions(email => uc $name);
    like $real->{status}, qr/^(?:Enabled|NotActivated)$/, 'on in RingCentral';
    ok @{ $real->{phoneNumbers} }, 'with the line';
    is $scim->post('/Users', $scim->user($name))->{status}, 409, 'and taken';

    $made = $scim->post('/Users', $scim->user('off@example.com', active => JSON::PP::false));
    is "$made->{status} $made->{json}{id}", "201 $off->{id}", 'as an inactive one';
    is $made->{json}{active}, JSON::PP::false, 'who is inactive';
    is $scim->get("/Users/$off->{id}")->{status}, 200, 'but there';

    $gw->PrivateHttpd::stop;
    File::Path::remove_tree($gw->state_dir, { keep_root => 1 });
    $gw->start_filled;
    is $scim->get("/Users/$_->{id}")->{status}, 200, 'and after the copy was lost' for $line, $off;
};

subtest 'what can go wrong' => sub {
    my @victim = map { $scim->post('/Users', $scim->user("gone$_\@example.com"))->{json}{id} } 1 .. 4;
    $gw->sent;
    is $scim->delete('/Users/4711')->{status}, 404, 'an id of nobody';
    is $scim->delete('/Users/x')->{status}, 404, 'what is no id';
    is ops($gw->sent), '', 'RingCentral was not asked';

    $rc->fault({ match => { op => 'deleteExtension' }, times => 1, action => { kind => 'reply_lost' } });
    is $scim->delete("/Users/$victim[0]")->{status}, 204, 'the answer is lost';
    is ops($gw->sent), 'deleteExtension readExtension', 'looked up instead of done twice';
    is_gone($victim[0], 'gone1@example.com', 'answer lost');

    $rc->fault({ match => { op => 'deleteExtension' }, times => 1, action => { kind => 'close' } });
    is $scim->delete("/Users/$victim[1]")->{status}, 204, 'the call is lost';
    is ops($gw->sent), 'deleteExtension readExtension deleteExtension', 'looked up and done again';
    is_gone($victim[1], 'gone2@example.com', 'call lost');

    $rc->api(DELETE => "/restapi/v1.0/account/~/extension/$victim[2]");
    is $scim->delete("/Users/$victim[2]")->{status}, 404, 'deleted in the portal before';
    is_gone($victim[2], 'gone3@example.com', 'deleted in the portal');

    $rc->fault({ match => { op => 'deleteExtension' }, times => 1, action => {
        kind => 'reply', status => 503, code => 'CMN-201', retryAfter => 3 } });
    my $later = $scim->delete("/Users/$victim[3]");
    like $later->{status}, qr/^(?:204|503)$/, 'RingCentral is not available: ' . $later->{status};
    is $scim->get("/Users/$victim[3]")->{status}, $later->{status} == 204 ? 404 : 200, 'and the copy says the same';
    my ($admin) = grep { $_->{admin} } $rc->extensions;
    my $refused = $scim->delete("/Users/$admin->{id}");
    is $refused->{status}, 403, 'whose credential the gateway uses must not be deleted';
    like $refused->{json}{detail}, qr/JWT credential/, 'says why';
    is $scim->get("/Users/$admin->{id}")->{status}, 200, 'stays';
};

$gw->stop;
done_testing;
