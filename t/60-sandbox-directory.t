#!/usr/bin/env perl
# The sandbox's dictionaries, directory, numbers, sites, roles and queues.
use strict;
use warnings;
use utf8;
use Test::More;
use Sandbox;

plan skip_all => Sandbox::missing() if Sandbox::missing();
my $sb = Sandbox->new(users => 60, unassigned => 4, limits => 'off');
my $v1 = '/restapi/v1.0';
my $base = "$v1/account/~";
binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

sub get { $sb->api(GET => @_) }
sub records { @{ get(@_)->{json}{records} } }
sub problem { my $r = shift; my $e = $r->{json}{errors}[0]; join ' ', $r->{status}, $e->{errorCode}, $e->{parameterName} // '-' }

subtest 'rule 44: countries' => sub {
    my @all = map { records("$v1/dictionary/country?perPage=100&page=$_") } 1 .. 3;
    is scalar @all, 249;
    my %by_iso = map { $_->{isoCode} => $_ } @all;
    is $by_iso{US}{id}, '1';
    is $by_iso{CA}{id}, '39';
    is $by_iso{GB}{id}, '224';
    is $by_iso{US}{name}, 'United States';
    is $by_iso{GB}{callingCode}, '44';
    my %id = map { $_->{id} => 1 } @all;
    is scalar(keys %id), 249, 'unique ids';
    is get("$v1/dictionary/country/224")->{json}{isoCode}, 'GB';
    is problem(get("$v1/dictionary/country/9999")), '404 CMN-102 countryId';
    my $r = get("$v1/dictionary/country");
    is $r->{json}{paging}{perPage}, 100;
    ok $r->{json}{navigation}{nextPage};
};

subtest 'rule 44: states' => sub {
    my @us = records("$v1/dictionary/state?countryId=1");
    is scalar @us, 55;
    is_deeply { map { $_ => $us[0]{$_} } qw(id isoCode name) },
        { id => '12', isoCode => 'AL', name => 'Alabama' };
    is $us[0]{country}{id}, '1';
    is scalar(records("$v1/dictionary/state?countryId=39")), 13;
    cmp_ok scalar(records("$v1/dictionary/state?countryId=224")), '>', 40;
    cmp_ok scalar(records("$v1/dictionary/state?allCountries=true&perPage=1000")), '>', 300;
    is get("$v1/dictionary/state/12")->{json}{name}, 'Alabama';
    is problem(get("$v1/dictionary/state")), '400 CMN-101 countryId';
    is problem(get("$v1/dictionary/state/1")), '404 CMN-102 stateId';
};

subtest 'rule 44: languages and time zones' => sub {
    my %zone = map { $_->{id} => $_ } records("$v1/dictionary/timezone?perPage=1000");
    is $zone{58}{name}, 'US/Pacific';
    is $zone{58}{bias}, '-480';
    is $zone{6}{name}, 'Europe/Berlin';
    my %language = map { $_->{id} => $_ } records("$v1/dictionary/language");
    is $language{1033}{localeCode}, 'en-US';
    is $language{1031}{name}, 'German (Germany)';
};

subtest 'dictionaries have an ETag' => sub {
    for (qw(country country/1 state?countryId=1 language timezone)) {
        my $r = get("$v1/dictionary/$_");
        ok $r->{headers}{etag}, $_;
        my $again = get("$v1/dictionary/$_", undef, 'If-None-Match' => $r->{headers}{etag});
        is $again->{status}, 304;
        is $again->{content} // '', '';
    }
};

subtest 'rule 79: names in the language of the caller' => sub {
    is get("$v1/dictionary/country/1", undef, 'Accept-Language' => 'de-DE')->{json}{name},
        'Vereinigte Staaten';
    is get("$v1/dictionary/state/17", undef, 'Accept-Language' => 'de-DE')->{json}{name},
        'Kalifornien';
    is get("$v1/dictionary/country/1", undef, 'Accept-Language' => 'en-US')->{json}{name},
        'United States';
};

my $entries = "$base/directory/entries";
subtest 'rule 103: the directory' => sub {
    my $r = get("$entries?showFederated=false");
    is $r->{json}{paging}{perPage}, 1000;
    my @all = @{ $r->{json}{records} };
    is_deeply [ grep { !/^(Enabled|Disabled|NotActivated)$/ } map { $_->{status} } @all ], [];
    my ($e) = grep { $_->{type} eq 'User' && @{ $_->{phoneNumbers} } > 1 } @all;
    ok !ref $e->{id} && $r->{content} =~ /"id":"$e->{id}"/, 'ids are strings';
    is_deeply [ sort map { $_->{usageType} } @{ $e->{phoneNumbers} } ],
        [qw(DirectNumber MobileNumber)];
    ok !exists $e->{$_}, "no $_" for qw(references creationTime contact);
    my ($truth) = $sb->extensions(id => $e->{id});
    is $e->{$_}, $truth->{contact}{$_}, $_ for qw(firstName lastName email jobTitle department);
    is $e->{extensionNumber}, $truth->{extensionNumber};

    my $users = () = records("$entries?type=User");
    my $others = () = records("$entries?typeGroup=NonUser");
    is $users + $others, scalar @all;
    my ($site) = grep { $_->{id} ne 'main-site' } records("$base/sites");
    ok !(grep { $_->{site}{id} ne $site->{id} } records("$entries?siteId=$site->{id}"));
    is scalar(records("$entries?perPage=$_")), scalar @all, "perPage=$_" for qw(max all);
    is scalar(records("$entries?perPage=10&page=2")), 10;
    is get("$entries?type=IvrMenu&perPage=max")->{json}{paging}{perPage}, 2000, 'as many as there can be';
    is get("$entries?type=IvrMenu&perPage=all")->{json}{paging}{perPage}, 1, 'as many as there are';
    is problem(get("$entries?perPage=$_")), '400 ADG-121 perPage', "perPage $_"
        for qw(2001 0 many);
    is get("$entries/$e->{id}")->{json}{email}, $e->{email};
    is problem(get("$entries/1")), '404 ADG-122 -';
    is problem(get("$entries?$_=odd")), "400 ADG-121 $_", $_
        for qw(type typeGroup showFederated accessibleSitesOnly page);
    ok !(grep { $_->{account} } @all), 'no account with showFederated=false';
    is +(records($entries))[0]{account}{companyName}, 'Demo Company', 'with it otherwise';
    is scalar(records("$entries?siteId=none")), 0;
    my $again = get("$entries?showFederated=false", undef, 'If-None-Match' => $r->{headers}{etag});
    is $again->{status}, 304;
    is $again->{content} // '', '';
    is $again->{headers}{etag}, $r->{headers}{etag};
    $sb->config(limits => 'real');
    my @left = map { get("$entries?showFederated=false", undef, 'If-None-Match' => $r->{headers}{etag})
            ->{headers}{'x-rate-limit-remaining'} } 1 .. 2;
    is $left[0] - $left[1], 1, 'a 304 counts one call';
    $sb->config(limits => 'off');
    $sb->api(PUT => "$base/extension/$e->{id}", { contact => { jobTitle => 'Other' } });
    is get("$entries?showFederated=false", undef, 'If-None-Match' => $r->{headers}{etag})
        ->{status}, 200, 'another ETag after a change';
};

subtest 'rule 103: the search' => sub {
    my $search = sub { $sb->api(POST => "$entries/search", { showFederated => JSON::PP::false, @_ }) };
    my $found = sub { @{ $search->(@_)->{json}{records} } };
    my @all = records("$entries?showFederated=false&perPage=all");
    my $r = $search->();
    is_deeply $r->{json}{records}, \@all, 'nothing asked: all, in the order of the list';
    is $r->{json}{paging}{perPage}, 1000;
    is $r->{headers}{'x-rate-limit-group'} // 'heavy', 'heavy', 'a Heavy call';
    my ($e) = grep { $_->{type} eq 'User' && $_->{lastName} && $_->{department}
        && @{ $_->{phoneNumbers} } } @all;
    my $ids = sub { join ' ', sort map { $_->{id} } @_ };
    my $like = sub { my ($field, $part) = @_; $ids->(grep { ($_->{$field} // '') =~ /\Q$part\E/i } @all) };
    for my $field (qw(firstName lastName email department extensionNumber)) {
        my $part = uc substr $e->{$field}, 0, 3;
        is $ids->($found->(searchString => $part, searchFields => [$field])), $like->($field, $part),
            "searchString in $field";
    }
    my $phone = $e->{phoneNumbers}[0]{phoneNumber};
    is $ids->($found->(searchString => substr($phone, 2))), $e->{id}, 'a number, in all fields';
    is $ids->($found->(searchString => substr($phone, 2), searchFields => ['email'])), '', 'not in others';
    is $ids->($found->(extensionIds => [ $e->{id}, '1' ])), $e->{id}, 'extensionIds';
    is $ids->($found->(extensionType => 'IvrMenu')), $ids->(grep { $_->{type} eq 'IvrMenu' } @all), 'extensionType';
    is $ids->($found->(extensionTypes => [qw(IvrMenu Department)])),
        $ids->(grep { $_->{type} =~ /^(?:IvrMenu|Department)$/ } @all), 'extensionTypes';
    is $ids->($found->(extensionStatuses => ['Disabled'])), $ids->(grep { $_->{status} eq 'Disabled' } @all),
        'extensionStatuses';
    is $ids->($found->(department => $e->{department}, siteIds => [ $e->{site}{id} ])),
        $ids->(grep { ($_->{department} // '') eq $e->{department} && $_->{site}{id} eq $e->{site}{id} } @all),
        'department and site';
    is $ids->($found->(accountIds => ['1'])), '', 'another account';
    my @sorted = $found->(extensionType => 'User', orderBy => [ { index => 2, fieldName => 'email' },
        { index => 1, fieldName => 'department', direction => 'Desc' } ]);
    is_deeply [ map { $_->{id} } @sorted ], [ map { $_->{id} } sort {
        lc($b->{department} // '') cmp lc($a->{department} // '') || lc($a->{email} // '') cmp lc($b->{email} // '')
    } @sorted ], 'orderBy';
    is_deeply [ $found->(perPage => 5, page => 2) ], [ @all[ 5 .. 9 ] ], 'pages';
    ok !(grep { !$_->{account} } @{ $search->(showFederated => JSON::PP::true)->{json}{records} }), 'accounts';
    is problem($search->(%$_)), '400 ADG-121 ' . (keys %$_)[0], (keys %$_)[0]
        for { perPage => 2001 }, { page => 0 }, { searchFields => ['x'] }, { searchString => 5 },
        { extensionStatuses => ['Odd'] }, { extensionIds => [ 1 .. 3 ] }, { extensionIds => [ map { "$_" } 1 .. 101 ] },
        { orderBy => [ { fieldName => 'id' } ] }, { siteIds => 'x' };
    is problem($sb->api(POST => "$entries/search", [])), '400 ADG-112 -', 'no object';
};

subtest 'rule 104: lag and hidden users' => sub {
    my $hidden = $sb->api(POST => "$base/extension", { hidden => JSON::PP::true,
            contact => { firstName => 'H', email => 'hidden@test.example.com' } })->{json};
    is get("$entries/$hidden->{id}")->{status}, 200;
    $sb->config(directory_hidden => 'omit');
    is get("$entries/$hidden->{id}")->{status}, 404;
    $sb->config(directory_hidden => undef, directory_lag_ms => 5000);
    my $late = $sb->api(POST => "$base/extension",
        { contact => { firstName => 'L', email => 'late@test.example.com' } })->{json};
    my $listed = sub { scalar grep { $_->{id} == $late->{id} } records($entries) };
    is $listed->(), 0;
    is problem(get("$entries/$late->{id}")), '404 ADG-122 -', 'the single entry lags too';
    my $etag = get($entries)->{headers}{etag};
    is get($entries, undef, 'If-None-Match' => $etag)->{status}, 304, 'nothing has changed yet';
    is $sb->api(GET => "$base/extension/$late->{id}")->{status}, 200, 'the extension is there';
    $sb->advance(6);
    is $listed->(), 1;
    is get($entries, undef, 'If-None-Match' => $etag)->{status}, 200;
    is get("$entries/$late->{id}")->{status}, 200;
    $sb->api(DELETE => "$base/extension/$late->{id}");
    is get("$entries/$late->{id}")->{status}, 200, 'still seen after a deletion';
    $sb->advance(6);
    is get("$entries/$late->{id}")->{status}, 404;
    $sb->config(directory_lag_ms => undef);
};

subtest 'rules 43 and 100: numbers of the account' => sub {
    my $one = get("$base/phone-number?perPage=1000");
    my $two = get('/restapi/v2/accounts/~/phone-numbers?perPage=5000');
    is $two->{json}{paging}{perPage}, 1000, 'v2 clamps';
    ok $one->{json}{navigation};
    ok !exists $two->{json}{navigation};
    is scalar @{ $one->{json}{records} }, scalar @{ $two->{json}{records} };
    like $one->{content}, qr/"id":\d/, 'v1 integers';
    like $two->{content}, qr/"id":"\d/, 'v2 strings';
    like $_->{phoneNumber}, qr/^\+\d+$/ for $one->{json}{records}[0];
    my %usage = map { $_->{usageType} => 1 }
        records("$base/phone-number?usageType=DirectNumber&usageType=MainCompanyNumber");
    is_deeply [ sort keys %usage ], [qw(DirectNumber MainCompanyNumber)];
    is problem(get("$base/phone-number?usageType=Odd")), '400 CMN-101 usageType';
    ok !(grep { !$_->{extension} } records("$base/phone-number?extensionStatus=Unassigned"));
};

subtest 'rules 101 and 102: numbers of an extension' => sub {
    my $e = $sb->api(POST => "$base/extension",
        { contact => { firstName => 'N', email => 'n@test.example.com' } })->{json};
    my $path = "$base/extension/$e->{id}/phone-number";
    my @company = records($path);
    ok @company && !(grep { $_->{usageType} !~ /CompanyNumber/ } @company);
    is scalar(records("$path?usageType=DirectNumber")), 0;
    my ($free) = records('/restapi/v2/accounts/~/phone-numbers?usageType=CompanyNumber');
    my $r = $sb->api(PATCH => "/restapi/v2/accounts/~/phone-numbers/$free->{id}",
        { usageType => 'DirectNumber', extension => { id => "$e->{id}" } });
    is $r->{json}{extension}{id}, $e->{id};
    is +(records("$path?usageType=DirectNumber"))[0]{phoneNumber}, $free->{phoneNumber};
    is problem($sb->api(PATCH => '/restapi/v2/accounts/~/phone-numbers/1',
            { usageType => 'DirectNumber' })), '404 CMN-102 -',
        'v2 names a parameter in a 400 only';
    is problem($sb->api(PATCH => "/restapi/v2/accounts/~/phone-numbers/$free->{id}",
            { usageType => 'DirectNumber', extension => { id => '1' } })),
        '400 CMN-102 extension.id';
    is problem($sb->api(PATCH => "/restapi/v2/accounts/~/phone-numbers/$free->{id}",
            { usageType => 'Odd' })), '400 CMN-101 usageType';
};

subtest 'sites' => sub {
    my @sites = records("$base/sites");
    is $sites[0]{id}, 'main-site';
    is scalar @sites, 4;
    is get("$base/sites/$sites[1]{id}")->{json}{name}, $sites[1]{name};
    my @members = records("$base/sites/$sites[1]{id}/members");
    my @truth = grep { ($_->{site}{id} // '') eq $sites[1]{id} } $sb->extensions;
    is_deeply [ sort map { $_->{id} } @members ], [ sort map { $_->{id} } @truth ];
    is get("$base/sites/main-site/members")->{status}, 404, 'not of the main site';
};

subtest 'roles (rule 114)' => sub {
    my @roles = records("$base/user-role");
    is scalar @roles, 8;
    is scalar(records("$base/user-role?custom=true")), 3;
    is get("$base/user-role/default")->{json}{displayName}, 'Standard';
    is get("$base/user-role/1")->{json}{displayName}, 'Super Admin';
    is problem(get("$base/user-role/77")), '404 CMN-102 roleId';
    my $all = get("$base/assigned-role?perPage=5")->{json};
    cmp_ok scalar @{ $all->{records} }, '>', 60, 'all on one page';
    is $all->{records}[0]{roles}[0]{displayName}, 'Super Admin', 'the administrator';
    $sb->config(assigned_role_paging => 'honoured');
    is scalar(records("$base/assigned-role?perPage=5")), 5;
    $sb->config(assigned_role_paging => undef);
    is +(records("$base/extension/~/assigned-role"))[0]{id}, '1';
};

subtest 'call queues (rule 116)' => sub {
    my @queues = records("$base/call-queues");
    is scalar @queues, 3;
    my ($id, @members);
    for my $q (@queues) {
        @members = records("$base/call-queues/$q->{id}/members");
        $id = $q->{id};
        last if @members;
    }
    ok scalar @members;
    my ($truth) = $sb->extensions(id => $members[0]{id});
    ok scalar(grep { $_ eq $id } @{ $truth->{queues} }), 'both sides agree';
    ok scalar(grep { $_->{id} eq $id }
            records("$base/call-queues?memberExtensionId=$members[0]{id}"));
    is get("$base/extension/$members[0]{id}")->{json}{departments}[0]{id}, $id;
    is get("$base/call-queues/$id")->{json}{id}, $id;
    $sb->api(DELETE => "$base/extension/$members[0]{id}");
    is scalar(records("$base/call-queues/$id/members")), @members - 1, 'a deleted one left';
    is problem(get("$base/call-queues/1")), '404 CMN-102 groupId';
};

subtest 'the rest' => sub {
    is get("$base/custom-fields")->{json}{records}[0]{displayName}, 'Employee number';
    is get($base)->{json}{status}, 'Confirmed';
    is get('/restapi/v2/accounts/~')->{json}{companyName}, 'Demo Company';
    is get("$base/service-info")->{json}{brand}{name}, 'RingCentral';
    is get($v1)->{json}{uriString}, 'v1.0';
    is $sb->request(GET => '/restapi')->{json}{apiVersions}[0]{uriString}, 'v1.0';
    is get('/restapi/v9')->{status}, 404;
    is problem(get("$v1/account/5/extension")), '404 CMN-102 accountId';
    ok get("$base/extension/~/authz-profile")->{json}{permissions};
    my $check = "$base/extension/~/authz-profile/check?permissionId=AddRemoveUsers";
    ok get($check)->{json}{successful};
    $sb->config(missing_user_permissions => 'AddRemoveUsers');
    ok !get($check)->{json}{successful};
    is_deeply [ records("$base/call-monitoring-groups") ], [];
};

is join('', $sb->log_problems), '', 'the error log is clean';
done_testing;
