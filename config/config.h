/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config: the configuration, one immutable and reference-counted value.
 *
 * A reload makes a new one and swaps a pointer; a message keeps the one it
 * began with.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/ipaddr.h"
#include "base/slice.h"
#include "config/hosts.h"
#include "policy/policy.h"
#include "resolver/resolver.h"
#include "resolver/zone.h"

enum config_log_target { CONFIG_LOG_SYSLOG, CONFIG_LOG_STDERR };
enum config_log_level {
	CONFIG_LOG_ERROR, CONFIG_LOG_WARNING, CONFIG_LOG_INFO, CONFIG_LOG_DEBUG
};
enum config_log_format { CONFIG_LOG_TEXT, CONFIG_LOG_JSON };

struct config_log {
	enum config_log_target	target;		/* default syslog */
	enum config_log_level	level;		/* default info */
	enum config_log_format	format;		/* default text */
};

struct config_resolver {
	/* nameservers, timeout, tries ...: ready to be
	   handed to resolver_new() */
	struct resolver_options	 options;
	unsigned int		 statistics_ms;	/* in the log; 0: never */
	const char		*zone_path;	/* NULL: none */
	struct dns_zone		*zone;		/* owned */
};

#define CONFIG_STORE_SPOOL "/var/lib/assay/store.spool"
#define CONFIG_SOCKET "local:/run/assay/milter.sock"

/* What to do with mail that ought to be signed and cannot be. */
enum config_unsigned { CONFIG_UNSIGNED_ACCEPT, CONFIG_UNSIGNED_TEMPFAIL };

/* A key of a signing rule.  Whether the file is good is not known here. */
struct config_sign_key {
	struct slice	 selector;	/* canonical */
	const char	*file;		/* relative to the configuration's
					   folder: already resolved */
	/* It signs while from <= now < until, seconds since the Epoch; the
	   least and the greatest int64_t when not given. */
	int64_t		 from;
	int64_t		 until;
	/* Where `file` is in the configuration, for messages. */
	unsigned int	 line, column;
};

/*
 * Keys found in a folder when they are needed (sign: keys: {directory}).
 */
struct config_sign_directory {
	const char	*path;		/* resolved; NULL: there is none */
	/* Where a key is below it, with %{domain}, and %{selector} unless
	   `selector` is given; checked. */
	struct slice	 layout;
	struct slice	 selector;	/* canonical; empty: of the layout */
	/* What has no key is signed with the key of a domain above;
	   default no */
	bool		 subdomains;
	unsigned int	 line, column;
};

/* Whose domain a rule has to have. */
enum config_sign_by {
	CONFIG_SIGN_FROM,	/* the author's */
	CONFIG_SIGN_SENDER,	/* of Sender, or of From without one */
	CONFIG_SIGN_ENVELOPE	/* of MAIL FROM */
};

/* Rules in order: the first that has the domain signs. */
struct config_sign {
	enum config_sign_by		 by;
	const struct policy_pattern	*domains;
	size_t				 domain_count;
	/* d=, canonical; empty: the Author Domain itself */
	struct slice			 identity;
	const struct config_sign_key	*keys;	/* all that are valid sign */
	size_t				 key_count;
	/* Instead of `keys`; `domains` may then be empty, for all. */
	struct config_sign_directory	 directory;
	bool				 relaxed_header;	/* default */
	bool				 relaxed_body;		/* default */
	/* Field names as written; NULL: the default.  `oversign` may be
	   there and have no items. */
	const struct slice		*headers;
	size_t				 header_count;
	const struct slice		*oversign;
	size_t				 oversign_count;
	unsigned int			 expire;	/* seconds; 0: no x= */
	/* Also by keys whose signature the message has; default no */
	bool				 resign;
	/* Also bounces of this host, whose From no rule has; default no.
	   d= is `identity`, or the first of `domains` that is one name. */
	bool				 null_sender;
	/* A file that says which addresses are whose (config/users.h), for
	   clients that have authenticated; NULL: all sign. */
	const char			*for_user;
	const char			*path;	/* where the rule is */
	unsigned int			 line;
};

/* A reason to seal: any of the recipients is there. */
struct config_seal_when {
	const struct policy_pattern	*relayed_to;
	size_t				 relayed_to_count;
};

/* One key seals (RFC 8617); `rule` has it, and matches no message. */
struct config_seal {
	bool				 given;
	struct config_sign		 rule;	/* identity: the sealer */
	struct config_sign_key		 key;
	const struct config_seal_when	*when;	/* any of them */
	size_t				 when_count;
};

/* Not asked for, or a condition of its own. */
enum config_choice { CONFIG_ANY, CONFIG_YES, CONFIG_NO };

/* A network, or the name that the mail server found for the address. */
struct config_client {
	struct ipnet		net;
	struct policy_pattern	name;
	bool			is_name;
};

