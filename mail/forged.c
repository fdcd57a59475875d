/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forged: fields of results that claim to be ours and are not.
 */
#include "mail/forged.h"

#include "mail/authres.h"

static const struct slice names[FORGED_KINDS] = {
	[FORGED_AUTHRES] = SLICE_INIT("Authentication-Results"),
	[FORGED_ARC_AUTHRES] = SLICE_INIT("ARC-Authentication-Results"),
	[FORGED_RECEIVED_SPF] = SLICE_INIT("Received-SPF")
};

static bool
claims(const struct forged_search *search, struct slice value)
{
	size_t i;

	for (i = 0; i < search->id_count; i++) {
		if (authres_claims(value, search->ids[i]))
			return true;
	}
	return false;
}

/* After "i=N;" in an ARC-Authentication-Results, or all of it. */
static struct slice
without_instance(struct slice value)
{
	struct slice rest = value, instance;

	if (!slice_cut(&rest, ';', &instance))
		return value;
	instance = slice_trim(instance);
	return slice_starts_nocase(instance, SLICE("i=")) ||
	    slice_starts_nocase(instance, SLICE("i ")) ? rest : value;
}

static bool
is_forged(const struct forged_search *search, enum forged_kind kind,
    struct slice value)
{
	switch (kind) {
	case FORGED_AUTHRES:
		break;
	case FORGED_ARC_AUTHRES:
		value = without_instance(value);
		break;
	case FORGED_RECEIVED_SPF:
		return search->received_spf;
	}
	return authres_is_odd(value) || claims(search, value);
}

void
forged_note_lost(struct forged_search *search, struct slice name)
{
	unsigned int kind;

	for (kind = 0; kind < FORGED_KINDS; kind++)
		search->lost[kind] += slice_eq_nocase(name, names[kind]);
}

/* Those of one name, the highest first. */
static void
find_kind(const struct forged_search *search, enum forged_kind kind,
    const struct mail_header *header, struct forged_field *list,
    size_t *count)
{
	unsigned int kept = mail_header_instances(header, names[kind]), i;
	const struct mail_field *f;

	if (kind == FORGED_ARC_AUTHRES && search->keep_arc)
		return;
	for (i = kept + search->lost[kind]; i > 0; i--) {
		f = i > kept ? NULL :
		    mail_header_find(header, names[kind], i);
		if (f == NULL ? kind != FORGED_RECEIVED_SPF ||
		    search->received_spf : is_forged(search, kind, f->value))
			list[(*count)++] = (struct forged_field){
				names[kind], i };
	}
}

bool
forged_find(const struct forged_search *search,
    const struct mail_header *header, struct arena *arena,
    struct forged_field **list, size_t *count)
{
	size_t most = 0;
	unsigned int kind;

	*list = NULL;
	*count = 0;
	for (kind = 0; kind < FORGED_KINDS; kind++)
		most += mail_header_instances(header, names[kind]) +
		    search->lost[kind];
	if (most == 0)
		return true;
	*list = arena_array(arena, most, sizeof(**list));
	if (*list == NULL)
		return false;
	for (kind = 0; kind < FORGED_KINDS; kind++)
		find_kind(search, (enum forged_kind)kind, header, *list,
		    count);
	return true;
}

const struct mail_field *
forged_next_ours(const struct forged_search *search,
    const struct mail_header *header, unsigned int *i)
{
	unsigned int count = mail_header_instances(header,
	    names[FORGED_AUTHRES]);
	const struct mail_field *f;

	while (*i < count) {
		f = mail_header_find(header, names[FORGED_AUTHRES], ++*i);
		if (claims(search, f->value))
			return f;
	}
	return NULL;
}

bool
forged_is_ours(const struct forged_search *search,
    const struct mail_header *header)
{
	unsigned int i = 0;

	return forged_next_ours(search, header, &i) != NULL ||
	    search->lost[FORGED_AUTHRES] > 0;
}
