# SPDX-License-Identifier: BSD-2-Clause
"""auto-reload: a file of the configuration counts when it has changed."""

import os
import re

import assaydaemon
import signkeys
import tap
from assaydaemon import replace
from tap import equal, ok

ZONE = {"sender.example": [{"TXT": "v=spf1 -all"}]}
RULE = """policy:
  - name: customers
    when: {recipient-domain: [%s]}
    action: reject
"""


def start(**config):
    daemon = assaydaemon.Daemon()
    rules = os.path.join(daemon.folder, "rules.yaml")
    replace(rules, RULE % "one.example")
    daemon.configure(dict({"include": ["rules.yaml"]}, **config),
                     ZONE)
    return daemon.start(), rules


def rejected(daemon, domain):
    result = daemon.send(
        fields=[(b"From", b" a@sender.example")], body=b"Hi.\r\n",
        sender="<a@sender.example>", client="192.0.2.1",
        recipients=["<b@%s>" % domain])
    return not result.accepted


def wait_for(daemon, text, count=1):
    assaydaemon.wait_for(lambda: daemon.log().count(text) >= count, 30, text)


@tap.test
def by_itself():
    daemon, rules = start(**{"auto-reload": True})
    equal((rejected(daemon, "one.example"), rejected(daemon, "two.example")),
          (True, False), "as it starts")
    replace(rules, RULE % "two.example")
    wait_for(daemon, "\"reloaded /")
    equal((rejected(daemon, "one.example"), rejected(daemon, "two.example")),
          (False, True), "a file that was replaced")
    with open(rules, "w", encoding="utf-8") as f:
        f.write(RULE % "one.example, two.example")
    wait_for(daemon, "\"reloaded /", 2)
    equal((rejected(daemon, "one.example"), rejected(daemon, "two.example")),
          (True, True), "one that was written over")
    replace(rules, "polizy: []\n")
    wait_for(daemon, "unknown key")
    equal((rejected(daemon, "one.example"), rejected(daemon, "two.example")),
          (True, True), "one that is wrong: the last good one counts")
    os.unlink(rules)
    wait_for(daemon, "has changed", 4)
    ok(rejected(daemon, "one.example"), "one that has gone: likewise")
    replace(rules, RULE % "two.example")
    wait_for(daemon, "\"reloaded /", 3)
    equal((rejected(daemon, "one.example"), rejected(daemon, "two.example")),
          (False, True), "a good one again")
    equal(daemon.log().count("unknown key"), 1, "a mistake is said once")
    daemon.configure({"auto-reload": True, "policy": []}, ZONE)
    wait_for(daemon, "\"reloaded /", 4)
    ok(not rejected(daemon, "two.example"), "the configuration itself")
    daemon.check_stop("the daemon")


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def refused(daemon):
    return daemon.log().count("not reloaded")


@tap.test
def refused_for_another_file():
    """What was wrong is no file of the configuration that is in use."""
    daemon, rules = start(**{"auto-reload": True})
    more = os.path.join(daemon.folder, "more.yaml")
    config = {"auto-reload": True, "include": ["rules.yaml", "more.yaml"]}
    daemon.configure(config, ZONE)
    wait_for(daemon, "not reloaded")
    ok(rejected(daemon, "one.example"), "an include that is missing")
    write(more, "iprev: perhaps\n")
    wait_for(daemon, "perhaps")
    ok(rejected(daemon, "one.example"), "one that is wrong, and is new")
    write(more, "iprev: yes\n")
    wait_for(daemon, "\"reloaded /")
    equal(refused(daemon), 2, "each mistake is said once")
    keys = os.path.join(daemon.folder, "keys")
    daemon.configure(dict(config, sign=[{"keys": {"directory": "keys"}}]),
                     ZONE)
    wait_for(daemon, "cannot read the folder")
    os.mkdir(keys, 0o755)
    wait_for(daemon, "\"reloaded /", 2)
    os.rmdir(keys)
    daemon.send(fields=[(b"From", b" a@sender.example")], body=b"Hi.\r\n",
                sender="<a@sender.example>", client="127.0.0.1")
    wait_for(daemon, "keys of sender.example in ")
    os.mkdir(keys, 0o755)
    write(rules, RULE % "two.example")
    wait_for(daemon, "\"reloaded /", 3)
    equal((rejected(daemon, "one.example"), rejected(daemon, "two.example")),
          (False, True), "a folder of keys that was gone for a while")
    equal(refused(daemon), 3, "and nothing more was said")
    daemon.check_stop("the daemon")


