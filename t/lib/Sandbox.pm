package Sandbox;

# A private httpd with the sandbox in it, on a free port of the loopback, for tests.
# Core Perl only.
#
#   my $sb = Sandbox->new(conf => "SandboxUsers 10\n");   # ready when it returns
#   my $token = $sb->token;
#   my $r = $sb->api(GET => '/restapi/v1.0/account/~/extension');
#   is $r->{status}, 200;  $r->{json}{records}[0]
#
# Environment: HTTPD, HTTPD_MODULEDIR, SANDBOX_SO, SANITIZER_PRELOAD, TEST_KEEP.
use strict;
use warnings;
use Cwd ();
use File::Path ();
use File::Temp ();
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64 ();
use POSIX ();
use Scalar::Util ();
use SandboxSchema;

our $CLIENT_ID = 'sandbox-client';
our $CLIENT_SECRET = 'sandbox-secret';
our $JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzYW5kYm94In0.c2lnbmF0dXJl';

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

# What is missing to start one, or nothing: for plan(skip_all).
sub missing {
    return 'HTTPD names no program' if !$ENV{HTTPD} || !-x $ENV{HTTPD};
    return 'SANDBOX_SO names no module' if !$ENV{SANDBOX_SO} || !-e $ENV{SANDBOX_SO};
    return;
}

# conf: further directives; users, unassigned, scale, limits, seed: numbers and words
# for the directives of these names; app, secret, jwt: other credentials; credentials: how
# many more to make, or [{ number => '110' }, ...] of users with these extension numbers.
sub new {
    my ($class, %o) = @_;
    my $self = bless {
        %o,
        owner  => $$,
        id     => $o{app}    // $CLIENT_ID,
        secret => $o{secret} // $CLIENT_SECRET,
        jwt    => $o{jwt}    // $JWT,
    }, $class;
    die missing(), "\n" if missing();
    $self->{more} = _more_credentials($o{credentials} // 0);
    $self->{dir} = File::Temp::tempdir('sandbox-XXXXXX', TMPDIR => 1);
    chmod 0755, $self->{dir};
    mkdir "$self->{dir}/$_" for qw(logs run state);
    if ($> == 0 && (my @www = getpwnam 'www-data')) {
        chown @www[ 2, 3 ], map { "$self->{dir}/$_" } qw(run state);
    }
    for my $try (1 .. 5) {
        return $self if $self->_start;
    }
    die "sandbox: httpd did not start:\n", $self->log, $self->_slurp('logs/stderr');
}

sub _free_port {
    my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 1)
        or die "no free port: $!\n";
    return $s->sockport;
}

