# SPDX-License-Identifier: BSD-2-Clause
"""assay check and known forwarders: who it is, why not, and what follows."""

import json
import os
import subprocess

import assaydaemon
import tap
from tap import equal, ok

REPLAY = os.path.join(assaydaemon.top_srcdir(), "tests/data/replay")
RECIPIENT = ("--to", "suzie@shopping.example.net")


def run(name, *arguments):
    folder = os.path.join(REPLAY, name)
    done = subprocess.run(
        [assaydaemon.command(), "check",
         "-c", os.path.join(folder, "assay.yaml"), "--ip", "198.51.100.9",
         "--helo", "out.alumni.example", "--from", "joe@example.com",
         *arguments, os.path.join(folder, "message.eml")],
        capture_output=True, timeout=120)
    equal(done.stderr, b"", name + ": nothing on stderr")
    return done.returncode, done.stdout.decode("ascii")


@tap.test
def in_words():
    for name, arguments, status, lines in (
            ("forwarder-client", RECIPIENT, 0,
             ("Forwarder: alumni, line 4",
              "fail and softfail are not held against the message",
              "although DMARC fails: the known forwarder alumni answers")),
            ("forwarder-name", (), 0, ("Forwarder: alumni, line 5",)),
            ("forwarder-client", (), 1,
             ("Forwarder: none",
              "the client is a host of alumni, line 4, but not all "
              "recipients are in its for",
              "a file does not name recipients: see --to")),
            ("forwarder-for", RECIPIENT, 1,
             ("Forwarder: none", "but not all recipients are in its for")),
            ("forwarder-from", RECIPIENT, 1,
             ("Forwarder: none", "the domain in From is not one of its "
              "from-domain")),
            ("forwarder-unknown", (), 1,
             ("Forwarder: unknown: DNS did not answer for the name "
              "of the client",)),
            ("forwarder-name-forged", (), 1, ("Forwarder: none",))):
        got, text = run(name, *arguments)
        equal(got, status, name + ": status", text)
        for line in lines:
            ok(line in " ".join(text.split()), "%s: %s" % (name, line), text)
    ok("Forwarder" not in run("dmarc-fail")[1], "nothing without forwarders")


@tap.test
def as_json():
    for name, arguments, want in (
            ("forwarder-client", RECIPIENT,
             {"name": "alumni", "host_of": "alumni", "problem": None,
              "unknown": False}),
            ("forwarder-from", RECIPIENT,
             {"name": None, "host_of": "alumni", "problem": "the domain in "
              "From is not one of its from-domain", "unknown": False}),
            ("forwarder-unknown", (),
             {"name": None, "host_of": None, "problem": None,
              "unknown": True}),
            ("dmarc-fail", (), None)):
        text = run(name, "--json", *arguments)[1]
        equal(json.loads(text)["forwarder"], want, name + ": JSON")


tap.main()
