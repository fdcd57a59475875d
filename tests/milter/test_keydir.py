# SPDX-License-Identifier: BSD-2-Clause
"""Keys in a folder: they sign as long as their files are there."""

import os
import shutil
import signal
import subprocess
import time

import assaydaemon
import signkeys
import tap
from tap import equal, ok

sent = 0


class House:
    """A daemon with keys in a folder, and a zone."""

    def __init__(self, zone=None, rules=None, **directory):
        self.daemon = assaydaemon.Daemon()
        self.store = os.path.join(self.daemon.folder, "store")
        self.keys = os.path.join(self.daemon.folder, "keys")
        os.mkdir(self.store)
        os.mkdir(self.keys)
        os.chmod(self.keys, 0o755)
        self.zone = zone or {}
        self.rules = rules or [
            {"keys": dict({"directory": "keys"}, **directory)}]
        self.made = {}

    def start(self):
        self.configure()
        self.daemon.start()
        return self

    def configure(self):
        self.daemon.configure({"sign": self.rules}, self.zone)

    def make(self, name, kind="rsa"):
        if name not in self.made:
            self.made[name] = signkeys.Key(self.store, name, kind)
        return self.made[name]

    def put(self, path, name="a", kind="rsa", age=0):
        """A key comes into the folder as a whole, from beside it."""
        key = self.make(name, kind)
        path = os.path.join(self.keys, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(key.path, path + ".new")
        os.chmod(path + ".new", 0o600)
        when = time.time() - age
        os.utime(path + ".new", (when, when))
        os.rename(path + ".new", path)
        return key

    def remove(self, path):
        os.unlink(os.path.join(self.keys, path))

    def send(self, author, sender=None, fields=()):
        """["d:s" ...], the record"""
        global sent
        sent += 1
        sender = sender or "n%d@sender.example" % sent
        fields = [(name, b" " + value) for name, value in fields]
        result = self.daemon.send(
            fields=[(b"From", b" " + author.encode()),
                    (b"To", b" a@b.example"), (b"Date", b" today"),
                    (b"Message-ID", b" <1@a>")] + fields,
            body=b"Hi.\r\n", sender="<%s>" % sender, client="127.0.0.1")
        record = self.daemon.wait_records_of(sender)[-1]
        assert result.accepted, result.reply
        return record["signed"], record

    def signed(self, author):
        return self.send(author)[0]


@tap.test
def files_come_and_go():
    house = House().start()
    equal(house.signed("a@one.example"), "no", "before")
    house.put("one.example/s1.pem")
    equal(house.signed("a@one.example"), "one.example:s1",
          "the next message after the file")
    equal(house.signed("a@ONE.example"), "one.example:s1", "upper case")
    equal(house.signed("a@sub.one.example"), "no", "not a name below")
    equal(house.signed("a@two.example"), "no", "nor another")
    os.rename(house.keys + "/one.example", house.keys + "/two.example")
    equal(house.signed("a@one.example"), "no", "a folder that has moved")
    equal(house.signed("a@two.example"), "two.example:s1", "to here")
    os.symlink("two.example", house.keys + "/three.example")
    equal(house.signed("a@three.example"), "three.example:s1", "a link")
    os.symlink("nowhere", house.keys + "/four.example")
    equal(house.signed("a@four.example"), "no", "a link to nowhere")
    house.remove("two.example/s1.pem")
    equal(house.signed("a@two.example"), "no", "a key that was removed")
    house.put("xn--bcher-kva.example/s1.pem")
    equal(house.signed("a@bücher.example"), "xn--bcher-kva.example:s1",
          "a U-label")
    house.daemon.check_stop("the daemon")


@tap.test
def folder_goes():
    """It is a mistake or a broken mount: keys that were read sign on."""
    for layout, path in (("%{domain}/%{selector}.pem", "one.example/s1.pem"),
                         ("%{domain}.%{selector}.pem", "one.example.s1.pem"),
                         ("%{selector}/%{domain}", "s1/one.example")):
        house = House(layout=layout).start()
        daemon = house.daemon
        house.put(path)
        equal(house.signed("a@one.example"), "one.example:s1", layout)
        away = house.keys + ".away"
        os.rename(house.keys, away)
        equal(house.signed("a@one.example"), "one.example:s1", "it is gone")
        assaydaemon.wait_for(
            lambda: "are still used" in daemon.log(), 30, "the log says so")
        got, record = house.send("a@two.example")
        equal((got, record["unsigned-why"]),
              ("no", "no key signs at this time"), "no key was read")
        os.rename(away, house.keys)
        equal(house.signed("a@one.example"), "one.example:s1", "it is back")
        house.remove(path)
        equal(house.signed("a@one.example"), "no", "a key that was removed")
        daemon.check_stop(layout)


@tap.test
def hostile_names():
    house = House().start()
    house.put("../outside.pem")
    house.put("UPPER.example/s1.pem")
    house.put("one.example/S1.pem")
    house.put("one.example/.pem")
    house.put("one.example/x y.pem")
    os.mkdir(house.keys + "/one.example/s2.pem")
    os.mkfifo(house.keys + "/one.example/s3.pem")
    for author in ("a@..", "a@../..", "a@upper.example", "a@.", "a@keys/..",
                   "a@one.example", "a@one.example/s1.pem"):
        equal(house.signed(author), "no", "From: " + author)
    house.put("one.example/s9.pem.bak")
    equal(house.signed("a@one.example"), "no", "a file with another end")
    house.daemon.check_stop("the daemon")


@tap.test
def files_that_are_no_keys():
    house = House().start()
    path = house.keys + "/one.example/s1.pem"
    house.put("one.example/s1.pem", age=60)
    whole = open(path, "rb").read()
    equal(house.signed("a@one.example"), "one.example:s1", "whole")
    with open(path, "wb") as f:
        f.write(whole[:100])
    equal(house.signed("a@one.example"), "one.example:s1",
          "half written: the key before signs on")
    assaydaemon.wait_for(lambda: "is still used" in house.daemon.log(), 30,
                         "the log says so")
    with open(path, "wb") as f:
        f.write(whole)
    equal(house.signed("a@one.example"), "one.example:s1", "whole again")
    with open(house.keys + "/one.example/s0.pem", "wb") as f:
        f.write(whole[:100])
    equal(house.signed("a@one.example"), "one.example:s1",
          "another one, half written")
    os.mkdir(house.keys + "/two.example")
    other = house.keys + "/two.example/s1.pem"
    with open(other, "wb") as f:
        f.write(whole)
    os.chmod(other, 0o644)
    got, record = house.send("a@two.example")
    equal((got, record["unsigned-why"]),
          ("no", "no key signs at this time"), "readable by all")
    house.signed("a@two.example")
    assaydaemon.wait_for(
        lambda: "two.example/s1.pem" in house.daemon.log(), 30, "a line")
    equal(sum("two.example/s1.pem" in line
              for line in house.daemon.log().splitlines()), 1,
          "is said once")
    os.chmod(other, 0o600)
    equal(house.signed("a@two.example"), "two.example:s1", "mended")
    house.daemon.check_stop("the daemon")


@tap.test
def rotation():
    """The newest signs, once DNS has it."""
    house = House()
    old = house.put("one.example/old.pem", "old", age=3600)
    house.zone["old._domainkey.one.example"] = [{"TXT": old.record}]
    house.start()
    daemon = house.daemon
    equal(house.signed("a@one.example"), "one.example:old", "one key")
    new = house.put("one.example/new.pem", "new")
    equal(house.signed("a@one.example"), "one.example:old",
          "not looked up yet")
    assaydaemon.wait_for(
        lambda: "new._domainkey.one.example" in daemon.log(), 30,
        "the new one is looked up")
    equal(house.signed("a@one.example"), "one.example:old", "not in DNS")
    assaydaemon.wait_for(
        lambda: "key rotation: DNS does not have the record of the newest "
        "key of one.example, new; old still signs" in daemon.log(), 30,
        "a warning")
    house.signed("a@one.example")
    equal(daemon.log().count("key rotation:"), 1, "not for each message")
    house.put("one.example/ed.pem", "ed", "ed25519")
    equal(house.signed("a@one.example"), "one.example:old,one.example:ed",
          "one of each type")
    house.remove("one.example/ed.pem")
    house.zone["new._domainkey.one.example"] = [{"TXT": new.record}]
    house.configure()
    daemon.kill(signal.SIGHUP)
    assaydaemon.wait_for(lambda: "reloaded" in daemon.log(), 30, "a reload")
    assaydaemon.wait_for(
        lambda: house.signed("a@one.example") == "one.example:new", 30,
        "the new one takes over")
    house.remove("one.example/new.pem")
    equal(house.signed("a@one.example"), "one.example:old",
          "without its file the old one is back")
    daemon.check_stop("the daemon")


@tap.test
def layouts():
    for layout, path, more, want in (
            ("%{domain}.%{selector}.pem", "one.example.s1.pem", {}, "s1"),
            ("%{selector}.%{domain}.pem", "s1.one.example.pem", {}, "s1"),
            ("%{selector}/%{domain}", "s1/one.example", {}, "s1"),
            ("mail/%{domain}/dkim/%{selector}/private",
             "mail/one.example/dkim/a.b/private", {}, "a.b"),
            ("%{domain}.key", "one.example.key", {"selector": "mail"},
             "mail")):
        house = House(layout=layout, **more).start()
        equal(house.signed("a@one.example"), "no", layout + ": before")
        house.put(path)
        equal(house.signed("a@one.example"), "one.example:" + want, layout)
        equal(house.signed("a@example"), "no", layout + ": shorter")
        equal(house.signed("a@two.one.example"), "no", layout + ": longer")
        equal(house.signed("a@one.example.pem"), "no", layout + ": behind")
        house.remove(path)
        equal(house.signed("a@one.example"), "no", layout + ": removed")
        house.daemon.check_stop(layout)


@tap.test
def rules():
    """A folder beside other rules; domains above."""
    house = House()
    fixed = house.make("fixed").path
    house.rules = [
        {"domains": ["*.example"], "keys": {"directory": "keys",
                                            "subdomains": True}},
        {"domains": ["two.example"], "identity": "two.example",
         "keys": [{"selector": "f", "file": fixed}]},
        {"domains": ["*.test"], "identity": "host.test",
         "keys": {"directory": "keys"}}]
    house.start()
    house.put("one.example/s1.pem")
    house.put("host.test/s1.pem")
    house.put("other.org/s1.pem")
    house.put("example/s1.pem")
    for author, want in (
            ("a@one.example", "one.example:s1"),
            ("a@b.c.one.example", "one.example:s1"),
            ("a@two.example", "two.example:f"),
            ("a@three.example", "no"),
            ("a@mail.test", "host.test:s1"),
            ("a@other.org", "no")):
        equal(house.signed(author), want, author)
    house.daemon.check_stop("the daemon")


@tap.test
def by_others():
    """Rules that go by Sender, or by the envelope."""
    house = House()
    house.rules = [
        {"by": "envelope", "domains": ["list.example"],
         "keys": {"directory": "keys"}},
        {"by": "sender", "keys": {"directory": "keys"}}]
    house.start()
    house.put("list.example/s1.pem")
    house.put("host.example/s1.pem")
    one = (b"Sender", b"<a@host.example>")
    for author, sender, fields, want in (
            ("a@other.example", "by1@list.example", [], "list.example:s1"),
            ("a@other.example", "by2@other.example", [one],
             "host.example:s1"),
            ("a@other.example", "by3@list.example", [one],
             "list.example:s1"),
            ("a@host.example", "by4@other.example", [], "host.example:s1"),
            ("a@host.example", "by5@other.example",
             [(b"Sender", b"a@nobody.example")], "no"),
            ("a@other.example", "by6@other.example", [one, one], "no"),
            ("a@other.example", "by7@other.example",
             [(b"Sender", b"a@host.example, b@host.example")], "no"),
            ("a@other.example", "by8@other.example",
             [(b"Sender", b"nonsense")], "no"),
            ("a@x.example, b@y.example", "by9@list.example", [one], "no")):
        equal(house.send(author, sender, fields)[0], want,
              "%s, %s, %s" % (author, sender, fields))
    house.daemon.check_stop("the daemon")


def check(house):
    done = subprocess.run(
        [assaydaemon.binary(), "-t", "-c", house.daemon.path],
        capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


@tap.test
def configuration_check():
    house = House()
    house.configure()
    house.put("one.example/s1.pem")
    house.put("two.example/s1.pem")
    house.put("two.example/s2.pem")
    os.chmod(house.keys + "/two.example/s2.pem", 0o644)
    status, text = check(house)
    equal(status, 0, "-t", text)
    ok("keys: 3, of which 3 were read and 1 cannot be used" in text,
       "how many", text)
    ok("warning: key %s/two.example/s2.pem: " % house.keys in text,
       "which", text)
    os.chmod(house.keys, 0o777)
    status, text = check(house)
    equal(status, 78, "everybody may write into it")
    ok("assay.yaml:" in text and "chmod o-w" in text, "why", text)
    shutil.rmtree(house.keys)
    status, text = check(house)
    equal(status, 78, "no folder")
    ok("cannot read the folder: No such file" in text, "why not", text)


tap.main()
