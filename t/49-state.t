#!/usr/bin/env perl
# A state folder that cannot be used: the server does not start and says what is wrong
# with which folder, or, when only the copy in it is out of order, answers 503 at once.
# And a copy that is deleted under the server, which begins it anew without a restart.
use strict;
use warnings;
use File::Path ();
use File::Temp ();
use POSIX ();
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
      qr{SCIMRC0001: .*account 'main': ScimRCStateDir: '$place/foreign' must belong to the user of httpd's children \(\S+\)},
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
      qr{SCIMRC0001: .*account 'main': ScimRCStateDir: '$place/closed/state' cannot be made: },
      'a folder that cannot be made';
}
symlink "$place/nowhere", "$place/link" or die $!;
like refusal(gateway("$place/link")),
  qr{SCIMRC0001: .*account 'main': ScimRCStateDir: '$place/link' is no directory of its own: },
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

# Somebody deletes the copy while all children use it.
{
    my $CLIENTS = 8;
    my $gw = gateway();
    $gw->expect_log(qr/SCIMRC0007: account 'main': its copy in \S+ was deleted/);
    $gw->start_filled;
    my $people = $gw->scim->list(count => 0)->{json}{totalResults};
    my $state  = $gw->state_dir;

    # Asks until the answer is 200. The answers, in order.
    my $ask = sub {
        my ($scim) = @_;
        my @said;
        my $end = time + 30;
        while (time < $end) {
            my $answer = $scim->list(count => 1);
            push @said, join ' ', $answer->{status}, $answer->{status} == 200
              ? $answer->{json}{totalResults} : $answer->{headers}{'retry-after'} ? 'later' : '-';
            last if $answer->{status} == 200;
        }
        return @said;
    };
    my %way = (
        'all that is in it' => sub { unlink glob "$state/copy/*" },
        'the data alone'    => sub { unlink "$state/copy/data.mdb" },
        'the folder'        => sub { File::Path::remove_tree("$state/copy") },
        'all of the state'  => sub { File::Path::remove_tree($state, { keep_root => 1 }) },
        'moved away'        => sub { rename "$state/copy", "$state/away" or die $! },
    );
    my @children = $gw->children;
    for my $what (sort keys %way) {
        my @reader;
        for my $n (1 .. $CLIENTS) {    # before, during and after the deletion
            my $pid = open my $out, '-|' // die "fork: $!";
            if (!$pid) {
                my $scim = $gw->scim;
                for (1 .. 40) {
                    print "$_\n" for $ask->($scim);
                }
                close STDOUT;
                POSIX::_exit(0);
            }
            push @reader, $out;
        }
        $way{$what}->();
        my @said = map { my $out = $_; map { chomp; $_ } <$out> } @reader;
        close $_ for @reader;
        is scalar(grep { /^200/ } @said), 40 * $CLIENTS, "deleted, $what: all are answered in the end";
        my %other = map { $_ => 1 } grep { $_ ne "200 $people" && $_ ne '503 later' } @said;
        is join(', ', sort keys %other), '', "deleted, $what: with all users, or asked to come later";
        my $made = $gw->scim->post('/Users', $gw->scim->user('again@example.com'));
        is $made->{status}, 201, "deleted, $what: a user can be made";
        is $gw->scim->delete("/Users/$made->{json}{id}")->{status}, 204, "deleted, $what: and deleted";
    }
    my %after = map { $_ => 1 } $gw->children;
    is join(' ', grep { !$after{$_} } @children), '', 'no child had to end for it';
    $gw->allow_log(qr/SCIMRC0113/);
    $gw->stop;
}

$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
