/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shown: names and addresses in Authentication-Results (RFC 8601 section 5).
 */
#include "message/shown_internal.h"

#include "base/buf.h"
#include "base/domain.h"

static struct slice
checked_name(const struct authres_writer *w, struct slice text,
    struct domain *room)
{
	if (!domain_parse(text, room))
		return text;
	if (!w->utf8 || slice_is_ascii(text))
		return domain_slice(room);
	return text.ptr[text.len - 1] == '.' ?
	    slice_head(text, text.len - 1) : text;
}

void
shown_reason(struct authres_writer *w, bool stale, const char *problem)
{
	if (stale)
		problem = "an expired DNS answer was used";
	if (problem != NULL)
		authres_write_reason(w, slice_str(problem));
}

void
shown_dnssec(struct authres_writer *w, const struct message_results *r,
    bool authenticated)
{
	const char *value = authenticated ? "yes" : "no";

	if (!r->engine->config->dns_sec)
		return;
	if (!resolver_knows_dnssec(r->engine->resolver))
		value = "na";
	authres_write_property(w, "dns", "sec", slice_str(value));
}

void
shown_text(struct authres_writer *w, const char *ptype, const char *property,
    struct slice value)
{
	if (value.len > 0)
		authres_write_property(w, ptype, property, value);
}

void
shown_name(struct authres_writer *w, const char *ptype, const char *property,
    struct slice name)
{
	struct domain room;

	shown_text(w, ptype, property, checked_name(w, name, &room));
}

void
shown_address(struct authres_writer *w, const char *ptype,
    const char *property, struct slice local, struct slice domain)
{
	struct domain room;
	struct buf address;

	buf_init(&address, LIMIT_AUTHRES_WRITE);
	buf_add(&address, local);
	buf_addc(&address, '@');
	buf_add(&address, checked_name(w, domain, &room));
	if (buf_failed(&address))
		w->failed = true;
	authres_write_property(w, ptype, property, buf_slice(&address));
	buf_fini(&address);
}
