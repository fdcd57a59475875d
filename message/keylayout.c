/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keylayout: where keys are in a folder, by a pattern of their paths.
 *
 * The folder of a domain is listed each time: that takes as long as opening
 * its key does, and is never out of date.  A folder that has the keys of many
 * domains is listed when it has changed.  It may change once more within one
 * tick of the file system's clock, so a list made so early does not last.
 */
#include "message/keylayout_internal.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "message/keypath_internal.h"

#define TICK_NS		INT64_C(50000000)	/* ours: 10 ms is the longest */
#define COARSE_NS	INT64_C(2000000000)	/* of times in whole seconds */
#define NS		INT64_C(1000000000)

struct keylayout {
	const struct config_sign_directory *config;
	/* The folder, the name in it that has "%{selector}", and what
	   follows: parts of the layout. */
	struct slice	 folder, prefix, suffix, rest;
	bool		 selects;	/* by "%{selector}" */
	bool		 shared;	/* that name has both places */

	pthread_mutex_t	 lock;		/* of what follows */
	bool		 listed, lasts;
	struct stat	 seen;
	char		*names;		/* each with a NUL in front, and one
					   at the end */
	size_t		 len;
};

static void
take_apart(struct keylayout *l)
{
	struct slice all = l->config->layout, name;
	size_t at = keypath_find(all, keypath_selector), slash;

	l->selects = at < all.len;
	if (!l->selects)
		return;
	slash = slice_find_last(slice_head(all, at), '/');
	l->folder = slice_head(all, slash < at ? slash : 0);
	name = slice_from(all, slash < at ? slash + 1 : 0);
	l->rest = slice_from(name, slice_find(name, '/'));
	name = slice_head(name, slice_find(name, '/'));
	at = keypath_find(name, keypath_selector);
	l->prefix = slice_head(name, at);
	l->suffix = slice_from(name, at + keypath_selector.len);
	l->shared = keypath_has(name, keypath_domain);
}

struct keylayout *
keylayout_new(const struct config_sign_directory *c)
{
	struct keylayout *l = mem_alloc(sizeof(*l));

	if (l == NULL)
		return NULL;
	l->config = c;
	take_apart(l);
	if (pthread_mutex_init(&l->lock, NULL) != 0) {
		mem_free(l);
		return NULL;
	}
	return l;
}

void
keylayout_free(struct keylayout *l)
{
	if (l == NULL)
		return;
	pthread_mutex_destroy(&l->lock);
	mem_free(l->names);
	mem_free(l);
}

static void
path_begin(struct keypath *p, const struct keylayout *l)
{
	p->len = 0;
	p->whole = true;
	keypath_add(p, slice_str(l->config->path));
}

static void
folder_path(const struct keylayout *l, struct slice domain, struct keypath *p)
{
	path_begin(p, l);
	keypath_add(p, SLICE("/"));
	keypath_expand(p, l->folder, domain);
}

/* ---- the files of a domain ---- */

/* It is not there: no error. */
static bool
is_absent(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG;
}

static bool
is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM;
}

static bool
is_newer(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec > b->st_mtim.tv_sec ||
	    (a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec > b->st_mtim.tv_nsec);
}

static bool
comes_before(const struct keylayout_file *a, const struct keylayout_file *b)
{
	return is_newer(&a->st, &b->st) || (!is_newer(&b->st, &a->st) &&
	    slice_cmp(domain_slice(&a->selector),
	    domain_slice(&b->selector)) < 0);
}

void
keylayout_insert(struct keylayout_files *out, const struct keylayout_file *f)
{
	size_t at = 0, after;

	while (at < out->count && comes_before(&out->files[at], f))
		at++;
	if (at == LIMIT_SIGN_KEYS)
		return;
	out->count += out->count < LIMIT_SIGN_KEYS;
	after = out->count - at - 1;
	memmove(&out->files[at + 1], &out->files[at],
	    after * sizeof(out->files[0]));
	out->files[at] = *f;
}

/* Looks at a file that may be there. */
static void
look_at(struct keylayout_files *out, struct keylayout_file *f,
    const struct keypath *p)
{
	if (!p->whole)
		return;
	memcpy(f->path, p->text, p->len + 1);
	if (stat(f->path, &f->st) != 0) {
		if (!is_absent(errno))
			out->error = errno;
	} else if (S_ISREG(f->st.st_mode)) {
		keylayout_insert(out, f);
	}
}

