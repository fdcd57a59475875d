/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world: see world.h.
 */
#include "tests/spf/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

static void
die(const char *why, const char *line)
{
	printf("Bail out! %s: %s\n", why, line);
	exit(EXIT_FAILURE);
}

/* ---- the zone ---- */

static bool
add_typed(struct dns_zone *z, struct slice name, struct slice type,
    struct slice value)
{
	static const enum dns_type all[] = { DNS_TYPE_A, DNS_TYPE_AAAA,
		DNS_TYPE_PTR, DNS_TYPE_TXT };
	unsigned long long preference;
	struct slice first;
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (slice_eq(type, slice_str(dns_type_name(all[i]))))
			return dns_zone_add(z, name, all[i], 0, value);
	}
	if (slice_eq(type, SLICE("CNAME")))
		return dns_zone_add_cname(z, name, value);
	if (slice_eq(type, SLICE("TIMEOUT")))
		return dns_zone_add_outcome(z, name, DNS_TIMEOUT, 0);
	if (slice_eq(type, SLICE("SERVFAIL")))
		return dns_zone_add_outcome(z, name, DNS_SERVER_FAILURE, 2);
	if (!slice_eq(type, SLICE("MX")) || !slice_cut(&value, ' ', &first) ||
	    !slice_number(first, 65535, &preference))
		return false;
	return dns_zone_add(z, name, DNS_TYPE_MX, (uint16_t)preference,
	    slice_eq(value, SLICE(".")) ? SLICE("") : value);
}

static void
add_line(struct dns_zone *z, struct slice line)
{
	struct slice rest = line, name, type;

	(void)slice_cut(&rest, ' ', &name);
	(void)slice_cut(&rest, ' ', &type);
	if (!add_typed(z, name, type, rest)) {
		printf("# %.*s\n", SLICE_ARG(line));
		die("line of a zone refused", "");
	}
}

void
world_add(struct dns_zone *z, const char *line)
{
	add_line(z, slice_str(line));
}

struct dns_zone *
world_zone(const char *lines)
{
	struct slice rest = slice_str(lines), line;
	struct dns_zone *z = dns_zone_new();
	bool more = true;

	if (z == NULL)
		die("no memory", "");
	while (more) {
		more = slice_cut(&rest, '\n', &line);
		if (line.len > 0)
			add_line(z, line);
	}
	return z;
}

struct spf_request
world_request(const char *ip, const char *helo, const char *mailfrom)
{
	struct spf_request r = {
		.identity = SPF_MAILFROM,
		.helo = slice_str(helo),
		.receiver = SLICE("mx.receiver.example"),
		.now = 1416614400,
		.max_void = LIMIT_SPF_VOID,
	};
	struct slice from = slice_str(mailfrom);
	size_t at = slice_find_last(from, '@');

	if (ip[0] != '\0' && !ipaddr_parse(slice_str(ip), &r.ip))
		die("bad address", ip);
	r.local = slice_head(from, at < from.len ? at : 0);
	r.domain = slice_from(from, at + 1);
	return r;
}

/* ---- the trace as text ---- */

__attribute__((format(printf, 2, 3)))
static void
print(struct world_run *run, const char *fmt, ...)
{
	size_t left = sizeof(run->trace) - run->trace_len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(run->trace + run->trace_len, left, fmt, ap);
	va_end(ap);
	if (n > 0)
		run->trace_len += (size_t)n < left ? (size_t)n : left - 1;
}

static void
note_event(void *arg, const struct spf_event *e)
{
	struct world_run *run = arg;

	run->events++;
	print(run, "%u %.*s: ", e->depth, SLICE_ARG(e->domain));
	switch (e->kind) {
	case SPF_EVENT_RECORD:
		print(run, "record '%.*s'", SLICE_ARG(e->text));
		break;
	case SPF_EVENT_TERM:
		print(run, "%.*s%s", SLICE_ARG(e->text),
		    e->matched ? " matched" : "");
		if (e->answer != NULL)
			print(run, " (%s %.*s: %s)", dns_type_name(e->type),
			    SLICE_ARG(e->name),
			    dns_outcome_name(e->answer->outcome));
		break;
	case SPF_EVENT_RESULT:
		print(run, "%s", auth_result_name(e->outcome));
		break;
	}
	print(run, " %u/%u\n", e->terms, e->voids);
}

/* ---- the resolver ---- */

uint32_t
world_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void
answer(struct dns_entry *e, const struct dns_zone *z)
{
	dns_ledger_answer(e, dns_zone_answer(z, e->name, e->type));
}

/* Takes all that is new into `open`, which has room for `max`. */
static size_t
take_new(struct dns_ledger *l, struct dns_entry **open, size_t n, size_t max)
{
	struct dns_entry *e;

	while ((e = dns_ledger_take_new(l)) != NULL) {
		if (n == max)
			die("too many questions", "");
		open[n++] = e;
	}
	return n;
}

void
world_go_on(const struct spf_request *request, const struct dns_zone *z,
    struct dns_ledger *l, enum world_order order, uint32_t seed,
    struct world_run *out)
{
	struct dns_entry *open[LIMIT_DNS_QUESTIONS];
	struct arena *scratch = arena_new(LIMIT_MESSAGE_MEMORY);
	size_t i, n = 0;

	memset(out, 0, sizeof(*out));
	if (scratch == NULL)
		die("no memory", "");
	for (;;) {
		out->calls++;
		if (spf_check(request, l, scratch, note_event, out,
		    &out->verdict) == CHECK_DONE)
			break;
		if (out->trace_len > 0)
			die("trace before the end", out->trace);
		n = take_new(l, open, n, LIMIT_DNS_QUESTIONS);
		if (n == 0)
			die("pending without an open question", "");
		if (order == WORLD_TOGETHER) {
			while (n > 0)
				answer(open[--n], z);
			continue;
		}
		i = order == WORLD_RANDOM ? world_random(&seed) % n : 0;
		answer(open[i], z);
		memmove(open + i, open + i + 1, (--n - i) * sizeof(open[0]));
	}
	out->questions = dns_ledger_count(l);
	arena_free(scratch);
}

void
world_check(const struct spf_request *request, const struct dns_zone *z,
    enum world_order order, uint32_t seed, struct world_run *out)
{
	struct dns_ledger *l = dns_ledger_new(LIMIT_DNS_QUESTIONS);

	if (l == NULL)
		die("no memory", "");
	world_go_on(request, z, l, order, seed, out);
	dns_ledger_free(l);
}

enum check_state
world_call(const struct spf_request *request, struct dns_ledger *l,
    struct spf_verdict *out)
{
	struct arena *scratch = arena_new(LIMIT_MESSAGE_MEMORY);
	enum check_state state;

	if (scratch == NULL)
		die("no memory", "");
	state = spf_check(request, l, scratch, NULL, NULL, out);
	arena_free(scratch);
	return state;
}
