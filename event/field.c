/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * field: every key that a line of JSON may have, with its type and meaning.
 */
#include "event/field_internal.h"

#define TEXT(name, sentence) \
	{ .key = name, .type = EVENT_TEXT, .about = sentence }
#define WORD(name, list, sentence) \
	{ .key = name, .type = EVENT_TEXT, .words = list, .about = sentence }
#define COUNT(name, sentence) \
	{ .key = name, .type = EVENT_NUMBER, .about = sentence }
#define MS(name, sentence) \
	{ .key = name, .type = EVENT_US, .unit = "ms", .about = sentence }
#define OBJECTS(name, table, sentence) \
	{ .key = name, .type = EVENT_OBJECTS, .members = table, \
	  .about = sentence }
#define END { .key = NULL }

/* RFC 8601 2.7, of each method; mail/result.c */
#define SPF_WORDS "none pass fail softfail neutral temperror permerror"
#define DKIM_WORDS "none pass fail neutral policy temperror permerror"
#define IPREV_WORDS "pass fail temperror permerror"
#define ARC_WORDS "none pass fail"
#define DMARC_WORDS "none pass fail temperror permerror"
#define POLICY_WORDS "none quarantine reject"
#define ACTION_WORDS "accept reject tempfail quarantine discard"
#define DOMAIN_FORM "in lower case and with A-labels"

const struct event_field event_head[] = {
	{ .key = "v", .type = EVENT_NUMBER, .always = true,
	  .about = "The version of this form: 1." },
	{ .key = "time", .type = EVENT_TEXT, .always = true,
	  .about = "When the line was made: RFC 3339, in UTC, with "
	  "milliseconds." },
	{ .key = "level", .type = EVENT_TEXT, .always = true,
	  .words = "error warning info debug",
	  .about = "How much it matters." },
	{ .key = "event", .type = EVENT_TEXT, .always = true,
	  .about = "What kind of line this is." },
	END
};

/* ---- message ---- */

static const struct event_field recipient_fields[] = {
	{ .key = "domain", .type = EVENT_TEXT, .always = true,
	  .about = "The domain of one or more recipients, " DOMAIN_FORM "." },
	END
};

static const struct event_field signature_fields[] = {
	{ .key = "result", .type = EVENT_TEXT, .always = true,
	  .words = DKIM_WORDS, .about = "The result of this signature." },
	{ .key = "domain", .type = EVENT_TEXT, .always = true,
	  .about = "The tag d=, as it was read." },
	{ .key = "selector", .type = EVENT_TEXT, .always = true,
	  .about = "The tag s=, as it was read." },
	{ .key = "algorithm", .type = EVENT_TEXT, .always = true,
	  .about = "The tag a=, as it was read." },
	{ .key = "key-bits", .type = EVENT_NUMBER, .unit = "bits",
	  .about = "The size of the key, if it was found." },
	WORD("aligned", "none strict relaxed unknown",
	    "Whether the domain is aligned with From, with any result; "
	    "unknown if a lookup failed."),
	TEXT("why", "What is wrong with it."),
	END
};

static const struct event_field arc_set_fields[] = {
	{ .key = "instance", .type = EVENT_NUMBER, .always = true,
	  .about = "Its number: 1 for the host that sealed first." },
	{ .key = "sealer", .type = EVENT_TEXT, .always = true,
	  .about = "The tag d= of ARC-Seal, as far as it could be read." },
	{ .key = "selector", .type = EVENT_TEXT, .always = true,
	  .about = "Its tag s=, likewise." },
	{ .key = "cv", .type = EVENT_TEXT, .always = true,
	  .about = "Its tag cv=: the state of the chain before this set; "
	  "empty if that is not none, pass or fail." },
	WORD("seal", DKIM_WORDS, "Whether ARC-Seal verifies; absent if the "
	    "structure of the chain is wrong."),
	TEXT("seal-why", "What is wrong with it."),
	{ .key = "signer", .type = EVENT_TEXT, .always = true,
	  .about = "The tag d= of ARC-Message-Signature, as far as it could "
	  "be read." },
	WORD("message", DKIM_WORDS, "Whether ARC-Message-Signature "
	    "verifies, likewise."),
	TEXT("message-why", "What is wrong with it."),
	TEXT("authserv-id", "Who wrote ARC-Authentication-Results, if that "
	    "can be read."),
	TEXT("said", "A summary of it; only as reliable as its sealer."),
	END
};

static const struct event_field signed_by_fields[] = {
	{ .key = "domain", .type = EVENT_TEXT, .always = true,
	  .about = "The domain for which we signed." },
	{ .key = "selector", .type = EVENT_TEXT, .always = true,
	  .about = "The selector of the key." },
	END
};

