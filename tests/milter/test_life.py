# SPDX-License-Identifier: BSD-2-Clause
"""Start, reload and stop: exit status, sockets, signals, pid file."""

import json
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

import assaydaemon
import authres
import dnsserver
import messages
import milterclient
import notified
import signkeys
import tap
from tap import equal, ok

EX_USAGE, EX_CONFIG = 64, 78
ZONE = messages.plain_zone()


def run(*arguments):
    done = subprocess.run([assaydaemon.binary()] + list(arguments),
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60)
    return (done.returncode, done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"))


def no_sanitizer(text, name):
    ok(not any(m in text for m in assaydaemon.SANITIZER_MARKS),
       name + ": no sanitizer report", text[-2000:])


@tap.test
def usage():
    for arguments in (["-x"], ["extra"], ["-c"], ["-t", "extra"]):
        status, _, err = run(*arguments)
        name = " ".join(arguments)
        equal(status, EX_USAGE, name + ": exit status")
        ok("usage" in err.lower(), name + ": says the usage", err)
    for arguments, want in (
            (["--hlep"], 'not an option: "--hlep"; did you mean "--help"?'),
            (["--versoin"], 'did you mean "--version"?'),
            (["--test"], 'not an option: "--test"\n'),
            (["--help=x"], 'not an option: "--help=x"'),
            (["-ftx"], 'not an option: "-x"'), (["-c"], "-c needs a file"),
            (["check"], 'unexpected argument: "check"')):
        err = run(*arguments)[2]
        ok(want in err, " ".join(arguments) + ": " + want.strip(), err)
    for option in ("-V", "--version", "--help"):
        equal(run(option)[0], 0, option + ": exit status")
    status, out, _ = run("-V")
    equal(status, 0, "-V: exit status")
    ok(re.search(r"\d+\.\d+", out), "-V: a version", out)


# What is wrong, where (line, column; None: not looked at), what is named.
BROKEN = (
    ("nonsense: 1\n", 1, 1, "nonsense"),
    ("socket: local:{0}/m.sock\nauthserv-id: [a]\n", 2, 14, None),
    ("socket: local:{0}/m.sock\nlog: {{level: loud}}\n", 2, 14, "loud"),
    ("socket: local:{0}/m.sock\nlog:\n  levle: info\n", 3, 3, "levle"),
    ("socket: local:{0}/m.sock\nsocket: local:{0}/n.sock\n", 2, 1,
     None),
    ("socket: local:{0}/m.sock\nlimits: {{deadline: 20x}}\n", 2, 20, "20x"),
    ("socket: local:{0}/m.sock\nlimits: {{deadline: -1s}}\n", 2, 20, None),
    ("socket: local:{0}/m.sock\nlimits: {{signatures: many}}\n", 2, 22,
     "many"),
    ("socket: nowhere\n", 1, 9, "nowhere"),
    ("socket: inet:99999@127.0.0.1\n", 1, 9, None),
    ("socket: local:{0}/" + "x" * 120 + "\n", 1, 9, None),
    ("socket: local:{0}/m.sock\nsocket-mode: \"0999\"\n", 2, 14, None),
    ("socket: local:{0}/m.sock\ntrusted-networks: [127.0.0.0/33]\n", 2, 20,
     "127.0.0.0/33"),
    ("socket: local:{0}/m.sock\nresolver: {{nameservers: [x.y]}}\n", 2, 26,
     None),
    ("socket: local:{0}/m.sock\nresolver: {{zone: missing.yaml}}\n", 2, 18,
     "missing.yaml"),
    ("socket: local:{0}/m.sock\nuser: no-such-user-here\n", 2, 7,
     "no-such-user-here"),
    ("socket: local:{0}/m.sock\npolicy:\n  - name: x\n    when: {{spf: "
     "wrong}}\n    action: reject\n", 4, 17, "wrong"),
    ("socket: local:{0}/m.sock\npolicy:\n  - name: x\n    when: {{spf: "
     "fail}}\n    action: explode\n", 5, 13, "explode"),
    ("socket: local:{0}/m.sock\npolicy:\n  - name: x\n    when: {{spf: "
     "fail}}\n    action: reject\n    reply: 250 fine\n", 6, None, None),
    ("socket: local:{0}/m.sock\n  bad: indent\n", 2, None, None),
    ("socket: &a local:{0}/m.sock\nuser: *a\n", None, None, None),
    ("a: [1, 2\n", None, None, None),
    ("- a\n- b\n", 1, 1, None),
    ("\tsocket: x\n", 1, None, None),
    ("socket: local:{0}/m.sock\nuser: \"\\xff\n", None, None, None),
)


@tap.test
def broken_configurations():
    folder = assaydaemon.work_folder()
    path = os.path.join(folder, "broken.yaml")
    for text, line, column, word in BROKEN:
        text = text.format(folder)
        with open(path, "w") as f:
            f.write(text)
        for options in (["-t"], ["-f"]):
            status, out, err = run(*options, "-c", path)
            name = "%s %r" % (options[0], text[-40:])
            equal(status, EX_CONFIG, name + ": exit status", out, err)
            place = re.search(re.escape(path) + r":(\d+):(\d+): \S", err)
            if not ok(place, name + ": FILE:LINE:COLUMN: and why", err):
                continue
            if line:
                equal(int(place.group(1)), line, name + ": line", err)
            if column:
                equal(int(place.group(2)), column, name + ": column", err)
            if word:
                ok(word in err, name + ": says what was seen", err)
            no_sanitizer(err, name)
    status, _, err = run("-t", "-c", os.path.join(folder, "absent.yaml"))
    equal(status, EX_CONFIG, "no such file: exit status")
    ok("absent.yaml" in err, "no such file: named", err)
    status, _, err = run("-t", "-c", folder)
    equal(status, EX_CONFIG, "a folder: exit status", err)
    with open(path, "wb") as f:
        f.write(b"socket: \xff\xfe\n")
    status, _, err = run("-t", "-c", path)
    equal(status, EX_CONFIG, "no UTF-8: exit status", err)
    with open(path, "w") as f:
        f.write("[" * 100000)
    status, _, err = run("-t", "-c", path)
    equal(status, EX_CONFIG, "nested 100000 deep: exit status", err)
    with open(path, "w") as f:
        f.write("")
    status, _, err = run("-t", "-c", path)
    ok(status in (0, EX_CONFIG), "an empty file: defined", status, err)
    no_sanitizer(err, "an empty file")


@tap.test
def good_configuration():
    daemon = assaydaemon.Daemon(zone=ZONE)
    status, out, err = run("-t", "-c", daemon.path)
    equal(status, 0, "-t: exit status", err)
    ok(not os.path.exists(os.path.join(daemon.folder, "m.sock")),
       "-t: opens no socket")
    shipped = os.path.join(assaydaemon.top_srcdir(), "etc/assay.yaml")
    with open(shipped) as f:
        text = f.read()
    # The user of the shipped file need not exist here.
    text = re.sub(r"(?m)^user:.*$", "", text)
    daemon.configure(text)
    status, out, err = run("-t", "-c", daemon.path)
    equal(status, 0, "the shipped configuration: exit status", out, err)


# ---- sockets ----

@tap.test
def sockets():
    daemon = assaydaemon.Daemon({"socket-mode": "0600"}, ZONE)
    path = os.path.join(daemon.folder, "m.sock")
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(path)
    stale.close()
    daemon.start()
    mode = stat.S_IMODE(os.stat(path).st_mode)
    equal(oct(mode), oct(0o600), "socket mode")
    ok(daemon.send(messages.PLAIN).accepted, "a stale socket is replaced")

    second = assaydaemon.Daemon({"socket": daemon.socket}, ZONE)
    second.spawn()
    status = second.wait()
    ok(status not in (0, None), "a live socket is refused", status)
    ok("m.sock" in second.log(), "a live socket: named", second.log())
    second.check_sanitizers("second daemon")
    ok(daemon.send(messages.PLAIN).accepted, "the first one still serves")
    daemon.check_stop("first daemon")
    ok(not os.path.exists(path), "the socket is removed at the end")

    with open(path, "w") as f:
        f.write("precious")
    third = assaydaemon.Daemon({"socket": daemon.socket}, ZONE)
    third.spawn()
    ok(third.wait() not in (0, None), "a file in the socket's place: refused")
    with open(path) as f:
        equal(f.read(), "precious", "a file in the socket's place: kept")

    busy = socket.socket()
    busy.bind(("127.0.0.1", 0))
    busy.listen()
    fourth = assaydaemon.Daemon(
        {"socket": "inet:%d@127.0.0.1" % busy.getsockname()[1]}, ZONE)
    fourth.spawn()
    ok(fourth.wait() not in (0, None), "a busy port is refused")
    busy.close()


@tap.test
def successor():
    """A daemon that stops late leaves its successor's socket alone."""
    first = assaydaemon.Daemon(zone=ZONE).start()
    path = os.path.join(first.folder, "m.sock")
    os.rename(path, path + ".old")
    second = assaydaemon.Daemon({"socket": first.socket}, ZONE).start()
    first.check_stop("predecessor")
    ok(os.path.exists(path), "the successor's socket is still there")
    ok(second.send(messages.PLAIN).accepted, "and is served")
    second.check_stop("successor")


def is_gone(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@tap.test
def background():
    """Without -f: the command returns when the socket accepts."""
    daemon = assaydaemon.Daemon(zone=ZONE, arguments=())
    pid_path = os.path.join(daemon.folder, "pid")
    daemon.configure({"pid-file": pid_path, "log": {"target": "stderr"}},
                     ZONE)
    daemon.spawn()
    equal(daemon.wait(), 0, "the command returns", daemon.log())
    pid = int(assaydaemon.wait_for(lambda: text_of(pid_path), 30,
                                   "pid file"))
    try:
        ok(daemon.send(messages.PLAIN).accepted, "it serves")
    finally:
        os.kill(pid, signal.SIGTERM)

    assaydaemon.wait_for(lambda: is_gone(pid), 60,
                         "the background process ends")
    ok(not os.path.exists(pid_path), "the pid file is removed")
    daemon.check_sanitizers("background")


def text_of(path):
    try:
        with open(path, encoding="ascii") as f:
            return f.read()
    except FileNotFoundError:
        return ""


@tap.test
def pid_file():
    daemon = assaydaemon.Daemon()
    pid_path = os.path.join(daemon.folder, "pid")
    daemon.configure({"pid-file": pid_path}, ZONE)
    with daemon:
        # The socket accepts first.
        equal(assaydaemon.wait_for(lambda: text_of(pid_path), 30,
                                   "the pid file"),
              "%d\n" % daemon.process.pid, "pid file")
    ok(not os.path.exists(pid_path), "pid file: removed at the end")


@tap.test
def user():
    """Started as root it becomes the configured user."""
    if os.geteuid() != 0:
        tap.skip("privileges are dropped", "not root")
        return
    daemon = assaydaemon.Daemon({"user": "nobody"}, ZONE)
    # The socket and the zone lie in a folder of root's.
    with daemon:
        # The socket accepts before the privileges are gone, but nothing is
        # read from it.
        ok(daemon.send(messages.PLAIN).accepted, "it serves as nobody")
        with open("/proc/%d/status" % daemon.process.pid) as f:
            lines = dict(line.split(":", 1) for line in f)
        uid = str(pwd.getpwnam("nobody").pw_uid)
        equal(lines["Uid"].split(), [uid] * 4, "all user ids are dropped")
        equal(lines["NoNewPrivs"].split(), ["1"], "no new privileges")
        ok("0" not in lines["Gid"].split(), "group ids are dropped",
           lines["Gid"])
        equal(lines["Groups"].split() in ([], lines["Gid"].split()[:1]),
              True, "no supplementary group of root's", lines["Groups"])


@tap.test
def user_with_keys():
    """As the user that it became nobody may look into its memory."""
    if os.geteuid() != 0:
        tap.skip("not dumpable", "not root")
        return
    daemon = assaydaemon.Daemon(zone=ZONE)
    key = signkeys.Key(daemon.folder, "s1")
    os.chown(key.path, pwd.getpwnam("nobody").pw_uid, -1)
    daemon.configure({"user": "nobody", "sign": [
        {"domains": ["example.org"], "keys": [
            {"selector": "s1", "file": key.path}]}]}, ZONE)
    with daemon:
        ok(daemon.send(messages.PLAIN).accepted, "it serves")
        # /proc belongs to root where a process cannot be dumped.
        equal(os.stat("/proc/%d/environ" % daemon.process.pid).st_uid, 0,
              "it cannot be dumped")


# ---- signals ----

def authserv_id(daemon):
    return authres.parse(daemon.send(messages.PLAIN).header.all()[0][1])[0]


@tap.test
def reload():
    daemon = assaydaemon.Daemon(zone=ZONE).start()
    # MAIL is to be answered, so that it is known to have come before.
    answered = milterclient.PROTOCOL & ~milterclient.NR_MAIL
    with daemon.session(protocol=answered) as old:
        old.connect()
        old.helo()
        old.mail()
        old.rcpt()
        daemon.configure({"authserv-id": "new.example.org"}, ZONE)
        daemon.kill(signal.SIGHUP)
        assaydaemon.wait_for(
            lambda: authserv_id(daemon) == "new.example.org", 30,
            "the new configuration is used")
        ok(True, "SIGHUP: the new configuration is used")
        for _ in range(2):
            old.data()
            old.field(b"From", b" a@b.example")
            old.eoh()
            changes, reply = old.eom()
            value = changes[0].data[4:].split(b"\0")[1]
            name = authres.parse(value)[0]
            if _ == 0:
                equal(name, "mx.example.org",
                      "a message keeps the configuration it began with")
                old.mail()
                old.rcpt()
        equal(name, "new.example.org",
              "the connection's next message has the new one")
    good = open(daemon.path).read()
    for broken, zone in (("nonsense: 1\n", None), ("a: [", None),
                         (good, "zonedata: [1]\n")):
        mark = len(daemon.log())
        if zone:
            with open(daemon.zone_path, "w") as f:
                f.write(zone)
        daemon.configure(broken)
        daemon.kill(signal.SIGHUP)
        assaydaemon.wait_for(
            lambda: re.search(r"\.yaml:\d+:\d+", daemon.log()[mark:]), 30,
            "the error is logged")
        ok(True, "%r: the error is logged with its place" % (zone or broken))
        equal(authserv_id(daemon), "new.example.org",
              "%r: the running configuration is kept" % (zone or broken))
    os.unlink(daemon.path)
    daemon.kill(signal.SIGHUP)
    for _ in range(20):
        daemon.kill(signal.SIGHUP)
    equal(authserv_id(daemon), "new.example.org", "no file: kept as well")
    daemon.configure({"authserv-id": "third.example.org"}, ZONE)
    daemon.kill(signal.SIGHUP)
    assaydaemon.wait_for(
        lambda: authserv_id(daemon) == "third.example.org", 30,
        "the third configuration is used")
    ok(True, "after all that a good file is taken")
    daemon.check_stop("reloaded daemon")


@tap.test
def reload_under_load():
    """Reloads while messages come: none is lost or refused."""
    daemon = assaydaemon.Daemon(zone=ZONE).start()
    stop = threading.Event()
    outcomes = []

    def client():
        while not stop.is_set():
            try:
                outcomes.append(daemon.send(messages.PLAIN).accepted)
            except (OSError, milterclient.ProtocolError) as error:
                outcomes.append(False)
                tap.note("a client got: %r" % error)
                return

    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    for at in range(20):
        daemon.configure({"authserv-id": "n%d.example.org" % at}, ZONE)
        daemon.kill(signal.SIGHUP)
        count = len(outcomes)
        assaydaemon.wait_for(
            lambda: len(outcomes) > count + 8 or not all(outcomes), 60,
            "messages go on")
    stop.set()
    for thread in threads:
        thread.join()
    ok(all(outcomes), "%d messages under 20 reloads" % len(outcomes))
    daemon.check_stop("daemon under reloads")


@tap.test
def terminate_waits():
    """SIGTERM: a message in progress that waits for DNS is finished."""
    gate = threading.Event()
    server = dnsserver.Server(ZONE, gate=gate)
    tap.cleanup(server.stop)
    tap.cleanup(gate.set)
    daemon = assaydaemon.Daemon({"resolver": {
        "nameservers": [server.address], "timeout": "20s"}}).start()
    outcome = []
    at_end = threading.Event()

    def client():
        session = daemon.session()
        session.connect()
        session.helo()
        session.mail()
        session.rcpt()
        session.data()
        session.eoh()
        at_end.set()
        outcome.extend(session.eom())

    thread = threading.Thread(target=client)
    thread.start()
    at_end.wait(60)
    daemon.kill(signal.SIGTERM)
    assaydaemon.wait_for(lambda: "stopping" in daemon.log(), 10,
                         "SIGTERM is logged")
    ok(daemon.alive(), "SIGTERM: it waits for the message in progress")
    gate.set()
    thread.join()
    ok(outcome and outcome[1].code == "c" and
       b"spf=pass" in outcome[0][-1].data,
       "SIGTERM: the message in progress is finished", outcome)
    equal(daemon.wait(), 0, "SIGTERM: exit status")
    daemon.check_sanitizers("SIGTERM")


@tap.test
def terminate_twice():
    """A second SIGTERM ends it at once, whatever is in progress."""
    sock, address = dnsserver.dead_port()
    daemon = assaydaemon.Daemon({
        "resolver": {"nameservers": [address], "timeout": "60s"},
        "limits": {"deadline": "60s"}}).start()
    session = daemon.session()
    session.connect()
    session.helo()
    session.mail()
    session.rcpt()
    session.eoh()
    session.send("E")
    begin = time.monotonic()
    daemon.kill(signal.SIGTERM)
    assaydaemon.wait_for(lambda: "stopping" in daemon.log(), 10,
                         "SIGTERM is logged")
    daemon.kill(signal.SIGTERM)
    status = daemon.wait()
    took = time.monotonic() - begin
    # Without it the message would have 30 s.
    ok(status is not None and took < 25, "the second SIGTERM ends it",
       status, took)
    daemon.check_sanitizers("second SIGTERM")
    session.close()
    sock.close()


@tap.test
def terminate_idle():
    """
    Idle connections keep nobody from leaving, and quickly.  A machine may be
    busy for a moment, libmilter would take its time always.
    """
    took = []
    for _ in range(3):
        daemon = assaydaemon.Daemon(zone=ZONE).start()
        sessions = [daemon.session() for _ in range(5)]
        for session in sessions:
            session.connect()
            session.helo()
        begin = time.monotonic()
        daemon.check_stop("with idle sessions")
        took.append(time.monotonic() - begin)
        for session in sessions:
            session.close()
    ok(min(took) < 4, "it stops without libmilter's five seconds", took)
    daemon = assaydaemon.Daemon(zone=ZONE).start()
    daemon.check_stop("with SIGINT", signal.SIGINT)


# ---- a socket of the service manager's ----

def activate(daemon, listening):
    """Starts it as systemd does, with the socket as descriptor 3."""
    with open(daemon.log_path, "ab") as log:
        daemon.process = subprocess.Popen(
            assaydaemon.ACTIVATED +
            [assaydaemon.binary(), "-f", "-c", daemon.path],
            stdin=listening, stdout=log, stderr=log, env=daemon.env,
            cwd=daemon.folder)
    tap.cleanup(daemon._kill)


@tap.test
def activation():
    """Restarts while messages come: none is refused, each is checked."""
    daemon = assaydaemon.Daemon(zone=ZONE)
    path = os.path.join(daemon.folder, "m.sock")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(128)
    activate(daemon, listening)
    stop = threading.Event()
    good, bad = [], []

    def client():
        while not stop.is_set():
            try:
                result = daemon.send(messages.PLAIN)
                kept = result.accepted and "spf=pass" in result.authres
                (good if kept else bad).append(result.reply)
            except (OSError, milterclient.ProtocolError) as error:
                bad.append(error)

    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(6):
        count = len(good)
        assaydaemon.wait_for(lambda: len(good) > count + 20, 60,
                             "messages are checked")
        equal(daemon.stop(), 0, "activated: exit status")
        activate(daemon, listening)
    stop.set()
    for thread in threads:
        thread.join()
    ok(not bad, "6 restarts in %d messages: none lost" % len(good), *bad[:5])
    daemon.check_stop("activated")
    ok(os.path.exists(path), "the socket is not removed")
    listening.close()


@tap.test
def activation_idle():
    """A connection that stays holds up the end for some seconds only."""
    daemon = assaydaemon.Daemon(zone=ZONE)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(os.path.join(daemon.folder, "m.sock"))
    listening.listen(128)
    activate(daemon, listening)
    with daemon.session() as session:
        session.connect()
        session.helo()
        begin = time.monotonic()
        daemon.kill(signal.SIGTERM)
        assaydaemon.wait_for(lambda: "stopping" in daemon.log(), 10,
                             "SIGTERM is logged")
        ok(session.message(messages.PLAIN).accepted,
           "an open connection is served")
        equal(daemon.wait(), 0, "activated and idle: exit status")
        # Not the 30 s of messages.
        ok(time.monotonic() - begin < 25, "activated and idle: in time")
    daemon.check_sanitizers("activated and idle")
    listening.close()


@tap.test
def keys_in_memory():
    """No core file and no debugger where there are private keys."""
    daemon = assaydaemon.Daemon(zone=ZONE)
    key = signkeys.Key(daemon.folder, "s1")
    daemon.configure({"sign": [{"domains": ["example.org"], "keys": [
        {"selector": "s1", "file": key.path}]}]}, ZONE)
    with daemon:
        # The socket accepts before the process is confined, but nothing is
        # read from it.
        ok(daemon.send(messages.PLAIN).accepted, "it serves with keys")
        status = process_status(daemon)
        equal(status["NoNewPrivs"], "1", "no new privileges")
        with open("/proc/%d/limits" % daemon.process.pid) as f:
            limits = f.read()
        ok(re.search(r"Max core file size +0 +0 ", limits), "no core file",
           limits)


def process_status(daemon):
    with open("/proc/%d/status" % daemon.process.pid) as f:
        return dict((line.split(":", 1)[0], line.split(":", 1)[1].strip())
                    for line in f)


@tap.test
def confinement():
    daemon = assaydaemon.Daemon(zone=ZONE)
    for value in (None, False):
        daemon.configure({"confinement": value}, ZONE)
        mark = len(daemon.log())
        with daemon:
            ok(daemon.send(messages.PLAIN).accepted, "it serves")
            # The log is written by a thread of its own.
            said = assaydaemon.wait_for(
                lambda: re.findall(r'\{.*"event":"configuration".*\}\n',
                                   daemon.log()[mark:]), 30,
                "the start in the log")
            said = [json.loads(line) for line in said]
            equal(len(said), 1, "the start says what is in use")
            in_force = "seccomp" in said[0]["confinement"]
            equal(process_status(daemon)["Seccomp"],
                  "2" if in_force else "0", "and that is so")
            ok(value is None or not in_force, "confinement: no is obeyed")


# ---- a log that nobody reads ----

FLOOD = 3000        # the lines of so many messages fill pipe and queue


def flood(daemon, name):
    """More is logged than can wait; every message is answered."""
    answered = 0
    with daemon.session(timeout=20) as session:
        session.connect()
        session.helo()
        try:
            for _ in range(FLOOD):
                answered += session.message(messages.PLAIN).accepted
        except (OSError, milterclient.ProtocolError) as error:
            tap.note("after %d messages: %r" % (answered, error))
    equal(answered, FLOOD, name + ": all messages are answered")


@tap.test
def stderr_not_read():
    ends = os.pipe()
    daemon = assaydaemon.Daemon(zone=ZONE)
    daemon.process = subprocess.Popen(
        [assaydaemon.binary(), "-f", "-c", daemon.path], env=daemon.env,
        stdin=subprocess.DEVNULL, stdout=ends[1], stderr=ends[1],
        cwd=daemon.folder)
    tap.cleanup(daemon._kill)
    os.close(ends[1])
    assaydaemon.wait_for(daemon._listens, 60, "the socket accepts")
    flood(daemon, "stderr is full")
    got = b""

    def lost():
        nonlocal got
        got += os.read(ends[0], 1 << 16)
        return re.search(rb'"log-lines-lost","count":(\d+)', got)

    count = 0
    assaydaemon.wait_for(lost, 60, "what was lost is reported")
    daemon.send(messages.PLAIN)
    daemon.kill(signal.SIGTERM)
    while True:
        more = os.read(ends[0], 1 << 16)
        if not more:
            break
        got += more
    equal(daemon.wait(), 0, "stderr is read again: exit status")
    for found in re.finditer(rb'"log-lines-lost","count":(\d+)', got):
        count += int(found.group(1))
    written = got.count(b'"event":"message"')
    equal(written + count, FLOOD + 1, "every line is written or counted",
          written, count)
    os.close(ends[0])


@tap.test
def stderr_never_read():
    ends = os.pipe()
    daemon = assaydaemon.Daemon(zone=ZONE)
    daemon.process = subprocess.Popen(
        [assaydaemon.binary(), "-f", "-c", daemon.path], env=daemon.env,
        stdin=subprocess.DEVNULL, stdout=ends[1], stderr=ends[1],
        cwd=daemon.folder)
    tap.cleanup(daemon._kill)
    os.close(ends[1])
    assaydaemon.wait_for(daemon._listens, 60, "the socket accepts")
    flood(daemon, "stderr is full for ever")
    begin = time.monotonic()
    equal(daemon.stop(), 0, "stderr is full: SIGTERM ends it")
    ok(time.monotonic() - begin < 25, "stderr is full: in time")
    os.close(ends[0])


OWN_DEV = """
mount --make-rprivate / && mkdir dev && mount --bind /dev dev &&
mount -t tmpfs none /dev || exit 99
for name in null zero random urandom; do
    touch /dev/$name && mount --bind dev/$name /dev/$name || exit 99
done
ln -s "$PWD/syslog" /dev/log
exec "$@"
"""


@tap.test
def syslog_not_read():
    """/dev/log is a socket whose reader sleeps."""
    daemon = assaydaemon.Daemon({"log": {"target": "syslog"}}, ZONE)
    if os.geteuid() != 0 or subprocess.run(
            ["unshare", "--mount", "true"], capture_output=True).returncode:
        tap.skip("a full /dev/log", "no mount namespace")
        return
    reader = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    reader.bind(os.path.join(daemon.folder, "syslog"))
    reader.settimeout(60)
    with open(daemon.log_path, "ab") as log:
        daemon.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", OWN_DEV, "sh",
             assaydaemon.binary(), "-c", daemon.path], env=daemon.env,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            cwd=daemon.folder)
    tap.cleanup(daemon._kill)
    if daemon.wait() == 99:
        tap.skip("a full /dev/log", "no mounts here")
        return
    flood(daemon, "/dev/log is full")
    line = reader.recv(65536)
    found = re.match(rb"<(\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d "
                     rb"assay-milter\[(\d+)\]: ", line)
    if ok(found, "a line as syslog daemons read it", line):
        equal(int(found.group(1)), 2 << 3 | 6, "facility mail, severity info")
        pid = int(found.group(2))
        begin = time.monotonic()
        os.kill(pid, signal.SIGTERM)
        assaydaemon.wait_for(lambda: is_gone(pid), 30, "it ends")
        ok(time.monotonic() - begin < 25,
           "/dev/log is full: SIGTERM ends it")
    daemon.check_sanitizers("a full /dev/log")


