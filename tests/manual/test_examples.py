# SPDX-License-Identifier: BSD-2-Clause
"""Every display of README and of the manual pages, tried.

Configurations are read by the daemons' own -t, commands are run as they are
printed, in a namespace whose name server has example.org.  A display that
nobody tries, or a row of TRIED without a display, is a failure.  What
assay-hookup(7) has is run by tests/package/hookup.py.
"""

import functools
import gzip
import os
import re
import shutil
import subprocess

import yaml

import assaydaemon
import dnsserver
import manual
import messages
import mta
import namespace
import smime as people
import smtptls
import tap
import tlspol
from tap import equal, ok

if shutil.which("jq") is None:
    tap.skip_all("no jq")

CLIENT = "192.0.2.1"
SERVER = "1.2.3.4"      # public, since others are not connected to
TOP = os.path.abspath(assaydaemon.top_srcdir())

# A daemon as it is with --sysconfdir=/etc.
INSTALLED = """\
#!/bin/sh
case " $* " in
*" -c "*) exec {0} "$@" ;;
*) exec {0} "$@" -c /etc/assay/assay.yaml ;;
esac
"""


class World:
    """The machine of somebody who tries what the manuals say."""

    def __init__(self):
        self.home = assaydaemon.work_folder("assay-manual-")
        self.bin = os.path.join(self.home, "bin")
        os.mkdir(self.bin)
        os.symlink(os.path.abspath(assaydaemon.command()),
                   os.path.join(self.bin, "assay"))
        for name, path in (("assay-milter", assaydaemon.binary()),
                           ("assay-tlspol", tlspol.binary())):
            self.program(name, INSTALLED.format(os.path.abspath(path)))
        self.etc("passwd", "assay:x:20020:20020::/nonexistent:/bin/false\n",
                 "a")
        self.etc("group", "assay:x:20020:\n", "a")
        self.dns = dnsserver.Server(port=53)
        tap.cleanup(self.dns.stop)
        self.publish()
        self.keys()
        self.mail()

    def etc(self, name, text, mode="w"):
        """A file below /etc, which is ours alone here."""
        path = os.path.join("/etc", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, mode, encoding="utf-8") as f:
            f.write(text)
        return path

    def program(self, name, text):
        path = self.own("bin/" + name, text)
        os.chmod(path, 0o755)

    def own(self, name, text):
        """A file below the home."""
        path = os.path.join(self.home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return path

    def publish(self):
        """What example.org says in DNS, before it has keys."""
        for name, records in {
                "example.org": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"},
                                {"MX": [10, "mx.example.org"]}],
                "mx.example.org": [{"A": SERVER}],
                "mail.example.net": [{"TXT": "v=spf1 a -all"},
                                     {"A": CLIENT}],
                "_dmarc.example.org": [{"TXT": "v=DMARC1; p=reject"}],
                "example.com": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}],
                "_dmarc.example.com": [{"TXT": "v=DMARC1; p=none"}]}.items():
            self.dns.set(name, records)

    def keys(self):
        """Those that examples name, as their text says to make them."""
        os.makedirs("/etc/assay/keys")
        os.chmod("/etc/assay", 0o755)
        for selector, kind in (("s2026", "rsa"), ("s2027", "rsa"),
                               ("e2026", "ed25519"), ("mail", "rsa")):
            done = self.shell("assay keygen --domain example.org --selector "
                              "%s --type %s /etc/assay/keys" %
                              (selector, kind))
            record = "".join(re.findall('"(.*?)"', done.stdout))
            self.dns.set(selector + "._domainkey.example.org",
                         [{"TXT": record}])
        self.shell("chown assay /etc/assay/keys/*.pem")
        os.makedirs("/etc/dkim")
        self.shell("cp -p /etc/assay/keys/mail.pem /etc/dkim/mail.private")
        self.etc("assay/assay.yaml", "user: assay\n"
                 "trusted-networks: [192.0.2.7]\n"
                 "sign:\n  - domains: [example.org]\n    keys:\n"
                 "      - {selector: s2026, "
                 "file: /etc/assay/keys/s2026.pem}\n")
        self.etc("assay/policy-strict.yaml",
                 manual.read("etc/policy-strict.yaml"))

    def mail(self):
        received = (b"Received: from mail.example.net (mail.example.net "
                    b"[192.0.2.99])\r\n\tby mx.example.org (Postfix) with "
                    b"ESMTP id 1;\r\n\tSun, 29 Nov 2026 10:00:00 +0000\r\n")
        forged = received + messages.PLAIN.replace(b"example.net",
                                                   b"example.org")
        own = messages.PLAIN.replace(b"example.net", b"example.org")
        self.own("mail.eml", own)
        self.own("MESSAGE", own)
        self.own("Maildir/.Spam/cur/1795341600.M1P1.mx", forged)
        self.own("Maildir/cur/1", messages.PLAIN)
        self.own("Maildir/cur/2", forged)
        signed = self.shell("assay sign -c /etc/assay/assay.yaml --as-client "
                            "192.0.2.7 mail.eml").stdout
        self.own("list.eml", signed.replace("Subject: hello",
                                            "Subject: [users] hello"))
        self.own("spam.mbox.gz", gzip.compress(
            b"From x Sun Nov 29 10:00:00 2026\n" +
            forged.replace(b"\r\n", b"\n")))
        self.own("new.yaml", "policy: [{when: {dmarc: fail}, "
                 "action: reject}]\n")

    def shell(self, text, folder=None):
        return subprocess.run(
            ["sh", "-c", text], cwd=folder or self.home, text=True,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
            check=False, env=dict(os.environ, HOME=self.home, PATH=":".join(
                [self.bin, "/usr/sbin", "/usr/bin", "/sbin", "/bin"])))


