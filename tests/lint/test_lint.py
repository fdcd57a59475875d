# SPDX-License-Identifier: BSD-2-Clause
"""Rules of the house that no compiler checks."""

import collections
import os
import re
import shutil
import subprocess

import assaydaemon
import tap
from tap import ok

# tests/run.sh builds from a copy, and has the repository itself looked at.
TOP = os.environ.get("assay_lint_top") or assaydaemon.top_srcdir()

# The parts, and what each may include besides itself: headers of another
# part whose name does not end in _internal.h.
ARROWS = {
    "base": (),
    "mail": ("base",),
    "resolver": ("base",),
    "spf": ("base", "mail", "resolver"),
    "dkim": ("base", "mail", "resolver"),
    "dmarc": ("base", "mail", "resolver"),
    "arc": ("base", "mail", "dkim", "resolver"),
    "tlspolicy": ("base", "mail", "resolver"),
    "policy": ("base", "mail"),
    "report": ("base", "mail"),
    "config": ("base", "mail", "policy", "resolver"),
    "event": ("base", "config"),
    "store": ("base", "event"),
    "process": ("base",),
    "metrics": ("base", "mail", "resolver", "event", "process"),
    "https": ("base",),
    "message": ("base", "mail", "resolver", "spf", "dkim", "dmarc", "arc",
                "policy", "config", "event"),
    "milter": ("base", "mail", "resolver", "dkim", "policy", "config",
               "event", "message", "process", "metrics", "store"),
    "tlspol": ("base", "resolver", "tlspolicy", "config", "event", "process",
               "metrics", "https"),
    "tools": ("base", "mail", "resolver", "spf", "dkim", "dmarc", "arc",
              "policy", "report", "config", "event", "store", "message",
              "tlspolicy", "https"),
}
# Nobody includes these, so that no header of theirs needs a mark.
TOPS = ("milter", "tlspol", "tools")

# Functions without a caller in the program: those that libraries call, and
# what tests need to make memory fail, to free or to look inside.
FOR_OTHERS = {
    "mi_rd_cmd", "mi_wr_cmd", "sigwait", "__syslog_chk",
    "arena_used", "config_describe", "counters_free", "deferral_free",
    "dkim_keycache_count", "dkim_keycache_longest", "dkim_signer_hazards",
    "mem_fail_after", "mem_fail_hits", "memory_free",
    "paths_count", "pool_kept", "resolver_get_stats", "settings_read_text",
    "sightings_free", "zonefile_read_text",
}

LONGEST = 50    # lines of a function

# Who alone may include a library's headers.
LIBRARIES = (
    (r"ares", r"resolver/"),
    (r"yaml\.h", r"config/yaml\.c$"),
    (r"idn2", r"base/domain\.c$"),
    (r"openssl/", r"dkim/|tools/(certificate\.[ch]|signed\.c|starttls\.c)$"),
    (r"libmilter/", r"milter/"),
    (r"microhttpd", r"metrics/scrape\.c$"),
    (r"curl/", r"https/"),
    (r"libxml/", r"report/"),
    (r"sqlite3", r"store/sqlite\.c$"),
    (r"libpq", r"store/postgresql\.c$"),
    (r"zip\.h", r"report/unpack\.c$"),
    (r"zlib\.h", r"report/(un)?pack\.c$"),
)

# Functions that take what they work on to be without NUL and in bounds, or
# that hide an error.
UNSAFE = ("strcpy", "strcat", "strncpy", "strncat", "sprintf", "vsprintf",
          "gets", "strtok", "strtok_r", "alloca", "atoi", "atol", "strdup",
          "strndup", "asprintf")
ALLOCATORS = ("malloc", "calloc", "realloc", "free", "reallocarray")

SPDX = "SPDX-License-Identifier: BSD-2-Clause"


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def tracked():
    """The files of the repository; in an archive all that is there."""
    done = subprocess.run(["git", "-C", TOP, "ls-files"],
                          capture_output=True, text=True) \
        if os.path.exists(os.path.join(TOP, ".git")) else None
    if done and done.returncode == 0:
        return [p for p in done.stdout.splitlines()
                if os.path.exists(os.path.join(TOP, p))]
    out = []
    for folder, folders, names in os.walk(TOP):
        folders[:] = [f for f in folders if not f.startswith(
            ("build", "autom4te", "assay-", "_", ".git", "m4"))]
        out += [os.path.relpath(os.path.join(folder, n), TOP) for n in names]
    return out


def sources():
    """C files of the parts; tests are outside of the arrows."""
    for part in ARROWS:
        folder = os.path.join(TOP, part)
        if os.path.isdir(folder):
            for name in sorted(os.listdir(folder)):
                if name.endswith((".c", ".h")):
                    yield part, part + "/" + name


