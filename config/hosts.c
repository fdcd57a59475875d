/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hosts: two sorted lists.
 *
 * 1. Networks are sorted by family, length of the prefix, first address and
 *    owner; `lengths` has those that occur.  For each of them the address
 *    is cut to its prefix, and the networks that are equal to it follow each
 *    other.
 * 2. Names are sorted by text and owner, those of "*.example.org" in a list
 *    of their own, without the star.  A name is looked for in the first, all
 *    that is above it in the second.
 */
#include "config/hosts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "base/find.h"
#include "base/limits.h"

#define FIRST_ROOM 16
#define LENGTHS 129		/* of prefixes */

/* Packed, as there are many. */
struct net_row {
	unsigned char	bytes[16];
	unsigned char	family, bits;
	uint16_t	owner;
};

struct name_row {
	const char	*text;
	uint16_t	 len;
	uint16_t	 owner;
};

/* Rows of one kind, `size` octets each. */
struct rows {
	char	*list;
	size_t	 size, count, cap;
};

struct config_hosts {
	struct arena	*arena;
	struct rows	 nets, names, below;
	bool		 v4[LENGTHS], v6[LENGTHS];
};

_Static_assert(LIMIT_FORWARDERS <= UINT16_MAX, "owners fit into rows");

/* ---- adding ---- */

