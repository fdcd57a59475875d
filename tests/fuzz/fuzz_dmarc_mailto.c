/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the rua of DMARC records, and addresses of "mailto:" URIs.
 *
 * What must hold: an address has no octet that ends a line, an argument or a
 * header field; it is read again as the same one; its host is a domain name
 * of two labels; the URIs of a record that says it has some are some.
 */
#include <string.h>

#include "base/ascii.h"
#include "dmarc/destination.h"
#include "tests/fuzz/fuzz.h"

static void
check_mailbox(const struct mail_mailbox *m)
{
	const struct slice prefix = SLICE("mailto:");
	char uri[sizeof("mailto:") + sizeof(m->text)];
	struct mail_mailbox again;
	struct domain host;
	size_t i;

	must(m->len < sizeof(m->text) && m->text[m->len] == '\0');
	must(strlen(m->text) == m->len);
	for (i = 0; i < m->len; i++)
		must(ascii_is_vchar(m->text[i]) &&
		    strchr("\"(),:;<>[\\]%!", m->text[i]) == NULL);
	must(m->text[0] != '|' && m->text[0] != '/');
	must(domain_parse(domain_slice(&m->host), &host));
	must(domain_eq(&m->host, &host) &&
	    domain_labels(domain_slice(&host)) >= 2);
	must(slice_ends_nocase(mail_mailbox_slice(m), domain_slice(&host)));
	/* "?" and "#" would have to be escaped. */
	if (strpbrk(m->text, "?#") != NULL)
		return;
	memcpy(uri, prefix.ptr, prefix.len);
	memcpy(uri + prefix.len, m->text, m->len);
	must(dmarc_mailto((struct slice){ uri, prefix.len + m->len },
	    &again));
	must(slice_eq(mail_mailbox_slice(m), mail_mailbox_slice(&again)));
}

/* A dmarc_uri_fn. */
static bool
take(void *arg, struct slice uri)
{
	size_t *count = arg;
	struct mail_mailbox m;

	(*count)++;
	if (dmarc_mailto(uri, &m))
		check_mailbox(&m);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = { (const char *)data, size };
	struct mail_mailbox m;
	struct dmarc_record r;
	size_t count = 0;

	if (dmarc_mailto(s, &m))
		check_mailbox(&m);
	else
		must(m.len == 0);
	dmarc_record_rua(s, take, &count);
	must((dmarc_record_parse(s, &r) && r.has_rua) == (count > 0));
	return 0;
}
