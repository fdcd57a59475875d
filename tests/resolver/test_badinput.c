/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nameservers that send what they should not, cut what they send, or send
 * it octet by octet; and a process without descriptors.  Each has a defined
 * outcome, and the questions beside it get their answers.
 */
#include "resolver/resolver.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "resolver/statistics.h"
#include "tests/resolver/asker.h"
#include "tests/resolver/fakens.h"
#include "tests/tap.h"

#define PATIENT	20000	/* ms, when an answer is to come */
#define SHORT	3000	/* ms, when none is */
#define GOOD	0xc0000201	/* 192.0.2.1 */
#define FORGED	0xc0000242
#define CROWD	40	/* questions at one time */
#define HEADER	12

/* ---- what a nameserver can do wrong ---- */

static struct dnsmsg out;	/* the server's thread writes it */
static unsigned int noise_state = 1;

static unsigned int
noise(void)
{
	noise_state = noise_state * 1103515245 + 12345;
	return noise_state >> 16 & 0xff;
}

static void
begin(const struct fakens_question *q, unsigned int flags)
{
	dnsmsg_begin(&out, q->id, flags, q->name, q->type);
}

static void
send_address(const struct fakens_question *q, uint32_t addr)
{
	begin(q, 0);
	dnsmsg_a(&out, q->name, 300, addr);
	fakens_send(q, &out);
}

static void
send_truncated(const struct fakens_question *q)
{
	begin(q, DNSMSG_TC);
	fakens_send(q, &out);
}

static void
do_good(struct fakens_question *q)
{
	send_address(q, GOOD);
}

static void
do_silent(struct fakens_question *q)
{
	(void)q;
}

static void
do_other_id(struct fakens_question *q)
{
	q->id ^= 0x5555;
	send_address(q, FORGED);
}

