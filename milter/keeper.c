/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keeper: the store of the configuration, if it names one.
 */
#include "milter/keeper.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/date.h"
#include "process/confine.h"
#include "store/store.h"
#include "store/writer.h"

#define SQLITE "sqlite:"

static struct store_writer *writer;

/* The path of a database that is a file, or NULL. */
static const char *
file_of(const struct config *c)
{
	return c->store != NULL &&
	    strncmp(c->store, SQLITE, sizeof(SQLITE) - 1) == 0 ?
	    c->store + sizeof(SQLITE) - 1 : NULL;
}

static void
spool_path(const struct config *c, char out[PATH_MAX])
{
	const char *file = file_of(c);

	if (c->store_spool != NULL)
		snprintf(out, PATH_MAX, "%s", c->store_spool);
	else if (file != NULL)
		snprintf(out, PATH_MAX, "%s.spool", file);
	else
		snprintf(out, PATH_MAX, "%s", CONFIG_STORE_SPOOL);
}

bool
keeper_check(const struct config *c, char *why, size_t why_size)
{
	const char *problem;
	size_t used;

	if (c->store == NULL)
		return true;
	if (!store_name_check(slice_str(c->store), &problem)) {
		snprintf(why, why_size, "store is not %s", problem);
		return false;
	}
	snprintf(why, why_size, "store: ");
	used = strlen(why);
	return store_load(c->store, why + used, why_size - used);
}

void
keeper_folders(const struct config *c, char database[PATH_MAX],
    char spool[PATH_MAX])
{
	char path[PATH_MAX];

	confine_folder_of(file_of(c), database);
	spool_path(c, path);
	confine_folder_of(c->store != NULL ? path : NULL, spool);
}

bool
keeper_start(const struct config *c)
{
	char path[PATH_MAX], host[HOST_NAME_MAX + 1] = "";
	struct store_writer_options o = { .name = c->store, .spool = path,
		.host = host, .keep = c->keep / DATE_DAY };

	if (c->store == NULL)
		return true;
	spool_path(c, path);
	(void)gethostname(host, sizeof(host) - 1);
	writer = store_writer_start(&o);
	return writer != NULL && event_subscribe(store_writer_event, writer);
}

void
keeper_end(int ms)
{
	if (writer != NULL)
		store_writer_end(writer, ms);
}

bool
keeper_is_away(void)
{
	struct store_writer_figures f = { .away = false };

	if (writer != NULL)
		store_writer_figures(writer, &f);
	return f.away;
}

void
keeper_write(struct exposition *x)
{
	struct store_writer_figures f = { .stored = 0 };

	if (writer != NULL)
		store_writer_figures(writer, &f);
	exposition_value(x, "assay_store_records", EXPOSITION_COUNTER,
	    "Records of messages that were written into the store.",
	    (long long)f.stored);
	exposition_value(x, "assay_store_spilled", EXPOSITION_COUNTER,
	    "Records that went to the spool file because the store could not "
	    "be used.",
	    (long long)f.spilled);
	exposition_value(x, "assay_store_lost", EXPOSITION_COUNTER,
	    "Records that never reached the store.", (long long)f.dropped);
	exposition_value(x, "assay_store_waiting", EXPOSITION_GAUGE,
	    "Records in memory that wait for the store.",
	    (long long)f.waiting);
	exposition_value(x, "assay_store_spool_bytes", EXPOSITION_GAUGE,
	    "Octets of records in the spool file.", (long long)f.spool_octets);
	exposition_value(x, "assay_store_away", EXPOSITION_GAUGE,
	    "1 while the store cannot be used.", f.away ? 1 : 0);
	exposition_value(x, "assay_store_late_seconds", EXPOSITION_GAUGE,
	    "Time that the store has not forgotten yet, since the clock "
	    "jumped: whole days.", (long long)f.late * DATE_DAY);
}
