#!/usr/bin/env perl
# The sandbox's operations on many people at once: bulk update, batch provisioning, bulk
# deletion, welcome mail.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Sandbox;

plan skip_all => Sandbox::missing() if Sandbox::missing();
my $sb = Sandbox->new(users => 30, unassigned => 3, limits => 'off');
my $base = '/restapi/v1.0/account/~';
my $v2 = '/restapi/v2/accounts/~';
my $bulk = "$base/extension-bulk-update";
my $never = { bulk_start_ms => 1e6, bulk_item_ms => 1e5 };
my @users = grep { $_->{type} eq 'User' && $_->{status} eq 'Enabled' && !$_->{admin} } $sb->extensions;
my @unassigned = grep { $_->{status} eq 'Unassigned' } $sb->extensions;

sub problem { my $r = shift; my $e = $r->{json}{errors}[0]; join ' ', $r->{status}, $e->{errorCode} // '-', $e->{parameterName} // '-' }
sub start { my @records = @_; $sb->api(POST => $bulk, { records => \@records }) }
sub task { $sb->api(GET => "$bulk/tasks/" . (ref $_[0] ? $_[0]{json}{id} : $_[0])) }
sub title { ($sb->extensions(id => $_[0]{id}))[0]{contact}{jobTitle} }
sub titled { my ($title, @who) = @_; map { +{ id => "$_->{id}", contact => { jobTitle => $title } } } @who }
sub items { $_[0]{json}{result}{affectedItems} }
sub states { join ' ', map { "$_->{status}:$_->{done}" } $sb->tasks }

subtest 'rule 87: a task is accepted' => sub {
    $sb->config(%$never);
    my $r = start(titled('Bulk', @users[ 0, 1 ]));
    is $r->{status}, 200;
    is_deeply [ sort keys %{ $r->{json} } ], [qw(creationTime id lastModifiedTime status uri)];
    is $r->{json}{status}, 'Accepted';
    is $r->{json}{uri}, $sb->url("/restapi/v1.0/account/"
            . $sb->control(GET => '')->{accountId} . "/extension-bulk-update/tasks/$r->{json}{id}");
    isnt title($users[0]), 'Bulk', 'nothing is done yet';
    $sb->reset(knobs => JSON::PP::true);
    $sb->config(limits => 'off', %$never);
    is problem(task($r)), '404 CMN-102 taskId', 'a reset ends it';
};

subtest 'rule 87: what is refused as a whole' => sub {
    is problem(start()), '400 CMN-101 records';
    is problem($sb->api(POST => $bulk, {})), '400 CMN-101 records';
    is problem($sb->api(POST => $bulk, [])), '400 CMN-103 -';
    is problem(start({ contact => {} })), '400 CMN-101 records.id';
    is problem(start(titled('X', @users[ 0, 0 ]))), '400 CMN-406 records.id';
    my @many = map { +{ id => "$_" } } 1 .. 501;
    my $r = start(@many);
    is problem($r), '400 CMN-106 -';
    like $r->{json}{message}, qr/limited to 500 entries/;
    is start(@many[ 0 .. 499 ])->{status}, 200;
    is scalar($sb->tasks), 1;
    $sb->reset;
};

subtest 'rule 88: record by record on the clock' => sub {
    $sb->config(bulk_start_ms => 100_000, bulk_item_ms => 10_000);
    my $r = start(titled('Step', @users[ 0 .. 2 ]));
    $sb->advance(50);
    is task($r)->{json}{status}, 'Accepted';
    $sb->advance(55);
    is task($r)->{json}{status}, 'InProgress';
    ok !task($r)->{json}{result}, 'no result yet';
    is states(), 'InProgress:0';
    $sb->advance(10);
    is join(' ', map { title($_) eq 'Step' ? 1 : 0 } @users[ 0 .. 2 ]), '1 0 0';
    is $sb->api(GET => "$base/extension/$users[0]{id}")->{json}{contact}{jobTitle}, 'Step';
    isnt $sb->api(GET => "$base/extension/$users[1]{id}")->{json}{contact}{jobTitle}, 'Step';
    $sb->advance(10);
    is states(), 'InProgress:2';
    $sb->advance(10);
    $r = task($r);
    is $r->{json}{status}, 'Completed';
    is_deeply items($r), [ map { +{ extensionId => "$_->{id}", status => 'Success' } } @users[ 0 .. 2 ] ];
    is join(' ', map { title($_) } @users[ 0 .. 2 ]), 'Step Step Step';
};

subtest 'rule 88: real time passes as well' => sub {
    $sb->config(bulk_start_ms => 50, bulk_item_ms => 20);
    my $r = start(titled('Soon', @users[ 0 .. 4 ]));
    my $end = time + 20;
    while (task($r)->{json}{status} ne 'Completed' && time < $end) { select undef, undef, undef, 0.02 }
    is task($r)->{json}{status}, 'Completed';
    is title($users[4]), 'Soon';
};

subtest 'rule 88: a list that lags sees each record at its own time' => sub {
    $sb->config(bulk_start_ms => 10_000, bulk_item_ms => 10_000, list_lag_ms => 15_000);
    start(titled('Lag', @users[ 5, 6 ]));
    $sb->advance(40);    # done at 20 and 30, seen up to 25
    my %shown = map { $_->{id} => $_->{contact}{jobTitle} // '' }
        @{ $sb->api(GET => "$base/extension?perPage=1000")->{json}{records} };
    is $shown{ $users[5]{id} }, 'Lag';
    isnt $shown{ $users[6]{id} }, 'Lag';
    $sb->config(list_lag_ms => undef);
};

subtest 'rule 88: one after the other' => sub {
    $sb->reset;
    $sb->config(bulk_start_ms => 1000, bulk_item_ms => 10_000);
    my @r = map { start(titled("T$_", @users[ $_, 7 ])) } 0 .. 2;
    $sb->advance(5);
    is states(), 'InProgress:0 Accepted:0 Accepted:0';
    $sb->advance(20);
    is states(), 'Completed:2 InProgress:0 Accepted:0';
    is title($users[7]), 'T0';
    $sb->advance(20);
    is title($users[7]), 'T1';
    $sb->advance(100);
    is states(), 'Completed:2 Completed:2 Completed:2', 'time that was skipped counts';
    is title($users[7]), 'T2';
    $sb->config(bulk_parallel => 2);
    start(titled("P$_", @users[ $_, 8 ])) for 0 .. 2;
    $sb->advance(5);
    is states() =~ s/Completed:2 //gr, 'InProgress:0 InProgress:0 Accepted:0';
    $sb->config(bulk_parallel => undef);
};

subtest 'rule 88: the result is kept for a while' => sub {
    $sb->reset;
    $sb->config(bulk_start_ms => 0, bulk_item_ms => 0, task_ttl_s => 100);
    my $r = start(titled('Kept', $users[0]));
    is $r->{json}{status}, 'Accepted', 'whatever the clock says';
    $sb->advance(90);
    is task($r)->{json}{status}, 'Completed';
    $sb->advance(20);
    is problem(task($r)), '404 CMN-102 taskId';
    $sb->config(task_ttl_s => undef);
    is problem(task('1')), '404 CMN-102 taskId';
};

subtest 'rule 89: each record is judged as a PUT' => sub {
    $sb->reset;
    $sb->config(bulk_start_ms => 0, bulk_item_ms => 0);
    my $other = $users[9];
    my @records = (
        { id => "$users[0]{id}", contact => { lastName => 'Fine' } },
        { id => '7' },
        { id => "$users[1]{id}", contact => { email => 'no mail' } },
        { id => "$users[2]{id}", extensionNumber => $other->{extensionNumber} },
        { id => "$users[3]{id}", status => 'Unassigned' },
        { id => "$users[4]{id}", password => 'NoDigits!' },
        { id => "$users[5]{id}", hidden => JSON::PP::true },
        { id => "$users[6]{id}", site => { id => 'none' } },
        { id => "$users[7]{id}", contact => { businessAddress => { country => 'United States', state => 'XX' } } },
        { id => $users[8]{id}, status => 'Disabled', comment => 'left', reason => 'Voluntarily' },
    );
    my $r = task(start(@records));
    my @got = map { join ' ', $_->{status}, $_->{errors} ? @{ $_->{errors}[0] }{qw(errorCode parameterName)} : () }
        @{ items($r) };
    is_deeply \@got, [ 'Success', 'Fail CMN-102 extensionId', 'Fail CMN-101 contact.email',
        'Fail EXT-999 extensionNumber', 'Fail CMN-101 status', 'Fail PWD-002 password',
        'Fail CMN-101 hidden', 'Fail CMN-102 site.id',
        'Fail CMN-101 contact.businessAddress.state', 'Success' ];
    for my $i (2 .. 4) {
        my $put = $sb->api(PUT => "$base/extension/$records[$i]{id}", { %{ $records[$i] } });
        is $put->{json}{errors}[0]{errorCode}, items($r)->[$i]{errors}[0]{errorCode}, "PUT says the same of $i";
    }
    my $left = $sb->api(GET => "$base/extension/$users[8]{id}")->{json};
    is_deeply $left->{statusInfo}, { comment => 'left', reason => 'Voluntarily' };
    ok items($r)->[0]{extensionId} eq $users[0]{id} && !ref items($r)->[9]{extensionId};
    like $r->{content}, qr/"extensionId":"$users[8]{id}"/, 'ids are strings';
    $sb->config(affected_items => 'object');
    is scalar @{ task($r)->{json}{result}{affectedItems}{result} }, 10;
    $sb->config(affected_items => undef);
};

subtest 'rule 90: unassigned extensions' => sub {
    my $id = $unassigned[0]{id};
    my $record = { id => "$id", status => 'NotActivated', transition => { sendWelcomeEmail => JSON::PP::true },
        contact => { firstName => 'New', lastName => 'One', email => 'new.one@test.example.com' } };
    is items(task(start($record)))->[0]{errors}[0]{errorCode}, 'CMN-102';
    is scalar($sb->mailbox), 0;
    $sb->config(bulk_unassigned => 'on');
    is items(task(start($record)))->[0]{status}, 'Success';
    is $sb->api(GET => "$base/extension/$id")->{json}{contact}{firstName}, 'New';
    is_deeply [ map { $_->{to} } $sb->mailbox ], ['new.one@test.example.com'];
    $sb->config(bulk_unassigned => undef);
};

subtest 'faults: single records fail' => sub {
    $sb->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => { kind => 'fail_records',
                keys => [ "$users[1]{id}" ], code => 'EXT-123', message => 'Not now', parameterName => 'status' } });
    my $r = task(start(titled('Some', @users[ 0 .. 2 ])));
    is join(' ', map { $_->{status} } @{ items($r) }), 'Success Fail Success';
    is_deeply items($r)->[1]{errors}, [ { errorCode => 'EXT-123', message => 'Not now', parameterName => 'status' } ];
    is join(' ', map { title($_) eq 'Some' ? 1 : 0 } @users[ 0 .. 2 ]), '1 0 1';
    $sb->fault({ times => 1, action => { kind => 'fail_records', pattern => "$users[2]{id}\$" } });
    is join(' ', map { $_->{status} } @{ items(task(start(titled('Pat', @users[ 0 .. 2 ])))) }),
        'Success Success Fail';
    is $sb->request(POST => '/_sandbox/faults', content =>
            { action => { kind => 'fail_records', pattern => '(' } })->{status}, 400;
    $sb->faults_clear;
};

