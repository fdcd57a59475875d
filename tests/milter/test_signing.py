# SPDX-License-Identifier: BSD-2-Clause
"""Outbound mail through the daemon: who is signed, with what, and who not."""

import json
import os
import pwd
import signal
import subprocess
import time

import assaydaemon
import scrape
import signkeys
import tap
from tap import equal, ok

try:
    import dkim
except ImportError:
    dkim = None

HOUR = 3600


def date(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ",
                         time.gmtime(time.time() + seconds))


class Keys:
    """Private keys in a folder, and the zone that publishes them."""

    def __init__(self, folder):
        self.folder = folder
        self.zone = {}

    def path(self, name):
        return os.path.join(self.folder, name + ".pem")

    def make(self, name, domain, kind="rsa"):
        key = signkeys.Key(self.folder, name, kind)
        self.zone["%s._domainkey.%s" % (name, domain)] = \
            [{"TXT": key.record}]
        return key.path

    def txt(self, name, timeout=5):
        name = name.decode() if isinstance(name, bytes) else name
        records = self.zone.get(name.rstrip("."), [])
        return records[0]["TXT"].encode() if records else None


def mail(sender=b"Joe <joe@example.org>", body=b"Hi.\r\n\r\n", extra=()):
    fields = [(b"From", b" " + sender), (b"To", b" a@b.example"),
              (b"Subject", b" one\n two"), (b"Date", b" today")]
    return fields + list(extra), body


def signatures(result):
    return result.header.values("DKIM-Signature")


def verifies(keys, result, body):
    """All signatures, by another implementation; None without one."""
    if dkim is None:
        return None
    text = b"".join(name + b":" + value.replace(b"\n", b"\r\n") + b"\r\n"
                    for name, value in result.header.all()
                    if name != b"Received") + b"\r\n" + body
    return [dkim.DKIM(text).verify(idx=i, dnsfunc=keys.txt)
            for i in range(len(signatures(result)))]


def sign_section(made, **more):
    rule = {"domains": ["example.org", "*.example.org"],
            "identity": "example.org",
            "keys": [{"selector": "r1", "file": made.path("r1")},
                     {"selector": "e1", "file": made.path("e1")}]}
    rule.update(more)
    return [rule]


def check_signed(keys, result, body, name):
    equal(len(signatures(result)), 2, name + ": two signatures")
    found = verifies(keys, result, body)
    if found is None:
        tap.skip(name + ": verified by dkimpy", "no python3-dkim")
    else:
        equal(found, [True, True], name + ": verified by dkimpy")


@tap.test
def signs():
    with assaydaemon.Daemon() as daemon:
        keys = Keys(daemon.folder)
        keys.make("r1", "example.org")
        keys.make("e1", "example.org", "ed25519")
        daemon.configure({"sign": sign_section(keys)}, keys.zone)
        daemon.kill(signal.SIGHUP)
        assaydaemon.wait_for(lambda: "reloaded" in daemon.log(), 30,
                             "keys are loaded")
        for name, fields, body in (
                ("plain",) + mail(),
                ("sub-domain",) + mail(b"x@mail.example.org"),
                ("empty body",) + mail(body=b""),
                ("blank lines",) + mail(body=b"a \r\n\r\n\r\n"),
                ("8-bit",) + mail(body=b"\xff\xfe\r\n"),
                ("folds",) + mail(extra=[(b"Cc", b" a@b.example,\n\tc@d")])):
            result = daemon.send(fields=fields, body=body,
                                 client="127.0.0.1")
            check_signed(keys, result, body, name)
            equal(result.reply.code, "c", name + ": accepted")
        fields, body = mail()
        result = daemon.send(fields=fields, body=body, client="192.0.2.1")
        equal(signatures(result), [], "a client on no list: not signed")
        result = daemon.send(fields=fields, body=body, client="192.0.2.1",
                             macros={"{auth_type}": "PLAIN",
                                     "{auth_authen}": "joe"})
        check_signed(keys, result, body, "authenticated client")
        for name, fields in (
                ("two From fields", mail(extra=[(b"From", b" a@b.c")])[0]),
                ("no From", mail()[0][1:]),
                ("two domains", mail(b"a@example.org, b@c.example")[0]),
                ("unreadable From", mail(b"a@example.org-")[0]),
                ("another domain", mail(b"a@example.com")[0]),
                ("look-alike", mail(b"a@notexample.org")[0])):
            result = daemon.send(fields=fields, body=body,
                                 client="127.0.0.1")
            equal(signatures(result), [], name + ": not signed")
            equal(result.reply.code, "c", name + ": accepted")
        # Not well formed, and one domain all the same.
        for name, sender in (("Latin-1", b"J\xf6 <a@example.org>"),
                             ("comma", b"Acme, Inc. <a@example.org>")):
            fields, body = mail(sender)
            result = daemon.send(fields=fields, body=body,
                                 client="127.0.0.1")
            equal(len(signatures(result)), 2, name + " in From: signed")
        # Once is enough, whoever hands it in again.
        fields, body = mail()
        result = daemon.send(fields=fields, body=body, client="127.0.0.1")
        ours = [(b"DKIM-Signature", s) for s in signatures(result)]
        again = daemon.send(fields=ours + fields, body=body,
                            client="127.0.0.1")
        equal(len(signatures(again)), 2, "signed already: not again")
        assaydaemon.wait_for(lambda: "signature already" in daemon.log(),
                             30, "the log says so")
        again = daemon.send(fields=ours[:1] + fields, body=body,
                            client="127.0.0.1")
        equal(len(signatures(again)), 2,
              "signed by one key: the other one signs")
        for word in ("unsigned-why", "hazards"):
            assaydaemon.wait_for(lambda w=word: w in daemon.log(), 30,
                                 word + " is in the log")