static void
do_other_port(struct fakens_question *q)
{
	int fd = q->fd;

	q->fd = socket(q->peer.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	send_address(q, FORGED);
	(void)close(q->fd);
	q->fd = fd;
}

/* The first is taken, the second is nobody's. */
static void
do_twice(struct fakens_question *q)
{
	send_address(q, GOOD);
	send_address(q, FORGED);
}

/* The first question is answered only when it has been asked again. */
static void
do_late(struct fakens_question *q)
{
	static struct fakens_question first;
	static bool held;

	if (!held) {
		first = *q;
		held = true;
		return;
	}
	held = false;
	send_address(&first, FORGED);
	send_address(q, GOOD);
}

/* Octets without sense, after a header that fits or without one. */
static void
send_noise(const struct fakens_question *q, size_t header, size_t len)
{
	begin(q, 0);
	out.len = header;
	while (out.len < len)
		dnsmsg_u8(&out, noise());
	fakens_send(q, &out);
}

static void
do_noise(struct fakens_question *q)
{
	size_t len;

	for (len = HEADER; len < 600; len += 7)
		send_noise(q, 2, len);
}

/* Flags and counts of an answer, and then noise. */
static void
do_noise_records(struct fakens_question *q)
{
	begin(q, 0);
	out.bytes[7] = out.bytes[9] = out.bytes[11] = 0xff;
	while (out.len < 500)
		dnsmsg_u8(&out, noise());
	fakens_send(q, &out);
}

/* More than is ever read of a datagram. */
static void
do_noise_huge(struct fakens_question *q)
{
	send_noise(q, 4, 60000);
}

/* Strangers' noise first, then the answer; into a connection they cannot. */
static void
do_noise_first(struct fakens_question *q)
{
	unsigned int id = q->id;
	int i;

	for (i = 1; i < 100 && !q->tcp; i++) {
		q->id = (uint16_t)(id + (unsigned int)i);
		send_noise(q, 4, HEADER + (size_t)i);
	}
	q->id = (uint16_t)id;
	send_address(q, GOOD);
}

/* So many octets of an answer, again and again, then all of it.  A stranger
   can send them, but not into a connection. */
static void
send_short_first(struct fakens_question *q, size_t len)
{
	int i;

	for (i = 0; i < 3 && !q->tcp; i++) {
		begin(q, 0);
		out.len = len;
		fakens_send(q, &out);
	}
	send_address(q, GOOD);
}

static void
do_empty_first(struct fakens_question *q)
{
	send_short_first(q, 0);
}

static void
do_short_first(struct fakens_question *q)
{
	send_short_first(q, 3);
}

/* ---- what looks like an answer ---- */

#define CLASS_CH	3
#define OPCODE_NOTIFY	0x2000u

static void
write_forged(const struct fakens_question *q)
{
	begin(q, 0);
	dnsmsg_a(&out, q->name, 300, FORGED);
}

/* Where the class of the question is. */
static size_t
class_at(const struct fakens_question *q)
{
	return HEADER + strlen(q->name) + 2 + 2;
}

static void
do_other_class(struct fakens_question *q)
{
	write_forged(q);
	out.bytes[class_at(q) + 1] = CLASS_CH;
	fakens_send(q, &out);
}

/* The question is ours, and the record of another class. */
static void
do_other_class_record(struct fakens_question *q)
{
	write_forged(q);
	out.bytes[class_at(q) + 2 + strlen(q->name) + 2 + 3] = CLASS_CH;
	fakens_send(q, &out);
}

/* Our own question, as a mirror sends it back. */
static void
do_mirror(struct fakens_question *q)
{
	begin(q, 0);
	out.bytes[2] = DNSMSG_RD >> 8;
	out.bytes[3] = 0;
	fakens_send(q, &out);
}

static void
do_no_response(struct fakens_question *q)
{
	write_forged(q);
	out.bytes[2] &= 0x7f;
	fakens_send(q, &out);
}

static void
do_opcode(struct fakens_question *q)
{
	write_forged(q);
	out.bytes[2] |= OPCODE_NOTIFY >> 8;
	fakens_send(q, &out);
}

static void
do_other_name(struct fakens_question *q)
{
	dnsmsg_begin(&out, q->id, 0, "other.test", q->type);
	dnsmsg_a(&out, q->name, 300, FORGED);
	fakens_send(q, &out);
}

static void
do_other_type(struct fakens_question *q)
{
	dnsmsg_begin(&out, q->id, 0, q->name, DNS_TYPE_MX);
	dnsmsg_a(&out, q->name, 300, FORGED);
	fakens_send(q, &out);
}

static void
do_no_question(struct fakens_question *q)
{
	begin(q, 0);
	out.len = HEADER;
	out.bytes[5] = 0;
	dnsmsg_a(&out, q->name, 300, FORGED);
	fakens_send(q, &out);
}

static void
do_two_questions(struct fakens_question *q)
{
	begin(q, 0);
	out.bytes[5] = 2;
	dnsmsg_name(&out, q->name);
	dnsmsg_u16(&out, q->type);
	dnsmsg_u16(&out, 1);
	dnsmsg_a(&out, q->name, 300, FORGED);
	fakens_send(q, &out);
}

/* A record whose name begins with a pointer to `to`, or to itself. */
static void
send_pointer(const struct fakens_question *q, size_t to)
{
	begin(q, 0);
	out.bytes[7] = 1;
	dnsmsg_u16(&out, 0xc000u | (unsigned int)(to > 0 ? to : out.len));
	dnsmsg_u16(&out, DNS_TYPE_A);
	dnsmsg_u16(&out, 1);
	dnsmsg_u32(&out, 300);
	dnsmsg_u16(&out, 4);
	dnsmsg_u32(&out, FORGED);
	fakens_send(q, &out);
}

static void
do_pointer_loop(struct fakens_question *q)
{
	send_pointer(q, 0);
}

/* Two that lead to each other, in the question itself. */
static void
do_pointer_pair(struct fakens_question *q)
{
	begin(q, 0);
	out.len = HEADER;
	dnsmsg_u16(&out, 0xc000u | (HEADER + 2));
	dnsmsg_u16(&out, 0xc000u | HEADER);
	dnsmsg_u16(&out, 1);
	fakens_send(q, &out);
}

static void
do_pointer_beyond(struct fakens_question *q)
{
	send_pointer(q, 0x3fff);
}

/* A datagram without octets, and one that is too short. */
static void
do_short(struct fakens_question *q)
{
	begin(q, 0);
	out.len = 0;
	fakens_send(q, &out);
	begin(q, 0);
	out.len = HEADER - 1;
	fakens_send(q, &out);
}

/* Truncated by TCP as well. */
static void
do_truncated(struct fakens_question *q)
{
	send_truncated(q);
}

/* ---- by TCP ---- */

static void
send_octets(const struct fakens_question *q, const void *ptr, size_t len)
{
	(void)send(q->fd, ptr, len, MSG_NOSIGNAL);
}

/* A length of `claim`, then so much of the answer as `len` says. */
static void
send_part(const struct fakens_question *q, size_t claim, size_t len)
{
	unsigned char length[2] = {
		(unsigned char)(claim >> 8), (unsigned char)claim
	};

	send_octets(q, length, sizeof(length));
	send_octets(q, out.bytes, len);
}

static void
write_address(const struct fakens_question *q)
{
	begin(q, 0);
	dnsmsg_a(&out, q->name, 300, GOOD);
}

static void
do_tcp_good(struct fakens_question *q)
{
	if (q->tcp)
		send_address(q, GOOD);
	else
		send_truncated(q);
}

/* As when a name whose name servers are silent is asked for by TCP. */
static void
do_tcp_silent(struct fakens_question *q)
{
	if (!q->tcp)
		send_truncated(q);
}

static void
do_tcp_twice(struct fakens_question *q)
{
	do_tcp_good(q);
	if (q->tcp)
		send_address(q, FORGED);
}

static void
do_tcp_other_id(struct fakens_question *q)
{
	if (q->tcp)
		q->id ^= 0x5555;
	do_tcp_good(q);
}

static void
do_tcp_closed(struct fakens_question *q)
{
	if (q->tcp)
		fakens_hang_up(q);
	else
		send_truncated(q);
}

/* Ends in the middle of the length, of the answer, of its last octet. */
static void
do_tcp_cut(struct fakens_question *q)
{
	static unsigned int turn;

	if (q->tcp) {
		write_address(q);
		if (turn % 3 == 0)
			send_octets(q, "", 1);
		else
			send_part(q, out.len, turn % 3 == 1 ? out.len / 2 :
			    out.len - 1);
		turn++;
	}
	do_tcp_closed(q);
}

/* The rest of it never comes. */
static void
do_tcp_stalled(struct fakens_question *q)
{
	if (!q->tcp) {
		send_truncated(q);
		return;
	}
	write_address(q);
	send_part(q, out.len + 1000, out.len);
}

/* The length is too short: what follows is no message. */
static void
do_tcp_short(struct fakens_question *q)
{
	if (!q->tcp) {
		send_truncated(q);
		return;
	}
	write_address(q);
	send_part(q, 5, out.len);
}

static void
do_tcp_empty(struct fakens_question *q)
{
	if (q->tcp)
		send_octets(q, "\0", 2);
	do_tcp_good(q);
}

static void
do_tcp_noise(struct fakens_question *q)
{
	if (q->tcp)
		send_noise(q, 2, 3000);
	else
		send_truncated(q);
}

/* An answer as it goes into a connection, after what is there. */
static size_t
add_part(unsigned char *to, size_t at)
{
	to[at] = (unsigned char)(out.len >> 8);
	to[at + 1] = (unsigned char)out.len;
	memcpy(to + at + 2, out.bytes, out.len);
	return at + 2 + out.len;
}

/* Nobody's answer and ours, in one segment. */
static void
do_tcp_segment(struct fakens_question *q)
{
	unsigned char parts[1024];
	size_t len;

	if (!q->tcp) {
		send_truncated(q);
		return;
	}
	q->id ^= 0x5555;
	write_forged(q);
	len = add_part(parts, 0);
	q->id ^= 0x5555;
	write_address(q);
	len = add_part(parts, len);
	send_octets(q, parts, len);
}

/* Our id, and another question. */
static void
do_tcp_other_name(struct fakens_question *q)
{
	if (q->tcp)
		do_other_name(q);
	else
		send_truncated(q);
}

/* A reset: at once, or in the middle of the length or the answer. */
static void
do_tcp_reset(struct fakens_question *q)
{
	static const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	static unsigned int turn;

	if (!q->tcp) {
		send_truncated(q);
		return;
	}
	write_address(q);
	if (turn % 3 == 1)
		send_octets(q, "", 1);
	else if (turn % 3 == 2)
		send_part(q, out.len, out.len / 2);
	turn++;
	(void)connect(q->fd, &nobody, sizeof(nobody));
}

/* The longest answer that there can be (LIMIT_DNS_ANSWER). */
static void
write_longest(const struct fakens_question *q)
{
	static char text[65535];
	size_t left;

	begin(q, 0);
	/* What a record takes besides its text, and one octet for 255 of
	   it. */
	left = sizeof(text) - out.len - (strlen(q->name) + 2 + 10);
	memset(text, 'x', sizeof(text));
	dnsmsg_txt(&out, q->name, 300, text, left - (left + 255) / 256);
}

static void
do_tcp_longest(struct fakens_question *q)
{
	size_t i;
	int on = 1;

	if (!q->tcp) {
		send_truncated(q);
		return;
	}
	(void)setsockopt(q->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	write_longest(q);
	send_octets(q, &(unsigned char){ (unsigned char)(out.len >> 8) }, 1);
	send_octets(q, &(unsigned char){ (unsigned char)out.len }, 1);
	for (i = 0; i < out.len; i++)
		send_octets(q, out.bytes + i, 1);
}

static const struct misdeed {
	const char *label;
	void (*run)(struct fakens_question *q);
	enum dns_type type;
	enum dns_outcome outcome;
	enum dns_outcome or_else;	/* by TCP c-ares 1.18 and 1.34 differ */
	unsigned int timeout_ms;
	bool lets_others;		/* has no part in their connection */
} misdeeds[] = {
	{ "good", do_good, DNS_TYPE_A, DNS_FOUND, DNS_FOUND, PATIENT, true },
	{ "silent", do_silent, DNS_TYPE_A, DNS_TIMEOUT, DNS_TIMEOUT, SHORT,
	  true },
	{ "otherid", do_other_id, DNS_TYPE_A, DNS_TIMEOUT, DNS_TIMEOUT,
	  SHORT, true },
	{ "otherport", do_other_port, DNS_TYPE_A, DNS_TIMEOUT, DNS_TIMEOUT,
	  SHORT, true },
	{ "twice", do_twice, DNS_TYPE_A, DNS_FOUND, DNS_FOUND, PATIENT,
	  true },
	{ "late", do_late, DNS_TYPE_A, DNS_FOUND, DNS_FOUND, SHORT, true },
	{ "noise", do_noise, DNS_TYPE_A, DNS_TIMEOUT, DNS_TIMEOUT, SHORT,
	  true },
	{ "noiserecords", do_noise_records, DNS_TYPE_A, DNS_MALFORMED,
	  DNS_MALFORMED, PATIENT, true },
	{ "noisehuge", do_noise_huge, DNS_TYPE_A, DNS_TIMEOUT, DNS_TIMEOUT,
	  SHORT, true },
	{ "noisefirst", do_noise_first, DNS_TYPE_A, DNS_FOUND, DNS_FOUND,
	  PATIENT, true },
	{ "otherclass", do_other_class, DNS_TYPE_A, DNS_TIMEOUT, DNS_TIMEOUT,
	  SHORT, true },
	{ "otherclassrecord", do_other_class_record, DNS_TYPE_A, DNS_NO_DATA,
	  DNS_NO_DATA, PATIENT, true },
	{ "mirror", do_mirror, DNS_TYPE_A, DNS_TIMEOUT, DNS_TIMEOUT, SHORT,
	  true },
	{ "noresponse", do_no_response, DNS_TYPE_A, DNS_TIMEOUT,
	  DNS_TIMEOUT, SHORT, true },
	{ "opcode", do_opcode, DNS_TYPE_A, DNS_TIMEOUT, DNS_TIMEOUT, SHORT,
	  true },
	{ "othername", do_other_name, DNS_TYPE_A, DNS_TIMEOUT, DNS_TIMEOUT,
	  SHORT, true },
	{ "othertype", do_other_type, DNS_TYPE_A, DNS_TIMEOUT, DNS_TIMEOUT,
	  SHORT, true },
	{ "noquestion", do_no_question, DNS_TYPE_A, DNS_TIMEOUT,
	  DNS_TIMEOUT, SHORT, true },
	{ "twoquestions", do_two_questions, DNS_TYPE_A, DNS_TIMEOUT,
	  DNS_TIMEOUT, SHORT, true },
	{ "pointerloop", do_pointer_loop, DNS_TYPE_A, DNS_MALFORMED,
	  DNS_MALFORMED, PATIENT, true },
	{ "pointerpair", do_pointer_pair, DNS_TYPE_A, DNS_TIMEOUT,
	  DNS_TIMEOUT, SHORT, true },
	{ "pointerbeyond", do_pointer_beyond, DNS_TYPE_A, DNS_MALFORMED,
	  DNS_MALFORMED, PATIENT, true },
	{ "short", do_short, DNS_TYPE_A, DNS_TIMEOUT, DNS_TIMEOUT, SHORT,
	  true },
	{ "truncated", do_truncated, DNS_TYPE_A, DNS_MALFORMED, DNS_MALFORMED,
	  PATIENT, true },
	{ "emptyfirst", do_empty_first, DNS_TYPE_A, DNS_FOUND, DNS_FOUND,
	  PATIENT, true },
	{ "shortfirst", do_short_first, DNS_TYPE_A, DNS_FOUND, DNS_FOUND,
	  PATIENT, true },
	{ "tcpgood", do_tcp_good, DNS_TYPE_A, DNS_FOUND, DNS_FOUND, PATIENT,
	  true },
	{ "tcpsilent", do_tcp_silent, DNS_TYPE_A, DNS_TIMEOUT, DNS_TIMEOUT,
	  SHORT, true },
	{ "tcptwice", do_tcp_twice, DNS_TYPE_A, DNS_FOUND, DNS_FOUND,
	  PATIENT, true },
	{ "tcpotherid", do_tcp_other_id, DNS_TYPE_A, DNS_TIMEOUT,
	  DNS_TIMEOUT, SHORT, true },
	{ "tcpclosed", do_tcp_closed, DNS_TYPE_A, DNS_SERVER_FAILURE,
	  DNS_SERVER_FAILURE, PATIENT, true },
	{ "tcpcut", do_tcp_cut, DNS_TYPE_A, DNS_SERVER_FAILURE,
	  DNS_SERVER_FAILURE, PATIENT, true },
	{ "tcpstalled", do_tcp_stalled, DNS_TYPE_A, DNS_TIMEOUT, DNS_TIMEOUT,
	  SHORT, false },
	{ "tcpshort", do_tcp_short, DNS_TYPE_A, DNS_TIMEOUT, DNS_MALFORMED,
	  SHORT, false },
	{ "tcpempty", do_tcp_empty, DNS_TYPE_A, DNS_FOUND,
	  DNS_SERVER_FAILURE, SHORT, false },
	{ "tcpnoise", do_tcp_noise, DNS_TYPE_A, DNS_MALFORMED, DNS_TIMEOUT,
	  SHORT, true },
	{ "tcpsegment", do_tcp_segment, DNS_TYPE_A, DNS_FOUND, DNS_FOUND,
	  PATIENT, true },
	{ "tcpothername", do_tcp_other_name, DNS_TYPE_A, DNS_TIMEOUT,
	  DNS_TIMEOUT, SHORT, true },
	{ "tcpreset", do_tcp_reset, DNS_TYPE_A, DNS_SERVER_FAILURE,
	  DNS_SERVER_FAILURE, PATIENT, true },
	{ "tcplongest", do_tcp_longest, DNS_TYPE_TXT, DNS_FOUND, DNS_FOUND,
	  PATIENT, true }
};

#define MISDEEDS (sizeof(misdeeds) / sizeof(misdeeds[0]))

/* The first label says what is done. */
static void
script(struct fakens_question *q)
{
	size_t i, len = strcspn(q->name, ".");

	for (i = 0; i < MISDEEDS; i++)
		if (strlen(misdeeds[i].label) == len &&
		    memcmp(misdeeds[i].label, q->name, len) == 0)
			misdeeds[i].run(q);
}

/* ---- the outcomes ---- */

static bool
is_address(const struct dns_answer *a, uint32_t addr)
{
	const unsigned char *p;

	if (a->outcome != DNS_FOUND || a->count != 1)
		return false;
	p = a->records[0].addr.bytes;
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3]) == addr;
}