/*
 * Where a message comes from, and what follows: the first origin all of whose
 * conditions are met.  A message of no origin is checked and not signed.
 */
struct config_origin {
	struct slice			 name;
	const struct config_client	*clients;
	size_t				 client_count;	/* 0: any */
	enum config_choice		 authenticated;	/* SMTP AUTH */
	/* Common names of certificates that the mail server has verified. */
	const struct slice		*certificates;
	size_t				 certificate_count;
	const struct slice		*daemon_names;	/* {daemon_name} */
	size_t				 daemon_name_count;
	/* It sends mail from strangers: client and HELO are those in the
	   Received field that it wrote. */
	bool				 relay;
	bool				 check;		/* default yes */
	bool				 sign;		/* default no */
	unsigned int			 line;	/* 0: of the short form */
};

/*
 * Hosts that forward mail to our users.  A host is one of `clients`, or has a
 * name of `names` that resolves back to it (iprev), or is in the file.
 */
struct config_forwarder {
	struct slice			 name;
	const struct ipnet		*clients;
	size_t				 client_count;
	const struct policy_pattern	*names;
	size_t				 name_count;
	const char			*file;		/* NULL: none */
	/* All recipients must be there; none: any recipient. */
	const struct policy_pattern	*recipients;
	size_t				 recipient_count;
	/* So is the Author Domain; none: any. */
	const struct policy_pattern	*from_domains;
	size_t				 from_domain_count;
	const char			*path;		/* where it is */
	unsigned int			 line;
	unsigned int			 file_line, file_column;
};

/* Who gets aggregate reports: bits of a set. */
enum config_report_to {
	CONFIG_REPORT_CORRESPONDENTS,	/* domains that our users write to */
	CONFIG_REPORT_PROCESSORS,	/* addresses at `processors` */
	CONFIG_REPORT_ALL		/* all who ask for one */
};

/* Who gets none. */
struct config_opt_out {
	struct slice		address;	/* canonical; empty: a domain */
	/* Of the policy or of the address. */
	struct policy_pattern	domain;
};

#define CONFIG_SENDMAIL "/usr/sbin/sendmail"

/* Aggregate reports of ours (RFC 9990).  Addresses are canonical. */
struct config_report {
	struct slice	 from;		/* empty: none are sent */
	struct slice	 org_name;	/* empty: the domain of `from` */
	struct slice	 contact;	/* empty: `from` */
	struct slice	 extra_contact;	/* empty: none */
	/* The envelope sender, before a tag is added; empty: `from`, and no
	   tag. */
	struct slice	 bounce;
	/* Set of enum config_report_to; default the first two. */
	unsigned int	 to;
	unsigned int	 since;		/* s, of a correspondent */
	const struct policy_pattern *processors;
	size_t		 processor_count;
	const struct config_opt_out *opt_out;
	size_t		 opt_out_count;
	bool		 envelope_to;	/* in the rows; default no */
	const char	*sendmail;	/* absolute; CONFIG_SENDMAIL */
	unsigned int	 timeout_ms;	/* of it, default 60000 */
	size_t		 size_limit;	/* octets of a mail, default 9M */
	unsigned int	 pause_ms;	/* between two, default 1000 */
};

/* One that was read, and how it was then. */
struct config_file {
	const char	*path;
	struct stat	 seen;
};

struct config {
	const char		*path;		/* the file it was read from */
	/* It, and all that it includes or observes; with auto_reload also the
	   zone, the files of forwarders and those of keys.  None of a text in
	   memory. */
	struct config_file	*files;
	size_t			 file_count;
	bool			 auto_reload;	/* default no */
	/* libmilter's spelling, checked; default CONFIG_SOCKET */
	const char		*socket;
	unsigned int		 socket_mode;	/* default 0660 */
	const char		*metrics;	/* likewise; NULL: none */
	const char		*user;		/* NULL: stay who we are */
	const char		*pid_file;	/* NULL: none */
	/* sqlite:/PATH or postgresql://...; NULL: none */
	const char		*store;
	const char		*store_spool;	/* NULL: PATH.spool, or
						   CONFIG_STORE_SPOOL */
	unsigned int		 keep;		/* s, default 30 days */
	bool			 confinement;	/* default yes */
	struct slice		 authserv_id;	/* empty: the MTA's own name */
	/* Further names of ours, whose fields are removed as forged. */
	const struct slice	*authserv_ids_to_remove;
	size_t			 authserv_id_to_remove_count;
	bool			 remove_received_spf;	/* default no */
	const struct ipnet	*trusted_networks;	/* default: loopback */
	size_t			 trusted_network_count;
	/* Not empty if the key is absent: see origins_complete(). */
	const struct config_origin *origins;
	size_t			 origin_count;
	bool			 origins_given;

	struct config_log	 log;
	struct config_resolver	 resolver;

