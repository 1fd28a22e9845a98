# SCIMRC_SANITIZERS
# --enable-sanitizers builds everything with ASan and UBSan. A sanitised module
# does not load into an ordinary httpd unless the runtimes are loaded first, so
# SANITIZER_PRELOAD names them for whoever starts httpd.
AC_DEFUN([SCIMRC_SANITIZERS],[
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers],[build with ASan and UBSan])],
    [],[enable_sanitizers=no])
  SANITIZER_CFLAGS= SANITIZER_PRELOAD=
  AS_IF([test "x$enable_sanitizers" = xyes],[
    SANITIZER_CFLAGS="-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined"
    for scimrc_lib in libasan.so libubsan.so; do
      scimrc_path=`$CC -print-file-name=$scimrc_lib`
      AS_CASE([$scimrc_path],
        [/*],[SANITIZER_PRELOAD="$SANITIZER_PRELOAD $scimrc_path"],
        [AC_MSG_ERROR([$scimrc_lib not found: --enable-sanitizers needs gcc with its sanitizer runtimes])])
    done
  ])
  AC_SUBST([SANITIZER_CFLAGS])
  AC_SUBST([SANITIZER_PRELOAD])
])
