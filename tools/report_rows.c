/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_rows: see report_rows.h.
 */
#include "tools/report_rows.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/date.h"
#include "base/limits.h"
#include "config/config.h"

bool
report_day_read(const char *text, int64_t *day)
{
	int64_t when;

	if (!date_day(slice_str(text), &when))
		return false;
	*day = when / DATE_DAY;
	return true;
}

void
report_head_names(struct report_head *h, const struct tool *t)
{
	const struct config_report *c = &t->engine->config->report;
	struct report *r = &h->report;

	*h = (struct report_head){ .report = { .contact = c->extra_contact } };
	r->org_name = c->org_name;
	r->email = c->contact.len > 0 ? c->contact : c->from;
	if (r->org_name.len == 0 && c->from.len > 0)
		r->org_name = slice_from(c->from, slice_find(c->from, '@') + 1);
	if (r->org_name.len == 0)
		r->org_name = t->receiver;
	if (r->email.len > 0)
		return;
	snprintf(h->email, sizeof(h->email), "postmaster@%.*s",
	    SLICE_ARG(t->receiver));
	r->email = slice_str(h->email);
}

void
report_head_fill(struct report_head *h, const struct store_policy *p)
{
	struct report *r = &h->report;

	report_id_make(p->id, h->id);
	r->report_id = slice_str(h->id);
	r->begin = p->day * DATE_DAY;
	r->end = r->begin + DATE_DAY - 1;
	r->domain = p->domain;
	r->p = p->p;
	r->sp = p->sp;
	r->np = p->np;
	r->adkim = p->adkim;
	r->aspf = p->aspf;
	r->testing = p->testing;
	r->discovery = p->discovery;
	h->error[0] = '\0';
	if (p->beyond > 0)
		snprintf(h->error, sizeof(h->error), "%" PRIu64 " messages are "
		    "not in the rows, which were too many", p->beyond);
}

static enum report_disposition
disposition(struct slice word)
{
	enum report_disposition d;

	for (d = REPORT_NONE; d < REPORT_OTHER_DISPOSITION; d++)
		if (slice_eq(word, slice_str(report_disposition_name(d))))
			return d;
	return REPORT_NONE;
}

void
report_row_write(struct report_writer *w, const struct store_row *r)
{
	/* As many as there are get values: a row is one of millions. */
	struct report_auth dkim[LIMIT_STORE_RESULTS];
	struct report_reason reasons[LIMIT_STORE_REASONS];
	struct report_auth spf = { .domain = r->spf_domain,
		.scope = SLICE("mfrom"), .result = r->spf_result };
	struct report_row row = { .source = r->source, .count = r->count,
		.disposition = disposition(r->disposition), .dkim = r->dkim,
		.spf = r->spf, .header_from = r->header_from,
		.envelope_from = r->envelope_from,
		.envelope_to = r->envelope_to };
	size_t i;

	for (i = r->dkim_count; i > 0; i--) {
		dkim[i - 1] = (struct report_auth){
			.domain = r->dkim_results[i - 1].domain,
			.selector = r->dkim_results[i - 1].selector,
			.result = r->dkim_results[i - 1].result,
			.next = row.dkim_results };
		row.dkim_results = &dkim[i - 1];
	}
	for (i = r->reason_count; i > 0; i--) {
		reasons[i - 1] = (struct report_reason){
			.type = r->reasons[i - 1].type,
			.comment = r->reasons[i - 1].comment,
			.next = row.reasons };
		row.reasons = &reasons[i - 1];
	}
	if (spf.result.len > 0)
		row.spf_results = &spf;
	report_writer_row(w, &row);
}
