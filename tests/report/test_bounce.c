/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delivery status notifications: how mail servers write them, what is none,
 * every limit at it and one past it, and memory that runs out.
 */
#include "report/bounce.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "tests/tap.h"

#define TAG "0123456789abcdef-00000000000000ff"
#define VERP "bounce+" TAG "@mx.example.org"
#define HEAD "From: MAILER-DAEMON@mx.example.org\r\n" \
	"MIME-Version: 1.0\r\nContent-Type: multipart/report;\r\n" \
	"\treport-type=delivery-status; boundary=\"b/1\"\r\n"
#define PLAIN "--b/1\r\nContent-Description: Notification\r\n" \
	"Content-Type: text/plain\r\n\r\nStatus: 5.0.0\r\n\r\n"
#define STATUS "--b/1\r\nContent-Type: message/delivery-status\r\n\r\n"
#define MESSAGE "Reporting-MTA: dns; mx.example.org\r\n" \
	"Arrival-Date: Sun, 29 Nov 2026 10:00:00 +0000\r\n\r\n"
#define FAILED "Final-Recipient: rfc822; dmarc@example.net\r\n" \
	"Original-Recipient: rfc822;dmarc@example.net\r\n" \
	"Action: failed\r\nStatus: 5.1.1\r\n" \
	"Remote-MTA: dns; mx.example.net\r\n" \
	"Diagnostic-Code: smtp; 550 5.1.1 <dmarc@example.net>:\r\n" \
	"    no such user\r\n\r\n"
#define RETURNED "--b/1\r\nContent-Type: text/rfc822-headers\r\n\r\n" \
	"Return-Path: <" VERP ">\r\nSubject: Report Domain: example.net\r\n" \
	"Message-ID: <" TAG "@mx.example.org>\r\n\r\n--b/1--\r\n"

static struct arena *arena;
static struct bounce bounce;

static bool
read_mail(struct slice mail, const char *recipient)
{
	arena_reset(arena);
	return bounce_read(mail, slice_str(recipient), arena, &bounce);
}

/* All our tags are the same. */
static bool
tags_are_right(size_t count)
{
	size_t i;

	for (i = 0; i < bounce.tag_count; i++)
		if (bounce.tags[i].policy != UINT64_C(0x0123456789abcdef) ||
		    bounce.tags[i].hash != 255)
			return false;
	return bounce.tag_count == count;
}

