# SPDX-License-Identifier: BSD-2-Clause
"""assay check says which edit broke a signature.

Messages are signed by dkimpy, then changed as list software, filters and mail
servers change them.
"""

import base64
import email
import email.generator
import email.mime.multipart
import email.mime.text
import email.policy
import io
import json
import os
import quopri
import re
import subprocess
import time

import assaydaemon
import signkeys
import tap
from tap import equal, ok

try:
    import dkim
except ImportError:
    dkim = None

FOLDER = assaydaemon.work_folder()
FOOTER = (b"_______________________________________________\r\n"
          b"Users mailing list -- users@lists.example\r\n"
          b"To unsubscribe send an email to users-leave@lists.example\r\n")
HEADER = (b"From: Alice <alice@example.org>\r\nTo: users@lists.example, "
          b"Bob <bob@example.net>\r\nSubject: %s\r\nDate: Mon, 23 Nov 2026 "
          b"10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n")
TEXT = b"Hello list,\r\n\r\nthis is it.\r\n\r\n-- \r\nAlice\r\n"
UMLAUTS = "Gr\u00fc\u00dfe aus M\u00fcnchen = 5\r\nzweite Zeile\r\n".encode()
PLAIN = (b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
         b"Content-Transfer-Encoding: %s\r\n")
MIXED = (b'MIME-Version: 1.0\r\nContent-Type: multipart/%s; boundary="b1"'
         b"\r\n")
NAMES = [b"from", b"to", b"subject", b"date", b"message-id", b"reply-to",
         b"mime-version", b"content-type", b"content-transfer-encoding"]


def make_key(name, kind):
    key = signkeys.Key(FOLDER, name, kind)
    zone = os.path.join(FOLDER, name + ".yaml")
    with open(zone, "w", encoding="ascii") as f:
        json.dump({"zonedata": {"s1._domainkey.example.org": [
            {"TXT": key.record}]}}, f)
    if kind == "rsa":
        with open(key.path, "rb") as f:
            return zone, f.read()
    der = signkeys.openssl("pkey", "-in", key.path, "-outform", "DER")
    return zone, base64.b64encode(der[-32:])


def sign(body, header=b"", subject=b"Hello", canon=b"relaxed/relaxed",
         names=None, **more):
    message = HEADER % subject + header + b"\r\n" + body
    how = tuple(canon.split(b"/"))
    return dkim.sign(message, b"s1", b"example.org", KEY,
                     canonicalize=how, include_headers=names or NAMES,
                     **more) + message


def check(message, zone=None, text=False):
    done = subprocess.run(
        [assaydaemon.command(), "check", "--zone", zone or ZONE] +
        ([] if text else ["--json"]) + ["-"], input=message,
        capture_output=True, timeout=300, check=False)
    error = done.stderr.decode("utf-8", "replace")
    ok(done.returncode == 0 and not any(
        mark in error for mark in assaydaemon.SANITIZER_MARKS),
       "ends well", done.returncode, error[-3000:])
    return done.stdout.decode("ascii") if text else json.loads(done.stdout)


def cures(message, zone=None):
    """What was found, as words: the header's, then the body's."""
    found = []
    for signature in check(message, zone)["dkim"]:
        for part in ("header_cure", "body_cure"):
            cure = signature[part]
            if cure is None:
                continue
            if not cure["found"]:
                found.append("nothing")
            for edit in cure["edits"]:
                word = edit["edit"]
                if edit["field"]:
                    word += " " + edit["field"]
                if edit["lines"]:
                    word += " %d" % edit["lines"]
                elif edit["edit"].startswith("part-"):
                    word += " %d" % edit["number"]
                found.append(word)
    return found


def tag(message, words=b"[users] "):
    return message.replace(b"\r\nSubject: ", b"\r\nSubject: " + words, 1)


def halves(message):
    head, body = message.split(b"\r\n\r\n", 1)
    return head + b"\r\n\r\n", body


def in_body(message, old, new):
    head, body = halves(message)
    return head + body.replace(old, new)


def recode(message, encoding, encode):
    """A mail server changes the transfer encoding."""
    head, body = halves(message)
    head = re.sub(rb"(Content-Transfer-Encoding:) [\w-]+", rb"\1 " + encoding,
                  head)
    return head + encode(body)


