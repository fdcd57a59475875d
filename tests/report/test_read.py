# SPDX-License-Identifier: BSD-2-Clause
"""assay report read: files as reporters send them, and as attackers do."""

import base64
import gzip
import io
import json
import os
import re
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
    ("UTF-16, big-endian", b"\xfe\xff" + TWO.decode().encode("utf-16-be")),
    ("UTF-16 without a mark", TWO.decode().encode("utf-16-le")),
    ("empty lines before it", b"\r\n\n  " + TWO),
    ("a mark and empty lines", b"\xef\xbb\xbf\r\n" + TWO),
    ("NULs behind it", gzip.compress(TWO + b"\0" * 500)),
    ("NULs behind the gzip", gzip.compress(TWO) + b"\0" * 500),
    ("a stray line in base64", mail(gzip.compress(TWO)).replace(
        b"BASE64\r\n\r\n", b"base64\r\n\r\n!\r\n--\r\n")),
    ("a file of an unusual name", mail(
        gzip.compress(TWO), 'application/octet-stream; name="a;b.bin"')),
    ("plain text that is XML", mail(TWO, "text/plain; name=r.xml")),
    ("plain text that is gzip", mail(gzip.compress(TWO), "text/plain")),
    ("7bit in a multipart", b"Content-Type: multipart/mixed; boundary=b\n\n"
     b"--b\nContent-Type: text/xml\n\n" + TWO + b"--b--\n"),
    ("a mail as a program gets it", b"From x@two.example Sun Nov 29 10:00:00 "
     b"2026\n" + mail(gzip.compress(TWO), line=b"\n")),
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
    for want in ("164 messages in 2 reports", "1 duplicate reports count once",
                 "1 rows without a usable address",
                 "192.0.2.1  mail.example.org"):
        ok(want in out, "as text: " + want, out)


@tap.test
def mbox():
    """Several mails in a file, and one that is no report."""
    start = b"From x@two.example Sun Nov 29 10:00:00 2026\n"
    files = Files()
    path = files.write("mbox", start + mail(gzip.compress(ONE), line=b"\n") +
                       b"\n" + start + b"Subject: hello\n\nHi.\n\n" + start +
                       mail(zipped(a=TWO), "application/zip", b"\n") + b"\n")
    status, out, err = run("--json", "--no-names", path)
    equal((status, err), (1, "assay: %s: message 2: is no aggregate report\n" %
                          path), "the second one")
    found = json.loads(out)
    equal((found["messages"], len(found["reports"])), (164, 2), "the others")


