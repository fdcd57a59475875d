# SPDX-License-Identifier: BSD-2-Clause
"""What assay-tlspol answers: the table, dialects, keys, policy hosts that
fail, first contact, memory."""

import gzip
import os
import socket
import ssl
import threading
import time
import warnings

import assaydaemon
import dnsserver
import tap
import tlspol
from tap import equal, ok
from tlspol import policy, response, sts_zone

if not tlspol.built():
    tap.skip_all("assay-tlspol was not built")

EE = [3, 1, 1, "ab" * 32]
PKIX = [1, 1, 1, "ab" * 32]
NO = "NOTFOUND "
FOLDER = assaydaemon.work_folder()
DOMAINS = ["none", "enforce", "testing", "off", "dane", "danesome", "pkix",
           "bogus", "tlsafails", "insecuredane", "changed", "cold", "many",
           "moved", "missing", "html", "nomedia", "charset", "large", "whole",
           "selfsigned", "othername", "expired", "oldtls", "short", "broken",
           "junk", "endless", "headers", "slow", "private", "restart",
           "unsigned", "gone", "due", "longer", "smart", "mx.smart", "less",
           "vast", "minus", "two", "chunks", "chunk", "hundred", "packed",
           "cut", "chunked", "wild", "late", "brief", "silent", "again"]
HOSTS = tlspol.PolicyHosts(FOLDER, ["mta-sts.%s.example" % d
                                    for d in DOMAINS
                                    if d not in ("othername", "selfsigned")])


def name(domain):
    return domain + ".example"


def host(domain):
    return "mta-sts." + name(domain)


def secure(domain):
    return "OK secure match=mx.%s servername=hostname" % name(domain)


def serve(domain, **options):
    HOSTS.hosts[host(domain)] = response(policy("mx." + name(domain),
                                                **options))


def table_zone():
    zone = {"none.example": [{"MX": [10, "mx.none.example"]}],
            "mx.none.example": [{"A": "192.0.2.1"}]}
    for domain in ("enforce", "testing", "off"):
        zone.update(sts_zone(name(domain)))
    for domain in ("dane", "danesome", "pkix", "tlsafails"):
        zone.update(sts_zone(name(domain), secure=True))
    zone["_25._tcp.mx.dane.example"] = [{"TLSA": EE}]
    zone["danesome.example"].append({"MX": [20, "b.danesome.example"]})
    zone["b.danesome.example"] = [{"A": "192.0.2.2"}]
    zone["_25._tcp.b.danesome.example"] = [{"TLSA": EE}]
    zone["_25._tcp.mx.pkix.example"] = [{"TLSA": PKIX}]
    zone["_25._tcp.mx.tlsafails.example"] = [{"RCODE": 2}]
    zone.update(sts_zone("bogus.example"))
    zone["bogus.example"] = [{"RCODE": 2}]
    zone.update(sts_zone("insecuredane.example"))
    zone["mx.insecuredane.example"] = [{"DNSSEC": True}, {"A": "192.0.2.1"}]
    zone["_25._tcp.mx.insecuredane.example"] = [{"DNSSEC": True},
                                                {"TLSA": EE}]
    return zone


@tap.test
def table():
    for domain in ("enforce", "dane", "danesome", "pkix", "bogus",
                   "tlsafails", "insecuredane"):
        serve(domain)
    serve("testing", mode="testing")
    serve("off", mode="none")
    want = {"none": NO, "testing": NO, "off": NO,
            "enforce": secure("enforce"), "dane": "OK dane",
            "danesome": "OK dane", "pkix": secure("pkix"),
            "insecuredane": secure("insecuredane"),
            "bogus": "TEMP DNS fails to say whether the domain has DANE",
            "tlsafails":
                "TEMP DNS fails to say whether the domain has DANE"}
    with tlspol.Daemon(zone=table_zone(), hosts=HOSTS) as daemon:
        for domain, answer in want.items():
            for when in "first", "from memory":
                equal(daemon.ask(name(domain)), answer,
                      "%s, %s" % (domain, when))
        for domain in "enforce", "dane", "bogus", "tlsafails":
            equal(daemon.ask(name(domain), "sts"), secure(domain),
                  "for Sendmail: " + domain)
        equal(daemon.ask("dane.example", "QUERYwithTLSRPT"), "OK dane",
              "no attributes with dane")
        equal(daemon.ask("enforce.example", "QUERYwithTLSRPT"),
              secure("enforce") + " policy_type=sts policy_domain="
              "enforce.example mx_host_pattern=mx.enforce.example"
              " { policy_string = version: STSv1 }"
              " { policy_string = mode: enforce }"
              " { policy_string = mx: mx.enforce.example }"
              " { policy_string = max_age: 604800 }", "with TLSRPT")
        equal(daemon.ask("enforce.example", "QUERY"), secure("enforce"),
              "QUERY")
        equal(len(HOSTS.asked(host("enforce"))), 1, "fetched once")
        equal(daemon.wait_line("domain", domain="enforce.example")[0]
              ["policy"], "enforce", "the record of it")
        stats = daemon.statistics()
        ok(stats["policies"] == 9 and stats["fetches"] == 9,
           "statistics", stats)
    with tlspol.Daemon({"dane-only": True}, table_zone(),
                       HOSTS) as daemon:
        equal(daemon.ask("dane.example"), "OK dane-only", "dane-only")
        equal(daemon.ask("danesome.example"), "OK dane",
              "dane-only at all hosts alone")


