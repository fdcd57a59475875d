#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The evaluations of tests/data/dmarc/cases.json."""

import json
import os
import subprocess

import tap

RUNNER = os.path.join(os.environ.get("top_builddir", "."),
                      "tests/dmarc/case_runner")
CASES = os.path.join(os.environ.get("top_srcdir", "."),
                     "tests/data/dmarc/cases.json")


def walk(name):
    """The names of the whole walk from a domain, RFC 9989 4.10."""
    labels = name.lower().split(".")
    above = range(min(len(labels) - 1, 7), 0, -1)
    return ["_dmarc." + ".".join(part)
            for part in [labels] + [labels[-n:] for n in above]]


def identifiers(case):
    """(method, result, domain), in the order of the request."""
    found = [("dkim", item["result"], item["d"])
             for item in case.get("dkim", [])]
    if "spf" in case:
        found.append(("spf", case["spf"]["result"], case["spf"]["domain"]))
    return found


def scene(case):
    failing = {name.lower() for name in case.get("dnsfail", [])}
    yield "zone"
    for name, texts in case["zone"].items():
        if name.lower() not in failing:
            yield from ("+%s TXT %s" % (name, text) for text in texts)
    for name in case.get("exists", []):
        yield "+%s EXISTS" % name
    for name in failing:
        yield "+%s SERVFAIL" % name
    yield "from " + (", ".join("a@" + name for name in case["from"])
                     or "none")
    yield "identifiers " + " ".join("%s=%s:%s" % item
                                    for item in identifiers(case))
    yield "check"


class Runner:
    def __init__(self):
        self.process = subprocess.Popen([RUNNER], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, case):
        for line in scene(case):
            self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().split()

    def end(self):
        self.process.stdin.close()
        return self.process.wait()


def allowed(case):
    """What may be asked: the walks of the case, each to its very end, and
    whether the Author Domain exists."""
    names = set(case["queries"])
    if len({name.lower() for name in case["from"]}) != 1:
        return names
    author = case["from"][0].lower()
    names.update(walk(author), [author])
    for _, _, domain in identifiers(case):
        if walk(domain)[0] in case["queries"]:
            names.update(walk(domain))
    return names


def expected_alignment(case, method):
    """Any of these indices; -1 when no identifier of the method is."""
    aligned = case["expect"].get("aligned", [])
    return [i for i, (m, result, domain) in enumerate(identifiers(case))
            if m == method and result == "pass" and
            domain.lower() in aligned] or [-1]


def compare(case, answer):
    name, expect = case["name"], case["expect"]
    if not tap.ok(len(answer) >= 6, name + ": an answer", answer):
        return
    result, org, policy_domain, applied, spf, dkim = answer[:6]
    tap.equal(result, expect["result"], name)
    tap.equal(org, expect.get("org", "-"), name + ": organization")
    tap.equal(policy_domain, expect.get("policy_domain", "-"),
              name + ": policy domain")
    if "policy" in expect:
        tap.equal(applied, expect["policy"], name + ": policy")
    for method, index in (("spf", spf), ("dkim", dkim)):
        tap.ok(int(index) in expected_alignment(case, method),
               "%s: %s alignment" % (name, method), index,
               expected_alignment(case, method))
    asked = set(answer[6:])
    tap.ok(asked <= allowed(case), name + ": asks no more than the RFC does",
           sorted(asked - allowed(case)))
    if expect["result"] != "permerror":
        first = walk(case["from"][0])
        tap.equal(answer[6:6 + len(first)], first,
                  name + ": the first walk, in its order")


@tap.test
def cases():
    with open(CASES, encoding="utf-8") as f:
        found = json.load(f)
    tap.equal(len(found), 63, "all cases are there")
    runner = Runner()
    for case in found:
        compare(case, runner.ask(case))
    tap.equal(runner.end(), 0, "the runner ends well")


if __name__ == "__main__":
    tap.main()
