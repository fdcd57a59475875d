# SPDX-License-Identifier: BSD-2-Clause
"""Sealed by us after Postfix and Sendmail, validated by others and by us.

Each message comes from outside, is sealed on its way to the next hop, and
then goes through the other server as well: two sets, of which each server has
written one.
"""

import assaydaemon
import authres
import chains
import dnsserver
import mta
import sendmail
import signkeys
import tap
from tap import equal, ok

SET = ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"]
HEAD = (b"From: Jane <jane@example.com>\r\n"
        b"To: Bob <bob@example.org>\r\n"
        b"Subject: hello\r\n"
        b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
        b"Message-ID: <1@example.com>\r\n")
TO = b"To: Bob <bob@example.org>\r\n"
BODY = b"\r\nHello Bob.\r\n"
CASES = {
    "plain": HEAD + BODY,
    "folded": HEAD.replace(b"hello", b"one\r\n two\r\n\tthree") + BODY,
    "odd blanks": HEAD.replace(b" hello", b"\tone  two \t") + BODY,
    "a list that Sendmail writes anew": HEAD.replace(
        TO, b"To: bob@example.org,eve@example.org , J. Doe "
        b"<j@example.org>\r\n") + BODY,
    "blank lines at the end": HEAD + BODY + b"\r\n \r\n\r\n",
    "dots": HEAD + b"\r\n.\r\n..x\r\n",
    "no Date": HEAD.replace(
        b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n", b"") + BODY,
    "forged results": b"Authentication-Results: mx.example.org; "
    b"dmarc=pass\r\n" + HEAD + BODY,
}


class World:
    def __init__(self):
        folder = assaydaemon.work_folder()
        self.key = signkeys.Key(folder, "arc")
        self.keys = {"k1._domainkey.example.org": self.key.record}
        zone = {name: [{"TXT": text}] for name, text in self.keys.items()}
        dnsserver.Server(zone, port=53)
        self.daemon = assaydaemon.Daemon({
            "seal": {"domain": "example.org", "selector": "k1",
                     "file": self.key.path,
                     "when": [{"relayed-to": "example.org"}]},
            "resolver": {"nameservers": ["127.0.0.1:53"]}})
        self.daemon.start()


SERVERS = {
    "Postfix": lambda sink: mta.Postfix(world.daemon.socket, sink=sink),
    "Sendmail": lambda sink: sendmail.Sendmail(world.daemon.socket,
                                               sink=sink)}


def arrives(server, sink, raw):
    sink.clear()
    server.send(raw, sender="jane@example.com")
    return sink.wait(1)[0]


def names_of_arc(message):
    head = message.raw.split(b"\r\n\r\n")[0].decode("latin-1")
    return [line.split(":")[0] for line in head.split("\r\n")
            if line.startswith("ARC-")]


def check(message, count, title):
    equal(names_of_arc(message), SET * count, title + "order", message.raw)
    for who in MAILERS:
        equal(chains.validate(who, message.raw, world.keys), "pass",
              title + who, message.raw)
    _, results = authres.parse(
        message.values("Authentication-Results")[0])
    found = authres.all_of(results, "arc")
    if count > 1:
        equal([(r.result, r.properties["header.oldest-pass"])
               for r in found], [("pass", "0")],
              title + "we, of the sets before", message.raw)


@tap.test
def both_servers():
    for first, second in (("Postfix", "Sendmail"), ("Sendmail", "Postfix")):
        sinks = {name: mta.Sink() for name in SERVERS}
        servers = {name: make(sinks[name]).start()
                   for name, make in SERVERS.items()}
        for case, raw in CASES.items():
            title = "%s, %s: " % (first, case)
            message = arrives(servers[first], sinks[first], raw)
            check(message, 1, title)
            title = "%s after %s, %s: " % (second, first, case)
            check(arrives(servers[second], sinks[second], message.raw), 2,
                  title)
        for server in servers.values():
            server.stop()


mta.prepare(sendmail.PACKAGES, *chains.PACKAGES)
MAILERS = chains.available()
if not MAILERS:
    tap.skip_all("neither dkimpy nor Mail::DKIM is installed")
world = World()
tap.main()
