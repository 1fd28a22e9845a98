# Measurements: none is part of the build or of the tests.
#
#   make bench            all of it but bench-copy
#   make bench-reads      reads beside a static file of the same size, as ratios of one run
#   make bench-overhead   what a change costs beside the call that is made of it
#   make bench-economy    minutes and calls of RingCentral that a company's work takes
#   make bench-memory     memory of a child, size of the copy, time to fill and to start
#   make bench-copy       what a read costs inside, without httpd: the copy and its filters
#
# BENCH_USERS, BENCH_SECONDS, BENCH_RUNS, BENCH_CONNECTIONS, BENCH_ROWS change what is
# measured of reads; BENCH_OVERHEAD, BENCH_ECONOMY and BENCH_MEMORY are options of those
# (docs/performance.md).
EXTRA_PROGRAMS = bench/copy
bench_copy_CPPFLAGS = $(GATEWAY_INC)
bench_copy_SOURCES = bench/copy.c
bench_copy_LDADD = $(GATEWAY_LIBS)
CLEANFILES = $(EXTRA_PROGRAMS)

BENCH_PERL = $(DEMO_ENVIRONMENT) $(PERL)
bench:
	@$(MAKE) bench-reads
	@$(MAKE) bench-memory
	@$(MAKE) bench-overhead
	@$(MAKE) bench-economy
bench-reads: all
	@$(DEMO_ENVIRONMENT) BENCH_USERS='$(BENCH_USERS)' BENCH_SECONDS='$(BENCH_SECONDS)' \
		BENCH_RUNS='$(BENCH_RUNS)' BENCH_CONNECTIONS='$(BENCH_CONNECTIONS)' \
		BENCH_ROWS='$(BENCH_ROWS)' $(PERL) '$(top_srcdir)/bench/reads'
bench-overhead: all
	@$(BENCH_PERL) '$(top_srcdir)/bench/overhead' $(BENCH_OVERHEAD)
bench-economy: all
	@$(BENCH_PERL) '$(top_srcdir)/bench/economy' $(BENCH_ECONOMY)
bench-memory: all
	@$(BENCH_PERL) '$(top_srcdir)/bench/memory' $(BENCH_MEMORY)
bench-copy: bench/copy
	bench/copy 1000 10000 100000
.PHONY: bench bench-reads bench-memory bench-overhead bench-economy bench-copy

EXTRA_DIST += bench/reads bench/memory bench/overhead bench/economy \
	bench/lib/Figures.pm bench/lib/QuickHttp.pm \
	bench/lib/Station.pm bench/lib/Swarm.pm
