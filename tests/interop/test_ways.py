# SPDX-License-Identifier: BSD-2-Clause
"""The ways on which a message comes to a real Postfix and a real Sendmail.

- Through a content filter that hands it in again from this machine, by SMTP
  and with the command sendmail: what is forged is not signed, what is ours is
  signed once.
- Through a backup MX, with a server of each kind in front of the other: the
  client that the backup MX had is checked, and nothing of it is signed.
- From a client with a certificate, and to a service with a name of its own.
"""

import assaydaemon
import authres
import certificates
import mta
import sendmail
import signkeys
import tap
from tap import equal, ok

BACKUP = "192.0.2.7"
PARTNER = "mail.partner.example"
RECIPIENT = "bob@example.org"

MESSAGE = (b"From: Jane <jane@ours.example>\r\n"
           b"To: Bob <bob@example.org>\r\n"
           b"Subject: hello\r\n"
           b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
           b"Message-ID: <1@ours.example>\r\n"
           b"\r\nHello Bob.\r\n")
FOREIGN = MESSAGE.replace(b"ours.example", b"example.net")


class World:
    """The daemon and its key."""

    def __init__(self):
        folder = assaydaemon.work_folder()
        key = signkeys.Key(folder, "s1")
        self.zone = {
            "s1._domainkey.ours.example": [{"TXT": key.record}],
            "ours.example": [{"TXT": "v=spf1 ip4:192.0.2.200 -all"}],
            "_dmarc.ours.example": [{"TXT": "v=DMARC1; p=reject"}],
            "example.net": [{"TXT": "v=spf1 ip4:192.0.2.1 "
                                    "ip6:2001:db8::1 -all"}],
            "mail.example.net": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}]}
        self.daemon = assaydaemon.Daemon({
            "trusted-networks": None, "origins": [
                {"name": "backup-mx", "client": [BACKUP], "relay": True},
                {"name": "partner", "certificate": ["CN=" + PARTNER],
                 "sign": True, "check": False},
                {"name": "originating", "daemon-name": ["ORIGINATING"],
                 "sign": True, "check": False},
                {"name": "own-hosts", "client": ["127.0.0.0/8", "::1"],
                 "sign": True, "check": False}],
            "sign": [{"domains": ["ours.example"], "keys": [
                {"selector": "s1", "file": key.path}]}]}, self.zone)
        self.daemon.start()

    def signatures(self, message):
        """{selector: verified}"""
        return signkeys.dkimpy(message.raw, self.zone)


def results_of(message):
    values = message.values("Authentication-Results")
    return authres.parse(values[0])[1] if values else None


def dmarc(message):
    return authres.all_of(results_of(message), "dmarc")[0].result


# ---- content filters ----

def postfix_smtp(sink):
    back = assaydaemon.free_port()
    hop = mta.Filter(lambda *message: mta.inject(back, *message))
    return mta.Postfix(
        world.daemon.socket, sink=sink,
        options="-o content_filter=smtp:[127.0.0.1]:%d" % hop.port,
        services="127.0.0.1:%d inet n - n - - smtpd\n" % back).start()


def postfix_command(sink):
    hop = mta.Filter()
    server = mta.Postfix(
        world.daemon.socket, sink=sink,
        options="-o content_filter=smtp:[127.0.0.1]:%d" % hop.port)
    hop.back = lambda sender, recipients, raw: server.command(
        raw, sender, recipients)
    return server.start()


def sendmail_smtp(sink):
    second = sendmail.Sendmail(world.daemon.socket, sink=sink).start()
    hop = mta.Filter(lambda *message: mta.inject(second.port, *message))
    return sendmail.Sendmail(world.daemon.socket, sink=sink,
                             next_hop=hop.port).start()


FILTERS = {"Postfix, by SMTP": postfix_smtp,
           "Postfix, by the command": postfix_command,
           "Sendmail, by SMTP": sendmail_smtp}