@tap.test
def keys():
    serve("enforce")
    zone = sts_zone("enforce.example")
    zone.update(sts_zone("xn--bcher-kva.example"))
    with tlspol.Daemon(zone=zone, hosts=HOSTS) as daemon:
        with daemon.client() as client:
            for key in ("Enforce.EXAMPLE", "enforce.example."):
                equal(client.ask(key), secure("enforce"), key)
            for key in (".enforce.example", "[enforce.example]",
                        "[enforce.example]:25", "enforce.example:25",
                        "enforce.example:587", "enforce.example:x",
                        "[192.0.2.1]", "192.0.2.1", "example", "a..b",
                        "/enforce.example", "", " enforce.example",
                        "enforce.example ", b"\xff.example",
                        b"enforce.example\0", "x@enforce.example",
                        b"a" * 10000, b"a." * 5000):
                equal(client.ask(key), NO, repr(key[:40]))
            equal(client.ask("enforce.example", "typo"), NO,
                  "a map that is none")
            client.send("postfix")
            ok(client.read().startswith("PERM "), "no key")
            client.send("")
            ok(client.read().startswith("PERM "), "nothing")
            equal(client.ask("enforce.example"), secure("enforce"),
                  "the connection is still good")
        daemon.wait_log("asks for the map")


@tap.test
def smart_hosts():
    """Brackets and ports, where the operator wants them to count."""
    def policy_of(*words):
        return "OK secure match=%s servername=hostname" % ":".join(words)

    serve("enforce")
    HOSTS.hosts[host("smart")] = response(policy("*.smart.example"))
    HOSTS.hosts["mta-sts.mx.smart.example"] = response(
        policy("mx.smart.example"))
    serve("dane")
    zone = sts_zone("enforce.example")
    zone.update(sts_zone("smart.example"))
    zone.update(sts_zone("mx.smart.example"))
    zone["mx.smart.example"] = [{"A": "192.0.2.1"}]
    zone.update(sts_zone("dane.example", secure=True))
    zone["_587._tcp.mx.dane.example"] = [{"TLSA": EE}]
    rows = (
        ("smart.example", policy_of(".smart.example"), "without"),
        ("smart.example:25", policy_of(".smart.example"), "a port"),
        ("SMART.example:2525", policy_of(".smart.example"), "a port"),
        ("[mx.smart.example]", policy_of("mx.smart.example"), "a host"),
        ("[mx.smart.example]:smtp", policy_of("mx.smart.example"), "25"),
        ("[mx.smart.example]:587", policy_of("mx.smart.example"), "587"),
        ("[enforce.example]", NO, "a host that the policy does not have"),
        ("[smart.example]:587", NO, "the same"),
        ("[other.smart.example]", NO, "no policy of a parent"),
        ("dane.example", secure("dane"), "no TLSA at port 25"),
        ("dane.example:587", "OK dane", "TLSA at port 587"),
        ("[192.0.2.1]:25", NO, "an address"))
    with tlspol.Daemon({"smart-hosts": True}, zone, HOSTS) as daemon:
        for when in "first", "from memory":
            for key, answer, what in rows:
                equal(daemon.ask(key), answer, "%s, %s, %s" %
                      (key, what, when))
        equal(len(HOSTS.asked("mta-sts.mx.smart.example")), 2,
              "one entry for port 25, one for 587")
        equal(daemon.wait_line("domain", domain="mx.smart.example",
                               policy="enforce", count=2)[1]["next-hop"],
              "[mx.smart.example]:587", "the record names it")


