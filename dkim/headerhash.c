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
 * 1,000 for each signature.  The header finds the lowest field of a name in
 * constant time and links each field with the one of its name above it; the
 * field last taken is remembered for each name, at the place of the lowest
 * one.  So each name of h= costs the same, whatever was chosen.
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

/* Step 1; NULL when no field is left.  Numbers are index + 1. */
static const struct mail_field *
take_field(struct headerhash *h, struct slice name,
    const struct mail_field *own)
{
	const struct mail_field	*fields = h->header->fields, *lowest;
	unsigned int		*taken, next;

	lowest = mail_header_find(h->header, name,
	    mail_header_instances(h->header, name));
	if (lowest == NULL)
		return NULL;
	taken = &h->taken[lowest - fields];
	do {
		next = *taken > 0 ? fields[*taken - 1].above :
		    (unsigned int)(lowest - fields) + 1;
		if (next == 0)
			return NULL;
		*taken = next;
	} while (&fields[next - 1] == own);
	return &fields[next - 1];
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
	const struct mail_field	*field;
	struct dkim_sink	 sink;
	struct slice		 rest = in->h, name;
	bool			 more = true;

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
