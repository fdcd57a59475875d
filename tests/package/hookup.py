# SPDX-License-Identifier: BSD-2-Clause
"""assay-hookup(7), carried out: hookup.py WORD...

It runs as root on a machine of its own (chroot_boot of tests/lib/chroot.sh),
in the folder of the source, and does what the page says, display by display,
with nothing changed but the words of INSTEAD.  The words say for whom:
packages or source, postfix or sendmail.  Around the displays is what a
postmaster would do: write to people elsewhere, get mail from them, publish
records.  After each section CHECKS looks at what has come of it.

The rest of the world is here as well: the name servers, the mail servers of
example.net and gmail.com with TLS, and the policy host of gmail.com.
"""

import glob
import os
import re
import smtplib
import ssl
import subprocess
import sys
import urllib.request

import yaml

import assaydaemon
import manual
import mta
import signkeys
import tap
import tlspol
import unbound
from assaydaemon import wait_for
from tap import equal, ok

WORDS = {"packages", "source", "postfix", "sendmail"}
SECONDS = 60
CONFIG = "/etc/assay/assay.yaml"
# Not 192.0.2.0/24, which Debian's Sendmail rejects.
OURS, FRIEND, GMAIL, STRANGER = ("198.51.100.%d" % n for n in (1, 2, 3, 99))
POLICY_HOST = "1.2.3.4"         # in public, as it must be

ZONES = {
    "example.org": [
        '@ TXT "v=spf1 mx -all"', "@ MX 10 mx", "mx A " + OURS,
        '_dmarc TXT "v=DMARC1; p=reject"'],
    "example.net": [
        '@ TXT "v=spf1 ip4:%s -all"' % FRIEND, "@ MX 10 mail",
        "mail A " + FRIEND, '_dmarc TXT "v=DMARC1; p=reject"',
        "nospf A " + STRANGER],
    "gmail.com": [
        "@ MX 10 mx", "mx A " + GMAIL, "mta-sts A " + POLICY_HOST,
        '_mta-sts TXT "v=STSv1; id=1;"'],
}

MESSAGE = (b"From: Alice <alice@example.net>\r\n"
           b"To: joe@example.org\r\n"
           b"Subject: %s\r\n"
           b"Date: Sun, 29 Nov 2026 10:00:00 +0000\r\n"
           b"Message-ID: <%s@example.net>\r\n"
           b"\r\nHello Joe.\r\n")


def run(*command, data=None, check=True):
    done = subprocess.run(command, input=data, stdin=None if data else
                          subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=600, check=False)
    text = done.stdout.decode("utf-8", "replace")
    if check and done.returncode:
        raise RuntimeError("%s: status %d\n%s" %
                           (" ".join(command), done.returncode, text))
    return text


class World:
    def __init__(self):
        for address in (OURS + "/24", POLICY_HOST):
            run("ip", "address", "add", address, "dev", "lo")
        self.folder = assaydaemon.work_folder()
        self.server = None
        self.lines = {name: list(lines) for name, lines in ZONES.items()}
        hosts = tlspol.PolicyHosts(self.folder, ["mta-sts.gmail.com"],
                                   address=POLICY_HOST, port=443)
        hosts.hosts["mta-sts.gmail.com"] = tlspol.response(
            tlspol.policy("mx.gmail.com"))
        self.trust(hosts.ca)
        self.friend = mta.Sink(refused={"nobody@example.net"},
                               address=FRIEND, port=25)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*hosts.ca.certificate("mx.gmail.com"))
        self.gmail = mta.Sink(tls=tls, address=GMAIL, port=25)
        self.sign()
        run("adduser", "--disabled-password", "--gecos", "", "joe")

    def trust(self, ca):
        with open(ca.path, "rb") as f:
            write("/usr/local/share/ca-certificates/world.crt", f.read())
        run("update-ca-certificates")

    def sign(self):
        """The key of example.net."""
        self.key = signkeys.Key(self.folder, "s1")
        self.publish("example.net", "s1._domainkey TXT " + " ".join(
            '"%s"' % part for part in re.findall(".{1,250}",
                                                 self.key.record)))

    def publish(self, domain, *lines):
        """More records, in the words of a zone file."""
        self.lines[domain] += lines
        zones = {}
        for name, records in self.lines.items():
            path = os.path.join(self.folder, name)
            write(path, ("$ORIGIN %s.\n$TTL 60\n@ SOA ns h 1 60 60 60 60\n"
                         "@ NS ns\nns A 127.0.0.1\n%s\n" %
                         (name, "\n".join(records))).encode())
            zones[name] = (path, None)
        if self.server:
            self.server.stop()
        self.server = unbound.Unbound(zones, port=53)


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


