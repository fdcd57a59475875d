/* SPDX-License-Identifier: BSD-2-Clause */
/* Tag lists of RFC 6376 section 3.2, and colon lists in their values. */
#include "mail/taglist.h"

#include "base/buf.h"
#include "tests/tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define EMPTY	"empty tag"
#define NAME	"tag name does not begin with a letter"
#define EQUALS	"no \"=\" after a tag name"
#define OCTET	"octet that a tag value may not have"
#define TWICE	"tag given twice"
#define MANY	"too many tags"

/* `want`: name, "=", value, "[", raw value, "]" of each tag; or the problem. */
static const struct {
	const char	*name;
	struct slice	 text;
	bool		 eight_bit;
	const char	*want;
} cases[] = {
	{ "one", SLICE_INIT("v=1"), false, "v=1[1]" },
	{ "two", SLICE_INIT("v=1;a=b"), false, "v=1[1]a=b[b]" },
	{ "at the end", SLICE_INIT("v=1;"), false, "v=1[1]" },
	{ "blanks at the end", SLICE_INIT("v=1; \r\n "), false, "v=1[1]" },
	{ "blanks", SLICE_INIT(" v = 1 ; a\t=\tb "), false,
	    "v=1[ 1 ]a=b[\tb ]" },
	{ "folds", SLICE_INIT("\r\n v\r\n =\r\n 1\r\n ;\n a=\n\tb"), false,
	    "v=1[\r\n 1\r\n ]a=b[\n\tb]" },
	{ "two folds in a row", SLICE_INIT("v=\r\n \r\n 1"), false,
	    "v=1[\r\n \r\n 1]" },
	{ "blanks inside", SLICE_INIT("b= ab \r\n\tcd ;c=d"), false,
	    "b=ab \r\n\tcd[ ab \r\n\tcd ]c=d[d]" },
	{ "empty value", SLICE_INIT("p=;s="), false, "p=[]s=[]" },
	{ "value of blanks", SLICE_INIT("p= ; s=\r\n "), false,
	    "p=[ ]s=[\r\n ]" },
	{ "= in the value", SLICE_INIT("b=ab==;z=a=b"), false,
	    "b=ab==[ab==]z=a=b[a=b]" },
	{ "all of VALCHAR", SLICE_INIT("n=!\"#$%&'()*+,-./:<=>?@[\\]^_`{|}~"),
	    false, "n=!\"#$%&'()*+,-./:<=>?@[\\]^_`{|}~"
	    "[!\"#$%&'()*+,-./:<=>?@[\\]^_`{|}~]" },
	{ "names", SLICE_INIT("a1_=x;B_9=y"), false, "a1_=x[x]B_9=y[y]" },
	{ "case makes a name", SLICE_INIT("d=x;D=y"), false,
	    "d=x[x]D=y[y]" },
	{ "look-alikes of b", SLICE_INIT("bh=1;b=2;xb=b=3;B=4"), false,
	    "bh=1[1]b=2[2]xb=b=3[b=3]B=4[4]" },
	{ "UTF-8", SLICE_INIT("d=b\xc3\xbc.example; i=@\xe4\xbe\x8b"), true,
	    "d=b\xc3\xbc.example[b\xc3\xbc.example]"
	    "i=@\xe4\xbe\x8b[@\xe4\xbe\x8b]" },

	{ "nothing", SLICE_INIT(""), false, EMPTY },
	{ "no text at all", { NULL, 0 }, false, EMPTY },
	{ "blanks only", SLICE_INIT(" \r\n "), false, EMPTY },
	{ "; only", SLICE_INIT(";"), false, EMPTY },
	{ "; first", SLICE_INIT(";v=1"), false, EMPTY },
	{ "empty in the middle", SLICE_INIT("v=1;;a=b"), false, EMPTY },
	{ "blank in the middle", SLICE_INIT("v=1; ;a=b"), false, EMPTY },
	{ "empty at the end", SLICE_INIT("v=1;;"), false, EMPTY },
	{ "twice", SLICE_INIT("v=1;a=b;v=1"), false, TWICE },
	{ "twice, with blanks", SLICE_INIT("v=1; v =2"), false, TWICE },
	{ "no name", SLICE_INIT("=1"), false, NAME },
	{ "digit first", SLICE_INIT("1a=b"), false, NAME },
	{ "_ first", SLICE_INIT("_a=b"), false, NAME },
	{ "8-bit name", SLICE_INIT("\xc3\xa4=b"), true, NAME },
	{ "no =", SLICE_INIT("v"), false, EQUALS },
	{ "no =, another", SLICE_INIT("v=1;a;b=c"), false, EQUALS },
	{ "blank in a name", SLICE_INIT("v w=1"), false, EQUALS },
	{ "hyphen in a name", SLICE_INIT("a-b=1"), false, EQUALS },
	{ "8-bit in a name", SLICE_INIT("a\xc3\xa4=b"), true, EQUALS },
	{ "NUL in a name", SLICE_INIT("v\0=1"), false, EQUALS },
	{ "NUL", SLICE_INIT("v=1\0"), false, OCTET },
	{ "NUL after a blank", SLICE_INIT("v=1 \0;a=b"), false, OCTET },
	{ "DEL", SLICE_INIT("v=\x7f"), false, OCTET },
	{ "control", SLICE_INIT("v=\x01"), false, OCTET },
	{ "UTF-8 where it may not be", SLICE_INIT("v=\xc3\xbc"), false,
	    OCTET },
	{ "not UTF-8", SLICE_INIT("v=\xfc"), true, OCTET },
	{ "surrogate", SLICE_INIT("v=\xed\xa0\x80"), true, OCTET },
	{ "LF without a blank", SLICE_INIT("v=1\na=b"), false, OCTET },
	{ "CRLF without a blank", SLICE_INIT("v=1\r\n;a=b"), false, OCTET },
	{ "CRLF at the end", SLICE_INIT("v=1\r\n"), false, OCTET },
	{ "bare CR", SLICE_INIT("v=1\r a"), false, OCTET },
	{ "bare CR at the end", SLICE_INIT("v=1\r"), false, OCTET },
	{ "LF after the last ;", SLICE_INIT("v=1;\n"), false, NAME },
};

