#!/usr/bin/env perl
# sortBy and sortOrder (RFC 7644 section 3.4.2.3): pages put together are the whole list
# in order, with and without a filter, by GET and by POST.
use v5.16;
use strict;
use warnings;
use JSON::PP ();
use Test::More;
use Unicode::Normalize qw(NFC);
use TestGateway;

my $gw = TestGateway->new(sandbox => { users => 80, unassigned => 2, scale => 60 }, account => "ScimRCMaxAge 1h\n");
$gw->{conf} .= $gw->location_conf('/strict', 'main', "ScimRCTolerance strict\n");
$gw->start_filled;
my $scim = $gw->scim;
my $rc = $gw->sandbox;
my $ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

# Some whose order is not that of bytes, and some without this or that.
for ([ 'Zoe', 'apple', 'Clerk' ], [ "\xc9ric", "\xc9mile", 'clerk' ], [ 'Ann', 'Apple' ], [ 'ann', 'APPLE', 'Agent' ],
    [ 'Bo', '10' ], [ 'Bo', '9', 'agent' ]) {
    my ($given, $family, $title) = @$_;
    state $n = 0;
    $n++;
    my $made = $scim->post('/Users', $scim->user(($n % 2 ? 'A' : 'b') . "sort$n\@example.com",
        name => { givenName => $given, familyName => $family }, $title ? (title => $title) : (),
        $n % 3 ? () : (active => JSON::PP::false),
        $n % 2 ? ($ENTERPRISE => { department => "D$n" }) : ()));
    is $made->{status}, 201, "$given $family";
}
my @all = @{ $scim->list(count => 1000)->{json}{Resources} };
$gw->sent;

# What each is sorted by: undef when there is nothing.
my %KEY = (
    'userName'          => sub { fold($_[0]{userName}) },
    'NAME.familyname'   => sub { fold($_[0]{name}{familyName}) },
    'title'             => sub { fold($_[0]{title}) },
    'active'            => sub { $_[0]{active} ? 1 : 0 },
    'id'                => sub { $_[0]{id} },
    'externalId'        => sub { $_[0]{externalId} },
    'meta.created'      => sub { $_[0]{meta}{created} },
    'emails'            => sub { fold(best($_[0]{emails}, 'value')) },
    'phoneNumbers.type' => sub { fold(best($_[0]{phoneNumbers}, 'type')) },
    "$ENTERPRISE:department" => sub { fold($_[0]{$ENTERPRISE}{department}) },
    'nickName'          => sub { undef },
);
sub fold { my ($text) = @_; return defined $text && $text ne '' ? NFC(CORE::fc($text)) : undef }

