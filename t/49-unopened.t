#!/usr/bin/env perl
# What is wrong with one account when the server is restarted must not end it: that
# account is left out and answers 503, the log says why, all else goes on, and the next
# restart opens it again. Files of tokens do not end it either.
use strict;
use warnings;
use File::Path ();
use HTTP::Tiny;
use Test::More;
use Sandbox;
use TestGateway;

my $second = Sandbox->new(users => 4, seed => 2, app => 'second-app', secret => 'second-secret',
    jwt => 'c2Vjb25k.and.b3RoZXI');
my $gw = TestGateway->new(sandbox => { users => 9 });
my $d  = $gw->dir;
my $program = $gw->write_file("$d/vault", "#!/bin/sh\ntest ! -e $d/sealed && cat $d/second.secret\n", 0755);
my $twin  = $gw->write_secret('twin.jwt', 'another-jwt');
my $hook  = $gw->url('/hook');
my $state = $gw->state_dir('second');
$gw->{conf} .= ($gw->account_conf('second', $second, <<"EOT") =~ s/(ScimRCClientSecret) .*/$1 exec:$program/r);
ScimRCCredential twin second-app file:$d/second.secret file:$twin
ScimRCWebhook https://gateway.example.com/hook
EOT
$gw->{conf} .= $gw->location_conf('/second', 'second')
  . "<Location \"/hook\">\nSetHandler scim-rc-hook\nScimRCUse second\n</Location>\n";
$gw->write_file("$d/htdocs/page", "a page\n", 0644);
my $right = $gw->{conf};
$gw->allow_log(qr/SCIMRC0002: account 'second': /, qr/SCIMRC0(?:134|203|204|208)/, qr/SCIMRC0022/,
    qr/SCIMRC0(?:006|104|206|305): /);
$gw->start_filled;
my $main  = $gw->scim;
my $other = $main->as(base => $gw->url('/second'));
ok $gw->wait_until(sub { $other->list(count => 0)->{status} == 200 }), 'both accounts serve';
my $pid = $gw->pid;

# New children, gracefully or not.
sub restart {
    my ($signal) = @_;
    return $gw->graceful_and_anew if $signal eq 'USR1';
    my $seen = () = $gw->error_log =~ /resuming normal operations/g;
    kill $signal, $gw->pid;
    return $gw->wait_until(sub { (() = $gw->error_log =~ /resuming normal operations/g) > $seen });
}

sub breaks {
    my ($what, $signal, $break, $said, $mend) = @_;
    my $before = length $gw->error_log;
    $break->();    # the children that run may notice
    $gw->write_conf;
    ok restart($signal) && $gw->pid == $pid && $gw->is_running, "$what: the server goes on";
    is_deeply [ substr($gw->error_log, $before) =~ /SCIMRC0002: (.*)/g ],
      [ "account 'second': $said; the server goes on without this account, whose requests are answered 503 until a restart finds it in order" ],
      "$what: the log says once what is wrong";
    is $main->list(count => 0)->{status}, 200, "$what: the other account serves";
    is +HTTP::Tiny->new->get($gw->url('/page'))->{content}, "a page\n", "$what: and the other sites";
    my $answer = $other->list(count => 0);
    is $answer->{status}, 503, "$what: its own requests are put off";
    is $answer->{json}{detail},
      "The account 'second' could not be opened when the server was last restarted; the server's error log says why (SCIMRC0002)",
      "$what: with a clear word";
    is $answer->{headers}{'retry-after'}, 60, "$what: for a while";
    is $other->get('/ServiceProviderConfig')->{status}, 503, "$what: what needs no platform too";
    is $other->as(token => 'wrong')->list->{status}, 401, "$what: not for strangers";
    is +HTTP::Tiny->new->post($hook, { headers => { 'Validation-Token' => 'x' } })->{status}, 503, "$what: and events";
    my ($since) = $gw->error_log =~ /.*resuming normal operations(.*)/s;
    unlike $since, qr/SCIMRC000[1368]/, "$what: no child tries";
    $mend->();
    $gw->{conf} = $right;
    $gw->write_conf;
    $before = length $gw->error_log;
    ok restart($signal), "$what: another restart";
    ok $gw->wait_until(sub { $other->list(count => 0)->{status} == 200 }), "$what: opens it";
    unlike substr($gw->error_log, $before), qr/SCIMRC0002/, "$what: and says nothing of it";
}

