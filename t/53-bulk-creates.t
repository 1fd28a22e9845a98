#!/usr/bin/env perl
# Creates of POST /Bulk that go out in batches are complete when they are answered, or
# when their client has gone: the quota is not used up by batches alone.
use strict;
use warnings;
use IO::Socket::INET;
use JSON::PP;
use Test::More;
use Sandbox;
use TestGateway;

my $PATIENCE = 7;     # a little more than two windows of three seconds
my $sandbox = Sandbox->new(users => 5, scale => 20);
$sandbox->config(bulk_start_ms => 100, bulk_item_ms => 1);
my $common = "ScimRCPatience 3s\nScimRCBatchProvisioning On\nScimRCBulkMaxOperations 1000\n";
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => 1,
    account   => "ScimRCRefresh 1h\nScimRCMaxAge 1h",
    location  => "${common}ScimRCBulkPatience ${PATIENCE}s");
$gw->{conf} .= $gw->location_conf('/patient', 'main', "${common}ScimRCBulkPatience 2min");
$gw->start_filled;
$gw->allow_log(qr/SCIMRC0/);
my $scim = $gw->scim;

sub post { my ($name) = @_; return { method => 'POST', path => '/Users', bulkId => $name,
        data => $scim->user("$name\@example.com", title => "T $name", externalId => "x$name") } }
sub made { my ($prefix) = @_; return grep { ($_->{contact}{email} // '') =~ /^$prefix\d+\@/ } $sandbox->extensions }
sub lacking { return grep { !$_->{contact}{jobTitle} || !@{ $_->{references} // [] } } @_ }

subtest 'more than there is time for' => sub {
    my $answer = $scim->bulk([ map { post("many$_") } 1 .. 700 ]);
    my %n;
    push @{ $n{ $_->{status} } }, $_ for @{ $answer->{json}{Operations} };
    my @made = made('many');
    cmp_ok scalar(@made), '>', 100, @made . ' of 700 are made';
    is scalar(lacking(@made)), 0, 'with all that they shall have';
    is scalar(@{ $n{201} // [] }), scalar(@made), 'each of them is a success';
    is join(' ', sort keys %n), '201 429', 'and the others may come again';
    is scalar(grep { $_->{response}{detail} =~ /was made/ } @{ $n{429} }), 0, 'for none of them is there';
};

subtest 'a client that goes' => sub {
    my $body = JSON::PP->new->utf8->encode({ schemas => ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
            Operations => [ map { post("left$_") } 1 .. 300 ] });
    my $before = grep { $_->{op} eq 'postBatchProvisionUsers' } $sandbox->calls;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $gw->port) or die "no connection: $!";
    print $socket "POST /patient/Bulk HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer $gw->{token}{writer}\r\n",
      "Content-Type: application/scim+json\r\nContent-Length: ", length($body), "\r\n\r\n", $body;
    ok $gw->wait_until(sub { $before + 3 <= grep { $_->{op} eq 'postBatchProvisionUsers' } $sandbox->calls }), 'it goes after some batches';
    close $socket;
    ok $gw->wait_until(sub { my @made = made('left'); @made > 20 && !lacking(@made) }), 'those who are made are completed';
    cmp_ok scalar(made('left')), '<', 300, 'and nobody else is made';
};

is $sandbox->ratelimit->{wastedCalls}, 0, 'no call against the limits';
$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
