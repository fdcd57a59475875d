# SPDX-License-Identifier: BSD-2-Clause

libassay_a_SOURCES += \
	spf/eval.c spf/eval.h \
	spf/explain.c \
	spf/lookup.c \
	spf/macro.c spf/macro.h \
	spf/record.c spf/record.h \
	spf/reply.c \
	spf/spf.c spf/spf.h

# The public suite: a script that reads it, a program that runs the checks.
noinst_PROGRAMS += tests/spf/suite_runner
tests_spf_suite_runner_SOURCES = tests/spf/suite_runner.c
dist_check_SCRIPTS += tests/spf/suite.py
TESTS += tests/spf/suite.py
EXTRA_DIST += tests/lib/spfsuite.py

check_PROGRAMS += tests/spf/test_record tests/spf/test_macro \
	tests/spf/test_check tests/spf/test_schedule
tests_spf_test_record_SOURCES = tests/spf/test_record.c
tests_spf_test_macro_SOURCES = tests/spf/test_macro.c
tests_spf_test_check_SOURCES = tests/spf/test_check.c \
	tests/spf/world.c tests/spf/world.h
tests_spf_test_schedule_SOURCES = tests/spf/test_schedule.c \
	tests/spf/world.c tests/spf/world.h
