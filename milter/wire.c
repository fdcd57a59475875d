/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: looks at each packet of a mail server before libmilter does.
 *
 * libmilter reads packets with mi_rd_cmd() and writes with mi_wr_cmd().
 * Both are exported by the shared library, which calls them through the
 * dynamic linker: the definitions here take their place for the whole
 * program.  Changes of a message are written together with the reply to its
 * end.
 */
#include "milter/wire.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "event/log.h"
#include "milter/crew.h"
#include "milter/drain.h"
#include "milter/readahead.h"

#define COMPLAINT_US	60000000	/* between two such lines */
#define PACKET_HEAD	(MILTER_LEN_BYTES + 1)	/* length, command */
#define HELD_OCTETS	32768	/* of changes in one write (ours) */
#define PATIENCE_MS	10	/* for the rest of a packet (ours) */
#define NO_DESCRIPTOR_MS 20	/* until accept() is tried again */
/*
 * Octets of a buffer, at least, which malloc does not keep for the thread that
 * frees it: a thousand threads that wait would keep some KB each.  Macros have
 * what they need, since libmilter frees them with the connection.
 */
#define NOT_KEPT	1040u
#define UNKNOWN_COMMAND '?'	/* libmilter ends such a session */

/* In place of a command, as libmilter's libmilter.h has them. */
#define READ_TIMEOUT	((char)1)	/* SMFIC_TIMEOUT */
#define READ_NO_MEMORY	((char)3)	/* SMFIC_MALLOC */
#define READ_ERROR	((char)4)	/* SMFIC_RECVERR */
#define READ_END	((char)5)	/* SMFIC_EOF */
#define READ_TOO_LARGE	((char)7)	/* SMFIC_TOOBIG */

typedef int accept_fn(int, struct sockaddr *, socklen_t *);

static accept_fn *real_accept;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_bool guarded;

/* ISO C has no cast from an object's pointer to a function's. */
static void
find_real(void)
{
	void *accept_symbol = dlsym(RTLD_NEXT, "accept");

	memcpy(&real_accept, &accept_symbol, sizeof(real_accept));
}

bool
wire_can_guard(void)
{
	pthread_once(&once, find_real);
	return readahead_can() && dlsym(RTLD_NEXT, "mi_rd_cmd") != NULL &&
	    dlsym(RTLD_NEXT, "mi_wr_cmd") != NULL;
}

bool
wire_is_guarded(void)
{
	return atomic_load(&guarded);
}

/* How many strings, each with its NUL; `*end` is after the last one. */
static size_t
count_strings(const char *data, size_t len, size_t *end)
{
	size_t i, count = 0;

	*end = 0;
	for (i = 0; i < len; i++)
		if (data[i] == '\0') {
			count++;
			*end = i + 1;
		}
	return count;
}

/* At least `least` strings, and nothing after the last one. */
static enum wire_verdict
check_strings(const char *data, size_t len, size_t least)
{
	size_t end;

	return count_strings(data, len, &end) >= least && end == len ?
	    WIRE_GOOD : WIRE_BAD;
}

/* After the letter of a command: name, value, name, value ... */
static enum wire_verdict
check_macros(const char *data, size_t *len)
{
	size_t i, end, count, left;

	if (*len < 1)
		return WIRE_BAD;
	count = count_strings(data + 1, *len - 1, &end);
	if (count % 2 == 0 && end == *len - 1)
		return WIRE_GOOD;
	/* What has no partner, or no end, goes. */
	left = count - count % 2;
	for (i = 1, count = 0; count < left; i++)
		count += data[i] == '\0';
	*len = i;
	return WIRE_MENDED;
}

/* Host, family and, unless that is unknown, port and address. */
static enum wire_verdict
check_connect(const char *data, size_t len)
{
	const char *nul = len > 0 ? memchr(data, '\0', len) : NULL;
	size_t at;

	if (nul == NULL)
		return WIRE_BAD;
	at = (size_t)(nul - data) + 1;
	if (at == len)
		return WIRE_BAD;
	if (data[at] == SMFIA_UNKNOWN)
		return WIRE_GOOD;
	return len - at > 3 ? check_strings(data + at + 3, len - at - 3, 1) :
	    WIRE_BAD;
}

