/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/mbox.h"

#include "tests/tap.h"

#define MESSAGES 4
#define A "From a@x Mon Nov 23 10:00:01 2026\n"
#define B "From MAILER-DAEMON Tue Nov 24 10:00 2026\n"

static const struct {
	const char	*name;
	const char	*file;
	bool		 is_mbox;
	enum mbox_mark	 mark;
	size_t		 blank;
	const char	*messages[MESSAGES];
} files[] = {
	{ .name = "empty", .file = "", .messages = { "" } },
	{ .name = "a message", .file = "A: b\n\nbody\n\nFrom here on\n",
	  .messages = { "A: b\n\nbody\n\nFrom here on\n" } },
	{ .name = "BOM", .file = "\xEF\xBB\xBF" "A: b\n", .mark = MBOX_UTF8,
	  .messages = { "A: b\n" } },
	{ .name = "UTF-16", .file = "\xFF\xFE" "A", .mark = MBOX_UTF16,
	  .messages = { "\xFF\xFE" "A" } },
	{ .name = "blank lines", .file = "\n \t\r\nA: b\n", .blank = 2,
	  .messages = { "A: b\n" } },
	{ .name = "BOM, blank line, mbox", .mark = MBOX_UTF8, .blank = 1,
	  .file = "\xEF\xBB\xBF\n" A "A: b\n", .is_mbox = true,
	  .messages = { "A: b\n" } },
	{ .name = "BOM alone", .file = "\xEF\xBB\xBF", .mark = MBOX_UTF8,
	  .messages = { "" } },
	{ .name = "blank alone", .file = "\n\n", .blank = 2,
	  .messages = { "" } },
	{ .name = "one line", .file = "From x", .is_mbox = true,
	  .messages = { "" } },
	{ .name = "one", .file = A "A: b\n\nbody\n\n", .is_mbox = true,
	  .messages = { "A: b\n\nbody\n" } },
	{ .name = "one without its empty line", .is_mbox = true,
	  .file = A "A: b\n\nbody", .messages = { "A: b\n\nbody" } },
	{ .name = "two", .file = A "A: b\n\nbody\n\n" B "C: d\n\nx\n\n\n",
	  .is_mbox = true, .messages = { "A: b\n\nbody\n",
	  "C: d\n\nx\n\n" } },
	{ .name = "CRLF", .is_mbox = true,
	  .file = "From a Mon, 23 Nov 2026 10:00\r\nA: b\r\n\r\nx\r\n\r\n"
	  "From a Tue Nov 24 10:00:00 2026\r\nC: d\r\n",
	  .messages = { "A: b\r\n\r\nx\r\n", "C: d\r\n" } },
	{ .name = "no empty line before it", .is_mbox = true,
	  .file = A "A: b\n\nbody\n" B "C: d\n",
	  .messages = { "A: b\n\nbody\n" B "C: d\n" } },
	{ .name = "no date", .is_mbox = true,
	  .file = A "A: b\n\nbody\n\nFrom here on Monday at 10:00\n",
	  .messages = { "A: b\n\nbody\n\nFrom here on Monday at 10:00\n" } },
	{ .name = "no date in the first", .is_mbox = true,
	  .file = "From x\nA: b\n\nFrom y\nC: d\n",
	  .messages = { "A: b\n", "C: d\n" } },
	{ .name = "nothing between", .is_mbox = true,
	  .file = A "\n" B "\n" A, .messages = { "", "", "" } }
};

static void
test_file(size_t i)
{
	struct slice message, from_line;
	const char *name = files[i].name;
	struct mbox m;
	size_t n = 0;

	mbox_init(&m, slice_str(files[i].file));
	ok(m.is_mbox == files[i].is_mbox, "%s: mbox", name);
	ok(m.mark == files[i].mark, "%s: mark", name);
	is_num((long long)m.blank, (long long)files[i].blank, name);
	while (mbox_next(&m, &from_line, &message) && n < MESSAGES &&
	    files[i].messages[n] != NULL) {
		is_bytes(message.ptr, message.len, files[i].messages[n],
		    strlen(files[i].messages[n]), name);
		ok(slice_starts(from_line, SLICE("From ")) == m.is_mbox,
		    "%s: its line", name);
		n++;
	}
	ok(m.count == n && (n == MESSAGES || files[i].messages[n] == NULL),
	    "%s: count", name);
}

static const struct {
	const char		*body;
	size_t			 quoted;
	const char		*text[3];	/* plain, mboxrd, mboxo */
} bodies[] = {
	{ "", 0, { "", "", "" } },
	{ "x\n>From\n> From x\n >From x\n", 0, { "x\n>From\n> From x\n "
	  ">From x\n", "x\n>From\n> From x\n >From x\n", "x\n>From\n> "
	  "From x\n >From x\n" } },
	{ ">From x\r\n>>From y\n>>>From ", 3, {
	  ">From x\r\n>>From y\n>>>From ", "From x\r\n>From y\n>>From ",
	  "From x\r\n>>From y\n>>>From " } },
	{ ">", 0, { ">", ">", ">" } }
};

static void
test_body(size_t i)
{
	struct slice body = slice_str(bodies[i].body);
	struct buf out;
	int how;

	is_num((long long)mbox_quoted(body), (long long)bodies[i].quoted,
	    "quoted lines");
	for (how = MBOX_PLAIN; how <= MBOX_O; how++) {
		buf_init(&out, 2 * body.len + 2);
		mbox_unquote(body, (enum mbox_quoting)how, false, &out);
		is_str(buf_cstr(&out), bodies[i].text[how], "unquoted");
		buf_fini(&out);
	}
}

static void
test_line_ends(void)
{
	static const char text[] = "\na\n\r\n\rb\r\nc";
	struct buf out;

	buf_init(&out, 2 * sizeof(text));
	mbox_unquote(slice_str(text), MBOX_RD, true, &out);
	is_str(buf_cstr(&out), "\r\na\r\n\r\n\rb\r\nc", "LF as CRLF");
	buf_fini(&out);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		test_file(i);
	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		test_body(i);
	test_line_ends();
	return tap_done();
}
