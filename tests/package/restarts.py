# SPDX-License-Identifier: BSD-2-Clause
"""restarts: messages all the time while a command is run again and again.

    restarts.py SOCKET COMMAND...

Each message must be accepted and checked.  Prints how many there were.
"""

import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
import milterclient  # noqa: E402

RESTARTS, MESSAGES, CLIENTS = 6, 1600, 4


def main(path, command):
    stop = threading.Event()
    good, bad = [], []

    def client():
        while not stop.is_set():
            try:
                result = milterclient.send(
                    "local:" + path,
                    fields=[(b"From", b" alice@example.net")],
                    body=b"Hi.\r\n", sender="<alice@example.net>",
                    client="192.0.2.1")
                kept = result.accepted and "spf=pass" in result.authres
                (good if kept else bad).append(result.reply)
            except (OSError, milterclient.ProtocolError) as error:
                bad.append(error)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for n in range(RESTARTS):
        while len(good) < MESSAGES * n / RESTARTS and not bad:
            time.sleep(0.01)
        subprocess.run(command, check=True)
    while len(good) < MESSAGES and not bad:
        time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    print("%d messages, %d restarts, %d lost" %
          (len(good) + len(bad), RESTARTS, len(bad)))
    for problem in bad[:5]:
        print(problem)
    return 1 if bad else 0


sys.exit(main(sys.argv[1], sys.argv[2:]))
