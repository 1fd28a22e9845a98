package Station;

# A RingCentral with or without the gateway in front of it, as a measurement needs it:
# one that speaks SCIM at a port and counts what RingCentral was asked for.
#
#   my $station = Station->gateway(users => 100, scale => 60, max_age => '24h');
#   my $station = Station->native(unassigned => 100, scale => 600);
#   my @people  = $station->people(50);            # [id, userName], none of them special
#   my $calls   = $station->watch(sub { ... });    # {light}, {medium}, ..., {refused}
#   $station->client                               # a QuickHttp
#   $station->{filled_in}                          # seconds that the first fill took
#   $station->stop
#
# Time-outs of the gateway are given as RingCentral's time, and set as the scale has it.
use strict;
use warnings;
use QuickHttp;
use Test::More ();
use Time::HiRes ();

# Comparing each kind of call with a document would take part of the time that counts;
# and what the servers' own checks say stands in nobody's way when it is well.
BEGIN { $ENV{SCIM_RC_OPENAPI} = '' }
use Sandbox;
use TestGateway;

# Who is interrupted stops the servers.
$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);

my $tap = '';
Test::More->builder->output(\$tap);

# users, unassigned, scale (1), limits (real), credentials (1); knobs: {name => value}
sub sandbox {
    my (%is) = @_;
    my $sandbox = Sandbox->new(
        users => $is{users} // 0, unassigned => $is{unassigned} // 0, scale => $is{scale} // 1,
        limits => $is{limits} // 'real', credentials => ($is{credentials} // 1) - 1,
        conf => "SandboxSites 0\nSandboxQueues 0\n");
    $sandbox->config(%{ $is{knobs} }) if $is{knobs};
    return $sandbox;
}

# RingCentral's own SCIM service.
sub native {
    my ($class, %is) = @_;
    my $sandbox = sandbox(%is);
    return bless {
        %is, sandbox => $sandbox, port => $sandbox->port, path => '/scim/v2',
        token => $sandbox->token
    }, $class;
}

# For an account whose RingCentral has no limits: it is not told so by headers.
sub no_limits { return join '', map { "ScimRCLimit $_ off\n" } qw(light medium heavy auth) }

# Beside those above: processes (1), max_age, gather, patience, bulk_patience (of
# RingCentral's time), account and location: further lines.
sub gateway {
    my ($class, %is) = @_;
    my $sandbox = sandbox(%is);
    my $limits = ($is{limits} // 'real') eq 'off' ? no_limits() : '';
    my $self = bless { %is, sandbox => $sandbox, path => '/scim/v2' }, $class;
    my $gw = TestGateway->new(
        sandbox => $sandbox, log_level => 'warn',
        processes => $is{processes} // 1, threads => $is{threads} // 64,
        modules => $is{modules} // [], conf => ($is{conf} // '') =~ s/\@SANDBOX\@/$sandbox->url/ger,
        account => "ScimRCRefresh 24h\n" . $self->times(max_age => 'MaxAge') . $limits
          . ($is{account} // ''),
        location => $self->times(gather => 'GatherTime', patience => 'Patience',
            bulk_patience => 'BulkPatience') . ($is{location} // ''));
    add_credentials($gw, $sandbox);
    $gw->{slow} = 600;
    my $begun = Time::HiRes::time();
    $gw->start_filled;
    $self->{filled_in} = Time::HiRes::time() - $begun;
    @$self{qw(gw port token)} = ($gw, $gw->port, $gw->token);
    return $self;
}

sub add_credentials {
    my ($gw, $sandbox) = @_;
    my (undef, @more) = $sandbox->credentials;
    my $lines = '';
    for my $i (0 .. $#more) {
        my @files = map { 'file:' . $gw->write_secret("$i.$_", $more[$i]{$_}) } qw(secret jwt);
        $lines .= "ScimRCCredential more$i $more[$i]{id} @files\n";
    }
    $gw->{conf} =~ s/^(?=ScimRCStateDir)/$lines/m;
    return;
}

# Directives for those times that were given, in this world's milliseconds.
sub times {
    my ($self, %directive) = @_;
    my %unit = (ms => 1, s => 1000, min => 60_000, h => 3600_000);
    my $lines = '';
    for my $name (grep { defined $self->{$_} } sort keys %directive) {
        my ($number, $unit) = $self->{$name} =~ /^(\d+)(ms|s|min|h)?$/
          or die "'$self->{$name}' is no time\n";
        my $ms = $number * $unit{ $unit // 's' } / ($self->{scale} // 1);
        $lines .= sprintf "ScimRC%s %dms\n", $directive{$name}, $ms + 0.5;
    }
    return $lines;
}

sub client {
    my ($self) = @_;
    return QuickHttp->new(
        port => $self->{port}, head => "Authorization: Bearer $self->{token}\r\n",
        longest => $self->{longest_wait} // 3600);
}

# People of the company, not the administrator: he keeps the gateway signed in.
sub people {
    my ($self, $wanted) = @_;
    my $http = $self->client;
    my $admin = $self->{sandbox}->control(GET => '')->{accountId};
    my (@people, $total);
    for (my $start = 1; @people < $wanted && $start <= ($total // 1); $start += 1000) {
        my (undef, $page) = $http->call(GET => "$self->{path}/Users?attributes=userName,active"
              . "&count=1000&startIndex=$start");
        ($total) = $page =~ /"totalResults":(\d+)/ or die $page;
        push @people, [$1, $2]
          while $page =~ /"id":"(\d+)","userName":"([^"]+)","active":true/g;
        @people = grep { $_->[0] ne $admin } @people;
    }
    die "only " . @people . " of $wanted people are there\n" if @people < $wanted;
    return @people[ 0 .. $wanted - 1 ];
}

# What RingCentral was asked for meanwhile: calls by throttling group, those that were
# refused because of the quota, and under ops by operation.
sub watch {
    my ($self, $do) = @_;
    my $sandbox = $self->{sandbox};
    my $before = $sandbox->ratelimit->{wastedCalls};
    $sandbox->calls_clear;
    $do->();
    my $counters = $sandbox->counters;
    return { (map { $_ => $counters->{groups}{$_} // 0 } qw(light medium heavy auth)),
        refused => $sandbox->ratelimit->{wastedCalls} - $before, ops => $counters->{ops} };
}

sub stop {
    my ($self) = @_;
    my $gw = delete $self->{gw};
    $gw->stop if $gw;
    $self->{sandbox}->stop;
    Test::More->builder->is_eq(join('', $self->{sandbox}->log_problems), '', 'sandbox: clean error log');
    return;
}

# At the end of a program: false results if the servers were not content.
sub end {
    my $builder = Test::More->builder;
    print STDERR $tap if !$builder->is_passing;
    Test::More::done_testing();
    return;
}

1;

