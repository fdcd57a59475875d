/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * values: readers for what assay's settings mean: sockets, networks, names,
 * results.
 */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "config/schema.h"

/* const char *: local:PATH, inet:PORT@HOST, inet6:PORT@HOST */
schema_read_fn	values_socket;
bool		values_is_socket(struct slice text);
/* const char *: sqlite:/PATH or postgresql://... */
schema_read_fn	values_store;
/* const char *: a user of this machine, who exists unless offline */
schema_read_fn	values_user;
/* slice: the canonical form of a domain name; `table` is the text of what
   is allowed */
schema_read_fn	values_domain;
/* struct slice * and count: the same, a list */
schema_read_fn	values_domains;
/* const char *: a path, relative to the folder of the configuration file;
   `table` is the text of what is allowed */
schema_read_fn	values_file;
/* the same, and the file is there and can be read */
schema_read_fn	values_readable_file;
/* struct ipnet * and count */
schema_read_fn	values_networks;
/* struct slice * and count, for resolver_options */
schema_read_fn	values_nameservers;
/* struct policy_pattern * and count; those of a rule may be addresses, which
   HELO has */
schema_read_fn	values_patterns;
schema_read_fn	values_rule_patterns;

/* An item of schema_list(): struct slice, any text. */
bool		values_slice(struct slice text, void *item);

#endif
