/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names in random letters: what a forger's answers do, and servers that do
 * not repeat the letters.
 */
#include "resolver/casing_internal.h"

#include <ctype.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "resolver/resolver.h"
#include "resolver/server_internal.h"
#include "tests/resolver/asker.h"
#include "tests/resolver/fakens.h"
#include "tests/tap.h"

#define GOOD	0xc0000201	/* 192.0.2.1 */
#define FORGED	0xc0000242

/* ---- the rules by themselves ---- */

static struct packet_name
name_of(const char *text)
{
	struct packet_name n;

	(void)packet_name_from_text(slice_str(text), &n);
	return n;
}

static void
test_mix(void)
{
	struct packet_name plain = name_of("ab-9.example"), out;
	unsigned char bits[CASING_BITS];

	memset(bits, 0, sizeof(bits));
	casing_mix(&plain, bits, &out);
	ok(packet_name_eq(&plain, &out), "no bit: nothing changes");
	memset(bits, 0xff, sizeof(bits));
	casing_mix(&plain, bits, &out);
	is_bytes(out.wire, out.len, "\4AB-9\7EXAMPLE", 14, "all bits");
	memset(bits, 0, sizeof(bits));
	bits[0] = 1 << 1;
	bits[1] = 1 << 4;
	casing_mix(&plain, bits, &out);
	is_bytes(out.wire, out.len, "\4Ab-9\7examplE", 14, "two bits");
}

static void
test_repeats(void)
{
	static const struct {
		const char *label, *bytes;
		size_t len;
		bool want;
	} rows[] = {
		{ "the same", "0123\0\001" "678901\2Ab\0\0\1\0\1", 20, true },
		{ "other", "0123\0\001" "678901\2ab\0\0\1\0\1", 20, false },
		{ "longer", "0123\0\001" "678901\2Ab\1c\0\0\1\0\1", 22, false },
		{ "cut", "0123\0\001" "678901\2Ab", 15, false },
		{ "a header alone", "0123\0\001" "678901", 12, false },
		{ "no question", "0123\0\0" "678901", 12, true },
		{ "less than a header", "0123\0\0", 6, false },
		{ "nothing", "", 0, false },
		{ "256 of them",
		  "0123\1\0" "678901\2ab\0\0\1\0\1", 20, false }
	};
	struct packet_name asked = name_of("ab");
	size_t i;

	asked.wire[1] = 'A';
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		is_num(casing_repeats((struct slice){ rows[i].bytes,
		    rows[i].len }, &asked), rows[i].want, rows[i].label);
}

static void
test_folding(void)
{
	struct packet_name lower = name_of("ab"), upper = lower;
	struct casing c = { .wanted = false };
	int i;

	upper.wire[2] = 'B';
	is_num(casing_choose(&c, 1), CASING_PLAIN, "not wanted");
	c.wanted = true;
	for (i = 1; i < CASING_FOLDS; i++)
		ok(casing_mismatch(&c, 1), "mismatch %d: by TCP", i);
	is_num(casing_choose(&c, 1), CASING_MIXED, "still in random case");
	casing_match(&c, &lower);
	(void)casing_mismatch(&c, 1);
	is_num(casing_choose(&c, 1), CASING_TCP, "one more: by TCP");
	ok(atomic_load(&c.folds), "and it is said");
	casing_match(&c, &lower);
	is_num(casing_choose(&c, 1), CASING_TCP, "all lower proves nothing");
	casing_tcp_failed(&c);
	is_num(casing_choose(&c, 2), CASING_PLAIN, "TCP has failed");
	ok(!casing_mismatch(&c, 2), "and is not asked any more");
	is_num(casing_choose(&c, CASING_AGAIN_US), CASING_PLAIN, "so far");
	is_num(casing_choose(&c, CASING_AGAIN_US + 1), CASING_MIXED,
	    "one question finds out");
	is_num(casing_choose(&c, CASING_AGAIN_US + 1), CASING_TCP,
	    "others do not wait for that");
	casing_match(&c, &upper);
	is_num(casing_choose(&c, CASING_AGAIN_US + 2), CASING_MIXED,
	    "it repeats again");
	ok(!atomic_load(&c.folds), "and it is said");
	is_num((long long)atomic_load(&c.mismatches), CASING_FOLDS + 1,
	    "counted");
}

/* ---- a server, and a forger who is faster ---- */

static atomic_uint udp_questions, tcp_questions, upper_letters;

static void
fold(char *name, bool up)
{
	for (; *name != '\0'; name++)
		*name = (char)(up ? toupper((unsigned char)*name) :
		    tolower((unsigned char)*name));
}

static void
answer(const struct fakens_question *q, const char *name, uint16_t id,
    unsigned int type, uint32_t addr)
{
	static struct dnsmsg m;

	dnsmsg_begin(&m, id, 0, name, type);
	dnsmsg_a(&m, name, 300, addr);
	fakens_send(q, &m);
}

