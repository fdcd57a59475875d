# SPDX-License-Identifier: BSD-2-Clause
"""inbound: what a mail server with assay-milter does to mail from outside.

The cases are the same for every mail server: `server` is a mta.Postfix or a
sendmail.Sendmail whose milter has ZONE and POLICY; `kind` begins the names
of the test points.
"""

import re
import smtplib
import threading

import assaydaemon
import authres
import dnsserver
import messages
import mta
import tap
from tap import equal, ok

SIGNED = "canon-simple-simple.eml"

ZONE = dict(messages.key_zone(), **messages.plain_zone())
ZONE.update({
    "example.com": [{"TXT": "v=spf1 ip4:192.0.2.0/25 -all"}],
    "fail.example": [{"TXT": "v=spf1 -all exp=why.fail.example"}],
    "why.fail.example": [{"TXT": "100%% of %{d} stay at home"}],
    "soft.example": [{"TXT": "v=spf1 ~all"}],
    "hold.example": [{"TXT": "v=spf1 nonsense"}],
    "slow.example": ["TIMEOUT"],
    "gone.example": [{"TXT": "v=spf1 ?all"}],
})

POLICY = [
    {"name": "refused", "when": {"spf": "fail", "mailfrom-domain":
                                 "fail.example"},
     "action": "reject", "reply": "550 5.7.23 %{spf-explanation}"},
    {"name": "later", "when": {"spf": "temperror"}, "action": "tempfail"},
    {"name": "aside", "when": {"spf": "permerror"}, "action": "quarantine"},
    {"name": "away", "when": {"mailfrom-domain": "gone.example"},
     "action": "discard"},
    {"name": "stranger", "when": {"client": "192.0.2.66"},
     "action": "reject",
     "reply": "554 5.7.1 100%% sure: %{client} says it is %{helo}, 5%%d"},
    {"name": "broken", "when": {"mailfrom-domain": "later.example",
                                "dkim": "fail"},
     "action": "tempfail", "reply": "452 4.7.20 50%% of %{rule}, %%s%%n"},
]


def check_field(message, name):
    """The one field of ours, above the server's own Received; its results."""
    equal(message.names()[0], "authentication-results", name + ": on top")
    authserv_id, results = authres.parse(
        message.values("Authentication-Results")[0])
    equal(authserv_id, "mx.example.org", name + ": authserv-id")
    return results


def dkim(results):
    return [r.result for r in authres.all_of(results, "dkim")]


def deliver(server, raw, name, **envelope):
    server.sink.clear()
    server.send(raw, **envelope)
    message = server.sink.wait(1)[0]
    return message, check_field(message, name)


def all_cases(server, kind):
    signed(server, kind + ": ")
    every_vector(server, kind + ": ")
    spf(server, kind + ": ")
    forged(server, kind + ": ")
    policy(server, kind + ": ")
    many(server, kind + ": ")


def signed(server, kind):
    raw = messages.read(SIGNED)
    message, results = deliver(server, raw, kind + "signed",
                               sender="joe@example.com")
    equal(dkim(results), ["pass"], kind + "signed: dkim")
    equal(authres.spf(results).result, "pass", kind + "signed: spf")
    equal(authres.spf(results, "helo").result, "pass",
          kind + "signed: spf of HELO")
    ok(message.raw.endswith(raw), kind + "signed: otherwise untouched")
    broken = raw.replace(b"We lost", b"We won", 1)
    ok(broken != raw, kind + "the broken one differs")
    _, results = deliver(server, broken, kind + "broken")
    equal(dkim(results), ["fail"], kind + "broken: dkim")
    _, results = deliver(server, messages.PLAIN, kind + "unsigned")
    equal(dkim(results), ["none"], kind + "unsigned: dkim")


def every_vector(server, kind):
    """
    The vectors whose octets a mail server keeps: those without an end of
    the last line get one.
    """
    smtp = server.client()
    names = []
    server.sink.clear()
    for name, want in messages.expected():
        raw = messages.read(name)
        if not raw.endswith(b"\r\n") or b"\r\n\r\n" not in raw:
            continue
        mta.submit(smtp, raw, "n%d@example.net" % len(names),
                   ["bob@example.org"])
        names.append((name, want))
    smtp.quit()
    ok(len(names) > 100, kind + "vectors that go through unchanged",
       len(names))
    delivered = {m.sender: m for m in server.sink.wait(len(names))}
    for at, (name, want) in enumerate(names):
        message = delivered["n%d@example.net" % at]
        _, results = authres.parse(
            message.values("Authentication-Results")[0])
        equal(dkim(results), want, kind + name)


def spf(server, kind):
    message, results = deliver(server, messages.PLAIN, kind + "SPF failure",
                               sender="a@example.net", address="192.0.2.99")
    equal(authres.spf(results).result, "fail", kind + "SPF failure: spf")
    equal(message.sender, "a@example.net", kind + "SPF failure: delivered")
    _, results = deliver(server, messages.PLAIN, kind + "softfail",
                         sender="a@soft.example")
    equal(authres.spf(results).result, "softfail", kind + "softfail")
    _, results = deliver(server, messages.PLAIN, kind + "IPv6",
                         address="2001:db8::1", sender="a@example.net")
    equal(authres.spf(results).result, "pass", kind + "IPv6 client")
    _, results = deliver(server, messages.PLAIN, kind + "bounce", sender="")
    only = authres.all_of(results, "spf")
    equal([(r.result, r.properties.get("smtp.helo")) for r in only],
          [("pass", "mail.example.net")], kind + "null sender: HELO")


