/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits: every bound that assay sets, in one place.
 *
 * Each names its reason: a section of an RFC, or "ours" where no standard
 * sets one.  Each is tested at the limit and one past it.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* A message as the MTA hands it over. */
#define LIMIT_HEADER_FIELDS	10000	/* ours: fields kept of one message */
#define LIMIT_HEADER_BYTES	(2u << 20) /* ours: names and values of them */
#define LIMIT_EVENT_MEMORY	(256u << 10) /* ours: the record of a message */
#define LIMIT_EVENT_TEXT	1024	/* ours: octets of one text in it */
#define LIMIT_EVENT_MEMBER	256	/* ours: of one text of a list; a domain
					   name has its place */
#define LIMIT_EVENT_WRITERS	8	/* ours: counters, store, reports ... */
#define LIMIT_MESSAGE_MEMORY	(8u << 20) /* ours: one message's arena */
#define LIMIT_RECIPIENT_DOMAINS	1000	/* ours: for recipient-domain */
#define LIMIT_MAIL_STAGE_MS	5000	/* ours: wait for SPF at MAIL; Sendmail
					   waits 10 s for an answer */
#define LIMIT_CHECK_MEMORY	(1u << 20) /* ours: scratch of one SPF run */
#define LIMIT_COMMENT_NESTING	32	/* ours: RFC 5322 sets none */
#define LIMIT_FROM_MAILBOXES	1000	/* ours: addresses read in From */
#define LIMIT_FROM_SCANNED	100	/* ours: "@" in a From that is not well
					   formed */
#define LIMIT_FROM_DOMAINS	4	/* ours: different ones remembered */

/* Authentication-Results. */
#define LIMIT_AUTHRES_READ	(64u << 10) /* ours: octets read of a field */
#define LIMIT_AUTHRES_RESULTS	100	/* ours: results read of a field */
#define LIMIT_AUTHRES_WRITE	(32u << 10) /* ours; libmilter takes < 64 K */
#define LIMIT_AUTHSERV_IDS	100	/* ours: names to remove fields of */
#define LIMIT_AUTHRES_IDN	10	/* ours: U-labels compared in a field */

/* Tag lists. */
#define LIMIT_TAGS		100	/* ours: tags of one list */

/* SPF, RFC 7208 section 4.6.4 unless said otherwise. */
#define LIMIT_SPF_TERMS		10	/* terms that look something up */
#define LIMIT_SPF_VOID		2	/* default: terms that find nothing */
#define LIMIT_SPF_MX		10	/* names of one mx mechanism */
#define LIMIT_SPF_PTR		10	/* names of one ptr or %{p} */
#define LIMIT_SPF_QUESTIONS	(1 + LIMIT_SPF_TERMS * (1 + LIMIT_SPF_MX) + \
    1 + 1 + LIMIT_SPF_PTR)		/* of one check: the record, terms and
					   their hosts, exp= and its %{p} */
#define LIMIT_SPF_RECORD	(16u << 10) /* ours: octets of a record */
#define LIMIT_SPF_RECORD_TERMS	1000	/* ours: terms of one record */
#define LIMIT_SPF_EXPLANATION	400	/* ours: octets of exp= text kept */
#define LIMIT_SPF_EXPANSION	4096	/* ours: octets of an expanded macro
					   string, before it is cut to 253 */
#define LIMIT_SPF_AHEAD		64	/* ours: no question ahead of its need
					   in a ledger that has so many */

/* iprev, RFC 8601 section 3. */
#define LIMIT_IPREV_NAMES	10	/* 3: names of an address that are
					   looked at, as in RFC 7208 5.5 */
#define LIMIT_IPREV_QUESTIONS	(1 + LIMIT_IPREV_NAMES)

