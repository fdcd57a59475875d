# SPDX-License-Identifier: BSD-2-Clause
"""The command assay: what it says, how it ends, what it lets through."""

import base64
import json
import os
import pty
import re
import subprocess
import tempfile
import time

import assaydaemon
import dnsserver
import messages
import signkeys
import tap
from tap import equal, ok

try:
    import dkim
except ImportError:
    dkim = None

DATA = os.path.join(assaydaemon.top_srcdir(), "tests/data/tools")
ZONE = os.path.join(DATA, "zone.yaml")
CONFIG = os.path.join(DATA, "assay.yaml")
MESSAGE = os.path.join(DATA, "message.eml")

# Printable ASCII, line ends, and TAB of a folded field.
CLEAN = re.compile(rb"\A[\x20-\x7e\n\t]*\Z")
COLOUR = re.compile(rb"\x1b\[(0|1|2|31|32|33)m")


def run(*arguments, data=None, env=None):
    return assaydaemon.run_command(*arguments, data=data or b"", env=env)


def check(*arguments, data=None):
    """assay check --json with the zone, as (status, value)."""
    done = run("check", "--json", "--zone", ZONE, *arguments, data=data)
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        ok(False, "JSON can be read", done.stdout[-500:], done.stderr)
        return done.returncode, None


def golden(name, *arguments):
    done = run(*arguments)
    # The tests' messages grow older.
    got = re.sub(r"\d+ (second|minute|hour|day|year)s? ago", "AGO",
                 done.stdout.decode("ascii"))
    with open(os.path.join(DATA, name), encoding="ascii") as f:
        want = f.read()
    if not ok(got == want, name):
        for number, (a, b) in enumerate(
                zip(got.splitlines(), want.splitlines()), 1):
            if a != b:
                tap.note("line %d\n got: %s\nwant: %s" % (number, a, b))
                break
        else:
            tap.note("one is longer than the other")
    equal(done.stderr, b"", name + ": nothing on stderr")
    return done.returncode


@tap.test
def what_it_says():
    equal(golden("check.txt", "check", "--zone", ZONE, "-c", CONFIG,
                 MESSAGE), 0, "check: status")
    equal(golden("spf.txt", "spf", "--zone", ZONE, "192.0.2.99",
                 "a@football.example.com", "mail.football.example.com"), 1,
          "spf: status")
    equal(golden("dmarc.txt", "dmarc", "--zone", ZONE,
                 "a.b.football.example.com"), 0, "dmarc: status")


@tap.test
def statuses():
    with open(MESSAGE, "rb") as f:
        message = f.read()
    folder = assaydaemon.work_folder()
    bad = os.path.join(folder, "bad.yaml")
    with open(bad, "w", encoding="ascii") as f:
        f.write("nonsense: yes\n")
    zone = ("--zone", ZONE)
    rules = ("check", "-c", CONFIG) + zone
    for name, want, arguments in (
            ("no command", 64, ()),
            ("unknown command", 64, ("nonsense",)),
            ("no message", 64, ("check",)),
            ("two messages", 64, ("check", MESSAGE, MESSAGE)),
            ("unknown option", 64, ("check", "--nonsense", MESSAGE)),
            ("option without value", 64, ("check", MESSAGE, "--ip")),
            ("not an address", 64, ("check", "--ip", "192.0.2", MESSAGE)),
            ("spf: not an address", 64, ("spf", "x", "a@b.example", "c")),
            ("spf: no HELO", 64, ("spf", "192.0.2.1", "a@b.example")),
            ("dmarc: not a domain", 64, ("dmarc", "a..b")),
            ("dmarc: no domain", 64, ("dmarc",)),
            ("help", 0, ("help",)),
            ("help with more", 64, ("help", "more")),
            ("version", 0, ("-V",)),
            ("no such file", 66, ("check",) + zone + (
                os.path.join(folder, "none"),)),
            ("a folder", 66, ("check",) + zone + (folder,)),
            ("no such configuration", 78, ("check", "-c",
             os.path.join(folder, "none"), MESSAGE)),
            ("bad configuration", 78, ("check", "-c", bad, MESSAGE)),
            ("bad zone", 78, ("check", "--zone", bad, MESSAGE)),
            ("accepted", 0, rules + (MESSAGE,)),
            ("refused", 1, rules + ("--ip", "192.0.2.99", MESSAGE)),
            ("deferred", 1, rules + ("--from", "a@slow.example", MESSAGE)),
            ("thrown away", 0, rules + ("--from", "a@throw.example",
                                        MESSAGE)),
            ("refused by nobody", 0, ("check",) + zone +
             ("--ip", "192.0.2.99", MESSAGE)),
            ("spf pass", 0, ("spf",) + zone + (
                "192.0.2.7", "a@football.example.com", "x.example")),
            ("spf permerror", 1, ("spf",) + zone + (
                "192.0.2.7", "a@syntax.example", "x.example")),
            ("spf temperror", 1, ("spf",) + zone + (
                "192.0.2.7", "a@slow.example", "x.example")),
            ("spf none", 0, ("spf",) + zone + (
                "192.0.2.7", "a@none.example", "x.example")),
            ("dmarc none", 0, ("dmarc",) + zone + ("none.example",))):
        done = run(*arguments)
        equal(done.returncode, want, name, done.stderr)
        ok(bool(done.stderr) == (want >= 64), name + ": stderr only when it "
           "is due", done.stderr)
    equal(run("check", "--zone", ZONE, "-", data=message).returncode, 0,
          "a message on stdin")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([assaydaemon.command(), "dmarc", "--zone", ZONE,
                               "football.example.com"], stdout=full,
                              stderr=subprocess.PIPE, timeout=60)
    equal(done.returncode, 74, "an output that cannot be written")


def commands():
    """The commands that assay help names."""
    out = run("help").stdout.decode("ascii")
    names = re.findall(r"^  (\w[\w -]*?)(?:  |\n)", out, re.MULTILINE)
    return [n.split() for n in names if not n.startswith("help")]