static void
from_other_port(const struct fakens_question *q)
{
	struct fakens_question other = *q;

	other.fd = socket(q->peer.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	answer(&other, q->name, q->id, q->type, FORGED);
	(void)close(other.fd);
}

/* The nameserver of these tests does not take answers for questions. */
static void
to_server(const struct fakens_question *q)
{
	struct fakens_question other = *q;

	if (getsockname(q->fd, (struct sockaddr *)&other.peer,
	    &other.peer_len) == 0)
		answer(&other, q->name, q->id, q->type, FORGED);
}

/* As many as there may be on one port: they wait while another is answered. */
static struct fakens_question held[SERVER_CHANNEL_QUERIES];
static size_t held_count;

static void
to_other_port(const struct fakens_question *q)
{
	struct fakens_question other = *q;

	other.peer = held[0].peer;
	answer(&other, q->name, q->id, q->type, FORGED);
	other.peer = q->peer;
	answer(&other, held[0].name, held[0].id, held[0].type, FORGED);
}

static void
answer_held(void)
{
	while (held_count > 0) {
		held_count--;
		answer(&held[held_count], held[held_count].name,
		    held[held_count].id, held[held_count].type, GOOD);
	}
}

/* The letter says what comes before the right answer. */
static void
forge(const struct fakens_question *q, char *name)
{
	int i;

	switch (tolower((unsigned char)q->name[0])) {
	case 'i':
		for (i = 1; i <= 200; i++)
			answer(q, q->name, (uint16_t)(q->id + i), q->type,
			    FORGED);
		break;
	case 'p':
		from_other_port(q);
		to_other_port(q);
		answer_held();
		break;
	case 's':
		to_server(q);
		break;
	case 'n':
		answer(q, "other.example", q->id, q->type, FORGED);
		break;
	case 't':
		answer(q, q->name, q->id, DNS_TYPE_MX, FORGED);
		break;
	case 'l':
		fold(name, false);
		answer(q, name, q->id, q->type, FORGED);
		break;
	case 'u':
		fold(name, true);
		answer(q, name, q->id, q->type, FORGED);
		break;
	}
}

static void
count(const struct fakens_question *q)
{
	const char *p;

	(void)atomic_fetch_add(q->tcp ? &tcp_questions : &udp_questions, 1);
	for (p = q->name; *p != '\0'; p++)
		if (isupper((unsigned char)*p))
			(void)atomic_fetch_add(&upper_letters, 1);
}

static void
script_forged(struct fakens_question *q)
{
	char name[256];

	count(q);
	if (tolower((unsigned char)q->name[0]) == 'h' &&
	    held_count < SERVER_CHANNEL_QUERIES) {
		held[held_count++] = *q;
		return;
	}
	memcpy(name, q->name, sizeof(name));
	if (!q->tcp)
		forge(q, name);
	answer(q, q->name, q->id, q->type, GOOD);
}

/* A server that folds. */
static void
script_folds(struct fakens_question *q)
{
	count(q);
	fold(q->name, false);
	answer(q, q->name, q->id, q->type, GOOD);
}

static struct resolver *
start(const struct fakens *ns, enum resolver_random_case mode)
{
	struct slice address = slice_str(fakens_address(ns));
	struct resolver_options o = {
		.nameservers = &address, .nameserver_count = 1,
		.timeout_ms = ASKER_PATIENT, .tries = 2, .cache_bytes = 1 << 20,
		.random_case = mode
	};
	char why[128] = "";
	struct resolver *r = resolver_new(&o, why, sizeof(why));

	if (r == NULL)
		abort();
	atomic_store(&udp_questions, 0);
	atomic_store(&tcp_questions, 0);
	atomic_store(&upper_letters, 0);
	return r;
}

/* The address found, 0 if there is none; takes the reference. */
static uint32_t
address_of(const struct dns_answer *a)
{
	uint32_t addr = 0;
	size_t i;

	for (i = 0; a->outcome == DNS_FOUND && i < 4; i++)
		addr = addr << 8 | a->records[0].addr.bytes[i];
	dns_answer_unref(a);
	return addr;
}

static uint32_t
fetch(struct resolver *r, const char *name)
{
	return address_of(asker_fetch(r, name, DNS_TYPE_A));
}

static struct resolver_server
server_of(struct resolver *r)
{
	struct resolver_server s[LIMIT_DNS_SERVERS];

	(void)resolver_servers(r, s);
	return s[0];
}

static void
test_forged(void)
{
	static const struct {
		const char *label, *name;
		unsigned int tcp;	/* mismatches, too */
	} rows[] = {
		{ "nothing forged", "a.a-name-with-letters.example", 0 },
		{ "wrong id", "i.a-name-with-letters.example", 0 },
		{ "to the server itself", "s.a-name-with-letters.example", 0 },
		{ "wrong name", "n.a-name-with-letters.example", 0 },
		{ "wrong type", "t.a-name-with-letters.example", 0 },
		{ "lower case", "l.a-name-with-letters.example", 1 },
		{ "upper case", "u.a-name-with-letters.example", 1 },
	};
	struct fakens *ns = fakens_start(script_forged, FAKENS_BOTH);
	struct resolver *r;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r = start(ns, RESOLVER_RANDOM_CASE_YES);
		is_num(fetch(r, rows[i].name), GOOD, rows[i].label);
		is_num(atomic_load(&udp_questions), 1, "one question by UDP");
		is_num(atomic_load(&tcp_questions), rows[i].tcp, "by TCP");
		is_num((long long)server_of(r).mismatches, rows[i].tcp,
		    "counted");
		ok(!server_of(r).folds && !server_of(r).failed,
		    "the server is as good as before");
		resolver_free(r);
	}
	fakens_stop(ns);
}

