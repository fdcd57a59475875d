# SPDX-License-Identifier: BSD-2-Clause
#
# What several tests share, and the tests that are scripts.

EXTRA_DIST += \
	tests/fuzz/fuzz.h \
	tests/schemafile.h \
	tests/store/letter.h \
	tests/tap.h \
	tests/fuzz/run.sh \
	tests/lint/analyzer.py \
	tests/lint/run.sh \
	tests/package/harm.sh \
	tests/package/hookup.py \
	tests/package/hookup.sh \
	tests/package/image.sh \
	tests/package/inside.sh \
	tests/package/restarts.py \
	tests/package/run.sh \
	tests/package/systemd.sh \
	tests/package/unit.py \
	tests/run.sh

script_tests = \
	tests/downstream/test_downstream.py \
	tests/interop/test_arc.py \
	tests/interop/test_authres.py \
	tests/interop/test_bounces.py \
	tests/interop/test_from.py \
	tests/interop/test_forwarders.py \
	tests/interop/test_hop.py \
	tests/interop/test_migrate.py \
	tests/interop/test_outbound.py \
	tests/interop/test_pieces.py \
	tests/interop/test_report_mail.py \
	tests/interop/test_reports.py \
	tests/interop/test_returned.py \
	tests/interop/test_seal.py \
	tests/interop/test_tlspol.py \
	tests/interop/test_users.py \
	tests/interop/test_ways.py \
	tests/lint/test_lint.py \
	tests/manual/test_examples.py \
	tests/milter/test_arc.py \
	tests/milter/test_autoreload.py \
	tests/milter/test_attack.py \
	tests/metrics/test_prometheus.py \
	tests/milter/test_basic.py \
	tests/milter/test_dkim.py \
	tests/milter/test_dmarc.py \
	tests/milter/test_container.py \
	tests/milter/test_crowd.py \
	tests/milter/test_dns.py \
	tests/milter/test_forged.py \
	tests/milter/test_hop.py \
	tests/milter/test_hostile.py \
	tests/milter/test_keydir.py \
	tests/milter/test_life.py \
	tests/milter/test_loading.py \
	tests/milter/test_metrics.py \
	tests/milter/test_store.py \
	tests/milter/test_observe.py \
	tests/milter/test_origins.py \
	tests/milter/test_policy.py \
	tests/milter/test_questions.py \
	tests/milter/test_record.py \
	tests/milter/test_replayed.py \
	tests/milter/test_seal.py \
	tests/milter/test_signing.py \
	tests/milter/test_spf_suite.py \
	tests/milter/test_stop.py \
	tests/milter/test_users.py \
	tests/postfix/test_postfix.py \
	tests/resolver/test_unbound.py \
	tests/sendmail/test_sendmail.py
dist_check_SCRIPTS += $(script_tests)
TESTS += $(script_tests)

# What we read, for the tests that ask other programs the same.
EXTRA_PROGRAMS += tests/interop/reader
check_DATA += tests/interop/reader
CLEANFILES += tests/interop/reader
tests_interop_reader_SOURCES = tests/interop/reader.c
