# SPDX-License-Identifier: BSD-2-Clause
"""assay report read: files as reporters send them, and as attackers do."""

import base64
import gzip
import io
import json
import os
import resource
import subprocess
import zipfile

import assaydaemon
import tap
from tap import equal, ok

DATA = os.path.join(assaydaemon.top_srcdir(), "tests/data/report")
ZONE = """zonedata:
  1.2.0.192.in-addr.arpa: [{PTR: mail.example.org}]
"""
MEMORY = 1 << 30        # octets that the command may have


def data(name):
    with open(os.path.join(DATA, name), "rb") as f:
        return f.read()


def limited():
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def run(*arguments, stdin=b""):
    program = assaydaemon.command()
    done = subprocess.run([program, "report", "read"] + list(arguments),
                          input=stdin, capture_output=True, timeout=120,
                          check=False, preexec_fn=None if
                          assaydaemon.is_sanitized(program) else limited)
    err = done.stderr.decode("utf-8", "replace")
    ok(not any(mark in err for mark in assaydaemon.SANITIZER_MARKS),
       "no sanitizer report", err[-3000:])
    return done.returncode, done.stdout.decode(), err


class Files:
    def __init__(self):
        self.folder = assaydaemon.work_folder()

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes)
                    else content.encode())
        return path


