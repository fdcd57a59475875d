# SPDX-License-Identifier: BSD-2-Clause
#
# The daemon assay-tlspol: no part of the library.

EXTRA_DIST += \
	tests/fuzz/netstring.dict \
	tests/fuzz/tlspol_store.dict

if TLSPOL
sbin_PROGRAMS += assay-tlspol
assay_tlspol_SOURCES = \
	tlspol/daemon.c tlspol/daemon.h \
	tlspol/figures.c tlspol/figures.h \
	tlspol/lookup.c tlspol/lookup.h \
	tlspol/mailbox.c tlspol/mailbox.h \
	tlspol/main.c \
	tlspol/memory.c tlspol/memory.h \
	tlspol/netstring.c tlspol/netstring.h \
	tlspol/service.c tlspol/service.h \
	tlspol/settings.c tlspol/settings.h \
	tlspol/socketmap.c tlspol/socketmap.h \
	tlspol/store.c tlspol/store.h
assay_tlspol_LDADD = $(LDADD) $(SECCOMP_LIBS) $(MICROHTTPD_LIBS) \
	$(CURL_LIBS)

check_PROGRAMS += \
	tests/tlspol/test_memory \
	tests/tlspol/test_netstring \
	tests/tlspol/test_settings
tests_tlspol_test_memory_SOURCES = tests/tlspol/test_memory.c \
	tlspol/memory.c tlspol/store.c
tests_tlspol_test_netstring_SOURCES = tests/tlspol/test_netstring.c \
	tlspol/netstring.c
tests_tlspol_test_settings_SOURCES = tests/tlspol/test_settings.c \
	tlspol/settings.c

fuzz_programs += tests/fuzz/fuzz_netstring tests/fuzz/fuzz_tlspol_store
tests_fuzz_fuzz_netstring_SOURCES = tests/fuzz/fuzz_netstring.c \
	tests/fuzz/replay.c tlspol/netstring.c
tests_fuzz_fuzz_tlspol_store_SOURCES = tests/fuzz/fuzz_tlspol_store.c \
	tests/fuzz/replay.c tlspol/memory.c tlspol/store.c

TESTS += \
	tests/tlspol/test_answers.py \
	tests/tlspol/test_clients.py \
	tests/tlspol/test_metrics.py
endif
dist_check_SCRIPTS += \
	tests/tlspol/test_answers.py \
	tests/tlspol/test_clients.py \
	tests/tlspol/test_metrics.py
