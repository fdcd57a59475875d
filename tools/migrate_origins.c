/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * migrate_origins: who hands in mail, out of PeerList, InternalHosts, MTA
 * and MacroList of OpenDKIM and IgnoreHosts of OpenDMARC.
 */
#include "tools/migrate_internal.h"

#include <stdlib.h>

#include "base/ipaddr.h"
#include "base/limits.h"
#include "policy/policy.h"

/* What each kind of host is called, and what follows for its mail. */
struct role {
	struct oldconf	*conf;
	const char	*setting;
	const char	*fallback;	/* a list: what the program assumes */
	const char	*name;
	const char	*follows;
	const char	*not_name;	/* of hosts taken out with "!" */
	const char	*not_follows;
};

struct host {
	struct slice	 text;	/* as assay writes it */
	bool		 excluded;
	/* The order in which they are asked: names, then addresses, the
	   longest prefix first. */
	unsigned int	 rank;
	size_t		 place;
};

struct hosts {
	struct host	*host;
	size_t		 count;
};

static size_t
count_items(const struct oldset *set)
{
	const struct oldset_item *item;
	size_t n = 0;

	for (item = set->first; item != NULL; item = item->next)
		n++;
	return n;
}

/* ".example.org" is "*.example.org" here; brackets go. */
static struct slice
spell(struct arena *arena, struct slice text)
{
	struct buf b;
	struct slice out;

	if (text.len > 2 && text.ptr[0] == '[' &&
	    text.ptr[text.len - 1] == ']')
		return slice_head(slice_from(text, 1), text.len - 2);
	if (!slice_starts(text, SLICE(".")))
		return text;
	buf_init(&b, LIMIT_DOMAIN_UTF8);
	buf_adds(&b, "*");
	buf_add(&b, text);
	out = arena_dup(arena, buf_slice(&b));
	buf_fini(&b);
	return out;
}

/* False: nothing that a client can be compared with. */
static bool
read_host(struct arena *arena, struct slice text, struct host *h)
{
	struct policy_pattern name;
	struct ipnet net;

	h->excluded = slice_starts(text, SLICE("!"));
	h->text = spell(arena, slice_from(text, h->excluded ? 1 : 0));
	if (ipnet_parse(h->text, &net)) {
		h->rank = 1 + 128 - net.bits;
		return true;
	}
	h->rank = 0;
	return policy_pattern_parse(h->text, &name);
}

