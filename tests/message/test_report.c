/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts for the policy that are read from what DMARC found: dkim-aligned
 * and dnssec.
 */
#include "message/report.h"

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
	struct config config;
	struct engine engine = { .config = &config };
	struct dkim_signature s;
	struct message_results r;
	struct policy_facts f;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&config, 0, sizeof(config));
		memset(&r, 0, sizeof(r));
		config.dkim.test_keys = rows[i].use_test_keys;
		s = (struct dkim_signature){ .result = rows[i].dkim,
			.key_testing = rows[i].key_testing,
			.authenticated = rows[i].dkim_secure };
		r.engine = &engine;
		r.signatures = &s;
		r.signature_count = 1;
		r.spf.result = rows[i].spf;
		r.spf.authenticated = rows[i].spf_secure;
		r.dmarc.alignments[0] = rows[i].spf_alignment;
		r.dmarc.alignments[1] = rows[i].dkim_alignment;
		r.dmarc.authenticated = rows[i].walk_secure;
		report_facts(&r, &f);
		is_num(f.dkim_aligned, rows[i].want_aligned, rows[i].name);
		ok(f.dnssec == rows[i].want_dnssec, "dnssec");
		ok(report_signature_counts(&r, 0) ==
		    (!rows[i].key_testing || rows[i].use_test_keys),
		    "whether it counts");
	}
	return tap_done();
}
