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
	size_t question = packet_question_end(query, len);
	size_t name = question - HEADER_LEN - TYPE_AND_CLASS;
	const unsigned char head[DISGUISE_RR] = { 0, TYPE_PRIVATE >> 8,
		TYPE_PRIVATE & 0xff, 0, 1, 0, 0, 0, 0, 0,
		(unsigned char)name };
	unsigned char *p = out + question;

	memcpy(out, query, question);
	out[AR_COUNT]++;
	disguise_question(out);
	memcpy(p, head, sizeof(head));
	p += sizeof(head);
	memcpy(p, query + HEADER_LEN, name);
	memcpy(p + name, query + question, len - question);
	return len + DISGUISE_RR + name;
}

size_t
disguise_undo(const unsigned char *packet, size_t len,
    unsigned char out[DISGUISE_MAX])
{
	size_t question = packet_question_end(packet, len);
	size_t name = question - HEADER_LEN - TYPE_AND_CLASS;
	size_t record = DISGUISE_RR + name;
	const unsigned char *rr;

	if (len < question + record || len - record > DISGUISE_MAX)
		return 0;
	rr = packet + question;
	if (rr[1] != TYPE_PRIVATE >> 8 || rr[2] != (TYPE_PRIVATE & 0xff))
		return 0;
	memcpy(out, packet, question);
	out[AR_COUNT]--;
	memcpy(out + HEADER_LEN, rr + DISGUISE_RR, name);
	memcpy(out + question, rr + record, len - record - question);
	return len - record;
}
