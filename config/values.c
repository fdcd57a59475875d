/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * values: each setting's text, checked until nothing can go wrong with it
 * later but what the machine itself refuses.
 */
#include "config/values.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/cursor.h"
#include "base/domain.h"
#include "base/ipaddr.h"
#include "base/limits.h"
#include "policy/policy.h"
#include "resolver/resolver.h"

static bool
put_copy(struct schema *s, const struct schema_key *key, struct slice text,
    void *out)
{
	const char *copy = schema_copy(s, text);

	if (copy == NULL)
		return schema_no_memory(s);
	schema_put(out, key->field, &copy, sizeof(copy));
	return true;
}

/* ---- socket ---- */

/*
 * libmilter does not say why it refuses a longer path, and resolves a relative
 * one against an unexpected folder.
 */
static bool
socket_path_ok(struct slice path)
{
	return path.len > 1 && path.ptr[0] == '/' &&
	    path.len <= LIMIT_SOCKET_PATH && !schema_has_control(path);
}

/* libmilter cuts larger ports to 16 bits without a word. */
static bool
socket_port_ok(struct slice text)
{
	unsigned long long port;

	return slice_number(text, 65535, &port) && port > 0;
}

static bool
socket_host_ok(struct slice host, bool v6)
{
	struct slice inner = host;
	struct ipaddr a;
	struct domain d;

	if (v6 && host.len > 2 && host.ptr[0] == '[' &&
	    host.ptr[host.len - 1] == ']')
		inner = (struct slice){ host.ptr + 1, host.len - 2 };
	if (v6 && ipaddr_parse6(inner, &a))
		return true;
	if (!v6 && ipaddr_parse4(host, &a))
		return true;
	/* A name, not an address of the other family. */
	return !ipaddr_parse(host, &a) && domain_parse(host, &d);
}

static bool
socket_inet_ok(struct slice rest, bool v6, const char **problem)
{
	struct slice port;

	if (!slice_cut(&rest, '@', &port)) {
		*problem = "PORT@HOST; without a host anyone could connect, so "
		    "name one (@127.0.0.1, @::1)";
		return false;
	}
	*problem = "a port from 1 to 65535 before @HOST";
	if (!socket_port_ok(port))
		return false;
	*problem = v6 ? "an IPv6 address or a name after PORT@" :
	    "an IPv4 address or a name after PORT@";
	return socket_host_ok(rest, v6);
}

static bool
socket_ok(struct slice text, const char **problem)
{
	struct slice rest = text, kind;

	if (!slice_cut(&rest, ':', &kind))
		kind = (struct slice){ NULL, 0 };
	if (slice_eq(kind, SLICE("inet")))
		return socket_inet_ok(rest, false, problem);
	if (slice_eq(kind, SLICE("inet6")))
		return socket_inet_ok(rest, true, problem);
	if (!slice_eq(kind, SLICE("local")) &&
	    !slice_eq(kind, SLICE("unix"))) {
		*problem = "local:PATH, inet:PORT@HOST, inet6:PORT@HOST";
		return false;
	}
	*problem = "a path that begins with \"/\" and has at most 107 "
	    "characters after local:";
	return socket_path_ok(rest);
}

/* "[::1]" without its brackets. */
static struct slice
bare_host(struct slice host)
{
	if (host.len > 2 && host.ptr[0] == '[' &&
	    host.ptr[host.len - 1] == ']')
		return (struct slice){ host.ptr + 1, host.len - 2 };
	return host;
}

/* An address, or "localhost": not the word in front of a socket's place. */
static bool
is_host(struct slice text)
{
	struct ipaddr a;

	return ipaddr_parse(text, &a) || slice_eq(text, SLICE("localhost")) ||
	    (slice_find(text, '.') < text.len && socket_host_ok(text, false));
}

