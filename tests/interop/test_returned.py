# SPDX-License-Identifier: BSD-2-Clause
"""Bounces of our reports, as a real Postfix writes them and hands them to
assay report bounce: by a transport of its own, and by an alias."""

import os
import re
import shutil
import sqlite3
import time

import assaydaemon
import bounces
import manual
import messages
import mta
import tap
from tap import equal, ok

mta.prepare()

GONE, FINE = "gone@example.net", "fine@example.net"
PIPE, ALIAS = "reports.example.org", "alias.example.org"
USER = "nobody"
REPORT = messages.PLAIN.replace(b"Subject: hello", b"Subject: Report Domain")


NOT_SIGNED = rb".*reports are not signed here\n"
ZONE = dict(messages.plain_zone(), **{"_dmarc.example.net": [
    {"TXT": "v=DMARC1; p=none; rua=mailto:" + GONE}]})


class World:
    def __init__(self):
        self.folder = assaydaemon.work_folder()
        self.path = os.path.join(self.folder, "assay.db")
        self.sendmail = os.path.join(self.folder, "sendmail")
        self.daemon = daemon = assaydaemon.Daemon(
            {"store": "sqlite:" + self.path, "log": {"target": "stderr"},
             "report": {"from": "dmarc@example.org", "to": "all",
                        "bounce": "bounce@" + PIPE, "pause": "0s",
                        "sendmail": self.sendmail}}, ZONE,
            folder=self.folder)
        with daemon:
            daemon.send(messages.PLAIN)
            assaydaemon.wait_for(self.has_message, 60, "a message")
        for name in [""] + os.listdir(self.folder):
            shutil.chown(os.path.join(self.folder, name), USER)
        self.sink = mta.Sink(refused=[GONE])
        self.postfix = self.start_postfix(daemon.path)
        with open(self.sendmail, "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nexec /usr/sbin/sendmail -C %s \"$@\"\n" %
                    self.postfix.etc)
        os.chmod(self.sendmail, 0o755)
        self.policies = 0

    def start_postfix(self, config):
        """With what the manual page says, for a program of this build."""
        main, master, alias = [
            d.text.replace("/usr/bin/assay report bounce",
                           "%s report bounce -c %s" % (
                               os.path.abspath(assaydaemon.command()),
                               config)).replace("user=assay", "user=" + USER)
            for d in manual.displays("doc/assay.1")
            if d.section == "Bounces of reports"]
        aliases = os.path.join(self.folder, "aliases")
        with open(aliases, "w", encoding="ascii") as f:
            f.write(alias.replace(": ", " ", 1))  # of texthash
        shutil.chown(aliases, USER)
        settings = dict(mta.parse_main_cf(main), **{
            "alias_maps": "texthash:" + aliases,
            "recipient_delimiter": "+",
            "notify_classes": "2bounce",
            "2bounce_notice_recipient": "double@example.org"})
        settings["transport_maps"] += " inline:{%s=local:}" % ALIAS
        return mta.Postfix(sink=self.sink, main=settings, services=master +
                           "local unix - n n - - local\n").start()

    def ask(self, query):
        base = sqlite3.connect(self.path, timeout=30)
        try:
            with base:
                return base.execute(query).fetchall()
        finally:
            base.close()

    def hold(self):
        """A connection that stays.  While root alone opens and closes one
        after the other, there are moments at which the program of a mail
        server may not open the files that SQLite makes beside the store."""
        base = sqlite3.connect(self.path, timeout=30)
        base.execute("SELECT count(*) FROM assay_meta").fetchone()
        return base

    def has_message(self):
        try:
            return self.ask("SELECT count(*) FROM assay_policy") == [(1,)]
        except sqlite3.OperationalError:
            return False

    def secret(self):
        return [row[0] for row in self.ask(
            "SELECT number FROM assay_meta WHERE name LIKE 'secret-%' "
            "ORDER BY name")]

    def a_day_later(self):
        """For reports: of the mail so far, and of what was tried."""
        self.ask("UPDATE assay_policy SET day = day - 1")

    def report(self, command, *more):
        done = assaydaemon.run_command("report", command, "-c",
                                       self.daemon.path, *more)
        equal((done.returncode, re.sub(NOT_SIGNED, b"", done.stderr)),
              (0, b""), "report " + command)
        return done.stdout.decode()

    def change_record(self):
        """Otherwise it would be the same report."""
        with open(self.daemon.zone_path, encoding="utf-8") as f:
            text = f.read()
        with open(self.daemon.zone_path, "w", encoding="utf-8") as f:
            f.write(text.replace("p=none", "p=reject"))

    def send(self, to, domain):
        """A report on its way; its envelope sender."""
        self.policies += 1
        self.ask("INSERT INTO assay_delivery VALUES (%d, '%s', 20000, 'sent',"
                 " 1, 1000, 2000, '', 'example.net', 3)" %
                 (self.policies, to))
        sender = "bounce+%s@%s" % (bounces.tag(
            self.secret(), self.policies, to), domain)
        self.postfix.command(REPORT, sender, [to])
        return sender

    def state(self):
        return self.ask("SELECT state, error FROM assay_delivery "
                        "ORDER BY policy")[-1]


