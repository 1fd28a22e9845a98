package Crowd;

# Many clients at once: each is a process of its own that runs a function and hands its
# result back.
#
#   my @results = Crowd->run(8, sub { my ($n) = @_; ...; return { any => 'thing' } });
#
#   my $crowd = Crowd->start(8, sub { my ($n, $crowd) = @_;
#       while ($crowd->goes_on) { ...; $crowd->step } ... });
#   $crowd->wait_for_steps(20);    # so many more steps by all together
#   my @results = $crowd->finish;  # tells them to stop; the results in order of $n
#
#   Crowd->run(8, sub { my ($n, $crowd) = @_; $crowd->meet; ... });   # all at the same moment
#   my $text = statuses(@answers);               # "200:7 503:1"; exported on demand
#   Crowd->go_home($gw, $sandbox);               # the last checks of a test
#
#   my %times = Crowd->tally(8, sub { ...; return @statuses });    # status => how often
#   my %times = Crowd->make_users(8, $scim, 5);                    # 5 each, of new names
#
# A result is whatever JSON can carry. A client that dies makes run() and finish() die.
use strict;
use warnings;
use Exporter qw(import);
use File::Temp ();
use JSON::PP   ();
use POSIX      ();
use Test::More ();
use Time::HiRes ();
our @EXPORT_OK = qw(statuses);

my $LONGEST = $ENV{SANITIZER_PRELOAD} ? 240 : 90;    # seconds that a client may live
my $json = JSON::PP->new->utf8->canonical->allow_nonref;

sub start {
    my ($class, $count, $function) = @_;
    my $self = bless { owner => $$, count => $count, clients => [] }, $class;
    $self->{steps} = File::Temp->new(TEMPLATE => 'crowd-XXXXXX', TMPDIR => 1);
    pipe my $listen, my $hold or die "pipe: $!\n";    # ends when the crowd is to stop
    for my $n (1 .. $count) {
        pipe my $read, my $write or die "pipe: $!\n";
        my $pid = fork // die "fork: $!\n";
        if (!$pid) {
            close $_ for $hold, $read, map { $_->{read} } @{ $self->{clients} };
            $self->{listen} = $listen;
            $self->live($n, $function, $write);
        }
        close $write;
        push @{ $self->{clients} }, { pid => $pid, read => $read };
    }
    close $listen;
    $self->{hold} = $hold;
    return $self;
}

sub run { my $class = shift; return $class->start(@_)->results }

# What they got, all together: answer => how often.
sub tally {
    my ($class, $count, $function) = @_;
    my %times;
    $times{$_}++ for map { @$_ } $class->run($count, sub { return [ $function->(@_) ] });
    return %times;
}

# Of answers, or of their statuses alone.
sub statuses {
    my (@answers) = @_;
    my %times;
    $times{ ref ? $_->{status} : $_ }++ for @answers;
    return join ' ', map { "$_:$times{$_}" } sort keys %times;
}

# Both servers end, and nothing was wrong with the calls between them.
sub go_home {
    my ($class, $gw, $sandbox) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    Test::More::is($sandbox->ratelimit->{wastedCalls}, 0, 'no call against the limits');
    $gw->stop;
    $sandbox->stop;
    Test::More::is(join('', $sandbox->log_problems), '', 'sandbox: clean error log');
    return;
}

# Many make users at once: the answers' statuses.
my $batch = 0;

sub make_users {
    my ($class, $count, $scim, $each) = @_;
    $batch++;
    return $class->tally($count, sub {
        my ($n) = @_;
        return map { $scim->post('/Users', $scim->user("crowd$batch.$n.$_\@example.com"))->{status} }
          1 .. $each;
    });
}

# In the client.
sub live {
    my ($self, $n, $function, $write) = @_;
    alarm $LONGEST;
    my $result = eval { { value => scalar $function->($n, $self) } } // { error => "$@" };
    my $text = $json->encode($result);
    while (length $text) {
        my $sent = syswrite $write, $text or last;
        substr $text, 0, $sent, '';
    }
    POSIX::_exit(0);
}

# False once the others do not want it to go on.
sub goes_on {
    my ($self) = @_;
    my $set = '';
    vec($set, fileno $self->{listen}, 1) = 1;
    return !select $set, undef, undef, 0;
}

# Something is done. The size of a file counts for all.
sub step {
    my ($self) = @_;
    open my $out, '>>', $self->{steps}->filename or die $!;
    syswrite $out, '.';
    return;
}

# Waits until all are here: once in a crowd, as its first step.
sub meet {
    my ($self) = @_;
    $self->step;
    Time::HiRes::sleep(0.01) while $self->steps < $self->{count};
    return;
}

sub steps { return -s $_[0]{steps}->filename }

# True when the clients made so many more steps in time.
sub wait_for_steps {
    my ($self, $more, $seconds) = @_;
    my $goal = $self->steps + $more;
    my $end = Time::HiRes::time() + ($seconds // $LONGEST / 3);
    while ($self->steps < $goal) {
        return 0 if Time::HiRes::time() > $end;
        Time::HiRes::sleep(0.02);
    }
    return 1;
}

sub results {
    my ($self) = @_;
    my (@results, @errors);
    for my $client (@{ $self->{clients} }) {
        my $text = do { local $/; readline $client->{read} } // '';
        waitpid $client->{pid}, 0;
        my $result = eval { $json->decode($text) } // { error => "it ended with $?\n" };
        push @errors, $result->{error} if exists $result->{error};
        push @results, $result->{value};
    }
    $self->{clients} = [];
    die "Crowd: ", @errors if @errors;
    return @results;
}

sub finish {
    my ($self) = @_;
    close delete $self->{hold} if $self->{hold};
    return $self->results;
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local ($?, $!, $@);
    for my $client (@{ $self->{clients} }) {
        kill 'KILL', $client->{pid};
        waitpid $client->{pid}, 0;
    }
}

1;
