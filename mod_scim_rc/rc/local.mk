noinst_LTLIBRARIES += librc.la
librc_la_CPPFLAGS = $(RC_INC) $(CURL_CFLAGS)
librc_la_SOURCES = \
	mod_scim_rc/rc/rc_answer.c mod_scim_rc/rc/rc_answer.h \
	mod_scim_rc/rc/rc_bulk.c \
	mod_scim_rc/rc/rc_bucket.c mod_scim_rc/rc/rc_bucket.h \
	mod_scim_rc/rc/rc_call.c mod_scim_rc/rc/rc_call.h \
	mod_scim_rc/rc/rc_claim.c mod_scim_rc/rc/rc_claim.h \
	mod_scim_rc/rc/rc_client.c mod_scim_rc/rc/rc_client.h \
	mod_scim_rc/rc/rc_common.c mod_scim_rc/rc/rc_common.h \
	mod_scim_rc/rc/rc_credential.c mod_scim_rc/rc/rc_credential.h \
	mod_scim_rc/rc/rc_curl.c mod_scim_rc/rc/rc_curl.h \
	mod_scim_rc/rc/rc_dictionary.c \
	mod_scim_rc/rc/rc_directory.c \
	mod_scim_rc/rc/rc_error.c mod_scim_rc/rc/rc_error.h \
	mod_scim_rc/rc/rc_extension.c \
	mod_scim_rc/rc/rc_line.c mod_scim_rc/rc/rc_line.h \
	mod_scim_rc/rc/rc_loan.c mod_scim_rc/rc/rc_loan.h \
	mod_scim_rc/rc/rc_pacer.c mod_scim_rc/rc/rc_pacer.h \
	mod_scim_rc/rc/rc_subscription.c \
	mod_scim_rc/rc/rc_place.c \
	mod_scim_rc/rc/rc_token.c mod_scim_rc/rc/rc_token.h \
	mod_scim_rc/rc/rc_transport.h

RC_TEST_INC = $(RC_INC) -I$(top_srcdir)/t/unit
rc_test_headers = t/unit/tap.h t/unit/rc_fake.h

check_PROGRAMS += t/unit/rc_answer.t t/unit/rc_client.t t/unit/rc_credential.t \
	t/unit/rc_curl.t t/unit/rc_fair.t t/unit/rc_fleet.t t/unit/rc_line.t \
	t/unit/rc_loan.t t/unit/rc_pacer.t t/unit/rc_peers.t t/unit/rc_token.t

t_unit_rc_answer_t_CPPFLAGS = $(RC_TEST_INC)
t_unit_rc_answer_t_SOURCES = t/unit/rc_answer.c $(rc_test_headers)
t_unit_rc_answer_t_LDADD = $(RC_LIBS)

t_unit_rc_client_t_CPPFLAGS = $(RC_TEST_INC)
t_unit_rc_client_t_SOURCES = t/unit/rc_client.c $(rc_test_headers)
t_unit_rc_client_t_LDADD = $(RC_LIBS)

t_unit_rc_credential_t_CPPFLAGS = $(RC_TEST_INC)
t_unit_rc_credential_t_SOURCES = t/unit/rc_credential.c $(rc_test_headers)
t_unit_rc_credential_t_LDADD = $(RC_LIBS)

t_unit_rc_curl_t_CPPFLAGS = $(RC_TEST_INC)
t_unit_rc_curl_t_SOURCES = t/unit/rc_curl.c t/unit/tap.h
t_unit_rc_curl_t_LDADD = $(RC_LIBS)

t_unit_rc_fair_t_CPPFLAGS = $(RC_TEST_INC)
t_unit_rc_fair_t_SOURCES = t/unit/rc_fair.c t/unit/rc_fake_peers.h $(rc_test_headers)
t_unit_rc_fair_t_LDADD = $(RC_LIBS) -lpthread

t_unit_rc_fleet_t_CPPFLAGS = $(RC_TEST_INC)
t_unit_rc_fleet_t_SOURCES = t/unit/rc_fleet.c $(rc_test_headers)
t_unit_rc_fleet_t_LDADD = $(RC_LIBS) -lpthread

t_unit_rc_line_t_CPPFLAGS = $(RC_TEST_INC)
t_unit_rc_line_t_SOURCES = t/unit/rc_line.c $(rc_test_headers)
t_unit_rc_line_t_LDADD = $(RC_LIBS)

t_unit_rc_loan_t_CPPFLAGS = $(RC_TEST_INC)
t_unit_rc_loan_t_SOURCES = t/unit/rc_loan.c t/unit/rc_fake_peers.h $(rc_test_headers)
t_unit_rc_loan_t_LDADD = $(RC_LIBS)

t_unit_rc_pacer_t_CPPFLAGS = $(RC_TEST_INC)
t_unit_rc_pacer_t_SOURCES = t/unit/rc_pacer.c $(rc_test_headers)
t_unit_rc_pacer_t_LDADD = $(RC_LIBS)

t_unit_rc_peers_t_CPPFLAGS = $(RC_TEST_INC)
t_unit_rc_peers_t_SOURCES = t/unit/rc_peers.c t/unit/rc_fake_peers.h $(rc_test_headers)
t_unit_rc_peers_t_LDADD = $(RC_LIBS)

t_unit_rc_token_t_CPPFLAGS = $(RC_TEST_INC)
t_unit_rc_token_t_SOURCES = t/unit/rc_token.c $(rc_test_headers)
t_unit_rc_token_t_LDADD = $(RC_LIBS)
