/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mta: the MTA's end of the milter protocol, version 6.
 *
 * Before each command goes a packet with its macros, with each header field,
 * too: those that the filter asked for at that stage, or else Postfix's
 * default list.
 */
#include "mta.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#define POSTFIX_BUFFER	4096
#define BODY_CHUNK	65535
#define REPLY_MAX	(1u << 20)
#define REPLY_TIMEOUT	60	/* seconds */
#define START_TIMEOUT	5000	/* ms to wait for a filter that starts */
#define MACRO_STAGES	7	/* SMFIM_CONNECT to SMFIM_EOH */
#define QUEUE_ID	"4Xq1Z05bPqz9sVp"
#define RECIPIENT	"user@example.org"

struct mta_session {
	const struct mta_options	*options;
	int				 fd;
	uint32_t			 protocol;	/* SMFIP_* agreed on */
	char				*macros[MACRO_STAGES];
	const char			*sender;
	size_t				 out_len;
	char				 out[POSTFIX_BUFFER];
	size_t				 in_len, in_at;
	char				 in[POSTFIX_BUFFER];
	char				*reply;		/* data of the last */
	size_t				 reply_len, reply_size;
	bool				 found;		/* the expected field */
	bool				 accepted;	/* the last message */
	unsigned int			 leave;		/* commands left */
};

/* What mta_abandon() has to free. */
static _Thread_local struct mta_session *current;

struct command {
	char		code;
	uint32_t	no_event;	/* flag that spares the command */
	uint32_t	no_reply;	/* flag that spares the reply */
	int		stage;		/* of its macros */
};

static const struct command cmd_connect =
    { SMFIC_CONNECT, SMFIP_NOCONNECT, SMFIP_NR_CONN, SMFIM_CONNECT };
static const struct command cmd_helo =
    { SMFIC_HELO, SMFIP_NOHELO, SMFIP_NR_HELO, SMFIM_HELO };
static const struct command cmd_mail =
    { SMFIC_MAIL, SMFIP_NOMAIL, SMFIP_NR_MAIL, SMFIM_ENVFROM };
static const struct command cmd_rcpt =
    { SMFIC_RCPT, SMFIP_NORCPT, SMFIP_NR_RCPT, SMFIM_ENVRCPT };
static const struct command cmd_data =
    { SMFIC_DATA, SMFIP_NODATA, SMFIP_NR_DATA, SMFIM_DATA };
static const struct command cmd_header =
    { SMFIC_HEADER, SMFIP_NOHDRS, SMFIP_NR_HDR, SMFIM_EOH };
static const struct command cmd_eoh =
    { SMFIC_EOH, SMFIP_NOEOH, SMFIP_NR_EOH, SMFIM_EOH };
static const struct command cmd_body =
    { SMFIC_BODY, SMFIP_NOBODY, SMFIP_NR_BODY, SMFIM_EOM };
static const struct command cmd_eom =
    { SMFIC_BODYEOB, 0, 0, SMFIM_EOM };

/* ---- the unexpected ---- */

/* Ends the session, or the program with what errno says if it is not 0. */
_Noreturn static void
fail(const struct mta_session *s, enum mta_end end, int error,
    const char *what)
{
	if (s->options->lost != NULL)
		longjmp(*s->options->lost, (int)end);
	if (error == 0)
		errx(1, "%s", what);
	errno = error;
	err(1, "%s", what);
}

/* ---- octets ---- */

