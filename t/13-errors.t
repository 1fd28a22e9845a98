#!/usr/bin/env perl
# Whatever module of httpd refuses a request to a SCIM location, the answer is a SCIM
# error and never a page of HTML; elsewhere on the server nothing changes.
use strict;
use warnings;
use IO::Socket::INET;
use Test::More;
use TestGateway;

my $gw = TestGateway->new(
    sandbox => { users => 3 }, location => "ScimRCMaxBody 2K\n",
    modules => [qw(mime alias rewrite allowmethods reqtimeout headers)]);
my $d = $gw->dir;
$gw->write_file("$d/htdocs/error.html", "<html>a page</html>\n", 0644);
my $usual = $gw->location_conf('/PLACE', 'main');
my %place = (
    denied  => 'Require ip 192.0.2.1',
    methods => 'AllowMethods GET',
    small   => 'LimitRequestBody 10',
);
$gw->{conf} .= join '', map { $usual =~ s{/PLACE}{/$_}r =~ s{</Location>}{$place{$_}\n</Location>}r }
  sort keys %place;
$gw->{conf} =~ s{(<Location "/denied">.*?)Require valid-user\n}{$1}s;
my @rewritten = (400, 403, 404, 429, 500, 502, 503, 504);
$gw->{conf} .= <<"EOT";
RequestReadTimeout body=2
TypesConfig /dev/null
AddLanguage en .en
AddEncoding x-gzip .gz
AddHandler server-parsed .cgi
${\ join '', map { "ErrorDocument $_ /error.html\n" } 400, 401, 404, 405, 413, 414, 417, 500 }
ErrorDocument 403 http://elsewhere.example.com/
ErrorDocument 503 "a text"
<LocationMatch "^/noaccount">
SetHandler scim-rc
AuthType Bearer
AuthName SCIM
ScimRCTokenFile "$d/tokens"
Require valid-user
</LocationMatch>
RewriteEngine On
${\ join '', map { "RewriteRule ^/scim/v2/r$_ - [R=$_]\n" } @rewritten}RewriteRule ^/scim/v2/gone - [G]
RewriteRule ^/rewritten/(.*) /scim/v2/\$1 [PT]
EOT
$gw->expect_log(qr/SCIMRC0023: /);
$gw->allow_log(qr/AH01630: client denied/, qr/AH01623: client method denied/,
     qr/AH10244: invalid URI path/);
$gw->start_filled;
$gw->sandbox->calls_clear;
my $scim = $gw->scim;

