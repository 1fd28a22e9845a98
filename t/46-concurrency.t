#!/usr/bin/env perl
# Clients that get in each other's way: changes of one user, creates of one name, lists
# while users come and go, and what one child wrote is read through the others at once.
use strict;
use warnings;
use Test::More;
use Crowd;
use Sandbox;
use TestGateway;
use Truth;

my $sandbox = Sandbox->new(users => 40, limits => 'off');
$sandbox->config(latency => 'on', latency_write_ms => [ 10, 30 ], latency_list_ms => [ 10, 30 ],
    latency_read_ms => [ 5, 10 ]);
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => 4,
    threads   => 8,
    account   => join("\n", 'ScimRCRefresh 1s', 'ScimRCMaxAge 1s',
        map { "ScimRCLimit $_ off" } qw(light medium heavy auth)));
$gw->start_filled;
my $scim = $gw->scim;
my %stable = map { $_ => 1 } keys %{ { Truth::people($sandbox) } };

# --- many changes of one user -----------------------------------------------------

{
    my @changes = (
        [ title => 'Head' ],
        [ 'name.givenName'  => 'Anne' ],
        [ 'name.familyName' => 'Other' ],
        [ externalId        => 'x-1' ],
        [ "$ScimClient::ENTERPRISE:department" => 'Sales' ],
        [ 'phoneNumbers[type eq "mobile"].value' => '+16505550101' ],
        [ 'addresses[type eq "work"].locality'   => 'Belmont' ],
        [ 'addresses[type eq "work"].streetAddress' => '1 Main St' ],
        [ 'addresses[type eq "work"].postalCode'    => '94002' ],
        [ preferredLanguage                         => 'en-GB' ]);
    my $user = $scim->post('/Users', $scim->user('one@example.com', addresses =>
        [ { type => 'work', country => 'US', region => 'CA', locality => 'X' } ]));
    is $user->{status}, 201, 'one user';
    my $path = "/Users/$user->{json}{id}";
    my @answers = Crowd->run(scalar @changes, sub {
        my ($n) = @_;
        my ($what, $value) = @{ $changes[ $n - 1 ] };
        my $answer = $scim->as->patch($path, { op => 'add', path => $what, value => $value });
        return $answer->{status} == 200 ? '' : "$what: $answer->{content}";
    });
    is join("\n", grep { length } @answers), '', 'ten clients change ten attributes at once';
    my $now = $scim->get($path)->{json};
    my $address = $now->{addresses}[0];
    is_deeply [ $now->{title}, @{ $now->{name} }{qw(givenName familyName)}, $now->{externalId},
        $now->{$ScimClient::ENTERPRISE}{department}, $now->{phoneNumbers}[0]{value},
        @$address{qw(locality streetAddress postalCode)}, $now->{preferredLanguage} ],
      [ map { $_->[1] } @changes ], 'none is lost in the copy';
    my ($real) = $sandbox->extensions(email => 'one@example.com');
    my $contact = $real->{contact};
    is_deeply [ @$contact{qw(jobTitle firstName lastName department mobilePhone)},
        @{ $contact->{businessAddress} }{qw(city street zip)} ],
      [ 'Head', 'Anne', 'Other', 'Sales', '+16505550101', 'Belmont', '1 Main St', '94002' ],
      'nor in the account';

    # one attribute, by all
    my @added = Crowd->run(8, sub {
        my ($n) = @_;
        my @wrong;
        for my $i (1 .. 5) {
            my $answer = $scim->as->patch($path,
                { op => 'replace', path => 'title', value => "client $n $i" });
            push @wrong, $answer->{content} if $answer->{status} != 200
              || $answer->{json}{title} ne "client $n $i";
        }
        return join "\n", @wrong;
    });
    is join("\n", grep { length } @added), '', 'each of many changes is answered with itself';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the last one counts on both sides';
}

# --- many creates of one name -----------------------------------------------------

