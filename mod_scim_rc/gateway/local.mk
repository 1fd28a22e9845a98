noinst_LTLIBRARIES += libgateway.la
libgateway_la_CPPFLAGS = $(GATEWAY_INC)
libgateway_la_SOURCES = \
	mod_scim_rc/gateway/gw_account.c mod_scim_rc/gateway/gw_account.h \
	mod_scim_rc/gateway/gw_account_private.h \
	mod_scim_rc/gateway/gw_age.c mod_scim_rc/gateway/gw_age.h \
	mod_scim_rc/gateway/gw_ask.c \
	mod_scim_rc/gateway/gw_backend.c \
	mod_scim_rc/gateway/gw_board.c mod_scim_rc/gateway/gw_board.h \
	mod_scim_rc/gateway/gw_board_carry.c mod_scim_rc/gateway/gw_board_private.h \
	mod_scim_rc/gateway/gw_sign.c mod_scim_rc/gateway/gw_sign.h \
	mod_scim_rc/gateway/gw_carry.c mod_scim_rc/gateway/gw_carry.h \
	mod_scim_rc/gateway/gw_copy.c \
	mod_scim_rc/gateway/gw_create.c \
	mod_scim_rc/gateway/gw_dictionary.c mod_scim_rc/gateway/gw_dictionary.h \
	mod_scim_rc/gateway/gw_error.c mod_scim_rc/gateway/gw_error.h \
	mod_scim_rc/gateway/gw_fill.c \
	mod_scim_rc/gateway/gw_finish.c \
	mod_scim_rc/gateway/gw_gather.c mod_scim_rc/gateway/gw_gather.h \
	mod_scim_rc/gateway/gw_hear.c mod_scim_rc/gateway/gw_hear.h \
	mod_scim_rc/gateway/gw_hook.c mod_scim_rc/gateway/gw_hook.h \
	mod_scim_rc/gateway/gw_iso3166.c mod_scim_rc/gateway/gw_iso3166.h \
	mod_scim_rc/gateway/gw_lane.c mod_scim_rc/gateway/gw_lane.h \
	mod_scim_rc/gateway/gw_lead.c \
	mod_scim_rc/gateway/gw_item.c mod_scim_rc/gateway/gw_item.h \
	mod_scim_rc/gateway/gw_learn.c mod_scim_rc/gateway/gw_learn.h \
	mod_scim_rc/gateway/gw_news.c mod_scim_rc/gateway/gw_news.h \
	mod_scim_rc/gateway/gw_intake.c mod_scim_rc/gateway/gw_intake.h \
	mod_scim_rc/gateway/gw_intake_private.h \
	mod_scim_rc/gateway/gw_intake_line.c mod_scim_rc/gateway/gw_intake_batch.c \
	mod_scim_rc/gateway/gw_intake_rest.c \
	mod_scim_rc/gateway/gw_notes.c mod_scim_rc/gateway/gw_notes.h \
	mod_scim_rc/gateway/gw_numbers.c mod_scim_rc/gateway/gw_numbers.h \
	mod_scim_rc/gateway/gw_owner.c mod_scim_rc/gateway/gw_owner.h \
	mod_scim_rc/gateway/gw_plan.c mod_scim_rc/gateway/gw_plan.h \
	mod_scim_rc/gateway/gw_singly.c mod_scim_rc/gateway/gw_singly.h \
	mod_scim_rc/gateway/gw_stale.c mod_scim_rc/gateway/gw_stale.h \
	mod_scim_rc/gateway/gw_subscription.c mod_scim_rc/gateway/gw_subscription.h \
	mod_scim_rc/gateway/gw_sync.c mod_scim_rc/gateway/gw_sync.h \
	mod_scim_rc/gateway/gw_turn.c mod_scim_rc/gateway/gw_turn.h \
	mod_scim_rc/gateway/gw_table.c mod_scim_rc/gateway/gw_table.h \
	mod_scim_rc/gateway/gw_job.c mod_scim_rc/gateway/gw_job.h \
	mod_scim_rc/gateway/gw_maker.c mod_scim_rc/gateway/gw_maker.h \
	mod_scim_rc/gateway/gw_many.c mod_scim_rc/gateway/gw_many.h \
	mod_scim_rc/gateway/gw_name.c mod_scim_rc/gateway/gw_name.h \
	mod_scim_rc/gateway/gw_merge.c \
	mod_scim_rc/gateway/gw_batch.c mod_scim_rc/gateway/gw_batch.h \
	mod_scim_rc/gateway/gw_crew.c \
	mod_scim_rc/gateway/gw_relist.c \
	mod_scim_rc/gateway/gw_sequel.c \
	mod_scim_rc/gateway/gw_voyage.c mod_scim_rc/gateway/gw_voyage.h \
	mod_scim_rc/gateway/gw_write.c

# The tests share a platform that is a fake, and a gateway before it.
check_LTLIBRARIES = libgwtest.la
libgwtest_la_CPPFLAGS = $(GATEWAY_INC) -I$(top_srcdir)/t/unit
libgwtest_la_SOURCES = \
	t/unit/fake_peers.c t/unit/fake_peers.h \
	t/unit/fake_rc.c t/unit/fake_rc.h \
	t/unit/fake_rc_account.c t/unit/fake_rc_private.h \
	t/unit/fake_rc_hook.c \
	t/unit/fake_rc_bulk.c \
	t/unit/gw_crowd.c t/unit/gw_crowd.h \
	t/unit/gw_fixture.c t/unit/gw_fixture.h \
	t/unit/gw_pair.c t/unit/gw_pair.h
