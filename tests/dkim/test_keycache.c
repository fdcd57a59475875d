/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cache of parsed keys: its bound, the order in which keys leave it,
 * records that were made to collide, references that outlive it, use by
 * several threads, lack of memory.
 */
#include "dkim/keycache_internal.h"

#include <pthread.h>

#include "base/mem.h"
#include "tests/dkim/support.h"
#include "tests/tap.h"

#define ED "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

/* Records that differ and hold the same key. */
static struct text
record(unsigned int number)
{
	struct text t = { NULL, 0, 0 };

	text_addf(&t, "v=DKIM1; k=ed25519; n=%u; p=" ED, number);
	return t;
}

static bool
get(struct dkim_keycache *c, unsigned int number, struct dkim_key *key)
{
	struct text t = record(number);
	const char *problem;
	enum dkim_key_status status;

	status = dkim_keycache_get(c, text_slice(&t), key, &problem);
	text_free(&t);
	return status == DKIM_KEY_OK && problem == NULL;
}

/* The object of the key: the same one when it came from the cache. */
static void *
get_object(struct dkim_keycache *c, unsigned int number)
{
	struct dkim_key key;
	void *object;

	if (!get(c, number, &key))
		return NULL;
	object = key.key.pkey;
	dkim_key_fini(&key);
	return object;
}

static void
test_bound(void)
{
	struct dkim_keycache *c = dkim_keycache_new();
	struct dkim_key held;
	void *first;
	unsigned int i, wrong = 0;

	is_num((long long)dkim_keycache_count(c), 0, "empty at first");
	ok(get(c, 0, &held), "a key is parsed");
	first = held.key.pkey;
	ok(get_object(c, 0) == first, "and kept");
	for (i = 1; i < LIMIT_DKIM_KEY_CACHE; i++)
		wrong += get_object(c, i) == NULL;
	is_num(wrong, 0, "all were parsed");
	is_num((long long)dkim_keycache_count(c), LIMIT_DKIM_KEY_CACHE,
	    "the limit is reached");
	/* Now 0 is the newest again, and 1 the oldest. */
	ok(get_object(c, 0) == first, "the first is still there");
	ok(get_object(c, LIMIT_DKIM_KEY_CACHE) != NULL, "one past the limit");
	is_num((long long)dkim_keycache_count(c), LIMIT_DKIM_KEY_CACHE,
	    "makes none too many");
	ok(get_object(c, 0) == first, "what was used last stays");
	for (i = 2; i <= LIMIT_DKIM_KEY_CACHE + 1; i++)
		wrong += get_object(c, i) == NULL;
	/* `held` keeps the address from being used again. */
	ok(get_object(c, 0) != first, "what was not used leaves");
	dkim_keycache_free(c);
	is_num(held.bits, 256, "a key outlives the cache");
	ok(EVP_PKEY_get_bits(held.key.pkey) > 0, "and is whole");
	dkim_key_fini(&held);
}

static void
test_size(size_t octets, long long want)
{
	struct dkim_keycache *c = dkim_keycache_new();
	struct text t = { NULL, 0, 0 };
	struct dkim_key key;
	const char *problem;

	text_adds(&t, "v=DKIM1; k=ed25519; p=" ED "; n=");
	while (t.len < octets)
		text_adds(&t, "x");
	is_num(dkim_keycache_get(c, text_slice(&t), &key, &problem),
	    DKIM_KEY_OK, "a record of some size");
	dkim_key_fini(&key);
	is_num((long long)dkim_keycache_count(c), want, "is it kept");
	text_free(&t);
	dkim_keycache_free(c);
}

static void
test_bad(void)
{
	struct dkim_keycache *c = dkim_keycache_new();
	struct dkim_key key;
	const char *problem = NULL;

	is_num(dkim_keycache_get(c, SLICE("v=DKIM1; p="), &key, &problem),
	    DKIM_KEY_UNUSABLE, "a bad record");
	is_str(problem, "key revoked", "is told");
	dkim_key_fini(&key);
	is_num(dkim_keycache_get(c, SLICE(""), &key, &problem),
	    DKIM_KEY_FOREIGN, "an empty record");
	dkim_key_fini(&key);
	is_num((long long)dkim_keycache_count(c), 0, "and is not kept");
	dkim_keycache_free(c);
}

/* ---- collisions made in advance ---- */

#define PAIRS	44
#define RECORDS	(PAIRS * (PAIRS + 1) / 2)
#define AIMED	64	/* with a weak hash at least so many in one bucket */
#define FULLEST	16	/* with a good one no bucket has so many */

/*
 * A hash whose key does not help: words are mixed in by XOR and an odd
 * multiplication, so that two changes cancel each other for every second
 * key.  It was used here once.
 */
