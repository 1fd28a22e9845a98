#!/usr/bin/env perl
# Who may come in: AuthType Bearer with a token file, scopes, the challenge, the access
# log; other authentication of httpd; and nobody where nobody is asked.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use MIME::Base64 ();
use Test::More;
use TestGateway;

my $gw = TestGateway->new(
    sandbox => { users => 3 }, modules => [qw(auth_basic authn_file setenvif)],
    tokens  => { old => '', strange => 'write' });
my $d = $gw->dir;
$gw->{conf} =~ s/AuthName SCIM/AuthName "the \\"SCIM\\" service"/;
$gw->write_file("$d/htpasswd", 'ann:{SHA}' . MIME::Base64::encode_base64(Digest::SHA::sha1('pw'), ''), 0644);
$gw->write_file("$d/expiring", join('',
    'past:' . sha256_hex('tok-past') . "::2020-01-01\n",
    'future:' . sha256_hex('tok-future') . "::2099-01-01T00:00:00Z\n"), 0600);
$gw->give_to_children("$d/expiring");
$gw->secret('tok-past', 'tok-future');
$gw->{conf} .= <<"EOT";
<Location "/expiring">
SetHandler scim-rc
ScimRCUse main
AuthType Bearer
AuthName SCIM
ScimRCTokenFile "$d/expiring"
Require valid-user
</Location>
<Location "/basic">
SetHandler scim-rc
ScimRCUse main
AuthType Basic
AuthName SCIM
AuthBasicProvider file
AuthUserFile "$d/htpasswd"
Require valid-user
</Location>
<Location "/writers">
SetHandler scim-rc
ScimRCUse main
AuthType Bearer
AuthName SCIM
ScimRCTokenFile "$d/tokens"
Require scim-scope write
</Location>
<Location "/anybody">
SetHandler scim-rc
ScimRCUse main
</Location>
<Location "/granted">
SetHandler scim-rc
ScimRCUse main
AuthType Bearer
AuthName SCIM
ScimRCTokenFile "$d/tokens"
Require all granted
</Location>
EOT
$gw->expect_log(qr{SCIMRC0021: refused: <Location "/anybody"> lets everybody in});
$gw->expect_log(qr{SCIMRC0021: refused: <Location "/granted"> lets everybody in});
$gw->expect_log(qr/AH01631: user reader: authorization failure/);
$gw->start_filled;
$gw->sandbox->calls_clear;

my $scim = $gw->scim;
my $CONFIG = '/ServiceProviderConfig';

