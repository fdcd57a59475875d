# SPDX-License-Identifier: BSD-2-Clause
"""Postfix and Sendmail deliver by what assay-tlspol answers: to whom, over
which protection, and what waits, all read from their logs."""

import os
import re
import subprocess
import threading

import yaml

import assaydaemon
import dnsserver
import manual
import mta
import namespace
import sendmail
import tap
import tlsmail
import tlspol
from tap import equal, ok
from tlsmail import Server, mx_lines, sts_lines
from tlspol import policy, response

if not tlspol.built():
    tap.skip_all("assay-tlspol was not built")

# ---- those that deliver ----


class Delivery:
    """
    `tries`: each server in its order, and how it was protected: the first
    word of the mail server's log about the certificate; None: not at all.
    `why`: what the log says about the end.
    """

    def __init__(self, sent, tries, why):
        self.sent, self.tries, self.why = sent, tries, why


class Sender:
    """Started, and stopped at the end."""

    def __enter__(self):
        self.mta.start()
        return self

    def __exit__(self, *rest):
        self.mta.stop()


class Postfix(Sender):
    """
    Verified: the name, by DANE or by a policy.  Trusted: the authority
    alone.  Untrusted: no more than encrypted.
    """
    name = "Postfix"

    def __init__(self, socket, ca, table="postfix", **main):
        self.mta = mta.Postfix(main=dict(
            default_transport="smtp", mydestination="",
            smtp_tls_loglevel="1", smtp_tls_CAfile=ca.path,
            smtp_tls_policy_maps="socketmap:%s:%s" %
            (mta.postfix_spelling(socket), table),
            dnssec_probe="ns:dane.example", smtp_dns_support_level="dnssec",
            smtp_tls_security_level="dane", **main))

    @staticmethod
    def says(words):
        """A name that is not the right one makes 3.7 say Untrusted."""
        if words == OTHER_NAME and mta.version() < (3, 10):
            return "Untrusted"
        return words[0]

    def deliver(self, recipient):
        before = len(self.mta.log())
        mta.inject(self.mta.port, "alice@example.net", [recipient],
                   tlsmail.message(before))
        pattern = re.compile(r"to=<%s>.* status=(sent|deferred|bounced) "
                             r"\((.*)\)" % re.escape(recipient))
        end = assaydaemon.wait_for(
            lambda: pattern.search(self.mta.log(), before), 60,
            "Postfix and " + recipient)
        text = self.mta.log()[before:end.end()]
        return Delivery(end.group(1) == "sent", re.findall(
            r"smtp\[\d+\]: (\w+) TLS connection established to "
            r"([^\[]+)", text), end.group(2) + text)


class Sendmail(Sender):
    """
    OK: by an authority that is trusted, FAIL: not so.  That the name is
    right is for the rule sets to find out.
    """
    name = "Sendmail"

    def __init__(self, socket, ca):
        port, host = socket[5:].split("@")
        self.mta = sendmail.Sendmail(use_mx=True, mc=(
            "FEATURE(`sts', `socket -d5 -T<TMPF> inet:%s@%s')dnl\n"
            "define(`confCACERT', `%s')dnl\n"
            "define(`confCACERT_PATH', `%s')dnl\n" %
            (port, host, ca.path, ca.folder)))

    @staticmethod
    def says(words):
        return words[1]

    def deliver(self, recipient):
        before = len(self.mta.log())
        mta.inject(self.mta.port, "alice@example.net", [recipient],
                   tlsmail.message(before))
        pattern = re.compile(r"sendmail\[(\d+)\]: .* to=<%s>.* stat=(.*)" %
                             re.escape(recipient))
        assaydaemon.wait_for(
            lambda: pattern.search(self.mta.log(), before), 60,
            "Sendmail and " + recipient)
        # There is such a line after each server that was tried.
        text = self.mta.log()[before:]
        child = pattern.search(text).group(1)
        assaydaemon.wait_for(lambda: not os.path.exists("/proc/" + child), 60,
                             "Sendmail's process has ended")
        text = self.mta.log()[before:]
        end = pattern.findall(text)[-1][1]
        return Delivery(end.startswith("Sent"), [
            pair[::-1] for pair in re.findall(
                r"STARTTLS=client, relay=([^,]+?)\.?, .*?verify=(\w+)",
                text)], end + text)


