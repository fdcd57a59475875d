/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service: answers to questions, from memory or from a lookup.
 */
#ifndef TLSPOL_SERVICE_H
#define TLSPOL_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "process/listen.h"
#include "tlspol/settings.h"

struct service;

/*
 * With the threads that it needs, and a reference to the settings.  NULL,
 * and `why` says why.
 */
struct service	*service_new(struct settings *settings, char *why,
		    size_t why_size);
/* Reads the cache file, if there is one, and says in the log what it was. */
void		 service_load(struct service *s);
bool		 service_listen(struct service *s, struct listener *l);
/* `readable` is called when there is something to read at `fd`. */
bool		 service_watch(struct service *s, int fd,
		    void (*readable)(void *arg, int fd), void *arg);
/* All of the new settings, or false with `why`, and the old ones stay. */
bool		 service_set(struct service *s,
		    struct settings *settings, char *why,
		    size_t why_size);
/* The figures, as one line of the log. */
void		 service_log_statistics(struct service *s);

/* Until service_stop(); then the cache file is written. */
void		 service_run(struct service *s);
void		 service_stop(struct service *s);

#endif
