# SPDX-License-Identifier: BSD-2-Clause
"""Odd messages signed by us, judged by dkimpy.

DKIM_INTEROP_SEED in the environment gives other messages.
"""

import base64
import os
import random
import subprocess
import tempfile
import types

import tap
from tap import ok

try:
    import dkim
    import nacl.signing      # noqa: F401  dkimpy needs it for Ed25519
except ImportError as e:
    tap.skip_all("dkimpy is not installed: %s" % e)

# The clock of the runner (tests/dkim/support.h).
dkim.time = types.SimpleNamespace(time=lambda: 1780272000.0)

TOP = os.environ.get("top_srcdir", ".")
RUNNER = os.path.join(os.environ.get("top_builddir", "."),
                      "tests", "dkim", "sign_file")
DATA = os.path.join(TOP, "tests", "data", "dkim")
MESSAGES = 40       # for each key and each pair of canonicalizations

SEED = int(os.environ.get("DKIM_INTEROP_SEED", "6376"))
rand = random.Random(SEED)

ED25519_SEED = base64.b64decode(
    b"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
# PrivateKeyInfo of RFC 8410 section 7, up to the 32 octets.
ED25519_HEAD = bytes.fromhex("302e020100300506032b657004220420")


def read(name):
    with open(os.path.join(DATA, name), "rb") as f:
        return f.read()


def zone():
    out = {}
    for line in read("keys.txt").splitlines():
        name, text = line.split(b"\t", 1)
        out[name.rstrip(b".") + b"."] = text
    return out


def write(path, data):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
        f.write(data)
    return path


def key_files(folder):
    """(selector, path): the two keys that keys.txt has the public parts of."""
    pem = b"-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n" % \
        base64.b64encode(ED25519_HEAD + ED25519_SEED)
    return [("ok", write(os.path.join(folder, "rsa.pem"),
                         read("keys/rfc8463-test.pem"))),
            ("ed", write(os.path.join(folder, "ed.pem"), pem))]


WORDS = [b"a", b"word", b"gr\xc3\xbc\xc3\x9fe", b"x" * 70, b"=20", b"b=1;",
         b"<a@b.example>", b":", b";", b"\xff", b"0", b"y" * 300]
BLANKS = [b" ", b" ", b"  ", b"\t", b" \t ", b"\r\n ", b"\r\n\t \t"]
NAMES = [b"X-One", b"x-two", b"Subject", b"SUBJECT", b"To", b"cc", b"Date",
         b"Reply-To", b"Received", b"Message-ID", b"Content-Type", b"List-Id",
         b"References", b"Comments"]
LINES = [b"", b"", b" ", b"\t", b"text", b"text ", b" text", b"a  b\tc",
         b"\t\ttabs\t", b"." * 3, b"-- ", b"x" * 900, b"z" * 3000,
         b"\x00\x01\xff", b"word " * 20, b"gr\xc3\xbc\xc3\x9fe",
         b"0123456789abcdef" * 4 + b"  " + b"y" * 17]


def value():
    """Text is before each fold: a line of blanks alone is taken by
    dkimpy's parser for the end of the header."""
    out = rand.choice([b"", b" ", b" ", b"\t", b"  "]) + rand.choice(WORDS)
    for _ in range(rand.randrange(12)):
        out += rand.choice(BLANKS) + rand.choice(WORDS)
    return out + rand.choice([b"", b"", b" ", b"\t "])


def message():
    fields = [b"From:" + rand.choice([b" ", b"  ", b"\r\n\t"]) +
              b"Joe <joe@example.com>" + rand.choice([b"", b" "])]
    for _ in range(rand.randrange(14)):
        fields.append(rand.choice(NAMES) + b":" + value())
    rand.shuffle(fields)
    body = b"\r\n".join(rand.choice(LINES)
                        for _ in range(rand.randrange(12)))
    if body and not body.endswith(b"\r\n"):
        body += b"\r\n"
    return b"\r\n".join(fields) + b"\r\n\r\n" + body


def verifies(text, records):
    try:
        return dkim.verify(
            text, dnsfunc=lambda name, timeout=5: records.get(
                name.encode() if isinstance(name, str) else name))
    except dkim.DKIMException as e:
        return str(e)


def signed(folder, selector, key, canon):
    """Messages signed in one run of the runner: (before, after)."""
    paths = [write(os.path.join(folder, "%s-%s-%d" % (
        selector, canon.replace("/", "-"), i)), message())
        for i in range(MESSAGES)]
    subprocess.run([RUNNER, key, selector, "example.com", canon] + paths,
                   check=True)
    for path in paths:
        with open(path + ".signed", "rb") as f:
            yield f.read()


@tap.test
def dkimpy_verifies():
    records = zone()
    with tempfile.TemporaryDirectory() as folder:
        for selector, key in key_files(folder):
            for canon in ("simple/simple", "simple/relaxed",
                          "relaxed/simple", "relaxed/relaxed"):
                bad, added = [], []
                for text in signed(folder, selector, key, canon):
                    if verifies(text, records) is not True:
                        bad.append(repr(text))
                    # What a mail server may complete counts when it is
                    # there.
                    head = text.partition(b"\r\n\r\n")[0].lower()
                    name = rand.choice(
                        [b"From", b"Subject", b"Cc", b"Reply-To"] +
                        [n for n in (b"To", b"Date", b"Content-Type",
                                     b"Message-ID")
                         if b"\r\n" + n.lower() + b":" in head])
                    more = name + b": added\r\n" + text
                    if verifies(more, records) is True:
                        added.append(repr(more))
                ok(not bad, "%s, %s: dkimpy verifies" % (selector, canon),
                   *bad[:3])
                ok(not added, "%s, %s: an added field breaks it" % (
                    selector, canon), *added[:3])


tap.main()
