/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: aggregate reports, packed or not.
 *
 * What is read must add up: the messages of the report are those of its
 * rows, and so are those of every table.
 */

#include "base/limits.h"
#include "report/page.h"
#include "report/tally.h"
#include "report/unpack.h"
#include "tests/fuzz/fuzz.h"

static uint64_t
sum(const struct tally_table *t)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < t->count; i++) {
		must(t->lines[i].passed <= t->lines[i].messages);
		n += t->lines[i].messages;
	}
	return n;
}

static bool
found(void *arg, struct slice xml)
{
	struct tallies *t = arg;
	const struct report_row *row;
	struct report r;
	uint64_t messages = 0;
	size_t rows = 0;
	unsigned int line;

	must(xml.len <= LIMIT_REPORT_XML);
	if (report_read_xml(xml, t->arena, &r, &line) != REPORT_READ)
		return true;
	for (row = r.rows; row != NULL; row = row->next) {
		must(row->source.family != IPADDR_NONE);
		messages += row->count;
		rows++;
	}
	must(messages == r.messages && rows == r.row_count);
	(void)tallies_add(t, &r);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = { (const char *)data, size };
	struct arena *arena = arena_new(64U << 20);
	struct page page = { .title = "fuzz", .about = input };
	struct tallies t;
	struct buf b;

	if (arena == NULL)
		return 0;
	tallies_init(&t, arena);
	(void)report_unpack(input, found, &t);
	if (!arena_failed(arena)) {
		must(sum(&t.sources) == t.all.messages);
		must(sum(&t.days) == t.all.messages);
		must(sum(&t.froms) == t.all.messages);
		tallies_sort(&t);
		must(sum(&t.reporters) == t.all.messages);
		buf_init(&b, 1U << 20);
		page_write(&b, &page, &t);
		buf_fini(&b);
	}
	arena_free(arena);
	return 0;
}