static void
write_all(struct mta_session *s, const char *ptr, size_t len)
{
	while (len > 0) {
		ssize_t n = send(s->fd, ptr, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			fail(s, MTA_LOST, errno, "write to the filter");
		ptr += n;
		len -= (size_t)n;
	}
}

static void
flush(struct mta_session *s)
{
	write_all(s, s->out, s->out_len);
	s->out_len = 0;
}

static void
put(struct mta_session *s, const void *ptr, size_t len)
{
	const char *p = ptr;

	while (len > 0) {
		size_t n = sizeof(s->out) - s->out_len;

		if (n > len)
			n = len;
		memcpy(s->out + s->out_len, p, n);
		s->out_len += n;
		p += n;
		len -= n;
		if (s->out_len == sizeof(s->out))
			flush(s);
	}
}

static void
put_u32(struct mta_session *s, uint32_t value)
{
	value = htonl(value);
	put(s, &value, sizeof(value));
}

/* A packet is complete: Sendmail sends it. */
static void
packet_end(struct mta_session *s)
{
	if (s->options->kind == MTA_SENDMAIL)
		flush(s);
}

static void
get(struct mta_session *s, char *ptr, size_t len)
{
	while (len > 0) {
		size_t n = s->in_len - s->in_at;

		if (n == 0) {
			ssize_t got = recv(s->fd, s->in, sizeof(s->in), 0);

			if (got < 0 && errno == EINTR)
				continue;
			if (got < 0)
				fail(s, errno == EAGAIN ? MTA_SILENT :
				    MTA_LOST, errno,
				    "no reply from the filter");
			if (got == 0)
				fail(s, MTA_LOST, 0,
				    "the filter closed the connection");
			s->in_len = (size_t)got;
			s->in_at = 0;
			continue;
		}
		if (n > len)
			n = len;
		memcpy(ptr, s->in + s->in_at, n);
		s->in_at += n;
		ptr += n;
		len -= n;
	}
}

/* Reads one packet: its code is returned, its data is s->reply, with a NUL
   after it. */
static char
get_packet(struct mta_session *s)
{
	uint32_t len;
	char code;

	get(s, (char *)&len, sizeof(len));
	len = ntohl(len);
	if (len == 0 || len > REPLY_MAX)
		errx(1, "reply of %u octets", len);
	get(s, &code, 1);
	if (len > s->reply_size) {
		s->reply = realloc(s->reply, len);
		if (s->reply == NULL)
			err(1, NULL);
		s->reply_size = len;
	}
	get(s, s->reply, len - 1);
	s->reply[len - 1] = '\0';
	s->reply_len = len - 1;
	return code;
}

/* ---- macros ---- */

/* NULL: this MTA has no such macro now. */
static const char *
macro_value(const struct mta_session *s, const char *name, size_t len)
{
	const struct {
		const char	*name, *value;
	} known[] = {
		{ "j", "mx.example.org" },
		{ "v", "Postfix 3.7.11" },
		{ "_", "out.example [192.0.2.1]" },
		{ "i", QUEUE_ID },
		{ "{daemon_name}", "mx.example.org" },
		{ "{daemon_addr}", "127.0.0.1" },
		{ "{daemon_port}", "25" },
		{ "{client_addr}", s->options->client },
		{ "{client_name}", "unknown" },
		{ "{client_ptr}", "unknown" },
		{ "{client_port}", "40000" },
		{ "{client_resolve}", "FAIL" },
		{ "{mail_addr}", s->sender },
		{ "{mail_host}", "example.org" },
		{ "{mail_mailer}", "smtp" },
		{ "{rcpt_addr}", RECIPIENT },
		{ "{rcpt_host}", "example.org" },
		{ "{rcpt_mailer}", "local" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == len &&
		    memcmp(known[i].name, name, len) == 0)
			return known[i].value;
	return NULL;
}

static const char *
macro_list(const struct mta_session *s, int stage)
{
	static const char *const defaults[MACRO_STAGES] = {
		[SMFIM_CONNECT] = "j {daemon_name} {daemon_addr} v _",
		[SMFIM_HELO] = "{tls_version} {cipher} {cipher_bits} "
		    "{cert_subject} {cert_issuer}",
		[SMFIM_ENVFROM] = "i {auth_type} {auth_authen} {auth_author} "
		    "{mail_addr} {mail_host} {mail_mailer}",
		[SMFIM_ENVRCPT] = "i {rcpt_addr} {rcpt_host} {rcpt_mailer}",
		[SMFIM_DATA] = "i",
		[SMFIM_EOM] = "i",
		[SMFIM_EOH] = "i",
	};

	return s->macros[stage] != NULL ? s->macros[stage] : defaults[stage];
}

static void
put_macros(struct mta_session *s, const struct command *c)
{
	const char *at = macro_list(s, c->stage);
	char packet[1024];
	size_t len = 0;

	packet[len++] = SMFIC_MACRO;
	packet[len++] = c->code;
	while (*(at += strspn(at, " ,")) != '\0') {
		size_t n = strcspn(at, " ,");
		const char *value = macro_value(s, at, n);

		/* Postfix has no queue id before the first recipient. */
		if (value != NULL && !(n == 1 && *at == 'i' &&
		    (c->stage == SMFIM_ENVFROM || c->stage == SMFIM_ENVRCPT))) {
			int written = snprintf(packet + len,
			    sizeof(packet) - len, "%.*s%c%s", (int)n, at, 0,
			    value);

			if (written < 0 ||
			    (size_t)written >= sizeof(packet) - len)
				errx(1, "macros of more than %zu octets",
				    sizeof(packet));
			len += (size_t)written + 1;
		}
		at += n;
	}
	put_u32(s, (uint32_t)len);
	put(s, packet, len);
	packet_end(s);
}

/* ---- commands ---- */

/* An inserted field: does it say what it should? */
static void
look_at_field(struct mta_session *s, const char *data, size_t len)
{
	static const char name[] = "Authentication-Results";
	const char *value;

	if (len < sizeof(name) || strcasecmp(data, name) != 0)
		return;
	value = data + sizeof(name);
	for (size_t i = 0; i < s->options->expected_count; i++)
		if (strstr(value, s->options->expected[i]) == NULL) {
			warnx("\"%s\" is not in \"%s\"",
			    s->options->expected[i], value);
			return;
		}
	s->found = true;
}

/* Waits for the filter's decision; whether it is to go on. */
static bool
await_decision(struct mta_session *s, bool at_end)
{
	flush(s);
	for (;;) {
		char code = get_packet(s);

		switch (code) {
		case SMFIR_PROGRESS:
		case SMFIR_CHGHEADER:
			break;
		case SMFIR_ADDHEADER:
			look_at_field(s, s->reply, s->reply_len);
			break;
		case SMFIR_INSHEADER:
			if (s->reply_len > 4)
				look_at_field(s, s->reply + 4,
				    s->reply_len - 4);
			break;
		case SMFIR_CONTINUE:
			return true;
		case SMFIR_ACCEPT:
			return at_end;
		default:
			warnx("the filter answered '%c' %s", code, s->reply);
			return false;
		}
	}
}

_Noreturn static void
leave(struct mta_session *s)
{
	/* In the middle of a packet, as often as not. */
	if (s->out_len % 2 == 1)
		s->out_len /= 2;
	flush(s);
	fail(s, MTA_LEFT, 0, "left");
}

/*
 * One command with its data in two parts, and the reply if one is due.  Of a
 * command that the filter does not want Postfix sends the macros alone.
 */
static void
command(struct mta_session *s, const struct command *c, const void *data,
    size_t len, const void *more, size_t more_len)
{
	bool wanted = (s->protocol & c->no_event) == 0;

	if (wanted || s->options->kind == MTA_POSTFIX)
		put_macros(s, c);
	if (!wanted)
		return;
	put_u32(s, (uint32_t)(1 + len + more_len));
	put(s, &c->code, 1);
	put(s, data, len);
	put(s, more, more_len);
	packet_end(s);
	if (s->leave > 0 && --s->leave == 0)
		leave(s);
	if (c->no_reply != 0 && (s->protocol & c->no_reply) == 0 &&
	    !await_decision(s, false))
		fail(s, MTA_LOST, 0, "the filter refuses a command");
}

static void
command_str(struct mta_session *s, const struct command *c, const char *text)
{
	command(s, c, text, strlen(text) + 1, "", 0);
}

static void
plain_command(struct mta_session *s, char code)
{
	put_u32(s, 1);
	put(s, &code, 1);
	packet_end(s);
}

static void
pause_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		;
}

/* ---- the session ---- */

static void
socket_address(const char *text, struct sockaddr_storage *out, socklen_t *len)
{
	struct sockaddr_un *u = (struct sockaddr_un *)out;
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	const char *path = text;
	char host[64];
	unsigned int port;

	memset(out, 0, sizeof(*out));
	if (sscanf(text, "inet:%u@%63s", &port, host) == 2) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		if (port > 65535 ||
		    inet_pton(AF_INET, host, &in->sin_addr) != 1)
			errx(64, "%s: inet:PORT@ADDRESS expected", text);
		*len = sizeof(*in);
		return;
	}
	if (strncmp(path, "local:", 6) == 0)
		path += 6;
	if (strlen(path) >= sizeof(u->sun_path))
		errx(64, "%s: path too long", path);
	u->sun_family = AF_UNIX;
	strcpy(u->sun_path, path);
	*len = sizeof(*u);
}

