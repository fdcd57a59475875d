/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * library: a shared library that few configurations need, loaded when one
 * does.
 *
 * What is linked takes memory in every process, with all that it needs
 * itself, and its code runs before main().  A file that uses a library
 * through this one lists the functions that it calls, each with the prefix
 * of the library apart, and has a table of pointers to them, `lib`:
 *
 *	#define FUNCTIONS(X) X(PQ, clear) X(PQ, finish)
 *	static struct { FUNCTIONS(LIBRARY_MEMBER) } lib;
 *	static const struct library_function functions[] = {
 *		FUNCTIONS(LIBRARY_FUNCTION) };
 *	static struct library library = LIBRARY(LIBPQ_FILE, functions);
 *
 * A library that is linked after all, as in a static program, has NULL for
 * its file, and its table is complete: lib = { FUNCTIONS(LIBRARY_LINKED) }.
 */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

struct library_function {
	const char	*name;
	void		*pointer;	/* to the pointer in the table */
};

struct library {
	const char			*file;
	const struct library_function	*functions;
	size_t				 count;
	bool				 loaded;
};

#define LIBRARY_MEMBER(prefix, name)	__typeof__(prefix##name) *name;
#define LIBRARY_LINKED(prefix, name)	.name = prefix##name,
#define LIBRARY_FUNCTION(prefix, name)	{ #prefix #name, &lib.name },
#define LIBRARY(name, array) { .file = (name), .functions = (array), \
	.count = sizeof(array) / sizeof((array)[0]) }

/*
 * Loads the file, by the name under which the system's loader finds it, and
 * fills the table.  It stays as long as the process; to load it again is
 * harmless.  False, with a sentence in `why`.  One thread at a time.
 */
bool	library_load(struct library *l, char *why, size_t why_size);

#endif