sub _conf {
    my $self = shift;
    my $dir  = $self->{dir};
    my %static = map { /^\s+(mod_\w+)\.c/ ? ($1 => 1) : () } qx("$ENV{HTTPD}" -l);
    my $load = '';
    for my $m (qw(mpm_event authz_core unixd)) {
        my $so = ($ENV{HTTPD_MODULEDIR} // '') . "/mod_$m.so";
        $load .= "LoadModule ${m}_module $so\n" if !$static{"mod_$m"} && -e $so;
    }
    my $user = $> == 0 && getpwnam('www-data') ? "User www-data\nGroup www-data\n" : '';
    my $own = '';
    for ([ users => 'Users' ], [ unassigned => 'Unassigned' ], [ scale => 'TimeScale' ],
        [ limits => 'Limits' ], [ seed => 'Seed' ]) {
        my ($key, $directive) = @$_;
        $own .= "Sandbox$directive $self->{$key}\n" if defined $self->{$key};
    }
    $own .= join '', map {
        "SandboxCredential $_->{id} $_->{secret} $_->{jwt} " . ($_->{number} // '-') . "\n"
    } @{ $self->{more} };
    $own .= $self->{conf} // '';
    my $so = Cwd::abs_path($ENV{SANDBOX_SO});
    return <<"EOT";
ServerRoot "$dir"
DefaultRuntimeDir "$dir/run"
PidFile "$dir/run/httpd.pid"
Mutex "file:$dir/run" default
ErrorLog "$dir/logs/error.log"
LogLevel info
Listen 127.0.0.1:$self->{port}
ServerName 127.0.0.1:$self->{port}
$user
${load}LoadModule rc_sandbox_module "$so"
ServerLimit 1
StartServers 1
ThreadsPerChild 64
MaxRequestWorkers 64
MinSpareThreads 1
MaxSpareThreads 64
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 0
EnableMMAP Off
EnableSendfile Off
TraceEnable Off
SetHandler rc-sandbox
SandboxApp $self->{id} $self->{secret}
SandboxJWT $self->{jwt}
$own
EOT
}

sub _start {
    my $self = shift;
    $self->{port} = _free_port();
    open my $f, '>', "$self->{dir}/httpd.conf" or die "httpd.conf: $!\n";
    print $f $self->_conf;
    close $f;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        # TERM of some MPMs goes to the process group.
        setpgrp;
        if ($ENV{SANITIZER_PRELOAD}) {
            $ENV{LD_PRELOAD} = $ENV{SANITIZER_PRELOAD};
            $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
        }
        open STDIN,  '<', '/dev/null';
        open STDOUT, '>', "$self->{dir}/logs/stderr";
        open STDERR, '>&', \*STDOUT;
        exec $ENV{HTTPD}, '-DFOREGROUND', '-f', "$self->{dir}/httpd.conf"
            or POSIX::_exit(127);
    }
    $self->{httpd} = $pid;
    for (1 .. 600) {
        my $r = HTTP::Tiny->new(timeout => 30)->get($self->url('/_sandbox'));
        if ($r->{status} == 200) {
            $self->_keep_specimens;
            return 1;
        }
        if (waitpid($pid, POSIX::WNOHANG()) == $pid) {
            delete $self->{httpd};
            return 0;
        }
        select undef, undef, undef, 0.05;
    }
    $self->stop;
    return 0;
}

# An app with a secret and a JWT of its own for each.
sub _more_credentials {
    my $wanted = shift;
    my @number = ref $wanted ? map { $_->{number} } @$wanted : (undef) x $wanted;
    my $i = 1;
    return [
        map {
            my $n = ++$i;
            my $claims = MIME::Base64::encode_base64(qq({"sub":"sandbox","n":$n}), '');
            $claims =~ tr{+/=}{-_}d;
            { id => "sandbox-client-$n", secret => "sandbox-secret-$n",
                jwt => "eyJhbGciOiJSUzI1NiJ9.$claims.c2lnbmF0dXJl$n", number => $_ }
        } @number
    ];
}

# All credentials, the first one first: {id}, {secret}, {jwt}, {number} (the extension
# number of the user; undef is the administrator).
sub credentials {
    my $self = shift;
    return ({ map { $_ => $self->{$_} } qw(id secret jwt) }, @{ $self->{more} });
}

# The same sandbox, seen by another credential: its number in the list above, or one like
# those. It does not stop the sandbox when it goes.
sub as {
    my ($self, $which) = @_;
    my $c = ref $which ? $which : ($self->credentials)[$which] or die "no credential $which\n";
    my $other = bless { %$self, map({ $_ => $c->{$_} } qw(id secret jwt)), owner => 0 }, ref $self;
    delete @$other{qw(token http)};
    return $other;
}

# Adds one while the sandbox runs: id, secret, jwt and number. Lasts until a reset.
sub add_credential {
    my ($self, %c) = @_;
    $self->control(POST => '/credentials', { app => $c{id}, secret => $c{secret}, jwt => $c{jwt},
        defined $c{number} ? (extensionNumber => "$c{number}") : () });
    return $self->as(\%c);
}

# Refuses this credential (a number or its {id}) with 401 or 403; admit() ends that.
sub refuse {
    my ($self, $which, $status) = @_;
    my $id = ref $which ? $which->{id} : ($self->credentials)[$which]{id};
    return $self->control(PATCH => '/credentials', { app => $id, refused => $status });
}
sub admit { $_[0]->refuse($_[1], undef) }

sub port { $_[0]{port} }
sub url  { "http://127.0.0.1:$_[0]{port}" . ($_[1] // '') }

sub _slurp {
    my ($self, $name) = @_;
    open my $f, '<', "$self->{dir}/$name" or return '';
    local $/;
    return scalar <$f> // '';
}
sub log { $_[0]->_slurp('logs/error.log') }

# Lines of the error log that nobody ordered: warnings and worse. And where the sandbox
# was not as RingCentral's OpenAPI document says.
sub log_problems {
    my $self = shift;
    $self->_check_specimens if $self->{httpd};
    return @{ delete $self->{deviations} // [] },
        grep { /:(?:warn|error|crit|alert|emerg)\]|Sanitizer|runtime error/ } split /^/,
        $self->log . $self->_slurp('logs/stderr');
}

# --- comparison with the OpenAPI document, in tests and where that is at hand ---------

my (%alive, $schema, %fine, $seen_file, $unclaimed);
my $sandbox_mark = '';

sub _keep_specimens {
    my $self = shift;
    return if !$INC{'Test/More.pm'} || !SandboxSchema->file;
    $self->{specimens} = 1;
    Scalar::Util::weaken($alive{$self} = $self);
    $self->control(POST => '/specimens', { keep => JSON::PP::true });
}

# Kinds of calls that were found in order by other tests of this build, with the same
# module, are not looked at again.
sub _load_fine {
    return if $sandbox_mark;
    $sandbox_mark = join '-', map { (stat $_)[ 7, 9 ] } $ENV{SANDBOX_SO}, $INC{'SandboxSchema.pm'};
    $seen_file = "$ENV{top_builddir}/t/openapi.seen" if $ENV{top_builddir};
    open my $in, '<', $seen_file // '/dev/null' or return;
    while (<$in>) {
        my ($mark, $key) = split;
        $fine{$key} = 1 if $key && $mark eq $sandbox_mark;
    }
}

sub _check_specimens {
    my $self = shift;
    return if !$self->{specimens} || $self->{owner} != $$;
    my $r = $self->request(GET => '/_sandbox/specimens');
    return if $r->{status} != 200;    # it ended on its own: its log tells
    _load_fine();
    my $news = '';
    for my $key (grep { !$fine{$_} } @{ $r->{json}{keys} }) {
        my $call = $self->control(GET => "/specimens/$key");
        $schema //= SandboxSchema->open or return;
        my @lines = $schema->deviations($call, answer_only => scalar($call->{userAgent} =~ /^HTTP-Tiny/));
        $fine{$key} = 1;
        push @{ $self->{deviations} }, map { "not as in the OpenAPI document: $_\n" } @lines;
        $news .= "$sandbox_mark $key\n" if !@lines;
    }
    if (length $news && $seen_file && open my $out, '>>', $seen_file) {
        syswrite $out, $news;
    }
}

# Nobody asked these for their log_problems: the test fails all the same.
END {
    my @lines;
    for my $self (grep { $_ && $_->{owner} == $$ } values %alive) {
        local ($?, $@);
        eval { $self->_check_specimens; 1 } or push @lines, $@ if $self->{httpd};
        delete $self->{specimens};
        push @lines, @{ delete $self->{deviations} // [] };
    }
    print STDERR map { "# $_" } @lines;
    $? ||= 1 if @lines || $unclaimed;
}

# Without keep-alive: HTTP::Tiny sends head and body apart, and on a connection that is
# kept the second would wait 40 ms for the first one's acknowledgement.
sub _http { $_[0]{http} //= HTTP::Tiny->new(timeout => 30, keep_alive => 0) }

# Any request. content: text, or a reference that becomes JSON. The answer has {json}.
sub request {
    my ($self, $method, $path, %o) = @_;
    my $headers = { %{ $o{headers} // {} } };
    if (ref $o{content}) {
        $o{content} = $json->encode($o{content});
        $headers->{'Content-Type'} //= 'application/json';
    }
    my $r = $self->_http->request($method, $self->url($path),
        { headers => $headers, defined $o{content} ? (content => $o{content}) : () });
    $r->{json} = eval { $json->decode($r->{content}) }
        if ($r->{headers}{'content-type'} // '') =~ /json/;
    return $r;
}

sub _form {
    my %form = @_;
    return join '&', map {
        my $value = $form{$_};
        $value =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ge;
        "$_=$value"
    } sort keys %form;
}

sub basic { 'Basic ' . MIME::Base64::encode_base64("$_[0]{id}:$_[0]{secret}", '') }

# Asks the token endpoint; further form fields and {headers}.
sub oauth {
    my ($self, $path, $form, %headers) = @_;
    return $self->request(
        POST    => "/restapi/oauth/$path",
        content => _form(%$form),
        headers => {
            'Content-Type' => 'application/x-www-form-urlencoded',
            Authorization  => $self->basic,
            %headers
        }
    );
}

sub grant {
    my ($self, %more) = @_;
    return $self->oauth(
        token => {
            grant_type => 'urn:ietf:params:oauth:grant-type:jwt-bearer',
            assertion  => $self->{jwt},
            %more
        }
    );
}

# An access token, kept until forget_token().
sub token {
    my $self = shift;
    return $self->{token} //= do {
        my $r = $self->grant;
        die "no token: $r->{status} $r->{content}\n" if $r->{status} != 200;
        $r->{json}{access_token};
    };
}
sub forget_token { delete $_[0]{token} }

# A call of the API with the token; a reference becomes a JSON body.
sub api {
    my ($self, $method, $path, $content, %headers) = @_;
    return $self->request(
        $method, $path,
        headers => { Authorization => 'Bearer ' . $self->token, %headers },
        defined $content ? (content => $content) : ()
    );
}

# The control interface: the answer's JSON; dies when it refuses.
sub control {
    my ($self, $method, $path, $content) = @_;
    my $r = $self->request($method, "/_sandbox$path",
        defined $content ? (content => $content) : ());
    die "sandbox: $method $path: $r->{status} $r->{content}\n" if $r->{status} != 200;
    return $r->{json};
}

sub reset          { my $s = shift; $s->forget_token; $s->control(POST => '/reset', {@_}) }
sub config         { my $s = shift; $s->control(PATCH => '/config', {@_}) }
sub fault          { $_[0]->control(POST => '/faults', $_[1])->{id} }
sub faults_clear   { $_[0]->control(DELETE => '/faults') }
sub advance        { $_[0]->control(POST => '/clock/advance', { seconds => $_[1] }) }
sub calls          { @{ $_[0]->control(GET => '/calls' . _query(@_[ 1 .. $#_ ]))->{calls} } }
sub calls_clear    { $_[0]->control(DELETE => '/calls') }
sub counters       { $_[0]->control(GET => '/counters') }
sub ratelimit      { $_[0]->control(GET => '/ratelimit') }
sub ratelimit_clear { $_[0]->control(DELETE => '/ratelimit') }
sub sessions       { @{ $_[0]->control(GET => '/tokens')->{sessions} } }
sub expire_tokens  { $_[0]->control(POST => '/tokens', { action => 'expire' }) }
sub invalidate_tokens { $_[0]->control(POST => '/tokens', { action => 'invalidate' }) }
sub tasks          { @{ $_[0]->control(GET => '/tasks')->{tasks} } }
sub task_order     { my $s = shift; $s->control(POST => '/tasks', {@_}) }
sub mailbox        { @{ $_[0]->control(GET => '/mailbox')->{mails} } }
sub mailbox_clear  { $_[0]->control(DELETE => '/mailbox') }
sub snapshot       { $_[0]->control(POST => '/snapshot', { name => $_[1] // 'default' }) }
sub restore        { $_[0]->control(POST => '/restore', { name => $_[1] // 'default' }) }

# Webhooks: {subscriptions}, {queue} and {history}; the same when all was delivered.
sub events         { $_[0]->control(GET => '/events' . _query(@_[ 1 .. $#_ ])) }
sub events_flush   { $_[0]->control(POST => '/events/flush') }
sub events_clear   { $_[0]->control(DELETE => '/events') }

# Ground truth: all extensions, or those with this id, extensionNumber or email.
sub extensions {
    @{ $_[0]->control(GET => '/state/extensions' . _query(@_[ 1 .. $#_ ]))->{extensions} }
}

sub _query { my %q = @_; return %q ? '?' . _form(%q) : '' }

# Stops and starts it with the same directory (and SandboxState file, if any).
sub restart {
    my $self = shift;
    $self->stop;
    delete $self->{http};
    $self->forget_token;
    for (1 .. 5) { return 1 if $self->_start }
    die "sandbox: httpd did not start again:\n", $self->log;
}

sub stop {
    my $self = shift;
    $self->_check_specimens if $self->{httpd};
    my $pid = delete $self->{httpd} or return;
    kill TERM => $pid;
    for (1 .. 200) {
        return if waitpid($pid, POSIX::WNOHANG()) == $pid;
        select undef, undef, undef, 0.05;
    }
    kill KILL => $pid;
    waitpid $pid, 0;
}

sub DESTROY {
    my $self = shift;
    return if $self->{owner} != $$;
    local ($?, $@);
    $self->stop;
    delete $alive{$self};
    if (my @lines = @{ $self->{deviations} // [] }) {
        print STDERR map { "# $_" } @lines;
        $unclaimed = 1;
    }
    File::Path::remove_tree($self->{dir}) if $self->{dir} && !$ENV{TEST_KEEP};
}

1;
