# SPDX-License-Identifier: BSD-2-Clause
"""unbound: a validating resolver on a port of loopback, with zones of ours.

It is unpacked, not installed, unless it is there.  It asks nobody else: the
zones come from files, and there are no root servers.
"""

import os
import shutil
import socket
import struct
import subprocess

import assaydaemon
import debs
import tap

CONFIG = """\
server:
    interface: 127.0.0.1@{port}
    directory: "{folder}"
    username: ""
    chroot: ""
    pidfile: "{folder}/unbound.pid"
    use-syslog: no
    logfile: ""
    do-daemonize: no
    do-ip6: no
    num-threads: 1
    root-hints: ""
    module-config: "validator iterator"
    local-zone: "example." nodefault
    {anchors}
remote-control:
    control-enable: no
"""

ZONE = """\
auth-zone:
    name: "{name}"
    zonefile: "{path}"
    for-downstream: no
    for-upstream: yes
    fallback-enabled: no
"""


class Unbound:
    """`zones`: name -> (file, trust anchor or None); `port`: any that is
    free, unless told; raises debs.Unavailable."""

    def __init__(self, zones, port=0):
        self.folder = assaydaemon.work_folder("assay-unbound-")
        self.port = port or assaydaemon.free_port()
        self.process = None
        self.env = dict(os.environ)
        self.program = shutil.which("unbound") or self._unpacked()
        anchors = "\n    ".join(
            'trust-anchor: "%s"' % anchor if anchor else
            'domain-insecure: "%s"' % name
            for name, (_, anchor) in zones.items())
        path = os.path.join(self.folder, "unbound.conf")
        with open(path, "w", encoding="ascii") as f:
            f.write(CONFIG.format(port=self.port, folder=self.folder,
                                  anchors=anchors))
            for name, (file, _) in zones.items():
                f.write(ZONE.format(name=name, path=os.path.abspath(file)))
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [self.program, "-d", "-c", path], env=self.env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        tap.cleanup(self.stop)
        assaydaemon.wait_for(self._answers, 30, "unbound")

    def _unpacked(self):
        root = debs.unpack("unbound")
        self.env["LD_LIBRARY_PATH"] = debs.libraries(root)
        return os.path.join(root, "usr/sbin/unbound")

    @property
    def address(self):
        return "127.0.0.1:%d" % self.port

    def _answers(self):
        if self.process.poll() is not None:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                raise debs.Unavailable("unbound does not run: " +
                                       f.read()[-300:])
        query = struct.pack("!HHHHHH", 1, 0x100, 1, 0, 0, 0) + \
            b"\x07example\0" + struct.pack("!HH", 6, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.5)
            sock.sendto(query, ("127.0.0.1", self.port))
            try:
                return bool(sock.recv(4096))
            except OSError:
                return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