/* As the row has it; an address is the right one. */
static bool
is_as_said(const struct misdeed *m, const struct dns_answer *a)
{
	if (a->outcome != m->outcome && a->outcome != m->or_else)
		return false;
	return a->outcome != DNS_FOUND || m->type != DNS_TYPE_A ||
	    is_address(a, GOOD);
}

static void
start(struct ask *a, struct resolver *r, const struct misdeed *m,
    unsigned int number)
{
	char name[64];

	memset(a, 0, sizeof(*a));
	(void)snprintf(name, sizeof(name), "%s.%u.test", m->label, number);
	asker_start(a, r, name, m->type);
}

static bool
finish(struct ask *a, const struct misdeed *m)
{
	const struct dns_answer *answer = asker_wait(a);
	bool good = is_as_said(m, answer);

	if (!good)
		printf("# %s: %s\n", m->label,
		    dns_outcome_name(answer->outcome));
	dns_answer_unref(answer);
	return good;
}

static bool
ask(struct resolver *r, const struct misdeed *m, unsigned int number)
{
	struct ask a;

	start(&a, r, m, number);
	return finish(&a, m);
}

static const struct misdeed *
misdeed(const char *label)
{
	size_t i;

	for (i = 0; i < MISDEEDS; i++)
		if (strcmp(misdeeds[i].label, label) == 0)
			return &misdeeds[i];
	abort();
}

