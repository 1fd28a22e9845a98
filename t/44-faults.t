#!/usr/bin/env perl
# RingCentral's answer is lost, broken, late, or comes from a proxy: at each change that
# SCIM can make, once and for as long as the request lasts. What can be mended is mended;
# else the client gets a SCIM error, and its repetition succeeds. In no case is a user
# made twice or lost, and the copy is what the account is.
use strict;
use warnings;
use Test::More;
use Sandbox;
use TestGateway;
use Truth;

my $TIMEOUT = $ENV{SANITIZER_PRELOAD} ? 2000 : 600;    # of a call, in milliseconds
my $sandbox = Sandbox->new(users => 10, unassigned => 100, limits => 'off');
my $gw = TestGateway->new(
    sandbox  => $sandbox,
    account  => join("\n", "ScimRCTimeout ${TIMEOUT}ms", 'ScimRCRefresh 1h', 'ScimRCMaxAge 1h',
        map { "ScimRCLimit $_ off" } qw(light medium heavy auth)),
    location => 'ScimRCPatience 20s');
$gw->{conf} .= $gw->location_conf('/remove', 'main', "ScimRCPatience 20s\nScimRCDelete remove")
  . $gw->location_conf('/disable', 'main', "ScimRCPatience 20s\nScimRCDelete disable")
  . $gw->location_conf('/fill', 'main', "ScimRCPatience 20s\nScimRCCreate unassigned");
$gw->start_filled;
my $scim = $gw->scim;
my $number = 0;

sub at { my ($place) = @_; return $scim->as(base => $gw->url("/$place")) }

sub new_user {
    my $name = sprintf 'ann%03d@example.com', ++$number;
    return $scim->post('/Users', $scim->user($name))->{json};
}

# --- the changes ------------------------------------------------------------------
# op: RingCentral's operation. before: what is there at first. send: the request. done:
# the status when it succeeds; after: the status of a repetition when it had succeeded.

my @changes = (
    {
        name => 'create', op => 'createExtension', done => 201, after => 409,
        before => sub { { userName => sprintf 'new%03d@example.com', ++$number } },
        send => sub { $scim->post('/Users', $scim->user($_[0]{userName})) }
    },
    {
        name => 'create by filling', op => 'updateExtension', done => 201, after => 409,
        before => sub { { userName => sprintf 'new%03d@example.com', ++$number } },
        send => sub { at('fill')->post('/Users', $scim->user($_[0]{userName})) }
    },
    {
        name => 'change', op => 'updateExtension', done => 200, after => 200,
        before => \&new_user,
        send => sub {
            $scim->patch("/Users/$_[0]{id}",
                { op => 'replace', path => 'title', value => "Head of $_[0]{id}" });
        }
    },
    {
        name => 'delete by releasing', op => 'deleteExtension', done => 204, after => 404,
        before => \&new_user,
        send => sub { $scim->delete("/Users/$_[0]{id}") }
    },
    {
        name => 'delete by removing', op => 'bulkDeleteUsersV2', done => 204, after => 404,
        before => \&new_user,
        send => sub { at('remove')->delete("/Users/$_[0]{id}") }
    },
    {
        name => 'delete by disabling', op => 'updateExtension', done => 204, after => 404,
        before => \&new_user,
        send => sub { at('disable')->delete("/Users/$_[0]{id}") }
    });

# --- the faults -------------------------------------------------------------------
# mended: the client notices nothing when it happens once. document: only where there is
# one in the answer. once: not for ever.

my @faults = (
    { name => 'answer lost',          action => 'reply_lost',     mended => 1 },
    { name => 'closed before',        action => 'close',          mended => 1 },
    { name => 'connection reset',     action => 'reset',          mended => 1 },
    { name => 'closed amid the body', action => 'cut',            mended => 1 },
    { name => 'half a document',      action => 'truncate',       mended => 1 },
    { name => 'garbled document',     action => 'garble',         mended => 1 },
    { name => 'members twice',        action => 'duplicate_keys', mended => 1 },
    { name => 'wrong length',         action => 'wrong_length',   mended => 1 },
    { name => 'redirection',          action => 'redirect',       mended => 1 },
    { name => '502 of a proxy',       action => { kind => 'html', status => 502 }, mended => 1 },
    { name => '504 of a proxy',       action => { kind => 'html', status => 504 }, mended => 1 },
    { name => 'an empty 200',
      action => { kind => 'reply', status => 200, body => '' }, mended => 1, document => 1 },
    { name => 'a list for an answer',
      action => { kind => 'reply', status => 200, body => '[]' }, mended => 1 },
    { name => 'a document about nothing',
      action => { kind => 'reply', status => 200, body => { records => [] } }, mended => 1 },
    { name => '500',  action => { kind => 'reply', status => 500, code => 'CMN-203' }, mended => 1 },
    { name => '503',  action => { kind => 'reply', status => 503, code => 'CMN-201' } },
    { name => '503 with Retry-After',
      action => { kind => 'reply', status => 503, code => 'CMN-201', retryAfter => 1 } },
    { name => 'token refused',
      action => { kind => 'reply', status => 401, code => 'OAU-213' }, mended => 1, once => 1 },
    { name => 'token invalidated', action => 'invalidate_token', mended => 1, once => 1 },
    { name => 'token expired',     action => 'expire_token',     mended => 1, once => 1 },
    { name => 'slow in small pieces',
      action => { kind => 'drip', chunk => 100, pauseMs => 5 }, mended => 1 },
    { name => 'too slow in small pieces',
      action => { kind => 'drip', chunk => 1, pauseMs => 500 }, mended => 1, once => 1 },
    { name => 'no answer', action => { kind => 'hang', ms => $TIMEOUT * 1.2 }, mended => 1, once => 1 },
    { name => 'done, but no answer in time',
      action => { kind => 'late_hang', ms => $TIMEOUT * 1.2 }, mended => 1, once => 1 });

