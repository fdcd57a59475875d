/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private keys: files that are keys and files that are not, writing, the
 * key record, and the comparison with what DNS says.
 */
#include "dkim/privkey_internal.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/mem.h"
#include "dkim/key.h"
#include "tests/dkim/keyfiles.h"
#include "tests/dkim/support.h"
#include "tests/tap.h"

#define WHY 512

/* ---- PEM text ---- */

enum form { PKCS1, PKCS8, ENCRYPTED_1, ENCRYPTED_8, PUBLIC };

static bool
write_pem(BIO *bio, EVP_PKEY *k, enum form form)
{
	const EVP_CIPHER *aes = EVP_aes_128_cbc();
	unsigned char word[] = "secret";

	switch (form) {
	case PKCS1:
		return PEM_write_bio_PrivateKey_traditional(bio, k, NULL, NULL,
		    0, NULL, NULL) == 1;
	case PKCS8:
		return PEM_write_bio_PKCS8PrivateKey(bio, k, NULL, NULL, 0,
		    NULL, NULL) == 1;
	case ENCRYPTED_1:
		return PEM_write_bio_PrivateKey_traditional(bio, k, aes, word,
		    6, NULL, NULL) == 1;
	case ENCRYPTED_8:
		return PEM_write_bio_PKCS8PrivateKey(bio, k, aes,
		    (const char *)word, 6, NULL, NULL) == 1;
	case PUBLIC:
		return PEM_write_bio_PUBKEY(bio, k) == 1;
	}
	return false;
}

static void
add_pem(struct text *t, EVP_PKEY *k, enum form form)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *ptr;
	long len;

	if (bio == NULL || k == NULL || !write_pem(bio, k, form)) {
		printf("Bail out! cannot write PEM\n");
		exit(EXIT_FAILURE);
	}
	len = BIO_get_mem_data(bio, &ptr);
	text_add(t, ptr, (size_t)len);
	BIO_free(bio);
}

/* ---- files that are keys ---- */

static EVP_PKEY	*rsa1024, *rsa2048, *ed25519;

static void
is_key(const char *name, const char *path, enum dkim_key_type type,
    unsigned int bits)
{
	struct dkim_private_key *k;
	char why[WHY] = "";

	k = dkim_private_key_read(path, why, sizeof(why));
	if (!ok(k != NULL, "%s is a key", name)) {
		printf("# %s\n", why);
		return;
	}
	ok(dkim_private_key_type(k) == type, "%s: type", name);
	is_num(dkim_private_key_bits(k), bits, "bits");
	dkim_private_key_free(k);
}

static void
test_good(void)
{
	static const struct {
		const char		*name;
		EVP_PKEY		**key;
		enum form		 form;
		enum dkim_key_type	 type;
		unsigned int		 bits;
	} cases[] = {
		{ "RSA, PKCS#1", &rsa2048, PKCS1, DKIM_KEY_RSA, 2048 },
		{ "RSA, PKCS#8", &rsa2048, PKCS8, DKIM_KEY_RSA, 2048 },
		{ "RSA of 1024", &rsa1024, PKCS8, DKIM_KEY_RSA, 1024 },
		{ "Ed25519", &ed25519, PKCS8, DKIM_KEY_ED25519, 256 },
	};
	static const mode_t modes[] = { 0600, 0400, 0700 };
	struct text t = { NULL, 0, 0 };
	size_t i, m;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		add_pem(&t, *cases[i].key, cases[i].form);
		for (m = 0; m < sizeof(modes) / sizeof(modes[0]); m++)
			is_key(cases[i].name, keyfiles_write("key.pem",
			    text_slice(&t), modes[m]), cases[i].type,
			    cases[i].bits);
		text_free(&t);
	}
	text_adds(&t, "A note before.\r\n");
	add_pem(&t, ed25519, PKCS8);
	text_adds(&t, "And one after it.\n");
	add_pem(&t, ed25519, PUBLIC);
	is_key("key among notes, with its public part",
	    keyfiles_write("key.pem", text_slice(&t), 0600),
	    DKIM_KEY_ED25519, 256);
	text_free(&t);
}