# What reporters are known to write otherwise than the RFCs say, each with the
# rows that are read: (source, count, disposition, DKIM, SPF, From).
USUAL = ("192.0.2.1", 7, "none", True, False, "example.org")
DEVIATIONS = [
    ("no namespace, version 1", [(b"<version>1.0</version>",
                                  b"<version>1</version>")], {}),
    ("the namespace of RFC 7489's drafts", [(
        b"<feedback>",
        b'<feedback xmlns="http://dmarc.org/dmarc-xml/0.1">')], {}),
    ("a prefix for all", [(b"</", b"</d:"), (b"<f", b"<d:f"),
                          (b"<d:feedback>", b'<d:feedback xmlns:d="u:x">')],
     None),
    ("pct, fo, ri", [(b"<p>none</p>",
                      b"<p>none</p><pct>100</pct><fo>1</fo><ri>1</ri>")], {}),
    ("white space in each element", [(b">192.0.2.1<", b">\n  192.0.2.1\t<"),
                                     (b">7<", b"> 7 <"),
                                     (b">pass<", b">\npass\n<")], {}),
    ("upper case", [(b"<disposition>none", b"<disposition>None"),
                    (b"<dkim>pass", b"<dkim>PASS")], {}),
    ("an unknown disposition", [(b"<disposition>none",
                                 b"<disposition>sampled")],
     {"disposition": "other"}),
    ("hardfail, and unknown as results", [
        (b"<result>fail</result>", b"<result>hardfail</result>"),
        (b"<result>pass</result>", b"<result>unknown</result>")], {}),
    ("a reason without a type", [
        (b"<spf>fail</spf></policy", b"<spf>fail</spf><reason/><reason>x"
         b"</reason><reason><type/></reason></policy")], {}),
    ("forwarded and sampled_out", [
        (b"<spf>fail</spf></policy", b"<spf>fail</spf><reason><type>"
         b"sampled_out</type></reason><reason><type>forwarded</type>"
         b"<comment/></reason></policy")], {}),
    ("no auth_results", [(b"<auth_results>", b"<x>"),
                         (b"</auth_results>", b"</x>")], {}),
    ("a result of HELO without a domain", [
        (b"<spf><domain>example.org</domain>",
         b"<spf><scope>helo</scope>")], {}),
    ("several spf, no selector", [
        (b"<selector>s</selector>", b""), (b"</auth_results>", b"<spf><domain>"
         b"x</domain><result>none</result></spf></auth_results>")], {}),
    ("identities", [(b"identifiers>", b"identities>")], {}),
    ("no identifiers", [(b"identifiers>", b"x>")], {"from": ""}),
    ("auth_results before the row", [
        (b"<record>", b"<record><auth_results><dkim><domain>x</domain>"
         b"<result>none</result></dkim></auth_results>")], {}),
    ("policy_published twice", [
        (b"</policy_published>", b"</policy_published><policy_published>"
         b"<domain>example.org</domain></policy_published>")], {}),
    ("policy_published at the end", [
        (b"<policy_published>", b"<x>"), (b"</policy_published>", b"</x>"),
        (b"</feedback>", b"<policy_published><domain>example.org</domain>"
         b"</policy_published></feedback>")], {}),
    ("no org_name", [(b"<org_name>R</org_name>", b"<org_name/>")],
     {"reporter": "r.example"}),
    ("brackets around the id", [(b">1.2@r.example<",
                                 b">&lt;1.2@r.example&gt;<")], {}),
    ("an error, and a generator", [
        (b"</report_metadata>", b"<error>x</error><error>y</error>"
         b"<generator>g</generator></report_metadata>")], {}),
    ("a comment and an instruction", [
        (b"<row>", b"<!-- x --><?x y?><row>")], {}),
    ("a mapped address", [(b">192.0.2.1<", b">::ffff:192.0.2.1<")], {}),
    ("no declaration", [(b'<?xml version="1.0" encoding="UTF-8"?>\n', b"")],
     {}),
    ("an extension of RFC 9990", [
        (b"</policy_published>", b"</policy_published><extension>"
         b'<x:y xmlns:x="u:x"><row><count>9</count></row></x:y>'
         b"</extension>")], {}),
]
PLAIN = b"""<?xml version="1.0" encoding="UTF-8"?>
<feedback><version>1.0</version><report_metadata><org_name>R</org_name>
<email>d@r.example</email><report_id>1.2@r.example</report_id><date_range>
<begin>1795824000</begin><end>1795910399</end></date_range></report_metadata>
<policy_published><domain>example.org</domain><p>none</p></policy_published>
<record><row><source_ip>192.0.2.1</source_ip><count>7</count><policy_evaluated>
<disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated>
</row><identifiers><header_from>example.org</header_from></identifiers>
<auth_results><dkim><domain>example.org</domain><selector>s</selector>
<result>pass</result></dkim><spf><domain>example.org</domain>
<result>fail</result></spf></auth_results></record></feedback>
"""


@tap.test
def deviations():
    files = Files()
    for name, changes, other in DEVIATIONS:
        text = PLAIN
        if other is None:       # each tag of it
            text = re.sub(rb"<(/?)(\w)", rb"<\1d:\2", text).replace(
                b"<d:feedback", b'<d:feedback xmlns:d="u:x"')
        for old, new in changes if other is not None else []:
            ok(old in text, name + ": is changed", old)
            text = text.replace(old, new)
        status, out, err = run("--json", "--no-names",
                               files.write("f", text))
        equal((status, err), (0, ""), name + ": read")
        found = json.loads(out)
        other = other or {}
        report, = found["reports"]
        equal((report["reporter"], report["report_id"], report["domain"],
               report["begin"], report["bad_rows"]),
              (other.get("reporter", "R"), "1.2@r.example", "example.org",
               1795824000, 0), name + ": the report")
        equal((found["sources"][0]["source"], found["messages"],
               found["dkim"], found["spf"],
               [k for k, v in found["dispositions"].items() if v],
               found["from_domains"][0]["domain"]),
              ("192.0.2.1", 7, 7, 0, [other.get("disposition", "none")],
               other.get("from", "example.org")), name + ": its row")


