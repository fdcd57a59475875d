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

fuzz_programs += \
	tests/fuzz/fuzz_address \
	tests/fuzz/fuzz_authres_read \
	tests/fuzz/fuzz_authres_write \
	tests/fuzz/fuzz_header \
	tests/fuzz/fuzz_lex \
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
tests_fuzz_fuzz_taglist_SOURCES = tests/fuzz/fuzz_taglist.c \
	tests/fuzz/replay.c

EXTRA_DIST += \
	tests/fuzz/address.dict \
	tests/fuzz/corpus/address/comments \
	tests/fuzz/corpus/address/empty-group \
	tests/fuzz/corpus/address/encoded-word \
	tests/fuzz/corpus/address/group \
	tests/fuzz/corpus/address/literal \
	tests/fuzz/corpus/address/name \
	tests/fuzz/corpus/address/nul \
	tests/fuzz/corpus/address/null \
	tests/fuzz/corpus/address/obs \
	tests/fuzz/corpus/address/open-comment \
	tests/fuzz/corpus/address/plain \
	tests/fuzz/corpus/address/quoted-path \
	tests/fuzz/corpus/address/route \
	tests/fuzz/corpus/address/two \
	tests/fuzz/corpus/address/u-label \
	tests/fuzz/corpus/address/victim \
	tests/fuzz/authres_read.dict \
	tests/fuzz/corpus/authres_read/all-comments \
	tests/fuzz/corpus/authres_read/comment-id \
	tests/fuzz/corpus/authres_read/gmail \
	tests/fuzz/corpus/authres_read/ipv6 \
	tests/fuzz/corpus/authres_read/microsoft \
	tests/fuzz/corpus/authres_read/none \
	tests/fuzz/corpus/authres_read/nul \
	tests/fuzz/corpus/authres_read/open \
	tests/fuzz/corpus/authres_read/ours \
	tests/fuzz/corpus/authres_read/ours-dot \
	tests/fuzz/corpus/authres_read/quoted-local \
	tests/fuzz/corpus/authres_read/reason \
	tests/fuzz/corpus/authres_read/u-label \
	tests/fuzz/corpus/authres_read/version \
	tests/fuzz/authres_write.dict \
	tests/fuzz/corpus/authres_write/comment-no-result \
	tests/fuzz/corpus/authres_write/eai \
	tests/fuzz/corpus/authres_write/form \
	tests/fuzz/corpus/authres_write/id-quoted \
	tests/fuzz/corpus/authres_write/id-u-label \
	tests/fuzz/corpus/authres_write/injection \
	tests/fuzz/corpus/authres_write/long-values \
	tests/fuzz/corpus/authres_write/none \
	tests/fuzz/header.dict \
	tests/fuzz/corpus/header/bare-cr \
	tests/fuzz/corpus/header/blank-fold \
	tests/fuzz/corpus/header/crlf \
	tests/fuzz/corpus/header/empty \
	tests/fuzz/corpus/header/lf \
	tests/fuzz/corpus/header/mbox \
	tests/fuzz/corpus/header/no-body \
	tests/fuzz/corpus/header/no-field \
	tests/fuzz/corpus/header/nul \
	tests/fuzz/lex.dict \
	tests/fuzz/corpus/lex/comments \
	tests/fuzz/corpus/lex/dot-atom \
	tests/fuzz/corpus/lex/encoded-word \
	tests/fuzz/corpus/lex/folds \
	tests/fuzz/corpus/lex/not-utf8 \
	tests/fuzz/corpus/lex/nul \
	tests/fuzz/corpus/lex/open-comment \
	tests/fuzz/corpus/lex/quoted \
	tests/fuzz/corpus/lex/token \
	tests/fuzz/corpus/lex/utf8 \
	tests/fuzz/taglist.dict \
	tests/fuzz/corpus/taglist/bare-lf \
	tests/fuzz/corpus/taglist/empty-tag \
	tests/fuzz/corpus/taglist/empty-values \
	tests/fuzz/corpus/taglist/key \
	tests/fuzz/corpus/taglist/list \
	tests/fuzz/corpus/taglist/lookalikes \
	tests/fuzz/corpus/taglist/nul \
	tests/fuzz/corpus/taglist/signature \
	tests/fuzz/corpus/taglist/twice \
	tests/fuzz/corpus/taglist/u-label
