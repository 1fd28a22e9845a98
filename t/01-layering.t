#!/usr/bin/env perl
# Who may include whom (docs/architecture.md). The include path of each layer's
# library is the rule for the compiler; this test holds that path, the include lines
# and the words of each layer to the rule, and shows on a broken tree that it sees.
use strict;
use warnings;
use File::Basename qw(basename dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;
use SourceTree;

my %SEES = (
    base      => [qw(base)],
    scim      => [qw(base scim)],
    rc        => [qw(base rc)],
    directory => [qw(base directory)],
    auth      => [qw(base auth)],
    fleet     => [qw(base fleet)],
    gateway   => [qw(base scim rc directory gateway)],
    httpd     => [qw(base scim gateway auth fleet httpd)],
);
my %NEVER_SAYS = (
    scim      => [ qr/ring\W*central/i, qr/\brc_/ ],
    rc        => [qr/scim/i],
    directory => [qr/scim/i],
    fleet     => [ qr/scim/i, qr/ring\W*central/i ],
);
my $HTTPD_HEADER = qr/^(?:httpd|http_\w+|ap_\w+|util_\w+|mpm_common|mod_\w+|scoreboard|unixd)\.h$/;
my $HTTPD_WORD   = qr/\b(?:request_rec|server_rec|conn_rec|cmd_parms|command_rec|ap_\w+)\b/;
my $TAG          = qr/\bSCIMRC\d{4}\b/;

# All breaches of the rule in the tree at `$root`, as lines of text.
sub breaches {
    my ($root) = @_;
    my $src = "$root/mod_scim_rc";
    my %home = map { basename($_) => basename(dirname($_)) } glob "$src/*/*.h";
    my @found;
    for my $path (glob "$src/*/*.[ch]") {
        my $layer = basename(dirname($path));
        my $file  = "$layer/" . basename($path);
        my $sees  = $SEES{$layer} or push(@found, "$file: unknown layer"), next;
        push @found, map { "$file: $_" } include_breaches($path, $sees, \%home),
          word_breaches($path, $layer);
    }
    return @found, path_breaches($root);
}

sub include_breaches {
    my ($path, $sees, $home) = @_;
    my @found;
    for my $line (split /\n/, SourceTree::slurp($path)) {
        my ($kind, $header) = $line =~ /^\s*#\s*include\s*([<"])([^>"]+)/ or next;
        push @found, "config.h" if $header eq 'config.h';
        push @found, "path in include of $header"
          if $kind eq '"' && $header =~ m{/} || $header =~ m{\.\./};
        push @found, "includes $header of httpd"
          if $header =~ $HTTPD_HEADER && !grep { $_ eq 'httpd' } @$sees;
        my $of = $home->{ basename($header) };
        push @found, "includes $header of $of" if $of && !grep { $_ eq $of } @$sees;
        push @found, "includes $header of nobody" if !$of && $kind eq '"' && $header ne 'config.h';
    }
    return @found;
}

sub word_breaches {
    my ($path, $layer) = @_;
    my $text = SourceTree::slurp($path) =~ s/$TAG//gr;
    my @found = map { "says $1" } $text =~ /($HTTPD_WORD)/ && $layer ne 'httpd' ? $1 : ();
    for my $word (@{ $NEVER_SAYS{$layer} // [] }) {
        push @found, "says $1" if $text =~ /($word)/;
    }
    return @found;
}

# What the makefiles let each layer see.
sub path_breaches {
    my ($root) = @_;
    my $make = SourceTree::make_variables($root, 'Makefile.am');
    my @found;
    for my $layer (sort keys %SEES) {
        my $library = $layer eq 'httpd' ? 'mod_scim_rc_la' : "lib${layer}_la";
        push @found, grants($make, "${library}_CPPFLAGS", $layer);
        my $sources = SourceTree::make_expand($make, $make->{"${library}_SOURCES"} // '');
        push @found, map { "${library}_SOURCES: $_ is not of $layer/" }
          grep { !m{^mod_scim_rc/$layer/\w+\.[ch]$} } split ' ', $sources;
    }
    for my $test (grep { /^t_unit_\w+_t_SOURCES$/ } sort keys %$make) {
        my ($layer) = $make->{$test} =~ m{t/unit/(base|scim|rc|dir|auth|fleet|gw)_} or next;
        $layer = { dir => 'directory', gw => 'gateway' }->{$layer} // $layer;
        push @found, grants($make, $test =~ s/SOURCES$/CPPFLAGS/r, $layer);
    }
    return @found;
}

sub grants {
    my ($make, $variable, $layer) = @_;
    my $flags = $make->{$variable} // '';
    my @found = $flags eq '' ? "$variable: missing" : ();
    push @found, "$variable: httpd's headers"
      if $layer ne 'httpd' && $flags =~ /HTTPD_CPPFLAGS/;
    $flags = SourceTree::make_expand($make, $flags);
    for my $dir ($flags =~ /-I\s*(\S+)/g) {
        next if $dir =~ m{^\@top_srcdir\@/t/unit$};
        my ($of) = $dir =~ m{^\@top_srcdir\@/mod_scim_rc/(\w+)$};
        push @found, "$variable: -I$dir" if !$of || !grep { $_ eq $of } @{ $SEES{$layer} };
    }
    return @found;
}

# --- the tree ---------------------------------------------------------------------

is join("\n", breaches($ENV{top_srcdir})), '', 'the tree keeps the layer rule';

# --- and what the test would see --------------------------------------------------

my %SOUND = (
    'Makefile.am' => join('',
        "M = \$(top_srcdir)/mod_scim_rc\n",
        map { "include mod_scim_rc/$_/local.mk\n" } sort keys %SEES),
    map { ("mod_scim_rc/$_/local.mk" => makefile($_), "mod_scim_rc/$_/${_}_x.h" => "int ${_}_x;\n",
            "mod_scim_rc/$_/$_.c" => join('', map { "#include \"${_}_x.h\"\n" } @{ $SEES{$_} })) }
      keys %SEES
);

sub makefile {
    my ($layer) = @_;
    my $library = $layer eq 'httpd' ? 'mod_scim_rc_la' : "lib${layer}_la";
    return "${library}_CPPFLAGS = " . join(' ', map { "-I\$(M)/$_" } @{ $SEES{$layer} })
      . "\n${library}_SOURCES = \\\n\tmod_scim_rc/$layer/$layer.c mod_scim_rc/$layer/${layer}_x.h\n";
}

# The breaches of a sound tree to whose file `$file` `$text` was added.
sub broken {
    my ($file, $text) = @_;
    my $root = tempdir('scim-rc-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my %tree = %SOUND;
    $tree{$file} = ($tree{$file} // '') . $text if $file;
    for my $path (sort keys %tree) {
        make_path(dirname("$root/$path"));
        open my $out, '>', "$root/$path" or die "$root/$path: $!";
        print $out $tree{$path};
        close $out;
    }
    return join "\n", breaches($root);
}

is broken('', ''), '', 'a sound tree has no breach';
my @CASES = (
    [ 'scim/scim.c', "#include \"rc_x.h\"\n",
        "scim/scim.c: includes rc_x.h of rc\nscim/scim.c: says rc_" ],
    [ 'gateway/gateway.c', "#include <auth_x.h>\n",    'gateway/gateway.c: includes auth_x.h of auth' ],
    [ 'httpd/httpd.c', "#include \"directory_x.h\"\n", 'httpd/httpd.c: includes directory_x.h of directory' ],
    [ 'base/base_x.h', "#include <httpd.h>\n",           'base/base_x.h: includes httpd.h of httpd' ],
    [ 'rc/rc.c', "#include \"../rc/rc_x.h\"\n",          'rc/rc.c: path in include of ../rc/rc_x.h' ],
    [ 'rc/rc.c', "#include \"config.h\"\n",            'rc/rc.c: config.h' ],
    [ 'auth/auth.c', "#include \"nowhere.h\"\n",       'auth/auth.c: includes nowhere.h of nobody' ],
    [ 'auth/auth.c', "struct request_rec;\n",          'auth/auth.c: says request_rec' ],
    [ 'gateway/gateway.c', "ap_escape_html(p, s);\n",  'gateway/gateway.c: says ap_escape_html' ],
    [ 'scim/scim.c', "/* as RingCentral has it */\n",  'scim/scim.c: says RingCentral' ],
    [ 'rc/rc.c', "/* a Scim error */\n",               'rc/rc.c: says Scim' ],
    [ 'rc/rc.c', "log(\"SCIMRC0200: x\");\n",          '' ],
    [ 'scim/local.mk', "libscim_la_CPPFLAGS += -I\$(M)/rc\n",
        'libscim_la_CPPFLAGS: -I@top_srcdir@/mod_scim_rc/rc' ],
    [ 'auth/local.mk', "libauth_la_CPPFLAGS += -I\$(M)\n",
        'libauth_la_CPPFLAGS: -I@top_srcdir@/mod_scim_rc' ],
    [ 'base/local.mk', "libbase_la_CPPFLAGS += \$(HTTPD_CPPFLAGS)\n",
        "libbase_la_CPPFLAGS: httpd's headers" ],
    [ 'rc/local.mk', "librc_la_SOURCES += mod_scim_rc/base/base.c\n",
        'librc_la_SOURCES: mod_scim_rc/base/base.c is not of rc/' ],
    [ 'scim/local.mk', "t_unit_scim_x_t_CPPFLAGS = -I\$(M)/gateway\n"
          . "t_unit_scim_x_t_SOURCES = t/unit/scim_x.c\n",
        't_unit_scim_x_t_CPPFLAGS: -I@top_srcdir@/mod_scim_rc/gateway' ],
    [ 'metrics/metrics.c', "\n", 'metrics/metrics.c: unknown layer' ],
);
is broken("mod_scim_rc/$_->[0]", $_->[1]), $_->[2],
  $_->[2] ? "seen: " . $_->[2] =~ s{\n.*}{}sr : "no breach: " . $_->[1] =~ s{\n.*}{}sr
  for @CASES;

done_testing;
