# The demo: a gateway and a sandbox on loopback (docs/testing.md).
#
#   make demo-start DEMO_DIR=D DEMO_PORT=N    in the background; ready when it returns
#   make demo-stop DEMO_DIR=D
#   make demo                                 the same with a company that is provisioned
#
# What else can be set, on the command line or in the environment: DEMO_USERS,
# DEMO_LIMITS (real, off), DEMO_TIME_SCALE, DEMO_CONF (a file for the gateway's
# <Location>), DEMO_ONCE=1. demo/server knows what is usual.
DEMO_ENVIRONMENT = env HTTPD='$(HTTPD)' HTTPD_MODULEDIR='$(HTTPD_MODULEDIR)' \
	MODULE_SO='$(abs_top_builddir)/$(objdir)/mod_scim_rc.so' \
	SANDBOX_SO='$(abs_top_builddir)/$(objdir)/mod_rc_sandbox.so' \
	SANITIZER_PRELOAD='$(SANITIZER_PRELOAD)' PERL5LIB='$(abs_top_srcdir)/t/lib' \
	DEMO_DIR='$(DEMO_DIR)' DEMO_PORT='$(DEMO_PORT)' DEMO_USERS='$(DEMO_USERS)' \
	DEMO_LIMITS='$(DEMO_LIMITS)' DEMO_TIME_SCALE='$(DEMO_TIME_SCALE)' \
	DEMO_CONF='$(DEMO_CONF)' DEMO_ONCE='$(DEMO_ONCE)'

demo-start: all
	@$(DEMO_ENVIRONMENT) $(PERL) '$(top_srcdir)/demo/server' start
demo-stop:
	@$(DEMO_ENVIRONMENT) $(PERL) '$(top_srcdir)/demo/server' stop
demo: all
	@$(DEMO_ENVIRONMENT) $(PERL) '$(top_srcdir)/demo/demo'
.PHONY: demo demo-start demo-stop

EXTRA_DIST += demo/demo demo/server demo/gateway.conf demo/sandbox.conf demo/people.csv
