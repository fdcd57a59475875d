/* SPDX-License-Identifier: BSD-2-Clause */
#include "arc/aar.h"

#include "base/buf.h"
#include "tests/tap.h"

/* ---- the instance ---- */

static const struct {
	const char	*value;
	unsigned int	 want;		/* 0: refused */
	const char	*payload;
} splits[] = {
	{ " i=1; a.example; none", 1, " a.example; none" },
	{ "i=50;x", 50, "x" },
	{ " i=09;", 9, "" },
	{ "\r\n\ti\r\n = (c) 2 (d)\r\n ; a", 2, " a" },
	{ " (i=3;) i=2; a", 2, " a" },
	{ " i=51; a", 0, NULL },
	{ " i=0; a", 0, NULL },
	{ " i=; a", 0, NULL },
	{ " i=001; a", 0, NULL },
	{ " i=1 2; a", 0, NULL },
	{ " i=+1; a", 0, NULL },
	{ " i=1", 0, NULL },
	{ " I=1; a", 0, NULL },
	{ " a.example; i=1; none", 0, NULL },
	{ " i=\"1\"; a", 0, NULL },
	{ " (i=1; a", 0, NULL },
	{ "", 0, NULL }
};

static void
test_split(void)
{
	unsigned int instance;
	struct slice payload;
	size_t i;
	bool got;

	for (i = 0; i < sizeof(splits) / sizeof(splits[0]); i++) {
		got = arc_aar_split(slice_str(splits[i].value), &instance,
		    &payload);
		ok(got == (splits[i].want > 0) && (!got ||
		    (instance == splits[i].want && slice_eq(payload,
		    slice_str(splits[i].payload)))), "%s", splits[i].value);
	}
}

/* ---- what it says ---- */

static const struct {
	const char	*value;
	bool		 want;	/* example.com passed DMARC */
	const char	*sum;
} results[] = {
	{ " i=1; a.example; dmarc=pass header.from=example.com", true,
	  "dmarc=pass(example.com)" },
	{ " i=1; a.example; spf=fail smtp.mailfrom=x.example; dkim=pass "
	  "header.d=example.com; dmarc=pass header.from=Example.COM", true,
	  "spf=fail dkim=pass(example.com) dmarc=pass(example.com)" },
	/* Gmail's and Microsoft's forms. */
	{ " i=1; mx.google.com; dkim=pass header.i=@example.com header.s=s "
	  "header.b=\"oVxOH/NU\"; arc=pass (i=1); spf=pass (google.com: "
	  "domain of u@d designates IP) smtp.mailfrom=u@d; dmarc=pass "
	  "(p=NONE sp=QUARANTINE dis=NONE) header.from=example.com", true,
	  "dkim=pass arc=pass spf=pass dmarc=pass(example.com)" },
	{ " i=1; mx.microsoft.com 1; spf=pass smtp.mailfrom=example.com; "
	  "dmarc=pass action=none header.from=example.com; dkim=pass "
	  "header.d=example.com; arc=none", true,
	  "spf=pass dmarc=pass(example.com) dkim=pass(example.com) "
	  "arc=none" },
	{ " i=1; a.example; dmarc=fail header.from=example.com", false,
	  "dmarc=fail(example.com)" },
	{ " i=1; a.example; dmarc=pass header.from=other.example", false,
	  "dmarc=pass(other.example)" },
	{ " i=1; a.example; dmarc=pass header.from=sub.example.com", false,
	  "dmarc=pass(sub.example.com)" },
	{ " i=1; a.example; dmarc=pass", false, "dmarc=pass" },
	{ " i=1; a.example; dmarc=pass policy.from=example.com", false,
	  "dmarc=pass" },
	{ " i=1; a.example; dmarc=bestguesspass header.from=example.com",
	  false, "" },
	{ " i=1; a.example; dmarc=none header.from=example.com", false,
	  "dmarc=none(example.com)" },
	{ " i=1; a.example; dmarc=pass header.from=example.com; dmarc=fail "
	  "header.from=example.com", false,
	  "dmarc=pass(example.com) dmarc=fail(example.com)" },
	{ " i=1; a.example; dmarc/2=pass header.from=example.com", false,
	  "dmarc=pass(example.com)" },
	{ " i=1; a.example; spf=pass (dmarc=pass header.from=example.com)",
	  false, "spf=pass" },
	{ " i=1; a.example; none", false, "" },
	{ " i=1; dmarc=pass header.from=example.com", false, "" },
	{ " i=1; a.example 2; dmarc=pass header.from=example.com", false,
	  "" },
	{ " i=1; a.example; dmarc=pass header.from=example.com (\xc3\xa9)",
	  false, "" },
	{ " i=1; a.example; dmarc=pass header.from=\"example.com", false,
	  "" },
	{ " i=0; a.example; dmarc=pass header.from=example.com", false, "" }
};

static void
test_results(void)
{
	struct arena *arena = arena_new(1 << 20);
	struct authres read;
	struct buf sum;
	size_t i;
	bool got;

	buf_init(&sum, 1000);
	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		buf_reset(&sum);
		if (!arc_aar_read(slice_str(results[i].value), arena, &read))
			read.result_count = 0;
		got = arc_aar_passed_dmarc(&read, SLICE("example.com"));
		arc_aar_sum_up(&read, &sum);
		ok(got == results[i].want, "%s", results[i].value);
		is_str(buf_cstr(&sum), results[i].sum, "in few words");
	}
	buf_fini(&sum);
	arena_free(arena);
}

int
main(void)
{
	test_split();
	test_results();
	return tap_done();
}
