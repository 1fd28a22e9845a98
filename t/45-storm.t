#!/usr/bin/env perl
# Many clients while a third of RingCentral's answers is lost, broken, late or an error,
# at whatever call, the refreshing of the copy included. Each request is answered well or
# with a SCIM error, who is there is in every list, what was answered is so, and when the
# storm is over the copy is what the account is.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Crowd;
use Sandbox;
use TestGateway;
use Truth;

my $TIMEOUT = $ENV{SANITIZER_PRELOAD} ? 2000 : 500;    # of a call, in milliseconds
my $sandbox = Sandbox->new(users => 30, limits => 'off');
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => 4,
    log_level => 'warn',
    account   => join("\n", "ScimRCTimeout ${TIMEOUT}ms", 'ScimRCRefresh 1s', 'ScimRCMaxAge 1s',
        map { "ScimRCLimit $_ off" } qw(light medium heavy auth)),
    location => 'ScimRCPatience 10s');
$gw->{conf} .= $gw->location_conf('/remove', 'main', "ScimRCPatience 10s\nScimRCDelete remove");
$gw->allow_log(qr/SCIMRC020[34]/);
$gw->start_filled;
my %stable = map { $_ => 1 } keys %{ { Truth::people($sandbox) } };
cmp_ok scalar(keys %stable), '>=', 20, 'there are people';

for my $action (qw(reply_lost close reset cut truncate garble duplicate_keys wrong_length
    redirect html),
    { kind => 'html', status => 504 },
    { kind => 'reply', status => 503, code => 'CMN-201' },
    { kind => 'reply', status => 500, code => 'CMN-203' },
    { kind => 'reply', status => 200, body => { records => [] } },
    { kind => 'drip', chunk => 200, pauseMs => 3 },
    { kind => 'late_hang', ms => $TIMEOUT * 1.2 })
{
    $sandbox->fault({ match => { path => '/account/', probability => 0.025 }, action => $action });
}
$sandbox->fault({ match => { op => 'updateExtension', nth => $_ }, action => 'invalidate_token' })
  for 20, 60;
$sandbox->fault({ match => { op => 'getToken', nth => 2 }, action => 'html' });

# --- the clients ------------------------------------------------------------------

sub judge {
    my ($answer) = @_;
    my $type = $answer->{headers}{'content-type'} // '';
    return 'no answer' if $answer->{status} == 599;
    return '' if $answer->{status} < 300;
    return "type $type" if $type ne 'application/scim+json';
    return 'no SCIM error' if ($answer->{json}{status} // '') ne $answer->{status};
    return 'no Retry-After' if $answer->{status} =~ /^(?:429|503)\z/
      && ($answer->{headers}{'retry-after'} // '') !~ /^[1-9]\d*\z/;
    return '';
}

# The result: {wrong, users: {name: {id, title, deleted, unsure}}, done, failed}
sub work {
    my ($n, $crowd) = @_;
    my $scim = $gw->scim;
    my (%user, @wrong, $done, $failed);
    my $ask = sub {
        my ($method, $path, $body) = @_;
        my $answer = $scim->request($method, $path, $body);
        my $wrong = judge($answer);
        push @wrong, "$method $path: $answer->{status} $wrong: $answer->{content}" if $wrong;
        $answer->{status} < 300 ? $done++ : $failed++;
        sleep 0.5 if $answer->{status} == 503;    # the time that it asks for is too long here
        $crowd->step;
        return $answer;
    };
    for (my $i = 1; $crowd->goes_on && !@wrong; $i++) {
        my $name = "client$n.$i\@example.com";
        my $user = $user{$name} = { unsure => 1 };
        my $made = $ask->(POST => '/Users', $scim->user($name));
        $made = $ask->(POST => '/Users', $scim->user($name)) if $made->{status} == 503;
        next if $made->{status} != 201;
        @$user{qw(id title unsure)} = ($made->{json}{id}, '', 0);
        for my $title ("first $i", "second $i") {
            my $changed = $ask->(PATCH => "/Users/$user->{id}", {
                schemas => [$ScimClient::PATCH_OP],
                Operations => [ { op => 'replace', path => 'title', value => $title } ] });
            push @wrong, "$name: change answered $changed->{content}"
              if $changed->{status} == 200 ? $changed->{json}{title} ne $title
              : $changed->{status} == 404;
            $user->{title} = $title if $changed->{status} == 200;
            $user->{unsure} = $changed->{status} != 200;
        }
        my $all = $ask->(GET => '/Users?count=1000');
        if ($all->{status} == 200) {
            my %there = map { $_->{id} => 1 } @{ $all->{json}{Resources} };
            push @wrong, map { "$_ is not in the list" }
              grep { !$there{$_} } $user->{id}, keys %stable;
        }
        my $found = $ask->(GET => "/Users?filter=userName%20eq%20%22$name%22");
        push @wrong, "$name is not found" if $found->{status} == 200 && !$found->{json}{totalResults};
        next if $i % 3;
        my $gone = $ask->(DELETE => ($n % 2 ? '' : $gw->url('/remove')) . "/Users/$user->{id}");
        $user->{unsure}  = $gone->{status} != 204;
        $user->{deleted} = 1 if $gone->{status} == 204;
    }
    return { wrong => \@wrong, users => \%user, done => $done, failed => $failed };
}

my $crowd = Crowd->start(8, \&work);
$crowd->wait_for_steps($ENV{SANITIZER_PRELOAD} ? 200 : 600);
my @results = $crowd->finish;
$sandbox->faults_clear;
is_deeply [ map { @{ $_->{wrong} } } @results ], [], 'every answer is in order';
my ($done, $failed) = (0, 0);
for (@results) { $done += $_->{done}; $failed += $_->{failed} // 0 }
cmp_ok $done, '>', $failed, "$done requests were carried out, $failed got an error";

# --- afterwards -------------------------------------------------------------------

my @differences;
ok $gw->wait_until(sub { !(@differences = Truth::differences($gw->scim, $sandbox)) }),
  'the copy is what the account is' or diag join "\n", @differences;

my %people = Truth::people($sandbox);
my %by_name = map { $_->{contact}{email} => $_ } values %people;
my @lost;
for my $users (map { $_->{users} } @results) {
    for my $name (grep { !$users->{$_}{unsure} } keys %$users) {
        my ($want, $real) = ($users->{$name}, $by_name{$name});
        push @lost, "$name was deleted and is there" if $want->{deleted} && $real;
        next if $want->{deleted};
        push @lost, "$name is lost" if !$real;
        push @lost, "$name: title '$real->{contact}{jobTitle}', not '$want->{title}'"
          if $real && ($real->{contact}{jobTitle} // '') ne $want->{title};
    }
}
is_deeply \@lost, [], 'every answered change is in the account';
is_deeply [ grep { !$people{$_} } keys %stable ], [], 'nobody else was touched';

$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