# ---- the domains ----

DANE = {
    "good": [Server("mx.good.dane.example", 10, self_signed=True)],
    "wrong": [Server("mx1.wrong.dane.example", 11),
              Server("mx2.wrong.dane.example", 12)],
    "second": [Server("mx1.second.dane.example", 13),
               Server("mx2.second.dane.example", 14, self_signed=True)],
    "bogus": [Server("mx1.bogus.dane.example", 15, self_signed=True),
              Server("mx2.bogus.dane.example", 16, self_signed=True)],
    "absent": [Server("mx.absent.dane.example", 17, self_signed=True)],
    "both": [Server("mx.both.dane.example", 30, self_signed=True)],
    "override": [Server("mx.override.dane.example", 31)],
    "unusable": [Server("mx.unusable.dane.example", 32)],
}


def one(domain, address, **more):
    return Server("mx.%s.sts.example" % domain, address, **more)


OTHER = {"shown": "other.example"}
STS = {
    "enforce": [one("enforce", 50)],
    "other": [one("other", 51, **OTHER)],
    "next": [Server("mx1.next.sts.example", 52, **OTHER),
             Server("mx2.next.sts.example", 53)],
    "self": [one("self", 54, self_signed=True)],
    "plain": [one("plain", 55, shown="")],
    "unlisted": [one("unlisted", 56)],
    "wild": [one("wild", 57)],
    "testing": [one("testing", 58, **OTHER)],
    "kept": [one("kept", 59)],
    "gone": [one("gone", 60, **OTHER)],
    "cold": [one("cold", 61, **OTHER)],
    "none": [one("none", 62, **OTHER)],
    "clear": [one("clear", 63, shown="")],
    "relay": [one("relay", 64, **OTHER)],
}
# Mail for these goes another way than DNS says.
ROUTES = {"relayed.example": "[mx.relay.sts.example]:25",
          "ported.example": "enforce.sts.example:25"}
POLICIES = {
    "unlisted": policy("mail.unlisted.sts.example"),
    "wild": policy("*.wild.sts.example"),
    "next": policy("*.next.sts.example"),
    "testing": policy("mx.testing.sts.example", mode="testing"),
}
WITHOUT = ("none", "clear")         # no MTA-STS


def zone_lines(without=WITHOUT):
    lines = []
    for domain, servers in STS.items():
        lines += mx_lines(domain, *servers)
        if domain not in without:
            lines += sts_lines(domain)
    return lines + sts_lines("mx.relay")


def policy_name(domain, zone):
    return "mta-sts.%s.%s.example" % (domain, zone)


class World:
    """Everything but the daemon and the one that delivers."""

    def __init__(self):
        folder = assaydaemon.work_folder()
        here = [policy_name(d, "sts") for d in list(STS) + ["mx.relay"]] + [
            policy_name(d, "dane") for d in DANE]
        self.hosts = tlspol.PolicyHosts(folder, here, port=443)
        for domain in STS:
            if domain not in WITHOUT:
                self.serve(domain)
        for domain in DANE:
            self.hosts.hosts[policy_name(domain, "dane")] = response(
                policy("mx.%s.dane.example" % domain))
        self.hosts.hosts[policy_name("mx.relay", "sts")] = response(
            policy("mx.relay.sts.example"))
        self.names = tlsmail.Names(zone_lines())
        self.receiver = tlsmail.Receiver(
            [d + ".dane.example" for d in DANE] +
            [d + ".sts.example" for d in STS] + list(ROUTES),
            [s for group in (DANE, STS) for servers in group.values()
             for s in servers], self.hosts.ca).start()

    def serve(self, domain):
        self.hosts.hosts[policy_name(domain, "sts")] = response(
            POLICIES.get(domain) or policy("mx.%s.sts.example" % domain))

    def daemon(self, config=None):
        """At Sendmail's port, for both."""
        return tlspol.Daemon(assaydaemon.merged(
            {"socket": "inet:5461@127.0.0.1"}, config or {}), None,
            self.hosts)

    def received(self, recipient):
        """What has come for him."""
        return [m for m in list(self.receiver.sink.messages)
                if recipient in m.recipients]