@tap.test
def the_same_id():
    """Some give one id to each domain, or use it again the next day."""
    files = Files()
    paths = [files.write("1", PLAIN), files.write("2", PLAIN.replace(
        b"<domain>example.org</domain><p>", b"<domain>b.example</domain><p>")),
        files.write("3", PLAIN.replace(b"1795824000", b"1795910400")),
        files.write("4", gzip.compress(PLAIN))]
    _, out, _ = run("--json", "--no-names", *paths)
    found = json.loads(out)
    equal([r["repeated"] for r in found["reports"]],
          [False, False, False, True], "only the same report is a repetition")
    equal(found["messages"], 21, "each counts once")


@tap.test
def many():
    """Memory does not grow with the rows of all reports together."""
    files = Files()
    row = PLAIN[PLAIN.index(b"<record>"):PLAIN.index(b"</feedback>")]
    path = files.write("f", gzip.compress(PLAIN.replace(
        b"</feedback>", row * 100000 + b"</feedback>")))
    program = assaydaemon.command()
    if assaydaemon.is_sanitized(program):
        tap.skip("the memory of many reports", "a sanitizer has its own")
        return
    used = []
    for times in (1, 5):
        status, _, err = run("--json", "--no-names", *[path] * times)
        equal((status, err), (0, ""), "%d times 100,001 rows" % times)
        used.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    ok(used[1] < 1.2 * used[0], "memory: %d KB, then %d KB" % tuple(used))


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
    ("a zip in a zip", zipped(a=zipped(a=TWO)), "is not well-formed"),
    ("many files of 60 MB in a zip", zipped(
        **{"f%d" % n: b"<" + b" " * (60 << 20) for n in range(6)}),
     "is too large"),
    ("an encrypted zip", zipped(a=TWO).replace(
        b"PK\x03\x04\x14\0\0\0", b"PK\x03\x04\x14\0\x01\0").replace(
        b"PK\x01\x02\x14\x03\x14\0\0\0",
        b"PK\x01\x02\x14\x03\x14\0\x01\0"),
     "is not well-formed"),
    ("a word in place of XML", gzip.compress(b"unused"),
     "is not well-formed"),
    ("octets of another encoding", PLAIN.replace(b">R<", b">R\x91<"),
     "is not well-formed"),
    ("UTF-8 that says UTF-16", PLAIN.replace(b"UTF-8", b"UTF-16"),
     "is not well-formed"),
    ("half of UTF-16", PLAIN.decode().encode("utf-16")[:-501],
     "is not well-formed"),
    ("an ampersand", PLAIN.replace(b">R<", b">R & S<"),
     "is not well-formed"),
    ("billions of laughs", b"<!DOCTYPE f [<!ENTITY a \"ha\">" + b"".join(
        b"<!ENTITY a%d \"%s\">" % (n, b"&a%d;" % (n - 1) * 10 if n else
                                    b"&a;" * 10) for n in range(10)) +
     b"]><feedback>&a9;</feedback>", "is"),
    ("a part of a file", b"<!DOCTYPE f [<!ENTITY a SYSTEM "
     b"\"file:///etc/passwd\">]><feedback>&a;</feedback>",
     "has a document type"),
    ("attributes without end", b"<feedback " + b"".join(
        b'a%d="" ' % n for n in range(1000000)), "is not well-formed"),
    ("a long name", b"<feedback><" + b"a" * (20 << 20) + b"/></feedback>",
     "is"),
    ("mails in mails", b"Content-Type: message/rfc822\n\n" * 100000,
     "is no aggregate report"),
    ("parts without end", b"Content-Type: multipart/mixed; boundary=b\n\n" +
     b"--b\n\n" * 100000, "is too large"),
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
        # Some the parser finds bad before we do.
        why = "has a document|is not well" if why == "is" else why
        ok(bad + ": " in err and re.search(why, err), name + ": said", err)
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
    tap.main()
