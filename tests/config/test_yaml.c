/* SPDX-License-Identifier: BSD-2-Clause */
/* The tree, its places, and everything that is refused, with its place. */
#include "config/yaml.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "tests/tap.h"

/* ---- a tree as text: "line:column" before each node ---- */

static void
dump(struct buf *b, const struct yaml_node *n)
{
	const struct yaml_node *i;

	buf_addf(b, "%u:%u", n->line, n->column);
	if (n->kind == YAML_SCALAR) {
		buf_addf(b, n->quoted ? "\"%.*s\"" : "'%.*s'",
		    SLICE_ARG(n->text));
		if (n->text.ptr[n->text.len] != '\0')
			buf_adds(b, "(no NUL)");
		return;
	}
	buf_adds(b, n->kind == YAML_MAPPING ? "{" : "[");
	for (i = n->child; i != NULL; i = i->next) {
		if (i != n->child)
			buf_addc(b, ' ');
		if (i->key != NULL) {
			dump(b, i->key);
			buf_addc(b, '=');
		}
		dump(b, i);
	}
	buf_adds(b, n->kind == YAML_MAPPING ? "}" : "]");
}

static void
test_trees(void)
{
	static const struct {
		const char	*text;
		const char	*want;
	} rows[] = {
		{ "", "nothing" },
		{ "# only a comment\n", "nothing" },
		{ "---\n", "nothing" },
		{ "---\n...\n", "nothing" },
		{ "\xef\xbb\xbf", "nothing" },
		{ "a", "1:1'a'" },
		{ "\"\"", "1:1\"\"" },
		{ "a: b\n", "1:1{1:1'a'=1:4'b'}" },
		{ "\xef\xbb\xbf" "a: b\n", "1:1{1:1'a'=1:4'b'}" },
		{ "a: b\r\nc: d\r\n", "1:1{1:1'a'=1:4'b' 2:1'c'=2:4'd'}" },
		{ "a:\nb: ''\n", "1:1{1:1'a'=1:3'' 2:1'b'=2:4\"\"}" },
		{ "a: [b, \"c\"]\n", "1:1{1:1'a'=1:4[1:5'b' 1:8\"c\"]}" },
		{ "- a\n- - b\n- {c: d}\n",
		  "1:1[1:3'a' 2:3[2:5'b'] 3:3{3:4'c'=3:7'd'}]" },
		{ "%YAML 1.1\n---\na: b\n", "3:1{3:1'a'=3:4'b'}" },
		{ "a: |\n  x\n  y\n", "1:1{1:1'a'=1:4\"x\ny\n\"}" },
		{ "a: b\n c\n", "1:1{1:1'a'=1:4'b c'}" },
		{ "\xc3\xa9: \xc3\xa9 # \xc3\xa9\n",
		  "1:1{1:1'\xc3\xa9'=1:4'\xc3\xa9'}" },
		{ "a: \"\\x96\"\n", "1:1{1:1'a'=1:4\"\xc2\x96\"}" },
		{ "{a: 1, b}", "1:1{1:2'a'=1:5'1' 1:8'b'=1:9''}" },
		/* Names that differ in case or quotes only. */
		{ "a: 1\nA: 2\n", "1:1{1:1'a'=1:4'1' 2:1'A'=2:4'2'}" },
		{ "\"<<\": 1\n", "1:1{1:1\"<<\"=1:7'1'}" },
	};
	struct yaml_tree *t;
	struct buf b;
	char why[512];
	size_t i;

	buf_init(&b, 4096);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&b);
		why[0] = '\0';
		t = yaml_tree_read_text(slice_str(rows[i].text), "t.yaml", why,
		    sizeof(why));
		if (t == NULL)
			buf_adds(&b, why);
		else if (yaml_tree_root(t) == NULL)
			buf_adds(&b, "nothing");
		else
			dump(&b, yaml_tree_root(t));
		is_str(buf_cstr(&b), rows[i].want, rows[i].want);
		yaml_tree_free(t);
	}
	buf_fini(&b);
}

