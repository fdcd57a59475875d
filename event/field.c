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
	  .about = "The size of the key, when it was found." },
	WORD("aligned", "none strict relaxed unknown",
	    "Whether the domain is aligned with From, whatever the result; "
	    "unknown when a look-up failed."),
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
	  .about = "Its tag cv=: what the sealer found of the chain before; "
	  "empty when that is not none, pass or fail." },
	WORD("seal", DKIM_WORDS, "Whether ARC-Seal verifies; absent when "
	    "the chain has no right form."),
	TEXT("seal-why", "What is wrong with it."),
	{ .key = "signer", .type = EVENT_TEXT, .always = true,
	  .about = "The tag d= of ARC-Message-Signature, as far as it could "
	  "be read." },
	WORD("message", DKIM_WORDS, "Whether ARC-Message-Signature "
	    "verifies, likewise."),
	TEXT("message-why", "What is wrong with it."),
	TEXT("authserv-id", "Who wrote ARC-Authentication-Results, when "
	    "that can be read."),
	TEXT("said", "What it says, in few words; true only as far as its "
	    "sealer is to be believed."),
	END
};

static const struct event_field signed_by_fields[] = {
	{ .key = "domain", .type = EVENT_TEXT, .always = true,
	  .about = "The domain that we signed for." },
	{ .key = "selector", .type = EVENT_TEXT, .always = true,
	  .about = "The selector of the key." },
	END
};

static const struct event_field override_fields[] = {
	{ .key = "type", .type = EVENT_TEXT, .always = true,
	  .words = "local_policy mailing_list other policy_test_mode "
	  "trusted_forwarder",
	  .about = "The reason, in the words of RFC 9990." },
	TEXT("comment", "A sentence about it."),
	END
};

