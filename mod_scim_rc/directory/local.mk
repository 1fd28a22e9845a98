noinst_LTLIBRARIES += libdirectory.la
libdirectory_la_CPPFLAGS = $(DIRECTORY_INC) $(LMDB_CFLAGS)
libdirectory_la_SOURCES = \
	mod_scim_rc/directory/dir_guard.c mod_scim_rc/directory/dir_guard.h \
	mod_scim_rc/directory/dir_query.c \
	mod_scim_rc/directory/dir_read.c \
	mod_scim_rc/directory/dir_record.c mod_scim_rc/directory/dir_record.h \
	mod_scim_rc/directory/dir_sort.c mod_scim_rc/directory/dir_sort.h \
	mod_scim_rc/directory/dir_store.c mod_scim_rc/directory/dir_store.h \
	mod_scim_rc/directory/dir_store_private.h \
	mod_scim_rc/directory/dir_txn.c \
	mod_scim_rc/directory/dir_write.c

check_PROGRAMS += \
	t/unit/dir_damage.t \
	t/unit/dir_process.t \
	t/unit/dir_record.t \
	t/unit/dir_sort.t \
	t/unit/dir_store.t
t_unit_dir_damage_t_CPPFLAGS = $(DIRECTORY_INC) $(LMDB_CFLAGS) -I$(top_srcdir)/t/unit
t_unit_dir_damage_t_SOURCES = t/unit/dir_damage.c t/unit/dir_test.h t/unit/tap.h
t_unit_dir_damage_t_LDADD = $(DIRECTORY_LIBS)
t_unit_dir_process_t_CPPFLAGS = $(DIRECTORY_INC) $(LMDB_CFLAGS) -I$(top_srcdir)/t/unit
t_unit_dir_process_t_SOURCES = t/unit/dir_process.c t/unit/dir_test.h t/unit/tap.h
t_unit_dir_process_t_LDADD = $(DIRECTORY_LIBS)
t_unit_dir_record_t_CPPFLAGS = $(DIRECTORY_INC) $(LMDB_CFLAGS) -I$(top_srcdir)/t/unit
t_unit_dir_record_t_SOURCES = t/unit/dir_record.c t/unit/dir_test.h t/unit/tap.h
t_unit_dir_record_t_LDADD = $(DIRECTORY_LIBS)
t_unit_dir_sort_t_CPPFLAGS = $(DIRECTORY_INC) -I$(top_srcdir)/t/unit
t_unit_dir_sort_t_SOURCES = t/unit/dir_sort.c t/unit/tap.h
t_unit_dir_sort_t_LDADD = $(DIRECTORY_LIBS)
t_unit_dir_store_t_CPPFLAGS = $(DIRECTORY_INC) $(LMDB_CFLAGS) -I$(top_srcdir)/t/unit
t_unit_dir_store_t_SOURCES = t/unit/dir_store.c t/unit/dir_test.h t/unit/tap.h
t_unit_dir_store_t_LDADD = $(DIRECTORY_LIBS)