/* ---- refusals ---- */

/* A tree without mistakes, or NULL. */
static struct yaml_tree *
read_good(struct slice text, char *why, size_t why_size)
{
	struct yaml_tree *t = yaml_tree_read_text(text, "t.yaml", why,
	    why_size);

	if (t == NULL || yaml_tree_mistakes(t) == 0)
		return t;
	yaml_tree_free(t);
	return NULL;
}

static void
test_refused(void)
{
	static const struct {
		const char	*name;
		struct slice	 text;
		const char	*want;
	} rows[] = {
		{ "alias", SLICE_INIT("a: *b\n"),
		  "t.yaml:1:4: aliases (*name) are not allowed; text that "
		  "begins with \"*\" needs quotes" },
		{ "anchor on a scalar", SLICE_INIT("a: &b c\n"),
		  "t.yaml:1:4: anchors (&name) are not allowed; text that "
		  "begins with \"&\" needs quotes" },
		{ "anchor on a list", SLICE_INIT("a: &b [c]\n"),
		  "t.yaml:1:4: anchors (&name) are not allowed; text that "
		  "begins with \"&\" needs quotes" },
		{ "anchor on a mapping", SLICE_INIT("x: 1\na: &b\n  c: d\n"),
		  "t.yaml:2:4: anchors (&name) are not allowed; text that "
		  "begins with \"&\" needs quotes" },
		{ "a thousand laughs",
		  SLICE_INIT("a: &x [1, *x]\n"),
		  "t.yaml:1:4: anchors (&name) are not allowed; text that "
		  "begins with \"&\" needs quotes\n"
		  "t.yaml:1:11: aliases (*name) are not allowed; text that "
		  "begins with \"*\" needs quotes" },
		{ "tag", SLICE_INIT("a: !!str b\n"),
		  "t.yaml:1:4: tags (!name) are not allowed; text that "
		  "begins with \"!\" needs quotes" },
		{ "tag on a list", SLICE_INIT("a: !x [b]\n"),
		  "t.yaml:1:4: tags (!name) are not allowed; text that "
		  "begins with \"!\" needs quotes" },
		{ "tag on a mapping", SLICE_INIT("!x {a: b}\n"),
		  "t.yaml:1:1: tags (!name) are not allowed; text that "
		  "begins with \"!\" needs quotes" },
		{ "non-specific tag", SLICE_INIT("a: ! b\n"),
		  "t.yaml:1:4: tags (!name) are not allowed; text that "
		  "begins with \"!\" needs quotes" },
		{ "second document", SLICE_INIT("a: b\n---\nc: d\n"),
		  "t.yaml:2:1: a second document begins; only one is "
		  "allowed" },
		{ "duplicate key", SLICE_INIT("a: 1\nb: 2\na: 3\n"),
		  "t.yaml:3:1: this key is given twice; the first one is at "
		  "1:1" },
		{ "duplicate key, quoted", SLICE_INIT("{x: {b: 1, \"b\": 2}}"),
		  "t.yaml:1:12: this key is given twice; the first one is at "
		  "1:6" },
		{ "duplicate empty key", SLICE_INIT("'': 1\n\"\": 2\n"),
		  "t.yaml:2:1: this key is given twice; the first one is at "
		  "1:1" },
		{ "list as key", SLICE_INIT("? [a, b]\n: c\n"),
		  "t.yaml:1:3: this key is a list; a key must be plain "
		  "text" },
		{ "mapping as key", SLICE_INIT("{{a: b}: c}\n"),
		  "t.yaml:1:2: this key is a mapping; a key must be plain "
		  "text" },
		{ "merge key", SLICE_INIT("a: 1\n<<: b\n"),
		  "t.yaml:2:1: merge keys (<<) are not allowed" },
		{ "list that does not end", SLICE_INIT("a: [b\n"),
		  "t.yaml:2:1: \",\" or \"]\" is missing before this, in "
		  "the list that begins at 1:4" },
		{ "mapping that does not end", SLICE_INIT("a: {b: c\n"),
		  "t.yaml:2:1: \",\" or \"}\" is missing before this, in "
		  "the mapping that begins at 1:4" },
		{ "nothing after a bracket", SLICE_INIT("a: [\n"),
		  "t.yaml:2:1: a value is missing before this; a list ends "
		  "with \"]\", a mapping with \"}\"" },
		{ "a pattern without quotes",
		  SLICE_INIT("a: [b, *.example.org]\n"),
		  "t.yaml:1:8: text that begins with \"*\" needs quotes, as "
		  "in \"*.example.org\"" },
		{ "a variable without quotes", SLICE_INIT("a: %{b}\n"),
		  "t.yaml:1:4: text that begins with \"%\" needs quotes" },
		{ "an address of a person", SLICE_INIT("a: [@b]\n"),
		  "t.yaml:1:5: text that begins with \"@\" needs quotes" },
		{ "a backquote", SLICE_INIT("a: `b`\n"),
		  "t.yaml:1:4: text that begins with \"`\" needs quotes" },
		{ "an ampersand", SLICE_INIT("a: & b\n"),
		  "t.yaml:1:4: text that begins with \"&\" needs quotes" },
		{ "an item with less indent",
		  SLICE_INIT("a:\n    b: c\n  d: e\n"),
		  "t.yaml:3:3: this does not fit here: keys that belong "
		  "together are indented alike, and nothing follows quotes; "
		  "see the mapping that begins at 1:1" },
		{ "a key between items",
		  SLICE_INIT("a:\n  - b: c\n   d: e\n"),
		  "t.yaml:3:4: this is indented neither as a part of the "
		  "item before it nor as a new item (\"- \") of the list "
		  "that begins at 2:3" },
		{ "tab", SLICE_INIT("a:\n\tb: c\n"),
		  "t.yaml:2:1: a tab; indent with spaces" },
		{ "tab after text", SLICE_INIT("a:\n  b: c\n\td: e\n"),
		  "t.yaml:3:1: a tab; indent with spaces" },
		{ "key without colon", SLICE_INIT("a: b\nc\nd: e\n"),
		  "t.yaml:2:1: \": \" is missing; a key is written \"key: "
		  "value\"" },
		{ "wrong indent", SLICE_INIT("a: b\n c: d\n"),
		  "t.yaml:2:3: \": \" has no place here: keys that belong "
		  "together are indented alike, a space follows \"-\", and "
		  "text with \": \" in it needs quotes" },
		{ "an address without quotes",
		  SLICE_INIT("# \xc3\xa9\na: [b, ::1]\n"),
		  "t.yaml:2:8: text that begins with \":\" needs quotes, as "
		  "in \"::1\"" },
		{ "an address with a colon at its end",
		  SLICE_INIT("a: [b, fe80::]\n"),
		  "t.yaml:1:8: text that ends with \":\" needs quotes, as in "
		  "\"2001:db8::\"" },
		{ "quotes that do not end", SLICE_INIT("a: \"b\n"),
		  "t.yaml:1:4: this text begins with a quote and does not "
		  "end with one" },
		{ "bad escape", SLICE_INIT("a: \"\\q\"\n"),
		  "t.yaml:1:5: no such escape; in \"...\" a backslash begins "
		  "one, in '...' it is itself" },
		{ "a no-break space", SLICE_INIT("\xc3\xa9:\xc2\xa0 b\n"),
		  "t.yaml:1:3: a no-break space; write an ordinary one" },
		{ "a no-break space in quotes",
		  SLICE_INIT("\"\xc2\xa0\": b\n"), "a tree" },
		{ "a typographic quote",
		  SLICE_INIT("a: [\xe2\x80\x9c" "b\xe2\x80\x9d]\n"),
		  "t.yaml:1:5: a typographic quote; write \" or '" },
		{ "an apostrophe", SLICE_INIT("a: b\xe2\x80\x99s\n"),
		  "a tree" },
		{ "wrong UTF-8", SLICE_INIT("a: b\nc: d\xff\n"),
		  "t.yaml:2:5: invalid leading UTF-8 octet (0xff); save the "
		  "file as UTF-8" },
		{ "wrong UTF-8 after right",
		  SLICE_INIT("# \xc3\xa9\n# \xc3\xa9\xc3\xa9 \xc3( \n"),
		  "t.yaml:2:7: invalid trailing UTF-8 octet (0x28)" },
		{ "UTF-8 cut off", SLICE_INIT("a: \xc3"),
		  "t.yaml:1:4: incomplete UTF-8 octet sequence" },
		{ "wrong UTF-8 after a mark",
		  SLICE_INIT("\xef\xbb\xbf" "a: \xff\n"),
		  "t.yaml:1:4: invalid leading UTF-8 octet (0xff); save the "
		  "file as UTF-8" },
		{ "control", SLICE_INIT("a: b\n\n  \x01\n"),
		  "t.yaml:3:3: control characters are not allowed (0x01)" },
		{ "NUL", SLICE_INIT("a: b\nc\0d: e\n"),
		  "t.yaml:2:2: control characters are not allowed (0x00)" },
		{ "UTF-16", SLICE_INIT("\xff\xfe" "a\0:\0"),
		  "t.yaml:1:1: invalid leading UTF-8 octet (0xff); save the "
		  "file as UTF-8" },
	};
	struct yaml_tree *t;
	char why[512];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		why[0] = '\0';
		t = read_good(rows[i].text, why, sizeof(why));
		is_str(t == NULL ? why : "a tree", rows[i].want,
		    rows[i].name);
		yaml_tree_free(t);
	}
}