def swap(folder, version, text, name="rules.yaml"):
    """As Kubernetes does: all files change at once, by a link to a folder."""
    os.mkdir(os.path.join(folder, version))
    path = os.path.join(folder, version, name)
    write(path, text)
    os.chmod(path, 0o600)
    os.symlink(version, os.path.join(folder, "..data_tmp"))
    os.rename(os.path.join(folder, "..data_tmp"),
              os.path.join(folder, "..data"))


@tap.test
def links():
    daemon = assaydaemon.Daemon()
    swap(daemon.folder, "..1", RULE % "one.example")
    os.symlink("..data/rules.yaml",
               os.path.join(daemon.folder, "rules.yaml"))
    daemon.configure({"include": ["rules.yaml"], "auto-reload": True}, ZONE)
    daemon.start()
    ok(rejected(daemon, "one.example"), "by a link")
    swap(daemon.folder, "..2", RULE % "two.example")
    wait_for(daemon, "\"reloaded /")
    equal((rejected(daemon, "one.example"), rejected(daemon, "two.example")),
          (False, True), "the link leads elsewhere")
    swap(daemon.folder, "..3", "polizy: []\n")
    wait_for(daemon, "did you mean policy?")
    ok(rejected(daemon, "two.example"), "to one that is wrong")
    swap(daemon.folder, "..4", RULE % "one.example")
    wait_for(daemon, "\"reloaded /", 2)
    ok(rejected(daemon, "one.example"), "to one that is right")
    daemon.check_stop("the daemon")


@tap.test
def in_two_writes():
    """What is half written is refused, or counts until the rest is there."""
    daemon, rules = start(**{"auto-reload": True})
    whole = RULE % "two.example"
    with open(rules, "w", encoding="utf-8") as f:
        f.write(whole[:30])
        f.flush()
        wait_for(daemon, "not reloaded")
        ok(rejected(daemon, "one.example"), "half of it")
        f.write(whole[30:])
    wait_for(daemon, "\"reloaded /")
    equal((rejected(daemon, "one.example"), rejected(daemon, "two.example")),
          (False, True), "all of it")
    daemon.check_stop("the daemon")


def spf_result(daemon):
    result = daemon.send(
        fields=[(b"From", b" a@sender.example")], body=b"Hi.\r\n",
        sender="<a@sender.example>", client="192.0.2.1",
        recipients=["<b@inner.example>"])
    found = b"".join(result.header.values("Authentication-Results"))
    return re.search(rb"spf=(\w+)", found)[1].decode()


def record_key(key):
    def look(daemon):
        before = len(daemon.records())
        spf_result(daemon)
        daemon.wait_count(before + 1)
        return daemon.records()[-1].get(key)
    return look


def signed_with(field, client):
    """The length of the signature says which key it was."""
    def look(daemon):
        result = daemon.send(
            fields=[(b"From", b" a@sender.example")], body=b"Hi.\r\n",
            sender="<a@sender.example>", client=client,
            recipients=["<b@inner.example>"])
        value = re.sub(rb"\s", b"", result.header.values(field)[0])
        return len(re.search(rb";b=([^;]*)", value)[1])
    return look


