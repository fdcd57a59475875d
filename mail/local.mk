libassay_a_SOURCES += \
	mail/address.c mail/address.h \
	mail/authres.h mail/authres_read.c mail/authres_write.c \
	mail/header.c mail/header.h \
	mail/lex.c mail/lex.h \
	mail/result.c mail/result.h \
	mail/taglist.c mail/taglist.h

check_PROGRAMS += \
	tests/mail/test_address \
	tests/mail/test_authres_read \
	tests/mail/test_authres_write \
	tests/mail/test_header \
	tests/mail/test_lex \
	tests/mail/test_result \
	tests/mail/test_taglist
tests_mail_test_address_SOURCES = tests/mail/test_address.c
tests_mail_test_authres_read_SOURCES = tests/mail/test_authres_read.c
tests_mail_test_authres_write_SOURCES = tests/mail/test_authres_write.c
tests_mail_test_header_SOURCES = tests/mail/test_header.c
tests_mail_test_lex_SOURCES = tests/mail/test_lex.c
tests_mail_test_result_SOURCES = tests/mail/test_result.c
tests_mail_test_taglist_SOURCES = tests/mail/test_taglist.c
