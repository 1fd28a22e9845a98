mod_scim_rc_la_CPPFLAGS = $(BASE_INC) -I$(M)/scim -I$(M)/gateway -I$(M)/auth -I$(M)/fleet -I$(M)/httpd \
	$(HTTPD_CPPFLAGS) -DSCIMRC_VERSION='"$(PACKAGE_VERSION)"'
mod_scim_rc_la_SOURCES = \
	mod_scim_rc/httpd/mod_scim_rc.c \
	mod_scim_rc/httpd/msr_account.c mod_scim_rc/httpd/msr_account.h \
	mod_scim_rc/httpd/msr_auth.c mod_scim_rc/httpd/msr_auth.h \
	mod_scim_rc/httpd/msr_check.c mod_scim_rc/httpd/msr_check.h \
	mod_scim_rc/httpd/msr_check_auth.c mod_scim_rc/httpd/msr_check_auth.h \
	mod_scim_rc/httpd/msr_check_handler.c mod_scim_rc/httpd/msr_check_handler.h \
	mod_scim_rc/httpd/msr_check_hook.c mod_scim_rc/httpd/msr_check_hook.h \
	mod_scim_rc/httpd/msr_check_place.c mod_scim_rc/httpd/msr_check_place.h \
	mod_scim_rc/httpd/msr_config.c mod_scim_rc/httpd/msr_config.h \
	mod_scim_rc/httpd/msr_config_parse.c mod_scim_rc/httpd/msr_config_parse.h \
	mod_scim_rc/httpd/msr_credential.c mod_scim_rc/httpd/msr_credential.h \
	mod_scim_rc/httpd/msr_directives.c \
	mod_scim_rc/httpd/msr_error.c mod_scim_rc/httpd/msr_error.h \
	mod_scim_rc/httpd/msr_handler.c mod_scim_rc/httpd/msr_handler.h \
	mod_scim_rc/httpd/msr_hook.c mod_scim_rc/httpd/msr_hook.h \
	mod_scim_rc/httpd/msr_io.c mod_scim_rc/httpd/msr_io.h \
	mod_scim_rc/httpd/msr_jobs.c mod_scim_rc/httpd/msr_jobs.h \
	mod_scim_rc/httpd/msr_log.c mod_scim_rc/httpd/msr_log.h \
	mod_scim_rc/httpd/msr_module.h \
	mod_scim_rc/httpd/msr_peers.c mod_scim_rc/httpd/msr_peers.h \
	mod_scim_rc/httpd/msr_shm.c mod_scim_rc/httpd/msr_shm.h \
	mod_scim_rc/httpd/msr_start.c mod_scim_rc/httpd/msr_start.h \
	mod_scim_rc/httpd/msr_state.c mod_scim_rc/httpd/msr_state.h
