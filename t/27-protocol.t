#!/usr/bin/env perl
# The service as HTTP sees it: methods and endpoints, media types both ways, where things
# are said to be, who may read and who may write, and two accounts whose clients never
# meet.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use IO::Socket::INET;
use JSON::PP ();
use Sandbox;
use Test::More;
use TestGateway;

my $other = Sandbox->new(users => 2, seed => 7, scale => 60, app => 'other-app', secret => 'other-secret-text',
    jwt => 'b3RoZXI.and.c2VjcmV0');
my $gw = TestGateway->new(
    sandbox  => { users => 3, scale => 60 },
    account  => "ScimRCMaxAge 1h\n",
    location => "ScimRCMaxBody 4K\nScimRCDocumentation https://help.example.com/scim\n",
    tokens   => { auditor => 'read', clerk => 'read,write', poet => 'write' });
# The second account has its own token file, and a host of its own.
my $foreign = 'foreign-' . sha256_hex("$$ " . rand);
$gw->secret($foreign);
my $tokens = $gw->write_file($gw->dir . '/tokens.other', 'entra:' . sha256_hex($foreign) . "::\n", 0600);
$gw->give_to_children($tokens);
my $second = $gw->location_conf('/scim/v2', 'other') =~ s{/tokens"}{/tokens.other"}r;
$gw->{conf} .= $gw->account_conf('other', $other)
  . $gw->location_conf('/public', 'main', "ScimRCPublicURL https://scim.example.com/rc/v2\n")
  . $gw->location_conf('/guarded', 'main', "Require scim-scope write\n") =~ s/Require valid-user\n//r
  . "<VirtualHost *>\nServerName usual.example.com\nScimRCMaxResults 2\nScimRCTokenFile $gw->{dir}/tokens\n"
  . join('', map { "</VirtualHost>\n<VirtualHost *>\nServerName $_.example.com:18443\nServerAlias *.$_.example.com\nUseCanonicalName $_\n" } qw(off on))
  . "</VirtualHost>\n<VirtualHost *>\nServerName second.example.com\n$second</VirtualHost>\n";
$gw->allow_log(qr/AH01631: user reader: authorization failure/);
$gw->start_filled;
my $rc = $gw->sandbox;
$rc->config(record => 1);
my $scim = $gw->scim;
sub at { my ($place) = @_; return $scim->as(base => $gw->url("/$place")) }

# The same server by another name: HTTP::Tiny sets Host itself, except for a proxy.
sub by_host {
    my ($client, $host, $path) = @_;
    my $there = $client->as(base => "http://$host$path");
    $there->{http} = HTTP::Tiny->new(http_proxy => $gw->url, timeout => 60);
    return $there;
}
# The location in an answer to a request with just this Host.
sub located {
    my ($host) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $gw->port) or die $!;
    print $socket "GET /scim/v2/ResourceTypes/User HTTP/1.1\r\nHost: $host\r\nAuthorization: Bearer "
      . $gw->token . "\r\nConnection: close\r\n\r\n";
    my ($location) = do { local $/; <$socket> } =~ /"location"\s*:\s*"([^"]*)"/;
    return $location;
}

# ... and with another token.
sub with { my ($client, $token) = @_; return bless { %$client, token => $token }, ref $client }
my $user = $scim->post('/Users', $scim->user('una@example.com'))->{json};
my $me = "/Users/$user->{id}";
$gw->sent;

