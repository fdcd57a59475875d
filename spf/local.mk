# SPDX-License-Identifier: BSD-2-Clause

libassay_a_SOURCES += \
	spf/eval.c spf/eval_internal.h \
	spf/explain.c \
	spf/lint.c spf/lint.h \
	spf/lookup.c \
	spf/macro.c spf/macro_internal.h \
	spf/record.c spf/record_internal.h \
	spf/spf.c spf/spf.h

# The public suite: a script that reads it, a program that runs the checks.
noinst_PROGRAMS += tests/spf/suite_runner
tests_spf_suite_runner_SOURCES = tests/spf/suite_runner.c
dist_check_SCRIPTS += tests/spf/suite.py
TESTS += tests/spf/suite.py

check_PROGRAMS += tests/spf/test_record tests/spf/test_macro \
	tests/spf/test_check tests/spf/test_lint tests/spf/test_schedule
tests_spf_test_lint_SOURCES = tests/spf/test_lint.c \
	tests/spf/world.c tests/spf/world.h
tests_spf_test_record_SOURCES = tests/spf/test_record.c
tests_spf_test_macro_SOURCES = tests/spf/test_macro.c
tests_spf_test_check_SOURCES = tests/spf/test_check.c \
	tests/spf/world.c tests/spf/world.h
tests_spf_test_schedule_SOURCES = tests/spf/test_schedule.c \
	tests/spf/world.c tests/spf/world.h
tests_spf_test_schedule_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=dns_ledger_enter -Wl,--wrap=dns_ledger_find

fuzz_programs += tests/fuzz/fuzz_spf_record tests/fuzz/fuzz_spf_macro \
	tests/fuzz/fuzz_spf_check
tests_fuzz_fuzz_spf_record_SOURCES = tests/fuzz/fuzz_spf_record.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_spf_macro_SOURCES = tests/fuzz/fuzz_spf_macro.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_spf_check_SOURCES = tests/fuzz/fuzz_spf_check.c \
	tests/fuzz/replay.c tests/spf/world.c tests/spf/world.h
EXTRA_DIST += \
	tests/fuzz/spf_record.dict \
	tests/fuzz/spf_macro.dict \
	tests/fuzz/spf_check.dict
