# SPDX-License-Identifier: BSD-2-Clause
"""Whatever a client or a name server sends: a result, and life goes on.

After each case the same daemon must still serve a plain message, and at the
end stop with status 0 and without a word from a sanitizer.
"""

import random
import socket
import struct
import threading

import assaydaemon
import authres
import dnsserver
import messages
import milterclient
import tap
from tap import equal, ok

# As long as an answer may take on a busy machine.
PATIENT = {"resolver": {"timeout": "6s", "tries": 1},
           "limits": {"deadline": "20s"}}

# Results that a message may get when something about it is odd.
RESULTS = {"none", "pass", "fail", "softfail", "neutral", "policy",
           "temperror", "permerror"}


def still_serves(daemon, name):
    name += ": the next message is served"
    if not daemon.alive():
        ok(False, name, daemon.log()[-2000:])
        daemon.start()
        return
    result = daemon.send(messages.PLAIN)
    ok(result.accepted and "spf=pass" in (result.authres or ""), name,
       result.reply, result.authres)


def defined(result, name):
    """Accepted, with one well-formed field of ours."""
    if not ok(result.accepted, name + ": accepted", result.reply):
        return []
    values = result.header.values("Authentication-Results")
    if not ok(values, name + ": annotated"):
        return []
    _, results = authres.parse(values[0])
    ok(results and all(r.result in RESULTS for r in results),
       name + ": results of RFC 8601", results)
    return results


def with_fields(daemon, extra, body=b"x\r\n"):
    plain, _ = milterclient.split_message(messages.PLAIN)
    return daemon.send(fields=extra + plain, body=body)


@tap.test
def messages_from_hell():
    zone = dict(messages.key_zone(), **messages.plain_zone())
    with assaydaemon.Daemon(zone=zone) as daemon:
        for case in (header_sizes, signatures, octets, froms, bodies):
            case(daemon)
            still_serves(daemon, case.__name__)