static int
open_connection(const struct mta_session *s, const char *name)
{
	struct sockaddr_storage address;
	struct timeval timeout = { .tv_sec = REPLY_TIMEOUT };
	socklen_t len;
	int fd, on = 1;

	socket_address(name, &address, &len);
	for (unsigned int waited = 0;; waited += 20) {
		fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			err(1, "socket");
		if (connect(fd, (struct sockaddr *)&address, len) == 0)
			break;
		if (s->options->lost != NULL || waited >= START_TIMEOUT ||
		    (errno != ENOENT && errno != ECONNREFUSED)) {
			close(fd);
			fail(s, MTA_LOST, errno, name);
		}
		close(fd);
		pause_ms(20);
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
	    sizeof(timeout)) != 0)
		err(1, "SO_RCVTIMEO");
	if (address.ss_family == AF_INET)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

/* After the three numbers: stage, list, stage, list ... */
static void
take_macro_lists(struct mta_session *s)
{
	size_t at = MILTER_OPTLEN;

	while (s->reply_len - at > sizeof(uint32_t)) {
		const char *list = s->reply + at + sizeof(uint32_t);
		uint32_t stage;

		memcpy(&stage, s->reply + at, sizeof(stage));
		stage = ntohl(stage);
		if (stage >= MACRO_STAGES || s->macros[stage] != NULL)
			errx(1, "macro list of stage %u", stage);
		s->macros[stage] = strdup(list);
		if (s->macros[stage] == NULL)
			err(1, NULL);
		at = (size_t)(list - s->reply) + strlen(list) + 1;
		if (at > s->reply_len)
			errx(1, "macro list without end");
	}
}

