/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base64: RFC 4648 section 4, with the white space that mail allows.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/*
 * Decodes `text`.  SP, HTAB, CR and LF may be anywhere, also before the
 * padding (FWS of RFC 6376 section 2.10).  False when another octet is
 * in it, when the padding is wrong, when bits after the end are not zero,
 * or when the result has more than `size` octets.  `*len` is set on success.
 */
bool	base64_decode(struct slice text, unsigned char *out, size_t size,
	    size_t *len);

/*
 * As RFC 2045 section 6.8 wants a body decoded: what is no digit is passed
 * over, and padding ends it.  `out` has text.len octets; returns how many were
 * written.
 */
size_t	base64_decode_loose(struct slice text, unsigned char *out);

/* Octets of base64 text for `len` octets, with padding, without NUL. */
size_t	base64_encoded_len(size_t len);
/* Writes base64_encoded_len(len) octets and a NUL to `out`. */
void	base64_encode(const unsigned char *ptr, size_t len, char *out);

#endif