static const struct event_field override_fields[] = {
	{ .key = "type", .type = EVENT_TEXT, .always = true,
	  .words = "local_policy mailing_list other policy_test_mode "
	  "trusted_forwarder",
	  .about = "The reason, in the words of RFC 9990." },
	TEXT("comment", "An explanation."),
	END
};

static const struct event_field message_fields[] = {
	{ .key = "id", .type = EVENT_TEXT, .always = true,
	  .about = "The mail server's queue id; empty if it is not known." },
	{ .key = "client", .type = EVENT_TEXT, .always = true,
	  .about = "The address that the message came from; for mail from a "
	  "relay, the one in its Received field." },
	TEXT("origin", "The origin that the client matched; absent for a "
	    "stranger."),
	WORD("ours", "yes", "Present for our own mail, which may be signed."),
	TEXT("relay", "The address of the relay that forwarded mail from the "
	    "client."),
	WORD("relay-client", "unknown", "Present if the relay's Received "
	    "field does not name the client."),
	TEXT("tls", "The TLS version that the client used, such as TLSv1.3; "
	    "absent without TLS."),
	TEXT("tls-cipher", "The cipher suite."),
	WORD("tls-verified", "yes no", "Whether the mail server has verified "
	    "the client's certificate."),
	TEXT("tls-certificate", "The common name in the verified "
	    "certificate."),
	WORD("auth", "pass", "Present if the client has authenticated (SMTP "
	    "AUTH)."),
	TEXT("auth-type", "The SASL mechanism that it used."),
	TEXT("auth-user", "The name of the authenticated user."),
	{ .key = "helo", .type = EVENT_TEXT, .always = true,
	  .about = "The name that the client sent in HELO or EHLO." },
	{ .key = "mail-from", .type = EVENT_TEXT, .always = true,
	  .about = "The envelope sender, as it was given." },
	TEXT("mail-from-domain", "Its domain, " DOMAIN_FORM "; absent for "
	    "the null sender."),
	WORD("auto-submitted", "yes", "Present for mail that a program sent "
	    "automatically: an Auto-Submitted field (RFC 3834) that does not "
	    "say no."),
	OBJECTS("recipients", recipient_fields, "The domains of the "
	    "recipients, each once."),
	TEXT("from-domain", "The domain of the From field, " DOMAIN_FORM "."),
	WORD("from", "ok absent multiple unparsable sloppy",
	    "What is wrong with the From field, if anything."),
	TEXT("from-why", "An explanation."),

	WORD("iprev", IPREV_WORDS, "Whether a host name of the client's "
	    "address resolves back to it; absent if iprev is turned off."),
	TEXT("iprev-why", "What was wrong."),
	TEXT("iprev-name", "The first of its names that does."),

	WORD("spf", SPF_WORDS, "The SPF result of the envelope sender."),
	TEXT("spf-why", "The term that decided, or what was wrong."),
	TEXT("spf-domain", "The domain that was checked; empty if there "
	    "was none."),
	WORD("spf-scope", "mfrom helo", "Which name that is: for the null "
	    "sender, the one in HELO."),
	WORD("spf-helo", SPF_WORDS, "The SPF result of the HELO name."),
	TEXT("spf-helo-why", "The term that decided, or what was wrong."),

	TEXT("dkim", "All signatures as result:domain:selector, separated by "
	    "commas, or none; cut if it is too long."),
	TEXT("dkim-why", "What is wrong with the first that did not pass."),
	OBJECTS("signatures", signature_fields, "The DKIM signatures, from "
	    "the top of the header."),

	COUNT("replay-networks", "From how many networks a signature of this "
	    "message has come, for the signature seen most often; only if a "
	    "rule has the condition replay."),
	COUNT("replay-recipients", "For how many recipients, likewise."),

	WORD("arc", ARC_WORDS, "The result of the ARC chain; absent for a "
	    "message without one."),
	TEXT("arc-sealers", "The domains that sealed the message, in order, "
	    "separated by commas, cut if it is too long; proven only if the "
	    "chain passes."),
	TEXT("arc-why", "Where the chain broke."),
	TEXT("arc-trusted", "The domain of the trusted sealer that reported "
	    "that the domain in From passed DMARC."),
	COUNT("arc-oldest-pass", "For a chain that passes: the lowest "
	    "instance since which the message was not changed; 0 if it was "
	    "never changed."),
	OBJECTS("arc-sets", arc_set_fields, "The sets of the chain, in "
	    "order."),

	WORD("dmarc", DMARC_WORDS, "The DMARC result."),
	TEXT("aligned", "The identifiers that are aligned with From, passed "
	    "or not, as spf:mode and dkim:domain:mode; cut if it is too "
	    "long."),
	WORD("dmarc-policy", POLICY_WORDS, "The policy that applies to this "
	    "message, after sp, np and t."),
	TEXT("dmarc-why", "What was wrong, or why there is no policy."),
	WORD("dmarc-p", POLICY_WORDS, "The tag p of the record."),
	WORD("dmarc-sp", POLICY_WORDS, "The tag sp of the record."),
	WORD("dmarc-np", POLICY_WORDS, "The tag np of the record."),
	WORD("dmarc-rua", "yes no", "Whether the record asks for aggregate "
	    "reports."),
	TEXT("dmarc-domain", "The policy domain, where the record was "
	    "found."),
	TEXT("dmarc-organizational-domain", "The Organizational Domain of "
	    "the From domain."),
	WORD("dmarc-published", POLICY_WORDS, "The value of p, or of sp or np "
	    "where they apply."),
	WORD("dmarc-tag", "p sp np", "Which of these tags applied."),
	WORD("dmarc-adkim", "r s", "The tag adkim of the record, or its "
	    "default."),
	WORD("dmarc-aspf", "r s", "The tag aspf of the record, or its "
	    "default."),
	WORD("dmarc-testing", "y n", "The tag t of the record, or its "
	    "default."),
	WORD("dmarc-psd", "u y n", "The tag psd of the record, or its "
	    "default."),
	WORD("dmarc-discovery", "treewalk", "How the record was found."),
	WORD("dmarc-spf", "pass fail", "Whether SPF passed and is aligned."),
	WORD("dmarc-dkim", "pass fail", "Whether a signature passed and is "
	    "aligned."),
	WORD("dmarc-disposition", "none pass quarantine reject",
	    "What was done with the message because of DMARC, in the words of "
	    "RFC 9990; absent for a message that was deferred or not "
	    "completed."),
	TEXT("forwarder", "The known forwarder that the message came from; "
	    "unknown if DNS did not answer for the name of the client; absent "
	    "if there is none."),
	WORD("override", "trusted-forwarder trusted-sealer", "Present if a "
	    "message with dmarc=fail was accepted and a trusted host vouches "
	    "for it: which kind."),
	TEXT("override-by", "The name of the forwarder, or the domain of the "
	    "sealer."),
	OBJECTS("dmarc-overrides", override_fields, "Why dmarc-disposition "
	    "is not what the record asks for."),
	WORD("dnssec", "yes", "Present if an identifier that is aligned with "
	    "From passed with authenticated DNS data."),
	WORD("stage", "mail", "Present if the decision was made before "
	    "DATA."),

	COUNT("lookups", "DNS queries for this message."),
	COUNT("unanswered", "How many of them had no answer."),
	COUNT("stale", "Expired answers that were used because the name "
	    "servers failed (serve-stale); absent if there were none."),
	MS("dns-ms", "How long the slowest lookup took."),
	MS("waited-ms", "How long the end of the message waited for DNS."),

	TEXT("signed", "Our own signatures as domain:selector, separated by "
	    "commas, or no; cut if it is too long."),
	OBJECTS("signed-by", signed_by_fields, "The same as objects."),
	TEXT("sign-domain", "The identity, or else the pattern for this "
	    "domain, in the signing rule that applies."),
	TEXT("sealed", "Our own ARC seal as domain:selector:instance."),
	TEXT("unsealed-why", "Why mail that should be sealed is not."),
	TEXT("unsigned-why", "Why our own mail, or mail from a stranger with "
	    "one of our domains in From, is not signed."),
	TEXT("hazards", "What may still break our signature."),
	TEXT("left-out", "Fields that are not signed because the mail server "
	    "would change them."),

	COUNT("forged-removed", "How many fields that claimed to be ours were "
	    "removed."),
	TEXT("observed", "The first rule with observe that matched."),
	WORD("observed-action", ACTION_WORDS, "What it would have done."),
	WORD("observe-policy-action", ACTION_WORDS, "What the policy of "
	    "observe-policy would have done."),
	TEXT("observe-policy-rule", "Its rule that would have decided; absent "
	    "if none would have."),
	{ .key = "action", .type = EVENT_TEXT, .always = true,
	  .words = ACTION_WORDS " none",
	  .about = "What was done with the message; none if nothing." },
	TEXT("rule", "The rule that decided."),
	TEXT("why", "Why none did."),
	{ .key = "told", .type = EVENT_TEXT, .always = true,
	  .words = "accepted rejected deferred quarantined discarded aborted "
	  "lost shut-down",
	  .about = "The answer to the mail server, or how the message ended "
	  "without one." },
	TEXT("reply", "The code and the enhanced code of our reply."),
	TEXT("reply-text", "The whole reply."),
	TEXT("told-why", "Why the answer differs from the decision."),
	WORD("decided", ACTION_WORDS, "The decision, if the answer differs."),
	WORD("record", "incomplete", "Present if values are missing because "
	    "memory ran out or the line would be too long."),
	END
};

