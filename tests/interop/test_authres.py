# SPDX-License-Identifier: BSD-2-Clause
"""Authentication-Results as programs read them, against what we remove.

Python's email and authres, Perl's Mail::AuthenticationResults, Dovecot's Sieve,
SpamAssassin, and what people write by hand.  No reader may take a field that we keep for one of ours.  The fields are the
corpus of the fuzz target, spellings written for this test, and others made of
their pieces, the same in each run.  Readers get the octets, and the text that
Python makes of them, which has encoded words decoded.
"""

import email.errors
import email.header
import email.parser
import email.policy
import glob
import importlib.util
import os
import random
import re
import shutil
import subprocess
import sys

import assaydaemon
import debs
import namespace
import tap
from tap import ok

# Sieve and SpamAssassin come with users and folders of their own; where they
# cannot be had their tests are skipped.
try:
    namespace.enter((("dovecot-sieve",), ("spamassassin",)))
except debs.Unavailable as reason:
    tap.note("outside of a namespace: %s" % reason)

ROUNDS = 20000
SEED = 1
SHOWN = 5
OURS = "mx.example.org"

top = assaydaemon.top_srcdir()

PIECES = [
    b"mx.example.org", b"MX.example.ORG", b"mx.example.org.", b"mx",
    b".example.org", b"mx.example", b"evil.example", b'"mx.example.org"',
    b"(mx.example.org)", b"; dmarc=pass", b"; dmarc=pass header.from=a.example",
    b";", b" ", b"\t", b"\r\n ", b"(", b")", b'"', b"\\", b"1", b"2", b"=",
    b"=?utf-8?q?mx.example.org?=", b"=?utf-8?q?mx.example.org;_dmarc=3Dpass?=",
    b"=?utf-8?b?bXguZXhhbXBsZS5vcmc7IHNwZj1wYXNz?=", b"=?utf-8?q?mx?=",
    b"=?utf-8?q?", b"?=", b"=?us-ascii?q?=0A?=", b"=?utf-7?q?mx?=",
    b"\xc2\xa0", b"\xa0", b"\xe2\x80\x83", b"\xe3\x80\x80", b"\xe2\x80\x8b",
    b"\xef\xbb\xbf", b"\xc2\xad", b"\xe2\x80\xae", b"\xe2\x80\xa8", b"\xc2\x85",
    b"\x0b", b"\x0c", b"\x1c", b"\x1f", b"\0", b"\x7f", b"\x85", b"\xfc",
    b"m\xef\xbd\x98", b"\xef\xbd\x8dx.example.org", b"mx\xe3\x80\x82example.org",
    b"mx\xef\xbc\x8eexample.org", b"%", b"'", b"<", b">", b",", b"/", b":",
    b"i=1;", b"none", b"; spf=pass smtp.mailfrom=", b" reason=",
]

WRITTEN = [
    b"mx.example.org; dmarc=pass", b"(c) mx.example.org (c); dmarc=pass",
    b'"mx.example.org"; dmarc=pass', b'"m\\x.example.org"; dmarc=pass',
    b"=?utf-8?q?mx.example.org=3B_dmarc=3Dpass?=",
    b"=?utf-8?b?bXguZXhhbXBsZS5vcmc7IGRtYXJjPXBhc3M=?=",
    b"=?utf-8?q?mx=2E?= =?utf-8?q?example.org?=; dmarc=pass",
    b"\xc2\xa0mx.example.org; dmarc=pass", b"\xa0mx.example.org; dmarc=pass",
    b"mx.example.org\xc2\xa0; dmarc=pass", b"\xe3\x80\x80mx.example.org; x=y",
    b"\x0bmx.example.org; dmarc=pass", b"\x1fmx.example.org; dmarc=pass",
    b"mx.example.org\0; dmarc=pass", b"mx.example.org/1; dmarc=pass",
    b"mx.example.org 2; dmarc=pass", b"mx.example.org, dmarc=pass",
    b"<mx.example.org>; dmarc=pass", b"'mx.example.org'; dmarc=pass",
    b"evil.example; x=y\xe2\x80\xa8mx.example.org; dmarc=pass",
    b"evil.example; x=\"\xe2\x80\xa8mx.example.org; dmarc=pass\"",
    b"evil.example; x=y (\xc2\x85mx.example.org; dmarc=pass)",
    b"evil.example; dmarc=pass", b"mx.example.org.evil.example; dmarc=pass",
    b"evil.example (mx.example.org); dmarc=pass",
    b'evil.example; dmarc=pass reason="mx.example.org; dmarc=pass"',
]


