#!/usr/bin/env perl
# Another JWT under the same account name: of the same RingCentral account, then of
# another one, then on another platform. Nobody of the former one is ever shown.
use strict;
use warnings;
use JSON::PP ();
use Sandbox;
use Test::More;
use TestGateway;

my $sandbox = Sandbox->new(users => 30);
my $gw = TestGateway->new(sandbox => $sandbox, account => "ScimRCRefresh 1h\n", location => "ScimRCPatience 20s\n");
$gw->start_filled;
my $people = $gw->scim->list(count => 0)->{json}{totalResults};

# Gives the gateway a new JWT, and new children.
my $n = 0;
sub renew {
    my ($of) = @_;
    my $jwt = "$of->{jwt}-" . ++$n;
    $of->add_credential(id => $of->{id}, secret => $of->{secret}, jwt => $jwt);
    $gw->write_secret('main.jwt', $jwt);
    return ok $gw->graceful_and_anew, "JWT $n";
}

# The SCIM ids of all users.
sub ids {
    return join ' ', sort map { $_->{id} } @{ $gw->scim->list(count => 100)->{json}{Resources} };
}

{
    my $before = ids();
    $sandbox->calls_clear;
    renew($sandbox);
    is ids(), $before, 'of the same account: the same users';
    ok $gw->wait_until(sub { grep { $_->{op} eq 'listExtensions' } $sandbox->calls }), 'a list has said so';
    unlike $gw->error_log, qr/SCIMRC0117/, 'and the copy stays';
}

{
    my $document = JSON::PP->new->encode($sandbox->control(GET => "/state"));
    my ($id) = $document =~ /"accountId":"?(\d+)/ or die $document;
    my $other = $id + 1_000_000_000;
    $document =~ s/\b$id\b/$other/g;
    $sandbox->control(POST => '/restore', { document => JSON::PP->new->decode($document) });
    renew($sandbox);
    ok $gw->wait_for_log(qr/SCIMRC0117: account main: the copy is of the RingCentral account $id, and the configured JWT belongs to $other: /),
      'of another account: that is in the log';
    $gw->expect_log(qr/SCIMRC0117/);
    is $gw->scim->list(count => 0)->{json}{totalResults}, $people, 'its users are there';
}

{
    my $platform = Sandbox->new(users => 5, seed => 77);
    $gw->{conf} = $gw->account_conf('main', $platform) . $gw->location_conf('/scim/v2', 'main', "ScimRCPatience 20s\n");
    $gw->write_conf;
    $gw->expect_log(qr/SCIMRC0301: .* its format is another/);
    ok $gw->graceful_and_anew, 'on another platform';
    is $gw->scim->list(count => 0)->{json}{totalResults},
      scalar(grep { $_->{type} eq 'User' && $_->{status} ne 'Unassigned' } $platform->extensions), 'its users alone';
    $gw->stop;
    $platform->stop;
}

$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