world = None
count = [0]


def check(sender, domain, sent, tries, why="", what=""):
    """One message to somebody of the domain."""
    count[0] += 1
    recipient = "bob%d@%s" % (count[0], domain)
    got = sender.deliver(recipient)
    name = "%s, %s%s" % (sender.name, domain, what and ", " + what)
    good = equal((got.sent, got.tries), (sent, list(tries)), name)
    good &= ok(why in got.why, "%s: %s" % (name, why or "sent"))
    if got.sent:
        tlspol.until(lambda: world.received(recipient), name)
        fields = world.received(recipient)[0].values("Received")
        good &= equal(" with ESMTPS " in fields[0], bool(tries),
                      name + ": what the receiver says", *fields)
    else:
        good &= equal(world.received(recipient), [], name + ": it waits")
    if not good:
        tap.note(got.why)


@tap.test
def dane():
    """Postfix alone; assay-tlspol must not be in the way."""
    wrong = "Server certificate not verified"
    rows = (
        ("good", True, [("Verified", "mx.good")], ""),
        ("wrong", False, [("Untrusted", "mx1.wrong"),
                          ("Untrusted", "mx2.wrong")], wrong),
        ("second", True, [("Untrusted", "mx1.second"),
                          ("Verified", "mx2.second")], ""),
        ("bogus", True, [("Verified", "mx2.bogus")], ""),
        ("absent", True, [("Untrusted", "mx.absent")], ""),
        # MTA-STS would refuse the certificate of the first one, and let
        # pass that of the second.
        ("both", True, [("Verified", "mx.both")], ""),
        ("override", False, [("Untrusted", "mx.override")], wrong),
        ("unusable", True, [("Verified", "mx.unusable")], ""),
    )
    answers = {"both": "OK dane", "override": "OK dane",
               "unusable": "OK secure match=mx.unusable.dane.example "
               "servername=hostname"}
    with world.daemon() as daemon:
        with Postfix(daemon.socket, world.hosts.ca) as sender:
            for domain, sent, tries, why in rows:
                check(sender, domain + ".dane.example", sent,
                      [(level, host + ".dane.example")
                       for level, host in tries], why)
                equal(daemon.ask(domain + ".dane.example"),
                      answers.get(domain, "NOTFOUND "), "the answer")


# What Postfix and Sendmail say of a certificate: of one that is good; of
# one whose name is another; or was not asked for; of one that is nobody's.
VERIFIED = ("Verified", "OK")
OTHER_NAME = ("Trusted", "OK", "but not verified")
ANY_NAME = ("Trusted", "OK")
UNKNOWN = ("Untrusted", "FAIL")
STS_ROWS = (
    ("none", True, [(ANY_NAME, "mx.none")], "no MTA-STS"),
    ("clear", True, [], "no MTA-STS, and no TLS"),
    ("enforce", True, [(VERIFIED, "mx.enforce")], "a good certificate"),
    ("other", False, [(OTHER_NAME, "mx.other")],
     "a certificate of another name"),
    ("next", True, [(OTHER_NAME, "mx1.next"), (VERIFIED, "mx2.next")],
     "another name at the first server"),
    ("self", False, [(UNKNOWN, "mx.self")], "signed by itself"),
    ("plain", False, [], "no TLS"),
    ("unlisted", False, [(OTHER_NAME, "mx.unlisted")],
     "a server that the policy does not have"),
    ("wild", True, [(VERIFIED, "mx.wild")], "a pattern"),
    ("testing", True, [(ANY_NAME, "mx.testing")],
     "mode testing, a certificate of another name"),
)


