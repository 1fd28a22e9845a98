# Measurements: none is part of the build or of the tests.
#
#   make bench            all of it but bench-copy; first of all
#                         reads beside a static file of the same size, as ratios of one run
#   make bench-overhead   what a change costs beside the call that is made of it
#   make bench-economy    minutes and calls of RingCentral that a company's work takes
#   make bench-copy       what a read costs inside, without httpd: the copy and its filters
#
# BENCH_USERS, BENCH_SECONDS, BENCH_RUNS, BENCH_CONNECTIONS, BENCH_ROWS change what is
# measured of reads; BENCH_OVERHEAD and BENCH_ECONOMY are options of those two
# (docs/performance.md).
EXTRA_PROGRAMS = bench/copy
bench_copy_CPPFLAGS = $(GATEWAY_INC)
bench_copy_SOURCES = bench/copy.c
bench_copy_LDADD = $(GATEWAY_LIBS)
CLEANFILES = $(EXTRA_PROGRAMS)

BENCH_PERL = $(DEMO_ENVIRONMENT) $(PERL)
bench: all
	@$(DEMO_ENVIRONMENT) BENCH_USERS='$(BENCH_USERS)' BENCH_SECONDS='$(BENCH_SECONDS)' \
		BENCH_RUNS='$(BENCH_RUNS)' BENCH_CONNECTIONS='$(BENCH_CONNECTIONS)' \
		BENCH_ROWS='$(BENCH_ROWS)' $(PERL) '$(top_srcdir)/bench/reads'
	@$(BENCH_PERL) '$(top_srcdir)/bench/overhead' $(BENCH_OVERHEAD)
	@$(BENCH_PERL) '$(top_srcdir)/bench/economy' $(BENCH_ECONOMY)
bench-overhead: all
	@$(BENCH_PERL) '$(top_srcdir)/bench/overhead' $(BENCH_OVERHEAD)
bench-economy: all
	@$(BENCH_PERL) '$(top_srcdir)/bench/economy' $(BENCH_ECONOMY)
bench-copy: bench/copy
	bench/copy 1000 10000 100000
.PHONY: bench bench-overhead bench-economy bench-copy

EXTRA_DIST += bench/reads bench/overhead bench/economy bench/lib/QuickHttp.pm \
	bench/lib/Station.pm bench/lib/Swarm.pm
