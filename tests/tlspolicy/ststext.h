/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ststext: policies of MTA-STS written and compared, for tests.
 */
#ifndef TESTS_TLSPOLICY_STSTEXT_H
#define TESTS_TLSPOLICY_STSTEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "tlspolicy/sts.h"

/* A text of the policy that sts_policy_parse() reads (RFC 8461 3.2). */
void	ststext_write(const struct sts_policy *p, struct buf *out);
bool	ststext_eq(const struct sts_policy *a, const struct sts_policy *b);

#endif
