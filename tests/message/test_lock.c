/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nothing is hashed and no signature is checked while the inquiry's lock is
 * held, which the resolver's only thread waits for: neither between
 * inquiry_lock() and inquiry_unlock() nor in a step.  The linker leads these
 * calls through here, where they are counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dkim/crypto.h"
#include "mail/header.h"
#include "message/dkim.h"
#include "message/engine.h"
#include "message/inquiry.h"
#include "message/message.h"
#include "tests/tap.h"

#define FILE_MAX (1u << 20)
#define FILLING 300		/* fields that are signed, with the others */

static _Thread_local unsigned int held;
static unsigned long locks, hashed, verified, under_lock;

void	__real_inquiry_lock(struct inquiry *q);
void	__wrap_inquiry_lock(struct inquiry *q);
void	__real_inquiry_unlock(struct inquiry *q);
void	__wrap_inquiry_unlock(struct inquiry *q);
int64_t	__real_inquiry_wait(struct inquiry *q, unsigned int deadline_ms,
	    const struct inquiry_waiting *waiting);
int64_t	__wrap_inquiry_wait(struct inquiry *q, unsigned int deadline_ms,
	    const struct inquiry_waiting *waiting);
void	__real_crypto_hash_add(struct crypto_hash *h, const char *ptr,
	    size_t len);
void	__wrap_crypto_hash_add(struct crypto_hash *h, const char *ptr,
	    size_t len);
enum crypto_status	__real_crypto_verify(struct crypto_key *key,
			    const unsigned char hash[DKIM_SHA256_LEN],
			    const unsigned char *sig, size_t sig_len);
enum crypto_status	__wrap_crypto_verify(struct crypto_key *key,
			    const unsigned char hash[DKIM_SHA256_LEN],
			    const unsigned char *sig, size_t sig_len);

void
__wrap_inquiry_lock(struct inquiry *q)
{
	__real_inquiry_lock(q);
	held++;
	locks++;
}

void
__wrap_inquiry_unlock(struct inquiry *q)
{
	held--;
	__real_inquiry_unlock(q);
}

/* It takes the lock itself, and runs steps with it. */
int64_t
__wrap_inquiry_wait(struct inquiry *q, unsigned int deadline_ms,
    const struct inquiry_waiting *waiting)
{
	int64_t blocked;

	held++;
	locks++;
	blocked = __real_inquiry_wait(q, deadline_ms, waiting);
	held--;
	return blocked;
}

void
__wrap_crypto_hash_add(struct crypto_hash *h, const char *ptr, size_t len)
{
	hashed++;
	under_lock += held;
	__real_crypto_hash_add(h, ptr, len);
}

enum crypto_status
__wrap_crypto_verify(struct crypto_key *key,
    const unsigned char hash[DKIM_SHA256_LEN], const unsigned char *sig,
    size_t sig_len)
{
	verified++;
	under_lock += held;
	return __real_crypto_verify(key, hash, sig, sig_len);
}

static const char *
path_of(const char *name)
{
	static char path[1024];
	const char *top = getenv("top_srcdir");

	snprintf(path, sizeof(path), "%s/tests/data/replay/all-pass/%s",
	    top != NULL ? top : ".", name);
	return path;
}

static struct engine *
make_engine(struct dkim_context *dkim)
{
	char why[1024];
	struct config *c = config_read(path_of("assay.yaml"), why,
	    sizeof(why));

	return c == NULL ? NULL : engine_new(c, dkim, why, sizeof(why));
}

static struct buf
read_message(void)
{
	FILE *f = fopen(path_of("message.eml"), "rb");
	char chunk[4096];
	struct buf b;
	size_t n;

	buf_init(&b, FILE_MAX);
	while (f != NULL && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, (struct slice){ chunk, n });
	if (f != NULL)
		fclose(f);
	return b;
}

static void
feed(struct message *m, const struct mail_header *header, struct slice body)
{
	size_t i;

	message_helo(m, SLICE("mail.example.com"));
	message_mail(m, &(struct message_envelope){
		.path = SLICE("<alice@example.com>"), .now = 1790000000 });
	for (i = 0; i < header->count; i++)
		message_field(m, header->fields[i].name,
		    header->fields[i].value);
	for (i = 0; i < FILLING; i++)
		message_field(m, SLICE("X-Filling"), SLICE(" text"));
	message_header_end(m);
	message_body(m, body);
}

int
main(void)
{
	struct dkim_context *dkim = dkim_context_new();
	struct engine *e = make_engine(dkim);
	struct buf text = read_message();
	struct arena *arena = arena_new(FILE_MAX);
	struct message_client client = { .mta = SLICE("Postfix 3.7.11") };
	struct message_orders orders;
	struct mail_header header;
	struct message *m;
	struct slice body;
	bool finished;

	if (e == NULL || text.len == 0 ||
	    !ipaddr_parse(SLICE("192.0.2.1"), &client.address))
		return EXIT_FAILURE;
	mail_header_init(&header, arena);
	(void)mail_header_parse(&header, buf_slice(&text), &body);
	m = message_new(engine_ref(e), &client, SLICE("mx.example.org"));
	feed(m, &header, body);
	ok(hashed > 0 && locks > 0, "the header was hashed, before the end");
	ok(verified == 0, "no signature is checked before the end");
	finished = message_finish(m,
	    &(struct inquiry_waiting){ .progress_ms = 0 }, &orders);
	ok(finished && message_dkim(m)->count > 0, "there are verdicts");
	ok(verified > 0, "signatures were checked");
	is_num((long long)under_lock, 0, "none of it under the lock");
	ok(held == 0, "the lock is free");
	message_free(m);
	engine_unref(e);
	dkim_context_free(dkim);
	buf_fini(&text);
	arena_free(arena);
	return tap_done();
}
