#!/usr/bin/env perl
# The sandbox's picture of RingCentral's own SCIM service: what the gateway is measured
# against.
use strict;
use warnings;
use utf8;
use JSON::PP;
use Test::More;
use Time::HiRes 'time';
use Sandbox;
use SandboxSchema;

plan skip_all => Sandbox::missing() if Sandbox::missing();
binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

my $sb = Sandbox->new(users => 12, unassigned => 6, limits => 'off',
    conf => "SandboxSites 0\nSandboxQueues 1\n");
$sb->config(record => 1);
my ($t, $f) = (JSON::PP::true, JSON::PP::false);
my $users = '/scim/v2/Users';
my $core = 'urn:ietf:params:scim:schemas:core:2.0:User';
my $enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

sub rest { $sb->api(@_) }
sub get { $sb->api(GET => @_) }
# "status scimType", and that the body is an error as rule 33 has it.
sub problem {
    my $r = shift;
    my $body = $r->{json};
    is $body->{schemas}[0], 'urn:ietf:params:scim:api:messages:2.0:Error', 'a SCIM error';
    is $body->{status}, "$r->{status}", 'with the status as text';
    ok length $body->{detail}, 'and a detail';
    return join ' ', $r->{status}, $body->{scimType} // '-';
}

sub person {
    my ($email, %more) = @_;
    return { schemas => [$core], userName => $email,
        name => { givenName => 'Ada', familyName => 'Lovelace' },
        emails => [ { type => 'work', value => $email } ], %more };
}
sub unassigned {
    my @ids = sort { $a <=> $b } map { $_->{id} } grep { $_->{status} eq 'Unassigned' } $sb->extensions;
    return @ids;
}
sub truth { ($sb->extensions(id => shift))[0] }

sub patch {
    my ($id, @operations) = @_;
    return $sb->api(PATCH => "$users/$id", { Operations => \@operations,
        schemas => ['urn:ietf:params:scim:api:messages:2.0:PatchOp'] });
}

subtest 'rule 150: the endpoints' => sub {
    my $config = get('/scim/v2/ServiceProviderConfig');
    is $config->{status}, 200;
    is $config->{headers}{'content-type'}, 'application/json;charset=UTF-8';
    like get('/scim/v2/ServiceProviderConfig', undef, Accept => 'application/scim+json')
        ->{headers}{'content-type'}, qr{^application/scim\+json};
    ok $config->{json}{patch}{supported} && $config->{json}{filter}{supported};
    ok !$config->{json}{$_}{supported}, "no $_" for qw(bulk sort etag changePassword);
    is get('/scim/v2/ResourceTypes')->{json}{Resources}[0]{endpoint}, '/Users';
    is get('/scim/v2/ResourceTypes')->{json}{totalResults}, 1;
    is get('/scim/v2/ResourceTypes/User')->{json}{schema}, $core;
    is problem(get('/scim/v2/ResourceTypes/Group')), '404 -';
    is_deeply [ map { $_->{id} } @{ get('/scim/v2/Schemas')->{json}{Resources} } ],
        [ $core, $enterprise ];
    my %has = map { $_->{name} => $_ } @{ get("/scim/v2/Schemas/$core")->{json}{attributes} };
    is_deeply [ map { $_->{name} } @{ $has{name}{subAttributes} } ], [qw(familyName givenName)];
    is problem(get('/scim/v2/Schemas/urn:other')), '404 -';
    is problem(get("/scim/v2/$_?filter=id%20eq%20%22x%22")), '403 -', "no filter on $_"
        for qw(Schemas ResourceTypes);
    is problem(get("/scim/v2/$_")), '404 -', "no $_" for qw(Groups Me Bulk);
    is problem(rest(DELETE => $users)), '405 -';
};

