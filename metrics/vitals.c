/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vitals: version, reloads, log, process.
 *
 * Families that Prometheus' own libraries have for every process begin with
 * process_.
 */
#include "metrics/vitals.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "event/log.h"

#define US INT64_C(1000000)

static int64_t started;			/* seconds since the Epoch */
/* Reloads, those refused, and when a configuration was last taken. */
static atomic_llong taken, refused, taken_at;
static atomic_bool last_refused;

void
vitals_start(void)
{
	started = (int64_t)time(NULL);
	atomic_store(&taken_at, started);
}

void
vitals_reloaded(bool was_taken)
{
	atomic_fetch_add(was_taken ? &taken : &refused, 1);
	atomic_store(&last_refused, !was_taken);
	if (was_taken)
		atomic_store(&taken_at, (long long)time(NULL));
}

bool
vitals_last_refused(void)
{
	return atomic_load(&last_refused);
}

/* ---- the daemon ---- */

static void
write_reloads(struct exposition *x)
{
	static const struct exposition_family f = { "assay_reloads",
		EXPOSITION_COUNTER, NULL, "Reloads of the configuration, by "
		"whether it was taken or refused." };
	struct exposition_label label = { "result", SLICE("taken") };

	exposition_family(x, &f);
	exposition_number(x, &label, 1, atomic_load(&taken));
	label.value = SLICE("refused");
	exposition_number(x, &label, 1, atomic_load(&refused));
	exposition_value(x, "assay_last_reload_successful", EXPOSITION_GAUGE,
	    "0 when the last reload was refused.",
	    !atomic_load(&last_refused));
	exposition_seconds(x, "assay_last_reload_success_timestamp_seconds",
	    EXPOSITION_GAUGE, "When the current configuration was read.",
	    atomic_load(&taken_at) * US);
}

void
vitals_write_daemon(struct exposition *x)
{
	static const struct exposition_family build = { "assay_build",
		EXPOSITION_INFO, NULL, "The running version." };
	const struct exposition_label version = { "version",
		SLICE(PACKAGE_VERSION) };

	exposition_family(x, &build);
	exposition_number(x, &version, 1, 1);
	exposition_value(x, "assay_log_lines_lost", EXPOSITION_COUNTER,
	    "Log lines that were lost because the log was "
	    "slow.", (long long)log_lost());
	write_reloads(x);
}

/* ---- the process ---- */

/* Number `field`, from 1, of /proc/self/stat, proc(5); 0: not known. */
static long long
stat_field(unsigned int field)
{
	struct file f = { .path = "/proc/self/stat" };
	struct buf text;
	struct slice rest, word;
	long long value = 0;

	buf_init(&text, 4096);
	if (file_load(&f, &text) == FILE_READ) {
		/* The name of the program, field 2, may hold anything. */
		rest = buf_slice(&text);
		rest = slice_from(rest, slice_find_last(rest, ')'));
		for (; field > 2 && rest.len > 0; field--)
			slice_cut(&rest, ' ', &word);
		value = strtoll(rest.len > 0 ? rest.ptr : "0", NULL, 10);
	}
	buf_fini(&text);
	return value;
}

/* 0: not known. */
static long long
count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	long long count = -3;	/* ".", "..", and the folder itself */

	if (folder == NULL)
		return 0;
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

static int64_t
cpu_us(void)
{
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u) != 0)
		return 0;
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * US +
	    u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

void
vitals_write_process(struct exposition *x)
{
	struct rlimit limit = { .rlim_cur = 0 };

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	exposition_seconds(x, "process_cpu_seconds", EXPOSITION_COUNTER,
	    "CPU time, user and system.", cpu_us());
	exposition_seconds(x, "process_start_time_seconds", EXPOSITION_GAUGE,
	    "When the process started.", started * US);
	exposition_bytes(x, "process_resident_memory_bytes", "Resident memory.",
	    stat_field(24) * sysconf(_SC_PAGESIZE));
	exposition_value(x, "process_open_fds", EXPOSITION_GAUGE,
	    "Open descriptors, including sockets.",
	    count_descriptors());
	exposition_value(x, "process_max_fds", EXPOSITION_GAUGE,
	    "The limit of open descriptors.", (long long)limit.rlim_cur);
	exposition_value(x, "process_threads", EXPOSITION_GAUGE,
	    "Threads, including those of libraries.",
	    stat_field(20));
}
