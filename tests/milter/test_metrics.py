# SPDX-License-Identifier: BSD-2-Clause
"""Metrics over HTTP: what is shown, who reads it, and a reload."""

import http.client
import os
import re
import select
import signal
import socket
import time

import assaydaemon
import dnsserver
import messages
import signkeys
import tap
from scrape import UnixConnection, address, connection, get, values
from tap import equal, ok

ZONE = dict(messages.plain_zone(), **{
    "slow.example": ["TIMEOUT"],
    "_dmarc.example.net": [{"TXT": "v=DMARC1; p=reject"}],
})
OPENMETRICS = "application/openmetrics-text; version=1.0.0"

POLICY = [
    {"name": "watch", "action": "reject", "observe": True,
     "when": {"mailfrom-domain": "pass.example"}},
    {"name": "no", "action": "reject",
     "when": {"mailfrom-domain": "reject.example"}},
    {"name": "later", "action": "tempfail", "at-most": "1h",
     "when": {"mailfrom-domain": "later.example"}},
]


def fresh(where):
    """A text that was made after this call: one is kept for a second."""
    time.sleep(1.05)
    return values(get(where)[2])


def wait_value(where, name, want):
    wait_values(where, ((name, want),))


def wait_values(where, wanted):
    """What the threads count that gave the answers, after they gave them."""
    def got():
        return {name: shown.get(name) for name, _ in wanted}

    shown = {}
    try:
        assaydaemon.wait_for(
            lambda: shown.update(values(get(where)[2])) or
            got() == dict(wanted), 30, "the figures")
    except TimeoutError:
        pass
    for name, want in wanted:
        equal(shown.get(name), want, name)


@tap.test
def what_is_counted():
    where = address()
    with assaydaemon.Daemon({"metrics": where, "policy": POLICY},
                            ZONE) as daemon:
        status, kind, text = get(where)
        equal(status, 200, "GET /metrics")
        equal(kind, "text/plain; version=0.0.4; charset=utf-8", "its type")
        got = values(text)
        equal(got["assay_messages_in_hand"], 0, "nothing in progress")
        equal(got["assay_forged_fields_removed_total"], 0, "zero is shown")
        for domain in ("pass", "pass", "reject", "later"):
            daemon.send(messages.PLAIN, sender="<a@%s.example>" % domain)
        daemon.send(b"Authentication-Results: mx.example.org; none\r\n" +
                    messages.PLAIN)
        wait_values(where, (
                ('assay_messages_total{outcome="accepted"}', 3),
                ('assay_messages_total{outcome="rejected"}', 1),
                ('assay_messages_total{outcome="deferred"}', 1),
                ('assay_actions_total{action="reject",rule="no"}', 1),
                ('assay_actions_total{action="accept",rule="(none)"}', 3),
                ('assay_observed_actions_total{action="reject",'
                 'rule="watch"}', 2),
                ('assay_results_total{method="spf",result="none"}', 4),
                ('assay_results_total{method="spf",result="pass"}', 1),
                ('assay_results_total{method="dkim",result="none"}', 5),
                ("assay_forged_fields_removed_total", 1),
                ("assay_deferrals_remembered", 1),
                ("assay_sightings_remembered", 0),
                ("assay_sightings_forgotten_total", 0),
                ("assay_message_wait_seconds_count", 5),
                ("assay_log_lines_lost_total", 0),
                ("assay_last_reload_successful", 1)))
        got = fresh(where)
        ok(got["assay_dns_questions_total"] > 0, "questions to the resolver")
        ok(got["process_open_fds"] > 5, "descriptors",
           got["process_open_fds"])
        ok(got["process_threads"] > 5, "threads", got["process_threads"])
        ok(got["process_resident_memory_bytes"] > 1 << 20, "memory")
        ok(abs(got["process_start_time_seconds"] - time.time()) < 120,
           "the start")
        ok(any(name.startswith("assay_build_info{version=")
               for name in got), "the version")


@tap.test
def nameservers():
    server = dnsserver.Server(messages.plain_zone())
    tap.cleanup(server.stop)
    where = address()
    with assaydaemon.Daemon({"metrics": where, "resolver": {
            "nameservers": [server.address],
            "timeout": "30s"}}) as daemon:
        daemon.send(messages.PLAIN)
        got = fresh(where)
    label = '{server="%s"}' % server.address
    sent = len(server.asked())
    for name, want in (("server_up", 1), ("server_sent_total", sent),
                       ("server_answered_total", sent),
                       ("server_timeouts_total", 0),
                       ("server_latency_seconds_count", sent),
                       ("server_in_flight", 0), ("server_waiting", 0)):
        equal(got.get("assay_dns_" + name + label), want, name)
    equal(got["assay_dns_latency_seconds_count"],
          got["assay_dns_queries_total"], "each query is in the histogram")
    equal(got["assay_dns_stale_total"], 0, "nothing expired was used")


