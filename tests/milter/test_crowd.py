# SPDX-License-Identifier: BSD-2-Clause
"""More connections than anybody should open, and no descriptors left.

Whoever is served is served right, the others wait or are told, and when the
crowd is gone all is as before.
"""

import os
import resource
import struct
import time

import assaydaemon
import authres
import dnsserver
import messages
import milterclient
import tap
from tap import equal, ok

CROWD = 10000
SPARE = 200             # descriptors of this program besides
FEW = 64                # ulimit -n
SIGNED = "canon-relaxed-relaxed.eml"


def served(daemon, name):
    result = daemon.send(messages.PLAIN)
    ok("spf=pass" in (result.authres or ""), name + ": spf=pass",
       result.reply, result.authres)


def descriptors(daemon):
    return len(os.listdir("/proc/%d/fd" % daemon.process.pid))


def udp_sockets(daemon):
    """Of this daemon: numbers of its inodes."""
    process = "/proc/%d/" % daemon.process.pid
    own = set()
    for name in os.listdir(process + "fd"):
        try:
            own.add(os.readlink(process + "fd/" + name))
        except FileNotFoundError:
            pass                # closed since
    with open(process + "net/udp", encoding="ascii") as f:
        inodes = [line.split()[9] for line in f.readlines()[1:]]
    return [i for i in inodes if "socket:[%s]" % i in own]


def threads(daemon):
    return len(os.listdir("/proc/%d/task" % daemon.process.pid))


def cpu_seconds(daemon):
    with open("/proc/%d/stat" % daemon.process.pid, encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return sum(int(t) for t in fields[11:13]) / os.sysconf("SC_CLK_TCK")


def crowd_size():
    """As many as the hard limits of this machine let both ends open."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return CROWD
    return min(CROWD, hard - SPARE)


def connect(daemon):
    """One more connection; the backlog may be full for a moment."""
    def attempt():
        try:
            return milterclient.connect_socket(daemon.socket, 60)
        except BlockingIOError:
            return None
    return assaydaemon.wait_for(attempt, 60, "a connection")


@tap.test
def ten_thousand():
    size = crowd_size()
    with assaydaemon.Daemon(zone=messages.plain_zone()) as daemon:
        served(daemon, "before")
        begin = time.monotonic()
        crowd = [connect(daemon) for _ in range(size)]
        tap.note("%d connections in %.1f s" % (size,
                                               time.monotonic() - begin))
        served(daemon, "%d connections" % size)
        # It came last.  It may still be open there, as may the first one.
        most = descriptors(daemon)
        # Those that let so many in at one time end when they find nothing
        # more to do.
        assaydaemon.wait_for(lambda: threads(daemon) < 50, 60,
                             "idle ones cost no threads")
        for sock in crowd:
            sock.close()
        assaydaemon.wait_for(lambda: descriptors(daemon) <= most - size, 60,
                             "all were let in, and their descriptors are "
                             "given back")
        served(daemon, "after")


def few(config, zone):
    return assaydaemon.Daemon(config, zone,
                              wrapper=("prlimit", "--nofile=%d" % FEW))


def fill(daemon):
    """Connections that say nothing, until no descriptor is left."""
    socks = []

    def is_full():
        if len(socks) < FEW:
            socks.append(connect(daemon))
        return descriptors(daemon) >= FEW
    assaydaemon.wait_for(is_full, 60, "no descriptor is left")
    return socks


OFFER = struct.pack("!IcIII", 13, b"O", 6, milterclient.ACTIONS,
                    milterclient.PROTOCOL)


def dkim_of(session):
    result = session.message(messages.read(SIGNED))
    results = authres.parse(result.header.all()[0][1])[1]
    return [r.result for r in authres.all_of(results, "dkim")]


@tap.test
def no_descriptors():
    server = dnsserver.Server(dict(messages.key_zone(),
                                   **messages.plain_zone()))
    tap.cleanup(server.stop)
    config = {"resolver": {"nameservers": [server.address], "tries": 2,
                           "timeout": "8s"}}
    with few(config, None) as daemon:
        # One session that began while there were some.
        with daemon.session() as session:
            session.connect()
            session.helo()
            socks = fill(daemon)
            waiting = [connect(daemon) for _ in range(20)]
            # A port that still waits for a next question is one.
            assaydaemon.wait_for(lambda: not udp_sockets(daemon) and
                                 descriptors(daemon) >= FEW, 60,
                                 "none for a question, too")
            equal(dkim_of(session), ["temperror"],
                  "none left: accepted, and the header says what is missing")
            used = cpu_seconds(daemon)
            time.sleep(1)
            used = cpu_seconds(daemon) - used
            ok(used < 0.3, "it does not run in circles", used)
            for sock in socks:
                sock.close()
            for sock in waiting:
                sock.sendall(OFFER)
                ok(sock.recv(5)[4:] == b"O", "who waited is let in")
                sock.close()
            equal(dkim_of(session), ["pass"], "there are some again")


tap.main()