# ---- ways to try a display ----

def commands(status, want, before=lambda: None):
    """Its lines are run by a shell; `want` is a pattern in the output."""
    def run(display):
        before()
        text = re.sub(r"(?m)^[$#] ", "", display.text)
        done = world.shell(text)
        output = done.stdout + done.stderr
        equal(done.returncode, status, "%s: %s" % (display.place, text),
              output[-2000:])
        ok(re.search(want, output), "%s: prints %s" % (display.place, want),
           output[-2000:])
    return run


def printed(before=lambda: None):
    """A command, and below it what it prints."""
    def run(display):
        before()
        command, _, output = display.text.partition("\n")
        # A digest is given by its beginning.
        want = re.sub(r"[0-9a-f]+\\\.\\\.\\\.", "[0-9a-f]+",
                      re.escape(output))
        got = world.shell(command.removeprefix("$ ")).stdout
        ok(re.fullmatch(want, got), display.place, got)
    return run


def accepted(program, display, text):
    path = world.etc("assay/example.yaml", text)
    world.shell("chown assay /etc/assay/keys/*.pem")
    done = world.shell("%s -t -c %s" % (program, path))
    equal((done.returncode, re.findall(r"(?m)^.*error.*$", done.stderr)),
          (0, []), "%s: %s -t" % (display.place, program), done.stderr)


def milter(head=""):
    """A configuration of assay-milter, or a part of one."""
    def run(display):
        text = display.text.replace("/usr/share/assay",
                                    os.path.join(TOP, "etc"))
        accepted("assay-milter", display, head + text)
    return run


def tls(display):
    if tlspol.built():
        os.makedirs("/var/lib/assay-tlspol", exist_ok=True)
        accepted("assay-tlspol", display, display.text)


def zone(display):
    path = world.own("zone.yaml", display.text)
    for domain, status in (("example.com", 0), ("slow.example.com", 1),
                           ("broken.example.com", 1)):
        done = world.shell("assay spf --zone %s 192.0.2.1 a@%s x.example" %
                           (path, domain))
        equal(done.returncode, status, "%s: %s" % (display.place, domain),
              done.stdout)


