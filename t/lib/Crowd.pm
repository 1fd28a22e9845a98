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
# A result is whatever JSON can carry. A client that dies makes run() and finish() die.
use strict;
use warnings;
use File::Temp ();
use JSON::PP   ();
use POSIX      ();
use Time::HiRes ();

my $LONGEST = $ENV{SANITIZER_PRELOAD} ? 240 : 90;    # seconds that a client may live
my $json = JSON::PP->new->utf8->canonical->allow_nonref;

sub start {
    my ($class, $count, $function) = @_;
    my $self = bless { owner => $$, clients => [] }, $class;
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
