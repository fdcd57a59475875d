/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/resolver/dnsmsg.h"

#include <assert.h>
#include <string.h>

void
dnsmsg_u8(struct dnsmsg *m, unsigned int value)
{
	assert(m->len < sizeof(m->bytes));
	m->bytes[m->len++] = (unsigned char)value;
}

void
dnsmsg_u16(struct dnsmsg *m, unsigned int value)
{
	dnsmsg_u8(m, value >> 8);
	dnsmsg_u8(m, value & 0xff);
}

void
dnsmsg_u32(struct dnsmsg *m, uint32_t value)
{
	dnsmsg_u16(m, value >> 16);
	dnsmsg_u16(m, value & 0xffff);
}

void
dnsmsg_bytes(struct dnsmsg *m, const void *bytes, size_t len)
{
	assert(len <= sizeof(m->bytes) - m->len);
	if (len > 0)
		memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

void
dnsmsg_name(struct dnsmsg *m, const char *name)
{
	size_t len;

	while (*name != '\0') {
		len = strcspn(name, ".");
		dnsmsg_u8(m, (unsigned int)len);
		dnsmsg_bytes(m, name, len);
		name += len;
		name += *name == '.';
	}
	dnsmsg_u8(m, 0);
}

void
dnsmsg_begin(struct dnsmsg *m, uint16_t id, unsigned int flags,
    const char *name, unsigned int type)
{
	m->len = 0;
	dnsmsg_u16(m, id);
	dnsmsg_u16(m, flags | DNSMSG_QR | DNSMSG_RA);
	dnsmsg_u16(m, 1);
	dnsmsg_u32(m, 0);
	dnsmsg_u16(m, 0);
	dnsmsg_name(m, name);
	dnsmsg_u16(m, type);
	dnsmsg_u16(m, 1);
}

size_t
dnsmsg_rr(struct dnsmsg *m, enum dnsmsg_section section, const char *name,
    unsigned int type, uint32_t ttl)
{
	unsigned char *count = m->bytes + 4 + 2 * section;

	if (++count[1] == 0)
		count[0]++;
	dnsmsg_name(m, name);
	dnsmsg_u16(m, type);
	dnsmsg_u16(m, 1);
	dnsmsg_u32(m, ttl);
	dnsmsg_u16(m, 0);
	return m->len - 2;
}

void
dnsmsg_end(struct dnsmsg *m, size_t at)
{
	size_t len = m->len - at - 2;

	m->bytes[at] = (unsigned char)(len >> 8);
	m->bytes[at + 1] = (unsigned char)len;
}

void
dnsmsg_a(struct dnsmsg *m, const char *name, uint32_t ttl, uint32_t addr)
{
	size_t at = dnsmsg_rr(m, DNSMSG_AN, name, 1, ttl);

	dnsmsg_u32(m, addr);
	dnsmsg_end(m, at);
}

void
dnsmsg_txt(struct dnsmsg *m, const char *name, uint32_t ttl,
    const char *text, size_t len)
{
	size_t at = dnsmsg_rr(m, DNSMSG_AN, name, 16, ttl);
	size_t n;

	do {
		n = len < 255 ? len : 255;
		dnsmsg_u8(m, (unsigned int)n);
		dnsmsg_bytes(m, text, n);
		text += n;
		len -= n;
	} while (len > 0);
	dnsmsg_end(m, at);
}

void
dnsmsg_mx(struct dnsmsg *m, const char *name, uint32_t ttl,
    unsigned int preference, const char *host)
{
	size_t at = dnsmsg_rr(m, DNSMSG_AN, name, 15, ttl);

	dnsmsg_u16(m, preference);
	dnsmsg_name(m, host);
	dnsmsg_end(m, at);
}

void
dnsmsg_target(struct dnsmsg *m, enum dnsmsg_section section,
    const char *name, unsigned int type, uint32_t ttl, const char *target)
{
	size_t at = dnsmsg_rr(m, section, name, type, ttl);

	dnsmsg_name(m, target);
	dnsmsg_end(m, at);
}

void
dnsmsg_soa(struct dnsmsg *m, const char *name, uint32_t ttl,
    uint32_t minimum)
{
	size_t at = dnsmsg_rr(m, DNSMSG_NS, name, 6, ttl);
	int i;

	dnsmsg_name(m, "ns.example");
	dnsmsg_name(m, "hostmaster.example");
	for (i = 0; i < 4; i++)
		dnsmsg_u32(m, 1);
	dnsmsg_u32(m, minimum);
	dnsmsg_end(m, at);
}

void
dnsmsg_opt(struct dnsmsg *m, unsigned int high_rcode)
{
	size_t at = dnsmsg_rr(m, DNSMSG_AR, "", 41, high_rcode << 24);

	/* The class of OPT is a size. */
	m->bytes[at - 6] = 0x04;
	m->bytes[at - 5] = 0xd0;
	dnsmsg_end(m, at);
}
