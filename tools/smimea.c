/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smimea: RFC 8162.
 *
 * 1. The name: 28 octets of SHA-256 of the local part, as it is in UTF-8 and
 *    without quotes, and "_smimecert" (section 3).
 * 2. The records.  Only those that DNSSEC secures mean something (section 5).
 * 3. A certificate, or each signer of a message, is compared with them, as
 *    with TLSA: usage 3 is that certificate, 2 a private authority, 0 and 1
 *    also need a public authority (section 2).
 * 4. Of a message, From and the certificate must have the address (RFC 8550
 *    section 3).
 */
#include "tools/smimea.h"

#include <getopt.h>
#include <stdio.h>
#include <time.h>

#include "base/domain.h"
#include "base/limits.h"
#include "mail/address.h"
#include "mail/header.h"
#include "tools/answer.h"
#include "tools/certificate.h"
#include "tools/mbox.h"
#include "tools/signed.h"

/* A certificate in question. */
struct holder {
	const struct certificates *chain;
	struct certificate_facts   facts;
	bool			   has_address;
	/* For each record; NULL: it matches. */
	const char		  **why;
	bool			   matches;
};

struct asked {
	/* Options. */
	const char		*message_file, *certificate_file, *ca_file;

	struct mail_path	 address;
	struct buf		 local;		/* without quotes */
	struct domain		 name;		/* of the records */
	const struct dns_answer	*answer;

	struct buf		 text;		/* of the file */
	struct certificates	*chain;		/* of --cert */
	struct signed_message	 message;
	struct mail_from	 from;
	bool			 from_matches;
	struct holder		 holders[LIMIT_TOOL_SIGNERS];
	size_t			 count;
};

/* ---- step 1 ---- */

static void
unquote(struct slice local, struct buf *out)
{
	bool quoted = slice_starts(local, SLICE("\""));
	size_t i, end = local.len;

	if (quoted && end > 1)
		end--;
	for (i = quoted ? 1 : 0; i < end; i++) {
		if (quoted && local.ptr[i] == '\\' && i + 1 < end)
			i++;
		buf_addc(out, local.ptr[i]);
	}
}

/* MAIL FROM is read more widely. */
static bool
is_local_part(struct slice local)
{
	return slice_starts(local, SLICE("\"")) || (local.len > 0 &&
	    slice_find(local, '@') == local.len &&
	    slice_find(local, ' ') == local.len);
}

static enum tool_exit
read_address(struct asked *a, const char *text)
{
	char label[CERTIFICATE_NAME + 1];
	char labels[sizeof(label) + sizeof("._smimecert")];

	buf_init(&a->local, LIMIT_USERS_WORD);
	mail_path_parse(slice_str(text), &a->address);
	if (a->address.null || !a->address.has_domain ||
	    !is_local_part(a->address.local))
		return tool_fail(TOOL_USAGE, "not an address", text);
	unquote(a->address.local, &a->local);
	if (buf_failed(&a->local))
		return tool_fail(TOOL_USAGE, "the local part is too long",
		    text);
	if (!certificate_name(buf_slice(&a->local), label))
		return tool_no_memory();
	snprintf(labels, sizeof(labels), "%s._smimecert", label);
	return domain_below(slice_str(labels),
	    domain_slice(&a->address.domain), &a->name) ? TOOL_OK :
	    tool_fail(TOOL_USAGE, "the domain is too long", text);
}

/* ---- step 2 ---- */

/* An inquiry_step_fn. */
static bool
ask(void *arg, struct dns_ledger *ledger)
{
	struct asked *a = arg;

	a->answer = dns_ledger_ask(ledger, domain_slice(&a->name),
	    DNS_TYPE_SMIMEA);
	return a->answer != NULL;
}

/* ---- steps 3 and 4 ---- */

static bool
is_address(const struct asked *a, struct slice text)
{
	struct mail_path path;

	mail_path_parse(text, &path);
	return path.has_domain &&
	    domain_eq(&path.domain, &a->address.domain) &&
	    slice_eq(path.local, a->address.local);
}

/* False: no memory. */
static bool
judge(struct tool *t, const struct asked *a, struct holder *h)
{
	const struct certificate_judge judge = {
		.purpose = CERTIFICATE_PERSON, .ca_file = a->ca_file };
	enum certificate_verdict verdict;
	size_t i;

	if (!certificates_facts(h->chain, t->arena, &h->facts))
		return false;
	for (i = 0; i < h->facts.address_count; i++)
		h->has_address |= is_address(a, h->facts.addresses[i]);
	h->why = arena_array(t->arena, a->answer->count + 1, sizeof(char *));
	for (i = 0; h->why != NULL && i < a->answer->count; i++) {
		verdict = certificates_by_record(h->chain,
		    a->answer->records[i].text, &judge, &h->why[i]);
		if (verdict == CERTIFICATE_NO_MEMORY)
			return false;
		if (verdict != CERTIFICATE_GOOD)
			continue;
		h->why[i] = NULL;
		h->matches = true;
	}
	return h->why != NULL;
}

