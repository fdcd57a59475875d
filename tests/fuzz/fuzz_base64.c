/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: base64 from signatures and keys.
 *
 * The encoding is unique, so a text must be taken exactly when encoding the
 * result gives the same text without its white space; what a plain decoder
 * without any table says is compared as well.  The input is also encoded
 * and decoded.
 */
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "tests/fuzz/fuzz.h"

#define ROOM 16384

static char *
room(size_t size)
{
	char *p = malloc(size + 1);

	must(p != NULL);
	return p;
}

static int
value_of(char c)
{
	if (ascii_is_upper(c))
		return c - 'A';
	if (ascii_is_alpha(c))
		return c - 'a' + 26;
	if (ascii_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Says of text without white space whether it is base64. */
static bool
is_base64(struct slice s)
{
	size_t i, pads = 0;

	if (s.len % 4 != 0)
		return false;
	while (pads < 2 && pads < s.len && s.ptr[s.len - 1 - pads] == '=')
		pads++;
	for (i = 0; i < s.len - pads; i++) {
		if (value_of(s.ptr[i]) < 0)
			return false;
	}
	if (pads == 0)
		return true;
	return value_of(s.ptr[i - 1]) % (pads == 2 ? 16 : 4) == 0;
}

static void
check_decode(struct slice in)
{
	char *bare = room(in.len), *again;
	unsigned char *out = (unsigned char *)room(in.len);
	size_t i, n = 0, len = 0;

	for (i = 0; i < in.len; i++) {
		if (!ascii_is_space(in.ptr[i]))
			bare[n++] = in.ptr[i];
	}
	must(base64_decode(in, out, in.len, &len) ==
	    is_base64((struct slice){ bare, n }));
	if (is_base64((struct slice){ bare, n })) {
		again = room(base64_encoded_len(len));
		base64_encode(out, len, again);
		must(base64_encoded_len(len) == n &&
		    memcmp(again, bare, n) == 0 && again[n] == '\0');
		free(again);
		must(len == 0 || !base64_decode(in, out, len - 1, &i));
		must(base64_decode(in, out, len, &i) && i == len);
	}
	free(out);
	free(bare);
}

static void
check_encode(const uint8_t *data, size_t size)
{
	size_t len = 0, text_len = base64_encoded_len(size);
	char *text = room(text_len);
	unsigned char *back = (unsigned char *)room(size);

	base64_encode(data, size, text);
	must(text[text_len] == '\0');
	must(base64_decode((struct slice){ text, text_len }, back, size,
	    &len) && len == size);
	must(size == 0 || memcmp(back, data, size) == 0);
	free(back);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > ROOM)
		return 0;
	check_decode((struct slice){ (const char *)data, size });
	check_encode(data, size);
	return 0;
}
