/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reports: the section "report" of the configuration.
 */
#ifndef CONFIG_REPORTS_INTERNAL_H
#define CONFIG_REPORTS_INTERNAL_H

#include "config/config.h"
#include "config/schema.h"

/* The keys of struct config_report. */
extern const struct schema_key reports_keys[];
/* Their readers, for config/describe.c. */
schema_read_fn	reports_mailbox, reports_bounce, reports_opt_out;

void	reports_set_defaults(struct config_report *r);

#endif
