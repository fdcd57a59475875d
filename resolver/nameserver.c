/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nameserver: one strict reader of addresses with ports, and a reader of
 * resolv.conf lines that keeps what it understands.
 */
#include "resolver/nameserver_internal.h"

#include <errno.h>
#include <string.h>

#include "base/ascii.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"

#define DNS_PORT 53

static const char wants_address[] = "not an IPv4 or IPv6 address";
static const char wants_port[] = "the port is not a number from 1 to 65535";

static bool
parse_port(struct slice text, uint16_t *out)
{
	unsigned long long port;

	if (text.len > 0 && text.ptr[0] == '0')
		return false;
	if (!slice_number(text, UINT16_MAX, &port))
		return false;
	*out = (uint16_t)port;
	return true;
}

/* "[IPV6]" or "[IPV6]:PORT", after the first bracket. */
static bool
parse_bracketed(struct slice text, struct nameserver *out,
    const char **problem)
{
	struct slice addr;

	*problem = "']' is missing";
	if (!slice_cut(&text, ']', &addr))
		return false;
	*problem = "not an IPv6 address between the brackets";
	if (!ipaddr_parse6(addr, &out->addr) ||
	    !ipaddr_parse(addr, &out->addr))
		return false;
	if (text.len == 0)
		return true;
	*problem = "only \":PORT\" may follow ']'";
	if (text.ptr[0] != ':')
		return false;
	*problem = wants_port;
	return parse_port(slice_from(text, 1), &out->port);
}

static bool
parse_v4_port(struct slice text, struct nameserver *out,
    const char **problem)
{
	struct slice addr;

	*problem = wants_address;
	(void)slice_cut(&text, ':', &addr);
	if (!ipaddr_parse4(addr, &out->addr))
		return false;
	*problem = wants_port;
	return parse_port(text, &out->port);
}

bool
nameserver_parse(struct slice text, struct nameserver *out,
    const char **problem)
{
	size_t colon = slice_find(text, ':');

	out->port = DNS_PORT;
	*problem = "empty";
	if (text.len == 0)
		return false;
	*problem = "scoped addresses (with '%') are not supported";
	if (slice_find(text, '%') < text.len)
		return false;
	if (text.ptr[0] == '[')
		return parse_bracketed(slice_from(text, 1), out, problem);
	if (colon < text.len && colon == slice_find_last(text, ':'))
		return parse_v4_port(text, out, problem);
	*problem = wants_address;
	return ipaddr_parse(text, &out->addr);
}

/*
 * The address of a line "nameserver ADDRESS", or empty.  What follows the
 * address is a comment, as the C library takes it.
 */
static struct slice
line_address(struct slice line)
{
	const struct slice keyword = SLICE("nameserver");
	size_t len = 0;

	if (!slice_starts(line, keyword))
		return (struct slice){ NULL, 0 };
	line = slice_from(line, keyword.len);
	if (line.len == 0 || !ascii_is_wsp(line.ptr[0]))
		return (struct slice){ NULL, 0 };
	line = slice_trim(line);
	while (len < line.len && !ascii_is_space(line.ptr[len]))
		len++;
	return slice_head(line, len);
}

size_t
nameserver_read(struct slice text, struct nameserver *out, size_t max)
{
	struct slice line, addr;
	size_t count = 0;

	while (text.len > 0 && count < max) {
		(void)slice_cut(&text, '\n', &line);
		addr = line_address(line);
		if (ipaddr_parse(addr, &out[count].addr))
			out[count++].port = DNS_PORT;
	}
	return count;
}

/* What the file has, as far as it is read; nothing when there is none. */
static bool
read_conf(const char *path, char *out, size_t size, size_t *len)
{
	struct file f = { .path = path, .regular = true };
	enum file_status status = file_read(&f, out, size, len);

	return status == FILE_READ || status == FILE_LARGE ||
	    (status == FILE_FAILED && errno == ENOENT);
}

/* False: it cannot be read, with errno set. */
static bool
read_file(const char *path, struct nameserver *out, size_t max, size_t *count)
{
	char *text = mem_alloc(LIMIT_DNS_RESOLV_CONF);
	bool good;
	size_t len;

	*count = 0;
	if (text == NULL) {
		errno = ENOMEM;
		return false;
	}
	good = read_conf(path, text, LIMIT_DNS_RESOLV_CONF, &len);
	if (good)
		*count = nameserver_read((struct slice){ text, len }, out,
		    max);
	mem_free(text);
	return good;
}

size_t
nameserver_load(const char *path, struct nameserver *out, size_t max)
{
	static const struct nameserver local = {
		{ IPADDR_V4, { 127, 0, 0, 1 } }, DNS_PORT
	};
	size_t count;

	if (read_file(path, out, max, &count) && count == 0)
		out[count++] = local;
	return count;
}

bool
nameserver_is_none(const char *path)
{
	struct nameserver first;
	size_t count;

	return read_file(path, &first, 1, &count) && count == 0;
}

bool
nameserver_is_loopback(const struct nameserver *ns)
{
	static const struct ipnet v4 = { { IPADDR_V4, { 127 } }, 8 };
	static const struct ipnet v6 = {
		{ IPADDR_V6, { [15] = 1 } }, 128
	};

	return ipnet_contains(&v4, &ns->addr) ||
	    ipnet_contains(&v6, &ns->addr);
}