/* A line end may be CRLF, and blanks may be at the end of lines. */
static void
test_line_ends(void)
{
	struct text t = { NULL, 0, 0 }, crlf = { NULL, 0, 0 };
	struct slice rest, line;

	add_pem(&t, rsa1024, PKCS1);
	rest = text_slice(&t);
	while (slice_cut(&rest, '\n', &line)) {
		text_add(&crlf, line.ptr, line.len);
		text_adds(&crlf, " \r\n");
	}
	is_key("CRLF", keyfiles_write("key.pem", text_slice(&crlf), 0600),
	    DKIM_KEY_RSA, 1024);
	text_free(&t);
	text_free(&crlf);
}

static void
is_data_key(const char *name, unsigned int bits)
{
	struct dkim_private_key *k = keyfiles_load(name);

	is_num(dkim_private_key_bits(k), bits, name);
	dkim_private_key_free(k);
}

/* ---- files that are not ---- */

/* Refused, with these words in the sentence. */
static void
is_refused(const char *name, const char *path, const char *words)
{
	struct dkim_private_key *k;
	char why[WHY] = "";

	k = dkim_private_key_read(path, why, sizeof(why));
	if (!ok(k == NULL && strstr(why, words) != NULL, "%s", name))
		printf("#  got: %s\n# want: %s\n", k != NULL ? "a key" : why,
		    words);
	dkim_private_key_free(k);
}

static void
text_is_refused(const char *name, struct slice text, const char *words)
{
	is_refused(name, keyfiles_write("key.pem", text, 0600), words);
}

#define PEM(label, text) "-----BEGIN " label "-----\n" text "\n-----END " \
    label "-----\n"

static const struct {
	const char	*name;
	struct slice	 text;
	const char	*words;
} texts[] = {
	{ "empty", SLICE_INIT(""), "is empty: make a key" },
	{ "no PEM", SLICE_INIT("hello\n"), "no PEM text" },
	{ "binary", SLICE_INIT("\x30\x82\0\xff\0\n\0"), "no PEM text" },
	{ "no end", SLICE_INIT("-----BEGIN PRIVATE KEY-----\nAAAA\n"),
	    "the PEM text is broken" },
	{ "other end", SLICE_INIT("-----BEGIN PRIVATE KEY-----\nAAAA\n"
	    "-----END PUBLIC KEY-----\n"), "the PEM text is broken" },
	{ "no base64", SLICE_INIT(PEM("PRIVATE KEY", "*#!")),
	    "the PEM text is broken" },
	{ "no DER", SLICE_INIT(PEM("PRIVATE KEY", "AAAA")),
	    "cannot be decoded" },
	{ "no DER, PKCS#1", SLICE_INIT(PEM("RSA PRIVATE KEY", "MAMCAQA=")),
	    "cannot be decoded" },
	{ "certificate", SLICE_INIT(PEM("CERTIFICATE", "AAAA")),
	    "there is no private key in it" },
	{ "SSH", SLICE_INIT(PEM("OPENSSH PRIVATE KEY", "AAAA")),
	    "this is a key for SSH" },
	{ "broken after a certificate", SLICE_INIT(PEM("CERTIFICATE", "AAAA")
	    "-----BEGIN PRIVATE KEY-----\n"), "the PEM text is broken" },
};

static EVP_PKEY *
new_rsa_pss(void)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	EVP_PKEY *k = NULL;

	if (c != NULL && EVP_PKEY_keygen_init(c) == 1 &&
	    EVP_PKEY_CTX_set_rsa_keygen_bits(c, 1024) == 1)
		(void)EVP_PKEY_generate(c, &k);
	EVP_PKEY_CTX_free(c);
	return k;
}