static const struct {
	const char		*name, *mail, *recipient;
	enum bounce_kind	 kind;
	const char		*status, *diagnostic, *final_recipient;
	size_t			 tags;
} rows[] = {
	{ .name = "of Postfix", .mail = HEAD "\r\n" PLAIN STATUS MESSAGE
	    FAILED RETURNED, .recipient = VERP, .kind = BOUNCE_FAILED,
	  .status = "5.1.1", .diagnostic = "550 5.1.1 <dmarc@example.net>:\r\n"
	    "    no such user", .final_recipient = "dmarc@example.net",
	  .tags = 3 },
	{ .name = "by local(8), with the line of an mbox", .mail =
	    "From MAILER-DAEMON  Sun Nov 29 10:00:00 2026\n"
	    "X-Original-To: " VERP "\nDelivered-To: " VERP "\n"
	    HEAD "\r\n" STATUS MESSAGE FAILED, .kind = BOUNCE_FAILED,
	  .status = "5.1.1", .diagnostic = "550 5.1.1 <dmarc@example.net>:\r\n"
	    "    no such user", .final_recipient = "dmarc@example.net",
	  .tags = 2 },
	{ .name = "without a group about the message", .mail = HEAD "\r\n"
	    STATUS FAILED, .kind = BOUNCE_FAILED, .status = "5.1.1",
	  .diagnostic = "550 5.1.1 <dmarc@example.net>:\r\n"
	    "    no such user", .final_recipient = "dmarc@example.net" },
	{ .name = "to somebody, from the message alone", .mail = HEAD
	    "To: Postmaster <postmaster@mx.example.org>\r\n\r\n" STATUS
	    MESSAGE "Final-Recipient: x@y.example\r\nAction: FAILED (really)"
	    "\r\nStatus: 5.7.1 (refused)\r\n\r\n" RETURNED,
	  .kind = BOUNCE_FAILED, .status = "5.7.1", .diagnostic = "",
	  .final_recipient = "x@y.example", .tags = 2 },
	{ .name = "a whole message that came back", .mail = HEAD "\r\n" STATUS
	    MESSAGE FAILED "--b/1\r\nContent-Type: message/rfc822\r\n\r\n"
	    "Message-ID: <" TAG "@mx.example.org>\r\nContent-Type: "
	    "multipart/report; boundary=c\r\n\r\n--c\r\nContent-Type: "
	    "message/delivery-status\r\n\r\nx: y\r\n\r\nAction: delayed\r\n",
	  .kind = BOUNCE_FAILED, .status = "5.1.1", .diagnostic =
	    "550 5.1.1 <dmarc@example.net>:\r\n    no such user",
	  .final_recipient = "dmarc@example.net", .tags = 1 },
	{ .name = "RFC 6533, in base64", .mail = HEAD "\r\n--b/1\r\n"
	    "Content-Type: message/global-delivery-status\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n"
	    /* "a: b", "", "Final-Recipient: utf-8; u@\xc3\xbc.example",
	       "Action: failed" */
	    "YTogYgoKRmluYWwtUmVjaXBpZW50OiB1dGYtODsgdUDDvC5leGFtcGxlCkFjdGl"
	    "vbjogZmFpbGVkCg==\r\n--b/1--\r\n", .kind = BOUNCE_FAILED,
	  .status = "", .diagnostic = "",
	  .final_recipient = "u@\xc3\xbc.example" },
	{ .name = "delayed", .mail = HEAD "\r\n" STATUS MESSAGE
	    "Final-Recipient: rfc822; x@y.example\r\nAction: delayed\r\n"
	    "Status: 4.4.1\r\nWill-Retry-Until: tomorrow\r\n",
	  .kind = BOUNCE_DELAYED, .status = "4.4.1", .diagnostic = "",
	  .final_recipient = "x@y.example" },
	{ .name = "given up after days of 4.x.x", .mail = HEAD "\r\n" STATUS
	    MESSAGE "Final-Recipient: rfc822; x@y.example\r\nAction: failed"
	    "\r\nStatus: 4.4.1\r\n", .kind = BOUNCE_FAILED,
	  .status = "4.4.1", .diagnostic = "",
	  .final_recipient = "x@y.example" },
	{ .name = "delivered", .mail = HEAD "\r\n" STATUS MESSAGE
	    "Final-Recipient: rfc822; x@y.example\r\nAction: delivered\r\n"
	    "Status: 2.0.0\r\n", .kind = BOUNCE_NO_FAILURE, .status = "",
	  .diagnostic = "", .final_recipient = "" },
	{ .name = "the worst counts", .mail = HEAD "\r\n" STATUS MESSAGE
	    "Final-Recipient: rfc822; a@y.example\r\nAction: delayed\r\n\r\n"
	    "Final-Recipient: rfc822; b@y.example\r\nAction: failed\r\n\r\n"
	    "Final-Recipient: rfc822; c@y.example\r\nAction: failed\r\n\r\n",
	  .kind = BOUNCE_FAILED, .status = "", .diagnostic = "",
	  .final_recipient = "b@y.example" },
	{ .name = "no Action: 5", .mail = HEAD "\r\n" STATUS MESSAGE
	    "Final-Recipient: x@y.example\nStatus: 5.2.2\n",
	  .kind = BOUNCE_FAILED, .status = "5.2.2", .diagnostic = "",
	  .final_recipient = "x@y.example" },
	{ .name = "no Action: 4", .mail = HEAD "\r\n" STATUS MESSAGE
	    "Final-Recipient: x@y.example\nStatus: 4.2.2\n",
	  .kind = BOUNCE_DELAYED, .status = "4.2.2", .diagnostic = "",
	  .final_recipient = "x@y.example" },
	{ .name = "rubbish between the fields", .mail = HEAD "\r\n" STATUS
	    MESSAGE "=== rubbish ===\r\n" FAILED, .kind = BOUNCE_FAILED,
	  .status = "5.1.1", .diagnostic = "550 5.1.1 <dmarc@example.net>:\r\n"
	    "    no such user", .final_recipient = "dmarc@example.net" },
	{ .name = "within another multipart", .mail =
	    "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n"
	    HEAD "\r\n" STATUS MESSAGE FAILED "--b/1--\r\n--m--\r\n",
	  .kind = BOUNCE_FAILED, .status = "5.1.1",
	  .diagnostic = "550 5.1.1 <dmarc@example.net>:\r\n"
	    "    no such user", .final_recipient = "dmarc@example.net" },
	{ .name = "the status of the message alone", .mail = HEAD "\r\n" STATUS
	    "Reporting-MTA: dns; x\r\nAction: failed\r\nStatus: 5.0.0\r\n",
	  .kind = BOUNCE_NO_FAILURE, .status = "", .diagnostic = "",
	  .final_recipient = "" },
	{ .name = "an answer", .mail = "To: <" VERP ">\r\nSubject: away\r\n"
	    "\r\nStatus: 5.0.0\r\n", .status = "", .diagnostic = "",
	  .final_recipient = "", .tags = 1 },
	{ .name = "a notice in a mail in a mail", .mail =
	    "Content-Type: message/rfc822\r\n\r\n" HEAD "\r\n" STATUS MESSAGE
	    FAILED, .status = "", .diagnostic = "", .final_recipient = "" },
	{ .name = "of a disposition", .mail = HEAD "\r\n--b/1\r\n"
	    "Content-Type: message/disposition-notification\r\n\r\n"
	    "Disposition: manual-action; displayed\r\n--b/1--\r\n",
	  .status = "", .diagnostic = "", .final_recipient = "" },
	{ .name = "cut in its middle", .mail = HEAD "\r\n" PLAIN STATUS
	    "Reporting-MTA: d", .kind = BOUNCE_NO_FAILURE, .status = "",
	  .diagnostic = "", .final_recipient = "" },
	{ .name = "no boundary", .mail = "Content-Type: multipart/report\r\n"
	    "\r\n--\r\nContent-Type: message/delivery-status\r\n\r\n" MESSAGE
	    FAILED, .status = "", .diagnostic = "", .final_recipient = "" },
	{ .name = "nothing", .mail = "", .status = "", .diagnostic = "",
	  .final_recipient = "" },
	{ .name = "one line", .mail = "From ", .status = "", .diagnostic = "",
	  .final_recipient = "" },
};

