/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: a thread that looks after an engine, for as long as it is the
 * current one.
 */
#ifndef MILTER_WATCH_H
#define MILTER_WATCH_H

#include "message/engine.h"

/*
 * Looks up the records of all keys, logs what is found, and looks again when
 * signing_next_check() says so.  Logs which nameservers are in use, and when
 * one fails or is back, and their statistics.  When resolv.conf names others,
 * an engine with those takes over.  Takes a reference of its own.
 */
void	watch_engine(struct engine *e);

#endif