/* ---- limits ---- */

static const char *
read_repeated(const char *head, const char *unit, size_t count,
    const char *tail)
{
	static char why[512];
	struct yaml_tree *t;
	struct buf b;

	buf_init(&b, 4u << 20);
	buf_adds(&b, head);
	while (count-- > 0)
		buf_adds(&b, unit);
	buf_adds(&b, tail);
	t = read_good(buf_slice(&b), why, sizeof(why));
	buf_fini(&b);
	if (t == NULL)
		return why;
	yaml_tree_free(t);
	return "good";
}

static void
test_limits(void)
{
	is_str(read_repeated("", "[", LIMIT_YAML_DEPTH,
	    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"), "good", "depth at limit");
	is_str(read_repeated("", "[", LIMIT_YAML_DEPTH + 1, ""),
	    "t.yaml:1:33: nested too deep; 32 levels are allowed",
	    "depth past the limit");
	is_str(read_repeated("", "[", 100000, ""),
	    "t.yaml:1:33: nested too deep; 32 levels are allowed",
	    "depth far past the limit");
	/* The list is a node itself. */
	is_str(read_repeated("[", "a,", LIMIT_YAML_NODES - 1, "]"), "good",
	    "nodes at the limit");
	is_str(read_repeated("[", "a,\n", LIMIT_YAML_NODES, "]"),
	    "t.yaml:100000:1: too many values; 100000 are allowed in one "
	    "file", "nodes past the limit");
	is_str(read_repeated("#", "x", LIMIT_YAML_BYTES - 1, ""), "good",
	    "octets at the limit");
	is_str(read_repeated("#", "x", LIMIT_YAML_BYTES, ""),
	    "t.yaml: longer than 1048576 octets", "octets past the limit");
}

/* The search for duplicates does not compare each with each. */
static void
test_many_keys(void)
{
	struct yaml_tree *t;
	struct buf b;
	char why[512];
	unsigned int i;

	buf_init(&b, LIMIT_YAML_BYTES);
	for (i = 0; i < LIMIT_YAML_NODES / 2 - 1; i++)
		buf_addf(&b, "k%u: v\n", i);
	t = read_good(buf_slice(&b), why, sizeof(why));
	ok(t != NULL, "as many keys as fit");
	yaml_tree_free(t);
	buf_adds(&b, "k7: v\n");
	t = read_good(buf_slice(&b), why, sizeof(why));
	is_str(t == NULL ? why : "a tree", "t.yaml:50000:5: too many values; "
	    "100000 are allowed in one file", "one key more");
	yaml_tree_free(t);
	buf_fini(&b);
}

/* ---- files ---- */

static const char *
in_build(const char *name)
{
	static char path[4096];
	const char *top = getenv("top_builddir");

	(void)snprintf(path, sizeof(path), "%s/%s", top != NULL ? top : ".",
	    name);
	return path;
}

static bool
write_file(const char *path, const char *unit, size_t count)
{
	FILE *f = fopen(path, "wb");
	bool good = f != NULL;

	while (good && count-- > 0)
		good = fputs(unit, f) >= 0;
	return f != NULL && fclose(f) == 0 && good;
}

static void
test_files(void)
{
	char path[4096], want[8192], why[8192];
	struct yaml_tree *t;

	(void)snprintf(path, sizeof(path), "%s",
	    in_build("test_yaml.tmp.yaml"));
	ok(write_file(path, "a: b\n", 1), "a file is written");
	t = yaml_tree_read_file(path, why, sizeof(why));
	ok(t != NULL && yaml_tree_root(t)->kind == YAML_MAPPING, "and read");
	yaml_tree_free(t);

	ok(write_file(path, "#xxxxxx\n", LIMIT_YAML_BYTES / 8),
	    "a file at the limit");
	t = yaml_tree_read_file(path, why, sizeof(why));
	ok(t != NULL && yaml_tree_root(t) == NULL, "is read");
	yaml_tree_free(t);

	ok(write_file(path, "#xxxxxx\n", LIMIT_YAML_BYTES / 8 + 1),
	    "a file past the limit");
	(void)snprintf(want, sizeof(want), "%s: longer than 1048576 octets",
	    path);
	t = yaml_tree_read_file(path, why, sizeof(why));
	is_str(t == NULL ? why : "a tree", want, "is refused");
	yaml_tree_free(t);
	(void)unlink(path);

	(void)snprintf(want, sizeof(want), "%s: No such file or directory",
	    path);
	t = yaml_tree_read_file(path, why, sizeof(why));
	is_str(t == NULL ? why : "a tree", want, "no file");
	yaml_tree_free(t);

	t = yaml_tree_read_file("/", why, sizeof(why));
	is_str(t == NULL ? why : "a tree", "/: is a folder; "
	    "allowed: a regular file", "a folder");
	yaml_tree_free(t);
}

/* What a file that is believed must not be, and who must not write it. */
static void
test_trust(void)
{
	static const struct {
		const char	*name;
		mode_t		 folder, file;	/* S_IFIFO: a FIFO */
		const char	*want;		/* NULL: read */
	} rows[] = {
		{ "usual", 0755, 0644, NULL },
		{ "of a group", 0775, 0664, NULL },
		{ "a FIFO", 0755, S_IFIFO | 0600, "is a FIFO; allowed: a "
		  "regular file" },
		{ "everybody's file", 0755, 0646, "it is world-writable; "
		  "allowed: a mode like 0644 (chmod o-w)" },
		{ "everybody's folder", 0757, 0644, "its folder is "
		  "world-writable; allowed: a mode like 0755 (chmod o-w)" },
		{ "a folder like /tmp", 01777, 0644, NULL },
	};
	char folder[4096], path[4200], want[8192], why[8192];
	struct yaml_tree *t;
	size_t i;

	(void)snprintf(folder, sizeof(folder), "%s",
	    in_build("test_yaml.tmp.d"));
	(void)snprintf(path, sizeof(path), "%s/t.yaml", folder);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)mkdir(folder, 0700);
		if (S_ISFIFO(rows[i].file))
			ok(mkfifo(path, 0600) == 0, "a FIFO is made");
		else
			ok(write_file(path, "a: b", 1) &&
			    chmod(path, rows[i].file) == 0, "a file is made");
		(void)chmod(folder, rows[i].folder);
		t = yaml_tree_read_file(path, why, sizeof(why));
		(void)snprintf(want, sizeof(want), "%s: %s", path,
		    rows[i].want != NULL ? rows[i].want : "");
		if (rows[i].want == NULL)
			ok(t != NULL, "%s: read", rows[i].name);
		else
			is_str(t == NULL ? why : "a tree", want,
			    rows[i].name);
		yaml_tree_free(t);
		(void)unlink(path);
		(void)rmdir(folder);
	}
	t = yaml_tree_read_file("/dev/null", why, sizeof(why));
	is_str(t == NULL ? why : "a tree", "/dev/null: is a device; allowed: "
	    "a regular file", "a device");
	yaml_tree_free(t);
}

