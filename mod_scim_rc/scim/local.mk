noinst_LTLIBRARIES += libscim.la
libscim_la_CPPFLAGS = $(SCIM_INC)
libscim_la_SOURCES = \
	mod_scim_rc/scim/scim_error.c mod_scim_rc/scim/scim_error.h \
	mod_scim_rc/scim/scim_schema.c mod_scim_rc/scim/scim_schema.h \
	mod_scim_rc/scim/scim_schema_user.c \
	mod_scim_rc/scim/scim_path.c mod_scim_rc/scim/scim_path.h \
	mod_scim_rc/scim/scim_brief.c mod_scim_rc/scim/scim_brief.h \
	mod_scim_rc/scim/scim_brief_private.h mod_scim_rc/scim/scim_brief_read.h \
	mod_scim_rc/scim/scim_search.c \
	mod_scim_rc/scim/scim_sort.c mod_scim_rc/scim/scim_sort.h \
	mod_scim_rc/scim/scim_filter.h mod_scim_rc/scim/scim_filter_match.c \
	mod_scim_rc/scim/scim_filter_parse.c mod_scim_rc/scim/scim_filter_value.c \
	mod_scim_rc/scim/scim_parse.c mod_scim_rc/scim/scim_parse.h

check_PROGRAMS += \
	t/unit/scim_brief.t \
	t/unit/scim_error.t \
	t/unit/scim_filter.t \
	t/unit/scim_path.t \
	t/unit/scim_schema.t \
	t/unit/scim_sort.t
t_unit_scim_brief_t_CPPFLAGS = $(SCIM_INC) -I$(top_srcdir)/t/unit
t_unit_scim_brief_t_SOURCES = t/unit/scim_brief.c t/unit/scim_things.h t/unit/tap.h
t_unit_scim_brief_t_LDADD = libscim.la $(BASE_LIBS)
t_unit_scim_error_t_CPPFLAGS = $(SCIM_INC) -I$(top_srcdir)/t/unit
t_unit_scim_error_t_SOURCES = t/unit/scim_error.c t/unit/tap.h
t_unit_scim_error_t_LDADD = libscim.la $(BASE_LIBS)
t_unit_scim_filter_t_CPPFLAGS = $(SCIM_INC) -I$(top_srcdir)/t/unit
t_unit_scim_filter_t_SOURCES = t/unit/scim_filter.c t/unit/tap.h
t_unit_scim_filter_t_LDADD = libscim.la $(BASE_LIBS)
t_unit_scim_path_t_CPPFLAGS = $(SCIM_INC) -I$(top_srcdir)/t/unit
t_unit_scim_path_t_SOURCES = t/unit/scim_path.c t/unit/tap.h
t_unit_scim_path_t_LDADD = libscim.la $(BASE_LIBS)
t_unit_scim_schema_t_CPPFLAGS = $(SCIM_INC) -I$(top_srcdir)/t/unit
t_unit_scim_schema_t_SOURCES = t/unit/scim_schema.c t/unit/tap.h
t_unit_scim_schema_t_LDADD = libscim.la $(BASE_LIBS)
t_unit_scim_sort_t_CPPFLAGS = $(SCIM_INC) -I$(top_srcdir)/t/unit
t_unit_scim_sort_t_SOURCES = t/unit/scim_sort.c t/unit/scim_json.h t/unit/scim_things.h \
	t/unit/tap.h
t_unit_scim_sort_t_LDADD = libscim.la $(BASE_LIBS)

