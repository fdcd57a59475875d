# SPDX-License-Identifier: BSD-2-Clause
"""assay-tlspol and Prometheus: what is counted, the socket, the manual."""

import os
import re
import subprocess
import time
import urllib.request

import assaydaemon
import debs
import tap
import tlspol
from tap import equal, ok
from tlspol import policy, response, sts_zone

if not tlspol.built():
    tap.skip_all("assay-tlspol was not built")

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
HOST = "mta-sts.enforce.example"
HOSTS = tlspol.PolicyHosts(assaydaemon.work_folder(), [HOST])
HOSTS.hosts[HOST] = response(policy("mx.enforce.example"))
ZONE = sts_zone("enforce.example")
ZONE.update(sts_zone("lost.example"))
ANSWERS = 'assay_tlspol_answers_total{answer="%s"}'


def get(port, accept=None):
    request = urllib.request.Request("http://127.0.0.1:%d/metrics" % port)
    if accept:
        request.add_header("Accept", accept)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode("utf-8")


def values(text):
    """{name with labels: number}"""
    lines = [line.rpartition(" ") for line in text.splitlines()
             if line and not line.startswith("#")]
    out = {name: float(number) for name, _, number in lines}
    equal(len(out), len(lines), "no sample twice")
    return out


def wait_value(port, name, want):
    wait_values(port, ((name, want),))


def wait_values(port, wanted):
    """What is counted when a lookup has ended, whose answer was faster."""
    def are_there():
        text = get(port)
        return all("\n%s %d\n" % pair in text for pair in wanted)

    try:
        assaydaemon.wait_for(are_there, 30, "the figures")
    except TimeoutError:
        pass
    got = values(get(port))
    for name, want in wanted:
        equal(got.get(name), want, name)


def start(port, **config):
    return tlspol.Daemon(dict({"metrics": "inet:%d@127.0.0.1" % port},
                              **config), ZONE, HOSTS)


@tap.test
def counted():
    port = assaydaemon.free_port()
    with start(port) as daemon:
        for _ in range(3):
            daemon.ask("enforce.example")
        daemon.ask("none.example")
        daemon.ask("lost.example")
        daemon.ask("one.test", "strange")
        wait_values(port, (("assay_tlspol_requests_total", 6),
                           (ANSWERS % "secure", 3),
                           (ANSWERS % "notfound", 3),
                           (ANSWERS % "dane", 0), (ANSWERS % "temp", 0),
                           ("assay_tlspol_policies", 1),
                           ("assay_tlspol_domains", 3),
                           ("assay_tlspol_from_memory_total", 2),
                           ("assay_tlspol_lookups_total", 3),
                           ("assay_tlspol_fetches_total", 2),
                           ("assay_tlspol_fetch_failures_total", 1),
                           ("assay_last_reload_successful", 1)))
        got = values(get(port))
        ok(got["assay_dns_questions_total"] > 0, "questions to the resolver")
        ok(got["process_threads"] > 1 and got["process_open_fds"] > 5,
           "the process")
        stats = daemon.statistics()
        equal((stats["requests"], stats["secure"], stats["fetches"]),
              (6, 3, 2), "the log has the same")
        text = get(port, OPENMETRICS)
        ok(text.endswith("# EOF\n"), "OpenMetrics")
        told(text)
        promtool(get(port))


def told(text):
    """Each family is in the manual, and no other."""
    shown = {name for name in re.findall(r"^# TYPE (\w+)", text, re.M)
             if not name.startswith(("assay_dns_", "process_"))}
    path = os.path.join(assaydaemon.top_srcdir(), "doc/assay-tlspol.8")
    with open(path, encoding="ascii") as f:
        manual = {re.sub("_(total|info)$", "", name) for name in
                  re.findall(r"\bassay_\w*[a-z]\b", f.read())}
    equal(sorted(shown ^ manual), [], "metrics and manual")


def promtool(text):
    try:
        folder = debs.unpack("prometheus")
    except debs.Unavailable as e:
        tap.skip("promtool", str(e))
        return
    done = subprocess.run([os.path.join(folder, "usr/bin/promtool"), "check",
                           "metrics"], input=text, capture_output=True,
                          text=True, timeout=120)
    equal((done.returncode, done.stdout + done.stderr), (0, ""),
          "promtool check metrics")


@tap.test
def reloads():
    """Another port, a bad one that changes nothing, none."""
    first, second = assaydaemon.free_port(), assaydaemon.free_port()
    with start(first) as daemon:
        def again(port, word):
            before = daemon.log().count(word)
            daemon.configure({"metrics": "inet:%d@127.0.0.1" % port} if port
                             else {})
            daemon.kill(1)
            assaydaemon.wait_for(lambda: daemon.log().count(word) > before,
                                 30, word)
        again(second, "reloaded")
        wait_value(second, 'assay_reloads_total{result="taken"}', 1)
        ok(is_closed(first), "the old port is closed")
        with HOSTS.listener.dup() as taken:
            port = taken.getsockname()[1]
            again(port, "not reloaded")
        wait_value(second, 'assay_reloads_total{result="refused"}', 1)
        equal(values(get(second))["assay_last_reload_successful"], 0,
              "the last one was refused")
        again(None, "reloaded")
        ok(is_closed(second), "and none")
        equal(daemon.ask("none.example"), "NOTFOUND ", "it answers")


def is_closed(port):
    try:
        get(port)
    except OSError:
        return True
    return False


@tap.test
def warned():
    with start(assaydaemon.free_port()) as daemon:
        daemon.configure({"metrics": "inet:9103@0.0.0.0"})
        done = subprocess.run([tlspol.binary(), "-t", "-c", daemon.path],
                              capture_output=True, text=True, timeout=60)
        ok(done.returncode == 0 and "anyone who can reach this port" in
           done.stderr, "a port that others reach", done.stderr)


tap.main()