static const struct event_field message_fields[] = {
	{ .key = "id", .type = EVENT_TEXT, .always = true,
	  .about = "The mail server's queue id; empty when it is not "
	  "known." },
	{ .key = "client", .type = EVENT_TEXT, .always = true,
	  .about = "The address that the message came from; for mail of a "
	  "relay the one that its Received field names." },
	TEXT("origin", "The origin that the client matched; absent for a "
	    "stranger."),
	WORD("ours", "yes", "There for mail of ours, which may be signed."),
	TEXT("relay", "The address of the host that handed on mail of a "
	    "client."),
	WORD("relay-client", "unknown", "There when the Received field of "
	    "the relay does not say who the client was."),
	TEXT("tls", "The version of TLS that the client used, as TLSv1.3; "
	    "absent without TLS."),
	TEXT("tls-cipher", "The cipher suite."),
	WORD("tls-verified", "yes no", "Whether the mail server has verified a "
	    "certificate of the client."),
	TEXT("tls-certificate", "The common name in a certificate that it has "
	    "verified."),
	WORD("auth", "pass", "There when the client has authenticated itself "
	    "(SMTP AUTH)."),
	TEXT("auth-type", "The mechanism of SASL that it did so with."),
	TEXT("auth-user", "Who has authenticated himself (SMTP AUTH)."),
	{ .key = "helo", .type = EVENT_TEXT, .always = true,
	  .about = "What the client said with HELO or EHLO." },
	{ .key = "mail-from", .type = EVENT_TEXT, .always = true,
	  .about = "The envelope sender, as it was given." },
	TEXT("mail-from-domain", "Its domain, " DOMAIN_FORM "; absent for "
	    "the null sender."),
	OBJECTS("recipients", recipient_fields, "The different domains of "
	    "the recipients."),
	TEXT("from-domain", "The domain of the From field, " DOMAIN_FORM "."),
	WORD("from", "ok absent multiple unparsable sloppy",
	    "What is wrong with the From field, if anything."),
	TEXT("from-why", "A sentence about it."),

	WORD("iprev", IPREV_WORDS, "Whether a name of the client's address "
	    "leads back to it; absent when the configuration does not ask for "
	    "it."),
	TEXT("iprev-why", "What was wrong."),
	TEXT("iprev-name", "The first of its names that does."),

	WORD("spf", SPF_WORDS, "The SPF result of the envelope sender."),
	TEXT("spf-why", "The term that decided, or what was wrong."),
	TEXT("spf-domain", "The domain that was checked; empty when there "
	    "was none."),
	WORD("spf-scope", "mfrom helo", "Which name that is: for the null "
	    "sender the one of HELO."),
	WORD("spf-helo", SPF_WORDS, "The SPF result of the HELO name."),
	TEXT("spf-helo-why", "The term that decided, or what was wrong."),

	TEXT("dkim", "All signatures as result:domain:selector, with commas "
	    "between them, or none; cut when it is long."),
	TEXT("dkim-why", "What is wrong with the first that did not pass."),
	OBJECTS("signatures", signature_fields, "The DKIM signatures from "
	    "the top of the header."),

	COUNT("replay-networks", "From how many networks the signature of "
	    "this message has come that was seen most; only when a rule asks "
	    "for replay."),
	COUNT("replay-recipients", "For how many recipients, likewise."),

	WORD("arc", ARC_WORDS, "The result of the ARC chain; absent for a "
	    "message without one."),
	TEXT("arc-sealers", "The domains that sealed the message, the first "
	    "one first, with commas between them, cut when it is long; proven "
	    "only when the chain passes."),
	TEXT("arc-why", "Where the chain broke."),
	TEXT("arc-trusted", "The domain of the trusted sealer who says that "
	    "the domain in From passed DMARC."),
	COUNT("arc-oldest-pass", "Of a chain that passes: the lowest "
	    "instance down to which the message was not changed; 0 when it "
	    "never was."),
	OBJECTS("arc-sets", arc_set_fields, "The sets of the chain, the "
	    "first one first."),

	WORD("dmarc", DMARC_WORDS, "The DMARC result."),
	TEXT("aligned", "The identifiers that are aligned with From, passed "
	    "or not, as spf:mode and dkim:domain:mode; cut when it is "
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
	WORD("dmarc-published", POLICY_WORDS, "What p, or sp or np where "
	    "they apply, says."),
	WORD("dmarc-tag", "p sp np", "Which of them that was."),
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
	    "What was done with the message for DMARC, in the words of RFC "
	    "9990; absent for a message that was deferred or did not come to "
	    "its end."),
	TEXT("forwarder", "The known forwarder that handed it in, or unknown "
	    "when DNS did not say the name of the client; absent for "
	    "none."),
	WORD("override", "trusted-forwarder trusted-sealer", "There when a "
	    "message with dmarc=fail was accepted and somebody who is trusted "
	    "answers for it: what that is."),
	TEXT("override-by", "The name of the forwarder, or the domain of the "
	    "sealer."),
	OBJECTS("dmarc-overrides", override_fields, "Why that is not what "
	    "the record asks for."),
	WORD("dnssec", "yes", "There when an identity that is aligned with "
	    "From passed on authenticated DNS data."),
	WORD("stage", "mail", "There when the decision was made before "
	    "DATA."),

	COUNT("lookups", "DNS questions of this message."),
	COUNT("unanswered", "Those of them without an answer."),
	COUNT("stale", "Answers that had expired and were used since the name "
	    "servers failed (serve-stale); absent when there were none."),
	MS("dns-ms", "The slowest look-up."),
	MS("waited-ms", "How long the end of the message waited for DNS."),

	TEXT("signed", "Our own signatures as domain:selector, with commas "
	    "between them, or no; cut when it is long."),
	OBJECTS("signed-by", signed_by_fields, "The same as objects."),
	TEXT("sign-domain", "What the signing rule that applies has for this "
	    "domain: its identity or its pattern."),
	TEXT("sealed", "Our own ARC seal as domain:selector:instance."),
	TEXT("unsealed-why", "Why mail that should be sealed is not."),
	TEXT("unsigned-why", "Why mail of ours, or mail of others whose From "
	    "is a domain of ours, is not signed."),
	TEXT("hazards", "What may still break a signature of ours."),
	TEXT("left-out", "Fields that are not signed, since they would not "
	    "survive."),

	COUNT("forged-removed", "Fields that claimed to be ours and were "
	    "removed."),
	TEXT("observed", "The first rule with observe that matched."),
	WORD("observed-action", ACTION_WORDS, "What it would have done."),
	WORD("observe-policy-action", ACTION_WORDS, "What the policy of "
	    "observe-policy would have done."),
	TEXT("observe-policy-rule", "Its rule that would have decided; absent "
	    "when none would have."),
	{ .key = "action", .type = EVENT_TEXT, .always = true,
	  .words = ACTION_WORDS " none",
	  .about = "What was done with the message; none if nothing." },
	TEXT("rule", "The rule that decided."),
	TEXT("why", "Why none did."),
	{ .key = "told", .type = EVENT_TEXT, .always = true,
	  .words = "accepted rejected deferred quarantined discarded aborted "
	  "lost shut-down",
	  .about = "What the mail server was told, or how the message ended "
	  "without." },
	TEXT("reply", "The code and the enhanced code of our reply."),
	TEXT("reply-text", "The whole reply."),
	TEXT("told-why", "Why the mail server was not told what was "
	    "decided."),
	WORD("decided", ACTION_WORDS, "What that was."),
	WORD("record", "incomplete", "There when values are missing, for "
	    "want of memory or since the line would be too long."),
	END
};