libscim_la_SOURCES += \
	mod_scim_rc/scim/scim_backend.h \
	mod_scim_rc/scim/scim_bulk.c mod_scim_rc/scim/scim_bulk.h \
	mod_scim_rc/scim/scim_bulk_plan.c mod_scim_rc/scim/scim_bulk_read.c \
	mod_scim_rc/scim/scim_bulk_refer.c mod_scim_rc/scim/scim_bulk_run.c \
	mod_scim_rc/scim/scim_call.h \
	mod_scim_rc/scim/scim_discovery.c mod_scim_rc/scim/scim_discovery.h \
	mod_scim_rc/scim/scim_edit.c mod_scim_rc/scim/scim_edit.h \
	mod_scim_rc/scim/scim_etag.c mod_scim_rc/scim/scim_etag.h \
	mod_scim_rc/scim/scim_operation.c \
	mod_scim_rc/scim/scim_patch.c mod_scim_rc/scim/scim_patch.h \
	mod_scim_rc/scim/scim_patch_apply.c mod_scim_rc/scim/scim_patch_apply.h \
	mod_scim_rc/scim/scim_patch_list.c mod_scim_rc/scim/scim_patch_list.h \
	mod_scim_rc/scim/scim_project.c \
	mod_scim_rc/scim/scim_request.c mod_scim_rc/scim/scim_request.h \
	mod_scim_rc/scim/scim_resource.c mod_scim_rc/scim/scim_resource.h \
	mod_scim_rc/scim/scim_response.c mod_scim_rc/scim/scim_response.h \
	mod_scim_rc/scim/scim_service.c mod_scim_rc/scim/scim_service.h \
	mod_scim_rc/scim/scim_value.c mod_scim_rc/scim/scim_value.h

check_PROGRAMS += \
	t/unit/scim_bulk.t \
	t/unit/scim_discovery.t \
	t/unit/scim_etag.t \
	t/unit/scim_patch.t \
	t/unit/scim_request.t \
	t/unit/scim_resource.t \
	t/unit/scim_service.t
t_unit_scim_bulk_t_CPPFLAGS = $(SCIM_INC) -I$(top_srcdir)/t/unit
t_unit_scim_bulk_t_SOURCES = t/unit/scim_bulk.c t/unit/scim_json.h t/unit/scim_memory.h \
	t/unit/tap.h
t_unit_scim_bulk_t_LDADD = libscim.la $(BASE_LIBS)
t_unit_scim_bulk_t_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=apr_hash_get
t_unit_scim_etag_t_CPPFLAGS = $(SCIM_INC) -I$(top_srcdir)/t/unit
t_unit_scim_etag_t_SOURCES = t/unit/scim_etag.c t/unit/tap.h
t_unit_scim_etag_t_LDADD = libscim.la $(BASE_LIBS)
t_unit_scim_discovery_t_CPPFLAGS = $(SCIM_INC) -I$(top_srcdir)/t/unit
t_unit_scim_discovery_t_SOURCES = t/unit/scim_discovery.c t/unit/scim_json.h \
	t/unit/tap.h
t_unit_scim_discovery_t_LDADD = libscim.la $(BASE_LIBS)
t_unit_scim_patch_t_CPPFLAGS = $(SCIM_INC) -I$(top_srcdir)/t/unit
t_unit_scim_patch_t_SOURCES = t/unit/scim_patch.c t/unit/scim_json.h \
	t/unit/tap.h
t_unit_scim_patch_t_LDADD = libscim.la $(BASE_LIBS)
t_unit_scim_request_t_CPPFLAGS = $(SCIM_INC) -I$(top_srcdir)/t/unit
t_unit_scim_request_t_SOURCES = t/unit/scim_request.c t/unit/scim_json.h \
	t/unit/tap.h
t_unit_scim_request_t_LDADD = libscim.la $(BASE_LIBS)
t_unit_scim_resource_t_CPPFLAGS = $(SCIM_INC) -I$(top_srcdir)/t/unit
t_unit_scim_resource_t_SOURCES = t/unit/scim_resource.c t/unit/scim_json.h \
	t/unit/tap.h
t_unit_scim_resource_t_LDADD = libscim.la $(BASE_LIBS)
t_unit_scim_service_t_CPPFLAGS = $(SCIM_INC) -I$(top_srcdir)/t/unit
t_unit_scim_service_t_SOURCES = t/unit/scim_service.c t/unit/scim_json.h t/unit/scim_memory.h \
	t/unit/tap.h
t_unit_scim_service_t_LDADD = libscim.la $(BASE_LIBS)
