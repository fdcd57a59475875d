# SPDX-License-Identifier: BSD-2-Clause
"""assay sign: the message, which rule and key signed it, and why none did."""

import json
import os
import subprocess
import time

import assaydaemon
import signkeys
import tap
from tap import equal, ok

try:
    import dkim
except ImportError:
    dkim = None

HOME, STRANGER = "127.0.0.1", "203.0.113.9"
NOT_TRUSTED = "not from a trusted network nor authenticated"
NO_RULE = "no rule of sign has the domain in From"


def date(days):
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + days * 86400))


def message(sender="joe@example.org", extra=""):
    return (extra + "From: Joe <%s>\nTo: a@b.example\nSubject: one\n two\n"
            "Date: today\nMessage-ID: <1@example.org>\n\nHi.\n\n"
            % sender).encode()


class World:
    def __init__(self):
        self.folder = assaydaemon.work_folder()
        self.keys = {name: signkeys.Key(self.folder, name, kind)
                     for name, kind in (("r1", "rsa"), ("e1", "ed25519"),
                                        ("old", "rsa"), ("next", "rsa"))}
        self.zone = {name + "._domainkey." + domain: [
            {"TXT": self.keys[name].record}]
            for name in ("r1", "e1", "old")
            for domain in ("example.org", "x.example.net")}
        self.users = self.write("users", "joe joe@limited.example\n")
        self.config = self.write("assay.yaml", json.dumps({
            "authserv-id": "mx.example.org",
            "resolver": {"zone": self.write("zone.yaml", json.dumps(
                {"zonedata": self.zone}))},
            "policy": [{"name": "never", "action": "reject", "when": {
                "from-domain": "never.example"}}],
            "sign": [
                {"domains": ["example.org", "*.example.org"],
                 "identity": "example.org", "null-sender": True,
                 "keys": [self.key("r1"), self.key("e1"),
                          self.key("old", until=date(-9)),
                          self.key("next", **{"from": date(9)})]},
                {"domains": ["*.example.net"], "keys": [self.key("r1")]},
                {"domains": ["waits.example"], "identity": "example.org",
                 "keys": [self.key("old", until=date(-1)),
                          self.key("next", **{"from": date(-1)})]},
                {"domains": ["limited.example"], "for-user": self.users,
                 "keys": [self.key("r1")]},
                {"domains": ["over.example"],
                 "keys": [self.key("next", until=date(-1))]}]}))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        return path

    def key(self, name, **more):
        return dict({"selector": name, "file": self.keys[name].path}, **more)

    def run(self, *arguments, data=None, config=None):
        done = subprocess.run(
            [assaydaemon.command(), "sign", "-c", config or self.config,
             *arguments, "-"], input=data if data is not None else message(),
            capture_output=True, timeout=120)
        text = done.stderr.decode("utf-8", "replace")
        if any(mark in text for mark in assaydaemon.SANITIZER_MARKS):
            ok(False, "no sanitizer report", text[-4000:])
        return done.returncode, done.stdout, " ".join(text.split())

    def explain(self, *arguments, data=None):
        status, out, err = self.run("--json", *arguments, data=data)
        equal(err, "", "nothing on stderr")
        value = json.loads(out)
        equal(status, 0 if value["signed"] else 1, "the status says it, too")
        return value


def verified(raw):
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return signkeys.dkimpy(raw, world.zone)


@tap.test
def signs():
    for name, data in (("LF", message()),
                       ("CRLF", message().replace(b"\n", b"\r\n")),
                       ("8-bit", message() + b"\xc3\xa4\n"),
                       ("empty body", message().split(b"\n\n")[0] + b"\n\n"),
                       ("below", message("joe@mail.example.org"))):
        status, out, err = world.run(data=data)
        equal(status, 0, name + ": status", err)
        ok(out.endswith(data), name + ": the message is untouched", out)
        equal(out.count(b"\r\n"),
              out.count(b"\n") if b"\r" in data else 0,
              name + ": its line ends")
        equal(out.count(b"DKIM-Signature: "), 2, name + ": two signatures")
        ok(err.startswith("Signed: yes client 127.0.0.1 "),
           name + ": explained", err)
        if dkim is None:
            tap.skip(name + ": verified", "no python3-dkim")
        else:
            equal(verified(out), {"r1": True, "e1": True},
                  name + ": verified")
    status, out, err = world.run("--explain")
    equal((status, err), (0, ""), "--explain: nothing on stderr")
    ok(out.startswith(b"Signed: yes\n"), "--explain: no message", out)


@tap.test
def says_why():
    value = world.explain()
    equal([value[k] for k in ("signed", "why", "origin", "domain", "client",
                              "authenticated", "from_domain")],
          [True, None, "trusted-networks", "example.org", HOME, None,
           "example.org"], "who and what")
    equal(value["rule"], {"file": world.config, "line": 1, "pattern":
                          "example.org", "null_sender": False}, "the rule")
    equal([(k["selector"], k["file"], k["record"]) for k in value["keys"]],
          [(n, world.keys[n].path, "matches") for n in ("r1", "e1")],
          "the keys")
    equal(value["idle_keys"], [
        {"selector": "old", "why": "its time is over"},
        {"selector": "next", "why": "its time has not come"}], "the others")
    ok(value["fields"][0]["name"] == "DKIM-Signature", "the fields")
    value = world.explain(data=message("joe@x.example.net"))
    equal((value["domain"], value["rule"]["pattern"],
           value["keys"][0]["record"]),
          ("x.example.net", "*.example.net", "matches"), "by a pattern")
    value = world.explain(data=message("joe@y.example.net"))
    equal(value["keys"][0]["record"], "absent", "a record that is missing")
    value = world.explain("--from", "<>",
                          data=message("MAILER-DAEMON@mx.example.org"))
    equal((value["signed"], value["rule"]["pattern"]),
          (True, "*.example.org"), "a bounce with a From of a rule")
    value = world.explain("--from", "<>", data=message("MAILER-DAEMON"))
    equal((value["signed"], value["rule"]["null_sender"], value["domain"]),
          (True, True, "example.org"), "a bounce without a domain")


