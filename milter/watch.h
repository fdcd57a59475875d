/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: a thread that looks after the keys of an engine, for as long as it
 * is the current one.
 */
#ifndef MILTER_WATCH_H
#define MILTER_WATCH_H

#include "message/engine.h"

/*
 * Looks up the records of all keys, logs what is found, and looks again when
 * signing_next_check() says so.  Takes a reference of its own; nothing
 * happens when the engine signs nothing.
 */
void	watch_keys(struct engine *e);

#endif
