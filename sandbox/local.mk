# The sandbox: a module for a private httpd, never installed. All but the two files of
# the module itself is built without httpd's headers.
SANDBOX_INC = $(BASE_INC) -I$(top_srcdir)/sandbox

noinst_LTLIBRARIES += libsandbox.la
libsandbox_la_CPPFLAGS = $(SANDBOX_INC) $(CURL_CFLAGS)
libsandbox_la_SOURCES = \
	sandbox/sbox.c \
	sandbox/sbox.h \
	sandbox/sbox_about.c \
	sandbox/sbox_about.h \
	sandbox/sbox_account.c \
	sandbox/sbox_account.h \
	sandbox/sbox_batch.c \
	sandbox/sbox_batch.h \
	sandbox/sbox_bulk.c \
	sandbox/sbox_bulk.h \
	sandbox/sbox_calls.c \
	sandbox/sbox_calls.h \
	sandbox/sbox_clock.c \
	sandbox/sbox_clock.h \
	sandbox/sbox_company.c \
	sandbox/sbox_company.h \
	sandbox/sbox_control.c \
	sandbox/sbox_control.h \
	sandbox/sbox_country.c \
	sandbox/sbox_country.h \
	sandbox/sbox_credential.c \
	sandbox/sbox_credential.h \
	sandbox/sbox_dictionary.c \
	sandbox/sbox_dictionary.h \
	sandbox/sbox_edit.c \
	sandbox/sbox_edit.h \
	sandbox/sbox_edit_list.c \
	sandbox/sbox_edit_text.c \
	sandbox/sbox_entries.c \
	sandbox/sbox_entries.h \
	sandbox/sbox_event.c \
	sandbox/sbox_event.h \
	sandbox/sbox_event_control.c \
	sandbox/sbox_event_control.h \
	sandbox/sbox_event_filter.c \
	sandbox/sbox_event_filter.h \
	sandbox/sbox_extension.c \
	sandbox/sbox_extension.h \
	sandbox/sbox_fault.c \
	sandbox/sbox_fault.h \
	sandbox/sbox_fault_kind.c \
	sandbox/sbox_fault_kind.h \
	sandbox/sbox_field.c \
	sandbox/sbox_field.h \
	sandbox/sbox_group.c \
	sandbox/sbox_group.h \
	sandbox/sbox_hook.c \
	sandbox/sbox_hook.h \
	sandbox/sbox_hook_private.h \
	sandbox/sbox_hook_state.c \
	sandbox/sbox_hook_state.h \
	sandbox/sbox_hook_send.c \
	sandbox/sbox_hook_send.h \
	sandbox/sbox_hook_work.c \
	sandbox/sbox_http.c \
	sandbox/sbox_http.h \
	sandbox/sbox_knob.c \
	sandbox/sbox_knob.h \
	sandbox/sbox_limit.c \
	sandbox/sbox_limit.h \
	sandbox/sbox_locale.c \
	sandbox/sbox_locale.h \
	sandbox/sbox_number.c \
	sandbox/sbox_number.h \
	sandbox/sbox_oauth.c \
	sandbox/sbox_oauth.h \
	sandbox/sbox_operation.h \
	sandbox/sbox_operations.c \
	sandbox/sbox_order.c \
	sandbox/sbox_order.h \
	sandbox/sbox_page.c \
	sandbox/sbox_page.h \
	sandbox/sbox_people.h \
	sandbox/sbox_people_read.c \
	sandbox/sbox_people_write.c \
	sandbox/sbox_phone.c \
	sandbox/sbox_phone.h \
	sandbox/sbox_problem.c \
	sandbox/sbox_problem.h \
	sandbox/sbox_province.c \
	sandbox/sbox_province.h \
	sandbox/sbox_queue.c \
	sandbox/sbox_queue.h \
	sandbox/sbox_route.c \
	sandbox/sbox_route.h \
	sandbox/sbox_sample.c \
	sandbox/sbox_sample.h \
	sandbox/sbox_scim.c \
	sandbox/sbox_scim.h \
	sandbox/sbox_scim_list.c \
	sandbox/sbox_scim_patch.c \
	sandbox/sbox_scim_schema.c \
	sandbox/sbox_scim_user.c \
	sandbox/sbox_scim_user.h \
	sandbox/sbox_search.c \
	sandbox/sbox_search.h \
	sandbox/sbox_service.c \
	sandbox/sbox_session.c \
	sandbox/sbox_session.h \
	sandbox/sbox_settings.h \
	sandbox/sbox_snapshot.c \
	sandbox/sbox_snapshot.h \
	sandbox/sbox_spare.c \
	sandbox/sbox_spare.h \
	sandbox/sbox_specimen.c \
	sandbox/sbox_specimen.h \
	sandbox/sbox_state.c \
	sandbox/sbox_state.h \
	sandbox/sbox_subscription.c \
	sandbox/sbox_subscription.h \
	sandbox/sbox_token.c \
	sandbox/sbox_token.h \
	sandbox/sbox_view.c \
	sandbox/sbox_view.h

# The path of -rpath makes libtool build a shared object that is not installed.
noinst_LTLIBRARIES += mod_rc_sandbox.la
mod_rc_sandbox_la_CPPFLAGS = $(SANDBOX_INC) $(HTTPD_CPPFLAGS)
mod_rc_sandbox_la_SOURCES = \
	sandbox/mod_rc_sandbox.c sandbox/sbox_httpd.c sandbox/sbox_httpd.h
mod_rc_sandbox_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-rpath /nowhere -export-symbols-regex '^rc_sandbox_module$$'
mod_rc_sandbox_la_LIBADD = libsandbox.la libbase.la $(UTF8PROC_LIBS) $(JANSSON_LIBS) \
	$(CRYPTO_LIBS) $(CURL_LIBS) -lm

check_PROGRAMS += t/unit/sbox_account.t t/unit/sbox_service.t
t_unit_sbox_account_t_CPPFLAGS = $(SANDBOX_INC) -I$(top_srcdir)/t/unit
t_unit_sbox_account_t_SOURCES = t/unit/sbox_account.c t/unit/tap.h
t_unit_sbox_account_t_LDADD = libsandbox.la $(BASE_LIBS) $(CURL_LIBS) -lm
t_unit_sbox_service_t_CPPFLAGS = $(SANDBOX_INC) -I$(top_srcdir)/t/unit
t_unit_sbox_service_t_SOURCES = t/unit/sbox_service.c t/unit/tap.h
t_unit_sbox_service_t_LDADD = libsandbox.la $(BASE_LIBS) $(CURL_LIBS) -lm
check_PROGRAMS += t/unit/sbox_hook.t
t_unit_sbox_hook_t_CPPFLAGS = $(SANDBOX_INC) -I$(top_srcdir)/t/unit
t_unit_sbox_hook_t_SOURCES = t/unit/sbox_hook.c t/unit/tap.h
t_unit_sbox_hook_t_LDADD = libsandbox.la $(BASE_LIBS) $(CURL_LIBS) -lm

dist_check_SCRIPTS += t/60-sandbox-parallel.t
EXTRA_DIST += sandbox/gen-operations.pl
