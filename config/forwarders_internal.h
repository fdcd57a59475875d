/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forwarders: the section "forwarders" of the configuration.
 */
#ifndef CONFIG_FORWARDERS_INTERNAL_H
#define CONFIG_FORWARDERS_INTERNAL_H

#include "config/config.h"
#include "config/schema.h"

/* struct config_forwarder * and count */
schema_read_fn	forwarders_list;
/* The keys of a forwarder. */
extern const struct schema_key forwarders_keys[];

/*
 * After all keys: the hosts of all forwarders, those in files as well unless
 * `s` is offline, go into one table.  False, and `s->why` says what is wrong.
 */
bool	forwarders_complete(struct schema *s, struct config *c);

/* May a forwarder have this name? */
bool	forwarders_name_is_good(struct slice name);

#endif
