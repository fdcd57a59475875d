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


# One rule whose reply shows the facts.
FACTS = [{"name": "facts", "action": "reject",
          "when": {"client": ["0.0.0.0/0"]},
          "reply": "550 5.7.1 %{dkim-aligned}; %{dnssec}"}]
RECORD = "v=DMARC1; p=reject"


def broken(field):
    """The same signature, over another body."""
    return field.replace(b"bh=", b"bh=AAAA", 1)


def signed(pem, from_, domains, body=b"Hi.\r\n"):
    """`domains`: (d=, whether it is left whole), the lowest first."""
    text = b"From: " + from_ + b"\r\nSubject: x\r\n\r\n" + body
    head = b""
    for domain, whole in domains:
        field = dkim.sign(text, b"s", domain.encode(), pem)
        head = (field if whole else broken(field)) + head
    return head + text


def key_zone(record, domains, more):
    zone = {"s._domainkey." + d: [{"TXT": record}] for d, _ in domains}
    for name, text in more.items():
        zone[name] = [{"TXT": text}] if text else [{"RCODE": 2}]
    return zone


ALIGNED = [
    ("the first of two domains in From", b"a@evil.example, ceo@bank.example",
     [("evil.example", True)], {"_dmarc.evil.example": "v=DMARC1; p=none"},
     "none"),
    ("no record, d= is below From", b"a@missing.example",
     [("mail.missing.example", True)], {}, "none"),
    ("no record, d= is above From", b"a@mail.missing.example",
     [("missing.example", True)], {}, "none"),
    ("no record, the same name", b"a@missing.example",
     [("missing.example", True)], {}, "pass"),
    ("no record, the same name, broken", b"a@missing.example",
     [("missing.example", False)], {}, "fail"),
    ("a broken sibling", b"a@sub.sp.example", [("a.sp.example", False)],
     {"_dmarc.sp.example": RECORD}, "fail"),
    ("a whole sibling", b"a@sub.sp.example", [("a.sp.example", True)],
     {"_dmarc.sp.example": RECORD}, "pass"),
    ("adkim=s and a broken child", b"a@sp.example",
     [("a.sp.example", False)],
     {"_dmarc.sp.example": RECORD + "; adkim=s"}, "none"),
    ("adkim=s and a whole child", b"a@sp.example", [("a.sp.example", True)],
     {"_dmarc.sp.example": RECORD + "; adkim=s"}, "none"),
    ("an organization below", b"a@sp.example", [("a.sp.example", True)],
     {"_dmarc.sp.example": RECORD,
      "_dmarc.a.sp.example": RECORD + "; psd=n"}, "none"),
    ("a stranger beside it", b"a@sp.example",
     [("sp.example", True), ("other.example", False)],
     {"_dmarc.sp.example": RECORD}, "pass"),
    ("a walk that fails", b"a@sp.example", [("a.sp.example", True)],
     {"_dmarc.sp.example": RECORD, "_dmarc.a.sp.example": None},
     "temperror"),
]


def facts(zone, message, client=CLIENT, **config):
    config = dict({"spf": {"helo": False}, "policy": FACTS}, **config)
    with assaydaemon.Daemon(config, zone) as daemon:
        reply = daemon.send(message, client=client,
                            sender="<a@unrelated.invalid>").reply
    return reply.data.rstrip(b"\0").decode().removeprefix("550 5.7.1 ") \
        .split("; ")


@tap.test
def aligned():
    """dkim-aligned is what DMARC found, passed or not, record or not."""
    if dkim is None:
        tap.skip("aligned", "no python3-dkim")
        return
    pem, record = make_key()
    for name, from_, domains, more, want in ALIGNED:
        zone = key_zone(record, domains, more)
        equal(facts(zone, signed(pem, from_, domains))[0], want, name)


@tap.test
def logged():
    """The log names what is aligned, and how."""
    if dkim is None:
        tap.skip("logged", "no python3-dkim")
        return
    pem, record = make_key()
    domains = [("sp.example", True), ("a.sp.example", False),
               ("other.example", True)]
    zone = key_zone(record, domains, {"_dmarc.sp.example": RECORD,
                                      "b.sp.example": "v=spf1 -all"})
    with assaydaemon.Daemon({"spf": {"helo": False}}, zone) as daemon:
        daemon.send(signed(pem, b"a@sp.example", domains), client=CLIENT,
                    sender="<a@b.sp.example>")
        assaydaemon.wait_for(daemon.records, 30, "the record")
    equal([record.get("aligned") for record in daemon.records()],
          ["spf:relaxed,dkim:a.sp.example:relaxed,dkim:sp.example:strict"],
          "aligned, passed or not")


@tap.test
def test_keys():
    """A key in test mode counts when it is told to, and else never."""
    if dkim is None:
        tap.skip("test keys", "no python3-dkim")
        return
    pem, record = make_key()
    record = record.replace("v=DKIM1;", "v=DKIM1; t=y;")
    for more in ({}, {"_dmarc.sp.example": RECORD}):
        for use, want in ((False, "none"), (True, "pass")):
            domains = [("sp.example", True)]
            got = facts(key_zone(record, domains, more),
                        signed(pem, b"a@sp.example", domains),
                        dkim={"test-keys": use})
            equal(got[0], want, "t=y, test-keys: %s, %s record" % (
                use, "a" if more else "no"))


tap.main()
