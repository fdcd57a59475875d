# SPDX-License-Identifier: BSD-2-Clause
"""The store in a file: what is in it, and what happens when it is killed,
full, read-only, gone, or made by a later version."""

import os
import shutil
import signal
import sqlite3
import time

import assaydaemon
import messages
import notified
import tap
from scrape import address, get, values
from tap import equal, ok

ZONE = dict(messages.plain_zone(), **{
    "_dmarc.example.net": [
        {"TXT": "v=DMARC1; p=none; rua=mailto:dmarc@example.net"}],
})


def rows(path, query):
    with sqlite3.connect("file:%s?mode=ro" % path, uri=True,
                         timeout=30) as base:
        got = base.execute(query).fetchall()
    base.close()
    return got


def count(path):
    try:
        return rows(path, "SELECT count(*) FROM assay_message")[0][0]
    except sqlite3.OperationalError:
        return -1


def wait_count(path, want):
    assaydaemon.wait_for(lambda: count(path) >= want, 30,
                         "%d messages in the store" % want)
    return count(path)


# Loaded into the daemon, it lets nobody write further in a log of SQLite's.
HELD = os.path.join(os.path.dirname(assaydaemon.binary()),
                    "tests/milter/heldlog.so")
HELD_OCTETS = 1 << 20


def size(path):
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


class Store:
    """A daemon with a store in a folder of its own."""

    def __init__(self, wrapper=(), spool=False):
        self.folder = assaydaemon.work_folder()
        self.where = os.path.join(self.folder, "db")
        os.mkdir(self.where)
        self.path = os.path.join(self.where, "assay.db")
        self.spool = os.path.join(self.folder, "spool")
        self.metrics = address()
        self.daemon = assaydaemon.Daemon(
            dict({"store": "sqlite:" + self.path, "metrics": self.metrics},
                 **({"store-spool": self.spool} if spool else {})), ZONE,
            folder=self.folder,
            wrapper=[part.replace("FOLDER", self.where) for part in wrapper])

    def figure(self, name):
        return values(get(self.metrics)[2])["assay_store_" + name]

    def wait_figure(self, name, want):
        assaydaemon.wait_for(
            lambda: want(self.figure(name)), 40, "assay_store_" + name)

    sent = 0

    def mail(self, number=1):
        self.sent += number
        for _ in range(number):
            ok_reply = self.daemon.send(messages.PLAIN)
            if not ok_reply.accepted:
                ok(False, "mail flows", ok_reply.reply)

    def says(self, text):
        assaydaemon.wait_for(lambda: text in self.daemon.log(), 30, text)
        ok(True, "the log says: " + text)


@tap.test
def what_is_in_it():
    store = Store()
    with store.daemon:
        store.mail(3)
        equal(wait_count(store.path, 3), 3, "three messages")
        got = rows(store.path, "SELECT client, from_domain, dmarc, action, "
                   "rule, told FROM assay_message LIMIT 1")
        equal(got, [("192.0.2.1", "example.net", "pass", "accept", "",
                     "accepted")], "what is in columns")
        equal(rows(store.path, "SELECT domain, messages, amount "
                   "FROM assay_policy"), [("example.net", 3, 1)],
              "one policy, one row")
        equal(rows(store.path, "SELECT count FROM assay_row"), [(3,)],
              "which counts three")
        equal(oct(os.stat(store.path).st_mode & 0o777), "0o640",
              "not for everybody")
        store.wait_figure("records_total", lambda n: n == 3)
        tap.note("confined by " + store.daemon.events("configuration")[0]
                 ["confinement"])


