/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain: who sealed a message on its way, what each said, and where the chain
 * broke.
 */
#ifndef TOOLS_CHAIN_H
#define TOOLS_CHAIN_H

#include <stdint.h>

#include "arc/arc.h"
#include "base/arena.h"
#include "base/json.h"
#include "tools/text.h"

/*
 * What other hosts said is read into the arena.  `trusted` is the sealer who
 * is believed, or empty.  No chain, no text.
 */
void	chain_text(struct text *t, const struct arc_verdict *v,
	    struct slice trusted, int64_t now, struct arena *arena);
void	chain_json(struct json *j, const char *key,
	    const struct arc_verdict *v, struct slice trusted,
	    struct arena *arena);

#endif
