#!/usr/bin/env perl
# PATCH and PUT: all or nothing, nothing for nothing, keep and clear; what the directives
# about tolerance change; and a user that was changed elsewhere.
use strict;
use warnings;
use JSON::PP ();
use Test::More;
use TestGateway;

my ($yes, $no) = (JSON::PP::true, JSON::PP::false);
my $ENTERPRISE = $ScimClient::ENTERPRISE;
my $gw = TestGateway->new(
    sandbox => { users => 4, scale => 60 },
    account => "ScimRCMaxAge 1h\n");
my %place = (strict => "ScimRCTolerance strict\n", create => "ScimRCPatchMissing create\n");
$gw->{conf} .= join '', map { $gw->location_conf("/$_", 'main', $place{$_}) } sort keys %place;
# An account that reads a user anew before each change.
$gw->{conf} .= $gw->account_conf('careful', $gw->sandbox, "ScimRCMaxAge 0\n")
  . $gw->location_conf('/careful', 'careful');
$gw->start_filled;
my $rc = $gw->sandbox;
$rc->config(record => 1);
my $scim = $gw->scim;
my $EXTENSION = '/restapi/v1.0/account/~/extension';
my $n = 0;

sub at { my ($place) = @_; return $scim->as(base => $gw->url("/$place")) }
sub ops { return join ' ', map { $_->{op} } @_ }

# A new user with everything; the log of calls is empty then.
sub full {
    my (%member) = @_;
    my $name = sprintf 'full%d@example.com', ++$n;
    my $made = $scim->post('/Users', $scim->user($name,
        title => 'Clerk', externalId => "ext-$n",
        phoneNumbers => [ { type => 'mobile', value => '+14155550199' }, { type => 'work', value => '+14155550198' } ],
        addresses => [ { type => 'work', country => 'US', region => 'CA', locality => 'Napa', postalCode => '94558',
            streetAddress => '1 Main St' } ],
        $ENTERPRISE => { department => 'Sales' }, schemas => [ $ScimClient::CORE, $ENTERPRISE ], %member));
    $made->{status} == 201 or die "$made->{status} $made->{content}";
    $gw->sent;
    return $made->{json};
}

