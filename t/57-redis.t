#!/usr/bin/env perl
# Two gateways on one account and a private Redis: that the server as a whole is one
# gateway, what the Redis gets to see, and how it is when the Redis goes, refuses, or the
# copy is deleted.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Crowd;
use Sandbox;
use TestGateway;
use TestRedis;

my $SECRET = 'password-of-the-redis';

# As docs/fleet.md has it.
my $redis = TestRedis->new(conf => "user scim-rc on >$SECRET ~scim-rc:* resetchannels +\@read +\@write "
      . "+\@scripting +\@connection +info +time\n")->start;
my $sandbox = Sandbox->new(users => 5, scale => 20);

sub gateway {
    my ($name, $url, @account) = @_;
    my $gw = TestGateway->new(
        name    => $name, sandbox => $sandbox, processes => 3,
        account => join("\n", 'ScimRCRefresh 1h', 'ScimRCMaxAge 1h', @account));
    my $file = $gw->write_secret('redis-url', $url);
    $gw->{conf} =~ s{^<ScimRCAccount main>\n\K}{ScimRCShared file:$file 50\n}m or die 'no account';
    return $gw->secret($SECRET);
}

sub url {
    my ($login) = @_;
    return "redis://$login\@127.0.0.1:" . $redis->port;
}

sub lines {
    my ($gw, $what) = @_;
    return scalar grep { /$what/ } split /\n/, $gw->error_log;
}

# Everything that the Redis has, as text.
sub content {
    my @found;
    for my $key (@{ $redis->command('KEYS', '*') }) {
        my %read = (string => ['GET', $key], zset => ['ZRANGE', $key, 0, -1],
            stream => ['XRANGE', $key, '-', '+']);
        my $command = $read{ $redis->command('TYPE', $key) } or next;
        push @found, $key, flat([ $redis->command(@$command) ]);
    }
    return join "\n", @found;
}

sub flat { join ' ', map { ref() ? flat($_) : $_ // '' } @{ $_[0] } }

# Who has told the last of the news.
sub last_teller {
    my ($stream) = @{ $redis->command('KEYS', '*:news:*') };
    return $redis->command('XREVRANGE', $stream, '+', '-', 'COUNT', 1)->[0][1][1];
}

sub make {
    my ($gw, $name) = @_;
    return $gw->scim->post('/Users', $gw->scim->user($name))->{status};
}

sub knows {
    my ($gw, $name) = @_;
    return defined $gw->scim->find($name);
}

my ($one, $two) = map { gateway($_, url("scim-rc:$SECRET")) } qw(one two);
$_->start_filled for $one, $two;

# --- together ---------------------------------------------------------------------

is make($one, 'ada@example.com'), 201, 'a user is made by one gateway';
ok $two->wait_until(sub { knows($two, 'ada@example.com') }), 'the other one knows';
Crowd->run(12, sub { $two->scim->get('/Users?count=1')->{status} });
my @keys = @{ $redis->command('KEYS', '*') };
cmp_ok scalar(@keys), '>', 3, 'the Redis has something';
is join(' ', grep { !/\Ascim-rc:\{[0-9a-f]{32}\}:/ } @keys), '', 'under names of ours';
is join(' ', grep { $redis->command('PTTL', $_) <= 0 } @keys), '', 'that end by themselves';
unlike content(), qr/example|ada\@|Bearer|eyJ[\w-]{9}|\Q$SECRET\E|sandbox/i, 'and can read nothing of it';
is lines($_, 'SCIMRC0502'), 1, "$_->{name}: one line for the whole server" for $one, $two;

# --- a graceful restart, a deleted copy -------------------------------------------

my $teller = last_teller();
like $teller, qr/\A[0-9a-f]{16}\z/, 'a gateway has a name';
$one->graceful;
is make($one, 'grace@example.com'), 201, 'a user after a graceful restart';
is last_teller(), $teller, 'the server is still the same gateway';
is make($two, 'alan@example.com'), 201, 'one made by the other server';
isnt last_teller(), $teller, 'which is another';

$one->allow_log(qr/SCIMRC030[124]|SCIMRC0007/);
unlink glob $one->state_dir . '/*';
ok $one->wait_until(sub { knows($one, 'alan@example.com') }), 'a deleted copy is made anew';
is make($two, 'edsger@example.com'), 201, 'one more of the other server';
ok $one->wait_until(sub { knows($one, 'edsger@example.com') }), 'is still heard of';

# --- away -------------------------------------------------------------------------

$redis->pause;
my $begin = time;
my @statuses = Crowd->run(12, sub { make($_[0] % 2 ? $one : $two, "away$_[0]\@example.com") });
is_deeply [ grep { $_ != 201 } @statuses ], [], 'requests go on without the Redis';
cmp_ok time - $begin, '<', 15, 'without long waits';
ok $one->wait_until(sub { lines($one, "SCIMRC0500") }) && $two->wait_until(sub { lines($two, "SCIMRC0500") }), "it is said";
is lines($_, 'SCIMRC0500'), 1, "$_->{name}: once" for $one, $two;
like $one->error_log, qr{SCIMRC0500: account 'main': redis://127\.0\.0\.1:\d+ cannot be used: .*keeps to 50 percent},
  'with its place and the share';
$redis->resume;
for my $gw ($one, $two) {
    ok $gw->wait_until(sub { lines($gw, 'SCIMRC0501') }), "$gw->{name}: it is back";
    is lines($gw, $_), 1, "$gw->{name}: one line of $_" for qw(SCIMRC0500 SCIMRC0501);
}
is make($one, 'barbara@example.com'), 201, 'after that';
ok $two->wait_until(sub { knows($two, 'barbara@example.com') }), 'they hear of each other again';
for my $gw ($one, $two) {
    ok $gw->wait_until(sub { !grep { !knows($gw, "away$_\@example.com") } 1 .. 12 }),
      "$gw->{name}: knows who was made meanwhile";
}
$_->stop for $one, $two;

# --- a wrong password -------------------------------------------------------------

my $three = gateway('three', url("scim-rc:not-$SECRET"));
$three->secret("not-$SECRET");
$three->start_filled;
is make($three, 'donald@example.com'), 201, 'with a wrong password the gateway works alone';
like $three->error_log, qr/SCIMRC0500: .* cannot be used: it refuses the user or the password of the URL \(WRONGPASS/,
  'and says why';
$three->stop;

$sandbox->stop;
done_testing;
