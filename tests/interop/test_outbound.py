# SPDX-License-Identifier: BSD-2-Clause
"""Signed by us on Postfix and on Sendmail, verified by others and by us.

Each message is signed in every canonicalization, with RSA and Ed25519, and
goes

- from the signing server to a next hop, where dkimpy, Mail::DKIM and
  OpenDKIM look at the octets that arrive;
- from the signing server through the other one, where we verify it.

What a server changes after the milter, and so breaks, is written down with
the message; the log must have named the hazard.
"""

import json

import assaydaemon
import authres
import dnsserver
import mta
import sendmail
import signkeys
import tap
from tap import equal, ok

FORMS = {"ss.example": "simple/simple", "sr.example": "simple/relaxed",
         "rs.example": "relaxed/simple", "rr.example": "relaxed/relaxed"}
SIMPLE_HEADER = {"ss.example", "sr.example"}
SIMPLE_BODY = {"ss.example", "rs.example"}
ALL = set(FORMS)

HOP = "192.0.2.25"      # from where the signing server calls the other one

LONG_LINE = "line over 998 octets"
SENDMAIL_LINE = "line over 990 octets that Sendmail breaks"
EIGHT_BIT = "8-bit text without 8BITMIME"
ADDRESS = "address list that Sendmail rewrites"

HEAD = (b"From: Jane <jane@%s>\r\n"
        b"To: Bob <bob@elsewhere.example>\r\n"
        b"Subject: hello\r\n"
        b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
        b"Message-ID: <1@%s>\r\n")
