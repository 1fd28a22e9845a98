#!/usr/bin/env perl
# Several apps and users of one sandbox: each with a secret, sessions and limits of its own.
use strict;
use warnings;
use Test::More;
use Sandbox;

plan skip_all => Sandbox::missing() if Sandbox::missing();
my $sb = Sandbox->new(users => 20, unassigned => 2, credentials => [ {}, { number => '112' } ]);
my $list = '/restapi/v1.0/account/~/extension';
my ($first, $second, $third) = map { $sb->as($_) } 0 .. 2;

sub code { my $r = shift; join ' ', $r->{status}, $r->{json}{error} // $r->{json}{errorCode} // '-',
    $r->{json}{errors}[0]{errorCode} // '-' }
sub remaining { $_[0]->api(GET => "$list/~")->{headers}{'x-rate-limit-remaining'} }

subtest 'the list of them' => sub {
    my @c = @{ $sb->control(GET => '/credentials')->{credentials} };
    is scalar @c, 3;
    is_deeply [ map { $_->{app} } @c ], [ map { $_->{id} } $sb->credentials ];
    my $about = $sb->control(GET => '');
    is $c[1]{user}, $about->{accountId}, 'the administrator';
    is +($sb->extensions(id => $c[2]{user}))[0]{extensionNumber}, '112';
    is $c[0]{refused}, undef;
};

subtest 'rules 11 and 13: a secret and a JWT belong to their app' => sub {
    is $_->grant->{status}, 200, $_->{id} for $first, $second, $third;
    my $wrong = $sb->as({ %{ ($sb->credentials)[1] }, secret => $third->{secret} });
    is code($wrong->grant), '400 invalid_client OAU-153';
    $wrong = $sb->as({ %{ ($sb->credentials)[1] }, jwt => $third->{jwt} });
    is code($wrong->grant), '400 invalid_grant OAU-213', 'the JWT of another app';
    is code($first->grant(assertion => $second->{jwt})), '400 invalid_grant OAU-213';
};

subtest 'rule 18: sessions of one do not end those of another' => sub {
    $sb->reset;
    my $kept = $second->token;
    $first->grant for 1 .. 5;
    $sb->ratelimit_clear;
    $first->grant;
    is $second->api(GET => "$list/~")->{status}, 200;
    is $second->token, $kept;
    is scalar(grep { $_->{state} eq 'revoked' } $sb->sessions), 1, 'only one of its own';
};

subtest 'rule 120: each has buckets of its own' => sub {
    $sb->reset;
    $_->forget_token for $first, $second, $third;
    is remaining($first), 49;
    is remaining($first), 48;
    is remaining($second), 49, 'another app of the same user';
    is remaining($third), 49, 'another app and user';
    $first->api(GET => "$list/~") for 1 .. 49;
    is $first->api(GET => "$list/~")->{status}, 429;
    is remaining($second), 48, 'a penalty is not shared';
    my %used = map { ($_->{group} eq 'light' ? ($_->{app} => $_->{used}) : ()) }
        @{ $sb->ratelimit->{buckets} };
    is_deeply \%used, { $first->{id} => 50, $second->{id} => 2, $third->{id} => 1 };
};

subtest 'rule 125: limits of one app and one user' => sub {
    $sb->reset;
    $_->forget_token for $first, $second, $third;
    my $user = ($sb->extensions(extensionNumber => '112'))[0]{id};
    $sb->config(limit_overrides => [ { app => $second->{id}, group => 'light', limit => 5 },
            { user => "$user", limit => 7 } ]);
    is remaining($first), 49;
    is remaining($second), 4;
    is remaining($third), 6;
    my %limit = map { ($_->{group} eq 'light' ? ($_->{app} => $_->{limit}) : ()) }
        @{ $sb->ratelimit->{buckets} };
    is_deeply \%limit, { $first->{id} => 50, $second->{id} => 5, $third->{id} => 7 };
    $sb->config(limit_overrides => undef);
};

subtest 'refused with 401' => sub {
    $sb->reset;
    $_->forget_token for $first, $second, $third;
    $_->token for $first, $second;
    $sb->refuse(1, 401);
    is code($second->api(GET => "$list/~")), '401 TokenInvalid OAU-213', 'its session ended';
    is $first->api(GET => "$list/~")->{status}, 200, 'the other one goes on';
    is code($second->grant), '400 invalid_grant OAU-213', 'it cannot sign in';
    my ($c) = grep { $_->{app} eq $second->{id} } @{ $sb->control(GET => '/credentials')->{credentials} };
    is $c->{refused}, 401;
    $sb->admit(1);
    is code($second->api(GET => "$list/~")), '401 TokenInvalid OAU-213', 'the session stays ended';
    $second->forget_token;
    is $second->api(GET => "$list/~")->{status}, 200, 'it may sign in again';
};

subtest 'refused with 403' => sub {
    $sb->refuse(1, 403);
    is code($second->api(GET => "$list?perPage=1")), '403 CMN-408 CMN-408';
    is code($second->api(PUT => "$list/~", {})), '403 CMN-408 CMN-408';
    is $first->api(GET => "$list/~")->{status}, 200;
    $second->forget_token;
    is $second->grant->{status}, 200, 'it can sign in';
    $sb->admit(1);
    is $second->api(GET => "$list?perPage=1")->{status}, 200;
};

subtest 'one of two users of an app is refused' => sub {
    $sb->ratelimit_clear;
    my $other = $sb->add_credential(id => $second->{id}, secret => $second->{secret},
        jwt => 'eyJhbGciOiJSUzI1NiJ9.e30.dHdv', number => '113');
    my ($user) = $sb->extensions(extensionNumber => '113');
    is $other->grant->{json}{owner_id}, $user->{id};
    $sb->control(PATCH => '/credentials', { app => $second->{id}, user => '113', refused => 403 });
    is $other->api(GET => "$list/~")->{status}, 403;
    is $second->api(GET => "$list/~")->{status}, 200;
    $sb->control(PATCH => '/credentials', { user => "$user->{id}", refused => undef });
    is $other->api(GET => "$list/~")->{status}, 200;
};

subtest 'added and refused while it runs' => sub {
    my %new = (id => 'late', secret => 's', jwt => 'eyJhbGciOiJSUzI1NiJ9.e30.bGF0ZQ');
    my $late = $sb->add_credential(%new);
    is $late->api(GET => "$list/~")->{status}, 200;
    for ([ {}, qr/app/ ], [ { app => 'late', secret => 'x', jwt => 'a.b.c' }, qr/another secret/ ],
        [ { app => 'late', secret => 's', jwt => $new{jwt} }, qr/has this JWT/ ],
        [ { app => 'x', secret => 's', jwt => 'abc' }, qr/three parts/ ],
        [ { app => 'x', secret => 's', jwt => 'a.b.c', extensionNumber => '99999' }, qr/nobody/ ]) {
        my $r = $sb->request(POST => '/_sandbox/credentials', content => $_->[0]);
        is $r->{status}, 400;
        like $r->{json}{error}, $_->[1];
    }
    for ({}, { refused => 402 }, { refused => 401, app => 'nobody' }) {
        is $sb->request(PATCH => '/_sandbox/credentials', content => $_)->{status}, 400;
    }
    $sb->reset;
    is scalar @{ $sb->control(GET => '/credentials')->{credentials} }, 3, 'reset: as configured';
};

subtest 'the directive' => sub {
    open my $f, '<', "$sb->{dir}/httpd.conf" or die;
    my $good = do { local $/; <$f> };
    for ([ 'SandboxCredential a b', qr/SandboxCredential takes three to five arguments/ ],
        [ 'SandboxCredential a b c', qr/SandboxCredential: a JWT has three parts/ ]) {
        my ($line, $message) = @$_;
        open my $out, '>', "$sb->{dir}/bad.conf" or die;
        print $out "$good\n$line\n";
        close $out;
        local $ENV{LD_PRELOAD} = $ENV{SANITIZER_PRELOAD} if $ENV{SANITIZER_PRELOAD};
        local $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
        like qx("$ENV{HTTPD}" -t -f "$sb->{dir}/bad.conf" 2>&1), $message, $line;
    }
    my $two = Sandbox->new(users => 2, unassigned => 0, conf =>
        "SandboxCredential narrow s a.b.c - \"ReadAccounts\"\n");
    my $narrow = $two->as({ id => 'narrow', secret => 's', jwt => 'a.b.c' });
    is $narrow->grant->{json}{scope}, 'ReadAccounts';
    is join('', $two->log_problems), '', 'its log is clean';
};

is join('', $sb->log_problems), '', 'the error log is clean';
done_testing;