struct search {
	const struct keylayout	*layout;
	struct slice		 domain;
	struct keypath		 folder, prefix, suffix;
	struct keylayout_files	*out;
};

static void
begin_search(struct search *s)
{
	folder_path(s->layout, s->domain, &s->folder);
	s->prefix = s->suffix = (struct keypath){ .whole = true };
	keypath_expand(&s->prefix, s->layout->prefix, s->domain);
	keypath_expand(&s->suffix, s->layout->suffix, s->domain);
}

/* Is this name one of the domain's?  Then its file is looked at. */
static void
try_name(struct search *s, struct slice name)
{
	struct keylayout_file f;
	struct keypath p;
	struct slice middle;

	if (!keypath_cut_out(name, keypath_slice(&s->prefix),
	    keypath_slice(&s->suffix), &middle) ||
	    !keypath_read_name(middle, &f.selector) ||
	    (s->layout->shared && domain_labels(middle) > 1))
		return;
	p = s->folder;
	keypath_add(&p, SLICE("/"));
	keypath_add(&p, name);
	keypath_expand(&p, s->layout->rest, s->domain);
	look_at(s->out, &f, &p);
}

/* Errors are in out->error. */
static void
search_folder(struct search *s)
{
	DIR *folder = s->folder.whole ? opendir(s->folder.text) : NULL;
	struct dirent *e;

	if (folder == NULL) {
		if (s->folder.whole && !is_absent(errno))
			s->out->error = errno;
		return;
	}
	while ((e = readdir(folder)) != NULL)
		try_name(s, slice_str(e->d_name));
	(void)closedir(folder);
}

/* ---- a folder with the keys of many domains ---- */

static int64_t
in_ns(const struct timespec *t)
{
	return (int64_t)t->tv_sec * NS + t->tv_nsec;
}

/* Was the last change so long ago that the next one has another time? */
static bool
has_settled(const struct stat *st)
{
	struct timespec now;

	return clock_gettime(CLOCK_REALTIME, &now) == 0 &&
	    in_ns(&now) - in_ns(&st->st_mtim) >
	    (st->st_mtim.tv_nsec != 0 ? TICK_NS : COARSE_NS);
}

static int
read_names(struct keylayout *l, const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *e;
	struct buf names;
	int error = 0;

	if (folder == NULL)
		return errno;
	buf_init(&names, LIMIT_KEYDIR_LISTING);
	while ((e = readdir(folder)) != NULL) {
		buf_addc(&names, '\0');
		buf_adds(&names, e->d_name);
	}
	buf_addc(&names, '\0');
	(void)closedir(folder);
	mem_free(l->names);
	l->len = names.len;
	l->names = buf_failed(&names) ? NULL :
	    mem_dup(buf_slice(&names).ptr, names.len);
	if (l->names == NULL)
		error = names.len < LIMIT_KEYDIR_LISTING / 2 ? ENOMEM : EFBIG;
	buf_fini(&names);
	return error;
}

/* The list is as the folder is; 0 or errno.  Under the lock. */
static int
renew_names(struct keylayout *l, const char *path)
{
	struct stat now;
	int error;

	if (stat(path, &now) != 0)
		return errno;
	if (l->listed && l->lasts && file_is_same(&now, &l->seen))
		return 0;
	l->lasts = has_settled(&now);
	l->seen = now;
	error = read_names(l, path);
	l->listed = error == 0;
	return error;
}

/* The name around `at`, which is in the list. */
static struct slice
name_around(const struct keylayout *l, const char *at)
{
	const char *begin = at, *end = at;

	while (begin > l->names && begin[-1] != '\0')
		begin--;
	while (end < l->names + l->len && *end != '\0')
		end++;
	return (struct slice){ begin, (size_t)(end - begin) };
}