subtest 'media types' => sub {
    my $body = JSON::PP->new->utf8->encode($scim->user('una@example.com'));
    for my $type ('application/scim+json', 'application/json', 'application/scim+json; charset=utf-8',
        'Application/JSON;charset="UTF-8"', undef) {
        my $answer = $scim->raw(PUT => $me, $body, { 'content-type' => $type // 'application/octet-stream' });
        is $answer->{status}, $type ? 200 : 415, 'in: ' . ($type // 'bytes');
    }
    for my $type ('text/plain', 'application/xml', 'multipart/form-data; boundary=x') {
        is $scim->raw(PUT => $me, $body, { 'content-type' => $type })->{status}, 415, "in: $type";
    }
    my %out = (
        ''                            => 'application/scim+json',
        '*/*'                         => 'application/scim+json',
        'application/scim+json'       => 'application/scim+json',
        'application/json'            => 'application/json',
        'application/json; charset=utf-8' => 'application/json',
        'application/scim+json, application/json' => 'application/scim+json',
        'application/scim+json;q=0.5, application/json;q=0.9' => 'application/json',
        'text/html'                   => 'application/scim+json',
    );
    for my $accept (sort keys %out) {
        my $answer = $scim->get($me, { accept => $accept eq '' ? undef : $accept });
        is $answer->{status}, 200, "out: $accept";
        is $answer->{headers}{'content-type'}, $out{$accept}, "out: $out{$accept}";
        $answer = $scim->get('/Users/none', { accept => $accept eq '' ? undef : $accept });
        is $answer->{headers}{'content-type'}, $out{$accept}, 'also of an error';
    }
};

subtest 'where things are' => sub {
    my $port = $gw->port;
    is $user->{meta}{location}, "http://127.0.0.1:$port/scim/v2$me", 'as the client said';
    is by_host($scim, 'scim.corp.example:8443', '/scim/v2')->get($me)->{json}{meta}{location},
      "http://scim.corp.example:8443/scim/v2$me", 'by its Host';
    my %by = (
        'a.off.example.com'      => 'a.off.example.com',    # on the scheme's own port
        'a.off.example.com:8080' => 'a.off.example.com:8080',
        'off.example.com'        => 'off.example.com',
        'a.on.example.com'       => 'on.example.com:18443',
        'a.on.example.com:8080'  => 'on.example.com:18443',
    );
    for my $host (sort keys %by) {
        is by_host($scim, $host, '/scim/v2')->get($me)->{json}{meta}{location}, "http://$by{$host}/scim/v2$me", "Host: $host";
        is located($host), "http://$by{$host}/scim/v2/ResourceTypes/User", '... as clients send it that know of no proxy';
    }
    is $scim->get($me, { 'x-forwarded-proto' => 'https', 'x-forwarded-host' => 'evil.example' })->{json}{meta}{location},
      "http://127.0.0.1:$port/scim/v2$me", 'not by what anybody can say';
    my $public = "https://scim.example.com/rc/v2";
    my $there = at('public');
    is $there->get($me)->{json}{meta}{location}, "$public$me", 'ScimRCPublicURL';
    is $there->list(count => 1)->{json}{Resources}[0]{meta}{location} =~ s/\d+$//r, "$public/Users/", 'in a list';
    my $made = $there->post('/Users', $scim->user('urs@example.com'));
    is $made->{headers}{location}, "$public/Users/$made->{json}{id}", 'in Location';
    for my $path ('/ServiceProviderConfig', '/Schemas/urn:ietf:params:scim:schemas:core:2.0:User', '/ResourceTypes/User') {
        is $there->get($path)->{json}{meta}{location}, "$public$path", $path;
    }
    for my $method (qw(put get)) {
        my $answer = $method eq 'get' ? $scim->get($me) : $scim->put($me, $scim->user('una@example.com'));
        is $answer->{json}{meta}{location}, $user->{meta}{location}, "$method: the same";
    }
};

subtest 'endpoints and methods' => sub {
    $gw->sent;
    my %allow = (
        '/Users'                    => 'GET HEAD POST',
        $me                         => 'DELETE GET HEAD PATCH PUT',
        '/Users/.search'            => 'POST',
        '/Bulk'                     => 'POST',
        '/ServiceProviderConfig'    => 'GET HEAD',
        '/Schemas'                  => 'GET HEAD',
        '/ResourceTypes'            => 'GET HEAD',
        '/ResourceTypes/User'       => 'GET HEAD',
    );
    for my $path (sort keys %allow) {
        for my $method (qw(GET POST PUT PATCH DELETE OPTIONS)) {
            next if $allow{$path} =~ /\b$method\b/;
            my $answer = $scim->raw($method, $path, $method =~ /^P/ ? '{}' : undef);
            is $answer->{status}, 405, "$method $path";
            is join(' ', sort grep { $_ ne 'OPTIONS' } split /,\s*/, $answer->{headers}{allow} // ''), $allow{$path}, 'Allow';
            is $answer->{json}{status}, '405', 'a SCIM error';
        }
    }
    for my $path ('/Groups', '/Nothing', '/users', "$me/x", '/Schemas/urn:none', '/ResourceTypes/Group',
        '/Users/%00', '/Users/' . 'x' x 300) {
        my $answer = $scim->get($path);
        is $answer->{status}, 404, 'GET ' . substr $path, 0, 40;
        is $answer->{json}{schemas}[0], 'urn:ietf:params:scim:api:messages:2.0:Error', 'a SCIM error';
    }
    for my $method (qw(GET PUT PATCH DELETE)) {
        is $scim->raw($method, '/Me', $method =~ /^P/ ? '{}' : undef)->{status}, 501, "$method /Me";
    }
    is $scim->raw(POST => '/.search', '{}')->{status}, 501, 'POST /.search';
    is $scim->get('/')->{status}, 501, 'a query of all types at once';
    for my $path ($me, '/Users?count=1', '/ServiceProviderConfig', '/Users/none') {
        my ($get, $head) = map { $scim->raw($_, $path) } qw(GET HEAD);
        is $head->{status}, $get->{status}, "HEAD $path";
        is $head->{content} // '', '', 'no body';
        is $head->{headers}{$_}, $get->{headers}{$_}, "the same $_" for qw(content-type content-length);
    }
    is join(' ', map { $_->{op} } $gw->sent), '', 'RingCentral was not asked';
};

subtest 'discovery' => sub {
    my $config = $scim->get('/ServiceProviderConfig')->{json};
    is_deeply [ sort keys %$config ], [ sort qw(schemas documentationUri patch bulk filter changePassword sort etag
        authenticationSchemes meta) ], 'ServiceProviderConfig has what the RFC defines, and no more';
    is $config->{documentationUri}, 'https://help.example.com/scim', 'ScimRCDocumentation';
    my $schemas = $scim->get('/Schemas')->{json};
    is_deeply [ sort keys %$schemas ], [ sort qw(schemas totalResults startIndex itemsPerPage Resources) ], 'a list';
    is_deeply [ sort map { $_->{id} } @{ $schemas->{Resources} } ], [ $ScimClient::CORE, $ScimClient::ENTERPRISE ], 'of both';
    for my $schema (@{ $schemas->{Resources} }) {
        is_deeply $scim->get("/Schemas/$schema->{id}")->{json}, $schema, "$schema->{name} alone";
        my @lack = grep { my $a = $_; grep { !exists $a->{$_} } qw(name type multiValued description required mutability returned) }
          @{ $schema->{attributes} };
        is scalar(@lack), 0, "$schema->{name}: each attribute is described";
    }
    unlike $scim->get('/Schemas')->{content}, qr/:null/, 'no nulls';
};

subtest 'bodies' => sub {
    $gw->sent;
    for ([ '{"userName":', 'invalidSyntax' ], [ '', 'invalidSyntax' ], [ '[]', 'invalidSyntax' ], [ '"x"', 'invalidSyntax' ],
        [ "{\"userName\":\"\xff\"}", 'invalidSyntax' ], [ '{"a":1,"a":2}', 'invalidSyntax' ],
        [ '[' x 2000 . ']' x 2000, 'invalidSyntax' ]) {
        my ($body, $type) = @$_;
        for my $request ([ POST => '/Users' ], [ PUT => $me ], [ PATCH => $me ], [ POST => '/Users/.search' ]) {
            my $answer = $scim->raw(@$request, $body);
            is "$answer->{status} " . ($answer->{json}{scimType} // ''), "400 $type",
              "@$request: " . substr($body, 0, 12) =~ s/[^ -~]/?/gr;
        }
    }
    my $large = '{"userName":"' . 'x' x 5000 . '"}';
    is $scim->raw(POST => '/Users', $large)->{status}, 413, 'larger than ScimRCMaxBody';
    is $scim->raw(GET => $me)->{status}, 200, 'and the connection goes on';
    for my $operations ('[]', '{}', '"x"', '[1]', '[{"op":"add"}]', '[{"path":"title","value":"x"}]', undef) {
        my $body = defined $operations ? qq({"schemas":["$ScimClient::PATCH_OP"],"Operations":$operations})
          : qq({"schemas":["$ScimClient::PATCH_OP"]});
        is $scim->raw(PATCH => $me, $body)->{status}, 400, 'PATCH: Operations ' . ($operations // 'missing');
    }
    is join(' ', map { $_->{op} } $gw->sent), '', 'RingCentral was not asked';
};

subtest 'who may do what' => sub {
    $gw->sent;
    for my $name (qw(reader auditor)) {
        my $reader = $gw->scim($name);
        is $reader->get($me)->{status}, 200, "$name: reads";
        is $reader->list->{status}, 200, "$name: lists";
        is $reader->post('/Users/.search', { schemas => [$ScimClient::SEARCH] })->{status}, 200, "$name: searches";
        for ([ POST => '/Users', $scim->user('nope@example.com') ], [ PUT => $me, $scim->user('una@example.com') ],
            [ PATCH => $me, { schemas => [$ScimClient::PATCH_OP], Operations => [ { op => 'remove', path => 'title' } ] } ],
            [ DELETE => $me ], [ DELETE => '/Users/none' ]) {
            my $answer = $reader->request(@$_);
            is $answer->{status}, 403, "$name: must not $$_[0] $$_[1]";
            is_deeply [ @{ $answer->{json} }{qw(status scimType)} ], [ '403', undef ], 'a SCIM error';
            like $answer->{json}{detail}, qr/read|scope|write/, 'that says why';
        }
    }
    is join(' ', map { $_->{op} } $gw->sent), '', 'RingCentral was not asked';
    is $gw->scim('clerk')->patch($me, { op => 'add', path => 'title', value => 'By the clerk' })->{status}, 200, 'clerk: writes';
    my $guarded = at('guarded');
    is $guarded->as(token => $gw->token('clerk'))->get($me)->{status}, 200, 'Require scim-scope write: the clerk';
    like $guarded->as(token => $gw->token('reader'))->get($me)->{status}, qr/^40[13]$/, 'but not the reader';
    my $nobody = $scim->as(token => undef)->get($me);
    is $nobody->{status}, 401, 'no token';
    like $nobody->{headers}{'www-authenticate'}, qr/^Bearer realm="SCIM"$/, 'a challenge';
    my $wrong = $scim->as(token => 'wrong')->get($me);
    is $wrong->{status}, 401, 'a wrong token';
    like $wrong->{headers}{'www-authenticate'}, qr/^Bearer realm="SCIM".*error="invalid_token"/, 'says so';
    is $wrong->{json}{status}, '401', 'in a SCIM error';
    like $gw->access_log, qr{ clerk \[?.*"PATCH /scim/v2$me}, "the token's name is in the access log";
};

subtest 'two accounts' => sub {
    my $second = by_host($scim->as(token => $foreign), 'second.example.com', '/scim/v2');
    my $usual = by_host($scim, 'usual.example.com', '/scim/v2');
    ok $gw->wait_until(sub { $second->list(count => 0)->{status} == 200 }), 'the host of the second';
    is with($usual, $foreign)->list->{status}, 401, 'its token is none for the first';
    is with($second, $gw->token)->list->{status}, 401, "nor is the first's for the second";
    is $second->find('una@example.com'), undef, "it does not find the first's user";
    is $second->list->{json}{itemsPerPage}, 2, 'it has two people of its own';
    $gw->sent;
    my $made = $second->post('/Users', $second->user('una@example.com', title => 'Second'));
    is $made->{status}, 201, 'the same name in the second';
    is $made->{headers}{location}, "http://second.example.com/scim/v2/Users/$made->{json}{id}", 'at its own place';
    is join(' ', map { $_->{op} } $gw->sent), '', 'the first RingCentral was not asked';
    is scalar(my @there = $other->extensions(email => 'una@example.com')), 1, 'the second was';
    isnt $scim->find('una@example.com')->{title} // '', 'Second', "the first's is another";
    is $second->delete("/Users/$made->{json}{id}")->{status}, 204, 'deleted in the second';
    is $scim->get($me)->{status}, 200, "the first's is there";
    is $second->get($me)->{status}, 404, 'and not in the second';
    is $usual->list->{json}{itemsPerPage}, 2, "a host's own ScimRCMaxResults";
    $gw->secret(map { $_->{access_token} } $other->sessions);
};

is $_->ratelimit->{wastedCalls}, 0, 'no call against the limits' for $rc, $other;
$gw->stop;
$other->stop;
is join('', $other->log_problems), '', 'the other sandbox: clean error log';
done_testing;
