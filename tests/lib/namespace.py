# SPDX-License-Identifier: BSD-2-Clause
"""namespace: a machine of its own for one test program.

prepare() starts the test program again in private namespaces.  There

- the wanted packages (debs.py) lie over /usr and /etc as if they were
  installed, and what is written below /etc and /run is ours alone;
- all of 192.0.2.0/24 and some IPv6 addresses are at home on the loopback
  interface, so a client can really come from there, and every port is free;
- the host is mx.example.org, names come from a hosts file, name servers are
  asked on 127.0.0.1, and what programs tell syslog can be read;
- when the test ends, so does every process that it has started.

The machine outside is not touched, and cannot be reached.  enter() with
network=True leaves names and network as they are.
"""

import os
import shutil
import socket
import subprocess
import sys
import threading

import debs
import tap

MARK = "ASSAY_TEST_NAMESPACE"
UNSHARE = ["unshare", "--mount", "--uts", "--pid", "--fork",
           "--kill-child", "--mount-proc"]
FOLDER = "/run/assay-namespace"
HOST = "mx.example.org"
ADDRESSES = ("192.0.2.1/24", "2001:db8::1/128", "2001:db8::2/128")
FILES = {
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n"
                  "127.0.0.1 %s mx\n" % HOST,
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "/etc/resolv.conf": "nameserver 127.0.0.1\n",
}
DEVICES = "null zero full random urandom tty".split()

_syslog = []


def missing(network=False):
    """Why there can be no such namespace here, or None."""
    if os.geteuid() != 0:
        return "not root"
    for program, package in (("unshare", "util-linux"), ("ip", "iproute2")):
        if not shutil.which(program):
            return "the package %s is not installed" % package
    steps = "mount -t overlay -o lowerdir=/etc:/usr overlay /usr"
    if not network:
        steps += " && ip link set lo up"
        for address in ADDRESSES:       # one may have no IPv6
            steps += " && ip address add %s dev lo" % address
    done = subprocess.run(
        UNSHARE + ([] if network else ["--net"]) + ["sh", "-c", steps],
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        return "no namespaces: " + done.stderr.strip()
    return None


def prepare(*sets):
    """
    Goes on inside, with these sets of packages, or skips all tests.  To be
    called before anything is started.
    """
    try:
        enter(sets)
    except debs.Unavailable as reason:
        tap.skip_all(str(reason))


def enter(sets, network=False):
    """The same for what is no test; raises debs.Unavailable."""
    if not os.environ.get(MARK):
        _leave(sets, network)
    _be_init()
    if not network:
        socket.sethostname(HOST)
        _run("ip", "link", "set", "lo", "up")
        for address in ADDRESSES:
            _run("ip", "address", "add", address, "dev", "lo")
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    os.mkdir(FOLDER)
    _lay_packages([debs.unpack(*names) for names in sets])
    if not network:
        for path, text in FILES.items():
            install(path, text)
    _lay_devices()
    _receive_syslog()


def _leave(sets, network):
    """The packages have to be fetched while there is a network."""
    why = missing(network)
    if why:
        raise debs.Unavailable(why)
    for names in sets:
        debs.unpack(*names)
    os.environ[MARK] = "yes"
    sys.stdout.flush()
    os.execvp(UNSHARE[0], UNSHARE + ([] if network else ["--net"]) +
              [sys.executable] + sys.argv)


def _run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def _be_init():
    """The first process stays and buries others' orphans."""
    child = os.fork()
    if child == 0:
        return
    while True:
        pid, status = os.wait()
        if pid == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xff)


def _short(root, at):
    """Another name, as mount takes it: short, and without commas."""
    name = os.path.join(FOLDER, "packages-%d" % at)
    os.symlink(root, name)
    return name


def _lay_packages(roots):
    upper, work = os.path.join(FOLDER, "etc"), os.path.join(FOLDER, "work")
    os.mkdir(upper)
    os.mkdir(work)
    roots = [_short(root, at) for at, root in enumerate(roots)]
    _run("mount", "-t", "overlay", "overlay", "/etc", "-o",
         "lowerdir=%s,upperdir=%s,workdir=%s" %
         (":".join([r + "/etc" for r in roots] + ["/etc"]), upper, work))
    if roots:
        _run("mount", "-t", "overlay", "overlay", "/usr", "-o", "lowerdir=" +
             ":".join([r + "/usr" for r in roots] + ["/usr"]))


def install(path, text, mode=0o644):
    """Writes a file below /etc."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.islink(path):
        os.unlink(path)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


def _lay_devices():
    """A /dev of our own, since /dev/log is to be ours."""
    dev = os.path.join(FOLDER, "dev")
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
