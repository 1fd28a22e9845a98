#!/usr/bin/env perl
# How users come into being: as new extensions or out of the pool, activated or not, with
# a welcome mail or without; who is there already; and never two for one request.
use strict;
use warnings;
use JSON::PP ();
use Test::More;
use TestGateway;

my ($yes, $no) = (JSON::PP::true, JSON::PP::false);
my $gw = TestGateway->new(
    sandbox => { users => 3, unassigned => 3, scale => 60 },
    account => "ScimRCMaxAge 1h\n");
my %place = (
    enabled    => "ScimRCNewUserStatus Enabled\n",
    unassigned => "ScimRCCreate unassigned\n",
    mail       => "ScimRCWelcomeMail On\n",
    poolmail   => "ScimRCCreate unassigned\nScimRCWelcomeMail On\n",
);
$gw->{conf} .= join '', map { $gw->location_conf("/$_", 'main', $place{$_}) } sort keys %place;
# The same company seen by an account that believes its copy for no time.
$gw->{conf} .= $gw->account_conf('fresh', $gw->sandbox, "ScimRCMaxAge 0\n")
  . $gw->location_conf('/fresh', 'fresh');
$gw->start_filled;
my $rc = $gw->sandbox;
$rc->config(record => 1);
my $scim = $gw->scim;
sub at { my ($place) = @_; return $scim->as(base => $gw->url("/$place")) }
ok $gw->wait_until(sub { at('fresh')->list(count => 0)->{status} == 200 }), 'both are filled';
$gw->sent;

