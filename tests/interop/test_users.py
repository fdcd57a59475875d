# SPDX-License-Identifier: BSD-2-Clause
"""for-user with users who log in to a real Postfix and a real Sendmail.

Sendmail calls everybody "anonymous".
"""

import os

import assaydaemon
import logins
import mta
import sendmail
import signkeys
import tap
from tap import equal, ok

MESSAGE = (b"From: %s\r\n"
           b"To: Bob <bob@example.org>\r\n"
           b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
           b"Message-ID: <1@ours.example>\r\n"
           b"\r\nHello Bob.\r\n")


def postfix():
    return mta.Postfix(world.daemon.socket, logins.postfix()).start()


def sendmail_login():
    return sendmail.Sendmail(world.daemon.socket).start()


class World:
    def __init__(self):
        self.daemon = assaydaemon.Daemon()
        key = signkeys.Key(self.daemon.folder, "s1")
        self.zone = {"s1._domainkey.ours.example": [{"TXT": key.record}]}
        with open(os.path.join(self.daemon.folder, "users"), "w",
                  encoding="ascii") as f:
            f.write("joe joe@ours.example\nanonymous joe@ours.example\n")
        self.daemon.configure({"sign": [
            {"domains": ["ours.example"], "for-user": "users", "keys": [
                {"selector": "s1", "file": key.path}]}]}, self.zone)
        self.daemon.start()


@tap.test
def users():
    for name, make, login, user in (
            ("Postfix: ", postfix, logins.to_postfix, "joe"),
            ("Sendmail: ", sendmail_login, logins.to_sendmail,
             "anonymous")):
        server = make()
        if not server.client("192.0.2.9").has_extn("auth"):
            tap.skip(name + "users", "libsasl2-modules are not there")
            server.stop()
            continue
        for author, who, client, good in (
                (b"joe@ours.example", user, "192.0.2.9", True),
                (b"ceo@ours.example", user, "192.0.2.9", False),
                (b"ceo@ours.example", None, None, True)):
            server.sink.clear()
            smtp = server.client(client)
            if who:
                code = login(smtp, who)
                if not ok(code == 235, name + "logged in", code):
                    tap.note(server.log()[-2000:])
            sender = "%s-%s@ours.example" % (name[:2].lower(),
                                             "user" if who else "host")
            mta.submit(smtp, MESSAGE % author, sender, ["bob@example.org"])
            smtp.quit()
            message = server.sink.wait(1)[0]
            what = "%s%s by %s" % (name, author.decode(), who)
            equal(signkeys.dkimpy(message.raw, world.zone),
                  {"s1": True} if good else {}, what, message.raw)
            equal(world.daemon.wait_records_of(sender)[-1].get("auth-user"),
                  who, what + ": the record")
        server.stop()
    world.daemon.check_stop("the daemon")


mta.prepare(sendmail.PACKAGES, signkeys.PACKAGES[0])
world = World()
tap.main()
