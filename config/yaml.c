/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * yaml: a file as a tree of nodes that know their place.
 *
 * libyaml's event interface says where everything begins; the tree is ours,
 * because libyaml's own documents lose anchors and places and take what we
 * refuse.
 *
 * 1. The text is read whole, up to LIMIT_YAML_BYTES, as UTF-8.
 * 2. Each event makes a node or ends one.  A stack of open lists and
 *    mappings, LIMIT_YAML_DEPTH high, takes the place of recursion.
 * 3. In a mapping nodes come in turns: first the key, which must be a
 *    scalar, then its value.
 * 4. When a mapping ends its keys are sorted: equal neighbours are
 *    duplicates, which libyaml does not notice.  The later ones are left out.
 * 5. What libyaml cannot read is reported, then left out of a copy of the
 *    text (config/yaml_mend.c), until it can be read: then all begins again.
 *    What may be missing for that reason is marked as faulty.
 */
#include "config/yaml.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"
#include "config/trusted_internal.h"
#include "config/yaml_internal.h"

struct yaml_tree {
	struct arena		*arena;
	struct yaml_node	*root;
	unsigned int		 mistakes;
};

/* A list or mapping that has not ended yet. */
struct frame {
	struct yaml_node	*node;
	struct yaml_node	*last;	/* its newest child */
	struct yaml_node	*key;	/* waits for its value */
	size_t			 count;	/* of children */
};

struct builder {
	const char		*name;
	char			*why;
	size_t			 why_size;
	struct arena		*arena;
	struct yaml_node	*root;
	struct frame		 open[LIMIT_YAML_DEPTH];
	size_t			 depth;
	size_t			 nodes;
	unsigned int		 mistakes;
	bool			 has_document;
	bool			 mended;	/* something was left out */
	bool			 ended;		/* no more is read */
	bool			 failed;	/* memory: there is no tree */
	size_t			 broken;	/* the line that libyaml could
						   not read; 0: none */
};

/* One past the limit says that there are more, and the rest nothing. */
static bool
begin_mistake(struct builder *b, size_t *len)
{
	if (b->mistakes == 0 && b->why_size > 0)
		b->why[0] = '\0';
	*len = b->why_size > 0 ? strlen(b->why) : 0;
	if (b->mistakes > LIMIT_CONFIG_MISTAKES || *len + 2 >= b->why_size)
		return false;
	if (b->mistakes++ > 0)
		b->why[(*len)++] = '\n';
	b->why[*len] = '\0';
	if (b->mistakes <= LIMIT_CONFIG_MISTAKES)
		return true;
	snprintf(b->why + *len, b->why_size - *len,
	    "%s: there are more mistakes", b->name);
	return false;
}

__attribute__((format(printf, 4, 5))) static void
mistake_at(struct builder *b, size_t line, size_t column, const char *fmt,
    ...)
{
	va_list ap;
	size_t len;

	if (!begin_mistake(b, &len))
		return;
	snprintf(b->why + len, b->why_size - len, "%s:%zu:%zu: ", b->name,
	    line, column);
	len += strlen(b->why + len);
	va_start(ap, fmt);
	vsnprintf(b->why + len, b->why_size - len, fmt, ap);
	va_end(ap);
}

static void
mistake(struct builder *b, const yaml_event_t *e, const char *what)
{
	mistake_at(b, e->start_mark.line + 1, e->start_mark.column + 1,
	    "%s", what);
}

/* After this one nothing more is read. */
static bool
last_mistake(struct builder *b, const yaml_event_t *e, const char *what)
{
	mistake(b, e, what);
	b->ended = true;
	return false;
}

static bool
fail_memory(struct builder *b)
{
	snprintf(b->why, b->why_size, "%s: out of memory", b->name);
	b->failed = true;
	return false;
}

/* ---- errors of libyaml ---- */

/*
 * The reader of libyaml gives octet offsets and no place.  Columns count
 * characters, as its marks do: octets that continue one are passed over.
 */
static void
place_of(struct slice text, size_t offset, size_t *line, size_t *column)
{
	size_t i;

	*line = 1;
	*column = 1;
	for (i = 0; i < offset && i < text.len; i++) {
		if (text.ptr[i] == '\n') {
			++*line;
			*column = 1;
		} else if (((unsigned char)text.ptr[i] & 0xc0) != 0x80) {
			++*column;
		}
	}
}