@tap.test
def correspondents():
    """Whom somebody here writes to, and not whom programs write to."""
    store = Store()
    ours = messages.PLAIN.replace(b"example.net", b"example.org")
    sent = []

    def write(to, head=b"", sender="<joe@example.org>"):
        store.daemon.send(head + ours, client="127.0.0.1", sender=sender,
                          recipients=("<x@%s>" % to,))
        sent.append(to)
        store.daemon.wait_count(len(sent))
    with store.daemon:
        write("mail.person.example")
        write("no.example", b"Auto-Submitted: (not me) no; x=y\r\n")
        write("report.example", b"Auto-Submitted: auto-generated\r\n")
        write("vacation.example", b"AUTO-SUBMITTED: Auto-Replied\r\n")
        write("odd.example", b"Auto-Submitted:\r\n")
        write("bounce.example", sender="<>")
        store.mail(1)
        wait_count(store.path, 7)
        records = store.daemon.wait_records(7)
    equal([r.get("auto-submitted") for r in records],
          [None, None, "yes", "yes", "yes", None, None], "in the record")
    equal(rows(store.path, "SELECT name FROM assay_correspondent "
               "ORDER BY name"), [("example.no",),
                                  ("example.person.mail",)],
          "who is remembered")


@tap.test
def the_last_second():
    """A daemon that is stopped writes all that it has."""
    store = Store()
    with store.daemon:
        store.mail(5)
    equal(count(store.path), 5, "nothing is lost by a stop")
    with store.daemon:
        store.mail(1)
    equal(count(store.path), 6, "nor when it begins again")


@tap.test
def killed():
    """SIGKILL in the middle of load."""
    store = Store()
    sent = 0
    for turn in range(4):
        store.daemon.start()
        store.mail(40)
        sent += 40
        wait_count(store.path, sent)
        end = time.monotonic() + 0.3 + 0.3 * turn
        while time.monotonic() < end:
            store.mail(1)
        store.daemon.process.kill()
        store.daemon.process.wait()
        after = count(store.path)
        ok(after >= sent, "what was written is there", after, sent)
        sent = after
    store.daemon.start()
    store.mail(1)
    wait_count(store.path, sent + 1)
    store.daemon.stop()
    equal(rows(store.path, "SELECT count(*) FROM (SELECT DISTINCT run, seq "
               "FROM assay_message)")[0][0], sent + 1, "none is there twice")
    equal(rows(store.path, "SELECT sum(count) FROM assay_row"), [(sent + 1,)],
          "the rows count each once")
    equal(rows(store.path, "SELECT sum(messages) FROM assay_policy"),
          [(sent + 1,)], "and the policies")


@tap.test
def gone():
    """Its folder is deleted, and comes back."""
    store = Store(spool=True)
    store.daemon.start()
    store.mail(2)
    wait_count(store.path, 2)
    shutil.rmtree(store.where)
    store.mail(3)
    store.says("the store cannot be used: the file has gone")
    store.wait_figure("spilled_total", lambda n: n == 3)
    equal(store.figure("away"), 1, "the metrics say so")
    store.wait_figure("spool_bytes", lambda n: n > 3 * 40)
    store.daemon.kill(signal.SIGKILL)
    store.daemon.process.wait()
    os.mkdir(store.where)
    with store.daemon:
        equal(wait_count(store.path, 3), 3, "and are read in later")
        store.wait_figure("spool_bytes", lambda n: n == 0)
        equal(store.figure("lost_total"), 0, "none was lost")
    ok(os.stat(store.spool).st_size < 100, "the file is empty")


@tap.test
def comes_back():
    """The same, while the daemon runs."""
    store = Store()
    os.rmdir(store.where)
    with store.daemon:
        store.mail(2)
        store.wait_figure("lost_total", lambda n: n == 2)
        store.says("no file for records while the store is away")
        store.says("2 records of messages were lost for the store")
        os.mkdir(store.where)
        store.wait_figure("away", lambda n: n == 0)
        store.mail(2)
        equal(wait_count(store.path, 2), 2, "what came later is there")
        store.says("the store can be used again")


@tap.test
def a_folder_in_its_place():
    """It is replaced by a folder while the daemon runs; the log and the
    status of the service say so, once."""
    store = Store()
    sock = notified.Notified()
    store.daemon.env["NOTIFY_SOCKET"] = sock.path
    with store.daemon:
        store.mail(1)
        wait_count(store.path, 1)
        for name in os.listdir(store.where):
            os.remove(os.path.join(store.where, name))
        os.mkdir(store.path)
        store.mail(3)
        store.says("unable to open database file")
        text = sock.wait("the store cannot be used")[-1]
        ok("STATUS=" in text, "the status of the service", text)
        store.wait_figure("spilled_total", lambda n: n == 3)
        os.rmdir(store.path)
        equal(wait_count(store.path, 3), 3, "and are read in later")
    equal(store.daemon.log().count("unable to open database file"), 1,
          "it is said once")


