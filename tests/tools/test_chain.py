# SPDX-License-Identifier: BSD-2-Clause
"""assay check and a chain of ARC: who sealed, what each said, where it broke.
"""

import json
import os
import subprocess
import time

import assaydaemon
import tap
from tap import equal, ok

REPLAY = os.path.join(assaydaemon.top_srcdir(), "tests/data/replay")
VECTORS = os.path.join(assaydaemon.top_srcdir(), "tests/data/arc")


def run(name, *arguments, message=None):
    binary = assaydaemon.command()
    done = subprocess.run(
        [binary, "check", "--zone", os.path.join(REPLAY, name, "zone.yaml"),
         *arguments, message or os.path.join(REPLAY, name, "message.eml")],
        capture_output=True, timeout=120)
    equal(done.stderr, b"", "%s: nothing on stderr" % name)
    return done.stdout.decode("ascii")


@tap.test
def in_words():
    text = run("arc-pass")
    for line in ("ARC: pass",
                 "the message was changed after set 1 was made",
                 "fwd.example.net, selector s1, ",
                 "lists.example, selector s1, ",
                 "mx.lists.example: spf=pass dkim=pass(example.com) "
                 "dmarc=pass(example.com)",
                 "fail: signature did not verify"):
        ok(line in text, "says: " + line, text)
    ok(text.index("ARC set 2 of 2") < text.index("ARC set 1 of 2"),
       "the last set first")
    text = run("arc-fail")
    ok("because ARC-Seal i=2: " in
       " ".join(text.split()),
       "where it broke", text)
    text = run("arc-fail", message=os.path.join(VECTORS, "gap.eml"))
    ok("\nARC: fail" in text and "is missing" in text, "a gap", text)
    ok("\nARC: " not in run("arc-fail", message=os.path.join(
        VECTORS, "none.eml")), "nothing without a chain")


@tap.test
def trusted():
    """The messages grow old: the longest age that may be set, while it is
    enough."""
    config = os.path.join(REPLAY, "arc-trusted", "assay.yaml")
    with open(config, encoding="ascii") as f:
        text = f.read()
    folder = assaydaemon.work_folder()
    path = os.path.join(folder, "assay.yaml")
    with open(path, "w", encoding="ascii") as f:
        f.write(text.replace("zone.yaml", os.path.abspath(
            os.path.join(REPLAY, "arc-trusted", "zone.yaml"))) +
            "limits: {seal-age: 365d}\n")
    arc = json.loads(run("arc-trusted", "--json", "-c", path))["arc"]
    if time.time() < 1780000002 + 365 * 86400:
        equal(arc["trusted"], "lists.example", "who is trusted")
        ok("trusted lists.example: the domain in From passed DMARC" in
           " ".join(run("arc-trusted", "-c", path).split()), "in words")
    else:
        equal(arc["trusted"], None, "nobody, the seal is too old")


@tap.test
def as_json():
    arc = json.loads(run("arc-pass", "--json"))["arc"]
    equal((arc["result"], arc["why"], arc["oldest_pass"]),
          ("pass", None, 2), "the chain")
    equal(arc["trusted"], None, "nobody is trusted without a list")
    equal([s["seal"]["d"] for s in arc["sets"]],
          ["lists.example", "fwd.example.net"], "who sealed")
    equal([s["message"]["result"] for s in arc["sets"]], ["fail", "pass"],
          "message signatures")
    equal([s["authserv_id"] for s in arc["sets"]],
          ["mx.lists.example", "mx.fwd.example.net"], "who said")
    arc = json.loads(run("arc-fail", "--json", message=os.path.join(
        VECTORS, "none.eml")))["arc"]
    equal((arc["result"], arc["sets"]), ("none", []), "no chain")


tap.main()