/* "HOST:PORT", "[HOST]:PORT", "PORT"; after a kind HOST is any name. */
static void
guess_inet(struct schema *s, struct slice rest, struct slice kind)
{
	size_t colon = slice_find_last(rest, ':');
	struct slice host = bare_host(slice_head(rest, colon));
	struct slice port = slice_from(rest, colon + 1);
	struct ipaddr a;
	bool v6 = ipaddr_parse6(host, &a);

	if (socket_port_ok(rest))
		schema_say(s, slice_eq(kind, SLICE("inet6:")) ?
		    "; did you mean inet6:%.*s@::1?" :
		    "; did you mean inet:%.*s@127.0.0.1?", SLICE_ARG(rest));
	else if (colon < rest.len && socket_port_ok(port) &&
	    (kind.len > 0 ? socket_host_ok(host, v6) : is_host(host)))
		schema_say(s, "; did you mean %s:%.*s@%.*s?",
		    v6 ? "inet6" : "inet", SLICE_ARG(port), SLICE_ARG(host));
}

/* What others write: "/run/x.sock", "127.0.0.1:8891", "inet:[::1]:8891". */
static void
guess_socket(struct schema *s, struct slice text)
{
	static const struct slice kinds[] = { SLICE_INIT("inet:"),
		SLICE_INIT("inet6:"), SLICE_INIT("tcp:"), SLICE_INIT("") };
	size_t i = 0;

	if (slice_starts(text, SLICE("/")) && socket_path_ok(text)) {
		schema_say(s, "; did you mean local:%.*s?", SLICE_ARG(text));
		return;
	}
	while (!slice_starts(text, kinds[i]))
		i++;
	guess_inet(s, slice_from(text, kinds[i].len), kinds[i]);
}

bool
values_is_socket(struct slice text)
{
	const char *problem;

	return !schema_has_control(text) && socket_ok(text, &problem);
}

bool
values_socket(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	const char *problem = "local:PATH, inet:PORT@HOST, inet6:PORT@HOST";

	if (!schema_has_text(n) || !socket_ok(n->text, &problem)) {
		schema_refuse(s, key, n, problem);
		guess_socket(s, n->text);
		return false;
	}
	return put_copy(s, key, n->text, out);
}

bool
values_store(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	if (!schema_has_text(n) || schema_has_control(n->text) ||
	    n->text.len > LIMIT_STORE_NAME ||
	    !(slice_starts(n->text, SLICE("sqlite:/")) ||
	    slice_starts(n->text, SLICE("postgresql://"))))
		return schema_refuse(s, key, n,
		    "sqlite:/PATH or postgresql://USER@HOST/DATABASE");
	return put_copy(s, key, n->text, out);
}

/* ---- names ---- */

static bool
is_user_char(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_' || c == '.';
}

/*
 * True as well when the user data base cannot be read: that shows when the
 * program starts.
 */
static bool
user_exists(struct schema *s, const char *name)
{
	struct passwd entry, *found = NULL;
	size_t size = 16384;
	char *room = arena_alloc(s->arena, size);

	if (room == NULL)
		return true;
	return getpwnam_r(name, &entry, room, size, &found) != 0 ||
	    found != NULL;
}

bool
values_user(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct cursor c = cursor_of(n->text);
	const char *name;

	cursor_span(&c, is_user_char);
	if (!schema_has_text(n) || !cursor_at_end(&c) || n->text.len > 32 ||
	    n->text.ptr[0] == '-')
		return schema_refuse(s, key, n, "the name of a user");
	if (!put_copy(s, key, n->text, out))
		return false;
	memcpy(&name, (char *)out + key->field, sizeof(name));
	if (!s->offline && !user_exists(s, name))
		return schema_refuse(s, key, n,
		    "a user that exists on this machine");
	return true;
}