subtest 'rule 150: group, permission and token of each operation' => sub {
    $sb->config(limits => 'real', map { ("limit_$_" => 1000) } qw(light heavy));
    my @light = ([ GET => '/scim/v2/ServiceProviderConfig' ], [ GET => $users ],
        [ GET => "$users/1" ], [ POST => "$users/.search", {} ], [ GET => '/scim/v2/Schemas' ]);
    my @heavy = ([ POST => $users, {} ], [ PUT => "$users/1", {} ], [ PATCH => "$users/1", {} ],
        [ DELETE => "$users/1" ]);
    is rest(@$_)->{headers}{'x-rate-limit-group'}, 'light', "@$_[0, 1]" for @light;
    is rest(@$_)->{headers}{'x-rate-limit-group'}, 'heavy', "@$_[0, 1]" for @heavy;
    for ([ ReadAccounts => @light ], [ EditAccounts => @heavy ]) {
        my ($permission, @calls) = @$_;
        $sb->config(missing_app_permissions => $permission);
        is problem(rest(@$_)), '403 -', "$_->[0] $_->[1] needs $permission" for @calls;
    }
    $sb->config(map { $_ => undef } qw(missing_app_permissions limit_light limit_heavy));
    is problem($sb->request(GET => $users)), '401 -';
    is problem($sb->request(GET => $users, headers => { Authorization => 'Bearer x' })), '401 -';
    $sb->control(DELETE => '/ratelimit');
    my $path = '/restapi/v1.0/account/~/extension/~';
    my $left = rest(GET => $path)->{headers}{'x-rate-limit-remaining'};
    is get("$users/1")->{headers}{'x-rate-limit-remaining'}, $left - 1, 'one bucket with REST';
    get("$users/1") for 1 .. 48;
    my $r = get("$users/1");
    is problem($r), '429 -';
    is $r->{headers}{'retry-after'}, 60;
    is rest(GET => $path)->{status}, 429, 'REST waits too';
    $sb->config(limits => 'off');
};

subtest 'rule 33 and 150: errors and sizes' => sub {
    my %json = ('Content-Type' => 'application/scim+json');
    is problem(rest(POST => $users, '{"a"', %json)), '400 invalidSyntax';
    is problem(rest(POST => $users, '[]', %json)), '400 invalidSyntax';
    is problem(rest(POST => $users, 'a', 'Content-Type' => 'text/plain')), '415 -';
    my $large = person('large@test.example.com', title => 'x' x (1024 * 1024));
    is problem(rest(POST => "$users/.search", $large)), '413 -', '1 MB of a search';
    is problem(rest(POST => $users, $large)), '400 invalidValue', 'it is a title that is too long';
    $large->{title} = 'x' x (10 * 1024 * 1024);
    is problem(rest(POST => $users, $large)), '413 -', '10 MB of a user';
    is problem(get("$users/$_")), '404 -', "no user $_" for 7, 'x', (unassigned())[0];
};

my $ada;
subtest 'rule 151: create' => sub {
    my ($lowest, @others) = unassigned();
    my $r = rest(POST => $users, person('ada@test.example.com'));
    is $r->{status}, 201;
    $ada = $r->{json};
    is $ada->{id}, $lowest, 'the lowest Unassigned extension';
    is truth($lowest)->{status}, 'NotActivated';
    is_deeply [unassigned()], \@others;
    ok exists $ada->{active} && !$ada->{active}, 'active is false when it was not sent';
    is_deeply $ada->{schemas}, [$core];
    is $r->{headers}{location}, $ada->{meta}{location};
    like $ada->{meta}{location}, qr{/scim/v2/Users/$lowest$};
    is $ada->{meta}{created}, $ada->{meta}{lastModified};
    is $ada->{meta}{resourceType}, 'User';
    is rest(GET => "/restapi/v1.0/account/~/extension/$lowest")->{json}{contact}{email},
        'ada@test.example.com', 'REST sees the same person';

    is problem(rest(POST => $users, person('x@test.example.com', userName => 'other'))),
        '400 invalidValue', 'userName is the work e-mail';
    my $taken = rest(POST => $users, person('ADA@test.example.com'));
    is problem($taken), '409 uniqueness', 'in any letter case';
    my ($somebody) = grep { $_->{status} eq 'Disabled' && $_->{contact}{email} } $sb->extensions;
    is problem(rest(POST => $users, person($somebody->{contact}{email}))), '409 uniqueness'
        if $somebody;
    for my $lack (qw(schemas userName name emails)) {
        my $body = person('y@test.example.com');
        delete $body->{$lack};
        is problem(rest(POST => $users, $body)), '400 invalidValue', "without $lack";
    }
    is problem(rest(POST => $users, person('y@test.example.com', active => 'yes'))),
        '400 invalidValue';
    is rest(POST => $users, person('on@test.example.com', active => $t))->{json}{active}, $t;
    is truth($others[0])->{status}, 'Enabled';
    is rest(POST => $users, person('off@test.example.com', active => $f))->{status}, 201;
    is truth($others[1])->{status}, 'Disabled';

    rest(POST => $users, person("more$_\@test.example.com")) for 1 .. 3;
    is scalar(unassigned()), 0;
    my $none = rest(POST => $users, person('late@test.example.com'));
    is problem($none), '403 -';
    is $none->{json}{detail}, 'License limit has been reached.';
};

