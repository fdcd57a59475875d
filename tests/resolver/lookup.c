/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lookup: asks a name server as the daemon does, for tests/resolver's scripts.
 *
 *	lookup SERVER RANDOM-CASE NAME TYPE [NAME TYPE ...]
 *
 * A line for each question: the outcome, "ad" when it is authenticated, the
 * records; then one line with the figures of the server.
 */
#include "resolver/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/statistics.h"
#include "tests/resolver/asker.h"

static enum dns_type
type_of(const char *name)
{
	static const enum dns_type types[] = { DNS_TYPE_A, DNS_TYPE_CNAME,
		DNS_TYPE_PTR, DNS_TYPE_MX, DNS_TYPE_TXT, DNS_TYPE_AAAA,
		DNS_TYPE_TLSA };
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(dns_type_name(types[i]), name) == 0)
			return types[i];
	}
	(void)fprintf(stderr, "lookup: no type %s\n", name);
	exit(2);
}

static void
print_record(const struct dns_record *r, enum dns_type type)
{
	char addr[IPADDR_TEXT];
	size_t i;

	if (type == DNS_TYPE_A || type == DNS_TYPE_AAAA) {
		ipaddr_format(&r->addr, addr);
		printf(" %s", addr);
	} else if (type == DNS_TYPE_TLSA) {
		printf(" ");
		for (i = 0; i < r->text.len; i++)
			printf("%02x", (unsigned char)r->text.ptr[i]);
	} else if (r->text.len > 100) {
		printf(" %zu octets", r->text.len);
	} else {
		printf(" %.*s", SLICE_ARG(r->text));
	}
}

static void
look_up(struct resolver *r, const char *name, enum dns_type type)
{
	const struct dns_answer *a = asker_fetch(r, name, type);
	size_t i;

	printf("%s%s", dns_outcome_name(a->outcome),
	    a->authenticated ? " ad" : "");
	for (i = 0; i < a->count; i++)
		print_record(&a->records[i], type);
	printf("\n");
	dns_answer_unref(a);
}

int
main(int argc, char **argv)
{
	struct slice address = slice_str(argc > 2 ? argv[1] : "");
	struct resolver_options o = {
		.nameservers = &address, .nameserver_count = 1,
		.timeout_ms = 20000, .tries = 1, .cache_bytes = 1 << 20,
		.random_case = argc > 2 && strcmp(argv[2], "yes") == 0 ?
		    RESOLVER_RANDOM_CASE_YES : RESOLVER_RANDOM_CASE_NO
	};
	struct resolver_statistics s;
	char why[256] = "";
	struct resolver *r = resolver_new(&o, why, sizeof(why));
	int i;

	if (r == NULL) {
		(void)fprintf(stderr, "lookup: %s\n", why);
		return 2;
	}
	for (i = 3; i + 1 < argc; i += 2)
		look_up(r, argv[i], type_of(argv[i + 1]));
	resolver_statistics(r, &s);
	printf("sent %llu answered %llu mismatches %llu folds %d\n",
	    (unsigned long long)s.servers[0].sent,
	    (unsigned long long)s.servers[0].answered,
	    (unsigned long long)s.servers[0].mismatches,
	    s.servers[0].folds);
	resolver_free(r);
	return 0;
}