static void
is_slice(struct slice got, const char *want, const char *name)
{
	is_bytes(got.ptr, got.len, want, strlen(want), name);
}

static void
test_mails(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ok(read_mail(slice_str(rows[i].mail), rows[i].recipient),
		    "%s", rows[i].name);
		is_num(bounce.kind, rows[i].kind, "its kind");
		is_slice(bounce.status, rows[i].status, "its status");
		is_slice(bounce.diagnostic, rows[i].diagnostic,
		    "its diagnostic");
		is_slice(bounce.final_recipient, rows[i].final_recipient,
		    "its recipient");
		ok(tags_are_right(rows[i].tags), "its %zu tags",
		    bounce.tag_count);
	}
}

static void
test_tags(void)
{
	static const struct {
		const char	*address;
		bool		 has;
	} addresses[] = {
		{ VERP, true }, { "<" VERP ">", true }, { " <" VERP, true },
		{ "Bounces <" VERP ">", true }, { TAG "@x", true },
		{ "BOUNCE+0123456789ABCDEF-00000000000000FF@X", true },
		{ "bounce=" TAG "@x", true }, { TAG, false },
		{ "bounce+0123456789abcdef-00000000000000f@x", false },
		{ "bounce+0123456789abcdef_00000000000000ff@x", false },
		{ "bounce+0000000000000000-00000000000000ff@x", false },
		{ "bounce@x", false }, { "@", false }, { "", false },
		{ "<>", false }
	};
	size_t i;

	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		ok(read_mail(SLICE(""), addresses[i].address) &&
		    tags_are_right(addresses[i].has), "a tag in \"%s\"",
		    addresses[i].address);
	}
}

/* `before`, `count` times `piece`, `after`. */
static bool
read_repeated(const char *before, const char *piece, size_t count,
    const char *after)
{
	struct buf b;
	bool good;
	size_t i;

	buf_init(&b, 4U << 20);
	buf_adds(&b, before);
	for (i = 0; i < count; i++)
		buf_adds(&b, piece);
	buf_adds(&b, after);
	good = !buf_failed(&b) && read_mail(buf_slice(&b), "");
	buf_fini(&b);
	return good;
}

