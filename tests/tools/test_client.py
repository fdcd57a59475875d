# SPDX-License-Identifier: BSD-2-Clause
"""assay check and the client: the names that resolve back to its address."""

import json
import os
import subprocess

import assaydaemon
import tap
from tap import equal, ok

REPLAY = os.path.join(assaydaemon.top_srcdir(), "tests/data/replay")


def run(name, *arguments):
    folder = os.path.join(REPLAY, name)
    done = subprocess.run(
        [assaydaemon.command(), "check", "-c",
         os.path.join(folder, "assay.yaml"), "--ip", "198.51.100.7",
         *arguments, os.path.join(folder, "message.eml")],
        capture_output=True, timeout=120)
    equal(done.stderr, b"", "%s: nothing on stderr" % name)
    return done.stdout.decode("ascii")


@tap.test
def in_words():
    for name, lines in (
            ("iprev-pass", ["Name of the client: pass\n",
                            "other.example.net, does not resolve back\n",
                            "mail.example.net, resolves back\n",
                            "iprev=pass policy.iprev=198.51.100.7"]),
            ("iprev-none", ["Name of the client: permerror: the address has "
                            "no name\n"]),
            ("iprev-many", ["Name of the client: fail: ",
                            "h10.example.net, does not resolve back\n",
                            "the address has 1000 names; the first 10 are "
                            "looked at\n"])):
        text = run(name)
        for line in lines:
            ok(line in text, "%s says: %s" % (name, line.strip()), text)
    ok("h11.example.net" not in text, "no more than ten")
    ok("Name of the client" not in run("policy-tls"),
       "nothing when it is not looked for")


@tap.test
def in_json():
    equal(json.loads(run("iprev-pass", "--json"))["iprev"], {
        "result": "pass", "problem": None, "given": 2, "names": [
            {"name": "other.example.net", "leads_back": False},
            {"name": "mail.example.net", "leads_back": True}]}, "two names")
    equal(json.loads(run("policy-tls", "--json"))["iprev"], None,
          "not looked for")


tap.main()
