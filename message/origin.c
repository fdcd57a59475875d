/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * origin: see origin.h.
 */
#include "message/origin.h"

/* Is the name one of `count` items?  Without items every name is. */
static bool
is_listed(const struct slice *items, size_t count, struct slice name)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (slice_eq_nocase(items[i], name))
			return true;
	}
	return count == 0;
}

static bool
client_matches(const struct config_client *c, const struct origin_facts *f)
{
	struct domain name;

	if (!c->is_name)
		return ipnet_contains(&c->net, &f->client);
	return domain_parse(f->client_name, &name) &&
	    policy_pattern_matches(&c->name, domain_slice(&name));
}

/* What is known from the connection's begin. */
static bool
connection_matches(const struct config_origin *o,
    const struct origin_facts *f)
{
	size_t i;

	if (!is_listed(o->daemon_names, o->daemon_name_count, f->daemon_name))
		return false;
	for (i = 0; i < o->client_count; i++) {
		if (client_matches(&o->clients[i], f))
			return true;
	}
	return o->client_count == 0;
}

static bool
origin_matches(const struct config_origin *o, const struct origin_facts *f)
{
	if (o->authenticated != CONFIG_ANY &&
	    (o->authenticated == CONFIG_YES) != f->authenticated)
		return false;
	return is_listed(o->certificates, o->certificate_count,
	    f->certificate) && connection_matches(o, f);
}

const struct config_origin *
origin_choose(const struct config *c, const struct origin_facts *f)
{
	size_t i;

	for (i = 0; i < c->origin_count; i++) {
		if (origin_matches(&c->origins[i], f))
			return &c->origins[i];
	}
	return NULL;
}

bool
origin_checks_client(const struct config *c, const struct origin_facts *f)
{
	const struct config_origin *o;
	size_t i;

	for (i = 0; i < c->origin_count; i++) {
		o = &c->origins[i];
		if (!connection_matches(o, f))
			continue;
		if (o->check && !o->relay)
			return true;
		/* It decides, unless it waits for what is to come. */
		if (o->authenticated == CONFIG_ANY &&
		    o->certificate_count == 0)
			return false;
	}
	return true;
}

bool
origin_is_verified(const char *verify, const char *cn_subject,
    const char *cert_subject)
{
	if (verify != NULL)
		return slice_eq(slice_str(verify), SLICE("OK"));
	return origin_certificate(NULL, cn_subject, cert_subject).len > 0;
}

struct slice
origin_certificate(const char *verify, const char *cn_subject,
    const char *cert_subject)
{
	if (verify != NULL)
		return origin_is_verified(verify, NULL, NULL) ?
		    slice_str(cn_subject) : SLICE("");
	/* Sendmail without {verify}: nothing says that it is good. */
	return cn_subject != NULL ? SLICE("") : slice_str(cert_subject);
}
