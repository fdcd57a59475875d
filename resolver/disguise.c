/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disguise: see the steps in the header.
 */
#include "resolver/disguise_internal.h"

#include <string.h>

#include "base/ascii.h"

#define HEADER_LEN	12
#define AR_COUNT	11	/* its lower octet */
#define TYPE_AND_CLASS	4
#define TYPE_PRIVATE	0xfff0	/* RFC 6895 section 3.1: for private use */

/* As c-ares has it, but for a dot, which its text has between labels. */
static bool
is_of_host_names(unsigned char c)
{
	return ascii_is_alnum((char)c) || (c != '\0' && c < 0x80 &&
	    strchr("-_/*", c) != NULL);
}

bool
disguise_is_needed(const struct packet_name *name)
{
	const unsigned char *p = name->wire;
	unsigned int left;

	while ((left = *p++) > 0)
		for (; left > 0; left--)
			if (!is_of_host_names(*p++))
				return true;
	return false;
}

void
disguise_question(unsigned char *packet)
{
	unsigned char *p = packet + HEADER_LEN;
	unsigned int left;

	while ((left = *p++) > 0)
		for (; left > 0; left--, p++)
			if (!is_of_host_names(*p))
				*p = '*';
}

size_t
disguise_query(const unsigned char *query, size_t len,
    unsigned char out[DISGUISE_MAX])
{
	size_t name = len - HEADER_LEN - TYPE_AND_CLASS;
	const unsigned char head[DISGUISE_RR] = { 0, TYPE_PRIVATE >> 8,
		TYPE_PRIVATE & 0xff, 0, 1, 0, 0, 0, 0, 0,
		(unsigned char)name };

	memcpy(out, query, len);
	out[AR_COUNT] = 1;
	disguise_question(out);
	memcpy(out + len, head, sizeof(head));
	memcpy(out + len + sizeof(head), query + HEADER_LEN, name);
	return len + sizeof(head) + name;
}

size_t
disguise_undo(const unsigned char *packet, size_t len,
    unsigned char out[PACKET_OUTLINE_MAX])
{
	size_t question = packet_question_end(packet, len);
	size_t name = question - HEADER_LEN - TYPE_AND_CLASS;
	const unsigned char *rr = packet + question;

	if (question > len || question > PACKET_OUTLINE_MAX)
		return 0;
	memcpy(out, packet, question);
	out[AR_COUNT] = 0;
	if (len >= question + DISGUISE_RR + name && rr[1] == TYPE_PRIVATE >> 8
	    && rr[2] == (TYPE_PRIVATE & 0xff))
		memcpy(out + HEADER_LEN, rr + DISGUISE_RR, name);
	return question;
}
