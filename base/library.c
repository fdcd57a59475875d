/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * library: dlopen() and dlsym().
 */
#include "base/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* POSIX says so of dlsym(). */
_Static_assert(sizeof(void *) == sizeof(void (*)(void)),
    "a pointer to a function fits in one to void");

static bool
failed(const struct library *l, char *why, size_t why_size)
{
	const char *text = dlerror();

	snprintf(why, why_size, "%s cannot be loaded: %s", l->file,
	    text != NULL ? text : "no reason is known");
	return false;
}

bool
library_load(struct library *l, char *why, size_t why_size)
{
	void *handle, *function;
	size_t i;

	if (l->loaded || l->file == NULL)
		return true;
	handle = dlopen(l->file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (handle == NULL)
		return failed(l, why, why_size);
	for (i = 0; i < l->count; i++) {
		function = dlsym(handle, l->functions[i].name);
		if (function == NULL)
			return failed(l, why, why_size);
		memcpy(l->functions[i].pointer, &function, sizeof(function));
	}
	l->loaded = true;
	return true;
}
