# SPDX-License-Identifier: BSD-2-Clause
"""Through the daemon: every DKIM vector gives its result, in order."""

import assaydaemon
import authres
import messages
import milterclient
import tap
from tap import equal, ok


def check(session, name, want):
    result = session.message(messages.read(name))
    if not ok(result.accepted, name + ": accepted", result.reply):
        return
    _, results = authres.parse(result.header.all()[0][1])
    got = authres.all_of(results, "dkim")
    equal([r.result for r in got], want, name, result.authres)
    for r in got:
        if r.result == "pass":
            ok({"header.d", "header.s", "header.a", "header.b"} <=
               set(r.properties), name + ": properties", r)
            ok(len(r.properties.get("header.b", "")) >= 8,
               name + ": header.b", r)


@tap.test
def vectors():
    zone = dict(messages.key_zone(), **messages.plain_zone())
    expected = messages.expected()
    ok(len(expected) > 130, "all vectors are there", len(expected))
    # As RFC 6376 has it, without rules of our own.
    config = {"dkim": {"partial-body": "pass", "doubled": []}}
    with assaydaemon.Daemon(config, zone=zone) as daemon:
        with daemon.session() as session:
            session.connect()
            session.helo()
            for name, want in expected:
                check(session, name, want)
            ok(session.quit(), "one connection for all of them")


# What verifies and does not cover what a reader is shown.
UNCOVERED = {
    "l-exact.eml": "with l=, Content-Type is not signed",
    "l-shorter.eml": "part of the body is not signed",
    "l-appended.eml": "part of the body is not signed",
    "l-zero.eml": "part of the body is not signed",
    "select-added-on-top-not-covered.eml": "a second Subject is not signed",
}


@tap.test
def uncovered():
    """By default such a signature counts for nothing, and says why."""
    zone = dict(messages.key_zone(), **messages.plain_zone())
    zone["_dmarc.example.com"] = [{"TXT": "v=DMARC1; p=reject"}]
    policy = [{"name": "partial", "when": {"dkim-partial": True},
               "action": "reject"},
              {"name": "doubled", "when": {"dkim-doubled": True},
               "action": "tempfail"}]
    with assaydaemon.Daemon({"policy": policy}, zone=zone) as daemon:
        for name, why in UNCOVERED.items():
            result = daemon.send(messages.read(name))
            equal(result.reply.code, "y", name + ": the condition is met")
            ok((b"550" if name.startswith("l-") else b"451") in
               result.reply.data, name + ": by its rule", result.reply.data)
        result = daemon.send(messages.read("canon-relaxed.eml"))
        equal(result.reply.code, "c", "a signature over all of it")
    with assaydaemon.Daemon(zone=zone) as daemon:
        for name, why in UNCOVERED.items():
            result = daemon.send(messages.read(name))
            field = result.authres.replace("\n\t", " ")
            ok('dkim=policy reason="%s"' % why in field, name, field)
            ok("dmarc=fail" in field, name + ": dmarc=fail", field)
        result = daemon.send(messages.read("canon-relaxed.eml"))
        ok("dmarc=pass" in result.authres, "a signature over all of it",
           result.authres)


@tap.test
def chunks():
    """Body chunks of one octet: CR and LF come apart."""
    zone = messages.key_zone()
    with assaydaemon.Daemon(zone=zone) as daemon:
        for size in (1, 7):
            milterclient.CHUNK = size
            for name in ("body-inner-blank-trailing-ws-relaxed.eml",
                         "body-many-crlf-simple.eml", "rfc8463-a3.eml"):
                result = daemon.send(messages.read(name))
                ok("dkim=pass" in (result.authres or ""),
                   "%s in chunks of %d" % (name, size), result.authres)
        milterclient.CHUNK = 65535


@tap.test
def limit_of_signatures():
    """Signatures beyond the limit do not count."""
    fields, body = milterclient.split_message(messages.read("ed25519.eml"))
    equal(fields[0][0], b"DKIM-Signature", "the vector begins with its field")
    config = {"limits": {"signatures": 2}}
    with assaydaemon.Daemon(config, messages.key_zone()) as daemon:
        result = daemon.send(fields=fields[:1] * 4 + fields, body=body)
        _, results = authres.parse(result.header.all()[0][1])
        passed = [r for r in authres.all_of(results, "dkim")
                  if r.result == "pass"]
        equal(len(passed), 2, "two of five signatures are verified",
              result.authres)


tap.main()
