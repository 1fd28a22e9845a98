#!/usr/bin/env perl
# What httpd -t says of wrong directives (the name, the bad value, what would be right),
# and how directives merge.
use strict;
use warnings;
use Test::More;
use ScimClient;
use TestHttpd;

my $h = TestHttpd->new(
    load => { scim_rc_module => $ENV{MODULE_SO} }, log_level => 'info');
my $d = $h->dir;

$h->write_file("$d/secret", "the-client-secret\n", 0600);
$h->write_file("$d/jwt",    "the-jwt\n",           0600);
$h->write_file("$d/id",     "app\n",               0600);
$h->write_file("$d/jwt-2",  "the-jwt\n",           0600);
$h->write_file("$d/open",   "everybody\n",         0644);
$h->write_file("$d/empty",  '',                    0600);
$h->write_file("$d/redis",  "redis://:the-client-secret\@127.0.0.1/3\n", 0600);
$h->write_file("$d/redis-2", "redis://:the-client-secret\@\n", 0600);
$h->write_file("$d/tokens", 'entra:' . 'a' x 64 . ":read,write:\n", 0600);
$h->write_file("$d/broken", "not a token line\n", 0600);
$h->give_to_children("$d/tokens");
$h->secret('the-client-secret', 'the-jwt');
my %mode = (state => 0700, shared => 0775, foreign => 0700, closed => 0500);
for my $folder (sort keys %mode) {
    mkdir "$d/$folder" or die $!;
    chmod $mode{$folder}, "$d/$folder" or die $!;
    $h->give_to_children("$d/$folder") if $folder ne 'foreign';
}
symlink "$d/state",   "$d/link"         or die $!;
symlink "$d/missing", "$d/nowhere-link" or die $!;

# An account that lacks nothing, with more lines; a line of its own takes the place of
# a usual one.
sub account {
    my ($name, @lines) = @_;
    my %line = (
        ScimRCPlatform     => 'http://127.0.0.1:9',
        ScimRCClientId     => 'app', ScimRCClientSecret => "file:$d/secret",
        ScimRCJWT          => "file:$d/jwt"
    );
    for my $line (@lines) {
        my ($directive) = $line =~ /^(\S+)/;
        delete $line{$directive};
    }
    return join "\n", "<ScimRCAccount $name>", map({ "$_ $line{$_}" } sort keys %line),
      grep({ !/ -$/ } @lines), "</ScimRCAccount>\n";
}

sub location {
    my (@lines) = @_;
    return join "\n", '<Location "/scim/v2">', 'SetHandler scim-rc', @lines, "</Location>\n";
}

my $only = qr/it must stand directly in a <Location "\/path"> with '\/' at its beginning and without wildcards/;

