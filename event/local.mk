# SPDX-License-Identifier: BSD-2-Clause
#
# The record of what was found, decided and told, and its writers.

# For readers of the log.
dist_pkgdata_DATA += etc/assay-events.schema.json

libassay_a_SOURCES += \
	event/event.c event/event.h \
	event/field.c event/field_internal.h \
	event/line.c event/line_internal.h \
	event/log.c event/log.h \
	event/logqueue.c event/logqueue_internal.h \
	event/logsocket.c event/logsocket_internal.h

check_PROGRAMS += \
	tests/event/test_event \
	tests/event/test_field \
	tests/event/test_log
tests_event_test_event_SOURCES = tests/event/test_event.c
tests_event_test_field_SOURCES = tests/event/test_field.c
tests_event_test_log_SOURCES = tests/event/test_log.c

dist_check_SCRIPTS += tests/event/test_schema.py
TESTS += tests/event/test_schema.py
