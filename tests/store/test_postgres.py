# SPDX-License-Identifier: BSD-2-Clause
"""The store in PostgreSQL: the same tests as those of a file, several hosts
at once, and a server that goes away, comes back, or does not answer."""

import os
import signal
import subprocess
import threading

import assaydaemon
import debs
import messages
import postgres
import tap
from scrape import address, get, values
from tap import equal, ok

ZONE = dict(messages.plain_zone(), **{
    "_dmarc.example.net": [
        {"TXT": "v=DMARC1; p=none; rua=mailto:dmarc@example.net"}],
})


class Host:
    """One daemon of those that share a database."""

    def __init__(self, store, **more):
        self.folder = assaydaemon.work_folder()
        self.spool = os.path.join(self.folder, "spool")
        self.metrics = address()
        self.daemon = assaydaemon.Daemon(
            dict({"store": store, "store-spool": self.spool,
                  "metrics": self.metrics}, **more), ZONE, folder=self.folder)

    def figure(self, name):
        return values(get(self.metrics)[2])["assay_store_" + name]

    def wait_figure(self, name, want):
        assaydaemon.wait_for(lambda: want(self.figure(name)), 60,
                             "assay_store_" + name)

    def mail(self, number=1):
        for _ in range(number):
            if not self.daemon.send(messages.PLAIN).accepted:
                ok(False, "mail flows")

    def says(self, text):
        assaydaemon.wait_for(lambda: text in self.daemon.log(), 60, text)
        ok(True, "the log says: " + text)


def number(base, query):
    got = SERVER.ask(base, query)
    return int(got) if got.isdigit() else -1


def wait_gone(base):
    """What a daemon that was killed had begun is written, or never will be."""
    assaydaemon.wait_for(lambda: number(
        base, "SELECT count(*) FROM pg_stat_activity WHERE datname = '%s' "
        "AND pid <> pg_backend_pid()" % base) == 0, 60, "nobody is connected")


def messages_in(base):
    return number(base, "SELECT count(*) FROM assay_message")


def wait_messages(base, want):
    assaydaemon.wait_for(lambda: messages_in(base) >= want, 60,
                         "%d messages" % want)
    equal(messages_in(base), want, "%d messages" % want)


def wait_whole(base, want):
    """Every message is there, and counts once."""
    wait_messages(base, want)
    for query in ("sum(count) FROM assay_row", "sum(messages) FROM "
                  "assay_policy", "count(*) FROM (SELECT DISTINCT run, seq "
                  "FROM assay_message) AS x"):
        equal(number(base, "SELECT " + query), want, query.split(" ")[0] +
              " of " + query.split(" ")[2])


@tap.test
def the_same_tests():
    name = SERVER.create("same")
    done = subprocess.run(["tests/store/test_store"], capture_output=True,
                          text=True, env=dict(os.environ,
                                              ASSAY_TEST_STORE=name))
    lines = [line for line in done.stdout.splitlines()
             if line.startswith("not ok")]
    ok(done.returncode == 0 and not lines, "tests/store/test_store",
       done.stdout[-2000:] + done.stderr[-2000:])
    ok(done.stdout.count("\nok ") > 40, "with its tests",
       done.stdout.count("\nok "))


@tap.test
def two_hosts():
    """They make the tables at once, and write the same rows."""
    name = SERVER.create("fleet")
    hosts = [Host(name), Host(name)]
    for host in hosts:
        host.daemon.spawn()
    for host in hosts:
        assaydaemon.wait_for(host.daemon._listens, 60, "the socket accepts")
    threads = [threading.Thread(target=host.mail, args=(100,))
               for host in hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_whole("fleet", 200)
    equal(number("fleet", "SELECT count(*) FROM assay_row"), 1, "one row")
    equal(number("fleet", "SELECT count(*) FROM assay_run"), 2, "two hosts")
    for host in hosts:
        equal(host.figure("spilled_total"), 0, "nothing was spilled")
        host.daemon.check_stop("the daemon")


@tap.test
def killed():
    name = SERVER.create("killed")
    host = Host(name)
    for turn in range(3):
        host.daemon.start()
        host.mail(20)
        wait_messages("killed", 20 * (turn + 1))
        host.mail(5)
        host.daemon.process.kill()
        host.daemon.process.wait()
        wait_gone("killed")
        # The rest of the last second is lost, as is said.
        SERVER.ask("killed", "DELETE FROM assay_message WHERE seq > 20")
    equal(number("killed", "SELECT count(*) FROM assay_message"), 60,
          "what was written is there")


@tap.test
def server_away():
    name = SERVER.create("away")
    host = Host(name)
    with host.daemon:
        host.mail(10)
        wait_messages("away", 10)
        SERVER.stop()
        host.mail(20)
        host.says("the store cannot be used")
        host.wait_figure("spilled_total", lambda n: n == 20)
        equal(host.figure("away"), 1, "the metrics say so")
        host.mail(5)
        host.wait_figure("spilled_total", lambda n: n == 25)
        SERVER.start()
        wait_whole("away", 35)
        host.wait_figure("spool_bytes", lambda n: n == 0)
        host.says("the store can be used again")
        equal(host.figure("lost_total"), 0, "none was lost")


@tap.test
def no_answer():
    """The server stands still: mail does not, and the end comes in time."""
    name = SERVER.create("still")
    host = Host(name)
    host.daemon.start()
    host.mail(5)
    wait_messages("still", 5)
    # The parent first: it starts no child now, and one that ends keeps its
    # number until the parent has waited for it.
    pids = [SERVER.process.pid]
    os.kill(pids[0], signal.SIGSTOP)
    pids += [int(pid) for pid in subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pids[0])],
        capture_output=True, text=True).stdout.split()]
    for pid in pids[1:]:
        os.kill(pid, signal.SIGSTOP)
    try:
        host.mail(10)
        ok(True, "mail flows")
        equal(host.daemon.stop(), 0, "the daemon ends")
        ok(os.stat(host.spool).st_size > 10 * 40, "what it had is saved",
           os.stat(host.spool).st_size)
    finally:
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)
    host.daemon.start()
    wait_whole("still", 15)
    host.daemon.check_stop("the next daemon")


