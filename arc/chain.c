/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain: from the fields of a header to sets (RFC 8617 sections 4.2 and 5.2,
 * steps 1 to 3), before anything is asked or hashed.
 *
 *  1. Bounds: the header was kept whole, at most LIMIT_ARC_SETS fields of
 *     each name, at most LIMIT_ARC_BYTES of all of them.
 *  2. Each field says its instance: i= at the start of an
 *     ARC-Authentication-Results, a tag of the two others, which have to be
 *     tag lists.  The ABNF wants it first there as well; many senders do not
 *     comply, and it is not required here.
 *  3. The highest instance is N.  AS(N) with cv=fail ends it.
 *  4. Each instance from 1 to N has one of each field; cv= is none in AS(1)
 *     and pass in all others.
 *  5. Every seal, and AMS(N), can be used: what is wrong without a key stays
 *     wrong with it.
 *
 * A seal has no h= (4.1.3); a message signature does not name ARC-Seal in
 * its own (4.1.2), which changes with every hop.
 *
 * Physical order does not count.  What was read of a chain that fails is
 * still reported.
 */
#include "arc/chain_internal.h"

#include "arc/aar.h"
#include "mail/taglist.h"

static const struct slice names[ARC_PARTS] = {
	[ARC_RESULTS] = SLICE_INIT("ARC-Authentication-Results"),
	[ARC_MESSAGE] = SLICE_INIT("ARC-Message-Signature"),
	[ARC_SEAL] = SLICE_INIT("ARC-Seal")
};

struct slice
arc_part_name(enum arc_part part)
{
	return names[part];
}

void
arc_fault(struct arc_validator *v, const char *field, unsigned int instance,
    const char *comment)
{
	if (v->judged)
		return;
	v->judged = true;
	v->verdict.result = AUTH_FAIL;
	v->verdict.comment = comment;
	v->verdict.instance = instance;
	v->verdict.field = field;
}

/* ---- step 1 ---- */

static size_t
bytes_of(const struct mail_header *header, enum arc_part part,
    unsigned int count)
{
	const struct mail_field *f;
	size_t bytes = 0;

	for (; count > 0; count--) {
		f = mail_header_find(header, names[part], count);
		bytes += f->name.len + f->value.len;
	}
	return bytes;
}

/* False: there is a fault, or no chain. */
static bool
is_within_bounds(struct arc_validator *v, const struct mail_header *header)
{
	unsigned int part, count, most = 0;
	size_t bytes = 0;

	for (part = 0; part < ARC_PARTS; part++) {
		count = mail_header_instances(header, names[part]);
		most = count > most ? count : most;
		if (count <= LIMIT_ARC_SETS)
			bytes += bytes_of(header, (enum arc_part)part, count);
	}
	if (most > 0 && header->overflow)
		arc_fault(v, NULL, 0, "header is too large");
	else if (most > LIMIT_ARC_SETS)
		arc_fault(v, NULL, 0, "more than 50 sets");
	else if (bytes > LIMIT_ARC_BYTES)
		arc_fault(v, NULL, 0, "ARC fields are too large");
	return most > 0 && !v->judged;
}

/* ---- step 2 ---- */

static enum arc_cv
read_cv(const struct taglist *tags)
{
	const struct tag *cv = taglist_find(tags, SLICE("cv"));

	if (cv == NULL)
		return ARC_CV_UNKNOWN;
	if (slice_eq(cv->value, SLICE("none")))
		return ARC_CV_NONE;
	if (slice_eq(cv->value, SLICE("pass")))
		return ARC_CV_PASS;
	return slice_eq(cv->value, SLICE("fail")) ? ARC_CV_FAIL :
	    ARC_CV_UNKNOWN;
}

const char *
arc_cv_name(enum arc_cv cv)
{
	static const char *const words[] = {
		[ARC_CV_UNKNOWN] = "",
		[ARC_CV_NONE] = "none",
		[ARC_CV_PASS] = "pass",
		[ARC_CV_FAIL] = "fail"
	};

	return words[cv];
}

/* Why a field has no instance; NULL: it has. */
static const char *
read_instance(struct slice value, const struct taglist *tags,
    unsigned int *out)
{
	static const char wrong[] = "i= is no number from 1 to 50";
	unsigned long long n;
	struct slice payload;
	const struct tag *i;

	if (tags == NULL)
		return arc_aar_split(value, out, &payload) ? NULL :
		    "does not begin with an instance";
	i = taglist_find(tags, SLICE("i"));
	if (i == NULL || i->value.len > 2 ||
	    !slice_number(i->value, LIMIT_ARC_SETS, &n) || n == 0)
		return wrong;
	*out = (unsigned int)n;
	return NULL;
}

/* Its tags, those that only ARC knows. */
static void
take_tags(struct arc_validator *v, enum arc_part part, unsigned int instance,
    const struct taglist *tags)
{
	if (part != ARC_SEAL)
		return;
	v->sets[instance - 1].cv = read_cv(tags);
	v->work[instance - 1].has_h = taglist_find(tags, SLICE("h")) != NULL;
}

