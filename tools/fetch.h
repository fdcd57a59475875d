/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fetch: a policy of MTA-STS from its host, once.
 */
#ifndef TOOLS_FETCH_H
#define TOOLS_FETCH_H

#include <stdbool.h>

#include "https/https.h"

/*
 * Blocks until it is done.  `r` is filled as for https_get(), without `done`.
 * False: this program has no HTTPS, or cannot begin with it; `r->problem` says
 * so.
 */
bool	fetch_policy(struct https_request *r);

#endif
