# SPDX-License-Identifier: BSD-2-Clause
"""How many questions one message can cause, and that none goes short."""

import base64

import assaydaemon
import authres
import tap
from tap import equal, ok

CLIENT = "192.0.2.1"
# The terms of assay.yaml(5): two SPF checks, twice ten keys, DMARC; and
# what SPF may have asked ahead in vain.
SPF = 1 + 10 * (1 + 10) + 1 + 1 + 10
DMARC = 8 + 1 + 32
FIGURE = 2 * SPF + 2 * 10 + DMARC
AHEAD = 64


def spf_tree(zone, top):
    """Ten mx of ten hosts, and an explanation that needs the client's
    names."""
    zone[top] = [{"TXT": "v=spf1 " + " ".join(
        "mx:m%d.%s" % (i, top) for i in range(10)) +
        " -all exp=%{p}.why." + top}]
    for i in range(10):
        name = "m%d.%s" % (i, top)
        zone[name] = [{"MX": [10, "h%d.%s" % (j, name)]} for j in range(10)]
        for j in range(10):
            zone["h%d.%s" % (j, name)] = [{"A": "198.51.100.1"}]


def hostile_zone():
    zone = {"_dmarc.from.example": [
        {"TXT": "v=DMARC1; p=reject; np=quarantine"}],
        "1.2.0.192.in-addr.arpa": [{"PTR": "p%d.example" % i}
                                   for i in range(10)]}
    spf_tree(zone, "mail.example")
    spf_tree(zone, "helo.example")
    for i in range(10):
        zone["p%d.example" % i] = [{"A": "198.51.100.2"}]
    return zone


def signature(domain):
    return (b"DKIM-Signature: v=1; a=rsa-sha256; d=%s; s=s; h=from;\r\n"
            b"\tbh=%s; b=%s\r\n" % (
                domain.encode(), base64.b64encode(bytes(32)),
                base64.b64encode(bytes(128))))


def hostile_message():
    """Ten strangers, then thirty names deep below the organization."""
    fields = b"".join(signature("d%d.example" % i) for i in range(10))
    fields += b"".join(signature("a.b.c.d.e%d.from.example" % i)
                       for i in range(30))
    return fields + b"From: <x@1.2.3.4.5.6.7.from.example>\r\n\r\nHi.\r\n"


@tap.test
def bounded():
    with assaydaemon.Daemon({}, hostile_zone()) as daemon:
        result = daemon.send(hostile_message(), client=CLIENT,
                             helo="helo.example", sender="<a@mail.example>")
        record = assaydaemon.wait_for(daemon.records, 30,
                                      "the record")[-1]
    _, results = authres.parse(result.header.all()[0][1])
    dmarc = authres.all_of(results, "dmarc")[0]
    equal(dmarc.result, "fail", "DMARC has all of its answers")
    equal([r.result for r in authres.all_of(results, "spf")],
          ["fail", "fail"], "SPF has, too")
    equal(record.get("unanswered", 0), 0, "every question was put")
    asked = int(record["lookups"])
    ok(200 < asked <= FIGURE + AHEAD, "%d questions, at most %d" % (
        asked, FIGURE + AHEAD))


tap.main()
