# SPDX-License-Identifier: BSD-2-Clause
"""assay-tlspol and its clients, kind ones and others; its life."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import threading

import assaydaemon
import tap
import tlspol
from tap import equal, ok
from tlspol import netstring, policy, response, sts_zone

if not tlspol.built():
    tap.skip_all("assay-tlspol was not built")

NO = "NOTFOUND "
FOLDER = assaydaemon.work_folder()
HOST = "mta-sts.enforce.example"
HOSTS = tlspol.PolicyHosts(FOLDER, [HOST, "mta-sts.held.example"])
HOSTS.hosts[HOST] = response(policy("mx.enforce.example"))
HOSTS.hosts["mta-sts.held.example"] = response(policy("mx.held.example"))
ZONE = sts_zone("enforce.example")
ZONE.update(sts_zone("held.example"))
SECURE = "OK secure match=mx.enforce.example servername=hostname"
MILLION = int(os.environ.get("TLSPOL_DOMAINS", "1000000"))


def is_well(daemon, when):
    """Others are served as if nothing was."""
    begin = tlspol.now()
    equal(daemon.ask("enforce.example"), SECURE, when + ": answered")
    took = tlspol.now() - begin
    # Who had to wait for another's connection would wait for 30 s.
    ok(took < 20, "%s: in %.3f s" % (when, took))


@tap.test
def half_requests():
    with tlspol.Daemon(zone=ZONE, hosts=HOSTS) as daemon:
        daemon.ask("enforce.example")
        halves = []
        for text in (b"", b"1", b"24", b"24:", b"24:postfix enforce.example",
                     b"10240:x"):
            client = daemon.client()
            client.sock.sendall(text)
            halves.append(client)
        is_well(daemon, "halves of requests wait")
        halves[4].sock.sendall(b"\0,")
        equal(halves[4].read(), NO, "one is completed")
        for text in (b"x", b"01:a,", b"5:abcdefgh", b"10241:", b":,",
                     b"GET / HTTP/1.1\r\n\r\n", b"99999999999999999999:"):
            client = daemon.client()
            client.sock.sendall(text)
            equal(client.read(), None, "closed: %r" % text)
        with daemon.client() as client:
            # Octet by octet.
            for octet in netstring("postfix enforce.example"):
                client.sock.sendall(bytes([octet]))
            equal(client.read(), SECURE, "octet by octet")
        stats = daemon.statistics()
        equal(stats["requests-bad"], 7, "counted")


@tap.test
def pipelined():
    """Many at once on one connection, answered in order."""
    with tlspol.Daemon(zone=ZONE, hosts=HOSTS) as daemon:
        with daemon.client() as client:
            client.sock.sendall(b"".join(
                netstring("postfix " + key) for key in
                ["enforce.example", "a.example", "[x]"] * 300))
            got = [client.read() for _ in range(900)]
            equal(got, [SECURE, NO, NO] * 300, "in order")


@tap.test
def does_not_read():
    """A client that asks and never reads: it alone is stuck."""
    with tlspol.Daemon(zone=ZONE, hosts=HOSTS) as daemon:
        daemon.ask("enforce.example")
        client = daemon.client()
        client.sock.setblocking(False)
        request = netstring("QUERYwithTLSRPT enforce.example") * 100
        sent = 0
        stuck = 0
        while stuck < 20 and sent < 50 << 20:
            try:
                sent += client.sock.send(request)
                stuck = 0
            except BlockingIOError:
                stuck += 1
                is_well(daemon, "stuck after %d octets" % sent)
        ok(sent < 50 << 20, "it cannot send for ever: %d" % sent)
        client.close()
        is_well(daemon, "it has gone")


def allow_descriptors(number):
    """Of this program; what it starts later has the old limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(number, hard), hard)
                           if hard != resource.RLIM_INFINITY else
                           (number, hard))


