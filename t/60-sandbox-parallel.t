#!/usr/bin/env perl
# Many clients at once: what they make is consistent, and nobody waits for a sleeper.
use strict;
use warnings;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);
use Sandbox;

plan skip_all => Sandbox::missing() if Sandbox::missing();
my $sb = Sandbox->new(users => 50, unassigned => 10, limits => 'off');
my $list = '/restapi/v1.0/account/~/extension';
my $before = () = $sb->extensions;
$sb->token;

sub parallel {
    my ($n, $work) = @_;
    my @pid;
    for my $i (1 .. $n) {
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            delete $sb->{http};
            POSIX::_exit(eval { $work->($i) } // 99);
        }
        push @pid, $pid;
    }
    return map { waitpid $_, 0; $? >> 8 } @pid;
}

subtest 'every number and id once' => sub {
    my @failed = parallel(6, sub {
        my $i = shift;
        my $failed = 0;
        for my $k (1 .. 20) {
            my $r = $sb->api(POST => $list,
                { contact => { firstName => "P$i-$k", email => "p$i.$k\@test.example.com" } });
            $failed++ if $r->{status} != 200;
            $sb->api(GET => "$list?perPage=20&page=$k");
            $sb->api(PUT => "$list/$r->{json}{id}", { contact => { jobTitle => "T$k" } });
            $sb->api(DELETE => "$list/$r->{json}{id}") if $k % 4 == 0;
        }
        return $failed;
    });
    is_deeply \@failed, [ (0) x 6 ];
    my @all = $sb->extensions;
    is scalar @all, $before + 6 * 15;
    my (%id, %number);
    $id{ $_->{id} }++, $number{ $_->{extensionNumber} // "-$_->{id}" }++ for @all;
    is scalar(keys %id), scalar @all;
    is scalar(keys %number), scalar @all;
};

subtest 'one login name' => sub {
    my @status = parallel(8, sub {
        my $r = $sb->api(POST => $list,
            { contact => { firstName => 'Same', email => 'same@test.example.com' } });
        return $r->{status} == 200 ? 1 : $r->{json}{errors}[0]{errorCode} eq 'EXT-997' ? 2 : 3;
    });
    is join('', sort @status), '12222222';
};

subtest 'the limit counts every client' => sub {
    $sb->config(limits => 'real');
    my @ok = parallel(5, sub {
        scalar grep { $sb->api(GET => "$list/~")->{status} == 200 } 1 .. 12;
    });
    my $sum = 0;
    $sum += $_ for @ok;
    is $sum, 50;
    $sb->config(limits => 'off');
};

subtest 'latency runs side by side' => sub {
    $sb->config(latency => 'on', latency_read_ms => [ 400, 400 ]);
    my $t = time;
    parallel(8, sub { $sb->api(GET => "$list/~"); 0 });
    my $all = time - $t;
    cmp_ok $all, '>=', 0.4;
    cmp_ok $all, '<', 2.4, 'eight of 400 ms each';
    $sb->config(latency => undef);
};

subtest 'a reset while calls are under way' => sub {
    $sb->config(latency => 'on', latency_read_ms => [ 300, 300 ], latency_write_ms => [ 300, 300 ]);
    my @r = parallel(6, sub {
        my $i = shift;
        select undef, undef, undef, 0.1 if $i == 6;
        return $sb->control(POST => '/reset', {}) ? 0 : 1 if $i == 6;
        my $r = $i % 2 ? $sb->api(GET => "$list/~")
            : $sb->api(POST => $list, { contact => { firstName => 'R', email => "r$i\@t.example.com" } });
        return $r->{status} == 200 ? 0 : 1;
    });
    is_deeply \@r, [ (0) x 6 ];
    $sb->config(latency => undef);
};

is join('', $sb->log_problems), '', 'the error log is clean';
done_testing;
