/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libmilter gets of packets that were read ahead, and what it must not
 * get: those of another session, or octets of other descriptors.
 */
#include <sys/types.h>

#include <arpa/inet.h>
#include <errno.h>
#include <libmilter/mfdef.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "milter/drain.h"
#include "milter/readahead.h"
#include "milter/wire.h"
#include "tests/milter/pair.h"
#include "tests/tap.h"

#define HEAD	(MILTER_LEN_BYTES + 1)
#define END	((char)5)	/* libmilter's SMFIC_EOF */

/* A packet whose octets are all the command's letter, in lower case. */
static size_t
make_packet(char *out, char command, size_t len)
{
	uint32_t size = htonl((uint32_t)len + 1);

	memcpy(out, &size, sizeof(size));
	out[MILTER_LEN_BYTES] = command;
	memset(out + HEAD, command + ('a' - 'A'), len);
	return HEAD + len;
}

static void
write_all(const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(mta, bytes, len);

		if (n <= 0)
			abort();
		bytes += n;
		len -= (size_t)n;
	}
}

static void
put(const char *commands, size_t len)
{
	char *all = malloc(strlen(commands) * (HEAD + len));
	size_t at = 0;

	if (all == NULL)
		abort();
	for (; *commands != '\0'; commands++)
		at += make_packet(all + at, *commands, len);
	write_all(all, at);
	free(all);
}

static int
poll_it(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0);
}

/* The command, or '-' when its octets are not what they should be. */
static char
get(size_t len)
{
	struct timeval limit = { 10, 0 };
	char command, *data;
	bool good;
	size_t i, n;

	data = mi_rd_cmd(filter, &limit, &command, &n, NULL);
	good = n == len && (data != NULL) == (len > 0 && command > ' ');
	for (i = 0; good && i < n; i++)
		good = data[i] == command + ('a' - 'A');
	mem_free(data);
	return good || command < ' ' ? command : '-';
}

static int
left_in_kernel(void)
{
	int n = 0;

	(void)ioctl(filter, FIONREAD, &n);
	return n;
}

static void
test_many_at_once(void)
{
	open_pair();
	put("BEB", 10);
	is_num(poll_it(filter), 1, "there is something");
	is_num(get(10), 'B', "the first packet");
	is_num(left_in_kernel(), 0, "all was read with it");
	is_num(poll_it(filter), 1, "there is more");
	is_num(get(10), 'E', "the second packet");
	is_num(poll_it(filter), 1, "and more");
	is_num(get(10), 'B', "the third packet");
	is_num(poll_it(filter), 0, "no more");
	put("E", 0);
	is_num(poll_it(filter), 1, "one without data");
	is_num(get(0), 'E', "has none");
	close(mta);
	is_num(poll_it(filter), 1, "the end is something, too");
	is_num(get(0), END, "the end");
	wire_closed();
	close(filter);
}

/* libmilter that does not call our poll() has its own way to wait. */
static void
test_not_asked(void)
{
	open_pair();
	put("BE", 10);
	is_num(get(10), 'B', "the first packet, not polled");
	is_num(left_in_kernel(), HEAD + 10, "the second is left where it is");
	is_num(get(10), 'E', "the second packet, not polled");
	close_pair();
}

static void
test_closed(void)
{
	open_pair();
	put("BEB", 10);
	(void)poll_it(filter);
	is_num(get(10), 'B', "a packet");
	wire_closed();
	is_num(poll_it(filter), 0, "what was read of a session goes with it");
	put("E", 10);
	is_num(poll_it(filter), 1, "another session");
	is_num(get(10), 'E', "has its own packets");
	close_pair();
}

static void
test_goes_on(void)
{
	open_pair();
	put("KE", 10);
	(void)poll_it(filter);
	is_num(get(10), 'K', "a session ends, its connection goes on");
	wire_closed();
	is_num(poll_it(filter), 1, "the next session's packet");
	is_num(get(10), 'E', "is still there");
	close_pair();
}

