/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema: from nodes of a YAML file to the fields of a struct, by tables.
 *
 * A table names the keys that a mapping may have, how each is read and
 * where it goes.  Each mistake becomes one message for a human:
 * "FILE:LINE:COLUMN: what was seen; allowed: what is".  All functions that
 * return bool return false after they have written that message.
 */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/slice.h"
#include "config/yaml.h"

/*
 * What one reading needs; its maker fills all before `where`.  Reading
 * continues after a mistake, so that `why` gets a line for each, up to
 * LIMIT_CONFIG_MISTAKES; it stops when memory is short, which is then all
 * that `why` says.
 */
struct schema {
	const char	*file;
	struct arena	*arena;		/* of what is read */
	char		*why;
	size_t		 why_size;
	bool		 offline;	/* look at nothing but the text */
	char		 where[64];	/* before key names: "log." */
	unsigned int	 mistakes;
	bool		 no_memory;
	bool		 silent;	/* what follows has been reported */
	struct schema	*parent;	/* of the file that includes this */
};

struct schema_key;
typedef bool	schema_read_fn(struct schema *s, const struct schema_key *key,
		    const struct yaml_node *n, void *out);

/* The form of a value, for config/describe.c; most follow from the reader. */
enum schema_shape {
	SCHEMA_BY_READER,
	SCHEMA_BOOL,
	SCHEMA_WORD,		/* one of `table` */
	SCHEMA_WORDS,		/* any of `table` */
	SCHEMA_NUMBER,
	SCHEMA_DURATION,
	SCHEMA_SECONDS,
	SCHEMA_SIZE,
	SCHEMA_OCTAL,
	SCHEMA_TEXT,
	SCHEMA_TEXTS,
	SCHEMA_SECTION,		/* a mapping: `table` has its keys */
	SCHEMA_ENTRIES,		/* a list of mappings: likewise */
	SCHEMA_KEYS,		/* of a sign rule: entries, or a folder */
	SCHEMA_CONDITIONS	/* of a policy rule */
};

/* A key of a mapping.  A table ends with a key without a name. */
struct schema_key {
	const char		*name;
	schema_read_fn		*read;
	size_t			 field;	/* offset in the struct */
	size_t			 count;	/* of a list's number of items */
	unsigned long long	 min, max;
	const void		*table;	/* words or keys */
	enum schema_shape	 shape;
};

/* A word and its value.  A table ends with a word of NULL. */
struct schema_word {
	const char	*word;
	unsigned int	 value;
};

/*
 * Reads the keys of the mapping `n` into the struct `out`, which has the
 * defaults; NULL and an empty value are a mapping without keys.
 */
bool	schema_mapping(struct schema *s, const struct schema_key *keys,
	    const char *what, const struct yaml_node *n, void *out);
/* The value of a key of the mapping, NULL when it is not there. */
const struct yaml_node	*schema_get(const struct yaml_node *mapping,
			    const char *name);
bool	schema_must_have(struct schema *s, const struct yaml_node *mapping,
	    const char *name);

/* ---- readers for tables; all but the first in config/scalars.c ---- */

/* A mapping: `table` are its keys, `field` is added to theirs. */
schema_read_fn	schema_section;
schema_read_fn	schema_bool;		/* bool: yes, no, true, false */
schema_read_fn	schema_word;		/* enum: `table` of words */
schema_read_fn	schema_words;		/* unsigned int: a set, one bit for
					   each word of a list */
schema_read_fn	schema_number;		/* unsigned int: min..max */
schema_read_fn	schema_duration;	/* unsigned int, ms: min..max */
schema_read_fn	schema_seconds;		/* unsigned int, s: min..max */
schema_read_fn	schema_size;		/* size_t, octets: min..max */
schema_read_fn	schema_mode;		/* unsigned int, octal: 0..max */
schema_read_fn	schema_path;		/* const char *: absolute */
/* slice: printable ASCII, min..max octets; `table` may be the text of what
   is allowed */
schema_read_fn	schema_text;

/* ---- for further readers ---- */

/* Writes what was read to its place in the struct: the table knows offset and
   size, the compiler need not know the type. */
static inline void
schema_put(void *out, size_t field, const void *value, size_t size)
{
	memcpy((char *)out + field, value, size);
}

/* "1h", in seconds, as schema_seconds() reads it; at most `max`. */
bool	schema_parse_seconds(struct slice text, unsigned long long max,
	    unsigned long long *seconds);

/* Reads one item of a list into memory of its size, which is zeroed. */
typedef bool	schema_item_fn(struct slice text, void *item);
/*
 * A list of scalars, or a single one: the items go to the arena,
 * the pointer to `field`, their number (min..max) to `count`.
 */
bool	schema_list(struct schema *s, const struct schema_key *key,
	    const struct yaml_node *n, void *out, size_t item_size,
	    schema_item_fn *read_item, const char *allowed);
/* Copies what the items of a list point to, from the file to the arena. */
bool	schema_keep(struct schema *s, struct slice *items, size_t count);

/* Reads the entry number `index` of a list into its place in `items`. */
typedef bool	schema_entry_fn(struct schema *s, const struct yaml_node *n,
		    void *items, size_t index);
/*
 * The same for a list whose entries may be anything, mappings above all.  They
 * are added to what is there, as lists of several files are joined.
 */
bool	schema_entries(struct schema *s, const struct schema_key *key,
	    const struct yaml_node *n, void *out, size_t item_size,
	    schema_entry_fn *read_entry, const char *allowed);
/* Items of a list, or the node itself when it is none. */
const struct yaml_node	*schema_first(const struct yaml_node *n);
const struct yaml_node	*schema_next(const struct yaml_node *n,
			    const struct yaml_node *item);
size_t			 schema_count(const struct yaml_node *n);
/* True for a scalar that is not empty. */
bool	schema_has_text(const struct yaml_node *n);
/* A value that is left out: "key:" with nothing after it. */
bool	schema_is_void(const struct yaml_node *n);
/* Octets that have no place in a path. */
bool	schema_has_control(struct slice text);
/* A copy of a node's text with a NUL; NULL when memory is short. */
const char	*schema_copy(struct schema *s, struct slice text);

/*
 * Begins with the mistakes of a tree, which are in `why` (another buffer than
 * that of `s` when there are some before).
 */
void	schema_take_mistakes(struct schema *s, const struct yaml_tree *t,
	    const char *why);

/* ---- messages; all return false ---- */

/* Begins a message, in a line of its own. */
bool	schema_fail(struct schema *s, const struct yaml_node *at,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* "log.level is 'loud'; allowed: ALLOWED", which may be empty, for the caller
   to go on. */
bool	schema_refuse(struct schema *s, const struct schema_key *key,
	    const struct yaml_node *n, const char *allowed);
bool	schema_no_memory(struct schema *s);
/*
 * Takes `word` for what was meant with `text` if at most a third of it is
 * wrong and no other was closer; `*least` begins at SIZE_MAX.
 */
void	schema_guess(const char *word, struct slice text, const char **best,
	    size_t *least);
/* Appends to the current message. */
void	schema_say(struct schema *s, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* Appends text of the file: in quotes, printable, cut when it is long. */
void	schema_say_text(struct schema *s, struct slice text);

#endif
