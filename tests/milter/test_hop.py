# SPDX-License-Identifier: BSD-2-Clause
"""What this hop can testify: the names of the client, who logged in, DNSSEC."""

import struct

import assaydaemon
import authres
import dnsserver
import tap
from tap import equal, ok

REVERSE = "1.2.0.192.in-addr.arpa"
FIELDS = [(b"From", b" a@sender.example"), (b"Subject", b" x")]
ZONE = {"sender.example": [{"TXT": "v=spf1 -all"}]}


def start(server, **config):
    return assaydaemon.Daemon(dict({
        "iprev": True,
        "resolver": {"nameservers": [server.address]}}, **config))


def iprev_of(result):
    _, results = authres.parse(result.header.values(
        "Authentication-Results")[0])
    found = authres.all_of(results, "iprev")
    return found[0].result if found else None


def message(session, **options):
    return session.message(fields=FIELDS, body=b"Hi.\r\n",
                           sender="<a@sender.example>", **options)


@tap.test
def asked_at_connect():
    server = dnsserver.Server(dict(ZONE, **{
        REVERSE: [{"PTR": "client.example.net"}],
        "client.example.net": [{"A": "192.0.2.1"}]}))
    with start(server) as daemon:
        with daemon.session() as session:
            session.connect("client.example.net", "192.0.2.1")
            assaydaemon.wait_for(
                lambda: server.asked("client.example.net"), 30,
                "asked before HELO")
            equal([q[1] for q in server.asked(REVERSE)], ["PTR"],
                  "one question for the names")
            session.helo()
            result = message(session)
            equal(iprev_of(result), "pass", "it leads back")
            equal(iprev_of(message(session)), "pass", "the next message")
            session.quit()
        record = daemon.wait_records(2)[0]
        equal(record.get("iprev"), "pass", "in the record")
        equal(record.get("iprev-name"), "client.example.net", "its name")
        equal(len(server.asked(REVERSE)), 1, "asked once in all")
        # A client that goes away again, one that says HELO twice.
        with daemon.session() as session:
            session.connect("client.example.net", "192.0.2.1")
        with daemon.session() as session:
            session.connect("client.example.net", "192.0.2.1")
            session.helo("first.example")
            session.helo("second.example")
            equal(iprev_of(message(session)), "pass", "two times HELO")
            session.quit()
        equal(daemon.wait_records(3)[2]["helo"], "second.example",
              "the second counts")
    server.stop()


@tap.test
def not_asked():
    """Of hosts of ours nothing is asked, nor when it is not configured."""
    server = dnsserver.Server(ZONE)
    with start(server) as daemon:
        result = daemon.send(fields=FIELDS, body=b"", client="127.0.0.1")
        ok(result.accepted and not result.changes, "a trusted client")
        equal(server.asked("1.0.0.127.in-addr.arpa"), [], "not asked for")
    with start(server, iprev=False) as daemon:
        equal(iprev_of(daemon.send(fields=FIELDS, body=b"")), None,
              "not configured")
        equal(server.asked(REVERSE), [], "not asked for")
    server.stop()


def many(count, names):
    """An answer to PTR that says it has `count` names, and has `names`."""
    def answer(query):
        _, at = dnsserver.decode_name(query, 12)
        packet = query[:2] + struct.pack("!HHHHH", 0x8180, 1, count, 0, 0)
        packet += query[12:at + 4]
        for i in range(names):
            name = b"\x05n%04x" % i + b"\xc0\x0c"
            packet += b"\xc0\x0c" + struct.pack("!HHIH", 12, 1, 300,
                                                len(name)) + name
        return packet[:65535]
    return answer


