# Every test is a TAP producer named *.t: the layers' unit tests come with their
# folders, the scripts below need the built module and a live httpd.
SOURCE_TESTS = t/01-layering.t t/02-headers.t t/03-directives.t t/04-links.t \
	t/05-style.t
LIVE_TESTS = t/10-config.t t/11-auth.t t/13-errors.t t/14-restart.t t/15-accounts.t \
	t/16-waiting.t t/20-scenarios.t t/21-vectors.t t/22-create.t t/23-delete.t \
	t/24-addresses.t t/25-update.t t/26-list.t t/26-sort.t \
	t/27-protocol.t t/28-errors.t \
	t/29-copy.t t/30-pool.t t/35-knobs.t \
	t/40-load.t t/41-quota.t t/42-quota-shared.t t/43-credentials.t t/44-faults.t \
	t/45-storm.t t/46-concurrency.t t/47-trouble.t t/48-secrets.t t/49-other-account.t t/49-state.t t/49-unopened.t \
	t/50-bulk.t t/51-fairness.t t/51-too-many.t t/52-gather.t t/52-gather-children.t t/52-gather-removals.t t/52-gather-restart.t t/52-several-credentials.t t/53-bulk-writes.t t/53-bulk-creates.t t/54-etag.t t/54-etag-old.t t/55-webhook.t t/56-fleet.t t/56-restart.t t/57-redis.t t/57-fleet-quota.t t/58-create-together.t t/59-new-settings.t \
	t/60-sandbox-bulk.t t/60-sandbox-control.t t/60-sandbox-credentials.t \
	t/60-sandbox-directory.t t/60-sandbox-extension.t \
	t/60-sandbox-fault.t t/60-sandbox-limit.t t/60-sandbox-oauth.t \
	t/60-sandbox-scim.t t/60-sandbox-webhook.t \
	t/61-sandbox-operations.t t/65-sandbox-openapi.t
dist_check_SCRIPTS += $(SOURCE_TESTS) $(LIVE_TESTS)

TESTS = $(check_PROGRAMS) $(dist_check_SCRIPTS)
TEST_EXTENSIONS = .t
T_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
# What a failed test says about it belongs into its log.
T_LOG_DRIVER_FLAGS = --merge
T_LOG_COMPILER = $(top_srcdir)/t/run-t
AM_TESTS_ENVIRONMENT = \
	HTTPD='$(HTTPD)' HTTPD_MODULEDIR='$(HTTPD_MODULEDIR)' PERL='$(PERL)' \
	MODULE_SO='$(abs_top_builddir)/$(objdir)/mod_scim_rc.so' \
	SANDBOX_SO='$(abs_top_builddir)/$(objdir)/mod_rc_sandbox.so' \
	SANITIZER_PRELOAD='$(SANITIZER_PRELOAD)' CC='$(CC)' \
	APR_CFLAGS='$(APR_CFLAGS)' JANSSON_CFLAGS='$(JANSSON_CFLAGS)' \
	CURL_CFLAGS='$(CURL_CFLAGS)' CRYPTO_CFLAGS='$(CRYPTO_CFLAGS)' \
	UTF8PROC_CFLAGS='$(UTF8PROC_CFLAGS)' LMDB_CFLAGS='$(LMDB_CFLAGS)' \
	HIREDIS_CFLAGS='$(HIREDIS_CFLAGS)' REDIS_SERVER='$(REDIS_SERVER)' \
	HTTPD_CPPFLAGS='$(HTTPD_CPPFLAGS)' PERL5LIB='$(abs_top_srcdir)/t/lib' \
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)'; \
	export HTTPD HTTPD_MODULEDIR PERL MODULE_SO SANDBOX_SO SANITIZER_PRELOAD CC \
	APR_CFLAGS JANSSON_CFLAGS CURL_CFLAGS CRYPTO_CFLAGS UTF8PROC_CFLAGS LMDB_CFLAGS \
	HIREDIS_CFLAGS REDIS_SERVER HTTPD_CPPFLAGS PERL5LIB top_srcdir top_builddir;

# What t/lib/SandboxSchema.pm and Sandbox.pm keep from one test to the next.
CLEANFILES += t/openapi.cache t/openapi.seen

EXTRA_DIST += t/run-t t/unit/tap.h t/lib t/scenarios
