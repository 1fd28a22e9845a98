#!/usr/bin/env perl
# The relative links of the documents lead somewhere, anchors too: in the source tree, and
# in what make install puts into place.
use strict;
use warnings;
use Test::More;
use File::Basename qw(dirname);
use File::Find     qw(find);
use File::Temp     qw(tempdir);
use SourceTree;

my $root = $ENV{top_srcdir};

# A document without its blocks of code.
sub prose {
    my ($path) = @_;
    my $text = SourceTree::slurp($path);
    $text =~ s/^```.*?^```$//gms;
    $text =~ s/^    .*$//gm;
    return $text;
}

# The anchors that headings make.
sub anchors {
    my ($path) = @_;
    my %seen;
    for my $heading (prose($path) =~ /^#+\s+(.*?)\s*$/gm) {
        my $anchor = lc $heading;
        $anchor =~ s/[^\w\- ]//g;
        $anchor =~ tr/ /-/;
        $anchor .= "-$seen{$anchor}" if $seen{$anchor}++;
        $seen{$anchor} //= 1;
    }
    return \%seen;
}

# What is wrong with the links of a document; the number of links is added to $$count.
sub dead_links {
    my ($path, $count) = @_;
    my @dead;
    my $text = prose($path) =~ s/`[^`\n]*`//gr;
    for my $link ($text =~ /\]\(\s*([^)\s]+)\s*\)/g) {
        next if $link =~ /^[a-z][a-z0-9+.-]*:/i;
        $$count++;
        my ($file, $anchor) = $link =~ /^([^#]*)(?:#(.*))?$/;
        my $target = length $file ? dirname($path) . "/$file" : $path;
        push @dead, "$path: $link"
          if !-e $target || defined $anchor && !anchors($target)->{$anchor};
    }
    return @dead;
}

sub documents {
    my (@below) = @_;
    my @found;
    find({ no_chdir => 1, wanted => sub { push @found, $_ if /\.md$/ && -f } }, @below);
    return sort @found;
}

sub check {
    my ($what, @documents) = @_;
    my $count = 0;
    is join("\n", map { dead_links($_, \$count) } @documents), '', "$what: every link leads somewhere";
    cmp_ok $count, '>=', 20, "$what: and there are links";
}

my @source = ("$root/README.md", documents("$root/docs"));
check('source', @source);

# Not with what the make that runs the tests was told.
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES)};
my $dest = tempdir('scim-rc-install-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $said = `cd '$ENV{top_builddir}' && \${MAKE:-make} install DESTDIR='$dest' 2>&1`;
is $?, 0, 'make install' or diag $said;
my @installed = documents($dest);
check('installed', @installed);
is join(' ', sort map { s{.*/}{}r } @installed), join(' ', sort map { s{.*/}{}r } @source),
  'installed: each document of the source';

done_testing;