@tap.test
def help_everywhere():
    for arguments in (("help",), ("--help",), ("-h",), ("help", "help"),
                      ("report", "--help"), ("help", "report"),
                      ("report", "help")):
        done = run(*arguments)
        equal((done.returncode, done.stderr), (0, b""), " ".join(arguments))
    equal([s for s in run("help").stdout.splitlines() if len(s) > 80], [],
          "the list fits a terminal")
    names = commands()
    ok(["check"] in names and ["report", "read"] in names, "the commands",
       names)
    for name in names:
        words = " ".join(name)
        by_help = run("help", *name)
        for arguments in (name + ["--help"], name + ["-h"],
                          name + ["--json", "--help"]):
            done = run(*arguments)
            equal((done.returncode, done.stdout, done.stderr),
                  (0, by_help.stdout, b""), " ".join(arguments))
        text = by_help.stdout.decode("ascii")
        ok(text.startswith("usage: assay " + words + " "), words + ": usage",
           text)
        ok("\nexamples:\n  " in text, words + ": an example", text)
        equal([s for s in text.splitlines() if len(s) > 80], [],
              words + ": fits a terminal")
        # These have nothing that they must be told.
        if name in (["overview"], ["report", "bounce"], ["report", "list"],
                    ["report", "send"], ["report", "suppressed"]):
            continue
        done = run(*name)
        equal((done.returncode, done.stderr.split(b"\n")[0]),
              (64, text.split("\n")[0].encode("ascii")),
              words + ": no argument")
        equal(run("help", *name, "x").returncode, 64, words + ": and more")


@tap.test
def nearest_word():
    for arguments, want in (
            (("chekc", "x"), 'not a command: "chekc"; did you mean "check"?'),
            (("help", "dmrac"), 'not a command: "dmrac"; did you mean '
             '"dmarc"?'),
            (("sfp",), 'did you mean "spf"?'),
            (("xyzzy",), 'not a command: "xyzzy"; there are: check, spf, '),
            (("report", "raed"), 'not a command of report: "raed"; did you '
             'mean "read"?'),
            (("check", "--jsno", "x"), 'not an option: "--jsno"; did you '
             'mean "--json"?'),
            (("check", "--hello", "x", "y"), 'did you mean "--helo"?'),
            (("check", "--xyzzy", "y"), 'not an option: "--xyzzy"; there '
             'are: --json, '),
            (("check", "-x"), 'not an option: "-x"'),
            (("keygen", "--bits"), "the value of this option is missing: "
             "--bits"),
            (("\x1b[31m",), 'not a command: "\\x1b[31m"')):
        done = run(*arguments)
        text = done.stderr.decode("ascii")
        equal(done.returncode, 64, repr(arguments))
        ok(want in text, want, text)


@tap.test
def all_mistakes():
    """Each mistake of a configuration or zone file is a line of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "wrong.yaml")
        with open(path, "w") as f:
            f.write("sokket: inet:8891@127.0.0.1\nlog: {levl: info}\n")
        for arguments in (["spf", "-c", path, "example.org"],
                          ["check", "-c", path, MESSAGE],
                          ["spf", "--zone", path, "example.org"]):
            done = run(*arguments)
            lines = done.stderr.decode("ascii").splitlines()
            name = " ".join(arguments[:2])
            equal(done.returncode, 78, name + ": status")
            equal(len(lines), 2, name + ": two mistakes, two lines")
            ok(all(line.startswith("assay: %s:" % path) for line in lines),
               name + ": each has its place", done.stderr)


@tap.test
def dns_shut():
    folder = assaydaemon.work_folder()
    path = os.path.join(folder, "zone.yaml")
    with open(path, "w", encoding="ascii") as f:
        f.write("zonedata:\n  _dmarc.football.example.com: [TIMEOUT]\n"
                "  football.example.com: [TIMEOUT]\n")
    equal(run("dmarc", "--zone", path, "football.example.com").returncode, 1,
          "dmarc: DNS does not answer")
    done = run("check", "--json", "--zone", path, MESSAGE)
    value = json.loads(done.stdout)
    equal(done.returncode, 0, "check: DNS does not answer, accepted")
    equal(value["spf"]["result"], "temperror", "spf is temperror")
    equal(value["spf"]["lookup"]["outcome"], "timeout", "and says why")
    equal(value["dmarc"]["result"], "temperror", "dmarc is temperror")


@tap.test
def live_dns():
    """A name server, with TTLs, DNSSEC and silence."""
    zone = {"live.example": [{"TXT": "v=spf1 a:a.live.example -all"}],
            "a.live.example": [{"A": "192.0.2.1"}]}
    folder = assaydaemon.work_folder()
    path = os.path.join(folder, "assay.yaml")
    server = dnsserver.Server(zone, ttl=1234)
    server.behave("live.example", ad=True)
    with open(path, "w", encoding="ascii") as f:
        json.dump({"resolver": {"nameservers": [server.address]}}, f)
    done = run("spf", "-c", path, "--json", "192.0.2.1", "a@live.example",
               "x")
    value = json.loads(done.stdout)["spf"]
    equal((done.returncode, value["result"]), (0, "pass"), "pass")
    equal((value["lookup"]["ttl"], value["lookup"]["dnssec"]), (1234, True),
          "TTL, and DNSSEC by the record")
    term = [s for s in value["steps"] if s["kind"] == "term"][0]
    equal((term["lookup"]["ttl"], term["lookup"]["dnssec"]), (1234, False),
          "TTL, and no DNSSEC by the address")
    done = run("spf", "-c", path, "192.0.2.1", "a@live.example", "x")
    ok(b"A a.live.example: 192.0.2.1 (TTL 1234)   match  "
       b"[lookups 1/10, void 0/2]" in done.stdout, "the term's line",
       done.stdout)
    server.stop()
    held, address = dnsserver.dead_port()
    with open(path, "w", encoding="ascii") as f:
        json.dump({"limits": {"deadline": "1s"}, "resolver": {
            "nameservers": [address], "timeout": "30s"}}, f)
    for arguments, want in (
            (("spf", "-c", path, "192.0.2.1", "a@live.example", "x"), 1),
            (("dmarc", "-c", path, "live.example"), 1),
            (("check", "-c", path, MESSAGE), 0)):
        begin = time.monotonic()
        done = run(*arguments)
        equal(done.returncode, want, arguments[0] + ": nobody answers")
        ok(time.monotonic() - begin < 20, arguments[0] + ": in bounded time")
    held.close()


@tap.test
def envelope():
    def facts(*arguments, **options):
        _, value = check(*arguments, **options)
        e = value["envelope"]
        return (e["client"], e["client_from"], e["helo"], e["helo_from"],
                e["sender"], e["sender_from"], e["received"])

    found = "mail.football.example.com"
    path = "<joe@football.example.com>"
    equal(facts(MESSAGE), ("192.0.2.1", "Received", found, "Received", path,
                           "Return-Path", 2), "all from the header")
    equal(facts("--ip", "203.0.113.77", MESSAGE),
          ("203.0.113.77", "given", "inner.football.example.com", "Received",
           path, "Return-Path", 3), "HELO of the client that is given")
    equal(facts("--ip", "2001:db8::9", MESSAGE),
          ("2001:db8::9", "given", "", "unknown", path, "Return-Path", 0),
          "a client that no field names")
    equal(facts("--helo", "h.example", MESSAGE),
          ("192.0.2.1", "Received", "h.example", "given", path,
           "Return-Path", 2), "HELO given, the client found")
    equal(facts("--ip", "192.0.2.9", "--helo", "h", "--from", "x@y.example",
                MESSAGE),
          ("192.0.2.9", "given", "h", "given", "x@y.example", "given", 0),
          "all given")
    nothing = b"Received: from a by b\r\nFrom: a@football.example.com\r\n\r\n"
    equal(facts("-", data=nothing), (None, "unknown", "", "unknown", "",
                                     "unknown", 0), "nothing to be found")
    _, value = check("-", data=nothing)
    equal(value["spf"]["result"], "none", "then SPF is none")
    ok(value["spf_helo"] is None, "and HELO is not checked")
    done = run("check", "--zone", ZONE, "-", data=nothing)
    ok(b"no SPF result" in done.stdout, "and it says so", done.stdout)
    equal(facts("-", data=b"Return-Path: <>\r\n" + nothing)[4:6],
          ("<>", "Return-Path"), "the null sender")
    inside = b"".join(
        b"Received: from x (x [%s]) by y\r\n" % a for a in (
            b"10.1.2.3", b"172.31.0.1", b"192.168.0.1", b"127.0.0.1",
            b"169.254.1.1", b"100.64.0.1", b"0.0.0.0", b"IPv6:::1",
            b"IPv6:fe80::1", b"IPv6:fd00::1", b"IPv6:::ffff:10.0.0.1"))
    equal(facts("-", data=inside + b"Received: from o ([172.32.0.1]) by y"
                b"\r\n" + nothing)[0:7:6], ("172.32.0.1", 12),
          "private addresses are passed over")
    equal(facts("-c", CONFIG, "-", data=b"Received: from t "
                b"([198.51.100.7]) by y\r\nReceived: from o ([192.0.2.5]) by "
                b"t\r\n" + nothing)[0], "192.0.2.5",
          "and so are those that the configuration trusts")
    _, value = check("-c", CONFIG, "--ip", "198.51.100.7", MESSAGE)
    ok(value["envelope"]["client_trusted"], "a trusted client is told")
    equal(value["spf"]["result"], "neutral", "and checked all the same")


@tap.test
def forms_of_a_file():
    """LF, an mbox's first line, no body: the signatures do not mind."""
    with open(MESSAGE, "rb") as f:
        message = f.read()
    for name, data in (
            ("CRLF", message), ("LF", message.replace(b"\r\n", b"\n")),
            ("mbox", b"From joe@x Sun Jun 10 2018\n" +
             message.replace(b"\r\n", b"\n"))):
        _, value = check("-", data=data)
        equal([s["result"] for s in value["dkim"]], ["pass", "pass"], name)
        equal((value["bare_lf"], value["mbox"]),
              (name != "CRLF", name == "mbox"), name + ": it says so")
    for name, data in (("empty", b""), ("one field", b"From: a@b.example"),
                       ("a body alone", b"\r\nbody\r\n"),
                       ("one line of an mbox", b"From x")):
        status, value = check("-", data=data)
        equal(status, 0, name + ": status")
        equal(value["dkim"], [], name + ": no signature")