def users(display):
    world.etc("assay/users", display.text)
    accepted("assay-milter", display, yaml.safe_dump({"user": "assay", "sign": [
        {"domains": ["example.org"], "for-user": "/etc/assay/users",
         "keys": [{"selector": "s2026",
                   "file": "/etc/assay/keys/s2026.pem"}]}]}))


def in_file(path):
    """Its lines are those of a file that we ship, whose test is elsewhere."""
    def run(display):
        missing = [line for line in display.text.splitlines()
                   if line not in manual.read(path)]
        equal(missing, [], "%s is in %s" % (display.place, path))
    return run


def on_the_page(display):
    """Its lines are on assay-hookup(7), where they are run."""
    page = "\n".join(d.text for d in manual.displays("doc/assay-hookup.7"))
    page = re.sub(r"[ \t]+", " ", page).replace("gmail.com", "example.com")
    lines = [re.sub(r"[ \t]+", " ", re.sub(" +#.*", "", line))
             for line in display.text.splitlines()]
    equal([line for line in lines if line not in page], [],
          "%s is on assay-hookup(7)" % display.place)


def elsewhere(path, why):
    """Not tried here; `path` is the test."""
    def run(display):
        ok(os.path.exists(os.path.join(TOP, path)),
           "%s: %s, %s" % (display.place, path, why))
    return run


def header(display):
    """What the daemon writes for such a message."""
    got = sent_header()
    want = re.sub(r"(header\.b=)\S+", r"\1x", display.text)
    equal(" ".join(got.split()), " ".join(want.split()), display.place)


def pages(display):
    """README names all pages, and nothing that is not there."""
    text = display.text
    named = {"%s.%s" % pair for pair in
             re.findall(r"(?m)^([\w.-]+)\((\d)\)", text)}
    there = {os.path.basename(p) for p in manual.PAGES} - {"README"}
    equal(sorted(named), sorted(there), "%s names the pages" % display.place)


def postfix(display):
    """Postfix reads it, with the names that it has."""
    folder = assaydaemon.work_folder()
    for name, text in (("main.cf", display.text), ("master.cf", "")):
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)
    done = world.shell("postconf -c %s -n smtpd_milters" % folder)
    value = " ".join(display.text.split())
    equal((done.stdout.strip(), done.stderr), (value, ""), display.place)


# ---- what examples need ----

@functools.cache
def sent_header():
    """Our field on the message that README has in mind."""
    key = world.home + "/dkim"
    os.makedirs(key, exist_ok=True)
    done = world.shell("assay keygen --domain example.com --selector s1 dkim")
    record = "".join(re.findall('"(.*?)"', done.stdout))
    config = world.own("sign.yaml", yaml.safe_dump({"sign": [
        {"domains": ["example.com"],
         "keys": [{"selector": "s1", "file": "dkim/s1.pem"}]}]}))
    world.own("alice.eml", messages.PLAIN.replace(b"example.net",
                                                  b"example.com"))
    signed = world.shell("assay sign -c %s alice.eml" % config).stdout
    with assaydaemon.Daemon(zone={
            "example.com": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}],
            "mail.example.com": [{"A": CLIENT}],
            "_dmarc.example.com": [{"TXT": "v=DMARC1; p=reject"}],
            "s1._domainkey.example.com": [{"TXT": record}]}) as daemon:
        result = daemon.send(signed.replace("\n", "\r\n").encode(),
                             sender="alice@example.com", client=CLIENT,
                             helo="mail.example.com")
    return "Authentication-Results: " + re.sub(r"(header\.b=)\S+", r"\1x",
                                               result.authres)


