#!/usr/bin/env perl
# Several clients at several children take lines out of the pool: each line is given
# once, one name gets one line, and what is released can be had again.
use strict;
use warnings;
use Crowd;
use Test::More;
use TestGateway;

my $CLIENTS = 8;
my $LINES   = 6;
my $gw = TestGateway->new(
    sandbox   => { users => 4, unassigned => $LINES, scale => 60 },
    account   => "ScimRCMaxAge 1h\n",
    location  => "ScimRCCreate unassigned\n",
    processes => 4, threads => 6);
$gw->start_filled;
my $rc = $gw->sandbox;
$rc->config(record => 1, latency => 'on', latency_write_ms => [ 20, 60 ]);
my $scim = $gw->scim;

sub free { return scalar grep { $_->{status} eq 'Unassigned' } $rc->extensions }

subtest 'all want one name' => sub {
    my @status = map { @$_ } Crowd->run($CLIENTS, sub {
        my $answer = $gw->scim->post('/Users', $scim->user('same@example.com'));
        return [ join ' ', $answer->{status}, $answer->{json}{scimType} // () ];
    });
    is_deeply [ sort @status ], [ '201', ('409 uniqueness') x ($CLIENTS - 1) ], 'one gets it, the others are told';
    is scalar(my @real = $rc->extensions(email => 'same@example.com')), 1, 'one user';
    is free(), $LINES - 1, 'one line';
};

# Everybody wants a line for somebody else: the answers by status, and the ids.
sub rush {
    my ($prefix) = @_;
    my (%status, %id);
    for my $answer (Crowd->run($CLIENTS, sub {
        my ($n) = @_;
        my $answer = $gw->scim->post('/Users', $scim->user("$prefix$n\@example.com"));
        return [ $answer->{status}, $answer->{json}{id} // '' ];
    })) {
        $status{ $answer->[0] }++;
        $id{ $answer->[1] }++ if $answer->[0] == 201;
    }
    return (\%status, \%id);
}

subtest 'more people than lines' => sub {
    my ($status, $id) = rush('first');
    is_deeply $status, { 201 => $LINES - 1, 403 => $CLIENTS - $LINES + 1 }, 'as many as there are lines; the others are told';
    is scalar(keys %$id), $LINES - 1, 'each line is given once';
    is free(), 0, 'none is left';

    is $scim->delete("/Users/$_")->{status}, 204, 'released' for (sort keys %$id)[ 0 .. 2 ];
    ($status) = rush('second');
    is_deeply $status, { 201 => 3, 403 => $CLIENTS - 3 }, 'what was released can be had again';
};

subtest 'all release one user' => sub {
    my ($user) = @{ $scim->list(filter => 'userName sw "second"')->{json}{Resources} };
    $gw->sent;
    my @status = map { @$_ } Crowd->run($CLIENTS, sub { [ $gw->scim->delete("/Users/$user->{id}")->{status} ] });
    is_deeply [ sort @status ], [ 204, (404) x ($CLIENTS - 1) ], 'one does';
    is scalar(grep { $_->{op} eq 'deleteExtension' } $gw->sent), 1, 'by one call';
    is free(), 1, 'one line is back';
};

is $rc->ratelimit->{wastedCalls}, 0, 'no call against the limits';
$gw->stop;
done_testing;
