#!/usr/bin/env perl
# The sandbox's rate limits (sandbox.md section 8) and its clock (rule 2).
use strict;
use warnings;
use Test::More;
use Sandbox;

plan skip_all => Sandbox::missing() if Sandbox::missing();
my $sb = Sandbox->new(users => 3, unassigned => 0);
my $base = '/restapi/v1.0/account/~';
my $list = "$base/extension";       # medium
my $read = "$base/extension/~";     # light

sub header { my ($r, $name) = @_; $r->{headers}{"x-rate-limit-$name"} }
sub medium { $sb->api(GET => $list) }
sub spend { my ($n, $path) = @_; my $r; $r = $sb->api(GET => $path // $list) for 1 .. $n; $r }

subtest 'rule 120: limits of the groups' => sub {
    my %path = (light => $read, medium => $list, heavy => "$base/phone-number");
    my %limit = (light => 50, medium => 40, heavy => 10);
    for my $group (sort keys %path) {
        my $r = $sb->api(GET => $path{$group});
        is header($r, 'group'), $group;
        is header($r, 'limit'), $limit{$group};
        is header($r, 'remaining'), $limit{$group} - 1, "$group counts on its own";
        is header($r, 'window'), 60;
    }
};

subtest 'rule 120: the window slides' => sub {
    $sb->reset;
    spend(10);
    $sb->advance(30);
    my $r = spend(10);
    is header($r, 'remaining'), 20;
    $sb->advance(31);
    is header(medium(), 'remaining'), 29, 'the first ten are out of the window';
};

subtest 'rules 121, 123, 124: penalty' => sub {
    $sb->reset;
    my $r = spend(40);
    is $r->{status}, 200, 'the last allowed one';
    is header($r, 'remaining'), 0;
    ok !exists $r->{headers}{'retry-after'};
    $r = medium();
    is $r->{status}, 429;
    is $r->{headers}{'retry-after'}, 60;
    is_deeply $r->{json},
        {
        errorCode => 'CMN-301',
        message   => 'Request rate exceeded',
        errors    => [ { errorCode => 'CMN-301', message => 'Request rate exceeded' } ]
        };
    is header($r, 'group'), 'medium';
    is header($r, 'remaining'), 0;
    is $sb->api(GET => $read)->{status}, 200, 'other groups go on';
    is $sb->api(POST => $list, {})->{status}, 429, 'the whole group is stopped';
    $sb->advance(50);
    $r = medium();
    is $r->{status}, 429;
    is $r->{headers}{'retry-after'}, 60, 'a call in the penalty begins it anew';
    $sb->advance(59);
    is medium()->{status}, 429;
    $sb->advance(61);
    $r = medium();
    is $r->{status}, 200;
    is header($r, 'remaining'), 39, 'and the bucket is empty again';
    spend(11, "$base/phone-number");
    $r = $sb->api(GET => '/restapi/v2/accounts/~/phone-numbers');
    is $r->{status}, 429;
    is_deeply [ keys %{ $r->{json} } ], ['errors'], 'the v2 shape on v2 paths';
};

subtest 'rule 121: a sliding bucket after the penalty' => sub {
    $sb->reset;
    $sb->config(after_penalty => 'sliding', penalty_s => 10);
    spend(41);
    $sb->advance(11);
    is medium()->{status}, 429, 'the window is still full';
    $sb->advance(61);
    is medium()->{status}, 200;
    $sb->config(after_penalty => undef, penalty_s => undef);
};

subtest 'rule 122: rejected calls' => sub {
    for ([ 0, 39 ], [ 1, 38 ]) {
        my ($knob, $remaining) = @$_;
        $sb->reset;
        $sb->config(count_rejected => $knob, after_penalty => 'sliding', penalty_s => 1);
        spend(40);
        $sb->advance(55);
        medium();
        $sb->advance(6);
        is header(medium(), 'remaining'), $remaining, "count_rejected=$knob";
    }
    $sb->config(count_rejected => undef, after_penalty => undef, penalty_s => undef);
};

subtest 'rule 123: no headers on 401' => sub {
    my $r = $sb->request(GET => $list);
    is $r->{status}, 401;
    is header($r, 'group'), undef;
    $r = $sb->api(GET => "$list?page=0");
    is $r->{status}, 400;
    is header($r, 'group'), 'medium', 'but on 400';
};

subtest 'rule 125: overrides, and headers that are missing' => sub {
    $sb->reset;
    $sb->config(limit_overrides => [
        { app => $sb->{id}, group => 'medium', limit => 3, window_s => 30, penalty_s => 7 },
        { app => 'another', limit => 1 } ]);
    my $r = spend(3);
    is header($r, 'limit'), 3;
    is header($r, 'window'), 30;
    is medium()->{headers}{'retry-after'}, 7;
    $sb->config(limit_overrides => undef, omit_retry_after => 1);
    ok !exists medium()->{headers}{'retry-after'};
    $sb->config(omit_retry_after => undef, omit_headers => 1);
    is header(medium(), 'group'), undef;
    $sb->config(omit_headers => undef);
};

subtest 'rule 126: limits that know no user' => sub {
    $sb->reset;
    $sb->config(account_limit => 2);
    spend(2);
    my $r = medium();
    is "$r->{status} $r->{json}{errorCode}", '429 CMN-302';
    is header($r, 'group'), undef, 'without headers';
    $sb->config(account_limit => 'off', ip_limit => 1);
    $sb->reset;
    $sb->api(GET => $read);
    is $sb->api(GET => $read)->{json}{errorCode}, 'CMN-310';
    $sb->config(ip_limit => 'off');
};

subtest 'rule 128: wasted calls' => sub {
    $sb->reset;
    spend(40);
    is $sb->ratelimit->{wastedCalls}, 0;
    medium();
    $sb->advance(20);
    medium();
    my $state = $sb->ratelimit;
    is $state->{wastedCalls}, 2;
    cmp_ok abs($state->{prolongedSeconds} - 20), '<', 2, 'the penalty grew by 20 s';
    my ($bucket) = grep { $_->{group} eq 'medium' } @{ $state->{buckets} };
    is $bucket->{used}, 40;
    is $bucket->{rejected}, 2;
    $sb->ratelimit_clear;
    is medium()->{status}, 200;
};

subtest 'rule 2: time scale' => sub {
    my $fast = Sandbox->new(users => 1, unassigned => 0, scale => 60);
    my $r = $fast->grant;
    is $r->{json}{expires_in}, 60, 'life times in seconds of the caller';
    $r = $fast->api(GET => $list);
    is header($r, 'window'), 1;
    $fast->api(GET => $list) for 1 .. 39;
    $r = $fast->api(GET => $list);
    is $r->{status}, 429;
    is $r->{headers}{'retry-after'}, 1;
    select undef, undef, undef, 1.1;
    is $fast->api(GET => $list)->{status}, 200, 'a penalty lasts one second';
    $fast->config(time_scale => 20);
    is header($fast->api(GET => $list), 'window'), 3;
    $fast->config(time_scale => 100000);
    is header($fast->api(GET => $read), 'window'), 1, 'never 0';
    is join('', $fast->log_problems), '';
};

subtest 'limits off' => sub {
    $sb->config(limits => 'off');
    is header(spend(45), 'group'), undef;
    $sb->config(limits => undef);
};

is join('', $sb->log_problems), '', 'the error log is clean';
done_testing;
