# SPDX-License-Identifier: BSD-2-Clause
"""Forged Authentication-Results go, foreign ones stay, on either MTA."""

import assaydaemon
import authres
import messages
import milterclient
import tap
from tap import equal, ok

# What claims to be ours, however it is spelt (spec/authres.md 4 and 7).
OURS = (
    b" mx.example.org; spf=pass smtp.mailfrom=a@b.example",
    b" MX.Example.ORG; dkim=pass",
    b"mx.example.org;dmarc=pass",
    b"\n mx.example.org;\n\tdkim=pass",
    b" mx.example.org 1; dkim=pass",
    b" mx.example.org 2; dkim=pass",
    b" mx.example.org 01; dkim=pass",
    b' "mx.example.org"; dkim=pass',
    b' "mx\\.example.org"; dkim=pass',
    b" (hello) mx.example.org (there) ; dkim=pass",
    b" (a (nested) one) mx.example.org; dkim=pass",
    b" (quoted \\) paren) mx.example.org; none",
    b"\t mx.example.org\t;\tnone",
    b" mx.example.org",
    b" mx.example.org (unclosed; dkim=pass",
    b' mx.example.org; dkim=pass reason="open',
    b" mx.example.org; \xff\xfe=pass",
    b" mx.example.org; dkim = pass header . d = example.com",
)

# What is somebody else's.
FOREIGN = (
    b" mx.example.com; spf=pass smtp.mailfrom=a@b.example",
    b" mx.example.org.evil.example; dkim=pass",
    b" notmx.example.org; dkim=pass",
    b" example.org; dkim=pass",
    b" evil.example; (mx.example.org) dkim=pass",
    b' evil.example; dkim=pass reason="mx.example.org"',
    b" mx.google.com; dkim=pass header.i=@d.example header.s=s "
    b'header.b="oVxOH/NU"; spf=pass (google.com: domain of u@d.example '
    b"designates 192.0.2.1 as permitted sender) smtp.mailfrom=u@d.example",
)

NAMES = (b"Authentication-Results", b"authentication-results",
         b"AUTHENTICATION-RESULTS", b"Authentication-results")


def survivors(result):
    """The field's values below assay's own one."""
    return result.header.values("Authentication-Results")[1:]


def send(daemon, mta, fields):
    plain, body = milterclient.split_message(messages.PLAIN)
    return daemon.send(fields=fields + plain, body=body, mta=mta)


def check_own(result, name):
    top, value = result.header.all()[0]
    equal(top.lower(), b"authentication-results", name + ": ours is on top")
    authserv_id, results = authres.parse(value)
    equal(authserv_id, "mx.example.org", name + ": our id")
    equal([r.result for r in results if r.method == "dmarc"], ["none"],
          name + ": nothing forged in it")


def run(mta):
    with assaydaemon.Daemon(zone=messages.plain_zone()) as daemon:
        one_by_one(daemon, mta)
        interleaved(daemon, mta)
        many(daemon, mta)


def one_by_one(daemon, mta):
    for at, value in enumerate(OURS):
        name = NAMES[at % len(NAMES)]
        result = send(daemon, mta, [(name, value)])
        check_own(result, "%s, %r" % (mta, value))
        equal(survivors(result), [], "%s, %r: gone" % (mta, value))
    for value in FOREIGN:
        result = send(daemon, mta, [(NAMES[0], value)])
        equal(survivors(result), [value], "%s, %r: kept" % (mta, value))


def interleaved(daemon, mta):
    """Each spelling among foreign ones, and among other fields."""
    for pattern in ("oofof", "ofofo", "fooof", "ffooo", "ooooo", "fffff",
                    "fofoofooof"):
        fields, want = [], []
        for at, kind in enumerate(pattern):
            pool = OURS if kind == "o" else FOREIGN
            value = pool[at % len(pool)]
            fields.append((NAMES[at % len(NAMES)], value))
            fields.append((b"Received", b" from %d" % at))
            if kind == "f":
                want.append(value)
        result = send(daemon, mta, fields)
        check_own(result, "%s, %s" % (mta, pattern))
        equal(survivors(result), want, "%s, %s: the right ones" %
              (mta, pattern))
        equal(len(result.header.values("Received")), len(pattern) + 1,
              "%s, %s: nothing else is touched" % (mta, pattern))


def many(daemon, mta):
    fields = []
    for at in range(200):
        fields.append((NAMES[0], OURS[at % len(OURS)]))
        if at % 3 == 0:
            fields.append((NAMES[0], b" h%d.example; none" % at))
    result = send(daemon, mta, fields)
    check_own(result, mta + ", 200 forged")
    equal(survivors(result),
          [b" h%d.example; none" % at for at in range(0, 200, 3)],
          mta + ", 200 forged: the foreign ones are left")


@tap.test
def postfix():
    run("postfix")


@tap.test
def sendmail():
    run("sendmail")


@tap.test
def other_fields():
    """ARC's field of another host and look-alikes are not touched."""
    kept = [(b"ARC-Authentication-Results", b" i=1; mx.example.com; none"),
            (b"Received-SPF", b" pass (x)"),
            (b"X-Authentication-Results", b" mx.example.org; dkim=pass"),
            (b"Authentication-Result", b" mx.example.org; dkim=pass")]
    with assaydaemon.Daemon(zone=messages.plain_zone()) as daemon:
        result = send(daemon, "postfix", kept)
        equal([f for f in result.header.all() if f in kept], kept,
              "other fields are kept")
        result = send(daemon, "postfix", [
            (b"ARC-Authentication-Results", b" i=1; mx.example.org; none"),
            (b"Authentication-Results",
             b" =?utf-8?q?mx.example.org;_dmarc=3Dpass?="),
            (b"Authentication-Results", b" old.example.org; none")])
        equal([v for _, v in result.header.all() if b"mx.example.org" in v
               and b"spf=" not in v], [], "fields that may be read as ours")
        equal(len(result.header.values("Authentication-Results")), 2,
              "a name of another host is kept")
    config = {"authserv-ids-to-remove": ["old.example.org"],
              "remove-received-spf": True}
    with assaydaemon.Daemon(config, zone=messages.plain_zone()) as daemon:
        result = send(daemon, "sendmail", [
            (b"Authentication-Results", b" old.example.org; none"),
            (b"Received-SPF", b" pass (x)")] * 2)
        equal(len(result.header.values("Authentication-Results")), 1,
              "an old name of ours is not")
        equal(result.header.values("Received-SPF"), [],
              "Received-SPF goes where that is asked for")


@tap.test
def international_id():
    """An id as A-label is claimed by its U-label as well."""
    config = {"authserv-id": "xn--bcher-kva.example"}
    with assaydaemon.Daemon(config, messages.plain_zone()) as daemon:
        for value in (" b\u00fccher.example; dkim=pass",
                      " XN--BCHER-KVA.example; dkim=pass"):
            value = value.encode("utf-8")
            result = send(daemon, "postfix", [(NAMES[0], value)])
            equal(survivors(result), [], "%r: gone" % value)


tap.main()