sub judge_error {
    my ($answer) = @_;
    return "no answer: $answer->{content}" if $answer->{status} == 599;
    return () if $answer->{status} < 300;
    return "$answer->{status} of type $answer->{headers}{'content-type'}: $answer->{content}"
      if ($answer->{headers}{'content-type'} // '') ne 'application/scim+json'
      || ($answer->{json}{status} // '') ne $answer->{status} || !$answer->{json}{detail};
    return "$answer->{status} without Retry-After: $answer->{content}"
      if $answer->{status} =~ /^(?:429|503)\z/
      && ($answer->{headers}{'retry-after'} // '') !~ /^[1-9]\d*\z/;
    return ();
}

# Is the copy of a user who is there other than in truth?
sub stale {
    my ($user) = @_;
    my $id = $user->{id} or return 0;
    my %real = Truth::people($sandbox, email => $user->{userName});
    my $seen = $scim->get("/Users/$id");
    return $seen->{status} == 200 && (!$real{$id} || Truth::differ($seen->{json}, $real{$id}));
}

sub try_it {
    my ($change, $fault, $times) = @_;
    my $user = $change->{before}->();
    $sandbox->fault({ match => { op => $change->{op} }, action => $fault->{action},
        times => $times });
    my $answer = $change->{send}->($user);
    $sandbox->faults_clear;
    my @wrong = judge_error($answer);
    my $expected = $change->{done};
    if ($answer->{status} != $change->{done}) {
        push @wrong, "not mended: $answer->{status} $answer->{content}"
          if $times == 1 && $fault->{mended};
        push @wrong, 'the copy is left behind' if stale($user);
        my $again = $change->{send}->($user);
        push @wrong, "the repetition after $answer->{status}: $again->{status} $again->{content}"
          if $again->{status} != $change->{done} && $again->{status} != $change->{after};
    }
    my %real = Truth::people($sandbox, email => $user->{userName});
    my $wanted = $change->{done} == 204 ? 0 : 1;
    push @wrong, 'there are ' . keys(%real) . " of $user->{userName}" if keys %real != $wanted;
    my $seen = $scim->find($user->{userName});
    push @wrong, 'the copy has ' . ($seen ? $seen->{id} : 'nobody')
      if ($seen ? $seen->{id} : '') ne join ' ', keys %real;
    return @wrong;
}

for my $change (@changes) {
    subtest $change->{name} => sub {
        for my $fault (@faults) {
            next if $fault->{document} && $change->{done} == 204;
            is join("\n", try_it($change, $fault, 1)), '', "$fault->{name}, once";
            next if $fault->{once};
            is join("\n", try_it($change, $fault, -1)), '', "$fault->{name}, always";
        }
        is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is right';
    };
}

# Not even the question what has become of it is answered: what was lost is found later,
# and nobody is given the extension of somebody else.
subtest 'nothing is answered' => sub {
    my $ann = new_user();
    my $update = { match => { op => 'updateExtension' }, action => 'reply_lost' };
    $sandbox->fault($update);
    $sandbox->fault({ match => { op => 'readExtension', nth => $_ }, action => 'reply_lost' })
      for 2, 3;    # the first one is before the change
    my $first = at('fill')->post('/Users', $scim->user('first@example.com', title => 'First'));
    $sandbox->faults_clear;
    $sandbox->fault($update);
    $sandbox->fault({ match => { op => 'readExtension' }, action => 'reply_lost' });
    my $change = $scim->patch("/Users/$ann->{id}",
        { op => 'replace', path => 'title', value => 'Lost' });
    $sandbox->faults_clear;
    is "$first->{status} $change->{status}", '503 503', 'it is not known what was done';
    my $second = at('fill')->post('/Users', $scim->user('second@example.com'));
    is $second->{status}, 201, 'another user';
    my ($real) = $sandbox->extensions(email => 'first@example.com');
    is $real->{contact}{jobTitle}, 'First', 'is not put in the place of the first';
    is at('fill')->post('/Users', $scim->user('first@example.com'))->{status}, 409,
      'who is there now';
    is $scim->patch("/Users/$ann->{id}",
        { op => 'replace', path => 'name.familyName', value => 'Later' })->{json}{title}, 'Lost',
      'a change is made to what RingCentral has';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is right';
};

# RingCentral is believed when it refuses, and its reason is told.
{
    $sandbox->fault({ match => { op => 'createExtension' }, times => 1,
        action => { kind => 'reply', status => 400, code => 'CMN-101',
            parameterName => 'contact.firstName' } });
    my $answer = $scim->post('/Users', $scim->user('refused@example.com'));
    is $answer->{status}, 400, 'refused';
    is $answer->{json}{scimType}, 'invalidValue', 'by its reason';
    like $answer->{json}{detail}, qr/name\.givenName.*CMN-101/, 'in words of SCIM';
}

$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