bool
values_domain(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct slice copy;
	struct domain d;

	if (!schema_has_text(n) || !domain_parse(n->text, &d))
		return schema_refuse(s, key, n, key->table);
	copy = arena_dup(s->arena, domain_slice(&d));
	if (copy.ptr == NULL)
		return schema_no_memory(s);
	schema_put(out, key->field, &copy, sizeof(copy));
	return true;
}

bool
values_file(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct slice file = slice_str(s->file), folder = { NULL, 0 };
	size_t slash = slice_find_last(file, '/');
	char *path;

	if (!schema_has_text(n) || schema_has_control(n->text))
		return schema_refuse(s, key, n, key->table);
	if (n->text.ptr[0] != '/' && slash < file.len)
		folder = slice_head(file, slash + 1);
	path = arena_alloc(s->arena, folder.len + n->text.len + 1);
	if (path == NULL)
		return schema_no_memory(s);
	if (folder.len > 0)
		memcpy(path, folder.ptr, folder.len);
	memcpy(path + folder.len, n->text.ptr, n->text.len);
	schema_put(out, key->field, &path, sizeof(path));
	return true;
}

bool
values_readable_file(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	char *path;

	if (!values_file(s, key, n, out))
		return false;
	memcpy(&path, (char *)out + key->field, sizeof(path));
	return s->offline || access(path, R_OK) == 0 ||
	    schema_refuse(s, key, n, "a file that can be read");
}

/* ---- lists ---- */

static bool
read_network(struct slice text, void *item)
{
	return ipnet_parse(text, item);
}

bool
values_networks(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	return schema_list(s, key, n, out, sizeof(struct ipnet),
	    read_network, "IP addresses and networks like 192.0.2.0/24, "
	    "\"2001:db8::/32\"");
}

#define PATTERNS "domain names like example.org, \"*.example.org\" for all " \
	"below it"

static bool
read_rule_pattern(struct slice text, void *item)
{
	return policy_pattern_parse(text, item);
}

bool
values_rule_patterns(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	return schema_list(s, key, n, out, sizeof(struct policy_pattern),
	    read_rule_pattern, PATTERNS);
}

/* An address would never match. */
static bool
read_pattern(struct slice text, void *item)
{
	const struct policy_pattern *p = item;

	return policy_pattern_parse(text, item) &&
	    !domain_ends_in_number(domain_slice(&p->domain));
}

bool
values_patterns(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	return schema_list(s, key, n, out, sizeof(struct policy_pattern),
	    read_pattern, PATTERNS);
}

bool
values_slice(struct slice text, void *item)
{
	memcpy(item, &text, sizeof(text));
	return true;
}

static bool
read_domain(struct slice text, void *item)
{
	struct domain d;

	memcpy(item, &text, sizeof(text));
	return domain_parse(text, &d);
}

bool
values_domains(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	struct slice *items;
	size_t count;

	if (!schema_list(s, key, n, out, sizeof(struct slice), read_domain,
	    "names like mx.example.org"))
		return false;
	memcpy(&items, (char *)out + key->field, sizeof(items));
	memcpy(&count, (char *)out + key->count, sizeof(count));
	return schema_keep(s, items, count);
}

bool
values_nameservers(struct schema *s, const struct schema_key *key,
    const struct yaml_node *n, void *out)
{
	static const char allowed[] =
	    "up to 8 of ADDRESS, ADDRESS:PORT, [IPV6]:PORT";
	const struct yaml_node *i;
	const char *problem;
	struct slice *items;
	size_t count;

	if (!schema_list(s, key, n, out, sizeof(struct slice), values_slice,
	    allowed))
		return false;
	memcpy(&items, (char *)out + key->field, sizeof(items));
	count = 0;
	for (i = schema_first(n); i != NULL; i = schema_next(n, i)) {
		if (!resolver_nameserver_check(i->text, &problem)) {
			schema_refuse(s, key, i, allowed);
			schema_say(s, " (%s)", problem);
			return false;
		}
		count++;
	}
	return schema_keep(s, items, count);
}
