/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paths: a table of paths, and a list of them by last use.
 *
 * A path is one block.  Its questions are packed: two octets of type, one of
 * the name's length, the name.
 */
#include "resolver/paths_internal.h"

#include <string.h>
#include <sys/queue.h>

#include "base/domain.h"
#include "base/limits.h"
#include "base/mem.h"

#define TABLE_SIZE	256
#define ITEM_MAX	(3 + DOMAIN_MAX)

struct path {
	struct table_node	 node;
	TAILQ_ENTRY(path)	 link;
	int64_t			 again_us;
	struct domain		 root;
	size_t			 len;
	unsigned char		 items[];
};

struct paths {
	struct table	 table;
	TAILQ_HEAD(path_list, path) paths;	/* newest use first */
	size_t		 bytes;
	size_t		 max;
};

struct paths *
paths_new(size_t max_bytes)
{
	struct paths *p = mem_alloc(sizeof(*p));

	if (p == NULL)
		return NULL;
	if (!table_init(&p->table, TABLE_SIZE)) {
		mem_free(p);
		return NULL;
	}
	TAILQ_INIT(&p->paths);
	p->max = max_bytes;
	return p;
}

static size_t
path_bytes(const struct path *path)
{
	return sizeof(*path) + path->len;
}

static void
path_drop(struct paths *p, struct path *path)
{
	table_remove(&p->table, &path->node);
	TAILQ_REMOVE(&p->paths, path, link);
	p->bytes -= path_bytes(path);
	mem_free(path);
}

void
paths_free(struct paths *p)
{
	if (p == NULL)
		return;
	while (!TAILQ_EMPTY(&p->paths))
		path_drop(p, TAILQ_FIRST(&p->paths));
	table_fini(&p->table);
	mem_free(p);
}

static struct path *
find(const struct paths *p, const struct table_key *root)
{
	struct table_node *n = table_find(&p->table, root);

	return n == NULL ? NULL :
	    (struct path *)((uintptr_t)n - offsetof(struct path, node));
}

/* Worth asking ahead: the answer will be found in the cache. */
static bool
belongs(const struct dns_entry *e, struct slice root)
{
	return e->answer != NULL && e->type != DNS_TYPE_PTR &&
	    dns_outcome_is_known(e->answer->outcome) && e->answer->ttl > 0 &&
	    !(e->type == DNS_TYPE_TXT && slice_eq(e->name, root));
}

/* Returns how many octets of `out` are used. */
static size_t
pack(struct slice root, const struct dns_entry *e,
    unsigned char out[LIMIT_DNS_PATH * ITEM_MAX])
{
	size_t len = 0, count = 0;

	for (; e != NULL && count < LIMIT_DNS_PATH; e = e->next) {
		if (!belongs(e, root))
			continue;
		out[len++] = (unsigned char)((unsigned int)e->type >> 8);
		out[len++] = (unsigned char)e->type;
		out[len++] = (unsigned char)e->name.len;
		memcpy(out + len, e->name.ptr, e->name.len);
		len += e->name.len;
		count++;
	}
	return len;
}

/* `again_us` is that of the path which it follows. */
static void
path_add(struct paths *p, const struct table_key *root, int64_t again_us,
    const unsigned char *items, size_t len)
{
	struct path *path;

	path = mem_alloc(sizeof(*path) + len);
	if (path == NULL)
		return;
	if (!domain_parse_dns(root->name, &path->root)) {
		mem_free(path);
		return;
	}
	path->node.key = *root;
	path->node.key.name = domain_slice(&path->root);
	path->again_us = again_us;
	path->len = len;
	memcpy(path->items, items, len);
	table_insert(&p->table, &path->node);
	TAILQ_INSERT_HEAD(&p->paths, path, link);
	p->bytes += path_bytes(path);
	while (!TAILQ_EMPTY(&p->paths) && paths_bytes(p) > p->max)
		path_drop(p, TAILQ_LAST(&p->paths, path_list));
}

void
paths_note(struct paths *p, struct slice root, const struct dns_entry *first)
{
	unsigned char items[LIMIT_DNS_PATH * ITEM_MAX];
	struct table_key key = table_key(root, DNS_TYPE_TXT);
	size_t len = pack(root, first, items);
	struct path *path = find(p, &key);
	int64_t again_us = 0;

	if (path != NULL) {
		if (path->len == len && memcmp(path->items, items, len) == 0)
			return;
		again_us = path->again_us;
		path_drop(p, path);
	}
	if (len > 0)
		path_add(p, &key, again_us, items, len);
}

const struct path *
paths_find(struct paths *p, const struct table_key *root, int64_t now_us)
{
	struct path *path = find(p, root);

	if (path == NULL || now_us < path->again_us)
		return NULL;
	path->again_us = now_us + PATHS_AGAIN_US;
	if (path != TAILQ_FIRST(&p->paths)) {
		TAILQ_REMOVE(&p->paths, path, link);
		TAILQ_INSERT_HEAD(&p->paths, path, link);
	}
	return path;
}

bool
path_next(const struct path *path, size_t *at, struct table_key *out)
{
	const unsigned char *item = path->items + *at;
	struct slice name;

	if (*at >= path->len)
		return false;
	name = (struct slice){ (const char *)item + 3, item[2] };
	*at += 3 + name.len;
	*out = table_key(name, (unsigned int)item[0] << 8 | item[1]);
	return true;
}

size_t
paths_count(const struct paths *p)
{
	return p->table.count;
}

size_t
paths_bytes(const struct paths *p)
{
	return p->bytes + table_bytes(&p->table);
}