/* DKIM, RFC 6376. */
#define LIMIT_DKIM_SIGNATURES	10	/* 8.4, ours: default of the setting */
#define LIMIT_DKIM_FIELD	(64u << 10) /* ours: one DKIM-Signature */
#define LIMIT_DKIM_H_NAMES	1000	/* ours: names in h= */
#define LIMIT_DKIM_SIG_B	1024	/* ours: octets of b=, 8192-bit RSA */
#define LIMIT_DKIM_KEY_RECORD	(16u << 10) /* ours: octets of a record */
#define LIMIT_DKIM_KEY_RECORDS	3	/* 6.1.2: records tried per name */
#define LIMIT_DKIM_RSA_BITS	8192	/* RFC 8301 3.2 asks for 4096 */
#define LIMIT_DKIM_RSA_EXPONENT_BITS 33	/* 8.13, ours: 2^32 + 1 is in use */
#define LIMIT_DKIM_CLOCK_SKEW	300	/* ours: seconds, for t= and x= */
#define LIMIT_DKIM_KEY_CACHE	1000	/* ours: parsed keys kept */
#define LIMIT_DKIM_KEY_CACHED	2048	/* ours: octets of a record kept */
#define LIMIT_DKIM_CANDIDATES	100	/* ours: DKIM-Signature fields read */
#define LIMIT_DKIM_KEY_FILE	(16u << 10) /* ours: octets of a PEM file */
#define LIMIT_DKIM_SECURE_HEAP	(64u << 20) /* ours: octets, a power of 2: about
   1 KiB for each private key and 2 KiB for each thread that signs */
#define LIMIT_DKIM_SIGN_H	(32u << 10) /* ours: octets of an h= we make */

/* Edits that broke a signature, searched for by hand only; all ours. */
#define LIMIT_DOCTOR_OCTETS	(256u << 20) /* hashed or rewritten for one
					   message: about a second */
#define LIMIT_DOCTOR_TRIES	50000	/* bodies, or ten for a signature, of
					   one message: likewise */
#define LIMIT_DOCTOR_FOOT	100	/* lines of a footer */
#define LIMIT_DOCTOR_HEAD	30	/* lines of a banner: each costs the
					   hash of a whole body */
#define LIMIT_DOCTOR_PART_FOOT	24	/* lines at the end of two parts: the
					   square of it */
#define LIMIT_DOCTOR_PARTS	20	/* of a multipart */
#define LIMIT_DOCTOR_REWRITTEN	(16u << 20) /* octets of a body that is
					   rewritten: each takes memory */
#define LIMIT_DOCTOR_CHANGES	200	/* changes of fields tried by
					   themselves, then two together ... */
#define LIMIT_DOCTOR_FIELD	2000	/* octets of a value that is changed */

/* ARC, RFC 8617. */
#define LIMIT_ARC_SETS		50	/* 4.2.1: instances of one message */
#define LIMIT_ARC_BYTES		(512u << 10) /* ours: names and values of all
					   ARC fields; each seal hashes those
					   of the sets before it */
#define LIMIT_ARC_OLDER_BYTES	(32u << 20) /* ours: header hashed to find
					   header.oldest-pass */
#define LIMIT_ARC_BODIES	4	/* ours: different hashes of the body
					   that message signatures may want */
#define LIMIT_SEAL_REASONS	100	/* ours: items of seal.when */
#define LIMIT_ARC_QUESTIONS	(2 * LIMIT_ARC_SETS) /* 9.2: keys of a chain */

/* DMARC, RFC 9989. */
#define LIMIT_DMARC_WALK	8	/* 4.10: lookups of one Tree Walk */
#define LIMIT_DMARC_RECORD	(16u << 10) /* ours: octets of a record */
#define LIMIT_DMARC_TAGS	100	/* ours: tags of a record after v */
#define LIMIT_DMARC_IDENTIFIERS	(1 + LIMIT_DKIM_CANDIDATES) /* ours: judged in
					   one message: SPF's, and each d= */
#define LIMIT_DMARC_NAMES	32	/* ours: lookups for the alignment of
					   identifiers, after one walk */
#define LIMIT_DMARC_RUA		10	/* ours: addresses that get a report */
#define LIMIT_MAILBOX_LOCAL	64	/* RFC 5321 4.5.3.1.1: octets */
#define LIMIT_DMARC_QUESTIONS	(LIMIT_DMARC_WALK + 1 + LIMIT_DMARC_NAMES)
					/* with the one of 4.10.1 for np */

/* TLS policies of others, RFC 8461 and RFC 7672. */
#define LIMIT_STS_POLICY	(64u << 10) /* 3.3: octets of a policy */
#define LIMIT_STS_FETCH_MS	60000	/* 3.3: for all of a fetch */
#define LIMIT_STS_MAX_AGE	31557600 /* 3.2: seconds */
#define LIMIT_STS_MX		100	/* ours: names in a policy */
#define LIMIT_DANE_HOSTS	32	/* ours: mail servers of a domain */
#define LIMIT_DANE_MEMORY	(64u << 10) /* ours: scratch of one domain */
#define LIMIT_TLSPOLICY_TEMP	3600	/* ours: s that mail may wait while
					   DNS does not say what holds */
