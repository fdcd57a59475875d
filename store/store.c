/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store: opening a database.
 */
#include "store/store_internal.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/mem.h"

/* ---- status ---- */

const char *
store_why(const struct store *s)
{
	return s->why;
}

/* Notes what is wrong, for store_why(). */
static enum store_status
note(struct store *s, enum store_status status)
{
	if (status != STORE_OK)
		snprintf(s->why, sizeof(s->why), "%s", s->db->why);
	return status;
}

enum store_status
store_end(struct store *s)
{
	return note(s, db_end(s->db));
}

/* ---- opening ---- */

static struct store *
open_with(const struct db_driver *driver, const char *name,
    enum store_mode mode, enum store_status *status, char *why,
    size_t why_size)
{
	struct store *s = mem_alloc(sizeof(*s));

	*status = STORE_NO_MEMORY;
	snprintf(why, why_size, "no memory");
	if (s == NULL)
		return NULL;
	s->db = driver->open(name, mode, status, why, why_size);
	if (s->db != NULL) {
		store_migrate(s, mode);
		*status = s->db->status;
		if (store_end(s) == STORE_OK)
			return s;
		snprintf(why, why_size, "%s", s->why);
	}
	store_close(s);
	return NULL;
}

bool
store_load(const char *name, char *why, size_t why_size)
{
	const struct db_driver *driver = db_driver_of(slice_str(name));

	return driver == NULL || driver->load(why, why_size);
}

struct store *
store_open(const char *name, enum store_mode mode, enum store_status *status,
    char *why, size_t why_size)
{
	struct slice text = slice_str(name);
	const char *problem;

	if (!store_name_check(text, &problem)) {
		*status = STORE_REFUSED;
		snprintf(why, why_size, "a store is %s", problem);
		return NULL;
	}
	return open_with(db_driver_of(text), name, mode, status, why,
	    why_size);
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	if (s->db != NULL)
		s->db->driver->close(s->db);
	mem_free(s->known);
	mem_free(s);
}

void
store_key(const struct store *s, const char *purpose, uint64_t key[2])
{
	key[0] = hash_with(s->secret, slice_str(purpose), 1);
	key[1] = hash_with(s->secret, slice_str(purpose), 2);
}