def signed(body):
    """A message with a signature over this body, and a zone with its key."""
    folder = assaydaemon.work_folder()
    key = signkeys.Key(folder, "mbox")
    zone = os.path.join(folder, "mbox.yaml")
    with open(zone, "w", encoding="ascii") as f:
        json.dump({"zonedata": {"s1._domainkey.example.org": [
            {"TXT": key.record}]}}, f)
    message = (b"From: a@example.org\r\nSubject: quoted\r\n\r\n" + body +
               b"\r\n")
    with open(key.path, "rb") as f:
        return zone, dkim.sign(message, b"s1", b"example.org",
                               f.read()) + message


@tap.test
def several_messages():
    """An mbox: each message with its heading, and unquoted as it was."""
    path = os.path.join(DATA, "..", "cases", "check-mbox-escaped-from")
    zone = os.path.join(path, "zone.yaml")
    with open(os.path.join(path, "message.eml"), "rb") as f:
        quoted = f.read()
    sent = quoted.replace(b">From here", b"From here")
    broken = quoted.replace(b"Hello", b"Hallo")
    plain = (b"From x Mon Nov 23 10:00:01 2026\nFrom: a@b.example\n\n"
             b">From x\n")
    box = b"\n".join([quoted, sent, broken, plain])
    done = run("check", "--json", "--zone", zone, "-", data=box)
    values = [json.loads(line) for line in done.stdout.splitlines()]
    equal([(v["message"], v["messages"], [s["result"] for s in v["dkim"]],
            v["quoting"], v["quoting_proved"]) for v in values],
          [(1, 4, ["pass"], "mboxrd", True), (2, 4, ["pass"], None, False),
           (3, 4, ["fail"], "mboxrd", False), (4, 4, [], "mboxrd", False)],
          "four messages, a line of JSON each")
    equal(done.returncode, 0, "no policy: accepted")
    done = run("check", "--zone", zone, "-", data=box)
    for number in range(1, 5):
        ok(b"Message %d of 4: From " % number in done.stdout,
           "a heading for message %d" % number)
    ok(b'lines that begin with ">From " (1) lose one ">" each (mboxrd), as '
       b"they were signed" in done.stdout, "what was done", done.stdout)
    done = run("check", "--zone", ZONE, "-c", CONFIG, "--ip", "192.0.2.99",
               "--from", "a@slow.example", "-", data=quoted + b"\n" + sent)
    equal(done.returncode, 1, "the worst of several counts")
    process = subprocess.Popen([assaydaemon.command(), "check", "--json", "--zone", zone,
                                "/dev/stdin"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    out, _ = process.communicate(b"\xef\xbb\xbf\r\n" + box, timeout=60)
    values = [json.loads(line) for line in out.splitlines()]
    equal([(v["byte_order_mark"], v["blank_lines"], v["mbox"])
           for v in values], [("UTF-8", 1, True)] * 4, "a pipe")


@tap.test
def what_was_quoted():
    """What the writer of the mbox did shows in the body hash alone."""
    if dkim is None:
        tap.skip("quoting", "dkimpy is not installed")
        return
    for name, text, stored, want in (
            ("mboxrd", b">From x", b">>From x", "mboxrd"),
            ("mboxo", b"From x\r\n>>From y", b">From x\n>>From y", "mboxo"),
            ("mboxcl2", b">From x", b">From x", "plain")):
        zone, message = signed(text)
        box = (b"From x Mon Nov 23 10:00:01 2026\n" +
               message.replace(b"\r\n", b"\n").replace(
                   text.replace(b"\r\n", b"\n"), stored))
        done = run("check", "--json", "--zone", zone, "-", data=box)
        value = json.loads(done.stdout)
        equal((value["quoting"], value["quoting_proved"],
               [s["result"] for s in value["dkim"]]),
              (want, True, ["pass"]), name)


@tap.test
def what_is_in_front():
    """A byte order mark and blank lines are passed over, and named."""
    with open(MESSAGE, "rb") as f:
        message = f.read()
    for name, front, note in (
            ("BOM", b"\xef\xbb\xbf", b"byte order mark (BOM) of UTF-8"),
            ("blank line", b"\r\n", b"begins with a blank line"),
            ("blanks", b" \t\n\n", b"begins with a blank line")):
        done = run("check", "--zone", ZONE, "-", data=front + message)
        ok(note in done.stdout, name + " is named", done.stdout[:600])
        _, value = check("-", data=front + message)
        equal([s["result"] for s in value["dkim"]], ["pass", "pass"], name)
    done = run("check", "--zone", ZONE, "-",
               data=message.decode("latin-1").encode("utf-16"))
    ok(b"the file is UTF-16" in done.stdout, "UTF-16 is named",
       done.stdout[:600])


@tap.test
def what_differs():
    """Header and body are judged apart from each other."""
    with open(MESSAGE, "rb") as f:
        message = f.read()
    body = message.replace(b"hungry", b"thirsty")
    both = body.replace(b"Is dinner", b"Was dinner")
    for name, data, want in (
            ("as it was", message, ("good", "good")),
            ("body", body, ("good", "differs")),
            ("header", message.replace(b"Is dinner", b"Was dinner"),
             ("differs", "good")),
            ("both", both, ("differs", "differs"))):
        _, value = check("-", data=data)
        for s in value["dkim"]:
            equal((s["header"], s["body"]), want, "%s, %s" % (name, s["s"]))
            equal(s["result"], "pass" if want == ("good", "good") else
                  "fail", name + ": result")
            equal(s["bh"] == s["computed_bh"], want[1] == "good",
                  name + ": hashes")
            equal(s["t"], 1528637909, name + ": t=")
            ok(s["age"] > 200 * 86400, name + ": age")


@tap.test
def what_a_list_did():
    """Tag and footer are named; test_doctor.py has all other edits."""
    path = os.path.join(DATA, "list.eml")
    _, value = check(path)
    for s in value["dkim"]:
        equal([(e["edit"], e["field"], e["lines"], e["text"])
               for e in s["header_cure"]["edits"] + s["body_cure"]["edits"]],
              [("prefix", "Subject", 0, "[dinner] "),
               ("footer", None, 2, "-- \r\nDinner mailing list\r\n")],
              s["s"] + ": what was done")
    text = run("check", "--zone", ZONE, path).stdout
    equal(text.count(b'verifies with the Subject less its "[dinner] "\n'), 2,
          "the tag, in words", text)
    equal(text.count(b"verifies without the last 2 lines:\n"), 2,
          "the footer, in words", text)


@tap.test
def vectors():
    """The DKIM vectors, through the command."""
    folder = assaydaemon.work_folder()
    zone = os.path.join(folder, "zone.yaml")
    with open(zone, "w", encoding="utf-8") as f:
        json.dump({"zonedata": messages.key_zone()}, f)
    config = os.path.join(folder, "assay.yaml")
    with open(config, "w", encoding="utf-8") as f:
        f.write("dkim: {partial-body: pass, doubled: []}\n")
    bad = []
    count = 0
    for name, want in messages.expected():
        done = run("check", "--json", "--zone", zone, "-c", config,
                   os.path.join(messages.folder(), name))
        value = json.loads(done.stdout)
        got = [s["result"] for s in value["dkim"]]
        count += 1
        if got != want:
            bad.append("%s: got %s, want %s" % (name, got, want))
        for s in value["dkim"]:
            if s["result"] == "pass" and (s["header"], s["body"]) != \
                    ("good", "good"):
                bad.append("%s: passes, but %s" % (name, s))
            if s["comment"] == "body hash did not verify" and \
                    s["body"] != "differs":
                bad.append("%s: body does not differ" % name)
            if s["comment"] == "signature did not verify" and \
                    s["header"] != "differs":
                bad.append("%s: header does not differ" % name)
    ok(count > 130, "all vectors are there", count)
    ok(not bad, "each gives its result", *bad[:20])


@tap.test
def same_as_the_daemon():
    """One code: the field is octet for octet the daemon's."""
    with open(ZONE, encoding="utf-8") as f:
        zone = f.read()
    with open(CONFIG, encoding="utf-8") as f:
        rules = f.read()
    folder = assaydaemon.work_folder()
    socket = "local:" + os.path.join(folder, "m.sock")
    text = (rules + "socket: %s\nlog: {target: stderr}\n"
            "resolver: {zone: zone.yaml}\n" % socket)
    with assaydaemon.Daemon(text, zone, folder=folder) as daemon:
        daemon.socket = socket
        for client, helo, sender in (
                ("192.0.2.1", "mail.football.example.com",
                 "<joe@football.example.com>"),
                ("192.0.2.99", "mail.football.example.com",
                 "<joe@football.example.com>"),
                ("192.0.2.1", "x", "<a@syntax.example>"),
                ("192.0.2.1", "x", "<a@loop.example>"),
                ("192.0.2.1", "x", "<a@slow.example>"),
                ("2001:db8::1", "[IPv6:2001:db8::1]", "<>"),
                ("192.0.2.1", "slow.example", "<a@broken.example>")):
            with open(MESSAGE, "rb") as f:
                raw = f.read()
            result = daemon.send(raw, client=client, helo=helo,
                                 sender=sender)
            done = run("check", "--json", "-c", daemon.path, "--ip", client,
                       "--helo", helo, "--from", sender, MESSAGE)
            value = json.loads(done.stdout)
            name = "%s %s %s" % (client, helo, sender)
            if result.accepted:
                field = result.header.all()[0][1].decode("ascii")
                equal(value["header"]["value"], field, name)
            equal(done.returncode == 0, result.accepted,
                  name + ": accepted or not")


def hostile_messages():
    long_name = b"a" * 200000
    yield "escape sequences", (
        b"Return-Path: <\x1b[2J\x07@hostile.example>\r\n"
        b"Received: from \x1b[31m (x [192.0.2.1]) by y\r\n"
        b"DKIM-Signature: v=1; a=rsa-sha256; d=\x1b[31m; s=\x07; h=from; "
        b"bh=\x1b; b=\x9b\r\n"
        b"DKIM-Signature: v=1; a=rsa-sha256; c=\x1b[1m; d=hostile.example; "
        b"s=s; h=from:\x1b; bh=AAAA; b=AAAA\r\n"
        b"From: \"\x1b]0;title\x07\" <a@hostile.example>\r\n\r\nx\x1b[0m\r\n")
    yield "8-bit and UTF-8", (
        "Return-Path: <j\u00f6\u202e@hostile.example>\r\n"
        "From: \u009b <\u00e4@b\u00fccher.example>\r\n\r\n".encode("utf-8"))
    yield "no UTF-8", (b"Return-Path: <\xff\xfe@x.example>\r\n"
                       b"From: \xff@\xff\r\n\r\n")
    yield "NUL", (b"Return-Path: <a\0b@c\0d>\r\nFrom: a@b\0c.example\r\n"
                  b"Re\0ceived: x\r\n\r\n\0\0\r\n")
    yield "5,000 fields", (b"".join(b"X-%d: y\r\n" % i for i in range(5000)) +
                           b"From: a@football.example.com\r\n\r\n")
    yield "20,000 Received", (b"Received: from a (b [10.0.0.1]) by c\r\n" *
                              20000 + b"From: a@football.example.com\r\n\r\n")
    yield "1,000 signatures", (
        b"DKIM-Signature: v=1; a=rsa-sha256; d=football.example.com; s=test;"
        b" h=from; bh=AAAA; b=AAAA\r\n" * 1000 +
        b"From: a@football.example.com\r\n\r\nx\r\n")
    yield "1,000 names in h=", (
        b"DKIM-Signature: v=1; a=rsa-sha256; d=football.example.com; s=test;"
        b" bh=AAAA; b=AAAA; h=from" + b":from" * 999 + b"\r\n"
        b"From: a@football.example.com\r\n\r\nx\r\n")
    yield "long From", b"From: " + long_name + b"@x.example\r\n\r\n"
    yield "10,000 addresses", (b"From: " + b", ".join(
        b"a@b%d.example" % i for i in range(10000)) + b"\r\n\r\n")
    yield "comments", (b"Received: from a " + b"(" * 100000 + b" [192.0.2.1]"
                       b"\r\nFrom: " + b"(" * 1000 + b"a@b.example\r\n\r\n")
    yield "comments in a row", (b"Received: from a " + b"()" * 500000 +
                                b" ([192.0.2.1]) by x\r\n\r\n")
    yield "header of 3 MB", (b"X: " + b"y" * 3000000 + b"\r\nFrom: "
                             b"a@football.example.com\r\n\r\n")
    yield "no header", b"\x1b[31m" * 1000
    yield "body of 20 MB", (b"From: a@football.example.com\r\n\r\n" +
                            b"\x1b[31mx\r\n" * (2 << 20))


@tap.test
def hostile():
    for name, data in hostile_messages():
        done = run("check", "--zone", ZONE, "-", data=data)
        equal(done.returncode, 0, name + ": status", done.stderr[-500:])
        ok(CLEAN.match(done.stdout), name + ": printable ASCII only",
           done.stdout[-1000:])
        status, value = check("-", data=data)
        equal(status, 0, name + ": JSON: status")
        ok(value and value["header"]["value"], name + ": JSON: a field")
    _, value = check("-", data=b"X: " + b"y" * 3000000 + b"\r\nFrom: "
                     b"a@football.example.com\r\n\r\n")
    equal((value["header_cut"], value["from"]["state"]),
          (True, "unparsable"), "a header too large is no From")


@tap.test
def hostile_records():
    for arguments in (("spf", "192.0.2.1", "a@hostile.example", "\x1b[31m"),
                      ("spf", "192.0.2.1", "\x1b@hostile.example", "\r\n"),
                      ("spf", "192.0.2.1", "a@loop.example", "x"),
                      ("dmarc", "hostile.example")):
        done = run(arguments[0], "--zone", ZONE, *arguments[1:])
        ok(CLEAN.match(done.stdout), "%r: printable ASCII" % (arguments,),
           done.stdout)
        done = run(arguments[0], "--json", "--zone", ZONE, *arguments[1:])
        ok(CLEAN.match(done.stdout) and json.loads(done.stdout),
           "%r: JSON" % (arguments,), done.stdout)
    done = run("check", "--ip", "\x1b[31m", MESSAGE)
    ok(b"\x1b" not in done.stderr, "an argument goes back escaped",
       done.stderr)


def on_terminal(*arguments, **env):
    """What comes out when stdout is a terminal."""
    master, slave = pty.openpty()
    values = dict(os.environ, TERM="xterm", **env)
    if "NO_COLOR" not in env:
        values.pop("NO_COLOR", None)
    process = subprocess.Popen([assaydaemon.command()] + list(arguments), stdout=slave,
                               stdin=subprocess.DEVNULL, env=values)
    os.close(slave)
    out = b""
    while True:
        try:
            more = os.read(master, 65536)
        except OSError:
            break
        if not more:
            break
        out += more
    os.close(master)
    process.wait(60)
    return out.replace(b"\r\n", b"\n")


@tap.test
def colour():
    arguments = ("check", "--zone", ZONE, "-c", CONFIG, MESSAGE)
    plain = run(*arguments).stdout
    ok(b"\x1b" not in plain, "no colour in a pipe")
    out = on_terminal(*arguments)
    ok(b"\x1b[32mpass\x1b[0m" in out, "colour on a terminal", out[:300])
    equal(COLOUR.sub(b"", out), plain, "and nothing but colour is added")
    for name, got in (
            ("--no-color", on_terminal("check", "--no-color",
                                       *arguments[1:])),
            ("NO_COLOR", on_terminal(*arguments, NO_COLOR="1")),
            ("--json", on_terminal("check", "--json", *arguments[1:]))):
        ok(b"\x1b" not in got, name + ": no colour", got[:300])
    hostile_file = os.path.join(assaydaemon.work_folder(), "m.eml")
    with open(hostile_file, "wb") as f:
        f.write(next(hostile_messages())[1])
    out = on_terminal("check", "--zone", ZONE, hostile_file)
    ok(b"\x1b" not in COLOUR.sub(b"", out) and b"\x07" not in out,
       "a message cannot steer the terminal", out)


def zone_record(text):
    """The name and the strings of one TXT record in a zone file."""
    match = re.match(r'(\S+)\. IN TXT \(((?:\s+"[^"\\]*")+)\s*\)\n\Z', text)
    if not match:
        return None, []
    return match.group(1), re.findall(r'"([^"]*)"', match.group(2))


@tap.test
def keys():
    folder = assaydaemon.work_folder()
    zone_path = os.path.join(folder, "zone.yaml")
    zone = {}
    for selector, arguments, size in (
            ("r1", (), 2048), ("r2", ("--type", "rsa", "--bits", "1024"),
                               1024),
            ("r3", ("--bits", "4096"), 4096),
            ("e1", ("--type", "ed25519"), 256)):
        done = run("keygen", "--domain", "Example.ORG", "--selector",
                   selector, *arguments, folder)
        equal(done.returncode, 0, selector + ": keygen", done.stderr)
        path = os.path.join(folder, selector + ".pem")
        equal(os.stat(path).st_mode & 0o7777, 0o600, selector + ": mode")
        name, strings = zone_record(done.stdout.decode("ascii"))
        equal(name, selector + "._domainkey.example.org",
              selector + ": name", done.stdout)
        ok(strings and max(map(len, strings)) < 255,
           selector + ": strings under 255", strings)
        zone[name] = [{"TXT": "".join(strings)}]
        with open(zone_path, "w", encoding="ascii") as f:
            json.dump({"zonedata": zone}, f)
        check_key = ("key-check", "--zone", zone_path, "--domain",
                     "example.org", "--selector", selector)
        equal(run(*check_key, path).returncode, 0, selector + ": matches")
        value = json.loads(run(*check_key[:1], "--json", *check_key[1:],
                               path).stdout)
        equal((value["result"], value["bits"]), ("matches", size),
              selector + ": JSON")
        equal("".join(value["strings"]), "".join(strings),
              selector + ": JSON: strings")
    key_faults(folder, zone_path)
    key_statuses(folder)


def key_faults(folder, zone_path):
    """What is published, against the private key."""
    zone = ("--zone", zone_path, "--domain", "example.org", "--selector")
    r1 = os.path.join(folder, "r1.pem")
    done = run("key-check", *zone, "r3", r1)
    equal(done.returncode, 1, "another key")
    ok(b"differs" in done.stdout and b"What to publish" in done.stdout,
       "another key: and says what to do", done.stdout)
    equal(run("key-check", *zone, "e1", r1).returncode, 1, "another type")
    done = run("key-check", *zone, "none", r1)
    equal(done.returncode, 1, "no record")
    ok(b"absent" in done.stdout, "no record: it says so", done.stdout)
    shut = os.path.join(folder, "shut.yaml")
    with open(shut, "w", encoding="ascii") as f:
        f.write("zonedata:\n  r1._domainkey.example.org: [TIMEOUT]\n")
    done = run("key-check", "--zone", shut, *zone[2:], "r1", r1)
    equal(done.returncode, 75, "DNS does not answer")
    os.chmod(r1, 0o644)
    done = run("key-check", *zone, "r1", r1)
    equal(done.returncode, 66, "a key that others can read")
    ok(b"chmod" in done.stderr, "and how to mend it", done.stderr)
    with open(os.path.join(folder, "e1.pem"), "rb") as f:
        before = f.read()
    done = run("keygen", "--domain", "example.org", "--selector", "e1",
               "--type", "ed25519", folder)
    equal(done.returncode, 73, "never over a key that is there")
    equal(done.stdout, b"", "and no record is printed")
    with open(os.path.join(folder, "e1.pem"), "rb") as f:
        equal(f.read(), before, "the key is as it was")


def key_statuses(folder):
    who = ("--domain", "example.org", "--selector", "s")
    for name, want, arguments in (
            ("no selector", 64, ("keygen", "--domain", "a.example", folder)),
            ("no domain", 64, ("keygen", "--selector", "s", folder)),
            ("no folder", 64, ("keygen",) + who),
            ("bad domain", 64, ("keygen", "--domain", "a..b", "--selector",
                                "s", folder)),
            ("bad selector", 64, ("keygen", "--domain", "a.example",
                                  "--selector", "../s", folder)),
            ("too long", 64, ("keygen", "--domain",
                              ".".join(["a" * 60] * 4), "--selector",
                              "selector", folder)),
            ("unknown type", 64, ("keygen", "--type", "dsa") + who +
             (folder,)),
            ("bits of ed25519", 64, ("keygen", "--type", "ed25519", "--bits",
                                     "2048") + who + (folder,)),
            ("1023 bits", 64, ("keygen", "--bits", "1023") + who +
             (folder,)),
            ("8193 bits", 64, ("keygen", "--bits", "8193") + who +
             (folder,)),
            ("no such folder", 73, ("keygen", "--type", "ed25519") + who +
             (os.path.join(folder, "none"),)),
            ("key-check: no such file", 66, ("key-check",) + who +
             (os.path.join(folder, "none"),)),
            ("key-check: two files", 64, ("key-check",) + who +
             ("a", "b"))):
        done = run(*arguments)
        equal(done.returncode, want, name, done.stderr)
        ok(done.stderr, name + ": it says why")
        ok(not os.path.exists(os.path.join(folder, "s.pem")),
           name + ": no key is left")


def rsa_record(bits):
    der = signkeys.openssl(
        "pkey", "-pubout", "-outform", "DER", "-in", "/dev/stdin",
        data=signkeys.openssl("genpkey", "-algorithm", "rsa", "-pkeyopt",
                              "rsa_keygen_bits:%d" % bits))
    return base64.b64encode(der).decode("ascii")


@tap.test
def key_records():
    """assay key-check without a private key: the record by itself."""
    good, weak, short = rsa_record(2048), rsa_record(1024), rsa_record(512)
    edwards = base64.b64encode(bytes(range(32))).decode("ascii")
    rows = (
        # records, status, (weight, part, words) ...
        (["v=DKIM1; k=rsa; p=" + good], 0, ()),
        (["v=DKIM1; p=" + weak], 0,
         (("warning", None, "should have 2048 bits: 1024 bits"),)),
        (["v=DKIM1; p=" + short], 1,
         (("error", None, "too weak: verifiers ignore it: 512 bits"),)),
        (["v=DKIM1; p="], 1, (("error", "p=", "revoked"),)),
        (["v=DKIM1; t=y:s; p=" + good], 0,
         (("warning", "t=y:s", "is test mode"),)),
        (["v=DKIM1; p=" + good[:50] + "*" + good[51:]], 1,
         (("error", "*", "is not base64"),)),
        (["v=DKIM1; p=" + good[:50] + "==" + good[52:]], 1,
         (("error", good[52:], "is not base64"),)),
        (["v=DKIM1; p=" + good[:-3]], 1,
         (("error", good[:-3], "without its end"),)),
        (["v=DKIM1; p=" + good[:40]], 1,
         (("error", None, "cannot be used: key syntax error"),)),
        (["v=dkim1; p=" + good], 1,
         (("error", "v=dkim1", "capital letters"),)),
        (["p=" + good + "; v=DKIM1"], 1,
         (("error", "v=DKIM1", "first tag"),)),
        (["v=DKIM1 k=rsa; p=" + good], 1,
         (("error", "k=rsa", "no semicolon before it"),)),
        (["v=DKIM1; k=rsa p=" + good], 1,
         (("error", "p=" + good, "no semicolon before it"),)),
        (["v=DKIM1; k=ras; p=" + good], 1,
         (("error", "k=ras", "you probably meant: rsa"),)),
        (["v=DKIM1; P=" + good], 1,
         (("warning", "P=" + good, "you probably meant: p"),
          ("error", None, "there is no p="))),
        (["v=DKIM1; h=sha1; p=" + good], 1,
         (("error", "h=sha1", "sha256"),)),
        (["v=DKIM1; s=tlsrpt; p=" + good], 1,
         (("error", "s=tlsrpt", "email"),)),
        (["v=DKIM1; g=*; p=" + good], 0, (("hint", "g=*", "no effect"),)),
        (["v=DKIM1; p=" + good + "; p=" + good], 1,
         (("error", "p=" + good, "twice"),)),
        (['"v=DKIM1; p=' + good + '"'], 1,
         (("error", '"v=DKIM1; p=' + good + '"', "quotation marks"),)),
        (["v=DKIM1; k=ed25519; p=" + edwards], 0,
         (("hint", None, "RSA key as well"),)),
        (["v=DKIM1; k=ed25519; p=" + good], 1,
         (("error", None, "cannot be used"),)),
        (["v=DKIM1; p=" + good, "v=DKIM1; p=" + good], 1,
         (("error", None, "several records"),)),
        (["spf1"], 1, (("error", "spf1", 'no "="'),
                       ("error", None, "there is no p="))),
    )
    who = ("--domain", "a.example", "--selector", "s")
    with tempfile.TemporaryDirectory() as folder:
        for records, status, want in rows:
            name = records[0][:40]
            path = zone_file(folder, {"s._domainkey.a.example": records})
            done = run("key-check", "--json", "--zone", path, *who)
            found = json.loads(done.stdout)
            equal((done.returncode, found["result"]),
                  (status, "faulty" if status else "good"), name)
            equal([(n["weight"], n["part"]) for n in found["notes"]],
                  [w[:2] for w in want], name + ": notes")
            text = run("key-check", "--zone", path, *who).stdout
            for note in want:
                ok(note[2] in text.decode("ascii"), name + ": " + note[2],
                   text)
        path = zone_file(folder, {"x.example": ["x"]})
        done = run("key-check", "--zone", path, *who)
        ok(done.returncode == 1 and b"no TXT record" in done.stdout,
           "no record", done.stdout)
        with open(path, "w", encoding="ascii") as f:
            f.write("zonedata:\n  s._domainkey.a.example: [TIMEOUT]\n")
        done = run("key-check", "--zone", path, *who)
        ok(done.returncode == 75 and b"DNS timeout" in done.stdout,
           "DNS does not answer", done.stdout)


@tap.test
def summary():
    """The first line has the answer."""
    def first(*arguments, **options):
        done = run("check", *arguments, **options)
        value = json.loads(run("check", "--json", *arguments,
                               **options).stdout)
        line = done.stdout.decode("ascii").split("\n")[0]
        equal(line, value["summary"], "text and JSON")
        return line

    zone = ("--zone", ZONE)
    equal(first(*zone, MESSAGE), "accepted; DMARC pass by SPF "
          "football.example.com and DKIM football.example.com", "pass")
    line = first(*zone, "-c", CONFIG, "--ip", "192.0.2.99", MESSAGE)
    ok(re.match(r'rejected by rule ".*"; DMARC pass by DKIM football\.'
                r"example\.com$", line), "rejected", line)
    line = first(*zone, "-c", CONFIG, "--from", "a@early.example", MESSAGE)
    ok(line.startswith('rejected by rule "early", before DATA; DMARC '),
       "before DATA", line)
    plain = b"From: a@%s\r\n\r\nx\r\n"
    equal(first(*zone, "-", data=plain % b"football.example.com"),
          "accepted; DMARC fail for football.example.com (p=reject), "
          "neither SPF nor DKIM passed", "fail")
    equal(first(*zone, "--ip", "192.0.2.7", "--from",
                "x@football.example.com", "-", data=plain % b"none.example"),
          "accepted; DMARC none for none.example, SPF football.example.com "
          "passed but not aligned", "none")
    line = first(*zone, "-", data=b"From: a@\x1b[31m.example\r\n\r\n")
    ok(line.startswith("accepted; DMARC "), "no From", line)


@tap.test
def json_facts():
    _, value = check("-c", CONFIG, MESSAGE)
    equal(value["decision"]["observed"]["name"], "watch passes", "observed")
    equal(value["decision"]["rule"], None, "no rule")
    equal(value["header"]["removed"], [1], "removed")
    terms = [s for s in value["spf"]["steps"] if s["kind"] == "term"]
    equal(terms[-1]["text"], "mx", "the last term")
    equal((terms[-1]["lookups"], terms[-1]["voids"]), (4, 1), "counters")
    equal(terms[-1]["lookup"]["records"][1],
          {"preference": 10, "name": "mx1.football.example.com"}, "an MX")
    equal([(w["lookup"]["name"], w["found"]) for w in
           value["dmarc"]["walk"]][0],
          ("_dmarc.football.example.com", "policy record"), "the walk")
    status, value = check("-c", CONFIG, "--from", "a@early.example", MESSAGE)
    equal((status, value["decision"]["at_mail"],
           value["decision"]["rule"]["name"]), (1, True, "early"),
          "refused before DATA, by a rule after one that accepts")
    equal([s["result"] for s in value["dkim"]], ["pass", "pass"],
          "and the rest is told all the same")
    status, value = check("-c", CONFIG, "--ip", "192.0.2.99", MESSAGE)
    equal((status, value["decision"]["action"]), (1, "reject"), "refused")
    equal(value["decision"]["reply"],
          {"code": "550", "enhanced": "5.7.23", "text":
           "192.0.2.99 may not send for football.example.com"}, "the reply")


def zone_file(folder, records):
    """A zone of TXT records in a file: {name: [text ...]}."""
    path = os.path.join(folder, "zone.yaml")
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"zonedata": {name: [{"TXT": text} for text in texts]
                                for name, texts in records.items()}}, f)
    return path


