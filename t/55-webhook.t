#!/usr/bin/env perl
# The webhook: RingCentral's check of the address, events and what comes of them, and a
# subscription that is kept alive and never left over.
use strict;
use warnings;
use File::Path ();
use HTTP::Tiny;
use PrivateHttpd;
use Sandbox;
use Test::More;
use TestGateway;

my $rc   = Sandbox->new(users => 30, unassigned => 2, scale => 60, credentials => 2);
my $port = PrivateHttpd::free_port();
my $hook = "http://127.0.0.1:$port/rc-hook";
my $REFRESH = 2;    # seconds
my $HOOK_CONF = <<'EOT';
<Location "/rc-hook">
SetHandler scim-rc-hook
ScimRCUse main
Require all granted
</Location>
EOT
my $gw = TestGateway->new(
    sandbox  => $rc,
    port     => $port,
    account  => "ScimRCWebhook $hook\nScimRCRefresh ${REFRESH}s\n",
    location => "ScimRCCreate extension\n",
    conf     => $HOOK_CONF);
# A subscription belongs to one user and app; the others must not be asked for it.
my $more = '';
for my $credential (($rc->credentials)[ 1, 2 ]) {
    my $secret = $gw->write_secret("$credential->{id}.secret", $credential->{secret});
    my $jwt    = $gw->write_secret("$credential->{id}.jwt",    $credential->{jwt});
    $more .= "ScimRCCredential $credential->{id} $credential->{id} file:$secret file:$jwt\n";
}
$gw->{conf} =~ s/(?=ScimRCWebhook )/$more/ or die;
$rc->config(hook_delay_ms => 0);
my $V1   = '/restapi/v1.0/account/~/extension';
my $http = HTTP::Tiny->new(timeout => 30);

sub subscriptions { return @{ $rc->events->{subscriptions} } }
sub calls_of { my ($op) = @_; return grep { $_->{op} eq $op } $rc->calls }
sub portal {
    my ($id, $contact) = @_;
    my $answer = $rc->api(PUT => "$V1/$id", { contact => $contact });
    die "$answer->{status} $answer->{content}" if $answer->{status} != 200;
}

# RingCentral's clock alone; our own token ends by that.
sub later {
    my ($seconds) = @_;
    $rc->advance($seconds);
    $rc->forget_token;
}

$gw->start_filled;
my $scim  = $gw->scim;
my @users = map { $_->{id} } @{ $scim->list(count => 20)->{json}{Resources} };

