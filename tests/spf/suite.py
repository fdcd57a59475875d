#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The public test suite for RFC 7208, explanations included, over its own
zone data.  Given file names as arguments, those suites instead."""

import os
import re
import subprocess
import sys
import urllib.parse

import spfsuite
import tap

RUNNER = os.path.join(os.environ.get("top_builddir", "."),
                      "tests/spf/suite_runner")
files = sys.argv[1:] or [spfsuite.path()]
del sys.argv[1:]


def word(value):
    return "=" + urllib.parse.quote_from_bytes(value, safe="")


def zone_lines(zonedata):
    yield "zone"
    for name, kind, value in spfsuite.records(zonedata):
        if kind == "TIMEOUT":
            yield "outcome timeout " + word(name)
        elif kind == "RCODE":
            yield "outcome %d %s" % (value, word(name))
        elif kind == "CNAMELOOP":
            yield "record CNAME %s 0 %s" % (word(name), word(name))
        elif kind == "MX":
            yield "record MX %s %d %s" % (word(name), value[0],
                                          word(value[1]))
        else:
            yield "record %s %s 0 %s" % (kind, word(name), word(value))


class Runner:
    def __init__(self):
        self.process = subprocess.Popen([RUNNER], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def send(self, line):
        self.process.stdin.write(line + "\n")

    def ask(self, test):
        local, domain = spfsuite.sender(test)
        self.send(" ".join(["test"] + [word(value) for value in (
            spfsuite.octets(test.get("helo") or ""),
            spfsuite.octets(test["host"]), local, domain)]))
        self.process.stdin.flush()
        return self.process.stdout.readline().split()

    def end(self):
        self.process.stdin.close()
        return self.process.wait()


def run_test(runner, name, test):
    answer = runner.ask(test)
    if len(answer) != 4:
        tap.ok(False, name, "answer: %r" % (answer,))
        return
    result, _, _, text = answer
    text = urllib.parse.unquote_to_bytes(text[1:])
    good = tap.ok(result in spfsuite.results(test), name,
                  " got: " + result,
                  "want: " + " or ".join(spfsuite.results(test)))
    wanted = spfsuite.explanation(test)
    if good and wanted is not None:
        tap.equal(text, wanted, name + ": explanation")


@tap.test
def suites():
    for name in files:
        if not os.path.exists(name):
            tap.skip(name, "not there: install " + spfsuite.PACKAGE)
            continue
        runner = Runner()
        for description, zonedata, tests in spfsuite.scenarios(name):
            tap.note(re.sub(r"\s+", " ", description))
            for line in zone_lines(zonedata):
                runner.send(line)
            for key, test in tests.items():
                run_test(runner, key, test)
        tap.equal(runner.end(), 0, "the runner ends well")


tap.main()
