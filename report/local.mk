# SPDX-License-Identifier: BSD-2-Clause

# Not within libassay.a: the daemon needs none of these libraries.
noinst_LIBRARIES += libreport.a
libreport_a_SOURCES = \
	report/aggregate.h \
	report/bounce.c report/bounce.h \
	report/mail.c report/mail.h \
	report/mime.c report/unpack_internal.h \
	report/pack.c report/pack_internal.h \
	report/page.c report/page.h \
	report/reader.c \
	report/tally.c report/tally.h \
	report/unpack.c report/unpack.h \
	report/verp.c report/verp.h \
	report/writer.c report/writer.h \
	report/zmem_internal.h
libreport_a_CPPFLAGS = $(AM_CPPFLAGS) $(REPORT_CFLAGS)
report_libs = libreport.a $(LDADD) $(REPORT_LIBS)

check_PROGRAMS += \
	tests/report/test_bounce \
	tests/report/test_mail \
	tests/report/test_reader \
	tests/report/test_verp
tests_report_test_mail_SOURCES = tests/report/test_mail.c
tests_report_test_mail_LDADD = $(report_libs)
tests_report_test_bounce_SOURCES = tests/report/test_bounce.c
tests_report_test_bounce_LDADD = $(report_libs)
tests_report_test_reader_SOURCES = tests/report/test_reader.c
tests_report_test_reader_LDADD = $(report_libs)
tests_report_test_verp_SOURCES = tests/report/test_verp.c
tests_report_test_verp_LDADD = $(report_libs)

fuzz_programs += tests/fuzz/fuzz_report
tests_fuzz_fuzz_report_SOURCES = tests/fuzz/fuzz_report.c tests/fuzz/replay.c
tests_fuzz_fuzz_report_LDADD = $(report_libs)
EXTRA_DIST += tests/fuzz/report.dict

fuzz_programs += tests/fuzz/fuzz_bounce
tests_fuzz_fuzz_bounce_SOURCES = tests/fuzz/fuzz_bounce.c tests/fuzz/replay.c
tests_fuzz_fuzz_bounce_LDADD = $(report_libs)
EXTRA_DIST += tests/fuzz/bounce.dict

dist_check_SCRIPTS += tests/report/test_page.py tests/report/test_read.py \
	tests/report/test_send.py tests/report/test_show.py
TESTS += tests/report/test_page.py tests/report/test_read.py \
	tests/report/test_send.py tests/report/test_show.py
dist_check_SCRIPTS += tests/report/test_bounce.py tests/report/test_page.py tests/report/test_read.py \
	tests/report/test_show.py
TESTS += tests/report/test_bounce.py tests/report/test_page.py tests/report/test_read.py \
	tests/report/test_show.py
