#!/usr/bin/env perl
# Lists: pages that are stable while people come and go, filters as they come over the
# wire, projection, and what is seen of changes that were made elsewhere.
use strict;
use warnings;
use JSON::PP ();
use Test::More;
use TestGateway;

my $USERS = 60;
my $gw = TestGateway->new(
    sandbox => { users => $USERS, unassigned => 3, scale => 60, conf => "SandboxQueues 3\n" },
    account => "ScimRCMaxAge 1h\n");
$gw->{conf} .= $gw->location_conf('/small', 'main', "ScimRCMaxResults 7\n");
# One that reads the account every second, and one that asks about whom it does not know.
$gw->{conf} .= $gw->account_conf('lively', $gw->sandbox, "ScimRCRefresh 1s\nScimRCMaxAge 1h\n")
  . $gw->location_conf('/lively', 'lively')
  . $gw->account_conf('careful', $gw->sandbox, "ScimRCMaxAge 0\n")
  . $gw->location_conf('/careful', 'careful');
$gw->start_filled;
my $rc = $gw->sandbox;
my $scim = $gw->scim;
my $EXTENSION = '/restapi/v1.0/account/~/extension';
sub at { my ($place) = @_; return $scim->as(base => $gw->url("/$place")) }
for my $place (qw(lively careful)) {
    $gw->wait_until(sub { at($place)->list(count => 0)->{status} == 200 }) or die "$place is not filled";
}
$rc->config(record => 1);

# Somebody leaves by the portal; what becomes of that is looked at in the end.
my ($left) = grep { $_->{type} eq 'User' && $_->{status} eq 'Enabled' && !$_->{admin} } $rc->extensions;
$rc->api(DELETE => "$EXTENSION/$left->{id}");
at('careful')->patch("/Users/$left->{id}", { op => 'add', path => 'title', value => 'x' });
$scim->patch("/Users/$left->{id}", { op => 'add', path => 'title', value => 'x' });
$gw->sent;

