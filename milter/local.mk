# SPDX-License-Identifier: BSD-2-Clause
#
# libmilter and the process: no part of the library.

assay_milter_SOURCES = \
	milter/confine.c milter/confine.h \
	milter/daemon.c milter/daemon.h \
	milter/drain.c milter/drain.h \
	milter/folder.c milter/folder.h \
	milter/libsyslog.c \
	milter/listen.c milter/listen.h \
	milter/main.c \
	milter/notify.c milter/notify.h \
	milter/wire.c milter/wire.h \
	milter/pidfile.c milter/pidfile.h \
	milter/privileges.c milter/privileges.h \
	milter/session.c milter/session.h \
	milter/sigwait.c \
	milter/watch.c milter/watch.h \
	milter/watchdog.c milter/watchdog.h
assay_milter_LDADD = $(LDADD) $(SECCOMP_LIBS)
# libmilter has to find these: see milter/sigwait.c, wire.c, libsyslog.c.
assay_milter_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--export-dynamic-symbol=sigwait \
	-Wl,--export-dynamic-symbol=accept \
	-Wl,--export-dynamic-symbol=mi_rd_cmd \
	-Wl,--export-dynamic-symbol=mi_wr_cmd \
	-Wl,--export-dynamic-symbol=syslog \
	-Wl,--export-dynamic-symbol=__syslog_chk

check_PROGRAMS += \
	tests/milter/test_confine \
	tests/milter/test_listen \
	tests/milter/test_wire
tests_milter_test_confine_SOURCES = tests/milter/test_confine.c \
	milter/confine.c
tests_milter_test_confine_LDADD = $(LDADD) $(SECCOMP_LIBS)
tests_milter_test_wire_SOURCES = tests/milter/test_wire.c \
	milter/drain.c milter/wire.c
tests_milter_test_listen_SOURCES = tests/milter/test_listen.c \
	milter/folder.c milter/listen.c milter/pidfile.c
