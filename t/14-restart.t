#!/usr/bin/env perl
# Four clients write while the server is restarted gracefully, while its children are
# killed, and while it is stopped, or killed altogether, and started again. A graceful
# restart fails nobody; the others fail those whose request was under way; and nothing
# that was answered is lost or done twice.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use TestGateway;

my $CLIENTS = 4;

my $gw = TestGateway->new(
    sandbox => { users => 5, limits => 'off' },
    account => join('', map { "ScimRCLimit $_ off\n" } qw(light medium heavy auth)),
    processes => 3);
$gw->start_filled;

# --- the clients ------------------------------------------------------------------
# Each writes down what it sent before it sends it, and what was answered.

sub client {
    my ($n) = @_;
    my $scim = $gw->scim;
    open my $out, '>', $gw->dir . "/client$n" or die $!;
    $out->autoflush(1);
    my $write = sub {
        my ($op, $id, $value, $method, $path, $body) = @_;
        print $out "sent $op $id $value\n";
        my $answer = $scim->request($method, $path, $body, { connection => 'close' });
        print $out "$answer->{status} $op ", $answer->{json}{id} // $id, " $value\n";
        sleep 0.02 if $answer->{status} == 599;    # perhaps nobody is there
        return $answer;
    };
    for (my $i = 1; !-e $gw->dir . '/enough'; $i++) {
        my $name = "client$n.user$i\@example.com";
        my $made = $write->('create', '-', $name, POST => '/Users', $scim->user($name));
        my $id = $made->{json}{id} if $made->{status} == 201;
        next unless defined $id;
        for my $title ("first$i", "second$i") {
            $write->('title', $id, $title, PATCH => "/Users/$id", {
                schemas => [$ScimClient::PATCH_OP],
                Operations => [ { op => 'replace', path => 'title', value => $title } ]
            });
        }
        $write->('delete', $id, '-', DELETE => "/Users/$id") if $i % 3 == 0;
    }
    close $out;
    exit 0;
}

my @pid;
for my $n (1 .. $CLIENTS) {
    my $pid = fork // die $!;
    client($n) if !$pid;
    push @pid, $pid;
}

sub lines { return map { split /\n/, $gw->slurp($_) } glob $gw->dir . '/client?' }
sub answered { return scalar grep { /^2/ } lines() }

# Some more answers must have come.
sub goes_on {
    my ($what) = @_;
    my $before = answered();
    ok $gw->wait_until(sub { answered() > $before + 3 * $CLIENTS }), "$what: it goes on";
}

goes_on('at the start');
for my $time (1 .. 3) {
    ok $gw->graceful, "graceful restart $time";
    goes_on("graceful restart $time");
}
# At the start and when it stops the parent works as the children's user for a while.
sub groups { return $gw->slurp("/proc/$_[0]/status") =~ /^((?:Uid|Gid|Groups):.*)\n/mg }
is_deeply [ groups($gw->pid) ], [ groups($$) ], 'the parent is who it was, with its groups';

my @failed = grep { /^[^2s]/ } lines();
is "@failed", '', 'nobody was failed by a graceful restart';
is $gw->sandbox->counters->{ops}{getToken}, 1, 'one access token served all children, old and new';

my @children = $gw->children;
kill 'KILL', $children[-1];
goes_on('a killed child');
for (1 .. 10) {    # until somebody's request was cut
    last if grep { /^599/ } lines();
    kill 'KILL', $gw->children;
    goes_on('all children killed');
}

ok $gw->PrivateHttpd::stop, 'stopped';
$gw->start;
goes_on('stopped and started');
kill 'KILL', $gw->pid, $gw->children;
waitpid $gw->pid, 0;
$gw->wait_until(sub { PrivateHttpd::port_is_free($gw->port) });
$gw->start;
goes_on('killed and started');
$gw->write_file($gw->dir . '/enough', '');
waitpid $_, 0 for @pid;

# --- what has become of it --------------------------------------------------------

my (%user, %unsure, %name);    # id -> what was answered; id or name -> no answer
for my $n (1 .. $CLIENTS) {
    my $open;
    for (split /\n/, $gw->slurp($gw->dir . "/client$n")) {
        my ($status, $op, $id, $value) = split / /;
        if ($status eq 'sent') {
            $open = $op eq 'create' ? $value : $id;
            next;
        }
        $unsure{$open} = 1 if $status !~ /^2/;
        next if $status !~ /^2/;
        if ($op eq 'create') {
            $user{$id} = { userName => $value };
            $name{$value} = $id;
        }
        elsif ($op eq 'title')  { $user{$id}{title}   = $value }
        elsif ($op eq 'delete') { $user{$id}{deleted} = 1 }
    }
}
my @sure = grep { !$unsure{$_} } sort keys %user;
cmp_ok scalar(@sure), '>', 20, 'there is something to look at: ' . @sure . ' users';
cmp_ok scalar(keys %unsure), '>', 0, 'children were killed amid their work';
# 503: the server was stopping. A DELETE whose connection was cut is repeated by
# HTTP::Tiny, and may find nothing.
is join(' ', grep { /^[1345]/ && !/^(?:599|503|404 delete)/ } lines()), '',
  'no request was answered with an error';

my %there = map { $_->{id} => $_ } $gw->sandbox->extensions;
my (@lost, @copy);
my $scim = $gw->scim;
for my $id (@sure) {
    my $want = $user{$id};
    my $real = $there{$id};
    my $seen = $scim->get("/Users/$id");
    if ($want->{deleted}) {
        push @lost, "$id is still there" if $real && $real->{status} ne 'Unassigned';
        push @copy, "$id: $seen->{status}" if $seen->{status} != 404;
        next;
    }
    push @lost, $id
      if !$real || $real->{contact}{email} ne $want->{userName}
      || ($want->{title} // '') ne ($real->{contact}{jobTitle} // '');
    push @copy, "$id: $seen->{status}"
      if $seen->{status} != 200 || ($seen->{json}{title} // '') ne ($want->{title} // '');
}
is "@lost", '', 'every answered write is in the account';
is "@copy", '', 'and in the copy';

my %times;
$times{$_}++ for grep { defined } map { $_->{contact}{email} } values %there;
is join(' ', grep { $times{$_} > 1 } sort keys %times), '', 'nobody was made twice';

$gw->stop;
done_testing;
