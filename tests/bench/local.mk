# SPDX-License-Identifier: BSD-2-Clause
#
# The benchmark: no part of the test run, run.sh compiles its own programs.

EXTRA_DIST += tests/bench/run.sh \
	tests/bench/crypto.c \
	tests/bench/dns_responder.c \
	tests/bench/load.c \
	tests/bench/make_messages.c \
	tests/bench/mta.c tests/bench/mta.h \
	tests/bench/null_milter.c \
	tests/bench/signed.c tests/bench/signed.h