/* A message that does not fit is cut, not lost. */
static void
test_short_why(void)
{
	char why[16];
	size_t size;

	for (size = 1; size <= sizeof(why); size++) {
		memset(why, 'x', sizeof(why));
		yaml_tree_free(yaml_tree_read_text(SLICE("a: *b"), "t.yaml",
		    why, size));
		ok(strlen(why) < size, "room for a message: %zu", size);
	}
}

/* ---- no memory ---- */

static void
check_memory(struct slice text)
{
	struct yaml_tree *t;
	unsigned long n, failed = 1;
	bool good = true, read = false;
	char why[512];

	for (n = 0; failed > 0 && good; n++) {
		why[0] = '\0';
		mem_fail_after(n, 1);
		t = yaml_tree_read_text(text, "t.yaml", why, sizeof(why));
		failed = mem_fail_hits();
		mem_fail_after(0, 0);
		read = t != NULL;
		good = read == (failed == 0) && (read ||
		    strcmp(why, "t.yaml: out of memory") == 0);
		yaml_tree_free(t);
	}
	ok(good && read && n > 3, "each of %lu allocations fails once",
	    n - 1);
}

static void
test_memory(void)
{
	check_memory(SLICE("a: {b: [c, d, \"e\"], f: g}\nh: [i]\nj: k\n"));
	check_memory(SLICE("a: [*.b]\nc: d\nc: e\nf: [g\nh:\n\ti: j\n"));
}

