#!/usr/bin/env perl
# Each header compiles alone, with no more than its own layer's include path.
use strict;
use warnings;
use File::Basename qw(basename dirname);
use File::Temp ();
use Test::More;
use SourceTree;

my $root = $ENV{top_srcdir};
my $make = SourceTree::make_variables($root, 'Makefile.am');

# The include path of a folder's library, with what configure found.
sub flags {
    my ($folder) = @_;
    my $library = { httpd => 'mod_scim_rc_la', sandbox => 'mod_rc_sandbox_la' }->{$folder}
      // "lib${folder}_la";
    my %known = (%$make, top_srcdir => $root, map { $_ => $ENV{$_} // '' } qw(
        APR_CFLAGS JANSSON_CFLAGS CURL_CFLAGS CRYPTO_CFLAGS LMDB_CFLAGS
        UTF8PROC_CFLAGS HIREDIS_CFLAGS HTTPD_CPPFLAGS));
    my $flags = SourceTree::make_expand(\%known, $make->{"${library}_CPPFLAGS"} // '');
    return grep { /^-[ID]/ && !/[\@"']/ } split ' ', $flags;
}

sub compiles {
    my ($header, @flags) = @_;
    my @command = (split(' ', $ENV{CC} || 'cc'), qw(-std=gnu99 -D_GNU_SOURCE -Wall -Werror
          -fsyntax-only), @flags, '-include', $header, qw(-x c /dev/null));
    my $pid = open my $out, '-|' // die "fork: $!";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec @command or exit 127;
    }
    my $text = do { local $/; <$out> } // '';
    return close($out) ? '' : $text || "failed: @command";
}

for my $header (sort glob("$root/mod_scim_rc/*/*.h"), glob("$root/sandbox/*.h")) {
    my $folder = basename(dirname($header));
    is compiles($header, flags($folder)), '', "$folder/" . basename($header);
}

# The test sees a header that leans on others.
my $lame = File::Temp->new(SUFFIX => '.h');
print $lame "apr_time_t lame(void);\n";
close $lame;
isnt compiles("$lame", flags('base')), '', 'a header that does not stand alone fails';

done_testing;
