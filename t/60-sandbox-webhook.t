#!/usr/bin/env perl
# The sandbox's subscriptions and webhooks.
use strict;
use warnings;
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use IPC::Open2;
use JSON::PP;
use POSIX ();
use Test::More;
use Time::HiRes 'time';
use Sandbox;
use SandboxSchema;

plan skip_all => Sandbox::missing() if Sandbox::missing();

my $json = JSON::PP->new->utf8->canonical;
my $dir  = tempdir('scim-rc-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my @children;

# --- the receiver -----------------------------------------------------------------
# A small HTTP server in a process of its own. It writes each request to a file before
# it answers, so what the sandbox has delivered can be read there. The path says how it
# answers a handshake; the file "status" what it answers to deliveries.

sub read_request {
    my ($socket) = @_;
    my $text = '';
    while ($text !~ /\r\n\r\n/) {
        sysread $socket, $text, 65536, length $text or return;
    }
    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my ($first, @lines) = split /\r\n/, $head;
    my %header = map { /^([^:]+):\s*(.*)/ ? (lc $1 => $2) : () } @lines;
    while (length $body < ($header{'content-length'} // 0)) {
        sysread $socket, $body, 65536, length $body or return;
    }
    my ($method, $path) = split / /, $first;
    return { method => $method, path => $path, headers => \%header, body => $body };
}

sub slurp { open my $in, '<:raw', $_[0] or return ''; local $/; scalar <$in> // '' }
sub spew { open my $out, '>:raw', "$_[0].new"; print $out $_[1]; close $out; rename "$_[0].new", $_[0] }

sub answer_to {
    my ($request) = @_;
    my $token = $request->{headers}{'validation-token'} // '';
    my $ok = sub { my ($status, $type, $token, $body) = @_;
        join "\r\n", "HTTP/1.1 $status X", ($type ? "Content-Type: $type" : ()),
            (defined $token ? "Validation-Token: $token" : ()),
            'Content-Length: ' . length $body, 'Connection: close', '', $body };
    if (length $request->{body}) {
        return $ok->(slurp("$dir/status") || 200, 'application/json', undef, '');
    }
    my %shake = (
        '/ok'       => sub { $ok->(200, 'application/json', $token, '') },
        '/charset'  => sub { $ok->(200, 'application/json; charset=utf-8', $token, '{}') },
        '/mute'     => sub { $ok->(200, 'application/json', undef, '') },
        '/wrong'    => sub { $ok->(200, 'application/json', "x$token", '') },
        '/teapot'   => sub { $ok->(418, 'application/json', $token, '') },
        '/created'  => sub { $ok->(201, 'application/json', $token, '') },
        '/moved'    => sub { $ok->(302, 'application/json', $token, '') },
        '/text'     => sub { $ok->(200, 'text/plain', $token, '') },
        '/untyped'  => sub { $ok->(200, undef, $token, '') },
        '/large'    => sub { $ok->(200, 'application/json', $token, ' ' x 1024) },
        '/closed'   => sub { '' },
        '/nothing'  => sub { undef },
    );
    return ($shake{ $request->{path} } // $shake{'/ok'})->();
}

sub receive {
    my ($listener) = @_;
    open my $log, '>>:raw', "$dir/received" or POSIX::_exit(1);
    $log->autoflush(1);
    while (my $socket = $listener->accept) {
        my $request = read_request($socket) or next;
        print $log $json->encode($request), "\n";
        my $answer = answer_to($request);
        if (defined $answer) { syswrite $socket, $answer }
        # until the other side has had enough
        else { sysread $socket, my $end, 1 }
        close $socket;
    }
}

my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64, ReuseAddr => 1)
    or die "no receiver: $!";
my $parent = $$;
sub child {
    my ($work) = @_;
    my $pid = fork // die "fork: $!";
    if (!$pid) { $work->(); POSIX::_exit(0) }
    push @children, $pid;
    return $pid;
}
END { if ($$ == ($parent // 0)) { local $?; kill TERM => @children; waitpid $_, 0 for @children } }
child(sub { receive($listener) });
my $address = 'http://127.0.0.1:' . $listener->sockport;

# The requests that came since the last call: deliveries, or handshakes.
my $seen = 0;
sub received {
    my @lines = split /\n/, slurp("$dir/received");
    my @new = map { $json->decode($_) } @lines[ $seen .. $#lines ];
    $seen = @lines;
    return @new;
}
sub deliveries { map { { %$_, json => $json->decode($_->{body}) } } grep { length $_->{body} } received() }

# --- the sandbox ------------------------------------------------------------------

my $sb = Sandbox->new(users => 10, unassigned => 3, limits => 'off', credentials => 1);
# The clock of this test goes far.
$sb->config(token_ttl_s => 31536000, record => 1);
my $path = '/restapi/v1.0/subscription';
my $base = '/restapi/v1.0/account/~';
my $admin = $sb->control(GET => '')->{accountId};
my $extensions = "/restapi/v1.0/account/$admin/extension";
my $directory = "/restapi/v1.0/account/$admin/directory/entries";

sub problem { my $r = shift; join ' ', $r->{status}, $r->{json}{errors}[0]{errorCode} // '-', $r->{json}{errors}[0]{parameterName} // '-' }

# A new subscription; whatever `more` has takes the place of its parts.
sub subscribe {
    my (%more) = @_;
    my $who = delete $more{who} // $sb;
    my $to = delete $more{to} // '/ok';
    return $who->api(POST => $path, {
        eventFilters => ["$base/extension"],
        deliveryMode => { transportType => 'WebHook', address => $address . $to },
        %more });
}
sub with_mode { my %o = @_; (deliveryMode => { transportType => 'WebHook', address => "$address/ok", %o }) }

sub cancel_all {
    for my $who ($sb, $sb->as(1)) {
        $who->api(DELETE => "$path/$_->{id}") for @{ $who->api(GET => $path)->{json}{records} };
    }
    $sb->events_clear;
    received();
}
sub rename_user { $sb->api(PUT => "$base/extension/$_[0]", { contact => { jobTitle => $_[1] } }) }
my ($user, $user2) = map { "$_->{id}" } grep { $_->{status} eq 'Enabled' && $_->{id} != $admin && $_->{type} eq 'User' }
    $sb->extensions;

subtest 'rule 130: what a subscription must be' => sub {
    is problem(subscribe(eventFilters => [])), '400 CMN-101 eventFilters';
    is problem(subscribe(eventFilters => ["$base/extension", '/restapi/v1.0/nonsense'])),
        '400 SUB-508 -';
    is problem(subscribe(eventFilters => ["$base/extension/$user/nonsense"])), '400 SUB-508 -';
    is problem(subscribe(eventFilters => ['/restapi/v1.0/account/5/extension'])), '403 SUB-406 -';
    is problem(subscribe(eventFilters => ["$path/~?threshold=60&interval=15"])), '400 SUB-515 -';
    is problem(subscribe(eventFilters => ["$base/extension", "$path/~?threshold=x&interval=15"])),
        '400 SUB-508 -';
    is problem(subscribe(expiresIn => $_)), '400 CMN-101 expiresIn', "expiresIn $_"
        for 0, 315360001, 'soon';
    is problem(subscribe(with_mode(transportType => 'PubNub'))),
        '400 CMN-101 deliveryMode.transportType';
    is problem(subscribe(with_mode(address => $_))), '400 CMN-101 deliveryMode.address', $_
        for 'ftp://x', 'nowhere', '';
    is problem(subscribe(with_mode(verificationToken => 5))),
        '400 CMN-101 deliveryMode.verificationToken';
    is problem($sb->api(POST => $path, [])), '400 CMN-103 -';
    $sb->config(allow_http_hooks => 0);
    is problem(subscribe()), '400 SUB-523 -', 'https is required';
    $sb->config(allow_http_hooks => undef, missing_app_permissions => 'SubscriptionWebhook');
    my $r = subscribe();
    is problem($r), '403 CMN-401 -';
    is $r->{json}{permissionName}, 'SubscriptionWebhook';
    $sb->config(missing_app_permissions => undef);
    is scalar(received()), 0, 'nobody was asked';

    my $made = subscribe(expiresIn => 315360000);
    is $made->{status}, 200;
    is $made->{json}{expiresIn}, 315360000;
    is subscribe()->{json}{expiresIn}, 604799, 'the default';
    is subscribe()->{status}, 200 for 3 .. 30;
    is problem(subscribe()), '403 SUB-505 -', 'the 31st';
    is subscribe(who => $sb->as(1))->{status}, 200, 'of each app and user';
    is scalar @{ $sb->api(GET => $path)->{json}{records} }, 30;
    is scalar @{ $sb->events->{subscriptions} }, 31;
    cancel_all();
};

subtest 'rule 130: groups of limits' => sub {
    $sb->config(limits => 'real', limit_medium => 1000, limit_light => 1000);
    my %group = ("GET $path" => 'light', "POST $path" => 'medium', "GET $path/x" => 'light',
        "PUT $path/x" => 'medium', "DELETE $path/x" => 'medium', "POST $path/x/renew" => 'light');
    is $sb->api(split / /)->{headers}{'x-rate-limit-group'}, $group{$_}, $_ for sort keys %group;
    $sb->config(limits => 'off', limit_medium => undef, limit_light => undef);
};

subtest 'rule 131: the handshake' => sub {
    received();
    is subscribe()->{status}, 200;
    my ($shake, @more) = received();
    is @more, 0;
    is $shake->{method}, 'POST';
    is $shake->{path}, '/ok';
    is $shake->{body}, '';
    ok length $shake->{headers}{'validation-token'};
    like $shake->{headers}{'user-agent'}, qr{^RingCentral-Webhook/};
    is subscribe(to => '/charset')->{status}, 200;
    my %code = ('/mute' => 520, '/wrong' => 520, '/closed' => 521, '/teapot' => 522,
        '/created' => 522, '/moved' => 522, '/text' => 525, '/untyped' => 525, '/large' => 525);
    is problem(subscribe(to => $_)), "400 SUB-$code{$_} -", $_ for sort keys %code;
    like subscribe(to => '/teapot')->{json}{message}, qr/HTTP status is 418$/;
    my $free = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1);
    my $port = $free->sockport;
    close $free;
    is problem(subscribe(with_mode(address => "http://127.0.0.1:$port/"))), '400 SUB-521 -',
        'nobody listens';
    my $began = time;
    is problem(subscribe(to => '/nothing')), '400 SUB-521 -', 'no answer';
    my $took = time - $began;
    cmp_ok $took, '>', 2.5, "within 3 s ($took)";
    cmp_ok $took, '<', 20;
    is scalar @{ $sb->api(GET => $path)->{json}{records} }, 2, 'only those that agreed';
    my @shakes = grep { $_->{kind} eq 'handshake' } @{ $sb->events->{history} };
    is $shakes[-1]{outcome}, 'SUB-521';
    cancel_all();
};

# openssl answers what we write to it.
subtest 'rule 131: certificates' => sub {
    chomp(my $openssl = qx(sh -c 'command -v openssl') // '');
    plan skip_all => 'no openssl program' if !$openssl;
    system "$openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 "
        . "-addext subjectAltName=IP:127.0.0.1 -keyout $dir/key -out $dir/cert 2>/dev/null";
    chmod 0644, "$dir/cert";
    chmod 0755, $dir;
    my $pid = open2(my $from, my $to, "exec $openssl s_server -accept 127.0.0.1:0 "
        . "-cert $dir/cert -key $dir/key -ign_eof 2>&1");
    push @children, $pid;
    my $port;
    while (my $line = <$from>) {
        ($port) = $line =~ /^ACCEPT \S*?:(\d+)/ and last;
    }
    my $tls = sub { subscribe(with_mode(address => "https://127.0.0.1:$port/")) };
    is problem($tls->()), '400 SUB-524 -', 'a certificate that nobody knows';
    child(sub {
        while (my $line = <$from>) {
            my ($token) = $line =~ /^Validation-Token: (\S+)/ or next;
            syswrite $to, "HTTP/1.1 200 OK\r\nValidation-Token: $token\r\n"
                . "Content-Type: application/json\r\nContent-Length: 0\r\n\r\n";
        }
    });
    $sb->config(hook_ca_file => "$dir/cert");
    is $tls->()->{status}, 200, 'knob hook_ca_file';
    $sb->config(hook_ca_file => undef, hook_tls_verify => 0);
    is $tls->()->{status}, 200, 'knob hook_tls_verify';
    $sb->config(hook_tls_verify => undef);
    cancel_all();
};

subtest 'rule 132: what a subscription looks like' => sub {
    my $s = subscribe(
        eventFilters => [ "$base/extension", "$base/extension/~", "$base/directory/entries",
            "$base/extension/~/presence", "$path/~?threshold=60&interval=15" ],
        with_mode(verificationToken => 'not to be shown'))->{json};
    is_deeply $s->{eventFilters}, [ $extensions, "$extensions/$admin", $directory,
        "$extensions/$admin/presence", "$path/~?threshold=60&interval=15" ], 'ids for ~';
    is_deeply $s->{deliveryMode}, { transportType => 'WebHook', address => "$address/ok",
        encryption => JSON::PP::false }, 'no verificationToken';
    is $s->{status}, 'Active';
    like $s->{uri}, qr{\Q$path/$s->{id}\E$};
    like $s->{$_}, qr/^\d{4}-\d\d-\d\dT.*Z$/, $_ for qw(creationTime expirationTime);
    my $read = $sb->api(GET => "$path/$s->{id}")->{json};
    is_deeply { %$read, map { $_ => 0 } qw(expiresIn expirationTime) },
        { %$s, map { $_ => 0 } qw(expiresIn expirationTime) }, 'read';
    is_deeply [ map { $_->{id} } @{ $sb->api(GET => $path)->{json}{records} } ], [ $s->{id} ];
    is problem($sb->api(GET => "$path/none")), '404 CMN-102 subscriptionId';
    is problem($sb->as(1)->api($_ => "$path/$s->{id}")), '404 CMN-102 subscriptionId',
        "$_ of somebody else's" for qw(GET PUT DELETE);
    is $sb->api(DELETE => "$path/$s->{id}")->{status}, 204;
    is problem($sb->api(DELETE => "$path/$s->{id}")), '404 CMN-102 subscriptionId';
    received();
};

subtest 'rule 133: events of extensions' => sub {
    my $s = subscribe(eventFilters => [ "$base/extension", "$base/extension/$user" ])->{json};
    received();
    my $events = sub {
        $sb->events_flush;
        my @got = map { $_->{json} } deliveries();
        # the two filters of one change may come in any order
        @got = sort { length $a->{event} <=> length $b->{event} } @got;
        return @got;
    };
    my $list = sub { { event => $extensions, body => { extensions => [ {@_} ] } } };
    my $short = sub { map { { event => $_->{event}, body => $_->{body} } } @_ };

    rename_user($user, 'Baker');
    my ($all, $one, @more) = $events->();
    is @more, 0;
    is $all->{subscriptionId}, $s->{id};
    is $all->{ownerId}, $admin;
    like $all->{uuid}, qr/^[0-9a-f-]{36}$/;
    like $all->{timestamp}, qr/^\d{4}-\d\d-\d\dT.*Z$/;
    isnt $all->{uuid}, $one->{uuid};
    is_deeply [ $short->($all) ],
        [ $list->(extensionId => $user, eventType => 'Update', hints => ['ExtensionInfo']) ];
    is_deeply [ $short->($one) ], [ { event => "$extensions/$user", body => { extensionId => $user,
        eventType => 'Update', hints => ['ExtensionInfo'], ownerId => $admin } } ];

    rename_user($user, 'Baker');
    is scalar($events->()), 0, 'nothing changed, no event';
    $sb->api(PUT => "$base/extension/$user2", { status => 'Disabled' });
    is_deeply [ $short->($events->()) ],
        [ $list->(extensionId => $user2, eventType => 'Update', hints => ['AccountStatus']) ];
    my $made = $sb->api(POST => "$base/extension",
        { contact => { firstName => 'N', email => 'new@test.example.com' } })->{json}{id};
    is_deeply [ $short->($events->()) ],
        [ $list->(extensionId => "$made", eventType => 'Create') ];
    $sb->api(DELETE => "$base/extension/$made");
    is_deeply [ $short->($events->()) ],
        [ $list->(extensionId => "$made", eventType => 'Delete') ];
    my ($free) = grep { $_->{status} eq 'Unassigned' } $sb->extensions;
    my $scim = $sb->api(POST => '/scim/v2/Users', { userName => 'scim@test.example.com',
        schemas => ['urn:ietf:params:scim:schemas:core:2.0:User'],
        name => { givenName => 'S', familyName => 'C' },
        emails => [ { type => 'work', value => 'scim@test.example.com' } ] })->{json}{id};
    is_deeply [ $short->($events->()) ], [ $list->(extensionId => $scim, eventType => 'Update',
        hints => [ 'AccountStatus', 'ExtensionInfo' ]) ], 'by SCIM, on an Unassigned one';
    $sb->api(DELETE => "/restapi/v2/accounts/~/extensions", { records => [ { id => $scim } ] });
    is_deeply [ $short->($events->()) ], [ $list->(extensionId => $scim, eventType => 'Delete') ],
        'by the bulk deletion';
    my ($number) = @{ $sb->api(GET => '/restapi/v2/accounts/~/phone-numbers?usageType=CompanyNumber')
        ->{json}{records} };
    $sb->api(PATCH => "/restapi/v2/accounts/~/phone-numbers/$number->{id}",
        { usageType => 'DirectNumber', extension => { id => $user2 } });
    is_deeply [ $short->($events->()) ], [ $list->(extensionId => $user2, eventType => 'Update',
        hints => ['CompanyNumbers']) ], 'a number';

    $sb->config(event_shape => 'single');
    rename_user($user2, 'Cook');
    is_deeply [ $short->($events->()) ], [ { event => $extensions, body => { extensionId => $user2,
        eventType => 'Update', ownerId => $admin } } ], 'knob event_shape';
    $sb->config(event_shape => undef);

    $sb->control(POST => '/events', { extensionId => $user2, hint => 'Features' });
    is_deeply [ $short->($events->()) ], [ $list->(extensionId => $user2, eventType => 'Update',
        hints => ['Features']) ], 'one that nobody made';
    $sb->snapshot;
    $sb->restore;
    rename_user($user2, 'Dyer');
    is scalar($events->()), 1, 'the restored company is watched too';
    cancel_all();
};

subtest 'rule 3: subscriptions in a snapshot' => sub {
    my @list = map { subscribe(@$_)->{json} } [ with_mode(verificationToken => 'tok-1') ],
        [ who => $sb->as(1), eventFilters => [ "$base/extension/$user", "$path/~?threshold=60&interval=15" ] ];
    my $stable = sub { [ map { my %s = %$_; delete @s{qw(expiresIn expirationTime)}; \%s }
        map { @{ $_->api(GET => $path)->{json}{records} } } $sb, $sb->as(1) ] };
    my $before = $stable->();
    is scalar(@$before), 2;
    $sb->snapshot;
    my $document = $sb->control(GET => '/state');
    $sb->api(DELETE => "$path/$list[0]{id}");
    my $other = subscribe(to => '/charset')->{json}{id};
    $sb->config(hook_delay_ms => 600_000);
    rename_user($user, 'Waits');
    $sb->config(hook_delay_ms => undef);
    $sb->restore;
    is_deeply $stable->(), $before, 'as they were: those that went are back, later ones are gone';
    is_deeply $sb->events->{queue}, [], 'what waited is forgotten';
    my $left = $sb->api(GET => "$path/$list[0]{id}")->{json}{expiresIn};
    cmp_ok abs($left - $list[0]{expiresIn}), '<=', 5, 'so is the time that is left';
    received();
    rename_user($user, 'Restored');
    $sb->events_flush;
    is_deeply [ sort map { $_->{headers}{'verification-token'} // '-' } deliveries() ], [ '-', 'tok-1' ],
        'they work';
    isnt subscribe()->{json}{id}, $other, 'no id is given twice';

    cancel_all();
    $sb->reset;
    $sb->control(POST => '/restore', { document => $document });
    is_deeply [ sort map { $_->{id} } @{ $sb->events->{subscriptions} } ], [ sort map { $_->{id} } @list ],
        'from a document';
    my %half = (%$document, subscriptions => [ @{ $document->{subscriptions} }, { id => 'x' } ]);
    is $sb->request(POST => '/_sandbox/restore', content => { document => \%half })->{status}, 400,
        'half a subscription is refused';
    is scalar(@{ $sb->events->{subscriptions} }), 2, 'and changes nothing';
    delete $half{subscriptions};
    $sb->control(POST => '/restore', { document => \%half });
    is scalar(@{ $sb->events->{subscriptions} }), 2, 'a document without any word of them leaves them';
    cancel_all();
};

subtest 'rule 133: events of bulk updates' => sub {
    subscribe();
    received();
    my $task = $sb->api(POST => "$base/extension-bulk-update", { records => [
        { id => $user, contact => { jobTitle => 'Bulk' } },
        { id => $user2, contact => { jobTitle => 'Bulk' } } ] })->{json};
    $sb->advance(10);
    is $sb->api(GET => "$base/extension-bulk-update/tasks/$task->{id}")->{json}{status}, 'Completed';
    $sb->events_flush;
    is_deeply [ sort map { $_->{json}{body}{extensions}[0]{extensionId} } deliveries() ],
        [ sort $user, $user2 ];
    $sb->api(POST => "$base/extension-bulk-update", { records => [ { id => $user, contact => { jobTitle => 'Alone' } } ] });
    my $end = time + 10;    # nobody asks the sandbox for anything
    my @alone;
    until (@alone || time > $end) { select undef, undef, undef, 0.02; @alone = deliveries() }
    is scalar(@alone), 1, 'the event of a record that nobody looks at';
    cancel_all();
};

subtest 'rule 133: events of the directory' => sub {
    subscribe(eventFilters => ["$base/directory/entries"]);
    received();
    my $contact = sub {
        $sb->events_flush;
        my ($got, @more) = map { $_->{json} } deliveries();
        is @more, 0, 'one event';
        is $got->{event}, $directory;
        return $got->{body}{contacts}[0];
    };
    rename_user($user, 'Miller');
    my $c = $contact->();
    my $entry = $sb->api(GET => "$base/directory/entries/$user")->{json};
    is_deeply $c, { %$entry, eventType => 'Update' }, 'with all that the directory shows';
    my ($free) = map { "$_->{id}" } grep { $_->{status} eq 'Unassigned' } $sb->extensions;
    $sb->api(PUT => "$base/extension/$free", { status => 'NotActivated',
        contact => { firstName => 'U', email => 'u@test.example.com' } });
    is $contact->()->{eventType}, 'Create', 'an Unassigned one becomes a person';
    $sb->api(DELETE => "/scim/v2/Users/$free");
    $c = $contact->();
    is_deeply $c, { id => $free, type => 'User', eventType => 'Delete' }, 'and no person again';
    cancel_all();
};

subtest 'rule 134: the header of deliveries' => sub {
    subscribe(with_mode(verificationToken => 'v3rify'));
    received();
    my $headers = sub {
        $sb->config(hook_header => shift);
        rename_user($user, 'T' . rand);
        $sb->events_flush;
        my ($d) = deliveries();
        is $d->{method}, 'POST';
        like $d->{headers}{'content-type'}, qr{^application/json};
        is $d->{headers}{'user-agent'}, 'RingCentral-Webhook/8.3';
        return { map { $_ => $d->{headers}{$_} } grep { /^v\w+-token$/ } keys %{ $d->{headers} } };
    };
    is_deeply $headers->(undef), { 'verification-token' => 'v3rify' };
    is_deeply $headers->('Validation-Token'), { 'validation-token' => 'v3rify' };
    is_deeply $headers->('both'),
        { 'validation-token' => 'v3rify', 'verification-token' => 'v3rify' };
    cancel_all();
    subscribe();
    received();
    is_deeply $headers->(undef), {}, 'without a token there is none';
    cancel_all();
};

subtest 'rule 135: delay, order, loss and repetition' => sub {
    my $s = subscribe()->{json};
    received();
    $sb->config(hook_delay_ms => 600000);
    my $titles = sub { rename_user($user, $_) for @_ };
    my $who = sub { rename_user($_, 'N' . rand) for @_ };
    my $ids = sub { [ map { $_->{json}{body}{extensions}[0]{extensionId} } deliveries() ] };
    $who->($user);
    is scalar @{ $sb->events->{queue} }, 1, 'it waits';
    cmp_ok $sb->events->{queue}[0]{dueMs}, '>', 500000;
    is_deeply $ids->(), [];
    $sb->advance(601);
    is $sb->events_flush->{done}, JSON::PP::true;
    is_deeply $ids->(), [$user];
    is_deeply $sb->events->{queue}, [];
    $who->($user, $user2, $user);
    $sb->events_flush;
    is_deeply $ids->(), [ $user, $user2, $user ], 'in order';

    $sb->config(hook_reorder => 1);
    $who->($user, $user2);
    $sb->events_flush;
    is_deeply $ids->(), [ $user2, $user ], 'knob hook_reorder';
    $sb->config(hook_reorder => undef, hook_dup => 1);
    $who->($user);
    $sb->events_flush;
    my @twice = deliveries();
    is scalar @twice, 2, 'knob hook_dup';
    is $twice[0]{json}{uuid}, $twice[1]{json}{uuid}, 'the same event';
    $sb->config(hook_dup => undef, hook_drop => 1);
    $who->($user);
    is $sb->events->{history}[-1]{outcome}, 'dropped';
    $sb->events_flush;
    is_deeply $ids->(), [], 'knob hook_drop';
    $sb->config(hook_drop => undef, hook_delay_ms => 0);
    $who->($user);
    is $sb->events_flush->{done}, JSON::PP::true, 'without delay';
    is_deeply $ids->(), [$user];

    spew("$dir/status", 500);
    $who->($user);
    $sb->events_flush;
    is scalar @{ $ids->() }, 1, 'no repetition';
    is $sb->events->{history}[-1]{status}, 500;
    is $sb->events->{history}[-1]{outcome}, 'failed';
    $sb->config(hook_retries => 2, hook_retry_ms => 3600000);
    $who->($user);
    $sb->events_flush;
    is scalar @{ $ids->() }, 3, 'knob hook_retries';
    is_deeply [ map { $_->{attempt} } @{ $sb->events->{history} }[ -3 .. -1 ] ], [ 1, 2, 3 ];
    spew("$dir/status", 200);
    my $last = $sb->events->{history}[-1]{number};
    $who->($user);
    $sb->events_flush;
    is_deeply [ map { $_->{outcome} } @{ $sb->events(since => $last)->{history} } ], ['delivered'];
    $sb->config(map { $_ => undef } qw(hook_retries hook_retry_ms hook_delay_ms));
    $who->($user);
    $sb->api(DELETE => "$path/$s->{id}");
    is_deeply $sb->events->{queue}, [], 'nothing goes to who has left';
    cancel_all();
};

subtest 'rule 136: the black list' => sub {
    my $s = subscribe()->{json};
    my $state = sub { $sb->api(GET => "$path/$s->{id}")->{json} };
    my $event = sub { rename_user($user, 'B' . rand); $sb->events_flush; scalar(deliveries()) };
    received();
    spew("$dir/status", 503);
    is $event->(), 1;
    $sb->advance(590);
    is $event->(), 1;
    is $state->()->{status}, 'Active', 'not yet ten minutes';
    spew("$dir/status", 200);
    is $event->(), 1;
    spew("$dir/status", 503);
    $sb->advance(590);
    is $event->(), 1;
    is $state->()->{status}, 'Active', 'a success counts';
    $sb->advance(601);
    rename_user($user2, 'Waits too');
    is $event->(), 1, 'the second of two is dropped';
    is_deeply $sb->events->{queue}, [];
    my $now = $state->();
    is $now->{status}, 'Blacklisted';
    like $now->{blacklistedData}{reason}, qr/503/;
    like $now->{blacklistedData}{blacklistedAt}, qr/Z$/;
    spew("$dir/status", 200);
    is $event->(), 0, 'nothing more is delivered';
    is $sb->api(POST => "$path/$s->{id}/renew")->{json}{status}, 'Blacklisted';
    $sb->advance(3600);
    is $event->(), 0, 'for good';
    $sb->api(DELETE => "$path/$s->{id}");
    $s = subscribe()->{json};
    received();
    is $event->(), 1, 'a new one gets events';

    $sb->config(blacklist_recovers => 1);
    spew("$dir/status", 503);
    $event->();
    $sb->advance(601);
    $event->();
    is $state->()->{status}, 'Blacklisted';
    spew("$dir/status", 200);
    $sb->advance(901);
    is $state->()->{status}, 'Active', 'knob blacklist_recovers';
    is $event->(), 1;
    $sb->config(blacklist_recovers => undef);
    cancel_all();
};

subtest 'rule 137: renewal' => sub {
    my $s = subscribe(expiresIn => 1000)->{json};
    my $left = sub { $sb->api(GET => "$path/$s->{id}")->{json}{expiresIn} };
    is $s->{expiresIn}, 1000;
    $sb->advance(400);
    cmp_ok $left->(), '<=', 600;
    is $sb->api(POST => "$path/$s->{id}/renew")->{json}{expiresIn}, 1000, 'as long as at first';
    $sb->advance(400);
    is $sb->api(PUT => "$path/$s->{id}")->{json}{expiresIn}, 1000, 'a PUT without a body';
    my $r = $sb->api(PUT => "$path/$s->{id}", { eventFilters => ["$base/directory/entries"],
        expiresIn => 2000, deliveryMode => { transportType => 'WebHook', address => 'http://x/' } });
    is_deeply $r->{json}{eventFilters}, [$directory];
    is $r->{json}{expiresIn}, 2000;
    is $r->{json}{deliveryMode}{address}, "$address/ok", 'the address stays';
    is problem($sb->api(PUT => "$path/$s->{id}", { eventFilters => ['/x'] })), '400 SUB-508 -';
    is problem($sb->api(PUT => "$path/$s->{id}", { expiresIn => 0 })), '400 CMN-101 expiresIn';
    is problem($sb->api(POST => "$path/none/renew")), '404 CMN-102 subscriptionId';
    $sb->advance(2001);
    is problem($sb->api(GET => "$path/$s->{id}")), '404 CMN-102 subscriptionId', 'it expired';
    is_deeply $sb->api(GET => $path)->{json}{records}, [];
    received();
};

subtest 'rule 137: the reminder' => sub {
    my $reminder = "$path/~?threshold=100&interval=40";
    my $s = subscribe(expiresIn => 1000, eventFilters => [ "$base/extension", $reminder ])->{json};
    received();
    my $reminders = sub { $sb->advance(shift); $sb->events_flush; map { $_->{json} } deliveries() };
    is scalar($reminders->(890)), 0;
    my ($first, @more) = $reminders->(20);
    is @more, 0;
    is $first->{event}, $reminder;
    is $first->{body}{id}, $s->{id};
    is scalar($reminders->(20)), 0;
    is scalar($reminders->(25)), 1, 'after the interval';
    $sb->api(POST => "$path/$s->{id}/renew");
    is scalar($reminders->(60)), 0, 'renewed';
    is scalar($reminders->(850)), 1, 'until the threshold';
    cancel_all();
};

subtest 'rule 2: the clock of webhooks' => sub {
    $sb->config(time_scale => 60);
    my $s = subscribe(expiresIn => 6000)->{json};
    is $s->{expiresIn}, 100, 'seconds of the caller';
    received();
    my $began = time;
    $sb->config(hook_delay_ms => 12000);
    rename_user($user, 'Fast');
    my $limit = $began + 20;
    # 12 s pass in 0.2 s; the history tells when it is done
    while (time < $limit && !grep { ($_->{outcome} // '') eq 'delivered' } @{ $sb->events->{history} }) {
        IO::Select->new->can_read(0.02);
    }
    is scalar(deliveries()), 1, sprintf 'delivered after %.2f s', time - $began;
    $sb->config(time_scale => 1, hook_delay_ms => undef);
    cancel_all();
};

subtest 'rule 160: as the OpenAPI document has it' => sub {
    my $schema = SandboxSchema->open or plan skip_all => 'no OpenAPI document (SCIM_RC_OPENAPI)';
    my @calls = grep { $_->{op} =~ /Subscription/ } $sb->calls;
    cmp_ok scalar @calls, '>', 20;
    my %problem = map { s/\[\d+\]/[]/gr => 1 } map { $schema->problems($_) } @calls;
    my @known = (
        # v1 errors have the outer code too (rule 30).
        qr/^\w+Subscription 40\d: answer: body\.\S*(?:errorCode|message|Name) is not known$/,
        # What an update ignores (rule 137).
        qr/^updateSubscription 200: request: body\.deliveryMode is not known$/,
    );
    is join('', map { "$_\n" } grep { my $p = $_; !grep { $p =~ $_ } @known } sort keys %problem),
        '', 'no deviation that is not known';
};

subtest 'a reset' => sub {
    subscribe();
    rename_user($user, 'Reset');
    $sb->reset;
    my $events = $sb->events;
    is_deeply $events->{$_}, [], "no $_" for qw(subscriptions queue history);
    is $sb->events_flush->{done}, JSON::PP::true;
    is subscribe()->{status}, 200, 'and it goes on';
    rename_user($user, 'After');
    received();
    $sb->events_flush;
    is scalar(deliveries()), 1;
};

subtest 'many events' => sub {
    received();
    my $began = time;
    rename_user($user, "Many $_") for 1 .. 300;
    is $sb->events_flush->{done}, JSON::PP::true;
    is scalar(deliveries()), 300, sprintf '300 changes and deliveries in %.2f s', time - $began;
};

is join('', $sb->log_problems), '', 'the error log is clean';
done_testing;