def certificate():
    """/etc/ssl/certs/mx.pem, and a server that shows it."""
    folder = assaydaemon.work_folder()
    ca = tlspol.Authority(folder)
    chain, key = ca.certificate("mx.example.org")
    with open(chain, encoding="ascii") as f:
        world.etc("ssl/certs/mx.pem", f.read())
    if not hasattr(world, "server"):
        subprocess.run(["ip", "address", "add", SERVER, "dev", "lo"],
                       check=True)
        world.server = smtptls.Server(chain, key, address=SERVER, port=25)


def smime():
    ca = tlspol.Authority(world.home, "people")
    alice = people.person(ca, world.home, "alice", "alice@example.org")
    world.own("signed.eml", people.sign(*alice, sender="alice@example.org"))
    world.dns.set(people.owner("alice@example.org"),
                  [{"SMIMEA": [3, 0, 1, people.digest(alice[0])]}], ad=True)


def journal():
    """A journal that has one message which failed DMARC, and one not."""
    with assaydaemon.Daemon(zone={
            "example.org": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}],
            "_dmarc.example.org": [{"TXT": "v=DMARC1; p=none"}]}) as daemon:
        for client in (CLIENT, "192.0.2.99"):
            daemon.send(messages.PLAIN.replace(b"example.net",
                                               b"example.org"),
                        sender="alice@example.org", client=client,
                        helo="mail.example.org")
        daemon.wait_records(2)
    path = world.own("journal", daemon.log())
    world.program("journalctl", "#!/bin/sh\ncat %s\n" % path)


def fresh_keys():
    world.shell("rm /etc/assay/keys/[se]2026.pem")


def opendkim():
    world.etc("opendkim.conf", "Domain example.org\nSelector mail\n"
              "KeyFile /etc/dkim/mail.private\nSocket "
              "local:/run/opendkim/opendkim.sock\nUserID assay\n")
    world.etc("opendmarc.conf", "AuthservID mx.example.org\n"
              "RejectFailures true\n")


TABLES = {}


def table(name):
    def run(display):
        TABLES[name] = display.text
        ok(True, "%s: used below" % display.place)
    return run


def migrated(display):
    """The two tables above it become what it shows."""
    for name, text in TABLES.items():
        world.own(name, text)
    path = world.own("opendkim.conf", "KeyTable file:%s/KeyTable\n"
                     "SigningTable refile:%s/SigningTable\n" %
                     (world.home, world.home))
    got = yaml.safe_load(world.shell("assay migrate " + path).stdout)
    for rule in yaml.safe_load(display.text)["sign"]:
        equal({k: got["sign"][0][k] for k in rule}, rule, display.place)


