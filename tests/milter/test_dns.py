# SPDX-License-Identifier: BSD-2-Clause
"""Name servers that are slow, dead or many: mail flows, and in time."""

import os
import signal
import subprocess
import threading
import time

import assaydaemon
import authres
import dnsserver
import messages
import tap
from tap import equal, ok

SIGNED = "canon-relaxed-relaxed.eml"


def results_of(result):
    return authres.parse(result.header.all()[0][1])[1]


def check_temperror(daemon, name, deadline):
    """temperror in the header, message accepted, deadline kept."""
    begin = time.monotonic()
    result = daemon.send(messages.read(SIGNED), sender="<a@example.com>")
    took = time.monotonic() - begin
    if not equal(result.reply.code, "c", name + ": accepted"):
        return
    results = results_of(result)
    equal(authres.spf(results).result, "temperror", name + ": spf")
    equal(authres.spf(results, "helo").result, "temperror",
          name + ": spf of HELO")
    equal([r.result for r in authres.all_of(results, "dkim")], ["temperror"],
          name + ": dkim")
    # With room for a busy machine; all tries together would take longer.
    ok(took < deadline + 15, name + ": the deadline is kept", took)


@tap.test
def out_of_order():
    socks = []
    for tries, timeout, deadline, name in (
            (2, "200ms", 20, "dead server, tries used up"),
            (5, "30s", 1, "dead server, deadline passed")):
        sock, address = dnsserver.dead_port()
        socks.append(sock)
        config = {"resolver": {"nameservers": [address], "tries": tries,
                               "timeout": timeout},
                  "limits": {"deadline": "%ds" % deadline}}
        with assaydaemon.Daemon(config) as daemon:
            check_temperror(daemon, name, deadline)
    for sock in socks:
        sock.close()
    config = {"resolver": {"nameservers": ["127.0.0.1:1"], "tries": 1},
              "limits": {"deadline": "10s"}}
    with assaydaemon.Daemon(config) as daemon:
        check_temperror(daemon, "closed port", 10)


@tap.test
def second_server():
    """One server is dead, the other answers."""
    sock, dead = dnsserver.dead_port()
    server = dnsserver.Server(dict(messages.key_zone(),
                                   **messages.plain_zone()))
    tap.cleanup(server.stop)
    config = {"resolver": {"nameservers": [dead, server.address], "tries": 4,
                           "timeout": "1s"}}
    with assaydaemon.Daemon(config) as daemon:
        result = daemon.send(messages.PLAIN)
        equal(authres.spf(results_of(result)).result, "pass",
              "the second server is asked")
    sock.close()


def name_of_thread(task):
    """Its name, or None for one that ended while we looked."""
    try:
        with open(os.path.join(task, "comm"), encoding="ascii") as f:
            return f.read().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None


def thread_names(daemon):
    tasks = "/proc/%d/task" % daemon.process.pid
    return {name_of_thread(os.path.join(tasks, task))
            for task in os.listdir(tasks)}


@tap.test
def names_of_threads():
    """top -H shows which thread looks things up, confined or not."""
    server = dnsserver.Server(messages.plain_zone())
    tap.cleanup(server.stop)
    for config in ({}, {"confinement": False}):
        config["resolver"] = {"nameservers": [server.address]}
        with assaydaemon.Daemon(config) as daemon:
            daemon.send(messages.PLAIN)
            # Each gives itself its name when it has begun.
            assaydaemon.wait_for(
                lambda: {"assay-dns", "assay-checks"} <=
                thread_names(daemon), 30, "names of threads")
            ok(True, "names of threads")


@tap.test
def lost_once():
    """A question that got lost is asked again."""
    server = dnsserver.Server(messages.plain_zone())
    tap.cleanup(server.stop)
    server.behave("example.net", drop=1)
    config = {"resolver": {"nameservers": [server.address], "tries": 4,
                           "timeout": "1s"}}
    with assaydaemon.Daemon(config) as daemon:
        result = daemon.send(messages.PLAIN)
        equal(authres.spf(results_of(result)).result, "pass",
              "the second try is answered")


@tap.test
def cached_and_coalesced():
    server = dnsserver.Server(messages.plain_zone(), delay=0.3)
    tap.cleanup(server.stop)
    config = {"resolver": {"nameservers": [server.address],
                           "timeout": "30s"}}
    with assaydaemon.Daemon(config) as daemon:
        outcomes = together(daemon, 20, lambda i: "<a@example.net>")
        equal(outcomes, ["pass"] * 20, "20 messages at once: all pass")
        daemon.send(messages.PLAIN)
        asked = [q for q in server.asked("example.net") if q[1] == "TXT"]
        equal(len(asked), 1, "21 messages: the record is asked for once")


