# SPDX-License-Identifier: BSD-2-Clause
"""for-user with users who log in to a real Postfix and a real Sendmail.

Postfix asks Dovecot's authentication service, which is played here; Sendmail
takes ANONYMOUS, whose user it calls "anonymous".
"""

import base64
import os
import socketserver
import threading

import assaydaemon
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


class _Dovecot(socketserver.StreamRequestHandler):
    """As much of its protocol as Postfix needs; everybody may log in."""

    def say(self, *lines):
        for line in lines:
            self.wfile.write(line.encode() + b"\n")
        self.wfile.flush()

    def handle(self):
        self.say("VERSION\t1\t1", "MECH\tPLAIN\tplaintext", "SPID\t1",
                 "CUID\t1", "COOKIE\t" + "0" * 32, "DONE")
        for line in self.rfile:
            words = line.decode().rstrip("\n").split("\t")
            if words[0] != "AUTH":
                continue
            plain = [w for w in words if w.startswith("resp=")][0][5:]
            user = base64.b64decode(plain).split(b"\0")[1].decode()
            self.say("OK\t%s\tuser=%s" % (words[1], user))


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def login_postfix(smtp, user):
    return smtp.docmd("AUTH", "PLAIN " + base64.b64encode(
        b"\0" + user.encode() + b"\0x").decode())[0]


def login_sendmail(smtp, user):
    return smtp.docmd("AUTH", "ANONYMOUS " + base64.b64encode(
        user.encode()).decode())[0]


def postfix():
    server = _Server(("127.0.0.1", 0), _Dovecot)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return mta.Postfix(world.daemon.socket, {
        "smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot",
        "smtpd_sasl_path": "inet:127.0.0.1:%d" % server.server_address[1],
        "smtpd_sasl_security_options": "noanonymous"}).start()


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
            ("Postfix: ", postfix, login_postfix, "joe"),
            ("Sendmail: ", sendmail_login, login_sendmail, "anonymous")):
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
tap.main(600)