/* ---- the others ---- */

static const struct event_field note_fields[] = {
	{ .key = "text", .type = EVENT_TEXT, .always = true,
	  .about = "A sentence for the postmaster." },
	END
};

static const struct event_field configuration_fields[] = {
	TEXT("file", "The configuration that is now in use."),
	TEXT("nameservers", "Its nameservers, separated by commas; zone or "
	    "resolv.conf if it has none."),
	TEXT("rules", "The names of its rules, separated by commas; cut if it "
	    "is too long."),
	TEXT("selectors", "The selectors of its keys, likewise."),
	TEXT("confinement", "What confines the process."),
	END
};

static const struct event_field statistics_fields[] = {
	COUNT("asked", "Questions to the resolver."),
	COUNT("zone", "Those answered from the zone file."),
	COUNT("cache-hits", "Those answered from the cache."),
	COUNT("coalesced", "Those that shared a query in progress."),
	COUNT("queries", "Queries to nameservers, each counted once."),
	COUNT("retries", "Queries that were sent again."),
	COUNT("renewals", "Queries made before a cached answer expired."),
	COUNT("guesses", "Queries made early for what the sender's last "
	    "message needed."),
	COUNT("stale", "Expired answers that were used (serve-stale)."),
	COUNT("cancelled", "Questions that were cancelled."),
	COUNT("found", "Queries whose answer has records."),
	COUNT("no-data", "Queries for a name without such records."),
	COUNT("no-such-name", "Queries for a name that does not exist."),
	COUNT("server-failure", "Queries answered with a failure."),
	COUNT("timeout", "Queries without an answer."),
	COUNT("malformed", "Queries with a malformed answer."),
	COUNT("not-asked", "Questions for which no query was allowed."),
	COUNT("cache-entries", "Answers in the cache now."),
	{ .key = "cache-bytes", .type = EVENT_NUMBER, .unit = "octets",
	  .about = "The memory of the cache now." },
	COUNT("in-flight", "Queries in progress now."),
	COUNT("waiting", "Queries that now wait to be sent."),
	MS("p50-ms", "The median time of a query."),
	MS("p95-ms", "The 95th percentile of that time."),
	END
};

