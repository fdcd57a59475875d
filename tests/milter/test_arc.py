# SPDX-License-Identifier: BSD-2-Clause
"""Chains of ARC through the daemon: header, decision, record, both MTAs.

The messages grow old, so nobody is trusted here; tests/interop/test_arc.py
makes new ones.
"""

import os
import time

import assaydaemon
import authres
import dnsserver
import milterclient
import tap
from tap import equal, ok

DATA = os.path.join(assaydaemon.top_srcdir(), "tests/data/arc")


def zone():
    with open(os.path.join(DATA, "keys.txt"), encoding="ascii") as f:
        out = {name: [{"TXT": text}] for name, text in
               (line.rstrip("\n").split("\t") for line in f)}
    out["_dmarc.example.com"] = [{"TXT": "v=DMARC1; p=reject"}]
    return out


def vector(name):
    with open(os.path.join(DATA, name), "rb") as f:
        return milterclient.split_message(f.read())


def send(daemon, name, mta):
    fields, body = vector(name)
    return daemon.send(fields=fields, body=body, mta=mta), fields


CONFIG = {"policy": [{"name": "sealed", "action": "accept",
                      "when": {"arc": "pass",
                               "arc-sealer": "*.example.net"}},
                     {"name": "dmarc", "action": "reject",
                      "when": {"dmarc": "fail"}}],
          "log": {"target": "stderr", "level": "info", "format": "json"}}


def check_record(daemon):
    def with_sets():
        return [r for r in daemon.records() if "arc-sets" in r]

    assaydaemon.wait_for(lambda: len(with_sets()) == 4, 30, "the records")
    records = with_sets()
    good = [r for r in records if r["arc"] == "pass"][0]
    bad = [r for r in records if r["arc"] == "fail"][0]
    equal((good["arc"], good["arc-sealers"], good["arc-oldest-pass"]),
          ("pass", "lists.example,fwd.example.net", 0), "of a good chain")
    equal([(s["instance"], s["sealer"], s["cv"], s["seal"], s["message"],
            s["authserv-id"]) for s in good["arc-sets"]],
          [(1, "lists.example", "none", "pass", "pass", "mx.lists.example"),
           (2, "fwd.example.net", "pass", "pass", "pass",
            "mx.fwd.example.net")], "who said what")
    equal((bad["arc"], bad["arc-why"], bad["arc-sets"][0]["said"]),
          ("fail", "ARC-Seal i=2: signature did not verify",
           "spf=pass dkim=fail(example.com) dmarc=pass(example.com)"),
          "where a chain broke")


@tap.test
def through_the_daemon():
    with assaydaemon.Daemon(CONFIG, zone=zone()) as daemon:
        for mta in ("postfix", "sendmail"):
            result, fields = send(daemon, "pass-2.eml", mta)
            value = result.header.values("Authentication-Results")[0]
            ok(b"arc=pass" in value and b"header.oldest-pass=0" in value,
               mta + ": arc=pass", value)
            ok(b"override" not in value, mta + ": nobody is trusted", value)
            equal([f for f in result.header.all() if f in fields], fields,
                  mta + ": nothing of the message is changed")
            result, _ = send(daemon, "aar1-word.eml", mta)
            ok(not result.accepted, mta + ": a broken chain")
        check_record(daemon)


@tap.test
def expired_key():
    """A chain proved with a key that had expired: the header says so."""
    server = dnsserver.Server(zone(), ttl=1)
    tap.cleanup(server.stop)
    config = dict(CONFIG, resolver={
        "nameservers": [server.address], "tries": 1, "timeout": "3s",
        "serve-stale": "1d"})
    with assaydaemon.Daemon(config) as daemon:
        for name, want in (("fresh", None),
                           ("expired", "an expired DNS answer was used")):
            result, _ = send(daemon, "pass-2.eml", "postfix")
            found = [r for r in authres.parse(result.authres)[1]
                     if r.method == "arc"]
            equal([(r.result, r.reason) for r in found], [("pass", want)],
                  name)
            # All queries have ended, and the TTL is a second.
            daemon.wait_count(1)
            server.default = dnsserver.Behaviour(rcode=dnsserver.SERVFAIL)
            time.sleep(1.1)


@tap.test
def hostile():
    """Chains that cost the most end in time."""
    fields, body = vector("pass-1.eml")
    name, value = fields[0]
    big = [(name, value + b"; z=" + b"z" * 64000)] + fields[1:]
    cases = [("a seal of 64 KB", big, body)] + [
        (name,) + vector(name) for name in (
            "pass-50-100-domains.eml", "sets-51.eml", "fail-50-gap.eml",
            "pass-interleaved.eml", "as-i-0.eml", "as-i-51.eml")]
    with assaydaemon.Daemon(CONFIG, zone=zone()) as daemon:
        for name, fields, body in cases:
            begin = time.monotonic()
            result = daemon.send(fields=fields, body=body)
            took = time.monotonic() - begin
            ok(took < 20 and result.reply is not None,
               "%s: %.2f s" % (name, took))


tap.main()
