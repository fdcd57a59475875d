# SPDX-License-Identifier: BSD-2-Clause
"""Aggregate reports of ours, as programs read them that others wrote.

Mail of many kinds goes through the daemon into its store; what `assay report
show` makes of it is read by

  dmarc-cat               in Go
  dmarcts-report-parser   in Perl (XML::Simple), into a PostgreSQL database
  Mail::DMARC             in Perl (XML::LibXML), into a SQLite database

and what they found is held against the XML.  The last one, up to the version
of Debian 13, looks for elements without a namespace, so it gets the text
without it.
"""

import collections
import ipaddress
import json
import os
import re
import sqlite3
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import assaydaemon
import messages
import namespace
import postgres
import signkeys
import tap
from tap import equal, ok

try:
    import dkim
except ImportError:
    tap.skip_all("no python3-dkim")

namespace.prepare(("dmarc-cat",), ("libmail-dmarc-perl",), ("postgresql",),
                  ("dmarcts-report-parser", "libdbd-pg-perl"))

READERS = os.path.join(assaydaemon.top_srcdir(), "tests/lib/readers")
NS = "urn:ietf:params:xml:ns:dmarc-2.0"
DOMAIN = "example.net"
RECORD = "v=DMARC1; p=reject; sp=quarantine; %srua=mailto:d@example.net"

ENFORCED = [
    {"name": "testing", "action": "quarantine",
     "when": {"dmarc": "fail", "dmarc-policy": "reject",
              "dmarc-testing": True}},
    {"name": "reject", "action": "reject",
     "when": {"dmarc": "fail", "dmarc-policy": "reject"}},
    {"name": "quarantine", "action": "quarantine",
     "when": {"dmarc": "fail", "dmarc-policy": "quarantine"}},
]

Row = collections.namedtuple(
    "Row", "ip count disposition dkim spf header_from envelope_from reasons "
    "dkim_results spf_domain spf_result")
Report = collections.namedtuple("Report", "name xml rows")


def zone(key, testing):
    out = dict(messages.plain_zone(), **{
        "_dmarc.example.net": [{"TXT": RECORD % testing}],
        "other.example": [{"TXT": "v=spf1 -all"}],
        "soft.example": [{"TXT": "v=spf1 ~all"}],
        "broken.example": [{"TXT": "v=spf1 nonsense"}]})
    for name in ("s1._domainkey.example.net", "s2._domainkey.esp.example"):
        out[name] = [{"TXT": key.record}]
    return out


def signed(key, *pairs):
    """PLAIN with signatures, the first one on top; "!": a broken one."""
    with open(key.path, "rb") as f:
        pem = f.read()
    head = b""
    for selector, domain in pairs:
        field = dkim.sign(messages.PLAIN, selector.strip("!").encode(),
                          domain.encode(), pem)
        head += field.replace(b"bh=", b"bh=AAAA", 1) \
            if selector.startswith("!") else field
    return head + messages.PLAIN


def send_all(daemon, key):
    """Returns how many there are."""
    deliveries = [
        (3, messages.PLAIN, {}),
        (2, signed(key, ("s1", "example.net"), ("s2", "esp.example")), {}),
        (1, signed(key, ("s2", "esp.example"), ("!s1", "example.net")),
         {"client": "198.51.100.7", "sender": "<x@soft.example>",
          "helo": "a.other.example"}),
        (4, messages.PLAIN.replace(b"@example.net", b"@news.example.net"),
         {"client": "198.51.100.7", "sender": "<x@other.example>",
          "helo": "a.other.example"}),
        (1, messages.PLAIN, {"client": "2001:db8::7", "sender": "<>",
                             "helo": "other.example"}),
        (1, messages.PLAIN, {"client": "2001:db8::8",
                             "sender": "<x@broken.example>",
                             "helo": "other.example"}),
        (1, messages.PLAIN, {"client": "203.0.113.250",
                             "sender": "<x@nothing.example>",
                             "helo": "other.example"}),
    ]
    for count, raw, envelope in deliveries:
        for _ in range(count):
            daemon.send(raw, **envelope)
    return sum(count for count, _, _ in deliveries)


def today():
    return time.strftime("%Y-%m-%d", time.gmtime())


def stored(path):
    """How many messages a store has."""
    try:
        base = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
        try:
            return base.execute(
                "SELECT count(*) FROM assay_message").fetchone()[0]
        finally:
            base.close()
    except sqlite3.OperationalError:
        return -1