#define LIMIT_TLSPOLICY_REPLY	100000	/* socketmap_table(5) */

/* HTTPS. */
#define LIMIT_HTTPS_ADDRESSES	8	/* ours: of one server that are tried */
#define LIMIT_HTTPS_TRANSFERS	64	/* ours: at once */
#define LIMIT_HTTPS_NETWORK	16	/* ours: of them to one /24 or /48 */
#define LIMIT_HTTPS_WAITING	256	/* ours: that wait for one of these */
#define LIMIT_HTTPS_SLOW_MS	10000	/* ours: for a transfer while others
					   wait for its place */

/* The daemon assay-tlspol. */
#define LIMIT_TLSPOL_SOCKETS	8	/* ours */
#define LIMIT_TLSPOL_CLIENTS	1000	/* ours: connections at once */
#define LIMIT_TLSPOL_REQUEST	10240	/* socketmap_table(5): 10,000 octets,
					   and a map's name */
#define LIMIT_TLSPOL_REQUEST_MS	30000	/* ours: for the rest of a request,
					   or for a reply to be read */
#define LIMIT_TLSPOL_IDLE_MS	300000	/* ours: Postfix closes after 10 s */
#define LIMIT_TLSPOL_LOOKUPS	2000	/* ours: domains looked up at once */
#define LIMIT_TLSPOL_FRESH_MIN	60	/* ours: s until a domain is looked up
					   again, whatever its TTL */
#define LIMIT_TLSPOL_FRESH_MAX	3600	/* ours: likewise, at most */
#define LIMIT_TLSPOL_RETRY	300	/* RFC 8461 3.3: s after a failed
					   fetch */
#define LIMIT_TLSPOL_REFRESH	86400	/* RFC 8461 3.3: s until a policy is
					   fetched anew, if not half of its
					   life before */
#define LIMIT_TLSPOL_UNASKED	2592000	/* ours: s that a policy is renewed
					   without a request */
#define LIMIT_TLSPOL_SAVE	60	/* ours: s between two writings of the
					   cache file */
#define LIMIT_TLSPOL_FILE	(64u << 20) /* ours: octets of that file */
#define LIMIT_TLSPOL_DRAIN_MS	5000	/* ours: for replies at the end */

/* DNS. */
#define LIMIT_DNS_QUESTIONS	(2 * LIMIT_SPF_QUESTIONS + LIMIT_SPF_AHEAD + \
    2 * LIMIT_DKIM_CANDIDATES + LIMIT_ARC_QUESTIONS + \
    LIMIT_DMARC_QUESTIONS + LIMIT_IPREV_QUESTIONS) /* ours: of one message;
					   what its checks can need, so
					   that none takes another's */
#define LIMIT_DNS_KEPT		(3u << 20) /* ours: records read of a message,
					   for two SPF checks and DMARC */
#define LIMIT_DNS_ANSWER	(64u << 10) /* RFC 1035 4.2.2: TCP length */
#define LIMIT_DNS_RECORDS	1000	/* ours: records used of an answer */
#define LIMIT_DNS_CNAMES	10	/* ours: links of one chain */
#define LIMIT_DNS_FOLLOWED	2	/* ours: of them such that a server left
					   open, so that we had to ask on */
#define LIMIT_DNS_EDNS_SIZE	1232	/* DNS flag day 2020 */
#define LIMIT_DNS_IN_FLIGHT	400	/* ours: per server, lately sent */
#define LIMIT_DNS_SUSPECT	200	/* ours: of them, for what will hardly
					   be answered */
#define LIMIT_DNS_SLOW		4000	/* ours: per server, that have waited
					   for SERVER_SLOW_US */
#define LIMIT_DNS_MESSAGE	24	/* ours: of one message at a time */
#define LIMIT_DNS_DECIDING	16	/* ours: in addition, for DMARC and
					   aligned keys */
#define LIMIT_LIGHT_ANSWERS	32	/* ours: that came at one time, */
#define LIMIT_LIGHT_QUESTIONS	40	/* ours: of a message, and */
#define LIMIT_LIGHT_BYTES	(12u << 10) /* ours: octets of all its answers,
					   for the resolver's thread to run its
					   checks */
