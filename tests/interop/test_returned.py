# SPDX-License-Identifier: BSD-2-Clause
"""Bounces of our reports, as a real Postfix writes them and hands them to
assay report bounce: by a transport of its own, and by an alias."""

import os
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


class World:
    def __init__(self):
        self.folder = assaydaemon.work_folder()
        self.path = os.path.join(self.folder, "assay.db")
        daemon = assaydaemon.Daemon(
            {"store": "sqlite:" + self.path, "log": {"target": "stderr"}}, {},
            folder=self.folder)
        with daemon:
            assaydaemon.wait_for(self.secret, 60, "the tables")
        for name in [""] + os.listdir(self.folder):
            shutil.chown(os.path.join(self.folder, name), USER)
        self.sink = mta.Sink(refused=[GONE])
        self.postfix = self.start_postfix(daemon.path)
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

    def secret(self):
        try:
            return [row[0] for row in self.ask(
                "SELECT number FROM assay_meta WHERE name LIKE 'secret-%' "
                "ORDER BY name")]
        except sqlite3.OperationalError:
            return None

    def send(self, to, domain):
        """A report on its way; its envelope sender."""
        self.policies += 1
        self.ask("INSERT INTO assay_delivery VALUES (%d, '%s', 20000, 'sent',"
                 " 1, 1000, 2000, '')" % (self.policies, to))
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
    tap.main()
