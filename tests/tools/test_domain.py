# SPDX-License-Identifier: BSD-2-Clause
"""assay domain: one page, what to mend, exit status for cron."""

import json
import os
import re
import subprocess

import yaml

import assaydaemon
import smtptls
import tap
import tlspol
from tap import equal, ok
from tlspol import policy, signed

FOLDER = assaydaemon.work_folder()
CA = tlspol.Authority(FOLDER, "mail")
CHAIN, KEY = CA.certificate("mx.example.org", days=30)
ED25519 = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
POLICY = os.path.join(FOLDER, "policy.txt")
with open(POLICY, "w", encoding="ascii") as out:
    out.write(policy("mx.example.org"))


def tlsa(path):
    done = subprocess.run([assaydaemon.command(), "tlsa", path],
                          capture_output=True, check=True, text=True)
    return done.stdout.split()[-1]


def good_zone():
    """Nothing to mend, with POLICY and CHAIN."""
    return {
        "example.org": signed() + [
            {"MX": [10, "mx.example.org"]},
            {"TXT": "v=spf1 include:_spf.example.org -all"}],
        "_spf.example.org": signed(TXT="v=spf1 ip4:192.0.2.0/24 ?all"),
        "mx.example.org": signed(A="127.0.0.1"),
        "_25._tcp.mx.example.org": signed(TLSA=[3, 1, 1, tlsa(CHAIN)]),
        "_dmarc.example.org": signed(
            TXT="v=DMARC1; p=reject; rua=mailto:d@example.org,"
            "mailto:d@reports.example!10m"),
        "example.org._report._dmarc.reports.example": signed(
            TXT="v=DMARC1"),
        "s1._domainkey.example.org": signed(TXT=ED25519),
        "_mta-sts.example.org": signed(TXT="v=STSv1; id=1"),
        "_smtp._tls.example.org": signed(
            TXT="v=TLSRPTv1; rua=mailto:t@example.org")}


def run(zone, *arguments, data=b""):
    path = os.path.join(FOLDER, "zone.yaml")
    with open(path, "w", encoding="utf-8") as f:
        yaml.dump({"zonedata": zone}, f, Dumper=tlspol.Plain)
    return assaydaemon.run_command("domain", "--zone", path, "--no-color",
                                   "--ca-file", CA.path, *arguments,
                                   data=data)


def page(zone, *arguments):
    """(status, value)"""
    done = run(zone, "--json", "--selectors", "s1", "--policy", POLICY,
               "--cert", CHAIN, *arguments, "example.org")
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        ok(False, "JSON can be read", done.stdout[-500:], done.stderr)
        return done.returncode, None


@tap.test
def good():
    status, value = page(good_zone())
    equal((status, value["errors"], [n for n in value["notes"]
                                     if n["weight"] != "hint"]),
          (0, 0, []), "nothing to mend")
    equal(value["spf"], {
        "record": "v=spf1 include:_spf.example.org -all", "lookups": 1,
        "lookup_limit": 10, "voids": 0, "void_limit": 2, "depth": 1,
        "dnssec": True}, "SPF")
    key = value["keys"][0]
    equal((key["usable"], key["type"], key["bits"],
           key["lookup"]["dnssec"]), (True, "ed25519", 256, True), "DKIM")
    equal(value["dmarc"]["policy"]["published"], "reject", "DMARC")
    equal([r["state"] for r in value["reports"]], ["own", "authorised"],
          "reports")
    equal(value["tls"]["hosts"][0]["tlsa_records"][0]["matches"], True,
          "TLSA of the given certificate")
    equal(value["tls"]["tlsrpt"]["rua"], "mailto:t@example.org", "TLSRPT")
    done = run(good_zone(), "--selectors", "s1", "--policy", POLICY,
               "--cert", CHAIN, "example.org")
    text = done.stdout.decode("ascii")
    for word in ("records 1 deep", "s1: Ed25519, 256 bits, DNSSEC",
                 "authorised", "matches", "mta-sts", "To fix"):
        ok(word.lower() in text.lower(), word, text)


@tap.test
def connected():
    server = smtptls.Server(CHAIN, KEY)
    zone = good_zone()
    zone["_%d._tcp.mx.example.org" % server.port] = zone.pop(
        "_25._tcp.mx.example.org")
    done = run(zone, "--json", "--connect", "--allow-private", "--port",
               str(server.port), "--policy", POLICY, "example.org")
    value = json.loads(done.stdout)
    equal((done.returncode, value["tls"]["hosts"][0]["postfix"]),
          (0, "authenticated"), "the live certificate")


