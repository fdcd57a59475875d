/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * background: a daemon leaves its terminal, and the command that started it
 * ends with the status of that start.
 */
#ifndef PROCESS_BACKGROUND_H
#define PROCESS_BACKGROUND_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Before any thread.  Returns in the child alone; the parent waits for
 * background_tell(), with the signals of `ends` let through, and exits with
 * that, or with `failed` when the child ends without it.  False: no child,
 * and `why` says why.
 */
bool	background_enter(const sigset_t *ends, unsigned char failed, char *why,
	    size_t why_size);
/* Once, from the child.  False: no parent waits, we are in the foreground. */
bool	background_tell(unsigned char status);
/* From now on nothing written to stderr reaches the terminal. */
void	background_leave_stderr(void);

#endif
