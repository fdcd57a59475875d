# SPDX-License-Identifier: BSD-2-Clause
"""The resolver against unbound with a signed zone: DNSSEC for real."""

import os
import subprocess

import assaydaemon
import debs
import messages
import tap
import unbound
from tap import equal, ok

DATA = os.path.join(assaydaemon.top_srcdir(), "tests/data/resolver")
LOOKUP = os.path.join(os.environ.get("top_builddir", "."),
                      "tests/resolver/lookup")

TLSA = "030101" + "0123456789abcdef" * 4
# Name, type, what lookup.c prints.
ROWS = (
    ("signed.example", "TXT", "found ad v=spf1 ip4:192.0.2.1 -all"),
    ("signed.example", "MX", "found ad mail.signed.example"),
    ("mail.signed.example", "A", "found ad 192.0.2.1"),
    ("mail.signed.example", "AAAA", "found ad 2001:db8::1"),
    ("host.signed.example", "TLSA", "found ad " + TLSA),
    ("alias.signed.example", "A", "found ad 192.0.2.1"),
    ("outside.signed.example", "A", "found 192.0.2.2"),
    ("mail.signed.example", "TXT", "no data ad"),
    ("none.signed.example", "A", "no such name ad"),
    ("_dmarc.signed.example", "TXT", "found ad v=DMARC1; p=reject"),
    ("s1._domainkey.signed.example", "TXT",
     "found ad v=DKIM1; k=ed25519; "
     "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
    ("big.signed.example", "TXT", "found ad 2000 octets"),
    ("bogus.signed.example", "TXT", "server failure"),
    ("plain.example", "TXT", "found v=spf1 ip4:192.0.2.1 -all"),
    ("none.plain.example", "A", "no such name"),
    ("mail.plain.example", "TXT", "no data"),
)


def start():
    with open(os.path.join(DATA, "signed.ds"), encoding="ascii") as f:
        anchor = " ".join(f.read().split())
    return unbound.Unbound({
        "signed.example": (os.path.join(DATA, "signed.zone"), anchor),
        "plain.example": (os.path.join(DATA, "plain.zone"), None)})


def check_rows(server, random_case):
    words = [word for name, kind, _ in ROWS for word in (name, kind)]
    done = subprocess.run([LOOKUP, server.address, random_case] + words,
                          stdout=subprocess.PIPE, text=True, timeout=120)
    equal(done.returncode, 0, "lookup")
    lines = done.stdout.splitlines()
    equal(len(lines), len(ROWS) + 1, "a line for each question")
    for (name, kind, want), got in zip(ROWS, lines):
        equal(got, want, "%s %s, random case %s" % (name, kind, random_case))
    # One more by TCP, for the big one.
    equal(lines[-1], "sent %d answered %d mismatches 0 folds 0" %
          (len(ROWS) + 1, len(ROWS) + 1), "packets")


def dnssec_of(daemon, domain):
    daemon.send(messages.PLAIN.replace(b"example.net", domain.encode()),
                sender="<a@%s>" % domain, client="192.0.2.1",
                helo="mail." + domain)
    return assaydaemon.wait_for(
        lambda: [record.get("dnssec") for record in daemon.records_of(
            "a@" + domain)], 30, "the record")[-1]


SERVER = None


@tap.test
def answers():
    check_rows(SERVER, "no")


@tap.test
def answers_in_random_case():
    check_rows(SERVER, "yes")


@tap.test
def a_message():
    """An identity that passed on signed data, and one that did not."""
    config = {"resolver": {"nameservers": [SERVER.address]}}
    with assaydaemon.Daemon(config) as daemon:
        equal(dnssec_of(daemon, "signed.example"), "yes", "signed")
        equal(dnssec_of(daemon, "plain.example"), None, "not signed")
        records = daemon.records()
        ok(len(records) == 2 and all(r["spf"] == "pass" for r in records),
           "both pass", records)


try:
    SERVER = start()
except debs.Unavailable as reason:
    tap.skip_all(str(reason))
tap.main()