subtest 'faults: the answer is lost, the task is not' => sub {
    $sb->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => 'reply_lost' });
    is start(titled('Lost', @users[ 0, 1 ]))->{status}, 599;
    is title($users[1]), 'Lost';
};

subtest 'faults: held and failed tasks' => sub {
    $sb->reset;
    my %here = (match => { op => 'extensionBulkUpdate' }, times => 1);
    $sb->fault({ %here, action => { kind => 'hold_task', after => 1 } });
    my $r = start(titled('Hold', @users[ 0 .. 2 ]));
    $sb->advance(1000);
    is task($r)->{json}{status}, 'InProgress';
    is_deeply [ $sb->tasks ], [ { id => $r->{json}{id}, status => 'InProgress', records => 3,
            done => 1, held => JSON::PP::true } ];
    isnt title($users[1]), 'Hold';
    $sb->task_order(action => 'release', task => $r->{json}{id});
    is task($r)->{json}{status}, 'Completed';
    $sb->fault({ %here, action => 'hold_task' });
    $r = start(titled('Again', @users[ 0 .. 2 ]));
    $sb->advance(1000);
    is task($r)->{json}{status}, 'Accepted', 'held before it begins';
    $sb->task_order(action => 'hold', after => 2);
    is states() =~ s/.* //r, 'InProgress:2';
    $sb->task_order(action => 'fail');
    $r = task($r);
    is $r->{json}{status}, 'Failed';
    is scalar @{ items($r) }, 2, 'what was done is done';
    is $r->{json}{result}{errors}[0]{errorCode}, 'CMN-203';
    $sb->fault({ %here, action => { kind => 'fail_task', after => 1, code => 'EXT-9', message => 'No' } });
    $r = task(start(titled('Fail', @users[ 0 .. 2 ])));
    is $r->{json}{status}, 'Failed';
    is_deeply $r->{json}{result}{errors}, [ { errorCode => 'EXT-9', message => 'No' } ];
    is join(' ', map { title($_) eq 'Fail' ? 1 : 0 } @users[ 0 .. 2 ]), '1 0 0';
    is $sb->request(POST => '/_sandbox/tasks', content => { action => 'x' })->{status}, 400;
};