def values():
    found = list(WRITTEN)
    for path in sorted(glob.glob(os.path.join(
            top, "tests/fuzz/corpus/authres_read/*"))):
        with open(path, "rb") as f:
            found.append(f.read())
    seeds, rng = list(found), random.Random(SEED)
    for _ in range(ROUNDS):
        if rng.random() < 0.5:
            value = b"".join(rng.choices(PIECES, k=rng.randint(1, 6)))
        else:
            value = rng.choice(seeds)
            for _ in range(rng.randint(1, 3)):
                at = rng.randint(0, len(value))
                value = (value[:at] + rng.choice(PIECES) +
                         value[at + rng.randint(0, 2):])
        found.append(value)
    # One field: no line end but those of folds.
    return [re.sub(rb"\r?\n(?![ \t])|\r(?!\n)", b" ", v) for v in found]


def ask(command, lines, environment=None):
    done = subprocess.run(
        command, input=b"".join(v.hex().encode() + b"\n" for v in lines),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
        env=dict(os.environ, **(environment or {})))
    if done.returncode == 77:
        raise debs.Unavailable("the module is not here")
    answers = done.stdout.split(b"\n")[:-1]
    if done.returncode != 0 or len(answers) != len(lines):
        raise RuntimeError("%d answers for %d fields: %s" % (
            len(answers), len(lines), done.stderr[-300:]))
    return [a.decode() for a in answers]


def modern(value):
    """As Python's email shows it, encoded words decoded."""
    parser = email.parser.BytesHeaderParser(policy=email.policy.default)
    try:
        return str(parser.parsebytes(
            b"Authentication-Results: " + value +
            b"\r\n\r\n")["Authentication-Results"])
    except Exception:       # the parser has faults: then it shows nothing
        return ""


def classic(value):
    parser = email.parser.BytesHeaderParser(policy=email.policy.compat32)
    try:
        field = parser.parsebytes(b"Authentication-Results: " + value +
                                  b"\r\n\r\n")["Authentication-Results"]
        return str(email.header.make_header(
            email.header.decode_header(str(field))))
    except (email.errors.HeaderParseError, LookupError, UnicodeError,
            ValueError):
        return ""


TEXTS = (
    ("octets as UTF-8", lambda v: v.decode("utf-8", "replace")),
    ("octets as ASCII, others dropped", lambda v: v.decode("ascii",
                                                           "ignore")),
    ("octets as Latin-1", lambda v: v.decode("latin-1")),
    ("Python email, policy.default", modern),
    ("Python email, compat32 and decode_header", classic),
)


def first_word(text):
    """Before the first ";" or blank, in every line."""
    for line in text.splitlines() or [""]:
        words = line.split(";")[0].strip(" \"'<>").split()
        yield words[0] if words else ""


def stripped(text):
    yield text.split(";")[0].strip()


def without_comments(text):
    yield from first_word(re.sub(r"\([^()]*\)", " ", text))


def python_authres(module, text):
    try:
        return module.AuthenticationResultsHeader.parse(
            "Authentication-Results: " + text).authserv_id or ""
    except Exception:       # not for this reader
        return ""


def perl_lines(lines):
    command = ["perl", os.path.join(top, "tests/lib/readers/authres.pl")]
    try:
        return ask(command, lines)
    except debs.Unavailable:
        root = debs.unpack("libmail-authenticationresults-perl")
        return ask(command, lines, {
            "PERL5LIB": os.path.join(root, "usr/share/perl5")})


def load_authres():
    """The module of that name, which one of ours hides."""
    for root in ("/", debs.unpack("python3-authres")):
        folder = os.path.join(root, "usr/lib/python3/dist-packages/authres")
        path = os.path.join(folder, "__init__.py")
        if os.path.exists(path):
            spec = importlib.util.spec_from_file_location(
                "authres", path, submodule_search_locations=[folder])
            module = importlib.util.module_from_spec(spec)
            sys.modules["authres"] = module
            spec.loader.exec_module(module)
            return module
    raise debs.Unavailable("no module authres in python3-authres")


def is_ours(authserv_id):
    return authserv_id.strip().strip("\"'").rstrip(".").lower() == OURS


def report(name, count, wrong):
    ok(not wrong, "%s: %d fields" % (name, count),
       "%d are taken for ours" % len(wrong),
       *["%r" % value for value in wrong[:SHOWN]])


fields = values()
kept = []


@tap.test
def we_remove():
    program = os.path.join(os.environ.get("top_builddir", "."),
                           "tests/interop/reader")
    verdicts = ask([program, "authres", OURS], fields)
    kept.extend(v for v, said in zip(fields, verdicts) if said == "kept")
    ok(len(kept) > 500, "%d of %d are kept" % (len(kept), len(fields)))
    ok(b"evil.example; dmarc=pass" in kept, "foreign ones are")
    ok(WRITTEN[0] not in kept, "ours are not")


