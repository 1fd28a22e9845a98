#!/usr/bin/env perl
# Single changes and deletions that wait to share a call wait for the quota as well: no
# more of them than ScimRCMaxWaiting says, and one more is told at once when to come
# again. Who obeys is served.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Crowd;
use Sandbox;
use TestGateway;

my $WAIT  = 3;     # that may wait
my $CROWD = 10;
my $PREFORK = ($ENV{TEST_MPM} // '') eq 'prefork';

my $sandbox = Sandbox->new(users => 2 * $CROWD + 5, scale => 40);
$sandbox->config(limit_medium => 1, limit_heavy => 1);
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => $PREFORK ? $CROWD + 2 : 1,
    threads   => $PREFORK ? 1 : $CROWD + 2,
    account   => "ScimRCRefresh 1h\nScimRCMaxAge 1h\nScimRCMaxWaiting $WAIT",
    location  => "ScimRCPatience 60s\nScimRCDelete remove\nScimRCBatchProvisioning On");
$gw->start_filled;
my $scim = $gw->scim;
my @ids  = map { $_->{id} } @{ $scim->list(count => 2 * $CROWD)->{json}{Resources} };

# All at once; whoever is told when to come again does so. What each was told first, how
# often it came, and what it got in the end.
sub crowd {
    my ($act) = @_;
    return Crowd->run($CROWD, sub { my ($n) = @_;
        my $client = $scim->as;
        my ($first, $answer);
        for my $try (1 .. 40) {
            $answer = $act->($client, $n);
            $first //= $answer;
            last if $answer->{status} != 429;
            my $after = $answer->{headers}{'retry-after'} // return { first => 'no Retry-After' };
            my $until = time + $after;
            sleep 0.05 while time < $until;
        }
        return { first => $first->{status}, seconds => $first->{seconds}, last => $answer->{status} };
    });
}

sub told {
    my ($what, $good, @answers) = @_;
    my @refused = grep { $_->{first} eq 429 } @answers;
    cmp_ok scalar(@refused), '>', 0, "$what: " . @refused . ' are more than may wait';
    is scalar(grep { $_->{first} eq 429 || $_->{first} eq $good } @answers), $CROWD, 'and told so, or served';
    is scalar(grep { $_->{last} eq $good } @answers), $CROWD, 'all are served in the end';
}

told('changes', 200, crowd(sub { my ($client, $n) = @_;
    return $client->patch("/Users/$ids[$n]", { op => 'replace', path => 'title', value => "T$n" }) }));
my %title = map { $_->{id} => $_->{contact}{jobTitle} // '' } $sandbox->extensions;
is join(' ', grep { $title{ $ids[$_] } ne "T$_" } 1 .. $CROWD), '', 'and each has its title';

told('deletions', 204, crowd(sub { my ($client, $n) = @_;
    return $client->delete("/Users/$ids[ $CROWD + $n - 1 ]") }));

told('creates', 201, crowd(sub { my ($client, $n) = @_;
    return $client->post('/Users', $client->user("many$n\@example.com")) }));

Crowd->go_home($gw, $sandbox);
done_testing;