@tap.test
def ready():
    """READY=1 goes to systemd's socket when connections are accepted."""
    sock = notified.Notified()
    daemon = assaydaemon.Daemon(zone=ZONE, env={"NOTIFY_SOCKET": sock.path})
    daemon.spawn()
    equal(len(sock.wait("READY=1")), 1, "READY=1 is the first")
    ok(daemon.send(messages.PLAIN).accepted, "then it serves at once")
    daemon.check_stop("notifying daemon")


@tap.test
def watchdog():
    sock = notified.Notified()
    daemon = assaydaemon.Daemon(zone=ZONE, env={
        "NOTIFY_SOCKET": sock.path, "WATCHDOG_USEC": "300000"})
    daemon.spawn()
    sock.wait("READY=1")
    for _ in range(3):
        texts = sock.wait("WATCHDOG=1")
    ok(True, "WATCHDOG=1 comes again and again")
    daemon.configure("nonsense: 1\n")
    daemon.kill(signal.SIGHUP)
    texts = sock.wait("RELOADING=1") + sock.wait("READY=1")
    ok("STATUS=" in texts[-1] and "refused" in texts[-1],
       "a reload that is refused is said in STATUS", texts)
    daemon.check_stop("watched")
    texts = sock.wait("STOPPING=1")
    ok("STATUS=" in texts[-1], "STOPPING=1 with a status", texts)


