# SPDX-License-Identifier: BSD-2-Clause
#
# What is counted, and how it is shown to Prometheus.

libassay_a_SOURCES += \
	metrics/counters.c metrics/counters.h \
	metrics/exposition.c metrics/exposition.h \
	metrics/lookups.c metrics/lookups.h \
	metrics/outlet.c metrics/outlet.h \
	metrics/scrape.c metrics/scrape.h \
	metrics/vitals.c metrics/vitals.h

check_PROGRAMS += \
	tests/metrics/test_counters \
	tests/metrics/test_exposition
tests_metrics_test_counters_SOURCES = tests/metrics/test_counters.c
tests_metrics_test_exposition_SOURCES = tests/metrics/test_exposition.c
