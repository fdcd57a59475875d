/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * certificate: certificates of servers and of people, and what vouches for
 * them: TLSA and SMIMEA records (RFC 6698, 7672, 8162), authorities (RFC 5280).
 *
 * Certificates are foreign: at most LIMIT_TOOL_CERTIFICATES of them, from at
 * most LIMIT_TOOL_PEM octets.  OpenSSL has its own memory.  One thread.
 */
#ifndef TOOLS_CERTIFICATE_H
#define TOOLS_CERTIFICATE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/slice.h"
#include "tools/text.h"

/* A chain, the certificate in question first. */
struct certificates;

/*
 * PEM, with anything around and between the certificates, or one in DER.
 * NULL: `*problem` is a static sentence.
 */
struct certificates	*certificates_read(struct slice text,
			    const char **problem);
/* Takes a reference to each; `leaf` is first, `others` may have it, too.
   NULL: too many, or no memory. */
struct certificates	*certificates_of(X509 *leaf, STACK_OF(X509) *others,
			    const char **problem);
void			 certificates_free(struct certificates *c);
size_t			 certificates_count(const struct certificates *c);

/* How records are named for the local part of an address (RFC 8162 section 3):
   56 hexadecimal digits.  False: OpenSSL has no memory. */
#define CERTIFICATE_NAME	56
bool	certificate_name(struct slice local, char out[CERTIFICATE_NAME + 1]);

/* Of the first one; text in the arena. */
struct certificate_facts {
	struct slice		 subject, issuer;	/* one line each */
	int64_t			 not_before, not_after;	/* 0: not known */
	/* dNSName; rfc822Name and those of the subject */
	const struct slice	*names, *addresses;
	size_t			 name_count, address_count;
};
/* False: no memory. */
bool	certificates_facts(const struct certificates *c, struct arena *arena,
	    struct certificate_facts *out);
void	certificate_facts_text(struct text *t,
	    const struct certificate_facts *f, int64_t now);
void	certificate_facts_json(struct json *j, const char *key,
	    const struct certificate_facts *f);

/*
 * The data of a record about certificate `index`, as on the wire (RFC 6698
 * section 2.1): selector 0 or 1, matching 0 to 2.  False: no memory.
 */
struct certificate_record {
	unsigned int	usage, selector, matching;
};
bool	certificates_record(const struct certificates *c, size_t index,
	    const struct certificate_record *record, struct buf *out);

enum certificate_purpose { CERTIFICATE_SERVER, CERTIFICATE_PERSON };

struct certificate_judge {
	enum certificate_purpose purpose;
	/* Names of which the certificate must have one (RFC 7672 3.2.2);
	   none for a person. */
	struct slice		 names[2];
	const char		*ca_file;	/* NULL: the system's */
};

enum certificate_verdict {
	CERTIFICATE_GOOD,
	CERTIFICATE_BAD,	/* `*why` is static */
	CERTIFICATE_NO_MEMORY
};
/*
 * What the record says of the chain.  Usage 3 asks neither for a name nor for
 * dates of a server (RFC 7672 section 3.1.1).
 */
enum certificate_verdict	certificates_by_record(
				    const struct certificates *c,
				    struct slice data,
				    const struct certificate_judge *judge,
				    const char **why);
/* What authorities say of it, and whether it has the first name. */
enum certificate_verdict	certificates_by_authority(
				    const struct certificates *c,
				    const struct certificate_judge *judge,
				    const char **why);

#endif
