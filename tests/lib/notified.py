# SPDX-License-Identifier: BSD-2-Clause
"""notified: the socket that a service writes its state to, as systemd has it.

It is read all the time: in a queue that is full the service would wait.
"""

import os
import socket
import threading

import assaydaemon


class Notified:
    """`path` is for NOTIFY_SOCKET."""

    def __init__(self, folder=None):
        self.path = os.path.join(folder or assaydaemon.work_folder(),
                                 "notify")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        self.texts = []
        self.read = 0           # of them, by wait()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            self.texts.append(self.sock.recv(4096).decode())

    def wait(self, word):
        """The texts since the last call, up to the first with this word."""
        def found():
            return [i for i in range(self.read, len(self.texts))
                    if word in self.texts[i]]
        end = assaydaemon.wait_for(found, 60, word)[0] + 1
        texts, self.read = self.texts[self.read:end], end
        return texts