/* A notice within so many others. */
static bool
read_nested(size_t depth)
{
	struct buf b;
	bool good;
	size_t i;

	buf_init(&b, 65536);
	for (i = 0; i < depth; i++)
		buf_addf(&b, "Content-Type: multipart/mixed; boundary=m%zu"
		    "\r\n\r\n--m%zu\r\n", i, i);
	buf_adds(&b, HEAD "\r\n" STATUS MESSAGE FAILED);
	good = !buf_failed(&b) && read_mail(buf_slice(&b), "");
	buf_fini(&b);
	return good;
}

static void
test_limits(void)
{
	char text[LIMIT_BOUNCE_TEXT + 100];
	size_t i;

	for (i = 0; i < 2; i++) {
		/* All of it is one part, and the last is one. */
		ok(read_repeated(HEAD "\r\n", PLAIN, LIMIT_BOUNCE_PARTS - 2 +
		    i, STATUS MESSAGE FAILED) && bounce.kind == (i == 0 ?
		    BOUNCE_FAILED : BOUNCE_NO_NOTICE),
		    "%zu parts more than may be", i);
		ok(read_repeated(HEAD "\r\n" STATUS MESSAGE, "x: y\r\n\r\n",
		    LIMIT_BOUNCE_GROUPS - 2 + i, FAILED) && bounce.kind ==
		    (i == 0 ? BOUNCE_FAILED : BOUNCE_NO_FAILURE),
		    "%zu groups more than may be", i);
		ok(read_nested(LIMIT_BOUNCE_DEPTH - 1 + i) && bounce.kind ==
		    (i == 0 ? BOUNCE_FAILED : BOUNCE_NO_NOTICE),
		    "%zu deeper than may be", i);
		ok(read_repeated("", "Delivered-To: " VERP "\r\n",
		    LIMIT_BOUNCE_TAGS + i, "") &&
		    tags_are_right(LIMIT_BOUNCE_TAGS),
		    "%zu tags more than are kept", i);
		memset(text, 'x', sizeof(text));
		text[LIMIT_BOUNCE_TEXT + i] = '\0';
		ok(read_repeated(HEAD "\r\n" STATUS MESSAGE
		    "Action: failed\r\nDiagnostic-Code: smtp; ", text, 1, "")
		    && bounce.kind == BOUNCE_FAILED &&
		    bounce.diagnostic.len == LIMIT_BOUNCE_TEXT,
		    "%zu octets more than are kept", i);
	}
	/* What costs most: headers as long as they may be. */
	ok(read_repeated(HEAD "\r\n" STATUS, "a:\n", LIMIT_BOUNCE_MAIL / 3,
	    "") && bounce.kind == BOUNCE_NO_FAILURE, "many fields");
	ok(read_repeated(HEAD "\r\n" STATUS, "x\n", LIMIT_BOUNCE_MAIL / 2,
	    "") && bounce.kind == BOUNCE_NO_FAILURE, "many lines");
	ok(read_repeated(HEAD "\r\n", "--b/1\r\n", LIMIT_BOUNCE_MAIL / 7,
	    "") && bounce.kind == BOUNCE_NO_NOTICE, "many boundaries");
}

/* Each allocation fails in turn: all of it, or false. */
static void
test_memory(void)
{
	static const char mail[] = HEAD "\r\n" PLAIN "--b/1\r\nContent-Type: "
	    "message/delivery-status\r\nContent-Transfer-Encoding: "
	    "quoted-printable\r\n\r\n" MESSAGE FAILED RETURNED;
	bool failed = true, good = true;
	unsigned long at;

	for (at = 0; failed && at < 1000; at++) {
		struct arena *a = arena_new(1U << 20);
		bool whole;

		mem_fail_after(at, 1);
		whole = bounce_read(slice_str(mail), slice_str(VERP), a,
		    &bounce);
		failed = mem_fail_hits() > 0;
		mem_fail_after(0, 0);
		good &= whole == !failed && (!whole ||
		    (bounce.kind == BOUNCE_FAILED && tags_are_right(3)));
		arena_free(a);
	}
	ok(good && !failed && at > 5, "%lu allocations", at);
}

int
main(void)
{
	arena = arena_new(1U << 20);
	test_mails();
	test_tags();
	test_limits();
	test_memory();
	arena_free(arena);
	return tap_done();
}