def received(server, raw, sender, **client):
    server.sink.clear()
    server.send(raw, sender, [RECIPIENT], **client)
    try:
        return server.sink.wait(1)[0]
    except TimeoutError:
        tap.note(server.log()[-4000:])
        raise


@tap.test
def content_filter():
    for number, (name, make) in enumerate(FILTERS.items()):
        name += ": "
        server = make(mta.Sink())
        sender = "forged%d@example.net" % number
        message = received(server, MESSAGE, sender)
        ok("x-filtered" in message.names(), name + "through the filter")
        equal(world.signatures(message), {}, name + "forged: not signed",
              message.raw)
        equal(len(message.values("Authentication-Results")), 1,
              name + "forged: one field of ours", message.raw)
        equal(dmarc(message), "fail", name + "forged: it says so")
        # A record follows the answer, and so may come after the next one.
        first, again = sorted(world.daemon.wait_records_of(sender, 2)[:2],
                              key=lambda record: "origin" in record)
        ok("origin" not in first and again["origin"] == "own-hosts",
           name + "forged: a stranger, then our own", first, again)
        ok("came from outside" in again.get("unsigned-why", ""),
           name + "forged: the log says why", again)
        sender = "own%d@ours.example" % number
        message = received(server, MESSAGE, sender, address=None)
        equal(world.signatures(message), {"s1": True},
              name + "own: signed once, and good", message.raw)
        equal(message.values("Authentication-Results"), [],
              name + "own: not checked")
        records = world.daemon.wait_records_of(sender, 2)
        equal(sorted(r.get("signed") for r in records),
              ["no", "ours.example:s1"], name + "own: signed once")
        # What a stranger's message says of us does not keep ours unsigned
        # for the next one.
        message = received(server, FOREIGN, "alice@example.net")
        equal((world.signatures(message), dmarc(message)), ({}, "none"),
              name + "a stranger's own mail")
        server.stop()


# ---- a backup MX in front ----

def postfix_in_front(port, sink):
    return mta.Postfix(None, {
        "default_transport": "smtp:[127.0.0.1]:%d" % port,
        "local_transport": "smtp:[127.0.0.1]:%d" % port,
        "myhostname": "backup.example.org",
        "smtp_bind_address": BACKUP}, sink=sink)


def sendmail_in_front(port, sink):
    return sendmail.Sendmail(
        sink=sink, next_hop=port,
        mc="CLIENT_OPTIONS(`Family=inet, Addr=%s')dnl\n" % BACKUP)


# Sendmail takes a server that greets it with its own name for a loop.
def postfix_behind(sink):
    return mta.Postfix(world.daemon.socket, {
        "myhostname": "main.example.org",
        "mynetworks": "127.0.0.0/8 " + BACKUP}, sink=sink)


def sendmail_behind(sink):
    return sendmail.Sendmail(
        world.daemon.socket, sink=sink,
        mc="define(`confDOMAIN_NAME', `main.example.org')dnl\n"
           "define(`confSMTP_LOGIN_MSG', `main.example.org')dnl\n")


ORDERS = {"Postfix before Sendmail": (postfix_in_front, sendmail_behind),
          "Sendmail before Postfix": (sendmail_in_front, postfix_behind),
          "Postfix before Postfix": (postfix_in_front, postfix_behind),
          "Sendmail before Sendmail": (sendmail_in_front, sendmail_behind)}

# A field below the backup MX's own, which anybody may have written.
LIE = (b"Received: from mail.example.net (unknown [192.0.2.1])\r\n"
       b"\tby mx.example.org (Postfix) with ESMTP id 1\r\n"
       b"\tfor <bob@example.org>; Sat, 21 Nov 2026 10:00:00 +0000 (UTC)\r\n")


