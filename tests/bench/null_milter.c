/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * null_milter: the floor of any libmilter program.
 *
 *	null_milter [-r] SOCKET
 *
 * All callbacks, no work; one header field is inserted at the end of the
 * message.  All replies that can be are negotiated away; with -r each step
 * is answered.
 */
#include <sys/types.h>

#include <err.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#define NO_REPLIES (SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | \
	SMFIP_NR_RCPT | SMFIP_NR_DATA | SMFIP_NR_UNKN | SMFIP_NR_HDR | \
	SMFIP_NR_EOH | SMFIP_NR_BODY)

static bool answer_all;

static sfsistat
step_done(void)
{
	return answer_all ? SMFIS_CONTINUE : SMFIS_NOREPLY;
}

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long protocol,
    unsigned long unused2, unsigned long unused3, unsigned long *want_actions,
    unsigned long *want_protocol, unsigned long *want2, unsigned long *want3)
{
	unsigned long want = SMFIP_HDR_LEADSPC;

	(void)ctx;
	(void)actions;
	(void)unused2;
	(void)unused3;
	if (!answer_all)
		want |= NO_REPLIES;
	if ((protocol & want) != want)
		return SMFIS_REJECT;
	*want_actions = SMFIF_ADDHDRS | SMFIF_CHGHDRS;
	*want_protocol = want;
	*want2 = *want3 = 0;
	return SMFIS_CONTINUE;
}

static sfsistat
on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *addr)
{
	(void)ctx;
	(void)host;
	(void)addr;
	return step_done();
}

static sfsistat
on_text(SMFICTX *ctx, char *text)
{
	(void)ctx;
	(void)text;
	return step_done();
}

static sfsistat
on_unknown(SMFICTX *ctx, const char *command)
{
	(void)ctx;
	(void)command;
	return step_done();
}

static sfsistat
on_envelope(SMFICTX *ctx, char **argv)
{
	(void)ctx;
	(void)argv;
	return step_done();
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return step_done();
}

static sfsistat
on_step(SMFICTX *ctx)
{
	(void)ctx;
	return step_done();
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *ptr, size_t len)
{
	(void)ctx;
	(void)ptr;
	(void)len;
	return step_done();
}

static sfsistat
on_eom(SMFICTX *ctx)
{
	static char name[] = "Authentication-Results";
	static char value[] = " mx.example.org; none";

	return smfi_insheader(ctx, 0, name, value) == MI_SUCCESS ?
	    SMFIS_CONTINUE : SMFIS_TEMPFAIL;
}

static sfsistat
on_end(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_CONTINUE;
}

static char filter_name[] = "null_milter";

static struct smfiDesc filter = {
	.xxfi_name = filter_name,
	.xxfi_version = SMFI_VERSION,
	.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS,
	.xxfi_connect = on_connect,
	.xxfi_helo = on_text,
	.xxfi_envfrom = on_envelope,
	.xxfi_envrcpt = on_envelope,
	.xxfi_header = on_header,
	.xxfi_eoh = on_step,
	.xxfi_body = on_body,
	.xxfi_eom = on_eom,
	.xxfi_abort = on_end,
	.xxfi_close = on_end,
	.xxfi_unknown = on_unknown,
	.xxfi_data = on_step,
	.xxfi_negotiate = on_negotiate,
};

int
main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "r")) == 'r')
		answer_all = true;
	if (option != -1 || argc - optind != 1)
		errx(64, "usage: null_milter [-r] SOCKET");
	if (smfi_setconn(argv[optind]) != MI_SUCCESS ||
	    smfi_register(filter) != MI_SUCCESS ||
	    smfi_opensocket(1) != MI_SUCCESS)
		errx(1, "%s: cannot listen", argv[optind]);
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}