subtest 'rules 87 and 89: Heavy and Light' => sub {
    $sb->reset;
    $sb->config(limits => 'real');
    my $r = start(titled('Limit', $users[0]));
    is $r->{headers}{'x-rate-limit-group'}, 'heavy';
    is task($r)->{headers}{'x-rate-limit-group'}, 'light';
    is $sb->api(POST => "$v2/batch-provisioning/users", {})->{headers}{'x-rate-limit-group'}, 'heavy';
    is $sb->api(DELETE => "$v2/extensions", {})->{headers}{'x-rate-limit-group'}, 'heavy';
    is $sb->api(POST => "$v2/send-welcome-email", {})->{headers}{'x-rate-limit-group'}, 'medium';
    $sb->config(limits => 'off');
};

# --- batch provisioning -----------------------------------------------------------

my $n = 0;
sub person {
    my %more = @_;
    my $name = 'P' . ++$n;
    return { status => 'Enabled', contact => { firstName => $name, lastName => 'Batch',
            email => "$name\@test.example.com" }, %more };
}
sub line {
    return devices => [ { deviceInfo => { type => 'OtherPhone',
                emergency => { location => { id => '1' } }, phoneInfo => { @_ ? @_ : (tollType => 'Toll') } } } ];
}
sub provision { my @records = @_; $sb->api(POST => "$v2/batch-provisioning/users", { records => \@records }) }