def to_quoted(body):
    return quopri.encodestring(body.replace(b"\r\n", b"\n")).replace(
        b"\n", b"\r\n")


def to_base64(body):
    return base64.encodebytes(body).replace(b"\n", b"\r\n")


def mailman(message):
    """What Mailman does to mail that is no plain text: a part with the footer,
    and the message as another one if it is no multipart/mixed."""
    m = email.message_from_bytes(message, policy=email.policy.compat32)
    footer = email.mime.text.MIMEText(FOOTER.decode().replace("\r\n", "\n"),
                                      "plain", "us-ascii")
    footer["Content-Disposition"] = "inline"
    if m.get_content_type() == "multipart/mixed":
        m.attach(footer)
    else:
        inner = email.message.Message()
        for name in ("Content-Type", "Content-Transfer-Encoding"):
            if m[name]:
                inner[name] = m[name]
                del m[name]
        inner.set_payload(m.get_payload())
        m["Content-Type"] = 'multipart/mixed; boundary="===1=="'
        m.set_payload([inner, footer])
    out = io.BytesIO()
    email.generator.BytesGenerator(out, mangle_from_=False,
                                   maxheaderlen=0).flatten(m)
    return re.sub(rb"\r?\n", b"\r\n", out.getvalue())


def parts(kind, *texts):
    return b"".join(b"--b1\r\nContent-Type: text/%s\r\n\r\n%s\r\n" % t
                    for t in texts) + b"--b1--\r\n"


TWO = parts(b"mixed", (b"plain", TEXT), (b"html", b"<p>Hello</p>"))


def body_rows():
    plain = sign(TEXT)
    yield "footer", plain + FOOTER, ["footer 3"]
    yield "footer, simple", sign(TEXT, canon=b"simple/simple") + FOOTER, \
        ["footer 3"]
    yield "footer after blank lines", plain + b"\r\n\r\n" + FOOTER, \
        ["footer 3"]
    yield "footer of one line", plain + b"Sent by a filter\r\n", ["footer 1"]
    yield "footer of a body without line end", sign(TEXT[:-2]) + b"\r\n" + \
        FOOTER, ["footer 3"]
    yield "footer of an empty body", sign(b"") + FOOTER, ["footer 3"]
    yield "banner", in_body(plain, b"Hello list,", b"CAUTION: this is from "
                            b"outside.\r\n\r\nHello list,"), ["banner 2"]
    yield "banner and footer", in_body(plain, b"Hello", b"CAUTION\r\nHello") \
        + FOOTER, ["banner 1", "footer 3"]
    yield "blank line on top lost", sign(b"\r\n" + TEXT).replace(
        b"\r\n\r\n\r\nHello", b"\r\n\r\nHello"), ["first-blank"]
    yield "blank line on top", in_body(plain, b"Hello", b"\r\nHello"), \
        ["banner 1"]
    yield "blank lines doubled", in_body(plain, b"\r\n", b"\r\n\r\n"), \
        ["blank-lines"]
    yield "blank lines added", in_body(plain, b"\r\n\r\n", b"\r\n\r\n\r\n"), \
        ["blank-lines"]
    yield ">From", sign(b"From here on\r\n>From x\r\n").replace(
        b"\r\nFrom here", b"\r\n>From here").replace(
        b"\r\n>From x", b"\r\n>>From x"), ["quoted-from"]
    yield ">From, but one stays", sign(b"From a\r\n>>From b\r\n").replace(
        b"\r\nFrom a", b"\r\n>From a"), ["quoted-from"]
    yield ">From lost", sign(b"x\r\n>From a\r\n").replace(
        b"\r\n>From a", b"\r\nFrom a"), ["unquoted-from"]
    yield ">From and a footer", sign(b"From a\r\nx\r\n").replace(
        b"\r\n\r\nFrom a", b"\r\n\r\n>From a") + FOOTER, \
        ["quoted-from", "footer 3"]
    yield "blanks at line ends", in_body(
        sign(TEXT, canon=b"relaxed/simple"), b"it.\r\n", b"it. \t\r\n"), \
        None
    yield "dots", sign(b"a\r\n.x\r\n").replace(b"\r\n.x", b"\r\n..x"), \
        ["dots"]
    yield "dots lost", sign(b"a\r\n..x\r\n").replace(b"\r\n..x", b"\r\n.x"), \
        ["dots-lost"]
    yield "CR CR LF", in_body(plain, b"\r\n", b"\r\r\n"), ["line-ends"]
    yield "LF alone", in_body(plain, b"list,\r\n", b"list,\n"), \
        ["line-ends"]
    long = sign(b"x" * 2500 + b"\r\nend\r\n")
    yield "long lines, Postfix", in_body(
        long, b"x" * 2500, b"x" * 990 + b"\r\n " + b"x" * 990 + b"\r\n " +
        b"x" * 520), ["broken-lines"]
    yield "long lines, Sendmail", in_body(
        long, b"x" * 2500, b"x" * 989 + b"!\r\n " + b"x" * 989 + b"!\r\n " +
        b"x" * 522), ["broken-lines"]


