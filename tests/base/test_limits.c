/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every bound of base/ at the limit and one past it.
 */
#include "base/limits.h"

#include <string.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/domain.h"
#include "base/ipaddr.h"
#include "tests/tap.h"

#define TEXT_ROOM 4096

static char text[TEXT_ROOM];

/* `count` times `piece`, after what is in `text`. */
static size_t
append(size_t len, const char *piece, size_t count)
{
	size_t n = strlen(piece);

	while (count-- > 0 && n <= sizeof(text) - len) {
		memcpy(text + len, piece, n);
		len += n;
	}
	return len;
}

typedef bool parse_fn(struct slice, struct domain *);

static bool
takes(parse_fn *parse, size_t len)
{
	struct domain d;

	return parse((struct slice){ text, len }, &d);
}

/* A label of `len` octets in the first, a middle and the last place. */
static void
test_label(parse_fn *parse, const char *name)
{
	static const char *const front[] = { "", "a.", "a." };
	static const char *const back[] = { ".a", ".a", "" };
	size_t i, len, n;

	for (n = DOMAIN_LABEL_MAX; n <= DOMAIN_LABEL_MAX + 1; n++) {
		for (i = 0; i < 3; i++) {
			len = append(0, front[i], 1);
			len = append(len, "b", n);
			len = append(len, back[i], 1);
			ok(takes(parse, len) == (n <= DOMAIN_LABEL_MAX),
			    "%s: label of %zu octets in place %zu", name, n,
			    i);
		}
	}
}

/* Four labels that make `len` octets together. */
static size_t
name_of(size_t len)
{
	size_t n = 0;
	int i;

	for (i = 0; i < 3; i++) {
		n = append(n, "b", DOMAIN_LABEL_MAX);
		n = append(n, ".", 1);
	}
	return append(n, "b", len - n);
}

static void
test_name(parse_fn *parse, const char *name)
{
	size_t len;

	ok(takes(parse, name_of(DOMAIN_MAX)), "%s: name of %d", name,
	    DOMAIN_MAX);
	len = append(name_of(DOMAIN_MAX), ".", 1);
	ok(takes(parse, len), "%s: name of %d and the last dot", name,
	    DOMAIN_MAX);
	len = append(len, ".", 1);
	ok(!takes(parse, len), "%s: and one dot more", name);
	ok(!takes(parse, name_of(DOMAIN_MAX + 1)), "%s: name of %d", name,
	    DOMAIN_MAX + 1);
	/* 127 labels of one octet are the most that fit. */
	len = append(0, "a.", 126);
	ok(takes(parse, append(len, "a", 1)), "%s: 127 labels", name);
	len = append(0, "a.", 127);
	ok(!takes(parse, append(len, "a", 1)), "%s: 128 labels", name);
	ok(!takes(parse, append(0, "a", TEXT_ROOM)), "%s: a long text", name);
}

/*
 * U-labels: n times U+00FC is "xn--tda" with n - 1 further letters after,
 * so the A-label's length shows where the limit lies.
 */
static void
test_idn_label(void)
{
	struct domain d;
	size_t n, longest = 0;

	for (n = 1; n <= DOMAIN_LABEL_MAX; n++) {
		if (!domain_parse((struct slice){ text,
		    append(0, "\xc3\xbc", n) }, &d))
			break;
		longest = d.len;
	}
	is_num((long long)longest, DOMAIN_LABEL_MAX,
	    "U-label: the longest A-label is taken");
	ok(n < DOMAIN_LABEL_MAX, "U-label: one character more is not");
}

static void
test_idn_name(void)
{
	size_t len, n;

	/* "xn--tda." before a name of ASCII labels */
	for (n = DOMAIN_MAX; n <= DOMAIN_MAX + 1; n++) {
		len = append(0, "\xc3\xbc.", 1);
		len = append(len, "b", DOMAIN_LABEL_MAX);
		len = append(len, ".", 1);
		len = append(len, "b", DOMAIN_LABEL_MAX);
		len = append(len, ".", 1);
		len = append(len, "b", DOMAIN_LABEL_MAX);
		len = append(len, ".", 1);
		len = append(len, "b", n - 8 - 3 * (DOMAIN_LABEL_MAX + 1));
		ok(takes(domain_parse, len) == (n <= DOMAIN_MAX),
		    "U-label: name of %zu octets after IDNA", n);
	}
}

