/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table: a hash table keyed by (name, type), for the folder's own use.
 *
 * Nodes are part of what they find and belong to its owner; the table owns
 * only its slots.  The hash is keyed with a secret of the process: names
 * come from senders, who must not be able to aim at one slot.
 * Not thread-safe.
 */
#ifndef RESOLVER_TABLE_INTERNAL_H
#define RESOLVER_TABLE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct table_key {
	struct slice	name;	/* borrowed; lower case */
	unsigned int	type;
	uint64_t	hash;
};

struct table_node {
	struct table_node	*next;
	struct table_key	 key;
};

struct table {
	struct table_node	**slots;
	size_t			  size;		/* a power of two */
	size_t			  count;
};

struct table_key	table_key(struct slice name, unsigned int type);

/* `size` slots at first, a power of two.  False: no memory. */
bool	table_init(struct table *t, size_t size);
void	table_fini(struct table *t);

struct table_node	*table_find(const struct table *t,
			    const struct table_key *key);
/*
 * The node's key is set, its name lives as long as the node.  The table
 * grows with what it holds; when there is no memory for that it only gets
 * slower.
 */
void	table_insert(struct table *t, struct table_node *node);
void	table_remove(struct table *t, struct table_node *node);
/*
 * Takes out a node that is in slot `*from` or after it and moves `*from`
 * there; NULL when there is none.  For emptying a table: begin with 0.
 */
struct table_node	*table_pop(struct table *t, size_t *from);
/* Octets of heap that the slots take. */
size_t	table_bytes(const struct table *t);

#endif
