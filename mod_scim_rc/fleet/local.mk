noinst_LTLIBRARIES += libfleet.la
libfleet_la_CPPFLAGS = $(FLEET_INC) $(HIREDIS_CFLAGS) $(CRYPTO_CFLAGS)
libfleet_la_SOURCES = \
	mod_scim_rc/fleet/fleet_address.c mod_scim_rc/fleet/fleet_address.h \
	mod_scim_rc/fleet/fleet_budget.c \
	mod_scim_rc/fleet/fleet_connect.c \
	mod_scim_rc/fleet/fleet_link.c mod_scim_rc/fleet/fleet_link.h \
	mod_scim_rc/fleet/fleet_lookup.c mod_scim_rc/fleet/fleet_lookup.h \
	mod_scim_rc/fleet/fleet_news.c \
	mod_scim_rc/fleet/fleet_peers.c mod_scim_rc/fleet/fleet_peers.h \
	mod_scim_rc/fleet/fleet_private.h \
	mod_scim_rc/fleet/fleet_script.c mod_scim_rc/fleet/fleet_script.h \
	mod_scim_rc/fleet/fleet_seal.c mod_scim_rc/fleet/fleet_seal.h \
	mod_scim_rc/fleet/fleet_state.c mod_scim_rc/fleet/fleet_state.h \
	mod_scim_rc/fleet/fleet_trouble.c mod_scim_rc/fleet/fleet_trouble.h \
	mod_scim_rc/fleet/fleet_value.c \
	mod_scim_rc/fleet/fleet_wire.c mod_scim_rc/fleet/fleet_wire.h

FLEET_TEST_INC = $(FLEET_INC) $(HIREDIS_CFLAGS) -I$(top_srcdir)/t/unit
fleet_test_headers = t/unit/fleet_redis.h t/unit/tap.h

check_PROGRAMS += \
	t/unit/fleet_address.t \
	t/unit/fleet_away.t \
	t/unit/fleet_budget.t \
	t/unit/fleet_lookup.t \
	t/unit/fleet_news.t \
	t/unit/fleet_seal.t \
	t/unit/fleet_value.t
t_unit_fleet_address_t_CPPFLAGS = $(FLEET_TEST_INC)
t_unit_fleet_address_t_SOURCES = t/unit/fleet_address.c t/unit/tap.h
t_unit_fleet_address_t_LDADD = $(FLEET_LIBS)
t_unit_fleet_away_t_CPPFLAGS = $(FLEET_TEST_INC)
t_unit_fleet_away_t_SOURCES = t/unit/fleet_away.c $(fleet_test_headers)
t_unit_fleet_away_t_LDADD = $(FLEET_LIBS) -lpthread
t_unit_fleet_budget_t_CPPFLAGS = $(FLEET_TEST_INC)
t_unit_fleet_budget_t_SOURCES = t/unit/fleet_budget.c $(fleet_test_headers)
t_unit_fleet_budget_t_LDADD = $(FLEET_LIBS) -lpthread
t_unit_fleet_lookup_t_CPPFLAGS = $(FLEET_TEST_INC)
t_unit_fleet_lookup_t_SOURCES = t/unit/fleet_lookup.c $(fleet_test_headers)
t_unit_fleet_lookup_t_LDADD = $(FLEET_LIBS) -lpthread
t_unit_fleet_news_t_CPPFLAGS = $(FLEET_TEST_INC)
t_unit_fleet_news_t_SOURCES = t/unit/fleet_news.c $(fleet_test_headers)
t_unit_fleet_news_t_LDADD = $(FLEET_LIBS) -lpthread
t_unit_fleet_seal_t_CPPFLAGS = $(FLEET_TEST_INC)
t_unit_fleet_seal_t_SOURCES = t/unit/fleet_seal.c t/unit/tap.h
t_unit_fleet_seal_t_LDADD = $(FLEET_LIBS)
t_unit_fleet_value_t_CPPFLAGS = $(FLEET_TEST_INC)
t_unit_fleet_value_t_SOURCES = t/unit/fleet_value.c $(fleet_test_headers)
t_unit_fleet_value_t_LDADD = $(FLEET_LIBS) -lpthread
