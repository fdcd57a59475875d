/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What leaves the command: no foreign octet that is not printable ASCII,
 * well-formed JSON, and times in words.
 */
#include "base/json.h"
#include "tools/text.h"

#include "tests/tap.h"

static char got[8192];

/* A stream into `got`; the caller closes it. */
static FILE *
open_got(void)
{
	FILE *f = fmemopen(got, sizeof(got), "w");

	memset(got, 0, sizeof(got));
	if (f == NULL)
		exit(EXIT_FAILURE);
	return f;
}

static const struct {
	const char	*name;
	struct slice	 input;
	const char	*text;
	const char	*json;
} cases[] = {
	{ "word", SLICE_INIT("word"), "word", "\"word\"" },
	{ "empty", SLICE_INIT(""), "", "\"\"" },
	{ "quotes", SLICE_INIT("a\"b\\c"), "a\"b\\\\c", "\"a\\\"b\\\\c\"" },
	{ "escape sequence", SLICE_INIT("\033[31m"), "\\x1b[31m",
	  "\"\\u001b[31m\"" },
	{ "line ends", SLICE_INIT("a\r\nb"), "a\\x0d\\x0ab",
	  "\"a\\u000d\\u000ab\"" },
	{ "NUL", SLICE_INIT("a\0b"), "a\\x00b", "\"a\\u0000b\"" },
	{ "DEL", SLICE_INIT("\177"), "\\x7f", "\"\\u007f\"" },
	{ "UTF-8 of two", SLICE_INIT("\xc3\xa4"), "\\xc3\\xa4",
	  "\"\\u00e4\"" },
	{ "C1 control in UTF-8", SLICE_INIT("\xc2\x9b"), "\\xc2\\x9b",
	  "\"\\u009b\"" },
	{ "UTF-8 of three", SLICE_INIT("\xe2\x80\xae"), "\\xe2\\x80\\xae",
	  "\"\\u202e\"" },
	{ "UTF-8 of four", SLICE_INIT("\xf0\x9f\x98\x80"),
	  "\\xf0\\x9f\\x98\\x80", "\"\\ud83d\\ude00\"" },
	{ "highest code point", SLICE_INIT("\xf4\x8f\xbf\xbf"),
	  "\\xf4\\x8f\\xbf\\xbf", "\"\\udbff\\udfff\"" },
	{ "no UTF-8", SLICE_INIT("\xff\xc3"), "\\xff\\xc3",
	  "\"\\ufffd\\ufffd\"" },
	{ "surrogate in UTF-8", SLICE_INIT("\xed\xa0\x80"),
	  "\\xed\\xa0\\x80", "\"\\ufffd\\ufffd\\ufffd\"" }
};

static void
foreign(void)
{
	struct text t = { .colour = true };
	struct json j;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t.out = open_got();
		text_foreign(&t, cases[i].input);
		fclose(t.out);
		is_str(got, cases[i].text, cases[i].name);
		t.out = open_got();
		json_to_stream(&j, t.out);
		json_slice(&j, NULL, cases[i].input);
		fclose(t.out);
		is_str(got, cases[i].json, cases[i].name);
	}
}

static void
long_value(size_t len, const char *end, const char *name)
{
	char input[TEXT_VALUE_MAX + 1];
	struct text t = { .colour = false };

	memset(input, 'a', sizeof(input));
	t.out = open_got();
	text_value(&t, (struct slice){ input, len });
	fclose(t.out);
	is_str(got + TEXT_VALUE_MAX, end, name);
}

static void
structure(void)
{
	struct json j;
	FILE *f = open_got();

	json_to_stream(&j, f);
	json_object(&j, NULL);
	json_array(&j, "none");
	json_array_end(&j);
	json_array(&j, "some");
	json_number(&j, NULL, -1);
	json_bool(&j, NULL, true);
	json_object(&j, NULL);
	json_object_end(&j);
	json_array_end(&j);
	json_null(&j, "null");
	json_string(&j, "absent", NULL);
	json_string(&j, "text", "x");
	json_slice_or_null(&j, "empty", SLICE(""));
	json_object_end(&j);
	fclose(f);
	is_str(got, "{\"none\":[],\"some\":[-1,true,{}],\"null\":null,"
	    "\"absent\":null,\"text\":\"x\",\"empty\":null}",
	    "commas are where they should");
}

static const struct {
	int64_t		 seconds;
	const char	*want;
} spans[] = {
	{ 0, "0 seconds" }, { 1, "1 second" }, { 59, "59 seconds" },
	{ 60, "1 minute" }, { 3599, "59 minutes" }, { 3600, "1 hour" },
	{ 86399, "23 hours" }, { 86400, "1 day" },
	{ 365 * 86400 - 1, "364 days" }, { 365 * 86400, "1 year" },
	{ 999999999999, "31709 years" }
};

static void
times(void)
{
	char span[TEXT_SPAN], time[TEXT_TIME];
	size_t i;

	for (i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		text_span(spans[i].seconds, span);
		is_str(span, spans[i].want, spans[i].want);
	}
	text_time(1528637909, time);
	is_str(time, "2018-06-10 13:38:29 UTC", "a time");
	text_time(999999999999, time);
	is_str(time, "33658-09-27 01:46:39 UTC", "the last t= there can be");
	text_time(INT64_MAX, time);
	is_str(time, "9223372036854775807", "a time without a calendar");
}

int
main(void)
{
	foreign();
	long_value(TEXT_VALUE_MAX, "", "a value at the limit");
	long_value(TEXT_VALUE_MAX + 1, " ... 1 octets more",
	    "a value past the limit");
	structure();
	times();
	return tap_done();
}