#define LIMIT_DNS_AHEAD		100	/* ours: questions that nobody waits
					   for, at a time */
#define LIMIT_DNS_AHEAD_ROOM	200	/* ours: none is begun while so many
					   wait or are in progress */
#define LIMIT_DNS_PATH		32	/* ours: questions remembered of a
					   sender's last message */
#define LIMIT_DNS_PATHS		2	/* ours: paths that one message has
					   followed: of HELO and MAIL */
#define LIMIT_DNS_QUEUE		20000	/* ours: questions that wait */
#define LIMIT_DNS_SILENT_DOMAINS 4096	/* ours: names remembered whose name
					   servers did not answer */
#define LIMIT_DNS_SILENT_S	60	/* ours: seconds, for so long */
#define LIMIT_DNS_SILENT_PLACES	8	/* ours: at a time, below one of them */
#define LIMIT_DNS_SLOW_DOMAINS	64	/* ours: counted for the log */
#define LIMIT_DNS_TTL_MAX	86400	/* ours: seconds, RFC 8767 caps too */
#define LIMIT_DNS_NEGATIVE_TTL_MAX 3600	/* ours: RFC 2308 5 says 1 to 3 h */
#define LIMIT_DNS_FAILURE_TTL	5	/* ours: RFC 9520: 1 s to 5 min */
#define LIMIT_DNS_STALE_MS	86400000 /* RFC 8767 4: 1 to 3 days; ours */
#define LIMIT_DNS_STALE_TTL	30	/* RFC 8767 4: seconds until the next
					   try */
#define LIMIT_DNS_SERVERS	8	/* ours */
#define LIMIT_DNS_RESOLV_CONF	(64u << 10) /* ours: octets read of it */

/* Domain names. */
#define LIMIT_DOMAIN_UTF8	1024	/* ours: octets of a name before IDNA;
					   4 * 253 can become a legal name */

/* Configuration. */
#define LIMIT_YAML_BYTES	(1u << 20) /* ours */
#define LIMIT_YAML_DEPTH	32	/* ours */
#define LIMIT_YAML_NODES	100000	/* ours */
#define LIMIT_YAML_MEMORY	(32u << 20) /* ours: one file's tree */
#define LIMIT_CONFIG_MEMORY	(32u << 20) /* ours: one configuration */
#define LIMIT_CONFIG_MISTAKES	20	/* ours: reported of one file */
#define LIMIT_CONFIG_WHY	(16u << 10) /* ours: octets of such a report */
#define LIMIT_INCLUDE_DEPTH	8	/* ours: of files in files */
#define LIMIT_INCLUDES		100	/* ours: included files in all */
#define LIMIT_SOCKET_PATH	107	/* unix(7): sun_path less its NUL */
#define LIMIT_ORIGINS		1000	/* ours */
#define LIMIT_ORIGIN_WORD	256	/* ours: octets of a CN */
#define LIMIT_FORWARDERS	1000	/* ours */
#define LIMIT_HOSTS		200000	/* ours: networks and names of all
					   forwarders */
#define LIMIT_HOSTS_BYTES	(8u << 20) /* ours: octets of a file of hosts */
#define LIMIT_POLICY_RULES	1000	/* ours */
#define LIMIT_POLICY_LIST	10000	/* ours: items of one condition */
#define LIMIT_RULE_NAME		64	/* ours: octets */
#define LIMIT_DEFERRALS		20000	/* ours: senders deferred at a time */
#define LIMIT_DEFERRALS_NETWORK	1000	/* ours: of them of one /24 or /64 */
#define LIMIT_DEFERRALS_AGAIN	15000	/* ours: of them kept before others */
#define LIMIT_DEFERRAL_AGAIN	60	/* ours: s until a retry is one; RFC
					   5321 4.5.4.1 says 30 minutes */
#define LIMIT_DEFERRAL_RETRY	432000	/* RFC 5321 4.5.4.1: 5 days, in s */
#define LIMIT_SIGHTINGS		200000	/* ours: networks and recipients of
					   signatures remembered, about 30 MB */
#define LIMIT_SIGHTINGS_COUNT	1000	/* ours: the most of one signature that
					   a rule can ask for */