def encoding_rows():
    names = NAMES[:6]
    eight = sign(UMLAUTS, PLAIN % b"8bit", names=names)
    quoted = sign(to_quoted(UMLAUTS), PLAIN % b"quoted-printable",
                  names=names)
    coded = sign(to_base64(UMLAUTS), PLAIN % b"base64", names=names)
    yield "8bit to quoted-printable", recode(
        eight, b"quoted-printable", to_quoted), ["was-8bit"]
    yield "8bit to base64", recode(eight, b"base64", to_base64), ["was-8bit"]
    yield "quoted-printable to 8bit", recode(
        quoted, b"8bit", lambda b: UMLAUTS), ["was-quoted-printable"]
    yield "base64 to 8bit", recode(
        coded, b"8bit", lambda b: UMLAUTS), ["was-base64"]
    yield "base64 to quoted-printable", recode(
        coded, b"quoted-printable", lambda b: to_quoted(UMLAUTS)), \
        ["was-base64"]
    yield "footer in base64", recode(
        coded, b"base64", lambda b: to_base64(UMLAUTS + FOOTER)), \
        ["was-base64", "footer 3"]
    yield "8bit to quoted-printable, footer", recode(
        eight, b"quoted-printable", to_quoted) + FOOTER, \
        ["was-8bit", "footer 3"]
    yield "with the signed field", recode(
        sign(UMLAUTS, PLAIN % b"8bit"), b"quoted-printable", to_quoted), \
        ["value Content-Transfer-Encoding", "was-8bit"]
    part = (b"--b1\r\nContent-Type: text/plain; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: %s\r\n%s\r\n%s\r\n--b1--\r\n")
    yield "8bit in a part to quoted-printable", in_body(
        sign(part % (b"8bit", b"", UMLAUTS), MIXED % b"mixed"),
        part % (b"8bit", b"", UMLAUTS),
        part % (b"quoted-printable", b"X-MIME-Autoconverted: from 8bit to "
                b"quoted-printable by mx\r\n", to_quoted(UMLAUTS))), \
        ["was-8bit"]


def part_rows():
    mixed = sign(TWO, MIXED % b"mixed")
    yield "part at the end", mailman(mixed), ["part-added 3"]
    yield "part in front", in_body(
        mixed, b"--b1\r\nContent-Type: text/plain", b"--b1\r\nContent-Type: "
        b"text/plain\r\n\r\nbanner\r\n--b1\r\nContent-Type: text/plain"), \
        ["part-added 1"]
    yield "part in front and at the end", in_body(mailman(
        mixed), b"--b1\r\nContent-Type: text/plain\r\n\r\nHello",
        b"--b1\r\n\r\nbanner\r\n--b1\r\nContent-Type: text/plain\r\n\r\n"
        b"Hello"), ["part-added 1", "part-added 4"]
    html = sign(b"<p>Hello</p>\r\n", b"MIME-Version: 1.0\r\nContent-Type: "
                b"text/html; charset=utf-8\r\nContent-Transfer-Encoding: 7bit"
                b"\r\n", names=NAMES[:7])
    yield "wrapped", mailman(html), ["part-wrapped 1"]
    html = sign(b"<p>Hello</p>\r\n", b"MIME-Version: 1.0\r\nContent-Type: "
                b"text/html; charset=utf-8\r\n")
    yield "wrapped, Content-Type signed", mailman(html), \
        ["value Content-Type", "part-wrapped 1"]
    yield "multipart/alternative wrapped", mailman(sign(
        TWO, MIXED % b"alternative")), ["value Content-Type",
                                        "part-wrapped 1"]
    yield "footers as text and as HTML", in_body(in_body(
        mixed, b"Alice\r\n\r\n", b"Alice\r\n\r\n" + FOOTER), b"<p>Hello</p>",
        b"<p>Hello</p>\r\n<hr>\r\nList"), ["part-footer 3", "part-footer 2"]
    yield "footer in the text alone", in_body(
        mixed, b"Alice\r\n\r\n", b"Alice\r\n\r\n" + FOOTER), \
        ["part-footer 3"]
    yield "preamble", in_body(mixed, b"--b1\r\nContent-Type: text/plain",
                              b"This is MIME.\r\n--b1\r\nContent-Type: "
                              b"text/plain"), ["preamble"]
    yield "epilogue", mixed + b"scanned\r\n", ["footer 1"]


