# SPDX-License-Identifier: BSD-2-Clause
"""debs: programs out of Debian packages without installing the packages.

For programs that a test wants and the machine should not get: a second mail
server, which would push out the first, or what comes with users and services
of its own.  The packages and what they depend on are downloaded once and
unpacked below ${TMPDIR:-/tmp}/assay-test-packages, which may be removed at
any time.  What is installed already is not fetched.
"""

import fcntl
import glob
import os
import re
import shutil
import stat
import subprocess
import tempfile

import tap

DOWNLOAD_SECONDS = 300


class Unavailable(Exception):
    """Why there is no such package here."""


def cache():
    """A folder that nobody but us can write to."""
    path = os.path.join(os.environ.get("TMPDIR") or "/tmp",
                        "assay-test-packages")
    try:
        os.mkdir(path)
        os.chmod(path, 0o755)
    except FileExistsError:
        pass
    facts = os.lstat(path)
    if (not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid()
            or facts.st_mode & 0o022):
        raise Unavailable("%s is not ours alone" % path)
    return path


def unpack(*packages):
    """The folder that holds the packages' files; raises Unavailable."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Unavailable("no Debian here")
    home = cache()
    root = os.path.join(home, "_".join(sorted(packages)))
    with open(os.path.join(home, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(root):
            _fetch(packages, home, root)
    return root


def libraries(root):
    """LD_LIBRARY_PATH for programs of that folder."""
    folders = glob.glob(os.path.join(root, "usr/lib/*-linux-gnu*"))
    return ":".join(sorted(folders) + [os.path.join(root, "usr/lib")])


def _fetch(packages, home, root):
    fresh = tempfile.mkdtemp(prefix="new-", dir=home)
    try:
        os.chmod(fresh, 0o755)
        _skeleton(fresh + "/root")
        _download(packages, fresh)
        for package in glob.glob(os.path.join(fresh, "*.deb")):
            _apt(["dpkg-deb", "-x", package, fresh + "/root"], fresh)
        _without_privileges(fresh + "/root")
        os.rename(fresh + "/root", root)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _skeleton(root):
    """Debian has merged these into /usr, not all packages know it."""
    for name in ("bin", "lib", "lib64", "sbin"):
        os.makedirs(os.path.join(root, "usr", name))
        os.symlink("usr/" + name, os.path.join(root, name))
    os.makedirs(os.path.join(root, "etc"))


def _download(packages, folder):
    try:
        wanted = _closure(packages, folder)
    except Unavailable:
        if os.geteuid() != 0:
            raise
        _apt(["apt-get", "update"], folder)
        wanted = _closure(packages, folder)
    tap.note("downloading %d packages for %s" %
             (len(wanted), " ".join(packages)))
    _apt(["apt-get", "-o", "APT::Sandbox::User=root", "download"] +
         sorted(wanted), folder)


def _closure(packages, folder):
    """The packages and what apt would install, not upgrade, with them."""
    plan = _apt(["apt-get", "-s", "install", "--no-install-recommends"] +
                list(packages), folder)
    return set(packages) | set(re.findall(r"(?m)^Inst (\S+) \(", plan))


def _apt(command, folder):
    try:
        done = subprocess.run(
            command, cwd=folder, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=DOWNLOAD_SECONDS, env=dict(os.environ, LC_ALL="C"))
    except subprocess.TimeoutExpired:
        raise Unavailable("%s takes too long" % " ".join(command[:2]))
    if done.returncode != 0:
        last = (done.stdout.strip().splitlines() or ["no output"])[-1]
        raise Unavailable("%s: %s" % (" ".join(command[:2]), last))
    return done.stdout


def _without_privileges(root):
    """No set-id programs in a folder that anybody can enter."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            if stat.S_ISREG(mode) and mode & 0o6000:
                os.chmod(path, stat.S_IMODE(mode) & 0o777)
