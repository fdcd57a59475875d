# SPDX-License-Identifier: BSD-2-Clause
#
# libmilter and the process: no part of the library.

assay_milter_SOURCES = \
	milter/daemon.c milter/daemon.h \
	milter/listen.c milter/listen.h \
	milter/main.c \
	milter/notify.c milter/notify.h \
	milter/privileges.c milter/privileges.h \
	milter/session.c milter/session.h \
	milter/sigwait.c \
	milter/watch.c milter/watch.h
# libmilter has to find our sigwait(), see milter/sigwait.c.
assay_milter_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--export-dynamic-symbol=sigwait

check_PROGRAMS += \
	tests/milter/test_listen
tests_milter_test_listen_SOURCES = tests/milter/test_listen.c \
	milter/listen.c
