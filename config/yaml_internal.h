/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * yaml, internal: what was written wrong, and how to read on after it.
 *
 * Text alone; libyaml is in config/yaml.c.
 */
#ifndef CONFIG_YAML_INTERNAL_H
#define CONFIG_YAML_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* What libyaml says of a mistake.  Lines and columns count from 1. */
struct yaml_problem {
	const char	*problem;
	const char	*context;	/* "while parsing ..."; NULL: none */
	char		 at;		/* what is there; 0: the end */
	size_t		 line, column;	/* of the problem */
	size_t		 context_line, context_column;
};

/* What to write, for a person: where, and a sentence in `out`. */
void	yaml_problem_explain(const struct yaml_problem *p, size_t *line,
	    size_t *column, char *out, size_t out_size);

/*
 * Puts spaces in the place of the smallest part of the text around a line
 * that can be left out: an item of a list that is the value of a key of the
 * file, or the key with its value.  Places in the rest stay what they are.
 * False when there is nothing left there.
 */
bool	yaml_mend(char *text, size_t len, size_t line);

/*
 * A character in text without quotes that is taken for another one, as word
 * processors and web pages put it there.  NULL: none; else a sentence, and
 * how many characters are before it.
 */
const char	*yaml_lookalike(struct slice text, size_t *at);

#endif
