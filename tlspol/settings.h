/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings: the configuration of assay-tlspol (assay-tlspol.yaml(5)).
 */
#ifndef TLSPOL_SETTINGS_H
#define TLSPOL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ipaddr.h"
#include "config/config.h"

#define SETTINGS_SOCKET "inet:8461@127.0.0.1"

struct settings {
	const char		*path;
	const char		**sockets;	/* default SETTINGS_SOCKET */
	size_t			 socket_count;
	unsigned int		 socket_mode;	/* default 0660 */
	bool			 remote_clients;	/* default no */
	const char		*metrics;	/* NULL: none */
	const char		*user;		/* NULL: stay who we are */
	const char		*pid_file;	/* NULL: none */
	bool			 confinement;	/* default yes */
	struct config_log	 log;
	struct config_resolver	 resolver;
	unsigned int		 answer_ms;	/* default 3000 */
	bool			 dane_only;	/* default no */
	bool			 smart_hosts;	/* default no */
	struct {
		const char		*ca_file;	/* NULL: the system's */
		unsigned int		 timeout_ms;	/* default 60000 */
		unsigned int		 port;		/* default 443 */
		/* Not public, but still allowed for a policy host. */
		const struct ipnet	*allow;
		size_t			 allow_count;
	} https;
	struct {
		const char	*file;		/* NULL: none */
		unsigned int	 domains;	/* default 100000 */
		size_t		 memory;	/* default 64M */
	} cache;
};

/*
 * Reads and checks a file, with the zone that it names; `why`, for which
 * LIMIT_CONFIG_WHY is room, says on failure what config_read() says.
 */
struct settings	*settings_read(const char *path, char *why, size_t why_size);
/* From text alone: no file but that is looked at. */
struct settings	*settings_read_text(struct slice text, const char *name,
		    char *why, size_t why_size);
/* One more owner; the last one frees.  The loop's thread alone. */
struct settings	*settings_ref(struct settings *s);
void		 settings_unref(struct settings *s);

#endif