/* No socket stays when nothing is in progress. */
static bool
leaves_no_socket(struct resolver *r)
{
	int64_t until = clock_us() + PATIENT * INT64_C(1000);
	struct resolver_statistics s;

	do {
		(void)sched_yield();
		resolver_statistics(r, &s);
	} while (s.servers[0].sockets > 0 && clock_us() < until);
	return s.servers[0].sockets == 0;
}

/*
 * One for each resolver: the outcome, and whether the server is asked on.
 * They wait in vain together.
 */
static void
test_alone(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r[MISDEEDS];
	struct ask bad[MISDEEDS];
	size_t i;

	for (i = 0; i < MISDEEDS; i++) {
		r[i] = asker_resolver(fakens_address(ns), NULL,
		    misdeeds[i].timeout_ms, 2);
		start(&bad[i], r[i], &misdeeds[i], 1);
	}
	for (i = 0; i < MISDEEDS; i++) {
		ok(finish(&bad[i], &misdeeds[i]), "%s", misdeeds[i].label);
		ok(ask(r[i], misdeed("good"), 1), "then a question by UDP");
		ok(ask(r[i], misdeed("tcpgood"), 1), "then one by TCP");
		ok(asker_sums_agree(r[i]), "the figures agree");
		ok(leaves_no_socket(r[i]), "no socket stays");
		resolver_free(r[i]);
	}
	fakens_stop(ns);
}