@tap.test
def many_connections():
    """One more than there is room for: the longest silent one goes."""
    with tlspol.Daemon(zone=ZONE, hosts=HOSTS) as daemon:
        daemon.ask("enforce.example")
        allow_descriptors(1500)
        clients = [daemon.client() for _ in range(1100)]
        is_well(daemon, "1,100 connections")
        stats = daemon.statistics()
        ok(stats["connections-open"] <= 1000, "bounded", stats)
        equal(clients[0].read(), None, "the first one was closed")
        equal(clients[-1].ask("enforce.example"), SECURE, "the last was not")
        for client in clients:
            client.close()


@tap.test
def as_many_as_allowed():
    """As many as there is room for: nobody has to go."""
    with tlspol.Daemon(zone=ZONE, hosts=HOSTS) as daemon:
        clients = [daemon.client() for _ in range(1000)]
        equal([client.ask("none.example") for client in clients],
              [NO] * 1000, "1,000 clients")
        stats = daemon.statistics()
        equal(stats["connections-open"], 1000, "all are open")
        equal(stats["connections-crowded"], 0, "nobody made room")
        clients.append(daemon.client())
        equal(clients[-1].ask("none.example"), NO, "one more")
        equal(clients[0].read(), None, "for the one that was silent longest")
        equal(daemon.statistics()["connections-crowded"], 1, "counted")
        for client in clients:
            client.close()


@tap.test
def half_closed():
    """A client that has sent all its questions, and waits."""
    port = assaydaemon.free_port()
    sockets = ["local:" + os.path.join(assaydaemon.work_folder(), "s"),
               "inet:%d@127.0.0.1" % port]
    HOSTS.gate = threading.Event()
    try:
        with tlspol.Daemon({"answer-within": "30s", "socket": sockets},
                           ZONE, HOSTS) as daemon:
            clients = [tlspol.Client(s) for s in sockets]
            for client in clients:
                client.sock.sendall(netstring("postfix held.example") +
                                    netstring("postfix none.example"))
                client.sock.shutdown(socket.SHUT_WR)
            tlspol.until(lambda: HOSTS.asked("mta-sts.held.example"),
                         "the fetch")
            equal(daemon.ask("none.example"), NO, "others meanwhile")
            HOSTS.gate.set()
            for client in clients:
                equal([client.read() for _ in range(3)],
                      ["OK secure match=mx.held.example "
                       "servername=hostname", NO, None],
                      "both, and the end")
                client.close()
    finally:
        HOSTS.gate.set()
        HOSTS.gate = None


@tap.test
def shorter_time():
    """A reload that gives questions less time, while one waits."""
    HOSTS.gate = threading.Event()
    config = {"answer-within": "30s"}
    try:
        with tlspol.Daemon(config, ZONE, HOSTS) as daemon:
            before = daemon.client()
            before.send("postfix held.example")
            tlspol.until(lambda: daemon.statistics()["waited"] == 1,
                         "the first")
            daemon.configure({"answer-within": "200ms"})
            daemon.kill(signal.SIGHUP)
            daemon.wait_log("reloaded ")
            begin = tlspol.now()
            equal(daemon.ask("held.example"), NO, "one that came later")
            took = tlspol.now() - begin
            ok(took < 5, "in its own time: %.3f s" % took)
            HOSTS.gate.set()
            equal(before.read(),
                  "OK secure match=mx.held.example servername=hostname",
                  "the first has all of its time")
            before.close()
    finally:
        HOSTS.gate.set()
        HOSTS.gate = None


def flood(daemon, names, window=2000):
    """Asks for all of them, `window` under way; how many were NOTFOUND."""
    good = [0]
    client = daemon.client(120)
    room = threading.Semaphore(window)

    def read():
        data = b""
        while good[0] < len(names):
            more = client.sock.recv(1 << 16)
            if not more:
                return
            data += more
            count = data.count(b"9:NOTFOUND ,")
            good[0] += count
            data = data[-11:] if data[-12:] != b"9:NOTFOUND ," else b""
            for _ in range(count):
                room.release()

    reader = threading.Thread(target=read)
    reader.start()
    batch = []
    for name in names:
        room.acquire()
        batch.append(netstring(b"postfix " + name))
        if len(batch) == window // 10:
            client.sock.sendall(b"".join(batch))
            batch = []
    client.sock.sendall(b"".join(batch))
    reader.join(120)
    client.close()
    return good[0]


