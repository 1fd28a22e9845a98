#!/usr/bin/env perl
# Countries and regions: any spelling in, RingCentral's own to RingCentral, and back what
# the client sent; where that is not known, ScimRCAddressForm decides.
use strict;
use warnings;
use File::Path ();
use Test::More;
use TestGateway;

my $gw = TestGateway->new(
    sandbox => { users => 4, scale => 60 },
    account => "ScimRCMaxAge 1h\nScimRCAddressForm iso\n");
$gw->{conf} .= $gw->account_conf('names', $gw->sandbox, "ScimRCMaxAge 0\nScimRCAddressForm name\n")
  . $gw->location_conf('/names', 'names');

sub filled {
    $gw->start_filled;
    my $names = $gw->scim->as(base => $gw->url('/names'));
    $gw->wait_until(sub { $names->list(count => 0)->{status} == 200 }) or die 'not filled';
    return ($gw->scim, $names);
}
my ($scim, $names) = filled();
my $rc = $gw->sandbox;
$rc->config(record => 1);
my $n = 0;

# Each of the two accounts asks for each dictionary once.
my %asked;
$asked{"$_->{op} $_->{status}"}++ for grep { $_->{path} =~ m{/dictionary/} } $rc->calls;
is_deeply \%asked, { 'listCountries 200' => 2, 'listStates 200' => 2 }, 'the dictionaries come at the start';

sub address { my (%part) = @_; return [ { type => 'work', %part } ] }
sub ops { return join ' ', map { $_->{op} } @_ }

# A user with that address: (answer, what RingCentral was sent as address).
sub make {
    my (%part) = @_;
    my $name = sprintf 'place%d@example.com', ++$n;
    $gw->sent;
    my $made = $scim->post('/Users', $scim->user($name, addresses => address(%part)));
    my ($call) = grep { $_->{op} eq 'createExtension' } $gw->sent;
    return ($made, $call ? $call->{body}{contact}{businessAddress} : undef);
}

my @same = (    # country, region as sent; as RingCentral wants it
    [ 'US',            'CA',               'United States', 'CA' ],
    [ 'us',            'California',       'United States', 'CA' ],
    [ 'United States', 'ca',               'United States', 'CA' ],
    [ 'UNITED STATES', 'california',       'United States', 'CA' ],
    [ 'Canada',        'British Columbia', 'Canada',        'BC' ],
    [ 'CA',            'ON',               'Canada',        'ON' ],
    [ 'Germany',       undef,              'Germany',       undef ],
    [ 'DE',            undef,              'Germany',       undef ],
);
for (@same) {
    my ($country, $region, $name, $state) = @$_;
    my $what = join ', ', grep { defined } $country, $region;
    my %sent = (country => $country, locality => 'A town');
    $sent{region} = $region if defined $region;
    my ($made, $to) = make(%sent);
    is $made->{status}, 201, "$what: taken";
    is_deeply $made->{json}{addresses}, address(%sent), "$what: back as it was sent";
    is_deeply $scim->get("/Users/$made->{json}{id}")->{json}{addresses}, address(%sent), "$what: and read so";
    is $to->{country}, $name, "$what: RingCentral's country";
    is $to->{state}, $state, "$what: RingCentral's region";
}

subtest 'two spellings of one place are no change' => sub {
    my ($made) = make(country => 'US', region => 'TX', locality => 'Austin');
    my $path = "/Users/$made->{json}{id}";
    $gw->sent;
    for ([ 'United States', 'Texas' ], [ 'US', 'Texas' ], [ 'us', 'tx' ], [ 'US', 'TX' ]) {
        my ($country, $region) = @$_;
        my $answer = $scim->patch($path,
            { op => 'replace', path => 'addresses[type eq "work"].country', value => $country },
            { op => 'replace', path => 'addresses[type eq "work"].region',  value => $region });
        is $answer->{status}, 200, "$country, $region";
        is_deeply $answer->{json}{addresses}, address(country => $country, region => $region, locality => 'Austin'),
          'the client sees its own';
    }
    is ops($gw->sent), '', 'without a call';
    my $before = $scim->get($path)->{json}{meta};
    $scim->patch($path, { op => 'replace', path => 'addresses[type eq "work"].region', value => 'TX' });
    is_deeply $scim->get($path)->{json}{meta}, $before, 'the same spelling: nothing changed at all';
};