# Of the primary element, or else of the first.
sub best {
    my ($list, $part) = @_;
    my ($best) = ((grep { $_->{primary} } @{ $list // [] }), @{ $list // [] });
    return $best && $best->{$part};
}

# The ids as they should come; equals stay as they are in the list without an order.
sub in_order {
    my ($by, $descending, @users) = @_;
    my %key = map { $_->{id} => $KEY{$by}->($_) } @users;
    my %place = map { $users[$_]{id} => $_ } 0 .. $#users;
    my $compare = sub {
        my ($x, $y) = @key{@_};
        return defined $x && defined $y ? $x cmp $y : defined $y <=> defined $x;
    };
    return sort { ($descending ? -1 : 1) * $compare->($a, $b) || $place{$a} <=> $place{$b} } map { $_->{id} } @users;
}

sub ids { my ($answer) = @_; return map { $_->{id} } @{ $answer->{json}{Resources} // [] } }

# All pages, one after the other.
sub paged {
    my ($size, $total, $ask) = @_;
    my @ids;
    for (my $at = 1; ; $at += $size) {
        my $page = $ask->(startIndex => $at, count => $size);
        my $json = $page->{json};
        return "$page->{status} at $at" if $page->{status} != 200;
        return "a wrong page at $at" if $json->{totalResults} != $total || $json->{startIndex} != $at
          || $json->{itemsPerPage} != ids($page);
        last if !ids($page);
        push @ids, ids($page);
    }
    return "@ids";
}

subtest 'in both orders, page by page' => sub {
    for my $by (sort keys %KEY) {
        for my $order ('ascending', 'descending') {
            my @want = in_order($by, $order eq 'descending', @all);
            my @query = (sortBy => $by, $order eq 'ascending' ? () : (sortOrder => $order));
            is join(' ', ids($scim->list(@query))), "@want", "$by, $order";
            is paged(9, scalar @all, sub { $scim->list(@query, @_) }), "@want", 'and on pages';
        }
    }
    my %of = map { $_->{id} => $KEY{title}->($_) } @all;
    my ($first) = ids($scim->list(sortBy => 'title', sortOrder => 'descending'));
    is $of{$first}, undef, 'descending, those without a value come first';
    is join(' ', ids($scim->list)), join(' ', map { $_->{id} } @all), 'the list without an order is as it was';
};

subtest 'with a filter' => sub {
    my $old = $all[40]{meta}{created};
    my %FILTER = (
        'title pr' => sub { defined $_[0]{title} },
        'not (active eq true) or userName co "1"' => sub { !$_[0]{active} || $_[0]{userName} =~ /1/ },
        qq(userName eq "$all[7]{userName}")       => sub { $_[0]{id} eq $all[7]{id} },
        qq(meta.created ge "$old")                => sub { $_[0]{meta}{created} ge $old },
        'userName eq "nobody"'                    => sub { 0 },
    );
    for my $filter (sort keys %FILTER) {
        my @found = grep { $FILTER{$filter}->($_) } @all;
        for my $by ('title', 'userName') {
            my @want = in_order($by, 1, @found);
            my @query = (sortBy => $by, sortOrder => 'descending', filter => $filter);
            is paged(5, scalar @found, sub { $scim->list(@query, @_) }), "@want", "$filter, by $by";
            is paged(5, scalar @found, sub {
                $scim->post('/Users/.search', { schemas => [$ScimClient::SEARCH], @query, @_ });
            }), "@want", 'by POST, too';
        }
    }
};

subtest 'beside the other parameters' => sub {
    my @want = in_order('NAME.familyname', 0, @all);
    my $part = $scim->list(sortBy => 'name.familyName', attributes => 'userName', count => 3, startIndex => 2);
    is_deeply [ ids($part) ], [ @want[ 1 .. 3 ] ], 'attributes need not name what is sorted by';
    is_deeply [ sort keys %{ $part->{json}{Resources}[0] } ], [qw(id schemas userName)], 'nor is it shown';
    my $without = $scim->list(sortBy => 'name.familyName', excludedAttributes => 'name,meta', count => 2);
    is_deeply [ ids($without) ], [ @want[ 0, 1 ] ], 'excludedAttributes may';
    my $none = $scim->list(sortBy => 'userName', count => 0);
    is "$none->{json}{totalResults} $none->{json}{itemsPerPage}", @all . ' 0', 'count=0';
    my $behind = $scim->list(sortBy => 'userName', startIndex => @all + 1);
    is "$behind->{json}{totalResults} $behind->{json}{itemsPerPage}", @all . ' 0', 'behind the end';
    my @plain = map { $_->{id} } @all;
    is_deeply [ ids($scim->list(sortOrder => 'descending')) ], \@plain, 'sortOrder alone has no effect';
    is_deeply [ ids($scim->list(sortBy => '', sortOrder => 'sideways')) ], \@plain, 'nor has it with an empty sortBy';
    is_deeply [ ids($scim->list(SORTBY => 'userName', sortorder => 'Descending', count => 2)) ],
      [ (in_order('userName', 1, @all))[ 0, 1 ] ], 'letter case does not matter';
    is $scim->get("/Users/$plain[3]?sortBy=nothing&sortOrder=sideways")->{json}{id}, $plain[3], 'a user alone has no order';
    is $scim->get('/Schemas?sortBy=nothing')->{status}, 200, 'nor have schemas';
};

subtest 'what cannot be sorted by' => sub {
    my $strict = $scim->as(base => $gw->url('/strict'));
    for ([ 'nothing', qr/no attribute 'nothing'/ ], [ 'name', qr/name one of its sub-attributes/ ],
        [ 'addresses', qr/name one of its/ ], [ 'department', qr/write '\Q$ENTERPRISE\E:department'/ ],
        [ 'password', qr/never shown/ ], [ 'emails[type eq "work"].value', qr/position 7/ ]) {
        my ($by, $detail) = @$_;
        for my $answer ($scim->list(sortBy => $by), $strict->list(sortBy => $by, count => 0),
            $scim->post('/Users/.search', { schemas => [$ScimClient::SEARCH], sortBy => $by })) {
            is "$answer->{status} $answer->{json}{scimType}", '400 invalidValue', $by;
            like $answer->{json}{detail}, $detail, 'says why';
        }
    }
    my $answer = $scim->list(sortBy => 'userName', sortOrder => 'up');
    is "$answer->{status} $answer->{json}{scimType}", '400 invalidValue', 'an order that is none';
    like $answer->{json}{detail}, qr/"up".*ascending or descending/, 'says which there are';
    is $strict->list(sortBy => 'userName', sortOrder => 'Descending')->{status}, 400, 'strict: also in letter case';
    is $strict->list(sortBy => 'userName', sortOrder => 'descending')->{status}, 200, 'as the RFC has it';
};

ok $scim->get('/ServiceProviderConfig')->{json}{sort}{supported}, 'it is announced';
is join(' ', map { $_->{op} } grep { $_->{query} !~ /perPage=1000/ } $gw->sent), '',
  'nothing of this was asked of RingCentral';
$gw->stop;
done_testing;