sub title_is {
    my ($id, $title, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok $gw->wait_until(sub { ($scim->get("/Users/$id")->{json}{title} // '') eq $title }), $name;
}

subtest 'a subscription' => sub {
    ok $gw->wait_for_log(qr/SCIMRC0130: account main: .*\Q$hook\E/), 'is made';
    my @all = subscriptions();
    is scalar(@all), 1, 'one';
    is $all[0]{status}, 'Active', 'that works';
    is $all[0]{app}, $rc->{id}, 'of the first of several credentials';
    is $all[0]{deliveryMode}{address}, $hook, 'to us';
    is_deeply [ map { $_->{outcome} } grep { $_->{kind} eq 'handshake' } @{ $rc->events->{history} } ],
      ['accepted'], 'after RingCentral has checked the address';
    # events of before do not count for what was there already: one more list, no other
    $gw->wait_until(sub { calls_of('listExtensions') >= 1 });
};

subtest 'an event' => sub {
    $rc->calls_clear;
    portal($users[0], { jobTitle => 'Head' });
    title_is($users[0], 'Head', 'brings a change');
    is scalar(calls_of('readExtension')), 1, 'by one call';
    my @lists = calls_of('listExtensions');
    is scalar(@lists), 0, 'and no list, though the time for one has passed' or diag explain \@lists;
};

subtest 'their forms' => sub {
    for my $knob ([ event_shape => 'single' ], [ hook_header => 'Validation-Token' ], [ hook_header => 'both' ]) {
        $rc->config(event_shape => 'list', hook_header => 'Verification-Token', @$knob);
        portal($users[1], { jobTitle => "Form @$knob" });
        title_is($users[1], "Form @$knob", "@$knob");
    }
    $rc->config(event_shape => 'list', hook_header => 'Verification-Token');
};

subtest 'twice and in another order' => sub {
    $rc->config(hook_dup => 1, hook_reorder => 1, hook_delay_ms => 20000);
    $rc->calls_clear;
    portal($users[$_ % 3], { jobTitle => "Order $_" }) for 3 .. 8;
    my $made = $rc->api(POST => $V1, { contact => { firstName => 'Gone', email => 'gone@example.com' } })->{json}{id};
    $rc->api(DELETE => "$V1/$made");
    my $new = $rc->api(POST => $V1, { contact => { firstName => 'New', email => 'new@example.com' } })->{json}{id};
    $rc->events_flush;
    title_is($users[0], 'Order 6', 'the last value');
    title_is($users[1], 'Order 7', 'wins');
    title_is($users[2], 'Order 8', 'for each');
    ok $gw->wait_until(sub { $scim->get("/Users/$new")->{status} == 200 }), 'who came is there';
    is $scim->get("/Users/$made")->{status}, 404, 'who came and went is not';
    $rc->api(DELETE => "$V1/$new");
    $rc->events_flush;
    ok $gw->wait_until(sub { $scim->get("/Users/$new")->{status} == 404 }), 'nor who went';
    $rc->config(hook_dup => 0, hook_reorder => 0, hook_delay_ms => 0);
};

subtest 'lost' => sub {
    $rc->config(hook_drop => 1);
    portal($users[3], { jobTitle => 'Lost' });
    $rc->config(hook_drop => 0);
    portal($users[4], { jobTitle => 'Heard' });
    title_is($users[4], 'Heard', 'the next event comes');
    isnt $scim->get("/Users/$users[3]")->{json}{title}, 'Lost', 'one is lost';
    my $answer = $scim->patch("/Users/$users[3]", { op => 'replace', path => 'displayName', value => 'x' });
    portal($users[3], { department => 'Sales' });
    title_is($users[3], 'Lost', 'the next one of the same user brings it as well');
};

subtest 'our own writes' => sub {
    $rc->events_flush;
    $rc->calls_clear;
    for my $n (1 .. 4) {
        $scim->patch("/Users/$users[5]", { op => 'replace', path => 'title', value => "Ours $n" });
    }
    ok $rc->events_flush->{done}, 'lead to events';
    portal($users[6], { jobTitle => 'Theirs' });
    title_is($users[6], 'Theirs', 'those of others are read');
    is_deeply [ map { $_->{path} =~ m{(\d+)$} } calls_of('readExtension') ], [ $users[6] ], 'and no others';
};

subtest 'who meets a changed user' => sub {
    portal($users[7], { jobTitle => 'Early' });
    $rc->events_flush;
    my $found = $scim->find($scim->get("/Users/$users[7]")->{json}{userName});
    is $found->{title}, 'Early', 'reads first, in a lookup';
};

# --- what strangers send ----------------------------------------------------------

sub post {
    my ($headers, $content) = @_;
    return $http->post($hook, { headers => $headers, defined $content ? (content => $content) : () });
}

subtest 'strangers' => sub {
    $rc->events_flush;
    $rc->calls_clear;
    my $event = qq({"uuid":"1","event":"$V1","timestamp":"2026-01-01T00:00:00Z","body":)
      . qq({"extensions":[{"extensionId":"$users[8]","eventType":"Update"}]}});
    my $wrong = 'a' x 64;
    is post({}, $event)->{status}, 403, 'no token';
    is post({ 'Verification-Token' => $wrong }, $event)->{status}, 403, 'another token';
    is post({ 'Validation-Token' => $wrong }, $event)->{status}, 403, 'in the other header';
    is post({ 'Verification-Token' => '' }, $event)->{status}, 403, 'or an empty one';
    is post({}, '')->{status}, 403, 'nothing at all';
    my $checked = post({ 'Validation-Token' => 'abc-123' }, '');
    is $checked->{status}, 200, 'a check of the address';
    is $checked->{headers}{'validation-token'}, 'abc-123', 'gets its token back';
    is $checked->{headers}{'content-type'}, 'application/json', 'as JSON';
    is $checked->{headers}{'set-cookie'}, undef, 'and no cookie';
    is length $checked->{content}, 0, 'nor anything else';
    for my $bad ('x' x 201, 'a b', '<script>', 'a"b', 'a, b') {
        my $answer = post({ 'Validation-Token' => $bad }, '');
        is $answer->{status}, 403, 'no proper token';
        is $answer->{headers}{'validation-token'}, undef, 'is not repeated';
    }
    for my $method (qw(GET PUT DELETE OPTIONS)) {
        my $answer = $http->request($method, $hook);
        is $answer->{status}, 405, $method;
        is $answer->{headers}{allow}, 'POST', "$method: Allow";
    }
    is post({ 'Verification-Token' => $wrong }, 'x' x (1024 * 1024 + 1))->{status}, 413, 'too much';
    unlike join(' ', map { $_->{content} } post({}, $event), $http->get($hook)), qr/scim|ringcentral|account/i,
      'nobody is told anything';
    portal($users[9], { jobTitle => 'Barrier' });
    title_is($users[9], 'Barrier', 'RingCentral is still heard');
    is_deeply [ map { $_->{path} =~ m{(\d+)$} } calls_of('readExtension') ], [ $users[9] ], 'alone';
};

# --- the life of the subscription -------------------------------------------------

subtest 'a graceful restart' => sub {
    my ($before) = subscriptions();
    ok $gw->graceful, 'happens';
    $rc->calls_clear;
    ok $gw->wait_until(sub { calls_of('readSubscription') }), 'the subscription is looked at';
    my @after = subscriptions();
    is_deeply [ map { $_->{id} } @after ], [ $before->{id} ], 'and kept';
    portal($users[10], { jobTitle => 'Still' });
    title_is($users[10], 'Still', 'and works');
};

subtest 'half of its life' => sub {
    my ($before) = subscriptions();
    later(4 * 24 * 3600);
    my ($old) = subscriptions();
    $rc->calls_clear;
    $gw->graceful;
    ok $gw->wait_until(sub { calls_of('renewSubscription') }), 'it is renewed';
    my @after = subscriptions();
    is scalar(@after), 1, 'there is one';
    is $after[0]{id}, $before->{id}, 'the same';
    cmp_ok $after[0]{expiresIn}, '>', $old->{expiresIn}, 'for longer';
};

subtest 'gone' => sub {
    my ($before) = subscriptions();
    is $rc->api(DELETE => "/restapi/v1.0/subscription/$before->{id}")->{status}, 204, 'somebody deletes it';
    $gw->graceful;
    ok $gw->wait_until(sub { subscriptions() == 1 }), 'it is made anew';
    ok $gw->wait_for_log(qr/SCIMRC0132: .*does not exist any more/), 'which is logged';
    isnt((subscriptions())[0]{id}, $before->{id}, 'another one');
    ok $gw->wait_until(sub { (() = $gw->error_log =~ /SCIMRC0130: /g) == 2 }), 'which is known';
    portal($users[11], { jobTitle => 'Anew' });
    title_is($users[11], 'Anew', 'that works');
};

subtest 'given up by RingCentral' => sub {
    my ($before) = subscriptions();
    $gw->PrivateHttpd::stop;
    for (1 .. 3) {
        portal($users[12], { jobTitle => "Unheard $_" });
        $rc->events_flush;
        later(400);
    }
    is((subscriptions())[0]{status}, 'Blacklisted', 'after ten minutes without an answer');
    $rc->calls_clear;
    $gw->start;
    ok $gw->wait_for_log(qr/SCIMRC0132: .*Blacklisted/), 'the gateway sees it';
    ok $gw->wait_until(sub { join(' ', map { $_->{status} } subscriptions()) eq 'Active' }), 'and makes another';
    title_is($users[12], 'Unheard 3', 'what was missed comes by a list');
    $rc->calls_clear;
    portal($users[13], { jobTitle => 'Heard' });
    title_is($users[13], 'Heard', 'events come again');
};

subtest 'no subscription is left over' => sub {
    for my $round (1 .. 3) {
        $gw->PrivateHttpd::stop;
        File::Path::remove_tree($gw->state_dir, { keep_root => 1 }) if $round > 1;
        $gw->start_filled;
        my @all = $gw->wait_until(sub { subscriptions() == 1 }) ? subscriptions() : ();
        is scalar(@all), 1, $round > 1 ? 'without the copy' : 'after a restart';
    }
    portal($users[14], { jobTitle => 'Last' });
    title_is($users[14], 'Last', 'and the last one works');
};

subtest 'one credential' => sub {
    my @of_others = grep { $_->{op} =~ /Subscription/ && $_->{status} >= 400 } $rc->calls;
    is scalar(@of_others), 0, 'no other one was asked for it';
};

subtest 'not reachable' => sub {
    $gw->PrivateHttpd::stop;
    my $whole = $gw->{conf};
    my $nowhere = 'http://127.0.0.1:' . PrivateHttpd::free_port() . '/nobody';
    $gw->{conf} =~ s/ScimRCWebhook \S+/ScimRCWebhook $nowhere/ or die;
    $gw->start_filled;
    ok $gw->wait_for_log(qr/SCIMRC0134: account main: the webhook \Q$nowhere\E does not work: SUB-521 .* firewall/),
      'says so';
    is scalar(subscriptions()), 0, 'no subscription';
    portal($users[15], { jobTitle => 'Polled' });
    title_is($users[15], 'Polled', 'the account is read as ever');
    $gw->PrivateHttpd::stop;
    $gw->{conf} =~ s/ScimRCWebhook \S+\n// or die;
    $gw->{conf} =~ s/\Q$HOOK_CONF\E// or die;
    $gw->start_filled;
    ok $gw->wait_for_log(qr/SCIMRC0133: /), 'without one the rest is taken away';
    $gw->{conf} = $whole;
};

# --- the configuration ------------------------------------------------------------

subtest 'httpd -t' => sub {
    my $whole = $gw->{conf};
    my ($status) = $gw->configtest;
    is $status, 0, 'is content';
    my $refused = sub {
        my ($from, $to, $why) = @_;
        (my $conf = $whole) =~ s/$from/$to/ or die $from;
        my ($exit, $text) = $gw->configtest($conf);
        isnt $exit, 0, "$to is refused";
        like $text, $why, 'and why';
    };
    $refused->(qr/(scim-rc-hook\n)ScimRCUse main/, "scim-rc-hook\n", qr/SetHandler: bad value 'scim-rc-hook' in <Location "\S+">, where no ScimRCUse is in effect/);
    $refused->(qr/ScimRCWebhook \S+\n/, '', qr/scim-rc-hook: needs ScimRCWebhook in <ScimRCAccount main>/);
    $refused->(qr/\Q$HOOK_CONF\E/, '', qr/ScimRCWebhook: needs a <Location> with SetHandler scim-rc-hook/);
    for my $bad (qw(hook.example.com/x ftp://hook.example.com/x http://hook.example.com/x https://hook.example.com
        https://hook.example.com/x?y https://u@hook.example.com/x)) {
        $refused->(qr/ScimRCWebhook \S+/, "ScimRCWebhook $bad", qr/ScimRCWebhook: bad value '\Q$bad\E'; it must be an https URL/);
    }
    (my $two = $whole) =~ s{(<ScimRCAccount )main(>.*?</ScimRCAccount>\n)}{$1main$2$1two$2}s or die;
    $two =~ s{(<ScimRCAccount two>.*?ScimRCStateDir \S+)}{$1-two}s or die;
    $two .= $HOOK_CONF =~ s/rc-hook"/other"/r =~ s/ScimRCUse main/ScimRCUse two/r;
    ($status, my $text) = $gw->configtest($two);
    isnt $status, 0, 'one address for two accounts is refused';
    like $text, qr/is also that of the account 'main'/, 'and why';
};

$gw->stop;
$rc->stop;
done_testing;