def resident(daemon):
    with open("/proc/%d/status" % daemon.process.pid) as f:
        for line in f:
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    return 0


@tap.test
def many_domains():
    """A million domains: memory is bounded, policies stay."""
    names = [b"d%d.none.example" % i for i in range(MILLION)]
    config = {"cache": {"domains": 20000}, "log": {"level": "info"}}
    with tlspol.Daemon(config, ZONE, HOSTS) as daemon:
        daemon.ask("enforce.example")
        equal(flood(daemon, names[:50000]), 50000, "the first 50,000")
        before = resident(daemon)
        equal(flood(daemon, names[50000:]), MILLION - 50000, "all others")
        after = resident(daemon)
        if assaydaemon.is_sanitized(tlspol.binary()):
            tap.skip("memory", "the sanitizer's own grows")
        else:
            ok(after < before + 20000, "%d KiB, and then %d" %
               (before, after))
        stats = daemon.statistics()
        ok(stats["domains"] <= 20000, "domains", stats)
        equal(stats["policies"], 1, "the policy is still there")
        fetches = stats["fetches"]
        is_well(daemon, "after a million")
        equal(daemon.statistics()["fetches"], fetches, "from memory")


@tap.test
def many_records():
    """6,000 domains that seem to have a policy, and have none."""
    names = ["d%d.example" % i for i in range(6000)]
    zone = dict(ZONE)
    for name in names:
        zone["_mta-sts." + name] = [{"TXT": "v=STSv1; id=1;"}]
        zone["mta-sts." + name] = [{"A": "10.0.0.1"}]
    names = [name.encode() for name in names]
    config = {"cache": {"domains": 4000}, "log": {"level": "error"}}
    with tlspol.Daemon(config, zone, HOSTS) as daemon:
        daemon.ask("enforce.example")
        equal(flood(daemon, names[:2000]), 2000, "the first 2,000")
        before = resident(daemon)
        equal(flood(daemon, names[2000:]), 4000, "all others")
        after = resident(daemon)
        if assaydaemon.is_sanitized(tlspol.binary()):
            tap.skip("memory", "the sanitizer's own grows")
        else:
            ok(after < before + 10000, "%d KiB, and then %d" %
               (before, after))
        is_well(daemon, "after that")


@tap.test
def many_keys():
    """100,000 keys that are no domains, 1,000 of 10,000 octets."""
    names = [b"x" * (i % 100) + b"." * 3 for i in range(100000)] + \
        [b"x" * (i % 70) + b"." * 2 + b"y" * 9900 for i in range(1000)]
    with tlspol.Daemon({"log": {"level": "info"}}, ZONE, HOSTS) as daemon:
        equal(flood(daemon, names, 50), len(names), "all are answered")
        equal(daemon.statistics()["lookups"], 0, "nothing was looked up")
        is_well(daemon, "after that")


@tap.test
def client_goes_away():
    """While its question waits."""
    HOSTS.gate = threading.Event()
    try:
        with tlspol.Daemon({"answer-within": "30s"}, ZONE, HOSTS) as daemon:
            clients = [daemon.client() for _ in range(20)]
            for client in clients:
                client.send("postfix held.example")
            tlspol.until(lambda: HOSTS.asked("mta-sts.held.example"),
                         "the fetch")
            for client in clients[:19]:
                client.close()
            HOSTS.gate.set()
            equal(clients[19].read(),
                  "OK secure match=mx.held.example servername=hostname",
                  "the one that stayed")
            clients[19].close()
    finally:
        HOSTS.gate.set()
        HOSTS.gate = None


