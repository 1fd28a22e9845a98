#!/usr/bin/env perl
# What POST /Bulk costs and how it ends when things go wrong: updates and disables in bulk
# updates of 500, deletions in fifties, creates one by one and in batches; records that are
# refused, lost answers, no time left, a child that is killed.
use strict;
use warnings;
use Test::More;
use Crowd;
use Sandbox;
use TestGateway;
use Truth;

my $N       = 600;
my $sandbox = Sandbox->new(users => $N + 20, scale => 20);
$sandbox->config(bulk_start_ms => 200, bulk_item_ms => 1);
my $common = "ScimRCBulkPatience 2min\nScimRCPatience 10s\nScimRCBulkMaxOperations 1000\n";
my $gw = TestGateway->new(
    sandbox   => $sandbox,
    processes => 1,
    account   => "ScimRCRefresh 1h\nScimRCMaxAge 1h",
    location  => $common);
$gw->{conf} .= $gw->location_conf('/remove', 'main', "$common\nScimRCDelete remove");
$gw->{conf} .= $gw->location_conf('/disable', 'main', "$common\nScimRCDelete disable");
$gw->{conf} .= $gw->location_conf('/batch', 'main', "$common\nScimRCBatchProvisioning On");
$gw->{conf} .= $gw->location_conf('/hasty', 'main', "ScimRCPatience 0\nScimRCBulkPatience 0");
$gw->start_filled;
$sandbox->config(record => 1);
my $scim = $gw->scim;
my @people = grep { !$_->{admin} && $_->{type} eq 'User' && $_->{status} eq 'Enabled' } $sandbox->extensions;
my @ids = map { $_->{id} } @people;
splice @ids, $N if @ids > $N;
cmp_ok scalar(@ids), '>', 500, 'there are ' . @ids . ' people';

sub patch {
    my ($id, $path, $value) = @_;
    return { method => 'PATCH', path => "/Users/$id", data => { schemas => [$ScimClient::PATCH_OP],
            Operations => [ { op => 'replace', path => $path, value => $value } ] } };
}
sub removal { return { method => 'DELETE', path => "/Users/$_[0]" } }
sub post { my ($name, %member) = @_; return { method => 'POST', path => '/Users', bulkId => $name, data => $scim->user("$name\@example.com", %member) } }
sub at { return $scim->as(base => $gw->url($_[0])) }
sub statuses { my %n; $n{ $_->{status} }++ for @{ $_[0]{json}{Operations} // [] }; return join ' ', map { "$_:$n{$_}" } sort keys %n }
sub ops { my %n; $n{ $_->{op} }++ for $gw->sent; return \%n }
sub titles { return map { $_->{id} => $_->{contact}{jobTitle} // '' } $sandbox->extensions }
sub same { return join "\n", Truth::differences($scim, $sandbox) }

subtest 'updates' => sub {
    my $answer = $scim->bulk([ map { patch($_, 'title', "T $_") } @ids ]);
    is statuses($answer), '200:' . @ids, 'all succeed';
    my $ops = ops();
    is $ops->{extensionBulkUpdate}, 2, 'in two calls';
    is $ops->{updateExtension} // 0, 0, 'and none alone';
    my %title = titles();
    is scalar(grep { $title{$_} ne "T $_" } @ids), 0, 'each as it should be';
    is same(), '', 'here as there';
    $answer = $scim->bulk([ map { patch($_, 'title', "T $_") } @ids ]);
    is statuses($answer), '200:' . @ids, 'the same again';
    is_deeply ops(), {}, 'costs nothing';
    $answer = $scim->bulk([ map { patch($_, 'active', 'false') } @ids[ 0 .. 99 ] ]);
    is statuses($answer), '200:100', 'a hundred are turned off';
    is ops()->{extensionBulkUpdate}, 1, 'by one call';
    is scalar(grep { ($sandbox->extensions(id => $_))[0]{status} ne 'Disabled' } @ids[ 0, 50, 99 ]), 0, 'there';
    is statuses($scim->bulk([ map { patch($_, 'active', 'true') } @ids[ 0 .. 99 ] ])), '200:100', 'and on';
    is same(), '', 'here as there';
};

subtest 'each its own' => sub {
    $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => { kind => 'fail_records', keys => [ map { "$_" } @ids[ 1, 2 ] ], code => 'CMN-101', parameterName => 'contact.jobTitle' } });
    $gw->sent;
    my $answer = $scim->bulk([ map({ patch($_, 'title', "U $_") } @ids[ 0 .. 9 ]), patch(99, 'title', 'x'), patch($ids[10], 'userName', 'nobody') ]);
    is join(' ', map { $_->{status} } @{ $answer->{json}{Operations} }), '200 400 400 ' . '200 ' x 7 . '404 400', 'each has its status';
    like $answer->{json}{Operations}[1]{response}{detail}, qr/^title: "U $ids[1]" is not accepted/, 'in the words of the client';
    my %title = titles();
    is scalar(grep { $title{$_} ne "U $_" } @ids[ 0, 3 .. 9 ]), 0, 'and the others are changed';
    is scalar(grep { $title{$_} ne "T $_" } @ids[ 1, 2 ]), 0, 'but not those';
    $sandbox->faults_clear;
};

subtest 'the other shape of a result' => sub {
    $sandbox->config(affected_items => 'object');
    $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => { kind => 'fail_records', keys => [ map { "$_" } @ids[ 1, 2 ] ], code => 'CMN-101', parameterName => 'contact.jobTitle' } });
    $gw->sent;
    my $answer = $scim->bulk([ map { patch($_, 'title', "O $_") } @ids[ 0 .. 9 ] ]);
    is join(' ', map { $_->{status} } @{ $answer->{json}{Operations} }), '200 400 400' . ' 200' x 7, 'each has its status';
    like $answer->{json}{Operations}[1]{response}{detail}, qr/^title: "O $ids[1]" is not accepted/, 'in the words of the client';
    is_deeply [ map { $_->{op} } grep { $_->{op} ne 'getExtensionBulkUpdateTask' } $gw->sent ], ['extensionBulkUpdate'], 'after one call';
    my %title = titles();
    is join(' ', grep { $title{ $ids[$_] } eq "O $ids[$_]" } 0 .. 9), '0 3 4 5 6 7 8 9', 'and is so';
    is same(), '', 'here as there';
    $sandbox->faults_clear;
    $sandbox->config(affected_items => undef);
};

