package Truth;

# Compares what a SCIM client sees with what the sandbox's account really has.
#
#   is_deeply [ Truth::differences($scim, $sandbox) ], [];
use strict;
use warnings;

my %PERSON = map { $_ => 1 } qw(User DigitalUser VirtualUser FlexibleUser Limited);

# The extensions that are users for SCIM, by id; or those among them with an email => 'x'.
sub people {
    my ($sandbox, @which) = @_;
    return map { $_->{id} => $_ } grep {
        $PERSON{ $_->{type} } && $_->{status} ne 'Unassigned'
          && length($_->{contact}{email} // '')
          && ($_->{statusInfo}{comment} // '') !~ /^\[scim-deleted\]/
    } $sandbox->extensions(@which);
}

# All users, page by page.
sub users {
    my ($scim, $page) = @_;
    my (@all, $total);
    do {
        my $answer = $scim->list(startIndex => @all + 1, count => $page // 500);
        return { error => "list: $answer->{status} $answer->{content}" }
          if $answer->{status} != 200;
        $total = $answer->{json}{totalResults};
        my @more = @{ $answer->{json}{Resources} // [] };
        return { error => "$total users, but only " . @all } if !@more && @all < $total;
        push @all, @more;
    } while (@all < $total);
    return { users => \@all };
}

sub differ {
    my ($user, $extension) = @_;
    my $contact = $extension->{contact};
    my @pairs = (
        [ 'userName', lc $user->{userName}, lc $contact->{email} ],
        [ 'title', $user->{title} // '', $contact->{jobTitle} // '' ],
        [ 'givenName', $user->{name}{givenName} // '', $contact->{firstName} // '' ],
        [ 'active', $user->{active} ? 1 : 0,
          $extension->{status} =~ /^(?:Enabled|NotActivated)\z/ ? 1 : 0 ]);
    return map { "$extension->{id}: $_->[0] is '$_->[1]', in truth '$_->[2]'" }
      grep { $_->[1] ne $_->[2] } @pairs;
}

sub differences {
    my ($scim, $sandbox) = @_;
    my %people = people($sandbox);
    my $listed = users($scim);
    my @wrong = $listed->{error} // ();
    my %seen;
    for my $user (@{ $listed->{users} // [] }) {
        my $extension = $people{ $user->{id} };
        push @wrong, "$user->{id} is listed twice" if $seen{ $user->{id} }++;
        push @wrong, $extension ? differ($user, $extension) : "$user->{id} is not there in truth";
    }
    push @wrong, "$_ ($people{$_}{contact}{email}) is not listed"
      for grep { !$seen{$_} } sort keys %people;
    my %times;
    $times{ lc $_->{contact}{email} }++ for values %people;
    push @wrong, "$_ is there $times{$_} times" for grep { $times{$_} > 1 } sort keys %times;
    return @wrong;
}

1;