# [what, configuration, what httpd -t must say]; a list of messages: all of them
my @refused = (
    # values of accounts
    [ 'platform without TLS', account('a', 'ScimRCPlatform http://platform.example.com'),
        qr{ScimRCPlatform: bad value 'http://platform\.example\.com'; it must be an https URL} ],
    [ 'platform that only looks local', account('a', 'ScimRCPlatform http://127.example.com'),
        qr/ScimRCPlatform: bad value/ ],
    [ 'platform that is no URL', account('a', 'ScimRCPlatform ringcentral'),
        qr/ScimRCPlatform: bad value 'ringcentral'; it must be an https URL/ ],
    [ 'proxy', account('a', 'ScimRCOutboundProxy proxy:3128'),
        qr/ScimRCOutboundProxy: bad value 'proxy:3128'; it must be a URL such as http:\/\/proxy\./ ],
    [ 'connections', account('a', 'ScimRCConnections 0'),
        qr/ScimRCConnections: bad value '0'; it must be a whole number from 1 to 256/ ],
    [ 'time without sense', account('a', 'ScimRCTimeout soon'),
        qr/ScimRCTimeout: bad value 'soon'; it must be a number with ms, s, min or h behind it \(none: seconds\), from 100ms to 10min/ ],
    [ 'time of a wrong unit', account('a', 'ScimRCTimeout 3d'), qr/ScimRCTimeout: bad value '3d'/ ],
    [ 'time too long', account('a', 'ScimRCConnectTimeout 2h'),
        qr/ScimRCConnectTimeout: bad value '2h'; .* to 1min/ ],
    [ 'time beyond all numbers', account('a', 'ScimRCRefresh 99999999999999999999h'),
        qr/ScimRCRefresh: bad value '9+h'/ ],
    [ 'size', account('a', 'ScimRCMaxAnswer 1G'),
        qr/ScimRCMaxAnswer: bad value '1G'; it must be a number of bytes .* from 64K to 256M/ ],
    [ 'limit of an unknown group', account('a', 'ScimRCLimit tiny 1 1s'),
        qr/ScimRCLimit: bad value 'tiny'; it must be one of light, medium, heavy, auth/ ],
    [ 'limit without a number', account('a', 'ScimRCLimit heavy many'),
        qr/ScimRCLimit: bad value 'many'; it must be a whole number from 1 to 512, or off/ ],
    [ 'limit that cannot be kept', account('a', 'ScimRCLimit medium 513 1h'),
        qr/ScimRCLimit: bad value '513'; it must be a whole number from 1 to 512, or off/ ],
    [ 'limit of a wrong window', account('a', 'ScimRCLimit heavy 10 1ms'),
        qr/ScimRCLimit: bad value '1ms'; .* from 1s to 1h/ ],
    [ 'limit that is off, with a window', account('a', 'ScimRCLimit heavy off 1min'),
        qr/ScimRCLimit: bad value '1min'; it must be left out after off/ ],
    [ 'an empty time', account('a', 'ScimRCTimeout ""'), qr/ScimRCTimeout: bad value ''; it must be a number/ ],
    [ 'an empty CA file', account('a', 'ScimRCCAFile ""'), qr/ScimRCCAFile: bad value '""'; it must be the path of a file/ ],
    [ 'an empty state directory', account('a', 'ScimRCStateDir ""'),
        qr/ScimRCStateDir: bad value '""'; it must be the path of a directory/ ],
    [ 'a time without a value', account('a', 'ScimRCTimeout'), qr/ScimRCTimeout: bad value ''; it must be a number/ ],
    [ 'a time of two words', account('a', 'ScimRCTimeout 5 min'), qr/ScimRCTimeout: bad value '5 min'; it must be a number/ ],
    [ 'share', account('a', 'ScimRCBackgroundShare 101'),
        qr/ScimRCBackgroundShare: bad value '101'; it must be a whole number from 1 to 100/ ],
    [ 'age', account('a', 'ScimRCMaxAge -1'), qr/ScimRCMaxAge: bad value '-1'/ ],
    [ 'address form', account('a', 'ScimRCAddressForm full'),
        qr/ScimRCAddressForm: bad value 'full'; it must be one of iso, name/ ],
    [ 'numbers', account('a', 'ScimRCReportNumbers all'),
        qr/ScimRCReportNumbers: bad value 'all'; it must be one of none, direct, extension, both/ ],

    # secrets
    [ 'a secret in the configuration', account('a', 'ScimRCClientSecret the-client-secret'),
        qr/ScimRCClientSecret: the secret itself must not stand in the configuration; write file:/ ],
    [ 'nobody may wait', account('a', 'ScimRCMaxWaiting 0'),
        qr/ScimRCMaxWaiting: bad value '0'; it must be a whole number from 1 to 2000/ ],
    [ 'half a credential', account('a', "ScimRCCredential b id file:$d/secret"),
        qr/ScimRCCredential: must have four values: a name, the client id, the client secret and the JWT/ ],
    [ 'a credential without a name', account('a', "ScimRCCredential a/b id file:$d/secret file:$d/jwt"),
        qr{ScimRCCredential: bad name 'a/b'; it must be 1 to 64 of A-Z a-z 0-9 . _ -} ],
    [ 'a name of the first', account('a', "ScimRCCredential main id file:$d/secret file:$d/jwt"),
        qr/ScimRCCredential: bad name 'main'; the credential of ScimRCClientId has it already/ ],
    [ 'a name twice', account('a', join "\n", ("ScimRCCredential b id file:$d/secret file:$d/jwt") x 2),
        qr/ScimRCCredential: bad name 'b'; another credential has it already/ ],
    [ 'too many', account('a', join "\n", map { "ScimRCCredential b$_ id file:$d/secret file:$d/jwt" } 1 .. 16),
        qr/ScimRCCredential: an account can have 16 credentials at most/ ],
    [ 'a secret of a credential', account('a', "ScimRCCredential b id the-secret file:$d/jwt"),
        qr/ScimRCCredential b, client secret: the secret itself must not stand in the configuration/ ],
    [ 'a JWT of a credential', account('a', "ScimRCCredential b id file:$d/secret exec:cat"),
        qr/ScimRCCredential b, JWT: bad value 'exec:cat'; it must be file:/ ],
    [ 'nothing for a secret of a credential', account('a', "ScimRCCredential b id \"\" file:$d/jwt"),
        qr/ScimRCCredential b, client secret: bad value '""'; it must be file:/ ],
    [ 'a file of a credential', account('a', "ScimRCCredential b id file:$d/secret file:$d/nowhere"),
        qr/account 'a': ScimRCCredential b, JWT: .*\Q$d\E\/nowhere/ ],
    [ 'a credential of nobody', "ScimRCCredential b id file:$d/secret file:$d/jwt\n",
        qr/ScimRCCredential: must stand inside of <ScimRCAccount name>/ ],
    [ 'the same credential twice', account('a', join "\n", map { "ScimRCCredential $_ id file:$d/secret file:$d/jwt" } 'b', 'c'),
        qr/ScimRCCredential c: has the client id and the JWT of 'b'; it must be another app or another user/ ],
    [ 'the same credential in other files', account('a', "ScimRCClientId file:$d/id",
            "ScimRCCredential b app \"exec:/bin/cat $d/secret\" file:$d/jwt-2"),
        qr/account 'a': ScimRCCredential b: has the client id and the JWT of 'main'; it must be another app or another user/ ],
    [ 'a JWT in the configuration', account('a', 'ScimRCJWT the-jwt'),
        qr/ScimRCJWT: the secret itself must not stand in the configuration/ ],
    [ 'file: without a path', account('a', 'ScimRCJWT file:'), qr/ScimRCJWT: bad value 'file:'; it must be file:/ ],
    [ 'exec: without a full path', account('a', 'ScimRCJWT exec:cat'),
        qr/ScimRCJWT: bad value 'exec:cat'; it must be file:/ ],
    [ 'a file that everybody can read', account('a', "ScimRCClientSecret file:$d/open"),
        qr/SCIMRC0001: .*account 'a': ScimRCClientSecret: .*\Q$d\E\/open.*chmod o-rwx/ ],
    [ 'a file that is not there', account('a', "ScimRCJWT file:$d/nowhere"),
        qr/account 'a': ScimRCJWT: .*\Q$d\E\/nowhere/ ],
    [ 'a relative path is below ServerRoot', account('a', 'ScimRCJWT file:nowhere'),
        qr/account 'a': ScimRCJWT: .*\Q$d\E\/nowhere/ ],
    [ 'an empty file', account('a', "ScimRCJWT file:$d/empty"), qr/account 'a': ScimRCJWT: .*empty/ ],
    [ 'a program with arguments, without quotes', account('a', "ScimRCJWT exec:/bin/cat $d/jwt"),
        qr{ScimRCJWT: bad value 'exec:/bin/cat \Q$d\E/jwt'; it must be file:\S+ or exec:\S+ \(with arguments in quotes: "exec:/\S+ argument"\)} ],
    [ 'a secret of two words', account('a', 'ScimRCJWT the-jwt the-client-secret'),
        qr/ScimRCJWT: bad value '\(not shown\)'; it must be file:/ ],
    [ 'nothing for a secret', account('a', 'ScimRCJWT'), qr/ScimRCJWT: bad value ''; it must be file:/ ],
    [ 'an empty secret', account('a', 'ScimRCClientSecret ""'), qr/ScimRCClientSecret: bad value '""'; it must be file:/ ],
    [ 'an empty client id', account('a', 'ScimRCClientId ""'), qr/ScimRCClientId: bad value '""'; it must be one word, or file:/ ],
    [ 'a program that is not there', account('a', "ScimRCJWT exec:$d/program"),
        qr{account 'a': ScimRCJWT: '\Q$d\E/program' is no program that can be started} ],

    # the way to other gateways
    [ 'no URL of a Redis', account('a', 'ScimRCShared localhost:6379'),
        qr{ScimRCShared: bad value 'localhost:6379'; it must be redis://\[\[user\]:password\@\]host\[:port\]\[/database\] or redis\+unix://\S+/path\S+, or, when it has a password, file:} ],
    [ 'a Redis with TLS', account('a', 'ScimRCShared rediss://redis.example.com'),
        qr{ScimRCShared: bad value 'rediss://redis\.example\.com'; it must be redis://\.\.\.: TLS is not spoken here\. Let a tunnel such as stunnel} ],
    [ 'a port of a Redis', account('a', 'ScimRCShared redis://[::1]:66666'),
        qr{ScimRCShared: bad value 'redis://\[::1\]:66666'; it must be redis://} ],
    [ 'a password of a Redis in the configuration', account('a', 'ScimRCShared redis://:the-client-secret@127.0.0.1'),
        qr/ScimRCShared: the password must not stand in the configuration; write the whole URL into a file, and here file:/ ],
    [ 'a wrong URL with a password is not shown', account('a', 'ScimRCShared redis://:the-client-secret@127.0.0.1:port'),
        qr{ScimRCShared: bad value 'redis://\(not shown\)\@127\.0\.0\.1:port'; it must be redis://} ],
    [ 'a share of nothing', account('a', 'ScimRCShared redis://127.0.0.1 0'),
        qr/ScimRCShared: bad value '0'; it must be a whole number from 1 to 100, the percent of each limit/ ],
    [ 'no Redis', account('a', 'ScimRCShared'), qr/ScimRCShared takes 1-2 arguments, URL of a Redis/ ],
    [ 'a file for a Redis that is not there', account('a', "ScimRCShared file:$d/nowhere"),
        qr/account 'a': ScimRCShared: .*\Q$d\E\/nowhere/ ],
    [ 'a file for a Redis that holds no URL', account('a', "ScimRCShared file:$d/secret"),
        qr{account 'a': ScimRCShared: what 'file:\Q$d\E/secret' gives is not right; it must be redis://} ],
    [ 'a file for a Redis with a password that is no URL', account('a', "ScimRCShared file:$d/redis-2"),
        qr{ScimRCShared: what 'file:\Q$d\E/redis-2' gives is not right} ],
    [ 'a program for a Redis that is not there, a secret', account('a', "ScimRCShared exec:$d/program"),
        qr{account 'a': ScimRCShared: '\Q$d\E/program' is no program that can be started} ],
    [ 'a Redis of nobody', "ScimRCShared redis://127.0.0.1\n",
        qr/ScimRCShared: must stand inside of <ScimRCAccount name>/ ],

    # the account as a whole
    [ 'no client id', account('a', 'ScimRCClientId -'), qr/httpd\.conf, line \d+: account 'a': ScimRCClientId is missing/ ],
    [ 'no secret',    account('a', 'ScimRCClientSecret -'), qr/account 'a': ScimRCClientSecret is missing/ ],
    [ 'no JWT',       account('a', 'ScimRCJWT -'),          qr/account 'a': ScimRCJWT is missing/ ],
    [ 'CA file', account('a', 'ScimRCCAFile ca.pem'), qr{account 'a': ScimRCCAFile: '\Q$d\E/ca\.pem' cannot be read} ],
    [ 'CA file without a certificate', account('a', "ScimRCCAFile $d/jwt"), qr{account 'a': ScimRCCAFile: '\Q$d\E/jwt' holds no certificate} ],
    [ 'state directory that is a file', account('a', "ScimRCStateDir $d/jwt"),
        qr/account 'a': ScimRCStateDir: '.*' is no directory/ ],
    [ 'state directory that is a link', account('a', "ScimRCStateDir $d/link"),
        qr{account 'a': ScimRCStateDir: '\Q$d\E/link' is no directory of its own: } ],
    [ 'state directory that leads nowhere', account('a', "ScimRCStateDir $d/nowhere-link"),
        qr{account 'a': ScimRCStateDir: '\Q$d\E/nowhere-link' is no directory of its own: } ],
    [ 'state directory that others may write to', account('a', "ScimRCStateDir $d/shared"),
        qr{account 'a': ScimRCStateDir: others may write to '\Q$d\E/shared' \(mode 0775\); take that away: chmod go-w} ],
    [ 'state directory in a file', account('a', "ScimRCStateDir $d/jwt/a/b"),
        qr{account 'a': ScimRCStateDir: '\Q$d\E/jwt/a/b' cannot be made: Not a directory} ],
    [ 'state directory in a link that leads nowhere', account('a', "ScimRCStateDir $d/nowhere-link/a/b"),
        qr{account 'a': ScimRCStateDir: '\Q$d\E/nowhere-link/a/b' cannot be made: } ],
    $> == 0
    ? [ 'state directory of somebody else', account('a', "ScimRCStateDir $d/foreign"),
        qr{account 'a': ScimRCStateDir: '\Q$d\E/foreign' must belong to the user of httpd's children \(\S+\)} ]
    : [ 'state directory that cannot be made', account('a', "ScimRCStateDir $d/closed/a/b"),
        qr{account 'a': ScimRCStateDir: '\Q$d\E/closed/a/b' cannot be made: } ],
    [ 'one state directory for two', account('a', 'ScimRCStateDir s') . account('b', 'ScimRCStateDir s'),
        qr/account 'b': ScimRCStateDir: '.*' is also that of the account 'a'/ ],
    [ 'an account twice', account('a') . account('a'),
        qr/<ScimRCAccount a>: is there already, in line \d+ of .*httpd\.conf; an account must be defined once/ ],
    [ 'an account again in a virtual host',
        account('a') . "<VirtualHost *>\nServerName a.example.com\n" . account('a') . "</VirtualHost>\n",
        qr/<ScimRCAccount a>: is there already/ ],
    [ 'no name', account(''), qr/<ScimRCAccount name>: bad value ''; the name must be/ ],
    [ 'a name that is a path', account('../a'), qr{<ScimRCAccount name>: bad value '\.\./a'} ],
    [ 'two names', account('a b'), qr/<ScimRCAccount name>: bad value 'a b'/ ],
    [ 'an account in an account', account('a', '<ScimRCAccount b>', '</ScimRCAccount>'),
        qr/<ScimRCAccount \(line \d+\): must not stand in <ScimRCAccount>/ ],
    [ 'an account in a location', "<Location />\n" . account('a') . "</Location>\n",
        qr/<ScimRCAccount not allowed in/ ],

    # where directives stand
    [ 'of an account, outside', 'ScimRCTimeout 3s', qr/ScimRCTimeout: must stand inside of <ScimRCAccount name>/ ],
    [ 'of an account, in a location', location('ScimRCJWT file:/x'), qr/ScimRCJWT not allowed in/ ],
    [ 'of a location, in an account', account('a', 'ScimRCDelete disable'),
        qr/ScimRCDelete: is about a location; it must stand in <Location>, not in <ScimRCAccount>/ ],
    [ 'of httpd, in an account', account('a', 'DocumentRoot /tmp'),
        qr/DocumentRoot \(line \d+\): must not stand in <ScimRCAccount>/ ],
    [ 'of a location, in a directory', "<Directory />\nScimRCPatience 1s\n</Directory>",
        qr/ScimRCPatience cannot occur within <Directory/ ],

    # locations
    [ 'an unknown account', account('a') . account('b', 'ScimRCStateDir b') . location('ScimRCUse c'),
        qr/httpd\.conf, line \d+: ScimRCUse: bad value 'c'; it must be the name of a <ScimRCAccount>: a, b/ ],
    [ 'no account at all', location('ScimRCUse c'), qr/ScimRCUse: bad value 'c'.*there is none/ ],
    [ 'ScimRCUse in a pattern', account('a') . "<LocationMatch ^/s>\nScimRCUse a\n</LocationMatch>",
        qr/ScimRCUse: cannot stand in <LocationMatch \^\/s>; $only/ ],
    [ 'ScimRCUse in another pattern', account('a') . "<Location ~ /s>\nScimRCUse a\n</Location>",
        qr/ScimRCUse: cannot stand in <Location ~ \/s>; $only/ ],
    [ 'ScimRCUse in wildcards', account('a') . "<Location \"/scim/*\">\nScimRCUse a\n</Location>",
        qr/ScimRCUse: cannot stand in <Location "\/scim\/\*">; $only/ ],
    [ 'ScimRCUse in a relative path', account('a') . "<Location \"scim\">\nScimRCUse a\n</Location>",
        qr/ScimRCUse: cannot stand in <Location "scim">; $only/ ],
    [ 'ScimRCUse in a condition', account('a') . location('<If "true">', 'ScimRCUse a', '</If>'),
        qr/ScimRCUse: cannot stand in <If "true">; $only/ ],
    [ 'an empty ScimRCUse', account('a') . location('ScimRCUse ""'),
        qr/ScimRCUse: bad value '""'; it must be the name of a <ScimRCAccount>$/m ],
    [ 'two accounts for a location', account('a') . location('ScimRCUse a b'), qr/ScimRCUse: bad value 'a b'; it must be the name/ ],
    [ 'ScimRCUse outside', account('a') . 'ScimRCUse a', qr/ScimRCUse not allowed here/ ],
    [ 'an empty token file', location('ScimRCTokenFile ""'), qr/ScimRCTokenFile: bad value '""'; it must be the path of a file/ ],
    [ 'a token file that is not there', location("ScimRCTokenFile $d/nowhere"),
        qr/SCIMRC0001: .*httpd\.conf, line \d+: ScimRCTokenFile: .*nowhere/ ],
    [ 'a token file that is none', location("ScimRCTokenFile $d/broken"), qr/ScimRCTokenFile: .*broken.*1/ ],
    [ 'a public URL outside of a location', 'ScimRCPublicURL https://a.example.com',
        qr/ScimRCPublicURL: must stand in <Location>/ ],
    [ 'a public URL that is none', location('ScimRCPublicURL /scim'), qr{ScimRCPublicURL: bad value '/scim'; it must be a URL} ],
    [ 'a public URL with a query', location('ScimRCPublicURL https://a.example.com/?x'), qr/ScimRCPublicURL: bad value/ ],
    [ 'documentation', location('ScimRCDocumentation ftp://a'), qr/ScimRCDocumentation: bad value 'ftp:\/\/a'; it must be a URL/ ],
    [ 'documentation with a space', location('ScimRCDocumentation https://a/x y'),
        qr/ScimRCDocumentation: bad value 'https:\/\/a\/x y'; it must be a URL/ ],
    [ 'tolerance', location('ScimRCTolerance much'), qr/ScimRCTolerance: bad value 'much'; it must be one of tolerant, strict/ ],
    [ 'patch', location('ScimRCPatchMissing ignore'), qr/ScimRCPatchMissing: bad value 'ignore'; it must be one of error, create/ ],
    [ 'create', location('ScimRCCreate user'), qr/ScimRCCreate: bad value 'user'; it must be one of extension, unassigned/ ],
    [ 'delete', location('ScimRCDelete drop'), qr/ScimRCDelete: bad value 'drop'; it must be one of release, disable, remove/ ],
    [ 'status', location('ScimRCNewUserStatus Disabled'),
        qr/ScimRCNewUserStatus: bad value 'Disabled'; it must be one of NotActivated, Enabled/ ],
    [ 'batches', location('ScimRCBatchProvisioning yes'), qr/ScimRCBatchProvisioning: bad value 'yes'; it must be one of On, Off/ ],
    [ 'mail', location('ScimRCWelcomeMail yes'), qr/ScimRCWelcomeMail: bad value 'yes'; it must be one of On, Off/ ],
    [ 'patience', location('ScimRCPatience 11min'), qr/ScimRCPatience: bad value '11min'; .* from 0 to 10min/ ],
    [ 'bulk patience', location('ScimRCBulkPatience 2h'), qr/ScimRCBulkPatience: bad value '2h'; .* from 0 to 1h/ ],
    [ 'gather time', location('ScimRCGatherTime 11s'), qr/ScimRCGatherTime: bad value '11s'; .* from 0 to 10s/ ],
    [ 'batches', location('ScimRCBatchProvisioning maybe'), qr/ScimRCBatchProvisioning: bad value 'maybe'; it must be one of On, Off/ ],
    [ 'results', location('ScimRCMaxResults 10001'), qr/ScimRCMaxResults: bad value '10001'; it must be a whole number from 1 to 10000/ ],
    [ 'operations', location('ScimRCBulkMaxOperations 10001'),
        qr/ScimRCBulkMaxOperations: bad value '10001'; it must be a whole number from 0 to 10000/ ],
    [ 'bulk body', location('ScimRCBulkMaxBody 65M'), qr/ScimRCBulkMaxBody: bad value '65M'; .* from 1K to 64M/ ],
    [ 'body', location('ScimRCMaxBody 1'), qr/ScimRCMaxBody: bad value '1'; .* from 1K to 64M/ ],
    [ 'scope', location('AuthType Bearer', 'AuthName x', 'Require scim-scope admin'), qr/Require scim-scope: bad value 'admin'/ ],
    [ 'scope without a name', location('AuthType Bearer', 'AuthName x', 'Require scim-scope'), qr/Require scim-scope: bad value ''/ ],

    # SetHandler without the account that it needs
    [ 'a handler without an account', account('a') . account('b', 'ScimRCStateDir b') . location(),
        qr/httpd\.conf, line \d+: SetHandler: bad value 'scim-rc' in <Location "\/scim\/v2">, where no ScimRCUse is in effect; there must be one, with the name of a <ScimRCAccount>: a, b$/m ],
    [ 'a handler where there is none', location(), qr/SetHandler: bad value 'scim-rc' .*the name of a <ScimRCAccount>, and there is none/ ],
    [ 'a handler beside its account', account('a') . location('ScimRCUse a') . location() =~ s/v2/v20/r,
        qr/SetHandler: bad value 'scim-rc' in <Location "\/scim\/v20">, where no ScimRCUse/ ],
    [ 'a handler above its account', account('a') . location('ScimRCUse a') . location() =~ s{/v2}{}r,
        qr/SetHandler: bad value 'scim-rc' in <Location "\/scim">, where no ScimRCUse/ ],
    [ 'a handler whose account is another host\'s', account('a') . "<VirtualHost *>\nServerName a.example.com\n"
          . location('ScimRCUse a') . "</VirtualHost>\n<VirtualHost *>\nServerName b.example.com\n" . location() . "</VirtualHost>\n",
        qr/SetHandler: bad value 'scim-rc' in <Location "\/scim\/v2">, where no ScimRCUse/ ],
    [ 'a handler in a condition', account('a') . location('<If "true">', 'SetHandler scim-rc', '</If>') =~ s/SetHandler scim-rc//r,
        qr/SetHandler: bad value 'scim-rc' in <Location "\/scim\/v2">, where no ScimRCUse/ ],
    [ 'a handler of a pattern', account('a') . location() =~ s/Location( "|>)/LocationMatch$1/gr,
        qr/SetHandler: bad value 'scim-rc' in <LocationMatch "\/scim\/v2">, where no ScimRCUse/ ],
    [ 'a handler of the whole server', account('a') . location('ScimRCUse a') . "SetHandler \"scim-rc\"\n",
        qr/SetHandler: bad value 'scim-rc' outside of <Location>; it must stand in the <Location "\/path"> that has a ScimRCUse/ ],
    [ 'a handler of files', account('a') . location('ScimRCUse a') . "<Directory \"/srv\">\nSetHandler scim-rc\n</Directory>\n",
        qr/SetHandler: bad value 'scim-rc' in <Directory "\/srv">; it must stand in the <Location "\/path"> that has a ScimRCUse/ ],
    [ 'a webhook\'s handler without an account', account('a') . location() =~ s/scim-rc/scim-rc-hook/r,
        qr/SetHandler: bad value 'scim-rc-hook' in <Location "\/scim\/v2">, where no ScimRCUse/ ],

    # AuthType Bearer without the tokens
    [ 'bearer without tokens', account('a') . location('ScimRCUse a', 'AuthType Bearer', 'AuthName x', 'Require valid-user'),
        qr/httpd\.conf, line \d+: AuthType: bad value 'Bearer' in <Location "\/scim\/v2">, where no ScimRCTokenFile is in effect; add a ScimRCTokenFile / ],
    [ 'bearer from above', account('a') . "<Location />\nAuthType bearer\n</Location>\n" . location('ScimRCUse a'),
        qr/AuthType: bad value 'Bearer' in <Location "\/scim\/v2">, where no ScimRCTokenFile/ ],
    [ 'bearer, the tokens beside', account('a') . location('ScimRCUse a', 'AuthType Bearer')
          . "<Location \"/scim/v20\">\nScimRCTokenFile $d/tokens\n</Location>\n",
        qr/AuthType: bad value 'Bearer' in <Location "\/scim\/v2">, where no ScimRCTokenFile/ ],
    [ 'bearer, the tokens of another host', account('a') . "<VirtualHost *>\nServerName a.example.com\n"
          . location('ScimRCUse a', 'AuthType Bearer') . "</VirtualHost>\n<VirtualHost *>\nServerName b.example.com\n"
          . "ScimRCTokenFile $d/tokens\n</VirtualHost>\n",
        qr/AuthType: bad value 'Bearer' in <Location "\/scim\/v2">, where no ScimRCTokenFile/ ],
    [ 'bearer in a pattern', account('a') . location('AuthType Bearer') =~ s/Location( "|>)/LocationMatch$1/gr
          . "<Location \"/scim/v2\">\nScimRCUse a\n</Location>\n",
        qr/AuthType: bad value 'Bearer' in <LocationMatch "\/scim\/v2">, where no ScimRCTokenFile/ ],
    [ 'bearer in place of another one', account('a') . "<Location /scim>\nAuthType Basic\n</Location>\n" . location('ScimRCUse a', 'AuthType Bearer'),
        qr/AuthType: bad value 'Bearer' in <Location/ ],

    # each fault is named, not only the first one
    [ 'two faults', account('a', 'ScimRCJWT -') . location('ScimRCUse b'),
        qr/ScimRCJWT is missing.*ScimRCUse: bad value 'b'/s ],
);

my @accepted = (
    [ 'nothing at all', '' ],
    [ 'an account', account('a') ],
    [ 'a state directory that is there', account('a', "ScimRCStateDir $d/state") ],
    [ 'a state directory that is to be made', account('a', "ScimRCStateDir $d/new/a/b") ],
    [ 'the largest limit', account('a', 'ScimRCLimit medium 512 1h') ],
    [ 'the JWT of another app', account('a', "ScimRCCredential b app-2 file:$d/secret file:$d/jwt-2") ],
    [ 'names and units in any case', account('a', 'ScimRCTimeout 2MIN', 'ScimRCMaxAnswer 1m',
            'ScimRCLimit Medium OFF', 'ScimRCLimit light 5', 'ScimRCAddressForm NAME') ],
    [ 'a time without a unit', account('a', 'ScimRCTimeout 20') ],
    [ 'a sandbox on this machine', account('a', 'ScimRCPlatform http://[::1]:8081/') ],
    [ 'a program with arguments', account('a', "ScimRCJWT \"exec:/bin/cat $d/jwt\"") ],
    [ 'conditions inside of an account', account('a', '<IfDefine !NONE>', 'ScimRCRefresh 1h', '</IfDefine>') ],
    [ 'several credentials', account('a', "ScimRCCredential b file:$d/secret file:$d/jwt \"exec:/bin/cat $d/jwt\"",
            "ScimRCCredential c app file:$d/secret exec:/bin/date", 'ScimRCMaxWaiting 2000') ],
    map({ [ "other gateways through $_", account('a', "ScimRCShared $_") ] } 'redis://127.0.0.1',
        'redis://redis.example.com:6380/2 33', 'redis://[::1] 100', 'redis+unix:///run/redis.sock?db=1',
        "file:$d/redis 1", 'exec:/bin/date', "\"exec:/bin/cat $d/redis\" 25"),
    [ 'one account for two locations', account('a') . location('ScimRCUse a') . location('ScimRCUse a') =~ s/v2/v3/r ],
    [ 'behaviour in the server, a virtual host and a condition',
        account('a') . "ScimRCDelete disable\n<VirtualHost *>\nServerName a.example.com\nScimRCDelete remove\n</VirtualHost>\n"
          . location('ScimRCUse a', '<If "true">', 'ScimRCDelete release', '</If>') ],
    [ 'a webhook\'s handler in a section of its own', account('a', 'ScimRCWebhook https://a.example.com/hook')
          . "<Location \"/hook\">\nScimRCUse a\n</Location>\n<LocationMatch \"^/hook\">\nSetHandler scim-rc-hook\n</LocationMatch>\n" ],
    [ 'a flag in any case', account('a') . location('ScimRCUse a', 'ScimRCWelcomeMail ON') ],
    [ 'a handler below its account', account('a') . location('ScimRCUse a') . location() =~ s/v2/v2\/Users/r ],
    [ 'a handler whose account stands in a section of its own',
        account('a') . location() . location('ScimRCUse a') =~ s/SetHandler scim-rc//r ],
    [ 'a handler of the main server, its account in a virtual host',
        account('a') . location() . "<VirtualHost *>\nServerName a.example.com\n" . location('ScimRCUse a') . "</VirtualHost>\n" ],
    [ 'a handler of all paths', account('a') . "<Location />\nScimRCUse a\n</Location>\nSetHandler scim-rc\n" ],
    [ 'a handler of a pattern, where an account is', account('a') . location('ScimRCUse a')
          . "<LocationMatch \"^/scim/v2\">\nSetHandler scim-rc\n</LocationMatch>\n" ],
    [ 'another handler', "<Location \"/x\">\nSetHandler default-handler\n</Location>\n" ],
    [ 'bearer with tokens', account('a') . location('ScimRCUse a', 'AuthType Bearer', "ScimRCTokenFile $d/tokens") ],
    [ 'bearer with the server\'s tokens', account('a') . "ScimRCTokenFile $d/tokens\n" . location('ScimRCUse a', 'AuthType Bearer') ],
    [ 'bearer with tokens from above', account('a') . location('ScimRCUse a', 'AuthType Bearer')
          . "<Location \"/scim/\">\nScimRCTokenFile $d/tokens\n</Location>\n" ],
    [ 'bearer with tokens of a pattern', account('a') . location('ScimRCUse a', 'AuthType Bearer')
          . "<LocationMatch \"^/scim\">\nScimRCTokenFile $d/tokens\n</LocationMatch>\n" ],
    [ 'bearer with tokens of a condition', account('a')
          . location('ScimRCUse a', 'AuthType Bearer', '<If "true">', "ScimRCTokenFile $d/tokens", '</If>') ],
    [ 'bearer from above, another one here', account('a') . "<Location />\nAuthType Bearer\n</Location>\n" . location('ScimRCUse a', 'AuthType Basic') ],
    [ 'bearer where it is none of ours', account('a') . location('ScimRCUse a') . "<Location \"/x\">\nAuthType Bearer\n</Location>\n" ],
    [ 'bearer of a webhook\'s location', account('a', 'ScimRCWebhook https://a.example.com/scim/v2')
          . location('ScimRCUse a', 'AuthType Bearer') =~ s/scim-rc/scim-rc-hook/r ],
    [ 'a location of all paths', account('a') . "<Location />\nScimRCUse a\n</Location>" ],
);

for my $case (@refused) {
    my ($what, $conf, $message) = @$case;
    my ($status, $text) = $h->configtest($conf);
    isnt $status, 0, "$what: refused";
    like $text, $message, "$what: the message";
    unlike $text, qr/the-client-secret|the-jwt/, "$what: no secret in it"
      if $what =~ /secret|JWT|password/;
}
for my $case (@accepted) {
    my ($what, $conf) = @$case;
    my ($status, $text) = $h->configtest($conf);
    is $status, 0, "$what: accepted" or diag $text;
}

# Another module may be the one that checks the tokens: mod_lua runs what it is given.
SKIP: {
    my $lua = "$ENV{HTTPD_MODULEDIR}/mod_lua.so";
    skip 'no mod_lua', 1 unless -e $lua;
    my ($status, $text) = $h->configtest("LoadModule lua_module $lua\n" . account('a') . location('ScimRCUse a', 'AuthType Bearer'));
    is $status, 0, 'bearer, and a module that may know it: accepted' or diag $text;
}

# --- merging ----------------------------------------------------------------------
# What is in effect can be read from ServiceProviderConfig, which needs no platform.

ok !-e "$d/new" && !-e "$d/run/scim-rc", 'nothing was made by it';

my $auth = "AuthType Bearer\nAuthName SCIM\nScimRCTokenFile $d/tokens\nRequire valid-user\n";
my $token = 'merge-token';
$h->write_file("$d/tokens", 'entra:' . sha256($token) . "::\n", 0600);
$h->give_to_children("$d/tokens");
$h->secret($token);
$h->allow_log(qr/SCIMRC0[12]\d\d: /);    # there is no platform
my $other = PrivateHttpd::free_port();
$h->{conf} = account('a') . <<"EOT";
Listen 127.0.0.1:$other
ScimRCMaxResults 7
ScimRCBulkMaxBody 7K
ScimRCDocumentation https://main.example.com
<Location "/plain">
SetHandler scim-rc
ScimRCUse a
$auth
</Location>
<Location "/own">
SetHandler scim-rc
ScimRCUse a
ScimRCMaxResults 9
$auth
</Location>
<Location "/own/ServiceProviderConfig">
ScimRCBulkMaxBody 9K
</Location>
<VirtualHost 127.0.0.1:$other>
ServerName 127.0.0.1:$other
ScimRCMaxResults 8
</VirtualHost>
EOT
$h->start;

sub effect {
    my ($port, $path) = @_;
    my $scim = ScimClient->new(base => "http://127.0.0.1:$port$path", token => $token);
    my $json = $scim->get('/ServiceProviderConfig')->{json} // {};
    return join ' ', $json->{filter}{maxResults} // '-', $json->{bulk}{maxPayloadSize} // '-',
      $json->{documentationUri} // '-';
}
is effect($h->port, '/plain'), '7 7168 https://main.example.com', 'from the main server';
is effect($h->port, '/own'),   '9 9216 https://main.example.com', 'from two locations';
is effect($other,   '/plain'), '8 7168 https://main.example.com', 'from a virtual host';
is effect($other,   '/own'),   '9 9216 https://main.example.com', 'the location is the innermost';
$h->stop;

done_testing;

sub sha256 { require Digest::SHA; return Digest::SHA::sha256_hex($_[0]) }
