/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/hosts.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "tests/tap.h"

#define MEMORY (32u << 20)	/* as LIMIT_CONFIG_MEMORY */

static struct arena *arena;

static struct config_hosts *
read_hosts(const char *text, unsigned int owner,
    struct config_hosts *h)
{
	unsigned int line;

	if (h == NULL)
		h = hosts_new(arena);
	if (h == NULL || hosts_add_text(h, slice_str(text), owner, &line) !=
	    HOSTS_OK)
		abort();
	return h;
}

/* All owners, in the order of the questions. */
static bool
note(void *arg, unsigned int owner)
{
	buf_addf(arg, "%u ", owner);
	return false;
}

static bool
first(void *arg, unsigned int owner)
{
	*(unsigned int *)arg = owner;
	return true;
}

static const struct {
	const char	*host, *owners;
} rows[] = {
	{ "192.0.2.7", "1 0 " },
	{ "192.0.2.8", "1 " },
	{ "198.51.100.255", "2 " },
	{ "198.51.101.0", "" },
	{ "::ffff:192.0.2.7", "1 0 " },
	{ "2001:db8::1", "0 2 " },
	{ "2001:db9::1", "" },
	{ "::", "" },
	{ "c000:207::", "" },
	{ "mx.example.org", "0 1 2 " },
	{ "xn--bcher-kva.example", "1 " },
	{ "example.org", "" },
	{ "a.b.example.org", "1 2 " },
	{ "amx.example.org", "1 2 " },
	{ "org", "" },
	{ "", "" }
};

static void
test_find(void)
{
	struct config_hosts *h = read_hosts("# ours\n192.0.2.7\n"
	    "mx.example.org # x\n\r\n 2001:db8::/32\t\n\n", 0, NULL);
	struct ipaddr a;
	struct buf b;
	size_t i;

	read_hosts("192.0.2.0/24\n*.example.org\nb\xC3\xBC" "cher.example",
	    1, h);
	read_hosts("2001:DB8:0:0::9/32\r\n198.51.100.9/24\n*.Example.ORG.\n",
	    2, h);
	hosts_sort(h);
	is_num((long long)hosts_count(h), 9, "all of them");
	ok(hosts_has_names(h), "names, too");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_init(&b, 100);
		if (ipaddr_parse(slice_str(rows[i].host), &a))
			hosts_find_address(h, &a, note, &b);
		else
			hosts_find_name(h, slice_str(rows[i].host), note, &b);
		is_str(buf_cstr(&b), rows[i].owners, rows[i].host);
		buf_fini(&b);
	}
	a = (struct ipaddr){ .family = IPADDR_NONE };
	ok(!hosts_find_address(h, &a, note, &b), "no address");
}

static void
test_empty(void)
{
	struct config_hosts *h = read_hosts("\n# nothing", 0, NULL);
	unsigned int owner;
	struct ipaddr a;

	hosts_sort(h);
	ipaddr_parse(SLICE("192.0.2.1"), &a);
	ok(!hosts_find_address(h, &a, first, &owner) &&
	    !hosts_find_name(h, SLICE("a.example"), first, &owner) &&
	    !hosts_has_names(h), "nobody is there");
	h = read_hosts("relay.site1\n", 5, NULL);
	hosts_sort(h);
	ok(hosts_find_name(h, SLICE("relay.site1"), first, &owner) &&
	    owner == 5, "a name that ends with a digit");
	h = read_hosts("0.0.0.0/0\n", 7, NULL);
	hosts_sort(h);
	ok(hosts_find_address(h, &a, first, &owner) && owner == 7,
	    "everybody is there");
}

static void
test_malformed(void)
{
	static const struct {
		const char	*text;
		unsigned int	 line;
	} bad[] = {
		{ "192.0.2.256", 1 },
		{ "a.example\n192.0.2.0/33\n", 2 },
		{ "\n\na.example b.example", 3 },
		{ "*", 1 },
		{ "mx.*.example", 1 },
		{ "a..b", 1 },
		{ "joe@example.org", 1 },
		{ "1.2.3.400", 1 },
		{ "1", 1 }
	};
	unsigned int line;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(hosts_add_text(hosts_new(arena), slice_str(bad[i].text),
		    0, &line) == HOSTS_MALFORMED, "refused: %s",
		    bad[i].text);
		is_num(line, bad[i].line, "its line");
	}
}

