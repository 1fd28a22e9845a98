package PrivateHttpd;

# A private httpd on loopback, in a folder of its own, for the tests and the demo.
# Core Perl only.
#
#   my $h = PrivateHttpd->new(conf => "...", modules => ['headers'])->start;
#   $h->url('/x'); $h->error_log; $h->graceful; $h->stop;
#
# Environment: HTTPD, HTTPD_MODULEDIR (both as configure found them), TEST_MPM (event,
# worker or prefork), SANITIZER_PRELOAD (what a sanitised module needs loaded first).
use strict;
use warnings;
use Carp       ();
use File::Path ();
use File::Temp ();
use IO::Socket::INET;
use POSIX       ();
use Time::HiRes ();

my @MODULES = qw(unixd authn_core authz_core authz_host authz_user log_config watchdog
  slotmem_shm);

# new(%option)
#   dir         where to live; a new temporary folder unless given
#   port        a free one unless given
#   conf        configuration text
#   modules     names of httpd's modules beside the usual ones: ['headers', 'ssl']
#   load        modules of other places: { scim_rc_module => '/path/mod_scim_rc.so' }
#   processes   children at the start and at most (default 2)
#   threads     of each child (default 8); with prefork as many processes more
#   mpm         instead of $ENV{TEST_MPM}
#   log_level   default "warn"
#   env         environment of the server: { NAME => 'value' }
#   background  true: the server outlives this program
#   slow        seconds to wait for start and stop (default 20)
sub new {
    my ($class, %option) = @_;
    my $self = bless {
        conf => '', modules => [], load => {}, processes => 2, threads => 8,
        mpm  => $ENV{TEST_MPM} || 'event', log_level => 'warn', env => {}, slow => 20,
        owner => $$, %option
    }, $class;
    Carp::croak('HTTPD must name the httpd program') unless -x ($ENV{HTTPD} // '');
    $self->{port} //= free_port();
    $self->{dir} //= File::Temp::tempdir('scim-rc-XXXXXX', TMPDIR => 1);
    chmod 0755, $self->{dir};    # httpd's children are another user when we are root
    for my $sub (qw(logs htdocs run)) {
        -d "$self->{dir}/$sub" or mkdir "$self->{dir}/$sub" or die "$self->{dir}/$sub: $!\n";
    }
    $self->give_to_children("$self->{dir}/run");
    return $self;
}

# --- the world around -------------------------------------------------------------

sub port_is_free {
    my ($port) = @_;
    return defined IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1, ReuseAddr => 1);
}