subtest 'rule 91: several people at once' => sub {
    $sb->reset;
    my $r = provision(person(), person(line()), person(extensionNumber => '8765', roles => [ { id => '2' } ]));
    is $r->{status}, 200;
    my @results = @{ $r->{json}{results} };
    is scalar(grep { $_->{successful} } @results), 3;
    is_deeply $results[0]{extension}{devices}, [];
    like $results[1]{extension}{devices}[0]{phoneNumber}, qr/^\+\d+$/;
    my @truth = map { ($sb->extensions(id => $_->{extension}{id}))[0] } @results;
    is join(' ', map { $_->{status} } @truth), 'Enabled Enabled Enabled';
    ok $truth[0]{contact}{emailAsLoginName};
    is $truth[1]{phoneNumbers}[0]{usageType}, 'DirectNumber';
    is $truth[1]{phoneNumbers}[0]{deviceId}, $results[1]{extension}{devices}[0]{id};
    is $truth[2]{extensionNumber}, '8765';
    is_deeply $truth[2]{roles}, ['2'];
    is scalar(grep { $_->{kind} eq 'welcome' } $sb->mailbox), 3, 'each with a mail';
    provision(person(contact => { firstName => 'Q', lastName => 'Q', email => 'quiet@test.example.com',
            mobileNumber => '+14155550199', transition => { sendWelcomeEmail => JSON::PP::false } }));
    is scalar($sb->mailbox), 3, 'unless not wanted';
    is +($sb->extensions(email => 'quiet@test.example.com'))[0]{contact}{mobilePhone}, '+14155550199';
};

subtest 'rule 91: what is refused as a whole' => sub {
    is problem(provision()), '400 CMN-101 records';
    is problem($sb->api(POST => "$v2/batch-provisioning/users", [])), '400 CMN-103 -';
    is problem(provision(map { person() } 1 .. 11)), '400 CMN-106 -';
    is scalar @{ provision(map { person() } 1 .. 10)->{json}{results} }, 10;
};

