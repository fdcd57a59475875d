# SPDX-License-Identifier: BSD-2-Clause
"""assay overview: what a daemon has stored, as text, as JSON, and as a page
in a real browser."""

import json
import os
import sqlite3
import subprocess

import assaydaemon
import messages
import pages
import tap
from pages import Nesting
from tap import equal, ok

ZONE = dict(messages.plain_zone(), **{
    "_dmarc.example.net": [{"TXT": "v=DMARC1; p=reject; rua=mailto:"
                            "d@example.net"}],
})
FOLDER = assaydaemon.work_folder()
STORE = os.path.join(FOLDER, "assay.db")


def count():
    try:
        with sqlite3.connect("file:%s?mode=ro" % STORE, uri=True) as base:
            return base.execute("SELECT count(*) FROM assay_message"
                                ).fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def run(*arguments, status=0):
    done = subprocess.run([assaydaemon.command(), "overview", "-c",
                           "assay.yaml"] + list(arguments),
                          capture_output=True, cwd=FOLDER)
    equal(done.returncode, status, "assay overview " + " ".join(arguments),
          done.stderr.decode())
    return done.stdout.decode()


@tap.test
def stored():
    daemon = assaydaemon.Daemon(
        {"store": "sqlite:" + STORE, "policy": [
            {"name": "dmarc", "action": "reject", "when": {
                "dmarc": "fail"}}]}, ZONE, folder=FOLDER)
    with daemon:
        for _ in range(7):
            daemon.send(messages.PLAIN)
        for _ in range(2):
            daemon.send(messages.PLAIN, client="192.0.2.9",
                        sender="<a@nobody.example>")
        daemon.send(messages.PLAIN.replace(b"alice@example.net",
                                           b"a@x.example"),
                    client="2001:db8:1111:2222:3333:4444:5555:6666")
        daemon.send(messages.PLAIN, client="127.0.0.1")
        assaydaemon.wait_for(lambda: count() == 11, 30, "11 messages")
    assaydaemon.next_second()


@tap.test
def as_json():
    got = json.loads(run("--json"))
    equal((got["messages"], got["passed"]), (10, 7),
          "all that was checked, and what passed")
    equal([(s["source"], s["messages"], s["passed"])
           for s in got["sources"]],
          [("192.0.2.1", 7, 7), ("192.0.2.9", 2, 0),
           ("2001:db8:1111:2222:3333:4444:5555:6666", 1, 0)], "sources")
    equal([(s["domain"], s["messages"]) for s in got["from_domains"]],
          [("example.net", 9), ("x.example", 1)], "domains")
    equal([(s["outcome"], s["messages"], s["dispositions"]["reject"])
           for s in got["outcomes"]],
          [("accepted", 8, 0), ("rejected", 2, 2)], "what was done")
    equal(len(got["days"]) in (1, 2), True, "a day")


@tap.test
def as_text():
    out = run()
    for line in ("10 messages", "7 passed", "192.0.2.9", "What was done",
                 "rejected"):
        ok(line in out, line, out)
    ok("0 messages" in run("--since", "0m"), "none since now")
    run("--since", "0m", "--html")
    run("--json", "--html", status=64)


@tap.test
def as_a_page():
    text = run("--html")
    nesting = Nesting()
    nesting.feed(text)
    equal((nesting.bad, nesting.open), ([], []), "elements are closed")
    ok("script" not in nesting.names, "no script")
    for word in ("src=", "http://", "https://", "@import", "url("):
        ok(word not in text, "nothing from elsewhere: " + word)
    ok("What this host saw" in text and "What was done" in text, "its words")
    path = os.path.join(FOLDER, "overview.html")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    pages.in_a_browser({"overview": path})


tap.main(by_days=True)
