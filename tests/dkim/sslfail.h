/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sslfail: OpenSSL's allocations, made to fail.
 */
#ifndef TESTS_DKIM_SSLFAIL_H
#define TESTS_DKIM_SSLFAIL_H

#include <stdbool.h>

/* Before OpenSSL has allocated anything; false when it has. */
bool	sslfail_init(void);
/*
 * Lets `n` more allocations succeed and one fail, or all from then on
 * (`for_good`); -1: none fails.
 */
void	sslfail_after(long n, bool for_good);
/* Those that have failed since. */
unsigned long	sslfail_hits(void);

#endif
