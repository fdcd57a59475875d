/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nameserver: where DNS servers are, from a setting or from resolv.conf(5).
 */
#ifndef RESOLVER_NAMESERVER_INTERNAL_H
#define RESOLVER_NAMESERVER_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"
#include "base/slice.h"

struct nameserver {
	struct ipaddr	addr;
	uint16_t	port;
};

/* The forms of resolver.h.  On failure `*problem` is a static text. */
bool	nameserver_parse(struct slice text, struct nameserver *out,
	    const char **problem);
/*
 * The first `max` nameserver lines of resolv.conf text; lines that hold no
 * address, or a scoped one, are passed over.  Returns how many.
 */
size_t	nameserver_read(struct slice text, struct nameserver *out,
	    size_t max);
/*
 * The same from a file, of which LIMIT_DNS_RESOLV_CONF octets are read.
 * 127.0.0.1 when it is not there or names none, as resolv.conf(5) says;
 * 0 when it cannot be read, with errno set.
 */
size_t	nameserver_load(const char *path, struct nameserver *out,
	    size_t max);
/* Is the file not there, or names none? */
bool	nameserver_is_none(const char *path);
/* 127.0.0.0/8 and ::1. */
bool	nameserver_is_loopback(const struct nameserver *ns);

#endif
