/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a file of hosts.  What is refused has a line; of what is taken
 * each line can be found again, and belongs to its owner.
 */
#include <string.h>

#include "base/limits.h"
#include "config/hosts.h"
#include "tests/fuzz/fuzz.h"

#define OWNER 7

static bool
is_owner(void *arg, unsigned int owner)
{
	(void)arg;
	must(owner == OWNER);
	return true;
}

/* A name that the pattern matches, or the first address of the network. */
static void
find_again(const struct config_hosts *h, struct slice word)
{
	struct policy_pattern p;
	struct ipnet net;
	struct ipaddr first;
	char name[2 + DOMAIN_MAX] = "a.";
	struct slice below = { name, 0 };

	if (ipnet_parse(word, &net)) {
		first = ipnet_first(&net);
		must(hosts_find_address(h, &first, is_owner, NULL));
		return;
	}
	must(policy_pattern_parse(word, &p));
	must(hosts_has_names(h));
	if (!p.below) {
		must(hosts_find_name(h, domain_slice(&p.domain), is_owner,
		    NULL));
		return;
	}
	memcpy(name + 2, p.domain.text, p.domain.len);
	below.len = 2 + p.domain.len;
	must(hosts_find_name(h, below, is_owner, NULL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size }, rest = text, word;
	struct arena *arena = arena_new(LIMIT_CONFIG_MEMORY);
	struct config_hosts *h = arena != NULL ? hosts_new(arena) : NULL;
	unsigned int line = 0;
	bool more = true;

	if (h != NULL && hosts_add_text(h, text, OWNER, &line) == HOSTS_OK) {
		hosts_sort(h);
		while (more) {
			more = slice_cut(&rest, '\n', &word);
			word = slice_trim(slice_head(word,
			    slice_find(word, '#')));
			if (word.len > 0)
				find_again(h, word);
		}
	} else {
		must(h == NULL || line > 0);
	}
	arena_free(arena);
	return 0;
}