def misbehave():
    """domain -> what its policy host does"""
    body = policy("mx.x.example")
    padded = body + "x: " + "y" * (65536 - len(body) - 3)
    hosts = {
        "moved": response("", "302 Found", Location="https://" +
                          host("enforce") + "/.well-known/mta-sts.txt"),
        "missing": response(body, "404 Not Found"),
        "html": response(body, media="text/html"),
        "nomedia": response(body, media=None),
        "large": response(padded + "y"),
        "broken": response(body.replace("STSv1", "STSv2")),
        "junk": b"hello\r\n\r\n",
    }

    def endless(tls, _):
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            tls.sendall(b"x: y\n" * 1000)

    def headers(tls, _):
        tls.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            tls.sendall(b"X-Header: y\r\n" * 100)

    def slow(tls, _):
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            tls.sendall(b"x")
            time.sleep(0.1)

    def chunks(tls, _):
        tls.sendall(CHUNKED)
        while True:
            tls.sendall(b"400\r\n" + b"x: y\n" * 204 + b"abc\n\r\n")

    def cut(tls, _):
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" +
                    body.encode())
        socket.socket.close(tls)

    def hundred(tls, _):
        while True:
            tls.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    hosts.update(endless=endless, headers=headers, slow=slow, chunks=chunks,
                 hundred=hundred, cut=cut)
    hosts.update(lies(body))
    return hosts, padded


CHUNKED = (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
           b"Transfer-Encoding: chunked\r\n\r\n")


def lies(body):
    """About the length, and about what it is the length of."""
    return {
        "short": response(body, length=len(body) + 10),
        "less": response(body, length=len(body) - 10),
        "vast": response(body, length=1 << 63),
        "minus": response(body, length=-1),
        "two": response(body, Content_Length="7"),
        "chunk": CHUNKED + b"ffffffffffffffff\r\n" + body.encode(),
        "packed": response(gzip.compress(b"x" * (10 << 20)),
                           Content_Encoding="gzip"),
    }


@tap.test
def policy_hosts():
    hosts, padded = misbehave()
    for domain, host_does in hosts.items():
        HOSTS.hosts[host(domain)] = host_does
    for domain in ("selfsigned", "othername", "private", "enforce",
                   "expired"):
        serve(domain)
    other = tlspol.Authority(FOLDER, "other")
    HOSTS.set_certificate(host("selfsigned"),
                          *other.certificate(host("selfsigned")))
    HOSTS.set_certificate(host("othername"),
                          *HOSTS.ca.certificate(name("othername")))
    HOSTS.set_certificate(host("expired"), *HOSTS.ca.certificate(
        host("expired"), days=-1))

    # RFC 8461 section 3.3: the name as a DNS-ID, and nowhere else.
    for domain, names in (("commonname", []),
                          ("mailname", ["email:DNS@commonname.example"])):
        serve(domain)
        HOSTS.set_certificate(host(domain), *HOSTS.ca.certificate(
            *names, subject="/CN=" + host(domain)))
    serve("wild")
    HOSTS.set_certificate(host("wild"), *HOSTS.ca.certificate(
        "email:a@wild.example", "*.wild.example", subject="/CN=x.example"))

    HOSTS.hosts[host("whole")] = response(padded)
    HOSTS.hosts[host("chunked")] = CHUNKED + b"".join(
        b"%x\r\n%c\r\n" % (1, c)
        for c in policy("mx.x.example").encode()) + b"0\r\n\r\n"
    HOSTS.hosts[host("charset")] = response(
        policy("mx.x.example"), media='Text/Plain; charset="utf-8"')
    bad = list(hosts) + ["selfsigned", "othername", "expired", "commonname",
                         "mailname"]
    zone = {}
    for domain in bad + ["whole", "charset", "chunked", "enforce", "wild"]:
        zone.update(sts_zone(name(domain)))
    zone.update(sts_zone("private.example", address="10.1.2.3"))
    led = len(HOSTS.asked(host("enforce")))
    zone.update(sts_zone("gone.example"))
    del zone["mta-sts.gone.example"]
    zone.update(sts_zone("dumb.example"))
    zone["mta-sts.dumb.example"] = [{"RCODE": 2}]
    with tlspol.Daemon({"https": {"timeout": "2s"},
                        "answer-within": "20s"}, zone, HOSTS) as daemon:
        for domain in bad + ["private", "gone", "dumb"]:
            equal(daemon.ask(name(domain)), NO, domain)
            record = daemon.wait_line("domain", domain=name(domain))[-1]
            equal(record.get("fetch"), "failed",
                  "%s: %s" % (domain, record.get("fetch-problem")))
        equal(daemon.ask("wild.example"), secure("wild"), "a wildcard")
        record = daemon.wait_line("domain", domain="commonname.example")[-1]
        ok("common name" in record["fetch-problem"], "the reason", record)
        record = daemon.wait_line("domain", domain="dumb.example")[-1]
        equal(record["fetch-problem"],
              "DNS did not answer for the policy host", "DNS was silent")
        equal(len(HOSTS.asked(host("enforce"))), led, "nobody was led there")
        asked = len(HOSTS.asked(host("missing")))
        equal(daemon.ask("missing.example"), NO, "again, from memory")
        equal(len(HOSTS.asked(host("missing"))), asked,
              "a failure is remembered")
    with tlspol.Daemon(zone=zone, hosts=HOSTS) as daemon:
        for domain in "whole", "charset", "chunked":
            equal(daemon.ask(name(domain)),
                  "OK secure match=mx.x.example servername=hostname", domain)