/* ---- what is left ---- */

static void
test_mended(void)
{
	static const struct {
		const char	*name, *text, *tree, *why;
	} rows[] = {
		{ "a key of three", "a: 1\nb: [2\nc: 3\n",
		  "1:1{1:1'a'=1:4'1' 3:1'c'=3:4'3'}", "3:2" },
		{ "its list is closed in a line of its own",
		  "a: [\n  1,\n  *.b\n]\nc: 3\n",
		  "5:1{5:1'c'=5:4'3'}", "3:3" },
		{ "an item of a list",
		  "a:\n  - b: {c: d\n    e: f\n  - g: h\n",
		  "1:1{1:1'a'=4:3[4:5{4:5'g'=4:8'h'}]}", "3:6" },
		{ "the last item, and a comment",
		  "a:\n- b: c\n- d: *.e\n# f\ng: h\n",
		  "1:1{1:1'a'=2:1[2:3{2:3'b'=2:6'c'}] 5:1'g'=5:4'h'}",
		  "3:6" },
		{ "all items", "a:\n  - *.b\n  - *.c\nd: e\n",
		  "1:1{1:1'a'=1:3'' 4:1'd'=4:4'e'}", "2:5 3:5" },
		{ "a list that is no value of the file",
		  "a:\n  b:\n    - *.c\n    - d\ne: f\n",
		  "5:1{5:1'e'=5:4'f'}", "3:7" },
		{ "a tab in front of items", "a:\n\t- b\nc: d\n",
		  "3:1{3:1'c'=3:4'd'}", "2:1" },
		{ "octets", "a: \xff\nb: \xc3\xa9\nc: \x01\nd: e\n",
		  "2:1{2:1'b'=2:4'\xc3\xa9' 4:1'd'=4:4'e'}", "1:4 3:4" },
		{ "quotes to the end", "a: b\nc: 'd\ne: f\ng: h\n",
		  "1:1{1:1'a'=1:4'b' 3:1'e'=3:4'f' 4:1'g'=4:4'h'}", "2:4" },
		{ "nothing", "*.a\n", "nothing", "1:1" },
		{ "a key given three times", "a: b\na: c\nd: e\na: f\n",
		  "1:1{1:1'a'=1:4'b' 3:1'd'=3:4'e'}", "2:1 4:1" },
		{ "aliases and the like", "a: *b\nc: &d e\nf: !g h\n<<: i\n",
		  "1:1{1:1'a'=1:4'' 2:1'c'=2:4'e' 3:1'f'=3:4'h' "
		  "4:1'<<'=4:5'i'}", "1:4 2:4 3:4 4:1" },
		{ "a second document", "a: b\n---\nc: *.d\n",
		  "1:1{1:1'a'=1:4'b'}", "2:1" },
	};
	struct yaml_tree *t;
	struct buf b, places;
	struct slice rest, line;
	char why[4096];
	size_t i;

	buf_init(&b, 4096);
	buf_init(&places, 4096);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&b);
		buf_reset(&places);
		t = yaml_tree_read_text(slice_str(rows[i].text), "t.yaml", why,
		    sizeof(why));
		if (yaml_tree_root(t) == NULL)
			buf_adds(&b, "nothing");
		else
			dump(&b, yaml_tree_root(t));
		is_str(buf_cstr(&b), rows[i].tree, rows[i].name);
		for (rest = slice_str(why); rest.len > 0;) {
			slice_cut(&rest, '\n', &line);
			line = slice_from(line, strlen("t.yaml:"));
			buf_addf(&places, "%s%.*s", places.len > 0 ? " " : "",
			    (int)slice_find(line, ' ') - 1, line.ptr);
		}
		is_str(buf_cstr(&places), rows[i].why, "its mistakes");
		yaml_tree_free(t);
	}
	buf_fini(&b);
	buf_fini(&places);
}