enum wire_verdict
wire_check(char command, const char *data, size_t *len)
{
	switch (command) {
	case SMFIC_MACRO:
		return check_macros(data, len);
	case SMFIC_CONNECT:
		return check_connect(data, *len);
	case SMFIC_HELO:
	case SMFIC_MAIL:
	case SMFIC_RCPT:
	case SMFIC_UNKNOWN:
		return check_strings(data, *len, 1);
	case SMFIC_HEADER:
		return check_strings(data, *len, 2);
	case SMFIC_OPTNEG:
		return *len >= 3 * sizeof(uint32_t) ? WIRE_GOOD :
		    WIRE_BAD;
	default:
		return WIRE_GOOD;
	}
}

/* The last read of this thread found no packet, but an error or the end. */
static _Thread_local bool lost;

/* The last packet of this thread ends a session, but not its connection. */
static _Thread_local bool goes_on;

/* Who waits for the next reply of this thread. */
static _Thread_local wire_replied_fn *replied;
static _Thread_local void *replied_arg;

/* Now and then: such packets must not fill the log. */
static void
complain(char command)
{
	static _Atomic int64_t last;
	int64_t now = clock_us(), before = atomic_load(&last);

	if (before != 0 && now - before < COMPLAINT_US)
		return;
	atomic_store(&last, now);
	log_line(CONFIG_LOG_WARNING, "a client of the socket violates the "
	    "milter protocol, command \"%c\"", command);
}

bool
wire_is_lost(void)
{
	return lost;
}

/* As poll(); a worker that waits long does not count as free. */
static int
poll_patiently(struct pollfd *p, int64_t ms)
{
	int limit = ms > INT_MAX ? INT_MAX : (int)ms, n;
	bool blocks;

	if (limit <= PATIENCE_MS)
		return readahead_real_poll(p, 1, limit);
	n = readahead_real_poll(p, 1, PATIENCE_MS);
	if (n != 0)
		return n;
	blocks = crew_block();
	n = readahead_real_poll(p, 1, limit - PATIENCE_MS);
	if (blocks)
		crew_unblock();
	return n;
}

/* Until one of `events` is possible; else why not is in *why. */
static bool
wait_ready(int sd, short events, const struct timeval *timeout, char *why)
{
	struct pollfd p = { .fd = sd, .events = events };
	int64_t ms = (int64_t)timeout->tv_sec * 1000 + timeout->tv_usec / 1000;
	int n;

	do
		n = poll_patiently(&p, ms);
	while (n < 0 && errno == EINTR);
	*why = n == 0 ? READ_TIMEOUT : READ_ERROR;
	return n > 0;
}

/* `len` octets; else why not is in *why. */
static bool
read_all(int sd, const struct timeval *timeout, char *to, size_t len,
    char *why)
{
	ssize_t n;

	while (len > 0) {
		n = readahead_recv(sd, to, len);
		if (n > 0) {
			to += n;
			len -= (size_t)n;
		} else if (n == 0) {
			*why = READ_END;
			return false;
		} else if (errno != EAGAIN && errno != EINTR) {
			*why = READ_ERROR;
			return false;
		} else if (errno == EAGAIN &&
		    !wait_ready(sd, POLLIN, timeout, why)) {
			return false;
		}
	}
	return true;
}

/*
 * As libmilter's: the length, which counts the command, then the command,
 * then its data.  NULL: there is none, or *cmd says what went wrong.
 */
static char *
read_packet(int sd, const struct timeval *timeout, char *cmd, size_t *len)
{
	char head[MILTER_LEN_BYTES + 1], why, *data;
	uint32_t size;

	*len = 0;
	if (!read_all(sd, timeout, head, sizeof(head), cmd))
		return NULL;
	memcpy(&size, head, sizeof(size));
	size = ntohl(size);
	*cmd = head[MILTER_LEN_BYTES];
	if (size <= 1)
		return NULL;
	if (size - 1 > MILTER_MAX_DATA_SIZE) {
		*cmd = READ_TOO_LARGE;
		return NULL;
	}
	data = mem_resize(NULL, size > NOT_KEPT || *cmd == SMFIC_MACRO ?
	    size : NOT_KEPT);
	if (data == NULL) {
		*cmd = READ_NO_MEMORY;
		return NULL;
	}
	if (!read_all(sd, timeout, data, size - 1, &why)) {
		mem_free(data);
		*cmd = why;
		return NULL;
	}
	data[size - 1] = '\0';
	*len = size - 1;
	return data;
}

/*
 * A buffer that is given back is libmilter's to free, as with its own
 * function; a session whose packet is bad ends by a command that libmilter
 * does not know.
 */
