/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyfile: private keys in PEM files (RFC 7468), PKCS#1 (RFC 8017 A.1.2) and
 * PKCS#8 (RFC 5208).
 *
 *  1. The path is opened without waiting, and must be a regular file that
 *     nobody else can read or write; a group of ours may read it.
 *  2. At most LIMIT_DKIM_KEY_FILE octets are read, all of them.
 *  3. The blocks are gone through; one of them is a private key.
 *  4. It is decoded, checked (dkim/privkey.c) and kept; all else that held
 *     its text is wiped.  From the file on it is in protected memory.
 *
 * Each thing that may be wrong has a sentence which says what to do.
 */
#include "dkim/privkey_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/file.h"
#include "base/mem.h"

#define PEM_FLAGS (PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE)

/* The file that is read, and where to complain. */
struct keyfile {
	const char	*path;
	char		*why;
	size_t		 why_size;
	char		*text;		/* LIMIT_DKIM_KEY_FILE octets */
	size_t		 len;
	size_t		 keys;		/* private keys seen */
	const char	*problem;	/* of a block that is no key for us */
	EVP_PKEY	*pkey;
};

static bool __attribute__((format(printf, 2, 3)))
complain(struct keyfile *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(f->why, f->why_size, fmt, ap);
	va_end(ap);
	return false;
}

/* ---- steps 1 and 2: the file ---- */

static bool
complain_file(struct keyfile *f, int error)
{
	switch (error) {
	case ENOENT:
		return complain(f, "there is no such file: correct the path, "
		    "or make a key with assay keygen");
	case EACCES:
		return complain(f, "the user this program runs as (%lu) may "
		    "not read it: give the file to that user, or to a group "
		    "of that user with mode 0640, and let the user through "
		    "its folders", (unsigned long)geteuid());
	default:
		return complain(f, "cannot read the key file: %s",
		    strerror(error));
	}
}

static bool
is_own_group(gid_t group)
{
	int count = getgroups(0, NULL), i;
	gid_t *groups;
	bool found = group == getegid();

	groups = count > 0 ? mem_array((size_t)count, sizeof(*groups)) : NULL;
	if (groups != NULL)
		count = getgroups(count, groups);
	for (i = 0; groups != NULL && i < count; i++)
		found |= groups[i] == group;
	mem_free(groups);
	return found;
}