/* ---- many ---- */

static void
put_host(struct buf *b, size_t i)
{
	switch (i % 4) {
	case 0:
		buf_addf(b, "10.%zu.%zu.%zu\n", i >> 16, (i >> 8) & 255,
		    i & 255);
		break;
	case 1:
		buf_addf(b, "2001:db8:%zx:%zx::/64\n", i >> 16, i & 0xffff);
		break;
	case 2:
		buf_addf(b, "mx%zu.forwarder.example\n", i);
		break;
	default:
		buf_addf(b, "*.customer-number-%zu.hosting.example\n", i);
		break;
	}
}

/* Each is found, and its neighbour is not. */
static void
find_host(const struct config_hosts *h, size_t i, size_t *found)
{
	char text[100];
	unsigned int owner;
	struct ipaddr a;

	switch (i % 4) {
	case 0:
		(void)snprintf(text, sizeof(text), "10.%zu.%zu.%zu", i >> 16,
		    (i >> 8) & 255, i & 255);
		ipaddr_parse(slice_str(text), &a);
		*found += hosts_find_address(h, &a, first, &owner);
		a.bytes[3] ^= 1;
		*found += !hosts_find_address(h, &a, first, &owner);
		break;
	case 1:
		(void)snprintf(text, sizeof(text), "2001:db8:%zx:%zx::9",
		    i >> 16, i & 0xffff);
		ipaddr_parse(slice_str(text), &a);
		*found += hosts_find_address(h, &a, first, &owner);
		a.bytes[7] ^= 2;
		*found += !hosts_find_address(h, &a, first, &owner);
		break;
	default:
		(void)snprintf(text, sizeof(text), i % 4 == 2 ?
		    "mx%zu.forwarder.example" :
		    "a.b.customer-number-%zu.hosting.example", i);
		*found += hosts_find_name(h, slice_str(text), first, &owner);
		text[2] = '-';
		*found += i % 4 == 3 || !hosts_find_name(h, slice_str(text),
		    first, &owner);
		break;
	}
}

static void
test_many(void)
{
	struct config_hosts *h = hosts_new(arena);
	unsigned int line;
	size_t i, found = 0;
	struct buf b;
	int64_t us;

	buf_init(&b, LIMIT_HOSTS_BYTES);
	for (i = 0; i < LIMIT_HOSTS; i++)
		put_host(&b, i);
	us = clock_us();
	ok(hosts_add_text(h, buf_slice(&b), 3, &line) == HOSTS_OK,
	    "as many as there may be (%zu octets)", b.len);
	hosts_sort(h);
	us = clock_us() - us;
	printf("# read and sorted in %lld ms, %zu octets of the arena\n",
	    (long long)(us / 1000), arena_used(arena));
	is_num((long long)hosts_count(h), LIMIT_HOSTS, "all are kept");
	us = clock_us();
	for (i = 0; i < LIMIT_HOSTS; i++)
		find_host(h, i, &found);
	us = clock_us() - us;
	printf("# %zu lookups in %lld ms\n", 2 * i,
	    (long long)(us / 1000));
	is_num((long long)found, 2 * LIMIT_HOSTS, "each is found, and what "
	    "is not there is not");
	/* One by one it would take some minutes. */
	ok(us < 20000000, "fast enough for that");
	ok(hosts_add_text(h, SLICE("a.example"), 3, &line) == HOSTS_LIMIT,
	    "one more is too many");
	ok(hosts_add_text(h, SLICE("192.0.2.1"), 3, &line) == HOSTS_LIMIT,
	    "of either kind");
	buf_fini(&b);
}

static void
test_memory(void)
{
	struct arena *small = arena_new(3000);
	struct config_hosts *h = hosts_new(small);
	enum hosts_status status = HOSTS_OK;
	unsigned int line;

	while (status == HOSTS_OK)
		status = hosts_add_text(h, SLICE("a.example\n::1"), 0, &line);
	ok(status == HOSTS_NO_MEMORY, "no memory is said as such");
	arena_free(small);
}

int
main(void)
{
	arena = arena_new(MEMORY);
	test_find();
	test_empty();
	test_malformed();
	test_many();
	test_memory();
	arena_free(arena);
	return tap_done();
}
