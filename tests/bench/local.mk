# SPDX-License-Identifier: BSD-2-Clause
#
# The benchmarks: no part of the test run, they compile their own programs.

EXTRA_DIST += tests/bench/run.sh tests/bench/keydir.sh \
	tests/bench/crypto.c \
	tests/bench/dns_responder.c \
	tests/bench/load.c \
	tests/bench/make_messages.c \
	tests/bench/mta.c tests/bench/mta.h \
	tests/bench/null_milter.c \
	tests/bench/signed.c tests/bench/signed.h \
	tests/bench/socketmap.c \
	tests/bench/tlspol.py

# What the store costs: make tests/bench/store, and see its head.
EXTRA_PROGRAMS += tests/bench/store
tests_bench_store_SOURCES = tests/bench/store.c
tests_bench_store_LDADD = $(store_libs)
CLEANFILES += tests/bench/store
