# SPDX-License-Identifier: BSD-2-Clause
"""SIGTERM under load: the process ends in time, and no message is lost.

Many clients send as fast as they can when the signal comes.  A message that
was answered is in the log, and one that is in the log as accepted was
answered: what came in and what came out are the same number.  What the other
threads have to know is set before one is started to stop the process.

By hand: test_stop.py RUNS CONNECTIONS.
"""

import os
import signal
import sys
import threading
import time

import assaydaemon
import messages
import milterclient
import tap
from tap import equal, ok

RUNS, CONNECTIONS = (int(a) for a in (sys.argv[1:3] or (3, 40)))
del sys.argv[1:]        # tap takes the rest for names of tests
# The manual promises 30 s for the messages in progress and 1 s to leave.
DOCUMENTED_SECONDS = 31
ZONE = messages.plain_zone()
LATE = os.path.join(os.path.dirname(assaydaemon.binary()),
                    "tests/milter/latetaker.so")


class Clients:
    """Threads that send messages until the filter is gone."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.lock = threading.Lock()
        self.accepted = self.refused = self.cut = 0
        self.threads = [threading.Thread(target=self._run)
                        for _ in range(CONNECTIONS)]
        for thread in self.threads:
            thread.start()

    def _count(self, name):
        with self.lock:
            setattr(self, name, getattr(self, name) + 1)

    def _run(self):
        # The answer to the end of a message may be lost only if it was not
        # sent: that is what is counted.
        try:
            with self.daemon.session(timeout=60) as session:
                session.connect()
                session.helo()
                while True:
                    result = session.message(messages.PLAIN)
                    self._count("accepted" if result.accepted else "refused")
                    if not result.accepted:
                        return
        except (milterclient.ProtocolError, OSError):
            self._count("cut")

    def join(self):
        for thread in self.threads:
            thread.join()


def logged(daemon):
    return sum(r["action"] == "accept" for r in daemon.records())


@tap.test
def stop_under_load():
    slowest = 0
    for run in range(RUNS):
        daemon = assaydaemon.Daemon(zone=ZONE).start()
        clients = Clients(daemon)
        assaydaemon.wait_for(lambda: clients.accepted > CONNECTIONS, 60,
                             "messages flow")
        begin = time.monotonic()
        daemon.kill(signal.SIGTERM)
        status = daemon.wait(DOCUMENTED_SECONDS)
        slowest = max(slowest, time.monotonic() - begin)
        clients.join()
        equal(status, 0, "run %d: it ends in time" % run)
        equal(logged(daemon), clients.accepted,
              "run %d: messages in are messages out" % run,
              clients.refused, clients.cut)
        daemon.check_sanitizers("run %d" % run)
    tap.note("the slowest of %d runs took %.2f s" % (RUNS, slowest))


@tap.test
def set_before_the_thread():
    """The thread that took SIGTERM comes no further than pthread_create()."""
    what = "SIGTERM, and its thread stands still"
    if assaydaemon.is_sanitized(assaydaemon.binary()):
        tap.skip(what, "a sanitizer wants to be loaded first")
        return
    zone = dict(ZONE, **{"slow.example": ["TIMEOUT"]})
    daemon = assaydaemon.Daemon({"limits": {"deadline": "60s"}}, zone,
                                env={"LD_PRELOAD": os.path.abspath(LATE)})
    daemon.start()
    with daemon.session() as session:
        session.connect()
        session.helo()
        session.mail("<a@slow.example>")
        session.rcpt()
        daemon.kill(signal.SIGTERM)
        assaydaemon.wait_for(lambda: "stopping" in daemon.log(), 30,
                             "the end has begun")
        reloads = daemon.log().count("reloaded")
        # The statistics come after the reload that must not be.
        daemon.kill(signal.SIGHUP)
        daemon.kill(signal.SIGUSR1)
        assaydaemon.wait_for(lambda: daemon.events("statistics"), 30,
                             "the signals are taken")
        equal(daemon.log().count("reloaded"), reloads,
              what + ": no reload any more")
        session.close()
        equal(daemon.wait(), 0, what + ": exit status")
    ok('"stopped"' in daemon.log(), what + ": it ended as it should")


tap.main()
