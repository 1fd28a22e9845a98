#!/usr/bin/env perl
# scim-rc-token: what it prints, what it writes, what it refuses.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Fcntl qw(:flock :mode);
use File::Temp qw(tempdir);
use POSIX qw(strftime);
use Test::More;

my $tool = "$ENV{top_builddir}/scim-rc-token";
my $dir  = tempdir('scim-rc-token-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $file = "$dir/tokens";

# Runs the tool with `in` on its standard input: exit status, output, errors.
sub run {
    my ($in, @args) = @_;
    write_file("$dir/in", $in);
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN,  '<', "$dir/in"  or die $!;
        open STDOUT, '>', "$dir/out" or die $!;
        open STDERR, '>', "$dir/err" or die $!;
        exec $tool, @args or die "$tool: $!";
    }
    waitpid $pid, 0;
    my $status = $? & 127 ? "signal $?" : $? >> 8;
    return ($status, slurp("$dir/out"), slurp("$dir/err"));
}

sub slurp {
    my ($path) = @_;
    open my $fh, '<', $path or return undef;
    local $/;
    return scalar(<$fh>) // '';
}

sub write_file {
    my ($path, $text) = @_;
    open my $fh, '>', $path or die "$path: $!";
    print $fh $text;
    close $fh or die $!;
}

sub mode { return sprintf '%04o', (stat $_[0])[2] & 07777 }

my $TOKEN = qr/\Ascimrc_[A-Za-z0-9_-]{43}\n\z/;

# A command that must succeed; its output.
sub works {
    my ($name, @args) = @_;
    my ($status, $out, $err) = run('', $file, @args);
    is $status, 0, $name or diag $err;
    return $out;
}

# A command that must fail and change nothing.
sub fails {
    my ($name, $want, $text, @args) = @_;
    my $before = slurp($file);
    my ($status, $out, $err) = run('', $file, @args);
    is $status, $want, $name;
    like $err, $text, '... and says why';
    is $out, '', '... and prints nothing';
    is slurp($file), $before, '... and leaves the file';
}

# --- a new file ---

fails('no file', 3, qr/No such file.*--create/, qw(add ann));
ok !-e $file, 'a file is not made unasked';
umask 0077;
my $first = works('add --create', qw(add ann --create));
umask 0022;
like $first, $TOKEN, 'prints the token and nothing else';
is mode($file), '0640', 'the new file is for owner and group, whatever the umask';
chomp $first;
is slurp($file), 'ann:' . sha256_hex($first) . ":read,write:\n", 'and holds the hash';

# --- adding ---

write_file($file, "# made by hand\n\n" . slurp($file) . '#last line, without an end');
chmod 0600, $file;
my @stat = stat $file;
works('add with scope and day', qw(add bob --scope read --expires 2099-01-31 --create));
is mode($file), '0600', 'the mode stays';
isnt((stat $file)[1], $stat[1], 'the file is replaced, not written over');
like slurp($file), qr/\A# made by hand\n\nann:.*\n#last line, without an end\nbob:[0-9a-f]{64}:read:2099-01-31T00:00:00Z\n\z/,
  'comments and other lines stay';
works('options first', '--expires', '90d', qw(add cy));
my $day = strftime('%Y-%m-%d', gmtime(time + 90 * 86400));
my $next = strftime('%Y-%m-%d', gmtime(time + 90 * 86400 - 60));
like slurp($file), qr/^cy:[0-9a-f]{64}:read,write:(?:$day|$next)T/m, 'a span of time';
works('a name like an option', qw(add --expires never -- -dash));
works('a file by a link', 'list') if symlink 'tokens', "$dir/link";
my ($status) = run('', "$dir/link", qw(add linked));
is $status, 0, 'add through a link';
ok -l "$dir/link", 'leaves the link a link';
like slurp($file), qr/^linked:/m, 'and changes what it leads to';

fails('a taken name', 1, qr/'ann' has a token already; 'rotate'/, qw(add ann));
fails('a bad name', 2, qr/'a b' is not 1 to 64 of/, 'add', 'a b');
fails('a bad scope', 2, qr/no scope 'wirte'; the scopes are: read write/,
    qw(add x --scope wirte));
fails('a bad time', 2, qr/--expires '2099-02-30' is no time; write/,
    qw(add x --expires 2099-02-30));
fails('a bad span', 2, qr/--expires '5y' is no time/, qw(add x --expires 5y));
fails('a time that is over', 2, qr/is in the past/, qw(add x --expires 2020-01-01));
fails('no command', 2, qr/one of add, rotate, remove, list, verify/);
fails('an unknown command', 2, qr/one of add/, 'ad', 'x');
fails('no name', 2, qr/one NAME/, 'add');
fails('two names', 2, qr/one NAME/, qw(add x y));
fails('a word too much', 2, qr/no more/, qw(list x));
fails('an option of another command', 2, qr/--keep does not go with 'add'/,
    qw(add x --keep 1h));
