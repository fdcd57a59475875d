# SPDX-License-Identifier: BSD-2-Clause
"""SIGTERM under load: the process ends in time, and no message is lost.

Many clients send as fast as they can when the signal comes.  A message that
was answered is in the log, and one that is in the log as accepted was
answered: what came in and what came out are the same number.

By hand: test_stop.py RUNS CONNECTIONS.
"""

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
# The manual promises 30 s for the messages in hand and 1 s to leave.
DOCUMENTED_SECONDS = 31
ZONE = messages.plain_zone()


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


tap.main()
