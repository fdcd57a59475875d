# SPDX-License-Identifier: BSD-2-Clause
"""An authenticated user signs for the addresses that are his."""

import os

import assaydaemon
import signkeys
import tap
from assaydaemon import replace
from tap import equal, ok

FILE = "joe joe@example.org joe+*@example.org\n*@sales *@sales.example.org\n"
DENIED = "the authenticated user may not use this From"


def start(**rule):
    daemon = assaydaemon.Daemon()
    path = os.path.join(daemon.folder, "users")
    replace(path, FILE)
    key = signkeys.Key(daemon.folder, "s", "rsa")
    zone = {"s._domainkey.example.org": [{"TXT": key.record}],
            "joe.example": [{"TXT": "v=spf1 -all"}]}
    daemon.configure({
        "trusted-networks": None,
        "origins": [
            {"name": "checked", "authenticated": True,
             "client": ["192.0.2.0/24"], "sign": True},
            {"name": "submission", "authenticated": True, "sign": True,
             "check": False},
            {"name": "own-hosts", "client": ["127.0.0.0/8"], "sign": True,
             "check": False}],
        "policy": [{"name": "not-eve", "when": {"auth-user": ["eve", "x*"]},
                    "action": "reject",
                    "reply": "550 5.7.1 not you, %{auth-user}"},
                   {"name": "early", "when": {"auth-user": "early"},
                    "stage": "mail", "action": "reject"}],
        "sign": [dict({"domains": ["example.org", "*.example.org"],
                       "identity": "example.org",
                       "for-user": "users", "keys": [
                           {"selector": "s", "file": key.path}]}, **rule)]},
        zone)
    return daemon.start(), path


sent = 0


def send(daemon, author, user=None, client="203.0.113.9"):
    """(signed, the record)"""
    global sent
    sent += 1
    sender = "n%d@joe.example" % sent
    macros = {}
    if user is not None:
        macros = {"{auth_type}": "PLAIN", "{auth_authen}": user}
    result = daemon.send(
        fields=[(b"From", b" " + author), (b"To", b" a@b.example"),
                (b"Date", b" today"), (b"Message-ID", b" <1@a>")],
        body=b"Hi.\r\n", sender="<%s>" % sender, client=client,
        macros=macros)
    record = daemon.wait_records_of(sender)[-1]
    return (len(result.header.values("DKIM-Signature")) if result.accepted
            else result.reply.data.rstrip(b"\0").decode()), record


@tap.test
def his_addresses():
    daemon, path = start()
    for author, user, want in (
            (b"Joe <joe@example.org>", "joe", 1),
            (b"joe@Example.ORG", "JOE", 1),
            (b"joe+list@example.org", "joe", 1),
            (b"ceo@example.org", "joe", 0),
            (b"joe@sales.example.org", "joe", 0),
            (b"any@sales.example.org", "tom@sales", 1),
            (b"any@example.org", "tom@sales", 0),
            (b"joe@example.org", "joex", 0),
            (b"joe@example.org", "", 0),
            (b"joe@example.org, ceo@example.org", "joe", 0),
            (b"ceo@example.org, joe@example.org", "joe", 0),
            (b"\"joe\"@example.org", "joe", 0),
            (b"joe(x)@example.org", "joe", 0),
            (b"joe @example.org", "joe", 0),
            (b"Acme, Inc <joe@example.org>", "joe", 0)):
        got, record = send(daemon, author, user)
        name = "%s as %s" % (user, author.decode())
        equal(got, want, name)
        equal(record.get("auth-user"), user or None, name + ": the record")
        equal(record.get("unsigned-why"), None if want else DENIED,
              name + ": why")
    got, _ = send(daemon, b"ceo@example.org", client="127.0.0.1")
    equal(got, 1, "a host of ours is not asked")
    got, _ = send(daemon, b"ceo@example.org", "joe", "127.0.0.1")
    equal(got, 0, "but a user on it is")
    follow(daemon, path)
    daemon.check_stop("the daemon")


def lines(daemon, text):
    return sum(text in line for line in daemon.log().splitlines())


def follow(daemon, path):
    """It is read again by itself, and the last good one is kept."""
    replace(path, FILE + "joe ceo@example.org\n")
    assaydaemon.wait_for(lambda: lines(daemon, "has changed and is now used"),
                         30, "the file is read")
    equal(send(daemon, b"ceo@example.org", "joe")[0], 1, "one address more")
    replace(path, "joe\n")
    assaydaemon.wait_for(lambda: lines(daemon, "the previous list"), 30,
                         "the file is refused")
    ok(lines(daemon, "users:1: a user without addresses"),
       "refused: the log says where and why")
    equal(send(daemon, b"ceo@example.org", "joe")[0], 1,
          "refused: what was known counts")
    os.unlink(path)
    assaydaemon.wait_for(lambda: lines(daemon, "the previous list") > 1, 30,
                         "the file is gone")
    equal(send(daemon, b"ceo@example.org", "joe")[0], 1,
          "gone: what was known counts")
    replace(path, FILE)
    assaydaemon.wait_for(lambda: lines(daemon, "and is now used") > 1,
                         30, "the file is back")
    equal(send(daemon, b"ceo@example.org", "joe")[0], 0, "back: it counts")
    os.chmod(path, 0o666)
    assaydaemon.wait_for(lambda: lines(daemon, "it is world-writable"), 30,
                         "everybody may write it")
    equal(send(daemon, b"joe@example.org", "joe")[0], 1,
          "everybody may write it: what was known counts")
    equal(lines(daemon, "the previous list"), 3, "said once for a change")


@tap.test
def condition():
    daemon, _ = start()
    for user, want in (("eve", "550 5.7.1 not you, eve"),
                       ("XENA", "550 5.7.1 not you, XENA"),
                       ("joe", 1)):
        got, _ = send(daemon, b"joe@example.org", user, "192.0.2.9")
        equal(got, want, "auth-user: " + user)
    equal(send(daemon, b"joe@example.org", None, "192.0.2.9")[0], 0,
          "nobody has authenticated: no rule")
    got, record = send(daemon, b"joe@example.org", "early", "192.0.2.9")
    ok(str(got).startswith("550") and record.get("stage") == "mail",
       "auth-user at MAIL FROM", got)
    daemon.check_stop("the daemon")


@tap.test
def at_the_start():
    """A file that is wrong: it does not start, and says where."""
    daemon, path = start()
    daemon.check_stop("the daemon")
    replace(path, "joe\n")
    daemon.spawn()
    equal(daemon.process.wait(30), 78, "a wrong file: status")
    ok("users:1: a user without addresses" in daemon.log() and
       "for-user: " in daemon.log(), "a wrong file: why",
       daemon.log()[-500:])
    os.unlink(path)
    daemon.spawn()
    equal(daemon.process.wait(30), 78, "no file: status")


tap.main()
