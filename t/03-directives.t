#!/usr/bin/env perl
# The command table, conf/scim_rc.conf and docs/directives.md name the same directives
# with the same defaults, and the annotated configuration is valid as it stands and with
# every comment sign taken away.
use strict;
use warnings;
use Test::More;
use SourceTree;
use TestHttpd;

my $root = $ENV{top_srcdir};
my $h    = TestHttpd->new(load => { scim_rc_module => $ENV{MODULE_SO} });
my $dir  = $h->dir;

# What the module itself says.
sub command_table {
    $h->write_conf;
    my @name;
    open my $out, '-|', qq{'$ENV{HTTPD}' -L -f '$dir/httpd.conf' 2>&1} or die $!;
    while (<$out>) {
        push @name, $1 if /^(<?ScimRC\w*)/;
    }
    return sort @name;
}

# A sanitised module does not load without its runtimes.
if ($ENV{SANITIZER_PRELOAD}) {
    $ENV{LD_PRELOAD}   = $ENV{SANITIZER_PRELOAD};
    $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
}
my @commands = command_table();
delete $ENV{LD_PRELOAD};
cmp_ok scalar(@commands), '>', 20, 'the module has directives';

my $conf = SourceTree::slurp("$root/conf/scim_rc.conf");
my %in_conf = map { $_ => 1 } $conf =~ /^\s*#?(<?ScimRC\w+)/mg;
is_deeply [ sort keys %in_conf ], \@commands, 'conf/scim_rc.conf has all of them';

my $docs = SourceTree::slurp("$root/docs/directives.md");
my %section = $docs =~ /^### `(<?ScimRC\w+)>?`\n(.*?)(?=^##|\z)/msg;
is_deeply [ sort keys %section ], \@commands, 'docs/directives.md has all of them';

for my $name (sort keys %section) {
    my $text = $section{$name};
    like $text, qr/\A\n[A-Z].*?\n\n\* Syntax: .*?\Q$name\E.*\n\* Default: .*\n\* Context: .*\n/,
      "$name: purpose, syntax, default and context";
    like $text, qr/^    \s*\Q$name\E\b/m, "$name: an example";
    my ($line) = $text =~ /^\* Default: (.*)/m;
    my @default = grep { !/NAME/ } $line =~ /`(\Q$name\E [^`]+)`/g;
    my @shown   = $conf =~ /^\s*#(\Q$name\E .+)/mg;
    is_deeply \@shown, \@default, "$name: the same default in both" if @default;
}

# --- the annotated configuration --------------------------------------------------

for my $file (qw(client-id client-secret jwt client-id-2 client-secret-2 jwt-2 tokens)) {
    $h->write_file("$dir/$file", $file eq 'tokens' ? 'a:' . 'b' x 64 . "::\n" : $file, 0640);
}
$h->write_file("$dir/ca", "-----BEGIN CERTIFICATE-----\n");
(my $mine = $conf) =~ s{/etc/scim-rc/|/var/lib/scim-rc/}{$dir/}g;
$mine =~ s{/etc/ssl/certs/ca-certificates\.crt}{$dir/ca};

my ($status, $text) = $h->configtest($mine);
is $status, 0, 'conf/scim_rc.conf is valid' or diag $text;
(my $all = $mine) =~ s/^(\s*)#(?=<?\/?ScimRC|<\/?Location|SetHandler |Require )/$1/mg;
($status, $text) = $h->configtest($all);
is $status, 0, 'and is with everything that it shows' or diag $text;

done_testing;
