# Measurements: none is part of the build or of the tests.
#
#   make bench        reads beside a static file of the same size, as ratios of one run
#
# BENCH_USERS, BENCH_SECONDS, BENCH_RUNS, BENCH_CONNECTIONS change what is measured.
bench: all
	@$(DEMO_ENVIRONMENT) BENCH_USERS='$(BENCH_USERS)' BENCH_SECONDS='$(BENCH_SECONDS)' \
		BENCH_RUNS='$(BENCH_RUNS)' BENCH_CONNECTIONS='$(BENCH_CONNECTIONS)' \
		$(PERL) '$(top_srcdir)/bench/reads'
.PHONY: bench

EXTRA_DIST += bench/reads
