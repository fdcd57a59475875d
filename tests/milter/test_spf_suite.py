# SPDX-License-Identifier: BSD-2-Clause
"""The public SPF suite, through the daemon and its milter socket.

Each scenario's zonedata is the zone file as it is; each test is a
connection.  A failure is refused with the explanation in the reply, which is
how the explanation comes out; all else is read from the header.
"""

import os

import assaydaemon
import authres
import spfsuite
import tap
from tap import equal, ok

CONFIG = {
    "trusted-networks": ["203.0.113.255/32"],
    "policy": [{"name": "spf", "when": {"spf": "fail"}, "action": "reject",
                "reply": "550 5.7.23 [%{spf-explanation}]"}],
}


def sender_of(test):
    return "<%s>" % (test.get("mailfrom") or "")


def run(daemon, name, test):
    wanted = spfsuite.results(test)
    result = daemon.send(fields=[(b"From", b" a@b.example")], body=b"x\r\n",
                         client=str(test["host"]), host="unknown",
                         helo=str(test.get("helo") or ""),
                         sender=sender_of(test))
    if result.reply.code == "y":
        ok("fail" in wanted, name, result.reply_text,
           "want: %s" % (wanted,), test)
        explanation = spfsuite.explanation(test)
        if explanation is not None:
            # What is not there is "(none)" in a reply.
            text = "550 5.7.23 [%s]" % (explanation.decode("latin-1") or
                                        "(none)")
            equal(result.reply_text, text,
                  name + ": explanation")
        return
    if not ok(result.accepted, name + ": accepted", result.reply):
        return
    _, results = authres.parse(result.header.all()[0][1])
    identity = "mailfrom" if test.get("mailfrom") else "helo"
    spf = authres.spf(results, identity)
    ok(spf and spf.result in wanted, name, " got: %s" % spf,
       "want: %s" % (wanted,), test)


@tap.test
def suite():
    path = spfsuite.path()
    if not os.path.exists(path):
        tap.skip_all("%s is not installed" % spfsuite.PACKAGE)
    for description, zone, tests in spfsuite.scenarios(path):
        # A scenario without records still has a zone file: nothing exists.
        zone = zone or {"nothing.invalid": [{"A": "192.0.2.1"}]}
        with assaydaemon.Daemon(CONFIG, zone) as daemon:
            for name, test in tests.items():
                run(daemon, "%s: %s" % (description, name), test)


tap.main()
