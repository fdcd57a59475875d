/* SPDX-License-Identifier: BSD-2-Clause */
#include "resolver/nameserver_internal.h"

#include <errno.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "resolver/resolver.h"
#include "tests/tap.h"

static const struct {
	const char *text;
	const char *addr;	/* NULL: refused */
	unsigned int port;
	bool loopback;
} rows[] = {
	{ "127.0.0.1", "127.0.0.1", 53, true },
	{ "127.255.0.3", "127.255.0.3", 53, true },
	{ "192.0.2.1:5300", "192.0.2.1", 5300, false },
	{ "192.0.2.1:1", "192.0.2.1", 1, false },
	{ "192.0.2.1:65535", "192.0.2.1", 65535, false },
	{ "::1", "::1", 53, true },
	{ "::2", "::2", 53, false },
	{ "2001:db8::53", "2001:db8::53", 53, false },
	{ "[2001:db8::53]", "2001:db8::53", 53, false },
	{ "[::1]:5300", "::1", 5300, true },
	{ "::ffff:127.0.0.1", "127.0.0.1", 53, true },
	{ "[::ffff:192.0.2.1]:54", "192.0.2.1", 54, false },
	{ "", NULL, 0, false },
	{ " 127.0.0.1", NULL, 0, false },
	{ "127.0.0.1 ", NULL, 0, false },
	{ "127.0.0", NULL, 0, false },
	{ "127.0.0.1:", NULL, 0, false },
	{ "127.0.0.1:0", NULL, 0, false },
	{ "127.0.0.1:65536", NULL, 0, false },
	{ "127.0.0.1:99999", NULL, 0, false },
	{ "127.0.0.1:053", NULL, 0, false },
	{ "127.0.0.1:-1", NULL, 0, false },
	{ "127.0.0.1:5a", NULL, 0, false },
	{ "127.0.0.1#53", NULL, 0, false },
	{ "127.0.0.1,127.0.0.2", NULL, 0, false },
	{ "localhost", NULL, 0, false },
	{ "localhost:53", NULL, 0, false },
	{ "dns://127.0.0.1", NULL, 0, false },
	{ "[127.0.0.1]:53", NULL, 0, false },
	{ "[::1", NULL, 0, false },
	{ "::1]", NULL, 0, false },
	{ "[::1]53", NULL, 0, false },
	{ "[::1]:", NULL, 0, false },
	{ "[::1]:70000", NULL, 0, false },
	{ "[]", NULL, 0, false },
	{ "fe80::1%eth0", NULL, 0, false },
	{ "[fe80::1%eth0]:53", NULL, 0, false },
	{ ":53", NULL, 0, false }
};

static void
test_parse(void)
{
	struct nameserver ns;
	char addr[IPADDR_TEXT];
	const char *problem;
	size_t i;
	bool good;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		problem = NULL;
		good = nameserver_parse(slice_str(rows[i].text), &ns,
		    &problem);
		ok(good == (rows[i].addr != NULL), "\"%s\": %s",
		    rows[i].text, good ? "taken" : problem);
		is_num(resolver_nameserver_check(slice_str(rows[i].text),
		    NULL), good, "the check says the same");
		if (!good || rows[i].addr == NULL)
			continue;
		ipaddr_format(&ns.addr, addr);
		is_str(addr, rows[i].addr, "address");
		is_num(ns.port, rows[i].port, "port");
		is_num(nameserver_is_loopback(&ns), rows[i].loopback,
		    "loopback");
	}
	problem = NULL;
	ok(!resolver_nameserver_check(SLICE("x"), &problem), "refused");
	is_str(problem, "not an IPv4 or IPv6 address", "and why");
}