/* Elements of a colon list, each followed by "|". */
static const struct {
	struct slice	 text;
	const char	*want;
} lists[] = {
	{ SLICE_INIT("from:to"), "from|to|" },
	{ SLICE_INIT(" from : \r\n to "), "from|to|" },
	{ SLICE_INIT("a::b"), "a||b|" },
	{ SLICE_INIT(":"), "||" },
	{ SLICE_INIT("a:"), "a||" },
	{ SLICE_INIT(""), "|" },
	{ { NULL, 0 }, "|" },
	{ SLICE_INIT("a b"), "a b|" },
};

static void
show(struct buf *b, const struct taglist *l)
{
	size_t i;

	for (i = 0; i < l->count; i++) {
		buf_add(b, l->tags[i].name);
		buf_addc(b, '=');
		buf_add(b, l->tags[i].value);
		buf_addc(b, '[');
		buf_add(b, l->tags[i].raw_value);
		buf_addc(b, ']');
	}
}

static void
check_cases(void)
{
	static struct taglist l;
	struct buf b;
	size_t i;
	bool good;

	buf_init(&b, 1000);
	for (i = 0; i < COUNT(cases); i++) {
		buf_reset(&b);
		good = taglist_parse(cases[i].text, cases[i].eight_bit, &l);
		ok(good == (l.problem == NULL), "%s: problem or not",
		    cases[i].name);
		if (good)
			show(&b, &l);
		is_str(good ? buf_cstr(&b) : l.problem, cases[i].want,
		    cases[i].name);
	}
	buf_fini(&b);
}

static void
check_limit(void)
{
	static struct taglist l;
	struct buf b;
	int i;

	buf_init(&b, 10000);
	for (i = 0; i < LIMIT_TAGS; i++)
		buf_addf(&b, "t%d=%d;", i, i);
	ok(taglist_parse(buf_slice(&b), false, &l), "tags at the limit");
	is_num((long long)l.count, LIMIT_TAGS, "are all there");
	buf_adds(&b, "u=1");
	ok(!taglist_parse(buf_slice(&b), false, &l), "one past it");
	is_str(l.problem, MANY, "is too many");
	buf_fini(&b);
}

static void
check_find(void)
{
	static struct taglist l;
	const struct tag *tag;
	struct slice text = SLICE("v=1; bh=x; b=\r\n y ; c=");

	ok(taglist_parse(text, false, &l), "a list");
	tag = taglist_find(&l, SLICE("b"));
	ok(tag == &l.tags[2], "b is found, not bh");
	ok(tag->raw_value.ptr == text.ptr + 13 && tag->raw_value.len == 5,
	    "raw value is that part of the text");
	tag = taglist_find(&l, SLICE("c"));
	ok(tag != NULL && tag->raw_value.len == 0 &&
	    tag->raw_value.ptr == text.ptr + text.len, "empty one as well");
	ok(taglist_find(&l, SLICE("B")) == NULL, "case counts");
	ok(taglist_find(&l, SLICE("a")) == NULL, "absent");
}

static void
check_lists(void)
{
	struct slice rest, element;
	struct buf b;
	size_t i;
	bool more;

	buf_init(&b, 1000);
	for (i = 0; i < COUNT(lists); i++) {
		buf_reset(&b);
		rest = lists[i].text;
		more = true;
		while (taglist_next(&rest, &more, &element)) {
			buf_add(&b, element);
			buf_addc(&b, '|');
		}
		is_str(buf_cstr(&b), lists[i].want, lists[i].want);
		ok(!taglist_next(&rest, &more, &element), "and no more");
	}
	buf_fini(&b);
}

int
main(void)
{
	check_cases();
	check_limit();
	check_find();
	check_lists();
	return tap_done();
}
