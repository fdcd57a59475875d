# SPDX-License-Identifier: BSD-2-Clause
"""The examples in etc/ for programs that read our field, with the programs.

Messages come through a real Postfix and the real milter.  Each program then
says of each whether it is for the junk folder, to be marked as unverified,
or neither.
"""

import os
import re
import subprocess

import assaydaemon
import messages
import mta
import namespace
import tap
from tap import equal

SIGNED = messages.read("canon-simple-simple.eml")
BROKEN = SIGNED.replace(b"We lost", b"We won", 1)
FORGED = (b"Authentication-Results: mx.example.org; spf=pass"
          b" smtp.mailfrom=joe@example.com; dkim=pass header.d=example.com;"
          b" dmarc=pass header.from=example.com\r\n"
          b"X-Assay: pass\r\n")
FOREIGN = (b"Authentication-Results: other.example; spf=fail"
           b" smtp.mailfrom=joe@example.com; dmarc=fail"
           b" header.from=example.com\r\n")

ZONE = dict(messages.key_zone(), **messages.plain_zone())
ZONE.update({
    "example.com": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}],
    "_dmarc.example.com": [{"TXT": "v=DMARC1; p=reject"}],
    "slow.example": ["TIMEOUT"],
})

JOE = "joe@example.com"
# name, octets, sender, client, where it belongs
CASES = (
    ("verified", SIGNED, JOE, "192.0.2.1", "keep"),
    ("SPF alone", BROKEN, JOE, "192.0.2.1", "keep"),
    ("DKIM alone", SIGNED, JOE, "192.0.2.99", "keep"),
    ("spoofed", BROKEN, JOE, "192.0.2.99", "junk"),
    ("spoofed by a stranger", BROKEN, "a@example.net", "192.0.2.1", "junk"),
    ("spoofed in a bounce", BROKEN, "", "192.0.2.99", "junk"),
    ("forged", FORGED + BROKEN, JOE, "192.0.2.99", "junk"),
    ("forged, verified", FORGED + SIGNED, JOE, "192.0.2.1", "keep"),
    ("foreign, verified", FOREIGN + SIGNED, JOE, "192.0.2.1", "keep"),
    ("no policy, SPF", messages.PLAIN, "a@example.net", "192.0.2.1", "keep"),
    ("no policy, none", messages.PLAIN, "a@example.net", "192.0.2.99",
     "unverified"),
    ("no policy, HELO alone", messages.PLAIN, "a@nothing.example",
     "192.0.2.1", "unverified"),
    ("no policy, forged", FORGED + messages.PLAIN, "a@example.net",
     "192.0.2.99", "unverified"),
    ("no policy, DNS out", messages.PLAIN, "a@slow.example", "192.0.2.99",
     "unverified"),
    ("quoted pass, spoofed", BROKEN, '"; dmarc=pass x=y"@example.com',
     "192.0.2.99", "junk"),
    ("quoted fail, verified", SIGNED, '"; dmarc=fail x=y"@example.com',
     "192.0.2.1", "keep"),
    ("quoted quote, verified", SIGNED, '"a\\"; dmarc=fail x=y"@example.com',
     "192.0.2.1", "keep"),
    ("quoted pass, no policy", messages.PLAIN,
     '"; dkim=pass header.d=x; x=y"@example.net', "192.0.2.99",
     "unverified"),
    ("our own", messages.PLAIN, "a@example.org", None, "keep"),
)

PACKAGES = (("dovecot-sieve",), ("procmail",), ("spamassassin",))

BOB = 20001             # a user id that nobody has here

delivered = {}
home = None


def example(name):
    path = os.path.join(assaydaemon.top_srcdir(), "etc", name)
    with open(path, encoding="ascii") as f:
        return f.read()


def add_user():
    """A user with a home, since a user's programs are not run by root."""
    with open("/etc/passwd", "a", encoding="ascii") as f:
        f.write("bob:x:%d:%d::%s:/bin/sh\n" % (BOB, BOB, home))
    with open("/etc/group", "a", encoding="ascii") as f:
        f.write("bob:x:%d:\n" % BOB)
    os.chown(home, BOB, BOB)


def as_bob(*command, **options):
    done = subprocess.run(
        ["setpriv", "--reuid=bob", "--regid=bob", "--clear-groups", "env",
         "HOME=" + home, "TMPDIR=" + home] + list(command), cwd=home,
        stderr=subprocess.STDOUT, stdout=subprocess.PIPE, **options)
    if done.returncode != 0:
        tap.note(done.stdout)
        done.check_returncode()
    return done


def write(name, text, mode=0o644):
    path = os.path.join(home, name)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.chmod(path, mode)
    os.chown(path, BOB, BOB)
    return path


def compare(program, got):
    for name, _, _, _, want in CASES:
        equal(got.get(name), want, "%s: %s" % (program, name),
              delivered[name].raw.decode("latin-1"))