/* What all names of the domain have, with the NUL before or after it. */
static struct slice
common_part(const struct search *s, struct keypath *p)
{
	bool in_prefix = keypath_has(s->layout->prefix, keypath_domain);

	*p = (struct keypath){ .whole = true };
	if (in_prefix)
		keypath_add(p, (struct slice){ "", 1 });
	keypath_add(p, keypath_slice(in_prefix ? &s->prefix : &s->suffix));
	if (!in_prefix)
		keypath_add(p, (struct slice){ "", 1 });
	return keypath_slice(p);
}

static void
search_list(struct search *s, struct keylayout *l)
{
	struct keypath p;
	struct slice part = common_part(s, &p), left, name;
	size_t at;

	pthread_mutex_lock(&l->lock);
	s->out->error = renew_names(l, s->folder.text);
	left = s->out->error == 0 ? (struct slice){ l->names, l->len } :
	    SLICE("");
	while ((at = keypath_find(left, part)) < left.len) {
		name = name_around(l, left.ptr + at +
		    (part.ptr[0] == '\0'));
		try_name(s, name);
		left = slice_from(left, at + part.len);
	}
	pthread_mutex_unlock(&l->lock);
	if (is_absent(s->out->error))
		s->out->error = 0;
}

/* ---- all of it ---- */

/* A folder that is gone, perhaps with its file system, says nothing about its
   keys. */
static void
check_folder(struct search *s)
{
	struct stat st;

	if (s->out->count == 0 && s->out->error == 0 &&
	    stat(s->layout->config->path, &st) != 0)
		s->out->error = errno;
}

static void
search_fixed(struct search *s)
{
	const struct config_sign_directory *c = s->layout->config;
	struct keylayout_file f;
	struct keypath p;

	(void)domain_parse(c->selector, &f.selector);
	path_begin(&p, s->layout);
	keypath_add(&p, SLICE("/"));
	keypath_expand(&p, c->layout, s->domain);
	look_at(s->out, &f, &p);
}

bool
keylayout_find(struct keylayout *l, struct slice domain,
    struct keylayout_files *out)
{
	struct search *s = mem_alloc(sizeof(*s));

	out->count = 0;
	out->error = 0;
	if (s == NULL)
		return false;
	s->layout = l;
	s->domain = domain;
	s->out = out;
	begin_search(s);
	if (!l->selects)
		search_fixed(s);
	else if (keypath_has(l->folder, keypath_domain))
		search_folder(s);
	else if (l->shared)
		search_list(s, l);
	else
		search_folder(s);
	check_folder(s);
	mem_free(s);
	return !is_shortage(out->error);
}

/* ---- all domains ---- */

struct walk {
	keylayout_fn	*fn;
	void		*arg;
};

static int	walk_part(const struct walk *w, const struct keypath *p,
		    struct slice layout);

static int
walk_folder(const struct walk *w, const struct keypath *p, struct slice part,
    struct slice rest)
{
	DIR *folder = opendir(p->text);
	struct dirent *e;
	struct keypath next;

	if (folder == NULL)
		return errno;
	while ((e = readdir(folder)) != NULL) {
		if (!keypath_matches(part, slice_str(e->d_name)))
			continue;
		next = *p;
		keypath_add(&next, SLICE("/"));
		keypath_add(&next, slice_str(e->d_name));
		(void)walk_part(w, &next, rest);
	}
	(void)closedir(folder);
	return 0;
}

/* As deep as the layout has parts. */
static int
walk_part(const struct walk *w, const struct keypath *p, struct slice layout)
{
	struct slice rest = layout, part;
	struct keypath next;
	struct stat st;

	if (!p->whole)
		return 0;
	if (layout.len == 0) {
		if (stat(p->text, &st) == 0 && S_ISREG(st.st_mode))
			w->fn(w->arg, p->text);
		return 0;
	}
	(void)slice_cut(&rest, '/', &part);
	if (keypath_has(part, keypath_domain) ||
	    keypath_has(part, keypath_selector))
		return walk_folder(w, p, part, rest);
	next = *p;
	keypath_add(&next, SLICE("/"));
	keypath_add(&next, part);
	return walk_part(w, &next, rest);
}

int
keylayout_each(const struct keylayout *l, keylayout_fn *fn, void *arg)
{
	const struct walk w = { .fn = fn, .arg = arg };
	struct keypath p;

	path_begin(&p, l);
	return walk_part(&w, &p, l->config->layout);
}
