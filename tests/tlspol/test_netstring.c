/* SPDX-License-Identifier: BSD-2-Clause */
#include "tlspol/netstring.h"

#include "tests/tap.h"

#define MAX 12

static const struct {
	const char		*name;
	struct slice		 text;
	enum netstring_state	 state;
	struct slice		 out, rest;
} rows[] = {
	{ "one", SLICE_INIT("3:abc,"), NETSTRING_WHOLE, SLICE_INIT("abc"),
	  SLICE_INIT("") },
	{ "more after it", SLICE_INIT("3:abc,2:x"), NETSTRING_WHOLE,
	  SLICE_INIT("abc"), SLICE_INIT("2:x") },
	{ "empty", SLICE_INIT("0:,"), NETSTRING_WHOLE, SLICE_INIT(""),
	  SLICE_INIT("") },
	{ "any octets", SLICE_INIT("3:\0,:,"), NETSTRING_WHOLE,
	  SLICE_INIT("\0,:"), SLICE_INIT("") },
	{ "at the limit", SLICE_INIT("12:abcdefghijkl,"), NETSTRING_WHOLE,
	  SLICE_INIT("abcdefghijkl"), SLICE_INIT("") },
	{ "past the limit", SLICE_INIT("13"), NETSTRING_BAD, SLICE_INIT(""),
	  SLICE_INIT("13") },
	{ "far past it", SLICE_INIT("99999999999999999999999999"),
	  NETSTRING_BAD, SLICE_INIT(""),
	  SLICE_INIT("99999999999999999999999999") },
	{ "nothing", SLICE_INIT(""), NETSTRING_PART, SLICE_INIT(""),
	  SLICE_INIT("") },
	{ "a length", SLICE_INIT("1"), NETSTRING_PART, SLICE_INIT(""),
	  SLICE_INIT("1") },
	{ "no octets", SLICE_INIT("1:"), NETSTRING_PART, SLICE_INIT(""),
	  SLICE_INIT("1:") },
	{ "no comma", SLICE_INIT("1:a"), NETSTRING_PART, SLICE_INIT(""),
	  SLICE_INIT("1:a") },
	{ "another octet in place of the comma", SLICE_INIT("1:ab"),
	  NETSTRING_BAD, SLICE_INIT(""), SLICE_INIT("1:ab") },
	{ "no length", SLICE_INIT(":abc,"), NETSTRING_BAD, SLICE_INIT(""),
	  SLICE_INIT(":abc,") },
	{ "leading zero", SLICE_INIT("03:abc,"), NETSTRING_BAD,
	  SLICE_INIT(""), SLICE_INIT("03:abc,") },
	{ "two zeros", SLICE_INIT("00:,"), NETSTRING_BAD, SLICE_INIT(""),
	  SLICE_INIT("00:,") },
	{ "a sign", SLICE_INIT("-1:a,"), NETSTRING_BAD, SLICE_INIT(""),
	  SLICE_INIT("-1:a,") },
	{ "a blank", SLICE_INIT(" 1:a,"), NETSTRING_BAD, SLICE_INIT(""),
	  SLICE_INIT(" 1:a,") },
	{ "SMTP", SLICE_INIT("HELO a\r\n"), NETSTRING_BAD, SLICE_INIT(""),
	  SLICE_INIT("HELO a\r\n") }
};

int
main(void)
{
	struct slice rest, out;
	struct buf b;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rest = rows[i].text;
		out = (struct slice){ "", 0 };
		is_num(netstring_take(&rest, MAX, &out), rows[i].state,
		    rows[i].name);
		is_bytes(out.ptr, out.len, rows[i].out.ptr, rows[i].out.len,
		    "taken");
		is_bytes(rest.ptr, rest.len, rows[i].rest.ptr,
		    rows[i].rest.len, "left");
	}
	buf_init(&b, 100);
	netstring_put(SLICE("NOTFOUND "), &b);
	netstring_put(SLICE(""), &b);
	is_str(buf_cstr(&b), "9:NOTFOUND ,0:,", "written");
	buf_fini(&b);
	return tap_done();
}
