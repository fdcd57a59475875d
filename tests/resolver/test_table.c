/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolver/table_internal.h"

#include <stdint.h>

#include "base/mem.h"
#include "tests/tap.h"

#define MANY 5000

static struct table_node nodes[MANY];
static char names[MANY][16];

static struct table_key
key_of(int i)
{
	(void)snprintf(names[i], sizeof(names[i]), "n%d.example", i);
	return table_key(slice_str(names[i]), 16);
}

static bool
all_found(const struct table *t, int from)
{
	struct table_key key;
	int i;

	for (i = 0; i < MANY; i++) {
		key = key_of(i);
		if ((table_find(t, &key) == &nodes[i]) != (i >= from))
			return false;
	}
	return true;
}

static void
test_many(void)
{
	struct table_node *n;
	struct table t;
	size_t from = 0, popped = 0;
	int i;

	ok(table_init(&t, 4), "init");
	for (i = 0; i < MANY; i++) {
		nodes[i].key = key_of(i);
		table_insert(&t, &nodes[i]);
	}
	is_num((long long)t.count, MANY, "count");
	ok(t.size >= MANY, "it has grown to %zu slots", t.size);
	ok(all_found(&t, 0), "all are found");
	for (i = 0; i < MANY / 2; i++)
		table_remove(&t, &nodes[i]);
	ok(all_found(&t, MANY / 2), "the removed are not found");
	while ((n = table_pop(&t, &from)) != NULL)
		popped++;
	is_num((long long)popped, MANY - MANY / 2, "popped the rest");
	is_num((long long)t.count, 0, "empty");
	table_fini(&t);
}

static void
test_keys(void)
{
	struct table_key a = table_key(SLICE("a.example"), 1);
	struct table_key b = table_key(SLICE("a.example"), 16);
	struct table_key c = table_key(SLICE("b.example"), 1);
	struct table_node n = { .key = a };
	struct table t;

	ok(table_init(&t, 1), "one slot");
	table_insert(&t, &n);
	ok(table_find(&t, &a) == &n, "same key");
	ok(table_find(&t, &b) == NULL, "another type");
	ok(table_find(&t, &c) == NULL, "another name");
	ok(a.hash != b.hash && a.hash != c.hash, "hashes differ");
	table_fini(&t);
}

static void
test_no_memory(void)
{
	struct table_node n[3];
	struct table t;
	int i;

	mem_fail_after(0, 1);
	ok(!table_init(&t, 1), "no memory for the slots");
	mem_fail_after(1, 100);
	ok(table_init(&t, 1), "only growth fails");
	for (i = 0; i < 3; i++) {
		n[i].key = key_of(i);
		table_insert(&t, &n[i]);
	}
	mem_fail_after(0, 0);
	is_num((long long)t.size, 1, "it stays small");
	for (i = 0; i < 3; i++)
		ok(table_find(&t, &n[i].key) == &n[i], "found: %d", i);
	table_fini(&t);
}

int
main(void)
{
	test_many();
	test_keys();
	test_no_memory();
	return tap_done();
}
