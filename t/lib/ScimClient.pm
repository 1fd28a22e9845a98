package ScimClient;

# A small SCIM client: JSON in, JSON out, one kept-alive connection. Core Perl only.
#
#   my $scim = ScimClient->new(base => 'http://127.0.0.1:80/scim/v2', token => 'x');
#   my $answer = $scim->post('/Users', { userName => 'a@example.com', ... });
#   $answer->{status}, {headers}{location}, {content}, {json}, {seconds}
use strict;
use warnings;
use HTTP::Tiny;
use JSON::PP    ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes ();

our $CORE       = 'urn:ietf:params:scim:schemas:core:2.0:User';
our $ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
our $PATCH_OP   = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
our $BULK       = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';
our $SEARCH     = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';

# HTTP::Tiny sends the head and the body of a request apart. Without this the body
# waits for the server's delayed acknowledgement of the head, 40 ms.
{
    no warnings 'redefine';
    my $connect = \&HTTP::Tiny::Handle::connect;
    *HTTP::Tiny::Handle::connect = sub {
        my $handle = $connect->(@_);
        setsockopt $handle->{fh}, IPPROTO_TCP, TCP_NODELAY, 1 if $handle->{fh};
        return $handle;
    };
}

my $json = JSON::PP->new->canonical->utf8->allow_nonref;

# base, token; timeout in seconds (30); type of bodies (application/scim+json)
sub new {
    my ($class, %option) = @_;
    my $self = bless { timeout => 30, type => 'application/scim+json', %option }, $class;
    $self->{http} = HTTP::Tiny->new(
        timeout => $self->{timeout}, agent => $self->{agent} // 'scim-client',
        max_redirect => 0, keep_alive => 1);
    return $self;
}

# The same server for somebody else: ->as(token => 'y').
sub as {
    my ($self, %other) = @_;
    my %same = map { $_ => $self->{$_} } grep { $_ ne 'http' } keys %$self;
    return ref($self)->new(%same, %other);
}

# One request as it is: path below the base or a whole URL, body as text. A header of
# value undef is left out.
sub raw {
    my ($self, $method, $path, $body, $headers) = @_;
    my %header = (accept => 'application/scim+json');
    $header{authorization} = "Bearer $self->{token}" if defined $self->{token};
    $header{'content-type'} = $self->{type} if defined $body;
    $header{ lc $_ } = $headers->{$_} for keys %{ $headers // {} };
    delete @header{ grep { !defined $header{$_} } keys %header };
    my $url = $path =~ m{^https?://} ? $path : $self->{base} . $path;
    my %request = (headers => \%header);
    $request{content} = $body if defined $body;
    my $began  = Time::HiRes::time();
    my $answer = $self->{http}->request($method, $url, \%request);
    $answer->{seconds} = Time::HiRes::time() - $began;
    $answer->{json} = eval { $json->decode($answer->{content}) }
      if length($answer->{content} // '') && $answer->{status} != 599;
    return $answer;
}

sub request {
    my ($self, $method, $path, $document, $headers) = @_;
    my $body = defined $document ? $json->encode($document) : undef;
    return $self->raw($method, $path, $body, $headers);
}

sub get    { my ($self, $path, $headers) = @_; $self->raw('GET', $path, undef, $headers) }
sub delete { my ($self, $path, $headers) = @_; $self->raw('DELETE', $path, undef, $headers) }
sub post   { my $self = shift; $self->request('POST', @_) }
sub put    { my $self = shift; $self->request('PUT',  @_) }

# patch($path, { op => 'replace', path => 'title', value => 'x' }, ...)
sub patch {
    my ($self, $path, @operations) = @_;
    return $self->request('PATCH', $path,
        { schemas => [$PATCH_OP], Operations => \@operations });
}

# bulk([ { method => 'DELETE', path => '/Users/1' }, ... ], failOnErrors => 1)
sub bulk {
    my ($self, $operations, %member) = @_;
    return $self->post('/Bulk', { schemas => [$BULK], Operations => $operations, %member });
}

# A query, percent-encoded: list(filter => 'userName eq "x"', count => 2)
sub list {
    my ($self, @query) = @_;
    my $query = HTTP::Tiny->new->www_form_urlencode(\@query);
    return $self->get('/Users' . (length $query ? "?$query" : ''));
}

# The one user of that name, or undef.
sub find {
    my ($self, $user_name) = @_;
    my $quoted = $json->encode($user_name);
    utf8::decode($quoted);
    my $found = $self->list(filter => "userName eq $quoted");
    return ($found->{json}{Resources} // [])->[0];
}

# A user as an identity provider sends it; the arguments replace members.
sub user {
    my ($self, $user_name, %member) = @_;
    my ($given) = $user_name =~ /^([^@.]+)/;
    return {
        schemas  => [$CORE], userName => $user_name, active => JSON::PP::true,
        name     => { givenName => ucfirst $given, familyName => 'Example' },
        emails   => [ { value => $user_name, type => 'work', primary => JSON::PP::true } ],
        %member
    };
}

1;