@tap.test
def spoiled():
    """Its pages have been overwritten."""
    store = Store()
    store.daemon.start()
    store.mail(5)
    wait_count(store.path, 5)
    store.daemon.stop()
    base = sqlite3.connect(store.path)
    base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    base.close()
    with open(store.path, "r+b") as f:
        f.seek(4096)
        f.write(b"\x00\xff" * 2048 * 10)
    with store.daemon:
        store.mail(2)
        store.says("malformed")
        store.wait_figure("spilled_total", lambda n: n == 2)
        store.mail(2)
        store.wait_figure("spilled_total", lambda n: n == 4)
        os.rename(store.path, store.path + ".bad")
        equal(wait_count(store.path, 4), 4, "with a new one all is well")


def in_namespace(*commands):
    """A wrapper that has mounts of its own."""
    return ("unshare", "--mount", "sh", "-c",
            " && ".join(commands) + ' && exec "$@"', "sh")


def may_mount():
    return os.geteuid() == 0 and os.system(
        "unshare --mount mount -t tmpfs none /mnt 2>/dev/null") == 0


@tap.test
def full_spool():
    """No database, and no room for the spool file either."""
    if not may_mount():
        tap.skip("a full disk for the spool file", "needs root and mounts")
        return
    store = Store(wrapper=in_namespace(
        "mount -t tmpfs -o size=16k none FOLDER"))
    store.daemon.configure({"store": "sqlite:/nowhere/assay.db",
                            "store-spool": os.path.join(store.where, "s"),
                            "metrics": store.metrics}, ZONE)
    with store.daemon:
        for _ in range(20):
            store.mail(20)
            if store.figure("lost_total") > 0:
                break
        store.wait_figure("lost_total", lambda n: n > 0)
        store.says("records of messages were lost for the store")
        store.wait_figure("waiting", lambda n: n == 0)
        equal(store.figure("spilled_total") + store.figure("lost_total"),
              store.sent, "each record is spilled or lost")


@tap.test
def full():
    if not may_mount():
        tap.skip("a full disk", "needs root and mounts")
        return
    store = Store(wrapper=in_namespace(
        "mount -t tmpfs -o size=256k none FOLDER"))
    with store.daemon:
        for _ in range(40):
            store.mail(50)
            if "the store cannot be used" in store.daemon.log():
                break
        store.says("the store cannot be used: database or disk is full")
        store.mail(400)
        store.wait_figure("lost_total", lambda n: n > 0)
        store.mail(2)
        ok(True, "mail flows")


@tap.test
def read_only():
    if not may_mount():
        tap.skip("a read-only disk", "needs root and mounts")
        return
    store = Store(wrapper=in_namespace(
        "mount --bind FOLDER FOLDER", "mount -o remount,bind,ro FOLDER"))
    with store.daemon:
        store.mail(2)
        store.says("the store cannot be used")
        store.wait_figure("lost_total", lambda n: n == 2)


@tap.test
def later_version():
    store = Store()
    with store.daemon:
        store.mail(1)
        wait_count(store.path, 1)
    with sqlite3.connect(store.path) as base:
        base.execute("UPDATE assay_meta SET number = 99 "
                     "WHERE name = 'schema'")
    base.close()
    with store.daemon:
        store.mail(2)
        store.says("the store cannot be used: its tables are of version 99, "
                   "made by a later assay; this one knows 3")
        store.wait_figure("spilled_total", lambda n: n == 2)
    equal(count(store.path), 1, "it was left alone")


def make_version_1(path, domains=0):
    """A database as the first version made it, with more correspondents."""
    with open(os.path.join(assaydaemon.top_srcdir(), "tests/data/store",
                           "version-1.sqlite.sql"), encoding="utf-8") as f:
        text = f.read()
    base = sqlite3.connect(path)
    base.executescript(text)
    base.execute("PRAGMA journal_mode = WAL")
    base.executemany("INSERT INTO assay_correspondent VALUES (?, 20786)",
                     (("d%d.example" % n,) for n in range(domains)))
    base.commit()
    base.close()


