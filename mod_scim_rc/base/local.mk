noinst_LTLIBRARIES += libbase.la
libbase_la_CPPFLAGS = $(BASE_INC) $(CRYPTO_CFLAGS) $(UTF8PROC_CFLAGS)
libbase_la_SOURCES = \
	mod_scim_rc/base/base_env.c mod_scim_rc/base/base_env.h \
	mod_scim_rc/base/base_json.c mod_scim_rc/base/base_json.h \
	mod_scim_rc/base/base_lock.c mod_scim_rc/base/base_lock.h \
	mod_scim_rc/base/base_memory.c mod_scim_rc/base/base_memory.h \
	mod_scim_rc/base/base_secret.c mod_scim_rc/base/base_secret.h \
	mod_scim_rc/base/base_peers.h \
	mod_scim_rc/base/base_shared.h \
	mod_scim_rc/base/base_str.c mod_scim_rc/base/base_str.h \
	mod_scim_rc/base/base_time.c mod_scim_rc/base/base_time.h

check_PROGRAMS += \
	t/unit/base_json.t \
	t/unit/base_lock.t \
	t/unit/base_secret.t \
	t/unit/base_str.t \
	t/unit/base_time.t
t_unit_base_json_t_CPPFLAGS = $(BASE_INC) -I$(top_srcdir)/t/unit
t_unit_base_json_t_SOURCES = t/unit/base_json.c t/unit/tap.h
t_unit_base_json_t_LDADD = $(BASE_LIBS)
t_unit_base_lock_t_CPPFLAGS = $(BASE_INC) -I$(top_srcdir)/t/unit
t_unit_base_lock_t_SOURCES = t/unit/base_lock.c t/unit/tap.h
t_unit_base_lock_t_LDADD = $(BASE_LIBS)
t_unit_base_secret_t_CPPFLAGS = $(BASE_INC) -I$(top_srcdir)/t/unit
t_unit_base_secret_t_SOURCES = t/unit/base_secret.c t/unit/tap.h
t_unit_base_secret_t_LDADD = $(BASE_LIBS)
t_unit_base_str_t_CPPFLAGS = $(BASE_INC) -I$(top_srcdir)/t/unit
t_unit_base_str_t_SOURCES = t/unit/base_str.c t/unit/tap.h
t_unit_base_str_t_LDADD = $(BASE_LIBS)
t_unit_base_time_t_CPPFLAGS = $(BASE_INC) -I$(top_srcdir)/t/unit
t_unit_base_time_t_SOURCES = t/unit/base_time.c t/unit/tap.h
t_unit_base_time_t_LDADD = $(BASE_LIBS)
