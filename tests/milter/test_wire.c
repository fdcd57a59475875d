/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets of a mail server: what libmilter would trip over is mended or
 * kept from it.
 */
#include <stdio.h>
#include <string.h>

#include "milter/wire.h"
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
	return tap_done();
}
