# SPDX-License-Identifier: BSD-2-Clause
#
# What a domain asks of those who send to it: RFC 7672 and RFC 8461.

libassay_a_SOURCES += \
	tlspolicy/dane.c tlspolicy/dane.h \
	tlspolicy/saved.c tlspolicy/saved.h \
	tlspolicy/sts.c tlspolicy/sts.h \
	tlspolicy/tlsrpt.c tlspolicy/tlsrpt.h \
	tlspolicy/tlspolicy.c tlspolicy/tlspolicy.h

check_PROGRAMS += \
	tests/tlspolicy/test_dane \
	tests/tlspolicy/test_sts \
	tests/tlspolicy/test_tlspolicy \
	tests/tlspolicy/test_tlsrpt
tests_tlspolicy_test_dane_SOURCES = tests/tlspolicy/test_dane.c
ststext = tests/tlspolicy/ststext.c tests/tlspolicy/ststext.h
tests_tlspolicy_test_sts_SOURCES = tests/tlspolicy/test_sts.c $(ststext)
tests_tlspolicy_test_tlspolicy_SOURCES = tests/tlspolicy/test_tlspolicy.c
tests_tlspolicy_test_tlsrpt_SOURCES = tests/tlspolicy/test_tlsrpt.c

fuzz_programs += tests/fuzz/fuzz_sts_policy tests/fuzz/fuzz_sts_record \
	tests/fuzz/fuzz_tlspolicy_key tests/fuzz/fuzz_tlsrpt
tests_fuzz_fuzz_tlsrpt_SOURCES = tests/fuzz/fuzz_tlsrpt.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_tlspolicy_key_SOURCES = tests/fuzz/fuzz_tlspolicy_key.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_sts_policy_SOURCES = tests/fuzz/fuzz_sts_policy.c \
	tests/fuzz/replay.c $(ststext)
tests_fuzz_fuzz_sts_record_SOURCES = tests/fuzz/fuzz_sts_record.c \
	tests/fuzz/replay.c
EXTRA_DIST += \
	tests/fuzz/sts_policy.dict \
	tests/fuzz/sts_record.dict \
	tests/fuzz/tlspolicy_key.dict \
	tests/fuzz/tlsrpt.dict
