#!/usr/bin/env perl
# The sandbox's control interface (sandbox.md section 1) and its directives.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Sandbox;

plan skip_all => Sandbox::missing() if Sandbox::missing();
my $sb = Sandbox->new(users => 5, unassigned => 2,
    conf => "SandboxSites 2\nSandboxQueues 1\nSandboxRoles 1\nSandboxState state/company.json\n");
my $list = '/restapi/v1.0/account/~/extension';
my $new = { contact => { firstName => 'New', email => 'new@test.example.com' } };

subtest 'rule 1: the company is as configured' => sub {
    my $about = $sb->control(GET => '');
    is $about->{sites}, 3, 'two and the main site';
    is $about->{roles}, 6, 'one and the five that everybody has';
    my @all = $sb->extensions;
    is scalar(grep { $_->{status} eq 'Unassigned' } @all), 2;
    is scalar(grep { $_->{type} eq 'Department' } @all), 1;
};

subtest 'rule 3: reset' => sub {
    my @before = $sb->extensions;
    $sb->api(POST => $list, $new);
    isnt scalar(my @now = $sb->extensions), scalar @before;
    $sb->config(order => 'id');
    $sb->reset;
    is_deeply [ $sb->extensions ], \@before;
    is $sb->control(GET => '/config')->{order}, 'id', 'knobs stay';
    $sb->reset(knobs => JSON::PP::true);
    is $sb->control(GET => '/config')->{order}, 'random_stable', 'unless one says so';
    is $sb->counters->{total}, 0;
};

subtest 'rule 3: snapshot and restore' => sub {
    my $document = $sb->control(GET => '/state');
    $sb->snapshot('before');
    my $id = $sb->api(POST => $list, $new)->{json}{id};
    my ($line) = grep { $_->{status} eq 'Enabled' && @{ $_->{phoneNumbers} }
            && $_->{type} eq 'User' && !$_->{admin} } $sb->extensions;
    $sb->api(DELETE => "$list/$line->{id}?savePhoneLines=true");
    $sb->restore('before');
    is_deeply $sb->control(GET => '/state'), $document, 'all is as it was';
    is $sb->api(GET => "$list/$id")->{status}, 404;
    $sb->api(POST => $list, $new);
    $sb->control(POST => '/restore', { document => $document });
    is_deeply $sb->control(GET => '/state'), $document, 'from a document';
    is $sb->request(POST => '/_sandbox/restore', content => $_)->{status}, 400
        for { name => 'none' }, { document => {} },
        { document => { accountId => 5, extensions => [ {} ] } };
    is_deeply $sb->control(GET => '/state'), $document, 'a bad document changes nothing';
};

subtest 'rule 3: knobs' => sub {
    my $config = $sb->control(GET => '/config');
    is $config->{limit_medium}, 40;
    is $config->{account_cap}, 'off';
    is $sb->config(list_lag_ms => 5)->{list_lag_ms}, 5;
    is $sb->config(list_lag_ms => undef)->{list_lag_ms}, 0, 'null restores the default';
    for ([ nonsense => 1, qr/no knob "nonsense"/ ], [ order => 'up', qr/one of insertion\|id/ ],
        [ limit_medium => 0, qr/from 1 to/ ], [ limit_medium => 'x', qr/from 1 to/ ],
        [ dup_ext_number => 'x', qr/status/ ], [ latency_read_ms => 5, qr/array/ ]) {
        my ($name, $value, $why) = @$_;
        my $r = $sb->request(PATCH => '/_sandbox/config',
            content => { order => 'id', $name => $value });
        is $r->{status}, 400, $name;
        like $r->{json}{error}, $why;
    }
    is $sb->control(GET => '/config')->{order}, 'random_stable', 'all or nothing';
};

subtest 'rule 3: calls and counters' => sub {
    $sb->token;
    $sb->calls_clear;
    $sb->api(GET => "$list?perPage=5");
    $sb->api(GET => "$list/~");
    $sb->api(POST => $list, {});
    my @calls = $sb->calls;
    is join(' ', map { "$_->{op}:$_->{status}" } @calls),
        'listExtensions:200 readExtension:200 createExtension:400';
    is $calls[0]{query}, 'perPage=5';
    is $calls[0]{group}, 'medium';
    is $calls[0]{app}, $sb->{id};
    ok $calls[0]{bytes};
    ok !exists $calls[2]{requestBody}, 'no bodies';
    is scalar($sb->calls(status => 400)), 1;
    is scalar($sb->calls(op => 'readExtension')), 1;
    is scalar($sb->calls(since => $calls[0]{number})), 2;
    is +($sb->calls(limit => 1))[0]{op}, 'createExtension', 'the last ones';
    my $counters = $sb->counters;
    is $counters->{total}, 3;
    is $counters->{groups}{medium}, 2;
    is $counters->{ops}{createExtension}, 1;
    is $counters->{statuses}{200}, 2;
    $sb->config(record => 1);
    $sb->forget_token;
    $sb->api(POST => $list, $new);
    my ($call) = $sb->calls(op => 'createExtension', status => 200);
    like $call->{requestBody}, qr/new\@test/;
    like $call->{responseBody}, qr/extensionNumber/;
    my ($token) = $sb->calls(op => 'getToken');
    ok !exists $token->{requestBody}, 'secrets are not recorded';
    $sb->config(record => undef);
};