sub real { my ($email) = @_; return ($rc->extensions(email => $email))[0] // {} }
sub count { my ($email) = @_; return scalar(my @all = $rc->extensions(email => $email)) }
sub ops { return join ' ', map { $_->{op} } @_ }

subtest 'a new extension' => sub {
    my $made = $scim->post('/Users', $scim->user('anna@example.com'));
    is $made->{status}, 201, 'made';
    is $made->{json}{active}, $yes, 'active';
    is $made->{headers}{location}, $made->{json}{meta}{location}, 'Location is meta.location';
    is $made->{headers}{location}, $gw->base . "/Users/$made->{json}{id}", 'and where it is';
    my @sent = $gw->sent;
    is ops(@sent), 'createExtension', 'one call';
    my $body = $sent[0]{body};
    is $body->{status}, 'NotActivated', 'who is told so by RingCentral';
    is $body->{type}, 'User', 'a person';
    is $body->{contact}{emailAsLoginName}, $yes, 'who signs in by e-mail';
    ok !exists $body->{password}, 'no password, when there was none';
    is scalar($rc->mailbox), 0, 'no mail';
    is_deeply $scim->get("/Users/$made->{json}{id}")->{json}, $made->{json}, 'is read as it was answered';
    is ops($gw->sent), '', 'without a call';

    $made = $scim->post('/Users', $scim->user('adam@example.com', active => $no));
    is $made->{status}, 201, 'an inactive one';
    is $made->{json}{active}, $no, 'is inactive';
    is real('adam@example.com')->{status}, 'Disabled', 'in RingCentral too';

    my $without = $scim->user('amy@example.com');
    delete $without->{active};
    is $scim->post('/Users', $without)->{json}{active}, $yes, 'who says nothing is active';
};

subtest 'enabled at once' => sub {
    $gw->sent;
    my $made = at('enabled')->post('/Users', $scim->user('bea@example.com'));
    is $made->{status}, 201, 'made';
    my ($sent) = my @sent = $gw->sent;
    is ops(@sent), 'createExtension', 'one call';
    is $sent->{body}{status}, 'Enabled', 'with the status';
    like $sent->{body}{password}, qr/^.{12,}$/, 'and a password, without which it would be refused';
    $gw->secret($sent->{body}{password});
    is real('bea@example.com')->{status}, 'Enabled', 'is enabled';
    unlike $made->{content}, qr/password/, 'the password is not shown';

    at('enabled')->post('/Users', $scim->user('bob@example.com'));
    isnt(($gw->sent)[0]{body}{password}, $sent->{body}{password}, 'another password for another user');

    $rc->fault({ match => { op => 'createExtension' }, times => 1, action => {
        kind => 'reply', status => 400, code => 'CMN-101', parameterName => 'status',
        message => 'Parameter [status] value is invalid.' } });
    $made = at('enabled')->post('/Users', $scim->user('ben@example.com'));
    is $made->{status}, 201, 'RingCentral refuses the status';
    is $made->{json}{active}, $yes, 'active all the same';
    is join(' ', map { $_->{body}{status} } $gw->sent), 'Enabled NotActivated', 'not activated';
};

subtest 'a password' => sub {
    my $good = 'Fa1r!enough-' . $$;
    $gw->secret($good, 'tooweak');
    my $made = $scim->post('/Users', $scim->user('cleo@example.com', password => $good));
    is $made->{status}, 201, 'made';
    unlike $made->{content}, qr/password/, 'not shown';
    is(($gw->sent)[0]{body}{password}, $good, 'passed on');
    unlike $scim->get("/Users/$made->{json}{id}")->{content}, qr/password/, 'not when read';
    unlike $scim->list(filter => 'password pr')->{content}, qr/\Q$good/, 'not by a filter';
    unlike $scim->list(attributes => 'password')->{content}, qr/\Q$good/, 'not when asked for';

    $made = $scim->post('/Users', $scim->user('cory@example.com', password => 'tooweak'));
    is $made->{status}, 201, 'one that RingCentral refuses does not keep the user away';
    my @sent = $gw->sent;
    is ops(@sent), 'createExtension createExtension', 'a second call';
    ok !exists $sent[1]{body}{password}, 'without it';
    is count('cory@example.com'), 1, 'one user';
    my $changed = $scim->patch("/Users/$made->{json}{id}", { op => 'replace', path => 'password', value => 'tooweak' });
    is $changed->{status}, 400, 'as a change of its own it is refused';
    like $changed->{json}{detail}, qr/^password .*PWD-/, 'with the reason';
    unlike $changed->{content}, qr/tooweak/, 'without the password';
};
$gw->expect_log(qr/SCIMRC0108: /);

subtest 'out of the pool' => sub {
    $gw->sent;
    my @pool = sort { $a->{id} <=> $b->{id} } grep { $_->{status} eq 'Unassigned' } $rc->extensions;
    is scalar(@pool), 3, 'three lines are free';
    for my $name (qw(dan dora)) {
        my $made = at('unassigned')->post('/Users', $scim->user("$name\@example.com", title => 'Agent'));
        my $line = shift @pool;
        is $made->{status}, 201, "$name is made";
        is $made->{json}{id}, $line->{id}, 'of the lowest one';
        my @sent = $gw->sent;
        is ops(@sent), 'readExtension updateExtension', 'by one call, when it is free indeed';
        is $sent[1]{body}{status}, 'NotActivated', 'that gives it a status';
        my $real = real("$name\@example.com");
        is $real->{contact}{jobTitle}, 'Agent', 'it has the data';
        is scalar(@{ $real->{phoneNumbers} }), 1, 'and its number';
    }
    is $gw->scim->get("/Users/$pool[0]{id}")->{status}, 404, 'the third is nobody yet';

    # somebody in the portal was quicker
    $rc->api(PUT => "/restapi/v1.0/account/~/extension/$pool[0]{id}",
        { status => 'NotActivated', contact => { firstName => 'Portal', email => 'portal@example.com' } });
    $gw->sent;
    my $refused = at('unassigned')->post('/Users', $scim->user('dirk@example.com'));
    isnt $refused->{status}, 201, 'the last one was taken meanwhile';
    is real('portal@example.com')->{contact}{firstName}, 'Portal', 'and is not overwritten';
    is count('dirk@example.com'), 0, 'nobody is made';
};

subtest 'an empty pool' => sub {
    my $refused = at('unassigned')->post('/Users', $scim->user('ed@example.com'));
    is $refused->{status}, 403, 'is refused';
    like $refused->{json}{detail}, qr/unassigned.*buy.*release/s, 'says what to do';
    is_deeply [ sort keys %{ $refused->{json} } ], [qw(detail schemas status)], 'a SCIM error';
    is $scim->find('ed@example.com'), undef, 'nobody is made';
    is ops(grep { $_->{method} ne 'GET' } $gw->sent), '', 'nor tried';

    # a line comes back to the pool by the portal: noticed without waiting for a refresh
    my ($old) = grep { @{ $_->{phoneNumbers} } && $_->{status} eq 'Enabled' && !$_->{admin} && $_->{type} eq 'User' }
      $rc->extensions;
    $rc->api(DELETE => "/restapi/v1.0/account/~/extension/$old->{id}?savePhoneLines=true");
    my $made = at('unassigned')->post('/Users', $scim->user('ed@example.com'));
    is $made->{status}, 201, 'a line that was released is used at once';
};

subtest 'welcome mail' => sub {
    $rc->mailbox_clear;
    is at('mail')->post('/Users', $scim->user('fay@example.com'))->{status}, 201, 'made';
    my @mails = $rc->mailbox;
    is scalar(@mails), 1, 'one mail';
    like join(' ', map { ref ? @$_ : $_ } values %{ $mails[0] }), qr/fay\@example\.com/, 'to the user';

    my ($old) = grep { @{ $_->{phoneNumbers} } && $_->{status} eq 'Enabled' && !$_->{admin} && $_->{type} eq 'User' }
      $rc->extensions;
    $rc->api(DELETE => "/restapi/v1.0/account/~/extension/$old->{id}?savePhoneLines=true");
    $gw->sent;
    is at('poolmail')->post('/Users', $scim->user('flo@example.com'))->{status}, 201, 'out of the pool';
    my ($filled) = grep { $_->{op} eq 'updateExtension' } $gw->sent;
    is $filled->{body}{transition}{sendWelcomeEmail}, $yes, 'RingCentral is told to send it';

    $rc->mailbox_clear;
    $rc->fault({ match => { op => 'sendWelcomeEmailV2' }, action => { kind => 'reply', status => 500, code => 'CMN-203' } });
    is at('mail')->post('/Users', $scim->user('fritz@example.com'))->{status}, 201,
      'a mail that cannot be sent does not undo the user';
    $rc->faults_clear;
    is count('fritz@example.com'), 1, 'who is there';
};
$gw->expect_log(qr/SCIMRC0110: /);

subtest 'who is there already' => sub {
    my $made = $scim->post('/Users', $scim->user('gina@example.com'));
    $gw->sent;
    for my $name ('gina@example.com', 'GINA@Example.COM') {
        my $again = $scim->post('/Users', $scim->user($name));
        is $again->{status}, 409, $name;
        is $again->{json}{scimType}, 'uniqueness', 'uniqueness';
        like $again->{json}{detail}, qr/\Q$made->{json}{id}\E/, 'names who has it';
    }
    is ops($gw->sent), '', 'RingCentral was not asked';

    $rc->api(POST => '/restapi/v1.0/account/~/extension',
        { contact => { firstName => 'Hal', email => 'hal@example.com' }, status => 'NotActivated' });
    $gw->sent;
    my $again = at('fresh')->post('/Users', $scim->user('hal@example.com'));
    is $again->{status}, 409, 'a user of the portal whom the copy does not know';
    my @sent = $gw->sent;
    is ops(@sent), 'listExtensions', 'one question';
    like $sent[0]{query}, qr/email=hal(?:%40|\@)example\.com/, 'for the e-mail';
    $again = $scim->post('/Users', $scim->user('hal@example.com'));
    is $again->{status}, 409, 'where the copy is believed RingCentral refuses';
    is $again->{json}{scimType}, 'uniqueness', 'uniqueness';
    is $again->{json}{status}, '409', 'in the words of SCIM';
};

subtest 'externalId' => sub {
    $gw->sent;
    my $made = $scim->post('/Users', $scim->user('ivy@example.com', externalId => 'Ext/ "ä" 1'));
    is $made->{json}{externalId}, 'Ext/ "ä" 1', 'as sent';
    my $id = $made->{json}{id};
    is_deeply(($gw->sent)[0]{body}{references}, [ { type => 'CustomerDirectoryId', ref => 'Ext/ "ä" 1' } ],
        'kept in RingCentral');
    is $scim->list(filter => 'externalId eq "Ext/ \"ä\" 1"')->{json}{totalResults}, 1, 'found by it';
    is $scim->list(filter => 'externalId eq "ext/ \"ä\" 1"')->{json}{totalResults}, 0, 'its letter case counts';
    is $scim->post('/Users', $scim->user('ian@example.com', externalId => 'Ext/ "ä" 1'))->{status}, 201,
      'RingCentral does not want it unique, nor do we';
    is $scim->list(filter => 'externalId eq "Ext/ \"ä\" 1"')->{json}{totalResults}, 2, 'both are found';
    $gw->sent;
    is $scim->patch("/Users/$id", { op => 'replace', path => 'externalId', value => 'E2' })->{json}{externalId}, 'E2', 'changed';
    is_deeply(($gw->sent)[0]{body}{references}, [ { type => 'CustomerDirectoryId', ref => 'E2' } ], 'in RingCentral too');
    is $scim->list(filter => 'externalId eq "E2"')->{json}{Resources}[0]{id}, $id, 'found by the new one';
    $made = $scim->patch("/Users/$id", { op => 'remove', path => 'externalId' });
    is $made->{status}, 200, 'removed';
    ok !exists $made->{json}{externalId}, 'gone';
    is scalar(@{ real('ivy@example.com')->{references} // [] }), 0, 'from RingCentral too';
};

subtest 'the answer to a create is lost' => sub {
    $gw->sent;
    $rc->fault({ match => { op => 'createExtension' }, times => 1, action => { kind => 'reply_lost' } });
    my $made = $scim->post('/Users', $scim->user('jan@example.com', title => 'Lost'));
    is $made->{status}, 201, 'made all the same';
    is $made->{json}{title}, 'Lost', 'as it was wanted';
    is ops($gw->sent), 'createExtension listExtensions readExtension', 'looked up before anything is repeated';
    is count('jan@example.com'), 1, 'one user';
    is $scim->find('jan@example.com')->{id}, $made->{json}{id}, 'who is found';

    $rc->fault({ match => { op => 'createExtension' }, times => 1, action => { kind => 'close' } });
    is $scim->post('/Users', $scim->user('jet@example.com'))->{status}, 201, 'lost on the way there';
    is ops($gw->sent), 'createExtension listExtensions createExtension', 'looked up, then repeated';
    is count('jet@example.com'), 1, 'one user';

    $rc->fault({ match => { op => 'createExtension' }, times => 1, action => { kind => 'reply_lost' } });
    $rc->fault({ match => { op => 'listExtensions' }, action => { kind => 'html', status => 502 } });
    my $unsure = $scim->post('/Users', $scim->user('joy@example.com'));
    is $unsure->{status}, 503, 'lost, and it cannot be looked up';
    like $unsure->{headers}{'retry-after'}, qr/^\d+$/, 'the client is asked to repeat it';
    $rc->faults_clear;
    my $again = $scim->post('/Users', $scim->user('joy@example.com'));
    like $again->{status}, qr/^(?:201|409)$/, "who repeats it gets $again->{status}";
    is count('joy@example.com'), 1, 'one user';
    ok $scim->find('joy@example.com'), 'who is found';
};
$gw->expect_log(qr/SCIMRC0107: /);
$gw->allow_log(qr/SCIMRC0109: /);

subtest 'what is wrong with it' => sub {
    $gw->sent;
    my %wrong = (
        'no userName'      => [ { userName => undef }, qr/userName/ ],
        'no given name'    => [ { name => { familyName => 'K' } }, qr/name/ ],
        'no e-mail'        => [ { emails => [] }, qr/emails.*work/ ],
        'another e-mail'   => [ { emails => [ { type => 'work', value => 'x@example.com' } ] }, qr/kai\@example.*x\@example/s ],
        'a long title'     => [ { title => 'x' x 65 }, qr/title.*64/ ],
        'a list for a text'    => [ { title => ['x'] }, qr/title/ ],
        'a text for a list'    => [ { phoneNumbers => 'x' }, qr/phoneNumbers/ ],
        'active of no kind'    => [ { active => 'perhaps' }, qr/active/ ],
        'an unknown country'   => [ { addresses => [ { type => 'work', country => 'Atlantis' } ] }, qr/country.*Atlantis/ ],
    );
    for my $what (sort keys %wrong) {
        my ($member, $detail) = @{ $wrong{$what} };
        my $answer = $scim->post('/Users', $scim->user('kai@example.com', %$member));
        is $answer->{status}, 400, $what;
        is $answer->{json}{scimType}, 'invalidValue', "$what: invalidValue";
        like $answer->{json}{detail}, $detail, "$what: names it";
    }
    is ops($gw->sent), '', 'RingCentral was not asked';
    my $answer = $scim->post('/Users', $scim->user('kai example.com',
        emails => [ { type => 'work', value => 'kai example.com' } ]));
    is $answer->{status} . $answer->{json}{scimType}, '400invalidValue', 'what RingCentral refuses';
    like $answer->{json}{detail}, qr/^emails\[type eq "work"\]\.value: "kai example\.com".*CMN-101/s,
      'in the words of SCIM, with its own behind';
};

$gw->stop;
done_testing;