@tap.test
def kept_by_a_reload():
    """A rule has changed: what DNS said is still known."""
    zone = dict(messages.key_zone(), **messages.plain_zone())
    server = dnsserver.Server(zone)
    tap.cleanup(server.stop)
    config = {"resolver": {"nameservers": [server.address],
                           "timeout": "30s"}}
    changes = (({"policy": [{"name": "fail", "when": {"spf": "fail"},
                             "action": "reject"}]}, False, "another rule"),
               ({"policy": [], "resolver": {"timeout": "29s"}}, True,
                "another timeout"))
    with assaydaemon.Daemon(config) as daemon:
        daemon.send(messages.read(SIGNED), sender="<a@example.net>")
        for change, again, name in changes:
            before = len(server.asked())
            done = daemon.log().count("reloaded ")
            daemon.configure(assaydaemon.merged(config, change))
            daemon.kill(signal.SIGHUP)
            assaydaemon.wait_for(
                lambda: daemon.log().count("reloaded ") > done, 30,
                "the reload")
            daemon.send(messages.read(SIGNED), sender="<a@example.net>")
            equal(len(server.asked()) > before, again,
                  "%s: is asked again" % name)


def together(daemon, count, sender_of, hold=None):
    """
    `count` sessions that all are before the end of their message, and
    then end it at the same moment; the results of spf in their order.
    """
    barrier = threading.Barrier(count + (1 if hold else 0))
    outcomes = [None] * count

    def one(at):
        with daemon.session() as session:
            session.connect("h%d.example.net" % at, "192.0.2.1")
            session.helo("[192.0.2.1]")
            session.mail(sender_of(at))
            session.rcpt()
            session.data()
            session.field(b"From", b" a@example.net")
            session.eoh()
            session.body(b"x\r\n")
            barrier.wait(60)
            changes, reply = session.eom()
            if reply.code == "c":
                value = [d for c, d in changes if c == "i"][0][4:]
                field = value.split(b"\0")[1]
                outcomes[at] = authres.spf(authres.parse(field)[1]).result

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    if hold:
        hold(barrier)
    for thread in threads:
        thread.join()
    return outcomes


@tap.test
def burst():
    """
    50 messages end at the same moment, and each waits for an answer of its
    own, which takes 1 s and longer: one after another they would need
    50 x 1 s, together little more than 1 s.  A fifth of 50 s is the bound:
    no machine is so slow, and no queue so fast.
    """
    count, delay = 50, 1
    gate = threading.Event()
    server = dnsserver.Server(gate=gate)
    tap.cleanup(server.stop)
    tap.cleanup(gate.set)
    config = {"resolver": {"nameservers": [server.address], "tries": 1,
                           "timeout": "20s"}}
    for at in range(count):
        # The answer cannot come before the end of the message is sent.
        server.set("d%d.example" % at, [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}])

    server.default = dnsserver.Behaviour(delay=delay)
    began = []

    def hold(barrier):
        barrier.wait(60)
        began.append(time.monotonic())
        gate.set()

    with assaydaemon.Daemon(config) as daemon:
        outcomes = together(daemon, count, lambda i: "<a@d%d.example>" % i,
                            hold)
        took = time.monotonic() - began[0]
        equal(outcomes, ["pass"] * count, "burst: all pass")
        ok(took < count * delay / 5, "burst: nobody waits for another",
           "%.3f s" % took)
        tap.note("%d messages, %.0f ms each: %.3f s" %
                 (count, delay * 1000, took))


def with_resolv_conf(daemon, path):
    """The daemon sees the file as /etc/resolv.conf."""
    wrapper = os.path.join(daemon.folder, "wrapper")
    with open(wrapper, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nexec unshare --mount sh -c 'mount --bind %s "
                "/etc/resolv.conf && exec %s \"$@\"' sh \"$@\"\n" %
                (path, os.path.abspath(assaydaemon.binary())))
    os.chmod(wrapper, 0o755)
    return wrapper


