#!/usr/bin/env perl
# POST /Bulk: what one message does with the account, in which order, and what is answered
# when parts of it fail; its limits; and who may send one.
use strict;
use warnings;
use JSON::PP ();
use Test::More;
use Crowd;
use Sandbox;
use TestGateway;
use Truth;

my $sandbox = Sandbox->new(users => 20, limits => 'off');
my $gw = TestGateway->new(
    sandbox  => $sandbox,
    account  => join("\n", 'ScimRCMaxAge 1h', map { "ScimRCLimit $_ off" } qw(light medium heavy auth)),
    location => "ScimRCMaxBody 8K\nScimRCBulkMaxOperations 300\nScimRCBulkMaxBody 128K\nScimRCPatience 60s\n");
$gw->{conf} .= $gw->location_conf('/nobulk', 'main', "ScimRCMaxBody 8K\nScimRCBulkMaxOperations 0\n");
$gw->start_filled;
$sandbox->config(record => 1);
my $scim = $gw->scim;
my $base = $gw->base;

sub post   { my ($name, %member) = @_; return { method => 'POST', path => '/Users', bulkId => $name =~ s/@.*//r, data => $scim->user($name, %member) } }
sub remove { my ($id, %member) = @_; return { method => 'DELETE', path => "/Users/$id", %member } }
sub patch {
    my ($id, $path, $value, %member) = @_;
    return { method => 'PATCH', path => "/Users/$id", %member, data => { schemas => [$ScimClient::PATCH_OP],
            Operations => [ { op => 'replace', path => $path, value => $value } ] } };
}

# The results as "201 a", in the request's order.
sub results {
    my ($answer) = @_;
    return join ', ', map { join ' ', grep { defined } $_->{status}, $_->{bulkId} } @{ $answer->{json}{Operations} // [] };
}

subtest 'discovery' => sub {
    my $config = $scim->get('/ServiceProviderConfig')->{json};
    is_deeply $config->{bulk}, { supported => JSON::PP::true, maxOperations => 300, maxPayloadSize => 131072 }, 'the limits';
    my $other = $scim->as(base => $gw->url('/nobulk'));
    is_deeply $other->get('/ServiceProviderConfig')->{json}{bulk},
      { supported => JSON::PP::false, maxOperations => 0, maxPayloadSize => 4194304 }, 'ScimRCBulkMaxOperations 0';
    is $other->bulk([ remove(1) ])->{status}, 501, 'there is none';
    is $other->raw(POST => '/Bulk', ' ' x 9000)->{status}, 413, 'nor a larger body';
};

my %id;
subtest 'many things at once' => sub {
    my $old  = $scim->post('/Users', $scim->user('old@example.com', title => 'Old'))->{json};
    my $gone = $scim->post('/Users', $scim->user('gone@example.com'))->{json};
    $gw->sent;
    my $answer = $scim->bulk([
        post('ada@example.com', title => 'Pioneer'),
        post('old@example.com'),
        patch('bulkId:bea', 'title', 'Chief'),
        remove($gone->{id}),
        post('bea@example.com'),
        post('gone@example.com'),
        patch($old->{id}, 'title', 'Newer', version => $old->{meta}{version}),
        patch($old->{id}, 'title', 'Newest', version => $old->{meta}{version}),
        remove(999999999),
    ], failOnErrors => 9);
    is $answer->{status}, 200, 'answered';
    is $answer->{headers}{'content-type'}, 'application/scim+json', 'as SCIM';
    is results($answer), '201 ada, 409 old, 200, 204, 201 bea, 201 gone, 200, 412, 404', 'each has its status';
    is_deeply $answer->{json}{schemas}, ['urn:ietf:params:scim:api:messages:2.0:BulkResponse'], 'a BulkResponse';
    my @result = @{ $answer->{json}{Operations} };
    for my $i (0, 4, 5) {
        my ($id) = $result[$i]{location} =~ m{^\Q$base\E/Users/(\d+)\z};
        $id{ $result[$i]{bulkId} } = $id;
        my $user = $scim->get("/Users/$id");
        is $user->{status}, 200, "$result[$i]{bulkId} is there";
        is $result[$i]{version}, $user->{json}{meta}{version}, 'its version' if $i != 4;
        is_deeply [ sort keys %{ $result[$i] } ], [ sort qw(location method bulkId version status) ], 'and no more';
    }
    is $scim->get("/Users/$id{ada}")->{json}{title}, 'Pioneer', 'with all that was sent';
    is $scim->get("/Users/$id{bea}")->{json}{title}, 'Chief', 'a PATCH of a user who is made later';
    is $result[2]{location}, "$base/Users/$id{bea}", 'its location';
    is $scim->get("/Users/$old->{id}")->{json}{title}, 'Newer', 'the version was looked at, in the order of the request';
    is $scim->get("/Users/$gone->{id}")->{status}, 404, 'deleted';
    isnt $id{gone}, $gone->{id}, 'and its name given to another';
    for ([ 1, 409, 'uniqueness', undef ], [ 7, 412, undef, "$base/Users/$old->{id}" ], [ 8, 404, undef, "$base/Users/999999999" ]) {
        my ($i, $status, $type, $location) = @$_;
        my $error = $result[$i]{response};
        is_deeply [ @$error{qw(status scimType)}, $error->{schemas}[0] ],
          [ $status, $type, 'urn:ietf:params:scim:api:messages:2.0:Error' ], "$status: an Error";
        is $result[$i]{location}, $location, 'where';
    }
    is scalar(grep { exists $_->{response} } @result), 3, 'no response of what went well';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the account has the same';
};

subtest 'failOnErrors' => sub {
    $gw->sent;
    my $answer = $scim->bulk([ post('c1@example.com'), post('ada@example.com'), post('c2@example.com'), remove($id{ada}) ],
        failOnErrors => 1);
    is results($answer), '201 c1, 409 ada', 'ends at the first error';
    is $scim->get("/Users/$id{ada}")->{status}, 200, 'nothing after it';
    is $scim->find('c2@example.com'), undef, 'was carried out';
    $answer = $scim->bulk([ remove(1), post('c3@example.com'), remove(2), post('c4@example.com') ], failOnErrors => 2);
    is results($answer), '404, 201 c3, 404', 'at the second';
    is $scim->find('c4@example.com'), undef, 'nothing after that one';
};

subtest 'references' => sub {
    my $answer = $scim->bulk([ remove('bulkId:d1'), post('d1@example.com'), post('ada@example.com'), remove('bulkId:ada'),
        remove('bulkId:d2'), patch('bulkId:d3', 'title', 'x'), { %{ post('d3@example.com') }, data => {} } ]);
    is results($answer), '204, 201 d1, 409 ada, 409, 400, 409, 400 d3', 'of what is made, what fails and what is not there';
    like $answer->{json}{Operations}[3]{response}{detail}, qr/^bulkId:ada cannot be resolved, because the POST .* failed$/, 'why';
    like $answer->{json}{Operations}[4]{response}{detail}, qr/^bulkId:d2: no POST of the request has this bulkId$/, 'why';
    is join(' ', map { exists $answer->{json}{Operations}[$_]{location} ? $_ : () } 2 .. 6), '', 'what is not there is nowhere';
    is $scim->find('d1@example.com'), undef, 'made and deleted again';
};

# Section 3.7.1: those of a circle are made nevertheless. The manager is an attribute that
# the schema ignores; all else is there.
subtest 'circles' => sub {
    my $ring = sub {
        my ($name, $manager) = @_;
        return post("$name\@example.com", schemas => [ $ScimClient::CORE, $ScimClient::ENTERPRISE ], title => "T $name",
            $ScimClient::ENTERPRISE => { department => "D $name", manager => { value => "bulkId:$manager", '$ref' => "../Users/bulkId:$manager" } });
    };
    $gw->sent;
    my $answer = $scim->bulk([ $ring->('r1', 'r2'), $ring->('r2', 'r3'), $ring->('r3', 'r1'), $ring->('self', 'self'),
        $ring->('behind', 'r2'), patch('bulkId:r2', 'nickName', 'Two') ]);
    is results($answer), '201 r1, 201 r2, 201 r3, 201 self, 201 behind, 200', 'of three, of one, and who refers to one';
    is join(' ', map { $_->{op} } $gw->sent), join(' ', ('createExtension') x 5), 'each is made, and that is all';
    for my $i (0 .. 4) {
        my $result = $answer->{json}{Operations}[$i];
        my $user = $scim->get($result->{location} =~ s{^\Q$base\E}{}r)->{json};
        is_deeply [ @$user{qw(userName title)}, $user->{$ScimClient::ENTERPRISE} ],
          [ "$result->{bulkId}\@example.com", "T $result->{bulkId}", { department => "D $result->{bulkId}" } ], "$result->{bulkId}: all but the manager";
        is $result->{version}, $user->{meta}{version}, 'its version' if $i != 1;
    }
    $answer = $scim->bulk([ $ring->('half', 'ada'), $ring->('ada', 'half') ]);
    is results($answer), '409 half, 409 ada', 'of which one cannot be made';
    like $answer->{json}{Operations}[0]{response}{detail}, qr/^the resource was made with the id \d+, but without what refers to other operations: bulkId:ada cannot be resolved/, 'the other is, and that is said';
    like $answer->{json}{Operations}[0]{location}, qr{^\Q$base\E/Users/\d+\z}, 'where';
    ok !exists $answer->{json}{Operations}[1]{location}, 'but nowhere for the one';
    is $scim->find('half@example.com')->{title}, 'T half', 'it is there';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the account has the same';
};

subtest 'as a whole' => sub {
    $gw->sent;
    my @bad = (
        [ '{',  400, 'invalidSyntax' ], [ '[]', 400, 'invalidSyntax' ], [ '{}', 400, 'invalidSyntax' ],
        [ '{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]}',                   400, 'invalidSyntax' ],
        [ '{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[]}',   400, 'invalidSyntax' ],
        [ '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{}]}',     400, 'invalidSyntax' ],
        [ '{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[' . join(',', (1) x 301) . ']}', 413 ],
        [ ' ' x 131073, 413 ],
    );
    for (@bad) {
        my ($body, $status, $type) = @$_;
        my $answer = $scim->raw(POST => '/Bulk', $body);
        is "$answer->{status} " . ($answer->{json}{scimType} // '-'), "$status " . ($type // '-'), substr $body, 0, 90;
        is $answer->{json}{status}, $status, 'a SCIM error';
    }
    like $scim->raw(POST => '/Bulk', ' ' x 131073)->{json}{detail}, qr/131072.*maxPayloadSize/, 'the limit is named';
    like $scim->raw(POST => '/Bulk', $bad[6][0])->{json}{detail}, qr/301.*maxOperations \(300\)/, 'and the other';
    is $scim->raw(POST => '/Bulk', '{}', { 'content-type' => 'text/plain' })->{status}, 415, 'of another type';
    is $gw->scim('reader')->bulk([ remove($id{ada}) ])->{status}, 403, 'a token that may only read';
    is $scim->get('/Bulk')->{status}, 405, 'GET';
    is join(' ', map { $_->{op} } $gw->sent), '', 'RingCentral was not asked';
};

subtest 'three hundred' => sub {
    my @names = map { "many$_\@example.com" } 1 .. 300;
    my $answer = $scim->bulk([ map { post($_) } @names ]);
    is scalar(grep { $_->{status} eq '201' } @{ $answer->{json}{Operations} }), 300, 'all are made';
    is_deeply [ map { $_->{bulkId} } @{ $answer->{json}{Operations} } ], [ map { "many$_" } 1 .. 300 ], 'in order';
    my @ids = map { $_->{location} =~ m{(\d+)\z} } @{ $answer->{json}{Operations} };
    $answer = $scim->bulk([ map { patch($_, 'title', "Title $_") } @ids ]);
    is scalar(grep { $_->{status} eq '200' } @{ $answer->{json}{Operations} }), 300, 'all are changed';
    is scalar(grep { $scim->get("/Users/$_")->{json}{title} ne "Title $_" } @ids), 0, 'each as it should be';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the account has the same';
    $gw->sent;
    $answer = $scim->bulk([ map { patch($_, 'title', "Title $_") } @ids ]);
    is scalar(grep { $_->{status} eq '200' } @{ $answer->{json}{Operations} }), 300, 'the same once more';
    is join(' ', map { $_->{op} } $gw->sent), '', 'costs no call';
    $answer = $scim->bulk([ map { remove($_) } @ids ]);
    is scalar(grep { $_->{status} eq '204' } @{ $answer->{json}{Operations} }), 300, 'all are deleted';
    is scalar(grep { ($_->{contact}{email} // '') =~ /^many/ } $sandbox->extensions), 0, 'in the account too';
};

subtest 'many clients' => sub {
    my @wrong = map { @$_ } Crowd->run(6, sub {
        my ($n) = @_;
        my $client = $scim->as;
        my @wrong;
        for my $round (1 .. 3) {
            my $answer = $client->bulk([ map({ post("crowd$n.$round.$_\@example.com") } 1 .. 5),
                map({ patch("bulkId:crowd$n.$round.$_", 'title', "t$_") } 1 .. 5),
                post("same$round\@example.com"), patch($id{ada}, 'title', "by $n") ]);
            my @status = map { $_->{status} } @{ $answer->{json}{Operations} // [] };
            push @wrong, "@status" if "@status" !~ /^(201 ){5}(200 ){5}(201|409) 200$/;
        }
        return \@wrong;
    });
    is join("\n", @wrong), '', 'six at once';
    is scalar(grep { ($_->{contact}{email} // '') =~ /^same\d@/ } $sandbox->extensions), 3, 'no name is given twice';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the account has the same';
};

is $sandbox->ratelimit->{wastedCalls}, 0, 'no call against the limits';
ok $gw->wait_for_log(qr/SCIMRC0024: POST \/Bulk: 3 of 9 operations failed, the first one: /), 'failures are noted in the log';
$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
