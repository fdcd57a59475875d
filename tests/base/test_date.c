/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/date.h"

#include "tests/tap.h"

#define BAD INT64_MIN

static const struct {
	const char	*text;
	int64_t		 day, moment;
} cases[] = {
	{ .text = "1970-01-01", .day = 0, .moment = 0 },
	{ .text = "2026-12-31", .day = 1798675200, .moment = 1798675200 },
	{ .text = "2028-02-29", .day = 1835395200, .moment = 1835395200 },
	{ .text = "9999-12-31", .day = 253402214400, .moment = 253402214400 },
	{ .text = "1970-01-01T00:00:01Z", .day = BAD, .moment = 1 },
	{ .text = "2026-12-31T23:59:59Z", .day = BAD, .moment = 1798761599 },
	{ .text = "1969-12-31", .day = BAD, .moment = BAD },
	{ .text = "2026-02-29", .day = BAD, .moment = BAD },
	{ .text = "2026-02-30", .day = BAD, .moment = BAD },
	{ .text = "2026-04-31", .day = BAD, .moment = BAD },
	{ .text = "2026-13-01", .day = BAD, .moment = BAD },
	{ .text = "2026-00-01", .day = BAD, .moment = BAD },
	{ .text = "2026-01-00", .day = BAD, .moment = BAD },
	{ .text = "2026-1-1", .day = BAD, .moment = BAD },
	{ .text = "26-01-01", .day = BAD, .moment = BAD },
	{ .text = "10000-01-01", .day = BAD, .moment = BAD },
	{ .text = "2026-01-01 ", .day = BAD, .moment = BAD },
	{ .text = " 2026-01-01", .day = BAD, .moment = BAD },
	{ .text = "2026-01-01T", .day = BAD, .moment = BAD },
	{ .text = "2026-01-01T24:00:00Z", .day = BAD, .moment = BAD },
	{ .text = "2026-01-01T12:60:00Z", .day = BAD, .moment = BAD },
	{ .text = "2026-01-01T12:00:60Z", .day = BAD, .moment = BAD },
	{ .text = "2026-01-01T12:00:00", .day = BAD, .moment = BAD },
	{ .text = "1970-01-02t00:00:01z", .day = BAD, .moment = 86401 },
	{ .text = "2026-01-01T12:00:00Z+", .day = BAD, .moment = BAD },
	{ .text = "-026-01-01", .day = BAD, .moment = BAD },
	{ .text = "", .day = BAD, .moment = BAD }
};

int
main(void)
{
	int64_t when;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice text = slice_str(cases[i].text);

		is_num(date_day(text, &when) ? when : BAD, cases[i].day,
		    cases[i].text);
		is_num(date_moment(text, &when) ? when : BAD,
		    cases[i].moment, "or with a time");
	}
	return tap_done();
}