/* Each answer counts at the port of its own question alone. */
static void
test_other_port(void)
{
	static struct ask first[SERVER_CHANNEL_QUERIES];
	struct fakens *ns = fakens_start(script_forged, FAKENS_BOTH);
	struct resolver *r = start(ns, RESOLVER_RANDOM_CASE_YES);
	char name[64];
	int i, good = 0;

	for (i = 0; i < SERVER_CHANNEL_QUERIES; i++) {
		(void)snprintf(name, sizeof(name), "held%d.test", i);
		asker_start(&first[i], r, name, DNS_TYPE_A);
	}
	ok(asker_wait_count(&udp_questions, SERVER_CHANNEL_QUERIES),
	    "all places of a port are taken");
	is_num(fetch(r, "port.example"), GOOD, "wrong port");
	for (i = 0; i < SERVER_CHANNEL_QUERIES; i++)
		good += address_of(asker_wait(&first[i])) == GOOD;
	is_num(good, SERVER_CHANNEL_QUERIES, "nor for others");
	is_num(atomic_load(&udp_questions), SERVER_CHANNEL_QUERIES + 1,
	    "each asked once by UDP");
	is_num(atomic_load(&tcp_questions), 0, "none by TCP");
	is_num((long long)server_of(r).mismatches, 0, "no mismatch");
	resolver_free(r);
	fakens_stop(ns);
}

/* Letters differ from question to question, and only where they are to. */
static void
test_modes(void)
{
	struct fakens *ns = fakens_start(script_forged, FAKENS_BOTH);
	struct resolver *r = start(ns, RESOLVER_RANDOM_CASE_AUTO);
	char name[64];
	int i, good = 0;

	(void)fetch(r, "a.abcdefghijklmnopqrstuvwxyz.example");
	is_num(atomic_load(&upper_letters), 0, "auto: not to loopback");
	resolver_free(r);
	r = start(ns, RESOLVER_RANDOM_CASE_NO);
	(void)fetch(r, "a.abcdefghijklmnopqrstuvwxyz.example");
	is_num(atomic_load(&upper_letters), 0, "no");
	resolver_free(r);
	r = start(ns, RESOLVER_RANDOM_CASE_YES);
	for (i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name),
		    "a%d.abcdefghijklmnopqrstuvwxyz", i);
		good += fetch(r, name) == GOOD;
	}
	is_num(good, 100, "yes: all are answered");
	/* 2,700 letters: 1,350, and 26 for one sigma. */
	ok(atomic_load(&upper_letters) > 1100 &&
	    atomic_load(&upper_letters) < 1600, "%u of 2700 are upper case",
	    atomic_load(&upper_letters));
	is_num((long long)server_of(r).mismatches, 0, "no mismatch");
	resolver_free(r);
	fakens_stop(ns);
}

/* 1. Mail must not suffer from a server that folds. */
static void
test_server_folds(enum fakens_kind kind, const char *label)
{
	struct fakens *ns = fakens_start(script_folds, kind);
	struct resolver *r = start(ns, RESOLVER_RANDOM_CASE_YES);
	unsigned int udp;
	char name[64];
	int i, good = 0;

	for (i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "a%d.abcdefghijklmn", i);
		good += fetch(r, name) == GOOD;
	}
	is_num(good, 20, label);
	ok(server_of(r).folds, "it is known to fold");
	ok(!server_of(r).failed, "and has not failed");
	udp = atomic_load(&udp_questions);
	if (kind == FAKENS_NO_TCP)
		is_num(udp, 20 + CASING_FOLDS, "then lower case by UDP");
	else
		is_num(udp, CASING_FOLDS, "then by TCP alone");
	is_num((long long)server_of(r).mismatches, CASING_FOLDS, "mismatches");
	resolver_free(r);
	fakens_stop(ns);
}

int
main(void)
{
	test_mix();
	test_repeats();
	test_folding();
	test_forged();
	test_other_port();
	test_modes();
	test_server_folds(FAKENS_BOTH, "a server that folds, with TCP");
	test_server_folds(FAKENS_NO_TCP, "a server that folds, without TCP");
	return tap_done();
}
