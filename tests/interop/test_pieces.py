# SPDX-License-Identifier: BSD-2-Clause
"""The pieces in etc/ as "include" takes them, on real Postfix and Sendmail."""

import os
import re
import smtplib

import assaydaemon
import mta
import sendmail
import signkeys
import tap
from tap import equal, ok

PIECES = ("policy-own-domains", "policy-enforce-anyway",
          "policy-reject-weak", "sign-against-replay")
GOOD, BAD = "192.0.2.1", "192.0.2.99"


def message(domain, other=None):
    return (b"From: Jane <jane@%s>%s\r\n"
            b"To: Bob <bob@example.org>\r\n"
            b"Subject: hello\r\n"
            b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
            b"Message-ID: <1@%s>\r\n"
            b"\r\nHello Bob.\r\n" %
            (domain.encode(),
             b", <x@%s>" % other.encode() if other else b"",
             domain.encode()))


class World:
    def __init__(self):
        self.key = signkeys.Key(assaydaemon.work_folder(), "s1")
        spf = "v=spf1 ip4:%s -all" % GOOD
        zone = {"slow.example": [{"TXT": spf}],
                "_dmarc.slow.example": ["TIMEOUT"]}
        self.zone = zone
        for domain, policy in (("ours.example", "none"),
                               ("bank.example", "none"),
                               ("other.example", "none"),
                               ("bare.example", None),
                               ("loose.example", None)):
            zone[domain] = [{"TXT": spf}]
            zone["s1._domainkey." + domain] = [{"TXT": self.key.record}]
            if policy:
                zone["_dmarc." + domain] = [
                    {"TXT": "v=DMARC1; p=" + policy}]
        pieces = [os.path.join(os.path.abspath(assaydaemon.top_srcdir()),
                               "etc/%s.yaml" % name)
                  for name in PIECES]
        # Its own folder, as a shared one might be open to everybody.
        folder = assaydaemon.work_folder()
        for at, path in enumerate(pieces):
            pieces[at] = os.path.join(folder, os.path.basename(path))
            with open(path, "rb") as source, open(pieces[at], "wb") as copy:
                copy.write(source.read())
        self.daemon = assaydaemon.Daemon({
            "include": pieces,
            "own-domains": ["ours.example", "bare.example", "slow.example"],
            "enforce-anyway": ["bank.example"],
            "sign": [{"domains": ["ours.example"], "keys": [
                {"selector": "s1", "file": self.key.path}]}],
            "limits": {"deadline": "2s"}}, zone)
        self.daemon.start()

    def signed(self, domain, length=False):
        import dkim     # is there in the namespace
        raw = message(domain)
        with open(self.key.path, "rb") as f:
            return dkim.sign(raw, b"s1", domain.encode(), f.read(),
                             length=length) + raw


def cases():
    """(what, octets, client, the rule that refuses or None, the code)"""
    weak = b"Buy this.\r\n"
    return (
        ("ours, from where it may", message("ours.example"), GOOD, None, 250),
        ("ours, forged", message("ours.example"), BAD,
         "own-domain-forged", 550),
        ("ours, signed", world.signed("ours.example"), BAD, None, 250),
        ("ours without a record, forged", message("bare.example"), BAD,
         "own-domain-forged", 550),
        ("ours without a record, signed", world.signed("bare.example"), BAD,
         "own-domain-signed", 250),
        ("ours beside another", message("other.example", "ours.example"),
         GOOD, "own-domain-forged", 550),
        ("ours, DNS failed", message("slow.example"), BAD,
         "own-domain-later", 451),
        ("a brand, forged", message("bank.example"), BAD,
         "enforce-anyway", 550),
        ("a brand, signed", world.signed("bank.example"), BAD, None, 250),
        ("somebody else, forged", message("other.example"), BAD, None, 250),
        ("text after l=", world.signed("other.example", True) + weak, BAD,
         "weak-signature", 550),
        ("text after l=, SPF", world.signed("other.example", True) + weak,
         GOOD, None, 250),
        ("text after l=, no record",
         world.signed("loose.example", True) + weak, BAD,
         "weak-signature-alone", 550))


def send(server, raw, sender, client):
    """(code, text)"""
    try:
        server.send(raw, sender, ["bob@example.org"], address=client)
    except smtplib.SMTPDataError as refused:
        return refused.smtp_code, refused.smtp_error.decode()
    return 250, ""


@tap.test
def pieces():
    for kind, make in (("Postfix: ", mta.Postfix),
                       ("Sendmail: ", sendmail.Sendmail)):
        server = make(world.daemon.socket).start()
        for at, (what, raw, client, rule, code) in enumerate(cases()):
            domain = raw.split(b"jane@")[1].split(b">")[0].decode()
            sender = "n%d@%s" % (at, domain)
            got, text = send(server, raw, sender, client)
            equal(got, code, kind + what, text)
            if code == 550:
                ok("authenticated: From is " in text or
                   "proves too little" in text,
                   kind + what + ": the reply says why", text)
            record = world.daemon.wait_records_of(sender)[-1]
            equal(record.get("rule"), rule, kind + what + ": the rule")
        server.stop()


@tap.test
def against_replay():
    """It ends, and nothing that a reader sees can be added."""
    for kind, make in (("Postfix: ", mta.Postfix),
                       ("Sendmail: ", sendmail.Sendmail)):
        server = make(world.daemon.socket).start()
        server.send(message("ours.example"), "jane@ours.example",
                    ["bob@example.org"], address=None)
        raw = server.sink.wait(1)[0].raw
        equal(signkeys.dkimpy(raw, world.zone), {"s1": True},
              kind + "signed", raw)
        times = re.search(rb"t=(\d+);\s*x=(\d+)", raw)
        equal(int(times.group(2)) - int(times.group(1)), 3 * 86400,
              kind + "ends after three days")
        for field in ("To: eve@victim.example", "Cc: eve@victim.example",
                      "Subject: Buy this", "Reply-To: eve@spam.example",
                      "From: bank@bank.example", "References: <x@y>",
                      "Content-Disposition: attachment"):
            equal(signkeys.dkimpy(field.encode() + b"\r\n" + raw, world.zone),
                  {"s1": False}, kind + "added: " + field)
        equal(signkeys.dkimpy(b"List-Id: <l.example>\r\n" + raw, world.zone),
              {"s1": True}, kind + "a list may add its name")
        server.stop()
    world.daemon.check_stop("the daemon")


mta.prepare(sendmail.PACKAGES, signkeys.PACKAGES[0])
world = World()
tap.main()
