/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields kept, numbered and found; messages cut into header and body. */
#include "mail/header.h"

#include "base/buf.h"
#include "base/mem.h"
#include "tests/tap.h"

#define ROOM (16u << 20)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char	*name;
	struct slice	 value, want;
} value_cases[] = {
	{ "one line", SLICE_INIT(" text"), SLICE_INIT(" text") },
	{ "empty", SLICE_INIT(""), SLICE_INIT("") },
	{ "no memory after it", { NULL, 0 }, SLICE_INIT("") },
	{ "LF fold", SLICE_INIT(" a\n b"), SLICE_INIT(" a\r\n b") },
	{ "CRLF fold", SLICE_INIT(" a\r\n b"), SLICE_INIT(" a\r\n b") },
	{ "both", SLICE_INIT("\n a\r\n b\n\tc"),
	    SLICE_INIT("\r\n a\r\n b\r\n\tc") },
	{ "bare CR", SLICE_INIT("a\rb"), SLICE_INIT("a\rb") },
	{ "CR CR LF", SLICE_INIT("a\r\r\n b"), SLICE_INIT("a\r\r\n b") },
	{ "LF CR", SLICE_INIT("a\n\r b"), SLICE_INIT("a\r\n\r b") },
	{ "two LF", SLICE_INIT("\n\n"), SLICE_INIT("\r\n\r\n") },
	{ "NUL", SLICE_INIT("a\0b"), SLICE_INIT("a\0b") },
	{ "blanks", SLICE_INIT(" \t a \t"), SLICE_INIT(" \t a \t") },
};

static const struct {
	const char	*name;
	struct slice	 field, want;
} name_cases[] = {
	{ "plain", SLICE_INIT("Subject"), SLICE_INIT("Subject") },
	{ "blanks after", SLICE_INIT("X-Sp \t"), SLICE_INIT("X-Sp") },
	{ "blanks alone", SLICE_INIT("  "), SLICE_INIT("") },
	{ "empty", { NULL, 0 }, SLICE_INIT("") },
	{ "NUL", SLICE_INIT("a\0"), SLICE_INIT("a\0") },
};

/* A message, and its parts: "name|value" for each field, then the body. */
static const struct {
	const char	*name;
	struct slice	 message;
	const char	*fields;	/* "/" ends each */
	struct slice	 body;
} parse_cases[] = {
	{ "CRLF", SLICE_INIT("A: b\r\nC: d\r\n\r\nbody\r\n"),
	    "A| b/C| d/", SLICE_INIT("body\r\n") },
	{ "LF", SLICE_INIT("A: b\nC: d\n\nbody\n"),
	    "A| b/C| d/", SLICE_INIT("body\n") },
	{ "folds", SLICE_INIT("A: b\r\n c\n\td\r\n\r\n"),
	    "A| b\r\n c\r\n\td/", SLICE_INIT("") },
	{ "fold of blanks", SLICE_INIT("A: b\r\n \r\n c\r\n\r\nx"),
	    "A| b\r\n \r\n c/", SLICE_INIT("x") },
	{ "fold of blanks last", SLICE_INIT("A: b\n \n\nx"),
	    "A| b\r\n /", SLICE_INIT("x") },
	{ "fold before the text", SLICE_INIT("A:\n b\n\nx"),
	    "A|\r\n b/", SLICE_INIT("x") },
	{ "empty value", SLICE_INIT("A:\r\nB: c\r\n\r\nx"),
	    "A|/B| c/", SLICE_INIT("x") },
	{ "no blank", SLICE_INIT("A:b\n\nx"), "A|b/", SLICE_INIT("x") },
	{ "colon in the value", SLICE_INIT("A: b:c\n\n"),
	    "A| b:c/", SLICE_INIT("") },
	{ "blank before the colon", SLICE_INIT("A \t: b\n\nx"),
	    "A| b/", SLICE_INIT("x") },
	{ "bare CR", SLICE_INIT("A: b\rc\r\n\r\nx"),
	    "A| b\rc/", SLICE_INIT("x") },
	{ "no header", SLICE_INIT("\r\nbody"), "", SLICE_INIT("body") },
	{ "no header, LF", SLICE_INIT("\nbody"), "", SLICE_INIT("body") },
	{ "no body", SLICE_INIT("A: b\r\n"), "A| b/", SLICE_INIT("") },
	{ "no end of line", SLICE_INIT("A: b"), "A| b/", SLICE_INIT("") },
	{ "ends with the colon", SLICE_INIT("A:"), "A|/", SLICE_INIT("") },
	{ "ends with CR", SLICE_INIT("A: b\r"), "A| b\r/", SLICE_INIT("") },
	{ "nothing", SLICE_INIT(""), "", SLICE_INIT("") },
	{ "no text at all", { NULL, 0 }, "", SLICE_INIT("") },
	{ "a line that is no field", SLICE_INIT("A: b\nno field\nC: d\n\nx"),
	    "A| b/", SLICE_INIT("no field\nC: d\n\nx") },
	{ "first line is no field", SLICE_INIT("From a@b now\nA: b\n"),
	    "", SLICE_INIT("From a@b now\nA: b\n") },
	{ "first line begins with a blank", SLICE_INIT(" A: b\nC: d\n"),
	    "", SLICE_INIT(" A: b\nC: d\n") },
	{ "no name", SLICE_INIT("A: b\n: c\n"),
	    "A| b/", SLICE_INIT(": c\n") },
	{ "8-bit in the name", SLICE_INIT("\xc3\xa4: b\n\nx"),
	    "", SLICE_INIT("\xc3\xa4: b\n\nx") },
	{ "NUL in the name", SLICE_INIT("A\0: b\n"),
	    "", SLICE_INIT("A\0: b\n") },
	{ "CR CR LF", SLICE_INIT("A: b\r\n\r\r\nx"),
	    "A| b/", SLICE_INIT("\r\r\nx") },
	{ "CR alone", SLICE_INIT("A: b\r\n\rx"),
	    "A| b/", SLICE_INIT("\rx") },
	{ "CR last of all", SLICE_INIT("A: b\r\n\r"),
	    "A| b/", SLICE_INIT("\r") },
	{ "empty lines in the body", SLICE_INIT("A: b\n\n\n\nx"),
	    "A| b/", SLICE_INIT("\n\nx") },
};

