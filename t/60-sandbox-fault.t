#!/usr/bin/env perl
# The sandbox's faults (sandbox.md section 10).
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Time::HiRes qw(time);
use Sandbox;

plan skip_all => Sandbox::missing() if Sandbox::missing();
my $sb = Sandbox->new(users => 30, unassigned => 0);
my $list = '/restapi/v1.0/account/~/extension';
my $n = 0;

# The token comes first, or the fault would hit the call that fetches it.
sub once { my ($action, %match) = @_; $sb->token; $sb->fault({ match => \%match, action => $action, times => 1 }) }
# HTTP::Tiny repeats a GET or PUT once when the connection breaks.
sub twice { my ($action, %match) = @_; $sb->fault({ match => \%match, action => $action, times => 2 }) }
sub get { $sb->api(GET => $list) }
sub post { $n++; $sb->api(POST => $list, { contact => { firstName => "F$n", email => "f$n\@test.example.com" } }) }
sub outcome { my $r = shift; $r->{status} == 599 ? 'broken' : $r->{status} }

subtest 'rule 140: any status, code and body' => sub {
    once({ kind => 'reply', status => 503, code => 'CMN-201', retryAfter => 7 });
    my $r = get();
    is $r->{status}, 503;
    is $r->{json}{errorCode}, 'CMN-201';
    is $r->{json}{message}, 'Service Temporary Unavailable';
    is $r->{headers}{'retry-after'}, 7;
    is $r->{headers}{'x-rate-limit-group'}, 'medium', 'it counts';
    once({ kind => 'reply', status => 503 });
    ok !exists get()->{headers}{'retry-after'};
    once({ kind => 'reply', status => 500, code => 'CMN-203' });
    is get()->{json}{message}, 'Internal Server Error';
    once({ kind => 'reply', status => 409, code => 'XYZ-1', message => 'No.', parameterName => 'p' });
    is_deeply get()->{json}, { errorCode => 'XYZ-1', message => 'No.', parameterName => 'p',
        errors => [ { errorCode => 'XYZ-1', message => 'No.', parameterName => 'p' } ] };
    once({ kind => 'reply', status => 200, body => { any => 'thing' },
            headers => { 'X-Odd' => 'yes' } });
    $r = get();
    is_deeply $r->{json}, { any => 'thing' };
    is $r->{headers}{'x-odd'}, 'yes';
    is get()->{status}, 200, 'only once';
};

subtest 'rule 140: a reply from the edge counts nothing' => sub {
    my $left = get()->{headers}{'x-rate-limit-remaining'};
    once({ kind => 'html', status => 504 });
    my $r = get();
    is $r->{status}, 504;
    is $r->{headers}{'content-type'}, 'text/html';
    like $r->{content}, qr/<html>/;
    ok !exists $r->{headers}{rcrequestid};
    once({ kind => 'html' });
    is get()->{status}, 502;
    once({ kind => 'reply', status => 503, edge => JSON::PP::true });
    is get()->{status}, 503;
    is get()->{headers}{'x-rate-limit-remaining'}, $left - 1;
};

subtest 'rule 140: 429 variants' => sub {
    once({ kind => 'too_many', retryAfter => 3 });
    my $r = get();
    is "$r->{status} $r->{json}{errorCode} $r->{headers}{'retry-after'}", '429 CMN-301 3';
    once({ kind => 'too_many', code => 'CMN-310',
            headers => { map { ("X-Rate-Limit-$_" => undef) } qw(Group Limit Remaining Window) } });
    $r = get();
    is $r->{json}{errorCode}, 'CMN-310';
    ok !exists $r->{headers}{'x-rate-limit-group'};
    is $sb->ratelimit->{wastedCalls}, 0, 'no bucket knows of it';
};

subtest 'rule 140: redirect' => sub {
    once({ kind => 'redirect', status => 307, location => '/restapi' });
    my $r = HTTP::Tiny->new(max_redirect => 0)->get($sb->url($list));
    is $r->{status}, 307;
    is $r->{headers}{location}, '/restapi';
};

subtest 'rule 140: closed before anything is done' => sub {
    for my $kind (qw(close reset)) {
        my $before = () = $sb->extensions;
        once($kind, op => 'createExtension');
        is outcome(post()), 'broken', $kind;
        my $after = () = $sb->extensions;
        is $after, $before;
    }
};

subtest 'rules 140 and 141: reply lost' => sub {
    once('reply_lost', op => 'createExtension');
    is outcome(post()), 'broken';
    my @made = $sb->extensions(email => "f$n\@test.example.com");
    is scalar @made, 1, 'the write was carried out';
    twice('reply_lost', op => 'updateExtension');
    is outcome($sb->api(PUT => "$list/$made[0]{id}", { contact => { jobTitle => 'X' } })),
        'broken';
    is(($sb->extensions(id => $made[0]{id}))[0]{contact}{jobTitle}, 'X');
    is +($sb->calls(op => 'updateExtension'))[0]{fault}, 'reply_lost', 'the log says so';
};

subtest 'rule 140: damaged bodies' => sub {
    twice('cut');
    is outcome(get()), 'broken';
    twice({ kind => 'cut', after => 10 });
    is outcome(get()), 'broken';
    twice('wrong_length');
    is outcome(get()), 'broken';
    once('truncate');
    my $r = get();
    is $r->{status}, 200;
    ok !$r->{json}, 'JSON that stops in the middle';
    once('garble');
    ok !get()->{json}, 'JSON with control characters';
    once('duplicate_keys');
    $r = get();
    is(() = $r->{content} =~ /"records":/g, 2);
};

