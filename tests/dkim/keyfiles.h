/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyfiles: a folder below $top_builddir for key files, which must not be
 * readable by others and so cannot lie among the test data.
 */
#ifndef TESTS_DKIM_KEYFILES_H
#define TESTS_DKIM_KEYFILES_H

#include <sys/types.h>

#include "base/slice.h"
#include "dkim/sign.h"

/* The program ends when there is none. */
void	keyfiles_init(void);
/* Takes away the folder and all in it. */
void	keyfiles_fini(void);
/* The path of a file in it; valid until the next call but one. */
const char	*keyfiles_path(const char *name);
/* Writes a file of that mode, over one there; its path. */
const char	*keyfiles_write(const char *name, struct slice text,
		    mode_t mode);

/* The test data's keys/NAME.pem, read by way of a file of mode 0600. */
struct dkim_private_key	*keyfiles_load(const char *name);

#endif
