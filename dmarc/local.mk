# SPDX-License-Identifier: BSD-2-Clause

libassay_a_SOURCES += \
	dmarc/dmarc.c dmarc/dmarc.h \
	dmarc/destination.c dmarc/destination.h \
	dmarc/lint.c dmarc/lint.h \
	dmarc/record.c \
	dmarc/walk.c dmarc/walk_internal.h

dmarc_test_world = tests/dmarc/world.c tests/dmarc/world.h

check_PROGRAMS += \
	tests/dmarc/test_alignment \
	tests/dmarc/test_check \
	tests/dmarc/test_destination \
	tests/dmarc/test_lint \
	tests/dmarc/test_record \
	tests/dmarc/test_schedule \
	tests/dmarc/test_walk
tests_dmarc_test_alignment_SOURCES = tests/dmarc/test_alignment.c \
	$(dmarc_test_world)
tests_dmarc_test_check_SOURCES = tests/dmarc/test_check.c $(dmarc_test_world)
tests_dmarc_test_destination_SOURCES = tests/dmarc/test_destination.c \
	$(dmarc_test_world)
tests_dmarc_test_lint_SOURCES = tests/dmarc/test_lint.c $(dmarc_test_world)
tests_dmarc_test_record_SOURCES = tests/dmarc/test_record.c
tests_dmarc_test_schedule_SOURCES = tests/dmarc/test_schedule.c \
	$(dmarc_test_world)
tests_dmarc_test_walk_SOURCES = tests/dmarc/test_walk.c $(dmarc_test_world)

# The cases: a script that reads them, a program that runs the checks.
noinst_PROGRAMS += tests/dmarc/case_runner
tests_dmarc_case_runner_SOURCES = tests/dmarc/case_runner.c \
	$(dmarc_test_world)
dist_check_SCRIPTS += tests/dmarc/test_cases.py
TESTS += tests/dmarc/test_cases.py

fuzz_programs += tests/fuzz/fuzz_dmarc_record
tests_fuzz_fuzz_dmarc_record_SOURCES = tests/fuzz/fuzz_dmarc_record.c \
	tests/fuzz/replay.c
fuzz_programs += tests/fuzz/fuzz_dmarc_mailto
tests_fuzz_fuzz_dmarc_mailto_SOURCES = tests/fuzz/fuzz_dmarc_mailto.c \
	tests/fuzz/replay.c
EXTRA_DIST += \
	tests/fuzz/dmarc_mailto.dict tests/fuzz/dmarc_record.dict
