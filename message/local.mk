# SPDX-License-Identifier: BSD-2-Clause
#
# One message's life, without a mail server around it.

libassay_a_SOURCES += \
	message/arc.c message/arc.h \
	message/auth.c \
	message/dkim.c message/dkim.h \
	message/disposition.c \
	message/dmarc.c message/dmarc.h \
	message/engine.c message/engine.h \
	message/envelope.c \
	message/forwarder.c message/forwarder.h \
	message/inquiry.c message/inquiry.h message/inquiry_internal.h \
	message/iprev.c message/iprev.h \
	message/keydir.c message/keydir_internal.h \
	message/keylayout.c message/keylayout_internal.h \
	message/keypath.c message/keypath_internal.h \
	message/message.c message/message.h message/message_internal.h \
	message/methods.c message/method_internal.h \
	message/orders.c \
	message/origin.c message/origin.h \
	message/record.c \
	message/replay.c \
	message/seal.c \
	message/sign.c \
	message/shown.c message/shown_internal.h \
	message/signing.c message/signing.h \
	message/signing_choose.c message/signing_internal.h \
	message/signing_records.c \
	message/spf.c message/spf.h \
	message/steps.c \
	message/tls.c \
	message/unsigned.c \
	message/userfile.c message/userfile_internal.h

check_PROGRAMS += \
	tests/message/test_inquiry \
	tests/message/test_iprev \
	tests/message/test_keydir \
	tests/message/test_lock \
	tests/message/test_origin \
	tests/message/test_chain_memory \
	tests/message/test_own_memory \
	tests/message/test_parse_once \
	tests/message/test_replay \
	tests/message/test_steps \
	tests/message/test_facts
tests_message_test_inquiry_SOURCES = tests/message/test_inquiry.c
tests_message_test_iprev_SOURCES = tests/message/test_iprev.c
tests_message_test_keydir_SOURCES = tests/message/test_keydir.c
tests_message_test_lock_SOURCES = tests/message/test_lock.c
tests_message_test_lock_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=inquiry_lock -Wl,--wrap=inquiry_unlock \
	-Wl,--wrap=inquiry_wait \
	-Wl,--wrap=crypto_hash_add -Wl,--wrap=crypto_verify
tests_message_test_origin_SOURCES = tests/message/test_origin.c
shortage_parts = tests/message/shortage.c tests/message/shortage.h \
	tests/dkim/sslfail.c tests/dkim/sslfail.h
tests_message_test_chain_memory_SOURCES = tests/message/test_chain_memory.c \
	$(shortage_parts)
tests_message_test_own_memory_SOURCES = tests/message/test_own_memory.c \
	$(shortage_parts)
tests_message_test_parse_once_SOURCES = tests/message/test_parse_once.c
tests_message_test_parse_once_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=spf_record_parse -Wl,--wrap=dmarc_record_parse
tests_message_test_replay_SOURCES = tests/message/test_replay.c
tests_message_test_steps_SOURCES = tests/message/test_steps.c \
	tests/resolver/fakens.c tests/resolver/fakens.h \
	tests/resolver/dnsmsg.c tests/resolver/dnsmsg.h
tests_message_test_facts_SOURCES = tests/message/test_facts.c
