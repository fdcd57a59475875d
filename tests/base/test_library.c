/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/library.h"

#include <math.h>

#include "tests/tap.h"

#define HERE		"libm.so.6"
/* cbrt() and fmax(), as if their names began with that of a library. */
#define FUNCTIONS(X)	X(c, brt) X(f, max)

static struct {
	FUNCTIONS(LIBRARY_MEMBER)
} lib;
static const struct library_function functions[] = {
	FUNCTIONS(LIBRARY_FUNCTION)
};
static void *nothing;
static const struct library_function others[] = {
	{ "cbrt", &nothing }, { "assay_function", &nothing }
};

static void
test_loaded(void)
{
	struct library l = LIBRARY(HERE, functions);
	char why[256] = "";

	ok(library_load(&l, why, sizeof(why)), "a library: %s", why);
	ok(lib.max(1.0, 2.0) > 1.5 && lib.brt(27.0) > 2.5, "its functions");
	lib.max = NULL;
	ok(library_load(&l, why, sizeof(why)) && lib.max == NULL,
	    "once is enough");
}

static void
test_linked(void)
{
	struct library l = LIBRARY(NULL, functions);
	char why[8] = "";

	ok(library_load(&l, why, sizeof(why)), "a library that is linked");
}

static void
test_missing(void)
{
	struct library absent = LIBRARY("libassay-absent.so.1", functions);
	struct library old = LIBRARY(HERE, others);
	char why[256] = "", small[9] = "";

	ok(!library_load(&absent, why, sizeof(why)), "a file that is absent");
	ok(strncmp(why, "libassay-absent.so.1 cannot be loaded: ", 39) == 0 &&
	    strlen(why) > 39, "and why: %s", why);
	ok(!library_load(&old, why, sizeof(why)), "a function that is absent");
	ok(strncmp(why, HERE " cannot be loaded: ", 27) == 0 &&
	    strstr(why, "assay_function") != NULL, "and why: %s", why);
	ok(!library_load(&old, small, sizeof(small)), "each time");
	is_str(small, "libm.so.", "in the room that there is");
}

int
main(void)
{
	test_loaded();
	test_linked();
	test_missing();
	return tap_done();
}