@tap.test
def syntax_error_in_place():
    """The term at fault is marked below the record, with what is wrong."""
    rows = (
        ("v=spf1 mx ip4:192.0.2.0/33 -all", "ip4:192.0.2.0/33", "IPv4"),
        ("v=spf1 ipv4:192.0.2.1 -all", "ipv4:192.0.2.1",
         "no such mechanism"),
        ("v=spf1 redirect:a.example", "redirect:a.example", '"="'),
        ("v=spf1 exp=a.example exp=a.example", "exp=a.example", "twice"),
        ("v=spf1 a:x\\y.example include:", "include:", "include:example"),
        ("v=spf1 -all\u00e9", "-all\u00e9", "takes nothing"),
    )
    with tempfile.TemporaryDirectory() as folder:
        for record, term, why in rows:
            path = zone_file(folder, {"bad.example": [record]})
            done = run("spf", "--zone", path, "192.0.2.1", "a@bad.example",
                       "x")
            lines = done.stdout.decode("ascii").splitlines()
            at = [i for i, s in enumerate(lines) if s.strip(" ^") == "" and
                  "^" in s]
            if not equal(len(at), 1, record + ": one mark"):
                continue
            line, mark = lines[at[0] - 1], lines[at[0]]
            first = len(mark) - len(mark.lstrip())
            shown = term.encode("utf-8").decode("latin-1") \
                .replace("\\", "\\\\").replace("\xc3", "\\xc3") \
                .replace("\xa9", "\\xa9")
            equal(line[first:len(mark)], shown, "below the term")
            ok(why in lines[at[0] + 1], "and what is wrong: " + why,
               lines[at[0] + 1])
            value = json.loads(run("spf", "--json", "--zone", path,
                                   "192.0.2.1", "a@bad.example",
                                   "x").stdout)
            step = value["spf"]["steps"][1]
            ok(why in step["fault"] and step["at"] == record.encode().rindex(
                term.encode()), "as JSON, too", step)


