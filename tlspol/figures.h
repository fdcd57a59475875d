/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figures: what the daemon has counted, in the log and for Prometheus.
 *
 * The loop counts for itself alone and shows what it has once a second, so
 * that who reads the metrics never waits for the loop, nor it for them.
 */
#ifndef TLSPOL_FIGURES_H
#define TLSPOL_FIGURES_H

#include <stdint.h>

#include "metrics/outlet.h"
#include "resolver/resolver.h"
#include "tlspol/settings.h"

struct figures {
	uint64_t	connections, open, crowded, requests, bad;
	uint64_t	domains, policies, octets;
	uint64_t	from_memory, waited, late;
	uint64_t	notfound, secure, dane, temp;
	uint64_t	lookups, lookups_open, lookups_refused;
	uint64_t	fetches, fetch_failures, dns_failures;
};

/* The loop's thread: these are shown from now on; a reference is taken. */
void	figures_show(const struct figures *f, struct resolver *r);
/* One line of the log. */
void	figures_log(const struct figures *f);

/* Where the settings want the metrics; borrowed from them. */
struct outlet_options	figures_outlet(const struct settings *s);

#endif
