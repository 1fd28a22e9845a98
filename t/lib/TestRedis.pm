package TestRedis;

# A private redis-server for one test file, in a folder of its own, on loopback and on a
# unix socket, without persistence. Core Perl only.
#
#   my $redis = TestRedis->new->start;       # skips the test where there is no Redis
#   $redis->url;                             # redis://127.0.0.1:PORT
#   $redis->command('GET', $key);            # what it answers; dies on an error
#   $redis->restart;                         # nothing is left of its content
#   $redis->pause; $redis->resume;           # answers nobody meanwhile
#   $redis->stop;
#
# Environment: REDIS_SERVER, the program, as configure found it.
use strict;
use warnings;
use File::Path ();
use File::Temp ();
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use PrivateHttpd;
use Test::More  ();
use Time::HiRes ();

# The program, or undef.
sub program {
    my @names = $ENV{REDIS_SERVER} || ();
    push @names, map { my $name = $_; map { "$_/$name" } split /:/, "$ENV{PATH}:/usr/sbin" }
      qw(redis-server valkey-server)
      unless @names;
    return (grep { -x } @names)[0];
}

# new(%option)
#   password   of the default user
#   conf       further lines of its configuration
sub new {
    my ($class, %option) = @_;
    Test::More::plan(skip_all => 'no redis-server on this machine') unless program();
    my $self = bless { conf => '', slow => 20, owner => $$, %option }, $class;
    $self->{dir}  = File::Temp::tempdir('scim-rc-redis-XXXXXX', TMPDIR => 1);
    $self->{port} = PrivateHttpd::free_port();
    chmod 0755, $self->{dir};    # httpd's children are another user when we are root
    return $self;
}

sub dir  { $_[0]{dir} }
sub port { $_[0]{port} }
sub pid  { $_[0]{pid} }

sub socket_path { "$_[0]{dir}/redis.sock" }

sub url {
    my ($self) = @_;
    my $password = defined $self->{password} ? ":$self->{password}\@" : '';
    return "redis://${password}127.0.0.1:$self->{port}";
}

sub unix_url { 'redis+unix://' . $_[0]->socket_path }

sub log_text { PrivateHttpd->slurp("$_[0]{dir}/redis.log") }

# --- process ----------------------------------------------------------------------

sub start {
    my ($self) = @_;
    my $dir = $self->{dir};
    PrivateHttpd->write_file("$dir/redis.conf", <<"EOT" . $self->{conf}, 0600);
bind 127.0.0.1
port $self->{port}
unixsocket $dir/redis.sock
unixsocketperm 777
dir $dir
logfile $dir/redis.log
daemonize no
save ""
appendonly no
@{[ defined $self->{password} ? qq(requirepass "$self->{password}") : '' ]}
EOT
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        setpgrp 0, 0;
        open STDIN,  '<',  '/dev/null';
        open STDOUT, '>>', "$dir/redis.log";
        open STDERR, '>&', \*STDOUT;
        delete @ENV{qw(LD_PRELOAD)};
        exec { program() } 'redis-server', "$dir/redis.conf" or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    my $end = Time::HiRes::time() + $self->{slow};
    until (eval { $self->command('PING') eq 'PONG' }) {
        die "redis-server did not start:\n" . $self->log_text . ($@ // '') . "\n"
          if Time::HiRes::time() > $end || waitpid($pid, POSIX::WNOHANG()) == $pid;
        Time::HiRes::sleep(0.02);
    }
    return $self;
}

# Ends it as a crash would; what it knew is lost.
sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return $self;
    kill KILL => $pid;
    waitpid $pid, 0;
    unlink $self->socket_path;
    return $self;
}

sub restart { $_[0]->stop->start }

# Connections are taken by the kernel, but nobody answers.
sub pause  { kill STOP => $_[0]{pid}; return $_[0] }
sub resume { kill CONT => $_[0]{pid}; return $_[0] }

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local ($?, $@);
    $self->stop;
    File::Path::remove_tree($self->{dir}) unless $ENV{TEST_KEEP};
}

# --- its protocol -----------------------------------------------------------------

# Sends one command on a connection of its own. A string, a number, undef or a
# reference to a list of them.
sub command {
    my ($self, @words) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{port}", Timeout => 5)
      // die "redis: $@\n";
    _ask($socket, 'AUTH', $self->{password}) if defined $self->{password};
    return _ask($socket, @words);
}

sub _ask {
    my ($socket, @words) = @_;
    print {$socket} join '', '*' . @words . "\r\n", map { '$' . length($_) . "\r\n$_\r\n" } @words;
    $socket->flush;
    return _reply($socket);
}

sub _reply {
    my ($socket) = @_;
    my $line = <$socket> // die "redis: no answer\n";
    my ($type, $rest) = $line =~ /\A([-+:\$*])(.*?)\r\n\z/s or die "redis: $line\n";
    die "redis: $rest\n" if $type eq '-';
    return $rest if $type eq '+' || $type eq ':';
    return undef if $rest < 0;
    return [ map { _reply($socket) } 1 .. $rest ] if $type eq '*';
    read($socket, my $text, $rest + 2) == $rest + 2 or die "redis: half an answer\n";
    return substr $text, 0, $rest;
}

1;
