libassay_a_SOURCES += \
	base/arena.c base/arena.h \
	base/ascii.h \
	base/base64.c base/base64.h \
	base/buf.c base/buf.h \
	base/cursor.c base/cursor.h \
	base/domain.c base/domain.h \
	base/ipaddr.c base/ipaddr.h \
	base/limits.h \
	base/mem.c base/mem.h \
	base/slice.c base/slice.h