subtest 'rule 152: what a user looks like' => sub {
    my $r = rest(PUT => "$users/$ada->{id}", person('ada@test.example.com',
        externalId => '00u1', title => 'Countess', $enterprise => { department => 'Engines' },
        addresses => [ { type => 'work', country => 'US', region => 'California',
            locality => 'Belmont', streetAddress => '20 Davis Drive', postalCode => '94002' } ],
        phoneNumbers => [ { type => 'mobile', value => '+16505551234' } ]));
    is $r->{status}, 200;
    my $u = get("$users/$ada->{id}")->{json};
    is_deeply $u, $r->{json}, 'the answer is what a read shows';
    is_deeply $u->{addresses}, [ { type => 'work', country => 'United States', region => 'CA',
        locality => 'Belmont', streetAddress => '20 Davis Drive', postalCode => '94002' } ];
    is $u->{title}, 'Countess';
    is $u->{$enterprise}{department}, 'Engines';
    my %phone = map { $_->{type} => $_->{value} } @{ $u->{phoneNumbers} };
    my $truth = truth($ada->{id});
    is $phone{other}, $truth->{extensionNumber}, 'other is the extension number';
    is $phone{mobile}, '+16505551234';
    my ($direct) = @{ rest(GET => "/restapi/v1.0/account/~/extension/$ada->{id}/phone-number"
        . '?usageType=DirectNumber')->{json}{records} };
    is $phone{work}, $direct->{phoneNumber}, 'work is the direct number';
    my ($short) = @{ get("$users?filter=" . 'userName%20eq%20%22ada@test.example.com%22')
        ->{json}{Resources} };
    ok !exists $short->{$_}, "no $_ in a list" for qw(addresses phoneNumbers);
    is_deeply { map { $_ => $short->{$_} } grep { !/^(?:addresses|phoneNumbers)$/ } keys %$u },
        { map { $_ => $u->{$_} } grep { !/^(?:addresses|phoneNumbers)$/ } keys %$u },
        'the rest is there';
    my $bad = rest(PUT => "$users/$ada->{id}", person('ada@test.example.com',
        addresses => [ { type => 'work', country => 'US', region => 'Nowhere' } ]));
    is problem($bad), '400 invalidValue';
    is $bad->{json}{detail},
        'Parameter [extension.contact.businessAddress.state] value is invalid.';
};

