/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tlsa: what to publish for a certificate (RFC 7672 section 3.1): "3 1 1", a
 * digest of its key, unless options say otherwise.
 */
#include "tools/tlsa.h"

#include <getopt.h>
#include <time.h>

#include "base/domain.h"
#include "base/limits.h"
#include "tools/certificate.h"

#define RECORD_TEXT	(2 * LIMIT_TOOL_PEM)
#define SMTP_PORT	25

struct asked {
	/* Options. */
	const char		*usage, *selector, *matching, *host, *port;

	struct certificate_record record;
	unsigned int		 smtp_port;
	struct domain		 domain;	/* of --host */
	struct certificates	*chain;
	struct certificate_facts facts;
	struct buf		 data, text;
};

void
tlsa_text(struct slice data, struct buf *out)
{
	size_t i;

	for (i = 0; i < data.len; i++)
		buf_addf(out, i < 3 ? "%u " : "%02x",
		    (unsigned char)data.ptr[i]);
}

/* ---- options ---- */

static bool
read_number(const char *text, unsigned int max, const char *what,
    unsigned int *out)
{
	unsigned long long number;

	if (text == NULL)
		return true;
	if (!slice_number(slice_str(text), max, &number))
		return tool_fail(TOOL_USAGE, what, text) == TOOL_OK;
	*out = (unsigned int)number;
	return true;
}

static enum tool_exit
read_options(struct asked *a)
{
	a->record = (struct certificate_record){ .usage = 3, .selector = 1,
		.matching = 1 };
	a->smtp_port = SMTP_PORT;
	if (!read_number(a->usage, 3, "not a usage from 0 to 3",
	    &a->record.usage) ||
	    !read_number(a->selector, 1, "not a selector: 0, the certificate, "
	    "or 1, its key", &a->record.selector) ||
	    !read_number(a->matching, 2, "not a matching type: 0, the whole, "
	    "1, SHA-256, or 2, SHA-512", &a->record.matching) ||
	    !read_number(a->port, 65535, "not a port", &a->smtp_port))
		return TOOL_USAGE;
	if (a->host != NULL && !domain_parse(slice_str(a->host), &a->domain))
		return tool_fail(TOOL_USAGE, "not a host name", a->host);
	if (a->record.usage < 2 && a->smtp_port == SMTP_PORT)
		(void)tool_fail(TOOL_OK, "warning: mail servers ignore usage "
		    "0 and 1 (RFC 7672 3.1.3)", NULL);
	return TOOL_OK;
}

/* ---- the records ---- */

/* An authority comes after what it vouches for: the last one. */
static size_t
index_of(const struct asked *a)
{
	return a->record.usage == 0 || a->record.usage == 2 ?
	    certificates_count(a->chain) - 1 : 0;
}

static void
tell_name(struct tool *t, const struct asked *a, const struct domain *host)
{
	struct slice text = buf_slice(&a->text);

	if (!t->json) {
		text_say(&t->text, "_%u._tcp.%s. IN TLSA %.*s\n",
		    a->smtp_port, host->text, SLICE_ARG(text));
		return;
	}
	json_object(&t->out, NULL);
	json_slice(&t->out, "host", domain_slice(host));
	json_number(&t->out, "port", a->smtp_port);
	json_slice(&t->out, "record", text);
	json_object_end(&t->out);
}

/* How many there were. */
static size_t
tell_names(struct tool *t, const struct asked *a)
{
	struct domain host;
	size_t i, count = 0;

	if (a->host != NULL) {
		tell_name(t, a, &a->domain);
		return 1;
	}
	/* A pattern is no place for a record. */
	for (i = 0; i < a->facts.name_count; i++) {
		if (!domain_parse(a->facts.names[i], &host))
			continue;
		tell_name(t, a, &host);
		count++;
	}
	return count;
}

static enum tool_exit
tell(struct tool *t, const struct asked *a)
{
	size_t count;

	if (!t->json) {
		count = tell_names(t, a);
	} else {
		json_object(&t->out, NULL);
		json_string(&t->out, "command", "tlsa");
		json_number(&t->out, "usage", a->record.usage);
		json_number(&t->out, "selector", a->record.selector);
		json_number(&t->out, "matching-type", a->record.matching);
		certificate_facts_json(&t->out, "certificate", &a->facts);
		json_array(&t->out, "records");
		count = tell_names(t, a);
		json_array_end(&t->out);
		json_object_end(&t->out);
		text_end(&t->text);
	}
	return count > 0 ? TOOL_OK : tool_fail(TOOL_USAGE, "the certificate "
	    "has no host name: which one is it for?  Use --host", NULL);
}

static enum tool_exit
make_record(struct tool *t, struct asked *a)
{
	buf_init(&a->data, LIMIT_TOOL_PEM);
	buf_init(&a->text, RECORD_TEXT);
	t->arena = arena_new(LIMIT_TOOL_MEMORY);
	if (t->arena == NULL ||
	    !certificates_facts(a->chain, t->arena, &a->facts) ||
	    !certificates_record(a->chain, index_of(a), &a->record,
	    &a->data))
		return tool_no_memory();
	tlsa_text(buf_slice(&a->data), &a->text);
	if (buf_failed(&a->text))
		return tool_no_memory();
	if (a->record.usage == 3 || a->facts.not_after == 0 ||
	    a->facts.not_after > (int64_t)time(NULL))
		return tell(t, a);
	(void)tool_fail(TOOL_OK, "warning: the certificate has expired",
	    NULL);
	return tell(t, a);
}

static enum tool_exit
read_chain(struct asked *a, const char *path)
{
	const char *problem;
	enum tool_exit status;
	struct buf text;

	status = tool_read_file(path, &text);
	if (status == TOOL_OK) {
		a->chain = certificates_read(buf_slice(&text), &problem);
		if (a->chain == NULL)
			status = tool_fail_at(TOOL_NO_INPUT, path, problem);
	}
	buf_fini(&text);
	return status;
}

static enum tool_exit
tlsa_run(struct tool *t, int argc, char **argv)
{
	struct asked a = { .usage = NULL };
	const struct tool_option own[] = {
		{ .name = "host", .value = &a.host, .argument = "NAME",
		  .what = "of the server (default: names of the certificate)" },
		{ .name = "port", .value = &a.port, .argument = "N",
		  .what = "of the server (default 25)" },
		{ .name = "usage", .value = &a.usage, .argument = "N",
		  .what = "3: this certificate (default), 2: its authority" },
		{ .name = "selector", .value = &a.selector, .argument = "N",
		  .what = "1: the key (default), 0: all of the certificate" },
		{ .name = "matching-type", .value = &a.matching,
		  .argument = "N",
		  .what = "1: SHA-256 (default), 2: SHA-512, 0: as it is" },
		{ .name = NULL }
	};
	enum tool_exit status;

	if (!tool_options(t, argc, argv, own))
		return t->ended;
	if (optind + 1 != argc)
		return tool_usage(t);
	status = read_options(&a);
	if (status == TOOL_OK)
		status = read_chain(&a, argv[optind]);
	if (status == TOOL_OK)
		status = make_record(t, &a);
	certificates_free(a.chain);
	buf_fini(&a.data);
	buf_fini(&a.text);
	return status;
}

const struct tool_command tlsa_command = {
	.name = "tlsa",
	.run = tlsa_run,
	.synopsis = "[--host NAME] [--port N] CERTIFICATE",
	.what = "Prints the TLSA record for a certificate",
	.example = "assay tlsa /etc/ssl/mail.pem\n"
	    "assay tlsa --host mx.example.org --usage 2 chain.pem"
};