def changed(**names):
    zone = good_zone()
    for name, records in names.items():
        name = {"org": "example.org", "spf": "_spf.example.org",
                "dmarc": "_dmarc.example.org",
                "report": "example.org._report._dmarc.reports.example",
                "key": "s1._domainkey.example.org",
                "sts": "_mta-sts.example.org",
                "rpt": "_smtp._tls.example.org",
                "tlsa": "_25._tcp.mx.example.org",
                "mx": "mx.example.org"}[name]
        if records is None:
            del zone[name]
        else:
            zone[name] = records
    return zone


@tap.test
def mistakes():
    for name, zone, status, weight, what, publish in (
            ("no key", changed(key=None), 1, "error", "there is no TXT "
             "record with a key", None),
            ("broken base64", changed(key=signed(TXT="v=DKIM1; p=MI!x")), 1,
             "error", "is not base64, so there is no key", None),
            ("revoked", changed(key=signed(TXT="v=DKIM1; p=")), 1,
             "error", "is empty: the key is revoked, and each signature "
             "with it fails", None),
            ("no SPF", changed(org=signed(MX=[10, "mx.example.org"])), 0,
             "hint", "there is no SPF record; a domain that sends no mail "
             "publishes v=spf1 -all", None),
            ("no agreement", changed(report=None), 0, "warning",
             "no reports go there: the domain of the address has to agree",
             "v=DMARC1"),
            ("p=quarentine", changed(dmarc=signed(
                TXT="v=DMARC1; p=quarentine; rua=mailto:d@example.org")), 1,
             "error", None, "v=DMARC1; p=quarantine"),
            ("TLSA of another", changed(tlsa=signed(
                TLSA=[3, 1, 1, "ab" * 32])), 1, "error",
             "no TLSA record matches the certificate: senders with DANE do "
             "not deliver", "3 1 1 " + tlsa(CHAIN)),
            ("no TLSA", changed(tlsa=signed()), 0, "hint", "signed with "
             "DNSSEC, but without TLSA: assay tlsa makes the record",
             "3 1 1 " + tlsa(CHAIN)),
            ("no TLSRPT", changed(rpt=None), 0, "warning", "no TLSRPT "
             "record, so you get no reports of failed deliveries",
             "v=TLSRPTv1; rua=mailto:tls-reports@example.org"),
            ("bad id", changed(sts=signed(TXT="v=STSv1; id=-")), 1, "error",
             "the id is not 1 to 32 letters and digits", "v=STSv1; id=1"),
            ("DNS is silent about a key", changed(key=["TIMEOUT"]), 75,
             "error", "DNS did not answer for the key", None),
            ("about SPF", changed(org=["TIMEOUT"]), 75, "error", None,
             None),
            ("about DMARC", changed(dmarc=[{"RCODE": 2}]), 75, "error",
             "DNS did not answer for DMARC", None),
            ("about TLSA", changed(tlsa=[{"RCODE": 2}]), 1, "error",
             "DNS did not answer for TLSA: senders with DANE do not use "
             "this server", None)):
        got, value = page(zone)
        equal(got, status, name)
        notes = value["notes"]
        ok(any(n["weight"] == weight and (what is None or n["what"] == what)
               for n in notes), name + ": said", notes)
        ok(publish is None or any((n["publish"] or "").startswith(publish)
                                  for n in notes), name + ": to publish",
           notes)


@tap.test
def worst_first():
    zone = changed(key=signed(TXT="v=DKIM1; p="), rpt=None, report=None,
                   tlsa=signed(TLSA=[3, 1, 1, "ab" * 32]))
    done = run(zone, "--selectors", "s1", "--policy", POLICY, "--cert",
               CHAIN, "example.org")
    text = done.stdout.decode("ascii").split("To fix\n")[1]
    weights = re.findall(r"(?m)^  (error|warning|hint): ", text)
    equal(weights, sorted(weights, key=["error", "warning",
                                        "hint"].index), "in order")
    ok('publish _25._tcp.mx.example.org: "3 1 1 %s"' % tlsa(CHAIN) in text,
       "and what to publish", text)


@tap.test
def usages():
    for arguments in ((), ("a..b",), ("--selectors", "a..b", "a.example"),
                      ("--selectors", ",".join(["s"] * 21), "a.example"),
                      ("--port", "0", "a.example")):
        equal(run({}, *arguments).returncode, 64, " ".join(arguments))
    equal(run({}, "--cert", POLICY, "a.example").returncode, 66,
          "no certificate")
    many = ",".join("mailto:a@d%d.example" % i for i in range(100))
    status, value = page(changed(dmarc=signed(
        TXT="v=DMARC1; p=none; rua=" + many)))
    equal(len(value["reports"]), 10, "ten addresses are looked at")


tap.main()
