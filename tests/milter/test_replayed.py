# SPDX-License-Identifier: BSD-2-Clause
"""A signed message that is sent again and again: the condition replay."""

import os
import signal
import urllib.request

import assaydaemon
import tap
import yaml
from tap import equal, ok

FOLDER = os.path.join(assaydaemon.top_srcdir(), "tests/data/replay/policy-tls")
with open(os.path.join(FOLDER, "message.eml"), "rb") as f:
    MESSAGE = f.read()
with open(os.path.join(FOLDER, "zone.yaml"), encoding="ascii") as f:
    ZONE = yaml.safe_load(f)["zonedata"]
RULE = {"name": "replay", "when": {"replay": "3/1h"}, "action": "reject",
        "reply": "550 5.7.1 seen %{replay} times"}


def send(daemon, recipient, client="198.51.100.7", message=MESSAGE, **more):
    """"accept", or the reply."""
    result = daemon.send(message, client=client, sender="<joe@example.com>",
                         recipients=["<%s@example.org>" % r
                                     for r in recipient.split()], **more)
    return "accept" if result.accepted else result.reply_text


def seen(daemon, count):
    record = daemon.wait_records(count)[-1]
    return record.get("replay-networks"), record.get("replay-recipients")


def metric(port, name):
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % port,
                                timeout=60) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
    return None


@tap.test
def recipients():
    port = assaydaemon.free_port()
    with assaydaemon.Daemon({"policy": [RULE], "metrics":
                             "inet:%d@127.0.0.1" % port}, ZONE) as daemon:
        for number, (to, want) in enumerate((
                ("a", "accept"), ("a", "accept"), ("b c", "accept"),
                ("A b", "accept"), ("d", "550 5.7.1 seen 4 times"),
                ("a", "550 5.7.1 seen 4 times")), 1):
            equal(send(daemon, to), want, "to " + to)
            got = seen(daemon, number)
        equal(got, (1, 4), "in the record")
        assaydaemon.wait_for(
            lambda: metric(port, "assay_sightings_remembered") == 5, 30,
            "one network, four recipients in the metrics")
        broken = MESSAGE.replace(b"\r\n\r\n", b"\r\n\r\nAdded.\r\n", 1)
        equal(send(daemon, "e", message=broken), "accept",
              "a signature that fails is not counted")
        equal(seen(daemon, 7), (None, None), "nor in the record")
        # A reload keeps what was seen.
        daemon.kill(signal.SIGHUP)
        assaydaemon.wait_for(lambda: len(daemon.events("configuration")) > 1,
                             30, "the reload")
        equal(send(daemon, "f"), "550 5.7.1 seen 5 times", "after a reload")


@tap.test
def networks():
    with assaydaemon.Daemon({"policy": [RULE]}, ZONE) as daemon:
        for client, want in (
                ("198.51.100.7", "accept"), ("198.51.100.8", "accept"),
                ("203.0.113.1", "accept"), ("2001:db8::1", "accept"),
                ("2001:db8::2", "accept"),
                ("2001:db8:1::1", "550 5.7.1 seen 4 times")):
            equal(send(daemon, "a", client=client), want, "from " + client)
        equal(seen(daemon, 6), (4, 1), "in the record")


@tap.test
def not_asked_for():
    other = {"name": "other", "when": {"spf": "pass"}, "action": "reject"}
    with assaydaemon.Daemon({"policy": [other]}, ZONE) as daemon:
        ok(send(daemon, "a b c d e") == "accept", "no rule, no limit")
        equal(seen(daemon, 1), (None, None), "nothing is counted")
    watch = dict(RULE, observe=True)
    with assaydaemon.Daemon({"policy": [watch]}, ZONE) as daemon:
        equal(send(daemon, "a b c d"), "accept", "only observed")
        record = daemon.wait_records(1)[0]
        equal((record.get("observed"), record.get("replay-recipients")),
              ("replay", 4), "the log says so")


tap.main()