/* One misdeed, and the questions around it. */
struct scene {
	struct resolver	*resolver;	/* NULL: not played */
	struct ask	 bad, good[CROWD];
};

static void
scene_begin(struct scene *s, const struct fakens *ns, const struct misdeed *m,
    const struct misdeed *good)
{
	unsigned int i;

	s->resolver = asker_resolver(fakens_address(ns), NULL,
	    m->timeout_ms, 2);
	for (i = 0; i < CROWD / 2; i++)
		start(&s->good[i], s->resolver, good, i);
	start(&s->bad, s->resolver, m, CROWD);
	for (; i < CROWD; i++)
		start(&s->good[i], s->resolver, good, i);
}

static void
scene_end(struct scene *s, const struct misdeed *m,
    const struct misdeed *good)
{
	unsigned int i, found = 0;

	for (i = 0; i < CROWD; i++)
		found += finish(&s->good[i], good);
	is_num(found, CROWD, good->label);
	ok(finish(&s->bad, m), "beside %s", m->label);
	ok(asker_sums_agree(s->resolver), "the figures agree");
	ok(leaves_no_socket(s->resolver), "no socket stays");
	resolver_free(s->resolver);
	s->resolver = NULL;
}

/* Each beside many that are well: these are all answered. */
static void
test_beside(const struct misdeed *good)
{
	static struct scene scenes[MISDEEDS];
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	size_t i;

	for (i = 0; i < MISDEEDS; i++)
		if (good->run != do_tcp_good || misdeeds[i].lets_others)
			scene_begin(&scenes[i], ns, &misdeeds[i], good);
	for (i = 0; i < MISDEEDS; i++)
		if (scenes[i].resolver != NULL)
			scene_end(&scenes[i], &misdeeds[i], good);
	fakens_stop(ns);
}