/* As many mistakes as are reported, and one more. */
static void
test_many_mistakes(void)
{
	struct yaml_tree *t;
	struct slice rest, line;
	struct buf b;
	char why[LIMIT_CONFIG_WHY];
	unsigned int count, lines, i;

	buf_init(&b, 1 << 16);
	for (count = LIMIT_CONFIG_MISTAKES; count <= 1000; count += 1 +
	    (count - LIMIT_CONFIG_MISTAKES) * 40) {
		buf_reset(&b);
		for (i = 0; i < count; i++)
			buf_addf(&b, "k%u: *.a\n", i);
		t = yaml_tree_read_text(buf_slice(&b), "t.yaml", why,
		    sizeof(why));
		rest = slice_str(why);
		for (lines = 0; rest.len > 0; lines++)
			slice_cut(&rest, '\n', &line);
		ok(lines == LIMIT_CONFIG_MISTAKES +
		    (count > LIMIT_CONFIG_MISTAKES),
		    "%u mistakes, %u lines", count, lines);
		if (count > LIMIT_CONFIG_MISTAKES)
			is_str(line.ptr, "t.yaml: there are more mistakes",
			    "the last line");
		yaml_tree_free(t);
	}
	buf_fini(&b);
}

int
main(void)
{
	test_trees();
	test_refused();
	test_limits();
	test_many_keys();
	test_files();
	test_trust();
	test_short_why();
	test_memory();
	test_mended();
	test_many_mistakes();
	return tap_done();
}