def check_sts(sender, domain, sent, tries, what):
    """The certificates as this sender has them."""
    check(sender, domain + ".sts.example", sent,
          [(sender.says(words), host + ".sts.example")
           for words, host in tries], what=what)


@tap.test
def sts():
    with world.daemon() as daemon:
        for kind in SENDERS:
            with kind(daemon.socket, world.hosts.ca) as sender:
                for row in STS_ROWS:
                    check_sts(sender, *row)


@tap.test
def sts_tlsrpt():
    """
    With the attributes that Postfix 3.10 has: it then never connects to a
    server that the policy does not have.
    """
    if mta.version() < (3, 10):
        tap.skip("attributes for TLSRPT", "Postfix is older than 3.10")
        return
    with world.daemon() as daemon:
        with Postfix(daemon.socket, world.hosts.ca,
                     "QUERYwithTLSRPT") as sender:
            for domain, sent, tries, what in STS_ROWS:
                check_sts(sender, domain, sent,
                          [] if domain == "unlisted" else tries, what)


@tap.test
def smart_hosts():
    """Next hops that the operator has chosen, as Postfix asks for them."""
    routes = "inline:{ %s }" % ", ".join(
        "%s=smtp:%s" % route for route in ROUTES.items())
    for smart in False, True:
        with world.daemon({"smart-hosts": smart}) as daemon:
            with Postfix(daemon.socket, world.hosts.ca,
                         transport_maps=routes) as sender:
                what = "smart-hosts: " + ("yes" if smart else "no")
                check(sender, "relayed.example", not smart,
                      [(sender.says(OTHER_NAME if smart else ANY_NAME),
                        "mx.relay.sts.example")], what=what)
                check(sender, "ported.example", True,
                      [(sender.says(VERIFIED if smart else ANY_NAME),
                        "mx.enforce.sts.example")], what=what)


@tap.test
def cold():
    """First contact, and the policy host is slow: nothing waits for it."""
    for kind in SENDERS:
        world.hosts.gate = threading.Event()
        with world.daemon({"answer-within": "300ms"}) as daemon:
            with kind(daemon.socket, world.hosts.ca) as sender:
                check_sts(sender, "cold", True, [(ANY_NAME, "mx.cold")],
                          "first contact")
                world.hosts.gate.set()
                daemon.wait_line("domain", domain="cold.sts.example")
                check_sts(sender, "cold", False, [(OTHER_NAME, "mx.cold")],
                          "when the policy is known")
    world.hosts.gate = None


@tap.test
def gone():
    """Record and policy host have gone: what is in the cache file holds."""
    cache = os.path.join(assaydaemon.work_folder(), "policies")
    config = {"cache": {"file": cache}}
    with world.daemon(config) as daemon:
        for domain in "gone", "kept":
            ok(daemon.ask(domain + ".sts.example").startswith("OK secure"),
               domain + " is known")
            del world.hosts.hosts[policy_name(domain, "sts")]
    world.names.set(zone_lines(WITHOUT + ("gone", "kept")))
    for kind in SENDERS:
        with world.daemon(config) as daemon:
            with kind(daemon.socket, world.hosts.ca) as sender:
                for when in "at once", "looked up again":
                    check_sts(sender, "gone", False,
                              [(OTHER_NAME, "mx.gone")], "gone, " + when)
                    check_sts(sender, "kept", True, [(VERIFIED, "mx.kept")],
                              "gone, " + when)
                    daemon.wait_line("domain", domain="gone.sts.example",
                                     record="none")
    down(config)


def down(config):
    """assay-tlspol has no DNS: what it does not know flows, what it knows
    is protected."""
    sock, address = dnsserver.dead_port()
    dead = assaydaemon.merged(config, {"resolver": {
        "nameservers": [address], "timeout": "200ms", "tries": 1}})
    for kind in SENDERS:
        with world.daemon(dead) as daemon:
            with kind(daemon.socket, world.hosts.ca) as sender:
                check_sts(sender, "other", True, [(ANY_NAME, "mx.other")],
                          "DNS down, no policy is known")
                check_sts(sender, "plain", True, [],
                          "DNS down, no policy is known")
                check_sts(sender, "kept", True, [(VERIFIED, "mx.kept")],
                          "DNS down, its policy is known")
                check_sts(sender, "gone", False, [(OTHER_NAME, "mx.gone")],
                          "DNS down, its policy is known")
    sock.close()


