/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * context: what all messages share: digests that OpenSSL has looked up, and
 * keys that were parsed before.
 *
 * One for the process, over every reload: the keys that it knows hang on the
 * text of their records alone.  Thread-safe.
 */
#ifndef DKIM_CONTEXT_H
#define DKIM_CONTEXT_H

struct dkim_context;
struct evp_md_st;

/* NULL: OpenSSL has no SHA-256, or no memory. */
struct dkim_context	*dkim_context_new(void);
void			 dkim_context_free(struct dkim_context *ctx);

/* For crypto_hash_init(); borrowed. */
struct evp_md_st	*dkim_context_sha256(const struct dkim_context *ctx);

#endif
