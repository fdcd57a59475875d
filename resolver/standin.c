/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * standin: see the steps in the header.
 */
#include "resolver/standin_internal.h"

#include <string.h>

#define FIRST_LETTER	'a'
#define LETTERS		16u	/* of each place of a number */
/* Where they are. */
#define PLACES		13
#define RCODE_SERVFAIL	2

bool
standin_take(struct standins *all, struct standin *q)
{
	unsigned int slot = 0;

	while (slot < STANDIN_SLOTS && all->slots[slot] != NULL)
		slot++;
	if (slot == STANDIN_SLOTS)
		return false;
	all->slots[slot] = q;
	q->slot = slot;
	return true;
}

void
standin_give_back(struct standins *all, const struct standin *q)
{
	all->slots[q->slot] = NULL;
}

void
standin_name(const struct standin *q, char out[STANDIN_NAME])
{
	out[0] = (char)(FIRST_LETTER + q->slot / LETTERS);
	out[1] = (char)(FIRST_LETTER + q->slot % LETTERS);
	out[2] = '\0';
}

/* The question without its flags. */
static void
write_question(const struct standin *q, unsigned int id,
    unsigned char out[STANDIN_LEN])
{
	memset(out, 0, STANDIN_LEN);
	out[0] = (unsigned char)(id >> 8);
	out[1] = (unsigned char)id;
	out[5] = 1;		/* one question */
	out[PLACES - 1] = 2;	/* octets of its label; NUL is the root */
	standin_name(q, (char *)out + PLACES);
	out[STANDIN_LEN - 3] = 1;	/* A */
	out[STANDIN_LEN - 1] = 1;	/* IN */
}

void
standin_query(const struct standin *q, uint16_t id,
    unsigned char out[STANDIN_LEN])
{
	write_question(q, id, out);
	out[2] = 0x01;		/* RD */
}

/* NULL: none. */
static struct standin *
find(const struct standins *all, const unsigned char *packet, size_t len)
{
	unsigned int high, low;

	if (len < STANDIN_LEN)
		return NULL;
	high = packet[PLACES] - (unsigned int)FIRST_LETTER;
	low = packet[PLACES + 1] - (unsigned int)FIRST_LETTER;
	if (high >= STANDIN_SLOTS / LETTERS || low >= LETTERS)
		return NULL;
	return all->slots[high * LETTERS + low];
}

size_t
standin_replace(struct standins *all, const unsigned char *packet,
    size_t len, unsigned char out[PACKET_QUERY_MAX])
{
	const struct standin *q = find(all, packet, len);
	uint16_t id;

	if (q == NULL)
		return 0;
	id = (uint16_t)(packet[0] << 8 | packet[1]);
	all->ids[q->slot] = id;
	return packet_query(&q->name, q->type, id, q->edns, out);
}

/* Letters may be of another case: that is casing.c's to judge. */
static bool
is_answered(const struct standin *q, const struct packet_question *asked)
{
	return q != NULL && (unsigned int)q->type == asked->type &&
	    slice_eq_nocase(
	    (struct slice){ (const char *)q->name.wire, q->name.len },
	    (struct slice){ (const char *)asked->name.wire, asked->name.len });
}

bool
standin_show(const struct standins *all, struct slice packet,
    unsigned char out[STANDIN_LEN])
{
	struct packet_question asked;
	unsigned int slot;

	if (!packet_asked(packet, &asked))
		return false;
	for (slot = 0; slot < STANDIN_SLOTS; slot++) {
		if (all->ids[slot] != asked.id ||
		    !is_answered(all->slots[slot], &asked))
			continue;
		write_question(all->slots[slot], asked.id, out);
		out[2] = 0x80;	/* QR */
		out[3] = RCODE_SERVFAIL;
		return true;
	}
	return false;
}