def header_sizes(daemon):
    for count in (5000, 20000):
        fields = [(b"X-Filler-%d" % (i % 7), b" value %d" % i)
                  for i in range(count)]
        defined(with_fields(daemon, fields), "%d fields" % count)
    for size in (60000, 65000):
        fields = [(b"X-Long", b" " + b"y" * size),
                  (b"Subject", (b" z" * 30 + b"\n") * (size // 100) + b" z")]
        defined(with_fields(daemon, fields), "fields of %d octets" % size)
    fields = [(b"X-Big", b" " + b"w" * 60000)] * 60
    defined(with_fields(daemon, fields), "60 fields of 60000 octets")
    forged = [(b"Authentication-Results", b" mx.example.org; dkim=pass")]
    result = with_fields(daemon, [(b"X-N", b" 1")] * 20000 + forged * 3)
    defined(result, "forged fields after 20000 others")
    ok(len(result.header.values("Authentication-Results")) == 1,
       "forged fields after 20000 others are gone")
    result = with_fields(daemon, [(b"Authentication-Results",
                                   b" (" + b"(" * 50000 + b"mx.example.org")])
    defined(result, "50000 open comments")
    result = with_fields(daemon, [(b"Authentication-Results",
                                   b" mx.example.org; " + b"a=b;" * 15000)])
    defined(result, "60 KB of results")
    equal(len(result.header.values("Authentication-Results")), 1,
          "60 KB of results claimed to be ours: gone")
    result = with_fields(daemon, [(b"N" * 60000, b" x"), (b"B\xe4d", b" z"),
                                  (b"\x01", b" y"), (b" ", b" z")])
    defined(result, "odd names")
    defined(daemon.send(fields=[], body=b""), "no header and no body")
    defined(daemon.send(fields=[], body=b"only a body"), "no header")


def signatures(daemon):
    raw = messages.read("ed25519.eml")
    fields, body = milterclient.split_message(raw)
    good = fields[0]
    results = defined(daemon.send(fields=[good] * 1000 + fields[1:],
                                  body=body), "1000 good signatures")
    passed = [r for r in results if r.result == "pass"
              and r.method == "dkim"]
    equal(len(passed), 10, "1000 good signatures: ten are verified")
    odd = [(b"DKIM-Signature", b" v=1; a=rsa-sha256; d=example.com; s=s%d; "
            b"h=from; bh=AAAA; b=AAAA" % i) for i in range(1000)]
    defined(daemon.send(fields=odd + fields[1:], body=body),
            "1000 broken signatures")
    # All that is said of them would not go into one field.
    name = b".".join([b"x" * 60] * 3)
    long = [(b"DKIM-Signature", b" v=1; a=rsa-sha256; d=%s.d%d.example; "
             b"s=%s; i=@%s.d%d.example; h=from; "
             b"bh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=; b=%s"
             % (name, i, name, name, i, b"A" * 64)) for i in range(200)]
    results = defined(daemon.send(fields=long + fields[1:], body=body),
                      "200 signatures with long names")
    ok(authres.all_of(results, "dmarc"), "and still all methods are there")
    for value, name in (
            (b" " + b"a=b; " * 12000, "12000 tags"),
            (b" v=1; a=rsa-sha256; d=example.com; s=ok; h=" +
             b"from:" * 11000 + b"from; bh=AAAA; b=AAAA", "11000 names in h="),
            (b" v=1; a=rsa-sha256; d=example.com; s=ok; h=from; bh=AAAA; b=" +
             b"A" * 60000, "60 KB of b="),
            (b" v=1; a=rsa-sha256; d=" + b"a." * 30000 + b"example; s=ok; "
             b"h=from; bh=AAAA; b=AAAA", "60 KB of d="),
            (b" v=1; a=rsa-sha256; d=e\x01x\"; (.example; s=a b;h=from; "
             b"bh=AAAA; b=AAAA", "d= that would break the field"),
            (b" v=1; a=ed25519-sha256; d=example.com; s=" + b"x" * 64 +
             b"; h=from; bh=AAAA; b=AAAA", "a label too long"),
            (b";" * 60000, "60000 semicolons"), (b"", "empty"),
            (b" \n \n \n ", "blanks only"), (b"\xff" * 3000, "8-bit")):
        results = defined(daemon.send(
            fields=[(b"DKIM-Signature", value)] + fields[1:], body=body),
            "DKIM-Signature with " + name)
        ok(not any(r.result == "pass" for r in
                   authres.all_of(results, "dkim")),
           "DKIM-Signature with %s: no pass" % name)
        results = defined(daemon.send(
            fields=[(b"DKIM-Signature", value)] + fields, body=body),
            "a good signature below " + name)
        ok(any(r.result == "pass" for r in authres.all_of(results, "dkim")),
           "a good signature below %s: pass" % name)


def octets(daemon):
    for value, name in ((b" a\x00b", "NUL"), (b" a\rb", "bare CR"),
                        (b" a\nb", "LF without a blank"),
                        (b" \xe4\xf6\xfc", "8-bit"),
                        (bytes(range(1, 256)), "all octets")):
        for field in (b"Subject", b"From", b"DKIM-Signature",
                      b"Authentication-Results"):
            defined(with_fields(daemon, [(field, value)]),
                    "%s with %s" % (field.decode(), name))
    for sender in ("<\x01@\x7f>", "<a\r\nb@example.net>", "<" + "a" * 5000 +
                   "@example.net>", "<a@" + "b." * 3000 + "example>",
                   "<\udcff@\udcff>"):
        result = daemon.send(messages.PLAIN, sender=sender)
        defined(result, "sender %r" % sender[:20])
    for helo in ("\x01", "a\r\nX: y", "h" * 5000, "", " ", "\udcff", "%s%n",
                 "..", "[", "[IPv6:::"):
        result = daemon.send(messages.PLAIN, helo=helo)
        defined(result, "HELO %r" % helo[:20])


def froms(daemon):
    plain = [f for f in milterclient.split_message(messages.PLAIN)[0]
             if f[0] != b"From"]
    for value, name in (
            (b" " + b"(" * 1000 + b"a@b.example", "1000 comments"),
            (b" " + b"a@b.example, " * 4500 + b"c@d.example",
             "4500 addresses"),
            (b" a@b.example>", "a stray bracket"), (b"", "nothing"),
            (b" =?utf-8?q?=00?= <a@b.example>", "an encoded NUL"),
            (b" \"" + b"\\" * 50000, "an endless quoted string")):
        defined(daemon.send(fields=[(b"From", value)] + plain, body=b""),
                "From with " + name)
    defined(daemon.send(fields=[(b"From", b" a@b.example")] * 3000 + plain,
                        body=b""), "3000 From fields")


def bodies(daemon):
    fields, _ = milterclient.split_message(messages.read("ed25519.eml"))
    for body, name in ((b"\r\n" * 500000, "a million octets of CRLF"),
                       (b"\r" * 100000, "bare CR"),
                       (b"\n" * 100000, "bare LF"),
                       (b"\0" * 100000, "NUL"),
                       (b" " * 1000000, "blanks"),
                       (b"x" * 3000000, "a line of 3 MB"),
                       (b" \r\n\t" * 100000 + b"\r", "blanks and ends")):
        defined(daemon.send(fields=fields, body=body), "body of " + name)


# ---- the protocol ----

def raw_connection(daemon, data):
    """Sends octets that are no milter protocol, and goes away."""
    sock = milterclient.connect_socket(daemon.socket, 30)
    with sock:
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
        except OSError:
            pass


def until(stage):
    """What a session does up to a state; then it is left to itself."""
    steps = (("connect", lambda s: s.connect()),
             ("helo", lambda s: s.helo()),
             ("mail", lambda s: s.mail()),
             ("rcpt", lambda s: s.rcpt()),
             ("data", lambda s: s.data()),
             ("header", lambda s: s.field(b"From", b" a@b.example")),
             ("signature", lambda s: s.field(
                 b"DKIM-Signature", b" v=1; a=rsa-sha256; d=example.com; "
                 b"s=ok; h=from; bh=AAAA; b=AAAA")),
             ("eoh", lambda s: s.eoh()),
             ("body", lambda s: s.body(b"x" * 65535)))
    names = [name for name, _ in steps]
    return [step for _, step in steps[:names.index(stage) + 1]]


STAGES = ("connect", "helo", "mail", "rcpt", "data", "header", "signature",
          "eoh", "body")


@tap.test
def clients_from_hell():
    with assaydaemon.Daemon(zone=messages.plain_zone()) as daemon:
        for case in (strangers, leaving, packet_sizes, aborting, disorder,
                     silent, families):
            case(daemon)
            still_serves(daemon, case.__name__)


def strangers(daemon):
    for data, name in (
            (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP"),
            (b"EHLO x\r\nMAIL FROM:<>\r\n", "SMTP"), (b"", "nothing"),
            (b"\0" * 100, "zeros"), (b"\xff" * 5000, "ones"),
            (struct.pack("!I", 13) + b"O\0\0", "half a negotiation"),
            (struct.pack("!IcIII", 13, b"O", 1, 0, 0), "version 1"),
            (struct.pack("!IcIII", 13, b"O", 6, 0, 0), "no actions"),
            (struct.pack("!IcIII", 13, b"O", 99, 1 << 31, 1 << 31),
             "version 99"),
            (struct.pack("!Ic", 1, b"E"), "EOM without a message"),
            (struct.pack("!Ic", 1, b"?"), "an unknown command")):
        raw_connection(daemon, data)
        ok(daemon.alive(), "%s does no harm" % name)


def leaving(daemon):
    for stage in STAGES:
        with daemon.session() as session:
            for step in until(stage):
                step(session)
        ok(daemon.alive(), "a client that goes away after " + stage)
    with daemon.session() as session:
        for step in until("eoh"):
            step(session)
        session.sock.sendall(struct.pack("!Ic", 50000, b"B") + b"half")
    ok(daemon.alive(), "a client that goes away in a body chunk")
    with daemon.session() as session:
        for step in until("body"):
            step(session)
        session.send("E")
    ok(daemon.alive(), "a client that does not wait for the last reply")


def packet_sizes(daemon):
    """65535 octets after a command are taken, one more ends the session."""
    with daemon.session() as session:
        for step in until("eoh"):
            step(session)
        session.send("B", b"x" * 65535)
        _, reply = session.eom()
        equal(reply.code, "c", "a packet of 65535 octets")
    for size, name in ((65537, "65536 octets"), (1 << 31, "2 GiB"),
                       ((1 << 32) - 1, "4 GiB")):
        with daemon.session() as session:
            for step in until("eoh"):
                step(session)
            session.sock.sendall(struct.pack("!Ic", size, b"B"))
            ok(session.at_end(), "a packet of %s: the end" % name)
    with daemon.session() as session:
        session.connect()
        session.helo()
        for octet in b"\0\0\0\x12M<a@example.net>\0\0\0":
            session.sock.sendall(bytes([octet]))
        ok(daemon.alive(), "a packet in single octets")


def aborting(daemon):
    with daemon.session() as session:
        session.connect()
        session.helo()
        for stage in STAGES[2:]:
            for step in until(stage)[2:]:
                step(session)
            session.abort()
            result = session.message(messages.PLAIN)
            ok("spf=pass" in (result.authres or ""),
               "a message after an abort at " + stage, result.authres)
        session.abort()
        session.abort()
        session.helo()
        session.abort()
        result = session.message(messages.PLAIN)
        ok("spf=pass" in (result.authres or ""), "aborts without a message")
        ok(session.quit(), "no unasked reply")


def disorder(daemon):
    """Events out of their order: no crash, whatever the answer."""
    for order in ("EEEE", "HEHE", "MMMM", "LNBE", "BBLNE", "MEME", "RTE",
                  "NNLLE", "CCHM", "MRTLNBEE", "KHMRTE", "HMAAHE"):
        try:
            with daemon.session(timeout=10) as session:
                session.connect()
                for command in order:
                    data = {"H": b"mail.example.net\0",
                            "M": b"<a@example.net>\0", "R": b"<b@c>\0",
                            "L": b"From\0 a@b.example\0", "B": b"x",
                            "C": b"h\0004\0\1192.0.2.1\0"}.get(command, b"")
                    session.send(command, data)
                session.send("Q")
                while True:
                    session.receive()
        except (milterclient.ProtocolError, OSError):
            pass
        still_serves(daemon, "events in the order " + order)


def silent(daemon):
    """Many that connect and say nothing do not keep others waiting."""
    socks = [milterclient.connect_socket(daemon.socket, 30)
             for _ in range(100)]
    still_serves(daemon, "100 silent connections")
    idle = [daemon.session() for _ in range(20)]
    for session in idle:
        session.connect()
        session.helo()
        session.mail()
    still_serves(daemon, "20 idle sessions")
    for sock in socks + idle:
        sock.close()


def families(daemon):
    for address, name in (("/var/run/x", "a unix socket"),
                          ("::", "the unspecified address"),
                          ("0.0.0.0", "0.0.0.0"),
                          ("127.0.0.1", "loopback")):
        result = daemon.send(messages.PLAIN, client=address)
        ok(result.accepted, "client of %s: accepted" % name, result.reply)
    # libmilter itself ends a session of an unknown family.
    try:
        result = daemon.send(messages.PLAIN, client=None)
        ok(result.accepted, "client of no family", result.reply)
    except (milterclient.ProtocolError, OSError):
        ok(daemon.alive(), "client of no family: the session is ended")


@tap.test
def odd_macros():
    """libmilter reads past its array when a name has no value."""
    with assaydaemon.Daemon(zone=messages.plain_zone()) as daemon:
        for pairs in (b"C", b"Cj\0", b"Cj", b"Cj\0mx\0v\0", b"", b"Cj\0mx",
                      b"C" + b"\0" * 9, b"M" + b"x\0" * 2001,
                      b"E{auth_type}\0", b"\xffj\0"):
            for _ in range(4):
                try:
                    with daemon.session(timeout=10) as session:
                        for command in "CHMRE":
                            session.send("D", command.encode() + pairs[1:])
                        session.send("D", pairs)
                        session.connect()
                        session.helo()
                        session.send("D", b"M" + pairs[1:])
                        session.message(messages.PLAIN)
                except (milterclient.ProtocolError, OSError):
                    pass
            still_serves(daemon, "macros %r" % pairs[:12])


FUZZ_SESSIONS = 300


def fuzzed(rng, data):
    """Some octets less, more, or other ones."""
    data = bytearray(data)
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0:
            del data[at:]
        elif kind == 1:
            del data[at:at + rng.randrange(1, 4)]
        elif kind == 2:
            data[at:at] = rng.choice((b"\0", b"\0\0\0", b"\xff" * 3, b"x\0"))
        elif kind == 3 and at < len(data):
            data[at] = rng.randrange(256)
        else:
            data += b"\0" * rng.randrange(3)
    return bytes(data)


def fuzz_session(daemon, rng):
    packets = [("O", struct.pack("!III", 6, milterclient.ACTIONS,
                                 milterclient.PROTOCOL))]
    packets += [rng.choice((
        ("D", rng.choice("CHMREN").encode() + b"j\0mx\0i\0q1\0"),
        ("D", rng.choice("CHMREN").encode() + b"{auth_type}\0PLAIN\0v\0"),
        ("C", b"h\0004\0\1192.0.2.1\0"), ("C", b"h\0006\0\1::1\0"),
        ("H", b"mail.example.net\0"), ("M", b"<a@example.net>\0SIZE=1\0"),
        ("R", b"<b@example.org>\0"), ("T", b""),
        ("L", b"From\0 a@b.example\0"), ("L", b"DKIM-Signature\0 v=1\0"),
        ("N", b""), ("B", b"x" * rng.randrange(200)), ("E", b""),
        ("A", b""), ("K", b""), ("U", b"XYZ\0")))
        for _ in range(rng.randrange(1, 16))]
    with milterclient.Client(daemon.socket, 10) as client:
        try:
            for at, (command, data) in enumerate(packets):
                if at > 0 or rng.randrange(4) == 0:
                    data = fuzzed(rng, data)
                client.send(command, data)
            client.send("Q")
            while True:
                client.receive()
        except (milterclient.ProtocolError, OSError):
            pass


@tap.test
def fuzzed_sessions():
    """The same ones each time: the seed is fixed."""
    rng = random.Random(20261128)
    with assaydaemon.Daemon(zone=messages.plain_zone()) as daemon:
        for at in range(FUZZ_SESSIONS):
            fuzz_session(daemon, rng)
            if not daemon.alive():
                ok(False, "fuzzed session %d" % at, daemon.log()[-2000:])
                daemon.start()
        still_serves(daemon, "%d fuzzed sessions" % FUZZ_SESSIONS)


# ---- name servers ----

@tap.test
def answers_from_hell():
    server = dnsserver.Server(dict(messages.key_zone(),
                                   **messages.plain_zone()))
    tap.cleanup(server.stop)
    big = "v=spf1 " + "ip4:198.51.100.1 " * 3500 + "-all"
    server.set("big.example", [{"TXT": big}])
    server.set("many.example", [{"TXT": "filler %d" % i}
                                for i in range(3000)])
    server.set("loop.example", [{"CNAME": "loop2.example"}])
    server.set("loop2.example", [{"CNAME": "loop.example"}])
    server.set("self.example", [{"CNAME": "self.example"}])
    server.set("cut.example", [{"TXT": "v=spf1 -all"}], truncate=True)
    server.set("late.example", [{"TXT": "v=spf1 -all"}], delay=9.0)
    server.set("lost.example", [{"TXT": "v=spf1 -all"}], drop=True)
    server.set("servfail.example", [], rcode=dnsserver.SERVFAIL)
    server.set("refused.example", [], rcode=dnsserver.REFUSED)
    server.set("formerr.example", [], rcode=dnsserver.FORMERR)
    server.set("nul.example", [{"TXT": b"v=spf1\0 +all"}])
    server.set("bits.example", [{"TXT": b"v=spf1 a:\xff\xfe -all"}])
    for name, odd in (("id", {"wrong_id": True}),
                      ("name", {"wrong_name": True}),
                      ("mal", {"malformed": True}),
                      ("empty", {"raw": lambda q: b""}),
                      ("short", {"raw": lambda q: q[:7]}),
                      ("echo", {"raw": lambda q: q}),
                      ("noise", {"raw": lambda q: q[:2] + b"\x81\x80" +
                                 b"\xff" * 300})):
        server.set(name + ".example", [{"TXT": "v=spf1 +all"}], **odd)
    config = assaydaemon.merged(PATIENT, {"resolver": {
        "nameservers": [server.address]}})
    with assaydaemon.Daemon(config) as daemon:
        lies(daemon)
        keys(daemon, server)


def together(names, send):
    """{name: send(name)}, all at once: many wait for an answer in vain."""
    out = {}
    threads = [threading.Thread(target=lambda name=name: out.update(
        {name: send(name)})) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return out


LIES = {
    "big": {"fail", "permerror"}, "many": {"none", "temperror"},
    "loop": {"none", "temperror", "permerror"},
    "self": {"none", "temperror", "permerror"},
    "cut": {"fail"}, "late": {"temperror"},
    "lost": {"temperror"}, "servfail": {"temperror"},
    "refused": {"temperror"}, "formerr": {"temperror"},
    "nul": {"none", "permerror"}, "bits": {"permerror", "fail"},
    "id": {"temperror"}, "name": {"temperror"},
    "mal": {"temperror"}, "empty": {"temperror"},
    "short": {"temperror"}, "echo": {"temperror"},
    "noise": {"temperror"},
}


def lies(daemon):
    answered = together(LIES, lambda name: daemon.send(
        messages.PLAIN, sender="<a@%s.example>" % name))
    for name, want in LIES.items():
        spf = authres.spf(defined(answered[name], "answer: " + name))
        ok(spf and spf.result in want, "answer: %s: the result" % name,
           " got: %r" % spf, "want: one of %r" % want)
    still_serves(daemon, "all these answers")


# What is wrong with the answer that has the key, and what comes of it.  The
# signature covers s=, so a key that comes gives "fail".
KEYS = {
    "k0": ({"drop": True}, "temperror"),
    "k1": ({"rcode": dnsserver.SERVFAIL}, "temperror"),
    "k2": ({"wrong_name": True}, "temperror"),
    "k3": ({"malformed": True}, "temperror"),
    "k4": ({"truncate": True}, "fail"),
}


def keys(daemon, server):
    """Signatures whose key does not come as it should."""
    raw = messages.read("ed25519.eml")
    owner = "ed._domainkey.example.com"
    good = messages.key_zone()[owner]
    server.ttl = 0
    result = daemon.send(raw)
    ok("dkim=pass" in (result.authres or ""), "the key by DNS: pass",
       result.authres)
    for name, (odd, _) in KEYS.items():
        server.set(name + "._domainkey.example.com", good, **odd)
    answered = together(KEYS, lambda name: daemon.send(
        raw.replace(b"s=ed;", b"s=" + name.encode() + b";", 1)))
    for name, (odd, want) in KEYS.items():
        results = authres.all_of(defined(answered[name],
                                         "key with %r" % odd), "dkim")
        equal([r.result for r in results], [want], "key with %r" % odd)
    server.set("huge._domainkey.example.com",
               [{"TXT": "v=DKIM1; p=" + "A" * 60000}])
    changed = raw.replace(b"s=ed;", b"s=huge;", 1)
    results = authres.all_of(defined(daemon.send(changed), "key of 60 KB"),
                             "dkim")
    ok(results and results[0].result in ("permerror", "temperror",
                                         "neutral"),
       "key of 60 KB: no pass", results)


tap.main()
