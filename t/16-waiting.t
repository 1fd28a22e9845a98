#!/usr/bin/env perl
# A request that waits (here for the first reading of an account whose platform is not
# there) ends with its patience, with its client, or with the server; a graceful restart
# lets it go on.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time sleep);
use TestHttpd;

my $PATIENCE = 6;

my $h = TestHttpd->new(load => { scim_rc_module => $ENV{MODULE_SO} }, log_level => 'info');
my $d = $h->dir;
$h->write_file("$d/secret", "waiting-secret\n", 0600);
$h->write_file("$d/tokens", 'entra:' . sha256_hex('waiting-token') . "::\n", 0600);
$h->give_to_children("$d/tokens");
$h->secret('waiting-secret', 'waiting-token');
$h->allow_log(qr/SCIMRC0[12]\d\d: /);
my $nobody = PrivateHttpd::free_port();
$h->{conf} = <<"EOT";
<ScimRCAccount a>
ScimRCPlatform http://127.0.0.1:$nobody
ScimRCClientId app
ScimRCClientSecret file:$d/secret
ScimRCJWT file:$d/secret
</ScimRCAccount>
<Location "/scim/v2">
SetHandler scim-rc
ScimRCUse a
AuthType Bearer
AuthName SCIM
ScimRCTokenFile "$d/tokens"
Require valid-user
ScimRCPatience ${PATIENCE}s
</Location>
EOT
$h->start;

sub ask {
    my ($name) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $h->port) or die $!;
    print $socket "GET /scim/v2/Users?who=$name HTTP/1.1\r\nHost: localhost\r\n"
      . "Authorization: Bearer waiting-token\r\nConnection: close\r\n\r\n";
    return $socket;
}

# Seconds that the server gave to a request, from its line of the access log; undef as
# long as there is none.
sub took {
    my ($name) = @_;
    return $h->access_log =~ m{who=$name HTTP/1.1" \d+ \d+ (\d+)} ? $1 / 1e6 : undef;
}

my $gone   = ask('gone');
my $stays  = ask('stays');
sleep 1;
close $gone;
ok $h->wait_until(sub { defined took('gone') }), 'the request of a client that left ends';
cmp_ok took('gone'), '<', $PATIENCE - 2, 'at once: ' . took('gone') . ' s';

ok $h->graceful, 'a graceful restart';
my $answer = do { local $/; <$stays> } // '';
like $answer, qr{^HTTP/1.1 503 .*^Retry-After: \d+\r$}ms, 'the other goes on and is answered';
cmp_ok took('stays'), '>=', $PATIENCE - 0.5, 'when its patience is over: ' . took('stays') . ' s';

my $last = ask('last');
sleep 1;
my $began = time;
$h->stop('TERM');
cmp_ok time - $began, '<', 4, 'a stop does not wait for it';
done_testing;