@tap.test
def backup_mx():
    for number, (name, (in_front, after)) in enumerate(ORDERS.items()):
        name += ": "
        sink = mta.Sink()
        second = after(sink).start()
        first = in_front(second.port, sink).start()
        for what, raw, address, spf in (
                ("honest", FOREIGN, "192.0.2.1", "pass"),
                ("IPv6", FOREIGN, "2001:db8::1", "pass"),
                ("another client", FOREIGN, "192.0.2.99", "fail"),
                ("a Received field that lies", LIE + FOREIGN, "192.0.2.99",
                 "fail")):
            sender = "%s%d@example.net" % (what.split()[-1].lower(), number)
            message = received(first, raw, sender, address=address)
            results = results_of(message)
            equal(authres.spf(results).result, spf,
                  name + what + ": SPF of its client", message.raw)
            equal(authres.spf(results, "helo").result,
                  "pass" if address == "192.0.2.1" else "fail",
                  name + what + ": and of its HELO", message.raw)
            record = world.daemon.wait_records_of(sender, 1)[-1]
            equal((record["origin"], record["client"]),
                  ("backup-mx", address), name + what + ": the record")
        message = received(first, MESSAGE, "claims%d@example.net" % number)
        equal((world.signatures(message), dmarc(message)), ({}, "fail"),
              name + "our From: checked, not signed", message.raw)
        first.stop()
        second.stop()


# ---- certificates, names of services ----

def postfix_tls(authority, service):
    return mta.Postfix(
        world.daemon.socket, certificates.postfix(authority),
        services="127.0.0.1:%d inet n - n - - smtpd -o "
                 "milter_macro_daemon_name=ORIGINATING\n" % service)


def sendmail_tls(authority, service):
    return sendmail.Sendmail(
        world.daemon.socket, mc=certificates.sendmail(authority) +
        "DAEMON_OPTIONS(`Port=%d, Addr=127.0.0.1, Name=ORIGINATING')dnl\n"
        % service)


def by_tls(server, certificate, sender):
    server.sink.clear()
    smtp = server.client("192.0.2.50", helo=PARTNER)
    smtp.starttls(context=certificates.context(certificate))
    smtp.ehlo(PARTNER)
    mta.submit(smtp, MESSAGE, sender, [RECIPIENT])
    smtp.quit()
    return server.sink.wait(1)[0]


@tap.test
def with_certificates():
    ours = certificates.Authority("Our CA")
    theirs = certificates.Authority("Some CA")
    for number, (name, make) in enumerate((("Postfix: ", postfix_tls),
                                           ("Sendmail: ", sendmail_tls))):
        service = assaydaemon.free_port()
        server = make(ours, service).start()
        for what, certificate, good in (
                ("the partner's certificate", ours.issue(PARTNER), True),
                ("another name", ours.issue("other.example"), False),
                ("the name by another CA", theirs.issue(PARTNER), False),
                ("no certificate", None, False)):
            sender = "tls%d%s@ours.example" % (number, what.split()[-1])
            try:
                message = by_tls(server, certificate, sender)
            except Exception:
                tap.note(server.log()[-4000:])
                raise
            equal(world.signatures(message), {"s1": True} if good else {},
                  name + what + ": signed or not", message.raw)
            equal(message.values("Authentication-Results") == [], good,
                  name + what + ": checked or not")
            record = world.daemon.wait_records_of(sender, 1)[-1]
            equal(record.get("origin"), "partner" if good else None,
                  name + what + ": the record")
        server.sink.clear()
        mta.inject(service, "daemon%d@ours.example" % number, [RECIPIENT],
                   MESSAGE)
        message = server.sink.wait(1)[0]
        equal(world.signatures(message), {"s1": True},
              name + "{daemon_name}: signed")
        record = world.daemon.wait_records_of(
            "daemon%d@ours.example" % number, 1)[-1]
        equal(record["origin"], "originating",
              name + "{daemon_name}: the record")
        server.stop()
    world.daemon.check_stop("the daemon")


mta.prepare(sendmail.PACKAGES, signkeys.PACKAGES[0])
world = World()
tap.main()
