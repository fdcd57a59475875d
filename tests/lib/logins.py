# SPDX-License-Identifier: BSD-2-Clause
"""logins: users who log in to a real Postfix and a real Sendmail.

Postfix asks Dovecot's authentication service, which is played here; Sendmail
takes ANONYMOUS, whose user it calls "anonymous".
"""

import base64
import socketserver
import threading


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


def to_postfix(smtp, user):
    return smtp.docmd("AUTH", "PLAIN " + base64.b64encode(
        b"\0" + user.encode() + b"\0x").decode())[0]


def to_sendmail(smtp, user):
    return smtp.docmd("AUTH", "ANONYMOUS " + base64.b64encode(
        user.encode()).decode())[0]


def postfix():
    """Lines of main.cf."""
    server = _Server(("127.0.0.1", 0), _Dovecot)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return {"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": "inet:127.0.0.1:%d" % server.server_address[1],
            "smtpd_sasl_security_options": "noanonymous"}