def zipped(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in files.items():
            z.writestr(name, content)
    return out.getvalue()


def mail(content, kind="application/gzip", line=b"\r\n"):
    encoded = base64.encodebytes(content).replace(b"\n", line)
    return line.join([
        b"From: dmarc@two.example", b"Subject: Report Domain: example.org",
        b"MIME-Version: 1.0",
        b"Content-Type: multipart/mixed;" + line + b"\tboundary=\"=_b\"",
        b"", b"preamble", b"--=_b", b"Content-Type: text/plain", b"",
        b"<feedback> is attached", b"--=_b",
        b"Content-Type: " + kind.encode() + b"; name=x",
        b"Content-Transfer-Encoding: BASE64", b"", encoded + b"--=_b--", b""])


ONE, TWO = data("rfc9990.xml"), data("rfc7489.xml")

FORMS = [
    ("plain", TWO), ("with a BOM", b"\xef\xbb\xbf" + TWO),
    ("gzip", gzip.compress(TWO)),
    ("gzip of two members", gzip.compress(TWO[:300]) +
     gzip.compress(TWO[300:])),
    ("zip", zipped(a=TWO)), ("zip with a folder", zipped(**{"d/": b"",
                                                            "d/a": TWO})),
    ("mail with gzip", mail(gzip.compress(TWO))),
    ("mail with LF", mail(gzip.compress(TWO), line=b"\n")),
    ("mail with zip", mail(zipped(a=TWO), "application/zip")),
    ("mail of another type", mail(TWO, "application/octet-stream")),
    ("mail in a mail", b"Content-Type: message/rfc822\r\n\r\n" +
     mail(gzip.compress(TWO))),
    ("mail that is nothing else", b"Content-Type: application/gzip\r\n"
     b"Content-Transfer-Encoding: base64\r\n\r\n" +
     base64.encodebytes(gzip.compress(TWO))),
    ("quoted-printable", b"Content-Type: text/xml\n"
     b"Content-Transfer-Encoding: quoted-printable\n\n" +
     TWO.replace(b"=", b"=3D").replace(b"</count>", b"</c=\nount>")),
    ("UTF-16", TWO.decode().encode("utf-16")),
    ("ISO 8859-1", b'<?xml version="1.0" encoding="ISO-8859-1"?>' +
     TWO.split(b"?>", 1)[1].replace(b"Receiver Two", b"Receiver Two")),
]


@tap.test
def every_form():
    files = Files()
    for name, content in FORMS:
        status, out, err = run("--json", "--no-names",
                               files.write("f", content))
        equal((status, err), (0, ""), name)
        found = json.loads(out)
        equal((found["messages"], found["passed"],
               found["reports"][0]["reporter"],
               found["reports"][0]["bad_rows"]),
              (37, 7, "Receiver Two", 1), name + ": what is in it")
    status, out, _ = run("--json", "--no-names", "-", stdin=TWO)
    equal(json.loads(out)["messages"], 37, "from the standard input")


@tap.test
def sums():
    files = Files()
    zone = files.write("zone.yaml", ZONE)
    paths = [files.write("1", ONE), files.write("2", gzip.compress(TWO)),
             files.write("3", mail(gzip.compress(TWO)))]
    status, out, _ = run("--json", "--zone", zone, *paths)
    equal(status, 0, "exit status")
    found = json.loads(out)
    equal([r["repeated"] for r in found["reports"]], [False, False, True],
          "a report that is there twice counts once")
    equal((found["messages"], found["passed"], found["dkim"], found["spf"]),
          (164, 130, 130, 7), "all")
    equal(found["dispositions"], {"none": 11, "pass": 123, "quarantine": 0,
                                  "reject": 30, "other": 0}, "dispositions")
    equal([(s["source"], s.get("name"), s["messages"], s["passed"])
           for s in found["sources"]],
          [("192.0.2.1", "mail.example.org", 130, 130),
           ("198.51.100.7", None, 30, 0), ("2001:db8::25", None, 4, 0)],
          "sources, the largest first")
    equal([(d["day"], d["messages"]) for d in found["days"]],
          [("2026-11-27", 37), ("2026-11-28", 127)], "days, by date")
    equal([(d["domain"], d["messages"]) for d in found["from_domains"]],
          [("example.org", 160), ("news.example.org", 4)], "domains in From")
    status, out, _ = run("--zone", zone, *paths)
    for want in ("164 messages in 2 reports", "1 reports were there twice",
                 "1 rows without a usable address",
                 "192.0.2.1  mail.example.org"):
        ok(want in out, "as text: " + want, out)


BOMB = gzip.compress(b"<feedback>" + b" " * (80 << 20))
BAD = [
    ("nothing", b"", "is no aggregate report"),
    ("another text", b"hello\n", "is no aggregate report"),
    ("a web page", b"<html><body></body></html>", "is no aggregate report"),
    ("broken XML", TWO[:-20], "is not well-formed"),
    ("broken gzip", gzip.compress(TWO)[:-30], "is not well-formed"),
    ("broken zip", zipped(a=TWO)[:-30], "is not well-formed"),
    ("entities", b"<!DOCTYPE a [<!ENTITY x \"y\">]><feedback/>",
     "has a document type"),
    ("80 MB in a gzip", BOMB, "is too large"),
    ("a gzip in which gzips are", gzip.compress(BOMB), "is not well-formed"),
    ("80 MB in a zip", zipped(a=b"<" + b" " * (80 << 20)), "is too large"),
    ("1,001 files in a zip", zipped(**{"f%d" % n: b"<a/>"
                                       for n in range(1001)}),
     "is too large"),
    ("wrong encoding", b'<?xml version="1.0" encoding="KOI-nonsense"?>'
     b"<feedback/>", "is not well-formed"),
    ("rows without end", b"<feedback><report_metadata><report_id>1"
     b"</report_id></report_metadata>" + b"<record><row><source_ip>::1"
     b"</source_ip><count>1</count></row></record>" * 200001,
     "has more than 200,000 rows"),
    ("deep", b"<feedback>" + b"<a>" * 100000, "is nested too deep"),
]


@tap.test
def what_is_refused():
    files = Files()
    good = files.write("good", TWO)
    for name, content, why in BAD:
        bad = files.write("bad", content)
        status, out, err = run("--json", "--no-names", bad, good)
        equal(status, 1, name + ": exit status")
        ok(bad + ": " in err and why in err, name + ": said", err)
        equal(json.loads(out)["messages"], 37, name + ": the other is read")


@tap.test
def foreign_text():
    evil = TWO.replace(b"Receiver Two", b"&lt;script&gt;\xc2\x9b31m&#x202e;")
    files = Files()
    path = files.write("f", evil)
    _, out, _ = run("--no-names", path)
    ok("\x9b" not in out and "\u202e" not in out, "a terminal is safe", out)
    _, out, _ = run("--no-names", "--html", path)
    ok("<script" not in out, "a page is safe")
    _, out, _ = run("--no-names", "--json", path)
    equal(json.loads(out)["reporters"][0]["reporter"],
          "<script>\x9b31m\u202e", "JSON has all of it")


@tap.test
def usage():
    equal(run()[0], 64, "no file")
    equal(run("--nonsense", "f")[0], 64, "no such option")
    status, _, err = run("--no-names", "/none")
    equal(status, 66, "a file that is not there")
    ok("/none" in err, "named", err)


if __name__ == "__main__":
    tap.main(seconds=600)