TRIED = {
    "README": [
        ("sh etc/try.sh", elsewhere("tests/package/harm.sh", "runs try.sh")),
        ("apt-get build-dep", on_the_page),
        ("apt-get install build-essential", on_the_page),
        ("assay-milter -t", on_the_page),
        ("smtpd_milters =", in_file("etc/postfix-main.cf")),
        ("INPUT_MAIL_FILTER", in_file("etc/sendmail.mc")),
        ("assay keygen", on_the_page),
        ("sign:", milter("user: assay\n")),
        ("assay check MESSAGE", commands(
            0, r"(?s)none.*v=spf1.*v=DMARC1")),
        ("Authentication-Results:", header),
        ("pass ", elsewhere("doc/assay-milter.8", "words of RFC 8601")),
        ("assay-hookup(7)", pages),
    ],
    "doc/assay.1": [
        ("header       differs", elsewhere(
            "tests/tools/test_doctor.py", "the edits that are found")),
        ("relay_domains", elsewhere(
            "tests/interop/test_returned.py", "Postfix is run with it")),
        ("assay-bounce", elsewhere(
            "tests/interop/test_returned.py", "likewise")),
        ("bounce:", elsewhere(
            "tests/interop/test_returned.py", "likewise")),
        ("$ zcat", commands(0, '"reject"')),
        ("$ assay check ~/Maildir", commands(0, "DMARC fail")),
        ("$ assay check list.eml", commands(
            0, r"verifies with the Subject less its \"\[users\] \"")),
        ("$ assay spf 192.0.2.1", commands(0, "pass")),
        ("$ assay spf example.org", commands(
            0, r"(?s)v=spf1 ip4.*v=DMARC1; p=reject")),
        ("page=$(assay domain", commands(0, r"\A\Z", certificate)),
        ("$ assay tls --connect", commands(0, "certificate", certificate)),
        ("$ assay tlsa", printed(certificate)),
        ("$ assay smimea", commands(0, "alice@example.org", smime)),
        ("$ assay key-check", commands(0, "s2026")),
        ("for f in", commands(0, r"\A\S+/Maildir/cur/2\n\Z")),
        ("# assay sign", commands(0, "s2026")),
        ("assay keygen", commands(0, r"(?s)s2026\._domainkey.*"
                                  r"e2026\._domainkey", fresh_keys)),
    ],
    "doc/assay-events.5": [
        ("journalctl", commands(
            0, r"\A192\.0\.2\.99\texample\.org\taccepted\n\Z", journal)),
    ],
    "doc/assay-migrate.7": [
        ("assay migrate", commands(0, "", opendkim)),
        ("socket:", milter()),
        ("smtpd_milters =", postfix),
        ("*@example.org", table("SigningTable")),
        ("mail._domainkey", table("KeyTable")),
        ("sign:", migrated),
    ],
    "doc/assay-milter.8": [("Authentication-Results:", header)],
    "doc/assay-tlspol.8": [
        ("smtp_dns_support_level", on_the_page),
        ("FEATURE", on_the_page),
        ("postmap -q", on_the_page),
    ],
    "doc/assay-tlspol.yaml.5": [("socket:", tls)],
    "doc/assay.yaml.5": [
        ("include:", milter()),
        ("origins:", milter()),
        ("observe-policy:", milter()),
        ("joe ", users),
        ("sign:", milter("user: assay\n")),
        ("socket:", milter()),
        ("sign:", milter("user: assay\n")),
        ("zonedata:", zone),
    ],
}


@tap.test
def complete():
    """Each display has its row, in the order of the page."""
    for page in manual.PAGES:
        if page == "doc/assay-hookup.7":
            continue
        found = [d.first for d in manual.displays(page)]
        rows = [begin for begin, _ in TRIED[page]]
        bad = [pair for pair in zip(found, rows)
               if not pair[0].startswith(pair[1])]
        equal((len(found), bad), (len(rows), []),
              "%s: each display is tried" % page, *found)


@tap.test
def hookup_page():
    """Each display says what is done with it; tests/package/ does it."""
    for display in manual.displays("doc/assay-hookup.7"):
        action, _, path = display.todo.partition(" ")
        ok(action in ("run", "append", "replace", "above") or
           action == "elsewhere" and os.path.exists(os.path.join(TOP, path)),
           "%s: %s" % (display.place, display.todo))


@tap.test
def tried():
    for page, rows in TRIED.items():
        for display, (_, attempt) in zip(manual.displays(page), rows):
            attempt(display)


@tap.test
def help_examples():
    """Those of "assay help COMMAND": no misuse of the command."""
    opendkim()
    for name in ("message", "message.eml"):
        world.own(name, messages.PLAIN)
    listed = world.shell("assay help").stdout
    for command in re.findall(r"(?m)^  ([a-z-]+(?: [a-z]+)?)  ", listed):
        text = world.shell("assay help " + command).stdout
        examples = re.findall(r"(?m)^  (.*)", text.partition(
            "\nexamples:\n")[2].replace("|\n", "|"))
        ok(examples, command + ": has examples", text)
        for example in examples:
            done = world.shell(example)
            ok(done.returncode != 2 and "usage:" not in done.stderr and
               "option" not in done.stderr, example, done.returncode,
               done.stderr)


def main():
    global world
    world = World()
    tap.main()


namespace.prepare(*mta.packages())
mta.add_users()
main()
