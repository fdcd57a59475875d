/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * describe: the configuration as a JSON Schema, for editors.
 *
 * Made from the tables that read it, so that the two cannot differ.  It says
 * which keys and words there are and the form of what is after them; what a
 * schema cannot say (an address, a rule that goes with another) the reader
 * finds.
 */
#ifndef CONFIG_DESCRIBE_INTERNAL_H
#define CONFIG_DESCRIBE_INTERNAL_H

#include "base/json.h"
#include "config/schema.h"

/* The keys of the whole configuration; in config.c. */
extern const struct schema_key config_keys[];

/*
 * Writes the schema.  The name of a key whose form is not known, or NULL:
 * its row needs a `shape`.
 */
const char	*config_describe(struct json *j);

#endif
