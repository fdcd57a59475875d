/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confine: what the process may ask of the kernel once it has started.
 *
 * Reading is left to the file's permissions, since a reload may read from
 * new places.  Sanitizers need calls of their own: with them nothing is
 * confined.
 */
#include "process/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef HAVE_LIBSECCOMP
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#endif
#ifdef HAVE_LANDLOCK
#include <linux/landlock.h>
#endif

#include "base/sanitizer.h"

/* ---- Landlock ---- */

#ifdef HAVE_LANDLOCK

/* Of its first version; later ones know more, which stay as they are. */
#define WRITING \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
	LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | \
	LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
	LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | \
	LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static void
allow_below(int ruleset, const char *folder)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = WRITING,
		.parent_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC)
	};

	if (rule.parent_fd < 0)
		return;
	(void)syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
}

static bool
lock_files(const char *const *writable)
{
	const struct landlock_ruleset_attr handled = {
		.handled_access_fs = WRITING | LANDLOCK_ACCESS_FS_EXECUTE
	};
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled,
	    sizeof(handled), 0);
	bool done;

	if (ruleset < 0)
		return false;
	for (; *writable != NULL; writable++)
		allow_below(ruleset, *writable);
	done = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
	close(ruleset);
	return done;
}

#else

static bool
lock_files(const char *const *writable)
{
	(void)writable;
	return false;
}

#endif

/* ---- seccomp ---- */

#ifdef HAVE_LIBSECCOMP

/*
 * What assay, libmilter, c-ares, OpenSSL, libcurl and the C library call once
 * they have started; names that this machine does not have are passed over.
 * Not here: clone3(), whose flags a filter cannot see, so that the C library
 * uses clone() for its threads.
 */
static const char *const allowed[] = {
	/* descriptors and files */
	"read", "readv", "pread64", "preadv", "write", "writev", "pwrite64",
	"pwritev", "close", "close_range", "lseek", "_llseek", "dup", "dup2",
	"dup3", "fcntl", "fcntl64", "open", "openat", "stat", "stat64",
	"lstat", "lstat64", "fstat", "fstat64", "newfstatat", "fstatat64",
	"statx", "statfs", "fstatfs", "access", "faccessat", "faccessat2",
	"readlink", "readlinkat", "getdents", "getdents64", "getcwd",
	"unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir",
	"mkdirat", "rmdir", "fsync", "fdatasync", "ftruncate", "ftruncate64",
	"fallocate", "fadvise64", "flock", "fchmod", "umask", "fchdir",
	"pipe", "pipe2",
	"inotify_init1", "inotify_add_watch", "inotify_rm_watch",
	/* waiting */
	"poll", "ppoll", "ppoll_time64", "select", "pselect6",
	"pselect6_time64", "epoll_create1", "epoll_ctl", "epoll_wait",
	"epoll_pwait", "epoll_pwait2", "eventfd2", "timerfd_create",
	"inotify_init1", "inotify_add_watch",
	"timerfd_settime", "timerfd_settime64", "timerfd_gettime",
	/* sockets; socket() itself: allow_sockets() */
	"connect", "bind", "listen", "accept", "accept4", "getsockname",
	"getpeername", "getsockopt", "setsockopt", "shutdown", "send",
	"sendto", "sendmsg", "sendmmsg", "recv", "recvfrom", "recvmsg",
	"recvmmsg", "recvmmsg_time64", "socketpair",
	/* memory */
	"brk", "mmap", "mmap2", "munmap", "mprotect", "mremap", "madvise",
	"mlock", "mlock2", "munlock", "membarrier",
	/* threads and signals */
	"futex", "futex_time64", "set_robust_list", "get_robust_list", "rseq",
	"set_tid_address", "sched_yield", "sched_getaffinity", "gettid",
	"getpid", "getppid", "exit", "exit_group", "tgkill", "rt_sigaction",
	"sigaction", "rt_sigprocmask", "sigprocmask", "rt_sigreturn",
	"sigreturn", "rt_sigtimedwait", "rt_sigtimedwait_time64",
	"rt_sigsuspend", "sigaltstack", "pause", "restart_syscall",
	/* time, and who we are */
	"clock_gettime", "clock_gettime64", "clock_getres",
	"clock_getres_time64", "clock_nanosleep", "clock_nanosleep_time64",
	"nanosleep", "gettimeofday", "time", "getrandom", "getuid",
	"getuid32", "geteuid", "geteuid32", "getgid", "getgid32", "getegid",
	"getegid32", "getgroups", "getgroups32", "getresuid", "getresuid32",
	"getresgid", "getresgid32", "uname", "sysinfo", "getrusage",
	"getrlimit", "ugetrlimit", "setrlimit", "prlimit64"
};