static void
test_refused_keys(void)
{
	EVP_PKEY *ec = EVP_EC_gen("P-256");
	EVP_PKEY *ed448 = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
	EVP_PKEY *x25519 = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	EVP_PKEY *pss = new_rsa_pss();
	EVP_PKEY *rsa512 = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)512);
	EVP_PKEY *rsa1023 = support_pem("rsa1023");
	const struct {
		const char	*name, *words;
		EVP_PKEY	*first;
		enum form	 form;
		EVP_PKEY	*second;
	} cases[] = {
		{ "encrypted, PKCS#1", "is encrypted", rsa1024, ENCRYPTED_1,
		    NULL },
		{ "encrypted, PKCS#8", "is encrypted", ed25519, ENCRYPTED_8,
		    NULL },
		{ "public", "is a public key", ed25519, PUBLIC, NULL },
		{ "two keys", "2 private keys", ed25519, PKCS8, rsa1024 },
		{ "two keys, one encrypted", "2 private keys", rsa1024,
		    ENCRYPTED_8, rsa1024 },
		{ "EC", "of type EC,", ec, PKCS8, NULL },
		{ "EC, old form", "of type EC,", ec, PKCS1, NULL },
		{ "Ed448", "of type ED448,", ed448, PKCS8, NULL },
		{ "X25519", "of type X25519,", x25519, PKCS8, NULL },
		{ "RSA-PSS", "of type RSA-PSS,", pss, PKCS8, NULL },
		{ "RSA of 512", "has 512 bits", rsa512, PKCS8, NULL },
		{ "RSA of 1023", "has 1023 bits", rsa1023, PKCS8, NULL },
	};
	struct text t = { NULL, 0, 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		add_pem(&t, cases[i].first, cases[i].form);
		if (cases[i].second != NULL)
			add_pem(&t, cases[i].second, PKCS8);
		text_is_refused(cases[i].name, text_slice(&t),
		    cases[i].words);
		text_free(&t);
	}
	EVP_PKEY_free(ec);
	EVP_PKEY_free(ed448);
	EVP_PKEY_free(x25519);
	EVP_PKEY_free(pss);
	EVP_PKEY_free(rsa512);
	EVP_PKEY_free(rsa1023);
}

/* What it signs is good by the public part of rsa1024. */
static bool
signs_well(const struct dkim_private_key *k)
{
	static const unsigned char hash[DKIM_SHA256_LEN] = { 9 };
	unsigned char sig[LIMIT_DKIM_SIG_B];
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(rsa1024, NULL);
	size_t len;
	bool good;

	good = dkim_private_key_sign(k, hash, sig, &len) &&
	    EVP_PKEY_verify_init(c) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()) == 1 &&
	    EVP_PKEY_verify(c, sig, len, hash, sizeof(hash)) == 1;
	EVP_PKEY_CTX_free(c);
	return good;
}

/* A key file of those octets; NULL when it is refused. */
static struct dkim_private_key *
read_der(const unsigned char *der, int len, char *why, size_t why_size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct dkim_private_key *k;
	char *ptr = NULL;
	long n;

	(void)PEM_write_bio(bio, "RSA PRIVATE KEY", "", der, len);
	n = BIO_get_mem_data(bio, &ptr);
	k = dkim_private_key_read(keyfiles_write("key.pem",
	    (struct slice){ ptr, (size_t)n }, 0600), why, why_size);
	BIO_free(bio);
	return k;
}

/*
 * PKCS#1 with one octet changed.  In the modulus, that must be found.  Not
 * all of the other numbers are needed to sign: what is taken signs well.
 */
static void
test_broken_numbers(void)
{
	unsigned char *der = NULL;
	char why[WHY] = "";
	int len = i2d_PrivateKey(rsa1024, &der), i;
	bool modulus = true, others = true;
	struct dkim_private_key *k;

	for (i = 12; i < len; i += 7) {
		der[i] ^= 0x10;
		k = read_der(der, len, why, sizeof(why));
		if (i < 12 + 1024 / 8 - 1)
			modulus = modulus && k == NULL && why[0] != '\0';
		else if (k != NULL)
			others = others && signs_well(k);
		dkim_private_key_free(k);
		der[i] ^= 0x10;
	}
	ok(modulus, "a wrong modulus is refused");
	ok(others, "what is taken of other broken keys signs well");
	k = read_der(der, len, why, sizeof(why));
	ok(k != NULL && signs_well(k), "and so does the key unbroken");
	dkim_private_key_free(k);
	ok(read_der(der, len - 1, why, sizeof(why)) == NULL,
	    "an octet too few");
	OPENSSL_free(der);
}

static void
test_size(size_t size, bool want)
{
	struct text t = { NULL, 0, 0 };

	add_pem(&t, ed25519, PKCS8);
	while (t.len < size)
		text_adds(&t, "\n");
	if (want)
		is_key("as large as allowed", keyfiles_write("key.pem",
		    text_slice(&t), 0600), DKIM_KEY_ED25519, 256);
	else
		text_is_refused("one octet larger", text_slice(&t),
		    "too large for a private key");
	text_free(&t);
}

