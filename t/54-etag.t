#!/usr/bin/env perl
# Versions: the ETag of answers, conditional reads and writes, also when the answer was
# compressed on its way, and when many clients write at once through several children.
use strict;
use warnings;
use Test::More;
use Crowd;
use Sandbox;
use TestGateway;
use Truth;

my $sandbox = Sandbox->new(users => 5, limits => 'off');
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => 4,
    threads   => 8,
    modules   => [qw(filter deflate)],
    account   => join("\n", 'ScimRCMaxAge 1h', map { "ScimRCLimit $_ off" } qw(light medium heavy auth)),
    conf      => "AddOutputFilterByType DEFLATE application/scim+json\n");
$gw->start_filled;
$sandbox->config(record => 1);
my $scim = $gw->scim;
my $made = $scim->post('/Users', $scim->user('eva@example.com', title => 'E0'));
my $me = "/Users/$made->{json}{id}";
my $stale = 'W/"0000"';

sub title { my ($title, $headers) = @_; return write_title('PATCH', $me, $title, $headers) }

sub write_title {
    my ($method, $path, $title, $headers, $client) = @_;
    my $body = $method eq 'PUT' ? $scim->user('eva@example.com', title => $title)
      : { schemas => [$ScimClient::PATCH_OP], Operations => [ { op => 'replace', path => 'title', value => $title } ] };
    return ($client // $scim)->request($method, $path, $body, $headers);
}

subtest 'the tag of an answer' => sub {
    is $scim->get('/ServiceProviderConfig')->{json}{etag}{supported}, 1, 'announced';
    my $tag = $made->{json}{meta}{version};
    like $tag, qr{^W/"[^"]+"$}, 'a version';
    is $made->{headers}{etag}, $tag, 'POST';
    is $scim->get($me)->{headers}{etag}, $tag, 'GET';
    is $scim->raw(HEAD => $me)->{headers}{etag}, $tag, 'HEAD';
    is $scim->get("$me?attributes=userName")->{headers}{etag}, $tag, 'of a part';
    is title('E0')->{headers}{etag}, $tag, 'a PATCH that changes nothing';
    for my $method (qw(PATCH PUT)) {
        my $answer = write_title($method, $me, "by $method");
        isnt $answer->{headers}{etag}, $tag, "$method: another";
        is $answer->{headers}{etag}, $tag = $answer->{json}{meta}{version}, 'the one in meta';
    }
    is $scim->list->{headers}{etag}, undef, 'none of a list';
    is $scim->get('/Users/1')->{headers}{etag}, undef, 'nor of an error';
};

subtest 'reading' => sub {
    my $tag = $scim->get($me)->{headers}{etag};
    $gw->sent;
    for my $list ($tag, $tag =~ s{W/}{}r, "\"x\", $tag", '*', "$stale,$tag") {
        for my $method (qw(GET HEAD)) {
            my $answer = $scim->raw($method, $me, undef, { 'if-none-match' => $list });
            is $answer->{status}, 304, "$method, If-None-Match: $list";
            is $answer->{headers}{etag}, $tag, 'the tag';
            is $answer->{content} // '', '', 'no body';
        }
    }
    for my $list ($stale, '', 'junk', '"') {
        my $answer = $scim->get($me, { 'if-none-match' => $list });
        is $answer->{status}, 200, "If-None-Match: $list";
        is $answer->{json}{meta}{version}, $tag, 'the user';
    }
    is $scim->get('/Users/1', { 'if-none-match' => '*' })->{status}, 404, 'nobody is not unchanged';
    is $scim->list(filter => 'userName pr')->{status}, 200, 'a list';
    is join(' ', map { $_->{op} } $gw->sent), '', 'RingCentral was not asked';
};

subtest 'writing' => sub {
    my $tag = $scim->get($me)->{headers}{etag};
    $gw->sent;
    for my $method (qw(PUT PATCH DELETE)) {
        for my $header ([ 'if-match' => $stale ], [ 'if-match' => 'junk' ], [ 'if-none-match' => '*' ], [ 'if-none-match' => $tag ]) {
            my $answer = $method eq 'DELETE' ? $scim->delete($me, {@$header}) : write_title($method, $me, 'no', {@$header});
            is $answer->{status}, 412, "$method, @$header";
            is $answer->{json}{status}, '412', 'a SCIM error';
            like $answer->{json}{detail}, qr/\Q$tag\E/, 'that names the version';
        }
    }
    is join(' ', map { $_->{op} } $gw->sent), '', 'RingCentral was not asked';
    is $scim->get($me)->{headers}{etag}, $tag, 'nothing was changed';
    my $n = 0;
    for my $form (sub { $_[0] }, sub { '*' }, sub { $_[0] =~ s{W/}{}r }) {
        $tag = $scim->get($me)->{headers}{etag};
        my $list = $form->($tag);
        my $answer = title('yes ' . $n++, { 'if-match' => $list });
        is $answer->{status}, 200, "PATCH, If-Match: $list";
        isnt $answer->{headers}{etag}, $tag, 'changed';
    }
    is title('no', { 'if-match' => $tag })->{status}, 412, 'an older one';
    is write_title(PUT => '/Users/1', 'no', { 'if-match' => '*' })->{status}, 404, 'nobody';
    is $scim->post('/Users', $scim->user('eve@example.com'), { 'if-none-match' => '*', 'if-match' => $stale })->{status}, 201,
      'a POST has no version to compare';
};

subtest 'compressed on its way' => sub {
    my $tag = $scim->get($me)->{headers}{etag};
    my $answer = $scim->get($me, { 'accept-encoding' => 'gzip' });
    is $answer->{headers}{'content-encoding'}, 'gzip', 'compressed';
    my $marked = $answer->{headers}{etag};
    isnt $marked, $tag, 'mod_deflate marks the tag';
    is $scim->get($me, { 'if-none-match' => $marked })->{status}, 304, 'which is known all the same';
    is title('after gzip', { 'if-match' => $marked })->{status}, 200, 'for a write too';
};

subtest 'changed by another client' => sub {
    my $before = $scim->get($me)->{headers}{etag};
    my $other = $gw->scim->as;
    is write_title(PATCH => $me, 'by another', {}, $other)->{status}, 200, 'another client changes the user';
    is $scim->delete($me, { 'if-match' => $before })->{status}, 412, 'who is not deleted by the old version';
    is $scim->get($me)->{status}, 200, 'and is there';
};

# Exactly one of the writers with one version wins, in each round; the others are told.
subtest 'many writers' => sub {
    my ($writers, $rounds) = (8, 12);
    $sandbox->config(latency => 'on', latency_write_ms => [ 5, 20 ]);
    my @won;
    for my $round (1 .. $rounds) {
        my $tag = $scim->get($me)->{headers}{etag};
        my @results = Crowd->run($writers, sub {
            my ($n) = @_;
            my $client = $scim->as;
            $client->get('/ServiceProviderConfig');    # a connection, to some child
            my $answer = write_title($n % 2 ? 'PATCH' : 'PUT', $me, "round $round by $n", { 'if-match' => $tag }, $client);
            return { status => $answer->{status}, title => $answer->{json}{title} };
        });
        my @winners = grep { $_->{status} == 200 } @results;
        my $losers = grep { $_->{status} == 412 } @results;
        push @won, scalar(@winners) . ' of ' . (@winners + $losers)
          . ($scim->get($me)->{json}{title} eq ($winners[0]{title} // '') ? '' : ', but another one is seen');
    }
    is_deeply \@won, [ ("1 of $writers") x $rounds ], 'exactly one wins each round';
    my ($real) = $sandbox->extensions(email => 'eva@example.com');
    is $real->{contact}{jobTitle}, $scim->get($me)->{json}{title}, 'also in the account';

    # a DELETE among them
    my $tag = $scim->get($me)->{headers}{etag};
    my @statuses = Crowd->run($writers, sub {
        my ($n) = @_;
        my $client = $scim->as;
        my %if = ('if-match' => $tag);
        return $n <= 4 ? $client->delete($me, \%if)->{status} : write_title('PATCH', $me, "x$n", \%if, $client)->{status};
    });
    is scalar(grep { /^20[04]$/ } @statuses), 1, 'deleted or changed, but not both';
    is scalar(grep { /^4(?:12|04)$/ } @statuses), $writers - 1, 'the others are told';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the account has the same';
};

is $sandbox->ratelimit->{wastedCalls}, 0, 'no call against the limits';
$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
