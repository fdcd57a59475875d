# SPDX-License-Identifier: BSD-2-Clause
"""From as mail programs read it, against our reading.

Wherever we say that From names one domain, strictly ("ok") or not
("sloppy"), no reader may show an address of another one.  The fields are the
corpus of the fuzz target, what the cases of the tests have in From, spellings
written for this test, and others made of their pieces, the same in each run.

Each reader gets the octets as they are, but for the crude ones at the end:
those get sloppy fields alone.  For a sloppy field it also gets the
text with its encoded words decoded, since programs differ in what they do
first.  A field that is well formed is not decoded before it is parsed (RFC
2047 section 6.2): its display name may hold any address.
"""

import email.header
import email.parser
import email.policy
import email.utils
import glob
import os
import random
import re
import shutil
import subprocess
import sys

import assaydaemon
import debs
import tap
from tap import ok

ROUNDS = 20000
SEED = 1
SHOWN = 5       # of the failures of one reader

top = assaydaemon.top_srcdir()
scripts = os.path.join(top, "tests", "lib", "readers")

PIECES = [
    b"joe@good.example", b"ceo@bank.example", b"<joe@good.example>",
    b"<ceo@bank.example>", b"joe@good.example.", b"@bank.example",
    b"@good.example:", b"good.example", b"bank.example", b"joe", b"J. Doe",
    b"Acme, Inc.", b"<", b">", b"<>", b",", b";", b":", b"(", b")", b'"',
    b"'", b"\\", b"@", b" ", b"  ", b"\t", b"\r\n ", b"\n\t", b".", b"..",
    b"[", b"]", b"%", b"!", b"=", b"?", b"/", b"&", b"\xfc", b"\xc3\xbc",
    b"\xc2\xa0", b"\xe2\x80\x8b", b"\xe2\x80\xae", b"\xe3\x80\x82",
    b"\xef\xbc\xa0", b"\xef\xbc\x8e", b"\0", b"\x0b", b"\x1f", b"\x7f",
    b"b\xc3\xbccher.example", b"xn--bcher-kva.example", b"[192.0.2.1]",
    b"GOOD.example", b"(ceo@bank.example)", b'"ceo@bank.example"',
    b"=?utf-8?q?ceo=40bank.example?=", b"=?utf-8?q?J=C3=BCrgen?=",
    b"=?utf-8?b?Y2VvQGJhbmsuZXhhbXBsZQ==?=", b"=?utf-8?q?=2C?=",
    b"=?utf-8?q?=3Cceo=40bank.example=3E?=", b"=?utf-7?q?+AEA-?=",
    b"=?utf-16?b?AEA=?=", b"=?utf-8?q?=3C?=", b"=?utf-8?b?Pg==?=",
    b"=?cp037?q?=83=85=96=7C=82=81=95=92=4B=85=A7=81=94=97=93=85=6E?=",
    b"=?unicode_escape?q?ceo=5Cx40bank.example=5Cx3e?=", b"=?utf-8?q?=0D=0A?=", b"undisclosed:;",
    b"group: joe@good.example;", b"ceo(x)@(y)bank.example",
    b"joe @ good . example", b"mailto:joe@good.example", b"via",
    b"on behalf of", b"a@b@good.example", b"a%bank.example@good.example",
    b"bank.example!a@good.example", b"\xd0\xb0@b\xd0\xb0nk.example",
]

WRITTEN = [
    b'"ceo@bank.\\example\r\n x" <joe@good.example>',
    b"joe@good.(x)\"example\"", b"<joe@good.example> <Acme, x@good.example",
    b"x, =?cp037?q?=83=85=96=7C=82=4B=85=A7?= <joe@good.example>",
    b"=?utf-8?q?=3CA?= x, y <joe@good.example> z",
    b"Acme, Inc. <joe@good.example>", b"J\xfcrgen <joe@good.example>",
    b"Team @ Acme <joe@good.example>", b"[Acme] News <joe@good.example>",
    b"joe..doe@good.example", b"joe.@good.example", b".joe@good.example",
    b"joe@good.example;", b"<joe@good.example", b"joe@good.example>",
    b"<<joe@good.example>>", b"ceo@bank.example <joe@good.example>",
    b'"ceo@bank.example" <joe@good.example>', b"joe@good.example Joe",
    b"joe@good.example <ceo@bank.example", b"joe@good.example (x",
    b"<joe@good.example> <ceo@bank.example>",
    b"<joe@good.example>, <ceo@bank.example>",
    b'"Joe <joe@good.example>', b'Joe" <joe@good.example>',
    b"joe@good.example\0@bank.example", b"joe@good.example @bank.example",
    b"joe@good.example.@bank.example", b"@good.example:ceo@bank.example",
    b"<@good.example,@x.example:ceo@bank.example>",
    b"joe@good.example,ceo@bank.example", b"joe@[192.0.2.1]",
    b"joe@good(bank).example", b"joe@good.(x)example", b"joe@good .example",
    b"joe@good.example. bank.example", b"joe@good.example..bank.example",
    b"joe@good.example\\@bank.example", b"joe\\@bank.example@good.example",
    b'joe@"good.example"', b'"joe"@good.example x', b"joe@good.example\\",
    b"<joe@good.example>ceo@bank.example", b"ceo@bank.example<joe@good.example>",
    b"=?utf-8?q?Joe=2C_Jr?= <joe@good.example>",
    b"=?utf-8?q?joe=40good.example?=", b"=?utf-8?q?Joe?= joe@good.example x",
    b"group: joe@good.example, ceo@bank.example;", b"a: b: joe@good.example;",
    b"joe@b\xc3\xbccher.example", b"joe@b\xfccher.example x",
    b"joe@good\xe3\x80\x82example", b"joe@good.example\xc2\xa0",
    b"joe@good.example\xe2\x80\x8bx", b"joe@good.example, ,",
    b"joe\xef\xbc\xa0bank.example <joe@good.example> x",
]