# ---- mail ----

def deliver(subject, client=FRIEND, sender="alice@example.net", signed=False,
            helo="mail.example.net"):
    """A message to joe from elsewhere; raises when it is refused."""
    raw = MESSAGE % (subject.encode(), subject.encode())
    if signed:
        import dkim
        raw = dkim.sign(raw, b"s1", b"example.net",
                        read(world.key.path).encode()) + raw
    smtp = smtplib.SMTP("127.0.0.1", 25, timeout=SECONDS,
                        source_address=(client, 0))
    smtp.ehlo(helo)
    smtp.sendmail(sender, ["joe@example.org"], raw)
    smtp.quit()


def mailbox():
    """The messages of joe, without the lines that begin them."""
    path = "/var/mail/joe"
    text = read(path) if os.path.exists(path) else ""
    return re.split(r"(?m)^From .*\n", text)[1:]


def arrived(word):
    """The message in the mailbox that has the word, once it is there."""
    found = []

    def look():
        found[:] = [m for m in mailbox() if word in m]
        return found
    wait_for(look, SECONDS, "a message with " + word)
    return found[0]


def results(message):
    """Its topmost Authentication-Results field, unfolded."""
    header = re.sub(r"\n[ \t]+", " ", message.split("\n\n")[0])
    return (re.findall(r"(?m)^Authentication-Results: (.*)", header) +
            [""])[0]


def submit(recipient, subject):
    """A program of joe's sends it."""
    run("sendmail", "-f", "joe@example.org", recipient, data=(
        "From: Joe <joe@example.org>\nTo: %s\nSubject: %s\n\nHello.\n" %
        (recipient, subject)).encode())


def log():
    return run("journalctl", "-u", "assay-milter", "-o", "cat")


def held():
    """The queue id of the message that is held."""
    if "postfix" in who:
        ids = re.findall(r"(?m)^(\w+)!", run("postqueue", "-p"))
    else:
        ids = [os.path.basename(p)[2:]
               for p in glob.glob("/var/spool/mqueue/hf*")]
    return ids[0] if ids else None


# ---- what a postmaster does between the displays ----

def friend_writes():
    deliver("good", signed=True)
    deliver("forged", client=STRANGER)
    write("MESSAGE", arrived("Subject: good").encode())
    arrived("Subject: forged")


def publish_key():
    world.publish("example.org", re.search(
        r"(?ms)^s2026\._domainkey.*?\)$", printed("assay keygen")).group())


def forger_writes():
    deliver("observed", client=STRANGER)
    arrived("Subject: observed")
    wait_for(lambda: "observed=" in log(), SECONDS, "observed=")


def doubtful_mail():
    """p=reject, and SPF does not say that it is forged: it is held."""
    deliver("doubtful", client=STRANGER, sender="x@nospf.example.net")
    INSTEAD["ID"] = wait_for(held, SECONDS, "a message is held")


def mail_to_gmail():
    submit("x@gmail.com", "to gmail")
    world.gmail.wait(1, SECONDS)


def some_mail():
    """The store is made with the first record."""
    deliver("stored", signed=True)
    wait_for(lambda: os.path.exists("/var/lib/assay/assay.db"), SECONDS,
             "the store")