def version(path):
    return rows(path, "SELECT number FROM assay_meta "
                "WHERE name = 'schema'")[0][0]


def is_migrated(path):
    try:
        return version(path) == 3
    except sqlite3.OperationalError:
        return False


def check_migrated(path, domains):
    assaydaemon.wait_for(lambda: is_migrated(path), 60,
                         "tables of this version")
    equal(rows(path, "SELECT count(*) FROM assay_correspondent"),
          [(domains + 3,)], "every correspondent is there")
    equal(rows(path, "SELECT name FROM assay_correspondent "
               "WHERE name > 'gov' AND name < 'gov/'"),
          [("gov.example.b.a",)], "as this version has them")
    equal(rows(path, "SELECT count(*) FROM sqlite_schema "
               "WHERE name LIKE 'assay_%_1'"), [(0,)], "nothing is left over")


@tap.test
def earlier_version():
    """Two daemons bring it up to date at once, while mail flows."""
    first = Store()
    second = Store()
    second.daemon = assaydaemon.Daemon(
        {"store": "sqlite:" + first.path, "metrics": second.metrics,
         "keep": "3650d", "store-spool": second.spool}, ZONE)
    first.daemon.configure({"store": "sqlite:" + first.path, "keep": "3650d",
                            "metrics": first.metrics,
                            "store-spool": first.spool}, ZONE)
    make_version_1(first.path, 20000)
    for store in (first, second):
        store.daemon.spawn()
    for store in (first, second):
        assaydaemon.wait_for(store.daemon._listens, 60, "the socket accepts")
        store.mail(3)
    check_migrated(first.path, 20000)
    equal(wait_count(first.path, 14 + 6), 20, "old messages, and new ones")
    equal(rows(first.path, "SELECT sum(messages) FROM assay_policy"),
          [(8 + 6,)], "none counts twice")
    for store in (first, second):
        store.daemon.check_stop("the daemon")


@tap.test
def killed_while_migrating():
    """SIGKILL in the middle: the old tables are whole, the next one tries."""
    if assaydaemon.is_sanitized(assaydaemon.binary()):
        tap.skip("killed while it brings tables up to date",
                 "a sanitizer wants to be loaded first")
        return
    store = Store()
    config = {"store": "sqlite:" + store.path, "keep": "3650d"}
    store.daemon.configure(config, ZONE)
    make_version_1(store.path, 300000)
    store.daemon.env["LD_PRELOAD"] = os.path.abspath(HELD)
    store.daemon.start()
    assaydaemon.wait_for(
        lambda: size(store.path + "-wal") >= HELD_OCTETS, 60,
        "it is in the middle, and stands still")
    store.mail(1)
    store.daemon.process.kill()
    store.daemon.process.wait()
    del store.daemon.env["LD_PRELOAD"]
    equal(version(store.path), 1, "the version is the old one")
    equal(rows(store.path, "SELECT count(*) FROM assay_correspondent"),
          [(300003,)], "and so are the tables")
    equal(rows(store.path, "PRAGMA integrity_check"), [("ok",)], "whole")
    with store.daemon:
        check_migrated(store.path, 300000)
        store.mail(2)
        equal(wait_count(store.path, 16), 16, "it goes on")


@tap.test
def damaged():
    store = Store()
    with open(store.path, "wb") as f:
        f.write(b"this is not a database " * 400)
    with store.daemon:
        store.mail(1)
        store.says("file is not a database")
        store.wait_figure("spilled_total", lambda n: n == 1)


@tap.test
def slow_reader():
    """Somebody has locked the database: it waits, mail does not."""
    store = Store()
    with store.daemon:
        store.mail(1)
        wait_count(store.path, 1)
        base = sqlite3.connect(store.path, isolation_level=None)
        base.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        store.mail(20)
        ok(time.monotonic() - began < 5, "mail is not held up",
           time.monotonic() - began)
        store.says("database is locked")
        base.execute("COMMIT")
        base.close()
        equal(wait_count(store.path, 21), 21, "all are there later")
    equal(rows(store.path, "SELECT sum(count) FROM assay_row"), [(21,)],
          "each once")


tap.main(by_days=True)
