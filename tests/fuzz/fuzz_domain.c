/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: domain names from anywhere.
 *
 * What must hold: a name that was taken keeps the rules of base/domain.h,
 * is its own canonical form and has as many labels as the text had dots;
 * one that was refused leaves an empty name.
 */
#include <string.h>

#include "base/ascii.h"
#include "base/domain.h"
#include "tests/fuzz/fuzz.h"

static size_t
dots_of(struct slice s)
{
	size_t i, dots = 0;

	for (i = 0; i < s.len; i++)
		dots += s.ptr[i] == '.';
	return dots - (s.len > 0 && s.ptr[s.len - 1] == '.');
}

static void
check_octet(char c, bool mail)
{
	must(c >= 0x20 && c < 0x7f && !ascii_is_upper(c));
	if (mail)
		must(ascii_is_alnum(c) || c == '-' || c == '_' || c == '.');
}

static void
check_labels(const struct domain *d, bool mail)
{
	struct slice label, rest = domain_slice(d);
	bool more;

	do {
		more = slice_cut(&rest, '.', &label);
		must(label.len >= 1 && label.len <= DOMAIN_LABEL_MAX);
		if (mail)
			must(label.ptr[0] != '-' &&
			    label.ptr[label.len - 1] != '-');
	} while (more);
}

static void
check(struct slice in, bool good, const struct domain *d, bool mail)
{
	size_t i;

	must(d->text[d->len] == '\0');
	if (!good) {
		must(d->len == 0);
		return;
	}
	must(d->len >= 1 && d->len <= DOMAIN_MAX);
	for (i = 0; i < d->len; i++)
		check_octet(d->text[i], mail);
	check_labels(d, mail);
	must(domain_labels(domain_slice(d)) == dots_of(in) + 1);
	must(domain_is_at_or_below(domain_slice(d), domain_slice(d)));
	must(domain_parent(domain_slice(d)).len < d->len);
}

static bool
is_ascii(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (ascii_is_8bit(s.ptr[i]))
			return false;
	}
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	struct domain mail, dns, again;
	bool mail_good, dns_good;

	mail_good = domain_parse(in, &mail);
	dns_good = domain_parse_dns(in, &dns);
	check(in, mail_good, &mail, true);
	check(in, dns_good, &dns, false);
	/* ASCII: the mail names are some of the DNS names. */
	if (is_ascii(in) && mail_good)
		must(dns_good && domain_eq(&mail, &dns) &&
		    slice_starts_nocase(in, domain_slice(&mail)));
	if (!is_ascii(in))
		must(!dns_good);
	if (mail_good)
		must(domain_parse(domain_slice(&mail), &again) &&
		    domain_eq(&mail, &again) &&
		    domain_parse_dns(domain_slice(&mail), &again) &&
		    domain_eq(&mail, &again));
	return 0;
}
