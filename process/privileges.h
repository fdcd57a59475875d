/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privileges: from root to the user of the configuration.
 *
 * What root reads at the start the user must be able to read at a reload:
 * so it is read as that user from the first.
 */
#ifndef PROCESS_PRIVILEGES_H
#define PROCESS_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The user's ids.  False: no such user, and `why` says so. */
bool	privileges_find_user(const char *user, uid_t *uid, gid_t *gid,
	    char *why, size_t why_size);

/*
 * Acts as the user for a while, and as root again.  Nothing happens when
 * this process is not root's, or without a user (NULL).  Before there are
 * threads.  False: not possible, and `why` says why.
 */
bool	privileges_borrow(const char *user, char *why, size_t why_size);
void	privileges_return(void);

/* For ever: no way back.  Otherwise as privileges_borrow(). */
bool	privileges_drop(const char *user, char *why, size_t why_size);

/* As many descriptors as we may have. */
void	privileges_raise_descriptors(void);
/* No program that is started from here gains what we do not have. */
void	privileges_forbid_new(void);
/*
 * Before private keys are read, and again after privileges_drop(): no core
 * file, and no process of the same user may look into our memory.
 */
void	privileges_hide_memory(void);

#endif