static void
check_values(struct arena *arena)
{
	struct mail_header h;
	const struct mail_field *f;
	size_t i;

	mail_header_init(&h, arena);
	for (i = 0; i < COUNT(value_cases); i++) {
		ok(mail_header_add(&h, SLICE("X"), value_cases[i].value),
		    "value: %s", value_cases[i].name);
		f = &h.fields[h.count - 1];
		is_bytes(f->value.ptr, f->value.len, value_cases[i].want.ptr,
		    value_cases[i].want.len, value_cases[i].name);
	}
	for (i = 0; i < COUNT(name_cases); i++) {
		ok(mail_header_add(&h, name_cases[i].field, SLICE("v")),
		    "name: %s", name_cases[i].name);
		f = &h.fields[h.count - 1];
		is_bytes(f->name.ptr, f->name.len, name_cases[i].want.ptr,
		    name_cases[i].want.len, name_cases[i].name);
	}
}

static void
check_parse(struct arena *arena)
{
	struct mail_header h;
	struct slice body;
	struct buf got;
	size_t i, n;

	buf_init(&got, 1000);
	for (i = 0; i < COUNT(parse_cases); i++) {
		mail_header_init(&h, arena);
		buf_reset(&got);
		ok(mail_header_parse(&h, parse_cases[i].message, &body),
		    "message: %s", parse_cases[i].name);
		for (n = 0; n < h.count; n++) {
			buf_add(&got, h.fields[n].name);
			buf_addc(&got, '|');
			buf_add(&got, h.fields[n].value);
			buf_addc(&got, '/');
		}
		is_str(buf_cstr(&got), parse_cases[i].fields,
		    parse_cases[i].name);
		is_bytes(body.ptr, body.len, parse_cases[i].body.ptr,
		    parse_cases[i].body.len, parse_cases[i].name);
	}
	buf_fini(&got);
}

static void
check_instances(struct arena *arena)
{
	static const struct slice names[] = {
		SLICE_INIT("Received"), SLICE_INIT("From"),
		SLICE_INIT("RECEIVED"), SLICE_INIT("received "),
		SLICE_INIT("FROM"), SLICE_INIT("Receive"),
	};
	static const unsigned int want[] = { 1, 1, 2, 3, 2, 1 };
	const struct mail_field *f;
	struct mail_header h;
	size_t i;

	mail_header_init(&h, arena);
	ok(mail_header_find(&h, SLICE("From"), 1) == NULL, "empty: none");
	is_num(mail_header_instances(&h, SLICE("From")), 0, "empty: 0");
	for (i = 0; i < COUNT(names); i++) {
		(void)mail_header_add(&h, names[i], SLICE("x"));
		is_num(h.fields[i].instance, want[i], names[i].ptr);
	}
	is_num(mail_header_instances(&h, SLICE("rEceived")), 3, "three");
	is_num(mail_header_instances(&h, SLICE("Receive")), 1, "one");
	is_num(mail_header_instances(&h, SLICE("To")), 0, "none");
	for (i = 0; i < COUNT(names); i++) {
		f = mail_header_find(&h, h.fields[i].name, want[i]);
		ok(f == &h.fields[i], "field %zu is found", i);
	}
	ok(mail_header_find(&h, SLICE("From"), 0) == NULL, "no instance 0");
	ok(mail_header_find(&h, SLICE("From"), 3) == NULL, "no third From");
	ok(mail_header_find(&h, SLICE("To"), 1) == NULL, "no To");
	is_num((long long)h.bytes, 8 + 4 + 8 + 8 + 4 + 7 + 6, "octets");
}