def forged(server, kind):
    """
    Five of ours with foreign ones between: Postfix shifts the numbers when
    one goes, Sendmail does not.
    """
    fields = b"".join(
        b"Authentication-Results: %s; dkim=pass reason=\"%d\"\r\n"
        b"X-Between: %d\r\n" % (who, at, at)
        for at, who in enumerate((
            b"mx.example.org", b"other.example", b"(x) MX.example.ORG 1",
            b"\"mx.example.org\"", b"third.example", b"mx.example.org",
            b"last.example", b"\r\n mx.example.org")))
    message, results = deliver(server, fields + messages.PLAIN,
                               kind + "forged")
    equal(dkim(results), ["none"], kind + "forged: our own result is true")
    equal(message.values("Authentication-Results")[1:],
          ["other.example; dkim=pass reason=\"1\"",
           "third.example; dkim=pass reason=\"4\"",
           "last.example; dkim=pass reason=\"6\""],
          kind + "forged: gone, and the foreign ones kept")
    equal(len(message.values("X-Between")), 8,
          kind + "forged: nothing else is touched")
    equal(len(message.values("Received")), 1,
          kind + "forged: the server's Received is there")


def refusal(server, raw=messages.PLAIN, **envelope):
    """The reply to the message as the client sees it."""
    try:
        server.send(raw, **envelope)
    except smtplib.SMTPDataError as refused:
        text = refused.smtp_error
        return "%d %s" % (refused.smtp_code, text.decode("utf-8"))
    return "taken"


def policy(server, kind):
    equal(refusal(server, sender="a@fail.example"),
          "550 5.7.23 100% of fail.example stay at home",
          kind + "reject: the reply the client sees")
    got = refusal(server, sender="a@slow.example")
    ok(re.match(r"451 4\.7\.\d+ ", got), kind + "tempfail: the reply", got)
    equal(refusal(server, address="192.0.2.66", helo="who.example"),
          "554 5.7.1 100% sure: 192.0.2.66 says it is who.example, 5%d",
          kind + "reject: a reply with percent signs")
    broken = messages.read(SIGNED).replace(b"We lost", b"We won", 1)
    equal(refusal(server, broken, sender="a@later.example"),
          "452 4.7.20 50% of broken, %s%n",
          kind + "tempfail: a reply with percent signs")
    server.sink.clear()
    equal(refusal(server, sender="a@hold.example"), "taken",
          kind + "quarantine: taken")
    assaydaemon.wait_for(server.held, 30, "a message on hold")
    equal(server.held(), 1, kind + "quarantine: on hold")
    equal(refusal(server, sender="a@gone.example"), "taken",
          kind + "discard: taken")
    deliver(server, messages.PLAIN, kind + "after all that")
    equal([m.sender for m in server.sink.wait(1)], ["alice@example.net"],
          kind + "quarantined and discarded ones are not delivered")


def many(server, kind):
    """200 messages over 20 connections at once, each with its own facts."""
    connections, each = 20, 10
    raw = messages.read(SIGNED)
    broken = raw.replace(b"We lost", b"We won", 1)
    server.sink.clear()
    barrier = threading.Barrier(connections)
    trouble = []

    def client(number):
        try:
            # Odd connections come from an address that may not send.
            smtp = server.client("192.0.2.%d" % (number + 1 +
                                                  128 * (number % 2)))
            barrier.wait(60)
            for at in range(each):
                mta.submit(smtp, broken if at % 3 == 0 else raw,
                           "n%d-%d@example.com" % (number, at),
                           ["bob@example.org"])
            smtp.quit()
        except Exception as error:
            trouble.append((number, error))

    threads = [threading.Thread(target=client, args=(n,))
               for n in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(trouble, [], kind + "200 messages: all are taken")
    wrong = []
    delivered = server.sink.wait(connections * each, 120)
    for message in delivered:
        number, at = map(int, re.findall(r"\d+", message.sender)[:2])
        values = message.values("Authentication-Results")
        _, results = authres.parse(values[0])
        got = (len(values), dkim(results), authres.spf(results).result,
               authres.spf(results).properties["smtp.mailfrom"])
        want = (1, ["fail" if at % 3 == 0 else "pass"],
                "fail" if number % 2 else "pass", message.sender)
        if got != want:
            wrong.append((message.sender, got, want))
    equal(wrong, [], kind + "200 messages: each has its own results")
    equal(len({m.sender for m in delivered}), connections * each,
          kind + "200 messages: each is delivered once")


def dns_outage(start):
    """`start` makes a mail server with the milter at that socket."""
    sock, address = dnsserver.dead_port()
    config = {"resolver": {"nameservers": [address], "timeout": "30s"},
              "limits": {"deadline": "2s"}}
    with assaydaemon.Daemon(config) as daemon:
        server = start(daemon.socket)
        _, results = deliver(server, messages.read(SIGNED), "DNS outage")
        equal(dkim(results), ["temperror"], "DNS outage: dkim")
        equal(authres.spf(results).result, "temperror", "DNS outage: spf")
        server.stop()
    sock.close()


def run(start):
    """All of it, over both kinds of socket."""
    port = assaydaemon.free_port()
    for address, kind in ((None, "unix"),
                          ("inet:%d@127.0.0.1" % port, "inet")):
        # The vectors say what RFC 6376 says of a signature over a part.
        config = {"policy": POLICY,
                  "dkim": {"partial-body": "pass", "doubled": []}}
        if address:
            config["socket"] = address
        with assaydaemon.Daemon(config, ZONE) as daemon:
            server = start(daemon.socket)
            try:
                all_cases(server, kind)
            except Exception:
                tap.note(server.log()[-4000:])
                raise
            finally:
                server.stop()