#define LIMIT_SIGHTINGS_S	604800	/* ours: s, the longest time that a
					   rule can ask for */
#define LIMIT_RATES		10	/* ours: items of replay */
#define LIMIT_USERS_BYTES	(8u << 20) /* ours: octets of a file of users */
#define LIMIT_USERS_MEMORY	(32u << 20) /* ours: what is kept of it */
#define LIMIT_USERS_ROWS	100000	/* ours: addresses in it */
#define LIMIT_USERS_PATTERNS	1000	/* ours: of them of users with "*" */
#define LIMIT_USERS_WORD	320	/* RFC 5321 4.5.3.1: 64 + 1 + 255 */
#define LIMIT_USER_ITEMS	1000	/* ours: items of auth-user */
#define LIMIT_SIGN_RULES	1000	/* ours */
#define LIMIT_SIGN_DOMAINS	10000	/* ours: of all signing rules */
#define LIMIT_SIGN_KEYS		10	/* ours: keys of one rule */
#define LIMIT_KEYDIR_LAYOUT	255	/* ours: octets of a layout */
#define LIMIT_KEYDIR_KEYS	2000	/* ours: keys of a folder that are
					   kept, 2 MB of the secure heap */
#define LIMIT_KEYDIR_LISTING	(32u << 20) /* ours: octets of all names in a
					   folder with keys of many domains */
#define LIMIT_KEYDIR_PARENTS	8	/* ours: domains above that are tried,
					   as in RFC 9989 4.10 */
#define LIMIT_KEYDIR_ASKED	100	/* ours: records looked up at once */
#define LIMIT_KEYDIR_CHECKED	1000	/* ours: keys that -t reads */
#define LIMIT_SIGN_HEADERS	100	/* ours: names in headers, oversign */
#define LIMIT_SIGN_NAME		76	/* ours: octets of such a name */

/* The command `assay`. */
#define LIMIT_TOOL_MESSAGE	(256u << 20) /* ours: octets of a file */
#define LIMIT_TOOL_MEMORY	(32u << 20) /* ours: what is explained of it */

#define LIMIT_TOOL_PEM		(1u << 20) /* ours: octets of a file of
					   certificates */
#define LIMIT_TOOL_CERTIFICATES	100	/* ours: of one file or server; OpenSSL
					   takes 100 KB of a server */
#define LIMIT_TOOL_SMTP		(64u << 10) /* ours: octets that a server says
					   before the handshake */
#define LIMIT_TOOL_SMTP_MS	30000	/* ours: for all that it says */
#define LIMIT_TOOL_CONNECT_MS	120000	/* ours: for all servers of a domain */
#define LIMIT_TOOL_ADDRESSES	4	/* ours: of one server that are tried */
#define LIMIT_TOOL_SMIME	(5u << 20) /* ours: octets of a message whose
					   S/MIME signature is verified */
#define LIMIT_TOOL_SIGNERS	10	/* ours: of one message */

/* Aggregate reports that others sent (report/). */
#define LIMIT_REPORT_XML	(64u << 20) /* ours: octets of a document when
					   it is unpacked; the largest known
					   have 20 MB */
#define LIMIT_REPORT_UNPACKED	(256u << 20) /* ours: octets of all documents
					   of one file or mail */
#define LIMIT_REPORT_DOCUMENTS	1000	/* ours: within one file */
#define LIMIT_REPORT_MAILS	8	/* ours: mails and multiparts around
					   a part */
#define LIMIT_REPORT_PARTS	1000	/* ours: parts of one file */
#define LIMIT_REPORT_ROWS	200000	/* ours: of one report */
#define LIMIT_REPORT_COUNT	4294967295u /* ours: messages of a row, so
					   that no sum of them overflows */
#define LIMIT_REPORT_RESULTS	200	/* ours: of a row: RFC 9990 3.1.3
					   allows 100 of DKIM */
#define LIMIT_REPORT_TEXT	1024	/* ours: octets of a value */
#define LIMIT_REPORT_DEPTH	32	/* ours: elements around another */
#define LIMIT_REPORT_MEMORY	(512u << 20) /* ours: of all reports read */
#define LIMIT_REPORT_NAME	200	/* ours: octets of who reports */
#define LIMIT_REPORT_BOUNCE	30	/* ours: of the local part that bounces
					   come to: with a tag of 34 it is
					   LIMIT_MAILBOX_LOCAL */