static void
reader_mistake(struct builder *b, const yaml_parser_t *p, struct slice text)
{
	size_t line, column;

	place_of(text, p->problem_offset, &line, &column);
	b->broken = line;
	if (p->problem_value < 0)
		mistake_at(b, line, column, "%s", p->problem);
	else if (p->problem_value > 0x7f && p->problem_value < 0x100)
		mistake_at(b, line, column, "%s (0x%02x); save the file as "
		    "UTF-8", p->problem, (unsigned int)p->problem_value);
	else
		mistake_at(b, line, column, "%s (0x%02x)", p->problem,
		    (unsigned int)p->problem_value);
}

/* The octet at a mark of libyaml, which counts characters; 0 at the end. */
static char
char_at(struct slice text, size_t index)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (((unsigned char)text.ptr[i] & 0xc0) != 0x80 &&
		    index-- == 0)
			return text.ptr[i];
	}
	return '\0';
}

static void
parser_mistake(struct builder *b, const yaml_parser_t *p, struct slice text)
{
	struct yaml_problem problem = { p->problem, p->context,
		char_at(text, p->problem_mark.index),
		p->problem_mark.line + 1, p->problem_mark.column + 1,
		p->context_mark.line + 1, p->context_mark.column + 1 };
	char what[256];
	size_t line, column;

	yaml_problem_explain(&problem, &line, &column, what, sizeof(what));
	mistake_at(b, line, column, "%s", what);
	/* A block goes on around the mistake; all else begins before it. */
	b->broken = p->context == NULL || strstr(p->context, "block") != NULL ?
	    problem.line : problem.context_line;
}

/* Step 5. */
static bool
take_error(struct builder *b, const yaml_parser_t *p, struct slice text)
{
	if (p->error == YAML_MEMORY_ERROR || p->problem == NULL)
		return fail_memory(b);
	if (p->error == YAML_READER_ERROR)
		reader_mistake(b, p, text);
	else
		parser_mistake(b, p, text);
	return false;
}

/* ---- nodes ---- */

static int
compare_keys(const void *a, const void *b)
{
	const struct yaml_node *const *x = a, *const *y = b;
	int order = slice_cmp((*x)->key->text, (*y)->key->text);

	if (order != 0)
		return order;
	if ((*x)->key->line != (*y)->key->line)
		return (*x)->key->line < (*y)->key->line ? -1 : 1;
	return (*x)->key->column < (*y)->key->column ? -1 : 1;
}

static void
report_duplicates(struct builder *b, struct yaml_node *const *sorted,
    size_t count)
{
	struct yaml_node *first = sorted[0];
	size_t i;

	for (i = 1; i < count; i++) {
		if (!slice_eq(first->key->text, sorted[i]->key->text)) {
			first = sorted[i];
			continue;
		}
		if (first->key->faulty)
			continue;
		mistake_at(b, sorted[i]->key->line, sorted[i]->key->column,
		    "this key is given twice; the first one is at %u:%u",
		    first->key->line, first->key->column);
		sorted[i]->line = 0;
	}
}

/* Those without a line. */
static void
leave_out(struct yaml_node *mapping)
{
	struct yaml_node **n = &mapping->child;

	while (*n != NULL) {
		if ((*n)->line == 0)
			*n = (*n)->next;
		else
			n = &(*n)->next;
	}
}

/* Step 4. */
static bool
check_duplicates(struct builder *b, const struct frame *f)
{
	unsigned int before = b->mistakes;
	struct yaml_node **sorted, *n;
	size_t i = 0;

	if (f->count < 2)
		return true;
	sorted = mem_array(f->count, sizeof(struct yaml_node *));
	if (sorted == NULL)
		return fail_memory(b);
	for (n = f->node->child; n != NULL; n = n->next)
		sorted[i++] = n;
	qsort(sorted, f->count, sizeof(*sorted), compare_keys);
	report_duplicates(b, sorted, f->count);
	mem_free(sorted);
	if (b->mistakes != before)
		leave_out(f->node);
	return true;
}

/* Step 3. */
static void
take_key(struct builder *b, struct frame *f, struct yaml_node *n)
{
	if (n->kind != YAML_SCALAR) {
		mistake_at(b, n->line, n->column, "this key is a %s; a key "
		    "must be plain text", n->kind == YAML_SEQUENCE ? "list" :
		    "mapping");
		n->faulty = true;
	} else if (!n->quoted && slice_eq(n->text, SLICE("<<"))) {
		mistake_at(b, n->line, n->column,
		    "merge keys (<<) are not allowed");
		n->faulty = true;
	}
	f->key = n;
}