MIME = (b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n")
BODY = b"\r\nHello Bob.\r\n"


class Case:
    """
    `header` in the place of the usual one, or a pair to replace in it.
    `postfix`, `sendmail`: the domains of FORMS whose signatures it breaks.
    `left_out`: the field that would not survive, in the forms `of`.
    """

    def __init__(self, name, header=HEAD, body=BODY, postfix=(), sendmail=(),
                 hazard=None, parameters="", left_out=None, of=ALL):
        if isinstance(header, tuple):
            header = HEAD.replace(*header)
        self.name, self.header, self.body = name, header, body
        self.breaks = {"Postfix": set(postfix), "Sendmail": set(sendmail)}
        self.hazard, self.parameters = hazard, parameters
        self.left_out, self.of = left_out, of
        # A field twice that RFC 5322 wants once, or no Date (which Sendmail
        # adds): OpenDKIM takes no look.
        self.malformed = {"fields twice": {"Postfix", "Sendmail"},
                          "no Date": {"Postfix"},
                          "no more than From": {"Postfix"}}.get(name, ())

    def raw(self, domain):
        return self.header.replace(b"%s", domain.encode()) + self.body


def to(value):
    return (b"To: Bob <bob@elsewhere.example>\r\n", b"To: " + value + b"\r\n")


def many(separator, count=12):
    return separator.join(b"user%d@elsewhere.example" % n
                          for n in range(count))


def field_of_head(name):
    return next(line + b"\r\n" for line in HEAD.split(b"\r\n")
                if line.lower().startswith(name))


def to_nobody():
    return (field_of_head(b"to:"), b"")


DATE, MESSAGE_ID = field_of_head(b"date:"), field_of_head(b"message-id:")

CASES = (
    Case("plain"),
    Case("folded", (b"Subject: hello\r\n",
                    b"Subject: one\r\n two\r\n\t  three\r\n"
                    b"References: <a@b.example>\r\n\t<c@d.example>\r\n"
                    b" <e@f.example>\r\n")),
    Case("odd blanks", (b"Subject: hello\r\n",
                        b"Subject:\tone  two \t three \t\r\n"
                        b"In-Reply-To:\r\n"
                        b"List-Id:no blank <x.y.example>\r\n")),
    Case("odd names", (b"Subject:", b"SUBJECT:")),
    Case("odd names of addresses", (b"From:", b"from:")),
    Case("fields twice", (b"Subject: hello\r\n",
                          b"Subject: one\r\nSubject: two\r\n"
                          b"Received: from a by b; today\r\n")),
    Case("quoted names", (b"From: Jane <jane@%s>\r\n",
                          b"From: \"Doe, Jane\" <jane@%s> (at \"work\")\r\n")),
    Case("old form of names", (b"From: Jane <jane@%s>\r\n",
                               b"From: jane@%s (Jane)\r\n")),
    Case("8-bit header", (b"Subject: hello",
                          "Subject: h\u00e9llo".encode()),
         left_out="Subject"),
    Case("8-bit body", HEAD + MIME, "\r\nH\u00e9llo Bob.\r\n".encode(),
         parameters="BODY=8BITMIME"),
    Case("8-bit, not declared", HEAD + MIME,
         "\r\nH\u00e9llo Bob.\r\n".encode(), hazard=EIGHT_BIT),
    Case("long lines", body=b"\r\n" + b"x" * 990 + b"\r\n" +
         b"word " * 198 + b"\r\n"),
    Case("a line of 991", body=b"\r\n" + b"x" * 991 + b"\r\n",
         sendmail=ALL, hazard=SENDMAIL_LINE),
    Case("a line of 998", body=b"\r\n" + b"x" * 998 + b"\r\n",
         sendmail=ALL, hazard=SENDMAIL_LINE),
    Case("a field of 991", (b"Subject: hello\r\n", b"Subject: hello\r\n"
                            b"References: <" + b"x" * 975 + b"@a>\r\n"),
         left_out="References"),
    Case("a field of 990", (b"Subject: hello\r\n", b"Subject: hello\r\n"
                            b"References: <" + b"x" * 974 + b"@a>\r\n")),
    Case("too long a line", body=b"\r\n" + b"word " * 300 + b"\r\n",
         postfix=ALL, sendmail=ALL, hazard=LONG_LINE),
    Case("a field too long", (b"Subject: hello\r\n", b"Subject: hello\r\n"
                              b"References: <" + b"x" * 1000 + b"@a>\r\n"),
         left_out="References"),
    Case("no Date", (DATE, b"")),
    Case("no Message-ID", (MESSAGE_ID, b"")),
    Case("no To", to_nobody()),
    Case("no more than From", b"From: Jane <jane@%s>\r\n"),
    Case("empty body", body=b"\r\n"),
    Case("one blank line", body=b"\r\n\r\n"),
    Case("blank lines at the end", body=BODY + b"\r\n\r\n\r\n"),
    Case("blanks at the end", body=b"\r\nHi  \r\n \t \r\nBob \t\r\n \r\n"),
    Case("dots", body=b"\r\n.\r\n..\r\n.x\r\n"),
    Case("From at the line's start", body=b"\r\nFrom here on\r\n>From\r\n"),
    Case("list of addresses", to(b"Bob <bob@elsewhere.example>, "
                                 b"eve@elsewhere.example")),
    Case("list without blanks", to(b"bob@elsewhere.example,"
                                   b"eve@elsewhere.example"),
         left_out="To"),
    Case("list with blanks", to(b"bob@elsewhere.example , "
                                b"eve@elsewhere.example"),
         left_out="To"),
    Case("list folded otherwise", to(many(b",\r\n ")),
         left_out="To", of=SIMPLE_HEADER),
    Case("blanks in brackets", to(b"Bob < bob@elsewhere.example >"),
         left_out="To"),
    Case("address without domain", to(b"Bob <bob@elsewhere.example>, eve"),
         left_out="To"),
    Case("group without addresses", to(b"undisclosed-recipients:;")),
    Case("unquoted dot", to(b"Bob B. Bee <bob@elsewhere.example>"),
         left_out="To"),
)


class World:
    """The daemon, its keys, a name server, and what was sent."""

    def __init__(self):
        folder = assaydaemon.work_folder()
        self.keys = {"rsa": signkeys.Key(folder, "rsa"),
                     "ed": signkeys.Key(folder, "ed", "ed25519")}
        self.zone = {"%s._domainkey.%s" % (name, domain):
                     [{"TXT": key.record}]
                     for name, key in self.keys.items() for domain in FORMS}
        dnsserver.Server(self.zone, port=53)
        sign = [{"domains": [domain], "canonicalization": form,
                 "keys": [{"selector": name, "file": key.path}
                          for name, key in self.keys.items()]}
                for domain, form in FORMS.items()]
        self.daemon = assaydaemon.Daemon(
            {"sign": sign, "resolver": {"nameservers": ["127.0.0.1:53"]}})
        self.daemon.start()

    def send_all(self, server):
        """Sends every case from every domain; what arrived at the end."""
        smtp = server.client(None)
        server.sink.clear()
        wanted = {}
        for at, case in enumerate(CASES):
            for domain in FORMS:
                sender = "n%d@%s" % (at, domain)
                mta.submit(smtp, case.raw(domain), sender,
                           ["bob@elsewhere.example"], case.parameters)
                wanted[sender] = (case, domain)
        smtp.quit()
        try:
            arrived = server.sink.wait(len(wanted), 120)
        except TimeoutError:
            tap.note(server.log()[-4000:])
            raise
        found = {m.sender: m for m in arrived}
        return [wanted[s] + (found[s],) for s in wanted]


def postfix_to(world, port, sink):
    return mta.Postfix(world.daemon.socket, {
        "default_transport": "smtp:[127.0.0.1]:%d" % port,
        "local_transport": "smtp:[127.0.0.1]:%d" % port,
        "mynetworks": "127.0.0.0/8 " + HOP,
        "myhostname": "other.example.org",      # Sendmail fears loops
        "smtp_bind_address": HOP}, sink=sink)


def sendmail_to(world, port, sink):
    return sendmail.Sendmail(
        world.daemon.socket, sink=sink, next_hop=port,
        mc="CLIENT_OPTIONS(`Family=inet, Addr=%s')dnl\n" % HOP)


SERVERS = {"Postfix": postfix_to, "Sendmail": sendmail_to}


@tap.test
def others_verify():
    """At the next hop, by three other implementations."""
    for name, make in SERVERS.items():
        sink = mta.Sink()
        server = make(world, sink.port, sink).start()
        arrived = world.send_all(server)
        perl = signkeys.mail_dkim([m.raw for _, _, m in arrived])
        for (case, domain, message), by_perl in zip(arrived, perl):
            good = domain not in case.breaks[name]
            title = "%s, %s, %s: " % (name, case.name, FORMS[domain])
            both = {"rsa": good, "ed": good}
            equal(signkeys.dkimpy(message.raw, world.zone), both,
                  title + "dkimpy", message.raw)
            equal(by_perl, dict(dict.fromkeys(by_perl, good), rsa=good),
                  title + "Mail::DKIM", message.raw)
            if name not in case.malformed:
                equal(signkeys.opendkim(message.raw), both,
                      title + "OpenDKIM", message.raw)
        server.stop()


@tap.test
def seven_bits():
    """
    For a next hop without 8BITMIME both servers encode the body anew after
    the milter, declared or not: nothing can be signed that survives it.
    """
    for name, make in SERVERS.items():
        sink = mta.Sink(offers=())
        server = make(world, sink.port, sink).start()
        for case in CASES:
            if case.name not in ("8-bit body", "8-bit, not declared"):
                continue
            sink.clear()
            smtp = server.client(None)
            mta.submit(smtp, case.raw("rr.example"), "a@rr.example",
                       ["bob@elsewhere.example"], case.parameters)
            smtp.quit()
            message = sink.wait(1)[0]
            equal(signkeys.dkimpy(message.raw, world.zone),
                  {"rsa": False, "ed": False},
                  "%s, no 8BITMIME, %s" % (name, case.name), message.raw)
        server.stop()


@tap.test
def masquerade():
    """
    Sendmail puts another domain into From after the milter, and nothing in
    the message says that it will: assay-hookup(7) warns of it.
    """
    sink = mta.Sink()
    server = sendmail.Sendmail(
        world.daemon.socket, sink=sink,
        mc="LOCAL_DOMAIN(`rr.example')dnl\nMASQUERADE_AS(`ss.example')dnl\n"
           "FEATURE(`allmasquerade')dnl\n").start()
    server.send(CASES[0].raw("rr.example"), "a@rr.example",
                ["bob@elsewhere.example"], address=None)
    message = sink.wait(1)[0]
    equal(message.values("From"), ["Jane <jane@ss.example>"],
          "masquerade: another From")
    equal(signkeys.dkimpy(message.raw, world.zone),
          {"rsa": False, "ed": False}, "masquerade: broken", message.raw)
    server.stop()


@tap.test
def we_verify():
    """After the other server, which checks it as mail from outside."""
    for name, make in SERVERS.items():
        other = next(n for n in SERVERS if n != name)
        sink = mta.Sink()
        second = SERVERS[other](world, sink.port, sink).start()
        first = make(world, second.port, sink).start()
        for case, domain, message in world.send_all(first):
            want = "fail" if domain in case.breaks[name] else "pass"
            title = "%s to %s, %s, %s: " % (name, other, case.name,
                                            FORMS[domain])
            values = message.values("Authentication-Results")
            equal(len(values), 1, title + "one field", message.raw)
            authserv_id, results = authres.parse(values[0])
            equal([(r.result, r.properties["header.d"],
                    r.properties["header.s"])
                   for r in authres.all_of(results, "dkim")],
                  [(want, domain, s) for s in selectors(message)],
                  title + "our own verdict", message.raw)
        first.stop()
        second.stop()


def selectors(message):
    return [selector for selector, _ in signkeys.split(message.raw)]


@tap.test
def log():
    """Signed with both keys, and the hazard is named where there is one."""
    records = {}
    for line in world.daemon.log().splitlines():
        record = json.loads(line) if line.startswith("{") else {}
        if record.get("client") == "127.0.0.1" and "mail-from" in record:
            records.setdefault(record["mail-from"][1:-1], []).append(record)
    for at, case in enumerate(CASES):
        for domain in FORMS:
            found = records["n%d@%s" % (at, domain)]
            title = "log, %s, %s: " % (case.name, FORMS[domain])
            for record in found:
                equal(record.get("signed"), "%s:rsa,%s:ed" %
                      (domain, domain), title + "signed")
            hazards = [r["hazards"] for r in found if "hazards" in r]
            ok(bool(hazards) == bool(case.hazard) and
               all(case.hazard in h for h in hazards),
               title + "hazards", hazards)
            ok(all((r["level"] == "warning") == ("hazards" in r)
                   for r in found), title + "a hazard is a warning")
            left_out = {r["left-out"] for r in found if "left-out" in r}
            equal(left_out, {case.left_out} if case.left_out and
                  domain in case.of else set(), title + "left out")
    world.daemon.check_stop("the daemon")


mta.prepare(sendmail.PACKAGES, *signkeys.PACKAGES)
world = World()
tap.main()
