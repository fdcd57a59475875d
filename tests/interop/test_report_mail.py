# SPDX-License-Identifier: BSD-2-Clause
"""Aggregate reports of ours, from mail that a real Postfix took to mail that
it delivers: signed by the milter, and read by others."""

import email
import email.policy
import gzip
import json
import os
import sqlite3
import subprocess

import assaydaemon
import messages
import mta
import signkeys
import tap
from tap import equal, ok

SCHEMA = os.path.join(assaydaemon.top_srcdir(),
                      "tests/data/report/rfc9990.xsd")
OURS = (b"From: Carol <carol@ours.example>\r\n"
        b"To: Alice <alice@example.net>\r\nSubject: hi\r\n"
        b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
        b"Message-ID: <2@ours.example>\r\n\r\nHello.\r\n")
RUA = ("d@example.net", "reports@processor.example")


class World:
    def __init__(self):
        self.folder = assaydaemon.work_folder()
        self.path = os.path.join(self.folder, "assay.db")
        key = signkeys.Key(self.folder, "s1")
        self.zone = dict(messages.plain_zone(), **{
            "s1._domainkey.ours.example": [{"TXT": key.record}],
            "_dmarc.ours.example": [{"TXT": "v=DMARC1; p=reject"}],
            "_dmarc.example.net": [{"TXT": "v=DMARC1; p=quarantine; rua=" +
                                    ",".join("mailto:" + a for a in RUA)}],
            "example.net._report._dmarc.processor.example":
            [{"TXT": "v=DMARC1"}]})
        self.program = os.path.join(self.folder, "sendmail")
        self.daemon = assaydaemon.Daemon({
            "log": {"format": "json"},
            "store": "sqlite:" + self.path,
            "report": {"from": "dmarc@ours.example", "pause": "0s",
                       "org-name": "Ours", "sendmail": self.program,
                       "bounce": "bounce@ours.example"},
            "sign": [{"domains": ["ours.example"], "keys": [
                {"selector": "s1", "file": key.path}]}]}, self.zone,
            folder=self.folder).start()
        self.server = mta.Postfix(self.daemon.socket).start()
        with open(self.program, "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nexec /usr/sbin/sendmail -C %s \"$@\"\n" %
                    self.server.etc)
        os.chmod(self.program, 0o755)

    def ask(self, query):
        base = sqlite3.connect(self.path, timeout=30)
        try:
            got = base.execute(query).fetchall()
            base.commit()
            return got
        finally:
            base.close()

    def count(self):
        try:
            return self.ask("SELECT count(*) FROM assay_message")[0][0]
        except sqlite3.OperationalError:
            return -1       # there are no tables yet

    def wait_stored(self, want):
        assaydaemon.wait_for(lambda: self.count() >= want, 60,
                             "%d messages in the store" % want)

    def report(self, *arguments):
        done = subprocess.run(
            [assaydaemon.command(), "report"] + list(arguments) +
            ["-c", self.daemon.path], capture_output=True, text=True,
            timeout=120, check=False)
        tap.note(done.stdout + done.stderr)
        return done.returncode


def check_report(message, world):
    parsed = email.message_from_bytes(message.raw,
                                      policy=email.policy.default)
    equal(signkeys.dkimpy(message.raw, world.zone), {"s1": True},
          "signed by ours", message.raw)
    ok(" d=ours.example" in message.values("DKIM-Signature")[0],
       "aligned with From", message.raw)
    ok(message.sender.startswith("bounce+") and
       message.sender.endswith("@ours.example"), "the envelope sender",
       message.sender)
    ok("Report Domain: example.net Submitter: ours.example Report-ID: <" in
       parsed["Subject"], "the subject", parsed["Subject"])
    attached = [part for part in parsed.walk()
                if part.get_content_type() == "application/gzip"][0]
    xml = gzip.decompress(attached.get_payload(decode=True))
    done = subprocess.run(["xmllint", "--noout", "--schema", SCHEMA, "-"],
                          input=xml, capture_output=True, check=False)
    ok(done.returncode == 0, "valid by RFC 9990", done.stderr, xml)
    done = subprocess.run([assaydaemon.command(), "report", "read", "--json",
                           "--no-names", "-"], input=message.raw, timeout=60,
                          capture_output=True, check=False)
    got = json.loads(done.stdout)
    equal([(r["reporter"], r["domain"], r["messages"])
           for r in got["reports"]], [("Ours", "example.net", 3)],
          "read back")
    equal((got["passed"], got["dispositions"]["pass"],
           got["dispositions"]["none"]), (2, 2, 1), "what it says")
    return attached.get_filename()


@tap.test
def from_mail_to_report():
    world = World()
    server, sink = world.server, world.server.sink
    for _ in range(2):
        server.send(messages.PLAIN)
    server.send(messages.PLAIN, address="198.51.100.7",
                sender="x@other.example")
    server.command(OURS, "carol@ours.example", ["alice@example.net"])
    sink.wait(4)
    world.wait_stored(4)
    world.ask("UPDATE assay_policy SET day = day - 2")
    sink.clear()
    equal(world.report("send"), 0, "sent")
    arrived = sink.wait(2)
    equal(sorted(m.recipients[0] for m in arrived), sorted(RUA),
          "both addresses")
    names = {check_report(message, world) for message in arrived}
    equal(len(names), 1, "the same report")
    equal(len({message.sender for message in arrived}), 2,
          "with a sender each")
    equal(world.ask("SELECT count(*) FROM assay_policy"), [(0,)],
          "its rows are gone")
    world.wait_stored(6)
    equal(world.ask("SELECT name FROM assay_correspondent ORDER BY name"),
          [("net.example",)], "reports make no correspondents")
    sink.clear()
    equal(world.report("send"), 0, "once")
    server.command(OURS, "carol@ours.example", ["bob@example.org"])
    equal(len(sink.wait(1)), 1, "nothing but that came")
    server.stop()
    world.daemon.check_stop("the daemon")


mta.prepare(signkeys.PACKAGES[0])
tap.main(by_days=True)