static void
test_modes(void)
{
	static const struct {
		mode_t		 mode;
		const char	*words;
	} cases[] = {
		{ 0604, "readable by others: chmod 0600 " },
		{ 0644, "readable by others: chmod 0600 " },
		{ 0777, "readable by others: chmod 0600 " },
		{ 0620, "writable by its group: chmod 0600 " },
		{ 0660, "writable by its group: chmod 0600 " },
		{ 0602, "writable by others: chmod 0600 " },
	};
	struct text t = { NULL, 0, 0 };
	char name[40];
	size_t i;

	add_pem(&t, ed25519, PKCS8);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(name, sizeof(name), "mode 0%o",
		    (unsigned int)cases[i].mode);
		is_refused(name, keyfiles_write("key.pem", text_slice(&t),
		    cases[i].mode), cases[i].words);
	}
	for (i = 0; i < 4; i++) {
		static const mode_t good[] = { 0600, 0400, 0640, 0440 };

		(void)snprintf(name, sizeof(name), "mode 0%o",
		    (unsigned int)good[i]);
		is_key(name, keyfiles_write("key.pem", text_slice(&t),
		    good[i]), DKIM_KEY_ED25519, 256);
	}
	if (geteuid() == 0) {
		const char *path = keyfiles_write("key.pem", text_slice(&t),
		    0640);

		ok(chown(path, (uid_t)-1, 65533) == 0, "another group's");
		is_refused("readable by another group", path,
		    "key file is readable by group 65533, to which");
	}
	if (geteuid() == 0)
		skip("not ours", "root reads everything");
	else
		is_refused("not ours", keyfiles_write("key.pem",
		    text_slice(&t), 0), "may not read it");
	text_free(&t);
}

static void
test_places(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = keyfiles_path("fifo");
	int fd;

	ok(mkfifo(path, 0600) == 0, "a FIFO");
	is_refused("FIFO", path, "this is a FIFO: name");
	path = keyfiles_path("none.pem");
	is_refused("no file", path, "no such file");
	path = keyfiles_path("sub");
	ok(mkdir(path, 0700) == 0, "a folder");
	is_refused("folder", path, "this is a folder");
	is_refused("device", "/dev/null", "this is a device: name");
	is_refused("endless device", "/dev/zero", "this is a device: name");
	path = keyfiles_path("loop");
	ok(symlink("loop", path) == 0, "a loop of links");
	is_refused("loop", path, "cannot read the key file");
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s",
	    keyfiles_path("s"));
	if (strcmp(addr.sun_path, keyfiles_path("s")) == 0 &&
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		is_refused("socket", addr.sun_path, "this is a socket: name");
	else
		skip("socket", "the path is too long");
	(void)close(fd);
}

/* ---- making and writing ---- */

static bool
same_record(const struct dkim_private_key *a,
    const struct dkim_private_key *b)
{
	struct buf x, y;
	bool same;

	buf_init(&x, LIMIT_DKIM_KEY_RECORD);
	buf_init(&y, LIMIT_DKIM_KEY_RECORD);
	same = dkim_private_key_record(a, &x) &&
	    dkim_private_key_record(b, &y) &&
	    slice_eq(buf_slice(&x), buf_slice(&y));
	buf_fini(&x);
	buf_fini(&y);
	return same;
}

static void
test_generate(enum dkim_key_type type, unsigned int bits, mode_t mask)
{
	struct dkim_private_key *k = dkim_private_key_generate(type, bits);
	struct dkim_private_key *other, *again;
	const char *path = keyfiles_path("new.pem");
	char why[WHY] = "";
	struct stat st;

	(void)umask(mask);
	(void)unlink(path);
	ok(k != NULL, "made, %u bits", bits);
	ok(dkim_private_key_write(k, path, why, sizeof(why)), "written %s",
	    why);
	(void)umask(022);
	ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600,
	    "mode 0600 whatever the umask");
	again = dkim_private_key_read(path, why, sizeof(why));
	ok(again != NULL && same_record(k, again), "the same when read");
	other = dkim_private_key_generate(type, bits);
	ok(!dkim_private_key_write(other, path, why, sizeof(why)) &&
	    strstr(why, "left as it is") != NULL, "never over a file");
	dkim_private_key_free(again);
	again = dkim_private_key_read(path, why, sizeof(why));
	ok(again != NULL && same_record(k, again), "which is as it was");
	ok(other != NULL && !same_record(k, other), "no key comes twice");
	dkim_private_key_free(k);
	dkim_private_key_free(again);
	dkim_private_key_free(other);
}

