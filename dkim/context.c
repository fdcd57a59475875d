/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * context: what all messages share.
 */
#include "dkim/context.h"

#include "base/mem.h"
#include "dkim/context_internal.h"

struct dkim_context *
dkim_context_new(void)
{
	struct dkim_context *ctx = mem_alloc(sizeof(*ctx));

	if (ctx == NULL)
		return NULL;
	ctx->sha256 = crypto_sha256_new();
	ctx->keys = dkim_keycache_new();
	if (ctx->sha256 == NULL || ctx->keys == NULL) {
		dkim_context_free(ctx);
		return NULL;
	}
	return ctx;
}

struct evp_md_st *
dkim_context_sha256(const struct dkim_context *ctx)
{
	return ctx->sha256;
}

void
dkim_context_free(struct dkim_context *ctx)
{
	if (ctx == NULL)
		return;
	dkim_keycache_free(ctx->keys);
	crypto_sha256_free(ctx->sha256);
	mem_free(ctx);
}