def slow_networks(daemon, networks, count, full):
    """
    A question for each of `count` domains of each network, whose policy
    hosts take connections and say nothing, `full` of them in all.  The
    sockets, those connections last.
    """
    sockets, clients = [], []
    for network in range(networks):
        sock = socket.socket()
        # The port was used a moment ago.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.%d.2" % (network + 1), HOSTS.port))
        sock.listen(4096)
        sock.setblocking(False)
        sockets.append(sock)
        for i in range(count):
            client = daemon.client()
            client.send("postfix " + slow_name(network, i))
            clients.append(client)
    equal({client.read() for client in clients}, {NO}, "not known in time")
    connections = []
    tlspol.until(lambda: accept_all(sockets, connections) == full,
                 "%d transfers" % full)
    return sockets + clients + connections


def is_open(sock):
    """The daemon has not closed it."""
    sock.setblocking(False)
    try:
        while sock.recv(1 << 16):
            pass
        return False
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def accept_all(sockets, connections):
    for sock in sockets:
        try:
            connections.append(sock.accept()[0])
        except BlockingIOError:
            pass
    return len(connections)


def slow_name(network, i):
    return "d%d.n%d.example" % (i, network)


def slow_zone(networks, count):
    zone = sts_zone("enforce.example")
    zone.update(sts_zone("none.example"))
    del zone["_mta-sts.none.example"]
    for network in range(networks):
        for i in range(count):
            zone["_mta-sts." + slow_name(network, i)] = [
                {"TXT": "v=STSv1; id=1;"}]
            zone["mta-sts." + slow_name(network, i)] = [
                {"A": "127.0.%d.2" % (network + 1)}]
    return zone


@tap.test
def slow_hosts():
    """Policy hosts that are silent delay nobody but their own domains."""
    serve("enforce")
    for networks, count, full in ((1, 600, 16), (5, 20, 64)):
        what = "%d networks" % networks
        with tlspol.Daemon({"answer-within": "100ms",
                            "log": {"level": "info"}},
                           slow_zone(networks, count), HOSTS) as daemon:
            sockets = slow_networks(daemon, networks, count, full)
            begin = tlspol.now()
            equal(daemon.ask("none.example"), NO, what + ": no policy")
            daemon.ask("enforce.example")
            daemon.wait_line("domain", domain="enforce.example",
                             fetch="done")
            took = tlspol.now() - begin
            # Those of one network do not take all places: no end of one of
            # them, which come after 10 s, was waited for.
            ok(took < 5 or is_open(sockets[-full]) if networks == 1 else
               took < 60, "%s: fetched after %.1f s" % (what, took))
            equal(daemon.ask("enforce.example"), secure("enforce"), what)
            stats = daemon.statistics()
            ok(stats["lookups-open"] <= 16 + 256 if networks == 1 else
               stats["lookups-open"] < 100, what, stats)
            for sock in sockets:
                sock.close()


