#!/usr/bin/env perl
# With all logging of ours turned on, and whatever goes wrong: no secret stands in a log, in the
# command line or the environment of a process, in the state folder, or in an answer.
use strict;
use warnings;
use File::Find   ();
use MIME::Base64 ();
use Test::More;
use Sandbox;
use TestGateway;
use TestRedis;

my $sandbox = Sandbox->new(users => 10, unassigned => 5, limits => 'off');
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    log_level => 'debug scim_rc:trace8',    # httpd itself traces the headers of requests
    account   => join("\n", 'ScimRCMaxAge 1s', 'ScimRCTimeout 1s',
        map { "ScimRCLimit $_ off" } qw(light medium heavy auth)),
    location => "ScimRCPatience 2s\nScimRCNewUserStatus Enabled");
my @passwords = map { "Pass-w0rd-number-$_!" } 1 .. 6;
my @secrets = (@passwords, $sandbox->{secret}, $sandbox->{jwt}, 'a-token-that-nobody-knows',
    MIME::Base64::encode_base64("$sandbox->{id}:$sandbox->{secret}", ''),
    MIME::Base64::encode_base64("somebody:basic-password", ''), 'basic-password');
$gw->secret(@secrets);

# The secret comes from a program: its output must not pass through a command line.
my $teller = $gw->write_file($gw->dir . '/teller', "#!/bin/sh\ncat '" . $gw->dir . "/main.secret'\n", 0755);
$gw->{conf} =~ s/ScimRCClientSecret .*/ScimRCClientSecret exec:$teller/ or die;
$gw->allow_log(qr/SCIMRC0203/);

# A Redis that has no AUTH, and repeats what it was sent.
my $redis = TestRedis->program && TestRedis->new(conf => qq(rename-command AUTH ""\n))->start;
if ($redis) {
    push @secrets, 'password-of-the-redis';
    my $file = $gw->write_secret('redis-url', "redis://:$secrets[-1]\@127.0.0.1:" . $redis->port);
    $gw->{conf} =~ s{^<ScimRCAccount main>\n\K}{ScimRCShared file:$file\n}m or die 'no account';
    $gw->expect_log(qr/SCIMRC0500: .*: it knows no AUTH; .* \(ERR unknown command 'AUTH'\)/);
}
$gw->start_filled;
my $scim = $gw->scim;
my @answers;

sub ask {
    my ($client, $method, @rest) = @_;
    my $answer = $client->$method(@rest);
    push @answers, $answer;
    push @secrets, map { $_->{access_token} // () } $sandbox->sessions;
    return $answer;
}

sub user {
    my ($name, $password) = @_;
    return $scim->user($name, password => $password);
}

my $made = ask($scim, post => '/Users', user('ann@example.com', $passwords[0]));
is $made->{status}, 201, 'a user with a password';
my $path = "/Users/$made->{json}{id}";
is ask($scim, patch => $path, { op => 'replace', path => 'password', value => $passwords[1] })->{status},
  200, 'changed';
is ask($scim, put => $path, user('ann@example.com', $passwords[2]))->{status}, 200, 'replaced';
ask($scim, get => $path);
ask($scim, get => "$path?attributes=password");

# what goes wrong
for my $action ('garble', 'reply_lost', 'truncate',
    { kind => 'reply', status => 500, code => 'CMN-203' },
    { kind => 'reply', status => 400, code => 'PWD-002' },
    { kind => 'reply', status => 400, code => 'CMN-101', parameterName => 'password',
      message => 'Parameter [password] value is invalid.' },
    { kind => 'reply', status => 401, code => 'OAU-213' })
{
    my $times = ref $action && $action->{status} == 401 ? 1 : 2;
    $sandbox->fault({ match => { op => 'updateExtension' }, action => $action, times => $times });
    ask($scim, patch => $path, { op => 'replace', path => 'password', value => $passwords[3] });
    $sandbox->faults_clear;
    $sandbox->fault({ match => { op => 'createExtension' }, action => $action, times => $times });
    ask($scim, post => '/Users', user('other' . @answers . '@example.com', $passwords[4]));
    $sandbox->faults_clear;
}
ask($scim, raw => POST => '/Users', qq({"userName": "x", "password": "$passwords[5]"));
ask($scim, raw => POST => '/Users', qq({"userName": "x", "password": ["$passwords[5]"]}));
ask($scim, raw => PATCH => $path,
    qq({"Operations": [{"op": "replace", "path": "password", "value": {"x": "$passwords[5]"}}]}));
ask($scim, list => filter => qq(password eq "$passwords[5]"));
ask($scim->as(token => 'a-token-that-nobody-knows'), 'list');
ask($scim, raw => GET => '/Users', undef,
    { authorization => 'Basic ' . MIME::Base64::encode_base64('somebody:basic-password', '') });

# the token endpoint
for my $action (qw(garble truncate reply_lost html)) {
    $sandbox->invalidate_tokens;
    $sandbox->fault({ match => { op => 'getToken' }, action => $action, times => 1 });
    ask($scim, patch => $path, { op => 'replace', path => 'title', value => $action });
    $sandbox->faults_clear;
    ok $gw->wait_until(sub {
        ask($scim, patch => $path, { op => 'replace', path => 'title', value => "$action!" })->{status} == 200;
    }), "the token's answer: $action";
}
ok $gw->graceful, 'a graceful restart';
ask($scim = $gw->scim, 'list');
$gw->secret(@secrets);    # the tokens that died meanwhile, too

# --- where else something could stand ---------------------------------------------

my %token = map { $_ => 1 } values %{ $gw->{token} };
my %unique = map { $_ => 1 } grep { length } @secrets, keys %token;
my @all = sort keys %unique;

sub leaks {
    my ($where, $text) = @_;
    return map { "$where: " . substr $_, 0, 12 } grep { index($text, $_) >= 0 } @all;
}

my @leaks;
for my $pid ($gw->pid, $gw->children) {
    push @leaks, leaks("$_ of a process", $gw->slurp("/proc/$pid/$_")) for qw(cmdline environ);
}
is_deeply \@leaks, [], 'no secret in a command line or an environment';

@leaks = ();
my $files = 0;
File::Find::find({ no_chdir => 1, wanted => sub {
    return unless -f;
    $files++;
    push @leaks, leaks($File::Find::name, $gw->slurp($_));
    push @leaks, "$File::Find::name is open to others" if (stat)[2] & 077;
} }, $gw->state_dir);
cmp_ok $files, '>', 2, 'the state folder has files';
is_deeply \@leaks, [], 'no secret in them, and nobody else may read them';

@leaks = map { leaks($_->{url}, join ' ', $_->{content}, %{ $_->{headers} }) } @answers;
is_deeply \@leaks, [], 'none in an answer';

# The log itself is judged by stop(); it must have had the chance to tell.
like $gw->error_log, qr/scim_rc:debug/, 'the log was detailed';
$gw->stop;
$redis->stop if $redis;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
