libassay_a_SOURCES += \
	mail/address.c mail/address.h \
	mail/authres.h mail/authres_read.c mail/authres_write.c \
	mail/header.c mail/header.h \
	mail/lex.c mail/lex.h \
	mail/result.c mail/result.h \
	mail/taglist.c mail/taglist.h
