/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain: the one parser of domain names.
 *
 * 1. Text of ASCII alone is checked and copied in one pass, in lower case.
 *    A label that begins with "xn--" is taken as it is: whether it can
 *    be decoded makes no difference to a lookup or to a comparison.
 * 2. Other text must be UTF-8 of bounded length, without control octets and
 *    SP.  libidn2 turns its U-labels into A-labels (RFC 5891 section 5,
 *    with the mapping of UTS #46), and the result goes through step 1.
 * 3. The mapping must not change the number of dots: a full stop other than
 *    U+002E is no label separator in mail (RFC 6531 section 3.3, RFC 5890
 *    section 2.3.2.1), and what a reader takes for one label must not
 *    become two.
 */
#include "base/domain.h"

#include <idn2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"

/* Letters, digits, '-' and '_' with their lower case; 0: no such octet. */
#define BOTH(upper, lower) [upper] = lower, [lower] = lower
#define SELF(c) [c] = c
static const char ldh_lower[256] = {
	SELF('-'), SELF('_'),
	SELF('0'), SELF('1'), SELF('2'), SELF('3'), SELF('4'),
	SELF('5'), SELF('6'), SELF('7'), SELF('8'), SELF('9'),
	BOTH('A', 'a'), BOTH('B', 'b'), BOTH('C', 'c'), BOTH('D', 'd'),
	BOTH('E', 'e'), BOTH('F', 'f'), BOTH('G', 'g'), BOTH('H', 'h'),
	BOTH('I', 'i'), BOTH('J', 'j'), BOTH('K', 'k'), BOTH('L', 'l'),
	BOTH('M', 'm'), BOTH('N', 'n'), BOTH('O', 'o'), BOTH('P', 'p'),
	BOTH('Q', 'q'), BOTH('R', 'r'), BOTH('S', 's'), BOTH('T', 't'),
	BOTH('U', 'u'), BOTH('V', 'v'), BOTH('W', 'w'), BOTH('X', 'x'),
	BOTH('Y', 'y'), BOTH('Z', 'z'),
};

/* The lower case of an octet of a label, or 0. */
static inline char
label_lower(char c, bool ldh)
{
	char lower = ldh_lower[(unsigned char)c];

	if (ldh || lower != '\0')
		return lower;
	return ascii_is_printable(c) ? ascii_lower(c) : '\0';
}

static bool
label_ok(const char *label, size_t len, bool ldh)
{
	if (len == 0 || len > DOMAIN_LABEL_MAX)
		return false;
	return !ldh || (label[0] != '-' && label[len - 1] != '-');
}

static struct slice
without_last_dot(struct slice text)
{
	if (text.len > 0 && text.ptr[text.len - 1] == '.')
		text.len--;
	return text;
}

/*
 * Step 1, for text whose last dot is off.  `ldh`: letters, digits, '-' and
 * '_' only.
 */
static inline bool
parse_ascii(struct slice text, bool ldh, struct domain *out)
{
	size_t i, label = 0;
	char c;

	if (text.len == 0 || text.len > DOMAIN_MAX)
		return false;
	for (i = 0; i < text.len; i++) {
		c = text.ptr[i];
		if (c == '.') {
			if (!label_ok(out->text + label, i - label, ldh))
				return false;
			label = i + 1;
		} else {
			c = label_lower(c, ldh);
			if (c == '\0')
				return false;
		}
		out->text[i] = c;
	}
	out->text[i] = '\0';
	out->len = i;
	return label_ok(out->text + label, i - label, ldh);
}

static bool
is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/*
 * Octets of the character at the start of `s`, which is not empty; 0 when
 * it is not UTF-8 (RFC 3629 section 4: no long forms, no surrogates, none
 * above U+10FFFF) or is a control or SP.
 */
static size_t
utf8_len(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	size_t i, len;

	if (p[0] < 0x80)
		return ascii_is_vchar(s.ptr[0]) ? 1 : 0;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (s.len < len)
		return 0;
	for (i = 1; i < len; i++) {
		if (!is_continuation(p[i]))
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

static bool
is_utf8(struct slice s)
{
	size_t len;

	for (; s.len > 0; s = slice_from(s, len)) {
		len = utf8_len(s);
		if (len == 0)
			return false;
	}
	return true;
}

static size_t
count_dots(struct slice s)
{
	size_t dots = 0;
	size_t i;

	for (i = 0; i < s.len; i++)
		dots += s.ptr[i] == '.';
	return dots;
}

/* Steps 2 and 3. */
static bool
parse_idn(struct slice text, struct domain *out)
{
	unsigned char copy[LIMIT_DOMAIN_UTF8 + 1];
	uint8_t *ascii = NULL;
	struct slice result;
	bool good;

	if (text.len > LIMIT_DOMAIN_UTF8 || !is_utf8(text))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (idn2_lookup_u8(copy, &ascii,
	    IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
		return false;
	result = slice_str((const char *)ascii);
	good = count_dots(result) == count_dots(text) &&
	    parse_ascii(result, true, out);
	idn2_free(ascii);
	return good;
}

/* A name that was refused leaves nothing behind. */
static bool
finish(bool good, struct domain *out)
{
	if (!good) {
		out->len = 0;
		out->text[0] = '\0';
	}
	return good;
}

bool
domain_parse(struct slice text, struct domain *out)
{
	text = without_last_dot(text);
	if (parse_ascii(text, true, out))
		return true;
	return finish(!slice_is_ascii(text) && parse_idn(text, out), out);
}

bool
domain_parse_dns(struct slice text, struct domain *out)
{
	return finish(parse_ascii(without_last_dot(text), false, out), out);
}

struct slice
domain_slice(const struct domain *d)
{
	return (struct slice){ d->text, d->len };
}

bool
domain_eq(const struct domain *a, const struct domain *b)
{
	return slice_eq(domain_slice(a), domain_slice(b));
}

size_t
domain_labels(struct slice name)
{
	return name.len > 0 ? count_dots(name) + 1 : 0;
}

bool
domain_is_at_or_below(struct slice name, struct slice zone)
{
	size_t above;

	if (zone.len == 0 || name.len < zone.len)
		return false;
	above = name.len - zone.len;
	return slice_eq(slice_from(name, above), zone) &&
	    (above == 0 || name.ptr[above - 1] == '.');
}

struct slice
domain_parent(struct slice name)
{
	return slice_from(name, slice_find(name, '.') + 1);
}

bool
domain_ends_in_number(struct slice name)
{
	size_t end = name.len;

	while (end > 0 && ascii_is_digit(name.ptr[end - 1]))
		end--;
	return end < name.len && (end == 0 || name.ptr[end - 1] == '.');
}

bool
domain_below(struct slice labels, struct slice name, struct domain *out)
{
	char text[DOMAIN_MAX + 2];	/* with a dot that may be at the end */
	int len = snprintf(text, sizeof(text), "%.*s.%.*s",
	    SLICE_ARG(labels), SLICE_ARG(name));

	*out = (struct domain){ .len = 0 };
	return len > 0 && (size_t)len < sizeof(text) &&
	    domain_parse_dns((struct slice){ text, (size_t)len }, out);
}
