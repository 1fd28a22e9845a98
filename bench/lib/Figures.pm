package Figures;

# What the measurements have in common: the middle of several values, and what the
# kernel says of the processes of a server.
#
#   median(3, 1, 2)            2
#   spread(3, 1, 2)            (1, 3)
#   processor_time($server)    seconds that the children of a PrivateHttpd have used
#   memory($pid, qr{/copy/})   {private}, {shared}, {named}: KiB that are in memory
use strict;
use warnings;
use Exporter qw(import);
use POSIX ();
our @EXPORT_OK = qw(median spread processor_time memory);

sub median {
    my @sorted = sort { $a <=> $b } @_;
    return ($sorted[ $#sorted / 2 ] + $sorted[ @sorted / 2 ]) / 2;
}

sub spread { return (sort { $a <=> $b } @_)[ 0, -1 ] }

# It does not depend on what else the machine does, as time does.
sub processor_time {
    my ($server) = @_;
    $server->read_pid;
    my $ticks = 0;
    for my $pid ($server->children) {
        my ($rest) = $server->slurp("/proc/$pid/stat") =~ /^\d+ \(.*\) (.*)/s or next;
        my @field = split / /, $rest;
        $ticks += $field[11] + $field[12];
    }
    return $ticks / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

# What only this process has in memory; what it has in common with others, programs and
# what it was forked with; and, apart from both, files with such a name that it has
# mapped: their pages are the system's cache, be one or many looking at them.
sub memory {
    my ($pid, $named) = @_;
    my %kib = (private => 0, shared => 0, named => 0);
    my $is_named;
    open my $maps, '<', "/proc/$pid/smaps" or die "/proc/$pid/smaps: $!\n";
    while (my $line = <$maps>) {
        if ($line =~ /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+\s*(.*)/) {
            $is_named = $1 =~ $named;
        }
        elsif ($line =~ /^(Private|Shared)_(?:Clean|Dirty):\s+(\d+) kB/) {
            $kib{ $is_named ? 'named' : lc $1 } += $2;
        }
    }
    return \%kib;
}

1;
