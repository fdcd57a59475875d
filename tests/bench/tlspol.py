#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Measures how fast assay-tlspol answers from memory, and what the memory of
100,000 domains takes:

    python3 tests/bench/tlspol.py [PROGRAM]

beside a server that answers without looking, and postfix-mta-sts-resolver,
where Debian's package of it can be fetched; each in the way that its manual
shows, with all policies known and none to be fetched.  (postfix-tlspol is no
Debian package.)  PROGRAM: an assay-tlspol, built with optimisation;
./assay-tlspol when not told.

Each server runs on processor 0 and the clients on processor 1.  A client asks
as Postfix does: one request at a time on a connection, each for a domain at
random.  "answers/s" is per second of the clock, "of a core" per second of
processor time of the server: what one core can do.  No part of the tests:
the figures are for people to read.  Two minutes, loopback only.
"""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))

import assaydaemon  # noqa: E402
import debs  # noqa: E402
import tap  # noqa: E402

DOMAINS = 100000
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra"]
TICKS = os.sysconf("SC_CLK_TCK")
FOLDER = assaydaemon.work_folder("assay-bench-")
TOOL = os.path.join(FOLDER, "socketmap")


def pinned(processor, command):
    if (os.cpu_count() or 1) < 2:
        return command
    return ["taskset", "-c", str(processor)] + command


class Server:
    """A process that listens on `port`, with the name of its map."""

    def __init__(self, name, table, command, **more):
        self.name, self.table = name, table
        self.port = assaydaemon.free_port()
        with open(os.path.join(FOLDER, "log"), "ab") as log:
            self.process = subprocess.Popen(
                pinned(0, command(self.port)), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, **more)
        tap.cleanup(self.stop)
        assaydaemon.wait_for(self.listens, 60, name)

    def listens(self):
        if self.process.poll() is not None:
            with open(os.path.join(FOLDER, "log"), encoding="utf-8",
                      errors="replace") as f:
                raise RuntimeError(self.name + " ended:\n" + f.read()[-2000:])
        try:
            socket.create_connection(
                ("127.0.0.1", self.port), 5).close()
            return True
        except OSError:
            return False

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def processor_time(self):
        with open("/proc/%d/stat" % self.process.pid, encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self):
        """MiB"""
        with open("/proc/%d/status" % self.process.pid,
                  encoding="ascii") as f:
            return [int(line.split()[1]) for line in f
                    if line.startswith("VmRSS")][0] / 1024

    def load(self, connections, requests, how="load"):
        before = self.processor_time()
        done = subprocess.run(
            pinned(1, [TOOL, how, str(self.port), str(connections),
                       str(requests), self.table, str(DOMAINS)]),
            check=True, stdout=subprocess.PIPE, text=True)
        rate, median, p99, longest, other = map(float, done.stdout.split())
        used = self.processor_time() - before
        return rate, requests / used if used else 0, median, p99, longest, \
            other


def say(*columns):
    print("%-28s %5s %10s %10s %9s %9s %9s" % columns, flush=True)


def measure(server, requests, expect_policies=True):
    for connections in 1, 16:
        rate, core, median, p99, longest, other = server.load(connections,
                                                              requests)
        say(server.name, connections, "%.0f" % rate, "%.0f" % core,
            "%.1f" % median, "%.1f" % p99, "%.0f" % longest)
        if expect_policies and other:
            print("  (%d of %d answers had no policy)" % (other, requests))


# ---- the servers ----

def null_server():
    return Server("null server", "postfix",
                  lambda port: [TOOL, "null", str(port)])


CONFIG = """\
socket: inet:%d@127.0.0.1
log: {target: stderr, level: error}
resolver: {zone: zone.yaml}
cache: {file: %s/policies, domains: 200000}
"""


def ours(program):
    """With a cache file of policies, and a DNS that has nothing."""
    now = int(time.time())
    with open(os.path.join(FOLDER, "policies"), "w", encoding="ascii") as f:
        f.write("assay-tlspol policies 1\n")
        for i in range(DOMAINS):
            f.write("d%d.example %d %d 1 none enforce 604800 "
                    "mx1.d%d.example:mx2.d%d.example\n" % (i, now, now, i, i))
        f.write("end %d\n" % DOMAINS)
    with open(os.path.join(FOLDER, "zone.yaml"), "w", encoding="ascii") as f:
        f.write("zonedata: {example: [{TXT: x}]}\n")

    def command(port):
        path = os.path.join(FOLDER, "assay-tlspol.yaml")
        with open(path, "w", encoding="ascii") as f:
            f.write(CONFIG % (port, FOLDER))
        return [program, "-f", "-c", path]
    return Server("assay-tlspol", "postfix", command, cwd=FOLDER)


RESOLVER = """\
host: 127.0.0.1
port: %d
cache: {type: sqlite, options: {filename: %s}}
cache_grace: 1000000
default_zone: {strict_testing: false, timeout: 4}
"""


def mta_sts_resolver():
    """With all policies in its cache, so that it asks nobody."""
    root = debs.unpack("postfix-mta-sts-resolver")
    path = os.path.join(FOLDER, "cache.db")
    db = sqlite3.connect(path)
    db.execute("create table sts_policy_cache (domain text, ts integer, "
               "pol_id text, pol_body text)")
    db.execute("create unique index sts_policy_domain on sts_policy_cache "
               "(domain)")
    now = int(time.time())
    db.executemany("insert into sts_policy_cache values (?, ?, ?, ?)", (
        ("d%d.example" % i, now, "1", json.dumps(
            {"version": "STSv1", "mode": "enforce", "max_age": 604800,
             "mx": ["mx1.d%d.example" % i, "mx2.d%d.example" % i]}))
        for i in range(DOMAINS)))
    db.commit()
    db.close()

    def command(port):
        config = os.path.join(FOLDER, "mta-sts-daemon.yml")
        with open(config, "w", encoding="ascii") as f:
            f.write(RESOLVER % (port, path))
        return ["/usr/bin/python3", "-c", "from postfix_mta_sts_resolver."
                "daemon import main; main()", "-c", config]
    return Server("postfix-mta-sts-resolver", "postfix", command, env=dict(
        os.environ, PYTHONPATH=root + "/usr/lib/python3/dist-packages"))


def memory_lines(program):
    """What 100,000 domains take, with a policy and without."""
    server = ours(program)
    empty = Server("assay-tlspol, empty", "postfix", lambda port: [
        program, "-f", "-c", empty_config(port)], cwd=FOLDER)
    print("\nmemory of assay-tlspol: %.1f MiB at first" % empty.memory())
    server.load(16, DOMAINS, "each")
    print("  %.1f MiB with %d policies of two servers each" %
          (server.memory(), DOMAINS))
    empty.load(16, DOMAINS, "each")
    print("  %.1f MiB with %d domains that have none" %
          (empty.memory(), DOMAINS))
    server.stop()
    empty.stop()


def empty_config(port):
    path = os.path.join(FOLDER, "empty.yaml")
    with open(path, "w", encoding="ascii") as f:
        f.write((CONFIG % (port, FOLDER)).replace(
            "file: %s/policies, " % FOLDER, ""))
    return path


def main():
    program = os.path.abspath(
        sys.argv[1] if len(sys.argv) > 1 else "assay-tlspol")
    subprocess.run([os.environ.get("CC", "cc")] + FLAGS +
                   ["-o", TOOL, os.path.join(HERE, "socketmap.c")],
                   check=True)
    say("server", "conn.", "answers/s", "of a core", "median us", "p99 us",
        "max us")
    measure(null_server(), 100000, False)
    server = ours(program)
    server.load(16, DOMAINS, "each")    # looked up once after the start
    measure(server, 100000)
    server.stop()
    try:
        measure(mta_sts_resolver(), 5000)
    except (debs.Unavailable, RuntimeError,
            TimeoutError) as reason:
        print("no postfix-mta-sts-resolver: %s" % reason)
    memory_lines(program)


try:
    main()
finally:
    tap.clean_up()