static uint64_t
weak_hash(struct slice s, uint64_t secret)
{
	uint64_t h = secret ^ s.len, word;

	for (; s.len > 0; s = slice_from(s, sizeof(word))) {
		word = 0;
		memcpy(&word, s.ptr,
		    s.len < sizeof(word) ? s.len : sizeof(word));
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	return h;
}

/*
 * Records of one length with printable text in n=.  The pairs of words at
 * `a` and `b` are changed: bit 62 in the first word, bits 62 and 30 in the
 * second, which cancel in weak_hash() unless there is a carry.
 */
static struct text
colliding_record(unsigned int a, unsigned int b)
{
	struct text t = { NULL, 0, 0 };
	uint64_t words[2 * PAIRS], bit = UINT64_C(1) << 62;
	unsigned int i;

	text_adds(&t, "v=DKIM1;k=ed25519;p=" ED ";n=");
	while (t.len % sizeof(words[0]) != 0)
		text_adds(&t, "q");
	memset(words, 'q', sizeof(words));
	for (i = 0; i < PAIRS; i++) {
		if (i != a && i != b)
			continue;
		words[2 * i] ^= bit;
		words[2 * i + 1] ^= bit ^ bit >> 32;
	}
	text_add(&t, (const char *)words, sizeof(words));
	return t;
}

/* How many of the records get the hash that the unchanged one has. */
static long long
aimed(uint64_t secret)
{
	struct text t, whole = colliding_record(PAIRS, PAIRS);
	uint64_t want = weak_hash(text_slice(&whole), secret);
	unsigned int a, b;
	long long same = 0;

	for (a = 0; a < PAIRS; a++)
		for (b = a; b < PAIRS; b++) {
			t = colliding_record(a, b);
			same += weak_hash(text_slice(&t), secret) == want;
			text_free(&t);
		}
	text_free(&whole);
	return same;
}

static void
test_collisions(void)
{
	struct dkim_keycache *c = dkim_keycache_new();
	unsigned int a, b, kept = 0;
	struct dkim_key key;
	const char *problem;
	struct text t;

	ok(aimed(0) >= AIMED && aimed(UINT64_C(0x9876543210)) >= AIMED,
	    "many records collide in a weak hash");
	for (a = 0; a < PAIRS; a++)
		for (b = a; b < PAIRS; b++) {
			t = colliding_record(a, b);
			kept += dkim_keycache_get(c, text_slice(&t), &key,
			    &problem) == DKIM_KEY_OK;
			dkim_key_fini(&key);
			text_free(&t);
		}
	is_num(kept, RECORDS, "all are keys");
	is_num((long long)dkim_keycache_count(c), RECORDS, "and all are kept");
	ok(dkim_keycache_longest(c) < FULLEST, "the fullest bucket has %zu",
	    dkim_keycache_longest(c));
	dkim_keycache_free(c);
}

static void *
use(void *arg)
{
	struct dkim_key key;
	unsigned int i;
	size_t wrong = 0;

	for (i = 0; i < 4000; i++) {
		if (get(arg, i * 7 % (LIMIT_DKIM_KEY_CACHE + 300), &key))
			dkim_key_fini(&key);
		else
			wrong++;
	}
	return wrong == 0 ? arg : NULL;
}

static void
test_threads(void)
{
	struct dkim_keycache *c = dkim_keycache_new();
	pthread_t threads[4];
	void *result;
	size_t i, fine = 0, started = 0;

	for (i = 0; i < 4; i++)
		started += pthread_create(&threads[i], NULL, use, c) == 0;
	for (i = 0; i < started; i++)
		fine += pthread_join(threads[i], &result) == 0 &&
		    result == c;
	is_num((long long)fine, 4, "four threads get all their keys");
	ok(dkim_keycache_count(c) <= LIMIT_DKIM_KEY_CACHE,
	    "and stay within the limit");
	dkim_keycache_free(c);
}

static void
test_memory(void)
{
	struct dkim_keycache *c;
	unsigned long n;
	bool fine;

	mem_fail_after(0, 1);
	c = dkim_keycache_new();
	ok(c == NULL, "no memory for the cache");
	mem_fail_after(0, 0);
	c = dkim_keycache_new();
	for (n = 0; n < 10; n++) {
		mem_fail_after(n, 1);
		fine = get_object(c, 1000 + (unsigned int)n) != NULL;
		ok(fine, "without memory a key is still parsed");
		if (mem_fail_hits() == 0)
			break;
	}
	ok(n > 0 && n < 10, "a failure came and went");
	mem_fail_after(0, 0);
	dkim_keycache_free(c);
	dkim_keycache_free(NULL);
}

int
main(void)
{
	test_bound();
	test_size(LIMIT_DKIM_KEY_CACHED, 1);
	test_size(LIMIT_DKIM_KEY_CACHED + 1, 0);
	test_bad();
	test_collisions();
	test_threads();
	test_memory();
	return tap_done();
}