static void
read_from(struct tool *t, struct asked *a, struct slice message)
{
	struct mail_header header;
	struct slice body;
	char text[LIMIT_USERS_WORD + DOMAIN_MAX + 2];
	int len;

	mail_header_init(&header, t->arena);
	(void)mail_header_parse(&header, message, &body);
	mail_from_read(&header, &a->from);
	/* One address, written plainly: nothing else can be compared. */
	if (a->from.state != MAIL_FROM_OK || a->from.local.len == 0 ||
	    a->from.mailboxes != 1)
		return;
	len = snprintf(text, sizeof(text), "%.*s@%s",
	    SLICE_ARG(a->from.local), a->from.domain.text);
	if (len > 0 && (size_t)len < sizeof(text))
		a->from_matches = is_address(a,
		    (struct slice){ text, (size_t)len });
}

static enum tool_exit
read_message(struct tool *t, struct asked *a)
{
	struct slice message, from_line;
	struct mbox mbox;
	size_t i;

	mbox_init(&mbox, buf_slice(&a->text));
	if (mbox.count != 1 || mbox.mark == MBOX_UTF16 ||
	    !mbox_next(&mbox, &from_line, &message))
		return tool_fail_at(TOOL_NO_INPUT, a->message_file,
		    "not one message");
	signed_read(message, &a->message);
	if (a->message.status == SIGNED_NO_MEMORY)
		return tool_no_memory();
	read_from(t, a, message);
	for (i = 0; i < a->message.count; i++)
		a->holders[a->count++].chain = a->message.signers[i];
	return TOOL_OK;
}

static enum tool_exit
read_certificate(struct asked *a)
{
	const char *problem;

	a->chain = certificates_read(buf_slice(&a->text), &problem);
	if (a->chain == NULL)
		return tool_fail_at(TOOL_NO_INPUT, a->certificate_file,
		    problem);
	a->holders[a->count++].chain = a->chain;
	return TOOL_OK;
}

static enum tool_exit
read_file(struct tool *t, struct asked *a)
{
	enum tool_exit status;
	size_t i;

	if (a->message_file == NULL && a->certificate_file == NULL)
		return TOOL_OK;
	status = tool_read_file(a->message_file != NULL ? a->message_file :
	    a->certificate_file, &a->text);
	if (status == TOOL_OK)
		status = a->message_file != NULL ? read_message(t, a) :
		    read_certificate(a);
	for (i = 0; status == TOOL_OK && i < a->count; i++) {
		if (!judge(t, a, &a->holders[i]))
			status = tool_no_memory();
	}
	return status == TOOL_OK && arena_failed(t->arena) ?
	    tool_no_memory() : status;
}

/* ---- telling ---- */

static void
text_holder(struct text *t, const struct asked *a, const struct holder *h,
    int64_t now)
{
	size_t i;

	text_title(t, a->message_file != NULL ? "Signer\n" : "Certificate\n");
	certificate_facts_text(t, &h->facts, now);
	text_item(t, "address");
	text_style(t, h->has_address ? TEXT_GOOD : TEXT_BAD, h->has_address ?
	    "the certificate has it" : "the certificate does not have it");
	text_end(t);
	for (i = 0; i < a->answer->count; i++) {
		text_item(t, "record");
		answer_record_text(t, DNS_TYPE_SMIMEA,
		    &a->answer->records[i]);
		if (h->why[i] == NULL)
			text_style(t, TEXT_GOOD, "   matches");
		else
			text_style(t, TEXT_BAD, "   does not match: %s",
			    h->why[i]);
		text_end(t);
	}
}

static void
text_message(struct text *t, const struct asked *a)
{
	if (a->message_file == NULL)
		return;
	text_title(t, "Message: ");
	text_style(t, a->message.status == SIGNED_GOOD ? TEXT_GOOD :
	    TEXT_BAD, "%s", signed_status_name(a->message.status));
	if (a->message.why != NULL)
		text_say(t, ": %s", a->message.why);
	text_end(t);
	text_item(t, "From");
	text_style(t, a->from_matches ? TEXT_GOOD : TEXT_BAD,
	    a->from_matches ? "this address" : "not this address alone");
	text_end(t);
}

static void
tell_text(struct text *t, const struct asked *a)
{
	int64_t now = (int64_t)time(NULL);
	size_t i;

	text_title(t, "SMIMEA of ");
	text_foreign(t, a->address.local);
	text_say(t, "@");
	text_foreign(t, domain_slice(&a->address.domain));
	text_end(t);
	text_indent(t, 1);
	answer_text(t, DNS_TYPE_SMIMEA, domain_slice(&a->name), a->answer);
	text_end(t);
	text_item(t, "DNSSEC");
	text_style(t, a->answer->authenticated ? TEXT_GOOD : TEXT_BAD,
	    a->answer->authenticated ? "secure" :
	    "not secure: the records must not be used");
	text_end(t);
	text_message(t, a);
	for (i = 0; i < a->count; i++)
		text_holder(t, a, &a->holders[i], now);
}

