#!/usr/bin/env perl
# What a machine can see of the house rules (docs/architecture.md), in every C source:
# banned functions, lengths, tabs, unfinished marks; and the messages of the log, each
# with a tag of its own that docs/messages.md explains.
use strict;
use warnings;
use File::Basename qw(basename);
use Test::More;
use SourceTree;

my $root = $ENV{top_srcdir};

my $FILE_LINES     = 500;
my $FUNCTION_LINES = 90;
my @BANNED = (
    qr/\b(?:v?sprintf|strcpy|strcat|strncpy|strncat|strtok|gets|ato[ifl]l?|v?sscanf|alloca)\s*\(/,
    qr/\b(?:strto(?:u?ll?|u?max|d|f)|apr_strtoi64)\s*\([^;]*?,\s*NULL\b/,
);
my $UNFINISHED = join '|', map { "\\b$_\\b" } 'TO' . 'DO', 'FIX' . 'ME', 'X' . 'XX', 'HA' . 'CK';

# What is wrong with one C source, as lines of text.
sub faults {
    my ($text) = @_;
    my @found;
    my $code = SourceTree::code($text);
    push @found, map { "uses $_" } map { $code =~ /($_)/ } @BANNED;
    push @found, "unfinished: $1" if $text =~ /($UNFINISHED)/;
    push @found, 'a tab'                  if $text =~ /\t/;
    push @found, 'white space at the end of a line' if $text =~ /[ \t]$/m;
    my $lines = grep { /\S/ } split /\n/, $code;
    push @found, "$lines lines of code" if $lines > $FILE_LINES;
    for my $function (SourceTree::functions($text)) {
        push @found, "$function->{name}() has $function->{lines} lines"
          if $function->{lines} > $FUNCTION_LINES;
    }
    return (@found, untagged($text));
}

# Log calls of level info and above whose text does not begin with a tag.
sub untagged {
    my ($text) = @_;
    my $code = SourceTree::code($text, 1);
    my $level = qr/(?:BASE_LOG|APLOG)_(?:EMERG|ALERT|CRIT|ERR|ERROR|WARNING|NOTICE|INFO)\b/;
    my @found;
    while ($code =~ /\b(?:base_log|ap_log_\w*error)\s*\((?:APLOG_MARK\s*,)?([^;"]*?)("[^"]*)?/gs) {
        my ($before, $string) = ($1, $2 // '');
        pos($code) = $+[0];
        ($string) = $code =~ /\G[^;]*?("[^"]*)/ if $string eq '';
        my ($call) = substr($code, $-[0]) =~ /^([^;"]*)/;
        push @found, "log line without a tag: $string"
          if $call =~ $level && ($string // '') !~ /^"(?:SCIMRC|SBOX)\d{4}: /;
    }
    return @found;
}

# --- the sources ------------------------------------------------------------------

my @sources = sort glob("$root/mod_scim_rc/*/*.[ch]"), glob("$root/sandbox/*.[ch]"),
  glob("$root/tools/*.[ch]"), glob("$root/t/unit/*.[ch]");
ok @sources > 20, 'there are sources to look at';
for my $path (@sources) {
    my $name  = substr $path, length($root) + 1;
    my @found = faults(SourceTree::slurp($path));
    # a unit test is a table of cases, as long as it has to be
    @found = grep { !/lines of code$/ } @found if $name =~ m{^t/unit/};
    is join("\n", @found), '', $name;
}

# --- what the test would see ------------------------------------------------------

my %BAD = (
    "sprintf(a, \"x\");\n"                     => 'uses sprintf(',
    "long l = strtol(s, NULL, 10);\n"          => 'uses strtol(s, NULL',
    "/* " . 'TO' . "DO later */\n"             => 'unfinished: TO' . 'DO',
    "\tint i;\n"                               => 'a tab',
    "int i;\n" x 501                           => '501 lines of code',
    "int f(void)\n{\n" . "    g();\n" x 89 . "}\n" => 'f() has 91 lines',
    "base_log(env, BASE_LOG_INFO, 0, \"no tag\");\n" => 'log line without a tag: "no tag',
    "ap_log_error(APLOG_MARK, APLOG_ERR, rv, s,\n    \"no tag\");\n" =>
      'log line without a tag: "no tag',
);
is join("\n", faults($_)), $BAD{$_}, "seen: $BAD{$_}" for sort keys %BAD;
my @GOOD = (
    "/* sprintf(a) */ const char *s = \"strcpy(\";\n",
    "apr_snprintf(a, 9, \"x\"); strtol(s, &end, 10);\n",
    "base_log(env, BASE_LOG_DEBUG, 0, \"no tag\");\n",
    "base_log(env, BASE_LOG_INFO, 0, \"SCIMRC0001: x\");\n",
    "int f(void)\n{\n" . "    g();\n" x 88 . "}\n",
);
is join("\n", faults($_)), '', 'no fault: ' . (split /\n/)[0] for @GOOD;

# --- tests that nobody runs -------------------------------------------------------

my $make = SourceTree::make_variables($root, 'Makefile.am');
my %run  = map { $_ => 1 }
  split ' ', SourceTree::make_expand($make, join ' ', @$make{qw(dist_check_SCRIPTS check_PROGRAMS)});
my @forgotten = grep { !$run{$_} } map { substr $_, length($root) + 1 }
  glob("$root/t/*.t"),
  map { s/\.c$/.t/r } grep { SourceTree::slurp($_) =~ /^int main\(/m } glob "$root/t/unit/*.c";
is "@forgotten", '', 'each test stands in a makefile';

# --- messages ---------------------------------------------------------------------

my %RANGE = (
    httpd     => [ 1,   99 ],
    gateway   => [ 100, 199 ],
    rc        => [ 200, 299 ],
    directory => [ 300, 399 ],
    auth      => [ 400, 499 ],
    fleet     => [ 500, 599 ],
);
my %where;
for my $path (@sources) {
    my ($folder) = $path =~ m{([^/]+)/[^/]+$};
    next if $folder eq 'unit';
    for my $tag (SourceTree::code(SourceTree::slurp($path), 1) =~ /"((?:SCIMRC|SBOX)\d{4}): /g) {
        push @{ $where{$tag} }, basename($path);
        my $number = substr($tag, -4) + 0;
        my $range = $tag =~ /^SBOX/ ? undef : $RANGE{$folder};
        ok $number >= $range->[0] && $number <= $range->[1], "$tag is of $folder/" if $range;
        is $folder, 'sandbox', "$tag is of the sandbox" if $tag =~ /^SBOX/;
    }
}
is join("\n", map { "$_: @{ $where{$_} }" } grep { @{ $where{$_} } > 1 } sort keys %where),
  '', 'each tag stands in one place';
my @listed = SourceTree::slurp("$root/docs/messages.md") =~ /^\|\s*((?:SCIMRC|SBOX)\d{4})\s*\|/mg;
is_deeply \@listed, [ sort { ($a =~ /^SBOX/) <=> ($b =~ /^SBOX/) || $a cmp $b } @listed ],
  'docs/messages.md is in order';
my %listed = map { $_ => 1 } @listed;
is scalar(keys %listed), scalar(@listed), 'docs/messages.md has each tag once';
is join(' ', grep { !$listed{$_} } sort keys %where), '', 'each tag is in docs/messages.md';
is join(' ', grep { !$where{$_} } sort keys %listed),  '', 'docs/messages.md has no other tag';

done_testing;