static const struct {
	const char *name;
	struct slice text;
	const char *want;
} confs[] = {
	{ "empty", SLICE_INIT(""), "" },
	{ "one", SLICE_INIT("nameserver 192.0.2.1\n"), "192.0.2.1 " },
	{ "no line end", SLICE_INIT("nameserver 192.0.2.1"), "192.0.2.1 " },
	{ "two with others", SLICE_INIT("# comment\nsearch example.com\n"
	    "nameserver\t::1\noptions edns0\nnameserver   192.0.2.2  ; x\n"),
	    "::1 192.0.2.2 " },
	{ "CRLF", SLICE_INIT("nameserver 192.0.2.1\r\n"), "192.0.2.1 " },
	{ "comments", SLICE_INIT("#nameserver 192.0.2.1\n;nameserver ::1\n"),
	    "" },
	{ "not a keyword", SLICE_INIT("nameservers 192.0.2.1\n"
	    " nameserver 192.0.2.2\nnameserver192.0.2.3\n"), "" },
	{ "scoped is passed over", SLICE_INIT("nameserver fe80::1%eth0\n"
	    "nameserver 192.0.2.1\n"), "192.0.2.1 " },
	{ "no address", SLICE_INIT("nameserver\nnameserver \n"
	    "nameserver dns.example\nnameserver 192.0.2.1:53\n"), "" },
	{ "NUL", SLICE_INIT("nameserver 192.0.2.1\0\nnameserver ::1\n"),
	    "::1 " },
	{ "no more than the limit", SLICE_INIT("nameserver 192.0.2.1\n"
	    "nameserver 192.0.2.2\nnameserver 192.0.2.3\n"
	    "nameserver 192.0.2.4\nnameserver 192.0.2.5\n"
	    "nameserver 192.0.2.6\nnameserver 192.0.2.7\n"
	    "nameserver 192.0.2.8\nnameserver 192.0.2.9\n"),
	    "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 "
	    "192.0.2.7 192.0.2.8 " }
};

static const char *
print(const struct nameserver *list, size_t count)
{
	static char out[512];
	char addr[IPADDR_TEXT];
	size_t i, used = 0;

	out[0] = '\0';
	for (i = 0; i < count; i++) {
		ipaddr_format(&list[i].addr, addr);
		used += (size_t)snprintf(out + used, sizeof(out) - used,
		    "%s ", addr);
		if (list[i].port != 53)
			return "wrong port";
	}
	return out;
}

static void
test_read(void)
{
	struct nameserver list[LIMIT_DNS_SERVERS];
	size_t i, n;

	for (i = 0; i < sizeof(confs) / sizeof(confs[0]); i++) {
		n = nameserver_read(confs[i].text, list, LIMIT_DNS_SERVERS);
		is_str(print(list, n), confs[i].want, confs[i].name);
	}
}

static void
test_load(void)
{
	struct nameserver list[LIMIT_DNS_SERVERS];
	const char *dir = getenv("top_builddir");
	char path[512];
	size_t i;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/resolv.conf.%ld.tmp",
	    dir != NULL ? dir : ".", (long)getpid());
	is_str(print(list, nameserver_load(path, list, LIMIT_DNS_SERVERS)),
	    "127.0.0.1 ", "a file that is not there");
	ok(nameserver_is_none(path), "names none");
	f = fopen(path, "w");
	if (!ok(f != NULL, "write %s", path))
		return;
	(void)fputs("search example.com\n", f);
	(void)fflush(f);
	is_str(print(list, nameserver_load(path, list, LIMIT_DNS_SERVERS)),
	    "127.0.0.1 ", "a file without nameserver");
	ok(nameserver_is_none(path), "names none, too");
	(void)fputs("nameserver 192.0.2.7\n", f);
	for (i = 0; i < LIMIT_DNS_RESOLV_CONF; i++)
		(void)fputc('\n', f);
	(void)fputs("nameserver 192.0.2.8\n", f);
	(void)fclose(f);
	is_str(print(list, nameserver_load(path, list, LIMIT_DNS_SERVERS)),
	    "192.0.2.7 ", "what is past the limit is not read");
	ok(!nameserver_is_none(path), "names one");
	mem_fail_after(0, 1);
	is_num((long long)nameserver_load(path, list, LIMIT_DNS_SERVERS), 0,
	    "no memory");
	mem_fail_after(0, 0);
	(void)unlink(path);
	errno = 0;
	is_num((long long)nameserver_load(dir != NULL ? dir : ".", list,
	    LIMIT_DNS_SERVERS), 0, "a folder cannot be read");
	is_num(errno, EISDIR, "and errno says why");
	ok(!nameserver_is_none(dir != NULL ? dir : "."),
	    "and that is not to name none");
}

int
main(void)
{
	test_parse();
	test_read();
	test_load();
	return tap_done();
}
