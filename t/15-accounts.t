#!/usr/bin/env perl
# Several accounts in one server: side by side, without seeing each other, and without
# one that does not work getting in the way of the others.
use strict;
use warnings;
use Test::More;
use TestGateway;
use Sandbox;

my $second = Sandbox->new(users => 4, seed => 2, app => 'second-app', secret => 'second-secret',
    jwt => 'c2Vjb25k.and.b3RoZXI');
my $gw = TestGateway->new(sandbox => { users => 9 });
$gw->{conf} .= $gw->account_conf('second', $second)
  . $gw->location_conf('/second', 'second', "ScimRCDelete remove\n")
  . $gw->account_conf('dead', $second, "ScimRCClientId other-app\n")
  . $gw->location_conf('/dead', 'dead', "ScimRCPatience 1s\n")
  . $gw->account_conf('damaged', $second) . $gw->location_conf('/damaged', 'damaged')
  . "<VirtualHost *>\nServerName again.example.com\n" . $gw->location_conf('/again', 'main') . "</VirtualHost>\n";
# a copy that cannot be opened: a directory stands where a file must be
mkdir $gw->state_dir('damaged') . "/$_" for qw(data.mdb lock.mdb directory.mdb jobs.lock);
$gw->allow_log(qr/account '?dead|SCIMRC0[12]\d\d/, qr/SCIMRC0003: account 'damaged'/,
    qr/SCIMRC0006: account 'damaged'/, qr/SCIMRC03\d\d/);
$gw->start_filled;

my $first = $gw->scim;
my $other = $first->as(base => $gw->url('/second'));
ok $gw->wait_until(sub { $other->list(count => 0)->{status} == 200 }), 'the second is filled too';
isnt $first->list(count => 0)->{json}{totalResults}, $other->list(count => 0)->{json}{totalResults},
  'each has its own people';

my $made = $first->post('/Users', $first->user('ada@example.com'));
is $made->{status}, 201, 'a user of the first';
is $other->find('ada@example.com'), undef, 'is not in the second';
is $other->get("/Users/$made->{json}{id}")->{status}, 404, 'not by the id either';
is $first->as(base => $gw->url('/again'))->find('ada@example.com')->{id}, $made->{json}{id},
  'but in each location of the first';
is scalar(grep { $_->{method} eq 'POST' && $_->{path} =~ /extension/ } $second->calls), 0,
  "the second's platform heard nothing of it";
is $other->post('/Users', $other->user('ada@example.com'))->{status}, 201,
  'the same name is free in the second';

my $dead = $first->as(base => $gw->url('/dead'))->list;
is $dead->{status}, 503, 'an account that RingCentral does not let in: 503';
cmp_ok $dead->{headers}{'retry-after'} // 0, '>', 0, 'with Retry-After';
is $first->as(base => $gw->url('/damaged'))->list->{status}, 503, 'one that cannot be opened: 503';
is $first->get("/Users/$made->{json}{id}")->{status}, 200, 'the first goes on';

$gw->stop;
$second->stop;
done_testing;
