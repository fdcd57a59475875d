/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns: answers as blocks of memory with a count of references.
 *
 * An answer is one block: the counter, the answer, its records, the text
 * that they point into, and the name.
 */
#include "resolver/dns.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"

struct block {
	atomic_uint		refs;
	bool			is_static;
	size_t			size;
	struct dns_answer	answer;
	struct dns_record	records[];
};

#define STATIC_ANSWER(what) \
	[what] = { .is_static = true, \
	    .answer = { .outcome = (what), .type = DNS_TYPE_A, \
	    .name = SLICE_INIT("") } }

static struct block statics[] = {
	STATIC_ANSWER(DNS_NO_DATA),
	STATIC_ANSWER(DNS_NO_NAME),
	STATIC_ANSWER(DNS_SERVER_FAILURE),
	STATIC_ANSWER(DNS_TIMEOUT),
	STATIC_ANSWER(DNS_MALFORMED),
	STATIC_ANSWER(DNS_NOT_ASKED)
};

static const char *const outcome_names[] = {
	[DNS_FOUND] = "found",
	[DNS_NO_DATA] = "no data",
	[DNS_NO_NAME] = "no such name",
	[DNS_SERVER_FAILURE] = "server failure",
	[DNS_TIMEOUT] = "timeout",
	[DNS_MALFORMED] = "malformed",
	[DNS_NOT_ASKED] = "not asked"
};

/* Answers are const to all but their maker and this file. */
static struct block *
block_of(const struct dns_answer *a)
{
	return (struct block *)((uintptr_t)a -
	    offsetof(struct block, answer));
}

/* What the block must hold, or 0 when that overflows. */
static size_t
block_size(size_t count, size_t text)
{
	size_t size = sizeof(struct block);

	if (count > (SIZE_MAX - size) / sizeof(struct dns_record))
		return 0;
	size += count * sizeof(struct dns_record);
	return text > SIZE_MAX - size ? 0 : size + text;
}

bool
dns_answer_new(enum dns_type type, struct slice name, size_t count,
    size_t bytes, struct dns_draft *out)
{
	struct block *b;
	size_t size;
	char *text;

	if (bytes > SIZE_MAX - name.len)
		return false;
	size = block_size(count, bytes + name.len);
	b = size > 0 ? mem_alloc(size) : NULL;
	if (b == NULL)
		return false;
	atomic_init(&b->refs, 1);
	b->size = size;
	text = (char *)(b->records + count);
	if (name.len > 0)
		memcpy(text + bytes, name.ptr, name.len);
	b->answer.outcome = count > 0 ? DNS_FOUND : DNS_NO_DATA;
	b->answer.type = type;
	b->answer.name = (struct slice){ text + bytes, name.len };
	b->answer.owner = b->answer.name;
	b->answer.count = count;
	b->answer.records = b->records;
	*out = (struct dns_draft){ &b->answer, b->records, text };
	return true;
}

/* What is in one block, in another. */
static void
move_slice(struct slice *s, const struct block *from, const struct block *to)
{
	if (s->len > 0)
		s->ptr = (const char *)to + (s->ptr - (const char *)from);
}

const struct dns_answer *
dns_answer_stale(const struct dns_answer *a, enum dns_type type, uint32_t ttl)
{
	const struct block *from = block_of(a);
	struct block *b;
	size_t i;

	assert(!from->is_static);
	b = mem_alloc(from->size);
	if (b == NULL)
		return NULL;
	/* But for the counter, which may be changing. */
	memcpy(&b->answer, &from->answer,
	    from->size - offsetof(struct block, answer));
	atomic_init(&b->refs, 1);
	b->size = from->size;
	move_slice(&b->answer.name, from, b);
	move_slice(&b->answer.owner, from, b);
	for (i = 0; i < a->count; i++)
		move_slice(&b->records[i].text, from, b);
	b->answer.records = b->records;
	b->answer.type = type;
	b->answer.ttl = ttl;
	b->answer.stale = true;
	b->answer.authenticated = false;
	return &b->answer;
}

const struct dns_answer *
dns_answer_ref(const struct dns_answer *a)
{
	struct block *b = block_of(a);

	if (!b->is_static)
		atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return a;
}

void
dns_answer_unref(const struct dns_answer *a)
{
	struct block *b;

	if (a == NULL)
		return;
	b = block_of(a);
	if (!b->is_static && atomic_fetch_sub_explicit(&b->refs, 1,
	    memory_order_acq_rel) == 1)
		mem_free(b);
}

size_t
dns_answer_size(const struct dns_answer *a)
{
	return block_of(a)->size;
}

const struct dns_answer *
dns_answer_of(enum dns_outcome outcome)
{
	assert(outcome != DNS_FOUND);
	return &statics[outcome].answer;
}

const struct dns_answer *
dns_answer_no_memory(void)
{
	static const struct block none = {
		.answer.outcome = DNS_NOT_ASKED, .is_static = true };

	return &none.answer;
}

const char *
dns_type_name(enum dns_type type)
{
	switch (type) {
	case DNS_TYPE_A:
		return "A";
	case DNS_TYPE_CNAME:
		return "CNAME";
	case DNS_TYPE_PTR:
		return "PTR";
	case DNS_TYPE_MX:
		return "MX";
	case DNS_TYPE_TXT:
		return "TXT";
	case DNS_TYPE_AAAA:
		return "AAAA";
	case DNS_TYPE_TLSA:
		return "TLSA";
	case DNS_TYPE_SMIMEA:
		return "SMIMEA";
	}
	return "TYPE";
}

const char *
dns_outcome_name(enum dns_outcome outcome)
{
	return outcome_names[outcome];
}

bool
dns_outcome_is_known(enum dns_outcome outcome)
{
	return outcome == DNS_FOUND || outcome == DNS_NO_DATA ||
	    outcome == DNS_NO_NAME;
}
