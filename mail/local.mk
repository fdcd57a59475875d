libassay_a_SOURCES += \
	mail/address.c mail/address.h \
	mail/authres.h mail/authres_read.c mail/authres_write.c \
	mail/forged.c mail/forged.h \
	mail/header.c mail/header.h \
	mail/lex.c mail/lex.h \
	mail/mailbox.c mail/mailbox.h \
	mail/mime.c mail/mime.h \
	mail/received.c mail/received.h \
	mail/result.c mail/result.h \
	mail/scan.c mail/scan_internal.h \
	mail/taglist.c mail/taglist.h

check_PROGRAMS += \
	tests/mail/test_address \
	tests/mail/test_authres_read \
	tests/mail/test_authres_write \
	tests/mail/test_forged \
	tests/mail/test_header \
	tests/mail/test_lex \
	tests/mail/test_mime \
	tests/mail/test_received \
	tests/mail/test_result \
	tests/mail/test_taglist
tests_mail_test_address_SOURCES = tests/mail/test_address.c
tests_mail_test_authres_read_SOURCES = tests/mail/test_authres_read.c
tests_mail_test_authres_write_SOURCES = tests/mail/test_authres_write.c
tests_mail_test_forged_SOURCES = tests/mail/test_forged.c
tests_mail_test_header_SOURCES = tests/mail/test_header.c
tests_mail_test_lex_SOURCES = tests/mail/test_lex.c
tests_mail_test_mime_SOURCES = tests/mail/test_mime.c
tests_mail_test_received_SOURCES = tests/mail/test_received.c
tests_mail_test_result_SOURCES = tests/mail/test_result.c
tests_mail_test_taglist_SOURCES = tests/mail/test_taglist.c

fuzz_programs += \
	tests/fuzz/fuzz_address \
	tests/fuzz/fuzz_authres_read \
	tests/fuzz/fuzz_authres_write \
	tests/fuzz/fuzz_header \
	tests/fuzz/fuzz_lex \
	tests/fuzz/fuzz_received \
	tests/fuzz/fuzz_taglist
tests_fuzz_fuzz_address_SOURCES = tests/fuzz/fuzz_address.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_authres_read_SOURCES = tests/fuzz/fuzz_authres_read.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_authres_write_SOURCES = tests/fuzz/fuzz_authres_write.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_header_SOURCES = tests/fuzz/fuzz_header.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_lex_SOURCES = tests/fuzz/fuzz_lex.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_received_SOURCES = tests/fuzz/fuzz_received.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_taglist_SOURCES = tests/fuzz/fuzz_taglist.c \
	tests/fuzz/replay.c

EXTRA_DIST += \
	tests/fuzz/address.dict \
	tests/fuzz/authres_read.dict \
	tests/fuzz/authres_write.dict \
	tests/fuzz/header.dict \
	tests/fuzz/lex.dict \
	tests/fuzz/received.dict \
	tests/fuzz/taglist.dict
