#!/usr/bin/env perl
# The copy of the directory: filled from complete lists only, nothing answered before,
# warm after a restart, rebuilt when it is gone or damaged.
use strict;
use warnings;
use File::Path ();
use JSON::PP ();
use Sandbox;
use Test::More;
use TestGateway;

my $USERS = 1200;
my $rc = Sandbox->new(users => $USERS, unassigned => 5, scale => 60);
$rc->config(record => 0);
my $gw = TestGateway->new(
    sandbox  => $rc,
    account  => "ScimRCMaxAge 1h\n",
    location => "ScimRCPatience 1s\n");
$gw->{conf} .= $gw->location_conf('/patient', 'main', "ScimRCPatience 30s\n");
$gw->allow_log(qr/SCIMRC011[13]/);
my $scim = $gw->scim;
my $patient = $scim->as(base => $gw->url('/patient'));

sub lists { return grep { $_->{op} eq 'listExtensions' } $rc->calls }
sub people { return scalar grep { $_->{type} eq 'User' && $_->{status} ne 'Unassigned' } $rc->extensions }
my $people = people();

subtest 'before the first reading is done' => sub {
    $rc->fault({ match => { op => 'listExtensions', nth => 2 }, action => { kind => 'latency', ms => 8000 } });
    $gw->start;
    $gw->wait_until(sub { lists() }) or die 'nothing is read';
    for ([ GET => '/Users' ], [ GET => '/Users?filter=userName+eq+"nobody@example.com"' ], [ GET => '/Users/1' ],
        [ POST => '/Users', $scim->user('early@example.com') ], [ DELETE => '/Users/1' ],
        [ POST => '/Users/.search', { schemas => [$ScimClient::SEARCH] } ]) {
        my $answer = $scim->request(@$_);
        is $answer->{status}, 503, "$$_[0] $$_[1]";
        like $answer->{headers}{'retry-after'}, qr/^\d+$/, 'Retry-After';
        like $answer->{json}{detail}, qr/first time/, 'says why';
        last if $answer->{seconds} > 3;
    }
    is $scim->get('/ServiceProviderConfig')->{status}, 200, 'what needs no copy is answered';
    my $list = $patient->list(count => 1);
    is $list->{status}, 200, 'who waits is answered';
    is $list->{json}{totalResults}, $people, 'from the whole list';
    $rc->faults_clear;
    is join(' ', map { $_->{query} =~ /\bpage=(\d+)/ ? $1 : () } lists()), '1 2', 'that was read in pages';
    is scalar(grep { $_->{query} !~ /perPage=1000/ } lists()), 0, 'of 1,000';
};

subtest 'warm after a restart' => sub {
    my @before = map { $_->{id} } @{ $scim->list(count => 20)->{json}{Resources} };
    my $made = $scim->post('/Users', $scim->user('warm@example.com', title => 'Kept'))->{json};
    $gw->PrivateHttpd::stop;
    $rc->calls_clear;
    kill 'STOP', -$rc->{httpd};    # RingCentral is away
    $gw->start;
    my $answer = $scim->get("/Users/$made->{id}");
    is $answer->{status}, 200, 'answered';
    is_deeply $answer->{json}, $made, 'as before, to the version';
    is_deeply [ map { $_->{id} } @{ $scim->list(count => 20)->{json}{Resources} } ], \@before, 'the list too';
    kill 'CONT', -$rc->{httpd};
    is scalar(lists()), 0, 'nothing was read again';
    ok $gw->graceful, 'a graceful restart';
    is_deeply $scim->get("/Users/$made->{id}")->{json}, $made, 'changes nothing';
    is scalar(lists()), 0, 'and reads nothing';
};

subtest 'gone' => sub {
    $gw->PrivateHttpd::stop;
    File::Path::remove_tree($gw->state_dir, { keep_root => 1 });
    $rc->calls_clear;
    $gw->start;
    is $patient->list(count => 0)->{json}{totalResults}, people(), 'read anew';
    is $patient->find('warm@example.com')->{title}, 'Kept', 'with everybody';
    is scalar(lists()), 2, 'by as many calls as there are pages';
};

subtest 'damaged' => sub {
    $gw->PrivateHttpd::stop;
    my ($file) = sort { -s $b <=> -s $a } grep { -f } glob $gw->state_dir . '/copy/*';
    open my $out, '+<', $file or die "$file: $!";
    print $out 'no database ' x 4000;
    close $out;
    $gw->expect_log(qr/SCIMRC0301: /);
    $rc->calls_clear;
    $gw->start;
    is $patient->list(count => 0)->{json}{totalResults}, people(), 'thrown away and read anew';
    cmp_ok scalar(lists()), '>=', 2, 'from RingCentral';
};

# A list that breaks off must not pass for the whole.
subtest 'a reading that fails' => sub {
    $gw->PrivateHttpd::stop;
    File::Path::remove_tree($gw->state_dir, { keep_root => 1 });
    # one after the other, for each has to pass the ones before it
    my @bad = ({ kind => 'reply', status => 503, code => 'CMN-201' }, { kind => 'cut' },
        { kind => 'reply', status => 200, body => {} },
        { kind => 'reply', status => 200, body => {
            records => [], paging => { page => 2, totalPages => 2, totalElements => 5 } } });
    $rc->fault({ match => { op => 'listExtensions', nth => 2 }, action => $_ }) for @bad;
    my $began = time;
    $gw->start;
    my %seen;
    while (time - $began < 60) {
        my $answer = $scim->list(count => 0);
        $seen{ join ' ', $answer->{status}, $answer->{json}{totalResults} // () }++;
        last if $answer->{status} == 200;
    }
    $rc->faults_clear;
    is_deeply [ sort keys %seen ], [ '200 ' . people(), '503' ], 'nothing, or all of it';
    ok $gw->wait_for_log(qr/SCIMRC0113: /), 'it is in the log';
};

subtest 'a refresh that brings a short list' => sub {
    $gw->PrivateHttpd::stop;
    $gw->{conf} =~ s/ScimRCMaxAge 1h/ScimRCMaxAge 1h\nScimRCRefresh 1s/ or die;
    my @few = grep { $_->{type} eq 'User' } $rc->extensions;
    $rc->fault({ match => { op => 'listExtensions' }, action => { kind => 'reply', status => 200, body => {
        records => [], paging => { page => 1, perPage => 1000, totalPages => 1, totalElements => 0 }, navigation => {} } } });
    $gw->start;
    $rc->calls_clear;
    $gw->wait_until(sub { lists() > 2 });
    is $patient->list(count => 0)->{json}{totalResults}, people(), 'nobody is dropped because of it';
    $rc->faults_clear;
};
$gw->allow_log(qr/SCIMRC0114/);

$gw->stop;
$rc->stop;
is join('', $rc->log_problems), '', 'sandbox: clean error log';
done_testing;