@tap.test
def rotation():
    """What DNS does not have yet waits, as in the daemon."""
    value = world.explain(data=message("joe@waits.example"))
    equal([k["selector"] for k in value["keys"]], ["old"],
          "the key whose record is there")
    equal(value["idle_keys"], [
        {"selector": "next", "why": "its record is not in DNS yet, and the "
         "key before it is"}], "and why not the other")


@tap.test
def folder():
    """Keys that are found in a folder, of the domain or of one above."""
    keys = os.path.join(world.folder, "keys")
    os.makedirs(os.path.join(keys, "example.org"), mode=0o755)
    key = signkeys.Key(os.path.join(keys, "example.org"), "f1")
    zone = world.write("folder-zone.yaml", json.dumps({"zonedata": {
        "f1._domainkey.example.org": [{"TXT": key.record}]}}))
    config = world.write("folder.yaml", json.dumps({
        "authserv-id": "mx.example.org", "resolver": {"zone": zone},
        "sign": [{"keys": {"directory": keys, "subdomains": True,
                           "layout": "%{domain}/%{selector}.pem"}}]}))
    for sender, why in (("joe@example.org", "the domain in From"),
                        ("joe@mail.example.org",
                         "a domain above the one in From")):
        status, out, err = world.run(config=config, data=message(sender))
        equal(status, 0, sender + ": signed", err)
        for text in ("the first with keys for the domain in From",
                     "d= example.org, " + why,
                     "key f1, %s: the record in DNS matches" % keys):
            ok(text in err, "%s: %s" % (sender, text), err)
    status, out, err = world.run("--json", config=config,
                                 data=message("eve@other.example"))
    equal((status, json.loads(out)["why"]), (1, NO_RULE), "no key of it")


@tap.test
def says_why_not():
    field = "Authentication-Results: mx.example.org;\n\tspf=pass\n"
    done = world.run()[1].decode()
    for what, why, arguments, data in (
            ("a stranger", NOT_TRUSTED, ("--as-client", STRANGER), None),
            ("a stranger's own", None, ("--as-client", STRANGER),
             message("eve@other.example")),
            ("another domain", NO_RULE, (), message("eve@other.example")),
            ("another domain, a login", NO_RULE, ("--authenticated", "joe"),
             message("eve@other.example")),
            ("no From", "From is absent, repeated or cannot be read", (),
             b"To: a@b.example\n\nHi.\n"),
            ("two From fields", "From is absent, repeated or cannot be read",
             (), message(extra="From: eve@example.org\n")),
            ("it came before", "it has our Authentication-Results field, so it "
             "first came from outside", (),
             message(extra=field)),
            ("signed already", "it has our signature already", (),
             done.encode()),
            ("not his", "the authenticated user may not use this "
             "From", ("--authenticated", "joe"),
             message("eve@limited.example")),
            ("no key now", "no key signs at this time", (),
             message("joe@over.example"))):
        value = world.explain(*arguments, data=data)
        equal((value["signed"], value["why"]), (False, why), what)
        status, out, err = world.run(*arguments, data=data)
        equal((status, out), (1, b""), what + ": no message")
        ok(err.startswith("Signed: no: " + (why or "neither the sender nor "
                                            "the domain in From is ours")),
           what + ": in words", err)
    equal(world.explain("--authenticated", "joe", "--as-client", STRANGER)
          ["origin"], "authenticated", "a login from anywhere")
    equal(world.explain("--authenticated", "joe", data=message(
        "joe@limited.example"))["signed"], True, "what is his")
    status, out, err = world.run("--authenticated", "joe",
                                 data=message(extra=field))
    ok(status == 0 and b"Authentication-Results" not in out,
       "what is forged is removed", out)
    if dkim is not None:
        equal(verified(out), {"r1": True, "e1": True}, "and then signed")


@tap.test
def mistakes():
    for what, status, arguments, data, text in (
            ("an address", 64, ("--as-client", "home"), None,
             "not an IP address: home"),
            ("an mbox", 66, (), b"From joe Sat Nov 21 10:00:00 2026\n" +
             message(), "not one message alone"),
            ("an unknown option", 64, ("--as-clients", "x"), None,
             "did you mean")):
        got, out, err = world.run(*arguments, data=data)
        equal((got, out), (status, b""), what + ": status", err)
        ok(text in err, what + ": said", err)
    gone = world.write("gone.yaml", json.dumps({"sign": [
        {"domains": ["example.org"], "keys": [
            {"selector": "s", "file": "/nonexistent/key.pem"}]}]}))
    got, out, err = world.run(config=gone)
    equal((got, out), (78, b""), "no key file: status", err)
    ok("/nonexistent/key.pem" in err, "no key file: said", err)
    got, out, err = world.run(config=world.write("none.yaml", "{}\n"))
    equal(got, 1, "nothing is signed: status")
    ok(err.startswith("Signed: no: sign has no rules"),
       "nothing is signed: said", err)


world = World()
tap.main()