/* A file_judge_fn. */
static bool
check_mode(void *arg, const struct stat *st)
{
	struct keyfile *f = arg;

	if ((st->st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0)
		return complain(f, "key file is %s by %s: chmod 0600 %s",
		    (st->st_mode & S_IROTH) != 0 ? "readable" : "writable",
		    (st->st_mode & (S_IROTH | S_IWOTH)) != 0 ? "others" :
		    "its group", f->path);
	/* root:assay 0640 is for the user of this program. */
	if ((st->st_mode & S_IRGRP) != 0 && !is_own_group(st->st_gid))
		return complain(f, "key file is readable by group %lu, to "
		    "which this program's user does not belong: chmod 0600 "
		    "%s, or give it to a group of that user",
		    (unsigned long)st->st_gid, f->path);
	return true;
}

static bool
read_file(struct keyfile *f)
{
	struct file file = { .path = f->path, .regular = true,
		.judge = check_mode, .arg = f };

	switch (file_read(&file, f->text, LIMIT_DKIM_KEY_FILE, &f->len)) {
	case FILE_READ:
		return f->len > 0 || complain(f, "the file is empty: make a "
		    "key with assay keygen");
	case FILE_KIND:
		return complain(f, "this is %s: name the PEM file of the key",
		    file_kind(file.mode));
	case FILE_REFUSED:
		return false;
	case FILE_LARGE:
		return complain(f, "over %u octets, too large for a private "
		    "key: name a PEM file with nothing else in it",
		    LIMIT_DKIM_KEY_FILE);
	case FILE_FAILED:
	default:
		return complain_file(f, errno);
	}
}

/* ---- step 3: blocks ---- */

enum block {
	BLOCK_PRIVATE,
	BLOCK_ENCRYPTED,
	BLOCK_OPENSSH,
	BLOCK_PUBLIC,
	BLOCK_OTHER
};

static enum block
block_of(struct slice label, struct slice head)
{
	if (slice_eq(label, SLICE("ENCRYPTED PRIVATE KEY")))
		return BLOCK_ENCRYPTED;
	if (slice_eq(label, SLICE("OPENSSH PRIVATE KEY")))
		return BLOCK_OPENSSH;
	/* The old format says in a head of the block how it is encrypted. */
	if (slice_ends_nocase(label, SLICE("PRIVATE KEY")))
		return head.len > 0 ? BLOCK_ENCRYPTED : BLOCK_PRIVATE;
	if (slice_ends_nocase(label, SLICE("PUBLIC KEY")))
		return BLOCK_PUBLIC;
	return BLOCK_OTHER;
}

static void
decode(struct keyfile *f, const unsigned char *der, long len)
{
	const unsigned char *p = der;

	if (f->keys > 1)
		return;
	f->pkey = d2i_AutoPrivateKey(NULL, &p, len);
	if (f->pkey != NULL && p - der == len)
		return;
	EVP_PKEY_free(f->pkey);
	f->pkey = NULL;
	f->problem = "the private key cannot be decoded, it is broken or of "
	    "an unknown type: take the file from a backup, or make a new key "
	    "with assay keygen";
}

static void
take_block(struct keyfile *f, enum block block, const unsigned char *der,
    long len)
{
	switch (block) {
	case BLOCK_PRIVATE:
		f->keys++;
		decode(f, der, len);
		break;
	case BLOCK_ENCRYPTED:
		f->keys++;
		f->problem = "the key is encrypted, and a daemon cannot enter "
		    "a pass phrase: remove it with openssl pkey";
		break;
	case BLOCK_OPENSSH:
		f->keys++;
		f->problem = "this is a key for SSH: make one for DKIM with "
		    "assay keygen";
		break;
	case BLOCK_PUBLIC:
		f->problem = "this is a public key: name the file of the "
		    "private key";
		break;
	case BLOCK_OTHER:
		f->problem = "there is no private key in it: name the PEM file "
		    "of the key";
		break;
	}
}

/* True when OpenSSL came to the end of the text without anything wrong. */
static bool
is_end_of_blocks(void)
{
	unsigned long e = ERR_peek_last_error();

	return ERR_GET_LIB(e) == ERR_LIB_PEM &&
	    ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

static bool
read_blocks(struct keyfile *f, BIO *bio)
{
	unsigned char *der;
	char *label, *head;
	long len;

	ERR_clear_error();
	while (PEM_read_bio_ex(bio, &label, &head, &der, &len,
	    PEM_FLAGS) == 1) {
		take_block(f, block_of(slice_str(label), slice_str(head)),
		    der, len);
		OPENSSL_secure_free(label);
		OPENSSL_secure_free(head);
		OPENSSL_secure_clear_free(der, (size_t)len);
		ERR_clear_error();
	}
	if (!is_end_of_blocks())
		return complain(f, "the PEM text is broken: take the file from "
		    "a backup, or make a new key with assay keygen");
	if (f->keys > 1)
		return complain(f, "there are %zu private keys in it: leave "
		    "one, and put each other one into a file of its own",
		    f->keys);
	if (f->pkey != NULL)
		return true;
	return complain(f, "%s", f->problem != NULL ? f->problem :
	    "there is no PEM text (\"-----BEGIN PRIVATE KEY-----\") in it: "
	    "name the PEM file of the key");
}

static bool
parse(struct keyfile *f)
{
	BIO *bio = BIO_new_mem_buf(f->text, (int)f->len);
	bool good;

	if (bio == NULL)
		return complain(f, "out of memory");
	good = read_blocks(f, bio);
	BIO_free(bio);
	ERR_clear_error();
	return good;
}

struct dkim_private_key *
dkim_private_key_read(const char *path, char *why, size_t why_size)
{
	struct keyfile f = { .path = path, .why = why, .why_size = why_size };
	struct dkim_private_key *k = NULL;

	dkim_private_key_protect();
	f.text = OPENSSL_secure_zalloc(LIMIT_DKIM_KEY_FILE);
	if (f.text == NULL) {
		(void)complain(&f, "out of memory");
		return NULL;
	}
	if (read_file(&f) && parse(&f)) {
		k = dkim_private_key_adopt(f.pkey, why, why_size);
		f.pkey = NULL;
	}
	EVP_PKEY_free(f.pkey);
	OPENSSL_secure_clear_free(f.text, LIMIT_DKIM_KEY_FILE);
	return k;
}

/* ---- writing ---- */

static bool
write_all(struct keyfile *f, int fd)
{
	size_t done = 0;
	ssize_t n;

	/* The umask may have taken rights away. */
	if (fchmod(fd, S_IRUSR | S_IWUSR) != 0)
		return complain(f, "cannot set its mode: %s", strerror(errno));
	while (done < f->len) {
		n = write(fd, f->text + done, f->len - done);
		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return complain(f, "cannot write the key file: %s",
			    strerror(n == 0 ? ENOSPC : errno));
	}
	if (fsync(fd) != 0)
		return complain(f, "cannot write the key file: %s",
		    strerror(errno));
	return true;
}

static bool
write_file(struct keyfile *f)
{
	int fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	bool good;

	if (fd < 0 && errno == EEXIST)
		return complain(f, "there is a file of that name, which is "
		    "left as it is: choose another selector or folder");
	if (fd < 0)
		return complain(f, "cannot create the key file: %s",
		    strerror(errno));
	good = write_all(f, fd);
	if (close(fd) != 0 && good)
		good = complain(f, "cannot write the key file: %s",
		    strerror(errno));
	if (!good)
		(void)unlink(f->path);
	return good;
}

bool
dkim_private_key_write(const struct dkim_private_key *k, const char *path,
    char *why, size_t why_size)
{
	struct keyfile f = { .path = path, .why = why, .why_size = why_size };
	BIO *bio = BIO_new(BIO_s_secmem());
	bool good = false;
	long len;

	if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio,
	    dkim_private_key_pkey(k), NULL, NULL, 0, NULL, NULL) != 1) {
		(void)complain(&f, "out of memory");
	} else {
		len = BIO_get_mem_data(bio, &f.text);
		f.len = (size_t)len;
		good = write_file(&f);
	}
	/* A memory BIO wipes what it frees. */
	BIO_free(bio);
	ERR_clear_error();
	return good;
}
