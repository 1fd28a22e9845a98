#!/usr/bin/env perl
# The client vectors that are kept beside the repository, when they are there: a folder
# named by SCIM_RC_VECTORS, or ../shared/vectors. Those that need what this gateway does
# not have are skipped. VECTOR=okta runs those whose name has it.
use strict;
use warnings;
use JSON::PP ();
use Test::More;
use TestGateway;

my %CAN = map { $_ => 1 } qw(bulk etag filter-full me-unsupported);

my $folder = $ENV{SCIM_RC_VECTORS} // "$ENV{top_srcdir}/../shared/vectors";
my @files = grep { /\Q@{[ $ENV{VECTOR} \/\/ '' ]}\E/ } sort glob "$folder/*.json";
plan skip_all => "no vectors in $folder" if !@files;

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $gw = TestGateway->new(sandbox => { users => 200, scale => 60 });
my $scim = $gw->start_filled->scim(undef, type => undef);
for my $file (@files) {
    my $vector = $json->decode($gw->slurp($file));
    my @lacks = grep { !$CAN{$_} } @{ $vector->{requires} // [] };
    if (@lacks) {
        SKIP: { skip "$vector->{name}: wants @lacks", 1 }
        next;
    }
    my @wrong = play($vector);
    ok !@wrong, $vector->{name} or diag join "\n", @wrong;
}
is $gw->sandbox->ratelimit->{wastedCalls}, 0, 'no call against the limits';
$gw->stop;
done_testing;

# What was wrong, one line each.
sub play {
    my ($vector) = @_;
    my (%is, @wrong, $dead);
    my $n = -1;
    for my $step (@{ $vector->{steps} }) {
        $n++;
        next if $dead && !$step->{cleanup};
        my $answer = eval { request($step, \%is) };
        if (!$answer) {
            push @wrong, "step $n: $@" unless $dead++;
            next;
        }
        next if $dead;
        my @here = judge($step, $answer, \%is);
        push @wrong, map { "step $n: $step->{method} $step->{path}: $_" } @here;
        $dead = @here && $step->{save} && !%{ saved($step, $answer) };
        %is = (%is, %{ saved($step, $answer) });
    }
    return @wrong;
}

sub request {
    my ($step, $is) = @_;
    my $body = $step->{body};
    $body = $json->encode(filled($body, $is)) if ref $body;
    my $path = $step->{path} =~ s/\$\{(\w+)\}/HTTP::Tiny->new->_uri_escape(known($is, $1))/ger;
    # Without a header of its own a body is sent as bytes without a type.
    my %header = (accept => undef, %{ filled($step->{headers} // {}, $is) });
    return $scim->raw($step->{method}, $path, $body, \%header);
}

sub judge {
    my ($step, $answer, $is) = @_;
    my $expect = $step->{expect};
    my @status = ref $expect->{status} ? @{ $expect->{status} } : $expect->{status};
    my @wrong;
    push @wrong, "status $answer->{status}, not @status: " . substr $answer->{content} // '', 0, 200
      unless grep { $answer->{status} == $_ } @status;
    for my $pointer (sort keys %{ $expect->{json} // {} }) {
        my @found = at($answer->{json}, filled($pointer, $is));
        my $want = filled($expect->{json}{$pointer}, $is);
        push @wrong, "$pointer: " . shown(@found) . ', not ' . shown($want) unless fits($want, @found);
    }
    for my $name (sort keys %{ $expect->{headers} // {} }) {
        my @found = grep { defined } $answer->{headers}{ lc $name };
        my $want = filled($expect->{headers}{$name}, $is);
        push @wrong, "$name: " . shown(@found) . ', not ' . shown($want) unless fits($want, @found);
    }
    return @wrong;
}

sub saved {
    my ($step, $answer) = @_;
    my %is;
    for my $name (keys %{ $step->{save} // {} }) {
        my @found = at($answer->{json}, $step->{save}{$name});
        $is{$name} = $found[0] if @found;
    }
    return \%is;
}

# The value behind a JSON pointer as a list of one, or of none. [type=work] stands for
# the first element with that member.
sub at {
    my ($value, $pointer) = @_;
    for my $part (grep { $_ ne '' } split m{/}, $pointer) {
        if (my ($name, $wanted) = $part =~ /^\[(\w+)=(.*)\]\z/) {
            return if ref $value ne 'ARRAY';
            ($value) = grep { ref eq 'HASH' && ($_->{$name} // '') eq $wanted } @$value;
            return if !$value;
            next;
        }
        $part =~ s/~1/\//g;
        $part =~ s/~0/~/g;
        if (ref $value eq 'ARRAY') {
            return if $part !~ /^\d+\z/ || $part > $#$value;
            $value = $value->[$part];
        }
        else {
            return if ref $value ne 'HASH' || !exists $value->{$part};
            $value = $value->{$part};
        }
    }
    return $value;
}

sub fits {
    my ($want, @found) = @_;
    my $value = $found[0];
    if (ref $want eq 'HASH' && keys %$want == 1) {
        my ($how) = keys %$want;
        my $with = $want->{$how};
        my $text = !defined $value || ref $value ? shown(@found) : $value;
        return defined $value if $how eq 'present';
        return !@found        if $how eq 'absent';
        return !@found || grep { shown($value) eq $_ } qw(null "" [] {}) if $how eq 'absentOrEmpty';
        return 0 if !@found;
        return $text =~ /$with/ if $how eq 'regex';
        return shown($value) ne shown($with) if $how eq 'ne';
        return $text =~ /^-?[\d.]+\z/ && $value >= $with if $how eq 'gte';
    }
    return @found && shown($value) eq shown($want);
}

sub shown { return @_ ? $json->encode($_[0]) : 'nothing' }

sub known {
    my ($is, $name) = @_;
    return $is->{$name} // die "no variable $name\n";
}

sub filled {
    my ($value, $is) = @_;
    return [ map { filled($_, $is) } @$value ] if ref $value eq 'ARRAY';
    return { map { (filled($_, $is) => filled($value->{$_}, $is)) } keys %$value }
      if ref $value eq 'HASH';
    return $value if ref $value || !defined $value;
    return known($is, $1) if $value =~ /^\$\{(\w+)\}\z/;
    return $value =~ s/\$\{(\w+)\}/known($is, $1)/ger;
}
