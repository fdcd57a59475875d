/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bodyhash: from the chunks of a body to its hashes (RFC 6376 section 3.7).
 *
 * chunk -> canonicalization, once for each method -> sink, which gathers
 * short runs -> all digests of that method, each up to its l=.
 *
 * The octets after the last l= are still brought into canonical form: how
 * many there are is part of the verdict (section 8.2).
 */
#include "dkim/bodyhash.h"

#include "base/mem.h"

void
bodyhash_init(struct bodyhash *b, struct evp_md_st *md, struct arena *arena)
{
	*b = (struct bodyhash){ .md = md, .arena = arena };
}

void
bodyhash_fini(struct bodyhash *b)
{
	struct bodyhash_digest *d;
	size_t i;

	for (i = 0; i < DKIM_CANONS; i++) {
		if (b->streams[i] == NULL)
			continue;
		for (d = b->streams[i]->digests; d != NULL; d = d->next)
			crypto_hash_fini(&d->hash);
		mem_free(b->streams[i]->sink);
		b->streams[i]->sink = NULL;
	}
}

/* Canonical text on its way to the digests. */
static void
take_canonical(void *arg, const char *ptr, size_t len)
{
	struct bodyhash_stream *s = arg;
	struct bodyhash_digest *d;
	uint64_t left;

	for (d = s->digests; d != NULL; d = d->next) {
		left = d->length > s->total ? d->length - s->total : 0;
		if (left > 0)
			crypto_hash_add(&d->hash, ptr,
			    len < left ? len : (size_t)left);
	}
	s->total += len;
}

static struct bodyhash_stream *
stream_for(struct bodyhash *b, enum dkim_canon how)
{
	struct bodyhash_stream *s = b->streams[how];

	if (s != NULL)
		return s;
	s = arena_alloc(b->arena, sizeof(*s));
	if (s == NULL)
		return NULL;
	/* Not the arena's: it is large, and of no use after the body. */
	s->sink = mem_alloc(sizeof(*s->sink));
	if (s->sink == NULL)
		return NULL;
	dkim_sink_init(s->sink, take_canonical, s);
	dkim_canon_body_init(&s->canon, how, s->sink);
	b->streams[how] = s;
	return s;
}

const struct bodyhash_digest *
bodyhash_want(struct bodyhash *b, enum dkim_canon how, uint64_t length)
{
	struct bodyhash_stream *s = stream_for(b, how);
	struct bodyhash_digest *d;

	if (s == NULL)
		return NULL;
	for (d = s->digests; d != NULL; d = d->next) {
		if (d->length == length)
			return d;
	}
	d = arena_alloc(b->arena, sizeof(*d));
	if (d == NULL)
		return NULL;
	d->length = length;
	crypto_hash_init(&d->hash, b->md);
	d->next = s->digests;
	s->digests = d;
	return d;
}

static bool
is_open(const struct bodyhash_stream *s)
{
	return s != NULL && s->sink != NULL;
}

void
bodyhash_add(struct bodyhash *b, struct slice chunk)
{
	size_t i;

	for (i = 0; i < DKIM_CANONS; i++) {
		if (is_open(b->streams[i]))
			dkim_canon_body_add(&b->streams[i]->canon, chunk);
	}
}

void
bodyhash_end(struct bodyhash *b)
{
	struct bodyhash_digest *d;
	size_t i;

	for (i = 0; i < DKIM_CANONS; i++) {
		if (!is_open(b->streams[i]))
			continue;
		dkim_canon_body_end(&b->streams[i]->canon);
		mem_free(b->streams[i]->sink);
		b->streams[i]->sink = NULL;
		for (d = b->streams[i]->digests; d != NULL; d = d->next)
			d->good = crypto_hash_end(&d->hash, d->value);
	}
}

uint64_t
bodyhash_total(const struct bodyhash *b, enum dkim_canon how)
{
	return b->streams[how] != NULL ? b->streams[how]->total : 0;
}
