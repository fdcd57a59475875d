/* SPDX-License-Identifier: BSD-2-Clause */
/* Forwarders whose hosts stand in files. */
#include <sys/stat.h>

#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "config/config.h"
#include "tests/tap.h"

static char folder[] = "/tmp/assay-forwarders-XXXXXX";
static char why[LIMIT_CONFIG_WHY];

static const char *
path_of(const char *name)
{
	static char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void
write_file(const char *name, struct slice text)
{
	FILE *f = fopen(path_of(name), "wb");

	if (f == NULL || fwrite(text.ptr, 1, text.len, f) != text.len ||
	    fclose(f) != 0) {
		printf("Bail out! %s\n", path_of(name));
		exit(1);
	}
}

static struct config *
read_config(const char *text)
{
	write_file("assay.yaml", slice_str(text));
	return config_read(path_of("assay.yaml"), why, sizeof(why));
}

/* `why` without the folder. */
static void
is_refused(const char *text, const char *want, const char *name)
{
	struct config *c = read_config(text);
	struct slice rest = slice_str(why), place = slice_str(folder);
	struct buf b;

	buf_init(&b, LIMIT_CONFIG_WHY);
	while (c == NULL && rest.len > 0) {
		if (slice_starts(rest, place))
			rest = slice_from(rest, place.len + 1);
		buf_add(&b, slice_head(rest, 1));
		rest = slice_from(rest, 1);
	}
	is_str(buf_cstr(&b), want, name);
	buf_fini(&b);
	config_unref(c);
}

static bool
take(void *arg, unsigned int owner)
{
	*(unsigned int *)arg = owner;
	return true;
}

static void
test_file(void)
{
	unsigned int owner = 9;
	struct config *c;
	struct ipaddr a;

	write_file("hosts", SLICE("# alumni\n192.0.2.0/24\n\n"
	    "*.alumni.example\n"));
	c = read_config("forwarders:\n- {name: a, client: 198.51.100.1}\n"
	    "- {name: b, file: hosts}\n");
	if (!ok(c != NULL, "a file beside the configuration")) {
		printf("# %s\n", why);
		return;
	}
	ipaddr_parse(SLICE("192.0.2.77"), &a);
	ok(hosts_find_address(c->forwarder_hosts, &a, take, &owner) &&
	    owner == 1, "its networks");
	ok(hosts_find_name(c->forwarder_hosts, SLICE("x.alumni.example"),
	    take, &owner), "its names");
	ok(c->iprev, "names are asked for because of them");
	config_unref(c);
	write_file("hosts", SLICE("192.0.2.0/24\n"));
	c = read_config("forwarders: [{name: b, file: hosts}]\n");
	ok(c != NULL && !c->iprev, "networks alone need no names");
	config_unref(c);
	c = config_read_text(SLICE("forwarders: [{name: b, file: /no}]"),
	    "t.yaml", why, sizeof(why));
	ok(c != NULL && hosts_count(c->forwarder_hosts) == 0,
	    "offline no file is read");
	config_unref(c);
}

/* Lists of several files are joined. */
static void
test_include(void)
{
	struct config *c;

	write_file("more.yaml", SLICE("forwarders: [{name: b, file: hosts}]"));
	write_file("hosts", SLICE("192.0.2.1"));
	c = read_config("include: more.yaml\nforwarders:\n"
	    "- {name: a, client: '::1'}\n");
	ok(c != NULL && c->forwarder_count == 2 &&
	    hosts_count(c->forwarder_hosts) == 2, "two files");
	config_unref(c);
	is_refused("include: more.yaml\nforwarders:\n"
	    "- {name: B, client: '::1'}\n", "assay.yaml:3:10: forwarder 2: "
	    "name is 'B', which is the forwarder in line 1; allowed: a "
	    "different name", "a name that another file has");
}

static void
test_bad(void)
{
	static const char text[] = "forwarders:\n- name: a\n  file: hosts\n";

	unlink(path_of("hosts"));
	is_refused(text, "assay.yaml:3:9: forwarder 'a': hosts: No such file "
	    "or directory", "no file");
	write_file("hosts", SLICE("::1\n\na.example\n192.0.2.0/33 # x\n"));
	is_refused(text, "hosts:4: this is not a host; allowed: an address, a "
	    "network like 192.0.2.0/24, a name like mx.example.org, "
	    "*.example.org", "a line that is no host");
	chmod(path_of("hosts"), 0666);
	is_refused(text, "assay.yaml:3:9: forwarder 'a': hosts: it is "
	    "world-writable; allowed: a mode like 0644 (chmod o-w)",
	    "a file that everybody may write");
	unlink(path_of("hosts"));
	mkdir(path_of("hosts"), 0755);
	is_refused(text, "assay.yaml:3:9: forwarder 'a': hosts: is a folder; "
	    "allowed: a regular file", "a folder");
	rmdir(path_of("hosts"));
}

/* ---- many ---- */

static void
put_hosts(struct buf *b, size_t count)
{
	size_t i;

	buf_init(b, LIMIT_HOSTS_BYTES);
	for (i = 0; i < count; i++)
		buf_addf(b, i % 2 == 0 ? "10.%zu.%zu.%zu\n" :
		    "h%zu-%zu-%zu.forwarder.example\n", i >> 16,
		    (i >> 8) & 255, i & 255);
	write_file("hosts", buf_slice(b));
	buf_fini(b);
}

static void
test_many(void)
{
	static const char text[] = "forwarders: [{name: a, file: hosts}]\n";
	struct config *c;
	struct buf b;
	int64_t us;

	put_hosts(&b, 100000);
	us = clock_us();
	c = read_config(text);
	us = clock_us() - us;
	printf("# 100,000 hosts: %lld ms\n", (long long)(us / 1000));
	ok(c != NULL && hosts_count(c->forwarder_hosts) == 100000,
	    "100,000 hosts of a file");
	ok(us < 20000000, "and not in minutes");
	config_unref(c);
	put_hosts(&b, LIMIT_HOSTS);
	c = read_config(text);
	ok(c != NULL, "as many as there may be");
	config_unref(c);
	put_hosts(&b, LIMIT_HOSTS + 1);
	is_refused(text, "hosts:200001: too many hosts of forwarders; "
	    "allowed: 200000 in all", "one more");
	put_hosts(&b, LIMIT_HOSTS);
	is_refused("forwarders:\n- {name: b, client: '::1'}\n"
	    "- {name: a, file: hosts}\n", "hosts:200000: too many hosts of "
	    "forwarders; allowed: 200000 in all", "one more with a list");
	buf_init(&b, LIMIT_HOSTS_BYTES + 1);
	while (b.len < LIMIT_HOSTS_BYTES)
		buf_addc(&b, '\n');
	write_file("hosts", buf_slice(&b));
	c = read_config(text);
	ok(c != NULL, "a file as long as it may be");
	config_unref(c);
	buf_addc(&b, '\n');
	write_file("hosts", buf_slice(&b));
	is_refused(text, "assay.yaml:1:30: forwarder 'a': hosts: longer than "
	    "8388608 octets", "an octet more");
	buf_fini(&b);
}

/* A list in the configuration itself, of `count` forwarders. */
static struct config *
read_list(size_t count)
{
	struct config *c;
	struct buf b;
	size_t i;

	buf_init(&b, 16u << 20);
	buf_adds(&b, "forwarders:\n");
	for (i = 0; i < count; i++)
		buf_addf(&b, "- {name: f%zu, client: 10.%zu.%zu.%zu}\n", i,
		    i >> 16, (i >> 8) & 255, i & 255);
	c = config_read_text(buf_slice(&b), "t.yaml", why, sizeof(why));
	buf_fini(&b);
	return c;
}

static void
test_list(void)
{
	struct config *c = read_list(LIMIT_FORWARDERS);

	ok(c != NULL, "as many forwarders as there may be");
	config_unref(c);
	ok(read_list(LIMIT_FORWARDERS + 1) == NULL, "one more");
	is_str(why, "t.yaml:2:1: forwarders has 1001 items; allowed: up to "
	    "1000", "said so");
	ok(read_list(100000) == NULL, "100,000 in the configuration itself");
	is_str(why, "t.yaml: longer than 1048576 octets", "said so");
}

/* Each allocation fails in turn. */
static void
test_memory(void)
{
	static const char text[] = "forwarders: [{name: a, file: hosts}]\n";
	struct config *c = NULL;
	unsigned long n;
	bool good = true;

	write_file("hosts", SLICE("192.0.2.1\nmx.example.org\n"));
	for (n = 0; c == NULL && n < 10000; n++) {
		mem_fail_after(n, 1);
		c = read_config(text);
		mem_fail_after(0, 0);
		if (c == NULL && strstr(why, "out of memory") == NULL) {
			printf("# %lu: %s\n", n, why);
			good = false;
		}
	}
	ok(good && c != NULL, "no memory is said as such (%lu times)", n);
	config_unref(c);
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		abort();
	test_file();
	test_include();
	test_bad();
	test_many();
	test_list();
	test_memory();
	unlink(path_of("hosts"));
	unlink(path_of("more.yaml"));
	unlink(path_of("assay.yaml"));
	rmdir(folder);
	return tap_done();
}