def code(text):
    """Without comments and strings, line numbers kept."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"'
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), text,
                  flags=re.S)


def report(bad, name):
    ok(not bad, name, *bad[:40])


@tap.test
def includes():
    bad = []
    for part, path in sources():
        for number, line in enumerate(read(path).splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*(["<])([^">]+)', line)
            if not match:
                continue
            kind, target = match.groups()
            why = include_problem(part, path, kind, target)
            if why:
                bad.append("%s:%d: %s: %s" % (path, number, target, why))
    report(bad, "includes follow the arrows")


def include_problem(part, path, kind, target):
    if kind == "<":
        for library, owner in LIBRARIES:
            if re.match(library, target) and not re.match(owner, path):
                return "not here"
        return None
    neighbour = target.split("/")[0]
    if neighbour not in ARROWS or "/" not in target:
        return "not a path from the root"
    if not os.path.exists(os.path.join(TOP, target)):
        return "no such file"
    allowed = ARROWS[part]
    if neighbour == part:
        return None
    if target.endswith("_internal.h"):
        return "private to %s" % neighbour
    if neighbour not in allowed:
        return "%s may not know %s" % (part, neighbour)
    return None


@tap.test
def marked():
    """A header is marked as private, or it is somebody else's interface."""
    used, headers = set(), []
    for part, path in sources():
        includes = re.findall(r'^#\s*include "([^"]+)"', read(path), re.M)
        used |= {i for i in includes if i.split("/")[0] != part}
        if path.endswith(".h"):
            # What an interface includes is part of it.
            if not path.endswith("_internal.h"):
                used |= set(includes)
            headers.append(path)
    bad = [h for h in headers if not h.endswith("_internal.h") and
           h.split("/")[0] not in TOPS and h not in used]
    report(bad, "a header that nobody else includes is marked _internal.h")
    bad = [h for h in headers if not h.endswith("_internal.h") and
           [i for i in re.findall(r'include "([^"]+)"', read(h))
            if i.endswith("_internal.h")]]
    report(bad, "no interface includes a private header")


@tap.test
def recipes():
    """HACKING names files that are there."""
    words = re.findall(r"(?<![\w./-])(?:%s|tests|doc|etc)/[\w./-]+[\w]" %
                       "|".join(ARROWS), read("doc/HACKING"))
    # NAME is the reader's own; <folder> is any.
    missing = sorted({word for word in words if "NAME" not in word and
                      "FOLDER" not in word and
                      not any(os.path.exists(os.path.join(TOP, word + end))
                              for end in ("", ".c"))})
    ok(len(words) > 30, "HACKING names files", len(words))
    report(missing, "every file that HACKING names is there")


@tap.test
def one_name():
    """What a header shows is not the name of something else elsewhere."""
    shown, defined = {}, {}
    for _, path in sources():
        text = code(read(path))
        for name in re.findall(r"^struct (\w+)\s*[;{]", text, re.M):
            if path.endswith(".h"):
                shown.setdefault(name, path)
        for name in re.findall(r"^struct (\w+) {", text, re.M):
            defined.setdefault(name, []).append(path)
    bad = ["struct %s: %s" % (name, " ".join(places))
           for name, places in sorted(defined.items())
           if name in shown and len(places) > 1]
    report(bad, "no two things with one name")


@tap.test
def dead_code():
    """What is exported has a caller in another file of the program, or is
    called in its own and by a test.  No exception without need."""
    texts = {path: code(read(path)) for _, path in sources()}
    words = {path: collections.Counter(re.findall(r"\w+", text))
             for path, text in texts.items() if path.endswith(".c")}
    tests = set()
    for path in tracked():
        if path.startswith("tests/") and path.endswith(".c"):
            tests |= set(re.findall(r"\w+", code(read(path))))
    bad, needed = [], set()
    for path in sorted(words):
        for kind, name in re.findall(
                r"^([^\n{};#]*)\n(\w+)\([^;{}]*\)\n\{", texts[path], re.M):
            if re.search(r"\bstatic\b", kind) or name == "main" or any(
                    w[name] for p, w in words.items() if p != path):
                continue
            needed.add(name)
            if name in FOR_OTHERS:
                continue
            if words[path][name] == 1:
                bad.append("%s: %s: nobody calls it" % (path, name))
            elif name not in tests:
                bad.append("%s: %s: could be static" % (path, name))
    bad += ["%s: has a caller, or is gone" % name
            for name in sorted(FOR_OTHERS - needed)]
    report(bad, "what is exported is called")


@tap.test
def own_header_first():
    bad = []
    for _, path in sources():
        own = [h for h in (path[:-2] + ".h", path[:-2] + "_internal.h")
               if os.path.exists(os.path.join(TOP, h))]
        if not path.endswith(".c") or not own:
            continue
        first = re.search(r'^#\s*include\s*["<]([^">]+)', read(path), re.M)
        if not first or first.group(1) not in own:
            bad.append("%s: begins with another include" % path)
    report(bad, "each file includes its own header first")