subtest 'rule 152: lists, filters and pages' => sub {
    my @people = grep { $_->{status} ne 'Unassigned' && $_->{type} eq 'User' } $sb->extensions;
    my $all = get($users)->{json};
    is $all->{totalResults}, scalar @people;
    is $all->{itemsPerPage}, scalar @people;
    is_deeply [ sort map { $_->{id} } @{ $all->{Resources} } ], [ sort map { $_->{id} } @people ];
    is $all->{startIndex}, 1;
    my @paged = map { @{ get("$users?startIndex=$_&count=5")->{json}{Resources} } }
        map { 1 + 5 * $_ } 0 .. 3;
    is_deeply [ map { $_->{id} } @paged ], [ map { $_->{id} } @{ $all->{Resources} } ], 'pages';
    is scalar @{ get("$users?count=0")->{json}{Resources} }, 0;
    is get("$users?startIndex=-4&count=1")->{json}{startIndex}, 1;
    is problem(get("$users?count=many")), '400 invalidValue';
    my $found = sub { [ map { $_->{userName} } @{ get("$users?filter=$_[0]")->{json}{Resources} } ] };
    is_deeply $found->("$_%20eq%20%22ada\@test.example.com%22"), ['ada@test.example.com'], $_
        for qw(userName email emails USERNAME);
    is_deeply $found->('userName%20EQ%20%22nobody@test.example.com%22'), [];
    is problem(get("$users?filter=$_")), '400 invalidFilter', $_ for
        'externalId%20eq%20%2200u1%22', 'userName%20co%20%22a%22', 'userName%20pr', 'userName',
        'userName%20eq%20%22a%22%20or%20email%20eq%20%22b%22';
    my $r = rest(POST => "$users/.search", { startIndex => 2, count => 3,
        schemas => ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'] })->{json};
    is_deeply [ map { $_->{id} } @{ $r->{Resources} } ],
        [ map { $_->{id} } @{ $all->{Resources} }[ 1 .. 3 ] ], '.search';
    is rest(POST => "$users/.search", { filter => 'email eq "ada@test.example.com"' })
        ->{json}{totalResults}, 1;
    $sb->config(maintenance => 'on');
    is rest(POST => "$users/.search", {})->{status}, 200, 'a search is a read';
    is problem(rest(POST => $users, {})), '503 -';
    $sb->config(maintenance => undef, scim_count_max => 4);
    is get("$users?count=50")->{json}{itemsPerPage}, 4, 'knob scim_count_max';
    is get("$users?count=50")->{json}{totalResults}, scalar @people;
    $sb->config(scim_count_max => undef);
};

subtest 'rule 153: PUT' => sub {
    my $id = $ada->{id};
    is rest(PUT => "$users/$id", person('ada@test.example.com', active => $t))->{json}{active}, $t;
    my $truth = truth($id);
    is $truth->{status}, 'Enabled';
    ok !$truth->{contact}{$_}, "$_ is gone" for qw(jobTitle department mobilePhone);
    ok !$truth->{references} || !@{ $truth->{references} }, 'externalId too';
    rest(PUT => "$users/$id", person('ada@test.example.com', active => $f));
    is truth($id)->{status}, 'Disabled', 'active:false disables';
    rest(PUT => "$users/$id", person('ada@test.example.com'));
    is truth($id)->{status}, 'Disabled', 'without active nothing changes';
    is problem(rest(PUT => "$users/$id", person('on@test.example.com'))), '409 uniqueness';
    is problem(rest(PUT => "$users/7", person('ada@test.example.com'))), '404 -';
    my $quiet = rest(POST => '/restapi/v1.0/account/~/extension', { contact => { firstName => 'Q',
        email => 'quiet@test.example.com', emailAsLoginName => $f } })->{json}{id};
    is problem(rest(PUT => "$users/$id", person('quiet@test.example.com'))), '409 uniqueness',
        'also where the e-mail is no login name';
    is patch($quiet, { op => 'replace', path => 'title', value => 'Quiet' })->{json}{title}, 'Quiet';
    is truth($quiet)->{status}, 'NotActivated', 'a PATCH without active leaves the status';
    rest(DELETE => "/restapi/v1.0/account/~/extension/$quiet");
    my $other = get("$users?count=1")->{json}{Resources}[0]{id};
    my ($taken) = grep { $_->{type} eq 'other' } @{ get("$users/$other")->{json}{phoneNumbers} };
    is problem(rest(PUT => "$users/$id",
        person('ada@test.example.com', phoneNumbers => [$taken]))), '409 uniqueness',
        'an extension number that somebody has';
};

subtest 'rule 153: PATCH' => sub {
    my $id = $ada->{id};
    is patch($id, { op => 'replace', path => 'active', value => 'true' })->{json}{active}, $t,
        'truth as text';
    is truth($id)->{status}, 'Enabled';
    my $r = patch($id, { op => 'replace', path => 'name.familyName', value => 'King' },
        { op => 'add', path => 'title', value => 'Analyst' },
        { op => 'Add', path => "$enterprise:department", value => 'Sums' },
        { op => 'add', path => 'phoneNumbers[type eq "mobile"].value', value => '+16505559999' },
        { op => 'replace', path => 'addresses[type eq "work"].country', value => 'Germany' },
        { op => 'add', path => 'addresses[type eq "work"].locality', value => 'Berlin' });
    is $r->{status}, 200;
    my $truth = truth($id);
    is $truth->{contact}{lastName}, 'King';
    is $truth->{contact}{jobTitle}, 'Analyst';
    is $truth->{contact}{department}, 'Sums';
    is $truth->{contact}{mobilePhone}, '+16505559999';
    is $truth->{contact}{businessAddress}{city}, 'Berlin';
    is $truth->{status}, 'Enabled', 'the status stays';
    patch($id, { op => 'replace', value => { title => 'Countess', 'name.givenName' => 'Augusta',
        phoneNumbers => [ { type => 'mobile', value => '+16505550000' } ] } });
    $truth = truth($id);
    is "$truth->{contact}{firstName} $truth->{contact}{lastName}", 'Augusta King', 'no path';
    is $truth->{contact}{mobilePhone}, '+16505550000';
    patch($id, { op => 'remove', path => 'title' },
        { op => 'remove', path => 'phoneNumbers[type eq "mobile"]' });
    ok !truth($id)->{contact}{$_}, "$_ removed" for qw(jobTitle mobilePhone);
    is patch($id, { op => 'replace', path => 'userName', value => 'augusta@test.example.com' },
        { op => 'replace', path => 'emails[type eq "work"].value',
            value => 'augusta@test.example.com' })->{json}{userName}, 'augusta@test.example.com';
    is problem(patch($id, { op => 'replace', path => 'userName', value => 'x@test.example.com' })),
        '400 invalidValue', 'userName alone';
    is problem(patch($id, { op => 'replace', path => 'nickName', value => 'x' })), '400 invalidPath';
    is problem(patch($id, { op => 'move', path => 'title', value => 'x' })), '400 invalidSyntax';
    is problem(patch($id, { op => 'remove' })), '400 noTarget';
    is problem(patch($id, { op => 'add', path => 'title' })), '400 invalidSyntax';
    is problem(patch($id, { op => 'replace', path => 'active', value => 'maybe' })),
        '400 invalidValue';
    is problem(patch($id)), '400 invalidSyntax';
    is problem(patch(7, { op => 'remove', path => 'title' })), '404 -';
    patch($id, { op => 'replace', path => 'active', value => $f });
    is truth($id)->{status}, 'Disabled';
};

subtest 'rule 153: DELETE' => sub {
    my $id = $ada->{id};
    my ($number) = @{ rest(GET => "/restapi/v1.0/account/~/extension/$id/phone-number"
        . '?usageType=DirectNumber')->{json}{records} };
    my $r = rest(DELETE => "$users/$id");
    is $r->{status}, 204;
    is $r->{content} // '', '';
    is_deeply [unassigned()], [$id], 'back to Unassigned';
    is problem(get("$users/$id")), '404 -';
    is problem(rest(DELETE => "$users/$id")), '404 -';
    is get("$users?filter=" . 'email%20eq%20%22augusta@test.example.com%22')
        ->{json}{totalResults}, 0;
    my ($kept) = grep { $_->{id} == $number->{id} } @{
        rest(GET => '/restapi/v1.0/account/~/phone-number?extensionStatus=Unassigned')
            ->{json}{records} };
    is $kept->{extension}{id}, $id, 'with its line and number';
    my $again = rest(POST => $users, person('again@test.example.com'))->{json};
    is $again->{id}, $id, 'the next one gets it';
    ok !exists truth($id)->{contact}{lastName} || truth($id)->{contact}{lastName} eq 'Lovelace',
        'and nothing of the one before';
    my $admin = $sb->control(GET => '')->{accountId};
    is problem(rest(DELETE => "$users/$admin")), '403 -';
    my $made = rest(POST => '/restapi/v1.0/account/~/extension',
        { contact => { firstName => 'No', email => 'line@test.example.com' } })->{json}{id};
    rest(DELETE => "$users/$made");
    is scalar($sb->extensions(id => $made)), 0, 'without a line there is nothing to give back';
};

subtest 'rule 154: ids and externalId' => sub {
    my $id = get("$users?filter=" . 'email%20eq%20%22again@test.example.com%22')
        ->{json}{Resources}[0]{id};
    rest(PUT => "/restapi/v1.0/account/~/extension/$id", { references =>
        [ { ref => 'p1', type => 'PartnerId' }, { ref => 'old', type => 'CustomerDirectoryId' } ] });
    is get("$users/$id")->{json}{externalId}, 'old';
    patch($id, { op => 'replace', path => 'externalId', value => 'new' });
    is_deeply [ sort map { "$_->{type}=$_->{ref}" } @{ truth($id)->{references} } ],
        [ 'CustomerDirectoryId=new', 'PartnerId=p1' ];
    patch($id, { op => 'remove', path => 'externalId' });
    is_deeply [ map { $_->{ref} } @{ truth($id)->{references} } ], ['p1'];
};

subtest 'rule 155: lag between REST and SCIM' => sub {
    $sb->config(scim_rest_lag_ms => 5000);
    my $id = get("$users?count=1")->{json}{Resources}[0]{id};
    my $before = get("$users/$id")->{json}{title};
    rest(PUT => "/restapi/v1.0/account/~/extension/$id", { contact => { jobTitle => 'Later' } });
    is get("$users/$id")->{json}{title}, $before;
    is +(grep { $_->{id} == $id } @{ get($users)->{json}{Resources} })[0]{title}, $before;
    $sb->advance(6);
    is get("$users/$id")->{json}{title}, 'Later';
    $sb->config(scim_rest_lag_ms => undef);
};

subtest 'rule 160: as the OpenAPI document has it' => sub {
    my $schema = SandboxSchema->open or plan skip_all => 'no OpenAPI document (SCIM_RC_OPENAPI)';
    my @calls = grep { $_->{op} =~ /^scim/ } $sb->calls;
    cmp_ok scalar @calls, '>', 20;
    my %problem = map { s/\[\d+\]/[]/gr => 1 } map { $schema->problems($_) } @calls;
    my @known = (
        # Where the document has no such answer, ours is in SCIM form (rule 33).
        qr/^scim\w+ \d+: answer: no (?:errors\[\]\.)?(?:errorCode|message)$/,
        # Real clients send more than strings.
        qr/^scimPatchUser2 200: request: body\.Operations\[\]\.(?:op|value) is n/,
    );
    is join('', map { "$_\n" } grep { my $p = $_; !grep { $p =~ $_ } @known } sort keys %problem),
        '', 'no deviation that is not known';
};

# What an operation takes may not depend on how many people there are: 300 (or as many
# as SANDBOX_SCIM_USERS says) join a company with room for 10,000, and leave it.
subtest 'many people' => sub {
    my $n = $ENV{SANDBOX_SCIM_USERS} // 300;
    my $many = Sandbox->new(users => 1, unassigned => 10000, limits => 'off',
        conf => "SandboxSites 0\nSandboxQueues 0\n");
    my $began = time;
    my %status;
    my @ids = map {
        my $r = $many->api(POST => $users, person("p$_\@test.example.com", active => $t));
        $status{ $r->{status} }++;
        $r->{json}{id};
    } 1 .. $n;
    my $took = time - $began;
    is_deeply \%status, { 201 => $n };
    is_deeply \@ids, [ sort { $a <=> $b } @ids ], 'always the lowest';
    is $many->api(GET => "$users?count=0")->{json}{totalResults}, $n + 1;
    $began = time;
    $many->api(DELETE => "$users/$_") for reverse @ids;
    note sprintf '%d creates in %.2f s, deletes in %.2f s', $n, $took, time - $began;
    is $many->api(GET => "$users?count=0")->{json}{totalResults}, 1;
    is $many->api(POST => $users, person('p@test.example.com'))->{json}{id}, $ids[0];
    is join('', $many->log_problems), '', 'the error log is clean';
};

is join('', $sb->log_problems), '', 'the error log is clean';
done_testing;
