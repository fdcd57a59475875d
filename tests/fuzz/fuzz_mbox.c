/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the messages of an mbox.
 *
 * They are in the file in their order, with nothing but line ends and
 * their lines "From " between them; and a body that is quoted as mboxrd
 * wants it comes back as it was.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tools/mbox.h"

static void
check_messages(struct slice file)
{
	struct slice line, message;
	const char *end = file.ptr, *file_end = file.ptr + file.len;
	size_t count = 0;
	struct mbox m;

	mbox_init(&m, file);
	while (mbox_next(&m, &line, &message)) {
		count++;
		must(m.is_mbox == (line.len > 0));
		must(message.len == 0 || message.ptr >= end);
		if (message.len > 0)
			end = message.ptr + message.len;
		must(end <= file_end);
	}
	must(count == m.count && count > 0);
	must(m.is_mbox || file_end - end == 0 || message.len == 0);
}

/* ">" before each line that has "From " after any number of them. */
static void
quote(struct slice body, struct buf *out)
{
	struct slice line, bare;
	bool more = true;

	while (more) {
		more = slice_cut(&body, '\n', &line);
		for (bare = line; slice_starts(bare, SLICE(">")); )
			bare = slice_from(bare, 1);
		if (slice_starts(bare, SLICE("From ")))
			buf_addc(out, '>');
		buf_add(out, line);
		if (more)
			buf_addc(out, '\n');
	}
}

static void
check_quoting(struct slice body)
{
	struct buf quoted, back;

	buf_init(&quoted, 2 * body.len + 2);
	buf_init(&back, 2 * body.len + 2);
	quote(body, &quoted);
	mbox_unquote(buf_slice(&quoted), MBOX_RD, false, &back);
	must(slice_eq(buf_slice(&back), body));
	buf_reset(&back);
	mbox_unquote(body, MBOX_O, true, &back);
	must(!buf_failed(&back) && !buf_failed(&quoted));
	buf_fini(&quoted);
	buf_fini(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };

	check_messages(text);
	check_quoting(text);
	return 0;
}
