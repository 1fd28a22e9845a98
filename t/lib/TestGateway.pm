package TestGateway;

# A gateway with a sandbox behind it, for one test file.
#
#   my $gw   = TestGateway->new(sandbox => { users => 20 })->start;
#   my $scim = $gw->scim;                     # ScimClient with a token for everything
#   my $read = $gw->scim('reader');           # ... with a token of that name
#   $gw->sandbox->...                         # what RingCentral saw: Sandbox.pm
#   $gw->stop;
#
# Being a TestHttpd it looks after its logs; all secrets of the test are known to it.
use strict;
use warnings;
use parent 'TestHttpd';
use Digest::SHA ();
use JSON::PP ();
use Sandbox;
use ScimClient;

my %TOKENS = (writer => '', reader => 'read');

# new(%option), beside what PrivateHttpd takes:
#   sandbox    options for Sandbox->new, or a sandbox, which is then left running
#   account    lines for the <ScimRCAccount>
#   location   lines for the <Location>
#   path       of the location (default /scim/v2)
#   tokens     { name => "scope,scope" } beside writer (everything) and reader
sub new {
    my ($class, %option) = @_;
    my %own = map { $_ => delete $option{$_} } qw(sandbox account location path tokens);
    my $conf = delete $option{conf} // '';
    my $self = $class->SUPER::new(
        name => 'gateway', log_level => 'info', %option,
        load => { scim_rc_module => $ENV{MODULE_SO}, %{ $option{load} // {} } });
    $self->{path}      = $own{path} // '/scim/v2';
    $self->{sandbox}   = $own{sandbox} // {};
    $self->{sandbox}   = Sandbox->new(%{ $self->{sandbox} }) if ref $self->{sandbox} eq 'HASH';
    $self->{own_sandbox} = ref($own{sandbox} // {}) eq 'HASH';
    $self->{token} = { map { $_ => "t-$_-" . Digest::SHA::sha256_hex("$_ $$ " . rand) }
          keys %TOKENS, keys %{ $own{tokens} // {} } };
    $self->write_tokens(%TOKENS, %{ $own{tokens} // {} });
    $self->{conf} = $self->account_conf('main', $self->{sandbox}, $own{account})
      . $self->location_conf($self->{path}, 'main', $own{location}) . $conf;
    return $self;
}

# --- configuration ----------------------------------------------------------------

# name:sha256:scopes:expiry lines; also to change them while the server runs.
sub write_tokens {
    my ($self, %scopes) = @_;
    my $text = join '', map {
        "$_:" . Digest::SHA::sha256_hex($self->{token}{$_}) . ":$scopes{$_}:\n"
    } sort keys %scopes;
    $self->secret(values %{ $self->{token} });
    # a new file in place of the old one: nobody reads half of it
    my $path = $self->{dir} . '/tokens';
    $self->write_file("$path.new", $text, 0600);
    $self->give_to_children("$path.new");
    rename "$path.new", $path or die "$path: $!\n";
    return $path;
}

# A file that httpd's children may read and not everybody. In the URL of a Redis the
# password is a secret of its own.
sub write_secret {
    my ($self, $name, $text) = @_;
    $self->secret($text, $text =~ m{\Aredis[^:]*://[^:/]*:(.+)\@});
    my $path = $self->write_file("$self->{dir}/$name", "$text\n", 0600);
    $self->give_to_children($path);
    return $path;
}

sub state_dir {
    my ($self, $account) = @_;
    my $path = "$self->{dir}/state-" . ($account // 'main');
    mkdir $path, 0700 unless -d $path;
    $self->give_to_children($path);
    return $path;
}

# An <ScimRCAccount> for a sandbox.
sub account_conf {
    my ($self, $name, $sandbox, $lines) = @_;
    my $secret = $self->write_secret("$name.secret", $sandbox->{secret});
    my $jwt    = $self->write_secret("$name.jwt",    $sandbox->{jwt});
    my $state  = $self->state_dir($name);
    return <<"EOT" . ($lines // '') . "\n</ScimRCAccount>\n";
<ScimRCAccount $name>
ScimRCPlatform @{[$sandbox->url]}
ScimRCClientId $sandbox->{id}
ScimRCClientSecret file:$secret
ScimRCJWT file:$jwt
ScimRCStateDir $state
EOT
}

sub location_conf {
    my ($self, $path, $account, $lines) = @_;
    return <<"EOT" . ($lines // '') . "\n</Location>\n";
<Location "$path">
SetHandler scim-rc
ScimRCUse $account
AuthType Bearer
AuthName SCIM
ScimRCTokenFile "$self->{dir}/tokens"
Require valid-user
EOT
}

# --- running ----------------------------------------------------------------------

# Starts and waits until the copy of the account is complete.
sub start_filled {
    my ($self) = @_;
    $self->start;
    my $scim = $self->scim;
    $self->wait_until(sub { $scim->list(count => 0)->{status} == 200 })
      or die "the copy was not filled:\n" . $self->error_log;
    return $self;
}

sub stop {
    my ($self, $signal) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $self->secret(map { $_->{access_token} } eval { $self->sandbox->sessions });
    $self->SUPER::stop($signal);
    return unless $self->{own_sandbox};
    $self->{sandbox}->stop;
    Test::More->builder->is_eq(join('', $self->{sandbox}->log_problems), '',
        "sandbox: clean error log");
    return;
}

sub sandbox { $_[0]{sandbox} }

# What RingCentral received since the last look (with the sandbox's record=1): the calls
# but for sign-ins and dictionaries, each with its {body} decoded.
sub sent {
    my ($self) = @_;
    my @calls = grep { $_->{path} !~ m{/oauth/|/dictionary/} } $self->sandbox->calls;
    $self->sandbox->calls_clear;
    for my $call (@calls) {
        $call->{body} = eval { JSON::PP->new->decode($call->{requestBody}) }
          if defined $call->{requestBody};
    }
    return @calls;
}

sub base    { $_[0]->url($_[0]{path}) }
sub token   { $_[0]{token}{ $_[1] // 'writer' } }

sub scim {
    my ($self, $token_name, %option) = @_;
    return ScimClient->new(
        base => $self->base, token => $self->token($token_name),
        timeout => $ENV{SANITIZER_PRELOAD} ? 120 : 60, %option);
}

1;
