# SPDX-License-Identifier: BSD-2-Clause
"""assay replay: what another policy would have done with what is stored."""

import json
import os
import sqlite3
import subprocess

import assaydaemon
import messages
import tap
from tap import equal, ok

ZONE = dict(messages.plain_zone(), **{
    "_dmarc.example.net": [{"TXT": "v=DMARC1; p=reject; rua=mailto:"
                            "d@example.net"}],
})
FORGED = messages.PLAIN.replace(b"alice@example.net", b"eve@example.net")

NOW = [{"name": "old", "action": "quarantine",
        "when": {"from-domain": "list.example"}}]

STRICT = """
policy:
  - {name: weak, action: reject, when: {dkim-partial: yes, spf: fail}}
  - {name: dmarc, action: reject, when: {dmarc: fail}}
  - {name: friends, action: accept, when: {from-domain: list.example}}
"""


def run(folder, *arguments):
    done = subprocess.run([assaydaemon.command(), "replay"] +
                          list(arguments), capture_output=True, text=True,
                          cwd=folder)
    return done.returncode, done.stdout, done.stderr


def count(path):
    try:
        with sqlite3.connect("file:%s?mode=ro" % path, uri=True) as base:
            return base.execute("SELECT count(*) FROM assay_message"
                                ).fetchone()[0]
    except sqlite3.OperationalError:
        return 0


FOLDER = assaydaemon.work_folder()
STORE = os.path.join(FOLDER, "assay.db")
DAEMON = assaydaemon.Daemon({"store": "sqlite:" + STORE, "policy": NOW},
                            ZONE, folder=FOLDER)


def write(name, text):
    path = os.path.join(FOLDER, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


@tap.test
def what_would_change():
    with DAEMON:
        for _ in range(3):
            DAEMON.send(messages.PLAIN)                      # passes
        for _ in range(2):
            DAEMON.send(FORGED, client="192.0.2.9", host="x.example",
                        sender="<a@nobody.example>")         # dmarc=fail
        DAEMON.send(FORGED, client="192.0.2.9")              # and spf=fail
        DAEMON.send(messages.PLAIN.replace(b"example.net", b"list.example"))
        DAEMON.send(messages.PLAIN, client="127.0.0.1")      # of ours
        assaydaemon.wait_for(lambda: count(STORE) == 8, 30, "8 messages")
    assaydaemon.next_second()
    path = write("it's strict.yaml", STRICT)
    status, out, err = run(FOLDER, "-c", "assay.yaml", "--policy", path,
                           "--json")
    equal((status, err), (0, ""), "assay replay")
    got = json.loads(out)
    equal(got["messages"], 8, "messages")
    equal(got["not_checked"], 1, "mail of ours was not checked")
    equal(got["changed"], 3, "changed")
    equal(got["by_rule"], [
        {"messages": 2, "was": "accept", "would_be": "reject",
         "rule": "dmarc", "decided_by": "(none)"},
        {"messages": 1, "was": "quarantine", "would_be": "accept",
         "rule": "friends", "decided_by": "old"}], "by rule")
    equal(got["by_domain"], [
        {"messages": 2, "was": "accept", "would_be": "reject",
         "domain": "example.net"},
        {"messages": 1, "was": "quarantine", "would_be": "accept",
         "domain": "list.example"}], "by domain")
    equal(got["not_known"], 1, "one cannot be known")
    equal(got["not_known_by_rule"], [
        {"messages": 1, "rule": "weak", "asks_for": "dkim-partial"}],
          "and why")


@tap.test
def as_text():
    status, out, _ = run(FOLDER, "-c", "assay.yaml", "--policy",
                         "it's strict.yaml", "--since", "1d")
    equal(status, 0, "assay replay")
    for line in ("8 messages", "3  would be treated differently",
                 "2  accept, reject, dmarc, (none)",
                 "1  quarantine, accept, friends, old",
                 "1  weak, dkim-partial",
                 "1  were left out: mail that is not checked"):
        ok(line in out, line, out)
    status, out, _ = run(FOLDER, "-c", "assay.yaml", "--policy",
                         "it's strict.yaml", "--since", "0m")
    ok("0 messages" in out, "none since now", out)


@tap.test
def the_same_policy():
    """The one that ruled changes nothing."""
    path = write("same.yaml", json.dumps({"policy": NOW}))
    got = json.loads(run(FOLDER, "-c", "assay.yaml", "--policy", path,
                         "--json")[1])
    equal((got["changed"], got["not_known"]), (0, 0), "nothing changes")


@tap.test
def what_is_wrong():
    write("bad.yaml", "policy: [{action: refuse}]")
    write("bare.yaml", "authserv-id: mx.example.org\n")
    for what, arguments, status, text in (
            ("no policy", (), 64, "usage"),
            ("no such file", ("--policy", "nowhere"), 66, "nowhere: No such"),
            ("a bad policy", ("--policy", "bad.yaml"), 78,
             "bad.yaml:1:19: policy rule 1: action is 'refuse'"),
            *(("a bad time, " + repr(since), ("--policy", "same.yaml",
               "--since", since), 64, "--since needs a number with m, h or d")
              for since in ("", "d", "7", "7w", "-1d", "+1d", " 1d", "1 d",
                            "1.5d", "0x1d", "3651d", "99999999999999999999h",
                            "1dd")),
            ("a bad time", ("--policy", "same.yaml", "--since", "week"), 64,
             "--since needs a number with m, h or d"),
            ("no store", ("--policy", "same.yaml", "-c", "bare.yaml"), 78,
             "bare.yaml: it names no store")):
        if "-c" not in arguments:
            arguments += ("-c", "assay.yaml")
        got, _, err = run(FOLDER, *arguments)
        equal(got, status, what)
        ok(text.lower() in err.lower(), what + ": it says so", err)
    with sqlite3.connect(STORE) as base:
        base.execute("UPDATE assay_meta SET number = 9 "
                     "WHERE name = 'schema'")
    base.close()
    got, _, err = run(FOLDER, "--policy", "same.yaml", "-c", "assay.yaml")
    equal(got, 66, "a later version")
    ok("its tables are of version 9" in err, "it says so", err)


tap.main()
