#!/usr/bin/env perl
# What of a server's memory outlives a graceful restart: the lead among the gateways of an
# account does; what another version of the module has left is not looked at.
use strict;
use warnings;
use File::Copy qw(copy);
use File::Temp;
use Sandbox;
use Test::More;
use TestGateway;
use TestRedis;

my $dir    = File::Temp->newdir;
my $module = "$dir/mod_scim_rc.so";
copy($ENV{MODULE_SO}, $module) or die $!;

my $redis = TestRedis->new->start;
my $rc    = Sandbox->new(users => 5);
my ($gw, $other) = map {
    TestGateway->new(
        name    => $_,
        sandbox => $rc,
        load    => { scim_rc_module => $module },
        account => 'ScimRCShared ' . $redis->url . "\nScimRCRefresh 1h\n")
} qw(one two);
$gw->start_filled;
$other->start_filled;

# All that is given back before its time, the lead too.
sub resignations {
    return $redis->command('INFO', 'commandstats') =~ /^cmdstat_del:calls=(\d+)/m ? $1 : 0;
}

sub leads { return scalar(() = $_[0]->error_log =~ /SCIMRC0140: account main/g) }

is leads($gw), 1, 'the first one leads';
my $before = resignations();
ok $gw->graceful_and_anew, 'a graceful restart';
ok $gw->wait_until(sub { leads($gw) == 2 }), '... and leads again';
is resignations(), $before, '... and has not ceased to';
is leads($other), 0, '... so that the other one had no turn';
is $rc->counters->{ops}{getToken}, 1, 'what was in memory is still there';
$other->stop;

my $text = $gw->slurp($module);
ok $text =~ s/(mod_scim_rc:shared:)./$1X/g, 'another version of the module';
$gw->write_file("$module.new", $text);
rename "$module.new", $module or die $!;
$redis->command('FLUSHALL');
$gw->allow_log(qr/SCIMRC/);
ok $gw->graceful_and_anew, 'a graceful restart with it';
is $gw->scim->post('/Users', $gw->scim->user('bob@example.com'))->{status}, 201, '... goes on';
is $rc->counters->{ops}{getToken}, 2, '... and begins its memory anew';

$gw->stop;
$rc->stop;
done_testing;