static void
json_holder(struct json *j, const struct asked *a, const struct holder *h)
{
	size_t i;

	json_object(j, NULL);
	certificate_facts_json(j, "certificate", &h->facts);
	json_bool(j, "has_address", h->has_address);
	json_bool(j, "matches", h->matches);
	json_array(j, "records");
	for (i = 0; i < a->answer->count; i++)
		json_string(j, NULL, h->why[i] != NULL ? h->why[i] :
		    "matches");
	json_array_end(j);
	json_object_end(j);
}

static void
tell_json(struct json *j, const struct asked *a)
{
	size_t i;

	json_object(j, NULL);
	json_string(j, "command", "smimea");
	json_slice(j, "local", buf_slice(&a->local));
	json_slice(j, "domain", domain_slice(&a->address.domain));
	answer_json(j, "lookup", DNS_TYPE_SMIMEA, domain_slice(&a->name),
	    a->answer);
	json_bool(j, "secure", a->answer->authenticated);
	if (a->message_file != NULL) {
		json_object(j, "message");
		json_string(j, "signature",
		    signed_status_name(a->message.status));
		json_string(j, "why", a->message.why);
		json_bool(j, "from", a->from_matches);
		json_object_end(j);
	} else {
		json_null(j, "message");
	}
	json_array(j, "certificates");
	for (i = 0; i < a->count; i++)
		json_holder(j, a, &a->holders[i]);
	json_array_end(j);
	json_object_end(j);
}

/* All that was asked for is good, and secure. */
static enum tool_exit
sum_up(const struct asked *a)
{
	bool good = a->answer->outcome == DNS_FOUND &&
	    a->answer->authenticated;
	size_t i;

	if (!dns_outcome_is_known(a->answer->outcome))
		return TOOL_TEMPORARY;
	if (a->message_file != NULL)
		good = good && a->message.status == SIGNED_GOOD &&
		    a->from_matches;
	for (i = 0; i < a->count; i++)
		good = good && a->holders[i].matches &&
		    a->holders[i].has_address;
	return good ? TOOL_OK : TOOL_REFUSED;
}

static enum tool_exit
tell(struct tool *t, const struct asked *a)
{
	if (t->json) {
		tell_json(&t->out, a);
		text_end(&t->text);
	} else {
		tell_text(&t->text, a);
	}
	return sum_up(a);
}

static enum tool_exit
look_up(struct tool *t, struct asked *a)
{
	enum tool_exit status = tool_start(t);
	struct inquiry *inquiry;

	if (status != TOOL_OK)
		return status;
	inquiry = tool_inquire(t, ask, a);
	if (inquiry == NULL)
		return tool_no_memory();
	a->answer = dns_ledger_ask(inquiry_ledger(inquiry),
	    domain_slice(&a->name), DNS_TYPE_SMIMEA);
	if (a->answer == NULL)
		a->answer = dns_answer_of(DNS_NOT_ASKED);
	status = read_file(t, a);
	if (status == TOOL_OK)
		status = tell(t, a);
	inquiry_free(inquiry);
	return status;
}

static enum tool_exit
smimea_run(struct tool *t, int argc, char **argv)
{
	struct asked a = { .message_file = NULL };
	const struct tool_option own[] = {
		{ .name = "message", .value = &a.message_file,
		  .argument = "FILE",
		  .what = "verify its S/MIME signature, - for stdin" },
		{ .name = "cert", .value = &a.certificate_file,
		  .argument = "FILE",
		  .what = "compare this certificate with the records" },
		{ .name = "ca-file", .value = &a.ca_file,
		  .argument = "FILE",
		  .what = "authorities instead of the system's" },
		{ .name = NULL }
	};
	enum tool_exit status;

	if (!tool_options(t, argc, argv, own))
		return t->ended;
	if (optind + 1 != argc ||
	    (a.message_file != NULL && a.certificate_file != NULL))
		return tool_usage(t);
	status = read_address(&a, argv[optind]);
	if (status == TOOL_OK)
		status = look_up(t, &a);
	signed_fini(&a.message);
	certificates_free(a.chain);
	buf_fini(&a.text);
	buf_fini(&a.local);
	return status;
}

const struct tool_command smimea_command = {
	.name = "smimea",
	.run = smimea_run,
	.synopsis = "[--message FILE | --cert FILE] ADDRESS",
	.what = "Looks up S/MIME certificates in DNS; verifies a signature",
	.example = "assay smimea alice@example.org\n"
	    "assay smimea --message signed.eml alice@example.org"
};
