# SPDX-License-Identifier: BSD-2-Clause

# All of the command but its main(), for tests as well.
assay_parts = \
	tools/answer.c tools/answer.h \
	tools/chain.c tools/chain.h \
	tools/certificate.c tools/certificate.h \
	tools/check.c tools/check.h \
	tools/client.c tools/client.h \
	tools/forwarder.c tools/forwarder.h \
	tools/dmarc.c tools/dmarc.h \
	tools/doctor.c tools/doctor.h \
	tools/domain.c tools/domain.h \
	tools/envelope.c tools/envelope.h \
	tools/fetch.c tools/fetch.h \
	tools/handover.c tools/handover.h \
	tools/help.c tools/help.h \
	tools/keys.c tools/keys.h \
	tools/lint.c tools/lint.h \
	tools/mbox.c tools/mbox.h \
	tools/migrate.c tools/migrate.h tools/migrate_internal.h \
	tools/migrate_origins.c tools/migrate_policy.c tools/migrate_sign.c \
	tools/oldconf.c tools/oldconf.h \
	tools/report.c tools/report.h tools/report_bounce.c \
	tools/report_list.c tools/report_show.c tools/report_suppressed.c \
	tools/report_one.c \
	tools/report_rows.c tools/report_rows.h \
	tools/report_send.c tools/report_send.h \
	tools/overview.c tools/overview.h \
	tools/replay.c tools/replay.h \
	tools/reasons.c tools/reasons.h \
	tools/sign.c tools/sign.h \
	tools/reports.c tools/reports.h \
	tools/signatures.c tools/signatures.h \
	tools/signed.c tools/signed.h \
	tools/smimea.c tools/smimea.h \
	tools/spf.c tools/spf.h tools/spf_command.c \
	tools/starttls.c tools/starttls.h \
	tools/stored.c tools/stored.h \
	tools/text.c tools/text.h \
	tools/tls.c tools/tls.h tools/tls_command.c \
	tools/tls_lint.c tools/tls_text.c \
	tools/tlsa.c tools/tlsa.h \
	tools/tool.c tools/tool.h \
	tools/unquote.c tools/unquote.h

bin_PROGRAMS += assay
assay_SOURCES = tools/main.c $(assay_parts)
assay_libs = libstore.a $(report_libs) $(database_libs) $(CURL_LIBS) \
	$(SSL_LIBS)
assay_LDADD = $(assay_libs)

check_PROGRAMS += \
	tests/tools/test_mbox \
	tests/tools/test_memory \
	tests/tools/test_output \
	tests/tools/test_send_memory
tests_tools_test_mbox_SOURCES = tests/tools/test_mbox.c \
	tools/mbox.c tools/mbox.h
tests_tools_test_memory_SOURCES = tests/tools/test_memory.c $(assay_parts)
tests_tools_test_memory_LDADD = $(assay_libs)
tests_tools_test_send_memory_SOURCES = tests/tools/test_send_memory.c \
	$(assay_parts)
tests_tools_test_send_memory_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
tests_tools_test_send_memory_LDADD = $(assay_libs)
tests_tools_test_output_SOURCES = tests/tools/test_output.c \
	tools/text.c tools/text.h

fuzz_programs += tests/fuzz/fuzz_mbox
tests_fuzz_fuzz_mbox_SOURCES = tests/fuzz/fuzz_mbox.c tests/fuzz/replay.c \
	tools/mbox.c tools/mbox.h

tool_tests = \
	tests/tools/test_assay.py \
	tests/tools/test_cases.py \
	tests/tools/test_chain.py \
	tests/tools/test_client.py \
	tests/tools/test_doctor.py \
	tests/tools/test_domain.py \
	tests/tools/test_forwarder.py \
	tests/tools/test_migrate.py \
	tests/tools/test_overview.py \
	tests/tools/test_replay.py \
	tests/tools/test_sign.py \
	tests/tools/test_smimea.py \
	tests/tools/test_tls.py
dist_check_SCRIPTS += $(tool_tests)
TESTS += $(tool_tests)