#define LIMIT_REPORT_DAYS	3	/* ours: after its day a report is tried
					   so long, and not begun later */
#define LIMIT_REPORT_ADDRESSES	64	/* ours: that one report was tried for:
					   a record may change meanwhile */
#define LIMIT_REPORT_LIST	(64u << 20) /* ours: octets of the list of the
					   reports of a day, 700,000 of them */
#define LIMIT_REPORT_PART	(64u << 10) /* ours: the smallest mail that a
					   receiver can ask for, as that of
					   report.size-limit */
#define LIMIT_REPORT_SPLIT	100	/* ours: reports that one becomes at
					   once */
#define LIMIT_REPORT_MAIL	(100u << 20) /* ours: octets of a mail with one
					   of ours */

/* Mail that says that a report of ours was not delivered. */
#define LIMIT_BOUNCE_MAIL	(1u << 20) /* ours: octets read of one; what
					   follows is the report */
#define LIMIT_BOUNCE_PARTS	50	/* ours: of it */
#define LIMIT_BOUNCE_DEPTH	4	/* ours: multiparts around a part */
#define LIMIT_BOUNCE_GROUPS	100	/* ours: of fields in its status; we
					   send to one recipient */
#define LIMIT_BOUNCE_TAGS	8	/* ours: in addresses of it */
#define LIMIT_BOUNCE_TEXT	320	/* RFC 5321 4.5.3.1: an address has 64
					   octets, "@" and 255 */

/* The store of records (store/). */
#define LIMIT_STORE_NAME	2048	/* ours: octets of its name, a path or
					   a URI */
#define LIMIT_STORE_RECORD	(64u << 10) /* ours: octets of one */
#define LIMIT_STORE_ROWS	200000	/* ours: of a policy and day; what our
					   own reader takes of a report */
#define LIMIT_STORE_RESULTS	100	/* RFC 9990 3.1.3: signatures of one */
#define LIMIT_STORE_REASONS	8	/* ours: overrides of one */
#define LIMIT_STORE_CORRESPONDENTS 1000000 /* ours: domains remembered */
#define LIMIT_STORE_CORRESPONDENT 90	/* ours: days that one is */
#define LIMIT_STORE_SUPPRESSION	90	/* ours: days that one is remembered
					   after its end */
#define LIMIT_STORE_JUMP	2	/* ours: days that go by between two
					   looks at the clock */
#define LIMIT_STORE_WAIT_MS	1000	/* ours: until a batch is written that
					   is not full */
#define LIMIT_STORE_QUEUE	(8u << 20) /* ours: octets of records that wait
					   for the database */
#define LIMIT_STORE_SPOOL	(64u << 20) /* ours: octets of the file that
					   they wait in while it is away */
#define LIMIT_STORE_ANSWER_MS	10000	/* ours: wait for a PostgreSQL server */
#define LIMIT_STORE_MIGRATION_MS 600000	/* ours: the same for one statement
					   that makes new tables of old ones */
#define LIMIT_REPLAY_LINES	100000	/* ours: different changes that are
					   counted each by itself */
#define LIMIT_STORE_BUSY_MS	5000	/* ours: wait for another writer */

/* The log. */
#define LIMIT_LOG_LINE		16384	/* ours: octets of a line */
#define LIMIT_LOG_VALUE		256	/* ours: octets of a sender's text */
#define LIMIT_LOG_QUEUE		(1u << 20) /* ours: octets of lines that wait
					   for a log that is not read */

/* Metrics. */
#define LIMIT_METRICS_SERIES	4096	/* ours: combinations of labels that
					   are counted each by itself */
#define LIMIT_METRICS_TEXT	(4u << 20) /* ours: octets of all metrics */
#define LIMIT_METRICS_KEYS	1000	/* ours: keys with dates shown, and
					   domains with their last */
#define LIMIT_METRICS_CLIENTS	64	/* ours: connections served at a time */
#define LIMIT_METRICS_REQUEST	(8u << 10) /* ours: octets of memory for one,
					   its request with it */
#define LIMIT_METRICS_SECONDS	5	/* ours: an idle connection; Prometheus
					   waits for 10 s */

/* Replies. */
#define LIMIT_REPLY_TEXT	480	/* ours: RFC 5321 4.5.3.1.5 has 512 */

#endif
