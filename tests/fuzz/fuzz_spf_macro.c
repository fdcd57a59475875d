/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: macros of SPF.  The first line is the text, the second the
 * local-part, the rest the HELO argument.
 *
 * What must hold: a domain-spec is a macro-string, and a macro-string an
 * explain-string with the same letters; what comes out is a name by the
 * rules of the DNS, or printable text of bounded length; the name at most
 * loses labels at its left.
 */
#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "spf/macro_internal.h"
#include "tests/fuzz/fuzz.h"

static void
check_name(const struct spf_macros *m, struct slice spec)
{
	char text[LIMIT_SPF_EXPANSION + 1];
	struct domain name, again;
	struct slice all;

	if (!spf_macro_domain(m, spec, &name))
		return;
	must(name.len >= 1 && name.len <= DOMAIN_MAX);
	must(domain_parse_dns(domain_slice(&name), &again));
	must(domain_eq(&name, &again));
	if (!spf_macro_text(m, spec, text, sizeof(text)))
		return;
	all = slice_str(text);
	if (all.len > 0 && text[all.len - 1] == '.')
		all.len--;
	if (all.len < LIMIT_SPF_EXPANSION)
		must(slice_ends_nocase(all, domain_slice(&name)));
}

static void
check_text(const struct spf_macros *m, struct slice text)
{
	char out[LIMIT_SPF_EXPLANATION + 1];
	size_t i, len;
	bool good;

	memset(out, 'x', sizeof(out));
	good = spf_macro_text(m, text, out, sizeof(out));
	len = strnlen(out, sizeof(out));
	must(len < sizeof(out) && (good || len == 0));
	for (i = 0; i < len; i++)
		must(ascii_is_vchar(out[i]) || out[i] == ' ');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size };
	unsigned int spec = 0, string = 0, explain = 0;
	struct slice text, local;
	struct spf_macros m = {
		.sender = SLICE("strong-bad@email.example.com"),
		.sender_domain = SLICE("email.example.com"),
		.domain = SLICE("a.b.c.example"),
		.client_name = SLICE("mx.example.org"),
		.now = 1416614400,
	};
	bool is_spec, is_string, is_explain;

	(void)slice_cut(&rest, '\n', &text);
	(void)slice_cut(&rest, '\n', &local);
	m.local = local;
	m.helo = rest;
	(void)ipaddr_parse(size % 2 == 0 ? SLICE("192.0.2.1") :
	    SLICE("2001:db8::1"), &m.ip);
	is_spec = spf_domain_spec(text, &spec);
	is_string = spf_macro_string(text, &string);
	is_explain = spf_explain_string(text, &explain);
	must(!is_spec || (is_string && spec == string));
	must(!is_string || (is_explain && string == explain));
	if (is_spec)
		check_name(&m, text);
	if (is_explain)
		check_text(&m, text);
	return 0;
}