/* In a callback: descriptors of others are asked about. */
static void
test_others(void)
{
	int other[2];
	char octet;

	if (pipe(other) != 0)
		abort();
	open_pair();
	put("BE", 10);
	(void)poll_it(filter);
	is_num(get(10), 'B', "a packet");
	is_num(poll_it(other[0]), 0, "another descriptor has nothing");
	if (write(other[1], "xy", 2) != 2)
		abort();
	is_num(poll_it(other[0]), 1, "then it has");
	is_num(poll_it(other[0]), 1, "and still has");
	is_num((int)read(other[0], &octet, 1), 1, "it can be read");
	is_num(octet, 'x', "from its beginning");
	is_num(poll_it(filter), 1, "the next packet");
	is_num(get(10), 'E', "is still there");
	close(other[0]);
	close(other[1]);
	close_pair();
}

static void
test_other_session(void)
{
	int first_mta, first;

	open_pair();
	put("BE", 10);
	(void)poll_it(filter);
	is_num(get(10), 'B', "a packet");
	first_mta = mta;
	first = filter;
	open_pair();
	put("B", 20);
	(void)poll_it(filter);
	is_num(get(20), 'B', "another connection has its own");
	close_pair();
	close(first_mta);
	close(first);
}

static void
test_memory(void)
{
	open_pair();
	put("BE", 10);
	(void)poll_it(filter);
	mem_fail_after(0, 1);
	is_num(get(10), 'B', "no memory to read ahead: a packet");
	is_num((int)mem_fail_hits(), 1, "(it was wanted)");
	is_num(poll_it(filter), 1, "there is another");
	is_num(get(10), 'E', "which comes");
	put("B", 10);
	mem_fail_after(0, 2);
	is_num(poll_it(filter), 1, "no memory when asked: there is one more");
	is_num(get(10), 'B', "which comes");
	is_num((int)mem_fail_hits(), 2, "(it was wanted twice)");
	mem_fail_after(0, 0);
	close_pair();
}

struct pieces {
	char	*bytes;
	size_t	 len, piece;
};

static void *
write_pieces(void *arg)
{
	const struct pieces *p = arg;
	size_t at, n;

	for (at = 0; at < p->len; at += n) {
		n = p->len - at < p->piece ? p->len - at : p->piece;
		write_all(p->bytes + at, n);
	}
	return NULL;
}

static const struct {
	const char	*name;
	size_t		 len, piece;
} sizes[] = {
	{ .name = "octet by octet", .len = 3, .piece = 1 },
	{ .name = "heads apart", .len = 2, .piece = HEAD },
	{ .name = "heads in two", .len = 40, .piece = 48 },
	{ .name = "as much as is read", .len = READAHEAD_OCTETS - HEAD,
	    .piece = READAHEAD_OCTETS },
	{ .name = "one octet more", .len = READAHEAD_OCTETS - HEAD + 1,
	    .piece = 4096 },
	{ .name = "one octet less", .len = READAHEAD_OCTETS - HEAD - 1,
	    .piece = 4096 },
	{ .name = "largest packets", .len = MILTER_CHUNK_SIZE,
	    .piece = 70000 },
};

static void
test_size(size_t row)
{
	static const char commands[] = "BEBBEBEEBB";
	struct pieces p = { .piece = sizes[row].piece };
	pthread_t writer;
	size_t i, good = 0;

	open_pair();
	p.bytes = malloc((sizeof(commands) - 1) * (HEAD + sizes[row].len));
	if (p.bytes == NULL)
		abort();
	for (i = 0; commands[i] != '\0'; i++)
		p.len += make_packet(p.bytes + p.len, commands[i],
		    sizes[row].len);
	if (pthread_create(&writer, NULL, write_pieces, &p) != 0)
		abort();
	for (i = 0; commands[i] != '\0'; i++) {
		(void)poll_it(filter);
		good += get(sizes[row].len) == commands[i];
	}
	pthread_join(writer, NULL);
	is_num((int)good, sizeof(commands) - 1, sizes[row].name);
	free(p.bytes);
	close_pair();
}

int
main(void)
{
	size_t i;

	test_many_at_once();
	test_not_asked();
	test_closed();
	test_goes_on();
	test_others();
	test_other_session();
	test_memory();
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		test_size(i);
	return tap_done();
}
