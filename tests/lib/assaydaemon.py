# SPDX-License-Identifier: BSD-2-Clause
"""assaydaemon: starts the built assay-milter, watches it, stops it.

Each daemon has a folder of its own with its configuration, zone and socket.
Whatever it prints is kept, and a report of a sanitizer in it is a failure
of the test that stops the daemon.  At the end of the test program every line
of JSON that a daemon has logged is held against the schema.
"""

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import yaml

import events
import milterclient
import tap

SANITIZER_MARKS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer",
                   "MemorySanitizer", "UndefinedBehaviorSanitizer",
                   "runtime error:")
# What begins the parts of a thread sanitizer's report after the stacks of
# those who met.
BEHIND_STACKS = re.compile(r"\n  (?:Location|Mutex|As if|Thread) ")
OUR_FRAME = re.compile(r"^ +#\d+ (?!main ).*\.[ch]:\d+", re.M)
# How long something may take on a machine that has much else to do.
PATIENCE = 120
START_SECONDS = PATIENCE
STOP_SECONDS = PATIENCE
LONGEST_FOLDER = 60     # so that sockets in it have names that are allowed


def top_srcdir():
    return os.environ.get("top_srcdir", ".")


def binary():
    return os.environ.get("ASSAY_MILTER") or os.path.join(
        os.environ.get("top_builddir", "."), "assay-milter")


def command():
    """The built command assay."""
    return os.environ.get("ASSAY") or os.path.join(
        os.environ.get("top_builddir", "."), "assay")


def run_command(*arguments, data=b"", env=None):
    """The command assay, run to its end."""
    done = subprocess.run([command()] + list(arguments), input=data,
                          capture_output=True, timeout=120, check=False,
                          env=dict(os.environ, **(env or {})))
    text = done.stderr.decode("utf-8", "replace")
    if any(mark in text for mark in SANITIZER_MARKS):
        tap.ok(False, "no sanitizer report", text[-4000:])
    return done


def is_sanitized(program):
    """Then its memory is not what it is for users."""
    with open(program, "rb") as f:
        return b"__sanitizer" in f.read()


def work_folder(prefix="assay-test-"):
    """A folder that other users (Postfix) may enter; gone at the end."""
    below = tempfile.gettempdir()
    path = tempfile.mkdtemp(
        prefix=prefix, dir=below if len(below) < LONGEST_FOLDER else "/tmp")
    os.chmod(path, 0o755)
    tap.cleanup(lambda: shutil.rmtree(path, ignore_errors=True))
    return path


def next_second():
    """What is noted from now on has another time, in seconds."""
    begin = int(time.time())
    wait_for(lambda: int(time.time()) != begin, 2, "the next second")