@tap.test
def rotation():
    with assaydaemon.Daemon() as daemon:
        keys = Keys(daemon.folder)
        for name in ("old", "new", "later"):
            keys.make(name, "example.org")
        soon = int(time.time()) + 5
        section = sign_section(keys, keys=[
            {"selector": "old", "file": keys.path("old"),
             "until": time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                    time.gmtime(soon))},
            {"selector": "new", "file": keys.path("new"),
             "from": time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                   time.gmtime(soon))},
            {"selector": "later", "file": keys.path("later"),
             "from": date(HOUR)}])
        daemon.configure({"sign": section}, keys.zone)
        daemon.kill(signal.SIGHUP)
        assaydaemon.wait_for(lambda: "reloaded" in daemon.log(), 30,
                             "keys are loaded")

        def selector():
            fields, body = mail()
            result = daemon.send(fields=fields, body=body,
                                 client="127.0.0.1")
            return [s.split(b"s=")[1].split(b";")[0]
                    for s in signatures(result)]

        first = selector()
        ok(first in ([b"old"], [b"new"]), "one key signs", first)
        assaydaemon.wait_for(lambda: selector() == [b"new"], 30,
                             "the next key signs when its time has come")
        ok(first == [b"new"] or assaydaemon.wait_for(
            lambda: "key rotation" in daemon.log(), 30, "the switch"),
           "the switch is logged")