def values():
    found = list(WRITTEN)
    for path in sorted(glob.glob(os.path.join(
            top, "tests/fuzz/corpus/address/*"))):
        with open(path, "rb") as f:
            found.append(f.read())
    for path in sorted(glob.glob(os.path.join(
            top, "tests/data/**/*.eml"), recursive=True)):
        with open(path, "rb") as f:
            found += re.findall(rb"(?im)^from:((?:.|\n[ \t])*)", f.read())
    # Of these alone, so that a new message elsewhere changes nothing here.
    seeds, rng = sorted(set(WRITTEN)), random.Random(SEED)
    for _ in range(ROUNDS):
        kind = rng.random()
        if kind < 0.6:
            value = b"".join(rng.choices(PIECES, k=rng.randint(1, 7)))
        elif kind < 0.8:
            value = b" ".join(rng.choices(PIECES, k=rng.randint(2, 4)))
        else:
            value = rng.choice(seeds)
            for _ in range(rng.randint(1, 3)):
                at = rng.randint(0, len(value))
                value = (value[:at] + rng.choice(PIECES) +
                         value[at + rng.randint(0, 2):])
        found.append(value)
    # One field: no line end but those of folds.
    return [re.sub(rb"\r?\n(?![ \t])|\r(?!\n)", b" ", v) for v in found]


def ours(lines):
    program = os.path.join(os.environ.get("top_builddir", "."),
                           "tests/interop/reader")
    done = ask([program, "from"], lines, {})
    return [(answer[0].decode(), {d.decode() for d in answer[1:]})
            for answer in (line.split() for line in done)]


def ask(command, lines, environment):
    done = subprocess.run(
        command, input=b"".join(v.hex().encode() + b"\n" for v in lines),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
        env=dict(os.environ, **environment))
    if done.returncode != 0:
        raise debs.Unavailable("%s: %s" % (
            " ".join(command), done.stderr.decode("utf-8", "replace")[-200:]))
    answers = done.stdout.split(b"\n")[:-1]
    if len(answers) != len(lines):
        raise RuntimeError("%d answers for %d fields from %s" % (
            len(answers), len(lines), command))
    return answers


def program(command, environment):
    def read(lines):
        return [[bytes.fromhex(a.decode()) for a in line.split()]
                for line in ask(command, lines, environment)]
    return read


def text_of(value):
    """As Python's own parser hands octets on, and without surrogates."""
    return value.decode("ascii", "surrogateescape")


def octets(text):
    return text.encode("utf-8", "surrogateescape")


def python_modern(lines):
    parser = email.parser.BytesHeaderParser(policy=email.policy.default)
    for value in lines:
        try:
            found = parser.parsebytes(b"From: " + value + b"\r\n\r\n")["From"]
            yield [octets(a.username + "@" + a.domain)
                   for a in found.addresses]
        except Exception:   # the parser has faults: then it shows nothing
            yield []


def python_getaddresses(lines):
    for value in lines:
        yield [octets(a) for _, a in
               email.utils.getaddresses([text_of(value)])]


def python_parseaddr(lines):
    for value in lines:
        yield [octets(email.utils.parseaddr(text_of(value))[1])]


# Programs that take what is between the last "<" and ">", or whatever looks
# like an address.
def brackets(lines):
    for value in lines:
        yield re.findall(rb"<([^<>]*)>", value)[-1:]


def looks_like(lines):
    for value in lines:
        yield re.findall(rb"[^\s<>()\[\]\",;:\\@]+@"
                         rb"[\w.\x80-\xff-]*[\w\x80-\xff]", value)


def unpacked(package):
    root = debs.unpack(package)
    perl = [os.path.join(root, "usr/share/perl5")]
    perl += glob.glob(os.path.join(root, "usr/lib/*/perl5/*"))
    return root, {"PERL5LIB": ":".join(perl)}


