# SPDX-License-Identifier: BSD-2-Clause
"""Mail that the host itself writes is signed: bounces and their like.

Real bounces of Postfix, which hands them to its milters, and of Sendmail,
which does not and so sends them through another server; what programs hand in
with the command sendmail; and what is not ours, with an empty sender, too.
"""

import assaydaemon
import mta
import sendmail
import signkeys
import tap
from tap import equal, ok

HOST = "mx.example.org"         # of the mail server
NOBODY = "nobody@gone.example"

MESSAGE = (b"From: %s\r\n"
           b"To: Bob <bob@elsewhere.example>\r\n"
           b"Subject: hello\r\n"
           b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
           b"Message-ID: <1@ours.example>\r\n"
           b"\r\nHello Bob.\r\n")


class World:
    """Two daemons: the host's name is another domain's, or one of ours."""

    def __init__(self):
        folder = assaydaemon.work_folder()
        key = signkeys.Key(folder, "s1")
        self.zone = {"s1._domainkey." + domain: [{"TXT": key.record}]
                     for domain in ("ours.example", "example.org")}
        keys = [{"selector": "s1", "file": key.path}]
        self.daemons = {
            "ours.example": self.daemon([
                {"domains": ["ours.example"], "null-sender": True,
                 "keys": keys}]),
            "example.org": self.daemon([
                {"domains": ["example.org", "*.example.org"],
                 "identity": "example.org", "keys": keys}])}

    def daemon(self, sign):
        return assaydaemon.Daemon({"sign": sign}, self.zone).start()

    def signed(self, message):
        """[(d=, good)]"""
        good = signkeys.dkimpy(message.raw, self.zone)
        return [(value.split(" d=")[1].split(";")[0], good["s1"])
                for value in message.values("DKIM-Signature")]


def postfix(daemon, sink):
    return mta.Postfix(daemon.socket, sink=sink).start()


def sendmail_out(daemon, sink):
    """After it a second one, whose milter sees what the first one writes."""
    second = sendmail.Sendmail(daemon.socket, sink=sink, mc="""\
define(`confDOMAIN_NAME', `out.example.org')dnl
define(`confSMTP_LOGIN_MSG', `out.example.org')dnl
LOCAL_RULE_0
R$* < @ gone.example . > $*\t$#error $@ 5.1.1 $: "550 no such user"
R$* < @ gone.example > $*\t$#error $@ 5.1.1 $: "550 no such user"
""").start()
    return sendmail.Sendmail(sink=sink, next_hop=second.port).start()


def bounce_of(server, sender):
    """What comes back to the sender of a message to nobody."""
    server.sink.clear()
    server.send(MESSAGE % b"Jane <jane@ours.example>", sender,
                [NOBODY, "bob@elsewhere.example"], address=None)
    arrived = server.sink.wait(2)
    return [m for m in arrived if m.sender == ""][0]


@tap.test
def bounces():
    for d, daemon in world.daemons.items():
        server = postfix(daemon, mta.Sink(refused=[NOBODY]))
        message = bounce_of(server, "jane@ours.example")
        ok("MAILER-DAEMON@" + HOST in message.values("From")[0],
           "Postfix, %s: a bounce" % d, message.raw)
        equal(world.signed(message), [(d, True)],
              "Postfix, %s: signed" % d, message.raw)
        server.stop()


def commands(name, hand_in, sink):
    """What programs hand in: who signs it, or nobody."""
    for what, sender, author, signed in (
            ("a vacation reply", "", b"Jane <jane@ours.example>", True),
            ("a DSN of a program", "", b"MAILER-DAEMON@" + HOST.encode(),
             True),
            ("a host of ours", "", b"MAILER-DAEMON@mail.ours.example", True),
            ("mail of cron", "root@" + HOST, b"root@" + HOST.encode(),
             False),
            ("a bounce from elsewhere that is handed on", "",
             b"MAILER-DAEMON@other.example", False),
            ("two authors", "", b"a@ours.example, b@other.example", False),
            ("a redirect", "eve@other.example", b"eve@other.example",
             False)):
        sink.clear()
        hand_in(MESSAGE % author, sender)
        try:
            message = sink.wait(1)[0]
        except TimeoutError:
            tap.note(world.daemons["ours.example"].log())
            raise
        equal(world.signed(message),
              [("ours.example", True)] if signed else [], name + what,
              message.raw)


@tap.test
def by_the_command():
    sink = mta.Sink()
    server = postfix(world.daemons["ours.example"], sink)
    commands("Postfix: ", lambda raw, sender: server.command(
        raw, sender or "<>", ["bob@elsewhere.example"]), sink)
    server.stop()


@tap.test
def cron():
    """With the host's name among the domains."""
    sink = mta.Sink()
    server = postfix(world.daemons["example.org"], sink)
    server.command(MESSAGE % b"root (Cron Daemon)", "root",
                   ["bob@elsewhere.example"])
    message = sink.wait(1)[0]
    equal(message.sender, "root@" + HOST, "cron: the sender is completed")
    equal(world.signed(message), [("example.org", True)], "cron: signed",
          message.raw)
    server.stop()


@tap.test
def bounces_of_sendmail():
    for d, daemon in world.daemons.items():
        server = sendmail_out(daemon, mta.Sink())
        try:
            message = bounce_of(server, "jane@ours.example")
        except TimeoutError:
            tap.note(server.log()[-4000:])
            raise
        ok("MAILER-DAEMON@" + HOST in message.values("From")[0],
           "Sendmail, %s: a bounce" % d, message.raw)
        equal(world.signed(message), [(d, True)],
              "Sendmail, %s: signed" % d, message.raw)
        server.stop()
    sink = mta.Sink()
    server = sendmail.Sendmail(world.daemons["ours.example"].socket,
                               sink=sink).start()
    commands("Sendmail: ", lambda raw, sender: mta.inject(
        server.port, sender, ["bob@elsewhere.example"], raw), sink)
    server.stop()
    for daemon in world.daemons.values():
        daemon.check_stop("the daemon")


mta.prepare(sendmail.PACKAGES, signkeys.PACKAGES[0])
world = World()
tap.main()
