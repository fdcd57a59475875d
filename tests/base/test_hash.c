/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hash.h"

#include <sys/wait.h>
#include <unistd.h>

#include "tests/tap.h"

#define NAMES	100000
#define SLOTS	(1u << 17)

static unsigned char slots[SLOTS];

/* All lengths around a word: each octet and the length itself count. */
static void
test_every_octet_counts(void)
{
	char text[40] = { 0 }, other[40];
	size_t len, at;
	bool good = true;

	for (len = 0; len < sizeof(text); len++) {
		good = good && hash_keyed((struct slice){ text, len }, 0) !=
		    hash_keyed((struct slice){ text, len + 1 }, 0);
		for (at = 0; at < len; at++) {
			memcpy(other, text, sizeof(text));
			other[at] = 1;
			good = good &&
			    hash_keyed((struct slice){ text, len }, 0) !=
			    hash_keyed((struct slice){ other, len }, 0);
		}
	}
	ok(good, "every octet and the length change the hash");
}

static void
test_salt(void)
{
	struct slice name = SLICE("example.org");

	ok(hash_keyed(name, 1) == hash_keyed(name, 1), "same text, same hash");
	ok(hash_keyed(name, 1) != hash_keyed(name, 2), "the salt counts");
}

/* 100,000 names in 131,072 slots: none gets more than a few. */
static void
test_spread(void)
{
	unsigned int most = 0;
	char name[32];
	size_t slot;
	int i;

	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		slot = hash_keyed(slice_str(name), 16) & (SLOTS - 1);
		if (++slots[slot] > most)
			most = slots[slot];
	}
	ok(most < 16, "the fullest slot has %u names", most);
}

/* What hash_keyed() gives in a process of its own, or 0. */
static uint64_t
hash_elsewhere(void)
{
	uint64_t hash = 0;
	int ends[2];
	pid_t child;

	if (pipe(ends) != 0)
		return 0;
	child = fork();
	if (child == 0) {
		hash = hash_keyed(SLICE("example.org"), 0);
		_exit(write(ends[1], &hash, sizeof(hash)) != sizeof(hash));
	}
	close(ends[1]);
	if (child < 0 || read(ends[0], &hash, sizeof(hash)) != sizeof(hash))
		hash = 0;
	close(ends[0]);
	if (child > 0)
		(void)waitpid(child, NULL, 0);
	return hash;
}

/* Before this process has a secret, which a child would share. */
static void
test_each_process(void)
{
	uint64_t one = hash_elsewhere(), other = hash_elsewhere();

	ok(one != 0 && other != 0, "two processes hash");
	ok(one != other, "and their secrets differ");
}

int
main(void)
{
	test_each_process();
	test_every_octet_counts();
	test_salt();
	test_spread();
	return tap_done();
}