/* The longest answer has come whole. */
static void
test_longest(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL,
	    PATIENT, 1);
	const struct dns_answer *a = asker_fetch(r, "tcplongest.test",
	    DNS_TYPE_TXT);

	is_str(dns_outcome_name(a->outcome), "found", "65535 octets by TCP");
	ok(a->count == 1 && a->records[0].text.len > 65000 &&
	    memchr(a->records[0].text.ptr, 'y', a->records[0].text.len) ==
	    NULL, "with their text");
	dns_answer_unref(a);
	resolver_free(r);
	fakens_stop(ns);
}

/* ---- without descriptors ---- */

/* Takes all that are left, and returns how many. */
static size_t
take_all(int *fds, size_t count)
{
	size_t n = 0;

	while (n < count && (fds[n] = dup(0)) != -1)
		n++;
	return n;
}

static void
give_back(const int *fds, size_t count)
{
	while (count > 0)
		(void)close(fds[--count]);
}

/* All descriptors taken, from begin to end. */
struct shortage {
	int		fds[64];
	size_t		count;
	struct rlimit	before;
};

static void
shortage_begin(struct shortage *s)
{
	struct rlimit limit;

	(void)getrlimit(RLIMIT_NOFILE, &s->before);
	limit = s->before;
	limit.rlim_cur = 64;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	s->count = take_all(s->fds, sizeof(s->fds) / sizeof(s->fds[0]));
}

