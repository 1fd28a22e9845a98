noinst_LTLIBRARIES += libauth.la
libauth_la_CPPFLAGS = $(AUTH_INC)
libauth_la_SOURCES = \
	mod_scim_rc/auth/auth_file.c mod_scim_rc/auth/auth_file.h \
	mod_scim_rc/auth/auth_scope.c mod_scim_rc/auth/auth_scope.h \
	mod_scim_rc/auth/auth_token.c mod_scim_rc/auth/auth_token.h

check_PROGRAMS += \
	t/unit/auth_scope.t \
	t/unit/auth_token.t
t_unit_auth_scope_t_CPPFLAGS = $(AUTH_INC) -I$(top_srcdir)/t/unit
t_unit_auth_scope_t_SOURCES = t/unit/auth_scope.c t/unit/tap.h
t_unit_auth_scope_t_LDADD = libauth.la $(BASE_LIBS)
t_unit_auth_token_t_CPPFLAGS = $(AUTH_INC) -I$(top_srcdir)/t/unit
t_unit_auth_token_t_SOURCES = t/unit/auth_token.c t/unit/tap.h
t_unit_auth_token_t_LDADD = libauth.la $(BASE_LIBS)
