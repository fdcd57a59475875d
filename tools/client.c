/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client: the names of its address, those that resolve back to it and those
 * that do not.
 */
#include "tools/client.h"

#include "message/iprev.h"

/* What PTR said, or NULL. */
static const struct dns_answer *
given_names(const struct message *m)
{
	char name[IPADDR_REVERSE];

	ipaddr_reverse(&message_results(m)->client, name);
	return dns_ledger_peek(message_ledger(m), slice_str(name),
	    DNS_TYPE_PTR);
}

static bool
leads_back(const struct message_iprev *f, struct slice name)
{
	size_t i;

	for (i = 0; i < f->name_count; i++) {
		if (slice_eq(f->names[i], name))
			return true;
	}
	return false;
}

static size_t
looked_at(const struct dns_answer *a)
{
	if (a == NULL)
		return 0;
	return a->count < LIMIT_IPREV_NAMES ? a->count : LIMIT_IPREV_NAMES;
}

void
client_text(struct text *t, const struct message *m)
{
	const struct message_iprev *f = message_iprev(m);
	const struct dns_answer *a;
	struct slice name;
	size_t i;

	if (!f->checked)
		return;
	text_title(t, "Name of the client: ");
	text_result(t, f->result);
	if (f->problem != NULL)
		text_say(t, ": %s", f->problem);
	text_end(t);
	a = given_names(m);
	for (i = 0; i < looked_at(a); i++) {
		name = a->records[i].text;
		text_item(t, "name");
		text_value(t, name);
		text_say(t, leads_back(f, name) ? ", resolves back\n" :
		    ", does not resolve back\n");
	}
	if (f->given > LIMIT_IPREV_NAMES) {
		text_item(t, "note");
		text_say(t, "the address has %zu names; the first %d are "
		    "looked at\n", f->given, LIMIT_IPREV_NAMES);
	}
}

void
client_json(struct json *j, const char *key, const struct message *m)
{
	const struct message_iprev *f = message_iprev(m);
	const struct dns_answer *a;
	size_t i;

	if (!f->checked) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_string(j, "result", auth_result_name(f->result));
	json_string(j, "problem", f->problem);
	json_number(j, "given", (long long)f->given);
	json_array(j, "names");
	a = given_names(m);
	for (i = 0; i < looked_at(a); i++) {
		json_object(j, NULL);
		json_slice(j, "name", a->records[i].text);
		json_bool(j, "leads_back",
		    leads_back(f, a->records[i].text));
		json_object_end(j);
	}
	json_array_end(j);
	json_object_end(j);
}
