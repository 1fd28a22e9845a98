#!/usr/bin/env perl
# Credentials that RingCentral refuses: the token endpoint is asked once, by one child
# for all; clients are told when to come again; the administrator reads one line; and
# mended files work with a graceful restart.
use strict;
use warnings;
use Test::More;
use Crowd;
use Sandbox;
use TestGateway;

my $sandbox = Sandbox->new(users => 5, limits => 'off');
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => 4,
    account   => "ScimRCRefresh 1h\nScimRCMaxAge 1h\nScimRCLimit medium off\nScimRCLimit auth 20",
    location  => 'ScimRCPatience 1s');
my $scim = $gw->scim;

sub sign_ins { return $sandbox->counters->{ops}{getToken} // 0 }
sub lines { my ($tag) = @_; return scalar(() = $gw->error_log =~ /$tag: /g) }

# Every one of many requests is answered so.
sub all_get {
    my ($status, $what, $method, $path) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @wrong = map { @$_ } Crowd->run(10, sub {
        my ($n) = @_;
        my @wrong;
        for my $i (1 .. 3) {
            my $body = $method eq 'POST' ? $scim->user("new$n.$i.$$\@example.com") : undef;
            my $answer = $scim->request($method, $path, $body);
            my $after = $answer->{headers}{'retry-after'} // '-';
            push @wrong, "$answer->{status} $after $answer->{content}"
              if $answer->{status} != $status
              || $status >= 400 && ($after !~ /^[1-9]\d*$/ || !$answer->{json}{detail});
        }
        return \@wrong;
    });
    return is_deeply \@wrong, [], $what;
}

# --- a wrong secret from the beginning --------------------------------------------

# New children read the files anew; who talked to an old one goes on to do so.
sub restart_gracefully {
    my ($what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $scim = $gw->scim;
    return ok $gw->graceful_and_anew, "$what, graceful restart";
}

my $secret = $gw->dir . '/main.secret';
my $jwt    = $gw->dir . '/main.jwt';

sub give {
    my ($path, $text) = @_;
    $gw->write_secret($path =~ s{.*/}{}r, $text);
}

give($secret, 'a-wrong-secret');
$gw->expect_log(qr/SCIMRC0203: account 'main', credential 'main': RingCentral gives no access token: Invalid client/);
$gw->allow_log(qr/SCIMRC0203/);
$gw->start;
all_get(503, 'a wrong secret: 503 with Retry-After', GET => '/Users');
all_get(503, 'again', GET => '/Users');
is sign_ins(), 1, 'the token endpoint was asked once';
is lines('SCIMRC0203'), 1, 'the log says it once';

give($secret, $sandbox->{secret});
restart_gracefully('the secret is mended');
ok $gw->wait_until(sub { $scim->list->{status} == 200 }), 'it works';
is sign_ins(), 2, 'with a token';

# --- a JWT that is not valid any more ---------------------------------------------

give($jwt, 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ3cm9uZyJ9.d3Jvbmc');
restart_gracefully('another JWT');
all_get(503, 'a wrong JWT: 503 with Retry-After', POST => '/Users');
all_get(200, 'reading goes on', GET => '/Users');
is sign_ins(), 3, 'the token endpoint was asked once more';
is lines('SCIMRC0203'), 2, 'and the log says it once more';

# --- a token endpoint that is out of order ----------------------------------------

give($jwt, $sandbox->{jwt});
restart_gracefully('the JWT is mended');
is $scim->post('/Users', $scim->user('soon@example.com'))->{status}, 201, 'it works at once';
is sign_ins(), 3, 'with the token that there still is';
$gw->stop;
$sandbox->fault({ match => { op => 'getToken' }, action => 'html', times => 1 });
$gw->expect_log(qr/SCIMRC0204/);
$gw->start;
$scim = $gw->scim;
my $answer = $scim->post('/Users', $scim->user('late@example.com'));
is $answer->{status}, 503, 'the token endpoint is out of order: 503';
like $answer->{headers}{'retry-after'}, qr/^[1-4]$/, 'come again soon';
ok $gw->wait_until(
    sub { $scim->post('/Users', $scim->user('late@example.com'))->{status} == 201 }),
  'it is asked again soon';
is sign_ins(), 5, 'once';

# --- RingCentral refuses what it issued -------------------------------------------

$sandbox->fault({ match => { op => 'createExtension' },
    action => { kind => 'reply', status => 401, code => 'OAU-213' } });
all_get(503, 'each token is refused: 503 with Retry-After', POST => '/Users');
cmp_ok sign_ins(), '<=', 6, 'one more is asked for, and no other';
is lines('SCIMRC0203'), 3, 'and the log says it';
all_get(200, 'reading goes on', GET => '/Users');

$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
