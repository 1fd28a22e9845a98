#!/usr/bin/env perl
# The sandbox's OAuth (sandbox.md section 2) and error bodies (section 3).
use strict;
use warnings;
use Test::More;
use Sandbox;

plan skip_all => Sandbox::missing() if Sandbox::missing();
my $sb = Sandbox->new(users => 3, unassigned => 1, limits => 'off');
my $list = '/restapi/v1.0/account/~/extension';

# The first error of an answer as "status outer inner parameter".
sub problem {
    my $r = shift;
    my $e = $r->{json}{errors}[0] // {};
    return join ' ', $r->{status}, $r->{json}{errorCode} // '-', $e->{errorCode} // '-',
        $e->{parameterName} // '-';
}

sub as { my ($token, $path) = @_; $sb->request(GET => $path // $list, headers => { Authorization => $token }) }

subtest 'rule 10: form-encoded only' => sub {
    my $r = $sb->request(POST => '/restapi/oauth/token', content => { grant_type => 'x' });
    is $r->{status}, 415;
};

subtest 'rule 11: client authentication' => sub {
    my $r = $sb->request(
        POST    => '/restapi/oauth/token',
        content => 'grant_type=refresh_token',
        headers => { 'Content-Type' => 'application/x-www-form-urlencoded' }
    );
    is $r->{status}, 400;
    is $r->{json}{error}, 'invalid_client';
    is $r->{json}{errors}[0]{errorCode}, 'OAU-123';
    is $r->{json}{error_description}, 'Client authentication is required';

    local $sb->{id} = 'xx';
    $r = $sb->grant;
    is $r->{status}, 400;
    is $r->{json}{errors}[0]{errorCode}, 'OAU-153';
    is $r->{json}{error_description}, 'Invalid client: xx';
    is $r->{headers}{'www-authenticate'},
        'Bearer realm="RingCentral REST API", error="invalid_client", '
        . 'error_description="Invalid client: xx"';
    local $sb->{id} = $Sandbox::CLIENT_ID;
    local $sb->{secret} = 'wrong';
    is $sb->grant->{json}{errors}[0]{errorCode}, 'OAU-153', 'a wrong secret';
};

subtest 'rule 12: grants' => sub {
    my $r = $sb->oauth(token => { grant_type => 'password', username => 'a' });
    is $r->{status}, 400;
    is $r->{json}{error}, 'unauthorized_client';
    is $r->{json}{errors}[0]{errorCode}, 'OAU-251';
    $sb->config(jwt_grant => 'off');
    is $sb->grant->{json}{errors}[0]{errorCode}, 'OAU-251';
    $sb->config(jwt_grant => undef);
};

subtest 'rule 13: JWTs that are no good' => sub {
    my $r = $sb->grant(assertion => 'no jwt');
    is $r->{status}, 400;
    is $r->{json}{error}, 'invalid_grant';
    is $r->{json}{error_description}, 'Unparseable assertion';
    is $r->{json}{errors}[0]{errorCode}, 'OAU-000';
    $sb->config(bad_jwt_code => 'OAU-999');
    is $sb->grant(assertion => 'a.b')->{json}{errors}[0]{errorCode}, 'OAU-999';
    $sb->config(bad_jwt_code => undef);
    # {"alg":"none"}
    is $sb->grant(assertion => 'eyJhbGciOiJub25lIn0.e30.x')->{json}{errors}[0]{errorCode},
        'OAU-347';
    $r = $sb->grant(assertion => 'eyJhbGciOiJSUzI1NiJ9.e30.x');
    is $r->{json}{error}, 'invalid_grant';
    is $r->{json}{errors}[0]{errorCode}, 'OAU-213';
};

subtest 'rule 14: life times' => sub {
    for ([ access_token_ttl => 599 ], [ access_token_ttl => 3601 ],
        [ refresh_token_ttl => 2592001 ], [ access_token_ttl => 'x' ]) {
        my ($name, $value) = @$_;
        is problem($sb->grant($name => $value)),
            "400 InvalidParameter CMN-101 $name", "$name=$value";
    }
    is $sb->grant->{json}{expires_in}, 3600;
    is $sb->grant(access_token_ttl => 600)->{json}{expires_in}, 600;
    is $sb->grant->{json}{refresh_token_expires_in}, 604800;
    ok !exists $sb->grant(refresh_token_ttl => 0)->{json}{refresh_token};
};

subtest 'rule 15: TokenInfo' => sub {
    my $r = $sb->grant;
    is $r->{status}, 200;
    is $r->{json}{token_type}, 'bearer';
    like $r->{json}{scope}, qr/\bReadAccounts\b/;
    is $r->{json}{owner_id}, $sb->control(GET => '')->{accountId};
    ok $r->{json}{$_}, $_ for qw(access_token session_id endpoint_id refresh_token);
    $sb->config(refresh_tokens => 'off');
    ok !exists $sb->grant->{json}{refresh_token}, 'an app without refresh tokens';
    $sb->config(refresh_tokens => undef);
};

sub refresh { $sb->oauth(token => { grant_type => 'refresh_token', refresh_token => $_[0] }) }

subtest 'rule 16: refresh tokens' => sub {
    my $old = $sb->grant->{json};
    my $r = refresh($old->{refresh_token});
    is $r->{status}, 200;
    my $new = $r->{json};
    isnt $new->{access_token}, $old->{access_token};
    isnt $new->{refresh_token}, $old->{refresh_token};
    is problem(as("Bearer $old->{access_token}")), '401 TokenInvalid OAU-213 -',
        'the old access token dies at once';
    $sb->advance(1800);
    is refresh($old->{refresh_token})->{json}{access_token}, $new->{access_token},
        'an unused pair is given again';
    is as("Bearer $new->{access_token}")->{status}, 200;
    $sb->advance(9);
    is refresh($old->{refresh_token})->{status}, 200, 'nine seconds after the first use';
    $sb->advance(2);
    is refresh($old->{refresh_token})->{json}{errors}[0]{errorCode}, 'OAU-213';
    $sb->advance(604800);
    $r = refresh($new->{refresh_token});
    is $r->{json}{error}, 'invalid_grant';
    is $r->{json}{errors}[0]{errorCode}, 'OAU-210';
    is $r->{json}{error_description}, 'Token expired';
    is refresh('nonsense')->{json}{errors}[0]{errorCode}, 'OAU-213';
};

subtest 'rule 17: revoke' => sub {
    my $t = $sb->grant->{json}{access_token};
    is problem($sb->oauth(revoke => { token => '' })), '400 InvalidParameter CMN-101 token';
    my $r = $sb->oauth(revoke => { token => $t });
    is $r->{status}, 200;
    is $r->{content}, '';
    is problem(as("Bearer $t")), '401 TokenInvalid OAU-213 -';
    is $sb->oauth(revoke => { token => 'x' })->{json}{errors}[0]{errorCode}, 'OAU-213';
};

subtest 'rule 18: the sixth session ends the first' => sub {
    $sb->reset;
    my @t = map { $sb->grant->{json}{access_token} } 1 .. 6;
    is problem(as("Bearer $t[0]")), '401 TokenInvalid OAU-213 -';
    is as("Bearer $_")->{status}, 200 for @t[ 1 .. 5 ];
    $sb->config(max_sessions => 2);
    $sb->grant;
    is as("Bearer $t[4]")->{status}, 401;
    is as("Bearer $t[5]")->{status}, 200;
    $sb->config(max_sessions => undef);
};

subtest 'rule 19: the auth group counts by app' => sub {
    $sb->reset;
    $sb->config(limits => 'real');
    is $sb->grant->{headers}{'x-rate-limit-remaining'}, $_ for 4, 3, 2, 1, 0;
    my $r = $sb->grant;
    is $r->{status}, 429;
    is $r->{headers}{'x-rate-limit-group'}, 'auth';
    is problem($r), '429 CMN-301 CMN-301 -';
    $sb->config(limits => 'off');
    $sb->reset;
};

subtest 'rule 20: tokens that are no good' => sub {
    my $r = $sb->request(GET => $list);
    is problem($r), '401 AGW-401 AGW-401 -';
    is $r->{json}{message}, 'Authorization header is not specified';
    is problem(as('Basic abc')), '401 AGW-402 AGW-402 -';
    $r = as('Bearer garbage');
    is problem($r), '401 TokenInvalid OAU-149 -';
    is $r->{json}{message}, 'OAuth token is invalid';
    ok !exists $r->{headers}{'www-authenticate'};
    my $t = $sb->grant->{json}{access_token};
    is $sb->invalidate_tokens->{sessions}, 1;
    $r = as("Bearer $t");
    is problem($r), '401 TokenInvalid OAU-213 -';
    is $r->{json}{errors}[0]{message}, 'Token not found';
};

subtest 'rule 21: expired tokens' => sub {
    my $t = $sb->grant->{json}{access_token};
    $sb->advance(3599);
    is as("Bearer $t")->{status}, 200;
    $sb->advance(2);
    is problem(as("Bearer $t")), '401 TokenExpired OAU-128 -';
    $sb->config(expired_outer => 'TokenInvalid', api_401_www => 'on');
    my $r = as("Bearer $t");
    is problem($r), '401 TokenInvalid OAU-128 -';
    like $r->{headers}{'www-authenticate'}, qr/invalid_token/;
    $sb->config(expired_outer => undef, api_401_www => undef);
};

subtest 'rule 22: control of tokens' => sub {
    $sb->reset;
    my $t = $sb->token;
    my ($s) = $sb->sessions;
    is $s->{state}, 'live';
    $sb->expire_tokens;
    is problem(as("Bearer $t")), '401 TokenExpired OAU-128 -';
    $sb->config(token_ttl_s => 5);
    is $sb->grant->{json}{expires_in}, 5;
    $sb->config(token_ttl_s => undef);
};

subtest 'rule 23: permissions' => sub {
    $sb->forget_token;
    $sb->config(missing_app_permissions => 'ReadAccounts');
    my $r = $sb->api(GET => $list);
    is problem($r), '403 InsufficientPermissions CMN-401 -';
    is $r->{json}{permissionName}, 'ReadAccounts';
    $sb->config(missing_app_permissions => undef,
        missing_user_permissions => 'AddRemoveUsers');
    is $sb->api(GET => $list)->{status}, 200;
    $r = $sb->api(POST => $list, { contact => { firstName => 'A', email => 'a@b.example' } });
    is problem($r), '403 CMN-408 CMN-408 -';
    is $r->{json}{message}, '[AddRemoveUsers] permission required';
    $sb->config(missing_user_permissions => undef);
};

subtest 'rules 5 and 7: headers, ~ and method tunnel' => sub {
    my $r = $sb->api(GET => "$list/~");
    is $r->{status}, 200;
    is $r->{json}{id}, $sb->control(GET => '')->{accountId},
        'the system extension has the id of the account';
    is $r->{headers}{'content-type'}, 'application/json;charset=UTF-8';
    is $r->{headers}{'content-language'}, 'en-US';
    ok $r->{headers}{$_}, $_ for qw(rcrequestid routingkey);
    $r = $sb->api(POST => "$list?_method=GET");
    ok $r->{json}{records}, '?_method=';
    $r = $sb->api(POST => $list, undef, 'X-HTTP-Method-Override' => 'GET');
    ok $r->{json}{records}, 'X-HTTP-Method-Override';
};

subtest 'rule 6: unknown paths and methods' => sub {
    my $r = $sb->api(GET => '/restapi/v1.0/nothing');
    is problem($r), '404 CMN-120 CMN-120 -';
    is $r->{json}{message}, 'Invalid URI';
    is $sb->api(PATCH => $list)->{status}, 405;
    my $counted = $sb->counters->{groups}{medium};
    $sb->api(GET => '/restapi/v1.0/nothing');
    is $sb->counters->{groups}{medium}, $counted + 1, 'counted as medium';
    is problem($sb->api(GET => '/restapi/v1.0/account/~/templates/1')),
        '501 CMN-202 CMN-202 -', 'what the sandbox does not have';
};

subtest 'rules 30 and 31: error bodies' => sub {
    is_deeply $sb->api(GET => "$list?page=0")->{json},
        {
        errorCode => 'InvalidParameter',
        message   => 'Parameter [page] value is invalid.',
        errors    => [
            {
                errorCode     => 'CMN-101',
                message       => 'Parameter [page] value is invalid.',
                parameterName => 'page'
            }
        ],
        parameterName => 'page'
        };
    is_deeply $sb->api(DELETE => '/restapi/v2/accounts/~/extensions', { records => [] })
        ->{json},
        {
        errors => [
            {
                errorCode     => 'CMN-101',
                message       => 'Parameter [records] value is invalid.',
                parameterName => 'records'
            }
        ]
        };
    is problem($sb->api(GET => "$list/12345")), '404 CMN-102 CMN-102 extensionId';
    is problem($sb->api(POST => $list, '{', 'Content-Type' => 'application/json')),
        '400 CMN-103 CMN-103 -';
};

is join('', $sb->log_problems), '', 'the error log is clean';
unlike $sb->log, qr/\Q$sb->{secret}\E|\Q$sb->{jwt}\E/, 'no secret in it';
done_testing;