# At most this much, by systemd-analyze.  What sends reports runs the setgid
# programs of the mail server, so that NoNewPrivileges= and all that implies
# it are not for that unit.
EXPOSURE = {"assay-report.service": 5.6}


def exposure(name):
    """What systemd-analyze says of a unit in etc/; None: it reads none."""
    path = os.path.join(assaydaemon.work_folder(), name)
    with open(os.path.join(assaydaemon.top_srcdir(), "etc",
                           name + ".in")) as f, open(path, "w") as out:
        out.write(f.read().replace("@sbindir@", "/usr/sbin")
                  .replace("@bindir@", "/usr/bin")
                  .replace("@sysconfdir@", "/etc"))
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes",
         "--threshold=%d" % round(10 * EXPOSURE.get(name, 1.1)), path],
        capture_output=True, text=True)
    return done if "Overall exposure" in done.stdout else None


@tap.test
def units():
    """The shipped units leave the services little that they could do."""
    folder = os.path.join(assaydaemon.top_srcdir(), "etc")
    names = sorted(n[:-len(".in")] for n in os.listdir(folder)
                   if n.endswith(".service.in"))
    ok("assay-milter.service" in names, "units", names)
    for name in names:
        done = exposure(name) if shutil.which("systemd-analyze") else None
        if done is None:
            tap.skip("exposure of " + name, "no systemd-analyze for files")
        else:
            equal(done.returncode, 0,
                  "%s: exposure of at most %.1f" % (
                      name, EXPOSURE.get(name, 1.1)),
                  done.stdout.splitlines()[-1:])


tap.main()