@tap.test
def rotation_waits():
    """A key without its record in DNS does not take over."""
    daemon = assaydaemon.Daemon()
    where = "local:" + os.path.join(daemon.folder, "metrics.sock")
    daemon.configure({"metrics": where})

    def published(selector):
        return scrape.values(scrape.get(where)[2]).get(
            'assay_key_published{domain="example.org",selector="%s"}' %
            selector)

    with daemon:
        keys = Keys(daemon.folder)
        keys.make("old", "example.org")
        keys.make("new", "example.org")
        absent = keys.zone.pop("new._domainkey.example.org")
        section = sign_section(keys, keys=[
            {"selector": "old", "file": keys.path("old"),
             "until": date(-HOUR)},
            {"selector": "new", "file": keys.path("new"),
             "from": date(-HOUR)}])

        def selectors():
            fields, body = mail()
            result = daemon.send(fields=fields, body=body,
                                 client="127.0.0.1")
            return [s.split(b"s=")[1].split(b";")[0]
                    for s in signatures(result)]

        def load(word):
            count = daemon.log().count(word)
            daemon.configure({"sign": section, "metrics": where}, keys.zone)
            daemon.kill(signal.SIGHUP)
            assaydaemon.wait_for(lambda: daemon.log().count(word) > count,
                                 30, "the records were looked up")

        load("no key record in DNS")
        assaydaemon.wait_for(lambda: selectors() == [b"old"], 30,
                             "the old key signs on")
        equal(selectors(), [b"old"], "the old key signs on")
        assaydaemon.wait_for(lambda: "key rotation: DNS" in daemon.log(), 30,
                             "a warning")
        assaydaemon.wait_for(
            lambda: (published("old"), published("new")) == (1, 0), 30,
            "in the metrics")
        done = subprocess.run(
            [assaydaemon.binary(), "-t", "-c", daemon.path],
            capture_output=True, text=True, timeout=120)
        ok("warning: key new._domainkey.example.org: there is no key record "
           "in DNS" in done.stdout, "-t says so", done.stdout)
        done = assaydaemon.run_command("key-check", "-c", daemon.path)
        lines = done.stdout.decode().splitlines()
        equal((done.returncode, [line.split()[:2] for line in lines]),
              (1, [["matches", "old._domainkey.example.org:"],
                   ["absent", "new._domainkey.example.org:"]]),
              "assay key-check says so", done)
        equal([line.split("; ")[-1] for line in lines],
              ["it signs now, because DNS does not have the record of the "
               "next key",
               "it does not sign yet: the key old signs until the records of "
               "this one are in DNS"], "and which of them signs")
        done = assaydaemon.run_command("key-check", "--json", "-c",
                                       daemon.path)
        equal([(key["selector"], key["result"], key["signs-now"])
               for key in json.loads(done.stdout)["keys"]],
              [("old", "matches", True), ("new", "absent", False)],
              "which one signs, in JSON", done)
        log = daemon.log()
        equal(log.count("key rotation: DNS does not have"), 1,
              "one warning for all of it")
        keys.zone["new._domainkey.example.org"] = absent
        load("the record in DNS matches")
        assaydaemon.wait_for(lambda: selectors() == [b"new"], 30,
                             "with its record the new one signs")
        assaydaemon.wait_for(lambda: published("new") == 1, 30,
                             "the metrics are renewed each second")
        ok(True, "with its record the new one signs")
        # Without the old one's record nothing is better than the new one.
        keys.zone.pop("new._domainkey.example.org")
        keys.zone.pop("old._domainkey.example.org")
        load("no key record in DNS")
        equal(selectors(), [b"new"], "no record at all: as configured")


@tap.test
def no_key_today():
    for setting, want in (("accept", "c"), ("tempfail", "y")):
        with assaydaemon.Daemon() as daemon:
            keys = Keys(daemon.folder)
            keys.make("old", "example.org")
            daemon.configure(
                {"sign": sign_section(keys, keys=[
                    {"selector": "old", "file": keys.path("old"),
                     "until": date(-HOUR)}]), "unsigned": setting},
                keys.zone)
            daemon.kill(signal.SIGHUP)
            assaydaemon.wait_for(lambda: "reloaded" in daemon.log(), 30,
                                 "configuration is loaded")
            fields, body = mail()
            result = daemon.send(fields=fields, body=body,
                                 client="127.0.0.1")
            equal(result.reply.code, want, "unsigned: " + setting)
            equal(signatures(result), [], "nothing signed")


@tap.test
def from_that_names_nobody():
    """Whether a rule is meant cannot be said: `unsigned` decides."""
    for setting, want in (("accept", "c"), ("tempfail", "y")):
        with assaydaemon.Daemon() as daemon:
            keys = Keys(daemon.folder)
            keys.make("r1", "example.org")
            daemon.configure(
                {"sign": sign_section(keys, keys=[
                    {"selector": "r1", "file": keys.path("r1")}]),
                 "unsigned": setting}, keys.zone)
            daemon.kill(signal.SIGHUP)
            assaydaemon.wait_for(lambda: "reloaded" in daemon.log(), 30,
                                 "configuration is loaded")
            for name, fields in (
                    ("no From", mail()[0][1:]),
                    ("two From", mail(extra=[(b"From", b" a@b.c")])[0]),
                    ("two domains", mail(b"a@example.org, b@c.example")[0]),
                    ("unreadable", mail(b"a@example.org-")[0])):
                result = daemon.send(fields=fields, body=b"Hi.\r\n",
                                     client="127.0.0.1")
                equal(result.reply.code, want, "%s: %s" % (setting, name))
                equal(signatures(result), [], name + ": not signed")
            # Neither of these is mail that should be signed, or is not.
            for name, sender, count in (
                    ("another domain", b"a@example.com", 0),
                    ("Latin-1", b"J\xf6 <a@example.org>", 1),
                    ("comma", b"Acme, Inc. <a@example.org>", 1)):
                result = daemon.send(fields=mail(sender)[0],
                                     body=b"Hi.\r\n", client="127.0.0.1")
                equal(result.reply.code, "c", "%s: %s" % (setting, name))
                equal(len(signatures(result)), count, name + ": signatures")