@tap.test
def old_tls():
    """TLS 1.1 is no TLS (RFC 8461 section 3.3)."""
    hosts = tlspol.PolicyHosts(assaydaemon.work_folder(), [host("oldtls")])
    hosts.hosts[host("oldtls")] = response(policy("mx.oldtls.example"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hosts.context.set_ciphers("ALL:@SECLEVEL=0")
        hosts.context.minimum_version = ssl.TLSVersion.TLSv1
        hosts.context.maximum_version = ssl.TLSVersion.TLSv1_1
    with tlspol.Daemon(zone=sts_zone("oldtls.example"),
                       hosts=hosts) as daemon:
        equal(daemon.ask("oldtls.example"), NO, "TLS 1.1")
        record = daemon.wait_line("domain", domain="oldtls.example")[0]
        equal(record.get("fetch"), "failed", record.get("fetch-problem"))


@tap.test
def private_networks():
    """Loopback is refused when nobody allows it."""
    serve("private")
    before = HOSTS.connections
    with tlspol.Daemon({"https": {"allow-networks": []}},
                       sts_zone("private.example"), HOSTS) as daemon:
        equal(daemon.ask("private.example"), NO, "not allowed")
        record = daemon.wait_line("domain", domain="private.example")[0]
        ok("public" in record["fetch-problem"], "the reason", record)
    equal(HOSTS.connections, before, "nobody connected")


@tap.test
def first_contact():
    """A cold cache defers nothing, and the fetch goes on."""
    serve("cold")
    HOSTS.gate = threading.Event()
    try:
        with tlspol.Daemon({"answer-within": "300ms"},
                           sts_zone("cold.example"), HOSTS) as daemon:
            begin = tlspol.now()
            equal(daemon.ask("cold.example"), NO, "not known in time")
            took = tlspol.now() - begin
            # The fetch itself would have 60 s.
            ok(0.25 < took < 30, "in its time: %.3f s" % took)
            HOSTS.gate.set()
            daemon.wait_line("domain", domain="cold.example")
            equal(daemon.ask("cold.example"), secure("cold"),
                  "the fetch went on")
    finally:
        HOSTS.gate.set()
        HOSTS.gate = None


@tap.test
def single_flight():
    """Many ask at once: one question to DNS, one fetch."""
    serve("many")
    HOSTS.gate = threading.Event()
    server = dnsserver.Server(sts_zone_plain("many.example"))
    try:
        with tlspol.Daemon({"resolver": {"nameservers": [server.address],
                                         "timeout": "30s"},
                            "answer-within": "30s"}, None,
                           HOSTS) as daemon:
            clients = [daemon.client() for _ in range(50)]
            for client in clients:
                client.send("postfix many.example")
            tlspol.until(lambda: HOSTS.asked(host("many")), "the fetch")
            HOSTS.gate.set()
            answers = {client.read() for client in clients}
            equal(answers, {secure("many")}, "all are answered")
            equal(len(HOSTS.asked(host("many"))), 1, "one fetch")
            equal(len(server.asked("_mta-sts.many.example")), 1,
                  "one question")
            for client in clients:
                client.close()
    finally:
        HOSTS.gate = None
        server.stop()


@tap.test
def dane_is_late():
    """The policy is there, DANE not yet: everybody waits for it."""
    serve("late")
    server = dnsserver.Server(sts_zone_plain("late.example"))
    server.behave("late.example", delay=2)
    try:
        with tlspol.Daemon({"resolver": {"nameservers": [server.address]},
                            "answer-within": "30s"}, None, HOSTS) as daemon:
            first = daemon.client()
            first.send("postfix late.example")
            tlspol.until(lambda: daemon.statistics()["policies"] == 1,
                         "the policy")
            equal(daemon.ask("late.example", "sts"), secure("late"),
                  "Sendmail has no DANE to wait for")
            equal(daemon.ask("late.example"), secure("late"),
                  "one that came after the policy")
            equal(first.read(), secure("late"), "the first one")
            first.close()
    finally:
        server.stop()


@tap.test
def silent_for_long():
    """DNS has failed before, and works when the next one asks."""
    serve("silent")
    folder = assaydaemon.work_folder()
    cache = os.path.join(folder, "policies")
    now = int(time.time())
    with open(cache, "w") as f:
        f.write("assay-tlspol policies 1\n"
                "silent.example %d %d 1 unknown enforce 604800 "
                "mx.silent.example\nend 1\n" % (now, now))
    server = dnsserver.Server(sts_zone_plain("silent.example"))
    server.behave("silent.example", delay=0.5)
    try:
        with tlspol.Daemon({"resolver": {"nameservers": [server.address]},
                            "cache": {"file": cache}}, None,
                           HOSTS) as daemon:
            equal(daemon.ask("silent.example"), secure("silent"),
                  "the policy is known, DANE is waited for")
    finally:
        server.stop()


@tap.test
def brief_policy():
    """It ends before its record does: fetched anew, never forgotten."""
    serve("brief", max_age=2)
    answers = set()

    def ask(daemon):
        answers.add(daemon.ask("brief.example"))
        return len(HOSTS.asked(host("brief"))) > 2

    with tlspol.Daemon(zone=sts_zone("brief.example"),
                       hosts=HOSTS) as daemon:
        tlspol.until(lambda: ask(daemon), "a third fetch")
        equal(answers, {secure("brief")}, "always an answer")


def sts_zone_plain(domain):
    """For dnsserver, which knows no DNSSEC entries."""
    return {n: [r for r in records if "DNSSEC" not in r]
            for n, records in sts_zone(domain).items()}


@tap.test
def authenticated():
    """AD of a loopback name server counts; with trust-ad: no it does not."""
    serve("dane")
    zone = sts_zone_plain("dane.example")
    zone["_25._tcp.mx.dane.example"] = [{"TLSA": EE}]
    server = dnsserver.Server(zone)
    for owner in zone:
        server.behave(owner, ad=True)
    try:
        for trust, answer in (("auto", "OK dane"), ("no", secure("dane"))):
            config = {"resolver": {"nameservers": [server.address],
                                   "trust-ad": trust}}
            with tlspol.Daemon(config, None, HOSTS) as daemon:
                equal(daemon.ask("dane.example"), answer,
                      "trust-ad: " + trust)
    finally:
        server.stop()


@tap.test
def dns_is_shut():
    """Nobody answers: no policy, in time; nothing is deferred."""
    sock, address = dnsserver.dead_port()
    config = {"resolver": {"nameservers": [address], "timeout": "100ms",
                           "tries": 1}, "answer-within": "5s"}
    with sock, tlspol.Daemon(config, None, HOSTS) as daemon:
        for domain in "none.example", "enforce.example":
            equal(daemon.ask(domain), NO, domain)
        lookups = daemon.statistics()["lookups"]
        equal(daemon.ask("none.example"), NO, "again")
        equal(daemon.statistics()["lookups"], lookups,
              "a failure is remembered")


def cpu_seconds(daemon):
    with open("/proc/%d/stat" % daemon.process.pid, encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return sum(int(t) for t in fields[11:13]) / os.sysconf("SC_CLK_TCK")


@tap.test
def memory_is_quick():
    """In CPU time: a busy machine makes everybody wait."""
    serve("enforce")
    with tlspol.Daemon(zone=sts_zone("enforce.example"),
                       hosts=HOSTS) as daemon:
        with daemon.client() as client:
            client.ask("enforce.example")
            before, used = daemon.statistics(), cpu_seconds(daemon)
            answers = {client.ask("enforce.example") for _ in range(2000)}
            used = (cpu_seconds(daemon) - used) / 2000
            equal(answers, {secure("enforce")}, "from memory")
            after = daemon.statistics()
            equal((after["lookups"], after["fetches"]),
                  (before["lookups"], before["fetches"]), "nobody is asked")
            # With room for sanitizers.
            ok(used < 0.001, "%.0f us of CPU" % (used * 1e6))


def restart(daemon, **changes):
    daemon.check_stop("before the change")
    zone = changes.pop("zone", None)
    daemon.configure(changes.pop("config", None), zone)
    os.unlink(daemon.log_path)
    daemon.start()


@tap.test
def survives_restarts():
    """The cache file, and what may change under a known policy."""
    serve("restart")
    folder = assaydaemon.work_folder()
    cache = os.path.join(folder, "policies")
    config = {"cache": {"file": cache}}
    zone = sts_zone("restart.example")
    daemon = tlspol.Daemon(config, zone, HOSTS)
    daemon.start()
    equal(daemon.ask("restart.example"), secure("restart"), "fetched")

    dead = dict(zone)
    for owner in zone:
        dead[owner] = ["TIMEOUT"]
    restart(daemon, config=config, zone=dead)
    daemon.wait_log("1 policies")
    equal(daemon.ask("restart.example"), secure("restart"),
          "DNS down: from the file")
    record = daemon.wait_line("domain", domain="restart.example")[0]
    equal((record["record"], record["policy"]), ("unknown", "enforce"),
          "the lookup failed, the policy stays")
    ok(daemon.ask("restart.example").startswith("TEMP "),
       "DNS does not say whether there is DANE")
    stats = daemon.statistics()
    equal((stats["lookups"], stats["dns-failures"]), (1, 1),
          "one lookup, one failure of DNS")

    gone = {k: v for k, v in zone.items() if not k.startswith("_mta")}
    restart(daemon, config=config, zone=gone)
    daemon.ask("restart.example")
    daemon.wait_line("domain", domain="restart.example")
    equal(daemon.ask("restart.example"), secure("restart"),
          "the record has gone: the policy stays")

    changed = sts_zone("restart.example", identifier="2")
    HOSTS.hosts[host("restart")] = response("", "500 Oops")
    restart(daemon, config=config, zone=changed)
    daemon.ask("restart.example")
    daemon.wait_line("domain", domain="restart.example", fetch="failed")
    equal(daemon.ask("restart.example"), secure("restart"),
          "a new id, and the fetch fails: the old policy")

    serve("restart", mode="none")
    restart(daemon, config=config, zone=changed)
    equal(daemon.ask("restart.example"), secure("restart"),
          "still the old one")
    daemon.wait_line("domain", domain="restart.example", policy="none")
    equal(daemon.ask("restart.example"), NO, "mode none ends it at once")
    daemon.check_stop("the last one")


@tap.test
def refreshed_ahead():
    """Half of its life is over: fetched anew though nobody asks."""
    serve("due", max_age=1000)
    folder = assaydaemon.work_folder()
    cache = os.path.join(folder, "policies")
    now = int(time.time())
    with open(cache, "w") as f:
        f.write("assay-tlspol policies 1\n"
                "due.example %d %d 1 none enforce 1000 mx.due.example\n"
                "longer.example %d %d 1 none enforce 100000 a.example\n"
                "past.example %d %d 1 none enforce 1000 a.example\n"
                "end 3\n" % (now - 501, now - 501, now - 501, now - 501,
                             now - 1001, now - 1001))
    zone = sts_zone("due.example")
    zone.update(sts_zone("longer.example"))
    with tlspol.Daemon({"cache": {"file": cache}}, zone, HOSTS) as daemon:
        daemon.wait_line("domain", domain="due.example", fetch="done")
        equal(len(HOSTS.asked(host("due"))), 1, "fetched anew")
        equal(len(HOSTS.asked(host("longer"))), 0,
              "half of its life is not over")
        equal(daemon.ask("longer.example"),
              "OK secure match=a.example servername=hostname", "from file")
        equal(daemon.ask("past.example"), NO, "it has expired")
    with open(cache) as f:
        text = f.read()
    ok("past.example" not in text and "due.example" in text,
       "the file", text)


@tap.test
def broken_file():
    folder = assaydaemon.work_folder()
    cache = os.path.join(folder, "policies")
    good = "a.example %d 1 x none enforce 1000000 mx.a.example\n" % \
        time.time()
    for what, text in (
            ("cut off", "assay-tlspol policies 1\n" + good),
            ("another count", "assay-tlspol policies 1\n%send 2\n" % good),
            ("octets", "\0\xff\n" * 1000),
            ("a bad line", "assay-tlspol policies 1\n%sjunk\nend 2\n" % good),
            ("a bad policy", "assay-tlspol policies 1\n" +
             good.replace("mx.a", "*.*.a") + "end 1\n"),
            ("more after the end", "assay-tlspol policies 1\n%send 1\nx\n" %
             good),
            ("empty", "")):
        with open(cache, "w", encoding="latin-1") as f:
            f.write(text)
        with tlspol.Daemon({"cache": {"file": cache}},
                           sts_zone("none.example"), HOSTS) as daemon:
            daemon.wait_log("is wrong; it is")
            with open(cache + ".broken", encoding="latin-1") as f:
                equal(f.read(), text, what + ": set aside")
        with open(cache) as f:
            ok(f.read().startswith("assay-tlspol policies 1\n"),
               what + ": a new one is written")


tap.main()
