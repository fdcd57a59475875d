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