def perl(module, package):
    command = ["perl", os.path.join(scripts, "from.pl"), module]
    if subprocess.run(["perl", "-M" + module, "-e1"], check=False,
                      stderr=subprocess.DEVNULL).returncode == 0:
        return program(command, {})
    return program(command, unpacked(package)[1])


def node(encoding):
    if not shutil.which("node"):
        raise debs.Unavailable("no node here")
    root = debs.unpack("node-addressparser")
    folders = ":".join(os.path.join(root, f) for f in (
        "usr/share/nodejs", "usr/lib/nodejs"))
    return program(["node", os.path.join(scripts, "from.js"), encoding],
                   {"NODE_PATH": folders + ":/usr/share/nodejs"})


def gmime():
    root = debs.unpack("gir1.2-gmime-3.0", "python3-gi")
    libraries = glob.glob(os.path.join(root, "usr/lib/*-linux-gnu"))
    environment = {
        "GI_TYPELIB_PATH": ":".join(
            os.path.join(f, "girepository-1.0") for f in libraries),
        "LD_LIBRARY_PATH": debs.libraries(root),
        "PYTHONPATH": os.path.join(root, "usr/lib/python3/dist-packages"),
    }
    return program(["/usr/bin/python3",
                    os.path.join(scripts, "from_gmime.py")], environment)


READERS = (
    ("Python email, policy.default", lambda: python_modern),
    ("Python getaddresses", lambda: python_getaddresses),
    ("Python parseaddr", lambda: python_parseaddr),
    ("Perl Email::Address",
     lambda: perl("Email::Address", "libemail-address-perl")),
    ("Perl Email::Address::XS",
     lambda: perl("Email::Address::XS", "libemail-address-xs-perl")),
    ("Perl Mail::Address", lambda: perl("Mail::Address",
                                        "libmailtools-perl")),
    ("addressparser, UTF-8", lambda: node("utf8")),
    ("addressparser, Latin-1", lambda: node("latin1")),
    ("GMime", gmime),
    ("the last angle brackets", lambda: brackets),
    ("what looks like an address", lambda: looks_like),
)
CRUDE = (brackets, looks_like)


def shown(address):
    """The domain in lower case, as a name; None for none with a dot in it."""
    _, at, domain = address.rpartition(b"@")
    # Signs at its end make it no other domain, nor does what is after a
    # bracket or a comma.
    domain = re.split(rb"[]>,]|\"[.:]", domain)[0]
    domain = domain.strip(b" \t\r\n.,:;<>()[]'\"").lower()
    domain = re.sub(rb"\s+", b"", domain)
    if not at or b"." not in domain or re.search(rb"[()]", domain):
        return None
    if not domain.isascii():
        try:
            domain = domain.decode().encode("idna")
        except UnicodeError:
            return None
    return domain.decode()


def decoded(value):
    """With encoded words decoded, wherever they are."""
    try:
        parts = email.header.decode_header(value.decode("latin-1"))
        return b"".join(
            p if isinstance(p, bytes) and not c else
            p.encode("latin-1") if isinstance(p, str) else
            p.decode(c or "ascii", "replace").encode() for p, c in parts)
    except (email.errors.HeaderParseError, LookupError, UnicodeError):
        return value


fields = values()
read = []


def compare(name, reader, lines, owners):
    wrong = []
    for value, addresses, owner in zip(lines, reader(lines), owners):
        state, domains = read[owner]
        seen = {shown(a) for a in addresses} - {None}
        if not seen <= domains:
            wrong.append("%s %s, but %s in %r" % (
                state, " ".join(domains), " ".join(seen - domains), value))
    ok(not wrong, "%s: %d fields" % (name, len(lines)),
       "%d are read otherwise" % len(wrong), *wrong[:SHOWN])


@tap.test
def we_read():
    read.extend(ours(fields))
    states = [state for state, _ in read]
    for state in ("ok", "sloppy", "multiple", "unparsable"):
        ok(states.count(state) > 10, "%d fields are %s" % (
            states.count(state), state))
    for state, domains in read:
        if state in ("ok", "sloppy") and len(domains) != 1:
            ok(False, "one domain in " + state)


@tap.test
def others_read():
    named = [i for i, (state, _) in enumerate(read)
             if state in ("ok", "sloppy")]
    sloppy = [i for i in named if read[i][0] == "sloppy"]
    for name, open_reader in READERS:
        try:
            reader = open_reader()
            given = sloppy if reader in CRUDE else named
            compare(name, reader, [fields[i] for i in given], given)
            compare(name + ", decoded first", reader,
                    [decoded(fields[i]) for i in sloppy], sloppy)
        except debs.Unavailable as why:
            tap.skip(name, str(why))


if __name__ == "__main__":
    tap.main()
