#!/usr/bin/env perl
# The sandbox's extensions (sandbox.md sections 4 and 5).
use strict;
use warnings;
use utf8;
use JSON::PP;
use Test::More;
use Sandbox;

plan skip_all => Sandbox::missing() if Sandbox::missing();
my $sb = Sandbox->new(users => 40, unassigned => 3, limits => 'off');
my $list = '/restapi/v1.0/account/~/extension';
my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $account = $sb->control(GET => '')->{accountId};
binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

sub problem {
    my $r = shift;
    my $e = $r->{json}{errors}[0] // {};
    return join ' ', $r->{status}, $e->{errorCode} // '-', $e->{parameterName} // '-';
}
sub get { $sb->api(GET => "$list/$_[0]") }
sub put { $sb->api(PUT => "$list/$_[0]", $_[1]) }
sub post { $sb->api(POST => $list, $_[0]) }
sub all { @{ $sb->api(GET => "$list?perPage=1000" . ($_[0] // ''))->{json}{records} } }
my $n = 0;
sub person { $n++; +{ contact => { firstName => "P$n", lastName => 'Test',
    email => "p$n\@test.example.com", %{ $_[0] // {} } } } }
sub made { my $r = post(person(@_)); is $r->{status}, 200 or diag $r->{content}; $r->{json} }
sub first_unassigned { (sort { $a->{id} <=> $b->{id} } all('&status=Unassigned'))[0]{id} }

subtest 'rules 40 to 44: the sample company' => sub {
    my @all = all();
    is scalar(grep { $_->{status} eq 'Unassigned' } @all), 3;
    is scalar(grep { $_->{type} eq 'User' && $_->{status} ne 'Unassigned' } @all), 40,
        'forty people, the administrator among them';
    my %type = map { $_->{type} => 1 } @all;
    ok $type{$_}, $_ for qw(Department IvrMenu Announcement);
    my %country = map { ($_->{contact}{businessAddress}{country} // '-') => 1 } @all;
    ok $country{$_}, $_ for 'United States', 'Canada', 'United Kingdom', 'Germany';
    my %status = map { $_->{status} => 1 } @all;
    ok $status{$_}, $_ for qw(Enabled Disabled NotActivated);
    ok scalar(grep { ($_->{name} // '') =~ /[^\x00-\x7f]/ } @all), 'names beyond ASCII';
    my %email;
    $email{ lc $_->{contact}{email} }++ for grep { $_->{contact}{email} } @all;
    is_deeply [ grep { $email{$_} > 1 } keys %email ], [], 'unique e-mails';
    my $again = Sandbox->new(users => 40, unassigned => 3);
    is_deeply [ $again->extensions ], [ $sb->extensions ], 'the same every time';
    my $other = Sandbox->new(users => 40, unassigned => 3, seed => 2);
    my ($one, $two) = map { join ' ', map { $_->{contact}{email} // '' } $_->extensions }
        $sb, $other;
    isnt $one, $two, 'another seed makes another company';
};

subtest 'rule 42: unassigned extensions' => sub {
    my $id = first_unassigned();
    my $r = get($id);
    is_deeply [ sort keys %{ $r->{json} } ], [qw(id profileImage status type uri)];
    my ($e) = grep { $_->{id} == $id } all();
    ok !exists $e->{extensionNumber} && !exists $e->{name};
    is $e->{hidden}, $true;
    my ($truth) = $sb->extensions(id => $id);
    is $truth->{phoneNumbers}[0]{usageType}, 'DirectNumber';
    ok $truth->{phoneNumbers}[0]{deviceId}, 'with a device';
};

subtest 'rule 50: the list and its filters' => sub {
    my $r = $sb->api(GET => $list);
    is $r->{json}{paging}{page}, 1;
    is $r->{json}{paging}{perPage}, 100;
    is problem($sb->api(GET => "$list?$_->[0]")), "400 CMN-101 $_->[1]", $_->[0]
        for [ 'status=Odd', 'status' ], [ 'type=Odd', 'type' ], [ 'page=0', 'page' ],
        [ 'page=x', 'page' ], [ 'perPage=0', 'perPage' ], [ 'perPage=-1', 'perPage' ];
    my @some = all('&status=Disabled&status=NotActivated&type=User');
    is_deeply [ sort keys %{ { map { $_->{status} => 1 } @some } } ],
        [qw(Disabled NotActivated)], 'repeated status';
    my ($a, $b) = (grep { $_->{contact}{email} } all('&type=User'))[ 3, 7 ];
    is_deeply [ sort map { $_->{id} }
            all("&email=$a->{contact}{email}&email=$b->{contact}{email}") ],
        [ sort $a->{id}, $b->{id} ], 'repeated email';
    is_deeply [ map { $_->{id} } all('&email=' . uc $a->{contact}{email}) ], [ $a->{id} ];
    is_deeply [ map { $_->{id} } all("&extensionNumber=$a->{extensionNumber}") ],
        [ $a->{id} ];
    is_deeply [ all('&email=nobody@example.com') ], [];
};

subtest 'rule 51: perPage above 1000' => sub {
    is $sb->api(GET => "$list?perPage=5000")->{json}{paging}{perPage}, 1000;
    $sb->config(perpage_over => 'reject');
    is problem($sb->api(GET => "$list?perPage=1001")), '400 CMN-101 perPage';
    $sb->config(perpage_over => undef);
};

subtest 'rule 52: envelope and pages' => sub {
    my $total = $sb->api(GET => $list)->{json}{paging}{totalElements};
    my (%seen, $pages);
    for my $page (1 .. 10) {
        my $j = $sb->api(GET => "$list?perPage=7&page=$page")->{json};
        $pages = $j->{paging}{totalPages};
        last if $page > $pages;
        $seen{ $_->{id} }++ for @{ $j->{records} };
        is exists $j->{navigation}{nextPage}, $page < $pages, "nextPage of page $page";
        is exists $j->{navigation}{previousPage}, $page > 1;
    }
    is scalar(keys %seen), $total, 'every extension once';
    my $j = $sb->api(GET => "$list?perPage=7&page=99")->{json};
    is_deeply $j->{records}, [];
    ok !exists $j->{paging}{$_}, "no $_ beyond the end" for qw(page pageStart pageEnd);
    like $j->{navigation}{firstPage}{uri}, qr{/account/$account/extension\?page=1&perPage=7};
};

subtest 'rule 53: records are shorter than single reads' => sub {
    for my $e (all()) {
        ok !exists $e->{$_}, "no $_"
            for qw(customFields regionalSettings departments setupWizardState statusInfo
            siteAccess account);
        last;
    }
};

subtest 'rule 54: order and letter case' => sub {
    my @random = map { $_->{id} } all();
    is_deeply [ map { $_->{id} } all() ], \@random, 'stable';
    $sb->config(order => 'id');
    my @sorted = map { $_->{id} } all();
    is_deeply \@sorted, [ sort { $a <=> $b } @random ];
    isnt "@sorted", "@random";
    $sb->config(order => 'insertion', email_case => 'sensitive');
    is scalar(all('&email=ADMIN@demo-company.example.com')), 0;
    $sb->config(order => undef, email_case => undef);
    is scalar(all('&email=ADMIN@demo-company.example.com')), 1;
};

subtest 'rule 56: lists may lag' => sub {
    $sb->config(list_lag_ms => 60000);
    my $e = made();
    my $old = first_unassigned();
    put($old, { %{ person() }, status => 'NotActivated' });
    is scalar(grep { $_->{id} == $e->{id} } all()), 0, 'a new one is not listed yet';
    is get($e->{id})->{status}, 200, 'but can be read';
    is((grep { $_->{id} == $old } all())[0]{status}, 'Unassigned');
    $sb->api(DELETE => "$list/$e->{id}");
    $sb->advance(61);
    is((grep { $_->{id} == $old } all())[0]{status}, 'NotActivated');
    my $gone = made();
    $sb->advance(61);
    $sb->api(DELETE => "$list/$gone->{id}");
    is scalar(grep { $_->{id} == $gone->{id} } all()), 1, 'a deleted one is still listed';
    $sb->config(list_lag_ms => 0, filter_lag_ms => 60000);
    my $x = made();
    is scalar(grep { $_->{id} == $x->{id} } all()), 1;
    is scalar(all("&email=$x->{contact}{email}")), 0, 'the filter lags on its own';
    $sb->config(filter_lag_ms => 0);
    $sb->reset;
};

subtest 'rule 57: single read' => sub {
    my $e = get((grep { $_->{status} eq 'Enabled' && $_->{type} eq 'User' } all())[0]{id})
        ->{json};
    ok exists $e->{$_}, $_
        for qw(account regionalSettings departments setupWizardState roles extensionNumbers);
    ok !exists $e->{statusInfo};
    put($e->{id}, { status => 'Disabled', statusInfo => { comment => 'left',
                reason => 'Voluntarily' } });
    is_deeply get($e->{id})->{json}{statusInfo},
        { comment => 'left', reason => 'Voluntarily' };
    put($e->{id}, { status => 'Enabled' });
    ok !exists get($e->{id})->{json}{statusInfo};
    is problem(get(1)), '404 CMN-102 extensionId';
    is problem(get('abc')), '404 CMN-102 extensionId';
    ok !exists get($e->{id})->{headers}{etag}, 'no ETag';
};

subtest 'rule 58: several ids in one path' => sub {
    my ($a, $b) = map { $_->{id} } (all('&type=User'))[ 0, 1 ];
    is problem(get("$a,$b")), '404 CMN-102 extensionId';
    $sb->config(multi_id_extension => 'on', multi_id_max => 2);
    my $r = get("$a,1");
    is $r->{status}, 207;
    is_deeply [ map { $_->{status} } @{ $r->{json} } ], [ 200, 404 ];
    is problem(get("$a,$b,$a")), '400 CMN-106 -';
    $sb->config(multi_id_extension => undef, multi_id_max => undef);
};

subtest 'rule 59: what a create needs' => sub {
    is problem(post({ contact => { email => 'a@b.example' } })),
        '400 CMN-101 contact.firstName';
    is problem(post({ contact => { firstName => 'A' } })), '400 CMN-101 contact.email';
    is problem(post({ contact => { firstName => 'A', email => $_ } })),
        '400 CMN-101 contact.email', $_
        for 'plain', 'a@b@c.example', '@b.example', 'a b@c.example', '';
    is problem(post(person({ $_ => 'x' x 65 }))), "400 CMN-101 contact.$_"
        for qw(firstName lastName company jobTitle department);
    is post(person({ firstName => 'ü' x 64 }))->{status}, 200, '64 letters, not bytes';
    is problem(post(person({ email => ('x' x 250) . '@b.example' }))),
        '400 CMN-101 contact.email';
    is problem(post([])), '400 CMN-103 -';
};

subtest 'rule 60: what a new one is' => sub {
    my $e = made();
    is $e->{status}, 'NotActivated';
    is $e->{setupWizardState}, 'NotStarted';
    is $e->{type}, 'User';
    like $e->{extensionNumber}, qr/^\d{3,}$/;
    is $e->{hidden}, $false;
    is $e->{site}{id}, 'main-site';
    is $e->{contact}{businessAddress}{country}, 'United States';
    is $e->{regionalSettings}{homeCountry}{id}, '1';
    is $e->{roles}[0]{displayName}, 'Standard', 'the default role';
    is $e->{name}, "P$n Test";
    like $e->{creationTime}, qr/^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
    is_deeply get($e->{id})->{json}, $e;
    my $f = made();
    isnt $f->{extensionNumber}, $e->{extensionNumber};
    cmp_ok $f->{id}, '>', $e->{id};
};

subtest 'rule 61: emailAsLoginName' => sub {
    is made()->{contact}{emailAsLoginName}, $true;
    $sb->config(email_as_login_default => 'false');
    is made()->{contact}{emailAsLoginName}, $false;
    $sb->config(email_as_login_default => undef);
    is made({ emailAsLoginName => $false })->{contact}{emailAsLoginName}, $false;
};

subtest 'rule 62: enabled at once' => sub {
    my %good = (status => 'Enabled', password => 'Str0ng!Passw0rd');
    is post({ %{ person() }, %good })->{json}{status}, 'Enabled';
    is problem(post({ %{ person() }, status => 'Enabled' })), '400 CMN-101 status';
    $sb->config(enable_needs_pin => 1);
    is problem(post({ %{ person() }, %good })), '400 CMN-101 status';
    is post({ %{ person() }, %good, ivrPin => '918273' })->{json}{status}, 'Enabled';
    $sb->config(enable_needs_pin => undef);
};

subtest 'rule 63: members that do not belong there' => sub {
    is problem(post({ %{ person() }, roles => [ { id => '1' } ] })), '400 CMN-101 roles';
    is post({ %{ person() }, permissions => {}, strange => 1 })->{status}, 200;
    $sb->config(unknown_body => 'reject');
    is problem(post({ %{ person() }, strange => 1 })), '400 CMN-101 strange';
    $sb->config(unknown_body => undef);
};

subtest 'rule 64: no last name for what is no user' => sub {
    is problem(post({ %{ person() }, type => 'Announcement' })), '400 EXT-356 -';
    my $r = post({ type => 'Announcement', name => 'Hello',
            contact => { firstName => 'Hello', email => 'h@b.example' } });
    is $r->{json}{type}, 'Announcement';
};

subtest 'rules 65 and 82: numbers and login names are unique' => sub {
    my $e = made();
    my $number = $e->{extensionNumber};
    is problem(post({ %{ person() }, extensionNumber => $number })),
        '400 EXT-999 extensionNumber';
    my ($queue) = all('&type=Department');
    is problem(post({ %{ person() }, extensionNumber => $queue->{extensionNumber} })),
        '400 EXT-998 extensionNumber';
    is problem(post({ %{ person() }, extensionNumber => $_ })),
        '400 CMN-101 extensionNumber', "number $_" for '123456789', '12a', '-5';
    is post({ %{ person() }, extensionNumber => '87654321' })->{json}{extensionNumber},
        '87654321';
    my $mail = $e->{contact}{email};
    is problem(post(person({ email => uc $mail }))), '400 EXT-997 contact.email';
    is made({ email => $mail, emailAsLoginName => $false })->{contact}{email}, $mail;
    is scalar(all("&email=$mail")), 2, 'duplicates that are no login name';
    $sb->config(dup_login_email =>
            { status => 409, code => 'EXT-123', message => 'taken', parameterName => undef });
    is problem(post(person({ email => $mail }))), '409 EXT-123 contact.email', 'as the knob says';
    $sb->config(dup_login_email => undef);
    is problem(put(made()->{id}, { contact => { email => $mail } })),
        '400 EXT-997 contact.email';
};

subtest 'rule 66: no line, and a cap' => sub {
    my $e = made();
    my ($truth) = $sb->extensions(id => $e->{id});
    is_deeply $truth->{phoneNumbers}, [];
    $sb->config(account_cap => 5);
    is problem(post(person())), '403 EXT-996 -';
    $sb->config(account_cap => 'off');
};

subtest 'rules 67 and 70: references' => sub {
    my @ref = ({ ref => 'abc-1', type => 'CustomerDirectoryId' });
    my $e = post({ %{ person() }, references => \@ref })->{json};
    is_deeply $e->{references}, \@ref;
    is_deeply((all("&email=$e->{contact}{email}"))[0]{references}, \@ref, 'in the list too');
    my @other = ({ ref => 'p', type => 'PartnerId' });
    is_deeply put($e->{id}, { references => \@other })->{json}{references}, \@other,
        'replaced';
    $sb->config(references_merge => 'merge');
    is scalar @{ put($e->{id}, { references => \@ref })->{json}{references} }, 2;
    $sb->config(references_merge => undef, references_unique => 1);
    is problem(put(made()->{id}, { references => \@ref })), '400 CMN-101 references';
    $sb->config(references_unique => undef, references_writable => 0);
    ok !exists post({ %{ person() }, references => \@ref })->{json}{references};
    $sb->config(references_writable => undef);
    is problem(put($e->{id}, { references => [ { ref => 'x', type => 'Odd' } ] })),
        '400 CMN-101 references';
    ok !exists put($e->{id}, { references => [] })->{json}{references}, 'emptied';
};

subtest 'rule 69: PUT merges' => sub {
    my $e = made({ jobTitle => 'Clerk', department => 'Sales', mobilePhone => '+16505550199' });
    my $r = put($e->{id}, { contact => { lastName => 'Other' } });
    is $r->{status}, 200;
    $e->{contact}{lastName} = 'Other';
    $e->{name} =~ s/Test/Other/;
    is_deeply $r->{json}, $e, 'nothing else changed';
    is put($e->{id}, {})->{status}, 200;
};

subtest 'rule 70: custom fields merge by id' => sub {
    my $e = made();
    put($e->{id}, { customFields => [ { id => '900', value => 'a' } ] });
    my $r = put($e->{id}, { customFields => [ { id => '901', value => 'b' } ] });
    is_deeply [ map { "$_->{id}=$_->{value}" } @{ $r->{json}{customFields} } ],
        [ '900=a', '901=b' ];
    is problem(put($e->{id}, { customFields => [ { id => '1', value => 'x' } ] })),
        '400 CMN-102 customFields.id';
};

subtest 'rule 71: null and ""' => sub {
    my $e = made({ jobTitle => 'Clerk' });
    is put($e->{id}, { contact => { jobTitle => undef } })->{json}{contact}{jobTitle}, 'Clerk';
    $sb->config(null_semantics => 'reject');
    is problem(put($e->{id}, { contact => { jobTitle => undef } })),
        '400 CMN-101 contact.jobTitle';
    $sb->config(null_semantics => 'clear');
    ok !exists put($e->{id}, { contact => { jobTitle => undef } })->{json}{contact}{jobTitle};
    $sb->config(null_semantics => undef);
    ok !exists put($e->{id}, { contact => { lastName => '' } })->{json}{contact}{lastName};
    is problem(put($e->{id}, { contact => { $_ => '' } })), "400 CMN-101 contact.$_"
        for qw(firstName email);
};

subtest 'rules 68 and 72: members for create only' => sub {
    my $e = post({ %{ person() }, hidden => $true, costCenter => { id => 'root' } })->{json};
    is $e->{hidden}, $true;
    is $e->{costCenter}{id}, 'root';
    is problem(put($e->{id}, { hidden => $false })), '400 CMN-101 hidden';
    my $r = put($e->{id}, { costCenter => { id => 'x' }, roles => [], name => 'N' });
    is $r->{status}, 200;
    is $r->{json}{costCenter}{id}, 'root';
    is $r->{json}{name}, $e->{name};
};

subtest 'rules 73 and 74: status' => sub {
    my $e = made();
    is problem(put($e->{id}, { status => $_ })), '400 CMN-101 status', $_
        for qw(Unassigned Odd Frozen);
    is problem(put($e->{id}, { status => 'Enabled' })), '400 CMN-101 status',
        'no password yet';
    is put($e->{id}, { status => 'Enabled', password => 'Str0ng!Passw0rd' })->{json}{status},
        'Enabled';
    is put($e->{id}, { status => $_ })->{json}{status}, $_
        for qw(Disabled Enabled Disabled NotActivated Disabled);
    $sb->config(enable_needs_password => 0);
    is put(made()->{id}, { status => 'Enabled' })->{json}{status}, 'Enabled';
    $sb->config(enable_needs_password => undef, allow_frozen => 1);
    is put($e->{id}, { status => 'Frozen' })->{json}{status}, 'Frozen';
    $sb->config(allow_frozen => undef, bad_transition =>
            { status => 403, code => 'EXT-1', message => 'no', parameterName => 'status' });
    is problem(put($e->{id}, { status => 'Enabled' })), '403 EXT-1 status';
    $sb->config(bad_transition => undef);
};

subtest 'rule 75: an unassigned extension becomes a user' => sub {
    my $id = first_unassigned();
    my $r = put($id, { contact => { firstName => 'Later' } });
    is $r->{json}{status}, 'Unassigned';
    ok !exists $r->{json}{contact}, 'the contact is kept invisible';
    $r = put($id, { %{ person() }, status => 'NotActivated' });
    is $r->{status}, 200;
    is $r->{json}{id}, $id;
    is $r->{json}{status}, 'NotActivated';
    is $r->{json}{hidden}, $false;
    like $r->{json}{extensionNumber}, qr/^\d+$/, 'a number is given';
    my ($truth) = $sb->extensions(id => $id);
    is scalar @{ $truth->{phoneNumbers} }, 1, 'the line stays';
    is((grep { $_->{id} == $id } all())[0]{status}, 'NotActivated');
    my $next = first_unassigned();
    is put($next, { %{ person() }, status => 'Enabled', extensionNumber => '7001' })
        ->{json}{extensionNumber}, '7001';
};

subtest 'rule 76: passwords' => sub {
    my $e = made();
    is problem(put($e->{id}, { password => $_->[0] })), "400 $_->[1] password", $_->[0]
        for [ 'Short1!', 'PWD-001' ], [ 'NoDigitsHere!', 'PWD-002' ],
        [ 'alllower1!', 'PWD-003' ], [ 'ALLUPPER1!', 'PWD-004' ],
        [ 'NoSpecial11', 'PWD-005' ];
    is put($e->{id}, { password => 'Str0ng!Passw0rd' })->{status}, 200;
    unlike get($e->{id})->{content}, qr/Str0ng/, 'never shown';
};

subtest 'rule 77: regional settings' => sub {
    my $e = made();
    my $r = put($e->{id}, { regionalSettings => { timezone => { id => '6' },
                language => { id => '1031' }, homeCountry => { id => '224' } } });
    is $r->{json}{regionalSettings}{timezone}{name}, 'Europe/Berlin';
    is $r->{json}{regionalSettings}{language}{localeCode}, 'de-DE';
    is $r->{json}{regionalSettings}{homeCountry}{isoCode}, 'GB';
    is $r->{json}{regionalSettings}{formattingLocale}{id}, '1033', 'merged';
    is problem(put($e->{id}, { regionalSettings => { homeCountry => { id => '99999' } } })),
        '400 EXT-262 -';
    is problem(put($e->{id}, { regionalSettings => { timezone => { id => '999' } } })),
        '400 CMN-102 regionalSettings.timezone.id';
};

subtest 'rules 78 and 79: addresses' => sub {
    my $e = made();
    my $address = sub { put($e->{id}, { contact => { businessAddress => {@_} } }) };
    for ([ 'US', 'CA' ], [ 'United States', 'california' ], [ 'us', 'ca' ]) {
        my $a = $address->(country => $_->[0], state => $_->[1])->{json}{contact}{businessAddress};
        is "$a->{country}/$a->{state}", 'United States/CA', "@$_";
    }
    is problem($address->(state => 'ON')), '400 CMN-101 contact.businessAddress.state';
    is problem($address->(country => 'CA')), '400 CMN-101 contact.businessAddress.state',
        'a state of the other country';
    is problem($address->(country => 'Atlantis')),
        '400 CMN-101 contact.businessAddress.country';
    is problem(post(person({ businessAddress => { country => 'US', city => 'X' } }))),
        '400 CMN-101 contact.businessAddress.state', 'a state is needed';
    my $de = $address->(country => 'Deutschland', state => 'Bayern')->{json}{contact}{businessAddress};
    is "$de->{country}/$de->{state}", 'Germany/BY';
    $sb->config(state_out => 'name');
    is get($e->{id})->{json}{contact}{businessAddress}{state}, 'Bayern';
    $sb->config(state_out => undef);
    is $sb->api(GET => "$list/$e->{id}", undef, 'Accept-Language' => 'de-DE')
        ->{json}{contact}{businessAddress}{country}, 'Deutschland';
    is $address->(country => 'FR', state => 'anything')->{status}, 200,
        'only three countries have mandatory states';
};

subtest 'rules 80 and 81: sites' => sub {
    my $e = made();
    my ($site) = grep { $_->{id} ne 'main-site' }
        @{ $sb->api(GET => '/restapi/v1.0/account/~/sites')->{json}{records} };
    is put($e->{id}, { site => { id => $site->{id} } })->{json}{site}{name}, $site->{name};
    is problem(put($e->{id}, { site => { id => '12' } })), '400 CMN-102 site.id';
    $sb->config(site_feature => 'off');
    is problem(put($e->{id}, { site => { id => $site->{id} } })), '403 CMN-109 -';
    $sb->config(site_feature => undef);
};

subtest 'rule 84: delete' => sub {
    my $e = made();
    is $sb->api(DELETE => "$list/$e->{id}")->{status}, 204;
    is problem(get($e->{id})), '404 CMN-102 extensionId';
    is problem($sb->api(DELETE => "$list/$e->{id}")), '404 CMN-102 extensionId';
    is $sb->api(DELETE => "$list/$account")->{status}, 403, 'not the system extension';

    my $line = (grep { @{ $_->{phoneNumbers} } && $_->{type} eq 'User'
                && $_->{status} eq 'Enabled' && $_->{id} != $account } $sb->extensions)[0];
    my $phone = $line->{phoneNumbers}[0]{phoneNumber};
    my $before = all('&status=Unassigned');
    is $sb->api(DELETE => "$list/$line->{id}?savePhoneLines=true&savePhoneNumbers=true")
        ->{status}, 204;
    my @unassigned = all('&status=Unassigned');
    is scalar @unassigned, $before + 1, 'the line is an unassigned extension now';
    my ($new) = grep { grep { $_->{phoneNumber} eq $phone } @{ $_->{phoneNumbers} } }
        $sb->extensions;
    is $new->{status}, 'Unassigned';
    cmp_ok $new->{id}, '>', $line->{id}, 'with a new id';

    my $other = (grep { @{ $_->{phoneNumbers} } && $_->{type} eq 'User'
                && $_->{status} eq 'Enabled' && $_->{id} != $account } $sb->extensions)[0];
    $sb->api(DELETE => "$list/$other->{id}");
    is scalar(all('&status=Unassigned')), $before + 1, 'by default the line is lost';
};

subtest 'rule 84: direct numbers without a line' => sub {
    my $numbers = '/restapi/v2/accounts/~/phone-numbers';
    my ($company) = @{ $sb->api(GET => "$numbers?usageType=CompanyNumber")->{json}{records} };
    my $e = made();
    $sb->api(PATCH => "$numbers/$company->{id}",
        { usageType => 'DirectNumber', extension => { id => "$e->{id}" } });
    $sb->api(DELETE => "$list/$e->{id}");
    ok((grep { $_->{id} eq $company->{id} }
            @{ $sb->api(GET => "$numbers?usageType=CompanyNumber")->{json}{records} }),
        'becomes a company number');
    $e = made();
    $sb->api(PATCH => "$numbers/$company->{id}",
        { usageType => 'DirectNumber', extension => { id => "$e->{id}" } });
    $sb->api(DELETE => "$list/$e->{id}?savePhoneNumbers=false");
    ok !(grep { $_->{id} eq $company->{id} }
            @{ $sb->api(GET => "$numbers?perPage=1000")->{json}{records} }), 'or is dropped';
};

subtest 'rules 85 and 86: v2 delete' => sub {
    my $path = '/restapi/v2/accounts/~/extensions';
    my $line = (grep { @{ $_->{phoneNumbers} } && $_->{type} eq 'User'
                && $_->{status} eq 'Enabled' && $_->{id} != $account } $sb->extensions)[0];
    my ($queue) = all('&type=Department');
    my $r = $sb->api(DELETE => $path,
        { records => [ map { { id => "$_" } } $line->{id}, $queue->{id}, 5 ] });
    is $r->{status}, 200;
    my @result = @{ $r->{json}{records} };
    is $result[0]{bulkItemSuccessful}, $true;
    is $result[1]{bulkItemSuccessful}, $false, 'no user';
    is $result[2]{bulkItemErrors}[0]{errorCode}, 'CMN-102', 'not known';
    my ($kept) = grep { $_->{phoneNumber} eq $line->{phoneNumbers}[0]{phoneNumber} }
        @{ $sb->api(GET => '/restapi/v2/accounts/~/phone-numbers?usageType=Inventory')
            ->{json}{records} };
    ok $kept, 'its number is in the inventory';
    is problem($sb->api(DELETE => $path)), '400 CMN-103 -', 'a proxy dropped the body';
    is problem($sb->api(DELETE => $path, { records => [] })), '400 CMN-101 records';
    is problem($sb->api(DELETE => $path, { records => [ map { { id => "$_" } } 1 .. 51 ] })),
        '400 CMN-106 -';
};

subtest 'rule 83: the same write twice at once' => sub {
    my $e = made();
    $sb->config(cmn304 => 1, latency => 'on', latency_write_ms => [ 1000, 1000 ]);
    my $pid = fork;
    if (!$pid) {
        HTTP::Tiny->new->put($sb->url("$list/$e->{id}"), { content => '{"status":"Disabled"}',
            headers => { Authorization => 'Bearer ' . $sb->token,
                'Content-Type' => 'application/json' } });
        POSIX::_exit(0);
    }
    select undef, undef, undef, 0.4;
    is problem(put($e->{id}, '{"status":"Disabled"}')), '429 CMN-304 -';
    waitpid $pid, 0;
    $sb->config(cmn304 => undef, latency => undef, latency_write_ms => undef);
    is get($e->{id})->{json}{status}, 'Disabled';
};

subtest 'rule 92: welcome mail' => sub {
    my $e = made();
    $sb->mailbox_clear;
    is $sb->api(POST => '/restapi/v2/accounts/~/send-welcome-email',
        { email => $e->{contact}{email} })->{status}, 200;
    is_deeply [ map { "$_->{kind} $_->{to}" } $sb->mailbox ],
        ["welcome $e->{contact}{email}"];
    is $sb->api(POST => '/restapi/v2/accounts/~/send-welcome-email',
        { email => 'nobody@example.com' })->{status}, 404;
    my $id = first_unassigned();
    put($id, { %{ person() }, status => 'NotActivated',
            transition => { sendWelcomeEmail => $true } });
    is scalar($sb->mailbox), 2, 'asked for by a PUT';
};

is join('', $sb->log_problems), '', 'the error log is clean';
done_testing;