static void
test_not_written(void)
{
	struct dkim_private_key *k =
	    dkim_private_key_generate(DKIM_KEY_ED25519, 0);
	char why[WHY] = "";
	const char *link = keyfiles_path("link.pem");
	const char *target = keyfiles_path("target.pem");

	ok(symlink(target, link) == 0, "a link to nothing");
	ok(!dkim_private_key_write(k, link, why, sizeof(why)) &&
	    access(target, F_OK) != 0, "links are not followed");
	ok(!dkim_private_key_write(k, keyfiles_path("no/such.pem"), why,
	    sizeof(why)) && strstr(why, "cannot create") != NULL,
	    "no such folder");
	if (access("/dev/full", F_OK) == 0)
		ok(!dkim_private_key_write(k, "/dev/full", why, sizeof(why)),
		    "what is there is no new file");
	ok(dkim_private_key_generate(DKIM_KEY_RSA, 1023) == NULL,
	    "no RSA key of 1023 bits");
	ok(dkim_private_key_generate(DKIM_KEY_RSA, LIMIT_DKIM_RSA_BITS + 1) ==
	    NULL, "nor one past the limit");
	dkim_private_key_free(k);
	dkim_private_key_free(NULL);
}

/* ---- record and comparison ---- */

/* What is in the record, by a way that shares no code with ours. */
static void
test_record(const char *name, EVP_PKEY *pkey)
{
	struct dkim_private_key *k;
	struct text want = support_record(pkey);
	struct buf record;
	char why[WHY];

	(void)EVP_PKEY_up_ref(pkey);
	k = dkim_private_key_adopt(pkey, why, sizeof(why));
	buf_init(&record, LIMIT_DKIM_KEY_RECORD);
	ok(k != NULL && dkim_private_key_record(k, &record), "%s", name);
	is_bytes(record.ptr, record.len, want.ptr, want.len, name);
	buf_reset(&record);
	record.max = 20;
	ok(!dkim_private_key_record(k, &record), "no room for it");
	buf_fini(&record);
	text_free(&want);
	dkim_private_key_free(k);
}

/* "{ed}", "{rsa}", "{other}" stand for the base64 of keys. */
static const struct {
	const char		*name;
	const char		*records[6];
	enum dkim_key_match	 want;
	const char		*problem;	/* NULL: it matches */
} matches[] = {
	{ "the same", { "v=DKIM1; k=ed25519; p={ed}" }, DKIM_KEY_MATCHES,
	    NULL },
	{ "the same, otherwise written",
	    { "k=ed25519;p= {ed} ;n=note;t=y:s;h=sha1:sha256;s=email" },
	    DKIM_KEY_MATCHES, NULL },
	{ "other", { "v=DKIM1; k=ed25519; p={other}" }, DKIM_KEY_DIFFERS,
	    "the record has another key" },
	{ "RSA", { "v=DKIM1; k=rsa; p={rsa}" }, DKIM_KEY_DIFFERS,
	    "inappropriate key algorithm" },
	{ "without k=", { "v=DKIM1; p={ed}" }, DKIM_KEY_DIFFERS,
	    "key syntax error" },
	{ "revoked", { "v=DKIM1; k=ed25519; p=" }, DKIM_KEY_DIFFERS,
	    "key revoked" },
	{ "sha1 only", { "v=DKIM1; k=ed25519; h=sha1; p={ed}" },
	    DKIM_KEY_DIFFERS, "inappropriate hash algorithm" },
	{ "not for mail", { "v=DKIM1; k=ed25519; s=tlsrpt; p={ed}" },
	    DKIM_KEY_DIFFERS, "key is not for mail" },
	{ "not a key record", { "v=spf1 -all" }, DKIM_KEY_ABSENT,
	    "there is no key record at this name" },
	{ "after one that is none",
	    { "hello", "v=DKIM1; k=ed25519; p={ed}" }, DKIM_KEY_MATCHES,
	    NULL },
	{ "second of two", { "v=DKIM1; p={rsa}",
	    "v=DKIM1; k=ed25519; p={ed}" }, DKIM_KEY_MATCHES, NULL },
	{ "third, with foreign ones between", { "v=DKIM1; p={rsa}", "x",
	    "v=DKIM1; p=", "y", "v=DKIM1; k=ed25519; p={ed}" },
	    DKIM_KEY_MATCHES, NULL },
	{ "fourth, which no verifier looks at", { "v=DKIM1; p={rsa}",
	    "v=DKIM1; p=", "v=DKIM1; k=ed25519; p={other}",
	    "v=DKIM1; k=ed25519; p={ed}" }, DKIM_KEY_DIFFERS,
	    "inappropriate key algorithm" },
};

