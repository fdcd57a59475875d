/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privileges: from root to the user of the configuration.
 */
#include "process/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

bool
privileges_find_user(const char *user, uid_t *uid, gid_t *gid, char *why,
    size_t why_size)
{
	const struct passwd *pw = getpwnam(user);

	if (pw == NULL) {
		snprintf(why, why_size, "user \"%s\" does not exist", user);
		return false;
	}
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return true;
}

static bool
complain(const char *user, char *why, size_t why_size)
{
	snprintf(why, why_size, "cannot become user \"%s\": %s", user,
	    strerror(errno));
	return false;
}

/* Of root, while we are another user. */
static gid_t root_groups[1024];
static int root_group_count;

bool
privileges_borrow(const char *user, char *why, size_t why_size)
{
	uid_t uid;
	gid_t gid;

	if (user == NULL || geteuid() != 0)
		return true;
	if (!privileges_find_user(user, &uid, &gid, why, why_size))
		return false;
	root_group_count = getgroups((int)(sizeof(root_groups) /
	    sizeof(root_groups[0])), root_groups);
	if (root_group_count >= 0 && initgroups(user, gid) == 0 &&
	    setegid(gid) == 0 &&
	    seteuid(uid) == 0)
		return true;
	/* The caller gives up then. */
	return complain(user, why, why_size);
}

void
privileges_return(void)
{
	/* Only a process of root's has root as its real user. */
	if (getuid() != 0 || geteuid() == 0)
		return;
	if (seteuid(0) != 0 || setegid(getgid()) != 0 ||
	    setgroups((size_t)root_group_count, root_groups) != 0)
		abort();	/* neither the one nor the other */
}

bool
privileges_drop(const char *user, char *why, size_t why_size)
{
	uid_t uid;
	gid_t gid;

	if (user == NULL || geteuid() != 0)
		return true;
	if (!privileges_find_user(user, &uid, &gid, why, why_size))
		return false;
	return (initgroups(user, gid) == 0 && setresgid(gid, gid, gid) == 0 &&
	    setresuid(uid, uid, uid) == 0) ||
	    complain(user, why, why_size);
}

void
privileges_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

void
privileges_forbid_new(void)
{
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void
privileges_hide_memory(void)
{
	const struct rlimit none = { .rlim_cur = 0, .rlim_max = 0 };

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* For those who look at the limit; a core that goes to a program is
	   bounded by the line above alone. */
	(void)setrlimit(RLIMIT_CORE, &none);
}