def make_report(name, testing, policy):
    """The XML about some mail."""
    folder = assaydaemon.work_folder()
    path = os.path.join(folder, "assay.db")
    key = signkeys.Key(folder, "s1")
    daemon = assaydaemon.Daemon(
        {"store": "sqlite:" + path, "policy": policy}, zone(key, testing),
        folder=folder)
    day = today()
    with daemon:
        count = send_all(daemon, key)
        assaydaemon.wait_for(lambda: stored(path) == count, 60,
                             "%d messages in the store" % count)
    done = assaydaemon.run_command("report", "show", "-c", daemon.path,
                                   "--domain", DOMAIN, "--day", day,
                                   "--org-name", "A & B <mx>")
    equal((done.returncode, done.stderr), (0, b""), name + ": shown")
    rows = rows_of(done.stdout)
    ok(len(rows) >= 7 and sum(row.count for row in rows) == count,
       name + ": %d rows of %d messages" % (len(rows), count))
    return Report(name, done.stdout, rows)


# ---- the XML, by Python's own parser ----

def all_of(node, path):
    return node.findall("/".join("{%s}%s" % (NS, part)
                                 for part in path.split("/")))


def text_of(node, path):
    found = all_of(node, path)
    return (found[0].text or "") if found else ""


def row_of(record):
    told = "row/policy_evaluated/"
    return Row(
        text_of(record, "row/source_ip"), int(text_of(record, "row/count")),
        text_of(record, told + "disposition"),
        text_of(record, told + "dkim"), text_of(record, told + "spf"),
        text_of(record, "identifiers/header_from"),
        text_of(record, "identifiers/envelope_from"),
        [(text_of(reason, "type"), text_of(reason, "comment"))
         for reason in all_of(record, told + "reason")],
        [(text_of(one, "domain"), text_of(one, "selector"),
          text_of(one, "result"))
         for one in all_of(record, "auth_results/dkim")],
        text_of(record, "auth_results/spf/domain"),
        text_of(record, "auth_results/spf/result"))


def rows_of(xml):
    return [row_of(record)
            for record in all_of(ElementTree.fromstring(xml), "record")]


def metadata(report):
    """What each reader can say of the whole."""
    root = ElementTree.fromstring(report.xml)
    return [text_of(root, path) for path in (
        "report_metadata/org_name", "report_metadata/email",
        "report_metadata/report_id", "report_metadata/date_range/begin",
        "report_metadata/date_range/end", "policy_published/domain",
        "policy_published/p", "policy_published/sp", "policy_published/adkim",
        "policy_published/aspf")]


reports = []


@tap.test
def we_write():
    reports.extend([
        make_report("nothing is enforced", "", []),
        make_report("enforced", "", ENFORCED),
        make_report("in testing", "t=y; ", ENFORCED)])
    seen = {row.disposition for r in reports for row in r.rows}
    equal(seen, {"none", "pass", "quarantine", "reject"}, "dispositions")
    seen = {kind for r in reports for row in r.rows
            for kind, _ in row.reasons}
    equal(seen, {"local_policy", "policy_test_mode"}, "kinds of reasons")


# ---- dmarc-cat ----

def cat(report):
    """
    Its lines; it wants the file's name of RFC 7489.  With more than one job
    it now and then shows a source beside another one's row.
    """
    folder = assaydaemon.work_folder()
    name = "mx.example.org!example.net!1!2.xml"
    with open(os.path.join(folder, name), "wb") as f:
        f.write(report.xml)
    done = subprocess.run(["dmarc-cat", "-N", "-j", "1", name], cwd=folder,
                          capture_output=True, text=True, timeout=60,
                          check=False)
    equal((done.returncode, done.stderr), (0, ""), "dmarc-cat: ended well")
    return done.stdout.splitlines()


def utc(text):
    return time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC",
                         time.gmtime(int(text)))


@tap.test
def dmarc_cat():
    for report in reports:
        name = "dmarc-cat, %s: " % report.name
        lines = cat(report)
        (org, email, _, begin, end, domain, policy, _, adkim,
         aspf) = metadata(report)
        for want in ("Reporting by: %s \u2014 %s" % (org, email),
                     "From %s to %s" % (utc(begin), utc(end)),
                     "Domain: " + domain,
                     "Policy: p=%s; dkim=%s; spf=%s" % (policy, adkim, aspf)):
            ok(want in lines, name + want, *lines)
        heading = [i for i, line in enumerate(lines)
                   if line.startswith("IP ")][0]
        columns = [m.start() for m in re.finditer(r"\S+", lines[heading])]
        found = [tuple(line[a:b].strip() for a, b in zip(
            columns, columns[1:] + [None])) for line in lines[heading + 1:]
            if line.strip()]
        # It shows one DKIM signature of a row.
        equal(sorted((ip, int(count), from_, spf)
                     for ip, count, from_, _, _, spf in found),
              sorted((r.ip, r.count, r.header_from, r.spf_result)
                     for r in report.rows), name + "rows", *lines)
        ok(all(any(dkim == result for _, _, result in r.dkim_results) or
               not dkim and not r.dkim_results
               for ip, count, from_, _, dkim, spf in found
               for r in report.rows if (r.ip, r.count, r.header_from,
                                        r.spf_result) ==
               (ip, int(count), from_, spf)), name + "DKIM", *lines)