static void
negotiate(struct mta_session *s)
{
	uint32_t answer[3];

	put_u32(s, 1 + MILTER_OPTLEN);
	put(s, &(char){ SMFIC_OPTNEG }, 1);
	put_u32(s, SMFI_PROT_VERSION);
	put_u32(s, SMFI_CURR_ACTS);
	put_u32(s, SMFI_CURR_PROT);
	flush(s);
	if (get_packet(s) != SMFIC_OPTNEG || s->reply_len < MILTER_OPTLEN)
		errx(1, "the filter does not negotiate");
	memcpy(answer, s->reply, sizeof(answer));
	s->protocol = ntohl(answer[2]);
	if (ntohl(answer[0]) != SMFI_PROT_VERSION ||
	    (s->protocol & ~(uint32_t)SMFI_CURR_PROT) != 0)
		errx(1, "the filter wants version %u, protocol %#x",
		    ntohl(answer[0]), s->protocol);
	take_macro_lists(s);
}

struct mta_session *
mta_open(const struct mta_options *options)
{
	struct mta_session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		err(1, NULL);
	current = s;
	s->options = options;
	s->leave = options->leave;
	s->fd = -1;
	s->fd = open_connection(s, options->socket);
	s->sender = "";
	negotiate(s);
	return s;
}

void
mta_hello(struct mta_session *s, const char *helo)
{
	char data[128];
	const uint16_t port = htons(40000);
	int len = snprintf(data, sizeof(data), "[%s]%c%c", s->options->client,
	    0, SMFIA_INET);

	if (len < 0 || (size_t)len >= sizeof(data) - sizeof(port))
		errx(64, "%s: an IPv4 address expected", s->options->client);
	memcpy(data + len, &port, sizeof(port));
	command(s, &cmd_connect, data, (size_t)len + sizeof(port),
	    s->options->client, strlen(s->options->client) + 1);
	command_str(s, &cmd_helo, helo);
}

void
mta_envelope(struct mta_session *s, const char *sender)
{
	char path[512];

	if (snprintf(path, sizeof(path), "<%s>", sender) >= (int)sizeof(path))
		errx(64, "%s: too long", sender);
	s->sender = sender;
	pause_ms(s->options->command_gap);
	command_str(s, &cmd_mail, path);
	pause_ms(s->options->command_gap);
	command_str(s, &cmd_rcpt, "<" RECIPIENT ">");
	pause_ms(s->options->command_gap);
	command(s, &cmd_data, "", 0, "", 0);
	/* In Postfix another process takes over. */
	flush(s);
}

