# SPDX-License-Identifier: BSD-2-Clause

libassay_a_SOURCES += \
	base/arena.c base/arena.h \
	base/ascii.h \
	base/base64.c base/base64.h \
	base/buf.c base/buf.h \
	base/clock.c base/clock.h \
	base/cursor.c base/cursor.h \
	base/date.c base/date.h \
	base/domain.c base/domain.h \
	base/file.c base/file.h \
	base/find.c base/find.h \
	base/glob.c base/glob.h \
	base/hash.c base/hash.h \
	base/ipaddr.c base/ipaddr.h \
	base/json.c base/json.h \
	base/limits.h \
	base/library.c base/library.h \
	base/lint.c base/lint.h \
	base/mem.c base/mem.h \
	base/pool.c base/pool.h \
	base/sanitizer.h \
	base/slice.c base/slice.h \
	base/utf8.c base/utf8.h

check_PROGRAMS += \
	tests/base/test_arena \
	tests/base/test_ascii \
	tests/base/test_base64 \
	tests/base/test_buf \
	tests/base/test_cursor \
	tests/base/test_date \
	tests/base/test_domain \
	tests/base/test_file \
	tests/base/test_find \
	tests/base/test_glob \
	tests/base/test_hash \
	tests/base/test_ipaddr \
	tests/base/test_library \
	tests/base/test_limits \
	tests/base/test_lint \
	tests/base/test_mem \
	tests/base/test_pool \
	tests/base/test_slice \
	tests/base/test_utf8
tests_base_test_arena_SOURCES = tests/base/test_arena.c
tests_base_test_ascii_SOURCES = tests/base/test_ascii.c
tests_base_test_base64_SOURCES = tests/base/test_base64.c
tests_base_test_buf_SOURCES = tests/base/test_buf.c
tests_base_test_cursor_SOURCES = tests/base/test_cursor.c
tests_base_test_date_SOURCES = tests/base/test_date.c
tests_base_test_domain_SOURCES = tests/base/test_domain.c
tests_base_test_file_SOURCES = tests/base/test_file.c
tests_base_test_find_SOURCES = tests/base/test_find.c
tests_base_test_glob_SOURCES = tests/base/test_glob.c
tests_base_test_hash_SOURCES = tests/base/test_hash.c
tests_base_test_ipaddr_SOURCES = tests/base/test_ipaddr.c
tests_base_test_library_SOURCES = tests/base/test_library.c
tests_base_test_limits_SOURCES = tests/base/test_limits.c
tests_base_test_lint_SOURCES = tests/base/test_lint.c
tests_base_test_mem_SOURCES = tests/base/test_mem.c
tests_base_test_pool_SOURCES = tests/base/test_pool.c
tests_base_test_slice_SOURCES = tests/base/test_slice.c
tests_base_test_utf8_SOURCES = tests/base/test_utf8.c

fuzz_programs += \
	tests/fuzz/fuzz_base64 \
	tests/fuzz/fuzz_domain \
	tests/fuzz/fuzz_ipaddr
tests_fuzz_fuzz_base64_SOURCES = tests/fuzz/fuzz_base64.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_domain_SOURCES = tests/fuzz/fuzz_domain.c \
	tests/fuzz/replay.c
tests_fuzz_fuzz_ipaddr_SOURCES = tests/fuzz/fuzz_ipaddr.c \
	tests/fuzz/replay.c

EXTRA_DIST += \
	tests/fuzz/base64.dict \
	tests/fuzz/domain.dict \
	tests/fuzz/ipaddr.dict
