/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts for the policy that are read from what DMARC found: dkim-aligned
 * and dnssec.
 */
#include "message/dmarc.h"

#include <string.h>

#include "tests/tap.h"

#define SET(r)	(1u << AUTH_##r)

/* One signature, and SPF. */
static const struct {
	const char		*name;
	enum dmarc_alignment	 dkim_alignment;
	enum auth_result	 dkim;
	bool			 key_testing, use_test_keys, dkim_secure;
	enum dmarc_alignment	 spf_alignment;
	enum auth_result	 spf;
	bool			 spf_secure, walk_secure;
	unsigned int		 want_aligned;
	bool			 want_dnssec;
} rows[] = {
	{ .name = "not aligned", .dkim = AUTH_PASS, .dkim_secure = true,
	    .spf = AUTH_PASS, .spf_secure = true, .walk_secure = true,
	    .want_aligned = SET(NONE) },
	{ .name = "the same name", .dkim = AUTH_PASS, .dkim_secure = true,
	    .dkim_alignment = DMARC_ALIGNED_STRICT,
	    .want_aligned = SET(PASS), .want_dnssec = true },
	{ .name = "without DNSSEC", .dkim = AUTH_PASS, .walk_secure = true,
	    .dkim_alignment = DMARC_ALIGNED_STRICT,
	    .want_aligned = SET(PASS) },
	{ .name = "relaxed, by a walk with DNSSEC", .dkim = AUTH_PASS,
	    .dkim_secure = true, .walk_secure = true,
	    .dkim_alignment = DMARC_ALIGNED_RELAXED,
	    .want_aligned = SET(PASS), .want_dnssec = true },
	{ .name = "relaxed, by a walk without", .dkim = AUTH_PASS,
	    .dkim_secure = true, .dkim_alignment = DMARC_ALIGNED_RELAXED,
	    .want_aligned = SET(PASS) },
	{ .name = "it failed", .dkim = AUTH_FAIL, .dkim_secure = true,
	    .dkim_alignment = DMARC_ALIGNED_STRICT,
	    .want_aligned = SET(FAIL) },
	{ .name = "not known", .dkim = AUTH_PASS, .dkim_secure = true,
	    .dkim_alignment = DMARC_NOT_KNOWN, .walk_secure = true,
	    .want_aligned = SET(TEMPERROR) },
	{ .name = "a key in test mode", .dkim = AUTH_PASS,
	    .dkim_secure = true, .key_testing = true,
	    .dkim_alignment = DMARC_ALIGNED_STRICT,
	    .want_aligned = SET(NONE) },
	{ .name = "a key in test mode that may count", .dkim = AUTH_PASS,
	    .dkim_secure = true, .key_testing = true, .use_test_keys = true,
	    .dkim_alignment = DMARC_ALIGNED_STRICT,
	    .want_aligned = SET(PASS), .want_dnssec = true },
	{ .name = "SPF alone", .dkim = AUTH_FAIL, .spf = AUTH_PASS,
	    .spf_secure = true, .spf_alignment = DMARC_ALIGNED_STRICT,
	    .want_aligned = SET(NONE), .want_dnssec = true },
	{ .name = "SPF, relaxed, by a walk without DNSSEC",
	    .dkim = AUTH_FAIL, .spf = AUTH_PASS, .spf_secure = true,
	    .spf_alignment = DMARC_ALIGNED_RELAXED,
	    .want_aligned = SET(NONE) },
	{ .name = "SPF that failed", .dkim = AUTH_FAIL, .spf = AUTH_FAIL,
	    .spf_secure = true, .spf_alignment = DMARC_ALIGNED_STRICT,
	    .want_aligned = SET(NONE) },
};

int
main(void)
{
	struct dkim_signature s;
	struct dmarc_verdict v;
	struct message_dkim dkim;
	struct message_spf spf;
	struct policy_facts f;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&v, 0, sizeof(v));
		memset(&spf, 0, sizeof(spf));
		memset(&f, 0, sizeof(f));
		s = (struct dkim_signature){ .result = rows[i].dkim,
			.key_testing = rows[i].key_testing,
			.authenticated = rows[i].dkim_secure };
		dkim = (struct message_dkim){ .signatures = &s, .count = 1,
			.test_keys = rows[i].use_test_keys };
		spf.mail.result = rows[i].spf;
		spf.mail.authenticated = rows[i].spf_secure;
		v.alignments[0] = rows[i].spf_alignment;
		v.alignments[1] = rows[i].dkim_alignment;
		v.authenticated = rows[i].walk_secure;
		message_dmarc_facts(&v, &spf, &dkim, &f);
		is_num(f.dkim_aligned, rows[i].want_aligned, rows[i].name);
		ok(f.dnssec == rows[i].want_dnssec, "dnssec");
		ok(message_dkim_counts(&dkim, 0) ==
		    (!rows[i].key_testing || rows[i].use_test_keys),
		    "whether it counts");
	}
	return tap_done();
}
