# SPDX-License-Identifier: BSD-2-Clause
#
# One message's life is in the library, so that tests and commands can run
# it; the daemon around it is not.

libassay_a_SOURCES += \
	milter/engine.c milter/engine.h \
	milter/inquiry.c milter/inquiry.h \
	milter/log.c milter/log.h \
	milter/message.c milter/message.h \
	milter/report.c milter/report.h

assay_milter_SOURCES = \
	milter/daemon.c milter/daemon.h \
	milter/listen.c milter/listen.h \
	milter/main.c \
	milter/notify.c milter/notify.h \
	milter/session.c milter/session.h \
	milter/sigwait.c
# libmilter has to find our sigwait(), see milter/sigwait.c.
assay_milter_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--export-dynamic-symbol=sigwait

check_PROGRAMS += \
	tests/milter/test_inquiry \
	tests/milter/test_listen \
	tests/milter/test_log \
	tests/milter/test_replay
tests_milter_test_inquiry_SOURCES = tests/milter/test_inquiry.c
tests_milter_test_listen_SOURCES = tests/milter/test_listen.c \
	milter/listen.c
tests_milter_test_log_SOURCES = tests/milter/test_log.c
tests_milter_test_replay_SOURCES = tests/milter/test_replay.c