static void
take_field(struct arc_validator *v, enum arc_part part,
    const struct mail_field *field, struct taglist *tags)
{
	const struct taglist *list = part == ARC_RESULTS ? NULL : tags;
	unsigned int instance = 0;
	const char *problem;

	if (list != NULL && !taglist_parse(field->value, true, tags))
		problem = tags->problem;
	else
		problem = read_instance(field->value, list, &instance);
	if (problem != NULL && v->unreadable == NULL) {
		v->unreadable = problem;
		v->unreadable_field = names[part].ptr;
	}
	if (problem != NULL)
		return;
	if (instance > v->count)
		v->count = instance;
	if (v->sets[instance - 1].fields[part] != NULL) {
		v->work[instance - 1].twice[part] = true;
		return;
	}
	v->sets[instance - 1].fields[part] = field;
	take_tags(v, part, instance, list);
}

static void
take_fields(struct arc_validator *v, const struct mail_header *header)
{
	unsigned int part, count, i;
	struct taglist tags;

	for (part = 0; part < ARC_PARTS; part++) {
		count = mail_header_instances(header, names[part]);
		for (i = 1; i <= count; i++)
			take_field(v, (enum arc_part)part,
			    mail_header_find(header, names[part], i), &tags);
	}
}

/* ---- steps 3 and 4 ---- */

static void
check_set(struct arc_validator *v, unsigned int instance)
{
	const struct arc_set *set = &v->sets[instance - 1];
	const struct arc_work *work = &v->work[instance - 1];
	unsigned int part;

	for (part = 0; part < ARC_PARTS; part++) {
		if (set->fields[part] == NULL)
			arc_fault(v, names[part].ptr, instance, "is missing");
		else if (work->twice[part])
			arc_fault(v, names[part].ptr, instance,
			    "is there twice");
	}
	if (set->cv != (instance == 1 ? ARC_CV_NONE : ARC_CV_PASS))
		arc_fault(v, names[ARC_SEAL].ptr, instance, instance == 1 ?
		    "cv= is not none" : "cv= is not pass");
	if (work->has_h)
		arc_fault(v, names[ARC_SEAL].ptr, instance, "h= in a seal");
}

static void
check_form(struct arc_validator *v)
{
	unsigned int i;

	if (v->count > 0 && v->sets[v->count - 1].cv == ARC_CV_FAIL)
		arc_fault(v, names[ARC_SEAL].ptr, (unsigned int)v->count,
		    "the chain was broken before (cv=fail)");
	if (v->unreadable != NULL)
		arc_fault(v, v->unreadable_field, 0, v->unreadable);
	for (i = 1; i <= v->count; i++)
		check_set(v, i);
}

/* ---- step 5 ---- */

static bool
names_seal(struct slice h)
{
	struct slice name;
	bool more = true;

	while (taglist_next(&h, &more, &name))
		if (slice_eq_nocase(name, names[ARC_SEAL]))
			return true;
	return false;
}

static bool
parse(struct arc_validator *v, enum dkim_form form,
    const struct mail_field *field, struct dkim_signature *sig,
    struct dkim_request *request)
{
	if (field == NULL || !dkim_signature_parse(form, field->value,
	    v->options.now, v->arena, sig, request))
		return false;
	if (form == DKIM_FORM_ARC_MESSAGE && names_seal(request->h)) {
		dkim_signature_judge(sig, AUTH_PERMERROR,
		    "h= names ARC-Seal");
		return false;
	}
	return true;
}

static void
parse_set(struct arc_validator *v, size_t i)
{
	struct arc_set *set = &v->sets[i];
	struct arc_work *work = &v->work[i];

	set->sealed_at = -1;
	work->message_usable = parse(v, DKIM_FORM_ARC_MESSAGE,
	    set->fields[ARC_MESSAGE], &set->message, &work->message_request);
	work->seal_usable = parse(v, DKIM_FORM_ARC_SEAL,
	    set->fields[ARC_SEAL], &set->seal, &work->seal_request);
	if (set->fields[ARC_SEAL] != NULL)
		set->sealed_at = work->seal_request.signed_at;
}

static void
check_usable(struct arc_validator *v)
{
	size_t i = v->count;

	if (!v->judged && !v->work[i - 1].message_usable)
		arc_fault(v, names[ARC_MESSAGE].ptr, (unsigned int)i,
		    v->sets[i - 1].message.comment);
	for (; i > 0 && !v->judged; i--)
		if (!v->work[i - 1].seal_usable)
			arc_fault(v, names[ARC_SEAL].ptr, (unsigned int)i,
			    v->sets[i - 1].seal.comment);
}

void
arc_chain_read(struct arc_validator *v, const struct mail_header *header)
{
	size_t i;

	if (!is_within_bounds(v, header))
		return;
	v->sets = arena_array(v->arena, LIMIT_ARC_SETS, sizeof(*v->sets));
	v->work = arena_array(v->arena, LIMIT_ARC_SETS, sizeof(*v->work));
	if (v->sets == NULL || v->work == NULL) {
		v->verdict.no_memory = true;
		return;
	}
	take_fields(v, header);
	check_form(v);
	for (i = 0; i < v->count; i++)
		parse_set(v, i);
	check_usable(v);
	v->verdict.sets = v->sets;
	v->verdict.count = v->count;
}