@tap.test
def alignment_in_words():
    """What parts a domain from the one in From."""
    record = "v=DMARC1; p=reject"
    rows = (
        # sender's domain, record at example.com and at a.example.com, words
        ("example.com", record, None, "aligned: the same domain"),
        ("b.example.com", record, None, "(relaxed)"),
        ("b.example.com", record + "; aspf=s", None,
         "not aligned (strict): not the same domain (aspf=s)"),
        ("b.example.com", record, record + "; psd=n", "(relaxed)"),
        ("example.net", record, None,
         "not aligned (relaxed): another organization"),
        ("b.example.com", None, None, "not aligned (relaxed): no DMARC "
         "record joins the two; by a list of public suffixes"),
    )
    message = b"From: a@%s\r\nSubject: x\r\n\r\nx\r\n"
    with tempfile.TemporaryDirectory() as folder:
        for domain, top, below, words in rows:
            zone = {"_dmarc.example.com": [top] if top else ["none"],
                    "_dmarc.a.example.com": [below] if below else ["none"]}
            path = zone_file(folder, zone)
            done = run("check", "--zone", path, "--ip", "192.0.2.1",
                       "--from", "x@" + domain, "-",
                       data=message % b"example.com")
            ok(words in done.stdout.decode("ascii"),
               "%s, %s: %s" % (domain, top, words), done.stdout)


