/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema: the tables, in words that both kinds of databases understand.
 *
 *   assay_meta           the version of the tables, a secret for hashes, the
 *                        last day that is closed, the last one whose
 *                        messages are forgotten, and the day that it was when
 *                        forgetting was looked after last
 *   assay_run            a start of a daemon that writes here, its host, and
 *                        the day of its last message
 *   assay_message        a message: (run, seq) is given out once
 *   assay_policy         a policy domain with its record on a day
 *   assay_row            messages of a policy that are alike (RFC 9990)
 *   assay_correspondent  a domain that mail of ours has gone to, its labels
 *                        from right to left; the last day, and whether there
 *                        was one before
 *   assay_delivery       a report on its way
 *   assay_suppression    a destination that gets none for a while
 *   assay_lease          who is at work
 *
 * `day` is first in the key of what is forgotten by the day: the rows of a day
 * lie together.  A body is that of record_internal.h.
 */
#ifndef STORE_SCHEMA_INTERNAL_H
#define STORE_SCHEMA_INTERNAL_H

/* Of the tables.  It grows with any change of them; a daemon refuses those of
   a later one. */
#define STORE_SCHEMA 3

/* BYTES: the type of octets; C: text is compared by octets; KEYED: a table is
   kept in the order of its key. */
#define SCHEMA_STEP_1(BYTES, C, KEYED) \
	"CREATE TABLE assay_meta (name TEXT" C " PRIMARY KEY, " \
	"number BIGINT NOT NULL);" \
	"CREATE TABLE assay_run (run BIGINT PRIMARY KEY, " \
	"host TEXT NOT NULL, started BIGINT NOT NULL);" \
	"CREATE TABLE assay_message (day BIGINT NOT NULL, " \
	"run BIGINT NOT NULL, seq BIGINT NOT NULL, time BIGINT NOT NULL, " \
	"client TEXT NOT NULL, from_domain TEXT NOT NULL, " \
	"dmarc TEXT NOT NULL, action TEXT NOT NULL, rule TEXT NOT NULL, " \
	"told TEXT NOT NULL, body " BYTES " NOT NULL, " \
	"PRIMARY KEY (day, run, seq))" KEYED ";" \
	"CREATE TABLE assay_policy (id BIGINT PRIMARY KEY, " \
	"day BIGINT NOT NULL, domain TEXT" C " NOT NULL, " \
	"body " BYTES " NOT NULL, messages BIGINT NOT NULL, " \
	"amount BIGINT NOT NULL, beyond BIGINT NOT NULL);" \
	"CREATE INDEX assay_policy_day ON assay_policy (day, domain, id);" \
	"CREATE TABLE assay_row (policy BIGINT NOT NULL, " \
	"key " BYTES " NOT NULL, envelope_to TEXT" C " NOT NULL, " \
	"count BIGINT NOT NULL, body " BYTES " NOT NULL, " \
	"PRIMARY KEY (policy, key, envelope_to))" KEYED ";" \
	"CREATE TABLE assay_correspondent (domain TEXT" C " PRIMARY KEY, " \
	"day BIGINT NOT NULL)" KEYED ";" \
	"CREATE INDEX assay_correspondent_day ON assay_correspondent (day);" \
	"CREATE TABLE assay_delivery (policy BIGINT NOT NULL, " \
	"destination TEXT" C " NOT NULL, day BIGINT NOT NULL, " \
	"state TEXT NOT NULL, tries BIGINT NOT NULL, at BIGINT NOT NULL, " \
	"next BIGINT NOT NULL, error TEXT NOT NULL, " \
	"PRIMARY KEY (policy, destination))" KEYED ";" \
	"CREATE INDEX assay_delivery_day ON assay_delivery (day);" \
	"CREATE TABLE assay_suppression (destination TEXT" C " PRIMARY KEY, " \
	"until BIGINT NOT NULL, hits BIGINT NOT NULL, why TEXT NOT NULL)" \
	KEYED ";" \
	"CREATE TABLE assay_lease (name TEXT" C " PRIMARY KEY, " \
	"owner TEXT NOT NULL, until BIGINT NOT NULL)" KEYED ";" \
	"INSERT INTO assay_meta VALUES ('schema', 1), ('closed', -1);"

/* Correspondents are turned round by migrate.c, which then drops the old
   table.  Each run that is there stays as long as any message does. */
#define SCHEMA_STEP_2(C, KEYED) \
	"ALTER TABLE assay_run ADD COLUMN last BIGINT NOT NULL DEFAULT 0;" \
	"UPDATE assay_run SET last = coalesce((SELECT max(day) " \
	"FROM assay_message), started / 86400);" \
	"DROP INDEX assay_correspondent_day;" \
	"ALTER TABLE assay_correspondent RENAME TO assay_correspondent_1;" \
	"CREATE TABLE assay_correspondent (name TEXT" C " PRIMARY KEY, " \
	"day BIGINT NOT NULL, again BIGINT NOT NULL)" KEYED ";" \
	"CREATE INDEX assay_correspondent_age " \
	"ON assay_correspondent (again, day);" \
	"INSERT INTO assay_meta VALUES ('forgotten', -1);"

/* What a delivery was about: its policy goes when it is done. */
#define SCHEMA_STEP_3 \
	"ALTER TABLE assay_delivery ADD COLUMN domain TEXT " \
	"NOT NULL DEFAULT '';" \
	"ALTER TABLE assay_delivery ADD COLUMN messages BIGINT " \
	"NOT NULL DEFAULT 0;"

#define SCHEMA_STEPS(BYTES, C, KEYED) \
	(const char *const[]){ SCHEMA_STEP_1(BYTES, C, KEYED), \
	    SCHEMA_STEP_2(C, KEYED), SCHEMA_STEP_3, NULL }

#endif
