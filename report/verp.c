/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verp: see verp.h.
 */
#include "report/verp.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/hash.h"

_Static_assert(LIMIT_REPORT_BOUNCE + VERP_TAG == LIMIT_MAILBOX_LOCAL,
    "the tag fits");

/* ---- names of reports ---- */

void
report_id_make(uint64_t policy, char out[REPORT_ID])
{
	snprintf(out, REPORT_ID, "%016" PRIx64, policy);
}

/* Exactly 16 hex digits. */
static bool
read_hex(struct slice s, uint64_t *out)
{
	size_t i;

	if (s.len != VERP_HASH)
		return false;
	for (*out = 0, i = 0; i < s.len; i++) {
		int digit = ascii_hex(s.ptr[i]);

		if (digit < 0)
			return false;
		*out = *out << 4 | (uint64_t)digit;
	}
	return true;
}

bool
report_id_read(struct slice text, uint64_t *policy)
{
	return read_hex(text, policy) && *policy != 0;
}

/* ---- tags ---- */

static uint64_t
hash_of(const uint64_t key[2], uint64_t policy, struct slice destination)
{
	return hash_with(key, destination, policy);
}

void
verp_tag_make(const uint64_t key[2], uint64_t policy,
    struct slice destination, char out[VERP_TAG])
{
	snprintf(out, VERP_TAG, "%016" PRIx64 "-%016" PRIx64, policy,
	    hash_of(key, policy, destination));
}

bool
verp_tag_read(struct slice text, struct verp *out)
{
	struct slice id;

	return slice_cut(&text, '-', &id) &&
	    report_id_read(id, &out->policy) && read_hex(text, &out->hash);
}

bool
verp_is_to(const struct verp *v, const uint64_t key[2],
    struct slice destination)
{
	return v->hash == hash_of(key, v->policy, destination);
}

/* ---- addresses ---- */

bool
verp_make(const struct mail_mailbox *bounce, const uint64_t key[2],
    uint64_t policy, struct slice destination, struct mail_mailbox *out)
{
	struct slice local = mail_mailbox_local(bounce);
	char text[sizeof(out->text) + VERP_TAG], tag[VERP_TAG];
	int len;

	if (local.len > LIMIT_REPORT_BOUNCE)
		return false;
	verp_tag_make(key, policy, destination, tag);
	len = snprintf(text, sizeof(text), "%.*s+%s@%s", SLICE_ARG(local),
	    tag, bounce->host.text);
	return mail_mailbox_parse((struct slice){ text, (size_t)len }, out);
}

