# SPDX-License-Identifier: BSD-2-Clause
#
# The records in a database.  Not within libassay.a: what does not use it
# needs none of the libraries.

noinst_LIBRARIES += libstore.a
libstore_a_SOURCES = \
	store/db.c store/db_internal.h \
	store/forget.c \
	store/messages.c \
	store/migrate.c \
	store/read.c \
	store/record.c store/record_internal.h \
	store/rows.c store/rows_internal.h \
	store/schema_internal.h \
	store/store.c store/store.h store/store_internal.h \
	store/split.c \
	store/spool.c store/spool_internal.h \
	store/write.c \
	store/writer.c store/writer.h
if SQLITE
libstore_a_SOURCES += store/sqlite.c
else
EXTRA_DIST += store/sqlite.c
endif
if LIBPQ
libstore_a_SOURCES += store/postgresql.c
dist_check_SCRIPTS += tests/store/test_postgres.py
TESTS += tests/store/test_postgres.py
else
EXTRA_DIST += store/postgresql.c tests/store/test_postgres.py
endif
libstore_a_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS) $(LIBPQ_CFLAGS)
database_libs = $(SQLITE_LIBS) $(LIBPQ_LIBS)
store_libs = libstore.a $(LDADD) $(database_libs)

check_PROGRAMS += tests/store/test_spool tests/store/test_store \
	tests/store/test_writer
tests_store_test_writer_SOURCES = tests/store/test_writer.c
tests_store_test_writer_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
tests_store_test_writer_LDADD = $(store_libs)
tests_store_test_spool_SOURCES = tests/store/test_spool.c
tests_store_test_spool_LDADD = $(store_libs)
tests_store_test_store_SOURCES = tests/store/test_store.c
tests_store_test_store_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS) \
	$(LIBPQ_CFLAGS)
tests_store_test_store_LDADD = $(store_libs)