GATEWAY_TEST_INC = $(GATEWAY_INC) -I$(top_srcdir)/t/unit
GATEWAY_TEST_LIBS = libgwtest.la $(GATEWAY_LIBS)

check_PROGRAMS += \
	t/unit/gw_account.t \
	t/unit/gw_active.t \
	t/unit/gw_age.t \
	t/unit/gw_address.t \
	t/unit/gw_board.t \
	t/unit/gw_bulk.t \
	t/unit/gw_copy.t \
	t/unit/gw_create.t \
	t/unit/gw_dictionary.t \
	t/unit/gw_disk.t \
	t/unit/gw_error.t \
	t/unit/gw_gather.t \
	t/unit/gw_hear.t \
	t/unit/gw_hook.t \
	t/unit/gw_item.t \
	t/unit/gw_locks.t \
	t/unit/gw_lost.t \
	t/unit/gw_many.t \
	t/unit/gw_news.t \
	t/unit/gw_owner.t \
	t/unit/gw_intake.t \
	t/unit/gw_intake_leader.t \
	t/unit/gw_plan.t \
	t/unit/gw_pool.t \
	t/unit/gw_query.t \
	t/unit/gw_race.t \
	t/unit/gw_remove.t \
	t/unit/gw_stale.t \
	t/unit/gw_sync.t \
	t/unit/gw_table.t t/unit/gw_turn.t \
	t/unit/gw_write.t
t_unit_gw_account_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_account_t_SOURCES = t/unit/gw_account.c t/unit/tap.h
t_unit_gw_account_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_active_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_active_t_SOURCES = t/unit/gw_active.c t/unit/tap.h
t_unit_gw_active_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_age_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_age_t_SOURCES = t/unit/gw_age.c t/unit/tap.h
t_unit_gw_age_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_address_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_address_t_SOURCES = t/unit/gw_address.c t/unit/tap.h
t_unit_gw_address_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_board_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_board_t_SOURCES = t/unit/gw_board.c t/unit/tap.h
t_unit_gw_board_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_copy_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_copy_t_SOURCES = t/unit/gw_copy.c t/unit/tap.h
t_unit_gw_copy_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_create_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_create_t_SOURCES = t/unit/gw_create.c t/unit/tap.h
t_unit_gw_create_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_dictionary_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_dictionary_t_SOURCES = t/unit/gw_dictionary.c t/unit/tap.h
t_unit_gw_dictionary_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_disk_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_disk_t_SOURCES = t/unit/gw_disk.c t/unit/tap.h
t_unit_gw_disk_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_error_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_error_t_SOURCES = t/unit/gw_error.c t/unit/tap.h
t_unit_gw_error_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_hear_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_hear_t_SOURCES = t/unit/gw_hear.c t/unit/tap.h
t_unit_gw_hear_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_hook_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_hook_t_SOURCES = t/unit/gw_hook.c t/unit/tap.h
t_unit_gw_hook_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_item_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_item_t_SOURCES = t/unit/gw_item.c t/unit/tap.h
t_unit_gw_item_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_news_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_news_t_SOURCES = t/unit/gw_news.c t/unit/tap.h
t_unit_gw_news_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_owner_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_owner_t_SOURCES = t/unit/gw_owner.c t/unit/tap.h
t_unit_gw_owner_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_intake_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_intake_t_SOURCES = t/unit/gw_intake.c t/unit/tap.h
t_unit_gw_intake_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_intake_leader_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_intake_leader_t_SOURCES = t/unit/gw_intake_leader.c t/unit/tap.h
t_unit_gw_intake_leader_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_plan_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_plan_t_SOURCES = t/unit/gw_plan.c t/unit/tap.h
t_unit_gw_plan_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_pool_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_pool_t_SOURCES = t/unit/gw_pool.c t/unit/tap.h
t_unit_gw_pool_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_query_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_query_t_SOURCES = t/unit/gw_query.c t/unit/tap.h
t_unit_gw_query_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_race_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_race_t_SOURCES = t/unit/gw_race.c t/unit/tap.h
t_unit_gw_race_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_remove_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_remove_t_SOURCES = t/unit/gw_remove.c t/unit/tap.h
t_unit_gw_remove_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_stale_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_stale_t_SOURCES = t/unit/gw_stale.c t/unit/tap.h
t_unit_gw_stale_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_sync_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_sync_t_SOURCES = t/unit/gw_sync.c t/unit/tap.h
t_unit_gw_sync_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_table_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_table_t_SOURCES = t/unit/gw_table.c t/unit/tap.h
t_unit_gw_table_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_turn_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_turn_t_SOURCES = t/unit/gw_turn.c t/unit/tap.h
t_unit_gw_turn_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_write_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_write_t_SOURCES = t/unit/gw_write.c t/unit/tap.h
t_unit_gw_write_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_lost_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_lost_t_SOURCES = t/unit/gw_lost.c t/unit/tap.h
t_unit_gw_lost_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_gather_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_gather_t_SOURCES = t/unit/gw_gather.c t/unit/tap.h
t_unit_gw_gather_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_locks_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_locks_t_SOURCES = t/unit/gw_locks.c t/unit/tap.h
t_unit_gw_locks_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_many_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_many_t_SOURCES = t/unit/gw_many.c t/unit/tap.h
t_unit_gw_many_t_LDADD = $(GATEWAY_TEST_LIBS)
t_unit_gw_bulk_t_CPPFLAGS = $(GATEWAY_TEST_INC)
t_unit_gw_bulk_t_SOURCES = t/unit/gw_bulk.c t/unit/tap.h
t_unit_gw_bulk_t_LDADD = $(GATEWAY_TEST_LIBS)
