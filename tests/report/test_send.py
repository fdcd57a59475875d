# SPDX-License-Identifier: BSD-2-Clause
"""assay report send: who gets a report, once, whatever happens between."""

import email
import email.policy
import gzip
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

import assaydaemon
import bounces
import debs
import messages
import postgres
import signkeys
import tap
from tap import equal, ok

SCHEMA = os.path.join(assaydaemon.top_srcdir(),
                      "tests/data/report/rfc9990.xsd")
FROM = "dmarc@ours.example"
# The last day that is to be closed.
LAST = int(time.time()) // 86400 - (2 if time.time() % 86400 < 3600 else 1)
RUA = "d@example.net"

# Takes a mail into a folder of its own, then does what a file says.
SENDMAIL = """\
#!/bin/sh
to=$(mktemp -d %(folder)s/mails/XXXXXX)
printf '%%s\\n' "$@" > $to/arguments
cat > $to/mail.part
mv $to/mail.part $to/mail
if [ -e %(folder)s/then ]; then . %(folder)s/then; fi
exit 0
"""


def zone(rua="mailto:" + RUA, policy="reject", **more):
    out = dict(messages.plain_zone(), **{
        "_dmarc.example.net": [{"TXT": "v=DMARC1; p=%s; rua=%s" %
                                (policy, rua)}],
        "_dmarc.other.example": [{"TXT": "v=DMARC1; p=none; "
                                  "rua=mailto:r@other.example"}]})
    out.update(more)
    return out


def execute(path, query, *values):
    base = sqlite3.connect(path, timeout=30)
    try:
        got = base.execute(query, values).fetchall()
        base.commit()
        return got
    finally:
        base.close()


OURS = (b"From: Carol <carol@ours.example>\r\n"
        b"To: Alice <alice@%s>\r\nSubject: hi\r\n"
        b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
        b"Message-ID: <2@ours.example>\r\n\r\nHello.\r\n")


def fill(daemon, count):
    """Mail from two domains; our users write to one of them."""
    for _ in range(3):
        daemon.send(messages.PLAIN)
    daemon.send(messages.PLAIN, client="198.51.100.7",
                sender="<x@other.example>", helo="a.other.example")
    daemon.send(messages.PLAIN.replace(b"example.net", b"other.example"),
                client="198.51.100.7", sender="<x@other.example>",
                helo="a.other.example")
    daemon.send(OURS % b"example.net", client="127.0.0.1",
                sender="<carol@ours.example>", helo="localhost",
                recipients=("<alice@example.net>",))
    assaydaemon.wait_for(lambda: count() == 6, 40, "6 messages")


class Template:
    """A store that a daemon has filled, on the last closed day."""

    def __init__(self):
        folder = assaydaemon.work_folder()
        self.path = os.path.join(folder, "assay.db")
        with assaydaemon.Daemon({"store": "sqlite:" + self.path}, zone(),
                                folder=folder) as daemon:
            fill(daemon, self.count)
        execute(self.path, "PRAGMA wal_checkpoint(TRUNCATE)")
        execute(self.path, "UPDATE assay_policy SET day = ?", LAST)

    def count(self):
        try:
            return execute(self.path,
                           "SELECT count(*) FROM assay_message")[0][0]
        except sqlite3.OperationalError:
            return -1


class World:
    """A copy of it, a configuration, and a sendmail."""

    def __init__(self, config=None, records=None, store=None):
        self.folder = assaydaemon.work_folder()
        self.path = os.path.join(self.folder, "assay.db")
        if store is None:
            shutil.copy(template.path, self.path)
        self.store = store or "sqlite:" + self.path
        os.mkdir(os.path.join(self.folder, "mails"))
        self.sendmail = self.write("sendmail", SENDMAIL %
                                   {"folder": self.folder})
        os.chmod(self.sendmail, 0o755)
        key = signkeys.Key(self.folder, "s1")
        self.daemon = assaydaemon.Daemon(None, None, folder=self.folder)
        self.base = {"store": self.store, "report": {
            "from": FROM, "sendmail": self.sendmail, "pause": "0s",
            "timeout": "20s"}, "sign": [
                {"domains": ["ours.example"],
                 "keys": [{"selector": "s1", "file": key.path}]}]}
        self.configure(config, records)

    def configure(self, config=None, records=None):
        self.daemon.configure(assaydaemon.merged(self.base, config or {}),
                              zone() if records is None else records)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        return path

    def then(self, text):
        """What sendmail does when it has read a mail."""
        self.write("then", text + "\n")

    def arguments(self, *more):
        return [assaydaemon.command(), "report", "send", "-c",
                self.daemon.path] + list(more)

    def send(self, *more):
        done = subprocess.run(self.arguments(*more), text=True, timeout=120,
                              capture_output=True, check=False)
        ok(not any(mark in done.stderr
                   for mark in assaydaemon.SANITIZER_MARKS),
           "no sanitizer report", done.stderr[-3000:])
        return done.returncode, done.stdout, done.stderr

    def sent(self, status=0, *more):
        """The same, with its lines; the status is a test point."""
        got, out, err = self.send(*more)
        equal(got, status, "exit status " + " ".join(more), out, err)
        return out.splitlines()

    def list(self, *more):
        done = subprocess.run([assaydaemon.command(), "report", "list", "-c",
                               self.daemon.path] + list(more), text=True,
                              timeout=60, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False)
        return done.returncode, done.stdout

    def mails(self):
        """[(arguments, message)] in the order of their time."""
        folder = os.path.join(self.folder, "mails")
        found = []
        for name in os.listdir(folder):
            path = os.path.join(folder, name, "mail")
            if os.path.exists(path):
                found.append((os.stat(path).st_mtime_ns, path))
        out = []
        for _, path in sorted(found):
            with open(path, "rb") as f:
                raw = f.read()
            with open(os.path.join(os.path.dirname(path), "arguments"),
                      encoding="ascii") as f:
                out.append((f.read().split("\n")[:-1], raw))
        return out

    def recipients(self):
        return sorted(arguments[-1] for arguments, _ in self.mails())

    def deliveries(self):
        return execute(self.path, "SELECT destination, state, tries "
                       "FROM assay_delivery ORDER BY destination")

    def policies(self):
        return [row[0] for row in execute(
            self.path, "SELECT domain FROM assay_policy ORDER BY domain")]

    def rows_of(self, domain):
        return execute(self.path, "SELECT count(*) FROM assay_row r "
                       "JOIN assay_policy p ON p.id = r.policy "
                       "WHERE p.domain = ?", domain)[0][0]

    def later(self):
        """The time of the next try has come."""
        execute(self.path, "UPDATE assay_delivery SET next = 0")


