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


FILES = {name: file_of(name)
         for name in (b"libpq", b"libsqlite3", b"libmicrohttpd")}


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


def stores(folder):
    """Of each library that is loaded, a store that needs it."""
    return {FILES[name]: {"store": store, "store-spool": folder + "/spool"}
            for name, store in ((b"libpq", POSTGRESQL),
                                (b"libsqlite3", "sqlite:%s/db" % folder))
            if FILES[name]}


@tap.test
def wanted():
    where = address()
    for file, config in stores(assaydaemon.work_folder()).items():
        with assaydaemon.Daemon(config, ZONE) as daemon:
            maps = mapped(daemon)
        equal([f for f in FILES.values() if f and "/" + f in maps], [file],
              file + " is loaded")
    with assaydaemon.Daemon({"metrics": where}, ZONE) as daemon:
        maps = mapped(daemon)
        equal(get(where)[0], 200, "metrics are served")
    file = FILES[b"libmicrohttpd"]
    if file:
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
    for file, config in stores(assaydaemon.work_folder()).items():
        is_refused(config, file, "store")
    if FILES[b"libmicrohttpd"]:
        is_refused({"metrics": address()}, FILES[b"libmicrohttpd"], "metrics")
    else:
        tap.skip("no file", "libraries are linked")


tap.main()
