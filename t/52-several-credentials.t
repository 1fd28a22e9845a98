#!/usr/bin/env perl
# An account with two apps: together they may send twice as much, each within its own
# limits; when RingCentral refuses one the other does its work, and the log says which;
# when it refuses both clients are told so.
use strict;
use warnings;
use Test::More;
use Crowd;
use Sandbox;
use TestGateway;

my $WINDOW  = 12;    # seconds, of a minute
my $sandbox = Sandbox->new(users => 5, scale => 60 / $WINDOW, credentials => 1);
my $gw      = TestGateway->new(
    sandbox   => $sandbox,
    processes => 4,
    account   => "ScimRCRefresh 1h\nScimRCMaxAge 0",
    location  => 'ScimRCPatience 0');
my ($main, $second) = $sandbox->credentials;
my $twin = join ' ', 'second', $second->{id}, map { 'file:' . $gw->write_secret(@$_) }
  [ 'second.secret', $second->{secret} ], [ 'second.jwt', $second->{jwt} ];
my $conf = $gw->{conf} =~ s/^(?=ScimRCStateDir)/ScimRCCredential $twin\n/mr;
$gw->{conf} = $conf .= $gw->location_conf('/patient', 'main', "ScimRCPatience 20s\n");
$gw->start_filled;
my $base = $gw->url('/scim/v2');

# Lookups of names that nobody has take a Medium call each.
my $number = 0;

sub look_up {
    my ($scim) = @_;
    my $name = 'nobody' . ++$number . ".$$\@example.com";
    return $scim->list(filter => qq{userName eq "$name"});
}

# Many look up at once. The answers by status.
sub burst {
    my ($count, $each) = @_;
    return { Crowd->tally($count, sub {
        my $scim = $gw->scim->as(base => $base);
        return map { look_up($scim)->{status} } 1 .. $each;
    }) };
}

sub buckets {
    my ($group) = @_;
    return map { $_->{used} } grep { $_->{group} eq $group } @{ $sandbox->ratelimit->{buckets} };
}

# Medium calls of the app since the number.
sub calls_of {
    my ($app, $since) = @_;
    return scalar grep { $_->{number} > $since } $sandbox->calls(app => $app, group => 'medium');
}
sub last_call { return ($sandbox->calls(limit => 1))[-1]{number} }
sub lines { my ($text) = @_; return scalar(() = $gw->error_log =~ /$text/g) }

# --- twice as much ----------------------------------------------------------------

my $got = burst(12, 9);
is_deeply [ sort keys %$got ], [ 200, 429 ], 'answered, or asked to come again';
is_deeply [ buckets('medium') ], [ 40, 40 ], 'all of both quotas is used';
is scalar(grep { $_->{status} == 429 } $sandbox->calls), 0, 'RingCentral refused no call';
ok $gw->graceful, 'a graceful restart';
is look_up($gw->scim)->{status}, 429, '... forgets nothing';

# The other one first: what is known belongs to the credential, not to its place.
$gw->stop;
$gw->{conf} = $conf =~ s/^(ScimRCClientId) .*/$1 $second->{id}/mr
  =~ s{main\.(secret|jwt)}{second.$1}gr =~ s/^ScimRCCredential \K.*/other $main->{id} M/mr;
$gw->{conf} =~ s{ M$}{ join '', map { " file:" . $gw->dir . "/main.$_" } qw(secret jwt) }me;
$gw->start;
is look_up($gw->scim)->{status}, 429, 'nor does a new start with another order';
$gw->stop;
$gw->{conf} = $conf;

# Begins anew, with nothing known of the quota; who waits may.
sub start_anew {
    $sandbox->advance(120);
    unlink $gw->state_dir . '/quota';
    $gw->start;
    $base = $gw->url('/patient');
    return $gw->wait_until(sub { look_up($gw->scim)->{status} == 200 });
}

# --- one is refused ---------------------------------------------------------------

$sandbox->refuse(1, 401);
$gw->expect_log(qr/SCIMRC0203: account 'main', credential 'second': /);
my $since = last_call();
ok start_anew(), 'one is refused with 401';
$got = burst(4, 2);
is_deeply $got, { 200 => 8 }, 'the other does the work';
is calls_of($second->{id}, $since), 0, '... alone';
is lines('SCIMRC0203'), 1, 'the log says it once';

$sandbox->refuse(0, 401);
$gw->allow_log(qr/SCIMRC0203/);
my $answer = look_up($gw->scim);
is $answer->{status}, 503, 'both are refused: 503';
like $answer->{headers}{'retry-after'}, qr/^[1-9]\d*$/, '... with a time to come again';
is lines("SCIMRC0203: account 'main', credential 'main'"), 1, 'the log says that, too';
$gw->stop;

# --- one lacks a permission -------------------------------------------------------

$sandbox->admit(0);
$sandbox->admit(1);
ok start_anew(), 'both are let in again';
$sandbox->refuse(0, 403);
$gw->expect_log(qr/SCIMRC0208: account 'main', credential 'main': RingCentral refuses listExtensions/);
$got = burst(4, 2);
is_deeply $got, { 200 => 8 }, 'one lacks a permission: the other does the work';
$gw->allow_log(qr/SCIMRC0208/);
is lines('SCIMRC0208.*listExtensions'), 1, 'the log says it once';
my $user = $gw->scim->find($gw->scim->list(count => 1)->{json}{Resources}[0]{userName});
ok $user, 'reading goes on';

# --- the gateway's own users ------------------------------------------------------

is $gw->scim->delete("/Users/$user->{id}")->{status}, 403,
  'the user whom both sign in as cannot be deleted';

$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