@tap.test
def licences():
    bad = []
    for path in tracked():
        if path.startswith("tests/data/") or "/corpus/" in path:
            continue
        if path.endswith((".c", ".h", ".py", ".sh", ".ac", ".am",
                          ".service.in")) or path == ".ci/run":
            head = "\n".join(read(path).splitlines()[:3])
            if SPDX not in head:
                bad.append(path)
    report(bad, "each source has its SPDX line")


@tap.test
def opening_comments():
    bad = []
    for _, path in sources():
        lines = read(path).splitlines()
        if len(lines) < 2 or not lines[1].startswith("/*"):
            bad.append(path)
    report(bad, "each source opens by saying what it is")


@tap.test
def unsafe_functions():
    bad = []
    for _, path in sources():
        text = code(read(path))
        names = UNSAFE
        if not path.startswith(("base/mem.", "base/pool.")):
            names += ALLOCATORS
        for match in re.finditer(r"\b(%s)\s*\(" % "|".join(names), text):
            line = text.count("\n", 0, match.start()) + 1
            bad.append("%s:%d: %s" % (path, line, match.group(1)))
    report(bad, "no unsafe function, memory by base/mem.h or base/pool.h")


@tap.test
def typedefs():
    bad = []
    for _, path in sources():
        text = code(read(path))
        for match in re.finditer(r"\btypedef\b[^;{]*[;{]", text):
            if "(" not in match.group():
                line = text.count("\n", 0, match.start()) + 1
                bad.append("%s:%d" % (path, line))
    report(bad, "typedefs for function types only")


@tap.test
def machine_paths():
    # Where this very clone lies, what lies beside it, and whose it is.  What
    # was built in an archive has such paths, and a folder at the root may
    # have any name.
    if not os.path.exists(os.path.join(TOP, ".git")):
        tap.skip("no file names a path of somebody's machine", "no clone")
        return
    top = os.path.realpath(TOP)
    places = {place for place in (top, os.path.dirname(top),
                                  os.path.expanduser("~"))
              if place.count("/") > 1} - {"/var/tmp"}
    words = sorted(place + "/" for place in places | {"/ro" + "ot"})
    bad = []
    for path in tracked():
        if path.startswith("build-aux/"):
            continue
        with open(os.path.join(TOP, path), "rb") as f:
            data = f.read()
        for word in words:
            if re.search(rb"(?<![\w./-])" + re.escape(word.encode()), data):
                bad.append("%s: %s" % (path, word))
    report(bad, "no file names a path of somebody's machine")


@tap.test
def merged():
    bad = []
    for path in tracked():
        with open(os.path.join(TOP, path), "rb") as f:
            if re.search(rb"^(<{7}|>{7}) ", f.read(), re.M):
                bad.append(path)
    report(bad, "no file has the marks of a merge")


@tap.test
def long_lines():
    bad = []
    for path in tracked():
        if path.endswith((".c", ".h")):
            for number, line in enumerate(read(path).splitlines(), 1):
                if len(line.expandtabs(8)) > 80:
                    bad.append("%s:%d" % (path, number))
    report(bad, "80 columns")


@tap.test
def manuals():
    pages = [p for p in tracked() if re.match(r"doc/.*\.[1-9]$", p)]
    if not shutil.which("mandoc"):
        tap.skip("manual pages", "mandoc is not installed")
        return
    for page in pages:
        # An archive is unpacked under other dates and names than a clone.
        done = subprocess.run(
            ["mandoc", "-T", "lint", "-W", "warning",
             os.path.join(TOP, page)], capture_output=True, text=True)
        lines = [line for line in done.stdout.splitlines()
                 if "referenced manual not found" not in line]
        ok(not lines, page, *lines[:20])


@tap.test
def layout():
    """Advice only: clang-format's versions differ in detail."""
    if not shutil.which("clang-format"):
        tap.skip("layout", "clang-format is not installed")
        return
    paths = [p for p in tracked() if p.endswith((".c", ".h"))]
    done = subprocess.run(
        ["clang-format", "--dry-run"] +
        [os.path.join(TOP, p) for p in paths],
        capture_output=True, text=True)
    files = set(re.findall(r"^([^:\s]+):\d+:\d+: warning", done.stderr, re.M))
    tap.note("clang-format would change %d of %d files" %
             (len(files), len(paths)))


@tap.test
def functions():
    """How long the functions are: none is above LONGEST."""
    lengths = []
    for _, path in sources():
        if not path.endswith(".c"):
            continue
        begin = None
        for number, line in enumerate(read(path).splitlines(), 1):
            if line == "{":
                begin = number
            elif line == "}" and begin:
                lengths.append((number - begin - 1, path, begin))
                begin = None
    lengths.sort()
    if lengths:
        tap.note("%d functions, median %d lines" % (
            len(lengths), lengths[len(lengths) // 2][0]))
    report(["%s:%d: %d lines" % (path, begin, length)
            for length, path, begin in lengths if length > LONGEST],
           "no function above %d lines" % LONGEST)


tap.main()
