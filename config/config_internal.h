/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What belongs to a configuration beside its values.
 */
#ifndef CONFIG_CONFIG_INTERNAL_H
#define CONFIG_CONFIG_INTERNAL_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/config.h"

/* What config_ref() counts; the configuration comes first. */
struct config_owned {
	struct config	 config;
	struct arena	*arena;		/* holds this struct as well */
	uint64_t	 taken;		/* keys by number, of all files */
	unsigned int	 included;	/* files */
	atomic_uint	 references;
};

static inline struct config_owned *
config_owned_of(struct config *c)
{
	return (struct config_owned *)c;
}

#endif
