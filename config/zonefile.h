/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zonefile: DNS answers from a YAML file, in the shape of the "zonedata" of
 * the public RFC 7208 test suite.
 *
 *	zonedata:
 *	  NAME:				# [] when it has no data
 *	    - A: ADDRESS		# AAAA likewise
 *	    - MX: [PREFERENCE, NAME]	# NAME "" or ".": the null MX
 *	    - TXT: TEXT			# or a list of strings, to be joined
 *	    - PTR: NAME			# CNAME likewise
 *	    - TLSA: [USAGE, SELECTOR, MATCHING, HEX]
 *	    - SPF: TEXT			# TXT, if the name has no entry TXT
 *	    - TXT: NONE			# ... and this counts as an entry
 *	    - TIMEOUT			# or "TIMEOUT: yes": for all other
 *	    - RCODE: 2			# questions; 1 to 15
 *	    - DNSSEC: yes		# vouches for this name and those below
 *	    - CNAMELOOP: yes		# an alias of itself
 *
 * The top-level keys "description", "comment" and "tests" of a scenario are
 * ignored.
 */
#ifndef CONFIG_ZONEFILE_H
#define CONFIG_ZONEFILE_H

#include <stddef.h>

#include "base/slice.h"
#include "resolver/zone.h"

/*
 * Owned by the caller (dns_zone_free()).  On failure NULL and `why` says
 * "FILE:LINE:COLUMN: ...".
 */
struct dns_zone	*zonefile_read(const char *path, char *why, size_t why_size);
/* The same for text in memory that is called `name` in messages. */
struct dns_zone	*zonefile_read_text(struct slice text, const char *name,
		    char *why, size_t why_size);

#endif