/* A copy of `s` with the marks filled in. */
static struct text
fill_in(const char *s, EVP_PKEY *other)
{
	const struct {
		const char	*mark;
		EVP_PKEY	*key;
	} marks[] = {
		{ "{ed}", ed25519 }, { "{rsa}", rsa1024 },
		{ "{other}", other }
	};
	struct text t = { NULL, 0, 0 }, record;
	size_t i, found;

	text_add(&t, "", 0);
	while (*s != '\0') {
		found = 3;
		for (i = 0; i < 3; i++) {
			if (strncmp(s, marks[i].mark,
			    strlen(marks[i].mark)) == 0)
				found = i;
		}
		if (found == 3) {
			text_add(&t, s++, 1);
			continue;
		}
		record = support_record(marks[found].key);
		text_adds(&t, strstr(record.ptr, "p=") + 2);
		text_free(&record);
		s += strlen(marks[found].mark);
	}
	return t;
}

static const struct dns_answer *
answer_of(const char *const *records, EVP_PKEY *other)
{
	struct text parts[6];
	struct dns_draft draft;
	size_t n, i, len = 0;
	char *p;

	for (n = 0; n < 6 && records[n] != NULL; n++) {
		parts[n] = fill_in(records[n], other);
		len += parts[n].len;
	}
	if (!dns_answer_new(DNS_TYPE_TXT, SLICE("x"), n, len, &draft))
		exit(EXIT_FAILURE);
	p = draft.text;
	for (i = 0; i < n; i++) {
		memcpy(p, parts[i].ptr, parts[i].len);
		draft.records[i].text = (struct slice){ p, parts[i].len };
		p += parts[i].len;
		text_free(&parts[i]);
	}
	return draft.answer;
}

static void
test_matches(void)
{
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	const struct dns_answer *answer;
	struct dkim_private_key *k;
	const char *problem;
	char why[WHY];
	size_t i;

	(void)EVP_PKEY_up_ref(ed25519);
	k = dkim_private_key_adopt(ed25519, why, sizeof(why));
	for (i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		answer = answer_of(matches[i].records, other);
		is_num(dkim_private_key_examine(k, answer, &problem),
		    matches[i].want, matches[i].name);
		is_num(dkim_private_key_compare(k, answer), matches[i].want,
		    "and again");
		is_str(problem != NULL ? problem : "-",
		    matches[i].problem != NULL ? matches[i].problem : "-",
		    "what it says");
		dns_answer_unref(answer);
	}
	dkim_private_key_free(k);
	EVP_PKEY_free(other);
}

static void
test_outcomes(void)
{
	static const struct {
		enum dns_outcome	outcome;
		enum dkim_key_match	want;
	} cases[] = {
		{ DNS_NO_DATA, DKIM_KEY_ABSENT },
		{ DNS_NO_NAME, DKIM_KEY_ABSENT },
		{ DNS_SERVER_FAILURE, DKIM_KEY_UNKNOWN },
		{ DNS_TIMEOUT, DKIM_KEY_UNKNOWN },
		{ DNS_MALFORMED, DKIM_KEY_UNKNOWN },
		{ DNS_NOT_ASKED, DKIM_KEY_UNKNOWN },
	};
	struct dkim_private_key *k =
	    dkim_private_key_generate(DKIM_KEY_ED25519, 0);
	const char *problem = NULL;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		is_num(dkim_private_key_examine(k,
		    dns_answer_of(cases[i].outcome), &problem),
		    cases[i].want, dns_outcome_name(cases[i].outcome));
		ok(problem != NULL, "it says why");
	}
	is_num(dkim_private_key_compare(k, NULL), DKIM_KEY_UNKNOWN,
	    "no answer");
	dkim_private_key_free(k);
}