subtest 'rules 91, 59 and 65: single people fail' => sub {
    my ($taken) = grep { $_->{contact}{emailAsLoginName} && $_->{contact}{email} } @users;
    my $long = ('x' x 60) . '@t.example';
    my @records = (
        person(status => 'NotActivated'),
        person(contact => { lastName => 'L', email => 'a@b.example' }),
        person(contact => { firstName => 'F', email => 'a@b.example' }),
        person(contact => { firstName => 'F', lastName => 'L', email => $long }),
        person(contact => { firstName => 'F', lastName => 'L', email => $taken->{contact}{email} }),
        person(extensionNumber => $taken->{extensionNumber}),
        person(roles => [ { id => '1' }, { id => '2' } ]),
        person(roles => [ { id => '99' } ]),
        person(devices => [ {}, {} ]),
        person(line(phoneNumber => '+19995550100')),
    );
    my @results = @{ provision(@records)->{json}{results} };
    is_deeply [ map { join ' ', @{ $_->{errors}[0] }{qw(errorCode parameterName)} } @results ],
        [ 'CMN-101 status', 'CMN-101 contact.firstName', 'CMN-101 contact.lastName',
        'CMN-101 contact.email', 'EXT-997 contact.email', 'EXT-999 extensionNumber',
        'CMN-101 roles', 'CMN-102 roles.id', 'CMN-101 devices',
        'CMN-102 devices.deviceInfo.phoneInfo' ];
    is scalar(grep { $_->{successful} } @results), 0;
    my $info = { type => 'WebRTC', emergency => { location => { id => '1' } }, phoneInfo => { tollType => 'Toll' } };
    for ([ type => 'HardPhone', 'type' ], [ emergency => {}, 'emergency' ], [ phoneInfo => {}, 'phoneInfo' ]) {
        my $r = provision(person(devices => [ { deviceInfo => { %$info, $_->[0] => $_->[1] } } ]));
        is $r->{json}{results}[0]{errors}[0]{parameterName}, "devices.deviceInfo.$_->[2]";
    }
};

subtest 'rule 91: a line needs a licence' => sub {
    my $lines = grep { $_->{deviceId} } map { @{ $_->{phoneNumbers} } } $sb->extensions;
    $sb->config(licenses => $lines + 1);
    my @results = @{ provision(person(line()), person(line()), person())->{json}{results} };
    is join(' ', map { $_->{successful} ? 'ok' : $_->{errors}[0]{errorCode} } @results), 'ok EXT-996 ok';
    my ($new) = $results[0]{extension}{id};
    $sb->api(DELETE => "$v2/extensions", { records => [ { id => $new } ] });
    is provision(person(line()))->{json}{results}[0]{successful}, JSON::PP::true, 'one was freed';
    $sb->config(licenses => undef);
    my ($kept) = grep { $_->{usageType} eq 'Inventory' }
        @{ $sb->api(GET => "$v2/phone-numbers?usageType=Inventory")->{json}{records} };
    my $r = provision(person(line(phoneNumberId => "$kept->{id}")))->{json}{results}[0];
    is $r->{extension}{devices}[0]{phoneNumber}, $kept->{phoneNumber}, 'a number of the inventory';
};

subtest 'rules 91 and 35: an account that is full; faults' => sub {
    my $users = grep { $_->{type} eq 'User' && $_->{status} ne 'Unassigned' } $sb->extensions;
    $sb->config(account_cap => $users + 1);
    is join(' ', map { $_->{successful} ? 'ok' : $_->{errors}[0]{errorCode} }
            @{ provision(person(), person())->{json}{results} }), 'ok EXT-996';
    $sb->config(account_cap => undef);
    my @two = (person(), person());
    $sb->fault({ times => 1, action => { kind => 'fail_records', keys => [ $two[1]{contact}{email} ], code => 'EXT-5' } });
    is join(' ', map { $_->{successful} ? 'ok' : $_->{errors}[0]{errorCode} } @{ provision(@two)->{json}{results} }),
        'ok EXT-5';
};

# --- deletion and mail ------------------------------------------------------------

