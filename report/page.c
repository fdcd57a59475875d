/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page: see page.h.
 *
 * Charts are SVG in the page.  Each has its figures in words as well: colour
 * is never the only difference between passed and failed.
 */
#include "report/page.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/cursor.h"
#include "base/utf8.h"

#define CHART_HEIGHT 80u
#define CHART_DAYS 62		/* the last of them */

static const char style[] =
    ":root{--bg:#fff;--fg:#1b1f24;--dim:#5a6270;--line:#dfe3e8;"
    "--pass:#1f7a8c;--fail:#c4501b;--card:#f6f8fa}"
    "@media(prefers-color-scheme:dark){:root{--bg:#14171c;--fg:#e6e9ee;"
    "--dim:#9aa4b2;--line:#2c323b;--pass:#4fb3c8;--fail:#f08a4b;"
    "--card:#1c2129}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:68rem;padding:1rem;background:var(--bg);"
    "color:var(--fg);font:16px/1.5 system-ui,sans-serif}"
    "h1{font-size:1.5rem;margin:.5rem 0 0}"
    "h2{font-size:1.1rem;margin:2rem 0 .5rem}"
    "p{margin:.25rem 0}.dim{color:var(--dim)}"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,"
    "minmax(9rem,1fr));gap:.75rem;margin:1rem 0;padding:0}"
    ".cards div{background:var(--card);border:1px solid var(--line);"
    "border-radius:.5rem;padding:.6rem .8rem}"
    ".cards dt{color:var(--dim);font-size:.85rem}"
    ".cards dd{margin:0;font-size:1.4rem;font-variant-numeric:tabular-nums}"
    "figure{margin:0}svg{display:block;width:100%;height:auto}"
    "figcaption{color:var(--dim);font-size:.85rem}"
    ".pass{fill:var(--pass)}.fail{fill:var(--fail)}"
    ".key{display:inline-block;width:.75em;height:.75em;"
    "border-radius:2px;margin-right:.35em}"
    ".kp{background:var(--pass)}.kf{background:var(--fail)}"
    ".wide{overflow-x:auto}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);"
    "text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "th{color:var(--dim);font-weight:600;font-size:.85rem}"
    "th:first-child,td:first-child{text-align:left;white-space:normal;"
    "overflow-wrap:anywhere;min-width:9rem}"
    "td small{color:var(--dim);display:block}"
    "td svg{width:8rem;height:.7rem}";

/* ---- text ---- */

/* Anyone's text: characters of markup and controls never leave as such. */
static void
foreign(struct buf *b, struct slice s)
{
	struct cursor c = cursor_of(s);

	while (!cursor_at_end(&c)) {
		struct cursor start = c;
		char octet;

		if (utf8_take(&c)) {
			buf_addf(b, "&#%" PRIu32 ";",
			    utf8_code(cursor_since(&c, &start)));
			continue;
		}
		(void)cursor_any(&c, &octet);
		if (octet == '<' || octet == '>' || octet == '&' ||
		    octet == '"' || octet == '\'')
			buf_addf(b, "&#%d;", octet);
		else if ((unsigned char)octet < 0x20 ||
		    (unsigned char)octet >= 0x7f)
			buf_adds(b, "&#65533;");
		else
			buf_addc(b, octet);
	}
}

/* "1,234,567" */
static void
number(struct buf *b, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n), i;

	for (i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			buf_addc(b, ',');
		buf_addc(b, digits[i]);
	}
}

/* In tenths of a percent, rounded down, so that 100 % is all of them. */
static unsigned int
share(uint64_t part, uint64_t whole)
{
	if (whole == 0)
		return 0;
	return (unsigned int)((double)part / (double)whole * 1000.0);
}

static void
percent(struct buf *b, uint64_t part, uint64_t whole)
{
	unsigned int tenths = share(part, whole);

	buf_addf(b, "%u.%u %%", tenths / 10, tenths % 10);
}

/* ---- the parts of the page ---- */

static void
write_card(struct buf *b, const char *name, uint64_t n)
{
	buf_addf(b, "<div><dt>%s</dt><dd>", name);
	number(b, n);
	buf_adds(b, "</dd></div>");
}

static void
write_cards(struct buf *b, const struct tallies *t)
{
	const struct tally_line *all = &t->all;

	buf_adds(b, "<dl class=\"cards\">");
	write_card(b, "messages", all->messages);
	buf_adds(b, "<div><dt>passed DMARC</dt><dd>");
	percent(b, all->passed, all->messages);
	buf_adds(b, "</dd></div>");
	write_card(b, "failed", all->messages - all->passed);
	write_card(b, "quarantined", all->dispositions[REPORT_QUARANTINE]);
	write_card(b, "rejected", all->dispositions[REPORT_REJECT]);
	write_card(b, "sources", t->sources.count);
	buf_adds(b, "</dl>\n");
}

/* One column: failed is on top of passed. */
static void
write_day(struct buf *b, const struct tally_line *l, uint64_t most,
    size_t place)
{
	double scale = (double)CHART_HEIGHT / (double)most;
	double pass = (double)l->passed * scale;
	double all = (double)l->messages * scale;

	buf_adds(b, "<g><title>");
	foreign(b, l->key);
	buf_adds(b, ": ");
	number(b, l->passed);
	buf_adds(b, " passed, ");
	number(b, l->messages - l->passed);
	buf_addf(b, " failed</title>"
	    "<rect class=\"pass\" x=\"%zu\" y=\"%.1f\" width=\"9\" "
	    "height=\"%.1f\"/>"
	    "<rect class=\"fail\" x=\"%zu\" y=\"%.1f\" width=\"9\" "
	    "height=\"%.1f\"/></g>",
	    10 * place, CHART_HEIGHT - pass, pass,
	    10 * place, CHART_HEIGHT - all, all - pass);
}

