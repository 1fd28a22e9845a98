package Swarm;

# So many clients at once, each a process of its own, that share one list of work:
# whoever is ready takes the next piece.
#
#   my $done = Swarm->run(
#       connections => 32, pieces => 10000,
#       client => sub { QuickHttp->new(...) },
#       each   => sub { my ($http, $piece) = @_; ...; return $text });
#   $done->{seconds}, {times} (when pieces were done, in order), {took} (of each of
#   them, in the same order), {again} (429 answers), {kept} ([piece, text], ...)
#
# Anything that `each` is not content with is to die: that ends the measurement.
use strict;
use warnings;
use JSON::PP   ();
use POSIX      ();
use Time::HiRes ();

my $json = JSON::PP->new->utf8;

sub run {
    my ($class, %is) = @_;
    pipe my $feed, my $feeder or die "pipe: $!\n";
    my @workers;
    for (1 .. $is{connections}) {
        pipe my $read, my $write or die "pipe: $!\n";
        my $pid = fork // die "fork: $!\n";
        if (!$pid) {
            close $_ for $feeder, $read, map { $_->{read} } @workers;
            work($feed, $write, \%is);
        }
        close $write;
        push @workers, { pid => $pid, read => $read };
    }
    close $feed;
    local $SIG{PIPE} = 'IGNORE';    # they all died: their results tell why
    my $begun = Time::HiRes::time();
    my $pieces = pack 'L*', 0 .. $is{pieces} - 1;
    for (my $sent = 0; $sent < length $pieces;) {
        $sent += syswrite($feeder, $pieces, 4096, $sent) // last;
    }
    close $feeder;
    return collect($begun, @workers);
}

# In the worker. All read four bytes at a time, and as many were written as fit.
sub work {
    my ($feed, $write, $is) = @_;
    my (@done, @kept, $bytes);
    my $error = '';
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
    my $http = $is->{client}->();
    eval {
        $http->connection;
        while (sysread $feed, $bytes, 4) {
            my $piece = unpack 'L', $bytes;
            my $begun = Time::HiRes::time();
            my $text  = $is->{each}->($http, $piece);
            my $end   = Time::HiRes::time();
            push @done, [$end, $end - $begun];
            push @kept, [$piece, $text] if defined $text;
        }
        1;
    } or $error = "$@";
    my $out = $json->encode(
        { done => \@done, kept => \@kept, again => $http->{again}, error => $error });
    while (length $out) {
        my $sent = syswrite $write, $out or last;
        substr $out, 0, $sent, '';
    }
    POSIX::_exit(0);
}

sub collect {
    my ($begun, @workers) = @_;
    my (@done, @kept, $error);
    my $again = 0;
    for my $worker (@workers) {
        my $text = do { local $/; readline $worker->{read} } // '';
        waitpid $worker->{pid}, 0;
        my $result = eval { $json->decode($text) } // { error => "a client ended with $?\n" };
        $error ||= $result->{error};
        $again += $result->{again} // 0;
        push @done, @{ $result->{done} // [] };
        push @kept, @{ $result->{kept} // [] };
    }
    die $error if $error;
    @done = sort { $a->[0] <=> $b->[0] } @done;
    return {
        times => [ map { $_->[0] - $begun } @done ], took => [ map { $_->[1] } @done ],
        seconds => @done ? $done[-1][0] - $begun : 0, again => $again, kept => \@kept
    };
}

1;