/* ---- the others ---- */

static const struct event_field note_fields[] = {
	{ .key = "text", .type = EVENT_TEXT, .always = true,
	  .about = "A sentence for the postmaster." },
	END
};

static const struct event_field configuration_fields[] = {
	TEXT("file", "The configuration that is in force now."),
	TEXT("nameservers", "Those it names, with commas between them; zone "
	    "or resolv.conf when it does not."),
	TEXT("rules", "The names of its rules, with commas between them; cut "
	    "when it is long."),
	TEXT("selectors", "The selectors of its keys, likewise."),
	TEXT("confinement", "What the process is confined by."),
	END
};

static const struct event_field statistics_fields[] = {
	COUNT("asked", "Questions to the resolver."),
	COUNT("zone", "Those answered from the zone file."),
	COUNT("cache-hits", "Those answered from the cache."),
	COUNT("coalesced", "Those that joined a query under way."),
	COUNT("queries", "Queries to nameservers, each counted once."),
	COUNT("retries", "Queries that were sent again."),
	COUNT("renewals", "Queries before an answer in the cache ran out."),
	COUNT("guesses", "Queries for what the sender's last message asked."),
	COUNT("stale", "Expired answers that were used (serve-stale)."),
	COUNT("cancelled", "Questions that were taken back."),
	COUNT("found", "Queries with an answer of records."),
	COUNT("no-data", "Queries for a name without such records."),
	COUNT("no-such-name", "Queries for a name that is not there."),
	COUNT("server-failure", "Queries that nameservers failed."),
	COUNT("timeout", "Queries without an answer."),
	COUNT("malformed", "Queries with an answer that cannot be read."),
	COUNT("not-asked", "Questions that were refused at once."),
	COUNT("cache-entries", "Answers in the cache now."),
	{ .key = "cache-bytes", .type = EVENT_NUMBER, .unit = "octets",
	  .about = "The memory of the cache now." },
	COUNT("in-flight", "Queries under way now."),
	COUNT("waiting", "Queries that wait for their place now."),
	MS("p50-ms", "Half of the queries took no longer."),
	MS("p95-ms", "95 of 100 took no longer."),
	END
};

static const struct event_field nameserver_fields[] = {
	{ .key = "address", .type = EVENT_TEXT, .always = true,
	  .about = "Its address and port." },
	{ .key = "state", .type = EVENT_TEXT, .always = true,
	  .words = "good failed",
	  .about = "Whether it answered when it was last asked." },
	COUNT("sent", "Packets sent to it."),
	COUNT("answered", "Of them those that it answered."),
	COUNT("failures", "Answers that are failures, SERVFAIL for one."),
	COUNT("mismatches", "Answers to a name in other letters, which were "
	    "not taken (random-case)."),
	COUNT("broken", "Answers that cannot be read."),
	COUNT("timeouts", "Packets without an answer in time."),
	COUNT("unreachable", "Packets that could not be sent."),
	MS("p50-ms", "Half of the answers took no longer."),
	MS("p95-ms", "95 of 100 took no longer."),
	COUNT("sockets", "Sockets with questions under way now."),
	COUNT("in-flight", "Questions under way now."),
	COUNT("waiting", "Questions that wait for their place now."),
	END
};

static const struct event_field slow_domain_fields[] = {
	{ .key = "domain", .type = EVENT_TEXT, .always = true,
	  .about = "A name of two labels, or three, with those below it." },
	COUNT("questions", "Questions that took more than 100 ms."),
	COUNT("unanswered", "Of them those without an answer."),
	MS("mean-ms", "How long they took, from the first packet on."),
	MS("longest-ms", "The longest of them."),
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
	{ "configuration", "At the start and after a reload.",
	  configuration_fields },
	{ "statistics", "Of the resolver: every so often, of the time since "
	  "(resolver.statistics); after SIGUSR1, since the start.",
	  statistics_fields },
	{ "nameserver", "One of those in use, with each event statistics.",
	  nameserver_fields },
	{ "slow-domain", "One of the five whose questions took longest in all, "
	  "likewise.", slow_domain_fields },
	{ "log-lines-lost", "The log was too slow.", lost_fields },
	{ NULL, NULL, NULL }
};