for my $round (1 .. 3) {
    my @statuses = Crowd->run(8, sub {
        my ($n) = @_;
        my $name = $n % 2 ? "same$round\@example.com" : "SAME$round\@Example.com";
        return $scim->as->post('/Users', $scim->user($name))->{status};
    });
    is join(' ', sort @statuses), join(' ', 201, (409) x 7), 'one create of eight wins';
}
is scalar(grep { ($_->{contact}{email} // '') =~ /^same\d\@/i } $sandbox->extensions), 3,
  'and the account has one of each';

# two users who want the same name
{
    my @ids = map { $scim->post('/Users', $scim->user("twin$_\@example.com"))->{json}{id} } 1, 2;
    my @statuses = Crowd->run(2, sub {
        my ($n) = @_;
        return $scim->as->patch("/Users/$ids[$n - 1]",
            { op => 'replace', value => { userName => 'wanted@example.com',
                emails => [ { type => 'work', value => 'wanted@example.com' } ] } })->{status};
    });
    is join(' ', sort @statuses), '200 409', 'one of two gets the name';
}

# a user who is changed and deleted at once
{
    my @ids = map { $scim->post('/Users', $scim->user("short$_\@example.com"))->{json}{id} } 1 .. 8;
    my @wrong = map { @$_ } Crowd->run(3, sub {
        my ($n) = @_;
        my $client = $scim->as;
        my @wrong;
        for my $id (@ids) {
            my $answer = $n == 1 ? $client->delete("/Users/$id")
              : $client->patch("/Users/$id", { op => 'replace', path => 'title', value => "title $n" });
            push @wrong, "$n: $answer->{status} $answer->{content}"
              if $answer->{status} !~ /^(?:200|204|404)\z/ || $n == 1 && $answer->{status} != 204;
        }
        return \@wrong;
    });
    is join("\n", @wrong), '', 'changed and deleted at once';
    is_deeply [ grep { $scim->get("/Users/$_")->{status} != 404 } @ids ], [], 'they stay deleted';
}

# --- lists while users come and go ------------------------------------------------

{
    my $crowd = Crowd->start(8, sub {
        my ($n, $crowd) = @_;
        my $client = $scim->as;
        my @wrong;
        for (my $i = 1; $crowd->goes_on && !@wrong; $i++) {
            if ($n <= 4) {
                my $made = $client->post('/Users', $scim->user("churn$n.$i\@example.com"));
                my $gone = $client->delete("/Users/" . ($made->{json}{id} // 'none'));
                push @wrong, "$made->{content} $gone->{content}"
                  if $made->{status} != 201 || $gone->{status} != 204;
            }
            else {
                my $listed = Truth::users($client, $n == 5 ? 7 : 1000);
                push @wrong, $listed->{error} if $listed->{error} && $n != 5;
                my %there = map { $_->{id} => 1 } @{ $listed->{users} // [] };
                push @wrong, map { "$_ is missing" } grep { !$there{$_} } keys %stable
                  if !$listed->{error};
                for my $filter ('active pr', 'userName co "@"') {
                    my $some = $client->list(filter => $filter, count => 1000);
                    my %found = map { $_->{id} => 1 } @{ $some->{json}{Resources} // [] };
                    push @wrong, "$filter: $some->{status}, not everybody"
                      if grep { !$found{$_} } keys %stable;
                }
            }
            $crowd->step;
        }
        return \@wrong;
    });
    ok $crowd->wait_for_steps(250), 'four clients make and delete users, four read lists';
    is join("\n", map { @$_ } $crowd->finish), '', 'no list fails or misses anybody';
    is join("\n", Truth::differences($scim, $sandbox)), '', 'the copy is right';
}

# --- written through one connection, read through others --------------------------

{
    my @readers = map { $scim->as } 1 .. 16;
    $_->get('/Users?count=0') for @readers;    # each keeps its connection, to some child
    my $user = $scim->post('/Users', $scim->user('seen@example.com'))->{json};
    my @late;
    for my $i (1 .. 20) {
        $scim->patch("/Users/$user->{id}", { op => 'replace', path => 'title', value => "t$i" });
        push @late, "change $i" if grep { $_->get("/Users/$user->{id}")->{json}{title} ne "t$i" } @readers;
    }
    $scim->delete("/Users/$user->{id}");
    push @late, 'deletion' if grep { $_->find('seen@example.com') } @readers;
    is_deeply \@late, [], 'every child sees a change at once';
}

$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