static void
attach(struct builder *b, struct yaml_node *n)
{
	struct frame *f;

	if (b->depth == 0) {
		b->root = n;
		return;
	}
	f = &b->open[b->depth - 1];
	if (f->node->kind == YAML_MAPPING && f->key == NULL) {
		take_key(b, f, n);
		return;
	}
	n->key = f->key;
	f->key = NULL;
	if (f->last == NULL)
		f->node->child = n;
	else
		f->last->next = n;
	f->last = n;
	f->count++;
}

static struct yaml_node *
new_node(struct builder *b, const yaml_event_t *e, enum yaml_kind kind)
{
	struct yaml_node *n;

	if (b->nodes == LIMIT_YAML_NODES) {
		mistake_at(b, e->start_mark.line + 1,
		    e->start_mark.column + 1, "too many values; %d are "
		    "allowed in one file", LIMIT_YAML_NODES);
		b->ended = true;
		return NULL;
	}
	b->nodes++;
	n = arena_alloc(b->arena, sizeof(*n));
	if (n == NULL) {
		fail_memory(b);
		return NULL;
	}
	n->kind = kind;
	n->line = (unsigned int)e->start_mark.line + 1;
	n->column = (unsigned int)e->start_mark.column + 1;
	return n;
}

/* They are reported, and the value stays what it is without them. */
static void
report_extras(struct builder *b, const yaml_event_t *e,
    const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor != NULL)
		mistake(b, e, "anchors (&name) are not allowed; text that "
		    "begins with \"&\" needs quotes");
	if (tag != NULL)
		mistake(b, e, "tags (!name) are not allowed; text that "
		    "begins with \"!\" needs quotes");
}

static void
report_lookalike(struct builder *b, struct yaml_node *n)
{
	size_t at;
	const char *what = yaml_lookalike(n->text, &at);

	if (what == NULL)
		return;
	mistake_at(b, n->line, n->column + at, "%s", what);
	n->faulty = true;
}

static bool
add_scalar(struct builder *b, const yaml_event_t *e)
{
	struct slice text = { (const char *)e->data.scalar.value,
	    e->data.scalar.length };
	struct yaml_node *n;

	report_extras(b, e, e->data.scalar.anchor, e->data.scalar.tag);
	n = new_node(b, e, YAML_SCALAR);
	if (n == NULL)
		return false;
	n->text = arena_dup(b->arena, text);
	if (n->text.ptr == NULL)
		return fail_memory(b);
	n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (!n->quoted)
		report_lookalike(b, n);
	/* Its value may be what was left out. */
	if (b->mended && !n->quoted && text.len == 0)
		n->faulty = true;
	attach(b, n);
	return true;
}

/* What it is meant to be is not known. */
static bool
add_alias(struct builder *b, const yaml_event_t *e)
{
	struct yaml_node *n = new_node(b, e, YAML_SCALAR);

	if (n == NULL)
		return false;
	mistake(b, e, "aliases (*name) are not allowed; text that begins "
	    "with \"*\" needs quotes");
	n->text = SLICE("");
	n->faulty = true;
	attach(b, n);
	return true;
}

/* Steps 2 and 3: a list or mapping begins. */
static bool
begin(struct builder *b, const yaml_event_t *e, enum yaml_kind kind)
{
	struct yaml_node *n;

	if (b->depth == LIMIT_YAML_DEPTH) {
		mistake_at(b, e->start_mark.line + 1,
		    e->start_mark.column + 1, "nested too deep; %d levels "
		    "are allowed", LIMIT_YAML_DEPTH);
		b->ended = true;
		return false;
	}
	n = new_node(b, e, kind);
	if (n == NULL)
		return false;
	n->faulty = b->mended && b->depth <= 1;
	attach(b, n);
	b->open[b->depth++] = (struct frame){ .node = n };
	return true;
}

static bool
end(struct builder *b)
{
	struct frame *f;

	assert(b->depth > 0);	/* libyaml ends only what has begun */
	f = &b->open[--b->depth];
	return f->node->kind != YAML_MAPPING || check_duplicates(b, f);
}

static bool
begin_document(struct builder *b, const yaml_event_t *e)
{
	if (b->has_document)
		return last_mistake(b, e,
		    "a second document begins; only one is allowed");
	b->has_document = true;
	return true;
}

static bool
take_event(struct builder *b, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return begin_document(b, e);
	case YAML_ALIAS_EVENT:
		return add_alias(b, e);
	case YAML_SCALAR_EVENT:
		return add_scalar(b, e);
	case YAML_SEQUENCE_START_EVENT:
		report_extras(b, e, e->data.sequence_start.anchor,
		    e->data.sequence_start.tag);
		return begin(b, e, YAML_SEQUENCE);
	case YAML_MAPPING_START_EVENT:
		report_extras(b, e, e->data.mapping_start.anchor,
		    e->data.mapping_start.tag);
		return begin(b, e, YAML_MAPPING);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return end(b);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return true;
}