sub touch { my ($path) = @_; return $gw->write_file($path, '') }

breaks('a sealed vault', USR1 => sub { touch("$d/sealed") },
    "credential 'main', client secret: '$program' ended with status 1", sub { unlink "$d/sealed" });
breaks('a sealed vault, not gracefully', HUP => sub { touch("$d/sealed") },
    "credential 'main', client secret: '$program' ended with status 1", sub { unlink "$d/sealed" });
breaks('a secret that is not there', USR1 => sub { rename "$d/second.jwt", "$d/away" or die $! },
    "ScimRCJWT: cannot open '$d/second.jwt': No such file or directory",
    sub { rename "$d/away", "$d/second.jwt" or die $! });
breaks('an open state directory', USR1 => sub { chmod 0775, $state or die $! },
    "ScimRCStateDir: others may write to '$state' (mode 0775); take that away: chmod go-w '$state'",
    sub {
        File::Path::remove_tree("$state/copy");    # the background work fills it again
        chmod 0700, $state or die $!;
    });
SKIP: {
    skip 'only root can give folders away', 13 if $> != 0;
    my ($user) = PrivateHttpd::children_user();
    breaks('a state directory of root', HUP => sub { chown 0, 0, $state },
        "ScimRCStateDir: '$state' must belong to the user of httpd's children ($user)",
        sub { $gw->give_to_children($state) });
}
breaks('the same JWT twice', USR1 => sub { $gw->write_secret('twin.jwt', $second->{jwt}) },
    "ScimRCCredential twin: has the client id and the JWT of 'main'; it must be another app or another user",
    sub { $gw->write_secret('twin.jwt', 'another-jwt') });
breaks('a CA file without a certificate', USR1 => sub {
        $gw->{conf} =~ s/(<ScimRCAccount second>)/$1\nScimRCCAFile $d\/second.jwt/ or die;
    }, "ScimRCCAFile: '$d/second.jwt' holds no certificate; it must have some in PEM form (-----BEGIN CERTIFICATE-----)",
    sub { });

# A file of tokens that is being written.
$gw->expect_log(qr/SCIMRC040[01]: /);
$gw->write_file("$d/tokens", 'half a li');
ok restart('USR1') && $gw->pid == $pid, 'a broken file of tokens: the server goes on';
is $main->list(count => 0)->{status}, 503, 'and lets nobody in by it';
$gw->write_tokens(writer => '');
ok restart('USR1'), 'mended';
is $main->list(count => 0)->{status}, 200, 'it does again';

# What is known of the quota of an account that was left out is kept at the end, but not
# in a folder that others may write to.
for my $case ([ 'in order', sub { touch("$d/sealed") }, 1 ], [ 'open', sub { chmod 0775, $state }, '' ]) {
    my ($what, $break, $kept) = @$case;
    $break->();
    ok restart('USR1'), "left out, its folder is $what";
    unlink "$state/quota";
    is +(HTTP::Tiny->new->get($gw->url('/page')))->{status}, 200, 'the server runs';
    $gw->PrivateHttpd::stop('WINCH');
    is -e "$state/quota" // '', $kept, $kept ? 'its quota is kept' : 'nothing is written into it';
    unlink "$d/sealed";
    chmod 0700, $state;
    $gw->start;
}
ok $gw->wait_until(sub { $other->list(count => 0)->{status} == 200 }), 'and all is well again';

# The start refuses the same.
$gw->stop;
touch("$d/sealed");
ok !eval { $gw->start; 1 }, 'at the start an account that is not in order ends the server';
like $@, qr/SCIMRC0002: account 'second': credential 'main', client secret: '\Q$program\E' ended with status 1$/m,
  'which says why';

# The first account of a server, and it is not in order: nothing was prepared before.
{
    my $new = TestGateway->new(sandbox => $second, processes => 1);
    my $conf = $new->{conf};
    $new->{conf} = '';
    $new->expect_log(qr/SCIMRC0002: account 'main': ScimRCStateDir: others may write/);
    $new->allow_log(qr/SCIMRC0022/);
    $new->start;
    chmod 0775, $new->state_dir;
    $new->{conf} = $conf;
    $new->write_conf;
    ok $new->graceful_and_anew, 'a server without accounts gets one that is not in order';
    is $new->scim->list->{status}, 503, 'and answers';
    unlike $new->error_log, qr/exit signal/, 'no child has crashed';
    $new->stop;
}
$second->stop;
done_testing;