sub is_error {
    my ($answer, $status, $what, $type) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $answer->{status}, $status, "$what: $status";
    is $answer->{headers}{'content-type'}, $type // 'application/scim+json', "$what: media type";
    is_deeply [ sort keys %{ $answer->{json} // {} } ], [qw(detail schemas status)],
      "$what: the members of an error";
    is $answer->{json}{status}, "$status", "$what: the status is in the body, a string";
    cmp_ok length($answer->{json}{detail} // ''), '>', 20, "$what: a detail";
    for my $name (qw(content-language content-encoding etag last-modified location)) {
        ok !exists $answer->{headers}{$name}, "$what: no $name";
    }
    return $answer;
}

sub at { my ($place) = @_; return $scim->as(base => $gw->url("/$place")) }

# --- refused by httpd's modules ---------------------------------------------------

is_error(at('denied')->get('/Users'), 403, 'Require ip');
is_error($scim->as(token => undef)->get('/Users'), 401, 'no token');
is_error(at('methods')->delete('/Users/1'), 405, 'AllowMethods');
is_error(at('small')->raw('POST', '/Users', '{"userName":"a@example.com"}'), 413, 'LimitRequestBody');
is_error($scim->get('/Users/a%2Fb'), 404, 'an encoded slash');
is_error($scim->get('/Users', { expect => 'a miracle' }), 417, 'Expect');
is_error($scim->get('/Users?filter=' . 'x' x 9000), 414, 'a long URL');
is_error($scim->get('/Users', { 'x-long' => 'x' x 9000 }), 400, 'a long header');
is_error(at('%73cim/v2')->get('/r403'), 403, 'a path that is encoded needlessly');
is_error($scim->get("/r$_"), $_, "mod_rewrite's $_") for @rewritten;
is_error($scim->get('/gone'), 410, "mod_rewrite's 410");
is_error(at('noaccount')->get('/Users'), 500, 'no ScimRCUse');

# --- refused by the module itself -------------------------------------------------

my $large = is_error($scim->raw('POST', '/Users', '{"x":"' . 'x' x 2100 . '"}'), 413, 'ScimRCMaxBody');
like $large->{json}{detail}, qr/2048/, 'ScimRCMaxBody: says how much is possible';
my $chunked = HTTP::Tiny->new->request('POST', $gw->base . '/Users', {
    headers => { authorization => 'Bearer ' . $gw->token },
    content => do { my $n = 3; sub { $n-- > 0 ? 'x' x 1000 : undef } }
});
is $chunked->{status}, 413, 'ScimRCMaxBody: also when the length is not announced';
like $chunked->{content}, qr/2048/, 'ScimRCMaxBody: the same detail';
is_error($scim->raw('POST', '/Users', 'x', { 'content-encoding' => 'gzip' }), 415, 'a compressed body');
is_error($scim->raw('TRACE', '/Users'), 405, 'TRACE');
is_error($scim->raw('FROB', '/Users'), 405, 'an unknown method');
is_error($scim->get('/Nothing'), 404, 'an unknown path');
is_error($scim->get('/Users/no.such.en.gz.cgi'), 404, 'an id that looks like a file');
is_error($scim->get('/Me'), 501, '/Me');

# --- form -------------------------------------------------------------------------

is_error($scim->get('/r403', { accept => 'application/json' }), 403, 'plain JSON', 'application/json');
my $head = $scim->raw('HEAD', '/r404');
is $head->{status} . ($head->{content} // ''), '404', 'HEAD: no body';
is $head->{headers}{'content-type'}, 'application/scim+json', 'HEAD: the media type';
is $scim->get('/r404')->{headers}{'cache-control'}, 'no-store', 'an error is not kept';

# A request as bytes; the answer in the same form as ScimClient's.
sub bytes {
    my ($text, $wait) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $gw->port) or die $!;
    print $socket $text;
    my $reply = do { local $/; <$socket> } // '';
    my ($top, $body) = split /\r\n\r\n/, $reply, 2;
    my %header = map { /^([^:]+): (.*?)\r?$/ ? (lc $1 => $2) : () } split /\n/, $top // '';
    my ($status) = ($top // '') =~ /^HTTP\S+ (\d+)/;
    return { status => $status, headers => \%header, content => $body,
        json => eval { JSON::PP->new->decode($body) } };
}
my $auth = 'Authorization: Bearer ' . $gw->token . "\r\n";
is_error(bytes("GET /scim/v2/Users HTTP/1.1\r\n\r\n"), 400, 'no Host');
is_error(bytes("GET /scim/v2/Users HTTP/1.1\r\nHost: a b\r\n\r\n"), 400, 'a Host that is none');
is_error(bytes("GET /scim/v2/%zz HTTP/1.1\r\nHost: a\r\n\r\n"), 400, 'a path that is none');
is_error(bytes("POST /scim/v2/Users HTTP/1.1\r\nHost: a\r\n${auth}Transfer-Encoding: chunked\r\n\r\nZZ\r\n"),
    400, 'a chunk that is none');
is_error(bytes("POST /scim/v2/Users HTTP/1.1\r\nHost: a\r\n${auth}Transfer-Encoding: odd\r\n\r\n"),
    400, 'a transfer encoding that is none');
is_error(bytes("POST /scim/v2/Users HTTP/1.1\r\nHost: a\r\n${auth}Content-Length: 9\r\n\r\n{"),
    408, 'a body that does not come');

is scalar($gw->sandbox->calls), 0, 'nothing of all this reached the platform';

# --- elsewhere --------------------------------------------------------------------

is $scim->as(base => $gw->url('/rewritten'))->get('/Users/no%20body')->{status}, 404,
  'a rewritten path is served';
my $page = HTTP::Tiny->new->get($gw->url('/nothing'));
is $page->{status}, 404, 'another path of the server: 404';
like $page->{content}, qr/a page/, 'another path of the server: its own page';

$gw->stop;
done_testing;