LINT_SPF = (
    # record of a.example, exit status, (weight, part) ...
    ("v=spf1 -all", 0, ()),
    ("v=spf1 +all", 1, (("error", "+all"),)),
    ("v=spf1 mx -al", 1, (("error", "-al"),)),
    ('"v=spf1 -all"', 1, (("error", '"v=spf1 -all"'),)),
    ("v=spf1 " + "exists:%{i}.x.example " * 11 + "-all", 1,
     (("error", None),)),
)
LINT_DMARC = (
    # record, exit status, (weight, part) ..., what to publish
    ("v=DMARC1; p=none; rua=mailto:a@a.example", 0, (), None),
    ("v=DMARC1; p=quarentine; rua=mailto:a@a.example", 1,
     (("error", "quarentine"),),
     "v=DMARC1; p=quarantine; rua=mailto:a@a.example"),
    ("v=dmarc1; p=reject; rua=mailto:a@a.example", 1,
     (("error", "v=dmarc1; p=reject; rua=mailto:a@a.example"),),
     "v=DMARC1; p=reject; rua=mailto:a@a.example"),
    ("v=DMARC1; p=reject pct=10; rua=mailto:a@a.example", 1,
     (("error", "pct=10"), ("warning", "pct=10")),
     "v=DMARC1; p=reject; rua=mailto:a@a.example"),
    ("v=DMARC1; p=reject; t=y; rua=mailto:a@a.example", 0,
     (("warning", "t=y"),), None),
)