def block_of(word):
    """The one display of step 8 of assay-hookup(7) that has the word."""
    found = [d.text for d in manual.displays("doc/assay-hookup.7")
             if d.section.startswith("8.") and word in d.text]
    equal(len(found), 1, "assay-hookup(7) has one block with " + word)
    return found[0]


def line_of(word):
    """The line of it that has the word."""
    return [line for line in block_of(word).splitlines() if word in line][0]


def shell(line):
    """A command of the page, about a domain of ours."""
    done = subprocess.run(
        ["sh", "-c", line.replace("gmail.com", "enforce.sts.example")],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    return done.stdout


def from_the_page(daemon):
    """The daemon as it is installed, but for what a test has to change."""
    path = os.path.join(assaydaemon.top_srcdir(), "etc/assay-tlspol.yaml")
    with open(path, encoding="ascii") as f:
        shipped = yaml.safe_load(f)
    shipped.update(yaml.safe_load(block_of("socket: [")))
    del shipped["user"], shipped["cache"]
    daemon.configure(shipped)
    return daemon


SECURE = "secure match=mx.enforce.sts.example servername=hostname"


@tap.test
def hookup():
    """The lines of assay-hookup(7), and the commands that show the result."""
    # Where the page has the authorities of the system, the tests' own.
    namespace.install("/etc/ssl/certs/ca-certificates.crt",
                      open(world.hosts.ca.path, encoding="ascii").read())
    with from_the_page(world.daemon()) as daemon:
        hookup_postfix(daemon)
        hookup_sendmail(daemon)


def hookup_postfix(daemon):
    ask, log = line_of("postmap -q"), line_of("-t postfix/smtp")
    pattern = re.search("-t postfix/smtp -g '(.*)'", log).group(1)
    sender = Postfix(daemon.socket, world.hosts.ca)
    sender.mta = mta.Postfix(main=dict(
        mta.parse_main_cf(block_of("smtp_tls_policy_maps")),
        default_transport="smtp", mydestination="",
        dnssec_probe="ns:dane.example"))
    with sender:
        equal(shell(ask.replace("postmap", "postmap -c " + sender.mta.etc)),
              SECURE + "\n", ask)
        check_sts(sender, "enforce", True, [(VERIFIED, "mx.enforce")],
                  "as on the page")
        ok(re.search(pattern, sender.mta.log()), log)
        check_sts(sender, "other", False, [(OTHER_NAME, "mx.other")],
                  "as on the page")


def hookup_sendmail(daemon):
    ask, log = line_of("sendmail -bt"), line_of("-t sm-mta")
    pattern = re.search("-t sm-mta -g '(.*)'", log).group(1)
    sender = Sendmail(daemon.socket, world.hosts.ca)
    sender.mta = sendmail.Sendmail(use_mx=True, mc=block_of("FEATURE"))
    with sender:
        path = os.path.join(sender.mta.top, "sendmail.cf")
        ok(SECURE in shell(ask.replace("sendmail -bt", "%s -C %s -bt" % (
            sendmail.PROGRAM, path))), ask)
        check_sts(sender, "enforce", True, [(VERIFIED, "mx.enforce")],
                  "as on the page")
        ok(re.search(pattern, sender.mta.log()), log)
        check_sts(sender, "other", False, [(OTHER_NAME, "mx.other")],
                  "as on the page")


SENDERS = (Postfix, Sendmail)


def main():
    global world
    # Sendmail asks the C library for addresses.
    namespace.install("/etc/nsswitch.conf", "hosts: files dns\n"
                      "passwd: files\ngroup: files\n")
    world = World()
    tap.main()


mta.prepare(("unbound",), sendmail.PACKAGES)
main()
