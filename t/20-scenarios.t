#!/usr/bin/env perl
# What identity providers send, scenario by scenario (t/scenarios), on a gateway whose
# RingCentral keeps its real limits, only that a minute lasts a second.
# SCENARIO=okta runs those whose name has it.
use strict;
use warnings;
use Test::More;
use Scenario;
use TestGateway;

my @files = grep { /\Q@{[ $ENV{SCENARIO} \/\/ '' ]}\E/ }
  sort glob "$ENV{top_srcdir}/t/scenarios/*.json";
cmp_ok scalar(@files), '>', 0, 'there are scenarios';
my @scenarios = map { Scenario->load($_) } @files;

# One gateway for all that want the same directives.
my %group;
for my $scenario (@scenarios) {
    my $wants = $scenario->{gateway} // {};
    push @{ $group{ join "\0", map { $wants->{$_} // '' } qw(account location) } }, $scenario;
}

for my $wants (sort keys %group) {
    my ($account, $location) = split /\0/, $wants, -1;
    my $gw = TestGateway->new(
        sandbox  => { users => 9, scale => 60 },
        # nothing changes behind the gateway's back here: no call but those of the client
        account  => "ScimRCMaxAge 1h\n$account\n",
        # and which call a change goes out by does not hang on what is left of a minute
        location => "ScimRCGatherTime 0\n$location\n",
    );
    $gw->start_filled;
    $gw->sandbox->config(record => 1);
    for my $scenario (@{ $group{$wants} }) {
        subtest "$scenario->{name}: $scenario->{title}" => sub { $scenario->play($gw) };
    }
    is $gw->sandbox->ratelimit->{wastedCalls}, 0, 'no call against the limits';
    $gw->stop;
}
done_testing;
