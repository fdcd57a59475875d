# SPDX-License-Identifier: BSD-2-Clause
libassay_a_SOURCES += \
	policy/condition.c policy/condition.h \
	policy/deferral.c policy/deferral.h \
	policy/policy.c policy/policy.h policy/reply.c \
	policy/sightings.c policy/sightings.h

check_PROGRAMS += \
	tests/policy/test_condition \
	tests/policy/test_deferral \
	tests/policy/test_policy \
	tests/policy/test_reply \
	tests/policy/test_sightings
tests_policy_test_condition_SOURCES = tests/policy/test_condition.c
tests_policy_test_deferral_SOURCES = tests/policy/test_deferral.c
tests_policy_test_policy_SOURCES = tests/policy/test_policy.c
tests_policy_test_sightings_SOURCES = tests/policy/test_sightings.c
tests_policy_test_reply_SOURCES = tests/policy/test_reply.c

fuzz_programs += tests/fuzz/fuzz_reply
tests_fuzz_fuzz_reply_SOURCES = tests/fuzz/fuzz_reply.c tests/fuzz/replay.c

EXTRA_DIST += \
	tests/fuzz/reply.dict
