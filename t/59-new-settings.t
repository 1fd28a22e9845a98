#!/usr/bin/env perl
# A graceful restart with other credentials and other limits: old children go on beside the
# new ones, and all of them know of one quota and of each other's changes.
use strict;
use warnings;
use Test::More;
use Crowd qw(statuses);
use Sandbox;
use ScimClient;
use TestGateway;

my $CROWD   = 15;
my $sandbox = Sandbox->new(users => 30, scale => 20, credentials => 1);
my $gw      = TestGateway->new(
    sandbox   => $sandbox,
    processes => 2,
    threads   => 40,
    account   => "ScimRCMaxAge 1h\nScimRCRefresh 1h",
    location  => "ScimRCPatience 30s\nScimRCBulkPatience 5s");
my ($main, $second) = $sandbox->credentials;
my $scim = $gw->start_filled->scim;
my @people = grep { my $id = $_; !grep { $_->{id} eq $id && ($_->{admin} || $_->{status} ne 'Enabled') } $sandbox->extensions }
  map { $_->{id} } @{ $scim->list(count => 25)->{json}{Resources} };

sub title { return { schemas => [$ScimClient::PATCH_OP], Operations => [ { op => 'replace', path => 'title', value => $_[0] } ] } }
sub there { my ($id) = @_; return (map { $_->{contact}{jobTitle} // '' } grep { $_->{id} eq $id } $sandbox->extensions)[0] }

# Another app of the account, and another limit.
sub change_settings {
    my ($lines) = @_;
    my %old = map { $_ => 1 } $gw->children;
    $gw->{conf} =~ s/^(?=ScimRCStateDir)/$lines/m;
    $gw->write_conf;
    ok $gw->graceful, 'a graceful restart with other settings';
    return ok $gw->wait_until(sub { grep { !$old{$_} } $gw->children }), '... there are new children';
}

# --- a change is under way ------------------------------------------------------------

$sandbox->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => { kind => 'hold_task', after => 3 } });
my $bulk = { schemas => ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
    Operations => [ map { { method => 'PATCH', path => "/Users/$_", data => title('first') } } @people[ 0 .. $CROWD - 1 ] ] };
my $crowd = Crowd->start(1, sub { return $scim->as->request(POST => '/Bulk', $bulk, { connection => 'close' })->{json} });
ok $gw->wait_until(sub { grep { $_->{held} && $_->{status} eq 'InProgress' } $sandbox->tasks }), 'a bulk update is under way';
change_settings("ScimRCLimit light 49 1min\n");
my ($answer) = $crowd->results;
my ($open) = grep { $_->{status} == 503 } @{ $answer->{Operations} };
ok $open, 'who waits for its end is told that it takes too long';
my ($id) = $open->{location} =~ m{([^/]+)$};
my $again = sub { return $gw->scim->request(PATCH => "/Users/$id", title('second'), { connection => 'close' })->{status} };
is $again->(), 503, 'new children know that a change of the user is under way';
$sandbox->task_order(action => 'release');
ok $gw->wait_until(sub { there($id) eq 'first' }), 'it ends';
ok $gw->wait_until(sub { $again->() == 200 }), 'then another one comes';
is there($id), 'second', '... and is the last';
is $gw->scim->get("/Users/$id")->{json}{title}, 'second', '... in the copy, too';
$sandbox->faults_clear;

# --- creates wait for the quota -------------------------------------------------------

my $make = sub {
    my ($name) = @_;
    return Crowd->start(40, sub {
        my ($n) = @_;
        my $client = $scim->as;
        return [ map { $client->request(POST => '/Users', $client->user("$name$n.$_\@example.com"),
                    { connection => 'close' })->{status} } 1 .. 2 ];
    });
};
my $early = $make->('early');
$gw->wait_until(sub { grep { $_->{used} >= 35 } grep { $_->{group} eq 'medium' } @{ $sandbox->ratelimit->{buckets} } });
my $files = join ' ', map { 'file:' . $gw->write_secret(@$_) } [ 'second.secret', $second->{secret} ], [ 'second.jwt', $second->{jwt} ];
change_settings("ScimRCCredential second $second->{id} $files\n");
my $late = $make->('late');
my @all = map { @$_ } $early->results, $late->results;
is statuses(@all), '201:160', 'all are made';
cmp_ok scalar($sandbox->calls(app => $second->{id}, group => 'medium')), '>', 0, 'by the new credential, too';

Crowd->go_home($gw, $sandbox);
done_testing;
