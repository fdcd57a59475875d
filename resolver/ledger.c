/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger: a list of entries in the order of asking, and a table over it.
 */
#include "resolver/ledger.h"

#include <string.h>

#include "base/domain.h"
#include "base/limits.h"
#include "base/mem.h"
#include "resolver/table_internal.h"

#define TABLE_SIZE 32		/* slots at first; most messages ask less */

struct item {
	struct dns_entry	entry;
	struct table_node	node;
	char			name[];
};

struct dns_ledger {
	struct table		 table;
	size_t			 max;
	size_t			 open;
	size_t			 bytes;
	struct dns_entry	*first;
	struct dns_entry	**last_next;
	struct dns_entry	*new;	/* the first that nobody took */
	dns_ledger_put_fn	*put;	/* NULL: they are taken */
	void			*put_arg;
	struct arena		*arena;	/* NULL: nobody wanted it yet */
	bool			 failed;
};

struct dns_ledger *
dns_ledger_new(size_t max_questions)
{
	struct dns_ledger *l = mem_alloc(sizeof(*l));

	if (l == NULL)
		return NULL;
	if (!table_init(&l->table, TABLE_SIZE)) {
		mem_free(l);
		return NULL;
	}
	l->max = max_questions;
	l->last_next = &l->first;
	return l;
}

void
dns_ledger_set_put(struct dns_ledger *l, dns_ledger_put_fn *put, void *arg)
{
	l->put = put;
	l->put_arg = arg;
}

void
dns_ledger_free(struct dns_ledger *l)
{
	struct dns_entry *e, *next;

	if (l == NULL)
		return;
	for (e = l->first; e != NULL; e = next) {
		next = e->next;
		dns_answer_unref(e->answer);
		mem_free(e);		/* the first member of its item */
	}
	table_fini(&l->table);
	arena_free(l->arena);
	mem_free(l);
}

static struct item *
item_of(struct table_node *n)
{
	return (struct item *)((uintptr_t)n - offsetof(struct item, node));
}

static struct dns_entry *
entry_add(struct dns_ledger *l, const struct domain *name, enum dns_type type)
{
	struct item *item;

	if (l->table.count >= l->max)
		return NULL;
	item = mem_alloc(sizeof(*item) + name->len);
	if (item == NULL) {
		l->failed = true;
		return NULL;
	}
	memcpy(item->name, name->text, name->len);
	item->node.key = table_key(
	    (struct slice){ item->name, name->len }, type);
	item->entry.name = item->node.key.name;
	item->entry.type = type;
	item->entry.ledger = l;
	table_insert(&l->table, &item->node);
	*l->last_next = &item->entry;
	l->last_next = &item->entry.next;
	l->open++;
	if (l->put != NULL)
		l->put(l->put_arg, &item->entry);
	else if (l->new == NULL)
		l->new = &item->entry;
	return &item->entry;
}

static struct dns_entry *
find(const struct dns_ledger *l, const struct domain *name,
    enum dns_type type)
{
	struct table_key key = table_key(domain_slice(name), type);
	struct table_node *n = table_find(&l->table, &key);

	return n != NULL ? &item_of(n)->entry : NULL;
}

struct dns_entry *
dns_ledger_enter(struct dns_ledger *l, struct slice name, enum dns_type type)
{
	struct dns_entry *e;
	struct domain d;

	if (!domain_parse_dns(name, &d))
		return NULL;
	e = find(l, &d, type);
	return e != NULL ? e : entry_add(l, &d, type);
}

const struct dns_answer *
dns_ledger_ask(struct dns_ledger *l, struct slice name, enum dns_type type)
{
	const struct dns_entry *e = dns_ledger_enter(l, name, type);

	return e != NULL ? e->answer : dns_answer_of(DNS_NOT_ASKED);
}

struct dns_entry *
dns_ledger_find(const struct dns_ledger *l, struct slice name,
    enum dns_type type)
{
	struct domain d;

	return domain_parse_dns(name, &d) ? find(l, &d, type) : NULL;
}

const struct dns_answer *
dns_ledger_peek(const struct dns_ledger *l, struct slice name,
    enum dns_type type)
{
	const struct dns_entry *e = dns_ledger_find(l, name, type);

	return e != NULL ? e->answer : NULL;
}

void **
dns_ledger_kept(struct dns_ledger *l, struct slice name, enum dns_type type,
    enum dns_keeper keeper)
{
	struct dns_entry *e = dns_ledger_find(l, name, type);

	return e != NULL && e->answer != NULL ? &e->kept[keeper] : NULL;
}

struct arena *
dns_ledger_arena(struct dns_ledger *l)
{
	if (l->arena == NULL)
		l->arena = arena_new(LIMIT_DNS_KEPT);
	return l->arena;
}

void
dns_ledger_forget(struct dns_ledger *l)
{
	struct dns_entry *e;

	if (l->arena == NULL)
		return;
	for (e = l->first; e != NULL; e = e->next)
		memset(e->kept, 0, sizeof(e->kept));
	arena_free(l->arena);
	l->arena = NULL;
}

struct dns_entry *
dns_ledger_take_new(struct dns_ledger *l)
{
	struct dns_entry *e = l->new;

	if (e != NULL)
		l->new = e->next;
	return e;
}

void
dns_ledger_answer(struct dns_entry *e, const struct dns_answer *answer)
{
	if (e->answer != NULL) {
		dns_answer_unref(answer);
		return;
	}
	e->answer = answer;
	e->ledger->open--;
	e->ledger->bytes += dns_answer_size(answer);
	if (answer == dns_answer_no_memory())
		e->ledger->failed = true;
}

void
dns_ledger_close(struct dns_ledger *l, enum dns_outcome outcome)
{
	struct dns_entry *e;

	for (e = l->first; e != NULL && l->open > 0; e = e->next) {
		if (e->answer == NULL)
			dns_ledger_answer(e, dns_answer_of(outcome));
	}
}

bool
dns_ledger_failed(const struct dns_ledger *l)
{
	return l->failed;
}

size_t
dns_ledger_count(const struct dns_ledger *l)
{
	return l->table.count;
}

size_t
dns_ledger_open(const struct dns_ledger *l)
{
	return l->open;
}

size_t
dns_ledger_bytes(const struct dns_ledger *l)
{
	return l->bytes;
}

const struct dns_entry *
dns_ledger_first(const struct dns_ledger *l)
{
	return l->first;
}
