/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets of a mail server: what libmilter would trip over is mended or
 * kept from it.  And packets to it: what belongs together is written at once.
 */
#include <sys/types.h>

#include <libmilter/mfdef.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "milter/wire.h"
#include "tests/milter/pair.h"
#include "tests/tap.h"

#define DATA(text) .data = text, .len = sizeof(text) - 1

static const struct {
	const char		*name;
	char			 command;
	const char		*data;
	size_t			 len;
	enum wire_verdict	 want;
	size_t			 left;	/* of a mended one */
} cases[] = {
	{ .name = "macros", .command = 'D', DATA("Cj\0mx\0v\0x\0") },
	{ .name = "no macros", .command = 'D', DATA("C") },
	{ .name = "a macro without a value", .command = 'D',
	    DATA("Cj\0"), .want = WIRE_MENDED, .left = 1 },
	{ .name = "three strings", .command = 'D', DATA("Cj\0mx\0v\0"),
	    .want = WIRE_MENDED, .left = 6 },
	{ .name = "a value without its end", .command = 'D',
	    DATA("Cj\0mx\0v\0x"), .want = WIRE_MENDED, .left = 6 },
	{ .name = "a name without its end", .command = 'D', DATA("Cj"),
	    .want = WIRE_MENDED, .left = 1 },
	{ .name = "empty strings, an even number", .command = 'D',
	    DATA("C\0\0\0\0") },
	{ .name = "empty strings, an odd number", .command = 'D',
	    DATA("C\0\0\0"), .want = WIRE_MENDED, .left = 3 },
	{ .name = "macros of nothing", .command = 'D', DATA(""),
	    .want = WIRE_BAD },
	{ .name = "connect", .command = 'C',
	    DATA("h\0" "4\0\1" "192.0.2.1\0") },
	{ .name = "connect from nowhere", .command = 'C', DATA("h\0U") },
	{ .name = "connect without a host's end", .command = 'C', DATA("h4"),
	    .want = WIRE_BAD },
	{ .name = "connect without a family", .command = 'C', DATA("h\0"),
	    .want = WIRE_BAD },
	{ .name = "connect without an address", .command = 'C',
	    DATA("h\0" "4\0\1"), .want = WIRE_BAD },
	{ .name = "connect, half a port", .command = 'C', DATA("h\0" "4\0"),
	    .want = WIRE_BAD },
	{ .name = "connect, an address without its end", .command = 'C',
	    DATA("h\0" "4\0\1" "192.0.2.1"), .want = WIRE_BAD },
	{ .name = "connect, nothing", .command = 'C', DATA(""),
	    .want = WIRE_BAD },
	{ .name = "helo", .command = 'H', DATA("mail\0") },
	{ .name = "helo, nothing", .command = 'H', DATA(""),
	    .want = WIRE_BAD },
	{ .name = "helo without its end", .command = 'H', DATA("mail"),
	    .want = WIRE_BAD },
	{ .name = "mail", .command = 'M', DATA("<>\0SIZE=1\0") },
	{ .name = "mail, nothing", .command = 'M', DATA(""),
	    .want = WIRE_BAD },
	{ .name = "mail, an argument without its end", .command = 'M',
	    DATA("<>\0SIZE=1"), .want = WIRE_BAD },
	{ .name = "rcpt without its end", .command = 'R', DATA("<a@b>"),
	    .want = WIRE_BAD },
	{ .name = "a field", .command = 'L', DATA("From\0 a@b\0") },
	{ .name = "a field without a value", .command = 'L', DATA("From\0"),
	    .want = WIRE_BAD },
	{ .name = "a field without its end", .command = 'L',
	    DATA("From\0 a@b"), .want = WIRE_BAD },
	{ .name = "a field, nothing", .command = 'L', DATA(""),
	    .want = WIRE_BAD },
	{ .name = "negotiation", .command = 'O', DATA("123456789012") },
	{ .name = "negotiation, one octet less", .command = 'O',
	    DATA("12345678901"), .want = WIRE_BAD },
	{ .name = "body", .command = 'B', DATA("x") },
	{ .name = "end of message", .command = 'E', DATA("") },
	{ .name = "an unknown command", .command = '?', DATA("x") },
};

/* ---- writing ---- */

#define HEAD	(MILTER_LEN_BYTES + 1)
#define CHANGES	200		/* more than a socket takes */
#define LARGE	60000

static struct timeval limit = { 20, 0 };