@tap.test
def postfix():
    """Brings the messages for all others, and checks its own two tables."""
    settings = {}
    for name, setting in (("header_checks", "lmtp_header_checks"),
                          ("milter_header_checks",) * 2):
        namespace.install("/etc/postfix/" + name, example("postfix-" + name))
        settings[setting] = "regexp:/etc/postfix/" + name
    with assaydaemon.Daemon({"limits": {"deadline": "1s"}}, ZONE) as daemon:
        server = mta.Postfix(daemon.socket, settings).start()
        for name, raw, sender, address, _ in CASES:
            server.sink.clear()
            server.send(raw, sender, address=address)
            delivered[name] = server.sink.wait(1)[0]
        server.stop()
    equal([line for line in server.log().splitlines() if "_checks" in line],
          [], "Postfix is content with its tables")
    marks = {("fail",): "junk", ("unverified",): "unverified", (): "keep"}
    compare("header_checks", {
        name: marks.get(tuple(message.values("X-Assay")))
        for name, message in delivered.items()})
    for name, _, _, _, want in CASES:
        equal(delivered[name].recipients,
              ["junk@example.org" if want == "junk" else "bob@example.org"],
              "milter_header_checks: " + name)


@tap.test
def sieve():
    script = write("assay.sieve", example("sieve/assay.sieve"))
    config = write("dovecot.conf", dovecot_conf())
    got = {}
    for name, message in delivered.items():
        path = write("message", message.raw.decode("latin-1"))
        out = as_bob(
            "sieve-test", "-c", config, script, path, text=True).stdout
        got[name] = sieve_action(out)
    compare("Sieve", got)


def dovecot_conf():
    """Since 2.4 the file names the version that it was written for."""
    version = as_bob("dovecot", "--version", text=True).stdout.split()[0]
    common = "ssl = no\nlog_path = /dev/stderr\n"
    if tuple(map(int, version.split(".")[:2])) < (2, 4):
        return common + "mail_location = maildir:%s/mail\n" % home
    return ("dovecot_config_version = 2.4.0\n"
            "dovecot_storage_version = 2.4.0\n" + common +
            "mail_driver = maildir\nmail_path = %s/mail\n" % home)


def sieve_action(out):
    kept = re.findall(r"\* store message in folder: (\S+)", out)
    flags = re.findall(r"add IMAP flags:(.*)", out)
    if kept == ["Junk"] and not flags:
        return "junk"
    if kept == ["INBOX"] and [f.strip() for f in flags] == ["Unverified"]:
        return "unverified"
    if (not kept or kept == ["INBOX"]) and not flags and "keep" in out:
        return "keep"
    return out


@tap.test
def procmail():
    write(".procmailrc", example("procmailrc"), 0o600)
    maildir = os.path.join(home, "Maildir")
    places = {"Maildir/.Junk/new": "junk", "Maildir/new": "keep",
              "Maildir/.Unverified/new": "unverified"}
    got = {}
    os.mkdir(maildir)
    os.chown(maildir, BOB, BOB)
    for name, message in delivered.items():
        as_bob("procmail", input=message.raw.replace(b"\r\n", b"\n"))
        found = []
        for place, what in places.items():
            folder = os.path.join(home, place)
            for file in os.listdir(folder) if os.path.isdir(folder) else []:
                os.unlink(os.path.join(folder, file))
                found.append(what)
        got[name] = found[0] if len(found) == 1 else found
    compare("procmail", got)


@tap.test
def spamassassin():
    namespace.install("/etc/spamassassin/assay.cf",
                      example("spamassassin.cf"))
    done = as_bob("spamassassin", "-L", "-x", "--lint", text=True)
    equal(done.stdout, "", "SpamAssassin finds no fault with the rules")
    mailbox = b"".join(
        b"From n%d Sun Nov 22 00:00:00 2026\n" % number +
        message.raw.replace(b"\r\n", b"\n") + b"\n"
        for number, message in enumerate(delivered.values()))
    out = as_bob("spamassassin", "-L", "-x", "--mbox", input=mailbox).stdout
    judged = re.split(rb"(?m)^From n(\d+) ", out)     # in its own order
    names = list(delivered)
    got = {names[int(number)]: points(text)
           for number, text in zip(judged[1::2], judged[2::2])}
    compare("SpamAssassin", got)


def points(text):
    status = re.search(rb"(?ms)^X-Spam-Status: .*?\n(?=\S)", text)
    if not status:
        return "not judged"
    hits = re.findall(rb"\bASSAY_\w+", status.group())
    return {(): "keep", (b"ASSAY_DMARC_FAIL",): "junk",
            (b"ASSAY_UNVERIFIED",): "unverified"}.get(tuple(hits), hits)


mta.prepare(*PACKAGES)
home = assaydaemon.work_folder("assay-home-")
add_user()
tap.main()