static int
compare(const void *a, const void *b)
{
	const struct host *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static enum tool_exit
read_hosts(struct migrate *m, const struct role *r, struct hosts *out)
{
	const struct oldset_item *item;
	struct oldset set;
	const char *why;
	enum tool_exit status = oldset_read(r->conf, r->setting, &set, &why);

	*out = (struct hosts){ .count = 0 };
	if (status == TOOL_OK && set.first == NULL && why == NULL)
		status = oldset_list(r->conf, slice_str(r->fallback), &set);
	if (status != TOOL_OK)
		return status;
	if (why != NULL) {
		migrate_left(m, r->conf, r->setting, slice_str(why),
		    "is not read; write its hosts below origins");
		return TOOL_OK;
	}
	out->host = arena_array(m->arena, count_items(&set) + 1,
	    sizeof(*out->host));
	if (out->host == NULL)
		return tool_no_memory();
	for (item = set.first; item != NULL; item = item->next) {
		struct host *h = &out->host[out->count];

		h->place = out->count;
		if (read_host(m->arena, item->key, h))
			out->count++;
		else
			migrate_left(m, r->conf, r->setting, item->key,
			    "is neither an address nor a name");
	}
	qsort(out->host, out->count, sizeof(*out->host), compare);
	return TOOL_OK;
}

static void
write_group(struct migrate *m, const struct role *r, const struct host *h,
    size_t count, unsigned int number)
{
	size_t i;

	buf_addf(&m->out, "  - name: %s", h->excluded ? r->not_name : r->name);
	if (number > 1)
		buf_addf(&m->out, "-%u", number);
	buf_adds(&m->out, "\n    client: [");
	for (i = 0; i < count; i++)
		migrate_list_item(&m->out, h[i].text, i == 0);
	buf_addf(&m->out, "]\n%s", h->excluded ? r->not_follows : r->follows);
}

static void
leave_out(struct hosts *hosts, const struct hosts *less)
{
	size_t i, k, n = 0;

	for (i = 0; i < hosts->count; i++) {
		const struct host *h = &hosts->host[i];

		for (k = 0; k < less->count; k++)
			if (slice_eq_nocase(h->text, less->host[k].text) &&
			    h->excluded == less->host[k].excluded)
				break;
		if (k == less->count)
			hosts->host[n++] = *h;
	}
	hosts->count = n;
}

/* An origin for each run of hosts of one kind: the first match decides.  What
   `earlier` has already is left out; `hosts` is the result. */
static enum tool_exit
write_role(struct migrate *m, const struct role *r,
    const struct hosts *earlier, struct hosts *hosts)
{
	unsigned int numbers[2] = { 0, 0 };
	enum tool_exit status = read_hosts(m, r, hosts);
	size_t i, from;

	if (status != TOOL_OK)
		return status;
	leave_out(hosts, earlier);
	for (from = 0; from < hosts->count; from = i) {
		const struct host *h = &hosts->host[from];

		for (i = from; i < hosts->count && i - from < LIMIT_POLICY_LIST
		    && hosts->host[i].excluded == h->excluded; i++)
			;
		write_group(m, r, h, i - from, ++numbers[h->excluded]);
	}
	return TOOL_OK;
}

/* MTA: names of listening services whose mail is signed. */
static enum tool_exit
write_daemons(struct migrate *m)
{
	struct oldset set;
	const struct oldset_item *item;
	const char *why;
	enum tool_exit status = oldset_read(&m->dkim, "MTA", &set, &why);

	if (status != TOOL_OK || set.first == NULL)
		return status;
	buf_adds(&m->out, "  - name: listener\n    daemon-name: [");
	for (item = set.first; item != NULL; item = item->next)
		migrate_list_item(&m->out, item->key, item == set.first);
	buf_adds(&m->out, "]\n    check: no\n    sign: yes\n");
	return TOOL_OK;
}

/* "daemon_name=ORIGINATING|MSA"; of all macros one has a counterpart. */
static void
write_macro(struct migrate *m, const struct oldset_item *item)
{
	struct slice rest = item->value, value;
	bool first = true;

	if (slice_eq_nocase(item->key, SLICE("auth_type")) ||
	    slice_eq_nocase(item->key, SLICE("{auth_type}")))
		return;		/* the origin "authenticated" */
	if ((!slice_eq_nocase(item->key, SLICE("daemon_name")) &&
	    !slice_eq_nocase(item->key, SLICE("{daemon_name}"))) ||
	    rest.len == 0) {
		migrate_left(m, &m->dkim, "MacroList", item->key,
		    "origins have only the macros of daemon-name, "
		    "authenticated and certificate");
		return;
	}
	buf_adds(&m->out, "  - name: macro\n    daemon-name: [");
	for (; rest.len > 0; first = false) {
		(void)slice_cut(&rest, '|', &value);
		migrate_list_item(&m->out, value, first);
	}
	buf_adds(&m->out, "]\n    check: no\n    sign: yes\n");
}

static enum tool_exit
write_macros(struct migrate *m)
{
	struct oldset set;
	const struct oldset_item *item;
	const char *why;
	enum tool_exit status = oldset_read(&m->dkim, "MacroList", &set, &why);

	if (status == TOOL_OK)
		for (item = set.first; item != NULL; item = item->next)
			write_macro(m, item);
	return status;
}

enum tool_exit
migrate_origins(struct migrate *m)
{
	const bool has_dkim = m->dkim.first != NULL;
	const struct role peers = { &m->dkim, "PeerList", "", "peers",
	    "    check: no\n    sign: no\n", "not-peers",
	    "    check: yes\n    sign: no\n" };
	const struct role internal = { &m->dkim, "InternalHosts",
	    has_dkim ? "127.0.0.1, ::1" : "", "internal-hosts",
	    "    check: no\n    sign: yes\n", "not-internal",
	    "    check: yes\n    sign: no\n" };
	const struct role ignored = { &m->dmarc, "IgnoreHosts",
	    has_dkim ? "" : "127.0.0.1", "ignored-hosts",
	    "    check: no\n    sign: no\n", "not-ignored",
	    "    check: yes\n    sign: no\n" };
	struct hosts none = { .count = 0 }, hosts;
	enum tool_exit status;

	buf_adds(&m->out, "\n# Where mail comes from; the first match "
	    "decides.\norigins:\n");
	status = write_role(m, &peers, &none, &hosts);
	buf_adds(&m->out, "  - name: authenticated\n    authenticated: yes\n"
	    "    check: no\n    sign: yes\n");
	if (status == TOOL_OK)
		status = write_daemons(m);
	if (status == TOOL_OK)
		status = write_macros(m);
	if (status == TOOL_OK)
		status = write_role(m, &internal, &none, &hosts);
	if (status == TOOL_OK)
		status = write_role(m, &ignored, &hosts, &none);
	return status;
}
