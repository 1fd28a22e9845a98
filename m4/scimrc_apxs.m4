# SCIMRC_CHECK_APXS(MIN-HTTPD-VERSION)
# Learns from apxs all that the build needs to know about httpd and substitutes
# APXS, HTTPD, HTTPD_VERSION, HTTPD_CPPFLAGS, HTTPD_MODULEDIR and moduledir.
# CFLAGS, LDFLAGS and prefix of apxs are left alone: on Debian the first two
# carry httpd's own libraries and the last is empty.
AC_DEFUN([SCIMRC_CHECK_APXS],[
  AC_ARG_WITH([apxs],
    [AS_HELP_STRING([--with-apxs=PATH],[apxs of the httpd to build for])],
    [APXS=$withval],[APXS=])
  AS_CASE([$APXS],
    [''|yes|no],[AC_PATH_PROGS([APXS],[apxs apxs2],[],
      [$PATH:/usr/sbin:/usr/local/apache2/bin])])
  AS_IF([test ! -x "$APXS"],
    [AC_MSG_ERROR([apxs not found: install apache2-dev (Debian) or httpd-devel (Red Hat), or say --with-apxs=/path/to/apxs])])
  AC_SUBST([APXS])

  AC_MSG_CHECKING([for httpd >= $1])
  HTTPD_VERSION=`$APXS -q HTTPD_VERSION 2>/dev/null`
  AC_MSG_RESULT([${HTTPD_VERSION:-unknown} ($APXS)])
  AS_VERSION_COMPARE([$HTTPD_VERSION],[$1],
    [AC_MSG_ERROR([httpd $1 or later is needed])])
  AC_SUBST([HTTPD_VERSION])

  HTTPD_CPPFLAGS="-I`$APXS -q INCLUDEDIR` `$APXS -q EXTRA_CPPFLAGS`"
  AC_SUBST([HTTPD_CPPFLAGS])
  HTTPD_MODULEDIR=`$APXS -q LIBEXECDIR`
  AC_SUBST([HTTPD_MODULEDIR])

  AC_ARG_VAR([HTTPD],[httpd program that the tests and the demo start])
  scimrc_httpd="`$APXS -q SBINDIR`/`$APXS -q PROGNAME`"
  AS_IF([test "x$HTTPD" = x],
    [AS_IF([test -x "$scimrc_httpd"],[HTTPD=$scimrc_httpd],
      [AC_PATH_PROGS([HTTPD],[httpd apache2],[],
        [$PATH:/usr/sbin:/usr/local/apache2/bin])])])

  AC_ARG_WITH([moduledir],
    [AS_HELP_STRING([--with-moduledir=DIR],[where make install puts the module])],
    [moduledir=$withval],[moduledir=$HTTPD_MODULEDIR])
  AC_SUBST([moduledir])

  scimrc_save_CPPFLAGS=$CPPFLAGS
  CPPFLAGS="$CPPFLAGS $HTTPD_CPPFLAGS `$APXS -q EXTRA_INCLUDES`"
  AC_CHECK_HEADER([httpd.h],[],
    [AC_MSG_ERROR([httpd.h does not compile; config.log says why])])
  CPPFLAGS=$scimrc_save_CPPFLAGS
])
