# SPDX-License-Identifier: BSD-2-Clause
"""observe-policy: a second policy, whose decisions are only recorded."""

import os
import signal
import subprocess

import yaml

import assaydaemon
import messages
import tap
from tap import equal, ok

ZONE = messages.plain_zone()
STRICT = {"policy": [
    {"name": "early", "stage": "mail", "action": "reject",
     "when": {"mailfrom-domain": "early.example"}},
    {"name": "no", "action": "reject",
     "when": {"mailfrom-domain": "bad.example"}},
    {"name": "hold", "action": "quarantine",
     "when": {"mailfrom-domain": "odd.example"}},
    {"name": "wait", "action": "tempfail", "at-most": "1m",
     "when": {"mailfrom-domain": "later.example"}},
]}
RULING = [
    {"name": "at-mail", "stage": "mail", "action": "reject",
     "when": {"mailfrom-domain": ["early.example", "gone.example"]}},
    {"name": "fine", "action": "accept",
     "when": {"mailfrom-domain": "bad.example"}},
    {"name": "rule", "action": "reject",
     "when": {"mailfrom-domain": "worse.example"}},
]

# Sender's domain, what is done, what would be done and by which rule.
ROWS = (
    ("good.example", "accept", "accept", None),
    ("bad.example", "accept", "reject", "no"),
    ("odd.example", "accept", "quarantine", "hold"),
    ("later.example", "accept", "tempfail", "wait"),
    ("worse.example", "reject", "accept", None),
    ("early.example", "reject", "reject", "early"),
    # Refused at MAIL: what the end would have brought is not known.
    ("gone.example", "reject", None, None),
)


def write(folder, value, name="strict.yaml"):
    path = os.path.join(folder, name)
    with open(path, "w") as f:
        f.write(value if isinstance(value, str) else yaml.safe_dump(value))
    return path


def config(policy=RULING):
    return {"policy": policy, "observe-policy": "strict.yaml"}


@tap.test
def recorded():
    folder = assaydaemon.work_folder()
    write(folder, STRICT)
    with assaydaemon.Daemon(config(), ZONE, folder=folder) as daemon:
        for count, (domain, *_) in enumerate(ROWS, 1):
            daemon.send(messages.PLAIN, sender="<a@%s>" % domain)
            daemon.wait_count(count)
        daemon.send(messages.PLAIN, sender="<a@bad.example>",
                    client="127.0.0.1")
        found = daemon.wait_records(len(ROWS) + 1)
    for record, (domain, action, would, rule) in zip(found, ROWS):
        equal(record["action"], action, domain + ": what is done")
        equal(record.get("observe-policy-action"), would,
              domain + ": what would be")
        equal(record.get("observe-policy-rule"), rule, domain + ": the rule")
    equal(found[-1].get("observe-policy-action"), None,
          "mail that is not checked is not judged")
    ok("observed" not in found[1], "no rule with observe is named")


@tap.test
def not_there():
    with assaydaemon.Daemon({"policy": RULING}, ZONE) as daemon:
        daemon.send(messages.PLAIN)
        record = daemon.wait_records(1)[0]
    ok(not any(key.startswith("observe-policy") for key in record),
       "without it nothing is recorded")


def reload(daemon, word):
    before = daemon.log().count(word)
    daemon.kill(signal.SIGHUP)
    assaydaemon.wait_for(lambda: daemon.log().count(word) > before, 30, word)


@tap.test
def reloads():
    """All of a changed file, or none of it, with the place of a mistake."""
    folder = assaydaemon.work_folder()
    write(folder, STRICT)
    with assaydaemon.Daemon(config(), ZONE, folder=folder) as daemon:
        def would():
            count = len(daemon.records())
            daemon.send(messages.PLAIN, sender="<a@bad.example>")
            return daemon.wait_records(count + 1)[-1][
                "observe-policy-action"]
        equal(would(), "reject", "as it was read")
        write(folder, {"policy": [{"name": "all", "action": "discard"}]})
        equal(would(), "reject", "a change waits for a reload")
        reload(daemon, "reloaded")
        equal(would(), "discard", "and holds from then on")
        write(folder, "policy:\n  - {name: a, action: rejct}\n")
        reload(daemon, "not reloaded")
        ok("strict.yaml:2:23: policy rule 1: action is 'rejct'" in
           daemon.log(), "a mistake has its place",
           daemon.log().split("not reloaded")[-1])
        equal(would(), "discard", "and the one before stays")
        os.remove(os.path.join(folder, "strict.yaml"))
        reload(daemon, "not reloaded")
        equal(would(), "discard", "a file that is gone is refused as well")


@tap.test
def checked():
    """-t finds what is wrong with it, and warns."""
    folder = assaydaemon.work_folder()
    daemon = assaydaemon.Daemon(config(), ZONE, folder=folder)

    def check():
        return subprocess.run(
            [assaydaemon.binary(), "-t", "-c", daemon.path],
            capture_output=True, text=True, timeout=60)
    done = check()
    equal(done.returncode, 78, "no such file")
    ok("observe-policy: " in done.stderr, "and which", done.stderr)
    write(folder, {"policy": [
        {"name": "first", "action": "reject"},
        {"name": "never", "action": "accept"}]})
    done = check()
    equal(done.returncode, 0, "a file that is fine", done.stderr)
    ok("never" in done.stderr and "strict.yaml:" in done.stderr,
       "a rule that never matches is warned about", done.stderr)


tap.main()