@tap.test
def earlier_version():
    """Killed in the middle of bringing it up to date; then two at once."""
    name = SERVER.create("old")
    path = os.path.join(assaydaemon.top_srcdir(), "tests/data/store",
                        "version-1.postgresql.sql")
    with open(path, encoding="utf-8") as f:
        SERVER.ask("old", f.read())
    SERVER.ask("old", "INSERT INTO assay_correspondent SELECT "
               "'d' || n || '.example', 20786 "
               "FROM generate_series(1, 100000) AS n")
    hosts = [Host(name, keep="3650d"), Host(name, keep="3650d")]
    # It comes as far as the version, which somebody else holds.
    with SERVER.held("old", "SELECT 1 FROM assay_meta WHERE name = 'schema' "
                     "FOR UPDATE"):
        hosts[0].daemon.start()
        assaydaemon.wait_for(lambda: number(
            "old", "SELECT count(*) FROM pg_stat_activity WHERE "
            "wait_event_type = 'Lock' AND query LIKE 'UPDATE assay_meta%'")
            == 1, 60, "the tables are being made")
        hosts[0].mail(1)
        hosts[0].daemon.process.kill()
        hosts[0].daemon.process.wait()
    wait_gone("old")
    equal(number("old", "SELECT number FROM assay_meta "
                 "WHERE name = 'schema'"), 1, "the version is the old one")
    equal(number("old", "SELECT count(domain) FROM assay_correspondent"),
          100003, "and so are the tables")
    for host in hosts:
        host.daemon.spawn()
    for host in hosts:
        assaydaemon.wait_for(host.daemon._listens, 60, "the socket accepts")
        host.mail(3)
    wait_messages("old", 14 + 6)
    equal(number("old", "SELECT count(name) FROM assay_correspondent"),
          100003, "every correspondent is there")
    equal(number("old", "SELECT sum(messages) FROM assay_policy"), 8 + 6,
          "none counts twice")
    for host in hosts:
        host.daemon.check_stop("the daemon")


@tap.test
def refused():
    """Who may not write there, and tables of a later version."""
    name = SERVER.create("later")
    host = Host(name)
    with host.daemon:
        host.mail(1)
        wait_messages("later", 1)
    SERVER.ask("later", "UPDATE assay_meta SET number = 99 "
               "WHERE name = 'schema'")
    with host.daemon:
        host.mail(1)
        host.says("its tables are of version 99, made by a later assay")
        host.wait_figure("spilled_total", lambda n: n == 1)
    SERVER.ask("later", "CREATE ROLE guest LOGIN")
    host = Host(name.replace("assay@", "guest@"))
    with host.daemon:
        host.mail(1)
        host.says("permission denied for table assay_meta")


@tap.test
def wrong_password():
    """It is said, without the password, and tried again and again."""
    name = SERVER.create("locked")
    hba = os.path.join(SERVER.data, "pg_hba.conf")
    with open(hba, encoding="utf-8") as f:
        rules = f.read()
    with open(hba, "w", encoding="utf-8") as f:
        f.write("local locked keeper scram-sha-256\n" + rules)
    SERVER.ask("locked", "CREATE ROLE keeper LOGIN PASSWORD 'first'; "
               "GRANT CREATE ON SCHEMA public TO keeper")
    loaded = SERVER.ask("postgres", "SELECT pg_conf_load_time()")
    SERVER.ask("postgres", "SELECT pg_reload_conf()")
    assaydaemon.wait_for(lambda: SERVER.ask(
        "postgres", "SELECT pg_conf_load_time()") != loaded, 60,
        "the rules are read")
    host = Host(name.replace("assay@", "keeper:7hunt3r@"))
    with host.daemon:
        host.mail(3)
        host.says("password authentication failed")
        host.wait_figure("spilled_total", lambda n: n == 3)
        ok("7hunt3r" not in host.daemon.log(), "the password is not in the "
           "log")
        SERVER.ask("locked", "ALTER ROLE keeper PASSWORD '7hunt3r'")
        wait_messages("locked", 3)
        host.says("the store can be used again")
        equal(host.daemon.log().count("password authentication failed"), 1,
              "it is said once")
        equal(host.figure("lost_total"), 0, "none was lost")


try:
    SERVER = postgres.Server()
except debs.Unavailable as why:
    tap.skip_all(str(why))
tap.main(by_days=True)
