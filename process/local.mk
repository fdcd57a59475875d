# SPDX-License-Identifier: BSD-2-Clause
#
# What the daemons share: how they start, listen, give up their rights.

libassay_a_SOURCES += \
	process/background.c process/background.h \
	process/command.c process/command.h \
	process/confine.c process/confine.h \
	process/folder.c process/folder_internal.h \
	process/listen.c process/listen.h \
	process/notify.c process/notify.h \
	process/pidfile.c process/pidfile.h \
	process/privileges.c process/privileges.h

check_PROGRAMS += \
	tests/process/test_confine \
	tests/process/test_listen
tests_process_test_confine_SOURCES = tests/process/test_confine.c
tests_process_test_confine_LDADD = $(LDADD) $(SECCOMP_LIBS)
tests_process_test_listen_SOURCES = tests/process/test_listen.c
