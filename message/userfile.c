/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * userfile: a file of users that is followed.
 *
 * What distinguishes states of the file is noted before it is read: if it
 * changes in the meantime, it is read again at the next look.
 */
#include "message/userfile_internal.h"

#include <pthread.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "config/users.h"

struct userfile {
	const char		*path;
	struct stat		 seen;	/* at the last look */
	pthread_rwlock_t	 lock;	/* guards `users` */
	struct users		*users;
};

struct userfile *
userfile_new(const char *path, char *why, size_t why_size)
{
	struct userfile *f = mem_alloc(sizeof(*f));

	if (f == NULL)
		return NULL;
	f->path = path;
	file_look(f->path, &f->seen);
	f->users = users_read(path, why, why_size);
	if (f->users == NULL || pthread_rwlock_init(&f->lock, NULL) != 0) {
		users_free(f->users);
		mem_free(f);
		return NULL;
	}
	return f;
}

void
userfile_free(struct userfile *f)
{
	if (f == NULL)
		return;
	users_free(f->users);
	pthread_rwlock_destroy(&f->lock);
	mem_free(f);
}

enum userfile_news
userfile_follow(struct userfile *f, char *why, size_t why_size)
{
	struct users *fresh, *old;
	struct stat now;

	file_look(f->path, &now);
	if (file_is_same(&now, &f->seen))
		return USERFILE_SAME;
	f->seen = now;
	fresh = users_read(f->path, why, why_size);
	if (fresh == NULL)
		return USERFILE_REFUSED;
	pthread_rwlock_wrlock(&f->lock);
	old = f->users;
	f->users = fresh;
	pthread_rwlock_unlock(&f->lock);
	users_free(old);
	return USERFILE_TAKEN;
}

bool
userfile_may(struct userfile *f, struct slice user, struct slice local,
    struct slice domain)
{
	bool may;

	pthread_rwlock_rdlock(&f->lock);
	may = users_may(f->users, user, local, domain);
	pthread_rwlock_unlock(&f->lock);
	return may;
}
