# SPDX-License-Identifier: BSD-2-Clause

libassay_a_SOURCES += \
	dmarc/dmarc.c dmarc/dmarc.h \
	dmarc/record.c \
	dmarc/walk.c dmarc/walk.h

dmarc_test_world = tests/dmarc/world.c tests/dmarc/world.h

# The cases: a script that reads them, a program that runs the checks.
noinst_PROGRAMS += tests/dmarc/case_runner
tests_dmarc_case_runner_SOURCES = tests/dmarc/case_runner.c $(dmarc_test_world)
dist_check_SCRIPTS += tests/dmarc/test_cases.py
TESTS += tests/dmarc/test_cases.py
EXTRA_DIST += tests/data/dmarc/cases.json