@tap.test
def bad_keys():
    with assaydaemon.Daemon() as daemon:
        keys = Keys(daemon.folder)
        good = keys.make("r1", "example.org")
        keys.make("e1", "example.org", "ed25519")
        text = open(good, "rb").read()

        def file(name, content, mode=0o600):
            path = keys.path(name)
            with open(path, "wb") as f:
                f.write(content)
            os.chmod(path, mode)
            return path

        encrypted = signkeys.openssl("pkey", "-in", good, "-aes128", "-passout",
                            "pass:x")
        daemon.configure({"sign": sign_section(keys)}, keys.zone)
        daemon.kill(signal.SIGHUP)
        assaydaemon.wait_for(lambda: "reloaded" in daemon.log(), 30,
                             "good keys are loaded")
        for name, path, word in (
                ("missing", keys.path("none"), "no such file"),
                ("readable by others", file("open", text, 0o644), "chmod"),
                ("no key", file("junk", b"hello\n"), "PEM"),
                ("encrypted", file("enc", encrypted), "encrypted"),
                ("truncated", file("cut", text[:200]), "")):
            before = daemon.log().count("not reloaded")
            daemon.configure({"sign": sign_section(keys, keys=[
                {"selector": "r1", "file": path}])}, keys.zone)
            daemon.kill(signal.SIGHUP)
            assaydaemon.wait_for(
                lambda: daemon.log().count("not reloaded") > before, 30,
                name + ": refused")
            line = [l for l in daemon.log().splitlines()
                    if "not reloaded" in l][-1]
            ok(word in line, "%s: the log says %r" % (name, word), line)
            ok("assay.yaml:" in line, name + ": with file and line", line)
            fields, body = mail()
            result = daemon.send(fields=fields, body=body,
                                 client="127.0.0.1")
            check_signed(keys, result, body, name + ": the old keys sign on")


@tap.test
def key_of_the_user():
    """A key is judged as the daemon's user, at -t, start and reload."""
    if os.geteuid() != 0:
        tap.skip("keys of another user", "not root")
        return
    user = pwd.getpwnam("nobody")
    daemon = assaydaemon.Daemon()
    os.chmod(daemon.folder, 0o755)
    keys = Keys(daemon.folder)
    path = keys.make("r1", "example.org")
    daemon.configure({"user": "nobody", "sign": [
        {"domains": ["example.org"],
         "keys": [{"selector": "r1", "file": path}]}]}, keys.zone)
    daemon.env["UBSAN_OPTIONS"] = daemon.env.get("UBSAN_OPTIONS", "")

    def check():
        done = subprocess.run(
            [assaydaemon.binary(), "-t", "-c", daemon.path],
            capture_output=True, timeout=60, env=daemon.env)
        return done.returncode, (done.stdout + done.stderr).decode()

    for name, mode, group, good in (
            ("root's alone", 0o400, 0, False),
            ("root's, group of the user, 0640", 0o640, user.pw_gid, True),
            ("root's, group of the user, 0440", 0o440, user.pw_gid, True),
            ("readable by all", 0o444, user.pw_gid, False)):
        os.chown(path, 0, group)
        os.chmod(path, mode)
        status, text = check()
        equal(status, 0 if good else 78, name + ": -t", text)
        daemon.spawn()
        if good:
            assaydaemon.wait_for(daemon._listens, 30, name + ": it starts")
            before = daemon.log().count('reloaded')
            daemon.kill(signal.SIGHUP)
            assaydaemon.wait_for(
                lambda: daemon.log().count("reloaded") > before, 30,
                name + ": it reloads")
            ok("not reloaded" not in daemon.log(), name + ": the same key",
               daemon.log()[-1000:])
            daemon.check_stop(name)
        else:
            equal(daemon.wait(30), 78, name + ": it does not start")
    os.chown(path, user.pw_uid, 0)
    os.chmod(path, 0o400)
    equal(check()[0], 0, "the user's alone: -t")


tap.main()