/* True when all events went into the tree. */
static bool
build(struct builder *b, yaml_parser_t *p, struct slice text)
{
	yaml_event_t e;
	bool good, last;

	do {
		if (!yaml_parser_parse(p, &e))
			return take_error(b, p, text);
		good = take_event(b, &e);
		last = e.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
	} while (good && !last);
	return good;
}

/* Makes nothing but sure that libyaml can read it. */
static bool
try_events(struct builder *b, yaml_parser_t *p, struct slice text)
{
	yaml_event_t e;
	bool last;

	do {
		if (!yaml_parser_parse(p, &e))
			return take_error(b, p, text);
		last = e.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
	} while (!last);
	return true;
}

typedef bool	parse_fn(struct builder *b, yaml_parser_t *p,
		    struct slice text);

static bool
parse(struct builder *b, struct slice text, parse_fn *fn)
{
	yaml_parser_t p;
	bool good;

	b->broken = 0;
	if (!yaml_parser_initialize(&p))
		return fail_memory(b);
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *)text.ptr,
	    text.len);
	good = fn(b, &p, text);
	yaml_parser_delete(&p);
	return good;
}

/* Step 5. */
static void
build_rest(struct builder *b, struct slice text)
{
	char *copy = mem_dup(text.ptr, text.len);
	struct slice rest = { copy, text.len };

	if (copy == NULL) {
		fail_memory(b);
		return;
	}
	b->mistakes = 0;
	b->mended = true;
	while (!parse(b, rest, try_events) && !b->failed &&
	    b->mistakes <= LIMIT_CONFIG_MISTAKES) {
		if (!yaml_mend(copy, rest.len, b->broken))
			rest.len = 0;
	}
	arena_reset(b->arena);
	b->root = NULL;
	b->depth = b->nodes = 0;
	b->has_document = b->ended = false;
	if (!b->failed && b->mistakes <= LIMIT_CONFIG_MISTAKES)
		(void)parse(b, rest, build);
	mem_free(copy);
}

/* ---- the interface ---- */

static struct yaml_tree *
tree_new(struct builder *b)
{
	struct yaml_tree *t = mem_alloc(sizeof(*t));

	if (t == NULL)
		return NULL;
	t->arena = arena_new(LIMIT_YAML_MEMORY);
	if (t->arena == NULL) {
		mem_free(t);
		return NULL;
	}
	b->arena = t->arena;
	return t;
}

struct yaml_tree *
yaml_tree_read_text(struct slice text, const char *name, char *why,
    size_t why_size)
{
	struct builder b = { .name = name, .why = why,
		.why_size = why_size };
	struct yaml_tree *t;

	if (text.len > LIMIT_YAML_BYTES) {
		snprintf(why, why_size, "%s: longer than %u octets", name,
		    LIMIT_YAML_BYTES);
		return NULL;
	}
	t = tree_new(&b);
	if (t == NULL) {
		fail_memory(&b);
		return NULL;
	}
	/* A byte order mark is not part of the first line. */
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_from(text, 3);
	if (!parse(&b, text, build) && b.broken > 0)
		build_rest(&b, text);
	t->root = b.depth == 0 ? b.root : NULL;
	t->mistakes = b.mistakes;
	if (!b.failed)
		return t;
	yaml_tree_free(t);
	return NULL;
}

unsigned int
yaml_tree_mistakes(const struct yaml_tree *t)
{
	return t->mistakes;
}

struct yaml_tree *
yaml_tree_read_file(const char *path, char *why, size_t why_size)
{
	struct yaml_tree *t = NULL;
	char *text;
	size_t len;

	text = mem_alloc(LIMIT_YAML_BYTES);
	if (text == NULL) {
		snprintf(why, why_size, "%s: out of memory", path);
		return NULL;
	}
	if (trusted_read(path, text, LIMIT_YAML_BYTES, &len, why, why_size))
		t = yaml_tree_read_text((struct slice){ text, len }, path,
		    why, why_size);
	mem_free(text);
	return t;
}

void
yaml_tree_free(struct yaml_tree *t)
{
	if (t == NULL)
		return;
	arena_free(t->arena);
	mem_free(t);
}

const struct yaml_node *
yaml_tree_root(const struct yaml_tree *t)
{
	const struct yaml_node *root = t->root;

	if (root != NULL && root->kind == YAML_SCALAR && !root->quoted &&
	    root->text.len == 0)
		return NULL;
	return root;
}
