/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * headerhash: which fields are hashed, and in what order (RFC 6376 section
 * 5.4.2 for the choice, section 3.7 for the hash).
 *
 *  1. For each name of h=, from left to right: the lowest field of that
 *     name not taken yet.  No such field: nothing is hashed for the name.
 *  2. The field in its canonical form, and CRLF.
 *  3. At the end the signature's own field, its b= value left out, without
 *     CRLF.
 *
 * A sender chooses the names of fields and those in h=, up to 10,000 and
 * 1,000 for each signature.  How many fields of a name were taken is kept
 * at the place of the lowest one, and the header finds a field by name and
 * number without walking over all of them: no choice of names makes one
 * name of h= cost much more than another.
 */
#include "dkim/headerhash.h"

#include <string.h>

#include "mail/taglist.h"

bool
headerhash_init(struct headerhash *h, struct arena *arena,
    const struct mail_header *header)
{
	h->header = header;
	h->taken = arena_array(arena, header->count, sizeof(*h->taken));
	return h->taken != NULL;
}

/* Step 1; NULL when no field is left. */
static const struct mail_field *
take_field(struct headerhash *h, struct slice name,
    const struct mail_field *own)
{
	unsigned int count = mail_header_instances(h->header, name);
	const struct mail_field *field;
	unsigned int *taken;

	field = mail_header_find(h->header, name, count);
	if (field == NULL)
		return NULL;
	taken = &h->taken[field - h->header->fields];
	while (*taken < count) {
		field = mail_header_find(h->header, name, count - *taken);
		*taken += 1;
		if (field != own)
			return field;
	}
	return NULL;
}

static void
add_to_hash(void *arg, const char *ptr, size_t len)
{
	crypto_hash_add(arg, ptr, len);
}

bool
headerhash_compute(struct headerhash *h,
    const struct headerhash_input *in, struct crypto_hash *hash,
    unsigned char out[DKIM_SHA256_LEN])
{
	const struct mail_field *field;
	struct dkim_sink sink;
	struct slice rest = in->h, name;
	bool more = true;

	memset(h->taken, 0, h->header->count * sizeof(*h->taken));
	dkim_sink_init(&sink, add_to_hash, hash);
	while (taglist_next(&rest, &more, &name)) {
		field = take_field(h, name, in->own);
		if (field == NULL)
			continue;
		dkim_canon_field(in->how, field->name, field->value,
		    (struct slice){ NULL, 0 }, &sink);
		dkim_sink_add(&sink, "\r\n", 2);
	}
	dkim_canon_field(in->how, in->name, in->value, in->cut, &sink);
	dkim_sink_flush(&sink);
	return crypto_hash_end(hash, out);
}
