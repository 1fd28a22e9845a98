#!/usr/bin/env perl
# What RingCentral may answer, and what becomes of it: each message of the tables of
# errors that administrators know, faults of the network, and a platform that is away.
use strict;
use warnings;
use Test::More;
use TestGateway;

my $gw = TestGateway->new(
    sandbox  => { users => 3, unassigned => 1, scale => 60 },
    account  => "ScimRCMaxAge 1h\nScimRCTimeout 2s\nScimRCConnectTimeout 1s\n",
    location => "ScimRCPatience 5s\n");
$gw->{conf} .= $gw->location_conf('/unassigned', 'main', "ScimRCCreate unassigned\nScimRCPatience 5s\n");
$gw->allow_log(qr/SCIMRC0(?:101|203|204)/);
$gw->start_filled;
my $rc = $gw->sandbox;
$rc->config(record => 1);
my $scim = $gw->scim;
my $n = 0;
my $user = $scim->post('/Users', $scim->user('base@example.com'))->{json};

sub ops { return join ' ', map { $_->{op} } @_ }
sub create { return $scim->post('/Users', $scim->user(sprintf('e%d@example.com', ++$n), title => 'Clerk')) }
sub change { return $scim->patch("/Users/$user->{id}", { op => 'replace', path => 'title', value => 'T' . ++$n }) }
sub fault {
    my ($op, %action) = @_;
    $rc->fault({ match => { op => $op }, action => { kind => 'reply', %action } });
}