# ---- Mail::DMARC ----

@tap.test
def mail_dmarc():
    for report in reports:
        name = "Mail::DMARC, %s: " % report.name
        xml = report.xml.replace(b' xmlns="%s"' % NS.encode(), b"", 1)
        done = subprocess.run(
            ["perl", os.path.join(READERS, "report.pl")], input=xml,
            cwd=assaydaemon.work_folder(), capture_output=True, timeout=120,
            check=False)
        if not equal((done.returncode, done.stderr), (0, b""),
                     name + "ended well"):
            continue
        found = json.loads(done.stdout)
        equal([str(found[key]) for key in (
            "org_name", "email", "report_id", "begin", "end", "domain", "p",
            "sp", "adkim", "aspf")], metadata(report), name + "metadata")
        # The disposition "pass" is newer; and of several signatures it
        # repeats the first one.
        equal([(r["ip"], r["count"], r["disposition"], r["dkim"], r["spf"],
                r["header_from"], r["envelope_from"],
                [tuple(reason) for reason in r["reasons"]],
                [tuple(one) for one in r["dkim_results"][:1]],
                len(r["dkim_results"]), r["spf_results"])
               for r in found["rows"]],
              [(r.ip, r.count, r.disposition.replace("pass", "none"), r.dkim,
                r.spf, r.header_from, r.envelope_from, r.reasons,
                r.dkim_results[:1], len(r.dkim_results),
                [[r.spf_domain, "mfrom", r.spf_result]])
               for r in report.rows], name + "rows")


# ---- dmarcts-report-parser ----

SETTINGS = """$debug = 0;
$delete_reports = 0;
$dbtype = 'Pg';
$dbname = 'dmarc';
$dbuser = 'assay';
$dbpass = '';
$dbhost = '%s';
$dbport = '5432';
$imapreadfolder = '';
$maxsize_xml = 50000;
$compress_xml = 0;
1;
"""
# An IPv4 address is a number there, one of IPv6 is its octets.
RECORDS = """
    SELECT ip, encode(ip6, 'hex'), rcount, disposition, dkim_align, spf_align,
        identifier_hfrom, reason, dkimdomain, dkimresult, spfdomain, spfresult
    FROM rptrecord JOIN report USING (serial) WHERE reportid = '%s'
    ORDER BY id"""
WHOLE = """
    SELECT org, email, reportid, extract(epoch FROM mindate)::bigint,
        extract(epoch FROM maxdate)::bigint, domain, policy_p, policy_sp,
        policy_adkim, policy_aspf FROM report WHERE reportid = '%s'"""


def dkim_result(results):
    """Its sum of several: pass if any is, else that of all, or unknown."""
    words = [result for _, _, result in results]
    if "pass" in words:
        return "pass"
    return words[0] if len(set(words)) == 1 else "unknown"


def as_record(row):
    ip = ipaddress.ip_address(row.ip)
    return "|".join([
        str(int(ip)) if ip.version == 4 else "",
        ip.packed.hex() if ip.version == 6 else "", str(row.count),
        row.disposition.replace("pass", "unknown"), row.dkim, row.spf,
        row.header_from, "/".join(kind for kind, _ in row.reasons),
        "/".join(domain for domain, _, _ in row.dkim_results),
        dkim_result(row.dkim_results), row.spf_domain, row.spf_result])


@tap.test
def dmarcts_report_parser():
    server = postgres.Server()
    server.create("dmarc")
    folder = assaydaemon.work_folder()
    # Its option -c has no value: the file's name is then "1".
    with open(os.path.join(folder, "1"), "w") as f:
        f.write(SETTINGS % server.folder)
    for report in reports:
        name = "dmarcts-report-parser, %s: " % report.name
        path = os.path.join(folder, "report.xml")
        with open(path, "wb") as f:
            f.write(report.xml)
        done = subprocess.run(["dmarcts-report-parser", "-c", "-x", path],
                              cwd=folder, capture_output=True, text=True,
                              timeout=120, check=False)
        ok(done.returncode == 0 and "Skipped" not in done.stderr,
           name + "ended well", done.stdout, done.stderr)
        whole = metadata(report)
        equal(server.ask("dmarc", WHOLE % whole[2]).split("|"), whole,
              name + "metadata")
        equal(server.ask("dmarc", RECORDS % whole[2]).splitlines(),
              [as_record(row) for row in report.rows], name + "rows")


if __name__ == "__main__":
    tap.main(by_days=True)