static void
write_days(struct buf *b, const struct tally_table *days)
{
	size_t first = days->count > CHART_DAYS ? days->count - CHART_DAYS : 0;
	size_t i, columns = days->count - first;
	uint64_t most = 1;

	for (i = first; i < days->count; i++)
		if (days->lines[i].messages > most)
			most = days->lines[i].messages;
	buf_adds(b, "<h2>Messages by day</h2><figure>");
	buf_addf(b, "<svg viewBox=\"0 0 %zu %u\" role=\"img\" "
	    "preserveAspectRatio=\"xMinYMax meet\" "
	    "aria-label=\"messages by day\">",
	    10 * (columns < 31 ? 31 : columns), CHART_HEIGHT);
	for (i = first; i < days->count; i++)
		write_day(b, &days->lines[i], most, i - first);
	buf_adds(b, "</svg><figcaption><span class=\"key kp\"></span>passed "
	    "<span class=\"key kf\"></span>failed; ");
	if (columns > 0) {
		foreign(b, days->lines[first].key);
		buf_adds(b, " to ");
		foreign(b, days->lines[days->count - 1].key);
	}
	buf_adds(b, ", the highest column has ");
	number(b, most);
	buf_adds(b, "</figcaption></figure>\n");
}

static void
write_bar(struct buf *b, const struct tally_line *l, uint64_t most)
{
	unsigned int all = share(l->messages, most);
	unsigned int pass = share(l->passed, most);

	buf_addf(b, "<td><svg viewBox=\"0 0 1000 80\" role=\"img\" "
	    "preserveAspectRatio=\"none\" aria-label=\"share\">"
	    "<rect class=\"pass\" width=\"%u\" height=\"80\"/>"
	    "<rect class=\"fail\" x=\"%u\" width=\"%u\" height=\"80\"/>"
	    "</svg></td>", pass, pass, all > pass ? all - pass : 0);
}

static void
write_line(struct buf *b, const struct tally_line *l, uint64_t most)
{
	const uint64_t figures[] = { l->messages, l->passed, l->dkim, l->spf,
	    l->dispositions[REPORT_QUARANTINE],
	    l->dispositions[REPORT_REJECT] };
	size_t i;

	buf_adds(b, "<tr><td>");
	foreign(b, l->key.len > 0 ? l->key : SLICE("(none)"));
	if (l->name.len > 0) {
		buf_adds(b, "<small>");
		foreign(b, l->name);
		buf_adds(b, "</small>");
	}
	buf_adds(b, "</td>");
	write_bar(b, l, most);
	for (i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		buf_adds(b, "<td>");
		number(b, figures[i]);
		buf_adds(b, "</td>");
	}
	buf_adds(b, "</tr>\n");
}

static void
write_table(struct buf *b, const char *title, const char *head,
    const struct tally_table *t)
{
	size_t i;

	buf_addf(b, "<h2>%s</h2><div class=\"wide\"><table><thead><tr>"
	    "<th scope=\"col\">%s</th><th scope=\"col\">share</th>"
	    "<th scope=\"col\">messages</th><th scope=\"col\">passed</th>"
	    "<th scope=\"col\">DKIM</th><th scope=\"col\">SPF</th>"
	    "<th scope=\"col\">quarantined</th>"
	    "<th scope=\"col\">rejected</th></tr></thead><tbody>\n",
	    title, head);
	for (i = 0; i < t->count && i < PAGE_LINES; i++)
		write_line(b, &t->lines[i], t->lines[0].messages);
	buf_adds(b, "</tbody></table></div>\n");
	if (i < t->count)
		buf_addf(b, "<p class=\"dim\">and %zu more</p>\n",
		    t->count - i);
}

static void
write_head(struct buf *b, const struct page *page, const struct tallies *t)
{
	char begin[REPORT_DAY], end[REPORT_DAY];

	report_day(t->begin, begin);
	report_day(t->end, end);
	buf_addf(b, "<!DOCTYPE html>\n<html lang=\"en\"><head>"
	    "<meta charset=\"utf-8\">"
	    "<meta http-equiv=\"Content-Security-Policy\" "
	    "content=\"default-src 'none'; style-src 'unsafe-inline'; "
	    "img-src data:\">"
	    "<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">"
	    "<meta name=\"color-scheme\" content=\"light dark\">"
	    /* Without it a browser asks for /favicon.ico. */
	    "<link rel=\"icon\" href=\"data:,\">"
	    "<title>%s</title><style>%s</style></head><body>\n<h1>%s</h1>",
	    page->title, style, page->title);
	buf_adds(b, "<p class=\"dim\">");
	foreign(b, page->about);
	buf_addf(b, "</p><p class=\"dim\">%s to %s (UTC)</p>\n", begin, end);
}

void
page_write(struct buf *b, const struct page *page, const struct tallies *t)
{
	write_head(b, page, t);
	write_cards(b, t);
	write_days(b, &t->days);
	write_table(b, "Who sends", "source", &t->sources);
	write_table(b, "Domain in From", "domain", &t->froms);
	write_table(b, page->last_title != NULL ? page->last_title :
	    "Who reported", page->last_key != NULL ? page->last_key :
	    "reporter", &t->reporters);
	buf_adds(b, "<p class=\"dim\">Passed: a DKIM signature or SPF passed "
	    "for a domain that is aligned with the one in From.  DKIM and SPF "
	    "count those that passed aligned.</p>\n</body></html>\n");
}
