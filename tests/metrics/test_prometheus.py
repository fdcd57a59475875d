#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What Prometheus says of our metrics and alert rules; the dashboard.

promtool comes from Debian's package, which is unpacked and not installed,
since it would start a service.
"""

import json
import os
import re
import subprocess

import assaydaemon
import debs
import messages
import signkeys
import tap
from tap import equal, ok

ETC = os.path.join(os.path.abspath(assaydaemon.top_srcdir()), "etc")
RULES = os.path.join(ETC, "prometheus")
DASHBOARD = os.path.join(ETC, "grafana/assay.json")


def promtool(*arguments, **options):
    return subprocess.run([TOOL] + list(arguments), capture_output=True,
                          text=True, timeout=120, **options)


def scrape():
    """A text in which every family has a sample."""
    port = assaydaemon.free_port()
    folder = assaydaemon.work_folder()
    key = signkeys.Key(folder, "s1", "ed25519")
    zone = dict(messages.plain_zone(), **messages.key_zone())
    zone["_dmarc.example.net"] = [{"TXT": "v=DMARC1; p=reject"}]
    config = {"metrics": "inet:%d@127.0.0.1" % port,
              "sign": [{"domains": "example.org", "keys": [
                  {"selector": "s1", "file": key.path,
                   "from": "2020-01-01", "until": "2099-01-01"}]}],
              "policy": [{"name": "watch \"it\"", "action": "reject",
                          "observe": True}]}
    url = "http://127.0.0.1:%d/metrics" % port
    with assaydaemon.Daemon(config, zone) as daemon:
        daemon.send(messages.read(messages.expected()[0][0]))
        daemon.send(messages.PLAIN)
        daemon.send(messages.PLAIN.replace(b"example.net", b"example.org"),
                    client="127.0.0.1")

        def read():
            import urllib.request
            with urllib.request.urlopen(url, timeout=60) as answer:
                text = answer.read().decode()
            return text if 'outcome="accepted"} 3' in text else None
        return assaydaemon.wait_for(read, 30, "three messages")


@tap.test
def metrics():
    done = promtool("check", "metrics", input=TEXT)
    equal(done.returncode, 0, "promtool check metrics", done.stdout,
          done.stderr)
    equal(done.stdout + done.stderr, "", "and it has nothing to say")


@tap.test
def rules():
    path = os.path.join(RULES, "assay.rules.yml")
    done = promtool("check", "rules", path)
    equal(done.returncode, 0, "promtool check rules", done.stdout,
          done.stderr)
    done = promtool("test", "rules", os.path.join(RULES, "assay.test.yml"))
    equal(done.returncode, 0, "promtool test rules", done.stdout,
          done.stderr)
    with open(path) as f:
        alerts = re.findall(r"alert: (\w+)", f.read())
    with open(os.path.join(RULES, "assay.test.yml")) as f:
        fired = set(re.findall(r"alertname: (\w+)\n\s+exp_alerts", f.read()))
    equal(sorted(set(alerts) - fired), [], "each alert is seen to fire")


def names_in(text):
    """Metrics that are named, as they are in a text that was read."""
    return set(re.findall(r"\b(?:assay|process)_\w+", text))


def expressions(panels):
    return [target["expr"] for panel in panels
            for target in panel["targets"]]


@tap.test
def names():
    """What is asked for is there, with these labels."""
    shown = set(re.findall(r"(?m)^(\w+)", TEXT))
    with open(os.path.join(RULES, "assay.rules.yml")) as f:
        asked = {name for line in f for name in names_in(line)
                 if "alert:" not in line}
    equal(sorted(asked - shown - LABELLED), [], "names in the rules")
    with open(DASHBOARD) as f:
        panels = json.load(f)["panels"]
    asked = set().union(*(names_in(e) for e in expressions(panels)))
    equal(sorted(asked - shown - LABELLED), [], "names in the dashboard")
    ok(len(asked) > 20, "which shows most of them", len(asked))


# There with a message or a nameserver of that kind only.
LABELLED = {"assay_dns_server_up", "assay_observed_policy_actions_total"}


@tap.test
def dashboard():
    """Panels that do not overlap, and expressions that can be read."""
    with open(DASHBOARD) as f:
        board = json.load(f)
    equal([p["id"] for p in board["panels"]],
          list(range(1, len(board["panels"]) + 1)), "ids of panels")
    cells = [(x, y) for p in board["panels"] for g in [p["gridPos"]]
             for x in range(g["x"], g["x"] + g["w"])
             for y in range(g["y"], g["y"] + g["h"])]
    equal(len(cells), len(set(cells)), "no two in one place")
    ok(all(x < 24 for x, _ in cells), "none beyond the edge")
    groups = {"groups": [{"name": "dashboard", "rules": [
        {"record": "a:b", "labels": {"n": str(number)},
         "expr": e.replace("$__rate_interval", "5m")
                  .replace("$instance", ".*")}
        for number, e in enumerate(expressions(board["panels"]))]}]}
    path = os.path.join(assaydaemon.work_folder(), "dashboard.yml")
    with open(path, "w") as f:
        json.dump(groups, f)
    done = promtool("check", "rules", path)
    equal(done.returncode, 0, "promtool reads each expression", done.stdout,
          done.stderr)


try:
    TOOL = os.path.join(debs.unpack("prometheus"), "usr/bin/promtool")
except debs.Unavailable as why:
    tap.skip_all(why)
TEXT = scrape()
tap.main()
