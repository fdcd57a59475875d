/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader: what we read, for a test that asks other programs the same.
 *
 *	reader from		"state domain..." for each From field
 *	reader authres ID...	"kept" or "removed" for each
 *				Authentication-Results field
 *
 * A field's value is a line of hexadecimal digits on standard input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "mail/address.h"
#include "mail/forged.h"

#define IDS_MAX	10
#define ARENA	(1u << 20)

/* In place. */
static struct slice
from_hex(char *line, size_t len)
{
	size_t i;

	for (i = 0; i + 1 < len && ascii_hex(line[i]) >= 0; i += 2)
		line[i / 2] = (char)(ascii_hex(line[i]) << 4 |
		    ascii_hex(line[i + 1]));
	return (struct slice){ line, i / 2 };
}

static void
show_from(struct slice value)
{
	struct arena *arena = arena_new(ARENA);
	struct mail_from from;
	size_t i;

	if (arena == NULL)
		exit(1);
	mail_from_parse(value, arena, &from);
	fputs(mail_from_state_name(from.state), stdout);
	for (i = 0; i < from.domain_count; i++)
		printf(" %s", from.domains[i].ptr);
	putchar('\n');
	arena_free(arena);
}

static void
show_authres(struct slice value, const struct forged_search *search)
{
	struct arena *arena = arena_new(ARENA);
	struct forged_field *list;
	struct mail_header header;
	size_t count = 0;

	if (arena == NULL)
		exit(1);
	mail_header_init(&header, arena);
	if (!mail_header_add(&header, SLICE("Authentication-Results"),
	    value) || !forged_find(search, &header, arena, &list, &count))
		exit(1);
	puts(count > 0 ? "removed" : "kept");
	arena_free(arena);
}

int
main(int argc, char **argv)
{
	struct slice ids[IDS_MAX], value;
	struct forged_search search = { .ids = ids };
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int i;

	for (i = 2; i < argc && search.id_count < IDS_MAX; i++)
		ids[search.id_count++] = slice_str(argv[i]);
	while (argc > 1 && (len = getline(&line, &room, stdin)) > 0) {
		value = from_hex(line, (size_t)len);
		if (strcmp(argv[1], "from") == 0)
			show_from(value);
		else
			show_authres(value, &search);
	}
	free(line);
	return argc > 1 ? 0 : 64;
}