BEFORE = {
    "journalctl -u assay-milter\n": friend_writes,
    "assay key-check": publish_key,
    "journalctl -u assay-milter -g observed=": forger_writes,
    "postqueue -p": doubtful_mail,
    "mailq -qQ": doubtful_mail,
    "runuser -u assay": some_mail,
    "journalctl -t postfix/smtp": mail_to_gmail,
    "journalctl -t sm-mta": mail_to_gmail,
}
INSTEAD = {}


# ---- the page ----

outputs = []        # (commands, what they printed)


def printed(begin):
    """What the last display printed that begins so."""
    return [out for text, out in outputs if text.startswith(begin) or
            "\n" + begin in text][-1]


def carry_out(display):
    action, _, rest = display.todo.partition(" ")
    for begin, hook in BEFORE.items():
        if display.text.startswith(begin):
            hook()
    text = display.text
    for word, other in INSTEAD.items():
        text = text.replace(word, other)
    {"run": run_all, "append": append, "replace": replace,
     "above": above}[action](text, *rest.split())


def run_all(text):
    done = subprocess.run(["sh", "-e", "-c", text], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=600,
                          check=False)
    outputs.append((text, done.stdout))
    if done.returncode:
        raise RuntimeError("status %d\n%s" % (done.returncode,
                                              done.stdout[-3000:]))


def append(text, path):
    with open(path, "a", encoding="utf-8") as f:
        f.write(text)


def replace(text, path):
    """The keys that it has; an old value goes with its further lines."""
    old = read(path)
    for key in yaml.safe_load(text):
        old = re.sub(r"(?m)^%s:.*\n(?:[ -].*\n)*" % key, "", old)
    write(path, (old.rstrip("\n") + "\n" + text).encode())


def above(text, begin, path):
    write(path, re.sub(r"(?m)^%s" % begin, lambda m: text + m.group(),
                       read(path), count=1).encode())


# ---- what has come of a section ----

def check_installed():
    for command in ("assay-milter -V", "assay-tlspol -V", "assay help"):
        ok(run(*command.split()), command)


def check_running():
    equal(run("systemctl", "is-active", "assay-milter").strip(), "active",
          "the service runs")


def check_socket():
    path = yaml.safe_load(read(CONFIG))["socket"].partition(":")[2]
    as_mta = ["runuser", "-u", "postfix"] if "postfix" in who else []
    for user, want in ((as_mta, 0), (["runuser", "-u", "nobody"], 1)):
        done = subprocess.run(user + ["--", "test", "-w", path]
                              if user else ["test", "-w", path], check=False)
        equal(done.returncode, want, "%s may use the socket: %s" %
              (user[-1] if user else "root", "no" if want else "yes"))


def check_look():
    good, forged = (results(arrived("Subject: " + word))
                    for word in ("good", "forged"))
    ok(re.match(r"mx\.example\.org; spf=pass .*dkim=pass .*dmarc=pass "
                "policy.published-domain-policy=reject", good), "good", good)
    ok(re.match(r"mx\.example\.org; spf=fail .*dkim=none.*dmarc=fail "
                ".*policy.dmarc=reject", forged), "forged", forged)
    lines = printed("journalctl -u assay-milter\n")
    for word in ("dmarc=pass", "dmarc=fail"):
        ok(word in lines, "the log has " + word, lines[-2000:])
    text = printed("assay check")
    ok("DMARC pass" in text, "assay check explains", text)
    facility = run("journalctl", "-u", "assay-milter", "-o", "json",
                   "--output-fields=SYSLOG_FACILITY", "-n", "1")
    ok('"SYSLOG_FACILITY":"2"' in facility, "it is for mail.log", facility)


def check_signed():
    """The key signs, and somebody else's program verifies."""
    submit("bob@example.net", "outbound")
    raw = world.friend.wait(1, SECONDS)[0].raw
    record = "".join(re.findall(r'"(.*?)"', printed("assay keygen")))
    verified = signkeys.dkimpy(raw, {
        "s2026._domainkey.example.org": [{"TXT": record}]})
    equal(verified, {"s2026": True}, "dkimpy verifies", raw.decode())
    ok(" d=example.org;" in raw.decode(), "d=example.org")
    ok("signed=example.org:s2026" in log(), "the log says signed=")


