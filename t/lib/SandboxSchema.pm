package SandboxSchema;

# Compares recorded calls of the sandbox (knob record=1) with RingCentral's OpenAPI
# document: a small JSON Schema validator. Core Perl only.
#
#   my $schema = SandboxSchema->open or plan skip_all => 'no OpenAPI document';
#   is_deeply [ map { $schema->deviations($_) } $sb->calls ], [];
use strict;
use warnings;
use B ();
use JSON::PP ();
use Storable ();

my $json = JSON::PP->new->utf8->allow_nonref;

# Where the platform, as observed, is not as its own document says.
my @DEVIATIONS = (
    # perPage of the directory goes to 2000, its paging schema only to 1000.
    qr/^(?:list|search)DirectoryEntries 200: answer: body\.paging\.perPage is too large$/,
    # v1 errors have the outer code too (rule 30), also where the document has not.
    qr/^\w+ 4\d\d: answer: body\.(?:errorCode|message|parameterName|(?:errors\[\]\.)?permissionName) is not known$/,
    # Token errors have a description, as RFC 6749 has it (rule 11), others the body of
    # all other errors.
    qr/^(?:get|revoke)Token 400: answer: body\.error_description is not known$/,
    qr/^(?:get|revoke)Token 4\d\d: answer: a body that is not in the document$/,
    # Several ids in a path (rule 58) are in the prose of the document only.
    qr/^readExtension 207: answer: 207 is not in the document$/,
    # An error names its parameter (rules 30 and 32), here as everywhere else.
    qr/^\w+Subscription 404: answer: body\.errors\[\]\.parameterName is not known$/,
    # The document has the Java form of an enumeration for the codes of the directory.
    qr/^(?:list|read|search)DirectoryEntr\w+ 40[034]: answer: body\.errors\[\]\.errorCode is not one of ErrorCode\{/,
    # The document's example has an array (rule 89), its schema an object.
    qr/^getExtensionBulkUpdateTask 200: answer: body\.result\.affectedItems is no object$/,
);

# The document that SCIM_RC_OPENAPI names, or the one beside the source tree; nothing
# when there is none.
sub file {
    my $file = $ENV{SCIM_RC_OPENAPI}
        // ($ENV{top_srcdir} // '.') . '/../shared/ringcentral/openapi.json';
    return -r $file ? $file : ();
}

# Decoding it takes seconds: what came out is kept in the build tree.
sub _decoded {
    my $file  = shift;
    my $cache = $ENV{top_builddir} ? "$ENV{top_builddir}/t/openapi.cache" : undef;
    my $mark  = join ':', $file, (stat $file)[ 7, 9 ];
    my $kept  = $cache && -r $cache ? eval { Storable::retrieve($cache) } : undef;
    return $kept->{spec} if $kept && $kept->{mark} eq $mark;
    CORE::open my $in, '<:raw', $file or return;
    my $spec = $json->decode(do { local $/; <$in> });
    if ($cache) {
        # in one step: other tests may look for it now
        eval { Storable::nstore({ mark => $mark, spec => $spec }, "$cache.$$") }
            and rename "$cache.$$", $cache;
    }
    return $spec;
}

sub open {
    my ($class) = @_;
    my $file = file() // return;
    my $spec = _decoded($file) or return;
    my %op;
    for my $path (keys %{ $spec->{paths} }) {
        for my $op (grep { ref eq 'HASH' && $_->{operationId} } values %{ $spec->{paths}{$path} }) {
            $op{ $op->{operationId} } = $op;
        }
    }
    return bless { spec => $spec, op => \%op }, $class;
}

sub _resolve {
    my ($self, $node) = @_;
    while (ref $node eq 'HASH' && $node->{'$ref'}) {
        my $at = $self->{spec};
        $at = $at->{$_} for grep { $_ ne '#' } split m{/}, $node->{'$ref'};
        $node = $at;
    }
    return $node // {};
}

sub _is_number {
    my $flags = B::svref_2object(\$_[0])->FLAGS;
    return $flags & (B::SVp_IOK | B::SVp_NOK) && !($flags & B::SVp_POK);
}

my %is = (
    object  => sub { ref $_[0] eq 'HASH' },
    array   => sub { ref $_[0] eq 'ARRAY' },
    string  => sub { !ref $_[0] && defined $_[0] && !_is_number($_[0]) },
    number  => sub { !ref $_[0] && defined $_[0] && _is_number($_[0]) },
    integer => sub { !ref $_[0] && defined $_[0] && _is_number($_[0]) && $_[0] == int $_[0] },
    boolean => sub { JSON::PP::is_bool($_[0]) },
);

my %format = (
    'date-time' => qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/,
    email       => qr/^[^@\s]+@[^@\s]+$/,
);

# All properties that a schema and the parts of it know; nothing when it is open.
sub _known {
    my ($self, $schema) = @_;
    $schema = $self->_resolve($schema);
    my %known = %{ $schema->{properties} // {} };
    for my $part (map { @{ $schema->{$_} // [] } } qw(allOf anyOf oneOf)) {
        %known = (%known, $self->_known($part));
    }
    return %known;
}

sub _check {
    my ($self, $schema, $value, $at, $open) = @_;
    $schema = $self->_resolve($schema);
    my @wrong;
    my $type = $schema->{type};
    $type = 'object' if !$type && $schema->{properties};
    if ($type && !$is{$type}->($value)) {
        return "$at is no $type";
    }
    if ($schema->{enum} && !grep { $_ eq $value } @{ $schema->{enum} }) {
        push @wrong, "$at is not one of @{ $schema->{enum} }";
    }
    push @wrong, $self->_check($_, $value, $at, 1) for @{ $schema->{allOf} // [] };
    for my $choice (grep { $_ } @$schema{qw(anyOf oneOf)}) {
        my @best;
        for my $part (@$choice) {
            my @its = $self->_check($part, $value, $at, 1);
            @best = @its if !@best || @its < @best;
            if (!@its) { @best = (); last }
        }
        push @wrong, @best;
    }
    if (ref $value eq 'HASH') {
        push @wrong, $self->_check_object($schema, $value, $at, $open);
    }
    elsif (ref $value eq 'ARRAY') {
        for my $i (0 .. $#$value) {
            push @wrong, $self->_check($schema->{items} // {}, $value->[$i], "$at\[$i]");
        }
        push @wrong, "$at has too many items"
            if $schema->{maxItems} && @$value > $schema->{maxItems};
    }
    elsif (defined $value && !JSON::PP::is_bool($value)) {
        push @wrong, $self->_check_scalar($schema, $value, $at);
    }
    return @wrong;
}

sub _check_object {
    my ($self, $schema, $value, $at, $open) = @_;
    my @wrong = map { "$at.$_ is missing" }
        grep { !exists $value->{$_} } @{ $schema->{required} // [] };
    my $properties = $schema->{properties} // {};
    for my $name (sort grep { exists $value->{$_} } keys %$properties) {
        push @wrong, $self->_check($properties->{$name}, $value->{$name}, "$at.$name");
    }
    my %known = $self->_known($schema);
    if (%known && !$open) {
        push @wrong, map { "$at.$_ is not known" } sort grep { !$known{$_} } keys %$value;
    }
    return @wrong;
}

sub _check_scalar {
    my ($self, $schema, $value, $at) = @_;
    my @wrong;
    push @wrong, "$at is too long"
        if defined $schema->{maxLength} && length $value > $schema->{maxLength};
    push @wrong, "$at is too short"
        if defined $schema->{minLength} && length $value < $schema->{minLength};
    push @wrong, "$at is too small"
        if defined $schema->{minimum} && _is_number($value) && $value < $schema->{minimum};
    push @wrong, "$at is too large"
        if defined $schema->{maximum} && _is_number($value) && $value > $schema->{maximum};
    my $format = $format{ $schema->{format} // '' };
    push @wrong, "$at is no $schema->{format}" if $format && $value !~ $format;
    push @wrong, "$at does not match $schema->{pattern}"
        if defined $schema->{pattern} && $value !~ /$schema->{pattern}/;
    return @wrong;
}

# The schema of one answer: (found it?, schema or nothing when there is no body).
sub _answer {
    my ($self, $op, $status) = @_;
    my $answer = $op->{responses}{$status} or return 0;
    my $content = $self->_resolve($answer)->{content} or return 1;
    my ($type) = grep { /json/ } sort keys %$content;
    return (1, $type ? $content->{$type}{schema} : undef);
}

# An error body where the document describes none (rules 30, 31 and 33).
sub _error_problems {
    my ($call, $body) = @_;
    if ($call->{path} =~ m{^/scim/}) {
        return grep { defined } map { ref $body ne 'HASH' || !$body->{$_} ? "no $_" : undef }
            qw(schemas status detail);
    }
    my $first = ref $body eq 'HASH' && ref $body->{errors} eq 'ARRAY' ? $body->{errors}[0] : {};
    my @wrong = map { "no errors[0].$_" } grep { !$first->{$_} } qw(errorCode message);
    push @wrong, map { "no $_" } grep { !$body->{$_} } qw(errorCode message)
        if $call->{path} !~ m{^/restapi/v2/|/directory/entries};
    return @wrong;
}

sub _form {
    my $text = shift;
    my %form;
    for (split /&/, $text) {
        my ($name, $value) = map { tr/+/ /; s/%([0-9A-Fa-f]{2})/chr hex $1/ger } split /=/, $_, 2;
        push @{ $form{$name} }, $value // '';
    }
    return %form;
}

sub _query_problems {
    my ($self, $op, $call) = @_;
    my %known = map { $_->{name} => $self->_resolve($_->{schema} // {}) }
        grep { $_->{in} eq 'query' } map { $self->_resolve($_) } @{ $op->{parameters} // [] };
    my %query = _form($call->{query});
    my @wrong;
    for my $name (sort keys %query) {
        my $schema = $known{$name};
        if (!$schema) {
            push @wrong, "query: $name is not known";
            next;
        }
        push @wrong, "query: $name is repeated"
            if @{ $query{$name} } > 1 && ($schema->{type} // '') ne 'array';
        $schema = $self->_resolve($schema->{items}) if ($schema->{type} // '') eq 'array';
        for my $value (@{ $query{$name} }) {
            my $typed = ($schema->{type} // '') eq 'integer' && $value =~ /^-?\d+$/ ? 0 + $value
                : ($schema->{type} // '') eq 'boolean' && $value =~ /^(true|false)$/
                ? ($1 eq 'true' ? JSON::PP::true : JSON::PP::false)
                : $value;
            push @wrong, map { "query: $_" } $self->_check($schema, $typed, $name)
                if !$schema->{oneOf};
        }
    }
    return @wrong;
}

# What is wrong with the request and the answer of one recorded call: lines of text.
# A request that was refused with 4xx is not blamed for that, nor are records that were
# refused one by one, nor is one with answer_only.
sub problems {
    my ($self, $call, %option) = @_;
    my $op = $self->{op}{ $call->{op} } or return "$call->{op}: not in the document";
    return if $call->{fault};
    my @wrong;
    my $text = $call->{responseBody};
    my $answer = defined $text ? eval { $json->decode(_bytes($text)) } : undef;
    if ($call->{status} < 400 && !$option{answer_only}) {
        push @wrong, $self->_query_problems($op, $call);
        my $content = $self->_resolve($op->{requestBody})->{content};
        my ($type) = grep { /json/ } sort keys %{ $content // {} };
        if (defined $call->{requestBody}) {
            my $body = eval { $json->decode(_bytes($call->{requestBody})) };
            push @wrong, map { "request: $_" } grep { !_is_of_refused($_, $answer) }
                $type ? $self->_check($content->{$type}{schema}, $body, 'body')
                : 'a body that nobody expects';
        }
    }
    my ($found, $schema) = $self->_answer($op, $call->{status});
    if ($found) {
        push @wrong, 'answer: a body that is not in the document' if defined $text && !$schema;
        push @wrong, map { "answer: $_" } $self->_check($schema, $answer, 'body')
            if $schema && defined $text;
    }
    elsif ($call->{status} >= 400) {
        push @wrong, map { "answer: $_" } _error_problems($call, $answer);
    }
    elsif ($call->{status} != 304) {
        push @wrong, "answer: $call->{status} is not in the document";
    }
    return map { "$call->{op} $call->{status}: $_" } @wrong;
}

# Of a record that the answer says was not successful?
sub _is_of_refused {
    my ($line, $answer) = @_;
    return if ref $answer ne 'HASH' || $line !~ /^body\.records\[(\d+)\]/;
    my $result = ($answer->{results} // [])->[$1];
    return ref $result && exists $result->{successful} && !$result->{successful};
}

# The same without what is known, places in lists as [].
sub deviations {
    my ($self, $call, %option) = @_;
    my @lines = $self->problems($call, %option);
    s/\[\d+\]/[]/g for @lines;
    return grep { my $line = $_; !grep { $line =~ $_ } @DEVIATIONS } @lines;
}

sub _bytes { my $text = shift; utf8::encode($text); $text }

1;
