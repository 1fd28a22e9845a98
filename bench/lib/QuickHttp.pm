package QuickHttp;

# A client that costs little, for measurements: one connection that is kept, one write
# and mostly one read for a request, no parsing beyond what it needs. Core Perl only.
#
#   my $http = QuickHttp->new(port => 8080, head => "Authorization: Bearer x\r\n");
#   my ($status, $body, $head) = $http->call('PUT', '/scim/v2/Users/1', $document);
#
# A 429 is taken as an identity provider takes it: the request is made again after the
# time of Retry-After. {again} counts them.
use strict;
use warnings;
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes ();

# port on 127.0.0.1; head: header lines of each request; type of bodies; longest: seconds to wait after
# a 429, whatever it says (Retry-After has whole seconds, a scaled minute may be less)
sub new {
    my ($class, %option) = @_;
    return bless {
        head => '', type => 'application/scim+json', longest => 3600, again => 0, %option
    }, $class;
}

sub connection {
    my ($self) = @_;
    return $self->{socket} //= do {
        my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{port}", Timeout => 30)
          or die "127.0.0.1:$self->{port}: $!\n";
        setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
        $self->{buffer} = '';
        $socket;
    };
}

sub call {
    my ($self, $method, $path, $body) = @_;
    while (1) {
        my ($status, $content, $head) = $self->exchange($method, $path, $body);
        return ($status, $content, $head) if $status != 429;
        my ($seconds) = $head =~ /^Retry-After: (\d+)/mi or die "429 without Retry-After\n";
        $self->{again}++;
        Time::HiRes::sleep($seconds < $self->{longest} ? $seconds : $self->{longest});
    }
}

sub exchange {
    my ($self, $method, $path, $body) = @_;
    my $socket  = $self->connection;
    my $request = "$method $path HTTP/1.1\r\nHost: 127.0.0.1:$self->{port}\r\n$self->{head}";
    $request .= "Content-Type: $self->{type}\r\nContent-Length: " . length($body) . "\r\n"
      if defined $body;
    $request .= "\r\n" . ($body // '');
    for (my $sent = 0; $sent < length $request;) {
        $sent += syswrite($socket, $request, length($request) - $sent, $sent)
          // die "$method $path: $!\n";
    }
    return $self->answer("$method $path");
}

sub more {
    my ($self, $what) = @_;
    my $got = sysread $self->{socket}, $self->{buffer}, 262144, length $self->{buffer};
    die "$what: " . (defined $got ? 'the connection was closed' : $!) . "\n" if !$got;
    return;
}

# Takes so many bytes from the connection.
sub take {
    my ($self, $what, $length) = @_;
    $self->more($what) while length $self->{buffer} < $length;
    return substr $self->{buffer}, 0, $length, '';
}

sub take_line {
    my ($self, $what, $end) = @_;
    my $at;
    $self->more($what) while ($at = index $self->{buffer}, $end) < 0;
    return $self->take($what, $at + length $end);
}

sub answer {
    my ($self, $what) = @_;
    my $head = $self->take_line($what, "\r\n\r\n");
    my ($status) = $head =~ m{^HTTP/1\.\d (\d\d\d)} or die "$what: no HTTP: $head\n";
    my $body = '';
    if ($head =~ /^Transfer-Encoding: chunked/mi) {
        while ((my $length = hex $self->take_line($what, "\r\n")) > 0) {
            $body .= $self->take($what, $length);
            $self->take($what, 2);
        }
        $self->take_line($what, "\r\n");
    }
    elsif ($head =~ /^Content-Length: (\d+)/mi) {
        $body = $self->take($what, $1);
    }
    delete $self->{socket} if $head =~ /^Connection: close/mi;
    return ($status, $body, $head);
}

1;