/* As many fields as there may be, of one name or of as many names. */
static void
check_fields_limit(struct arena *arena, bool one_name)
{
	struct mail_header h;
	char name[30] = "X-Field";
	bool good = true;
	size_t i;

	mail_header_init(&h, arena);
	for (i = 0; i < LIMIT_HEADER_FIELDS; i++) {
		if (!one_name)
			(void)snprintf(name, sizeof(name), "X-%zu", i);
		if (!mail_header_add(&h, slice_str(name), SLICE(" v")) ||
		    h.fields[i].instance != (one_name ? i + 1 : 1))
			good = false;
	}
	ok(good && !h.overflow && h.count == LIMIT_HEADER_FIELDS,
	    "fields at the limit, %s", one_name ? "one name" : "all names");
	ok(!mail_header_add(&h, SLICE("Y"), SLICE("")) && h.overflow,
	    "one past it");
	is_num((long long)h.count, LIMIT_HEADER_FIELDS, "is not kept");
	is_num(mail_header_instances(&h, SLICE("Y")), 0, "nor counted");
	is_num(mail_header_instances(&h, slice_str(name)),
	    one_name ? LIMIT_HEADER_FIELDS : 1, "the last name");
	good = true;
	for (i = 0; i < h.count; i++) {
		if (mail_header_find(&h, h.fields[i].name,
		    h.fields[i].instance) != &h.fields[i])
			good = false;
	}
	ok(good, "all are found");
}

static void
check_bytes_limit(struct arena *arena)
{
	char *text = mem_alloc(LIMIT_HEADER_BYTES);
	struct mail_header h;

	if (!ok(text != NULL, "memory for a large field"))
		return;
	memset(text, 'x', LIMIT_HEADER_BYTES);
	mail_header_init(&h, arena);
	ok(mail_header_add(&h, SLICE("A"), (struct slice){ text,
	    LIMIT_HEADER_BYTES - 1 }), "octets at the limit");
	is_num((long long)h.bytes, LIMIT_HEADER_BYTES, "are counted");
	ok(!mail_header_add(&h, SLICE("B"), SLICE("")), "one past it");
	is_num((long long)h.count, 1, "is not kept");

	mail_header_init(&h, arena);
	ok(mail_header_add(&h, SLICE("A"), SLICE("1")), "a first field");
	ok(!mail_header_add(&h, SLICE("A"), (struct slice){ text,
	    LIMIT_HEADER_BYTES - 2 }), "a field past the limit");
	ok(!mail_header_add(&h, SLICE("A"), SLICE("3")),
	    "nothing after the gap");
	is_num(mail_header_instances(&h, SLICE("A")), 1, "one is counted");

	text[7] = '\n';
	mail_header_init(&h, arena);
	ok(mail_header_add(&h, SLICE("A"), (struct slice){ text,
	    LIMIT_HEADER_BYTES - 2 }), "with the CR at the limit");
	mail_header_init(&h, arena);
	ok(!mail_header_add(&h, SLICE("A"), (struct slice){ text,
	    LIMIT_HEADER_BYTES - 1 }), "with the CR one past it");
	ok(!mail_header_add(&h, (struct slice){ text,
	    LIMIT_HEADER_BYTES }, SLICE("x")), "a name as long");
	mem_free(text);
}

static void
check_overflow_parse(struct arena *arena)
{
	struct mail_header h;
	struct slice body;
	struct buf b;
	size_t i;

	buf_init(&b, 1u << 20);
	for (i = 0; i <= LIMIT_HEADER_FIELDS; i++)
		buf_adds(&b, "A: b\n");
	buf_adds(&b, "\nbody");
	mail_header_init(&h, arena);
	ok(!mail_header_parse(&h, buf_slice(&b), &body) && h.overflow,
	    "too many fields in a message");
	is_bytes(body.ptr, body.len, "body", 4, "its body");
	buf_fini(&b);
}

/* A header of many names, with the n-th allocation failing: that is not "too
   large". */
static bool
fill(unsigned long n)
{
	struct arena *arena;
	struct mail_header h;
	char name[30];
	size_t i, kept = 0;
	bool failed;

	mem_fail_after(n, 1000);
	arena = arena_new(ROOM);
	if (arena == NULL) {
		mem_fail_after(0, 0);
		return true;
	}
	mail_header_init(&h, arena);
	for (i = 0; i < 500; i++) {
		(void)snprintf(name, sizeof(name), "X-%zu", i / 2);
		kept += mail_header_add(&h, slice_str(name), SLICE(" \n v"));
	}
	failed = mem_fail_hits() > 0;
	mem_fail_after(0, 0);
	if (h.overflow || arena_failed(arena) != failed || h.count != kept ||
	    (failed && mail_header_add(&h, SLICE("Y"), SLICE(""))) ||
	    (kept > 0 && h.fields[kept - 1].instance != 2 - kept % 2))
		ok(false, "allocation %lu: %zu kept of %zu", n, h.count, kept);
	arena_free(arena);
	return failed;
}

int
main(void)
{
	struct arena *arena = arena_new(ROOM);
	unsigned long n = 0;

	if (arena == NULL)
		return 1;
	check_values(arena);
	check_parse(arena);
	check_instances(arena);
	check_fields_limit(arena, true);
	check_fields_limit(arena, false);
	check_overflow_parse(arena);
	check_bytes_limit(arena);
	arena_free(arena);
	while (fill(n))
		n++;
	ok(n > 3, "%lu allocations failed in turn", n);
	return tap_done();
}
