#!/usr/bin/env perl
# What is not known of RingCentral must not matter: each of the sandbox's knobs that the
# gateway could depend on is turned, one at a time, around a short life of a user.
# KNOB=lag runs those whose name has it.
use strict;
use warnings;
use File::Path ();
use JSON::PP ();
use Test::More;
use TestGateway;

my ($yes, $no) = (JSON::PP::true, JSON::PP::false);
my $ENTERPRISE = $ScimClient::ENTERPRISE;
my $error = sub { my ($status, $code, $message, $parameter) = @_;
    return { status => $status, code => $code, message => $message, parameterName => $parameter } };

my @turns = (    # knob, value; {skip => [parts that the knob forbids]}
    [ 'as it is' => undef ],
    [ email_as_login_default => 'false' ],
    [ enable_needs_password  => 0 ],
    [ enable_needs_pin       => 1 ],
    [ references_unique      => 1 ],
    [ references_merge       => 'merge' ],
    [ null_semantics         => 'clear' ],
    [ null_semantics         => 'reject' ],
    [ unknown_body           => 'reject' ],
    [ allow_frozen           => 1 ],
    [ state_out              => 'name' ],
    [ site_feature           => 'off' ],
    [ order                  => 'insertion' ],
    [ order                  => 'id' ],
    [ perpage_over           => 'reject' ],
    [ email_case             => 'sensitive' ],
    [ list_lag_ms            => 3000 ],
    [ filter_lag_ms          => 3000 ],
    [ directory_lag_ms       => 3000 ],
    [ directory_hidden       => 'omit' ],
    [ multi_id_extension     => 'on' ],
    [ password_min           => 12 ],
    [ max_sessions           => 1 ],
    [ refresh_tokens         => 'off' ],
    [ auth_key               => 'user_app' ],
    [ expired_outer          => 'TokenInvalid' ],
    [ api_401_www            => 'on' ],
    [ token_ttl_s            => 600 ],
    [ cmn201_status          => 500 ],
    [ date_skew_s            => -7200 ],
    [ date_skew_s            => 7200 ],
    [ debug_headers          => 1 ],
    [ after_penalty          => 'sliding' ],
    [ count_rejected         => 1 ],
    [ omit_headers           => 1 ],
    [ omit_headers           => 0.5 ],
    [ omit_retry_after       => 1 ],
    [ window_s               => 30 ],
    [ limit_medium           => 15 ],
    [ limits                 => 'off' ],
    [ latency                => 'on' ],
    [ dup_login_email => $error->(409, 'EXT-111', 'Email is already in use', undef) ],
    [ dup_login_email => $error->(403, 'CMN-406', 'Duplicate value for parameter contact.email found in request', 'contact.email') ],
    [ bad_transition  => $error->(400, 'EXT-222', 'The status cannot be changed', undef) ],
    [ unclearable     => $error->(400, 'EXT-333', 'Field is required', 'contact.jobTitle') ],
    [ license_limit   => $error->(403, 'BIL-101', 'License limit has been reached.', undef) ],
);
@turns = grep { $_->[0] =~ /\Q$ENV{KNOB}/ } @turns if $ENV{KNOB};

my $gw = TestGateway->new(
    sandbox => { users => 6, unassigned => 2 + @turns, scale => 60, conf => join '',
        map { "SandboxApp $_ $_-secret\n" } qw(portal believing) },
    account => "ScimRCReportNumbers both\nScimRCMaxAge 0\n");
my %place = (
    enabled    => "ScimRCNewUserStatus Enabled\n",
    unassigned => "ScimRCCreate unassigned\n",
    disable    => "ScimRCDelete disable\n",
    remove     => "ScimRCDelete remove\n",
);
$gw->{conf} .= join '', map { $gw->location_conf("/$_", 'main', $place{$_}) } sort keys %place;
# One that believes its copy, so that it is RingCentral who says what is wrong.
my $believing = bless { %{ $gw->sandbox }, id => 'believing', secret => 'believing-secret', owner => 0 }, 'Sandbox';
$gw->{conf} .= $gw->account_conf('believing', $believing, "ScimRCMaxAge 1h\n")
  . $gw->location_conf('/believing', 'believing');
