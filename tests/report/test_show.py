# SPDX-License-Identifier: BSD-2-Clause
"""assay report show: from mail to a report that others can read."""

import json
import os
import sqlite3
import subprocess
import time

import assaydaemon
import messages
import tap
from tap import equal, ok

SCHEMA = os.path.join(assaydaemon.top_srcdir(),
                      "tests/data/report/rfc9990.xsd")
RECORD = "v=DMARC1; p=%s; sp=reject; aspf=s; rua=mailto:d@example.net"
DAY = 86400


def zone(policy):
    return dict(messages.plain_zone(), **{
        "_dmarc.example.net": [{"TXT": RECORD % policy}],
        "other.example": [{"TXT": "v=spf1 -all"}]})


def run(*arguments, stdin=""):
    done = subprocess.run([assaydaemon.command(), "report"] +
                          list(arguments), input=stdin, text=True,
                          capture_output=True, timeout=120, check=False)
    ok(not any(mark in done.stderr for mark in assaydaemon.SANITIZER_MARKS),
       "no sanitizer report", done.stderr[-3000:])
    return done.returncode, done.stdout, done.stderr


def today():
    return time.strftime("%Y-%m-%d", time.gmtime())


class Store:
    def __init__(self, policy):
        self.folder = assaydaemon.work_folder()
        self.path = os.path.join(self.folder, "assay.db")
        self.name = "sqlite:" + self.path
        self.daemon = assaydaemon.Daemon({"store": self.name}, zone(policy),
                                         folder=self.folder)

    def wait_messages(self, want):
        def count():
            if not os.path.exists(self.path):
                return -1
            base = sqlite3.connect(self.path)
            try:
                return base.execute(
                    "SELECT count(*) FROM assay_message").fetchone()[0]
            except sqlite3.Error:
                return -1
            finally:
                base.close()
        assaydaemon.wait_for(lambda: count() == want, 40,
                             "%d messages in the store" % want)

    def show(self, *arguments, domain="example.net"):
        return run("show", "-c", self.daemon.path, "--domain", domain,
                   *arguments)


def check_valid(text, name):
    done = subprocess.run(["xmllint", "--noout", "--schema", SCHEMA, "-"],
                          input=text, text=True, capture_output=True,
                          check=False)
    ok(done.returncode == 0, name + ": valid by RFC 9990", done.stderr,
       text[:3000])


def read_back(text):
    status, out, err = run("read", "--json", "--no-names", "-", stdin=text)
    equal(status, 0, "read back", err)
    return json.loads(out)


@tap.test
def from_mail_to_a_report():
    """What was told to the mail server, by source, comes out."""
    store = Store("quarantine")
    day = today()
    with store.daemon as daemon:
        for _ in range(3):
            daemon.send(messages.PLAIN)
        daemon.send(messages.PLAIN, client="198.51.100.7",
                    sender="<x@other.example>", helo="a.other.example")
        daemon.send(messages.PLAIN, client="2001:db8::7", sender="<>",
                    helo="other.example")
        store.wait_messages(5)
        tap.note(daemon.log()[-2000:])
        status, text, err = store.show("--day", day)
    equal((status, err), (0, ""), "shown")
    check_valid(text, "three sources")
    for want in ("<domain>example.net</domain>", "<p>quarantine</p>",
                 "<sp>reject</sp>", "<aspf>s</aspf>",
                 "<testing>n</testing>",
                 "<discovery_method>treewalk</discovery_method>",
                 "<org_name>mx.example.org</org_name>",
                 "<source_ip>2001:db8::7</source_ip>",
                 "<source_ip>198.51.100.7</source_ip>",
                 "<count>3</count>", "<disposition>pass</disposition>",
                 "<envelope_from>other.example</envelope_from>",
                 "<type>local_policy</type>"):
        ok(want in text, want, text)
    ok("<scope>helo" not in text, "HELO is in no report")
    begin = int(text.split("<begin>")[1].split("<")[0])
    end = int(text.split("<end>")[1].split("<")[0])
    equal((begin % DAY, end - begin), (0, DAY - 1), "a day in UTC")
    again = store.show("--day", day)[1]
    equal(again, text, "the same again, its id as well")
    got = read_back(text)
    tap.note(json.dumps(got)[:1500])
    equal(got["messages"], 5, "messages read back")


RUA = ("v=DMARC1; p=none; rua=mailto:d@example.net!10m,https://x.example/,"
       "mailto:x@y.example%0D%0ABcc:z@y.example,mailto:b@yes.example,"
       "mailto:c@no.example")


@tap.test
def whom_it_is_for():
    store = Store("none")
    store.daemon.configure({"store": store.name}, dict(zone("none"), **{
        "_dmarc.example.net": [{"TXT": RUA}],
        "example.net._report._dmarc.yes.example": [{"TXT": "v=DMARC1"}]}))
    with store.daemon as daemon:
        daemon.send(messages.PLAIN)
        store.wait_messages(1)
        status, _, err = store.show("--day", today(), "--destinations")
    equal(status, 0, "exit status")
    equal(err.splitlines(), [
        "assay: the report is for: d@example.net",
        "assay: the report is for: b@yes.example",
        "assay: not for, since its host has not agreed to reports about the "
        "domain: c@no.example"], "addresses that are some, and may be used")


@tap.test
def which_one():
    store = Store("reject")
    day = today()
    with store.daemon as daemon:
        daemon.send(messages.PLAIN)
        store.wait_messages(1)
        equal(store.show()[0], 1, "yesterday there was none")
        status, out, err = store.show("--day", day, domain="absent.example")
        equal((status, out), (1, ""), "another domain")
        ok("absent.example" in err, "which is named", err)
        for bad in ("2026-02-30", "today", "2026-1-1x", ""):
            status, out, err = store.show("--day", bad)
            equal(status, 64, "--day %r" % bad)
            ok("YYYY-MM-DD" in err, "what is allowed", err)
        daemon.configure({"store": store.name}, zone("none"))
        daemon.kill(1)
        assaydaemon.wait_for(lambda: "reloaded " in daemon.log(), 30,
                             "the reload")
        daemon.send(messages.PLAIN)
        store.wait_messages(2)
        status, out, err = store.show("--day", day)
        equal((status, out), (64, ""), "the record has changed that day")
        ids = err.split("--id")[1].split()
        equal(len(ids), 2, "two reports", err)
        texts = [store.show("--day", day, "--id", number)[1]
                 for number in ids]
        for text in texts:
            check_valid(text, "each")
        equal(sorted(("<p>reject" in t, "<p>none" in t) for t in texts),
              [(False, True), (True, False)], "one of each policy")
        equal(len({t.split("<report_id>")[1].split("<")[0]
                   for t in texts}), 2, "with ids of their own")
        equal(store.show("--day", day, "--id", "999999")[0], 64,
              "an id of another day")
    status, out, err = run("show", "--domain", "example.net")
    equal(status, 64, "no store")
    ok("--store" in err, "what is allowed", err)
    status, out, err = run("show", "--domain", "example.net", "--store",
                           "sqlite:/absent/x.db")
    equal(status, 66, "a store that is not there", err)
    status, out, err = store.show("--store", store.name, "--org-name", "A & B <\x01>\u00e9", "--day",
                                  day, "--id", ids[0])
    check_valid(out, "an odd name")
    ok("<org_name>A &amp; B &lt;\ufffd&gt;\u00e9</org_name>" in out,
       "escaped", out[:600])


tap.main(by_days=True)
