# SPDX-License-Identifier: BSD-2-Clause
"""auto-reload: a file of rules counts when it has changed."""

import os

import assaydaemon
import tap
from tap import equal, ok

ZONE = {"sender.example": [{"TXT": "v=spf1 -all"}]}
RULE = """policy:
  - name: customers
    when: {recipient-domain: [%s]}
    action: reject
"""


def replace(path, text):
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(path + ".new", path)


def start(**config):
    daemon = assaydaemon.Daemon()
    rules = os.path.join(daemon.folder, "rules.yaml")
    replace(rules, RULE % "one.example")
    daemon.configure(dict({"include": ["rules.yaml"]}, **config),
                     ZONE)
    return daemon.start(), rules


def rejected(daemon, domain):
    result = daemon.send(
        fields=[(b"From", b" a@sender.example")], body=b"Hi.\r\n",
        sender="<a@sender.example>", client="192.0.2.1",
        recipients=["<b@%s>" % domain])
    return not result.accepted


def wait_for(daemon, text, count=1):
    assaydaemon.wait_for(lambda: daemon.log().count(text) >= count, 30, text)


@tap.test
def by_itself():
    daemon, rules = start(**{"auto-reload": True})
    equal((rejected(daemon, "one.example"), rejected(daemon, "two.example")),
          (True, False), "as it starts")
    replace(rules, RULE % "two.example")
    wait_for(daemon, "\"reloaded /")
    equal((rejected(daemon, "one.example"), rejected(daemon, "two.example")),
          (False, True), "a file that was replaced")
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULE % "one.example, two.example")
    wait_for(daemon, "\"reloaded /", 2)
    equal((rejected(daemon, "one.example"), rejected(daemon, "two.example")),
          (True, True), "one that was written over")
    replace(rules, "polizy: []\n")
    wait_for(daemon, "unknown key")
    equal((rejected(daemon, "one.example"), rejected(daemon, "two.example")),
          (True, True), "one that is wrong: the last good one counts")
    os.unlink(rules)
    wait_for(daemon, "has changed", 4)
    ok(rejected(daemon, "one.example"), "one that has gone: likewise")
    replace(rules, RULE % "two.example")
    wait_for(daemon, "\"reloaded /", 3)
    equal((rejected(daemon, "one.example"), rejected(daemon, "two.example")),
          (False, True), "a good one again")
    equal(daemon.log().count("unknown key"), 1, "a mistake is said once")
    daemon.configure({"auto-reload": True, "policy": []}, ZONE)
    wait_for(daemon, "\"reloaded /", 4)
    ok(not rejected(daemon, "two.example"), "the configuration itself")
    daemon.check_stop("the daemon")


tap.main()