sub unchanged {
    my ($user, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is ops(grep { $_->{method} ne 'GET' } $gw->sent), '', "$what: nothing was sent";
    is_deeply $scim->get("/Users/$user->{id}")->{json}, $user, "$what: the user is as before, to the version";
}

subtest 'PATCH: all or nothing' => sub {
    my $user = full();
    for ([ { op => 'replace', path => 'phoneNumbers[type eq "fax"].value', value => '1' }, 'noTarget' ],
        [ { op => 'replace', path => 'id', value => '5' },                   'mutability' ],
        [ { op => 'replace', path => 'meta.created', value => '2020-01-01T00:00:00Z' }, 'mutability' ],
        [ { op => 'replace', path => 'title[', value => 'x' },               'invalidPath' ],
        [ { op => 'replace', path => 'no.such.thing', value => 'x' },        'invalidPath' ],
        [ { op => 'remove' },                                                'noTarget' ],
        [ { op => 'replace', path => 'active', value => 'maybe' },           'invalidValue' ],
        [ { op => 'replace', path => 'emails[type eq "work"].value', value => 'other@example.com' }, 'invalidValue' ],
        [ { op => 'remove', path => 'userName' },                            'mutability' ],
        [ { op => 'remove', path => 'name.givenName' },                      'mutability' ],
        [ { op => 'frob', path => 'title', value => 'x' },                   'invalidSyntax' ]) {
        my ($bad, $type) = @$_;
        my $what = join ' ', grep { defined } @$bad{qw(op path)};
        my $answer = $scim->patch("/Users/$user->{id}",
            { op => 'replace', path => 'title', value => 'Changed' }, $bad,
            { op => 'replace', path => 'name.familyName', value => 'Changed' });
        is $answer->{status}, 400, "$what: refused";
        is $answer->{json}{scimType}, $type, "$what: $type";
        cmp_ok length $answer->{json}{detail}, '>', 15, "$what: says why";
    }
    unchanged($user, 'after all these');
};

subtest 'PATCH: RingCentral refuses it' => sub {
    my $user = full();
    my $answer = $scim->patch("/Users/$user->{id}",
        { op => 'replace', path => 'title', value => 'Changed' },
        { op => 'replace', path => 'phoneNumbers[type eq "mobile"].value', value => 'no number' });
    is $answer->{status}, 400, 'an error';
    is $answer->{json}{scimType}, 'invalidValue', 'of the value';
    like $answer->{json}{detail}, qr/^phoneNumbers\[type eq "mobile"\]\.value: "no number".*CMN-101/s,
      "in SCIM's words, with RingCentral's own behind";
    $gw->sent;
    unchanged($user, 'then');
};

subtest 'PATCH: a change of nothing' => sub {
    my $user = full();
    my @same = (
        { op => 'replace', path => 'title', value => 'Clerk' },
        { op => 'add', path => 'name', value => { givenName => $user->{name}{givenName} } },
        { op => 'add', path => 'emails', value => [ { type => 'work', value => $user->{userName} } ] },
        { op => 'replace', value => { active => $yes, userName => uc $user->{userName} } },
        { op => 'replace', path => 'phoneNumbers[type eq "mobile"].value', value => '+14155550199' },
        { op => 'remove', path => 'nickName' },
        { op => 'add', path => 'displayName', value => 'Whatever' },
        { op => 'replace', path => "$ENTERPRISE:department", value => 'Sales' },
    );
    for my $operation (@same[ 0 .. 2, 4 .. $#same ]) {
        my $answer = $scim->patch("/Users/$user->{id}", $operation);
        is $answer->{status}, 200, "$operation->{op} " . ($operation->{path} // '');
        is_deeply $answer->{json}, $user, 'answered with the user as it is';
    }
    unchanged($user, 'after all these');
    is $scim->patch("/Users/$user->{id}", $same[3])->{status}, 200, 'the name in another letter case';
    is ops($gw->sent), '', 'is no change for RingCentral';
};

subtest 'PATCH: several operations build on each other' => sub {
    my $user = full();
    my $answer = $scim->patch("/Users/$user->{id}",
        { op => 'remove', path => 'addresses' },
        { op => 'add', path => 'addresses[type eq "work"].country', value => 'FR' },
        { op => 'add', path => 'addresses[type eq "work"].locality', value => 'Nice' },
        { op => 'replace', path => 'title', value => 'First' },
        { op => 'replace', path => 'title', value => 'Last' });
    is $answer->{status}, 200, 'carried out';
    is $answer->{json}{title}, 'Last', 'in order';
    is_deeply $answer->{json}{addresses}, [ { type => 'work', country => 'FR', locality => 'Nice' } ], 'on one copy';
    my @sent = $gw->sent;
    is ops(@sent), 'updateExtension', 'one call';
    is $sent[0]{body}{contact}{jobTitle}, 'Last', 'with the result';
    cmp_ok $answer->{json}{meta}{lastModified}, 'gt', $user->{meta}{lastModified}, 'lastModified is later';
    isnt $answer->{json}{meta}{version}, $user->{meta}{version}, 'the version is another';
    is $answer->{json}{meta}{created}, $user->{meta}{created}, 'created stays';
};

subtest 'PUT: keep and clear' => sub {
    my $user = full();
    my $least = { schemas => [$ScimClient::CORE], userName => $user->{userName},
        emails => $user->{emails}, name => { givenName => 'New' } };
    my $answer = $scim->put("/Users/$user->{id}", $least);
    is $answer->{status}, 200, 'a body with little in it';
    my @sent = $gw->sent;
    is ops(@sent), 'updateExtension', 'one call';
    is_deeply $sent[0]{body}, { contact => { firstName => 'New' } }, 'about what it has';
    is_deeply [ @{ $answer->{json} }{ qw(title externalId active phoneNumbers addresses), $ENTERPRISE } ],
      [ @$user{ qw(title externalId active phoneNumbers addresses), $ENTERPRISE } ], 'the rest stays';
    is $answer->{json}{name}{familyName}, 'Example', 'also within a complex attribute';

    $answer = $scim->put("/Users/$user->{id}", { %$least, title => undef, externalId => '', phoneNumbers => [],
        addresses => [], $ENTERPRISE => { department => undef } });
    is $answer->{status}, 200, 'null, the empty text and the empty list';
    is_deeply [ grep { exists $answer->{json}{$_} } qw(title externalId phoneNumbers addresses), $ENTERPRISE ], [],
      'clear';
    @sent = $gw->sent;
    my $contact = $sent[0]{body}{contact};
    is_deeply [ @$contact{qw(jobTitle mobilePhone businessPhone department)} ], [ ('') x 4 ], 'in RingCentral too';
    my ($real) = $rc->extensions(email => $user->{userName});
    is_deeply $real->{references} // [], [], 'the reference as well';
    is_deeply $scim->get("/Users/$user->{id}")->{json}, $answer->{json}, 'and so it is read';

    $gw->sent;
    my $same = $scim->put("/Users/$user->{id}", { %{ $answer->{json} }, id => 'another', meta => { version => 'x' } });
    is $same->{status}, 200, 'what was read, sent back';
    is_deeply $same->{json}, $answer->{json}, 'changes nothing';
    is ops($gw->sent), '', 'and costs nothing';

    $answer = $scim->put("/Users/$user->{id}", { %$least, addresses => [ { type => 'work', country => 'US',
        region => 'CA', locality => 'Napa' } ] });
    $answer = $scim->put("/Users/$user->{id}", { %$least, addresses => [ { type => 'work', country => 'US',
        region => 'CA', postalCode => '94558' } ] });
    is_deeply $answer->{json}{addresses}, [ { type => 'work', country => 'US', region => 'CA', postalCode => '94558' } ],
      'an element that is sent is the whole element';

    for ([ 'without a userName' => { userName => undef } ], [ 'with another e-mail' =>
        { emails => [ { type => 'work', value => 'x@example.com' } ] } ], [ 'without the given name' => { name => undef } ]) {
        my ($what, $bad) = @$_;
        is $scim->put("/Users/$user->{id}", { %$least, %$bad })->{json}{scimType}, 'invalidValue', $what;
    }
};

subtest 'PUT: another name' => sub {
    my $user = full();
    my $other = full();
    my $new = sprintf 'renamed%d@example.com', ++$n;
    my $answer = $scim->put("/Users/$user->{id}", $scim->user($new));
    is $answer->{status}, 200, 'a new name';
    is $scim->find($new)->{id}, $user->{id}, 'is found by it';
    is $scim->find($user->{userName}), undef, 'and no more by the old one';
    $gw->sent;
    $answer = $scim->put("/Users/$user->{id}", $scim->user(uc $other->{userName}));
    is "$answer->{status} $answer->{json}{scimType}", '409 uniqueness', "somebody else's name";
    like $answer->{json}{detail}, qr/\Q$other->{id}/, 'whose';
    is ops($gw->sent), '', 'RingCentral was not asked';
};

subtest 'ScimRCTolerance' => sub {
    my $user = full();
    my $path = "/Users/$user->{id}";
    my @beside = (    # what, request, scimType where one is strict
        [ 'an op with a capital', sub { $_[0]->patch($path, { op => 'Replace', path => 'title', value => 'T1' }) }, 'invalidSyntax' ],
        [ 'active as text', sub { $_[0]->patch($path, { op => 'replace', path => 'active', value => 'True' }) }, 'invalidValue' ],
        [ 'a dotted key', sub { $_[0]->patch($path, { op => 'replace', value => { 'name.familyName' => 'F1' } }) }, 'invalidSyntax' ],
        [ 'an unknown attribute', sub { $_[0]->patch($path, { op => 'replace', value => { shoeSize => 44 } }) }, 'invalidSyntax' ],
        [ 'one of an extension', sub { $_[0]->put($path, $scim->user($user->{userName}, $ENTERPRISE => { desk => 1 })) },
            'invalidSyntax' ],
        [ 'a body without schemas', sub { $_[0]->put($path, $scim->user($user->{userName}, schemas => undef)) },
            'invalidValue' ],
        [ 'one of a complex attribute', sub { $_[0]->put($path, $scim->user($user->{userName},
            name => { givenName => 'Full', nick => 'x' })) }, 'invalidSyntax' ],
        [ 'an unquoted value', sub { $_[0]->list(filter => "userName eq $user->{userName}") }, 'invalidFilter' ],
        [ 'a filter on a path with a filter',
            sub { $_[0]->list(filter => qq(emails[type eq "work"].value eq "$user->{userName}")) }, 'invalidFilter' ],
    );
    for (@beside) {
        my ($what, $ask, $type) = @$_;
        is $ask->($scim)->{status}, 200, "tolerant: $what";
        my $answer = $ask->(at('strict'));
        is $answer->{status}, 400, "strict: $what";
        is $answer->{json}{scimType}, $type, "strict: $type";
    }
    is at('strict')->patch($path, { op => 'replace', path => 'title', value => 'T2' },
        { op => 'replace', path => "$ENTERPRISE:department", value => 'D2' })->{status}, 200, 'strict: by the book';
    is at('strict')->list(filter => 'USERNAME SW "full" and active EQ true')->{status}, 200,
      "strict: a filter's letter case is free, as the RFC has it";
};

subtest 'ScimRCPatchMissing' => sub {
    my $name = sprintf 'bare%d@example.com', ++$n;
    my $user = $scim->post('/Users', $scim->user($name))->{json};
    my @replace = map { { op => 'replace', path => qq(addresses[type eq "work"].$$_[0]), value => $$_[1] } }
      [ country => 'DE' ], [ locality => 'Jena' ];
    my $answer = $scim->patch("/Users/$user->{id}", @replace);
    is "$answer->{status} $answer->{json}{scimType}", '400 noTarget', 'error: as the RFC has it';
    $answer = at('create')->patch("/Users/$user->{id}", @replace);
    is $answer->{status}, 200, 'create';
    is_deeply $answer->{json}{addresses}, [ { type => 'work', country => 'DE', locality => 'Jena' } ], 'makes one element';
    $answer = $scim->patch("/Users/$user->{id}", @replace);
    is $answer->{status}, 200, 'which is there then';
};

subtest 'active' => sub {
    my $user = full();
    my $id = $user->{id};
    my $set = sub { $scim->patch("/Users/$id", { op => 'replace', path => 'active', value => $_[0] }) };
    my $status = sub { ($rc->extensions(id => $id))[0]{status} };
    is $set->($no)->{json}{active}, $no, 'off';
    is $status->(), 'Disabled', 'disabled';
    is $set->($yes)->{json}{active}, $yes, 'on';
    is $status->(), 'NotActivated', 'who never signed in is not activated still';

    $rc->api(PUT => "$EXTENSION/$id", { status => 'Enabled', password => 'S0me!thing-else' });
    my $careful = at('careful');
    ok $careful->find($user->{userName}), 'found by its name';
    is $careful->patch("/Users/$id", { op => 'replace', path => 'active', value => $no })->{status}, 200, 'an enabled one';
    is $status->(), 'Disabled', 'is disabled';
    is $careful->patch("/Users/$id", { op => 'replace', path => 'active', value => $yes })->{status}, 200, 'and turned on';
    is $status->(), 'Enabled', 'is enabled again';

    # RingCentral refuses Enabled
    $careful->patch("/Users/$id", { op => 'replace', path => 'active', value => $no });
    $rc->fault({ match => { op => 'updateExtension' }, times => 1, action => {
        kind => 'reply', status => 400, code => 'CMN-101', parameterName => 'status',
        message => 'Parameter [status] value is invalid.' } });
    my $answer = $careful->patch("/Users/$id", { op => 'replace', path => 'active', value => $yes });
    is $answer->{json}{active}, $yes, 'where that is refused';
    is $status->(), 'NotActivated', 'it becomes not activated';
};
$gw->allow_log(qr/SCIMRC0106: /);

subtest 'changed in the portal meanwhile' => sub {
    my $user = full();
    my $id = $user->{id};
    my $careful = at('careful');
    ok $careful->find($user->{userName}), 'known to the careful account';
    $rc->api(PUT => "$EXTENSION/$id", { contact => { jobTitle => 'By the portal', lastName => 'Portal' } });
    $gw->sent;
    my $answer = $careful->patch("/Users/$id", { op => 'replace', path => "$ENTERPRISE:department", value => 'New' });
    is ops($gw->sent), 'readExtension updateExtension', 'an old record is read before it is changed';
    is $answer->{json}{title}, 'By the portal', "the portal's change stays";
    is $answer->{json}{$ENTERPRISE}{department}, 'New', "and ours is made";
    is(($rc->extensions(id => $id))[0]{contact}{lastName}, 'Portal', 'in RingCentral');

    $rc->api(DELETE => "$EXTENSION/$id");
    $answer = $careful->patch("/Users/$id", { op => 'replace', path => 'title', value => 'Late' });
    is $answer->{status}, 404, 'deleted in the portal';
    is $careful->get("/Users/$id")->{status}, 404, 'and so it is read';
    $answer = $scim->patch("/Users/$id", { op => 'replace', path => 'title', value => 'Late' });
    is $answer->{status}, 404, 'also where the copy was believed';
    is $scim->get("/Users/$id")->{status}, 404, 'which knows better now';
};

subtest 'the answer to a change is lost' => sub {
    my $user = full();
    $rc->fault({ match => { op => 'updateExtension' }, times => 1, action => { kind => 'reply_lost' } });
    my $answer = $scim->patch("/Users/$user->{id}", { op => 'replace', path => 'title', value => 'Sure' });
    is $answer->{status}, 200, 'made sure of';
    is $answer->{json}{title}, 'Sure', 'changed';
    is(($rc->extensions(id => $user->{id}))[0]{contact}{jobTitle}, 'Sure', 'in RingCentral');
};

$gw->stop;
done_testing;