@tap.test
def stops_with_questions():
    """At SIGTERM those that wait are answered by what is known."""
    HOSTS.gate = threading.Event()
    before = len(HOSTS.asked("mta-sts.held.example"))
    try:
        daemon = tlspol.Daemon({"answer-within": "30s"}, ZONE, HOSTS).start()
        idle, waiting = daemon.client(), daemon.client()
        waiting.send("postfix held.example")
        tlspol.until(lambda: len(HOSTS.asked("mta-sts.held.example")) >
                     before, "the fetch")
        begin = tlspol.now()
        daemon.kill(signal.SIGTERM)
        equal(waiting.read(), NO, "answered")
        equal(idle.read(), None, "the idle one is closed")
        equal(daemon.wait(), 0, "it ends")
        ok(tlspol.now() - begin < 25, "soon")
        daemon.check_sanitizers("stopped")
    finally:
        HOSTS.gate.set()
        HOSTS.gate = None


@tap.test
def reloads():
    daemon = tlspol.Daemon(zone=ZONE, hosts=HOSTS)
    with daemon:
        equal(daemon.ask("enforce.example"), SECURE, "before")
        with open(daemon.path) as f:
            good = f.read()
        with open(daemon.path, "a") as f:
            f.write("answer-with: 3s\n")
        daemon.kill(signal.SIGHUP)
        daemon.wait_log("not reloaded")
        ok("did you mean answer-within" in daemon.log(), "it says why")
        equal(daemon.ask("enforce.example"), SECURE, "the old one stays")
        changed = dict(ZONE)
        changed["enforce.example"] = [{"RCODE": 2}]
        changed.update(sts_zone("held.example", secure=True))
        changed["_25._tcp.mx.held.example"] = [
            {"TLSA": [3, 1, 1, "ab" * 32]}]
        daemon.configure(good, changed)
        for _ in range(3):
            count = daemon.log().count("reloaded ")
            daemon.kill(signal.SIGHUP)
            tlspol.until(lambda: daemon.log().count("reloaded ") > count,
                         "a reload")
        equal(daemon.ask("held.example"), "OK dane", "the new zone is used")
        daemon.configure(good.replace("0666", "0600"), None)
        daemon.kill(signal.SIGHUP)
        daemon.wait_log("change only with a restart")


def run(*arguments):
    return subprocess.run([tlspol.binary()] + list(arguments),
                          capture_output=True, text=True, timeout=60)


@tap.test
def command_line():
    equal(run("-V").stdout.split()[0], "assay-tlspol", "-V")
    equal(run("--help").returncode, 0, "--help")
    equal(run("-x").returncode, 64, "an unknown option")
    equal(run("more").returncode, 64, "an argument")
    path = os.path.join(FOLDER, "t.yaml")
    for text, status, words in (
            ("", 0, "is fine"),
            ("cache: {domains: 1}\n", 78, ":1:18: cache.domains is '1'"),
            ("socket: inet:8461@192.0.2.1\n", 78, "remote-clients: yes"),
            ("socket: inet:8461@192.0.2.1\nremote-clients: yes\n", 0,
             "is fine"),
            ("user: nobody-has-this-name\n", 78, "nobody-has-this-name"),
            ("https: {ca-file: none.pem}\n", 78, "https.ca-file")):
        with open(path, "w") as f:
            f.write(text)
        done = run("-t", "-c", path)
        equal(done.returncode, status, "status of %r" % text)
        ok(words in done.stdout + done.stderr, "says %r" % words,
           done.stdout, done.stderr)
    with open(os.path.join(assaydaemon.top_srcdir(),
                           "etc/assay-tlspol.yaml")) as f:
        shipped = f.read()
    with open(path, "w") as f:
        f.write(shipped.replace("user: assay\n", ""))
    equal(run("-t", "-c", path).returncode, 0, "the one that is installed")


@tap.test
def sockets():
    """A local one and two of loopback; another process at one of them."""
    ports = [assaydaemon.free_port() for _ in range(2)]
    local = "local:" + os.path.join(assaydaemon.work_folder(), "s")
    config = {"socket": [local] + ["inet:%d@127.0.0.1" % p for p in ports]}
    with tlspol.Daemon(config, ZONE, HOSTS) as daemon:
        for spelling in config["socket"]:
            with tlspol.Client(spelling) as client:
                equal(client.ask("enforce.example"), SECURE, spelling[:6])
        other = tlspol.Daemon({"socket": local}, ZONE, HOSTS).spawn()
        equal(other.wait(), 69, "a second one at the same socket")
        equal(daemon.ask("enforce.example"), SECURE, "the first goes on")
    ok(not os.path.exists(local[6:]), "the socket is removed")


