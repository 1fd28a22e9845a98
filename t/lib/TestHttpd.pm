package TestHttpd;

# A private httpd for one test file. Beside what PrivateHttpd does it keeps an eye on
# the logs: when it is stopped, it asserts that the server ended well, that no line of
# the error log is of level error or worse, that nothing crashed, and that no secret
# stands in any log.
#
#   my $h = TestHttpd->new(conf => ...)->start;
#   $h->expect_log(qr/SCIMRC0203/);   # such a line belongs to the test; it must come
#   $h->allow_log(qr/SCIMRC0204/);    # such a line is no fault; it may come
#   $h->secret($token);               # must not stand in any log
#   $h->stop;
#   done_testing;
use strict;
use warnings;
use parent 'PrivateHttpd';
use Test::More ();

my $BAD_LINE = qr/\[(?:[\w-]+:)?(?:error|crit|alert|emerg)\]|exit signal/;
# What httpd says of a race of its own, between a connection that lingers and the end
# of its child (event MPM).
my $HTTPD_ITSELF = qr/ AH03092: /;
my $CRASH    = qr/Sanitizer|runtime error:|\bAssertion .* failed|double free|corrupted/;
my @forgotten;    # servers that a test let go without stop()

sub new {
    my ($class, %option) = @_;
    Test::More::plan(skip_all => 'no httpd program (HTTPD)') unless -x ($ENV{HTTPD} // '');
    my $self = $class->SUPER::new(name => 'httpd', slow => $ENV{SANITIZER_PRELOAD} ? 60 : 20, %option);
    $self->{expected} = [];
    $self->{allowed}  = [];
    $self->{secrets}  = [];
    return $self;
}

sub expect_log { my $self = shift; push @{ $self->{expected} }, @_; return $self }
sub allow_log  { my $self = shift; push @{ $self->{allowed} },  @_; return $self }
sub secret     { my $self = shift; push @{ $self->{secrets} },  @_; return $self }

# All that the server wrote: file name -> text.
sub logs {
    my ($self) = @_;
    return map { s{.*/}{}r => $self->slurp($_) } glob "$self->{dir}/logs/*";
}

sub stop {
    my ($self, $signal) = @_;
    return unless $self->pid;
    my $builder = Test::More->builder;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    # Gracefully: told to stop at once, the event MPM's main thread closes sockets that a
    # worker may be giving back at the same moment, and crashes now and then.
    $builder->ok($self->SUPER::stop($signal // 'WINCH'), "$self->{name}: ended by itself");
    $self->check_logs($builder);
    return;
}

sub check_logs {
    my ($self, $builder) = @_;
    my %log = $self->logs;
    my @lines = map { split /\n/ } @log{ grep { /error|stderr/ } sort keys %log };
    for my $expected (@{ $self->{expected} }) {
        $builder->ok(scalar(grep { /$expected/ } @lines), "$self->{name}: log has $expected");
    }
    my @known = (@{ $self->{expected} }, @{ $self->{allowed} }, $HTTPD_ITSELF);
    my @bad   = grep {
        my $line = $_;
        $line =~ $CRASH || $line =~ $BAD_LINE && !grep { $line =~ $_ } @known
    } @lines;
    $builder->is_eq(join("\n", @bad), '', "$self->{name}: clean error log");
    my @leaks = grep {
        my $text = $log{$_};
        grep { length && index($text, $_) >= 0 } @{ $self->{secrets} }
    } sort keys %log;
    $builder->is_eq("@leaks", '', "$self->{name}: no secret in a log");
    return;
}

# Waits until a line of the error log matches; false when none does in time.
sub wait_for_log {
    my ($self, $pattern) = @_;
    return $self->wait_until(sub { $self->error_log =~ $pattern });
}

sub DESTROY {
    my ($self) = @_;
    push @forgotten, $self->{name} if $self->{owner} == $$ && $self->pid;
    return $self->PrivateHttpd::DESTROY;
}

# Such a test has lost the assertions above and must not pass.
END {
    if (@forgotten) {
        Test::More::diag("never stopped, so its log was not looked at: @forgotten");
        $? ||= 1;
    }
}

1;