def parts(raw):
    """The parsed message, and the XML in it."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    attached = [part for part in message.walk()
                if part.get_content_type() == "application/gzip"]
    equal(len(attached), 1, "one report in it")
    return message, attached[0].get_filename(), \
        gzip.decompress(attached[0].get_payload(decode=True))


def check_valid(xml):
    done = subprocess.run(["xmllint", "--noout", "--schema", SCHEMA, "-"],
                          input=xml, capture_output=True, check=False)
    ok(done.returncode == 0, "valid by RFC 9990", done.stderr, xml[:3000])


def read_back(raw):
    done = subprocess.run([assaydaemon.command(), "report", "read", "--json",
                           "--no-names", "-"], input=raw, timeout=60,
                          capture_output=True, check=False)
    equal(done.returncode, 0, "read back", done.stderr)
    return json.loads(done.stdout)


@tap.test
def one_report():
    """What arrives, how it is handed over, and what is left."""
    world = World({"report": {"org-name": 'Ours "and" theirs',
                              "contact": "post@ours.example",
                              "extra-contact": "https://ours.example/"}})
    lines = world.sent()
    equal(len(lines), 2, "a line for the report, and a sum", lines)
    ok(re.fullmatch(r"\d{4}-\d\d-\d\d example\.net [0-9a-f]{16} "
                    r"d@example\.net: sent", lines[0]), lines[0])
    equal(lines[1], "reports: 1 sent, 1 not in report.to", "the sum")
    equal(len(world.mails()), 1, "one mail")
    arguments, raw = world.mails()[0]
    equal(arguments, ["-i", "-f", FROM, "--", RUA], "how it is handed over")
    message, name, xml = parts(raw)
    identity = lines[0].split()[2].rstrip(":")
    begin = int(re.search(rb"<begin>(\d+)", xml).group(1))
    equal((begin % 86400, int(re.search(rb"<end>(\d+)", xml).group(1))),
          (0, begin + 86399), "a day in UTC")
    equal(name, "ours.example!example.net!%d!%d!%s.xml.gz" %
          (begin, begin + 86399, identity), "the name of the file")
    equal(message["Subject"], "Report Domain: example.net Submitter: "
          "ours.example Report-ID: <%s>" % identity, "the subject")
    equal(message["From"], '"Ours \\"and\\" theirs" <%s>' % FROM, "From")
    equal(message["To"], RUA if "<" not in message["To"] else
          "<%s>" % RUA, "To")
    ok(re.fullmatch(r"<%s-[0-9a-f]{16}@ours.example>" % identity,
                    message["Message-ID"]), message["Message-ID"])
    equal(message["Auto-Submitted"], "auto-generated", "Auto-Submitted")
    ok(abs(message["Date"].datetime.timestamp() - time.time()) < 300, "Date")
    equal(message.get_content_type(), "multipart/mixed", "its type")
    check_valid(xml)
    for want in (b"<report_id>%s</report_id>" % identity.encode(),
                 b"<email>post@ours.example</email>",
                 b"<extra_contact_info>https://ours.example/"):
        ok(want in xml, want)
    got = read_back(raw)
    equal((got["messages"], got["passed"]), (4, 3), "messages")
    equal(world.deliveries(), [(RUA, "sent", 1)], "the delivery")
    equal((world.policies(), world.rows_of("example.net")),
          (["other.example"], 0), "its rows are gone")
    ok(world.rows_of("other.example") > 0, "those of others are not")
    equal(world.sent(), ["reports: 1 not in report.to"], "once")
    equal(len(world.mails()), 1, "no second mail")
    shown = subprocess.run(
        [assaydaemon.command(), "report", "show", "-c", world.daemon.path,
         "--domain", "other.example"], capture_output=True, text=True)
    equal(shown.returncode, 0, "the other one can be shown")


@tap.test
def comes_back_at_once():
    """The bounce is there before sendmail has ended."""
    for status in (0, 75, 67):
        world = World({"report": {"bounce": "back@ours.example"}})
        with open(os.path.join(world.folder, "notice"), "wb") as f:
            f.write(bounces.notice("@SENDER@"))
        world.then("sed s/@SENDER@/$3/ %s/notice | %s report bounce -c %s "
                   ">>%s/said || exit 70\nexit %d" % (
                       world.folder, assaydaemon.command(),
                       world.daemon.path, world.folder, status))
        lines = world.sent(1)
        with open(os.path.join(world.folder, "said"), encoding="ascii") as f:
            ok("to d@example.net was refused" in f.read(), "the bounce")
        ok(lines[0].endswith("d@example.net: refused: it came back"),
           "exit %d: said" % status, lines)
        equal(world.deliveries(), [(RUA, "refused", 1)], "noted")
        equal(execute(world.path, "SELECT error FROM assay_delivery"),
              [("5.1.1: 550 5.1.1 no such user",)], "why")
        ok("example.net" not in world.policies(), "nothing is open")
        world.sent(0, "--retry")
        equal(len(world.mails()), 1, "no second mail")


@tap.test
def came_back_later():
    """A bounce of a try that did not count, while the next one begins."""
    world = World()
    world.then("exit 75")
    world.sent(75)
    world.then("exit 0")
    world.later()
    # The lease is made longer for the report, and again for the mail.
    execute(world.path, "CREATE TRIGGER came BEFORE UPDATE ON assay_lease "
            "BEGIN UPDATE assay_delivery SET state = 'refused' "
            "WHERE error = 'marked'; "
            "UPDATE assay_delivery SET error = 'marked'; END")
    lines = world.sent(1)
    ok(lines[0].endswith("d@example.net: refused: it came back"), "said",
       lines)
    equal(len(world.mails()), 1, "no second mail")
    equal(world.deliveries(), [(RUA, "refused", 1)], "it stays refused")
    ok("example.net" not in world.policies(), "nothing is open")


@tap.test
def listed():
    """assay report list: what was sent, to whom, and the answers."""
    world = World(None, zone("mailto:d@example.net,mailto:b@example.net,"
                             "mailto:c@example.net"))
    equal(world.list(), (0, "no report was sent\n2 reports are still in the "
                         "store: assay report send --dry-run says why\n"),
          "before")
    world.then("case $5 in b@*) echo full; exit 75;; c@*) exit 67;; esac")
    world.sent(1)
    got, out = world.list()
    equal(got, 0, "exit status", out)
    lines = out.splitlines()
    begin = r"^\d{4}-\d\d-\d\d example\.net [0-9a-f]{16} "
    when = r" \d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*, 4 messages"
    for line, want in zip(lines, (
            begin + r"b@example\.net: to be tried again" + when +
            r", next .*: exit status 75: full$",
            begin + r"c@example\.net: refused" + when + ": exit status 67$",
            begin + r"d@example\.net: sent" + when + "$",
            "^deliveries: 1 sent, 1 to be tried again, 1 refused$",
            "^2 reports are still in the store")):
        ok(re.search(want, line), want, line)
    value = json.loads(world.list("--json", "--domain", "EXAMPLE.net")[1])
    equal([(x["to"], x["state"], x["domain"], x["messages"], x["tries"],
            x["why"]) for x in value["deliveries"]],
          [("b@example.net", "later", "example.net", 4, 1,
            "exit status 75: full"),
           ("c@example.net", "refused", "example.net", 4, 1,
            "exit status 67"),
           ("d@example.net", "sent", "example.net", 4, 1, None)], "as JSON")
    equal((value["sent"], value["later"], value["refused"],
           value["open_reports"]), (1, 1, 1, 1), "its sums")
    ok(value["deliveries"][0]["next"] > time.time() and
       "next" not in value["deliveries"][2], "the next try")
    world.then("exit 0")
    world.later()
    world.sent()
    ok("example.net" not in world.policies(), "all is done")
    got, out = world.list("--domain", "example.net")
    ok("deliveries: 2 sent, 1 refused" in out and "in the store" not in out,
       "what is done is listed all the same", out)
    execute(world.path, "UPDATE assay_delivery SET day = day - 8")
    ok("no report was sent" in world.list()[1], "a week")
    ok("2 sent" in world.list("--since", "30d")[1], "longer")
    equal(world.list("--since", "x")[0], 64, "--since x")
    equal(world.list("--domain", "a..b")[0], 64, "--domain a..b")
    equal(world.list("x")[0], 64, "an argument")


@tap.test
def dry_run():
    world = World({"report": {"to": "all"}})
    before = execute(world.path, "SELECT * FROM assay_meta")
    lines = world.sent(0, "--dry-run")
    ok(re.search(r"d@example\.net: would be sent: 2 rows, 4 messages, "
                 r"\d+ octets$", lines[0]), lines[0])
    ok(lines[1].endswith("r@other.example: not in report.to"),
       "a domain that only others write as", lines)
    equal((world.mails(), world.deliveries()), ([], []), "nothing is sent")
    equal((execute(world.path, "SELECT * FROM assay_meta"),
           execute(world.path, "SELECT * FROM assay_lease")), (before, []),
          "nor noted")
    got, out, _ = world.send("--dry-run", "--json")
    value = json.loads(out)
    equal((got, [x["outcome"] for x in value["reports"]]),
          (0, ["would be sent", "not in report.to"]), "as JSON")


@tap.test
def which_day():
    world = World()
    today = time.strftime("%Y-%m-%d", time.gmtime())
    for bad in (today, "2999-01-01", "2026-02-30", "yesterday"):
        got, out, err = world.send("--day", bad)
        equal((got, out), (64, ""), "--day " + bad, err)
    equal(world.send("--domain", "a..b")[0], 64, "--domain a..b")
    equal(world.sent(0, "--day", "2026-01-01"), ["reports: nothing to send"],
          "a day without mail")
    equal(world.sent(0, "--domain", "other.example"),
          ["reports: 1 not in report.to"], "another domain")
    execute(world.path, "UPDATE assay_policy SET day = day - 2")
    equal(len(world.sent()), 2, "three days ago")
    world = World()
    execute(world.path, "UPDATE assay_policy SET day = day - 3")
    equal(world.sent(), ["reports: nothing to send"], "four days ago: late")
    day = execute(world.path, "SELECT day FROM assay_policy")[0][0]
    lines = world.sent(0, "--day", time.strftime(
        "%Y-%m-%d", time.gmtime(day * 86400)))
    ok(": sent" in lines[0], "but for who asks for it", lines)


@tap.test
def who_gets_one():
    for config, want in (
            ({}, [RUA]),
            ({"to": "processors"}, []),
            ({"to": "processors", "processors": "other.example"},
             ["r@other.example"]),
            ({"processors": ["*.example", "other.example"]},
             [RUA, "r@other.example"]),
            ({"to": ["processors", "correspondents"], "since": "1d"}, [RUA]),
            ({"to": "all"}, [RUA]),
            ({"opt-out": ["example.net"]}, []),
            ({"opt-out": [RUA]}, []),
            ({"opt-out": ["*.example.net", "d@example.com"]}, [RUA])):
        world = World({"report": config})
        world.sent()
        equal(world.recipients(), want, json.dumps(config))
    world = World()
    execute(world.path, "UPDATE assay_correspondent SET day = day - 91")
    world.sent()
    equal(world.recipients(), [], "written to 91 days ago")
    for name, want in (("net.example.mail", [RUA]), ("net.example-2", []),
                       ("net", [])):
        world = World()
        execute(world.path, "UPDATE assay_correspondent SET name = '%s'" %
                name)
        world.sent()
        equal(world.recipients(), want, "only written to " + name)


@tap.test
def related():
    """To whom our users wrote, and whose policy it is."""
    for policy, written, want in (
            ("news.other.example", "other.example", 1),
            ("other.example", "mail.other.example", 1),
            ("news.other.example", "www.other.example", 1),
            ("a.b.c.other.example", "other.example", 1),
            ("other.example", "xother.example", 0),
            ("other.example", "example", 0),
            ("x.co.example", "y.co.example", 0)):
        world = World(None, dict(zone(), **{
            "_dmarc." + policy: [{"TXT": "v=DMARC1; p=none; "
                                  "rua=mailto:r@" + policy}],
            "_dmarc.co.example": [{"TXT": "v=DMARC1; p=none; psd=y"}]}))
        execute(world.path, "DELETE FROM assay_policy WHERE domain = "
                "'example.net'")
        execute(world.path, "UPDATE assay_policy SET domain = ?", policy)
        execute(world.path, "UPDATE assay_correspondent SET name = ?",
                ".".join(reversed(written.split("."))))
        lines = world.sent()
        equal(world.recipients(), ["r@" + policy] * want,
              "%s, written to %s" % (policy, written), lines)


@tap.test
def where_it_goes():
    """All addresses of the record, others only where they have agreed."""
    records = zone("mailto:a@example.net!10m,https://x.example/,"
                   "mailto:b@yes.example,mailto:c@no.example,"
                   "mailto:a@example.net,mailto:d@away.example", **{
                       "example.net._report._dmarc.yes.example":
                       [{"TXT": "v=DMARC1"}],
                       "example.net._report._dmarc.away.example":
                       ["TIMEOUT"]})
    world = World({"limits": {"deadline": "2s"},
                   "resolver": {"timeout": "100ms", "tries": 1}}, records)
    lines = world.sent(75)
    equal(world.recipients(), ["a@example.net", "b@yes.example"], "to whom")
    ok(any("c@no.example: for nobody: its host has not agreed" in line
           for line in lines), "one has not agreed", lines)
    ok(any("d@away.example: to be tried again: DNS" in line
           for line in lines), "one is not known", lines)
    ok(world.rows_of("example.net") > 0, "the rows stay")
    records["example.net._report._dmarc.away.example"] = [{"TXT": "v=DMARC1"}]
    world.configure(None, records)
    world.sent()
    equal(world.recipients(), ["a@example.net", "b@yes.example",
                               "d@away.example"], "each once")
    equal(world.rows_of("example.net"), 0, "then they go")
    ids = {parts(raw)[1] for _, raw in world.mails()}
    equal(len(ids), 1, "the same report")


@tap.test
def no_record():
    gone = zone()
    del gone["_dmarc.example.net"]
    for records, status, words, kept in (
            (gone, 0, "for nobody: the domain has no record any more", 0),
            (zone("https://x.example/"), 0, "for nobody: its record has no "
             "usable address", 0),
            (zone("mailto:c@no.example"), 0, "has not agreed", 0),
            (dict(zone(), **{"_dmarc.example.net": [{"RCODE": 2}]}), 75,
             "to be tried again: DNS did not say who gets it", 1)):
        world = World(None, records)
        lines = world.sent(status)
        ok(words in lines[0], words, lines)
        equal((world.mails(), int(world.rows_of("example.net") > 0)),
              ([], kept), "no mail, and its rows")


@tap.test
def trouble_of_the_host():
    """What is not the destination's fault is tried again, later and later."""
    for text, why in (
            ("echo 'queue is full' >&2; exit 75",
             "exit status 75: queue is full"),
            ("exit 78", "exit status 78"), ("kill -9 $$", "signal 9"),
            ("exit 127", "exit status 127")):
        world = World()
        world.then(text)
        lines = world.sent(75)
        ok("d@example.net: to be tried again: " in lines[0] and
           why in lines[0], text, lines)
        equal(world.deliveries(), [(RUA, "later", 1)], "noted")
        equal(world.sent(), ["reports: 1 waiting, 1 not in report.to"],
              "not at once")
        equal(len(world.mails()), 1, "no mail meanwhile")
    world.then("exit 75")
    waits = []
    for _ in range(6):
        world.later()
        world.sent(75)
        at, after = execute(world.path,
                            "SELECT at, next FROM assay_delivery")[0]
        waits.append((after - at) // 3600)
    equal(waits, [2, 4, 8, 16, 16, 16], "hours until the next try")
    world.then("")
    world.sent(0, "--retry")
    equal(world.deliveries(), [(RUA, "sent", 8)], "in the end")
    ids = {(parts(raw)[1], parts(raw)[0]["Message-ID"])
           for _, raw in world.mails()}
    equal(len(ids), 1, "the same file and Message-ID at each try")
    world = World({"report": {"sendmail": "/absent/sendmail"}})
    ok("/absent/sendmail: No such file" in world.sent(75)[0], "not there")


@tap.test
def it_hangs():
    world = World({"report": {"timeout": "1s"}})
    world.then("sleep 100 & wait")
    begun = time.monotonic()
    lines = world.sent(75)
    ok("it did not end within 1 s" in lines[0], "said", lines)
    ok(time.monotonic() - begun < 60, "it is not waited for")
    world.write("sendmail", "#!/bin/sh\nexec sleep 100\n")
    ok("within 1 s" in world.sent(75, "--retry")[0], "it reads nothing")
    world.configure({"report": {"timeout": "20s"}})
    world.write("sendmail", "#!/bin/sh\nexit 0\n")
    status, out, _ = world.send("--retry")
    ok((status, "before it had read" in out) in ((75, True), (0, False)),
       "it has not read all, or the pipe took it", out)


@tap.test
def refused():
    world = World()
    world.then("echo 'no such thing\x07' ; exit 69")
    lines = world.sent(1)
    ok("refused: exit status 69: no such thing?" in lines[0], lines[0])
    equal(world.deliveries(), [(RUA, "refused", 1)], "noted")
    equal(world.rows_of("example.net"), 0, "it is not tried again")
    equal(world.sent(), ["reports: 1 not in report.to"], "never")
    equal(execute(world.path, "SELECT * FROM assay_suppression"), [],
          "that is no reason to leave it alone")
    world = World()
    world.then("exit 67")
    world.sent(1)
    ((who, until),) = execute(world.path, "SELECT destination, until "
                              "FROM assay_suppression")
    equal((who, round((until - time.time()) / 86400)), (RUA, 7),
          "nobody there: a week")


@tap.test
def given_up():
    """A report that cannot be handed over for days."""
    world = World()
    world.then("exit 75")
    world.sent(75)
    execute(world.path, "UPDATE assay_policy SET day = day - 3")
    execute(world.path, "UPDATE assay_delivery SET day = day - 3, next = 0")
    lines = world.sent(1)
    ok(lines[0].endswith("d@example.net: given up: its time is over"),
       "said", lines)
    equal((world.deliveries(), world.policies()),
          ([(RUA, "refused", 1)], ["other.example"]),
          "noted, its rows are gone")
    equal(world.sent(), ["reports: nothing to send"], "once")


@tap.test
def suppressed():
    now = int(time.time())
    for who, until, want in ((RUA, now + 3600, []), (RUA, now - 1, [RUA]),
                             ("example.net", now + 3600, []),
                             ("x@example.net", now + 3600, [RUA])):
        world = World()
        execute(world.path, "INSERT INTO assay_suppression VALUES "
                "(?, ?, 1, 'a bounce')", who, until)
        lines = world.sent()
        equal(world.recipients(), want, "%s is left alone" % who, lines)
        equal(world.rows_of("example.net"), 0, "there is nothing to wait for")
        equal(world.deliveries()[0][1], "sent" if want else "suppressed",
              "noted")


@tap.test
def tagged():
    """An envelope sender for each."""
    world = World({"report": {"bounce": "b@bounces.example"}},
                  zone("mailto:a@example.net,mailto:b@example.net"))
    world.sent()
    senders = [arguments[2] for arguments, _ in world.mails()]
    equal(len(set(senders)), 2, "one for each destination", senders)
    for (_, raw), sender in zip(world.mails(), senders):
        tag = re.fullmatch(r"b\+([0-9a-f]{16}-[0-9a-f]{16})@bounces\.example",
                           sender)
        ok(tag and email.message_from_bytes(raw)["Message-ID"] ==
           "<%s@ours.example>" % tag.group(1), "as its Message-ID", sender)


@tap.test
def killed():
    """SIGKILL between the hand-over and the note: once more, the same."""
    world = World()
    world.then("kill -9 $PPID; exit 0")
    got = world.send()[0]
    equal(got, -signal.SIGKILL, "killed")
    equal((len(world.mails()), world.deliveries()), (1, [(RUA, "sending",
                                                         1)]), "under way")
    world.then("")
    status, out, err = world.send()
    equal((status, out), (0, ""), "its lease lasts")
    ok("another sender is at work" in err, "which is said", err)
    execute(world.path, "UPDATE assay_lease SET until = ?",
            int(time.time()))
    equal(world.sent(), ["reports: 1 waiting, 1 not in report.to"],
          "its next try is later")
    world.later()
    world.sent()
    one, two = (parts(raw) for _, raw in world.mails())
    equal((one[0]["Message-ID"], one[1:]), (two[0]["Message-ID"], two[1:]),
          "the same report once more")
    world.sent()
    equal(len(world.mails()), 2, "and no more")


@tap.test
def killed_anywhere():
    """At times that nobody chooses: at most one mail more, and it ends."""
    for delay in (0.0, 0.01, 0.02, 0.04, 0.08):
        world = World()
        process = subprocess.Popen(world.arguments(),
                                   stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        execute(world.path, "DELETE FROM assay_lease")
        world.later()
        world.sent()
        ok(1 <= len(world.mails()) <= 2, "%s s: mails" % delay,
           len(world.mails()))
        equal(world.deliveries(), [(RUA, "sent", world.deliveries()[0][2])],
              "sent")


@tap.test
def stopped():
    """SIGTERM: the mail in hand is noted, and the lease is free."""
    world = World(None, zone("mailto:a@example.net,mailto:b@example.net"))
    world.then("kill -TERM $PPID; exit 0")
    world.sent(75)
    equal(world.deliveries(), [("a@example.net", "sent", 1)], "one is sent")
    equal(execute(world.path, "SELECT * FROM assay_lease"), [],
          "no lease is left")
    world.then("")
    world.sent()
    equal(world.recipients(), ["a@example.net", "b@example.net"],
          "the other one later")


@tap.test
def taken_over():
    """Who is stopped for longer than its lease leaves the rest to others."""
    world = World(None, zone("mailto:a@example.net,mailto:b@example.net"))
    world.then("python3 -c 'import sqlite3; b = sqlite3.connect(\"%s\"); "
               "b.execute(\"UPDATE assay_lease SET owner = 1, "
               "until = 99999999999\"); b.commit()'" % world.path)
    status, out, err = world.send()
    equal((status, world.recipients()), (75, ["a@example.net"]),
          "it ends", out, err)
    ok("another sender has taken over" in err, "said", err)
    equal(execute(world.path, "SELECT owner FROM assay_lease"), [("1",)],
          "the lease of the other stays")


@tap.test
def addresses():
    """A record that names others each hour: at the limit, one past it."""
    for there, want in ((63, ["new@example.net"]), (64, [])):
        world = World(None, zone("mailto:new@example.net"))
        policy, day = execute(world.path, "SELECT id, day FROM assay_policy "
                              "WHERE domain = 'example.net'")[0]
        for i in range(there):
            execute(world.path, "INSERT INTO assay_delivery VALUES "
                    "(?, ?, ?, 'sent', 1, 0, 0, '', '', 0)", policy,
                    "a%d@example.net" % i, day)
        lines = world.sent(0 if want else 1)
        equal(world.recipients(), want, "%d were there" % there, lines)
        equal(world.rows_of("example.net"), 0, "it is done with")


def add_rows(world, count, passed=True):
    """Rows of example.net, each from an address of its own."""
    policy = execute(world.path, "SELECT id FROM assay_policy WHERE domain = "
                     "'example.net'")[0][0]
    client = bytes((192, 0, 2, 1))
    body = [row[0] for row in execute(
        world.path, "SELECT body FROM assay_row WHERE policy = ?", policy)
            if client in row[0]][0]
    at = body.index(client)
    if not passed:
        execute(world.path, "DELETE FROM assay_row WHERE policy = ?", policy)
        # DMARC's results of DKIM and SPF: fields 23 and 22.
        body = body.replace(b"\x17\x04pass", b"\x17\x04fail").replace(
            b"\x16\x04pass", b"\x16\x04fail")
    base = sqlite3.connect(world.path)
    for i in range(count):
        base.execute("INSERT INTO assay_row VALUES (?, ?, '', 1, ?)",
                     (policy, os.urandom(12) + b"%04d" % (i % 10000),
                      body[:at] + os.urandom(4) + body[at + 4:]))
    base.execute("UPDATE assay_policy SET amount = (SELECT count(*) FROM "
                 "assay_row WHERE policy = id), messages = (SELECT "
                 "sum(count) FROM assay_row WHERE policy = id) WHERE id = ?",
                 (policy,))
    base.commit()
    base.close()
    return policy


def octets_of(raw):
    """The body's, as the limit has them."""
    return len(raw) - raw.index(b"\n\n") - 2


@tap.test
def too_large():
    """Several reports of one, each row in one of them."""
    for rua, limit, most in (
            ("mailto:" + RUA, "64K", 64 << 10),
            ("mailto:" + RUA + "!100k", "9M", 100 << 10),
            ("mailto:%s!9m,mailto:b@example.net!80K" % RUA, "9M", 80 << 10)):
        world = World({"report": {"size-limit": limit}}, zone(rua))
        add_rows(world, 20000)
        before = execute(world.path, "SELECT sum(count), count(*) FROM "
                         "assay_row r JOIN assay_policy p ON p.id = r.policy "
                         "WHERE domain = 'example.net'")[0]
        dry = world.sent(0, "--dry-run")
        count = int(re.search(r"20002 rows, in about (\d+) reports",
                              dry[0]).group(1))
        lines = world.sent()
        said = re.search(r": split: into (\d+) reports, since its mail would "
                         r"have more than %d octets" % most, lines[0])
        ok(said and 1 < int(said.group(1)) == count, "said", lines[:2], dry)
        mails = [raw for arguments, raw in world.mails()
                 if arguments[-1] == RUA]
        equal(len(mails), count, "as many mails")
        ok(max(map(octets_of, mails)) <= most,
           "each within " + limit, [octets_of(raw) for raw in mails])
        names, got, rows = set(), 0, 0
        for raw in mails:
            message, name, xml = parts(raw)
            identity = re.search(rb"<report_id>(.*)</", xml).group(1).decode()
            ok(identity in name and identity in message["Subject"],
               "an id of its own")
            names.add(name)
            check_valid(xml)
            got += sum(map(int, re.findall(rb"<count>(\d+)</", xml)))
            rows += xml.count(b"<record>")
        equal((len(names), (got, rows)), (count, before), "all rows, once")
        equal(world.rows_of("example.net"), 0, "nothing is left")
        ok("example.net" not in world.policies(), "nor a policy")
        equal(len(world.deliveries()), len(world.mails()), "each noted")
        world.sent()
        equal(len(mails), count, "and not again")


@tap.test
def too_large_for_some():
    """A limit that nobody can mean, and reports that stay as they are."""
    world = World(None, zone("mailto:" + RUA + "!63k"))
    add_rows(world, 20000)
    world.sent()
    equal(len(world.mails()), 1, "a limit that is too small is none")
    world = World({"report": {"size-limit": "64K"}})
    add_rows(world, 20000)
    world.then("if [ $(ls %s/mails | wc -l) = 2 ]; then exit 75; fi" %
               world.folder)
    world.sent(75)
    world.later()
    world.sent()
    ids = [re.search(rb"Report-ID: <(.*)>", raw).group(1)
           for _, raw in world.mails()]
    equal(len(ids), len(set(ids)) + 1, "one part was tried again")
    twice = [raw[raw.index(b"\n\n"):] for _, raw in world.mails()
             if ids.count(re.search(rb"Report-ID: <(.*)>", raw).group(1)) > 1]
    equal(twice[0], twice[1], "the same octets")
    world = World()
    add_rows(world, 20000)
    world.then("exit 75")
    world.sent(75)
    world.configure({"report": {"size-limit": "64K"}})
    world.later()
    lines = world.sent(1)
    ok("given up: larger than report.size-limit" in lines[0],
       "what was tried stays one report", lines)
    equal(world.rows_of("example.net"), 0, "not sent, and not tried again")


@tap.test
def too_large_for_nobody():
    """Only where it goes to somebody: a domain that others write as."""
    for passed in (False, True):
        world = World({"report": {"size-limit": "64K", "to": "all"}})
        execute(world.path, "DELETE FROM assay_correspondent")
        policy = add_rows(world, 20000, passed=False)
        if passed:
            execute(world.path, "UPDATE assay_row SET body = CAST(replace("
                    "body, X'1704' || 'fail', X'1704' || 'pass') AS BLOB) "
                    "WHERE policy = ? AND key = (SELECT max(key) FROM "
                    "assay_row WHERE policy = ?)", policy, policy)
        lines = world.sent()
        equal(any("split" in line for line in lines), passed,
              "one row has passed" if passed else "none has", lines)
        ok((len(world.mails()) > 1) == passed, "and it is sent")


@tap.test
def configured():
    world = World()
    world.configure({"report": {"from": None}})
    status, out, err = world.send()
    equal((status, out), (78, ""), "without from")
    ok("report.from is not set" in err, "said", err)
    world.configure({"store": None})
    equal(world.send()[0], 78, "without a store")
    world.configure({"sign": None})
    status, _, err = world.send("--dry-run")
    ok(status == 0 and "reports are not signed" in err, "unsigned", err)
    world.configure({"store": "sqlite:/absent/x.db"})
    status, out, err = world.send()
    equal(status, 66, "a store that is not there", err)
    world.configure()
    os.chmod(world.path, 0o444)
    execute(template.path, "SELECT 1")
    base = sqlite3.connect(world.path)
    base.execute("BEGIN EXCLUSIVE")
    begun = time.monotonic()
    status, out, err = world.send()
    base.close()
    ok(status in (66, 75) and time.monotonic() - begun < 60,
       "a store that somebody else holds", status, err)
    equal(world.mails(), [], "nothing is sent")


@tap.test
def damaged():
    """Names in the store that are none, and rows that are damaged."""
    world = World()
    execute(world.path, "UPDATE assay_policy SET domain = 'a\"b!c/../d' "
            "WHERE domain = 'other.example'")
    world.sent()
    equal(world.recipients(), [RUA], "a domain that is none")
    world = World()
    execute(world.path, "UPDATE assay_row SET body = x'ffff'")
    status, _, err = world.send()
    equal((status, world.mails()), (75, []), "a damaged row", err)
    ok("damaged" in err, "is said", err)


@tap.test
def closed_day():
    """What comes after the end of a day counts for the next one."""
    world = World()
    world.sent()
    day = execute(world.path, "SELECT number FROM assay_meta WHERE name = "
                  "'closed'")[0][0]
    today = int(time.time()) // 86400
    ok(today - 2 <= day <= today - 1, "yesterday is closed", day, today)
    execute(world.path, "UPDATE assay_meta SET number = ? WHERE name = "
            "'closed'", today)
    with world.daemon as daemon:
        daemon.send(messages.PLAIN)
        assaydaemon.wait_for(lambda: "example.net" in world.policies(), 40,
                             "the policy")
    equal(execute(world.path, "SELECT day FROM assay_policy WHERE domain = "
                  "'example.net'"), [(today + 1,)], "late mail")


@tap.test
def two_at_once():
    """Hosts that share a database."""
    try:
        server = postgres.Server()
    except debs.Unavailable as why:
        tap.skip("PostgreSQL", why)
        return
    name = server.create("fleet")

    def ask(query):
        return server.ask("fleet", query)
    hosts = [World(store=name) for _ in range(2)]
    with hosts[0].daemon as daemon:
        fill(daemon, lambda: int(ask("SELECT count(*) FROM assay_message")
                                 if "failed" not in ask(
                                     "SELECT 1 FROM assay_message LIMIT 0")
                                 else -1))
    ask("UPDATE assay_policy SET day = %d" % LAST)
    hosts[0].configure({"report": {"timeout": "120s"}})
    over = os.path.join(hosts[0].folder, "over")
    hosts[0].then("until [ -e %s ]; do sleep 0.05; done" % over)
    results = []
    first = threading.Thread(target=lambda: results.append(hosts[0].send()))
    first.start()
    try:
        assaydaemon.wait_for(hosts[0].mails, 60, "the first host sends")
        results.append(hosts[1].send())
    finally:
        open(over, "w").close()
        first.join()
    equal([r[0] for r in results], [0, 0], "both are well", results)
    equal(sum(len(h.mails()) for h in hosts), 1, "one mail", results)
    equal(sum("another sender" in r[2] for r in results), 1,
          "one stands back", results)
    equal(ask("SELECT state FROM assay_delivery"), "sent", "noted")
    for host in hosts:
        host.sent()
    equal(sum(len(h.mails()) for h in hosts), 1, "once")


# What systemd does only without new privileges, which sendmail needs.
IMPLIES = ("NoNewPrivileges", "SystemCall", "Restrict", "PrivateDevices",
           "ProtectKernel", "ProtectClock", "ProtectHostname",
           "MemoryDenyWriteExecute", "LockPersonality", "DynamicUser",
           "PrivateUsers")


@tap.test
def units():
    top = os.path.join(assaydaemon.top_srcdir(), "etc")
    folder = assaydaemon.work_folder()
    with open(os.path.join(top, "assay-report.service.in")) as f:
        text = f.read().replace("@bindir@/assay", os.path.abspath(
            assaydaemon.command())).replace("@sysconfdir@", "/etc")
    equal([line for line in text.splitlines() if line.startswith(IMPLIES)],
          [], "sendmail may be setgid")
    with open(os.path.join(folder, "assay-report.service"), "w") as f:
        f.write(text)
    shutil.copy(os.path.join(top, "assay-report.timer"), folder)
    program = shutil.which("systemd-analyze")
    if not program:
        tap.skip("systemd-analyze verify", "no systemd-analyze")
        return
    done = subprocess.run(
        [program, "verify", "--man=no"] +
        [os.path.join(folder, "assay-report." + kind)
         for kind in ("service", "timer")], capture_output=True, text=True,
        timeout=120)
    equal([line for line in done.stderr.splitlines()
           if "assay-report" in line], [], "systemd-analyze verify")


tap.within_a_day()
template = Template()
tap.main(by_days=True)