	struct {
		unsigned int	deadline_ms;	/* default 20000 */
		unsigned int	signatures;	/* default 10 */
		unsigned int	seal_age;	/* s, default 7 days */
	} limits;

	struct {
		bool		helo;		/* default yes */
		unsigned int	void_limit;	/* terms; LIMIT_SPF_VOID */
	} spf;
	struct {
		unsigned int	minimum_rsa_bits;	/* default 1024 */
		/* Signatures by keys in test mode (t=y) count for DMARC;
		   default no, RFC 6376 3.6.1 */
		bool		test_keys;
		/* Signatures with l= that leave something unsigned pass;
		   default no, RFC 6376 8.2 */
		bool		partial_body;
		/* Set of words, see dkim_doubled in config.c; default From
		   and Subject */
		unsigned int	doubled;
	} dkim;
	bool			 dns_sec;	/* of each result; default no */
	/* The names of the client's address are looked up; default no, but
	   for forwarders that are known by name */
	bool			 iprev;
	bool			 annotate_own;	/* likewise mail of ours gets
						   the field; default no */
	bool			 show_auth_name;	/* in it; default no */
	/* Domains of ours, for the condition own-domain; none: those that
	   `sign` has. */
	const struct policy_pattern *own_domains;
	size_t			 own_domain_count;
	/* Domains whose DMARC policy counts as reject. */
	const struct policy_pattern *enforce_anyway;
	size_t			 enforce_anyway_count;
	/* Domains whose ARC seals are trusted; none by default. */
	const struct policy_pattern *trusted_sealers;
	size_t			 trusted_sealer_count;
	/* Their hosts are in the table, whose owners are indexes. */
	const struct config_forwarder *forwarders;
	size_t			 forwarder_count;
	const struct config_hosts	*forwarder_hosts;	/* NULL: none */
	struct policy		 policy;	/* count 0: annotate only */
	/* Another one, whose decisions are only recorded, if `observes`. */
	struct policy		 observed_policy;
	bool			 observes;
	const struct config_sign *sign;
	size_t			 sign_count;	/* 0: nothing is signed */
	/* What rules take that do not have it; only headers, oversign and
	   expire of it. */
	struct config_sign	 sign_defaults;
	enum config_unsigned	 unsigned_mail;	/* default accept */
	struct config_seal	 seal;		/* default: nothing */
	struct config_report	 report;
	/* The key is in the file, even with an empty list; the file has any
	   key.  See config_may_replace(). */
	bool			 policy_given, sign_given, given;
};

/*
 * Reads and checks the whole file, and the zone file that it names, whose
 * path is relative to the folder of `path`.  An empty file is all defaults.
 * On failure NULL and `why`, for which LIMIT_CONFIG_WHY is room, says
 * "FILE:LINE:COLUMN: what was seen; allowed: what is", FILE being the one
 * that is wrong, in a line for each of up to LIMIT_CONFIG_MISTAKES mistakes;
 * or "FILE: ..." when it cannot be read or memory is short.
 */
struct config	*config_read(const char *path, char *why, size_t why_size);
/*
 * The same for text in memory that is called `name` in messages.  Nothing
 * else is read: no zone (resolver.zone stays NULL), no user.
 */
struct config	*config_read_text(struct slice text, const char *name,
		    char *why, size_t why_size);
/*
 * A configuration of nothing but the policy that an `observe-policy` with this
 * absolute path would read.
 */
struct config	*config_read_policy(const char *path, char *why,
		    size_t why_size);
/*
 * Things that are allowed but hardly meant (a rule that can never match,
 * no user to become when started as root ...), one at a time: `*at` begins
 * at 0.  False when there are no more.
 */
bool		 config_warning(const struct config *c, size_t *at,
		    char *out, size_t out_size);

/* Is `report.from` of a domain that a rule of `sign` has? */
bool		 config_report_is_signed(const struct config *c);
/* What a rule with `null_sender` signs with; empty: nothing. */
struct slice	 config_sign_null_domain(const struct config_sign *r);
/* Is the canonical name one of ours, see `own_domains`? */
bool		 config_is_own_domain(const struct config *c,
		    struct slice name);
/* Likewise, or is it one that a rule of `sign` is for? */
bool		 config_is_at_home(const struct config *c,
		    struct slice name);
/* Is it one of `enforce_anyway`? */
bool		 config_is_enforced(const struct config *c,
		    struct slice name);

/*
 * May a reload replace `old` with `new`?  Not when the file is empty, nor when
 * the whole policy or all signing would end silently: only a list that is
 * written as empty ("policy: []") removes them.  On false
 * `why` says what is missing.
 */
bool		 config_may_replace(const struct config *old,
		    const struct config *new, char *why, size_t why_size);

/* Are there private keys to load: to sign or to seal with? */
bool		 config_has_keys(const struct config *c);

/* From any thread.  The last reference frees, the zone too. */
struct config	*config_ref(struct config *c);
void		 config_unref(struct config *c);

#endif