@tap.test
def thousands_of_names():
    """10,000 names do not fit in an answer; whatever comes is bounded."""
    for name, count, has, want, asked in (
            ("10,000 that are said to be there", 10000, 3000, "temperror", 0),
            ("3,000", 3000, 3000, "temperror", 0),
            ("1,000", 1000, 1000, "fail", 10)):
        server = dnsserver.Server(ZONE)
        server.behave(REVERSE, raw=many(count, has))
        # What is too long for UDP is cut there.
        plain = server._answer

        def cut(query, udp, plain=plain):
            delay, packet = plain(query, udp)
            if udp and packet is not None and len(packet) > 1232:
                packet = (packet[:2] + b"\x83\x80" + query[4:6] + b"\0" * 6 +
                          query[12:dnsserver.decode_name(query, 12)[1] + 4])
            return delay, packet

        server._answer = cut
        with start(server) as daemon:
            result = daemon.send(fields=FIELDS, body=b"Hi.\r\n")
            equal(iprev_of(result), want, name)
            equal(len([q for q in server.asked() if q[1] == "A"]), asked,
                  "so many names are asked for")
        server.stop()


@tap.test
def relay_and_rule():
    zone = dict(ZONE, **{REVERSE: [{"PTR": "client.example.net"}],
                         "client.example.net": [{"A": "192.0.2.1"}]})
    rule = {"name": "no-name", "when": {"iprev": "permerror"},
            "stage": "mail", "action": "reject",
            "reply": "550 5.7.25 no name: %{iprev}"}
    with assaydaemon.Daemon({"iprev": True, "policy": [rule]}, zone) as daemon:
        ok(daemon.send(fields=FIELDS, body=b"").accepted, "one with a name")
        daemon.wait_count(1)
        result = daemon.send(fields=FIELDS, body=b"", client="192.0.2.2")
        equal((result.stage, result.reply_text),
              ("mail", "550 5.7.25 no name: permerror"), "refused at MAIL")
        equal(daemon.wait_records(2)[1].get("iprev"), "permerror",
              "in the record")


def login(daemon, client="203.0.113.9", mechanism="PLAIN", user="joe"):
    return daemon.send(
        fields=FIELDS, body=b"Hi.\r\n", client=client,
        macros={"{auth_type}": mechanism, "{auth_authen}": user})


@tap.test
def authenticated():
    for config, want in (
            ({}, None),
            ({"annotate-own": True}, " mx.example.org;\tauth=pass (PLAIN)"),
            ({"annotate-own": True, "show-auth-name": True},
             " mx.example.org;\tauth=pass (PLAIN) smtp.auth=joe")):
        with assaydaemon.Daemon(config, ZONE) as daemon:
            equal(login(daemon).authres, want, "of a user: %s" % config)
            record = daemon.wait_records(1)[0]
            equal([record.get(key) for key in ("auth", "auth-type",
                                               "auth-user")],
                  ["pass", "PLAIN", "joe"], "in the record")
            result = daemon.send(fields=FIELDS, body=b"", client="127.0.0.1")
            equal(result.authres, " mx.example.org;\tauth=none"
                  if config else None, "of a host of ours")
            ok("auth" not in daemon.wait_records(2)[1],
               "it has not logged in")
            ok(" auth=" not in daemon.send(fields=FIELDS, body=b"").authres,
               "nothing is said of strangers")


@tap.test
def dns_sec():
    """Whom the AD bit is believed of: a name server on loopback, or one that
    is named."""
    server = dnsserver.Server(ZONE)
    for trust, ad, want in (("auto", True, "yes"), ("auto", False, "no"),
                            ("yes", True, "yes"), ("no", True, "na"),
                            ("no", False, "na")):
        server.behave("sender.example", ad=ad)
        with assaydaemon.Daemon({"dns-sec": True, "resolver": {
                "nameservers": [server.address],
                "trust-ad": trust}}) as daemon:
            _, results = authres.parse(daemon.send(
                fields=FIELDS, body=b"",
                sender="<a@sender.example>").header.values(
                    "Authentication-Results")[0])
        spf = authres.spf(results)
        equal(spf.properties.get("dns.sec"), want,
              "trust-ad: %s, AD %s" % (trust, ad))
    server.stop()


tap.main()