/* ---- protected memory ---- */

/* Octets there that one loaded key of this text holds. */
static size_t
protected_octets(EVP_PKEY *pkey)
{
	struct text t = { NULL, 0, 0 };
	struct dkim_private_key *k;
	char why[WHY] = "";
	size_t before, held;

	add_pem(&t, pkey, PKCS8);
	before = CRYPTO_secure_used();
	k = dkim_private_key_read(keyfiles_write("key.pem", text_slice(&t),
	    0600), why, sizeof(why));
	held = CRYPTO_secure_used() - before;
	ok(k != NULL, "protected: read%s", why);
	dkim_private_key_free(k);
	ok(CRYPTO_secure_used() == before, "protected: nothing stays");
	text_free(&t);
	return held;
}

/* The mapping of the heap is not written to a core file: "dd". */
static bool
is_not_dumped(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/smaps", "r");
	bool found = false;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		found |= strncmp(line, "VmFlags:", 8) == 0 &&
		    strstr(line, " dd") != NULL;
	if (f != NULL)
		fclose(f);
	return found;
}

static void
test_protected(void)
{
	if (CRYPTO_secure_malloc_initialized() == 0) {
		skip("protected", "this system gives no such memory");
		return;
	}
	/* d, p, q, and the three numbers of the Chinese remainder theorem. */
	ok(protected_octets(rsa2048) >= 256 + 5 * 128, "RSA is in there");
	ok(protected_octets(ed25519) >= 32, "Ed25519 is in there");
	if (access("/proc/self/smaps", R_OK) == 0)
		ok(is_not_dumped(), "no core file has it");
	else
		skip("core file", "no /proc");
}

/* ---- memory ---- */

static void
test_memory(void)
{
	struct dkim_private_key *k = NULL;
	struct text t = { NULL, 0, 0 };
	unsigned long n, hits = 1;
	bool told = true;
	char why[WHY];
	const char *path;

	add_pem(&t, rsa1024, PKCS8);
	path = keyfiles_write("key.pem", text_slice(&t), 0600);
	for (n = 0; n < 1000 && hits > 0 && told; n++) {
		why[0] = '\0';
		mem_fail_after(n, 1);
		k = dkim_private_key_read(path, why, sizeof(why));
		hits = mem_fail_hits();
		mem_fail_after(0, 0);
		told = (k != NULL) == (hits == 0) &&
		    (k != NULL || strcmp(why, "out of memory") == 0);
		dkim_private_key_free(k);
	}
	ok(told && hits == 0 && n > 2, "failing allocations, %lu of them", n);
	text_free(&t);
}

int
main(void)
{
	char why[8];
	size_t i;

	keyfiles_init();
	rsa1024 = support_pem("rfc8463-test");
	rsa2048 = support_pem("rsa2048");
	ed25519 = support_ed25519();

	test_good();
	test_line_ends();
	is_data_key("rsa1024-e33", 1024);
	is_data_key("rsa8192", 8192);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		text_is_refused(texts[i].name, texts[i].text, texts[i].words);
	test_refused_keys();
	test_broken_numbers();
	test_size(LIMIT_DKIM_KEY_FILE, true);
	test_size(LIMIT_DKIM_KEY_FILE + 1, false);
	test_modes();
	test_places();
	ok(dkim_private_key_read("/", why, sizeof(why)) == NULL &&
	    strlen(why) == sizeof(why) - 1, "a sentence is cut to its room");

	test_generate(DKIM_KEY_ED25519, 0, 022);
	test_generate(DKIM_KEY_RSA, 1024, 0);
	test_generate(DKIM_KEY_RSA, 2048, 0377);
	test_not_written();
	test_record("Ed25519", ed25519);
	test_record("RSA", rsa2048);
	test_matches();
	test_outcomes();
	test_memory();
	test_protected();

	EVP_PKEY_free(rsa1024);
	EVP_PKEY_free(rsa2048);
	EVP_PKEY_free(ed25519);
	keyfiles_fini();
	return tap_done();
}