@tap.test
def crude_readers():
    for text_name, text_of in TEXTS:
        texts = [(value, text_of(value)) for value in kept]
        for name, reader in (("first word", first_word),
                             ("text before the semicolon", stripped),
                             ("without comments", without_comments)):
            report("%s, %s" % (text_name, name), len(kept), [
                value for value, text in texts
                if any(is_ours(i) for i in reader(text))])


@tap.test
def python_reads():
    try:
        module = load_authres()
    except debs.Unavailable as why:
        tap.skip("Python authres", str(why))
        return
    for text_name, text_of in TEXTS:
        report("%s, Python authres" % text_name, len(kept), [
            value for value in kept
            if is_ours(python_authres(module, text_of(value)))])


@tap.test
def perl_reads():
    try:
        for text_name, text_of in (("octets", lambda v: v.decode("latin-1")),
                                   *TEXTS[3:]):
            lines = [re.sub("\r?\n", " ", text_of(v)).encode(
                "utf-8" if text_name != "octets" else "latin-1", "replace")
                for v in kept]
            answers = perl_lines(lines)
            report("%s, Mail::AuthenticationResults" % text_name, len(kept), [
                value for value, answer in zip(kept, answers)
                if is_ours(bytes.fromhex(answer).decode("utf-8",
                                                        "replace"))])
    except debs.Unavailable as why:
        tap.skip("Mail::AuthenticationResults", str(why))


SIEVE = b"""require ["regex", "reject"];
if header :regex "Authentication-Results"
    "^[[:space:]]*\\"?mx\\\\.example\\\\.org\\"?\\\\.?[[:space:]]*(;|$)" {
	reject "ours";
}
"""
DOVECOT = "ssl = no\nlog_path = /dev/stderr\nmail_location = maildir:%s/mail\n"
DOVECOT_24 = """dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
ssl = no
log_path = /dev/stderr
mail_driver = maildir
mail_path = %s/mail
"""

SPAMASSASSIN = b"""loadplugin Mail::SpamAssassin::Plugin::Check
loadplugin Mail::SpamAssassin::Plugin::AuthRes
util_rb_tld org example
authres_networks all
authres_trusted_authserv mx.example.org
header OURS eval:check_authres_result('dmarc', 'pass')
score OURS 1
clear_report_template
report tests: _TESTS_ end
"""
NOBODY = 65534


def message_of(lines):
    return b"".join(b"Authentication-Results: " + v.replace(b"\r\n", b"\n") +
                    b"\n" for v in lines) + b"From: a@b.example\n\nHi.\n"


def in_message(name, takes):
    """`takes` says whether the program sees ours in a message."""
    if not ok(takes(message_of([WRITTEN[0]])), name + " knows ours"):
        return
    chunks = [kept[i:i + 100] for i in range(0, len(kept), 100)]
    wrong = [chunk for chunk in chunks if takes(message_of(chunk))]
    report(name, len(kept), [value for chunk in wrong for value in chunk
                             if takes(message_of([value]))])


def output(command, folder, message):
    path = os.path.join(folder, "message")
    with open(path, "wb") as f:
        f.write(message)
    # Some do not run as root.
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        command = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY,
                   "--clear-groups"] + command
    return subprocess.run(command + [path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False,
                          env=dict(os.environ, HOME=folder),
                          cwd=folder).stdout


@tap.test
def sieve_reads():
    if not shutil.which("sieve-test") or not shutil.which("dovecot"):
        tap.skip("Sieve", "no sieve-test here")
        return
    folder = assaydaemon.work_folder()
    config = os.path.join(folder, "dovecot.conf")
    script = os.path.join(folder, "test.sieve")
    with open(config, "w", encoding="ascii") as f:
        version = subprocess.run(["dovecot", "--version"], text=True,
                                 capture_output=True, check=True).stdout
        f.write((DOVECOT if version.startswith("2.3") else DOVECOT_24) %
                folder)
    with open(script, "wb") as f:
        f.write(SIEVE)
    in_message("Sieve", lambda message: b"reject message" in output(
        ["sieve-test", "-c", config, script], folder, message))


@tap.test
def spamassassin_reads():
    if not shutil.which("spamassassin"):
        tap.skip("SpamAssassin", "not here")
        return
    folder = assaydaemon.work_folder()
    with open(os.path.join(folder, "test.cf"), "wb") as f:
        f.write(SPAMASSASSIN)
    in_message("SpamAssassin", lambda message: b"tests: OURS" in output(
        ["spamassassin", "-t", "-L", "--siteconfigpath=" + folder,
         "--configpath=" + folder, "-p", os.path.join(folder, "test.cf")],
        folder, message))


if __name__ == "__main__":
    tap.main()
