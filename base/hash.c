/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash: SipHash-1-3 with a secret of the process.
 *
 * SipHash (Aumasson and Bernstein, 2012) with the reduced rounds that are
 * usual for hash tables: the text in words of eight octets, its last word
 * with the length on top, then one word for the salt.
 */
#include "base/hash.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "base/ascii.h"

static pthread_once_t secret_once = PTHREAD_ONCE_INIT;
static uint64_t secret[2];

/* Without entropy the addresses of the process are used: the table still
   works, it is only easier to attack. */
static void
secret_make(void)
{
	if (getrandom(secret, sizeof(secret), 0) == sizeof(secret))
		return;
	secret[0] = (uint64_t)(uintptr_t)&secret_once;
	secret[1] = (uint64_t)(uintptr_t)secret;
}

static inline uint64_t
rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static inline void
sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

static inline void
sip_begin(uint64_t v[4], const uint64_t key[2])
{
	v[0] = key[0] ^ UINT64_C(0x736f6d6570736575);
	v[1] = key[1] ^ UINT64_C(0x646f72616e646f6d);
	v[2] = key[0] ^ UINT64_C(0x6c7967656e657261);
	v[3] = key[1] ^ UINT64_C(0x7465646279746573);
}

uint64_t
hash_with(const uint64_t key[2], struct slice text, uint64_t salt)
{
	uint64_t v[4], word;
	size_t at;

	sip_begin(v, key);
	for (at = 0; text.len - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, text.ptr + at, sizeof(word));
		sip_word(v, word);
	}
	word = 0;
	if (at < text.len)
		memcpy(&word, text.ptr + at, text.len - at);
	sip_word(v, word ^ (uint64_t)text.len << 56);
	sip_word(v, salt);
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
hash_keyed(struct slice text, uint64_t salt)
{
	(void)pthread_once(&secret_once, secret_make);
	return hash_with(secret, text, salt);
}

/* Piece by piece; the end is an empty piece. */
uint64_t
hash_nocase(struct slice text, uint64_t salt)
{
	char piece[64];
	size_t i, len;

	for (; text.len > 0; text = slice_from(text, len)) {
		len = text.len < sizeof(piece) ? text.len : sizeof(piece);
		for (i = 0; i < len; i++)
			piece[i] = ascii_lower(text.ptr[i]);
		salt = hash_keyed((struct slice){ piece, len }, salt);
	}
	return hash_keyed(SLICE(""), salt);
}