def notes(command, path, status, want, name):
    done = run(command, "--json", "--zone", path, "a.example")
    found = json.loads(done.stdout)["notes"]
    equal(done.returncode, status, name + ": status")
    equal(tuple((n["weight"], n["part"]) for n in found
                if n["publish"] is None), want, name + ": notes")
    text = run(command, "--zone", path, "a.example").stdout.decode("ascii")
    for note in found:
        if note["publish"] is None:
            ok(note["weight"] + ": " in text and note["what"] in text,
               name + ": in words", text)
    return [n["publish"] for n in found if n["publish"] is not None]


@tap.test
def records_of_ones_own():
    """assay spf DOMAIN and assay dmarc DOMAIN say what to mend."""
    with tempfile.TemporaryDirectory() as folder:
        for record, status, want in LINT_SPF:
            path = zone_file(folder, {"a.example": [record]})
            notes("spf", path, status, want, record[:40])
        path = zone_file(folder, {"a.example": ["v=spf1 a", "v=spf1 -all"]})
        notes("spf", path, 1, (("error", None),), "two SPF records")
        for record, status, want, publish in LINT_DMARC:
            path = zone_file(folder, {"_dmarc.a.example": [record]})
            equal(notes("dmarc", path, status, want, record),
                  [publish] if publish else [], "what to publish")
        path = zone_file(folder, {"_dmarc.a.example": [
            "v=DMARC1; p=none", "v=DMARC1; p=reject"]})
        notes("dmarc", path, 1, (("error", None),), "two DMARC records")
        path = zone_file(folder, {"_dmarc.a.example": [
            "v=DMARC1; p=quarentine; pct=50; rua=mailto:a@a.example"]})
        lines = run("dmarc", "--zone", path,
                    "a.example").stdout.decode("ascii").splitlines()
        at = next(i for i, line in enumerate(lines)
                  if line.startswith("  _dmarc.a.example: "))
        equal([lines[at][m.start():m.end()]
               for m in re.finditer(r"\^+", lines[at + 1])],
              ["quarentine", "pct=50"], "each place is marked")
    equal(run("spf", "a..b").returncode, 64, "not a domain")
    equal(run("spf", "a.example", "x").returncode, 64, "two arguments")


tap.main()
