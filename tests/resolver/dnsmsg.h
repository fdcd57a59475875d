/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsmsg: writes DNS messages for tests, right ones and broken ones.
 */
#ifndef TESTS_RESOLVER_DNSMSG_H
#define TESTS_RESOLVER_DNSMSG_H

#include <stddef.h>
#include <stdint.h>

#define DNSMSG_QR	0x8000u
#define DNSMSG_TC	0x0200u
#define DNSMSG_RD	0x0100u
#define DNSMSG_RA	0x0080u
#define DNSMSG_AD	0x0020u

enum dnsmsg_section { DNSMSG_AN = 1, DNSMSG_NS = 2, DNSMSG_AR = 3 };

struct dnsmsg {
	size_t		len;
	unsigned char	bytes[70000];
};

/* Header with `flags` (QR and RA are added) and the question. */
void	dnsmsg_begin(struct dnsmsg *m, uint16_t id, unsigned int flags,
	    const char *name, unsigned int type);
void	dnsmsg_u8(struct dnsmsg *m, unsigned int value);
void	dnsmsg_u16(struct dnsmsg *m, unsigned int value);
void	dnsmsg_u32(struct dnsmsg *m, uint32_t value);
void	dnsmsg_bytes(struct dnsmsg *m, const void *bytes, size_t len);
/* Uncompressed; "" is the root. */
void	dnsmsg_name(struct dnsmsg *m, const char *name);
/* Counts the record and writes all before its data; returns where the
   length is, for dnsmsg_end(). */
size_t	dnsmsg_rr(struct dnsmsg *m, enum dnsmsg_section section,
	    const char *name, unsigned int type, uint32_t ttl);
void	dnsmsg_end(struct dnsmsg *m, size_t at);

void	dnsmsg_a(struct dnsmsg *m, const char *name, uint32_t ttl,
	    uint32_t addr);
void	dnsmsg_txt(struct dnsmsg *m, const char *name, uint32_t ttl,
	    const char *text, size_t len);
void	dnsmsg_mx(struct dnsmsg *m, const char *name, uint32_t ttl,
	    unsigned int preference, const char *host);
/* CNAME (5), PTR (12), NS (2) and the like, in any section. */
void	dnsmsg_target(struct dnsmsg *m, enum dnsmsg_section section,
	    const char *name, unsigned int type, uint32_t ttl,
	    const char *target);
void	dnsmsg_soa(struct dnsmsg *m, const char *name, uint32_t ttl,
	    uint32_t minimum);
void	dnsmsg_opt(struct dnsmsg *m, unsigned int high_rcode);

#endif
