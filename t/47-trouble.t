#!/usr/bin/env perl
# What befalls a server: RingCentral is not there when it starts or goes away, a child is
# killed that reads the directory, others while they look something up, and the whole
# server without a warning. It heals by itself, and says nothing wrong meanwhile.
use strict;
use warnings;
use File::Path ();
use Test::More;
use Crowd;
use Sandbox;
use TestGateway;
use Truth;

my $sandbox = Sandbox->new(users => 1300, unassigned => 5, limits => 'off');
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => 3,
    threads   => 8,
    account   => join("\n", 'ScimRCRefresh 1h', 'ScimRCMaxAge 1h', 'ScimRCConnectTimeout 500ms',
        map { "ScimRCLimit $_ off" } qw(light medium heavy auth)),
    location => "ScimRCPatience 500ms\nScimRCMaxResults 5000");
$gw->allow_log(qr/SCIMRC0113|SCIMRC0204/);
my $scim = $gw->scim;

sub lists { return grep { $_->{op} eq 'listExtensions' } $sandbox->calls }

sub is_unavailable {
    my ($answer, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok $answer->{status} == 503 && ($answer->{headers}{'retry-after'} // '') =~ /^[1-9]\d*\z/,
      "$what: 503 with Retry-After" || diag "$answer->{status} $answer->{content}";
}

# --- nobody there at the start ----------------------------------------------------

my $port = $sandbox->port;
$sandbox->stop;
$gw->start;
is_unavailable($scim->list, 'RingCentral is not there');
is_unavailable($scim->post('/Users', $scim->user('early@example.com')), 'also for a change');
ok $gw->wait_for_log(qr/SCIMRC0113: .*trying again in \d+ s/), 'the log says why';
{
    no warnings 'redefine';
    local *Sandbox::_free_port = sub { return $port };
    $sandbox->restart;
}
ok $gw->wait_until(sub { $scim->list(count => 0)->{status} == 200 }), 'it comes: all is well by itself';
my %people = Truth::people($sandbox);
is $scim->list(count => 0)->{json}{totalResults}, keys %people, 'nobody is missing';

# --- and away in between ----------------------------------------------------------

sub to_sandbox { return kill $_[0], -$sandbox->{httpd} }    # it is a process group

to_sandbox('STOP');
is $scim->list(count => 10)->{status}, 200, 'RingCentral hangs: reading goes on';
to_sandbox('CONT');
my $made = $scim->post('/Users', $scim->user('later@example.com', title => 'Later'));
is $made->{status}, 201, 'then changes, too';

# --- readers are killed -----------------------------------------------------------
# What a dead one held in the table of readers must become free.

my $crowd = Crowd->start(8, sub {
    my ($n, $crowd) = @_;
    my @wrong;
    while ($crowd->goes_on) {
        # a scan of everybody; each by a new connection, so that all children have work
        my $answer = $scim->get('/Users?filter=title+co+%22zzz%22', { connection => 'close' });
        push @wrong, "$answer->{status} $answer->{content}"
          if $answer->{status} != 200 && $answer->{status} != 599;
        $crowd->step;
    }
    return \@wrong;
});
$crowd->wait_for_steps(16);
for my $round (1 .. 3) {
    my (undef, @but_one) = $gw->children;
    kill 'KILL', @but_one;
    $crowd->wait_for_steps(24) or last;
}
is join("\n", map { @$_ } $crowd->finish), '', 'readers are killed: the others read on';
$gw->allow_log(qr/SCIMRC0306: cleared \d+ readers/);

# --- all is killed ----------------------------------------------------------------

my $changed = $scim->patch("/Users/$made->{json}{id}", { op => 'replace', path => 'title', value => 'Last' });
is $changed->{status}, 200, 'a last change';
kill 'KILL', $gw->pid, $gw->children;
waitpid $gw->pid, 0;
$gw->wait_until(sub { PrivateHttpd::port_is_free($gw->port) });    # they are gone
$sandbox->calls_clear;
$gw->start;
is $scim->get("/Users/$made->{json}{id}")->{json}{title}, 'Last', 'the server was killed: the change is there';
is $scim->list(count => 0)->{json}{totalResults}, keys(%people) + 1, 'so is everybody';
is scalar(lists()), 0, 'and nothing had to be read';

# --- the child that reads the directory is killed ---------------------------------

# Who holds the lock of the background jobs.
sub reader {
    for my $child ($gw->children) {
        return $child if grep { (readlink // '') =~ m{/jobs\.lock\z} } glob "/proc/$child/fd/*";
    }
    return;
}

sub fill_again {
    my ($delay) = @_;
    $gw->stop;
    File::Path::remove_tree($gw->state_dir . '/copy');
    $sandbox->calls_clear;
    $sandbox->fault({ match => { op => 'listExtensions' }, action => { kind => 'latency', ms => $delay } });
    $gw->start;
    return ok $gw->wait_until(sub { lists() }), 'the directory is read';
}

fill_again(700);
my $first = reader();
ok $first, 'by one child';
is_unavailable($scim->list, 'before it is done');
kill 'KILL', $first;
my $next;
ok $gw->wait_until(sub { ($next = reader() // $first) != $first }), 'it is killed: another goes on';
is_unavailable($scim->list, 'still not done');
$sandbox->faults_clear;
my $answer;
ok $gw->wait_until(sub { ($answer = $scim->list(count => 5000))->{status} == 200 }), 'then it is done';
is $answer->{json}{totalResults}, keys(%people) + 1, 'nobody is missing';
is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is right';

$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
