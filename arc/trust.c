/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trust: the walk from the last seal down, as far as sealers are trusted.
 *
 *  1. The chain passes, and its last message signature leaves nothing of the
 *     body unsigned.
 *  2. From N down: the sealer is listed, else the walk ends.
 *  3. The results of that set are read; the lowest that say so win.  A host
 *     further down saw the message earlier, and less changed.
 */
#include "arc/trust.h"

#include <stdio.h>
#include <string.h>

#include "arc/aar.h"
#include "base/ipaddr.h"

#define PART_MAX 600		/* octets of one part of a comment */

/* Step 1. */
static bool
counts(const struct arc_verdict *v, int64_t not_before)
{
	const struct arc_set *last;

	if (v->result != AUTH_PASS || v->count == 0)
		return false;
	last = &v->sets[v->count - 1];
	return !last->message.has_length && (last->sealed_at < 0 ||
	    last->sealed_at >= not_before);
}

unsigned int
arc_trust_find(const struct arc_verdict *v, arc_listed_fn *listed, void *arg,
    struct slice from, int64_t not_before, struct arena *arena)
{
	const struct arc_set *set;
	unsigned int found = 0;
	struct authres read;
	size_t k;

	if (from.len == 0 || !counts(v, not_before))
		return 0;
	for (k = v->count; k > 0; k--) {
		set = &v->sets[k - 1];
		if (!listed(arg, set->seal.d))		/* step 2 */
			break;
		if (arc_aar_read(set->fields[ARC_RESULTS]->value, arena,
		    &read) && arc_aar_passed_dmarc(&read, from))
			found = (unsigned int)k;	/* step 3 */
	}
	return found;
}

static bool
add_part(struct buf *out, const char *part)
{
	if (out->len + strlen(part) > out->max)
		return false;
	buf_adds(out, part);
	return true;
}

/* smtp.remote-ip of arc= in the results of the first set. */
static bool
first_remote(const struct arc_verdict *v, struct arena *arena,
    struct ipaddr *out)
{
	struct authres read;
	struct slice value;

	return arc_aar_read(v->sets[0].fields[ARC_RESULTS]->value, arena,
	    &read) && arc_aar_property(&read, SLICE("arc"), SLICE("smtp"),
	    SLICE("remote-ip"), &value) && ipaddr_parse(value, out);
}

void
arc_trust_comment(const struct arc_verdict *v, struct arena *arena,
    struct buf *out)
{
	char part[PART_MAX], address[IPADDR_TEXT];
	struct ipaddr remote;
	size_t k;

	if (v->result != AUTH_PASS || v->count == 0)
		return;
	(void)add_part(out, "arc=pass");
	for (k = v->count; k > 0; k--) {
		snprintf(part, sizeof(part), " as[%zu].d=%.*s as[%zu].s=%.*s",
		    k, SLICE_ARG(v->sets[k - 1].seal.d), k,
		    SLICE_ARG(v->sets[k - 1].seal.s));
		if (!add_part(out, part))
			return;
	}
	if (!first_remote(v, arena, &remote))
		return;
	ipaddr_format(&remote, address);
	snprintf(part, sizeof(part), " remote-ip[1]=%s", address);
	(void)add_part(out, part);
}
