/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lint: see lint.h.
 */
#include "tools/lint.h"

struct lint_item {
	struct lint_note	 note;
	struct lint_item	*next;
};

void
lint_notes_init(struct lint_notes *n, struct arena *arena)
{
	*n = (struct lint_notes){ .arena = arena, .last = &n->first };
}

void
lint_notes_add(void *arg, const struct lint_note *note)
{
	struct lint_notes *n = arg;
	struct lint_item *item = arena_alloc(n->arena, sizeof(*item));

	if (note->weight == LINT_ERROR)
		n->errors++;
	if (item == NULL) {
		n->cut = true;
		return;
	}
	item->note = *note;
	item->note.domain = arena_dup(n->arena, note->domain);
	item->note.record = arena_dup(n->arena, note->record);
	item->note.name = arena_dup(n->arena, note->name);
	item->note.publish = arena_dup(n->arena, note->publish);
	*n->last = item;
	n->last = &item->next;
	n->cut |= arena_failed(n->arena);
}

static struct slice
part_of(const struct lint_note *note)
{
	return slice_head(slice_from(note->record, note->at), note->len);
}

/* ---- as text ---- */

static bool
has_record_of(const struct lint_note *note, const struct lint_note *before)
{
	return before != NULL && slice_eq(note->domain, before->domain) &&
	    slice_eq(note->record, before->record);
}

/* Is the octet in a part that a note on this record is about? */
static bool
is_marked(const struct lint_item *item, const struct lint_note *first,
    size_t at)
{
	for (; item != NULL && has_record_of(&item->note, first);
	    item = item->next) {
		if (item->note.publish.len == 0 && at >= item->note.at &&
		    at - item->note.at < item->note.len)
			return true;
	}
	return false;
}

/* "^^^" below each part that is wrong. */
static void
text_marks(struct text *t, const struct lint_item *first)
{
	const struct lint_note *note = &first->note;
	size_t at, column = 2 + text_width(note->domain) + 3;
	size_t shown = note->record.len < TEXT_VALUE_MAX ? note->record.len :
	    TEXT_VALUE_MAX;
	bool any = false;

	for (at = 0; at < shown; at++) {
		struct slice octet = slice_head(slice_from(note->record, at),
		    1);

		if (is_marked(first, note, at)) {
			text_mark(t, column, text_width(octet));
			column = 0;
			any = true;
		} else {
			column += text_width(octet);
		}
	}
	if (any)
		text_end(t);
}

/* The record, with the parts that are wrong marked below. */
static void
text_record(struct text *t, const struct lint_item *first)
{
	text_indent(t, 1);
	text_foreign(t, first->note.domain);
	text_say(t, ": \"");
	text_value(t, first->note.record);
	text_say(t, "\"\n");
	text_marks(t, first);
}

static const enum text_style styles[] = {
	[LINT_ERROR] = TEXT_BAD,
	[LINT_WARNING] = TEXT_DOUBT,
	[LINT_HINT] = TEXT_PLAIN
};

static void
text_weight(struct text *t, const struct lint_note *note)
{
	text_style(t, styles[note->weight], "%s",
	    lint_weight_name(note->weight));
	text_say(t, ": ");
}

/* The part, what is wrong with it, and the end of the line. */
static void
text_what(struct text *t, const struct lint_note *note)
{
	if (note->len > 0) {
		text_value(t, part_of(note));
		text_say(t, ": ");
	}
	text_say(t, "%s", note->what);
	if (note->name.len > 0) {
		text_say(t, ": ");
		text_foreign(t, note->name);
	}
	text_end(t);
}

static void
text_note(struct text *t, const struct lint_note *note)
{
	text_indent(t, 2);
	if (note->publish.len > 0) {
		text_style(t, TEXT_BOLD, "publish");
		text_say(t, ": \"");
		text_foreign(t, note->publish);
		text_say(t, "\"\n");
		return;
	}
	text_weight(t, note);
	text_what(t, note);
}

void
lint_notes_text(struct text *t, const struct lint_notes *n)
{
	const struct lint_note *before = NULL;
	const struct lint_item *item;

	for (item = n->first; item != NULL; item = item->next) {
		if (item->note.record.len > 0 &&
		    !has_record_of(&item->note, before))
			text_record(t, item);
		if (item->note.publish.len == 0)
			before = &item->note;
		text_note(t, &item->note);
	}
	if (n->cut)
		text_say(t, "  ... (too much to show)\n");
}

/* ---- as a list ---- */

static void
list_note(struct text *t, const struct lint_note *note)
{
	text_indent(t, 1);
	text_weight(t, note);
	text_foreign(t, note->domain);
	text_say(t, ": ");
	text_what(t, note);
}

static void
list_publish(struct text *t, const struct lint_note *note)
{
	text_indent(t, 2);
	text_style(t, TEXT_BOLD, "publish");
	text_say(t, " ");
	text_foreign(t, note->domain);
	text_say(t, ": \"");
	text_foreign(t, note->publish);
	text_say(t, "\"\n");
}

/* Advice belongs to the note before it. */
void
lint_notes_list(struct text *t, const struct lint_notes *n)
{
	enum lint_weight weight, last = LINT_HINT;
	const struct lint_item *item;

	if (n->first == NULL)
		return;
	text_title(t, "To fix\n");
	for (weight = LINT_ERROR; weight <= LINT_HINT; weight++) {
		for (item = n->first; item != NULL; item = item->next) {
			if (item->note.publish.len == 0)
				last = item->note.weight;
			if (last != weight)
				continue;
			if (item->note.publish.len == 0)
				list_note(t, &item->note);
			else
				list_publish(t, &item->note);
		}
	}
	if (n->cut)
		text_say(t, "  ... (too much to show)\n");
}

/* ---- as JSON ---- */

void
lint_notes_json(struct json *j, const char *key, const struct lint_notes *n)
{
	const struct lint_item *item;
	const struct lint_note *note;

	json_array(j, key);
	for (item = n->first; item != NULL; item = item->next) {
		note = &item->note;
		json_object(j, NULL);
		json_string(j, "weight", lint_weight_name(note->weight));
		json_slice_or_null(j, "domain", note->domain);
		json_slice_or_null(j, "record", note->record);
		json_number(j, "at", (long long)note->at);
		json_slice_or_null(j, "part", part_of(note));
		json_string(j, "what", note->what);
		json_slice_or_null(j, "name", note->name);
		json_slice_or_null(j, "publish", note->publish);
		json_object_end(j);
	}
	json_array_end(j);
}