# A refusal, as a client must get it.
sub is_error {
    my ($answer, $status, $type, $detail, $what) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $answer->{status}, $status, "$what: $status";
    is $answer->{json}{status}, "$status", "$what: in the body too";
    is $answer->{json}{scimType}, $type, "$what: " . ($type // 'no scimType');
    like $answer->{json}{detail}, $detail, "$what: the detail";
    is $answer->{headers}{'content-type'}, 'application/scim+json', "$what: the media type";
    return $answer;
}

# --- the messages of the guides ---------------------------------------------------

my @messages = (    # status, code, parameter, message; SCIM status, scimType, detail
    [ 400, 'CMN-101', 'contact.jobTitle', 'Parameter [contact.jobTitle] value is invalid.',
      400, 'invalidValue', qr/^title: .*CMN-101 Parameter \[contact\.jobTitle\] value is invalid\./s ],
    [ 400, 'CMN-102', 'site.id', 'Resource for parameter [site.id] is not found',
      400, 'invalidValue', qr/site\.id.*CMN-102/s ],
    [ 400, 'CMN-103', undef, "JSON can't be parsed.", 400, 'invalidSyntax', qr/CMN-103/ ],
    [ 503, 'CMN-201', undef, 'Service Temporary Unavailable', 503, undef, qr/CMN-201/ ],
    [ 400, 'EXT-991', undef, 'Extension already in use', 409, 'uniqueness', qr/in use.*Extension already in use/s ],
    [ 400, 'EXT-992', 'extensionNumber', 'Extension number is duplicate', 409, 'uniqueness', qr/Extension number is duplicate/ ],
    # and the ones beside them
    [ 400, 'CMN-100', 'contact.firstName', 'Mandatory parameter [contact.firstName] not specified',
      400, 'invalidValue', qr/^name\.givenName: .*CMN-100/s ],
    [ 400, 'CMN-101', 'contact.businessAddress.state', 'Parameter [contact.businessAddress.state] value is invalid.',
      400, 'invalidValue', qr/^addresses\[type eq "work"\]\.region/ ],
    [ 400, 'CMN-101', 'extension.contact.businessAddress.zip', 'Parameter value is invalid.',
      400, 'invalidValue', qr/^addresses\[type eq "work"\]\.postalCode/ ],
    [ 400, 'EXT-993', 'contact.email', 'Contact email already in use', 409, 'uniqueness', qr/e-mail.*EXT-993/s ],
    [ 403, 'EXT-994', undef, 'License limit has been reached.', 403, undef, qr/licence.*buy.*License limit/s ],
    [ 403, 'CMN-401', undef, '[EditAccounts] permission required', 403, undef, qr/permission.*EditAccounts/s ],
    [ 403, 'CMN-408', undef, '[AddRemoveUsers] permission required', 403, undef, qr/AddRemoveUsers/ ],
    [ 400, 'PWD-002', 'password', 'Password must contain at least one number', 400, 'invalidValue', qr/^password/ ],
    [ 500, 'CMN-203', undef, 'Internal Server Error', 503, undef, qr/CMN-203/ ],
    [ 404, 'CMN-120', undef, 'Invalid URI', 502, undef, qr/CMN-120/ ],
);
for (@messages) {
    my ($from, $code, $parameter, $message, $status, $type, $detail) = @$_;
    for ([ createExtension => \&create ], [ updateExtension => \&change ]) {
        my ($op, $ask) = @$_;
        next if $code eq 'PWD-002';    # no password is sent here
        fault($op, status => $from, code => $code, message => $message, parameterName => $parameter);
        my $answer = $ask->();
        $rc->faults_clear;
        is_error($answer, $status, $type, $detail, "$op, $code $message");
        like $answer->{headers}{'retry-after'} // '', $status == 503 ? qr/^\d+$/ : qr/^$/,
          $status == 503 ? 'with Retry-After' : 'no Retry-After';
    }
}
fault('updateExtension', status => 400, code => 'PWD-002', message => 'Password must contain at least one number',
    parameterName => 'password');
is_error($scim->patch("/Users/$user->{id}", { op => 'add', path => 'password', value => 'secret-word' }),
    400, 'invalidValue', qr/^password is not accepted.*PWD-002/s, 'PWD-002');
$rc->faults_clear;
$gw->secret('secret-word');

is $scim->get("/Users/$user->{id}")->{status}, 200, 'the user is there';
is(change()->{status}, 200, 'and can be changed when all is well again');

# --- the network ------------------------------------------------------------------

subtest 'an answer that is none' => sub {
    my %kind = (
        html     => { kind => 'html', status => 502 },
        timeout  => { kind => 'html', status => 504 },
        truncate => { kind => 'truncate' },
        garble   => { kind => 'garble' },
        cut      => { kind => 'cut' },
        length   => { kind => 'wrong_length' },
        redirect => { kind => 'redirect' },
        'no JSON' => { kind => 'reply', status => 200, body => 'fine' },
        'a list'  => { kind => 'reply', status => 200, body => [] },
        'an empty object' => { kind => 'reply', status => 200, body => {} },
        'an id that is none' => { kind => 'reply', status => 200, body => { id => 'x', status => 'Enabled' } },
        nothing  => { kind => 'reply', status => 200, body => '' },
    );
    for my $what (sort keys %kind) {
        for ([ createExtension => \&create ], [ updateExtension => \&change ]) {
            my ($op, $ask) = @$_;
            $rc->fault({ match => { op => $op }, action => $kind{$what} });
            my $answer = $ask->();
            $rc->faults_clear;
            like $answer->{status}, qr/^(?:20[01]|50[23])$/, "$op, $what: $answer->{status}";
            ok ref $answer->{json}, "$op, $what: JSON";
            is $answer->{headers}{'content-type'}, 'application/scim+json', "$op, $what: of SCIM";
            unlike $answer->{content}, qr/<html|<title/i, "$op, $what: no page of a proxy";
            is scalar(my @real = $rc->extensions(email => "e$n\@example.com")), 1, "$op, $what: one user"
              if $op eq 'createExtension' && $answer->{status} == 201;
        }
    }
    is(change()->{status}, 200, 'then all is well again');
    my %times;
    $times{$_}++ for map { $_->{contact}{email} // '' } $rc->extensions;
    is_deeply [ grep { $_ && $times{$_} > 1 } keys %times ], [], 'nobody was made twice';
};

subtest 'a platform that hangs' => sub {
    $rc->fault({ match => { op => 'updateExtension' }, action => { kind => 'hang', ms => 15000 } });
    my $answer = change();
    cmp_ok $answer->{seconds}, '<', 12, "an answer in time: $answer->{seconds}";
    is $answer->{status}, 503, 'it is not known';
    like $answer->{headers}{'retry-after'}, qr/^\d+$/, 'Retry-After';
    is $scim->get("/Users/$user->{id}")->{status}, 200, 'reads go on';
    $rc->faults_clear;
    is(change()->{status}, 200, 'then all is well again');
};

subtest 'a token that is no more' => sub {
    $gw->sent;
    for my $what (qw(invalidate_tokens expire_tokens)) {
        $rc->$what;
        my $answer = change();
        is $answer->{status}, 200, "$what: nobody notices";
        my @all = $rc->calls;
        is scalar(grep { $_->{path} =~ m{/oauth/token} } @all), 1, 'one new token';
        is join(' ', map { $_->{status} } grep { $_->{op} eq 'updateExtension' } @all), '401 200', 'the call is repeated';
        $gw->sent;
    }
    $rc->fault({ match => { op => 'updateExtension' }, times => 1, action => { kind => 'invalidate_token' } });
    is(change()->{status}, 200, 'amid the call');
};

subtest 'a permission is taken away' => sub {
    $rc->config(missing_user_permissions => 'AddRemoveUsers');
    my $answer = create();
    is_error($answer, 403, undef, qr/permission.*AddRemoveUsers/s, 'create');
    $rc->config(missing_user_permissions => undef);
    is create()->{status}, 201, 'given back';
};

subtest 'maintenance' => sub {
    for my $status (503, 500) {
        $rc->config(maintenance => 'on', cmn201_status => $status);
        is_error(change(), 503, undef, qr/not available.*CMN-201/s, "changes with CMN-201 as $status");
        is $scim->list->{status}, 200, 'reads go on';
    }
    $rc->config(maintenance => undef, cmn201_status => undef);
    is(change()->{status}, 200, 'then all is well again');
};

subtest 'licences' => sub {
    $rc->config(account_cap => 1);
    is_error(create(), 403, undef, qr/licence.*buy/s, 'no licence');
    $rc->config(account_cap => undef);
    $gw->sent;
    my $taken = $scim->as(base => $gw->url('/unassigned'))->post('/Users', $scim->user('line@example.com'));
    is $taken->{status}, 201, 'the last line';
    is_error($scim->as(base => $gw->url('/unassigned'))->post('/Users', $scim->user('none@example.com')),
        403, undef, qr/no unassigned extension left/, 'no line');
};

subtest 'the platform is away' => sub {
    kill 'STOP', -$rc->{httpd};    # all its processes
    is $scim->get("/Users/$user->{id}")->{status}, 200, 'reads come from the copy';
    my $answer = change();
    kill 'CONT', -$rc->{httpd};
    is $answer->{status}, 503, 'changes do not';
    like $answer->{headers}{'retry-after'}, qr/^\d+$/, 'Retry-After';
    is(change()->{status}, 200, 'then all is well again');
};

$gw->stop;
done_testing;