void
mta_reset(struct mta_session *s, const char *helo, const char *sender)
{
	char path[512];

	if (snprintf(path, sizeof(path), "<%s>", sender) >= (int)sizeof(path))
		errx(64, "%s: too long", sender);
	s->sender = sender;
	command_str(s, &cmd_helo, helo);
	command_str(s, &cmd_mail, path);
	plain_command(s, SMFIC_ABORT);
	flush(s);
	s->sender = "";
}

bool
mta_data(struct mta_session *s, const struct mta_message *m,
    struct timespec *start)
{
	pause_ms(s->options->data_gap);
	s->found = false;
	clock_gettime(CLOCK_MONOTONIC, start);
	for (size_t i = 0; i < m->field_count; i++)
		command(s, &cmd_header, m->fields[i].name,
		    strlen(m->fields[i].name) + 1, m->fields[i].value,
		    strlen(m->fields[i].value) + 1);
	command(s, &cmd_eoh, "", 0, "", 0);
	for (size_t at = 0; at < m->body_len; at += BODY_CHUNK) {
		size_t n = m->body_len - at;

		command(s, &cmd_body, m->body + at,
		    n < BODY_CHUNK ? n : BODY_CHUNK, "", 0);
	}
	command(s, &cmd_eom, "", 0, "", 0);
	s->accepted = await_decision(s, true);
	s->sender = "";
	if (s->options->kind == MTA_POSTFIX)
		plain_command(s, SMFIC_ABORT);
	return s->accepted && s->found;
}

bool
mta_accepted(const struct mta_session *s)
{
	return s->accepted;
}

static void
free_session(struct mta_session *s)
{
	if (s->fd >= 0)
		close(s->fd);
	for (int i = 0; i < MACRO_STAGES; i++)
		free(s->macros[i]);
	free(s->reply);
	free(s);
	current = NULL;
}

void
mta_abandon(void)
{
	if (current != NULL)
		free_session(current);
}

void
mta_close(struct mta_session *s)
{
	plain_command(s, SMFIC_QUIT);
	flush(s);
	free_session(s);
}

/* ---- the message ---- */

static char *
read_file(const char *path, size_t *len)
{
	size_t size = 1 << 16;
	char *bytes = NULL;
	FILE *f = fopen(path, "r");

	if (f == NULL)
		err(1, "%s", path);
	*len = 0;
	do {
		size *= 2;
		bytes = realloc(bytes, size);
		if (bytes == NULL)
			err(1, NULL);
		*len += fread(bytes + *len, 1, size - *len - 1, f);
	} while (*len == size - 1);
	if (ferror(f))
		err(1, "%s", path);
	fclose(f);
	bytes[*len] = '\0';
	return bytes;
}

/* Cuts one field at `at`, in place: NUL after name and value, LF alone
   within the value.  Returns what follows. */
static char *
cut_field(char *at, struct mta_field *out)
{
	char *to;

	out->name = at;
	at = strchr(at, ':');
	if (at == NULL)
		errx(1, "message: header field without colon");
	*at++ = '\0';
	out->value = to = at;
	for (; *at != '\0'; at++) {
		if (at[0] == '\r' && at[1] == '\n') {
			at++;
			if (at[1] != ' ' && at[1] != '\t')
				break;
		}
		*to++ = *at;
	}
	if (*at == '\0')
		errx(1, "message: the header does not end");
	*to = '\0';
	return at + 1;
}

struct mta_message *
mta_message_read(const char *path)
{
	struct mta_message *m = calloc(1, sizeof(*m));
	size_t len;
	char *at;

	if (m == NULL)
		err(1, NULL);
	at = m->bytes = read_file(path, &len);
	while (strncmp(at, "\r\n", 2) != 0) {
		m->fields = reallocarray(m->fields, m->field_count + 1,
		    sizeof(*m->fields));
		if (m->fields == NULL)
			err(1, NULL);
		at = cut_field(at, &m->fields[m->field_count++]);
	}
	m->body = at + 2;
	m->body_len = len - (size_t)(m->body - m->bytes);
	return m;
}

void
mta_message_free(struct mta_message *m)
{
	free(m->fields);
	free(m->bytes);
	free(m);
}
