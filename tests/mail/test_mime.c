/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of a body, and quoted-printable in both directions.
 */
#include "mail/mime.h"

#include <string.h>

#include "tests/tap.h"

static const struct {
	const char	*value, *name;
	const char	*want;
} parameters[] = {
	{ "multipart/mixed; boundary=b", "boundary", "b" },
	{ "multipart/mixed; boundary=\"b c\"; x=y", "boundary", "b c" },
	{ "multipart/mixed; x=y;\r\n\tBOUNDARY = b ", "boundary", "b" },
	{ "multipart/mixed; boundary=\"b", "boundary", "b" },
	{ "multipart/mixed; boundar=b", "boundary", "" },
	{ "boundary=b", "boundary", "" },
	{ "", "boundary", "" },
};

static const struct {
	const char	*name, *body;
	const char	*want;		/* "preamble|part|part|" */
	const char	*rest;
} bodies[] = {
	{ "two", "p\r\n--b\r\n1\r\n--b\r\n2\r\n--b--\r\nend", "p\r\n|1\r\n|"
	  "2\r\n|", "end" },
	{ "no preamble", "--b\r\n1\r\n--b--\r\n", "|1\r\n|", "" },
	{ "cut short", "--b\r\n1\r\n--b\r\n2", "|1\r\n|2|", "" },
	{ "another boundary", "--bb\r\n1\r\n--b\r\n2\r\n--b --\r\n--b--",
	  "--bb\r\n1\r\n|2\r\n--b --\r\n|", "" },
	{ "none", "text\r\n", "text\r\n|", "" },
	{ "blanks after it", "--b \t\r\n1\r\n--b-- \r\n", "|1\r\n|", "" },
};

static const struct {
	const char	*plain, *coded;
	size_t		 width;
} texts[] = {
	{ "a=b\r\n", "a=3Db\r\n", 76 },
	{ "\xC3\xBC\r\n\r\n", "=C3=BC\r\n\r\n", 76 },
	{ "a \r\nb\t\r\nc d\r\n", "a=20\r\nb=09\r\nc d\r\n", 76 },
	{ "12345", "12345", 5 },
	{ "123456", "1234=\r\n56", 5 },
	{ "1=\r\n", "1=3D\r\n", 5 },
	{ "12=\r\n", "12=3D\r\n", 5 },
	{ "123=\r\n", "123=\r\n=3D\r\n", 5 },
	{ "\r\n", "\r\n", 76 },
	{ "", "", 76 },
};

/* The header of a part, and its body decoded. */
static const struct {
	const char	*text;
	const char	*type, *boundary, *body;
} headers[] = {
	{ "Content-Type: multipart/report;\r\n\tboundary=\"x y\"\r\n\r\nb",
	  "multipart/report", "x y", "b" },
	{ "content-TYPE:text/xml\ncontent-transfer-encoding : BASE64\n\n"
	  "PGE\n+*=\n--\n", "text/xml", "", "<a>" },
	{ "Content-Transfer-Encoding: quoted-printable\n\na=3D=\nb", "", "",
	  "a=b" },
	{ "Content-Transfer-Encoding: 8bit\n\na=3D", "", "", "a=3D" },
	{ "\nbody", "", "", "body" },
	{ "", "", "", "" },
};

static void
test_header(size_t i)
{
	struct arena *arena = arena_new(1U << 20);
	struct mime_part p;
	char room[100];

	ok(arena != NULL && mime_part_read(arena, slice_str(headers[i].text),
	    &p), "%s", headers[i].text);
	ok(slice_eq(p.type, slice_str(headers[i].type)), "its type");
	ok(slice_eq(p.boundary, slice_str(headers[i].boundary)),
	    "its boundary");
	ok(slice_eq(mime_part_decode(&p, room), slice_str(headers[i].body)),
	    "its body");
	arena_free(arena);
}

static void
test_parts(size_t i)
{
	struct slice rest = slice_str(bodies[i].body), part;
	bool last = false;
	struct buf got;

	buf_init(&got, 1000);
	while (mime_next_part(&rest, SLICE("b"), &part, &last)) {
		buf_add(&got, part);
		buf_addc(&got, '|');
	}
	is_str(buf_cstr(&got), bodies[i].want, bodies[i].name);
	ok(slice_eq(rest, slice_str(bodies[i].rest)), "%s: what is after",
	    bodies[i].name);
	buf_fini(&got);
}

static void
test_text(size_t i)
{
	struct slice back;
	struct buf got;
	char room[100];

	buf_init(&got, 1000);
	mime_encode_quoted(slice_str(texts[i].plain), texts[i].width, &got);
	is_str(buf_cstr(&got), texts[i].coded, texts[i].coded);
	mime_decode_quoted(slice_str(texts[i].coded), &back, room);
	ok(slice_eq(back, slice_str(texts[i].plain)), "%s: and back",
	    texts[i].coded);
	buf_fini(&got);
}

int
main(void)
{
	struct slice got;
	size_t i;

	for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		got = mime_parameter(slice_str(parameters[i].value),
		    slice_str(parameters[i].name));
		ok(slice_eq(got, slice_str(parameters[i].want)), "%s",
		    parameters[i].value);
	}
	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		test_header(i);
	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		test_parts(i);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		test_text(i);
	return tap_done();
}
