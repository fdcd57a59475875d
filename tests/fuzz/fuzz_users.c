/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a file of users.  What is refused says in which line; what is
 * taken can be asked, and a user "*" with "*" may use any address.
 */
#include <string.h>

#include "base/limits.h"
#include "config/users.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct slice user = slice_head(text, size / 3);
	struct slice local = slice_from(text, size - size / 3);
	char why[200] = "";
	struct users *u = users_parse(text, "fuzz", why, sizeof(why));

	if (u == NULL) {
		must(strncmp(why, "fuzz:", 5) == 0);
		return 0;
	}
	must(users_count(u) <= LIMIT_USERS_ROWS);
	(void)users_may(u, user, local, SLICE("a.example"));
	if (users_count(u) == 0)
		must(!users_may(u, user, local, SLICE("a.example")));
	must(!users_may(u, SLICE(""), local, SLICE("a.example")));
	users_free(u);
	return 0;
}