@tap.test
def in_hand():
    where = address()
    with assaydaemon.Daemon({"metrics": where,
                             "limits": {"deadline": "60s"}}, ZONE) as daemon:
        with daemon.session() as session:
            session.connect()
            session.helo()
            session.mail("<a@pass.example>")
            wait_value(where, "assay_messages_in_hand", 1)
            ok(values(get(where)[2])["assay_connections"] >= 1,
               "a connection")
            session.abort()
            wait_value(where, "assay_messages_in_hand", 0)
            wait_value(where, 'assay_messages_total{outcome="aborted"}', 1)


@tap.test
def openmetrics():
    where = address()
    with assaydaemon.Daemon({"metrics": where}, ZONE) as daemon:
        daemon.send(messages.PLAIN)
        status, kind, text = get(where, accept=OPENMETRICS)
        equal(status, 200, "OpenMetrics")
        ok(kind.startswith("application/openmetrics-text; version=1.0.0"),
           "its type", kind)
        ok(text.endswith("# EOF\n"), "its end")
        ok("# TYPE assay_messages counter\n" in text, "names of families")
        try:
            from prometheus_client.openmetrics import parser
        except ImportError:
            tap.skip("read by Prometheus' library",
                     "python3-prometheus-client is not there")
            return
        names = [f.name for f in parser.text_string_to_metric_families(text)]
        ok(len(names) > 30 and len(names) == len(set(names)),
           "read by Prometheus' library", *names)


@tap.test
def requests():
    """What is no GET /metrics is refused, and nothing breaks."""
    where = address()
    with assaydaemon.Daemon({"metrics": where}, ZONE):
        equal(get(where, "/")[0], 404, "another page")
        equal(get(where, method="POST", body=b"x" * 100000)[0], 405, "POST")
        equal(get(where, method="DELETE")[0], 405, "DELETE")
        status, _, text = get(where, method="HEAD")
        equal((status, text), (200, ""), "HEAD")
        status = get(where, "/metrics?" + "x" * 100000)[0]
        ok(status in (400, 413, 414, 431), "a request that is too long",
           status)
        for junk in (b"\r\n\r\n", b"\x00\xff" * 1000, b"GET",
                     b"GET / HTTP/9.9\r\n\r\n",
                     b"POST /metrics HTTP/1.1\r\nHost: x\r\n"
                     b"Content-Length: 99999999999999999999\r\n\r\n"):
            with raw(where) as sock:
                sock.sendall(junk)
        equal(get(where)[0], 200, "and then a good one")


def raw(where):
    port = int(where.split(":")[1].split("@")[0])
    return socket.create_connection(("127.0.0.1", port), 60)


@tap.test
def many_readers():
    """1,000 at once, and slow ones: mail does not notice."""
    where = address()
    with assaydaemon.Daemon({"metrics": where}, ZONE) as daemon:
        socks = [raw(where) for _ in range(1000)]
        for sock in socks:
            sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        equal(daemon.send(messages.PLAIN).reply.code, "c", "mail flows")
        good = 0
        for sock in socks:
            text = b""
            while True:
                piece = sock.recv(1 << 16)
                if not piece:
                    break
                text += piece
            good += text.startswith(b"HTTP/1.1 200")
            sock.close()
        equal(good, 1000, "each of them gets its text")


def is_open(sock):
    """The daemon has not closed it."""
    return not select.select([sock], [], [], 0)[0]


def beside_mail(daemon, where):
    """
    A message is answered while some of these connections are still open, so
    that it has not waited for them.  They last for seconds: on a machine that
    stood still for so long nothing can be seen.
    """
    for _ in range(5):
        silent = [raw(where) for _ in range(40)]
        half = [raw(where) for _ in range(40)]
        for sock in half:
            sock.sendall(b"GET /metr")
        equal(daemon.send(messages.PLAIN).reply.code, "c", "mail flows")
        if any(map(is_open, silent + half)):
            ok(True, "and waits for none of them")
            return silent, half
    ok(False, "it has waited for them")
    return silent, half


@tap.test
def half_requests():
    """Connections that say nothing, and ones that read nothing, end."""
    where = address()
    with assaydaemon.Daemon({"metrics": where}, ZONE) as daemon:
        silent, half = beside_mail(daemon, where)
        equal(get(where)[0], 200, "a reader has its turn")
        ended = 0
        for sock in silent + half:
            try:
                ended += not sock.recv(1)
            except ConnectionError:
                ended += 1
            sock.close()
        equal(ended, 80, "all of them are closed")


def reload(daemon, config, word="reloaded"):
    before = daemon.log().count(word)
    daemon.configure(config, ZONE)
    daemon.kill(signal.SIGHUP)
    assaydaemon.wait_for(lambda: daemon.log().count(word) > before, 30, word)


def refused(where):
    try:
        get(where)
        return False
    except OSError:
        return True