# A port that nobody listens on now, and the next `$count - 1` as well. Below the range
# that the system gives to outgoing connections, and begun at a place of this process's
# own, so that test files that run side by side do not meet.
my $next_port;
sub free_port {
    my ($count) = @_;
    $next_port //= 10240 + $$ * 31 % 20000;
    for (1 .. 2000) {
        my $port = $next_port;
        $next_port += $count // 1;
        $next_port = 10240 if $next_port > 31000;
        return $port unless grep { !port_is_free($_) } $port .. $port + ($count // 1) - 1;
    }
    die "no free port on 127.0.0.1\n";
}

# Who httpd's children are when httpd is started by root: (name, uid, gid), else ().
sub children_user {
    return if $> != 0;
    for my $name (qw(www-data apache httpd daemon nobody)) {
        my @user = getpwnam $name or next;
        return ($name, @user[2, 3]);
    }
    die "no user www-data, apache, httpd, daemon or nobody for httpd's children\n";
}

sub give_to_children {
    my (undef, @paths) = @_;
    my (undef, $uid, $gid) = children_user() or return;
    chown $uid, $gid, @paths;
}

my @static;
sub static_modules {
    @static = map { /^\s+mod_(\w+)\.c|^\s+(event|worker|prefork)\.c/ ? $1 // "mpm_$2" : () }
      `'$ENV{HTTPD}' -l`
      unless @static;
    return @static;
}

sub slurp {
    my (undef, $path) = @_;
    open my $in, '<', $path or return '';
    local $/;
    return scalar(<$in>) // '';
}

sub write_file {
    my (undef, $path, $text, $mode) = @_;
    open my $out, '>', $path or die "$path: $!\n";
    chmod $mode, $path if defined $mode;
    print $out $text;
    close $out or die "$path: $!\n";
    return $path;
}

# --- configuration ----------------------------------------------------------------

sub load_modules {
    my ($self) = @_;
    my %seen = map { $_ => 1 } static_modules();
    my @mpm  = (grep { /^mpm_/ } keys %seen) ? () : "mpm_$self->{mpm}";
    my $text = '';
    for my $name (@mpm, @MODULES, @{ $self->{modules} }) {
        next if $seen{$name}++;
        my $path = "$ENV{HTTPD_MODULEDIR}/mod_$name.so";
        $text .= "LoadModule ${name}_module $path\n" if -e $path;
    }
    $text .= "LoadModule $_ $self->{load}{$_}\n" for sort keys %{ $self->{load} };
    return $text;
}

sub mpm_conf {
    my ($self) = @_;
    my ($processes, $threads) = @$self{qw(processes threads)};
    my $workers = $processes * $threads;
    return "StartServers $processes\nServerLimit $workers\nMaxRequestWorkers $workers\n"
      . "MinSpareServers 1\nMaxSpareServers $workers\n"
      if $self->{mpm} eq 'prefork';
    # room for the children of before a graceful restart; one alone stays alone
    my $limit = $processes == 1 ? 1 : 4 * $processes;
    return "StartServers $processes\nServerLimit $limit\nThreadsPerChild $threads\n"
      . "ThreadLimit $threads\nMaxRequestWorkers $workers\n"
      . "MinSpareThreads 1\nMaxSpareThreads $workers\n";
}

sub write_conf {
    my ($self) = @_;
    my ($user) = children_user();
    my $load = $self->load_modules;
    my $mpm  = $self->mpm_conf;
    my $as   = $user ? "User $user\nGroup #${\(children_user())[2]}\n" : '';
    return $self->write_file("$self->{dir}/httpd.conf", <<"EOT", 0600);
ServerRoot "$self->{dir}"
DefaultRuntimeDir "$self->{dir}/run"
PidFile "$self->{dir}/run/httpd.pid"
Mutex "file:$self->{dir}/run" default
Listen 127.0.0.1:$self->{port}
ServerName 127.0.0.1:$self->{port}
DocumentRoot "$self->{dir}/htdocs"
${load}LogLevel $self->{log_level}
ErrorLog "$self->{dir}/logs/error.log"
CustomLog "$self->{dir}/logs/access.log" "%h %u %t \\"%r\\" %>s %B %D \\"%{User-Agent}i\\""
${as}${mpm}MaxKeepAliveRequests 0
GracefulShutdownTimeout 10
$self->{conf}
EOT
}

# What httpd -t says: (exit status, text). `$conf` stands in for the own one.
sub configtest {
    my ($self, $conf) = @_;
    local $self->{conf} = $conf // $self->{conf};
    $self->write_conf;
    my $pid = open my $out, '-|' // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        $self->run('-t');
    }
    my $text = do { local $/; <$out> };
    close $out;
    return ($? >> 8, $text // '');
}

# --- process ----------------------------------------------------------------------

# In a forked child: becomes httpd.
sub run {
    my ($self, @arguments) = @_;
    %ENV = (%ENV, %{ $self->{env} });
    if ($ENV{SANITIZER_PRELOAD}) {
        $ENV{LD_PRELOAD} = $ENV{SANITIZER_PRELOAD};
        $ENV{ASAN_OPTIONS}  //= 'detect_leaks=0';    # httpd itself is not leak-free
        $ENV{UBSAN_OPTIONS} //= 'print_stacktrace=1';
    }
    exec $ENV{HTTPD}, @arguments, '-f', "$self->{dir}/httpd.conf"
      or POSIX::_exit(127);
}

sub start {
    my ($self) = @_;
    $self->write_conf;
    unlink "$self->{dir}/run/httpd.pid";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        # prefork ends itself by a signal to its whole process group
        setpgrp 0, 0;
        open STDIN,  '<', '/dev/null';
        open STDERR, '>>', "$self->{dir}/logs/stderr.log";
        open STDOUT, '>&', \*STDERR;
        if ($self->{background}) {
            POSIX::close($_) for 3 .. 255;    # pipes of make and of the shell
        }
        $self->run($self->{background} ? () : '-DFOREGROUND');
    }
    $self->{starter} = $pid;
    $self->{pid} = $pid unless $self->{background};
    return $self if $self->wait_until(sub { $self->answers || $self->starter_failed })
      && $self->answers;
    my $why = join '', $self->slurp("$self->{dir}/logs/stderr.log"), $self->error_log;
    $self->kill_all;
    die "httpd did not start in $self->{dir}:\n$why\n";
}

sub answers {
    my ($self) = @_;
    return defined IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{port}", Timeout => 5)
      && $self->read_pid;
}

# A background server's first process ends well once the server runs; a foreground
# server's ends with the server.
sub starter_failed {
    my ($self) = @_;
    my $pid = $self->{starter} or return 0;
    return 0 if waitpid($pid, POSIX::WNOHANG()) != $pid;
    delete $self->{starter};
    return 0 if $self->{background} && $? == 0;
    delete $self->{pid};
    return 1;
}

sub wait_until {
    my ($self, $condition) = @_;
    my $end = Time::HiRes::time() + $self->{slow};
    while (1) {
        return 1 if $condition->();
        return 0 if Time::HiRes::time() > $end;
        Time::HiRes::sleep(0.03);
    }
}

sub read_pid {
    my ($self) = @_;
    my ($pid) = $self->slurp("$self->{dir}/run/httpd.pid") =~ /(\d+)/ or return;
    return $self->{pid} = $pid;
}

sub pid { $_[0]{pid} }

# The ids of the running children.
sub children {
    my ($self) = @_;
    my @children;
    for my $stat (glob '/proc/[0-9]*/stat') {
        my ($pid, $parent) = $self->slurp($stat) =~ /^(\d+) \(.*\) [^Z] (\d+)/s or next;
        push @children, $pid if $parent == ($self->{pid} // -1);
    }
    return sort { $a <=> $b } @children;
}

sub is_running {
    my ($self) = @_;
    my $pid = $self->{pid} or return 0;
    waitpid $pid, POSIX::WNOHANG();
    return kill 0, $pid;
}

# New children with the configuration as it is now; requests under way are finished.
# Returns when the new generation has begun.
sub graceful {
    my ($self) = @_;
    my $seen = () = $self->error_log =~ /resuming normal operations/g;
    kill 'USR1', $self->{pid};
    return $self->wait_until(
        sub { (() = $self->error_log =~ /resuming normal operations/g) > $seen });
}

# The same, and the old children have ended: they may accept connections until then.
sub graceful_and_anew {
    my ($self) = @_;
    my @old = $self->children;
    return $self->graceful && $self->wait_until(sub {
        my %there = map { $_ => 1 } $self->children;
        return !grep { $there{$_} } @old;
    });
}

# Stops and returns true when the server ended by itself.
sub stop {
    my ($self, $signal) = @_;
    my $pid = $self->{pid} or return 1;
    kill $signal // 'TERM', $pid;
    my $gone = $self->wait_until(sub { !$self->is_running });
    $self->kill_all unless $gone;
    delete @$self{qw(pid starter)};
    return $gone;
}

sub kill_all {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    kill 'KILL', -$pid, $pid;
    waitpid $pid, 0;
}

# --- looking ----------------------------------------------------------------------

sub url        { "http://127.0.0.1:$_[0]{port}" . ($_[1] // '') }
sub dir        { $_[0]{dir} }
sub port       { $_[0]{port} }
sub error_log  { $_[0]->slurp("$_[0]{dir}/logs/error.log") }
sub access_log { $_[0]->slurp("$_[0]{dir}/logs/access.log") }

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$ || $self->{background};
    local ($?, $!, $@);
    $self->PrivateHttpd::stop;
    File::Path::remove_tree($self->{dir}) unless $ENV{TEST_KEEP};
}

1;
