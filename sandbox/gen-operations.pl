#!/usr/bin/env perl
# Makes sbox_operations.c from RingCentral's OpenAPI document:
#   perl gen-operations.pl openapi.json > sbox_operations.c
# t/61-sandbox-operations.t says when the checked-in file no longer fits.
use strict;
use warnings;
use JSON::PP;

my ($file) = @ARGV or die "usage: $0 openapi.json > sbox_operations.c\n";
open my $in, '<:raw', $file or die "$file: $!\n";
my $spec = JSON::PP->new->utf8->decode(do { local $/; <$in> });

# What the document says in its prose only.
my %app = (createSubscription => 'SubscriptionWebhook');

# '{id}' must lose against a fixed segment in the same place.
sub order { join '/', map { /^\{/ ? '~' : $_ } split m{/}, $_[0] }

my @rows;
for my $path (sort { order($a) cmp order($b) } keys %{ $spec->{paths} }) {
    next if $path !~ m{^/(?:restapi|scim)};
    for my $method (qw(get post put patch delete)) {
        my $op = $spec->{paths}{$path}{$method} or next;
        my $user = $op->{'x-user-permission'} // '';
        $user =~ s/ OR .*//;
        push @rows, [
            uc $method, $path, $op->{operationId},
            'SBOX_GROUP_' . uc($op->{'x-throttling-group'} =~ s/Throttling//r),
            $app{ $op->{operationId} } // $op->{'x-app-permission'} // '', $user
        ];
    }
}

print <<'EOT';
/* Made by gen-operations.pl from RingCentral's OpenAPI document. Do not edit. */
#include "sbox_operation.h"

#include <stddef.h>

/* clang-format off */
static const sbox_operation_t operations[] = {
EOT
for my $row (@rows) {
    my ($method, $path, $id, $group, $app, $user) = @$row;
    printf "    {\"%s\", \"%s\",\n     \"%s\", %s, %s, %s},\n", $method, $path, $id, $group,
        map { length ? "\"$_\"" : 'NULL' } $app, $user;
}
print <<'EOT';
};
/* clang-format on */

const sbox_operation_t *sbox_operation_all(int *n)
{
    *n = (int)(sizeof(operations) / sizeof(operations[0]));
    return operations;
}
EOT