sub ids { my ($answer) = @_; return map { $_->{id} } @{ $answer->{json}{Resources} // [] } }
# What the gateway asked, without the account that refreshes itself.
sub asked { return join ' ', map { $_->{op} } grep { $_->{query} !~ /perPage=1000/ } $gw->sent }

subtest 'the list is complete' => sub {
    my $all = $scim->list;
    my %real = map { $_->{id} => $_ } grep { $_->{type} eq 'User' && $_->{status} ne 'Unassigned' } $rc->extensions;
    is $all->{json}{totalResults}, scalar(keys %real), 'as many as RingCentral has people';
    is_deeply [ sort(ids($all)) ], [ sort keys %real ], 'the same: no queues, no unassigned lines';
    is $all->{json}{itemsPerPage}, scalar(ids($all)), 'all on one page';
    my @bad = grep { !$_->{userName} || !$_->{meta}{location} || !$_->{name}{givenName} || !$_->{emails}[0]{value}
          || !$_->{addresses} } @{ $all->{json}{Resources} };
    is scalar(@bad), 0, 'each a complete resource';
    my $one = $all->{json}{Resources}[5];
    is_deeply $one, $scim->get("/Users/$one->{id}")->{json}, 'the same as read alone';
    my ($someone) = grep { $_->{contact}{mobilePhone} } values %real;
    my ($listed) = grep { $_->{id} eq $someone->{id} } @{ $all->{json}{Resources} };
    is_deeply [ map { $_->{value} } grep { $_->{type} eq 'mobile' } @{ $listed->{phoneNumbers} } ],
      [ $someone->{contact}{mobilePhone} ], 'with its numbers';
};

subtest 'startIndex and count' => sub {
    my @all = ids($scim->list);
    for ([ [ startIndex => 1, count => 10 ], 1, 10 ], [ [ startIndex => 11, count => 10 ], 11, 10 ],
        [ [ startIndex => 0, count => 3 ], 1, 3 ], [ [ startIndex => -5, count => 3 ], 1, 3 ],
        [ [ startIndex => 1, count => 0 ], 1, 0 ], [ [ startIndex => 1, count => -1 ], 1, 0 ],
        [ [ startIndex => scalar(@all), count => 10 ], scalar(@all), 1 ],
        [ [ startIndex => @all + 1 ], @all + 1, 0 ], [ [ count => 100000 ], 1, scalar @all ]) {
        my ($query, $start, $items) = @$_;
        my $answer = $scim->list(@$query);
        my $json = $answer->{json};
        is $answer->{status}, 200, "@$query";
        is "$json->{startIndex} $json->{itemsPerPage} $json->{totalResults}", "$start $items " . @all, 'says so';
        is_deeply [ ids($answer) ], [ @all[ $start - 1 .. $start + $items - 2 ] ], 'is that part of the list';
        like $answer->{content}, qr/"startIndex":\d+,"itemsPerPage":\d+|"itemsPerPage":\d+,/, 'numbers are numbers';
    }
    is $scim->list(count => 'x')->{status}, 400, 'a count that is none';
    my $page = at('small')->list;
    is $page->{json}{itemsPerPage}, 7, 'ScimRCMaxResults is the most';
    is at('small')->list(count => 50)->{json}{itemsPerPage}, 7, 'whatever is asked for';
    is at('small')->get('/ServiceProviderConfig')->{json}{filter}{maxResults}, 7, 'and is told';
    my @paged;
    for (my $at = 1; ; $at += $page->{json}{itemsPerPage}) {
        $page = at('small')->list(startIndex => $at, count => 7);
        last if !$page->{json}{itemsPerPage};
        push @paged, ids($page);
    }
    is_deeply \@paged, \@all, 'page by page it is the same list';
    is asked(), '', 'nothing of this was asked of RingCentral';
};

# Whoever is there all the time is on a page, whatever happens between the pages.
subtest 'pages while people come and go' => sub {
    my @before = ids($scim->list);
    my (%seen, @gone, @new);
    for (my $at = 1; ; $at += 10) {
        my $page = $scim->list(startIndex => $at, count => 10);
        last if !@{ $page->{json}{Resources} };
        $seen{$_}++ for ids($page);
        # newcomers get higher ids, so they do not move the pages to come; a delete of
        # somebody ahead does not either
        push @new, $scim->post('/Users', $scim->user("page$at\@example.com"))->{json}{id} if $at < 50;
        if ($at < 30) {
            my $ahead = $before[ 55 - $at ];
            push @gone, $ahead;
            is $scim->delete("/Users/$ahead")->{status}, 204, 'somebody ahead leaves';
        }
    }
    my %gone = map { $_ => 1 } @gone;
    is_deeply [ grep { !$seen{$_} && !$gone{$_} } @before ], [], 'nobody who stayed was left out';
    is_deeply [ grep { $seen{$_} > 1 } sort keys %seen ], [], 'nobody came twice';
    is_deeply [ grep { $seen{$_} } @gone ], [], 'who left is not shown';
    is_deeply [ grep { !$seen{$_} } @new ], [], 'who came was shown at the end';
    is scalar(ids($scim->list)), @before - @gone + @new, 'the list is right afterwards';
    $gw->sent;
};

subtest 'filters over the wire' => sub {
    my $made = $scim->post('/Users', $scim->user('plus+sign@example.com', title => 'R & D = 100% "fun"',
        name => { givenName => 'Zoë', familyName => "O'Hara \\ Co" }))->{json};
    $gw->sent;
    my %found = (
        'filter=userName%20eq%20%22plus%2Bsign@example.com%22' => 1,
        'filter=userName+eq+%22plus%2Bsign%40example.com%22'   => 1,
        'filter=userName+eq+"plus%2bsign@example.com"'         => 1,
        'filter=userName+eq+%22plus+sign@example.com%22'       => 0,
        'count=5&filter=userName%20eq%20%22PLUS%2BSIGN@example.com%22&startIndex=1' => 1,
        'filter=title+eq+%22R+%26+D+%3D+100%25+%5C%22fun%5C%22%22'   => 1,
        'filter=name.givenName%20eq%20%22Zo%C3%AB%22'          => 1,
        'filter=name.givenName%20eq%20%22ZO%C3%8B%22'          => 1,
        'filter=name.givenName%20eq%20%22Zo%5Cu00eb%22'        => 1,
        'filter=name.familyName%20sw%20%22o%27hara%20%5C%5C%22' => 1,
        'filter=urn:ietf:params:scim:schemas:core:2.0:User:userName%20eq%20%22plus%2Bsign@example.com%22' => 1,
        'filter=(title%20pr%20and%20not%20(active%20eq%20false))%20and%20userName%20co%20%22sign%22' => 1,
        'filter=emails[type%20eq%20%22work%22%20and%20value%20sw%20%22plus%22]' => 1,
        'unknown=1&filter=id%20eq%20%22' . $made->{id} . '%22&x&y=%3D' => 1,
    );
    for my $query (sort keys %found) {
        my $answer = $scim->get("/Users?$query");
        is $answer->{status}, 200, $query;
        is $answer->{json}{totalResults}, $found{$query}, "finds $found{$query}";
    }
    is $scim->get('/Users?filter=')->{json}{totalResults}, scalar(ids($scim->list)), 'an empty filter is none';
    is asked(), '', 'nothing of this was asked of RingCentral';
    for my $filter ('userName', 'userName eq', 'userName xx "a"', '(userName pr', 'nothing pr', 'userName eq "a',
        'active gt true', 'not' . ' (' x 200 . 'userName pr' . ')' x 200) {
        my $answer = $scim->list(filter => $filter);
        is "$answer->{status} $answer->{json}{scimType}", '400 invalidFilter', substr $filter, 0, 40;
        like $answer->{json}{detail}, qr/position \d+/, 'says where';
    }
};

subtest 'attributes and excludedAttributes' => sub {
    my ($id) = ids($scim->list(count => 1));
    my %members = (
        'attributes=userName' => [qw(id schemas userName)],
        'attributes=name.familyName,emails' => [qw(emails id name schemas)],
        'attributes=urn:ietf:params:scim:schemas:core:2.0:User:active' => [qw(active id schemas)],
        'attributes=USERNAME,%20nothing' => [qw(id schemas userName)],
    );
    for my $query (sort keys %members) {
        for my $answer ($scim->get("/Users/$id?$query")->{json}, $scim->get("/Users?count=1&$query")->{json}{Resources}[0]) {
            is_deeply [ sort keys %$answer ], $members{$query}, $query;
        }
    }
    my $without = $scim->get("/Users/$id?excludedAttributes=emails,id,meta,schemas,name.givenName")->{json};
    ok !exists $without->{emails} && !exists $without->{meta}, 'excludedAttributes leaves out';
    ok exists $without->{id} && exists $without->{schemas}, 'but not what is always returned';
    ok !exists $without->{name}{givenName} && exists $without->{name}{familyName}, 'also a part';
    my $made = $scim->post('/Users?attributes=userName', $scim->user('part@example.com'));
    is_deeply [ sort keys %{ $made->{json} } ], [qw(id schemas userName)], 'also in the answer to a create';
    my $patched = $scim->patch("/Users/$made->{json}{id}?excludedAttributes=meta,addresses",
        { op => 'add', path => 'title', value => 'X' });
    ok $patched->{json}{title} && !$patched->{json}{meta}, 'and to a change';
    my $search = $scim->post('/Users/.search', { schemas => [$ScimClient::SEARCH], filter => 'userName eq "part@example.com"',
        attributes => ['title'], startIndex => 1, count => 1 });
    is_deeply [ sort keys %{ $search->{json}{Resources}[0] } ], [qw(id schemas title)], 'and to a search';
    is $search->{headers}{'cache-control'}, 'no-store', 'none of it is to be kept';
};

subtest 'made in the portal a moment ago' => sub {
    $rc->api(POST => $EXTENSION, { status => 'NotActivated', references => [ { type => 'CustomerDirectoryId', ref => 'pt-1' } ],
        contact => { firstName => 'Porta', lastName => 'Llama', email => 'porta@example.com' } });
    $gw->sent;
    is $scim->find('porta@example.com'), undef, 'a copy that is believed does not know them yet';
    is asked(), '', 'and does not ask';
    my $found = at('careful')->find('Porta@Example.com');
    is $found->{userName}, 'porta@example.com', 'one that is not is asked';
    is $found->{externalId}, 'pt-1', 'and has the whole user';
    my @sent = grep { $_->{query} !~ /perPage=1000/ } $gw->sent;
    is join(' ', map { $_->{op} } @sent), 'listExtensions', 'by one question';
    like $sent[0]{query}, qr/email=/, 'about that one';
    is at('careful')->get("/Users/$found->{id}")->{status}, 200, 'then they are known by their id';
    is at('careful')->list(filter => 'externalId eq "pt-1"')->{json}{totalResults}, 1, 'and by all else';
    at('careful')->find('nobody.at.all@example.com');
    is asked(), 'listExtensions', 'about nobody is asked once';
};

subtest 'changed in the portal: seen after the next refresh' => sub {
    my $lively = at('lively');
    my $user = $scim->post('/Users', $scim->user('moving@example.com', title => 'Old'))->{json};
    ok $gw->wait_until(sub { $lively->find('moving@example.com') }), 'made elsewhere: seen';
    my $seen = $lively->get("/Users/$user->{id}")->{json};
    $rc->api(PUT => "$EXTENSION/$user->{id}", { contact => { jobTitle => 'New', email => 'moved@example.com' } });
    ok $gw->wait_until(sub { ($lively->get("/Users/$user->{id}")->{json}{title} // '') eq 'New' }), 'changed: seen';
    my $now = $lively->get("/Users/$user->{id}")->{json};
    is $now->{userName}, 'moved@example.com', 'the name too';
    cmp_ok $now->{meta}{lastModified}, 'gt', $seen->{meta}{lastModified}, 'lastModified says when';
    isnt $now->{meta}{version}, $seen->{meta}{version}, 'the version is another';
    is $now->{meta}{created}, $seen->{meta}{created}, 'created is not';
    is $lively->find('moved@example.com')->{id}, $user->{id}, 'found by the new name';
    is $lively->find('moving@example.com'), undef, 'not by the old one';
    my $stable = $lively->get("/Users/$user->{id}")->{json};
    sleep 2;
    is_deeply $lively->get("/Users/$user->{id}")->{json}, $stable, 'a refresh that brings nothing new changes nothing';
};

# A list may lag behind; who was in one half a minute ago is not dropped because the next
# one lacks them.
subtest 'deleted in the portal: gone after a while' => sub {
    local $gw->{slow} = 60;
    my $lively = at('lively');
    ok $gw->wait_until(sub { $lively->get("/Users/$left->{id}")->{status} == 404 }), 'by the id';
    is $lively->find($left->{contact}{email}), undef, 'by the name';
    is $lively->patch("/Users/$left->{id}", { op => 'add', path => 'title', value => 'x' })->{status}, 404, 'for a change';
    is scalar(grep { $_ eq $left->{id} } ids($lively->list)), 0, 'from the list';
};

is $rc->ratelimit->{wastedCalls}, 0, 'no call against the limits';
$gw->stop;
done_testing;