# One call is held in the middle while another one, with records that fail, ends.
subtest 'tasks side by side' => sub {
    $sandbox->config(bulk_parallel => 4);
    my @bad = @ids[ grep { $_ % 10 == 7 } 0 .. $#ids ];
    $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => { kind => 'hold_task', after => 3 } });
    $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, action => { kind => 'fail_records', keys => [ map { "$_" } @bad ], code => 'CMN-101', parameterName => 'contact.jobTitle' } });
    $gw->sent;
    my @half = ([ @ids[ 0 .. 299 ] ], [ @ids[ 300 .. $#ids ] ]);
    my $crowd = Crowd->start(2, sub {
        my $mine = $half[ $_[0] - 1 ];
        my $answer = $scim->as->bulk([ map { patch($_, 'title', "S $_") } @$mine ]);
        return [ map { $_->{status} } @{ $answer->{json}{Operations} } ];
    });
    ok $gw->wait_until(sub { my @tasks = $sandbox->tasks;
        shift @tasks while @tasks && !$tasks[0]{held};
        return @tasks > 1 && $tasks[0]{status} eq 'InProgress' && $tasks[1]{status} eq 'Completed' }), 'the second ends before the first';
    $sandbox->task_order(action => 'release');
    my @status = map { @$_ } $crowd->results;
    my @calls = map { [ map { $_->{id} } @{ $_->{body}{records} } ] } grep { $_->{op} eq 'extensionBulkUpdate' } $gw->sent;
    my %fails = map { my $id = $_; map { $_ => 1 } grep { $_ eq $id } map { @$_ } @calls[ 1 .. $#calls ] } @bad;
    cmp_ok scalar(keys %fails), '>', 0, keys(%fails) . ' fail in calls for ' . join ' ', map { scalar @$_ } @calls;
    is join(' ', grep { $status[$_] ne ($fails{ $ids[$_] } ? 400 : 200) } 0 .. $#ids), '', 'each has its status';
    my %title = titles();
    is join(' ', grep { ($title{$_} eq "S $_") == !!$fails{$_} } @ids), '', 'and is so';
    is same(), '', 'here as there';
    $sandbox->faults_clear;
    $sandbox->config(bulk_parallel => undef);
};

subtest 'lost answers' => sub {
    $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => 'reply_lost' });
    is statuses($scim->bulk([ map { patch($_, 'title', "V $_") } @ids[ 0 .. 49 ] ])), '200:50', 'of the call';
    $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => { kind => 'fail_task', after => 10 } });
    is statuses($scim->bulk([ map { patch($_, 'title', "W $_") } @ids[ 0 .. 49 ] ])), '200:50', 'of a task';
    my %title = titles();
    is scalar(grep { $title{$_} ne "W $_" } @ids[ 0 .. 49 ]), 0, 'all are made up for';
    is same(), '', 'here as there';
    $sandbox->faults_clear;
};

subtest 'no time left' => sub {
    # Little enough to be used up on a slow machine.
    $sandbox->config(limit_heavy => 1, limit_medium => 1);
    $sandbox->ratelimit_clear;
    $scim->bulk([ map { patch($_, 'title', "A $_") } @ids[ 0 .. 9 ] ]) for 1;
    my ($done, $late) = (0, undef);
    for my $round (1 .. 60) { # until the window is used up
        my $answer = at('/hasty')->bulk([ map { patch($_, 'title', "R$round $_") } @ids[ 0 .. 9 ] ]);
        ($late) = grep { $_->{status} eq '429' } @{ $answer->{json}{Operations} };
        last if $late;
        $done++;
    }
    ok $late, "after $done rounds the rest is 429";
    like $late->{response}{detail}, qr/repeat the request/, 'and says so';
    is statuses($scim->bulk([ map { patch($_, 'title', "P $_") } @ids[ 0 .. 9 ] ])), '200:10', 'who has patience waits';
    $sandbox->config(limit_heavy => undef, limit_medium => undef);
    $sandbox->ratelimit_clear;
    is same(), '', 'here as there';
};

subtest 'creates' => sub {
    $gw->sent;
    my $answer = $scim->bulk([ map { post("one$_", title => 'Boss') } 1 .. 30 ]);
    is statuses($answer), '201:30', 'one by one';
    is ops()->{createExtension}, 30, 'in a call each';
    $answer = at('/batch')->bulk([ map { post("ten$_", title => "Boss $_", externalId => "x$_", password => 'Str0ng-Pass!') } 1 .. 100 ]);
    is statuses($answer), '201:100', 'in batches';
    my $ops = ops();
    cmp_ok $ops->{postBatchProvisionUsers}, '>=', 3, "$ops->{postBatchProvisionUsers} batches";
    is +($ops->{postBatchProvisionUsers} * 10) + $ops->{createExtension}, 100, 'and the others alone';
    is $ops->{extensionBulkUpdate}, 1, 'and one change for what a batch does not carry';
    my %by = map { ($_->{contact}{email} // '') => $_ } $sandbox->extensions;
    is scalar(grep { ($by{"ten$_\@example.com"}{contact}{jobTitle} // '') ne "Boss $_" } 1 .. 100), 0, 'nothing is missing';
    is scalar(grep { ($scim->find("ten$_\@example.com") // {})->{externalId} ne "x$_" } 1, 50, 100), 0, 'in the copy too';
    is same(), '', 'here as there';
    $sandbox->fault({ match => { op => 'postBatchProvisionUsers' }, times => 1, action => 'reply_lost' });
    $sandbox->fault({ match => { op => 'postBatchProvisionUsers' }, times => 1, action => { kind => 'fail_records', keys => ['twelve15@example.com'], code => 'CMN-101', parameterName => 'contact.firstName' } });
    $answer = at('/batch')->bulk([ map { post("twelve$_") } 1 .. 40 ]);
    cmp_ok scalar(grep { $_->{status} eq '201' } @{ $answer->{json}{Operations} }), '>=', 39, 'a lost answer and a bad record: ' . statuses($answer);
    my %n;
    $n{ $_->{contact}{email} // '' }++ for $sandbox->extensions;
    is join(' ', grep { $n{$_} > 1 && /\@example/ } sort keys %n), '', 'nobody is there twice';
    is same(), '', 'here as there';
    $sandbox->faults_clear;
};

subtest 'a child is killed' => sub {
    $sandbox->fault({ match => { op => 'extensionBulkUpdate' }, times => 1, action => { kind => 'hold_task', after => 3 } });
    my $crowd = Crowd->start(1, sub { my $answer = $scim->as->bulk([ map { patch($_, 'title', "K $_") } @ids[ 0 .. 49 ] ]); return { status => $answer->{status} } });
    ok $gw->wait_until(sub { grep { $_->{status} eq 'InProgress' && $_->{done} == 3 } $sandbox->tasks }), 'in the middle of a task';
    kill KILL => $gw->children;
    my ($result) = $crowd->results;
    isnt $result->{status}, 200, 'there is no answer';
    $sandbox->task_order(action => 'release');
    ok $gw->wait_until(sub { !grep { $_->{status} =~ /Accepted|InProgress/ } $sandbox->tasks }), 'RingCentral goes on';
    ok $gw->wait_until(sub { $scim->list(count => 0)->{status} == 200 }), 'another child takes over';
    is statuses($scim->bulk([ map { patch($_, 'title', "K2 $_") } @ids[ 0 .. 49 ] ])), '200:50', 'the client repeats it';
    is same(), '', 'here as there';
};

subtest 'deletions' => sub {
    $gw->sent;
    is statuses(at('/remove')->bulk([ map { removal($_) } @ids[ 0 .. 119 ] ])), '204:120', 'by removing';
    is ops()->{bulkDeleteUsersV2}, 3, 'fifty in a call';
    is statuses(at('/disable')->bulk([ map { removal($_) } @ids[ 120 .. 219 ] ])), '204:100', 'by disabling';
    is ops()->{extensionBulkUpdate}, 1, 'all in a call';
    is statuses($scim->bulk([ map { removal($_) } @ids[ 220 .. 239 ] ])), '204:20', 'by releasing';
    is ops()->{deleteExtension}, 20, 'a call each';
    is scalar(grep { $scim->get("/Users/$_")->{status} != 404 } @ids[ 0 .. 239 ]), 0, 'none is left';
    is same(), '', 'here as there';
};

is $sandbox->ratelimit->{wastedCalls}, 0, 'no call against the limits';
$gw->stop;
$sandbox->stop;
is join('', $sandbox->log_problems), '', 'sandbox: clean error log';
done_testing;