@tap.test
def resolv_conf():
    """The file is followed, and the log says which servers are in use."""
    if os.geteuid() != 0 or not os.path.exists("/etc/resolv.conf") or \
            subprocess.run(["unshare", "--mount", "mount", "--version"],
                           capture_output=True).returncode != 0:
        tap.skip("resolv.conf is followed", "no private mount namespace")
        return
    daemon = assaydaemon.Daemon({"resolver": {"timeout": "200ms"}})
    path = os.path.join(daemon.folder, "resolv.conf")

    def write(text):
        with open(path, "w", encoding="ascii") as f:
            f.write(text)

    write("")
    os.environ["ASSAY_MILTER"] = with_resolv_conf(daemon, path)
    try:
        daemon.start()
    finally:
        del os.environ["ASSAY_MILTER"]
    log = daemon.log
    assaydaemon.wait_for(lambda: "nameserver 127.0.0.1:53 is in use" in
                         log(), 30, "nothing in it: 127.0.0.1")
    result = daemon.send(messages.PLAIN)
    ok("temperror" in result.authres, "no DNS: temperror", result.authres)
    assaydaemon.wait_for(lambda: "no nameserver answers" in log(), 30,
                         "one line that DNS is out")
    write("nameserver 127.0.0.77\nnameserver 127.0.0.78\n")
    assaydaemon.wait_for(lambda: "nameserver 127.0.0.78:53 is in use" in
                         log(), 30, "the file has changed")
    equal(log().count("127.0.0.77:53 is in use"), 1, "each is named once")
    equal(log().count("no nameserver answers"), 1, "one line for the outage")
    write("")
    assaydaemon.wait_for(lambda: "names no nameserver any more" in log(), 30,
                         "the file is empty")
    write("nameserver 127.0.0.77\nnameserver 127.0.0.78\n")
    write("nameserver 127.0.0.79\n")
    assaydaemon.wait_for(lambda: "nameserver 127.0.0.79:53 is in use" in
                         log(), 30, "the file has changed again")
    equal(log().count("127.0.0.1:53 is in use"), 1,
          "while it was empty those in use stayed")
    daemon.check_stop("the daemon")


@tap.test
def statistics():
    """What DNS did is logged after SIGUSR1, and every so often."""
    server = dnsserver.Server(messages.plain_zone())
    tap.cleanup(server.stop)
    server.behave("example.net", delay=0.2)
    config = {"resolver": {"nameservers": [server.address],
                           "timeout": "30s", "statistics": "1d"}}
    with assaydaemon.Daemon(config) as daemon:
        daemon.send(messages.PLAIN)
        # When all has been answered; the totals are the last line.
        daemon.kill(signal.SIGUSR1)
        assaydaemon.wait_for(lambda: daemon.events("statistics"), 30,
                             "SIGUSR1")
        line = assaydaemon.wait_for(
            lambda: daemon.events("nameserver"), 30, "a line")[0]
        equal(line["address"], server.address, "of the server")
        ok(line["sent"] == line["answered"] > 0, "what it was sent", line)
        ok(line["p95-ms"] >= 100, "how long it took", line)
        line = assaydaemon.wait_for(
            lambda: daemon.events("slow-domain"), 30, "a line")[0]
        equal(line["domain"], "example.net", "a slow domain")
        ok(daemon.events("statistics")[0]["asked"] > 0, "the totals")
    config["resolver"]["statistics"] = "1s"
    with assaydaemon.Daemon(config) as daemon:
        # Of a second in which nothing was asked there is none.
        assaydaemon.wait_for(
            lambda: daemon.send(messages.PLAIN) and
            len(daemon.events("statistics")) > 1, 30, "a line every second")
        ok(True, "every so often")


def reload(daemon):
    done = daemon.log().count("reloaded ")
    daemon.kill(signal.SIGHUP)
    assaydaemon.wait_for(lambda: daemon.log().count("reloaded ") > done, 30,
                         "the reload")


@tap.test
def said_once():
    """What was said of the servers is not said again after a reload."""
    config = {"resolver": {"nameservers": ["127.0.0.1:1"], "tries": 1,
                           "timeout": "3s", "statistics": "1s"}}
    lines = ("is in use", "no nameserver answers", "does not answer")
    with assaydaemon.Daemon(config) as daemon:
        for at in range(3):
            # Such a line is the last of a look at the servers.
            count = len(daemon.events("statistics"))
            assaydaemon.wait_for(
                lambda: daemon.send(messages.PLAIN) and
                len(daemon.events("statistics")) > count, 30, "a look")
            equal([daemon.log().count(line) for line in lines], [1, 1, 1],
                  "%d reloads: each line is there once" % at)
            reload(daemon)
        config["resolver"]["timeout"] = "2s"
        daemon.configure(config)
        reload(daemon)
        assaydaemon.wait_for(lambda: daemon.log().count(lines[0]) == 2, 30,
                             "another resolver: its servers")
        ok(True, "and those of another resolver")


