# SPDX-License-Identifier: BSD-2-Clause
"""Libraries that few configurations need are loaded by those alone."""

import os
import re
import subprocess

import assaydaemon
import messages
import tap
from scrape import address, get
from tap import equal, ok

ZONE = messages.plain_zone()
POSTGRESQL = "postgresql://assay@127.0.0.1:1/assay"


def file_of(name):
    """The file that the program loads, or None: it is linked, or left out."""
    needed = subprocess.run(["ldd", assaydaemon.binary()],
                            capture_output=True, text=True, check=False)
    with open(assaydaemon.binary(), "rb") as f:
        found = re.search(rb"\b%s\.so[.\d]+" % name, f.read())
    return found.group().decode() if found and \
        name.decode() + ".so" not in needed.stdout else None


FILES = {name: file_of(name) for name in (b"libpq", b"libmicrohttpd")}


def mapped(daemon):
    with open("/proc/%d/maps" % daemon.process.pid) as f:
        return f.read()


@tap.test
def plain():
    with assaydaemon.Daemon({}, ZONE) as daemon:
        daemon.send(messages.PLAIN)
        maps = mapped(daemon)
    for file in filter(None, FILES.values()):
        ok(file[:-1] not in maps, file + " is not loaded")


@tap.test
def wanted():
    where = address()
    spool = os.path.join(assaydaemon.work_folder(), "spool")
    config = {"metrics": where}
    if FILES[b"libpq"]:
        config.update({"store": POSTGRESQL, "store-spool": spool})
    with assaydaemon.Daemon(config, ZONE) as daemon:
        maps = mapped(daemon)
        equal(get(where)[0], 200, "metrics are served")
    for file in filter(None, FILES.values()):
        ok("/" + file in maps, file + " is loaded")


def is_refused(config, file, key):
    """Its file is one that the loader does not take."""
    folder = assaydaemon.work_folder()
    open(os.path.join(folder, file), "w").close()
    for argument, status in (("-t", (78,)), ("-f", (69, 78))):
        daemon = assaydaemon.Daemon(config, ZONE, arguments=(argument,), 
            env={
            "LD_LIBRARY_PATH": folder}).spawn()
        ok(daemon.wait() in status, "%s: %s" % (key, argument))
        ok("%s: %s cannot be loaded: " % (key, file) in daemon.log(),
           "%s: why" % key, daemon.log())


@tap.test
def spoiled():
    if FILES[b"libpq"]:
        is_refused({"store": POSTGRESQL, "store-spool": "/tmp/x"},
                   FILES[b"libpq"], "store")
    if FILES[b"libmicrohttpd"]:
        is_refused({"metrics": address()}, FILES[b"libmicrohttpd"], "metrics")
    else:
        tap.skip("no file", "libraries are linked")


tap.main()