@tap.test
def socket_activation():
    """A socket of the service manager outlives the daemon."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    spelling = "inet:%d@127.0.0.1" % listener.getsockname()[1]
    daemon = tlspol.Daemon({"socket": spelling}, ZONE, HOSTS)

    def spawn():
        return subprocess.Popen(
            assaydaemon.ACTIVATED +
            [tlspol.binary(), "-f", "-c", daemon.path],
            stdin=listener, stderr=subprocess.DEVNULL, env=daemon.env)

    first = spawn()
    with tlspol.Client(spelling, 60) as client:
        equal(client.ask("enforce.example"), SECURE, "answered")
    first.terminate()
    equal(first.wait(60), 0, "the first one ends")
    client = tlspol.Client(spelling, 60)
    client.send("postfix enforce.example")
    second = spawn()
    equal(client.read(), SECURE, "the question has waited for the second")
    client.close()
    second.terminate()
    equal(second.wait(60), 0, "the second one ends")
    listener.close()


@tap.test
def socket_of_systemd():
    """Started by the first connection, with two sockets."""
    program = shutil.which("systemd-socket-activate")
    if not program:
        tap.skip("systemd's own sockets", "no systemd-socket-activate")
        return
    ports = [assaydaemon.free_port() for _ in range(2)]
    daemon = tlspol.Daemon(zone=ZONE, hosts=HOSTS)
    process = subprocess.Popen(
        [program] + ["--listen=127.0.0.1:%d" % port for port in ports] +
        [tlspol.binary(), "-f", "-c", daemon.path],
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=daemon.env)
    for port in ports:
        spelling = "inet:%d@127.0.0.1" % port
        tlspol.until(lambda: listens(spelling), spelling)
        with tlspol.Client(spelling, 60) as client:
            equal(client.ask("enforce.example"), SECURE, "port %d" % port)
    ok(not os.path.exists(daemon.socket[6:]),
       "the socket of the configuration is not made")
    process.terminate()
    equal(process.wait(60), 0, "it ends")


def listens(spelling):
    try:
        tlspol.connect(spelling).close()
        return True
    except ConnectionError:
        return False


@tap.test
def units():
    """systemd takes them as they are written."""
    program = shutil.which("systemd-analyze")
    if not program:
        tap.skip("systemd-analyze verify", "no systemd-analyze")
        return
    folder = assaydaemon.work_folder()
    top = os.path.join(assaydaemon.top_srcdir(), "etc")
    with open(os.path.join(top, "assay-tlspol.service.in")) as f:
        text = f.read()
    for name, text in (
            ("assay-tlspol.service", text.replace(
                "@sbindir@/assay-tlspol", os.path.abspath(tlspol.binary()))
             .replace("@sysconfdir@", "/etc")),
            ("assay-tlspol.socket",
             open(os.path.join(top, "assay-tlspol.socket")).read())):
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)
    done = subprocess.run(
        [program, "verify", "--man=no", os.path.join(
            folder, "assay-tlspol.service"), os.path.join(
                folder, "assay-tlspol.socket")],
        capture_output=True, text=True, timeout=120)
    mine = [line for line in done.stderr.splitlines()
            if "assay-tlspol" in line]
    equal(mine, [], "systemd-analyze verify")


@tap.test
def background():
    """The command returns when the daemon answers."""
    daemon = tlspol.Daemon(zone=ZONE, hosts=HOSTS)
    pid_file = os.path.join(daemon.folder, "pid")
    daemon.configure({"pid-file": pid_file})
    done = subprocess.run([tlspol.binary(), "-c", daemon.path],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, env=daemon.env)
    equal(done.returncode, 0, "the command", done.stderr)
    equal(daemon.ask("enforce.example"), SECURE, "the daemon")
    with open(pid_file) as f:
        pid = int(f.read())
    os.kill(pid, signal.SIGTERM)
    tlspol.until(lambda: not os.path.exists(pid_file), "its end")


tap.main(900)
