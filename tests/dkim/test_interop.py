# SPDX-License-Identifier: BSD-2-Clause
"""Messages signed by dkimpy, odd ones in all combinations, judged by us.

Some are changed after signing: then dkimpy itself says whether they should
still pass.  DKIM_INTEROP_SEED in the environment gives other messages.
"""

import os
import random
import re
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
                      "tests", "dkim", "verify_file")
DATA = os.path.join(TOP, "tests", "data", "dkim")
MESSAGES = 400

SEED = int(os.environ.get("DKIM_INTEROP_SEED", "6376"))
rand = random.Random(SEED)
ED25519_SEED = b"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
RSA_SELECTOR, ED25519_SELECTOR = b"ok", b"ed"


def keys():
    out = {}
    with open(os.path.join(DATA, "keys.txt"), "rb") as f:
        for line in f:
            name, text = line.rstrip(b"\n").split(b"\t", 1)
            out[name.rstrip(b".") + b"."] = text
    return out


def read(name):
    with open(os.path.join(DATA, name), "rb") as f:
        return f.read()


WORDS = [b"a", b"word", b"gr\xc3\xbc\xc3\x9fe", b"x" * 70, b"=20", b"b=1;",
         b"<a@b.example>", b":", b";", b"\xff", b"0"]
BLANKS = [b" ", b" ", b" ", b"  ", b"\t", b" \t ", b"\r\n ", b"\r\n\t \t"]
ENDS = [b"", b"", b"", b" ", b"\t ", b" \r\n "]
NAMES = [b"X-One", b"x-two", b"X-THREE", b"Subject", b"To", b"Date",
         b"Reply-To"]
LINES = [b"", b"", b" ", b"\t", b"text", b"text ", b" text", b"a  b\tc",
         b"\t\ttabs\t", b"." * 3, b"-- ", b"x" * 900, b"\x00\x01\xff",
         b"word " * 20, b"0123456789abcdef" * 4 + b"  " + b"y" * 17]


def value():
    """Each fold has text before it: a line of blanks alone is another
    matter, which the parser of dkimpy takes for the end of the header."""
    out = rand.choice([b"", b" ", b" ", b"\t", b"  "]) + rand.choice(WORDS)
    for _ in range(rand.randrange(12)):
        out += rand.choice(BLANKS) + rand.choice(WORDS)
    return out + rand.choice(ENDS[:5])


def message():
    fields = [b"From:" + rand.choice([b" ", b"  ", b"\r\n\t"]) +
              b"Joe <joe@example.com>" + rand.choice([b"", b" "])]
    for _ in range(rand.randrange(1, 9)):
        fields.append(rand.choice(NAMES) + b":" + value())
    rand.shuffle(fields)
    body = b"\r\n".join(rand.choice(LINES)
                        for _ in range(rand.randrange(12)))
    # A message has a CRLF after its last line when it came by SMTP.
    if body and not body.endswith(b"\r\n"):
        body += b"\r\n"
    return b"\r\n".join(fields) + b"\r\n\r\n" + body


def sign(text):
    canon = [rand.choice([b"simple", b"relaxed"]) for _ in range(2)]
    names = [b"from"] + [rand.choice(NAMES + [b"X-Absent", b"From"])
                         for _ in range(rand.randrange(6))]
    ed25519 = rand.random() < 0.5
    field = dkim.sign(
        text, ED25519_SELECTOR if ed25519 else RSA_SELECTOR, b"example.com",
        ED25519_SEED if ed25519 else read("keys/rfc8463-test.pem"),
        canonicalize=tuple(canon), include_headers=names,
        signature_algorithm=b"ed25519-sha256" if ed25519 else b"rsa-sha256",
        length=rand.random() < 0.2)
    return field + text


def change(text):
    """A change that the canonical form may or may not see."""
    start = text.index(b"\r\n", text.index(b"b=")) if b"b=" in text else 0
    kind = rand.randrange(4)
    places = [m.start() for m in re.finditer(rb"[ \t]+", text[start:])]
    if kind == 0 and places:
        at = start + rand.choice(places)
        return text[:at] + b" " + text[at:]
    if kind == 1:
        return text + rand.choice([b"\r\n", b" \r\n", b"more\r\n"])
    letters = [m.start() for m in re.finditer(rb"[a-z]", text[start:])]
    if kind == 2 and letters:
        at = start + rand.choice(letters)
        return text[:at] + text[at:at + 1].upper() + text[at + 1:]
    return text.replace(b"From: ", b"X-Added: y\r\nFrom: ", 1)


def dkimpy_says(text, zone):
    try:
        return dkim.verify(
            text, dnsfunc=lambda name, timeout=5: zone.get(
                name.encode() if isinstance(name, str) else name))
    except dkim.DKIMException:
        return False


@tap.test
def signed_by_dkimpy():
    zone = keys()
    wanted, bad = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(MESSAGES):
            text = sign(message())
            if number % 2:
                text = change(text)
            path = os.path.join(folder, "%03d.eml" % number)
            with open(path, "wb") as f:
                f.write(text)
            wanted[path] = (dkimpy_says(text, zone), text)
        done = subprocess.run(
            [RUNNER, os.path.join(DATA, "keys.txt")] + sorted(wanted),
            capture_output=True, text=True, check=True)
        got = {}
        for line in done.stdout.splitlines():
            path, _, result, comment = line.split("\t")
            got[path] = (result == "pass", "%s (%s)" % (result, comment))
        for path, (want, text) in sorted(wanted.items()):
            if got.get(path, (None,))[0] != want:
                bad += ["%s: %s, dkimpy: %s" % (
                    os.path.basename(path), got.get(path), want),
                    repr(text)]
    passed = sum(want for want, _ in wanted.values())
    ok(not bad, "we say of %d messages what dkimpy says" % MESSAGES, *bad)
    ok(MESSAGES // 2 <= passed < MESSAGES,
       "of which some pass and some do not", "%d passed" % passed)


tap.main()