@tap.test
def it_comes_back():
    world = World()
    held = world.hold()
    for way, domain, relay in (("a transport", PIPE, "assay-bounce"),
                               ("an alias", ALIAS, "local")):
        world.send(GONE, domain)
        try:
            assaydaemon.wait_for(lambda: world.state()[0] == "refused", 60,
                                 "the bounce")
        except TimeoutError:
            tap.note(world.postfix.log()[-3000:])
        state, error = world.state()
        equal(state, "refused", way + ": the delivery")
        ok("5.1.1" in error and "no such user" in error, way + ": why",
           error)
        assaydaemon.wait_for(lambda: world.postfix.log().count(
            "relay=%s, " % relay), 30, "delivered")
    rows = world.ask("SELECT destination, until, hits FROM "
                     "assay_suppression")
    equal([(row[0], round((row[1] - time.time()) / 86400), row[2])
           for row in rows], [(GONE, 7, 1)], "left alone for a week")
    held.close()


@tap.test
def a_report_of_ours():
    """All of it: mail, assay report send, the bounce, and the next report."""
    world = World()
    held = world.hold()
    world.a_day_later()
    sent = world.report("send")
    ok(GONE + ": sent" in sent, "sent", sent)
    assaydaemon.wait_for(lambda: GONE in world.report("suppressed"), 60,
                         "the bounce")
    listed = world.report("suppressed")
    ok("suppressed until 20" in listed and "no such user" in listed, "listed",
       listed)
    world.change_record()
    with world.daemon as daemon:
        daemon.send(messages.PLAIN)
        assaydaemon.wait_for(world.has_message, 60, "another message")
    world.a_day_later()
    sent = world.report("send")
    ok(GONE + ": suppressed" in sent, "the next one is not sent", sent)
    world.report("suppressed", "--end", GONE)
    equal(world.report("suppressed"), "no destination is suppressed\n",
          "until somebody ends it")
    held.close()


@tap.test
def no_bounces_of_bounces():
    world = World()
    sender = world.send(FINE, PIPE)
    world.sink.wait(1)
    equal(world.state(), ("sent", ""), "one that arrives")
    world.sink.clear()
    for sender_of_it, mail in (("<>", b"rubbish\r\n"),
                               ("<>", bounces.notice("x@example.org")),
                               (FINE, messages.PLAIN)):
        world.postfix.command(mail, sender_of_it, [sender])
    assaydaemon.wait_for(lambda: world.postfix.log().count(
        "relay=assay-bounce, ") >= 3, 60, "three mails to the program")
    log = world.postfix.log()
    equal(log.count("relay=assay-bounce, ") - log.count("status=sent "
          "(delivered via assay-bounce service"), 0, "all are taken", log)
    os.rename(world.path, world.path + ".moved")
    world.postfix.command(bounces.notice(sender), "<>", [sender])
    assaydaemon.wait_for(lambda: "relay=assay-bounce, " in
                         world.postfix.log()[len(log):], 60, "a fourth one")
    ok("status=deferred" in world.postfix.log()[len(log):],
       "without a store it waits", world.postfix.log()[len(log):])
    os.rename(world.path + ".moved", world.path)
    equal([m.recipients for m in world.sink.wait(0)], [],
          "nobody got a mail about any of it")


if __name__ == "__main__":
    tap.main(by_days=True)