@tap.test
def fails_and_comes_back():
    """Each of two servers, and both: one line each time."""
    zone = messages.plain_zone()
    first, second = dnsserver.Server(zone), dnsserver.Server(zone)
    ports = first.port, second.port
    addresses = first.address, second.address
    config = {"resolver": {"nameservers": list(addresses), "tries": 2,
                           "timeout": "500ms"}}
    sent = []
    with assaydaemon.Daemon(config) as daemon:
        def until(text):
            """With a question that is new each time."""
            def look():
                sent.append(None)
                daemon.send(messages.PLAIN, helo="h%d.example" % len(sent))
                return text in daemon.log()
            assaydaemon.wait_for(look, 30, text)

        until("%s is in use" % addresses[1])
        first.stop()
        until("%s does not answer" % addresses[0])
        second.stop()
        until("no nameserver answers")
        first = dnsserver.Server(zone, port=ports[0])
        tap.cleanup(first.stop)
        until("DNS is back")
        second = dnsserver.Server(zone, port=ports[1])
        tap.cleanup(second.stop)
        until("%s answers again" % addresses[1])
        lines = ["%s %s" % (address, what) for address in addresses
                 for what in ("does not answer", "answers again")]
        lines += ["no nameserver answers", "DNS is back"]
        for line in lines:
            equal(daemon.log().count(line), 1, line)


@tap.test
def fails_for_a_moment():
    """Between two looks at the servers: one line each, too."""
    zone = messages.plain_zone()
    server = dnsserver.Server(zone)
    port, address = server.port, server.address
    with assaydaemon.Daemon({"resolver": {"nameservers": [address], "tries": 1,
                                          "timeout": "3s"}}) as daemon:
        assaydaemon.wait_for(lambda: "is in use" in daemon.log(), 30,
                             "the first look")
        server.stop()
        daemon.send(messages.PLAIN, helo="gone.example")
        server = dnsserver.Server(zone, port=port)
        tap.cleanup(server.stop)
        daemon.send(messages.PLAIN, helo="back.example")
        lines = ["%s %s" % (address, what)
                 for what in ("does not answer", "answers again")]
        assaydaemon.wait_for(lambda: lines[1] in daemon.log(), 30, lines[1])
        equal([daemon.log().count(line) for line in lines], [1, 1],
              "one line each")


@tap.test
def reloaded_often():
    """Reloads do not put the statistics off, nor count anything twice."""
    server = dnsserver.Server(messages.plain_zone())
    tap.cleanup(server.stop)
    config = {"resolver": {"nameservers": [server.address],
                           "timeout": "30s", "statistics": "2s"}}
    with assaydaemon.Daemon(config) as daemon:
        def look():
            reload(daemon)
            daemon.send(messages.PLAIN)
            return len(daemon.events("statistics")) > 2
        assaydaemon.wait_for(look, 30, "a line every two seconds")
        sent = sum(line["sent"] for line in daemon.events("nameserver"))
        ok(0 < sent <= len(server.asked()),
           "no question is in two of the lines", sent)


STALE = "an expired DNS answer was used"


def stale_zone():
    return dict(messages.key_zone(), **{
        "example.com": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}],
        "_dmarc.example.com": [{"TXT": "v=DMARC1; p=reject"}]})


def check_stale(server, allowed, want, reason):
    """All records run out, and then no server answers."""
    config = {"resolver": {"nameservers": [server.address], "tries": 1,
                           "timeout": "3s", "serve-stale": allowed}}
    with assaydaemon.Daemon(config) as daemon:
        server.default = dnsserver.Behaviour()
        daemon.send(messages.read(SIGNED), sender="<a@example.com>",
                    client="192.0.2.1", helo="example.com")
        server.default = dnsserver.Behaviour(drop=True)
        time.sleep(1.1)         # the TTL is a second
        result = daemon.send(messages.read(SIGNED), client="192.0.2.1",
                             sender="<a@example.com>", helo="example.com")
        results = results_of(result)
        record = assaydaemon.wait_for(
            lambda: daemon.log().count('"event":"message"') == 2 and
            daemon.records()[-1:], 30, "the record")[0]
    for r in results:
        equal((r.method, r.result), (r.method, want),
              "serve-stale %s: %s" % (allowed, r.method))
        if reason:
            equal(r.reason, STALE, "and why")
        else:
            ok(r.reason != STALE, "for another reason", r.reason)
    equal("stale" in record, bool(reason), "the log says so")
    equal(len(results), 4, "SPF twice, DKIM, DMARC")


@tap.test
def serve_stale():
    server = dnsserver.Server(stale_zone(), ttl=1)
    tap.cleanup(server.stop)
    check_stale(server, "1d", "pass", True)
    check_stale(server, "0s", "temperror", False)


tap.main()
