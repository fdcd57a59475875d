# SPDX-License-Identifier: BSD-2-Clause
#
# One message's life is in the library, so that tests and commands can run
# it; the daemon around it is not.

libassay_a_SOURCES += \
	milter/engine.c milter/engine.h \
	milter/inquiry.c milter/inquiry.h \
	milter/log.c milter/log.h \
	milter/message.c milter/message.h \
	milter/report.c milter/report.h \
	milter/signing.c milter/signing.h

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

EXTRA_DIST += tests/data/replay/all-pass/assay.yaml \
	tests/data/replay/all-pass/message.eml \
	tests/data/replay/all-pass/scenario \
	tests/data/replay/all-pass/zone.yaml \
	tests/data/replay/authenticated/assay.yaml \
	tests/data/replay/authenticated/message.eml \
	tests/data/replay/authenticated/scenario \
	tests/data/replay/authenticated/zone.yaml \
	tests/data/replay/dmarc-fail/assay.yaml \
	tests/data/replay/dmarc-fail/message.eml \
	tests/data/replay/dmarc-fail/scenario \
	tests/data/replay/dmarc-fail/zone.yaml \
	tests/data/replay/dmarc-pass/assay.yaml \
	tests/data/replay/dmarc-pass/message.eml \
	tests/data/replay/dmarc-pass/scenario \
	tests/data/replay/dmarc-pass/zone.yaml \
	tests/data/replay/dns-shut/assay.yaml \
	tests/data/replay/dns-shut/message.eml \
	tests/data/replay/dns-shut/scenario \
	tests/data/replay/dns-shut/zone.yaml \
	tests/data/replay/forged/assay.yaml \
	tests/data/replay/forged/message.eml \
	tests/data/replay/forged/scenario \
	tests/data/replay/forged/zone.yaml \
	tests/data/replay/hostile-names/assay.yaml \
	tests/data/replay/hostile-names/message.eml \
	tests/data/replay/hostile-names/scenario \
	tests/data/replay/hostile-names/zone.yaml \
	tests/data/replay/null-sender/assay.yaml \
	tests/data/replay/null-sender/message.eml \
	tests/data/replay/null-sender/scenario \
	tests/data/replay/null-sender/zone.yaml \
	tests/data/replay/policy-at-most/assay.yaml \
	tests/data/replay/policy-at-most/message.eml \
	tests/data/replay/policy-at-most/scenario \
	tests/data/replay/policy-at-most/zone.yaml \
	tests/data/replay/policy-dmarc-reject/assay.yaml \
	tests/data/replay/policy-dmarc-reject/message.eml \
	tests/data/replay/policy-dmarc-reject/scenario \
	tests/data/replay/policy-dmarc-reject/zone.yaml \
	tests/data/replay/policy-recipient/assay.yaml \
	tests/data/replay/policy-recipient/message.eml \
	tests/data/replay/policy-recipient/scenario \
	tests/data/replay/policy-recipient/zone.yaml \
	tests/data/replay/policy-tls/assay.yaml \
	tests/data/replay/policy-tls/message.eml \
	tests/data/replay/policy-tls/scenario \
	tests/data/replay/policy-tls/zone.yaml \
	tests/data/replay/spf-fail-reject/assay.yaml \
	tests/data/replay/spf-fail-reject/message.eml \
	tests/data/replay/spf-fail-reject/scenario \
	tests/data/replay/spf-fail-reject/zone.yaml \
	tests/data/replay/trusted/assay.yaml \
	tests/data/replay/trusted/message.eml \
	tests/data/replay/trusted/scenario \
	tests/data/replay/trusted/zone.yaml \
	tests/data/replay/two-from/assay.yaml \
	tests/data/replay/two-from/message.eml \
	tests/data/replay/two-from/scenario \
	tests/data/replay/two-from/zone.yaml
