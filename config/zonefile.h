/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zonefile: DNS answers from a YAML file, in the shape of the "zonedata" of
 * the public RFC 7208 test suite.
 */
#ifndef CONFIG_ZONEFILE_H
#define CONFIG_ZONEFILE_H

#include <stddef.h>

#include "resolver/zone.h"

/*
 * Owned by the caller (dns_zone_free()).  On failure NULL and `why` says
 * "FILE:LINE:COLUMN: ...".
 */
struct dns_zone	*zonefile_read(const char *path, char *why, size_t why_size);

#endif