static const struct event_field nameserver_fields[] = {
	{ .key = "address", .type = EVENT_TEXT, .always = true,
	  .about = "Its address and port." },
	{ .key = "state", .type = EVENT_TEXT, .always = true,
	  .words = "good failed",
	  .about = "Whether it answered the last query." },
	COUNT("sent", "Packets sent to it."),
	COUNT("answered", "How many of them it answered."),
	COUNT("failures", "Answers that are failures, such as SERVFAIL."),
	COUNT("mismatches", "Answers whose name differs in case from the "
	    "query, which were not accepted (random-case)."),
	COUNT("broken", "Malformed answers."),
	COUNT("timeouts", "Packets without an answer in time."),
	COUNT("unreachable", "Packets that could not be sent, were refused, or "
	    "whose TCP connection broke."),
	MS("p50-ms", "The median time of an answer."),
	MS("p95-ms", "The 95th percentile of that time."),
	COUNT("sockets", "Sockets that are open now."),
	COUNT("in-flight", "Queries in progress now."),
	COUNT("waiting", "Queries that now wait to be sent."),
	END
};

static const struct event_field slow_domain_fields[] = {
	{ .key = "domain", .type = EVENT_TEXT, .always = true,
	  .about = "A name of two or three labels, including the names below "
	  "it." },
	COUNT("questions", "Queries that took more than 100 ms."),
	COUNT("unanswered", "How many of them had no answer."),
	MS("mean-ms", "The mean of their times, from the first packet on."),
	MS("longest-ms", "The longest of their times."),
	END
};

static const struct event_field lost_fields[] = {
	{ .key = "count", .type = EVENT_NUMBER, .always = true,
	  .about = "How many lines were lost since the last such line." },
	END
};

const struct event_kind event_kinds[] = {
	{ "message", "One message that reached MAIL, written when it has "
	  "ended.", message_fields },
	{ "note", "Anything else that happened.", note_fields },
	{ "configuration", "At startup and after a reload.",
	  configuration_fields },
	{ "statistics", "The resolver: at the interval resolver.statistics, "
	  "for the time since the last one; after SIGUSR1, since startup.",
	  statistics_fields },
	{ "nameserver", "One of those in use, with each event statistics.",
	  nameserver_fields },
	{ "slow-domain", "One of the five domains whose queries took the most "
	  "time in all, with each event statistics.", slow_domain_fields },
	{ "log-lines-lost", "The log was too slow.", lost_fields },
	{ NULL, NULL, NULL }
};