subtest 'parts of an address' => sub {
    my ($made) = make(country => 'US', region => 'NV', locality => 'Reno', postalCode => '89501');
    my $path = "/Users/$made->{json}{id}";
    $gw->sent;
    my $answer = $scim->patch($path, { op => 'replace', path => 'addresses[type eq "work"].region', value => 'Utah' });
    is_deeply $answer->{json}{addresses},
      address(country => 'US', region => 'Utah', locality => 'Reno', postalCode => '89501'), 'the region alone';
    my ($sent) = $gw->sent;
    is $sent->{body}{contact}{businessAddress}{state}, 'UT', 'goes up as its code';
    ok !exists $sent->{body}{contact}{businessAddress}{city}, 'without what stays';
    $answer = $scim->patch($path, { op => 'replace', path => 'addresses',
        value => address(country => 'Austria', locality => 'Graz', region => 'Steiermark') });
    is $answer->{status}, 200, 'to another country';
    is_deeply $answer->{json}{addresses}, address(country => 'Austria', locality => 'Graz', region => 'Steiermark'),
      'whose regions RingCentral has no list of';
    $answer = $scim->patch($path, { op => 'remove', path => 'addresses' });
    is $answer->{status}, 200, 'no address';
    ok !exists $answer->{json}{addresses}, 'is none';
    is_deeply $scim->get($path)->{json}, $answer->{json}, 'when read, too';
};

subtest 'what is no place' => sub {
    $gw->sent;
    for ([ { country => 'Atlantis' }, qr/country: "Atlantis".*ISO/s ],
        [ { country => 'US', region => 'Bavaria' }, qr/region: "Bavaria"/ ],
        [ { country => 'CA', region => 'TX' }, qr/region: "TX"/ ]) {
        my ($address, $detail) = @$_;
        my ($answer, $call) = make(%$address);
        my $what = join ', ', map { $address->{$_} } sort keys %$address;
        is "$answer->{status} $answer->{json}{scimType}", '400 invalidValue', $what;
        like $answer->{json}{detail}, $detail, "$what: named, with what would be right";
        ok !$call, "$what: RingCentral was not asked";
    }
    my ($answer) = make(country => 'US', locality => 'Nowhere');
    is "$answer->{status} $answer->{json}{scimType}", '400 invalidValue', 'no region where one is needed';
    like $answer->{json}{detail}, qr/^addresses\[type eq "work"\]\.region/, 'named as SCIM names it';
};

subtest 'the dictionaries are kept' => sub {
    ok $gw->graceful, 'a graceful restart';
    my $made = $scim->post('/Users', $scim->user('kenya@example.com', addresses => address(country => 'Kenya')));
    is $made->{status}, 201, 'a country that nobody had before';
    is scalar(grep { $_->{path} =~ m{/dictionary/} } $rc->calls), 0, 'without asking for them';
    $gw->sent;
};

# --- a copy that does not know what a client once sent ----------------------------

my ($us) = make(country => 'us', region => 'California', locality => 'Napa');
my ($ca) = make(country => 'Canada', region => 'Quebec', locality => 'Laval');
$rc->api(POST => '/restapi/v1.0/account/~/extension', { status => 'NotActivated', contact => {
    firstName => 'Pia', email => 'pia@example.com',
    businessAddress => { country => 'Germany', city => 'Kiel', street => 'Am Kai 1', zip => '24103' } } });
$gw->PrivateHttpd::stop;
File::Path::remove_tree($gw->state_dir($_), { keep_root => 1 }) for qw(main names);
($scim, $names) = filled();

subtest 'ScimRCAddressForm' => sub {
    my %wanted = (
        $us->{json}{userName} => [ [qw(US CA)], [ 'United States', 'California' ] ],
        $ca->{json}{userName} => [ [qw(CA QC)], [ 'Canada', 'Quebec' ] ],
        'pia@example.com' => [ ['DE'], ['Germany'] ],
    );
    for my $name (sort keys %wanted) {
        for ([ $scim, 0, 'iso' ], [ $names, 1, 'name' ]) {
            my ($client, $form, $what) = @$_;
            my $address = $client->find($name)->{addresses}[0];
            is_deeply [ grep { defined } @$address{qw(country region)} ], $wanted{$name}[$form], "$name: $what";
        }
    }
    $gw->sent;
    my $address = address(country => 'us', region => 'California', locality => 'Napa');
    for ([ $scim, 'iso' ], [ $names, 'name' ]) {
        my ($client, $what) = @$_;
        my $answer = $client->put("/Users/$us->{json}{id}", $client->user($us->{json}{userName}, addresses => $address));
        is $answer->{status}, 200, "$what: the client sends its own again";
        is_deeply $answer->{json}{addresses}, $address, "$what: and has it";
        is_deeply $client->get("/Users/$us->{json}{id}")->{json}{addresses}, $address, "$what: for good";
    }
    is ops(grep { $_->{method} ne 'GET' } $gw->sent), '', 'without a change in RingCentral';
};

$gw->stop;
done_testing;