/* 0, or what is wrong as a negative errno. */
static int
allow_names(scmp_filter_ctx filter)
{
	size_t i;
	int number, error = 0;

	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && error == 0;
	    i++) {
		number = seccomp_syscall_resolve_name(allowed[i]);
		if (number != __NR_SCMP_ERROR)
			error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
			    number, 0);
	}
	return error;
}

/* One call, when its argument is one of a few. */
static int
allow_values(scmp_filter_ctx filter, int number, unsigned int argument,
    const unsigned long *values, size_t count)
{
	struct scmp_arg_cmp compare = { .arg = argument, .op = SCMP_CMP_EQ };
	size_t i;
	int error = 0;

	for (i = 0; i < count && error == 0; i++) {
		compare.datum_a = values[i];
		error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
		    number, 1, &compare);
	}
	return error;
}

/* Threads, but no processes. */
static int
allow_threads(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp compare = { .arg = 0,
		.op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_THREAD,
		.datum_b = CLONE_THREAD };

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
	    SCMP_SYS(clone), 1, &compare);
}

static int
allow_some(scmp_filter_ctx filter)
{
	static const unsigned long
	    families[] = { AF_UNIX, AF_INET, AF_INET6 },
	    ioctls[] = { FIONREAD, FIONBIO },
	    prctls[] = { PR_SET_NAME, PR_SET_DUMPABLE, PR_GET_DUMPABLE };
	int error = allow_values(filter, SCMP_SYS(socket), 0, families,
	    sizeof(families) / sizeof(families[0]));

	if (error == 0)
		error = allow_values(filter, SCMP_SYS(ioctl), 1, ioctls,
		    sizeof(ioctls) / sizeof(ioctls[0]));
	if (error == 0)
		error = allow_values(filter, SCMP_SYS(prctl), 0, prctls,
		    sizeof(prctls) / sizeof(prctls[0]));
	if (error == 0)
		error = allow_threads(filter);
	return error;
}

static int
filter_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int error;

	if (filter == NULL)
		return -ENOMEM;
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	error = allow_names(filter);
	if (error == 0)
		error = allow_some(filter);
	if (error == 0)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}

static bool
has_seccomp(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

#else

static int
filter_calls(void)
{
	return -ENOSYS;
}

static bool
has_seccomp(void)
{
	return false;
}

#endif

bool
confine(const char *const *writable, char *what, size_t what_size)
{
	bool files, calls = false;
	int error;

	if (SANITIZER_ADDRESS || SANITIZER_THREAD) {
		snprintf(what, what_size, "nothing, for the sanitizers");
		return true;
	}
	files = lock_files(writable);
	if (has_seccomp()) {
		error = filter_calls();
		if (error != 0) {
			snprintf(what, what_size, "cannot confine the "
			    "process: %s", strerror(-error));
			return false;
		}
		calls = true;
	}
	snprintf(what, what_size, "%s%s%s", calls ? "seccomp" : "",
	    calls && files ? ", " : "", files ? "Landlock" : calls ? "" :
	    "nothing");
	return true;
}

void
confine_folder_of(const char *path, char *folder)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;

	snprintf(folder, PATH_MAX, "%.*s",
	    slash != NULL ? (int)(slash - path) : 0, path != NULL ? path : "");
}
