package Scenario;

# Plays what an identity provider sends, from a file of t/scenarios, and judges each
# answer, the calls that RingCentral got for it, and what the account is like afterwards.
#
#   Scenario->load('t/scenarios/okta-oin.json')->play($gw);     # a TestGateway
#
# The file is a JSON object:
#   title
#   gateway   directives: {"location": "...", "account": "..."}; none: the usual ones
#   headers   of each request
#   space     how the client writes a space in a query: "%20" (default) or "+"
#   names     variables from the beginning; "{ann}" stands for one in any string
#   steps     each with
#     note      what it is about
#     send      "POST /Users"; the query as people read it, the runner encodes it
#     body      JSON, or a string that is sent as it is
#     status    of the answer
#     answer    a pattern of its body; "gets" one of its headers
#     keep      variables from the answer: {"id": "id", "city": "addresses.0.locality"}
#     calls     what RingCentral got, in order: "createExtension", or
#               {"createExtension": pattern of the body}; [] says: nothing
#     account   {"ann@example.com": pattern of the extension, or null: nobody has it}
#
# A pattern is the value itself; of an object only the members that are to be looked
# at, of an array all elements. null: not there. "*": something is there. "~x": matches
# the regular expression x.
use strict;
use warnings;
use JSON::PP ();
use Test::More ();

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

sub load {
    my ($class, $path) = @_;
    open my $in, '<:raw', $path or die "$path: $!\n";
    my $text = do { local $/; <$in> };
    my $self = eval { $json->decode($text) } or die "$path: $@";
    my ($name) = $path =~ m{([^/]+)\.json\z};
    return bless { %$self, name => $name }, $class;
}

sub play {
    my ($self, $gw) = @_;
    $self->{is} = { %{ $self->{names} // {} } };
    my $n = 0;
    for my $step (@{ $self->{steps} }) {
        my @wrong = $self->step($gw, $step);
        my $what = sprintf '%d: %s', ++$n, $step->{note} // $step->{send};
        next if Test::More::ok(!@wrong, $what);
        Test::More::diag(join "\n", @wrong);
        last;    # the rest would only be noise
    }
    return;
}

sub step {
    my ($self, $gw, $step) = @_;
    $gw->sent;
    my ($method, $target) = $self->fill($step->{send}) =~ /^(\S+) (.*)/s
      or return "send: '$step->{send}' is no request";
    my $body = $self->fill($step->{body});
    my $answer = $gw->scim->raw($method, $self->encode($target),
        ref $body ? $json->encode($body) : $body, $self->{headers});
    my @wrong;
    push @wrong, "status: $answer->{status}, not $step->{status}: $answer->{content}"
      if $answer->{status} != $step->{status};
    push @wrong, differ('', $answer->{json}, $self->fill($step->{answer})) if $step->{answer};
    push @wrong, differ('header', $answer->{headers}, $self->fill($step->{gets} // {}));
    push @wrong, $self->calls([ $gw->sent ], $step->{calls}) if $step->{calls};
    for my $email (sort keys %{ $step->{account} // {} }) {
        my ($real) = $gw->sandbox->extensions(email => $self->fill($email));
        push @wrong, differ("account: $email", $real, $self->fill($step->{account}{$email}));
    }
    for my $name (sort keys %{ $step->{keep} // {} }) {
        my $value = $answer->{json};
        for my $part (split /\./, $step->{keep}{$name}) {
            $value = ref $value eq 'ARRAY' ? $value->[$part]
              : ref $value eq 'HASH' ? $value->{$part} : undef;
        }
        push @wrong, "keep: no $step->{keep}{$name}" if !defined $value;
        $self->{is}{$name} = $value;
    }
    return @wrong;
}

sub calls {
    my ($self, $sent, $wanted) = @_;
    my @want = map { ref ? %$_ : ($_, undef) } @$wanted;
    my @got = map { $_->{op} } @$sent;
    my @ops = @want[ grep { $_ % 2 == 0 } 0 .. $#want ];
    return "calls: @got, not @ops" if "@got" ne "@ops";
    return map { differ("calls: $got[$_]", $sent->[$_]{body}, $self->fill($want[ 2 * $_ + 1 ])) }
      grep { $want[ 2 * $_ + 1 ] } 0 .. $#got;
}

# A copy with the variables filled in. A string that is one variable alone becomes its
# value, whatever that is.
sub fill {
    my ($self, $value) = @_;
    return [ map { $self->fill($_) } @$value ] if ref $value eq 'ARRAY';
    if (ref $value eq 'HASH') {
        return { map { ($self->fill($_) => $self->fill($value->{$_})) } keys %$value };
    }
    return $value if ref $value || !defined $value;
    return $self->named($1) if $value =~ /^\{([a-z]\w*)\}\z/;
    return $value =~ s/\{([a-z]\w*)\}/$self->named($1)/ger;
}

sub named {
    my ($self, $name) = @_;
    return $self->{is}{$name} // die "$self->{name}: no variable {$name}\n";
}

# Path and query as the client would write them.
sub encode {
    my ($self, $target) = @_;
    my ($path, $query) = split /\?/, $target, 2;
    return $path if !defined $query;
    utf8::encode($query) if utf8::is_utf8($query);
    $query =~ s/([^A-Za-z0-9_.~&=:() -])/sprintf '%%%02X', ord $1/ge;
    my $space = $self->{space} // '%20';
    $query =~ s/ /$space/g;
    return "$path?$query";
}

# In what a value differs from a pattern: one line for each difference.
sub differ {
    my ($where, $value, $pattern) = @_;
    if (ref $pattern eq 'HASH') {
        return "$where: " . text($value) . ', not an object' if ref $value ne 'HASH';
        return map { differ("$where/$_", $value->{$_}, $pattern->{$_}) } sort keys %$pattern;
    }
    if (ref $pattern eq 'ARRAY') {
        return "$where: " . text($value) . ', not ' . @$pattern . ' elements'
          if ref $value ne 'ARRAY' || @$value != @$pattern;
        return map { differ("$where/$_", $value->[$_], $pattern->[$_]) } 0 .. $#$pattern;
    }
    return defined $value ? "$where: " . text($value) . ', not nothing' : () if !defined $pattern;
    return defined $value ? () : "$where: is missing" if $pattern eq '*';
    if ($pattern =~ /^~(.*)/s) {
        my $expression = $1;
        return defined $value && !ref $value && $value =~ /$expression/
          ? () : "$where: " . text($value) . ", not like $expression";
    }
    return text($value) eq text($pattern) ? () : "$where: " . text($value) . ', not ' . text($pattern);
}

sub text { return defined $_[0] ? $json->encode($_[0]) : 'nothing' }

1;
