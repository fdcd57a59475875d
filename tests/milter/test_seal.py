# SPDX-License-Identifier: BSD-2-Clause
"""ARC sets of our own: when, what is in them, and what others say of them."""

import assaydaemon
import chains
import signkeys
import tap
from tap import equal, ok

RAW = (b"From: Alice <alice@example.com>\r\nTo: bob@inner.example\r\n"
       b"Subject: hello\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
       b"Message-ID: <1@example.com>\r\n\r\nHello Bob.  \r\n\r\n")
SET = [b"ARC-Seal", b"ARC-Message-Signature", b"ARC-Authentication-Results"]
MAILERS = chains.available()

folder = assaydaemon.work_folder()
key = signkeys.Key(folder, "seal")
edwards = signkeys.Key(folder, "edwards", "ed25519")
KEYS = {"k1._domainkey." + d: key.record
        for d in ("gate.example.org", "lists.example")}
ZONE = {name: [{"TXT": text}] for name, text in KEYS.items()}


def config(**more):
    return dict({"seal": {"domain": "gate.example.org", "selector": "k1",
                          "file": key.path,
                          "when": [{"relayed-to": ["inner.example"]},
                                   {"relayed-to": ["*.example.net"]}]},
                 "log": {"target": "stderr", "format": "json"}}, **more)


def after(result):
    """The message as it leaves."""
    fields = b"".join(n + b":" + v.replace(b"\r\n", b"\n").replace(
        b"\n", b"\r\n") + b"\r\n" for n, v in result.header.all())
    return fields + b"\r\n" + RAW.split(b"\r\n\r\n", 1)[1]


def arc(result):
    return [n for n, _ in result.header.all() if n.startswith(b"ARC-")]


def verify(raw, name):
    for who in MAILERS:
        equal(chains.validate(who, raw, KEYS), "pass",
              "%s: %s" % (name, who), raw)
    if not MAILERS:
        tap.skip(name, "neither dkimpy nor Mail::DKIM is installed")


@tap.test
def first_and_second():
    with assaydaemon.Daemon(config(), ZONE) as daemon:
        for mta in ("postfix", "sendmail"):
            raw = RAW
            for count in (1, 2, 3):
                sender = "%s%d@example.com" % (mta, count)
                result = daemon.send(raw, mta=mta, client="192.0.2.7",
                                     sender="<%s>" % sender,
                                     recipients=["<bob@inner.example>"])
                name = "%s, set %d" % (mta, count)
                equal(arc(result), SET * count, name + ": order")
                value = result.header.values(SET[2].decode())[0]
                ok(value.startswith(b" i=%d;" % count) and
                   b"smtp.remote-ip=192.0.2.7" in value and
                   b"spf=" in value and b"dkim=none" in value and
                   b"dmarc=" in value and b"(" not in value,
                   name + ": results", value)
                ok((b"arc=none" if count == 1 else b"arc=pass") in value,
                   name + ": the chain so far", value)
                seal = result.header.values("ARC-Seal")[0]
                ok((b"cv=none" if count == 1 else b"cv=pass") in seal,
                   name + ": cv=", seal)
                record = daemon.wait_records_of(sender)[0]
                equal(record.get("sealed"), "gate.example.org:k1:%d" % count,
                      name + ": record")
                raw = after(result)
                verify(raw, name)


@tap.test
def not_sealed():
    with assaydaemon.Daemon(config(), ZONE) as daemon:
        for recipient, want in (("bob@inner.example", True),
                                ("bob@x.example.net", True),
                                ("bob@example.net", False),
                                ("bob@example.org", False)):
            result = daemon.send(RAW, client="192.0.2.7",
                                 recipients=["<%s>" % recipient])
            equal(arc(result), SET if want else [], recipient)
        result = daemon.send(RAW, client="127.0.0.1",
                             recipients=["<bob@inner.example>"])
        equal(arc(result), [], "mail of ours")
        sealed = after(daemon.send(RAW, client="192.0.2.7",
                                   recipients=["<bob@inner.example>"]))
        broken = sealed.replace(b"Hello Bob", b"Hello Eve")
        result = daemon.send(broken, client="192.0.2.7",
                             sender="<broken@example.com>",
                             recipients=["<bob@inner.example>"])
        equal(arc(result), SET[:2], "a broken chain gets no set, and what "
              "claims to be ours goes")
        record = daemon.wait_records_of("broken@example.com")[0]
        equal((record.get("sealed"), record.get("unsealed-why")),
              (None, "the chain is broken"), "and the record says why")
    with assaydaemon.Daemon(config(policy=[
            {"name": "all", "action": "quarantine"}]), ZONE) as daemon:
        result = daemon.send(RAW, client="192.0.2.7",
                             recipients=["<bob@inner.example>"])
        equal(arc(result), [], "mail in quarantine")


@tap.test
def on_top_of_others():
    for who in MAILERS:
        found = b"Authentication-Results: mx.lists.example; arc=none; " \
            b"dmarc=pass header.from=example.com\r\n"
        raw = chains.seal(who, found + RAW, "lists.example", "k1", key.path,
                          "mx.lists.example").replace(found, b"", 1)
        with assaydaemon.Daemon(config(), ZONE) as daemon:
            result = daemon.send(raw, client="192.0.2.7",
                                 recipients=["<bob@inner.example>"])
        equal(arc(result)[:3], SET, who + ": a set on top")
        verify(after(result), "on top of " + who)


@tap.test
def keys():
    """What is no key for it, or is nothing to seal with."""
    bad = config()
    bad["seal"] = dict(bad["seal"], file=edwards.path)
    daemon = assaydaemon.Daemon(bad, ZONE)
    process = daemon.spawn() or daemon.process
    equal(process.wait(30), 78, "Ed25519 is refused")
    ok("seals are made with RSA keys only" in daemon.log(), "and why",
       daemon.log())


tap.main()