def key_text(folder, bits):
    path = os.path.join(folder, "%d.pem" % bits)
    signkeys.openssl("genpkey", "-algorithm", "rsa", "-pkeyopt",
                     "rsa_keygen_bits:%d" % bits, "-out", path)
    with open(path, encoding="ascii") as f:
        return f.read()


def zone_text(last):
    return "zonedata: {sender.example: [{TXT: \"v=spf1 %s\"}]}\n" % last


def kinds():
    """(name, configuration, [first, second], a bad one, its complaint, what
    shows which is in use, [first, second] of that)"""
    folder = assaydaemon.work_folder()
    keys = [key_text(folder, bits) for bits in (2048, 3072)]
    half = keys[1][:len(keys[1]) // 2]
    lengths = [344, 512]
    observed = "policy: [{name: %s, action: reject}]\n"
    return (
        ("forwarder", {"forwarders": [{"name": "fwd", "file": "it"}],
                       "policy": [{"action": "accept"}]},
         ["198.51.100.1\n", "192.0.2.1\n"], "192.0.2.1\n192.0.2.",
         "this is not a host", record_key("forwarder"), [None, "fwd"]),
        ("observe-policy", {"observe-policy": "it"},
         [observed % "one", observed % "two"], "policy: [{name: two, acti",
         "not reloaded", record_key("observe-policy-rule"),
         ["one", "two"]),
        ("zone", {"resolver": {"zone": "it"}},
         [zone_text("-all"), zone_text("+all")], "zonedata: {sender.ex",
         "not reloaded", spf_result, ["fail", "pass"]),
        ("sign", {"sign": [{"domains": "sender.example", "keys": [
            {"selector": "s1", "file": "it"}]}]}, keys, half,
         "the PEM text is broken", signed_with("DKIM-Signature",
                                               "127.0.0.1"), lengths),
        ("seal", {"seal": {"domain": "gate.example", "selector": "s1",
                           "file": "it",
                           "when": [{"relayed-to": ["inner.example"]}]}},
         keys, half, "the PEM text is broken",
         signed_with("ARC-Seal", "192.0.2.1"), lengths))


@tap.test
def each_kind_of_file():
    """All at the same time, since each step is seconds of waiting."""
    started = []
    for name, config, texts, bad, why, look, want in kinds():
        config = dict({"auto-reload": True}, **config)
        daemon = assaydaemon.Daemon()
        swap(daemon.folder, "..1", texts[0], "it")
        os.symlink("..data/it", os.path.join(daemon.folder, "it"))
        daemon.configure(config, None if name == "zone" else ZONE)
        daemon.start()
        equal(look(daemon), want[0], name + ": as it starts")
        started.append((daemon, name, texts, bad, why, look, want))

    def step(what, change, text, count, which):
        for daemon, name, texts, bad, why, look, want in started:
            change(daemon.folder, texts, bad)
        for daemon, name, texts, bad, why, look, want in started:
            wait_for(daemon, why if text is None else text, count)
            equal(look(daemon), want[which], "%s: %s" % (name, what))

    def path(folder):
        return os.path.join(folder, "it")

    def put(folder, text):
        replace(path(folder), text)
        os.chmod(path(folder), 0o600)

    step("a link that leads elsewhere",
         lambda folder, texts, bad: swap(folder, "..2", texts[1], "it"),
         "\"reloaded /", 1, 1)
    step("half of a file",
         lambda folder, texts, bad: swap(folder, "..3", bad, "it"),
         None, 1, 1)
    step("it is gone", lambda folder, texts, bad: os.unlink(path(folder)),
         "not reloaded", 2, 1)
    step("it is back, as another one",
         lambda folder, texts, bad: put(folder, texts[0]),
         "\"reloaded /", 2, 0)
    for daemon, name, *_ in started:
        equal(refused(daemon), 2, name + ": each mistake was said once")
        ok("has changed: %s" % path(daemon.folder) in daemon.log(),
           name + ": the log names the file")
        daemon.check_stop(name)


tap.main()