subtest 'rule 4: x-sandbox-op' => sub {
    ok !exists $sb->api(GET => $list)->{headers}{'x-sandbox-op'};
    $sb->config(debug_headers => 1);
    is $sb->api(GET => $list)->{headers}{'x-sandbox-op'}, 'listExtensions';
    $sb->config(debug_headers => undef);
};

subtest 'rule 3: the clock' => sub {
    my $before = $sb->control(GET => '/clock')->{now};
    my $after = $sb->advance(100)->{now};
    cmp_ok abs($after - $before - 100), '<', 5;
    is $sb->request(POST => '/_sandbox/clock/advance', content => $_)->{status}, 400
        for {}, { seconds => -1 }, { seconds => 'x' };
};

subtest 'docs/sandbox.md has every knob, control and kind of fault' => sub {
    open my $f, '<', ($ENV{top_srcdir} // '.') . '/docs/sandbox.md' or die "sandbox.md: $!";
    my @table = map { /^\| `([^`]+)`(?:, `([^`]+)`)* \|/ ? [ /`([^`]+)`/g ] : () } <$f>;
    my %knob = %{ $sb->control(GET => '/config') };
    my %documented = map { $_->[0] => $_->[1] } @table;
    is join(' ', grep { !exists $documented{$_} } sort keys %knob), '', 'knobs';
    for my $name (sort grep { exists $documented{$_} } keys %knob) {
        next if ref $knob{$name};
        is $documented{$name} // '', $knob{$name}, "default of $name";
    }
    my ($kinds) = $sb->request(POST => '/_sandbox/faults', content => { action => 'x' })
        ->{json}{error} =~ /is one of (.*)/;
    is join(' ', grep { !exists $documented{$_} } split /, /, $kinds), '', 'kinds of faults';
};

subtest 'unknown controls' => sub {
    is $sb->request(GET => '/_sandbox/nothing')->{status}, 404;
    is $sb->request(DELETE => '/_sandbox/config')->{status}, 404;
    is $sb->request(PATCH => '/_sandbox/config', content => '{')->{status}, 400;
};

subtest 'rule 1: the company in a file' => sub {
    $sb->api(POST => $list, { contact => { firstName => 'Kept', email => 'kept@test.example.com' } });
    my $document = $sb->control(GET => '/state');
    $sb->restart;
    is_deeply $sb->control(GET => '/state'), $document;
    is scalar($sb->extensions(email => 'kept@test.example.com')), 1;
};

subtest 'directives' => sub {
    open my $f, '<', "$sb->{dir}/httpd.conf" or die;
    my $good = do { local $/; <$f> };
    for ([ 'SandboxUsers many', qr/SandboxUsers: "many" is not a number from 0 to 1000000/ ],
        [ 'SandboxTimeScale 0', qr/SandboxTimeScale: "0" is not a number from 0.001/ ],
        [ 'SandboxLimits maybe', qr/SandboxLimits: "maybe" is not "real" or "off"/ ],
        [ 'SandboxJWT abc', qr/SandboxJWT: a JWT has three parts/ ]) {
        my ($line, $message) = @$_;
        open my $out, '>', "$sb->{dir}/bad.conf" or die;
        print $out "$good\n$line\n";
        close $out;
        local $ENV{LD_PRELOAD} = $ENV{SANITIZER_PRELOAD} if $ENV{SANITIZER_PRELOAD};
        local $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
        like qx("$ENV{HTTPD}" -t -f "$sb->{dir}/bad.conf" 2>&1), $message, $line;
    }
};

subtest 'several apps and credentials' => sub {
    my $jwt = 'eyJhbGciOiJSUzI1NiJ9.e30.c2Vjb25k';
    my $two = Sandbox->new(users => 3, unassigned => 0,
        conf => "SandboxSites 0\nSandboxQueues 0\nSandboxApp second other \"ReadAccounts\"\nSandboxJWT $jwt 104\n");
    my $first = $two->grant->{json};
    @$two{qw(id secret jwt)} = ('second', 'other', $jwt);
    my $second = $two->grant->{json};
    is $second->{scope}, 'ReadAccounts';
    isnt $second->{owner_id}, $first->{owner_id};
    is +($two->extensions(id => $second->{owner_id}))[0]{extensionNumber}, '104';
    is $two->api(POST => $list, $new)->{json}{errorCode}, 'InsufficientPermissions';
    my $r = $two->request(GET => $list, headers => { Authorization => "Bearer $first->{access_token}" });
    is $r->{headers}{'x-rate-limit-remaining'}, 39, 'each has a quota of its own';
};

is join('', $sb->log_problems), '', 'the error log is clean';
done_testing;