subtest 'rule 85: deletion' => sub {
    $sb->reset;
    my ($line, $other) = grep { @{ $_->{phoneNumbers} } } @users;
    my ($queue) = grep { $_->{type} eq 'Department' } $sb->extensions;
    my $admin = $sb->control(GET => '')->{accountId};
    my $r = $sb->api(DELETE => "$v2/extensions",
        { records => [ map { { id => "$_" } } $line->{id}, 1, $queue->{id}, $admin, $line->{id} ] });
    is $r->{status}, 200;
    my @records = @{ $r->{json}{records} };
    is join(' ', map { $_->{bulkItemSuccessful} ? 'ok' : $_->{bulkItemErrors}[0]{errorCode} } @records),
        'ok CMN-102 CMN-102 CMN-102 CMN-102';
    is $records[0]{id}, "$line->{id}";
    ok !exists $records[0]{bulkItemErrors};
    is $sb->api(GET => "$base/extension/$line->{id}")->{status}, 404;
    my %usage = map { $_->{phoneNumber} => $_->{usageType} }
        @{ $sb->api(GET => "$v2/phone-numbers?perPage=1000")->{json}{records} };
    is $usage{ $line->{phoneNumbers}[0]{phoneNumber} }, 'Inventory', 'assets are kept';
    $sb->api(DELETE => "$v2/extensions",
        { keepAssetsInInventory => JSON::PP::false, records => [ { id => "$other->{id}" } ] });
    %usage = map { $_->{phoneNumber} => 1 }
        @{ $sb->api(GET => "$v2/phone-numbers?perPage=1000")->{json}{records} };
    ok !$usage{ $other->{phoneNumbers}[0]{phoneNumber} }, 'unless not wanted';
    is scalar(grep { $_->{status} eq 'Unassigned' } $sb->extensions), 3, 'no new unassigned extension';
};

subtest 'rules 85 and 86: refused as a whole' => sub {
    my $delete = sub { problem($sb->api(DELETE => "$v2/extensions", @_)) };
    is $delete->(), '400 CMN-103 -', 'no body';
    is $delete->({ records => [] }), '400 CMN-101 records';
    is $delete->({ records => [ {} ] }), '400 CMN-101 records.id';
    is $delete->({ records => [ { id => '1' } ], keepAssetsInInventory => 'no' }), '400 CMN-101 keepAssetsInInventory';
    is $delete->({ records => [ map { { id => "$_" } } 1 .. 51 ] }), '400 CMN-106 -';
    is $sb->api(DELETE => "$v2/extensions", { records => [ map { { id => "$_" } } 1 .. 50 ] })->{status}, 200;
    my $r = $sb->api(POST => "$v2/extensions", { records => [ { id => '1' } ] }, 'X-HTTP-Method-Override' => 'DELETE');
    is $r->{status}, 200, 'rule 7: for proxies that drop the body';
};

subtest 'rule 85: a fault of one record, and a lost answer' => sub {
    my @two = @users[ 2, 3 ];
    $sb->fault({ times => 1, action => { kind => 'fail_records', keys => [ "$two[0]{id}" ], code => 'JWS-1736' } });
    my $r = $sb->api(DELETE => "$v2/extensions", { records => [ map { { id => "$_->{id}" } } @two ] });
    is join(' ', map { $_->{bulkItemSuccessful} ? 'ok' : $_->{bulkItemErrors}[0]{errorCode} } @{ $r->{json}{records} }),
        'JWS-1736 ok';
    $sb->fault({ times => 2, action => 'reply_lost' });    # HTTP::Tiny asks twice
    is $sb->api(DELETE => "$v2/extensions", { records => [ { id => "$two[0]{id}" } ] })->{status}, 599;
    is $sb->api(GET => "$base/extension/$two[0]{id}")->{status}, 404, 'it was deleted';
    $sb->faults_clear;
};

subtest 'rule 92: welcome mail' => sub {
    $sb->mailbox_clear;
    my $to = $users[4]{contact}{email};
    my $r = $sb->api(POST => "$v2/send-welcome-email", { email => $to });
    is $r->{status}, 200;
    is $r->{content}, '';
    my ($mail) = $sb->mailbox;
    is $mail->{kind}, 'welcome';
    is $mail->{to}, $to;
    is $mail->{extensionId}, $users[4]{id};
    $sb->api(POST => "$v2/send-welcome-email");
    is +($sb->mailbox)[1]{to}, 'admin@demo-company.example.com', 'the system user, when nobody is named';
    is problem($sb->api(POST => "$v2/send-welcome-email", { email => 'nobody@test.example.com' })), '404 CMN-102 -';
    is problem($sb->api(POST => "$v2/send-welcome-email", { email => 5 })), '400 CMN-101 email';
    is scalar($sb->mailbox), 2;
};

is join('', $sb->log_problems), '', 'the error log is clean';
done_testing;