def check_own():
    submit("nobody@example.net", "bounces")
    bounce = arrived("MAILER-DAEMON").split("\n\n")[0]
    equal("DKIM-Signature" in bounce, "postfix" in who,
          "the bounce is signed by Postfix, and not with Sendmail", bounce)
    world.friend.clear()
    run("sendmail", "-f", "root@mx.example.org", "bob@example.net",
        data=b"From: root@mx.example.org\nSubject: cron\n\nHello.\n")
    raw = world.friend.wait(1, SECONDS)[0].raw.decode()
    ok(re.search(r"DKIM-Signature:[^\0]* d=example\.org;", raw),
       "what cron sends is signed", raw)


def check_rules():
    lines = printed("journalctl -u assay-milter -g observed=")
    ok("observed=dmarc-reject" in lines and "observed-action=reject" in lines,
       "the log has what a rule would have done", lines)
    try:
        deliver("rejected", client=STRANGER)
        ok(False, "what the rules reject is rejected")
    except smtplib.SMTPDataError as refused:
        equal(refused.smtp_code, 550, "it is rejected")
    text = outputs[-1][1]
    ok(INSTEAD["ID"] in text and "Hello Joe." in text, "held mail is shown",
       text)
    equal(held(), None, "and is held no longer")
    released = arrived("Subject: doubtful")
    ok("dmarc=fail" in results(released), "it is delivered as it was judged",
       released)
    ok("DKIM-Signature" not in released, "and not signed")


def check_protected():
    text = printed("postmap -q" if "postfix" in who else "echo '/map sts")
    ok("secure match=mx.gmail.com" in text, "the policy of a domain", text)
    ok("mx.gmail.com" in outputs[-1][1], "and its certificate is verified",
       outputs[-1][1])
    equal(len(world.gmail.messages), 1, "delivered")


def check_next():
    text = printed("assay spf")
    ok("v=spf1 mx -all" in text and "v=DMARC1" in text, "the records", text)
    with urllib.request.urlopen("http://127.0.0.1:9102/metrics",
                                timeout=SECONDS) as page:
        ok(b"assay_messages" in page.read(), "the metrics")
    ok("assay-report.timer" in run("systemctl", "list-timers"), "a timer")
    equal(run("systemctl", "start", "assay-report"), "", "reports are sent")


CHECKS = {
    "1. Install": check_installed,
    "2. Start": check_running,
    "3a. Postfix": check_socket,
    "3b. Sendmail": check_socket,
    "4. Look": check_look,
    "5. Sign": check_signed,
    "6. Sign what the server writes itself": check_own,
    "7. Rules, and mail that they hold": check_rules,
    "8. Protect the mail that you send": check_protected,
    "9. Next steps": check_next,
}


def mine(display):
    """Is it for these words?"""
    return not set(display.words) - who and \
        not display.todo.startswith("elsewhere")


def hookup():
    displays = manual.displays("doc/assay-hookup.7")
    sections = list(dict.fromkeys(d.section for d in displays))
    equal(sections, list(CHECKS), "each section has its check")
    for section in sections:
        todo = [d for d in displays if d.section == section and mine(d)]
        for display in todo:
            ok(display.todo, "line %d: %s: %s" % (
                display.line, display.todo, display.text.strip()))
            carry_out(display)
        if todo:
            tap.note(section)
            CHECKS[section]()


@tap.test
def page():
    global world
    world = World()
    try:
        hookup()
    except Exception:
        tap.note(run("journalctl", "-n", "60", "--no-pager", check=False))
        raise


who = set(sys.argv[1:])
if not who or who - WORDS:
    sys.exit("usage: hookup.py WORD...")
sys.argv[1:] = []
tap.main(900)