subtest 'rule 140: hang, slow drip, latency' => sub {
    twice({ kind => 'hang', ms => 300 });
    my $t = time;
    is outcome(get()), 'broken';
    cmp_ok time - $t, '>=', 0.3;
    once({ kind => 'late_hang', ms => 100 }, op => 'createExtension');
    is outcome(post()), 'broken';
    is scalar($sb->extensions(email => "f$n\@test.example.com")), 1, 'hung after the write';
    once({ kind => 'drip', chunk => 4000, pauseMs => 20 });
    $t = time;
    my $r = get();
    is $r->{status}, 200;
    ok $r->{json}{records};
    cmp_ok time - $t, '>=', 0.1;
    once({ kind => 'latency', ms => 200 });
    $t = time;
    is get()->{status}, 200;
    cmp_ok time - $t, '>=', 0.2;
};

subtest 'a hang holds nobody else up' => sub {
    my $token = $sb->token;
    once({ kind => 'hang', ms => 3000 }, op => 'readExtension');
    my $pid = fork;
    if (!$pid) {
        HTTP::Tiny->new->get($sb->url("$list/~"), { headers => { Authorization => "Bearer $token" } });
        POSIX::_exit(0);
    }
    select undef, undef, undef, 0.3;
    my $t = time;
    is get()->{status}, 200;
    cmp_ok time - $t, '<', 2;
    kill TERM => $pid;
    waitpid $pid, 0;
};

subtest 'rule 140: tokens die' => sub {
    once('invalidate_token');
    my $r = get();
    is "$r->{status} $r->{json}{errorCode} $r->{json}{errors}[0]{errorCode}",
        '401 TokenInvalid OAU-213';
    $sb->forget_token;
    once('expire_token');
    is get()->{json}{errorCode}, 'TokenExpired';
    $sb->forget_token;
    is get()->{status}, 200;
};

subtest 'rule 140: when a fault hits' => sub {
    $sb->reset;
    $sb->token;
    my $bad = { kind => 'reply', status => 500 };
    $sb->fault({ match => { op => 'listExtensions', nth => 3 }, action => $bad });
    is join(' ', map { get()->{status} } 1 .. 5), '200 200 500 200 200', 'nth';
    $sb->faults_clear;
    $sb->fault({ match => { every => 2 }, action => $bad });
    is join(' ', map { get()->{status} } 1 .. 4), '200 500 200 500', 'every';
    $sb->faults_clear;
    $sb->fault({ match => { path => '/extension$', method => 'GET' }, action => $bad });
    is get()->{status}, 500, 'path and method';
    is $sb->api(GET => "$list/~")->{status}, 200;
    $sb->faults_clear;
    $sb->fault({ match => { user => '1' }, action => $bad });
    is get()->{status}, 200, 'another user';
    $sb->fault({ match => { user => $sb->control(GET => '')->{accountId} }, action => $bad });
    is get()->{status}, 500;
    $sb->faults_clear;
    $sb->fault({ match => { from => 10, until => 20 }, action => $bad });
    is get()->{status}, 200;
    $sb->advance(11);
    is get()->{status}, 500, 'from';
    $sb->advance(10);
    is get()->{status}, 200, 'until';
    $sb->faults_clear;
    $sb->fault({ match => { probability => 0.5 }, action => $bad });
    my %got;
    $got{ $sb->api(GET => "$list/~")->{status} }++ for 1 .. 40;
    ok $got{200} && $got{500}, 'probability';
    my ($id) = map { $_->{id} } @{ $sb->control(GET => '/faults')->{faults} };
    is $sb->control(DELETE => "/faults/$id")->{cancelled}, 1;
    is_deeply $sb->control(GET => '/faults')->{faults}, [];
};

subtest 'orders that make no sense' => sub {
    for ({ action => 'explode' }, { action => {} }, { match => { nht => 1 }, action => 'close' },
        { match => { path => '(' }, action => 'close' }, []) {
        my $r = $sb->request(POST => '/_sandbox/faults', content => $_);
        is $r->{status}, 400;
        ok $r->{json}{error};
    }
};

subtest 'rule 142: latency' => sub {
    $sb->reset;
    $sb->config(latency => 'on', latency_read_ms => [ 50, 50 ]);
    my $t = time;
    $sb->api(GET => "$list/~");
    cmp_ok time - $t, '>=', 0.05;
    $sb->config(latency => undef, latency_read_ms => undef);
};

subtest 'rule 143: maintenance' => sub {
    $sb->config(maintenance => 'on');
    is get()->{status}, 200, 'reads go on';
    my $r = post();
    is "$r->{status} $r->{json}{errorCode}", '503 CMN-201';
    $sb->config(cmn201_status => 500);
    is post()->{status}, 500;
    $sb->config(maintenance => undef, cmn201_status => undef);
    is post()->{status}, 200;
};

subtest 'rule 144: a clock that is wrong' => sub {
    $sb->config(date_skew_s => -86400);
    isnt substr(get()->{headers}{date}, 0, 16), substr($sb->request(GET => '/_sandbox')->{headers}{date}, 0, 16);
    $sb->config(date_skew_s => undef);
};

is join('', $sb->log_problems), '', 'the error log is clean';
done_testing;