/* What one read() of the mail server gets. */
static ssize_t
read_now(char *out, size_t size)
{
	return recv(mta, out, size, MSG_DONTWAIT);
}

static void
test_together(void)
{
	static char name[] = "From\0 x";
	char got[100];
	ssize_t n;

	open_pair();
	is_num(mi_wr_cmd(filter, &limit, SMFIR_INSHEADER, name, 8), 0,
	    "a change");
	is_num(mi_wr_cmd(filter, &limit, SMFIR_QUARANTINE, name, 5), 0,
	    "another");
	is_num(read_now(got, sizeof(got)), -1, "they wait");
	is_num(mi_wr_cmd(filter, &limit, SMFIR_CONTINUE, NULL, 0), 0,
	    "the reply");
	n = read_now(got, sizeof(got));
	is_bytes(got, n > 0 ? (size_t)n : 0, "\0\0\0\11iFrom\0 x\0"
	    "\0\0\0\6qFrom\0" "\0\0\0\1c", 3 * HEAD + 13, "all at once");
	is_num(mi_wr_cmd(filter, &limit, SMFIR_PROGRESS, NULL, 0), 0,
	    "progress");
	is_num(read_now(got, sizeof(got)), HEAD, "does not wait");
	close_pair();
}

static void
test_dropped(void)
{
	static char name[] = "x";
	char got[100];

	open_pair();
	(void)mi_wr_cmd(filter, &limit, SMFIR_INSHEADER, name, 2);
	wire_closed();
	(void)mi_wr_cmd(filter, &limit, SMFIR_CONTINUE, NULL, 0);
	is_num(read_now(got, sizeof(got)), HEAD,
	    "the change of a session that has ended is not written");
	close(mta);
	is_num(mi_wr_cmd(filter, &limit, SMFIR_CONTINUE, NULL, 0), -1,
	    "nobody is there");
	wire_closed();
	close(filter);
}

static void
test_write_memory(void)
{
	static char name[] = "x";

	open_pair();
	mem_fail_after(0, 1);
	is_num(mi_wr_cmd(filter, &limit, SMFIR_INSHEADER, name, 2), -1,
	    "no memory for a change");
	mem_fail_after(0, 0);
	is_num(mi_wr_cmd(filter, &limit, SMFIR_INSHEADER, NULL, 2), -1,
	    "no data");
	close_pair();
}

static void *
read_slowly(void *arg)
{
	char got[5000];
	size_t *total = arg;
	ssize_t n;

	while ((n = read(mta, got, sizeof(got))) > 0)
		*total += (size_t)n;
	return NULL;
}

/* The mail server reads more slowly than we write. */
static void
test_large(void)
{
	char *data = calloc(1, LARGE);
	size_t total = 0;
	pthread_t reader;
	int i, bad = 0;

	open_pair();
	if (data == NULL ||
	    pthread_create(&reader, NULL, read_slowly, &total) != 0)
		abort();
	for (i = 0; i < CHANGES; i++)
		bad += mi_wr_cmd(filter, &limit, SMFIR_CHGHEADER, data,
		    i % 2 == 0 ? LARGE : 100) != 0;
	bad += mi_wr_cmd(filter, &limit, SMFIR_CONTINUE, NULL, 0) != 0;
	shutdown(filter, SHUT_WR);
	pthread_join(reader, NULL);
	is_num(bad, 0, "large changes, all written");
	is_num((long long)total, CHANGES * HEAD + CHANGES / 2 * (LARGE + 100) +
	    HEAD, "and all have come");
	free(data);
	close_pair();
}

static void
test_never_read(void)
{
	struct timeval moment = { 0, 50000 };
	char *data = calloc(1, LARGE);
	int i, result = 0;

	open_pair();
	if (data == NULL)
		abort();
	for (i = 0; i < CHANGES && result == 0; i++)
		result = mi_wr_cmd(filter, &moment, SMFIR_CHGHEADER, data,
		    LARGE);
	is_num(result, -1, "nobody reads: given up in time");
	free(data);
	close_pair();
}

int
main(void)
{
	size_t i, len;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		len = cases[i].len;
		is_num(wire_check(cases[i].command, cases[i].data, &len),
		    cases[i].want, cases[i].name);
		is_num((long long)len, (long long)(cases[i].want ==
		    WIRE_MENDED ? cases[i].left : cases[i].len),
		    cases[i].name);
	}
	test_together();
	test_dropped();
	test_write_memory();
	test_large();
	test_never_read();
	return tap_done();
}
