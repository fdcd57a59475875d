# SPDX-License-Identifier: BSD-2-Clause
"""Messages that were judged wrongly once: tests/data/cases, one folder each.

A row names the folder, the envelope, a configuration of the folder or of
etc/, and what assay check has to find.
"""

import json
import os
import subprocess

import assaydaemon
import tap
from tap import equal, ok

TOP = assaydaemon.top_srcdir()
CASES = os.path.join(TOP, "tests/data/cases")
STRICT = os.path.join(TOP, "etc/policy-strict.yaml")


def check(case, config, *envelope):
    folder = os.path.join(CASES, case)
    done = subprocess.run(
        [assaydaemon.command(), "check", "--json", "--zone",
         os.path.join(folder, "zone.yaml"), "-c",
         os.path.join(folder, config) if config != STRICT else STRICT,
         *envelope, os.path.join(folder, "message.eml")],
        capture_output=True, timeout=60, check=False)
    text = done.stderr.decode("utf-8", "replace")
    ok(not any(mark in text for mark in assaydaemon.SANITIZER_MARKS),
       case + ": no sanitizer report", text[-4000:])
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        ok(False, case + ": JSON can be read", done.stdout[-500:], text)
        return done.returncode, None


@tap.test
def sloppy_from():
    """One domain in every reading: it is judged as that domain's mail."""
    names = sorted(n for n in os.listdir(CASES) if n.startswith("from-slop"))
    ok(len(names) >= 9, "the cases are there", names)
    for name in names:
        legit = "-legit-" in name
        for config in [STRICT, "strict.yaml"] if legit else ["own.yaml"]:
            status, value = check(
                name, config, "--ip",
                "192.0.2.1" if legit else "203.0.113.9",
                "--from", "alice@example.com" if legit else "x@evil.example")
            if value is None:
                continue
            equal(value["from"]["state"], "sloppy", name + ": From")
            equal(value["from"]["domain"],
                  "example.com" if legit else "example.org",
                  name + ": domain")
            equal(status, 0 if legit else 1, name + ": exit status")
            equal(value["decision"]["action"],
                  "accept" if legit else "reject", name + ": action")


@tap.test
def partial_body():
    """Anybody's text after l= must not carry a DMARC pass."""
    status, value = check("dkim-l-appended", STRICT, "--ip", "203.0.113.9",
                          "--from", "x@evil.example")
    if value is not None:
        equal([s["result"] for s in value["dkim"]], ["policy"],
              "text after l=: DKIM")
        equal(value["dmarc"]["result"], "fail", "text after l=: DMARC")


@tap.test
def mbox():
    """What an mbox adds to a message does not break its signature."""
    status, value = check("check-mbox-escaped-from", STRICT, "--ip",
                          "192.0.2.1", "--from", "alice@example.com")
    if value is not None:
        equal([s["result"] for s in value["dkim"]], ["pass"], "mbox: DKIM")
        equal((value["quoted_lines"], value["quoting"],
               value["quoting_proved"]), (1, "mboxrd", True),
              "mbox: what was done is said")
        equal(status, 0, "mbox: exit status")


tap.main()
