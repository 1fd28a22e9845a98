# Measurements: none is part of the build or of the tests.
#
#   make bench        reads beside a static file of the same size, as ratios of one run
#   make bench-copy   what a read costs inside, without httpd: the copy and its filters
#
# BENCH_USERS, BENCH_SECONDS, BENCH_RUNS, BENCH_CONNECTIONS, BENCH_ROWS change what is
# measured (docs/performance.md).
EXTRA_PROGRAMS = bench/copy
bench_copy_CPPFLAGS = $(GATEWAY_INC)
bench_copy_SOURCES = bench/copy.c
bench_copy_LDADD = $(GATEWAY_LIBS)
CLEANFILES = $(EXTRA_PROGRAMS)

bench: all
	@$(DEMO_ENVIRONMENT) BENCH_USERS='$(BENCH_USERS)' BENCH_SECONDS='$(BENCH_SECONDS)' \
		BENCH_RUNS='$(BENCH_RUNS)' BENCH_CONNECTIONS='$(BENCH_CONNECTIONS)' \
		BENCH_ROWS='$(BENCH_ROWS)' $(PERL) '$(top_srcdir)/bench/reads'
bench-copy: bench/copy
	bench/copy 1000 10000 100000
.PHONY: bench bench-copy

EXTRA_DIST += bench/reads
