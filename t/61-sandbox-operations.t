#!/usr/bin/env perl
# Rule 127: the sandbox's operations are those of RingCentral's OpenAPI document.
# Needs that document: SCIM_RC_OPENAPI names it.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Sandbox;

my $top = $ENV{top_srcdir} // '.';
my $file = $ENV{SCIM_RC_OPENAPI} // "$top/../shared/ringcentral/openapi.json";
plan skip_all => 'no OpenAPI document (SCIM_RC_OPENAPI)' if !-e $file;
plan skip_all => Sandbox::missing() if Sandbox::missing();

sub slurp { open my $f, '<:raw', $_[0] or die "$_[0]: $!"; local $/; scalar <$f> }

is slurp("$top/sandbox/sbox_operations.c"),
    scalar qx("$^X" "$top/sandbox/gen-operations.pl" "$file"),
    'sbox_operations.c is what gen-operations.pl makes';

my $spec = decode_json(slurp($file));
my $sb = Sandbox->new(users => 1, unassigned => 0);
$sb->config(debug_headers => 1, map { ("limit_$_" => 1000) } qw(light medium heavy auth));
for my $path (sort grep { m{^/(?:restapi|scim)} } keys %{ $spec->{paths} }) {
    for my $method (sort grep { /^(?:get|post|put|patch|delete)$/ } keys %{ $spec->{paths}{$path} }) {
        my $op = $spec->{paths}{$path}{$method};
        my $real = $path =~ s/\{apiVersion\}/v1.0/r =~ s/\{(?:account|extension)Id\}/~/gr
            =~ s/\{\w+\}/1/gr;
        my $r = $real =~ /oauth/ ? $sb->request(uc $method, $real) : $sb->api(uc $method, $real);
        is $r->{headers}{'x-sandbox-op'}, $op->{operationId}, "\U$method\E $path";
        my $group = lc $op->{'x-throttling-group'};
        is $r->{headers}{'x-rate-limit-group'}, $group eq 'nothrottling' ? undef : $group,
            "$op->{operationId} is $group";
        isnt $r->{status}, 404, 'not an unknown path'
            if ($r->{json}{errorCode} // '') eq 'CMN-120';
    }
}
is join('', $sb->log_problems), '', 'the error log is clean';
done_testing;
