/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls: what a domain has so that mail to it goes over TLS to the right server,
 * and what mail servers that send to it do with that.
 *
 * The decision is that of assay-tlspol, by the same code (tlspolicy/).
 */
#ifndef TOOLS_TLS_H
#define TOOLS_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/lint.h"
#include "tlspolicy/dane.h"
#include "tlspolicy/saved.h"
#include "tlspolicy/sts.h"
#include "tlspolicy/tlspolicy.h"
#include "tlspolicy/tlsrpt.h"
#include "tools/certificate.h"
#include "tools/starttls.h"
#include "tools/text.h"
#include "tools/tool.h"

struct tls_options {
	bool			 connect;	/* look at their certificates */
	bool			 allow_private;	/* connect there, too */
	const char		*ca_file;	/* NULL: the system's */
	unsigned int		 https_port, smtp_port;
	/* A policy that is not published yet, and a cache file of
	   assay-tlspol; NULL: none. */
	const char		*policy_file, *cache_file;
	/* In place of what the servers show; borrowed; NULL: none. */
	const struct certificates *certificates;
};

/* What becomes of mail at one server. */
enum tls_fate {
	TLS_AUTHENTICATED,	/* TLS, and it is the right server */
	TLS_ENCRYPTED,		/* TLS, to any server that answers */
	TLS_OPPORTUNISTIC,	/* TLS if it offers that */
	TLS_IF_IT_FITS,		/* TLS, if the certificate fits: not seen */
	TLS_NOT_USED		/* no mail goes there */
};

struct tls_host {
	const struct dane_host	*dane;
	const struct slice	*pattern;	/* of the policy; NULL: none */
	/* What it showed. */
	bool			 tried;
	struct ipaddr		 address;
	struct starttls_result	 shown;
	const struct certificates *chain;	/* of whom ever; NULL: none */
	struct certificate_facts facts;
	enum certificate_verdict by_authority;	/* with the host's name */
	const char		*by_authority_why;
	/* For each TLSA record. */
	const char		**tlsa_why;	/* NULL: it matches */
	bool			 tlsa_matches;	/* a usable one does */
	/* What Postfix does. */
	enum tls_fate		 fate;
	const char		*why;
};

struct tls_story {
	const struct tls_options *options;
	struct tool		*tool;
	struct domain		 domain, record_name, policy_host, report_name;
	int64_t			 now;		/* s since the Epoch */
	struct arena		*dane_memory;

	/* DNS; answers are borrowed from the ledger. */
	const struct dns_answer	*record_answer, *report_answer;
	const struct dns_answer	*a, *aaaa;	/* of the policy host */
	struct sts_record	 record;
	struct tlsrpt_record	 report;
	struct dane_domain	 dane;

	/* The policy: what was fetched, or remembered. */
	bool			 fetched;
	const char		*fetch_problem;	/* NULL: none */
	struct sts_policy	 policy;
	bool			 has_saved;
	struct saved_policy	 saved;
	const struct sts_policy	*valid;		/* NULL: none */

	struct tls_host		*hosts;		/* dane.count of them */
	/* By dialect. */
	enum tlspolicy_answer	 answers[TLSPOLICY_SENDMAIL + 1];
	const char		*whys[TLSPOLICY_SENDMAIL + 1];
	bool			 no_memory;
};

/* Everything is in the tool's arena.  NULL: no memory. */
struct tls_story	*tls_story_new(struct tool *t,
			    const struct domain *domain,
			    const struct tls_options *options);
/* Certificates and the memory of DANE. */
void			 tls_story_free(struct tls_story *s);
/* Puts its questions; true when all are answered. */
bool			 tls_story_ask(struct tls_story *s,
			    struct dns_ledger *ledger);
/*
 * When the ledger has all answers: fetches, connects, decides.  It stays the
 * owner of what the story shows.
 */
enum tool_exit		 tls_story_finish(struct tls_story *s,
			    struct dns_ledger *ledger);

void			 tls_story_text(struct text *t,
			    const struct tls_story *s);
void			 tls_story_json(struct json *j, const char *key,
			    const struct tls_story *s);
/* What to fix. */
void			 tls_story_lint(const struct tls_story *s,
			    lint_fn *note, void *arg);

/* A port of an option, `otherwise` without it.  False, with a message. */
bool			 tls_read_port(const char *text,
			    unsigned int otherwise, unsigned int *out);

/* assay tls DOMAIN */
extern const struct tool_command tls_command;

#endif
