# SPDX-License-Identifier: BSD-2-Clause
"""namespace: a machine of its own for one test program.

enter() starts the test program again in private namespaces.  There it has
a loopback interface on which all of 192.0.2.0/24 and some IPv6 addresses
are at home, so that a client can really come from there; every port is
free; the host is mx.example.org, names come from a hosts file and name
servers are asked on 127.0.0.1; what programs tell syslog can be read; and
when the test ends, so does every process in it.  The machine outside is not
touched, and cannot be reached.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

import tap

MARK = "ASSAY_TEST_NAMESPACE"
UNSHARE = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork",
           "--kill-child", "--mount-proc"]
HOST = "mx.example.org"
ADDRESSES = ("192.0.2.1/24", "2001:db8::1/128", "2001:db8::2/128")
FILES = {
    "hosts": "127.0.0.1 localhost\n::1 localhost\n127.0.0.1 %s mx\n" % HOST,
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "resolv.conf": "nameserver 127.0.0.1\n",
}
DEVICES = "null zero full random urandom tty".split()

_syslog = []


def missing():
    """Why there can be no namespace here, or None."""
    if os.environ.get(MARK):
        return None
    if os.geteuid() != 0:
        return "not root"
    for program, package in (("unshare", "util-linux"), ("ip", "iproute2")):
        if not shutil.which(program):
            return "the package %s is not installed" % package
    done = subprocess.run(UNSHARE + ["true"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    if done.returncode != 0:
        return "no namespaces: " + done.stderr.strip()
    return None


def enter():
    """Returns inside; call it before anything is started."""
    if not os.environ.get(MARK):
        os.environ[MARK] = "yes"
        sys.stdout.flush()
        os.execvp(UNSHARE[0], UNSHARE + [sys.executable] + sys.argv)
    _be_init()
    socket.sethostname(HOST)
    _run("ip", "link", "set", "lo", "up")
    for address in ADDRESSES:
        _run("ip", "address", "add", address, "dev", "lo")
    folder = tempfile.mkdtemp(prefix="assay-namespace-")
    tap.cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.chmod(folder, 0o755)
    _lay_files(folder)
    _lay_devices(folder)
    _receive_syslog()


def _run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def _be_init():
    """The first process stays behind and buries others' orphans."""
    child = os.fork()
    if child == 0:
        return
    while True:
        pid, status = os.wait()
        if pid == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xff)


def _lay_files(folder):
    for name, text in FILES.items():
        path = os.path.join(folder, name)
        with open(path, "w") as f:
            f.write(text)
        place = os.path.realpath("/etc/" + name)
        if os.path.exists(place):
            _run("mount", "--bind", path, place)


def _lay_devices(folder):
    """A /dev of our own, since /dev/log is to be ours."""
    dev = os.path.join(folder, "dev")
    os.mkdir(dev)
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", dev)
    for name in DEVICES:
        path = os.path.join(dev, name)
        open(path, "w").close()
        _run("mount", "--bind", "/dev/" + name, path)
    os.symlink("/proc/self/fd", os.path.join(dev, "fd"))
    _run("mount", "--move", dev, "/dev")


def _receive_syslog():
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind("/dev/log")
    os.chmod("/dev/log", 0o666)

    def receive():
        while True:
            line = sock.recv(65536).decode("utf-8", "replace")
            _syslog.append(line.rstrip("\0\n"))

    threading.Thread(target=receive, daemon=True).start()


def syslog(word=""):
    """What was logged so far, lines that have `word` in them."""
    return "\n".join(line for line in list(_syslog) if word in line)