fails('--group alone', 2, qr/--group goes with --create/, qw(add x --group root));
fails('an unknown option', 2, qr/--help/, qw(add x --bogus));
{
    my ($code, undef, $err) = run('', "$dir/other", qw(add x --create --group no-such-group));
    is $code, 2, 'a group that is not there';
    like $err, qr/no group 'no-such-group'/, '... and says so';
    ok !-e "$dir/other", '... and leaves no file';
}

# --- verifying and listing ---

($status, my $out) = run("$first\n", $file, 'verify');
is $status, 0, 'verify';
is $out, "ann: read write, never expires\n", 'says whose and for what';
($status, $out, my $err) = run("$first-\n", $file, 'verify');
is $status, 1, 'verify with another token';
like $err, qr/nobody has this token/, 'says so';
($status) = run("\n", $file, 'verify');
is $status, 2, 'verify with nothing';
($status) = run('x' x 4097, $file, 'verify');
is $status, 2, 'verify with too long a token';
write_file($file, slurp($file) . 'old:' . sha256_hex('past') . ":read:2020-01-01\n");
($status, $out) = run('past', $file, 'verify');
is $status, 1, 'verify with an expired token';
is $out, "old: read, expired 2020-01-01T00:00:00Z\n", 'says when it ended';
$out = works('list', 'list');
like $out, qr/^NAME +SCOPES +EXPIRES +STATE$/m, 'a head';
like $out, qr/^ann +read write +never +valid$/m, 'a line for each';
like $out, qr/^bob +read +2099-01-31T00:00:00Z +valid$/m, 'with its expiry';
like $out, qr/^old +read +2020-01-01T00:00:00Z +expired$/m, 'and its state';
unlike $out, qr/[0-9a-f]{64}/, 'and no hash';

# --- rotating and removing ---

my $second = works('rotate', qw(rotate ann));
like $second, $TOKEN, 'prints a token';
chomp $second;
isnt $second, $first, 'another one';
is((run($first, $file, 'verify'))[0], 1, 'the old one is over');
is((run($second, $file, 'verify'))[0], 0, 'the new one is valid');
like slurp($file), qr/^# made by hand\n\nann:/, 'in the place of the old line';

my $third = works('rotate --keep', qw(rotate ann --keep 24h));
($status, $out) = run($second, $file, 'verify');
is $status, 0, 'the old one lives on';
like $out, qr/^ann\.old: read write, valid until /, 'under another name, for a time';
works('again', qw(rotate ann --keep 7d));
is((run($second, $file, 'verify'))[0], 1, 'only one old token lives on');
is((run($third, $file, 'verify'))[0], 0, 'the youngest');
works('rotate --expires', qw(rotate bob --expires never));
like slurp($file), qr/^bob:[0-9a-f]{64}:read:$/m, 'keeps the scopes, changes the expiry';
works('the expiry again', qw(rotate bob --expires 2099-01-31));
works('rotate --keep with an expiry', qw(rotate bob --keep 10w));
fails('rotate what is not there', 1, qr/no token named 'nobody'/, qw(rotate nobody));
fails('rotate what has expired', 2, qr/'old' has expired.*--expires/, qw(rotate old));
fails('a bad --keep', 2, qr/--keep 'x' is no time/, qw(rotate ann --keep x));

works('remove', qw(remove ann));
unlike slurp($file), qr/^ann:/m, 'takes the line out';
like slurp($file), qr/\A# made by hand\n.*^bob:/ms, 'and no other';
fails('remove what is not there', 1, qr/no token named 'ann'/, qw(remove ann));

# --- files that are refused ---

chmod 0644, $file;
fails('a file that everybody may read', 3, qr/chmod o-rw/, qw(add x));
chmod 0600, $file;
write_file($file, "# x\nann:no hash\n");
fails('an invalid file', 3, qr/line 2: what follows the name is not/, qw(add x));
ok !grep({ !m{/(?:tokens|link|in|out|err)\z} } glob "$dir/*"), 'no temporary file is left';

# --- two administrators at once ---

unlink $file;
works('a new file', qw(add n0 --create));
my @pids;
for my $i (1 .. 8) {
    my $pid = fork // die $!;
    if (!$pid) {
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', '/dev/null';
        exec $tool, $file, 'add', "n$i" or die $!;
    }
    push @pids, $pid;
}
my $bad = grep { waitpid($_, 0); $? } @pids;
is $bad, 0, 'eight at once';
is scalar(() = slurp($file) =~ /^n\d:/mg), 9, 'and no line is lost';

# --- help ---

($status, $out) = run('', '--help');
is $status, 0, '--help';
like $out, qr/^Usage: scim-rc-token FILE add NAME/, 'says how';
for my $option ($out =~ /^  (--\w+)/mg) {
    like slurp("$ENV{top_srcdir}/docs/scim-rc-token.1"), qr/\\fB$option\\fR/,
      "$option is in the man page";
}
($status, $out) = run('', '--version');
is $status, 0, '--version';
like $out, qr/^scim-rc-token \d+\.\d+/, 'says which';

done_testing;
