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
 *    duplicates, which libyaml does not notice.
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

struct yaml_tree {
	struct arena		*arena;
	struct yaml_node	*root;
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
	bool			 has_document;
};

__attribute__((format(printf, 4, 5))) static bool
fail_at(struct builder *b, size_t line, size_t column, const char *fmt, ...)
{
	va_list ap;
	int len;

	len = snprintf(b->why, b->why_size, "%s:%zu:%zu: ", b->name, line,
	    column);
	if (len < 0 || (size_t)len >= b->why_size)
		return false;
	va_start(ap, fmt);
	vsnprintf(b->why + len, b->why_size - (size_t)len, fmt, ap);
	va_end(ap);
	return false;
}

static bool
fail_event(struct builder *b, const yaml_event_t *e, const char *what)
{
	return fail_at(b, e->start_mark.line + 1, e->start_mark.column + 1,
	    "%s", what);
}

static bool
fail_memory(struct builder *b)
{
	snprintf(b->why, b->why_size, "%s: out of memory", b->name);
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

static bool
fail_reader(struct builder *b, const yaml_parser_t *p, struct slice text)
{
	size_t line, column;

	place_of(text, p->problem_offset, &line, &column);
	if (p->problem_value < 0)
		return fail_at(b, line, column, "%s", p->problem);
	return fail_at(b, line, column, "%s (0x%02x)", p->problem,
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

/* What to write, by what is at the place or by what was open there. */
static const struct hint {
	char		 at;		/* 0: any */
	const char	*context;	/* a part of it; NULL: any */
	const char	*text;
} hints[] = {
	/* [::1]: an address, which YAML takes for something else. */
	{ ':', "", " (text that begins with \":\" needs quotes)" },
	{ '\t', NULL, " (a tab: indent with spaces)" },
	{ '%', NULL, " (text that begins with \"%\" needs quotes)" },
	{ '@', NULL, " (text that begins with \"@\" needs quotes)" },
	{ '`', NULL, " (text that begins with \"`\" needs quotes)" },
	{ 0, "an alias", " (text that begins with \"*\" needs quotes, as in "
	  "\"*.example.org\")" },
	{ 0, "an anchor", " (text that begins with \"&\" needs quotes)" },
	{ 0, "flow sequence", " (that list is closed by \"]\")" },
	{ 0, "flow mapping", " (that mapping is closed by \"}\")" },
	{ 0, "parsing a quoted scalar", " (in \"...\" a backslash begins an "
	  "escape; in '...' it is itself)" },
	{ 0, "flow node", " (a list is closed by \"]\", a mapping by "
	  "\"}\")" },
	{ 0, "quoted scalar", " (that text begins and ends with the same "
	  "quotes)" },
	{ 0, "block", " (what belongs together is indented alike)" },
	{ 0, "simple key", " (a key is written \"key: value\")" },
	{ 0, NULL, " (what belongs together is indented alike; text with "
	  "\": \" in it needs quotes)" }
};

static const char *
hint_for(char at, const char *context)
{
	const struct hint *h = hints;

	while ((h->at != 0 && h->at != at) || (h->context != NULL &&
	    (context == NULL || strstr(context, h->context) == NULL)))
		h++;
	return h->text;
}

static bool
fail_parser(struct builder *b, const yaml_parser_t *p, struct slice text)
{
	size_t line = p->problem_mark.line + 1;
	size_t column = p->problem_mark.column + 1;
	const char *hint;

	if (p->error == YAML_MEMORY_ERROR || p->problem == NULL)
		return fail_memory(b);
	if (p->error == YAML_READER_ERROR)
		return fail_reader(b, p, text);
	hint = hint_for(char_at(text, p->problem_mark.index), p->context);
	if (p->context == NULL)
		return fail_at(b, line, column, "%s%s", p->problem, hint);
	return fail_at(b, line, column, "%s, %s that begins at %zu:%zu%s",
	    p->problem, p->context, p->context_mark.line + 1,
	    p->context_mark.column + 1, hint);
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

/* Step 4. */
static bool
check_duplicates(struct builder *b, const struct frame *f)
{
	const struct yaml_node **sorted;
	const struct yaml_node *n, *again = NULL, *first = NULL;
	size_t i = 0;

	if (f->count < 2)
		return true;
	sorted = mem_array(f->count, sizeof(*sorted));
	if (sorted == NULL)
		return fail_memory(b);
	for (n = f->node->child; n != NULL; n = n->next)
		sorted[i++] = n;
	qsort(sorted, f->count, sizeof(*sorted), compare_keys);
	for (i = 1; i < f->count && again == NULL; i++) {
		if (slice_eq(sorted[i - 1]->key->text, sorted[i]->key->text)) {
			first = sorted[i - 1]->key;
			again = sorted[i]->key;
		}
	}
	mem_free(sorted);
	if (again == NULL)
		return true;
	return fail_at(b, again->line, again->column,
	    "this key is given twice; the first one is at %u:%u", first->line,
	    first->column);
}

/* Step 3. */
static bool
take_key(struct builder *b, struct frame *f, struct yaml_node *n)
{
	if (n->kind != YAML_SCALAR)
		return fail_at(b, n->line, n->column,
		    "this key is a %s; a key must be plain text",
		    n->kind == YAML_SEQUENCE ? "list" : "mapping");
	if (!n->quoted && slice_eq(n->text, SLICE("<<")))
		return fail_at(b, n->line, n->column,
		    "merge keys (<<) are not allowed");
	f->key = n;
	return true;
}

static bool
attach(struct builder *b, struct yaml_node *n)
{
	struct frame *f;

	if (b->depth == 0) {
		b->root = n;
		return true;
	}
	f = &b->open[b->depth - 1];
	if (f->node->kind == YAML_MAPPING && f->key == NULL)
		return take_key(b, f, n);
	n->key = f->key;
	f->key = NULL;
	if (f->last == NULL)
		f->node->child = n;
	else
		f->last->next = n;
	f->last = n;
	f->count++;
	return true;
}

static struct yaml_node *
new_node(struct builder *b, const yaml_event_t *e, enum yaml_kind kind)
{
	struct yaml_node *n;

	if (b->nodes == LIMIT_YAML_NODES) {
		fail_at(b, e->start_mark.line + 1, e->start_mark.column + 1,
		    "too many values; %d are allowed in one file",
		    LIMIT_YAML_NODES);
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

static bool
refuse_extras(struct builder *b, const yaml_event_t *e,
    const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor != NULL)
		return fail_event(b, e, "anchors (&name) are not allowed");
	if (tag != NULL)
		return fail_event(b, e, "tags (!name) are not allowed");
	return true;
}

static bool
add_scalar(struct builder *b, const yaml_event_t *e)
{
	struct slice text = { (const char *)e->data.scalar.value,
	    e->data.scalar.length };
	struct yaml_node *n;

	if (!refuse_extras(b, e, e->data.scalar.anchor, e->data.scalar.tag))
		return false;
	n = new_node(b, e, YAML_SCALAR);
	if (n == NULL)
		return false;
	n->text = arena_dup(b->arena, text);
	if (n->text.ptr == NULL)
		return fail_memory(b);
	n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return attach(b, n);
}

/* Steps 2 and 3: a list or mapping begins. */
static bool
begin(struct builder *b, const yaml_event_t *e, enum yaml_kind kind)
{
	struct yaml_node *n;

	if (b->depth == LIMIT_YAML_DEPTH)
		return fail_at(b, e->start_mark.line + 1,
		    e->start_mark.column + 1,
		    "nested too deep; %d levels are allowed",
		    LIMIT_YAML_DEPTH);
	n = new_node(b, e, kind);
	if (n == NULL || !attach(b, n))
		return false;
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
		return fail_event(b, e,
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
		return fail_event(b, e, "aliases (*name) are not allowed; "
		    "text that begins with \"*\" needs quotes");
	case YAML_SCALAR_EVENT:
		return add_scalar(b, e);
	case YAML_SEQUENCE_START_EVENT:
		return refuse_extras(b, e, e->data.sequence_start.anchor,
		    e->data.sequence_start.tag) && begin(b, e, YAML_SEQUENCE);
	case YAML_MAPPING_START_EVENT:
		return refuse_extras(b, e, e->data.mapping_start.anchor,
		    e->data.mapping_start.tag) && begin(b, e, YAML_MAPPING);
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

static bool
build(struct builder *b, yaml_parser_t *p, struct slice text)
{
	yaml_event_t e;
	bool good, last;

	do {
		if (!yaml_parser_parse(p, &e))
			return fail_parser(b, p, text);
		good = take_event(b, &e);
		last = e.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
	} while (good && !last);
	return good;
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
	yaml_parser_t p;
	bool good;

	if (text.len > LIMIT_YAML_BYTES) {
		snprintf(why, why_size, "%s: longer than %u octets", name,
		    LIMIT_YAML_BYTES);
		return NULL;
	}
	t = tree_new(&b);
	if (t == NULL || !yaml_parser_initialize(&p)) {
		fail_memory(&b);
		yaml_tree_free(t);
		return NULL;
	}
	/* A byte order mark is not part of the first line. */
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_from(text, 3);
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *)text.ptr,
	    text.len);
	good = build(&b, &p, text);
	yaml_parser_delete(&p);
	t->root = b.root;
	if (good)
		return t;
	yaml_tree_free(t);
	return NULL;
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
