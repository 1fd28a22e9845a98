package SourceTree;

# Reads our own C sources and makefile fragments, for the tests that judge them.
use strict;
use warnings;

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    return scalar(<$in>) // '';
}

# C source with comments blanked out, and with strings and characters emptied unless
# `$keep_strings`. Line numbers stay.
sub code {
    my ($text, $keep_strings) = @_;
    $text =~ s{
        ( /\*.*?\*/ | //[^\n]* ) | ( "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' )
    }{
        defined $1 ? $1 =~ s/[^\n]+/ /gr : $keep_strings ? $2 : substr($2, 0, 1) x 2
    }gsex;
    return $text;
}

# The functions of a source in house style: { name, lines }.
sub functions {
    my ($text) = @_;
    my @line = split /\n/, code($text), -1;
    my @found;
    for (my $i = 0; $i < @line; $i++) {
        next if $line[$i] ne '{';
        my $head = join "\n", @line[ ($i < 12 ? 0 : $i - 12) .. $i - 1 ];
        my ($name) = $head =~ /(?:^|[\n\s*])(\w+)\([^;{}]*\)\s*\z/ or next;
        my $end = $i;
        $end++ while $end < $#line && $line[$end] !~ /^\}/;
        push @found, { name => $name, lines => $end - $i + 1 };
        $i = $end;
    }
    return @found;
}

# The variables of a makefile and of the fragments that it includes, as make would
# have them: continuation lines joined, += appended, references not expanded.
sub make_variables {
    my ($root, $file, $variable) = @_;
    $variable //= {};
    my $text = slurp("$root/$file");
    $text =~ s/\\\n\s*/ /g;
    for (split /\n/, $text) {
        if (/^include\s+(\S+)/) {
            make_variables($root, $1, $variable);
        }
        elsif (/^(\w+)\s*(\+?)=\s*(.*?)\s*$/) {
            $variable->{$1} = $2 ? join(' ', $variable->{$1} // (), $3) : $3;
        }
    }
    return $variable;
}

sub make_expand {
    my ($variable, $text) = @_;
    for (1 .. 20) {
        last unless $text =~ s/\$\((\w+)\)/$variable->{$1} \/\/ "\@$1\@"/ge;
    }
    return $text;
}

1;
