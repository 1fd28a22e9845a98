bin_PROGRAMS += scim-rc-token
scim_rc_token_CPPFLAGS = $(AUTH_INC) -I$(top_srcdir)/tools \
	-DSCIMRC_VERSION='"$(PACKAGE_VERSION)"'
scim_rc_token_SOURCES = tools/scim_rc_token.c tools/token_file.c tools/token_file.h
scim_rc_token_LDADD = libauth.la $(BASE_LIBS)

dist_man_MANS += docs/scim-rc-token.1
dist_check_SCRIPTS += t/12-token-tool.t
