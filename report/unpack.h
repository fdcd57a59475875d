/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unpack: the XML documents within what a reporter has sent: the XML itself,
 * gzip, zip, or a whole mail with one of these attached.
 */
#ifndef REPORT_UNPACK_H
#define REPORT_UNPACK_H

#include "base/slice.h"
#include "report/aggregate.h"

/* `xml` lives until the function returns.  False: no further one. */
typedef bool	report_document_fn(void *arg, struct slice xml);

/*
 * Calls `found` for each document, at most LIMIT_REPORT_DOCUMENTS.  REPORT_READ
 * when there was any; REPORT_NOT_A_REPORT when there was none; otherwise what
 * was in the way: REPORT_TOO_LARGE as soon as more than LIMIT_REPORT_XML octets
 * come out of one document, whatever its header promised, or more than
 * LIMIT_REPORT_UNPACKED out of all.
 */
enum report_status	report_unpack(struct slice data,
			    report_document_fn *found, void *arg);

#endif