/* Soft hyphens are mapped to nothing, so that a long text is a short name. */
static void
test_idn_text(void)
{
	size_t len;

	len = append(0, "ab", 1);
	len = append(len, "\xc2\xad", (LIMIT_DOMAIN_UTF8 - len) / 2);
	is_num((long long)len, LIMIT_DOMAIN_UTF8, "UTF-8: the limit");
	ok(takes(domain_parse, len), "UTF-8: at the limit");
	ok(takes(domain_parse, append(len, ".", 1)),
	    "UTF-8: at the limit, with the last dot");
	len = append(0, "abc", 1);
	len = append(len, "\xc2\xad", (LIMIT_DOMAIN_UTF8 - 2) / 2);
	is_num((long long)len, LIMIT_DOMAIN_UTF8 + 1, "UTF-8: one past");
	ok(!takes(domain_parse, len), "UTF-8: one past the limit");
}

static void
test_ipaddr(void)
{
	static const char longest[] =
	    "1111:2222:3333:4444:5555:6666:111.222.111.222";
	struct ipaddr a;
	struct ipnet net;

	is_num((long long)sizeof(longest), IPADDR_TEXT, "address: longest");
	ok(ipaddr_parse(slice_str(longest), &a), "address: longest text");
	ok(!ipaddr_parse(SLICE("01111:2222:3333:4444:5555:6666:"
	    "111.222.111.222"), &a), "address: one octet more");
	ok(ipaddr_parse(SLICE("255.0.0.0"), &a), "address: octet of 255");
	ok(!ipaddr_parse(SLICE("256.0.0.0"), &a), "address: octet of 256");
	ok(ipnet_parse(SLICE("192.0.2.1/32"), &net), "network: 32 bits");
	ok(!ipnet_parse(SLICE("192.0.2.1/33"), &net), "network: 33 bits");
	ok(ipnet_parse(SLICE("::1/128"), &net), "network: 128 bits");
	ok(!ipnet_parse(SLICE("::1/129"), &net), "network: 129 bits");
}

/* The arena of a message and the buffer of a field, in their real size. */
static void
test_memory(void)
{
	struct arena *a = arena_new(LIMIT_MESSAGE_MEMORY);
	struct buf b;

	if (!ok(a != NULL, "arena: of one message"))
		return;
	ok(arena_alloc(a, LIMIT_MESSAGE_MEMORY) != NULL,
	    "arena: at the limit");
	ok(arena_alloc(a, 1) == NULL, "arena: one past");
	arena_reset(a);
	ok(arena_alloc(a, LIMIT_MESSAGE_MEMORY + 1) == NULL,
	    "arena: one past, at once");
	arena_free(a);

	buf_init(&b, LIMIT_AUTHRES_WRITE);
	while (b.len < LIMIT_AUTHRES_WRITE && !buf_failed(&b))
		buf_addc(&b, 'a');
	ok(b.len == LIMIT_AUTHRES_WRITE && !buf_failed(&b),
	    "buffer: at the limit");
	buf_addc(&b, 'a');
	ok(b.len == LIMIT_AUTHRES_WRITE && buf_failed(&b),
	    "buffer: one past");
	buf_fini(&b);
}

static void
test_base64(void)
{
	static unsigned char plain[LIMIT_DKIM_SIG_B + 1];
	static char encoded[(LIMIT_DKIM_SIG_B + 3) / 3 * 4 + 1];
	size_t len = 0;

	base64_encode(plain, LIMIT_DKIM_SIG_B, encoded);
	ok(base64_decode(slice_str(encoded), plain, LIMIT_DKIM_SIG_B, &len),
	    "base64: at the limit");
	is_num((long long)len, LIMIT_DKIM_SIG_B, "base64: octets");
	base64_encode(plain, LIMIT_DKIM_SIG_B + 1, encoded);
	ok(!base64_decode(slice_str(encoded), plain, LIMIT_DKIM_SIG_B, &len),
	    "base64: one past");
}

int
main(void)
{
	test_label(domain_parse, "domain_parse");
	test_label(domain_parse_dns, "domain_parse_dns");
	test_name(domain_parse, "domain_parse");
	test_name(domain_parse_dns, "domain_parse_dns");
	test_idn_label();
	test_idn_name();
	test_idn_text();
	test_ipaddr();
	test_memory();
	test_base64();
	return tap_done();
}