# Before the command of a daemon: starts it as the service manager does, with
# the socket that is standard input as descriptor 3.  From a descriptor above 9
# dash cannot take it.
ACTIVATED = ["sh", "-c", "exec 3<&0 </dev/null; "
             'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh"]

_marks = []     # of our ports, for as long as this program runs


def free_port():
    """
    A port, for TCP and UDP, that stays free until somebody who was told of
    it binds it: the kernel gives none of these to outgoing connections, and
    no other test program gets it.
    """
    first, last = _ports_of_nobody()
    for _ in range(1000):
        port = random.SystemRandom().randint(first, last)
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind("\0assay-test-port-%d" % port)
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as sock:
                    sock.bind(("", port))
        except OSError:
            mark.close()
            continue
        _marks.append(mark)
        return port
    raise OSError("no port is free")


def _ports_of_nobody():
    with open("/proc/sys/net/ipv4/ip_local_port_range",
              encoding="ascii") as f:
        low, high = map(int, f.read().split())
    if low > 12000:
        return 10000, low - 1
    return (high + 1, 65535) if high < 63000 else (10000, 65535)


def wait_for(condition, seconds, what):
    """
    Asks again and again; never goes on before it is so.  Who asks for less
    than PATIENCE gets that: how long it takes is looked at elsewhere.
    """
    end = time.monotonic() + max(seconds, PATIENCE)
    while True:
        # Once more after the end: we may have been kept from looking.
        is_over = time.monotonic() > end
        value = condition()
        if value:
            return value
        if is_over:
            raise TimeoutError("%s: not within %s s" %
                               (what, max(seconds, PATIENCE)))
        time.sleep(0.01)


def without_libmilter(log):
    """
    The log less the thread sanitizer's reports on libmilter alone: at its
    end it destroys mutexes that its other threads still use.  A report stays
    when any of the stacks that met has a frame of ours.
    """
    def keep(match):
        stacks = BEHIND_STACKS.split(match.group())[0]
        return match.group() if OUR_FRAME.search(stacks) else ""

    log = re.sub(r"(?ms)^={10,}\nWARNING: ThreadSanitizer:.*?^={10,}\n", keep,
                 log)
    return re.sub(r"(?m)^ThreadSanitizer: reported \d+ warnings\n", "", log)


def replace(path, text):
    """The file is another one, and whole at once, whoever looks at it."""
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(path + ".new", path)


def merged(base, extra):
    out = dict(base)
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = merged(out[key], value)
        elif value is None:
            out.pop(key, None)
        else:
            out[key] = value
    return out


class Daemon:
    """
    `config`: keys laid over the defaults below (None takes one away), or the
    whole file as text.  `zone`: what is under zonedata, or the text of a
    zone file; None: no zone file.  `wrapper`: a command that starts it in its
    own place.
    """

    def __init__(self, config=None, zone=None, folder=None, env=None,
                 arguments=("-f",), wrapper=()):
        self.folder = folder or work_folder()
        self.path = os.path.join(self.folder, "assay.yaml")
        self.zone_path = os.path.join(self.folder, "zone.yaml")
        self.log_path = os.path.join(self.folder, "log")
        self.socket = "local:" + os.path.join(self.folder, "m.sock")
        self.arguments = list(arguments)
        self.wrapper = list(wrapper)
        self.env = dict(os.environ, **(env or {}))
        # check_sanitizers() tells which of its reports count.
        self.env["TSAN_OPTIONS"] = "%s exitcode=0" % \
            self.env.get("TSAN_OPTIONS", "")
        self.process = None
        self.watched = False
        self.configure(config, zone)

    def configure(self, config=None, zone=None):
        """Writes the files; a running daemon takes them with reload()."""
        if zone is not None:
            if not isinstance(zone, str):
                zone = yaml.safe_dump({"zonedata": zone}, width=1 << 20,
                                      allow_unicode=True)
            replace(self.zone_path, zone)
        if not isinstance(config, str):
            base = {
                "socket": self.socket,
                "socket-mode": "0666",
                "authserv-id": "mx.example.org",
                "trusted-networks": ["127.0.0.0/8", "::1"],
                "log": {"target": "stderr", "level": "info",
                        "format": "json"},
            }
            if zone is not None:
                base["resolver"] = {"zone": "zone.yaml"}
            values = merged(base, config or {})
            self.socket = values.get("socket", self.socket)
            config = yaml.safe_dump(values, sort_keys=False)
        replace(self.path, config)

    # ---- life ----

    def spawn(self):
        log = open(self.log_path, "ab")
        with log:
            self.process = subprocess.Popen(
                self.wrapper + [binary()] + self.arguments +
                ["-c", self.path],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.env, cwd=self.folder)
        if not self.watched:
            tap.cleanup(self.check_events)
        self.watched = True
        tap.cleanup(self._kill)
        return self

    def start(self):
        self.spawn()
        try:
            wait_for(self._listens, START_SECONDS, "the socket accepts")
        except TimeoutError:
            tap.note(self.log())
            self._kill()
            raise
        return self

    def _listens(self):
        if self.process.poll() is not None:
            raise RuntimeError("assay-milter ended with %d:\n%s" %
                               (self.process.returncode, self.log()))
        try:
            milterclient.connect_socket(self.socket, 5).close()
            return True
        except OSError:
            return False

    def _kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def kill(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=STOP_SECONDS):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._kill()
            return None

    def stop(self, number=signal.SIGTERM, seconds=STOP_SECONDS):
        """The exit status; None when it had to be killed."""
        if self.process.poll() is None:
            self.kill(number)
        return self.wait(seconds)

    def check_stop(self, name, number=signal.SIGTERM):
        """Two test points: it ends well, and no sanitizer spoke."""
        status = self.stop(number)
        if not tap.equal(status, 0, name + ": exit status"):
            tap.note(self.log()[-3000:])
        self.check_sanitizers(name)

    def check_sanitizers(self, name):
        log = without_libmilter(self.log())
        found = [m for m in SANITIZER_MARKS if m in log]
        if not tap.ok(not found, name + ": no sanitizer report"):
            tap.note(log[-8000:])

    def check_events(self):
        count, problems = events.check(self.log())
        if problems:
            tap.ok(False, "%d lines of JSON are as the schema says" % count,
                   *problems)

    def log(self):
        try:
            with open(self.log_path, "rb") as f:
                return f.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def events(self, name):
        """Those of this name in the log as JSON, as far as they are whole."""
        values = [json.loads(line) for line in self.log().split("\n")[:-1]
                  if line.startswith("{")]
        return [value for value in values if value["event"] == name]

    def records_of(self, sender):
        """The records of this sender's messages."""
        # The command sendmail has no brackets.
        return [record for record in self.records()
                if record.get("mail-from", "").strip("<>") == sender]

    def wait_records_of(self, sender, count=1):
        """The same when there are so many: they follow the answer."""
        wait_for(lambda: len(self.records_of(sender)) >= count, 30,
                 "%d records of %s" % (count, sender))
        return self.records_of(sender)

    def records(self):
        """One for each message that has ended."""
        return self.events("message")

    def wait_count(self, count):
        """
        Until there are so many records.  They are written after the answer:
        a message of the next connection may have its record first.
        """
        wait_for(lambda: len(self.records()) >= count, 30,
                 "%d records" % count)

    def wait_records(self, count):
        """As soon as there are so many; a test point that no more are."""
        self.wait_count(count)
        found = self.records()
        tap.equal(len(found), count, "one record for each message")
        return found

    def alive(self):
        return self.process.poll() is None

    # ---- use ----

    def session(self, **options):
        return milterclient.Session(self.socket, **options)

    def send(self, *arguments, **options):
        return milterclient.send(self.socket, *arguments, **options)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.check_stop("the daemon")
        else:
            tap.note(self.log()[-3000:])
            self._kill()
