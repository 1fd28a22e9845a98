#!/usr/bin/env perl
# A state folder that cannot be used: the server does not start and says what is wrong
# with which folder, or, when only the copy in it is out of order, answers 503 at once.
use strict;
use warnings;
use File::Temp ();
use Test::More;
use Sandbox;
use TestGateway;

my $sandbox = Sandbox->new(users => 3);

sub gateway {
    my ($state) = @_;
    my $gw = TestGateway->new(sandbox => $sandbox, location => 'ScimRCPatience 2s');
    $gw->{conf} =~ s/ScimRCStateDir .*/ScimRCStateDir $state/ if defined $state;
    return $gw;
}

# Why it does not start.
sub refusal {
    my ($gw) = @_;
    eval { $gw->start; 1 } or return $@;
    $gw->PrivateHttpd::stop;
    return 'it started';
}

my $place = File::Temp::tempdir('state-XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $place;
my $fresh = "$place/a/b/state";

SKIP: {
    skip 'only root can give folders away', 2 if $> != 0;
    mkdir "$place/foreign", 0700 or die $!;
    like refusal(gateway("$place/foreign")),
      qr{SCIMRC0002: account 'main': ScimRCStateDir: '$place/foreign' must belong to the user of httpd's children \(\S+\)},
      'a folder of somebody else';
    my $gw = gateway($fresh);
    $gw->start_filled;
    is +(stat $fresh)[2] & 0777, 0700, 'a missing one is made, closed to others';
    $gw->stop;
}
SKIP: {
    skip 'root may write everywhere', 1 if $> == 0;
    mkdir "$place/closed", 0500 or die $!;
    like refusal(gateway("$place/closed/state")),
      qr{SCIMRC0002: account 'main': ScimRCStateDir: '$place/closed/state' cannot be made: },
      'a folder that cannot be made';
}
symlink "$place/nowhere", "$place/link" or die $!;
like refusal(gateway("$place/link")),
  qr{SCIMRC0002: account 'main': ScimRCStateDir: '$place/link' is no directory of its own: },
  'a link';

# The folder is right, but not what lies in it.
{
    my $gw = gateway();
    $gw->write_file($gw->state_dir . '/copy', 'not a folder');
    $gw->expect_log(qr/SCIMRC0003: account 'main' cannot be opened/, qr{SCIMRC030[05]: .*/copy});
    $gw->start;
    my $answer = $gw->scim->list;
    is $answer->{status}, 503, 'a copy that cannot be opened: 503';
    like $answer->{json}{detail}, qr/is not open/, 'that says so';
    cmp_ok $answer->{seconds}, '<', 1.5, 'at once';
    $gw->stop;
}

$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