def header_rows():
    plain = sign(TEXT)
    reply = sign(TEXT, subject=b"Re: Hello")
    yield "tag", tag(plain), ["prefix Subject"]
    yield "tag in braces", tag(plain, b"{Spam?} "), ["prefix Subject"]
    yield "stars", tag(plain, b"***SPAM*** "), ["prefix Subject"]
    yield "a word", tag(plain, b"EXTERNAL: "), ["prefix Subject"]
    yield "words", tag(plain, b"Possible spam: "), ["prefix Subject"]
    yield "two tags", tag(plain, b"[external] [users] "), ["prefix Subject"]
    yield "tag before Re:", tag(reply), ["prefix Subject"]
    yield "tag after Re:", tag(reply, b"Re: [users] ").replace(
        b"[users] Re: ", b"[users] ", 1), ["prefix Subject"]
    yield "tag moved before Re:", sign(
        TEXT, subject=b"Re: [users] Hello").replace(
        b"Re: [users] Hello", b"[users] Re: Hello"), ["tag-moved Subject"]
    yield "tag at the end", plain.replace(
        b"Subject: Hello", b"Subject: Hello (was: spam)"), ["suffix Subject"]
    yield "tag and fold", tag(plain, b"[users]\r\n\t"), ["prefix Subject"]
    yield "Reply-To", b"Reply-To: users@lists.example\r\n" + plain, \
        ["field-added Reply-To"]
    yield "second Date", plain.replace(
        b"\r\n\r\n", b"\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n\r\n",
        1), ["field-added Date"]
    yield "second Subject above, oversigned", b"Subject: x\r\n" + sign(
        TEXT, names=NAMES + [b"subject"]), ["field-added Subject"]
    yield "To with other commas", sign(
        TEXT).replace(b"example, Bob", b"example,Bob"), ["commas To"]
    yield "From rewritten", plain.replace(
        b"From: Alice <alice@example.org>", b"From: Alice via Users "
        b"<users@lists.example>\r\nX-Original-From: Alice "
        b"<alice@example.org>"), ["value From"]
    simple = sign(TEXT, canon=b"simple/simple",
                  subject=b"a long\r\n subject")
    yield "tab for a blank in a fold", simple.replace(
        b"long\r\n subject", b"long\r\n\tsubject"), ["white-space Subject"]
    yield "unfolded", simple.replace(b"long\r\n subject", b"long subject"), \
        ["white-space Subject"]
    yield "folded", sign(TEXT, canon=b"simple/simple", subject=b"a b").replace(
        b"Subject: a b", b"Subject:  a b"), ["white-space Subject"]
    yield "all that a list does", tag(
        b"Reply-To: users@lists.example\r\n" + plain.replace(
            b"From: Alice <alice@example.org>", b"From: Alice via Users "
            b"<users@lists.example>\r\nX-Original-From: Alice "
            b"<alice@example.org>")) + FOOTER, \
        ["prefix Subject", "field-added Reply-To", "value From", "footer 3"]
    yield "tag and footer", tag(plain) + FOOTER, ["prefix Subject",
                                                  "footer 3"]
    yield "tag and part", tag(mailman(sign(TWO, MIXED % b"mixed"))), \
        ["prefix Subject", "part-added 3"]
    yield "tag and wrapped", tag(mailman(sign(
        b"<p>x</p>\r\n", b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n", names=NAMES[:8]))), \
        ["prefix Subject", "value Content-Type", "part-wrapped 1"]


@tap.test
def edits():
    for rows in (body_rows, encoding_rows, part_rows, header_rows):
        for name, message, want in rows():
            got = cures(message)
            if want is None:
                equal(got, ["nothing"], name)
            else:
                equal(sorted(got), sorted(want), name)
    equal(cures(sign(TEXT)), [], "nothing was changed")
    equal(cures(in_body(sign(TEXT), b"this is it", b"that was it")),
          ["nothing"], "another text")
    equal(cures(sign(TEXT).replace(b"Mon, 23", b"Tue, 24")), ["nothing"],
          "another date")


@tap.test
def another_key():
    zone, key = make_key("ed", "ed25519")
    message = HEADER % b"Hello" + b"\r\n" + TEXT
    signed = dkim.sign(message, b"s1", b"example.org", key,
                       signature_algorithm=b"ed25519-sha256",
                       include_headers=NAMES[:6]) + message
    equal(cures(tag(signed) + FOOTER, zone), ["prefix Subject", "footer 3"],
          "Ed25519")
    equal(cures(tag(sign(TEXT)), zone), [], "no key of this type")


@tap.test
def in_words():
    text = check(tag(sign(TEXT)) + FOOTER, text=True)
    for words in ('verifies with the Subject less its "[users] "',
                  "verifies without the last 3 lines:\n",
                  "| Users mailing list -- users@lists.example\n"):
        ok(words in text, words, text)
    text = check(in_body(sign(TEXT), b"this", b"that"), text=True)
    ok("none of the usual edits explains it" in text, "nothing found", text)
    text = check(b"X-Content-Filtered-By: Mailman/MimeDel 2.1\r\n" +
                 in_body(sign(TEXT), b"this", b"that"), text=True)
    ok("parts were removed" in text, "a hint", text)
    text = check(sign(TEXT) + b"\x1b[31m\r\n", text=True)
    ok("| \\x1b[31m" in text and "\x1b" not in text, "escaped", text)


@tap.test
def limits():
    lines = b"line\r\n"
    equal(cures(sign(TEXT) + lines * 100), ["footer 100"], "100 lines")
    equal(cures(sign(TEXT) + lines * 101), ["nothing"], "101 lines")
    equal(cures(in_body(sign(TEXT), b"Hello", lines * 30 + b"Hello")),
          ["banner 30"], "30 lines on top")
    equal(cures(in_body(sign(TEXT), b"Hello", lines * 31 + b"Hello")),
          ["nothing"], "31 lines on top")


@tap.test
def hostile():
    signature = dkim.sign(HEADER % b"x" + b"\r\n" + TEXT, b"s1",
                          b"example.org", KEY, include_headers=NAMES)
    broken = signature * 10 + HEADER % (b"[a] " * 500)
    many = b"".join(b"--b1\r\n\r\nx\r\n" for _ in range(20000))
    for name, message in (
            ("header of 2 MiB", signature * 10 + b"To: " +
             b"a@b.example,\r\n " * 120000 + b"c@d.example\r\n" +
             HEADER % b"x" + b"\r\nx\r\n"),
            ("body of 100 MB", broken + b"\r\n" + b"y" * 60 + b"\r\n" +
             (b"x" * 98 + b"\r\n") * 1000000),
            ("body of 100 MB, one line", broken + b"\r\n" +
             b"x" * 100000000),
            ("blank lines", broken + b"\r\nx" + b"\r\n" * 5000000),
            ("20,000 parts", broken + MIXED % b"mixed" + b"\r\n" + many),
            ("10,000 Subjects", signature * 10 + b"Subject: [x] y\r\n" *
             9900 + HEADER % b"x" + b"\r\n" + TEXT + b"x\r\n"),
            ("base64 of 20 MB", broken + PLAIN % b"base64" + b"\r\n" +
             to_base64(b"x" * 15000000))):
        begin = time.monotonic()
        value = check(message)
        took = time.monotonic() - begin
        ok(took < 30, "%s: %.1f s" % (name, took))
        equal([s["result"] for s in value["dkim"] if s["result"] == "pass"],
              [], name + ": no pass")


if dkim is None:
    tap.skip_all("dkimpy is not installed")
ZONE, KEY = make_key("rsa", "rsa")
tap.main()
