# SPDX-License-Identifier: BSD-2-Clause
#
# libmilter and the process: no part of the library.

assay_milter_SOURCES = \
	milter/autoreload.c milter/autoreload.h \
	milter/crew.c milter/crew.h \
	milter/daemon.c milter/daemon.h \
	milter/drain.c milter/drain.h \
	milter/figures.c milter/figures.h \
	milter/keeper.c milter/keeper.h \
	milter/keydates.c milter/keydates.h \
	milter/libsyslog.c \
	milter/main.c \
	milter/mta.c milter/mta.h \
	milter/status.c milter/status.h \
	milter/readahead.c milter/readahead.h \
	milter/wire.c milter/wire.h \
	milter/resolvconf.c milter/resolvconf.h \
	milter/session.c milter/session.h \
	milter/sigwait.c \
	milter/stack.c milter/stack.h \
	milter/statistics.c milter/statistics.h \
	milter/watch.c milter/watch.h \
	milter/watchdog.c milter/watchdog.h
assay_milter_LDADD = $(store_libs) $(SECCOMP_LIBS) $(MICROHTTPD_LIBS)
# libmilter has to find these: see milter/sigwait.c, wire.c, readahead.c,
# libsyslog.c.
assay_milter_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--export-dynamic-symbol=sigwait \
	-Wl,--export-dynamic-symbol=accept \
	-Wl,--export-dynamic-symbol=poll \
	-Wl,--export-dynamic-symbol=mi_rd_cmd \
	-Wl,--export-dynamic-symbol=mi_wr_cmd \
	-Wl,--export-dynamic-symbol=syslog \
	-Wl,--export-dynamic-symbol=__syslog_chk

check_PROGRAMS += \
	tests/milter/test_crew \
	tests/milter/test_keydates \
	tests/milter/test_readahead \
	tests/milter/test_wire
tests_milter_test_crew_SOURCES = tests/milter/test_crew.c milter/crew.c
tests_milter_test_keydates_SOURCES = tests/milter/test_keydates.c \
	milter/keydates.c
tests_milter_test_readahead_SOURCES = tests/milter/test_readahead.c \
	tests/milter/pair.h \
	milter/crew.c milter/drain.c milter/readahead.c milter/wire.c
tests_milter_test_wire_SOURCES = tests/milter/test_wire.c \
	tests/milter/pair.h \
	milter/crew.c milter/drain.c milter/readahead.c milter/wire.c
check_PROGRAMS += tests/milter/test_stack
tests_milter_test_stack_SOURCES = tests/milter/test_stack.c milter/stack.c
check_PROGRAMS += tests/milter/test_resolvconf
tests_milter_test_resolvconf_SOURCES = tests/milter/test_resolvconf.c \
	milter/resolvconf.c
# Loaded by tests/milter/test_stop.py before the daemon's own libraries.
EXTRA_PROGRAMS += tests/milter/latetaker.so tests/milter/heldlog.so
check_DATA += tests/milter/latetaker.so tests/milter/heldlog.so
CLEANFILES += tests/milter/latetaker.so tests/milter/heldlog.so
tests_milter_latetaker_so_SOURCES = tests/milter/latetaker.c
tests_milter_latetaker_so_CFLAGS = $(AM_CFLAGS) -fPIC
tests_milter_latetaker_so_LDFLAGS = -shared
tests_milter_latetaker_so_LDADD =
tests_milter_heldlog_so_SOURCES = tests/milter/heldlog.c
tests_milter_heldlog_so_CFLAGS = $(AM_CFLAGS) -fPIC
tests_milter_heldlog_so_LDFLAGS = -shared
tests_milter_heldlog_so_LDADD =