static void
shortage_end(struct shortage *s)
{
	give_back(s->fds, s->count);
	(void)setrlimit(RLIMIT_NOFILE, &s->before);
}

static void
test_no_descriptors(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL, SHORT,
	    2);
	struct shortage s;
	int64_t begun;

	shortage_begin(&s);
	begun = clock_us();
	is_str(dns_outcome_name(asker_outcome(r, "good.test", DNS_TYPE_A)),
	    "not asked", "no descriptor, as long as one waits");
	ok(clock_us() - begun >= 2 * SHORT * 1000, "two tries long");
	shortage_end(&s);
	ok(asker_outcome(r, "good.test", DNS_TYPE_A) == DNS_FOUND,
	    "and that is not kept");
	ok(ask(r, misdeed("tcpgood"), CROWD), "nor for TCP");
	resolver_free(r);
	fakens_stop(ns);
}

static bool
wait_for_retry(struct resolver *r)
{
	int64_t until = clock_us() + PATIENT * INT64_C(1000);
	struct resolver_stats s;

	do {
		(void)sched_yield();
		resolver_get_stats(r, &s);
	} while (s.retries == 0 && clock_us() < until);
	return s.retries > 0;
}

/* For a moment only, with many that ask: nobody notices. */
static void
test_few_descriptors(void)
{
	struct fakens *ns = fakens_start(script, FAKENS_BOTH);
	struct resolver *r = asker_resolver(fakens_address(ns), NULL,
	    PATIENT, 2);
	struct ask asks[CROWD];
	unsigned int i, found = 0;
	struct shortage s;

	shortage_begin(&s);
	for (i = 0; i < CROWD; i++)
		start(&asks[i], r, misdeed("good"), i);
	ok(wait_for_retry(r), "it has been tried in vain");
	shortage_end(&s);
	for (i = 0; i < CROWD; i++)
		found += finish(&asks[i], misdeed("good"));
	is_num(found, CROWD, "all are answered when there are some again");
	shortage_begin(&s);
	(void)close(s.fds[--s.count]);
	for (i = 0, found = 0; i < CROWD; i++)
		start(&asks[i], r, misdeed("good"), CROWD + i);
	for (i = 0; i < CROWD; i++)
		found += finish(&asks[i], misdeed("good"));
	is_num(found, CROWD, "and when there is one for all");
	shortage_end(&s);
	resolver_free(r);
	fakens_stop(ns);
}

int
main(void)
{
	test_alone();
	test_beside(misdeed("good"));
	test_beside(misdeed("tcpgood"));
	test_longest();
	test_no_descriptors();
	test_few_descriptors();
	return tap_done();
}
