# SPDX-License-Identifier: BSD-2-Clause
"""assay report bounce and suppressed: what becomes of a delivery."""

import json
import os
import sqlite3
import time

import assaydaemon
import bounces
import debs
import postgres
import tap
from tap import equal, ok

DAY = 86400
TO = "dmarc@example.net"


class Sqlite:
    """A store with its tables, made by a daemon."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "assay.db")
        self.name = "sqlite:" + self.path

    def ask(self, query):
        base = sqlite3.connect(self.path, timeout=30)
        try:
            with base:
                return [list(map(str, row)) for row in base.execute(query)]
        finally:
            base.close()


class Postgres:
    server = None

    def __init__(self, _):
        Postgres.server = Postgres.server or postgres.Server()
        self.name = self.server.create("bounces")

    def ask(self, query):
        out = self.server.ask("bounces", query)
        return [line.split("|") for line in out.splitlines()]


class World:
    def __init__(self, kind=Sqlite):
        self.folder = assaydaemon.work_folder()
        self.store = kind(self.folder)
        self.daemon = assaydaemon.Daemon(
            {"store": self.store.name, "log": {"target": "stderr"}}, {},
            folder=self.folder)
        with self.daemon:
            assaydaemon.wait_for(self.secret, 60, "the tables")
        self.policies = 0

    def secret(self):
        try:
            rows = self.store.ask("SELECT number FROM assay_meta WHERE name "
                                  "LIKE 'secret-%' ORDER BY name")
        except sqlite3.OperationalError:
            return None
        return [int(row[0]) for row in rows if len(row) == 1 and
                row[0].lstrip("-").isdigit()]

    def deliver(self, to=TO):
        """One more report on its way; the address that it comes from."""
        self.policies += 1
        policy = 0x8000000000000000 + self.policies
        self.store.ask(
            "INSERT INTO assay_delivery VALUES (%d, '%s', 20000, 'sent', 1, "
            "1000, 2000, '', 'example.net', 3)" % (policy - (1 << 64),
                                                   to))
        return "bounce+%s@mx.example.org" % bounces.tag(
            self.secret(), policy, to)

    def run(self, command, *arguments, data=b""):
        done = assaydaemon.run_command("report", command, "-c",
                                       self.daemon.path, *arguments,
                                       data=data)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def bounce(self, mail, *arguments):
        status, out, err = self.run("bounce", *arguments, data=mail)
        equal((status, err), (0, ""), "taken from the mail server")
        return out

    def deliveries(self):
        return [row[0] for row in self.store.ask(
            "SELECT state FROM assay_delivery ORDER BY policy")]

    def suppressed(self):
        """[(destination, days from now, times)]"""
        return [(row[0], round((int(row[1]) - time.time()) / DAY),
                 int(row[2])) for row in self.store.ask(
                     "SELECT destination, until, hits FROM "
                     "assay_suppression ORDER BY destination")]

    def nothing(self, name, mail, said, *arguments):
        before = self.deliveries(), self.suppressed()
        out = self.bounce(mail, *arguments)
        equal((self.deliveries(), self.suppressed()), before,
              name + ": nothing was done")
        ok(said in out, name + ": said", out)


def a_life(kind):
    world = World(kind)
    address = world.deliver()
    out = world.bounce(bounces.notice(address))
    ok("report 8000000000000001 to dmarc@example.net was refused (5.1.1: "
       "550 5.1.1 no such user); no report goes there until 20" in out,
       "said", out)
    equal(world.deliveries(), ["refused"], "the delivery")
    equal(world.suppressed(), [(TO, 7, 1)], "a week")
    row = world.store.ask("SELECT tries, next, error FROM assay_delivery")
    equal(row, [["1", "0", "5.1.1: 550 5.1.1 no such user"]], "why")
    world.nothing("again", bounces.notice(address), "was refused before")
    world.bounce(bounces.notice(world.deliver()))
    equal(world.suppressed(), [(TO, 7, 1)], "another report in this week")
    equal(world.deliveries(), ["refused"] * 2, "it was refused as well")
    for days, times in ((30, 2), (90, 3), (90, 4)):
        world.store.ask("UPDATE assay_suppression SET until = %d" %
                        (time.time() - DAY))
        world.bounce(bounces.notice(world.deliver()))
        equal(world.suppressed(), [(TO, days, times)],
              "time %d: %d days" % (times, days))
    world.store.ask("UPDATE assay_suppression SET until = %d" %
                    (time.time() - 91 * DAY))
    world.bounce(bounces.notice(world.deliver()))
    equal(world.suppressed(), [(TO, 7, 1)], "after a quarter of peace")
    world.bounce(bounces.notice(world.deliver("b@other.example")))
    equal([row[0] for row in world.suppressed()], ["b@other.example", TO],
          "each destination by itself")
    return world


@tap.test
def with_sqlite():
    world = a_life(Sqlite)
    status, out, err = world.run("suppressed")
    equal((status, err, len(out.splitlines())), (0, "", 2), "listed")
    ok("b@other.example  suppressed until 20" in out and
       ", 1 time  5.1.1: 550 5.1.1 no such user" in out, "each", out)
    status, out, _ = world.run("suppressed", "--json")
    found = json.loads(out)
    equal([(x["destination"], x["times"], x["over"]) for x in found],
          [("b@other.example", 1, False), (TO, 1, False)], "as JSON")
    equal(world.run("suppressed", "--end", "B@OTHER.example")[0], 1,
          "another local part")
    equal(world.run("suppressed", "--end", "b@OTHER.example"), (0, "", ""),
          "ended")
    status, _, err = world.run("suppressed", "--end", "b@other.example")
    ok(status == 1 and "not suppressed: b@other.example" in err,
       "it is not there any more", err)
    world.run("suppressed", "--end", TO)
    equal(world.run("suppressed"), (0, "no destination is suppressed\n", ""),
          "none")
    equal(world.run("suppressed", "--json"), (0, "[]\n", ""), "none, as JSON")
    for bad in (["x"], ["--end", ""]):
        equal(world.run("suppressed", *bad)[0], 64, "usage: %s" % bad)


@tap.test
def with_postgresql():
    try:
        a_life(Postgres)
    except debs.Unavailable as why:
        tap.skip("PostgreSQL", str(why))


@tap.test
def where_the_address_is():
    world = World()
    for name, arguments, mail in (
            ("--recipient", 1, lambda a: bounces.notice("root@x")),
            ("X-Original-To", 0, lambda a: bounces.notice(
                "root@x", header="X-Original-To: <%s>\n" % a)),
            ("Delivered-To, upper case", 0, lambda a: bounces.notice(
                "root@x", header="Delivered-To: %s\n" % a.upper())),
            ("behind a line of an mbox", 0, lambda a: b"From x Sun Nov 29 "
             b"10:00:00 2026\n" + bounces.notice(a)),
            ("Return-Path of what came back", 0, lambda a: bounces.notice(
                "root@x", returned="Return-Path: <%s>\n" % a)),
            ("Message-ID of what came back", 0, lambda a: bounces.notice(
                "root@x", returned="Message-ID:\n <%s@mx.example.org>\n" %
                a.split("+")[1].split("@")[0])),
            ("with CRLF", 0, lambda a: bounces.notice(a).replace(
                b"\n", b"\r\n"))):
        address = world.deliver()
        world.bounce(mail(address),
                     *(["--recipient", address] if arguments else []))
        equal(world.deliveries()[-1], "refused", name)
    path = os.path.join(world.folder, "mail")
    with open(path, "wb") as f:
        f.write(bounces.notice(world.deliver()))
    status, out, _ = world.run("bounce", "--json", path)
    found = json.loads(out)
    equal((status, found["outcome"], found["destination"], found["why"]),
          (0, "refused", TO, "5.1.1: 550 5.1.1 no such user"),
          "a file, and JSON")
    # The store has forgotten the delivery, or it is not yet written.
    address = world.deliver("c@gone.example")
    world.store.ask("DELETE FROM assay_delivery")
    world.bounce(bounces.notice(address, recipient="c@gone.example"))
    equal((world.deliveries(), world.suppressed()[0][0]),
          ([], "c@gone.example"), "by the recipient in the notice")


@tap.test
def what_is_not_believed():
    world = World()
    address = world.deliver()
    other = "bounce+%s@mx.example.org" % bounces.tag(
        [1, 2], 0x8000000000000001, TO)
    world.nothing("another hash", bounces.notice(other), "is not ours")
    world.nothing("another report", bounces.notice(
        address.replace("8000000000000001", "8000000000000002")),
        "is not ours")
    world.nothing("a report to another one", bounces.notice(
        "bounce+%s@mx.example.org" % bounces.tag(
            world.secret(), 0x8000000000000001, "x@example.net")),
        "is not ours")
    world.nothing("no tag", bounces.notice("bounce@mx.example.org"),
                  "no address in it")
    world.nothing("delayed", bounces.notice(address, "delayed", "4.4.1"),
                  "is delayed (4.4.1: 550")
    world.nothing("delivered", bounces.notice(address, "delivered", "2.0.0"),
                  "is no failure")
    for name, mail in (
            ("nothing", b""), ("an octet", b"\0"),
            ("an answer", b"To: %s\nSubject: away\n\nHi.\n" %
             address.encode()),
            ("octets", bytes(range(256)) * 100),
            ("cut short", bounces.notice(address)[:400]),
            ("no MIME", bounces.notice(address).replace(b"multipart/report",
                                                        b"text/plain"))):
        world.nothing(name, mail, "no delivery status notification")
    world.nothing("much of nothing", b"x" * (8 << 20),
                  "no delivery status notification")


@tap.test
def hostile_text():
    world = World()
    world.bounce(bounces.notice(
        world.deliver(), status="5.1.1\x1b[31m", diagnostic=
        "\x1b]0;x\x07 \udcff\udcfe caf\u00e9 " + "y" * 200000))
    why = world.store.ask("SELECT why FROM assay_suppression")[0][0]
    ok(why.isascii() and why.isprintable() and len(why) < 400 and
       why.startswith("5.1.1: ?]0;x? ?? caf?? yyy"),
       "printable and short", why)
    equal(world.deliveries(), ["refused"], "it counts all the same")
    address = world.deliver()
    world.bounce(bounces.notice(address) + b"x" * (20 << 20))
    equal(world.deliveries(), ["refused"] * 2, "with 20 MB behind it")


@tap.test
def try_again_later():
    """What the mail server is told then: EX_TEMPFAIL."""
    world = World()
    mail = bounces.notice(world.deliver())

    def check(name, said):
        status, out, err = world.run("bounce", data=mail)
        equal((status, out), (75, ""), name)
        ok(said in err, name + ": said", err)

    moved = world.store.path + ".moved"
    os.rename(world.store.path, moved)
    check("no store", "the store")
    with open(world.store.path, "w") as f:
        f.write("no database " * 1000)
    check("no database", "the store")
    os.rename(moved, world.store.path)
    world.store.ask("UPDATE assay_meta SET number = number + 1000 "
                    "WHERE name = 'schema'")
    check("a later version", "later assay")
    world.store.ask("UPDATE assay_meta SET number = number - 1000 "
                    "WHERE name = 'schema'")
    base = sqlite3.connect(world.store.path, isolation_level=None)
    base.execute("BEGIN EXCLUSIVE")
    check("locked", "the store")
    base.execute("ROLLBACK")
    base.close()
    with open(world.daemon.path, "a") as f:
        f.write("nonsense: yes\n")
    check("a configuration with an error", "nonsense")
    world.daemon.configure({}, {})
    check("a configuration without a store", "no store")
    os.unlink(world.daemon.path)
    check("no configuration", "assay.yaml")
    world.daemon.configure({"store": world.store.name}, {})
    world.bounce(mail)
    equal(world.deliveries(), ["refused"], "and then it is taken")
    equal(world.run("bounce", "/none")[0], 66, "a file that is not there")
    equal(world.run("bounce", "a", "b")[0], 64, "two files")


if __name__ == "__main__":
    tap.main(by_days=True)