sub is_error {
    my ($answer, $status, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $answer->{status}, $status, "$what: $status";
    is $answer->{headers}{'content-type'}, 'application/scim+json', "$what: media type";
    is_deeply $answer->{json}{schemas}, ['urn:ietf:params:scim:api:messages:2.0:Error'],
      "$what: a SCIM error";
    is $answer->{json}{status}, "$status", "$what: the status in the body";
    return $answer;
}

# --- credentials ------------------------------------------------------------------

is $scim->get($CONFIG)->{status}, 200, 'a good token';
is $scim->get($CONFIG, { authorization => 'bEARER   ' . $gw->token })->{status}, 200,
  'the scheme in any case';

my $realm = 'Bearer realm="the \"SCIM\" service"';
my $none = is_error($scim->as(token => undef)->get($CONFIG), 401, 'no credentials');
is $none->{headers}{'www-authenticate'}, $realm, 'no credentials: a challenge without an error';
like $none->{json}{detail}, qr/Authorization: Bearer/, 'no credentials: says what to send';

my @bad = (
    [ 'an unknown token'     => 'Bearer abc' ],
    [ 'an empty token'       => 'Bearer' ],
    [ 'signs of no token'    => 'Bearer a"b' ],
    [ 'two tokens'           => [ 'Bearer ' . $gw->token, 'Bearer ' . $gw->token ] ],
    [ 'the hash of a token'  => 'Bearer ' . sha256_hex($gw->token) ],
    [ 'a very long token'    => 'Bearer ' . 'x' x 7000 ],
);
for my $case (@bad) {
    my ($what, $header) = @$case;
    my $answer = is_error($scim->get($CONFIG, { authorization => $header }), 401, $what);
    is $answer->{headers}{'www-authenticate'},
      "$realm, error=\"invalid_token\", error_description=\"The bearer token is not known here\"",
      "$what: invalid_token";
}
for my $header ('Basic YW5uOnB3', 'non-token') {
    my $answer = is_error($scim->get($CONFIG, { authorization => $header }), 401, $header);
    is $answer->{headers}{'www-authenticate'}, $realm, "$header: is none of ours";
}
is_error($scim->as(token => undef)->get("$CONFIG?access_token=" . ('q' x 20)), 401,
    'a token in the query is not looked at');
is $scim->as(token => undef)->raw('HEAD', $CONFIG)->{content} // '', '', 'HEAD: no body';

my $expiring = $scim->as(base => $gw->url('/expiring'), token => 'tok-past');
my $expired = is_error($expiring->get($CONFIG), 401, 'an expired token');
like $expired->{headers}{'www-authenticate'}, qr/invalid_token.*expired/, 'expired: says so';
like $expired->{json}{detail}, qr/expired/, 'expired: says so to a person';
is $expiring->as(token => 'tok-future')->get($CONFIG)->{status}, 200, 'one that expires later';
is_error($expiring->as(token => $gw->token)->get($CONFIG), 401, 'a token of another location');

# --- scopes -----------------------------------------------------------------------

my $reader = $gw->scim('reader');
is $reader->get($CONFIG)->{status}, 200, 'a reader reads';
is $reader->list(count => 0)->{status}, 200, 'a reader lists';
is $reader->post('/Users/.search', { schemas => [$ScimClient::SEARCH], count => 0 })->{status},
  200, 'a reader searches with POST';
for my $method (qw(POST PUT PATCH DELETE)) {
    my $path   = $method eq 'POST' ? '/Users' : '/Users/1';
    my $answer = is_error($reader->request($method, $path, {}), 403, "a reader's $method");
    like $answer->{headers}{'www-authenticate'}, qr/error="insufficient_scope".*scope="write"/,
      "a reader's $method: insufficient_scope";
    like $answer->{json}{detail}, qr/'reader'.*'write'/, "a reader's $method: says why";
}
my $writers = $scim->as(base => $gw->url('/writers'));
is $writers->get($CONFIG)->{status}, 200, 'Require scim-scope write: a writer';
is $writers->as(token => $gw->token('strange'))->get($CONFIG)->{status}, 200,
  'who may write may read';
my $denied = is_error($writers->as(token => $gw->token('reader'))->get($CONFIG), 403,
    'Require scim-scope write: a reader');
like $denied->{headers}{'www-authenticate'}, qr/error="insufficient_scope"/,
  'Require scim-scope write: insufficient_scope';
is_error($writers->as(token => undef)->get($CONFIG), 401, 'Require scim-scope write: nobody');

# --- other ways -------------------------------------------------------------------

my $basic = $scim->as(base => $gw->url('/basic'), token => undef);
is $basic->get($CONFIG, { authorization => 'Basic ' . MIME::Base64::encode_base64('ann:pw', '') })
  ->{json}{authenticationSchemes}[0]{type}, 'httpbasic', 'another authentication of httpd';
my $no = is_error($basic->get($CONFIG), 401, 'another authentication: nobody');
like $no->{headers}{'www-authenticate'}, qr/^Basic realm/, "another authentication: httpd's challenge";
is_error($scim->as(base => $gw->url('/anybody'))->get($CONFIG), 403, 'nobody is asked');
is_error($scim->as(base => $gw->url('/granted'))->get($CONFIG), 403, 'everybody is let in');

is scalar($gw->sandbox->calls), 0, 'nothing of all this reached the platform';

# --- the file changes -------------------------------------------------------------

is $gw->scim('old')->get($CONFIG)->{status}, 200, 'a token, before it is taken away';
$gw->write_tokens(writer => '', reader => 'read');
ok $gw->wait_until(sub { $gw->scim('old')->get($CONFIG)->{status} == 401 }),
  'the token is taken away without a restart';
is $scim->get($CONFIG)->{status}, 200, 'the others stay';
$gw->expect_log(qr/SCIMRC0401: /);
$gw->write_file("$d/tokens", "nonsense\n", 0600);
sleep 2;
is $scim->get($CONFIG)->{status}, 200, 'a changed file that is not valid: what was before goes on';
ok $gw->wait_for_log(qr/SCIMRC0401: /), 'and it is logged';
$gw->write_tokens(writer => '', reader => 'read');

$gw->expect_log(qr/SCIMRC0400: /);
rename "$d/tokens", "$d/away" or die $!;
ok $gw->wait_until(sub { $scim->get($CONFIG)->{status} != 200 }), 'a token file that is gone';
is_error($scim->get($CONFIG), 503, 'nobody is let in without the file');
is_error($scim->as(token => undef)->get($CONFIG), 401, 'nor without a token');
rename "$d/away", "$d/tokens" or die $!;
ok $gw->wait_until(sub { $scim->get($CONFIG)->{status} == 200 }), 'until it is there again';

my $log = $gw->access_log;
like $log, qr{ writer \[[^\]]*\] "GET /scim/v2/ServiceProviderConfig}, "the token's name is in the access log";
like $log, qr{ ann \[[^\]]*\] "GET /basic/}, "another user's name too";
like $log, qr{ reader \[[^\]]*\] "DELETE /scim/v2/Users/1 HTTP/1.1" 403}, 'and the refused ones';

$gw->stop;
done_testing;