char *
mi_rd_cmd(int sd, struct timeval *timeout, char *cmd, size_t *len, char *name)
{
	char *data;
	enum wire_verdict verdict;

	pthread_once(&once, find_real);
	atomic_store(&guarded, true);
	(void)name;
	crew_join();
	readahead_begin(sd);
	data = read_packet(sd, timeout, cmd, len);
	lost = data == NULL && *cmd < ' ';
	goes_on = false;
	if (lost)
		return NULL;
	/* xxfi_close comes for it, but the connection stays open. */
	goes_on = *cmd == SMFIC_QUIT_NC;
	if (goes_on)
		drain_connected();
	/* libmilter gives NULL for a command without data. */
	verdict = wire_check(*cmd, data != NULL ? data : "", len);
	if (verdict != WIRE_GOOD)
		complain(*cmd);
	if (verdict == WIRE_BAD)
		*cmd = UNKNOWN_COMMAND;
	return data;
}

/* Changes of a message: the reply to its end follows in this thread. */
static bool
is_change(int command)
{
	return command == SMFIR_ADDHEADER || command == SMFIR_CHGHEADER ||
	    command == SMFIR_INSHEADER || command == SMFIR_QUARANTINE;
}

/* What is written with the reply. */
static _Thread_local struct {
	char	*bytes;
	size_t	 len;
} held;

static void
drop_held(void)
{
	mem_free(held.bytes);
	held.bytes = NULL;
	held.len = 0;
}

void
wire_closed(void)
{
	if (!goes_on)
		readahead_end();
	drop_held();
	drain_disconnected();
}

static bool
is_final(int command)
{
	return strchr("acdrtysf4", command) != NULL && command != '\0';
}

void
wire_await_reply(wire_replied_fn *fn, void *arg)
{
	replied = fn;
	replied_arg = arg;
}

static void
report_reply(bool written)
{
	wire_replied_fn *fn = replied;

	replied = NULL;
	if (fn != NULL)
		fn(replied_arg, written);
}

/* False: no memory; what is held stays. */
static bool
hold(int cmd, const char *buf, size_t len)
{
	uint32_t size = htonl((uint32_t)len + 1);
	char *at = mem_resize(held.bytes, held.len + PACKET_HEAD + len);

	if (at == NULL)
		return false;
	held.bytes = at;
	at += held.len;
	memcpy(at, &size, sizeof(size));
	at[MILTER_LEN_BYTES] = (char)cmd;
	if (len > 0)
		memcpy(at + PACKET_HEAD, buf, len);
	held.len += PACKET_HEAD + len;
	return true;
}

static int
write_held(int sd, const struct timeval *timeout)
{
	const char *at = held.bytes, *end = held.bytes + held.len;
	int result = MI_SUCCESS;
	ssize_t n;
	char why;

	while (at < end && result == MI_SUCCESS) {
		n = send(sd, at, (size_t)(end - at),
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			at += n;
		else if (errno != EINTR && (errno != EAGAIN ||
		    !wait_ready(sd, POLLOUT, timeout, &why)))
			result = MI_FAILURE;
	}
	drop_held();
	return result;
}

/* A change that waits for the reply is as good as written: when that cannot
   be, the message has no answer. */
static int
write_packet(int sd, const struct timeval *timeout, int cmd, const char *buf,
    size_t len)
{
	if (len > MILTER_MAX_DATA_SIZE || (len > 0 && buf == NULL) ||
	    !hold(cmd, buf, len))
		return MI_FAILURE;
	if (is_change(cmd) && held.len < HELD_OCTETS)
		return MI_SUCCESS;
	return write_held(sd, timeout);
}

int
mi_wr_cmd(int sd, struct timeval *timeout, int cmd, char *buf, size_t len)
{
	int result = write_packet(sd, timeout, cmd, buf, len);

	if (is_final(cmd)) {
		report_reply(result == MI_SUCCESS);
		drain_replied();
	}
	return result;
}

/*
 * Counted before it is accepted: otherwise there is a gap.  libmilter
 * calls again at once when there is no descriptor for it.
 */
int
accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	int got, error;

	pthread_once(&once, find_real);
	drain_connected();
	got = real_accept(fd, addr, len);
	if (got < 0) {
		error = errno;
		drain_disconnected();
		if (error == EMFILE || error == ENFILE)
			(void)readahead_real_poll(NULL, 0,
			    NO_DESCRIPTOR_MS);
		errno = error;
	}
	return got;
}
