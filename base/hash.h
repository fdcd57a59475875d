/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash: one keyed hash for all tables.
 *
 * What is hashed comes from senders and name servers, who must not be able
 * to aim at one slot: the hash is keyed with a random secret of the process,
 * so its values mean nothing outside of it.  Any thread.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

/* `salt` keeps apart what has the same text: a type, a part, or another
   hash, so that several texts can be chained. */
uint64_t	hash_keyed(struct slice text, uint64_t salt);

/* hash_keyed() of a text whose case does not matter. */
uint64_t	hash_nocase(struct slice text, uint64_t salt);

/*
 * hash_keyed() with a secret of the caller's, for values that outlive the
 * process and are no secret.  They depend on the order of octets of the
 * machine.
 */
uint64_t	hash_with(const uint64_t key[2], struct slice text,
		    uint64_t salt);

#endif