$gw->start_filled;
my $rc = $gw->sandbox;
my $scim = $gw->scim;
my $n = 0;
$gw->allow_log(qr/SCIMRC0101: /);

sub at { my ($place) = @_; return $scim->as(base => $gw->url("/$place")) }
sub real { my ($id) = @_; return ($rc->extensions(id => $id))[0] // {} }
sub shown { return join '; ', map { "$_->{status} $_->{content}" } grep { $_->{status} >= 400 } @_ }

# Somebody comes, changes, is turned off and on, and leaves; in all the ways.
sub life {
    my $tag = 'k' . ++$n;
    my $name = "$tag\@example.com";
    my $made = $scim->post('/Users', $scim->user($name, externalId => "$tag-ext", title => 'Clerk',
        addresses => [ { type => 'work', country => 'US', region => 'CA', locality => 'Napa' } ],
        phoneNumbers => [ { type => 'mobile', value => '+14155550123' } ], $ENTERPRISE => { department => 'Sales' }));
    is shown($made), '', 'created';
    my $id = $made->{json}{id} // 0;
    is $made->{json}{addresses}[0]{region}, 'CA', 'the region as it was sent';
    is real($id)->{contact}{emailAsLoginName}, $yes, 'the e-mail is the login';
    is $scim->post('/Users', $scim->user(uc $name))->{status}, 409, 'not twice';
    is(($scim->find(uc $name) // {})->{id}, $id, 'found');

    my $changed = $scim->patch("/Users/$id", { op => 'replace', path => 'name.familyName', value => 'Changed' },
        { op => 'replace', path => 'addresses[type eq "work"].region', value => 'Texas' },
        { op => 'replace', path => 'externalId', value => "$tag-new" });
    is shown($changed), '', 'changed';
    is real($id)->{contact}{lastName}, 'Changed', 'in RingCentral';
    is $changed->{json}{addresses}[0]{region}, 'Texas', 'the region as it was sent';
    is $changed->{json}{externalId}, "$tag-new", 'the external id';
    is $scim->list(filter => qq(externalId eq "$tag-new"))->{json}{totalResults}, 1, 'found by it';
    $rc->calls_clear;
    is_deeply $scim->patch("/Users/$id", { op => 'replace', path => 'name.familyName', value => 'Changed' })->{json},
      $changed->{json}, 'the same once more changes nothing';
    is scalar(grep { $_->{method} ne 'GET' } $rc->calls), 0, 'and sends nothing';

    my $cleared = $scim->patch("/Users/$id", { op => 'remove', path => 'title' },
        { op => 'remove', path => 'phoneNumbers[type eq "mobile"]' });
    is shown($cleared), '', 'cleared';
    is $cleared->{json}{title} // '', real($id)->{contact}{jobTitle} // '', 'and shown as it is';

    for my $on ($no, $yes, $no) {
        my $set = $scim->patch("/Users/$id", { op => 'replace', path => 'active', value => $on });
        is shown($set), '', $on ? 'turned on' : 'turned off';
        is $set->{json}{active}, $on, 'is so';
        like real($id)->{status}, $on ? qr/^(?:Enabled|NotActivated)$/ : qr/^Disabled$/, 'in RingCentral';
    }
    is shown($scim->delete("/Users/$id")), '', 'deleted';
    is $scim->get("/Users/$id")->{status}, 404, 'gone';
    is $scim->find($name), undef, 'gone by name';
    is real($id)->{status}, undef, 'and in RingCentral';
}

sub ways {
    my $tag = 'w' . $n;
    my $enabled = at('enabled')->post('/Users', $scim->user("$tag-e\@example.com"));
    is shown($enabled), '', 'enabled at once';
    is $enabled->{json}{active}, $yes, 'active';
    is shown(at('remove')->delete("/Users/$enabled->{json}{id}")), '', 'removed';
    is real($enabled->{json}{id})->{status}, undef, 'from RingCentral';

    my $filled = at('unassigned')->post('/Users', $scim->user("$tag-u\@example.com", title => 'Line',
        externalId => "$tag-line"));
    is shown($filled), '', 'out of the pool';
    my $id = $filled->{json}{id} // 0;
    is scalar(@{ real($id)->{phoneNumbers} // [] }), 1, 'with a number';
    is shown(at('disable')->delete("/Users/$id")), '', 'deleted by disabling';
    is $scim->get("/Users/$id")->{status}, 404, 'gone';
    my $back = $scim->post('/Users', $scim->user("$tag-u\@example.com"));
    is shown($back), '', 'back again';
    is $back->{json}{id}, $id, 'under its id';
    ok !exists $back->{json}{title}, 'without what it had';
    is shown($scim->delete("/Users/$id")), '', 'released';
}

# Somebody of the portal, and what RingCentral refuses.
sub others {
    my $name = "p$n\@example.com";
    my $extension = '/restapi/v1.0/account/~/extension';
    # The portal has an app, and so a quota, of its own.
    local @$rc{qw(id secret token)} = qw(portal portal-secret);
    my $id = $rc->api(POST => $extension, { contact => { firstName => 'Pia', email => $name, emailAsLoginName => $yes },
        status => 'Disabled' })->{json}{id};
    my $twice = at('believing')->post('/Users', $scim->user($name));
    is "$twice->{status} " . ($twice->{json}{scimType} // ''), '409 uniqueness', 'a name that only RingCentral knows of';
    ok $gw->wait_until(sub { $scim->find($name) }), 'found';
    my $on = $scim->patch("/Users/$id", { op => 'replace', path => 'active', value => $yes });
    is shown($on), '', 'turned on';
    is $on->{json}{active}, $yes, 'is so';
    like real($id)->{status}, qr/^(?:Enabled|NotActivated)$/, 'in RingCentral, if need be by another status';
    is shown($scim->delete("/Users/$id")), '', 'deleted';
    $rc->config(account_cap => 1);
    my $none = $scim->post('/Users', $scim->user("n$n\@example.com"));
    $rc->config(account_cap => undef);
    is $none->{status}, 403, 'no licence';
    like $none->{json}{detail}, qr/licence.*buy/, 'says so';
}

for my $turn (@turns) {
    my ($knob, $value) = @$turn;
    my $what = ref $value ? "$knob $value->{status} $value->{code}" : join ' ', grep { defined } $knob, $value;
    subtest $what => sub {
        $rc->config($knob => $value) if defined $value;
        $rc->expire_tokens if $knob =~ /token|expired|sessions|auth|401/;
        life();
        ways();
        others();
        if ($knob eq 'perpage_over' || $knob eq 'order' || $knob eq 'state_out' || $knob =~ /^directory/) {
            $gw->PrivateHttpd::stop;    # what the first reading makes of it
            File::Path::remove_tree($gw->state_dir, { keep_root => 1 });
            $gw->start_filled;
            is $scim->list(count => 0)->{json}{totalResults},
              scalar(grep { $_->{type} eq 'User' && $_->{status} ne 'Unassigned' } $rc->extensions), 'read anew';
            is $scim->list(count => 1)->{json}{Resources}[0]{addresses}[0]{region}, 'CA', 'its places too';
            life();
        }
        $rc->config($knob => undef) if defined $value;
        is $rc->ratelimit->{wastedCalls}, 0, 'no call against the limits';
        $rc->ratelimit_clear;
    };
}

$gw->stop;
done_testing;
