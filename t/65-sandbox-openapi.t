#!/usr/bin/env perl
# Rule 160: requests to the sandbox and its answers are as RingCentral's OpenAPI document
# describes them, but for a list of known deviations.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Sandbox;
use SandboxSchema;

my $schema = SandboxSchema->open or plan skip_all => 'no OpenAPI document (SCIM_RC_OPENAPI)';
plan skip_all => Sandbox::missing() if Sandbox::missing();

my $sb = Sandbox->new(users => 120, unassigned => 3);
$sb->config(record => 1, limits => 'off');
my $v1 = '/restapi/v1.0';
my $base = "$v1/account/~";
my $v2 = '/restapi/v2/accounts/~';

sub get { $sb->api(GET => $_[0]) }
sub first { get($_[0])->{json}{records}[ $_[1] // 0 ] }

$sb->grant;
$sb->grant(assertion => 'x');
get($_) for '/restapi', $v1, $base, $v2, "$base/service-info",
    map { "$v1/dictionary/$_" } qw(country country/1 state?countryId=1 state/12 language
    timezone timezone?page=2&perPage=20 country?numberSelling=true);
get("$base/$_") for 'extension', 'extension?perPage=1000', 'extension?page=99',
    'extension?status=Enabled&status=Disabled&type=User', 'extension?status=Odd',
    'extension?email=admin@demo-company.example.com&extensionNumber=101',
    'extension/~', 'extension/1', 'extension/~/phone-number', 'extension/~/assigned-role',
    'extension/~/authz-profile', 'extension/~/authz-profile/check?permissionId=Users',
    'extension/~/features', 'phone-number', 'phone-number?usageType=DirectNumber&perPage=5',
    'directory/entries', 'directory/entries?perPage=2000', 'directory/entries?type=User&page=2',
    'directory/entries?perPage=2001', 'directory/entries/1', 'call-queues', 'user-role',
    'user-role/1', 'user-role/default', 'assigned-role', 'sites', 'sites/main-site',
    'custom-fields', 'call-monitoring-groups', 'templates';
get("$v2/phone-numbers?$_") for '', 'usageType=Inventory', 'perPage=10&page=2';
$sb->api(POST => "$base/directory/entries/search", $_)
    for { searchString => 'a' }, { showFederated => JSON::PP::false, perPage => 5 }, { perPage => 0 };
get("$base/directory/entries/" . first("$base/directory/entries?type=User")->{id});
get("$base/sites/" . first("$base/sites", 1)->{id} . '/members');
for my $queue (@{ get("$base/call-queues")->{json}{records} }) {
    get("$base/call-queues/$queue->{id}");
    get("$base/call-queues/$queue->{id}/members");
}
# Everything that the sample company has, one by one.
get("$base/extension/$_->{id}") for $sb->extensions;

my $full = {
    contact => {
        firstName => 'Jürgen', lastName => 'Groß', email => 'j.gross@test.example.com',
        company => 'Demo', jobTitle => 'Clerk', department => 'Sales',
        mobilePhone => '+4915112345678', businessPhone => '+49301234567',
        businessAddress => { country => 'Germany', state => 'BE', city => 'Berlin',
            street => 'Ring 1', zip => '10117' },
        emailAsLoginName => JSON::PP::true,
        pronouncedName => { type => 'TextToSpeech', text => 'yuergen' },
    },
    extensionNumber => '7777', status => 'Enabled', password => 'Str0ng!Passw0rd',
    references => [ { ref => 'abc', type => 'CustomerDirectoryId' } ],
    regionalSettings => { timezone => { id => '6' }, language => { id => '1031' },
        timeFormat => '24h' },
    customFields => [ { id => '900', value => '4711' } ],
};
my $e = $sb->api(POST => "$base/extension", $full)->{json};
is $e->{extensionNumber}, '7777';
my $path = "$base/extension/$e->{id}";
$sb->api(POST => "$base/extension", $full);
$sb->api(POST => "$base/extension", {});
$sb->api(PUT => $path, { status => 'Disabled',
    statusInfo => { comment => 'left', reason => 'Involuntarily' } });
get($path);
$sb->api(PUT => $path, { contact => { lastName => '' }, site => { id => first("$base/sites", 1)->{id} } });
my $unassigned = first("$base/extension?status=Unassigned")->{id};
get("$base/extension/$unassigned");
$sb->api(PUT => "$base/extension/$unassigned", { status => 'NotActivated',
    contact => { firstName => 'U', lastName => 'N', email => 'un@test.example.com' },
    transition => { sendWelcomeEmail => JSON::PP::true } });
my $free = first("$v2/phone-numbers?usageType=CompanyNumber")->{id};
$sb->api(PATCH => "$v2/phone-numbers/$free", { usageType => 'DirectNumber',
    extension => { id => "$e->{id}" } });
$sb->api(PATCH => "$v2/phone-numbers/1", { usageType => 'DirectNumber' });
$sb->api(POST => "$v2/send-welcome-email", { email => 'un@test.example.com' });
$sb->api(POST => "$v2/send-activation-email");
$sb->api(DELETE => "$path?savePhoneLines=true&savePhoneNumbers=false");
$sb->api(DELETE => "$v2/extensions", { keepAssetsInInventory => JSON::PP::true,
    records => [ { id => "$unassigned" }, { id => '1' } ] });
$sb->api(DELETE => "$v2/extensions", { records => [] });
my @some = map { "$_->{id}" } (grep { $_->{type} eq 'User' && $_->{status} eq 'Enabled' } $sb->extensions)[ 1 .. 3 ];
for my $shape (qw(array object)) {
    $sb->config(affected_items => $shape);
    my $task = $sb->api(POST => "$base/extension-bulk-update", { records => [
            { id => $some[0], contact => { jobTitle => $shape } }, { id => $some[1], extensionNumber => '7777777' },
            { id => '5', status => 'Disabled' } ] })->{json};
    for (0, 1, 10) {
        $sb->advance($_);
        get("$base/extension-bulk-update/tasks/$task->{id}");
    }
}
$sb->api(POST => "$base/extension-bulk-update", { records => [] });
get("$base/extension-bulk-update/tasks/none");
my %person = (status => 'Enabled', contact => { firstName => 'B', lastName => 'P', email => 'bp@test.example.com' });
my $batch = "$v2/batch-provisioning/users";
$sb->api(POST => $batch, { records => [ { %person, devices => [ { deviceInfo => { type => 'OtherPhone',
                    emergency => { location => { id => '1' } }, phoneInfo => { tollType => 'Toll' } } } ] },
        { %person }, ] });
$sb->api(POST => $batch, { records => [] });
$sb->config(limits => 'real');
$sb->api(GET => "$v2/phone-numbers") for 1 .. 11;
$sb->config(limits => 'off');
$sb->oauth(revoke => { token => $sb->token });

my @calls = $sb->calls;
cmp_ok scalar @calls, '>', 200, scalar(@calls) . ' calls';
my (%problem, %op);
for my $call (@calls) {
    $op{ $call->{op} }++ if $call->{status} < 400;
    $problem{$_}++ for $schema->deviations($call);
}
is join('', map { "$_ ($problem{$_})\n" } sort keys %problem), '', 'no deviation that is not known';
cmp_ok scalar(keys %op), '>=', 40, join ' ', sort keys %op;

# The validator itself must be able to fail.
my ($read) = grep { $_->{op} eq 'readExtension' && $_->{status} == 200 } @calls;
for ([ sub { $_[0] =~ s/"id":(\d+)/"id":"$1"/ }, 'is no integer' ],
    [ sub { $_[0] =~ s/"status":"\w+"/"status":"Odd"/ }, 'is not one of' ],
    [ sub { $_[0] =~ s/"type"/"kind"/ }, 'is not known' ]) {
    my ($damage, $what) = @$_;
    my %copy = %$read;
    $damage->($copy{responseBody});
    like join("\n", $schema->problems(\%copy)), qr/$what/, "the validator sees: $what";
}

is join('', $sb->log_problems), '', 'the error log is clean';
done_testing;
