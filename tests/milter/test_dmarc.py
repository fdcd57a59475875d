# SPDX-License-Identifier: BSD-2-Clause
"""The DMARC cases through the daemon: real SPF records, real signatures."""

import base64
import json
import os
import subprocess

import assaydaemon
import authres
import tap
from tap import equal, ok

try:
    import dkim
except ImportError:
    dkim = None

CASES = os.path.join(assaydaemon.top_srcdir(), "tests/data/dmarc/cases.json")
CLIENT = "192.0.2.1"
# What an SPF record must say for a result, for a client at CLIENT.
SPF = {"pass": "v=spf1 ip4:192.0.2.1 -all", "softfail": "v=spf1 ~all",
       "fail": "v=spf1 -all", "neutral": "v=spf1 ?all"}


def make_key():
    pem = subprocess.run(["openssl", "genrsa", "-traditional", "1024"],
                         check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"],
                         input=pem, check=True, capture_output=True).stdout
    return pem, "v=DKIM1; p=" + base64.b64encode(der).decode()


def zone_of(case, record):
    failing = {name.lower() for name in case.get("dnsfail", [])}
    zone = {}
    for name, texts in case["zone"].items():
        if name.lower() not in failing:
            zone.setdefault(name.lower(), []).extend(
                {"TXT": text} for text in texts)
    for name in case.get("exists", []):
        zone.setdefault(name.lower(), []).append({"A": "192.0.2.80"})
    for name in failing:
        zone[name] = [{"RCODE": 2}]
    if "spf" in case:
        zone.setdefault(case["spf"]["domain"].lower(), []).append(
            {"TXT": SPF[case["spf"]["result"]]})
    for item in case.get("dkim", []):
        zone["s._domainkey." + item["d"].lower()] = \
            [{"TXT": record}] if item["result"] == "pass" else [{"RCODE": 2}]
    return zone


def message_of(case, pem):
    text = b""
    if case["from"]:
        text += b"From: " + b", ".join(b"a@" + name.encode()
                                       for name in case["from"]) + b"\r\n"
    text += b"Subject: x\r\nDate: today\r\n\r\nHi.\r\n"
    head = b""
    for item in case.get("dkim", []):
        head += dkim.sign(text, b"s", item["d"].encode(), pem)
    return head + text


def check(case, pem, record):
    name = case["name"]
    sender = "<a@%s>" % case["spf"]["domain"] if "spf" in case \
        else "<a@unrelated.invalid>"
    with assaydaemon.Daemon({"spf": {"helo": False}},
                            zone_of(case, record)) as daemon:
        result = daemon.send(message_of(case, pem), client=CLIENT,
                             sender=sender)
    top, value = result.header.all()[0]
    _, results = authres.parse(value)
    found = authres.all_of(results, "dmarc")
    if not equal(len(found), 1, name + ": one dmarc result"):
        return
    want = case["expect"]
    equal(found[0].result, want["result"], name + ": result", value)
    if want["result"] == "fail":
        equal(found[0].properties.get("policy.dmarc"), want["policy"],
              name + ": policy")
    else:
        ok("policy.dmarc" not in found[0].properties,
           name + ": no policy to apply")
    if want["result"] in ("pass", "fail", "none"):
        equal(found[0].properties.get("header.from"),
              case["from"][0].lower(), name + ": header.from")


@tap.test
def conformance():
    with open(CASES, encoding="utf-8") as f:
        cases = json.load(f)
    ok(len(cases) >= 63, "there are %d cases" % len(cases))
    pem, record = make_key()
    for case in cases:
        if case.get("dkim") and dkim is None:
            tap.skip(case["name"], "no python3-dkim")
        else:
            check(case, pem, record)


tap.main()