@tap.test
def reloads():
    """The key appears, changes, and goes; a refused one changes nothing."""
    first, second = address(), address()
    with assaydaemon.Daemon({}, ZONE) as daemon:
        local = "local:" + os.path.join(daemon.folder, "metrics.sock")
        reload(daemon, {"metrics": first})
        equal(get(first)[0], 200, "a key that is new")
        daemon.send(messages.PLAIN)
        reload(daemon, {"metrics": second})
        ok(refused(first), "the old one is closed")
        got = values(get(second)[2])
        equal(got['assay_messages_total{outcome="accepted"}'], 1,
              "counts go on")
        equal(got['assay_reloads_total{result="taken"}'], 2, "reloads")
        reload(daemon, {"metrics": local})
        equal(get(local)[0], 200, "a local socket, while confined")
        mode = os.stat(local[6:]).st_mode & 0o777
        equal(mode, 0o660, "its mode")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            reload(daemon, {"metrics": "inet:%d@127.0.0.1" %
                            taken.getsockname()[1]}, "not reloaded")
        ok("metrics: inet:" in daemon.log().split("not reloaded")[-1],
           "why it is refused", daemon.log()[-300:])
        time.sleep(1.05)
        got = values(get(local)[2])
        equal(got['assay_reloads_total{result="refused"}'], 1,
              "a refused reload is counted")
        equal(got["assay_last_reload_successful"], 0, "and shown")
        reload(daemon, {"metrics": local, "policy": []})
        time.sleep(1.05)
        equal(values(get(local)[2])["assay_last_reload_successful"], 1,
              "the same key stays open")
        reload(daemon, {})
        ok(refused(local), "a key that is gone")
        ok(not os.path.exists(local[6:]), "and its socket")
        reload(daemon, {"metrics": local})
    ok(not os.path.exists(local[6:]), "at the end it is removed")


@tap.test
def not_to_be_had():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        daemon = assaydaemon.Daemon({"metrics": "inet:%d@127.0.0.1" %
                                     taken.getsockname()[1]}, ZONE).spawn()
        equal(daemon.wait(), 69, "a port that is taken ends the start")
    ok("metrics: inet:" in daemon.log(), "and why", daemon.log())
    ok(not os.path.exists(daemon.socket[6:]), "without a socket left behind")


@tap.test
def manual():
    """assay-milter(8) has every family, and no other."""
    where = address()
    with assaydaemon.Daemon({"metrics": where}, ZONE):
        shown = set(re.findall(r"(?m)^# TYPE (\S+)", get(where)[2]))
    with open(os.path.join(assaydaemon.top_srcdir(),
                           "doc/assay-milter.8")) as f:
        part = f.read().split(".Ss Metrics")[1].split(".Sh SIGNALS")[0]
    told = set(re.findall(r"\b(?:assay|process)_\w+", part))
    equal(sorted(shown - told), [], "every one is in the manual")
    equal(sorted(told - shown), [], "no other is")


@tap.test
def own_domains():
    """Mail of ours by domain, and when its keys end."""
    where = address()
    folder = assaydaemon.work_folder()
    key = signkeys.Key(folder, "s1", "ed25519")
    zone = dict(ZONE, **{"s1._domainkey.example.org": [{"TXT": key.record}]})
    sign = [{"domains": "example.org", "keys": [
                {"selector": "s1", "file": key.path,
                 "until": "2099-01-01"}]},
            {"domains": "*.example.org", "keys": [
                {"selector": "s1", "file": key.path}]},
            {"domains": "over.example", "keys": [
                {"selector": "s1", "file": key.path,
                 "until": "2001-01-01"}]}]
    with assaydaemon.Daemon({"metrics": where, "sign": sign},
                            zone) as daemon:
        for domain in ("example.org", "a.example.org", "b.example.org",
                       "over.example", "else.example"):
            daemon.send(messages.PLAIN.replace(
                b"alice@example.net", b"joe@" + domain.encode()),
                client="127.0.0.1")
        wait_values(where, (
            ('assay_messages_total{outcome="accepted"}', 5),
            ('assay_own_messages_total'
             '{domain="example.org",signed="yes"}', 1),
            ('assay_own_messages_total'
             '{domain="*.example.org",signed="yes"}', 2),
            ('assay_own_messages_total'
             '{domain="over.example",signed="no"}', 1)))
        got = fresh(where)
    equal(sum("own_messages" in name for name in got), 3,
          "a domain that is not ours has no label")
    end = "assay_signing_end_timestamp_seconds"
    equal(got[end + '{domain="example.org"}'], 4070908800, "the last key")
    equal(got[end + '{domain="*.example.org"}'], float("inf"), "no end")
    equal(got[end + '{domain="over.example"}'], 978307200, "over")
    equal(got['assay_key_end_timestamp_seconds'
              '{domain="example.org",selector="s1"}'], 4070908800,
          "the end of a key")


tap.main()
