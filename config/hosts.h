/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hosts: many networks and names of hosts, and who they belong to.
 *
 * An owner is a number; one network or name may have several.  A lookup costs
 * a binary search for each length of prefix that occurs, or for each label of
 * a name.  Built by one thread, then
 * immutable.
 */
#ifndef CONFIG_HOSTS_H
#define CONFIG_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/ipaddr.h"
#include "base/slice.h"
#include "policy/policy.h"

struct config_hosts;

enum hosts_status {
	HOSTS_OK,
	HOSTS_LIMIT,		/* more than LIMIT_HOSTS */
	HOSTS_MALFORMED,	/* neither a network nor a name */
	HOSTS_NO_MEMORY
};

/* All memory is the arena's.  NULL: none is left. */
struct config_hosts	*hosts_new(struct arena *arena);
enum hosts_status	 hosts_add_net(struct config_hosts *h,
			    const struct ipnet *net, unsigned int owner);
enum hosts_status	 hosts_add_name(struct config_hosts *h,
			    const struct policy_pattern *name,
			    unsigned int owner);
/*
 * Adds the text of a file: a line is an address, a network, or a name like
 * "mx.example.org" or "*.example.org"; "#" begins a comment.  `*line` is the
 * one that is wrong.
 */
enum hosts_status	 hosts_add_text(struct config_hosts *h,
			    struct slice text, unsigned int owner,
			    unsigned int *line);
/* When all is added; before that nothing is found. */
void			 hosts_sort(struct config_hosts *h);

size_t			 hosts_count(const struct config_hosts *h);
bool			 hosts_has_names(const struct config_hosts *h);

/* Is this owner the one?  Then the search ends. */
typedef bool		 hosts_owner_fn(void *arg, unsigned int owner);
/*
 * Asks `fn` for the owners of each network that has the address, or of each
 * pattern that matches the canonical name; one owner may be asked several
 * times.  False: none was the one.
 */
bool			 hosts_find_address(const struct config_hosts *h,
			    const struct ipaddr *a, hosts_owner_fn *fn,
			    void *arg);
bool			 hosts_find_name(const struct config_hosts *h,
			    struct slice name, hosts_owner_fn *fn,
			    void *arg);

#endif