struct config_hosts *
hosts_new(struct arena *arena)
{
	struct config_hosts *h = arena_alloc(arena, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->arena = arena;
	h->nets.size = sizeof(struct net_row);
	h->names.size = h->below.size = sizeof(struct name_row);
	return h;
}

size_t
hosts_count(const struct config_hosts *h)
{
	return h->nets.count + h->names.count + h->below.count;
}

bool
hosts_has_names(const struct config_hosts *h)
{
	return h->names.count + h->below.count > 0;
}

/* Room for one more row; what is outgrown stays in the arena. */
static enum hosts_status
add_row(struct config_hosts *h, struct rows *rows, const void *row)
{
	size_t cap = rows->cap > 0 ? 2 * rows->cap : FIRST_ROOM;
	char *list;

	if (hosts_count(h) == LIMIT_HOSTS)
		return HOSTS_LIMIT;
	if (rows->count == rows->cap) {
		list = arena_array(h->arena, cap, rows->size);
		if (list == NULL)
			return HOSTS_NO_MEMORY;
		if (rows->count > 0)
			memcpy(list, rows->list, rows->count * rows->size);
		rows->list = list;
		rows->cap = cap;
	}
	memcpy(rows->list + rows->count++ * rows->size, row, rows->size);
	return HOSTS_OK;
}

static struct net_row
row_of(const struct ipnet *net, unsigned int owner)
{
	struct ipaddr first = ipnet_first(net);
	struct net_row row = { .family = (unsigned char)first.family,
		.bits = (unsigned char)net->bits, .owner = (uint16_t)owner };

	memcpy(row.bytes, first.bytes, first.family == IPADDR_V4 ? 4 : 16);
	return row;
}

enum hosts_status
hosts_add_net(struct config_hosts *h, const struct ipnet *net,
    unsigned int owner)
{
	struct net_row row = row_of(net, owner);

	if (net->addr.family == IPADDR_V4)
		h->v4[net->bits] = true;
	else
		h->v6[net->bits] = true;
	return add_row(h, &h->nets, &row);
}

enum hosts_status
hosts_add_name(struct config_hosts *h, const struct policy_pattern *name,
    unsigned int owner)
{
	struct name_row row = { .owner = (uint16_t)owner,
		.len = (uint16_t)name->domain.len };
	struct slice text;

	text = arena_dup(h->arena, domain_slice(&name->domain));
	if (text.ptr == NULL)
		return HOSTS_NO_MEMORY;
	row.text = text.ptr;
	return add_row(h, name->below ? &h->below : &h->names, &row);
}

static enum hosts_status
add_word(struct config_hosts *h, struct slice word, unsigned int owner)
{
	struct policy_pattern name;
	struct ipnet net;

	if (ipnet_parse(word, &net))
		return hosts_add_net(h, &net, owner);
	/* "1.2.3.400" is a slip, and no name. */
	if (!policy_pattern_parse(word, &name) ||
	    domain_ends_in_number(domain_slice(&name.domain)))
		return HOSTS_MALFORMED;
	return hosts_add_name(h, &name, owner);
}

enum hosts_status
hosts_add_text(struct config_hosts *h, struct slice text,
    unsigned int owner, unsigned int *line)
{
	enum hosts_status status = HOSTS_OK;
	struct slice word;
	bool more = true;

	for (*line = 1; more; ++*line) {
		more = slice_cut(&text, '\n', &word);
		word = slice_trim(slice_head(word, slice_find(word, '#')));
		if (word.len > 0)
			status = add_word(h, word, owner);
		if (status != HOSTS_OK)
			break;
	}
	return status;
}

/* ---- sorting ---- */

/* As keys: family and length, then the address. */
static int
compare_keys(const void *key, const void *row)
{
	const struct net_row *a = key, *b = row;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->bits != b->bits)
		return a->bits < b->bits ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int
compare_nets(const void *a, const void *b)
{
	const struct net_row *x = a, *y = b;
	int order = compare_keys(x, y);

	return order != 0 ? order : (int)x->owner - (int)y->owner;
}

static struct slice
text_of(const struct name_row *row)
{
	return (struct slice){ row->text, row->len };
}

static int
compare_names(const void *a, const void *b)
{
	const struct name_row *x = a, *y = b;
	int order = slice_cmp(text_of(x), text_of(y));

	return order != 0 ? order : (int)x->owner - (int)y->owner;
}

/* The key is a text. */
static int
compare_text(const void *key, const void *row)
{
	return slice_cmp(*(const struct slice *)key, text_of(row));
}

static void
sort(struct rows *rows, int (*compare)(const void *, const void *))
{
	if (rows->count > 1)
		qsort(rows->list, rows->count, rows->size, compare);
}

void
hosts_sort(struct config_hosts *h)
{
	sort(&h->nets, compare_nets);
	sort(&h->names, compare_names);
	sort(&h->below, compare_names);
}

/* ---- finding ---- */

/* All networks that are this one. */
static bool
find_net(const struct rows *rows, const struct ipnet *net,
    hosts_owner_fn *fn, void *arg)
{
	const struct net_row *list = (const struct net_row *)
	    (const void *)rows->list;
	const struct net_row key = row_of(net, 0);
	size_t i = find_first(&key, list, rows->count, sizeof(*list),
	    compare_keys);

	for (; i < rows->count && compare_keys(&key, &list[i]) == 0; i++)
		if (fn(arg, list[i].owner))
			return true;
	return false;
}

bool
hosts_find_address(const struct config_hosts *h, const struct ipaddr *a,
    hosts_owner_fn *fn, void *arg)
{
	const bool *lengths = a->family == IPADDR_V4 ? h->v4 : h->v6;
	struct ipnet net = { .addr = *a };

	for (; a->family != IPADDR_NONE && net.bits < LENGTHS; net.bits++) {
		if (lengths[net.bits] && find_net(&h->nets, &net, fn, arg))
			return true;
	}
	return false;
}

/* All rows of this text. */
static bool
find_text(const struct rows *rows, struct slice text, hosts_owner_fn *fn,
    void *arg)
{
	const struct name_row *list = (const struct name_row *)
	    (const void *)rows->list;
	size_t i = find_first(&text, list, rows->count, sizeof(*list),
	    compare_text);

	for (; i < rows->count && slice_eq(text_of(&list[i]), text); i++)
		if (fn(arg, list[i].owner))
			return true;
	return false;
}

bool
hosts_find_name(const struct config_hosts *h, struct slice name,
    hosts_owner_fn *fn, void *arg)
{
	if (name.len > 0 && find_text(&h->names, name, fn, arg))
		return true;
	for (name = domain_parent(name); name.len > 0;
	    name = domain_parent(name)) {
		if (find_text(&h->below, name, fn, arg))
			return true;
	}
	return false;
}
