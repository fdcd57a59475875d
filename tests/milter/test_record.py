# SPDX-License-Identifier: BSD-2-Clause
"""One record for each message, with what the mail server was really told."""

import signal
import socket

import assaydaemon
import messages
import milterclient
import tap
from tap import equal, ok

ZONE = dict(messages.plain_zone(), **{
    "slow.example": ["TIMEOUT"],
    "_dmarc.example.net": [{"TXT": "v=DMARC1; p=none; sp=quarantine; "
                                   "adkim=s"}],
})

POLICY = [
    {"name": "at-mail", "stage": "mail", "action": "reject",
     "when": {"mailfrom-domain": "early.example"}},
    {"name": "no", "action": "reject",
     "when": {"mailfrom-domain": "reject.example"}},
    {"name": "later", "action": "tempfail",
     "when": {"mailfrom-domain": "later.example"}},
    {"name": "hold", "action": "quarantine",
     "when": {"mailfrom-domain": "hold.example"}},
    {"name": "gone", "action": "discard",
     "when": {"mailfrom-domain": "discard.example"}},
]

# How a message ends, and what its record says.
ENDS = (
    # sender's domain, action, told, reply, rule
    ("pass.example", "accept", "accepted", None, None),
    ("early.example", "reject", "rejected", "550 5.7.1", "at-mail"),
    ("reject.example", "reject", "rejected", "550 5.7.1", "no"),
    ("later.example", "tempfail", "deferred", "451 4.7.1", "later"),
    ("hold.example", "quarantine", "quarantined", None, "hold"),
    ("discard.example", "discard", "discarded", None, "gone"),
)


def check(record, name, **want):
    for key, value in want.items():
        equal(record.get(key.replace("_", "-")), value,
              "%s: %s" % (name, key))


@tap.test
def answered():
    with assaydaemon.Daemon({"policy": POLICY}, ZONE) as daemon:
        for count, (domain, action, told, reply, rule) in enumerate(ENDS, 1):
            daemon.send(messages.PLAIN, sender="<a@%s>" % domain)
            record = daemon.wait_records(count)[-1]
            check(record, domain, action=action, told=told, reply=reply,
                  rule=rule, told_why=None, decided=None)
            ok(domain == "early.example" or record["id"],
               domain + ": the queue id")
        record = daemon.records()[0]
        check(record, "published", dmarc_domain="example.net",
              dmarc_p="none", dmarc_sp="quarantine", dmarc_np=None,
              dmarc_adkim="s", dmarc_aspf="r", dmarc_testing="n")
        equal([r["domain"] for r in record["recipients"]], ["example.org"],
              "domains of recipients")
        ok(isinstance(record["lookups"], int), "numbers are numbers")


def with_from(domain):
    return messages.PLAIN.replace(b"alice@example.net",
                                  b"alice@" + domain.encode())


DISPOSITION_ZONE = dict(messages.plain_zone(), **{
    "_dmarc.none.example": [{"TXT": "v=DMARC1; p=none; rua=mailto:a@b.c"}],
    "_dmarc.reject.example": [{"TXT": "v=DMARC1; p=reject"}],
    "_dmarc.hold.example": [{"TXT": "v=DMARC1; p=quarantine"}],
    "_dmarc.test.example": [{"TXT": "v=DMARC1; p=reject; t=y"}],
    "_dmarc.slow.example": ["TIMEOUT"],
    "none.example": [{"TXT": "v=spf1 ip4:192.0.2.2 -all"}],
    "reject.example": [{"TXT": "v=spf1 ip4:192.0.2.2 -all"}],
    "test.example": [{"TXT": "v=spf1 ip4:192.0.2.2 -all"}],
})

DISPOSITION_POLICY = [
    {"name": "friend", "action": "accept", "when": {"client": "192.0.2.9"}},
    {"name": "forwarder", "action": "accept",
     "when": {"dmarc": "fail", "forwarder": ["yes"]}},
    {"name": "foe", "action": "reject", "when": {"client": "192.0.2.8"}},
    {"name": "later", "action": "tempfail", "when": {"client": "192.0.2.7"}},
    {"name": "more", "action": "reject",
     "when": {"client": "192.0.2.6", "dmarc": "fail"}},
    {"name": "less", "action": "quarantine",
     "when": {"client": "192.0.2.5", "dmarc": "fail"}},
    {"name": "gone", "action": "discard",
     "when": {"client": "192.0.2.4", "dmarc": "fail"}},
    {"name": "dmarc", "action": "reject",
     "when": {"dmarc": "fail", "dmarc-policy": "reject",
              "dmarc-testing": "no"}},
    {"name": "dmarc-test", "action": "quarantine",
     "when": {"dmarc": "fail", "dmarc-policy": "reject",
              "dmarc-testing": "yes"}},
]

# From, client, what was done for DMARC, and why not what was asked for.
DISPOSITIONS = (
    ("none.example", "192.0.2.2", "none", []),
    ("reject.example", "192.0.2.2", "pass", []),
    ("test.example", "192.0.2.2", "pass", []),
    ("none.example", "192.0.2.1", "none", []),
    ("none.example", "192.0.2.6", "reject", ["local_policy"]),
    ("reject.example", "192.0.2.1", "reject", []),
    ("hold.example", "192.0.2.1", "none", ["local_policy"]),
    ("hold.example", "192.0.2.5", "quarantine", []),
    ("reject.example", "192.0.2.5", "quarantine", ["local_policy"]),
    ("reject.example", "192.0.2.4", "reject", []),
    ("reject.example", "192.0.2.9", "none", ["local_policy"]),
    ("reject.example", "192.0.2.8", "none", ["local_policy"]),
    ("none.example", "192.0.2.8", "none", []),
    ("reject.example", "192.0.2.10", "none", ["trusted_forwarder"]),
    ("none.example", "192.0.2.10", "none", []),
    ("reject.example", "192.0.2.7", None, None),
    ("test.example", "192.0.2.1", "quarantine", ["policy_test_mode"]),
    ("test.example", "192.0.2.9", "none", ["local_policy"]),
    ("absent.example", "192.0.2.1", None, None),
    ("slow.example", "192.0.2.1", None, None),
)


@tap.test
def dispositions():
    """What a report says was done, in the words of RFC 9990."""
    with assaydaemon.Daemon({"policy": DISPOSITION_POLICY, "forwarders": [
            {"name": "fwd", "client": "192.0.2.10"}]},
                            DISPOSITION_ZONE) as daemon:
        for count, (domain, client, _, _) in enumerate(DISPOSITIONS, 1):
            daemon.send(with_from(domain), client=client,
                        sender="<a@%s>" % domain)
            daemon.wait_count(count)
        found = daemon.wait_records(len(DISPOSITIONS))
    for record, (domain, client, done, why) in zip(found, DISPOSITIONS):
        name = "%s, %s" % (domain, client)
        equal(record.get("dmarc-disposition"), done, name)
        equal([o["type"] for o in record.get("dmarc-overrides", [])],
              why or [], name + ": overrides")
    equal([r.get("dmarc-rua") for r in found[:2]], ["yes", "no"],
          "whether reports are asked for")


@tap.test
def aligned_signatures():
    zone = dict(messages.key_zone(), **DISPOSITION_ZONE)
    name, want = messages.expected()[0]
    with assaydaemon.Daemon({}, zone) as daemon:
        daemon.send(messages.read(name))
        record = daemon.wait_records(1)[0]
    signatures = record["signatures"]
    equal([s["result"] for s in signatures], want, "each signature")
    ok(all(s["aligned"] in ("strict", "relaxed") or
           s["domain"] != record["from-domain"] for s in signatures),
       "is compared with From", record)


@tap.test
def many_recipients():
    """They fill the memory of a record, and nothing else is lost."""
    label = "x" * 60
    with assaydaemon.Daemon({}, ZONE) as daemon:
        with daemon.session() as session:
            session.connect()
            session.helo()
            session.mail("<a@pass.example>")
            for number in range(1100):
                session.rcpt("<b@n%d.%s.example>" %
                             (number, ".".join([label] * 3)))
            session.body(b"x")
            session.eom()
        record = daemon.wait_records(1)[0]
        check(record, "many", told="accepted", action="accept")
        equal(record.get("record"), "incomplete", "and it is said")
        ok(len(record["recipients"]) > 10, "as many as a line takes")


@tap.test
def not_to_the_end():
    """Aborted by the client, lost, and overtaken by the next one."""
    with assaydaemon.Daemon({}, ZONE) as daemon:
        with daemon.session() as session:
            session.connect()
            session.helo()
            session.mail("<a@slow.example>")
            session.rcpt()
            session.abort()
            check(daemon.wait_records(1)[0], "aborted", action="none",
                  told="aborted", mail_from="<a@slow.example>", dmarc=None)
            session.abort()
            session.mail("<b@slow.example>")
            session.mail("<c@slow.example>")
            check(daemon.wait_records(2)[1], "overtaken", action="none",
                  told="aborted", mail_from="<b@slow.example>")
            session.close()
        check(daemon.wait_records(3)[2], "lost", action="none",
              told="lost", mail_from="<c@slow.example>")
        with daemon.session() as session:
            session.connect()
            session.helo()
            ok(session.quit(), "a connection without a message")
        equal(len(daemon.records()), 3, "has no record")


@tap.test
def answer_not_read():
    """A mail server that has gone when the answer comes."""
    with assaydaemon.Daemon({}, ZONE) as daemon:
        session = daemon.session()
        session.connect()
        session.helo()
        session.mail("<a@pass.example>")
        session.rcpt()
        for name, value in milterclient.split_message(messages.PLAIN)[0]:
            session.field(name, value)
        session.eoh()
        session.sock.shutdown(socket.SHUT_RD)
        session.send("E")
        check(daemon.wait_records(1)[0], "not read", action="none",
              told="lost", reply=None, decided="accept")
        session.close()


@tap.test
def cannot_quarantine():
    """What the mail server does not let be done is deferred, and said."""
    actions = milterclient.ACTIONS & ~milterclient.CAN_QUARANTINE
    with assaydaemon.Daemon({"policy": POLICY}, ZONE) as daemon:
        with daemon.session(actions=actions) as session:
            session.connect()
            session.helo()
            result = session.message(messages.PLAIN,
                                     sender="<a@hold.example>")
        equal(result.reply_text[:9], "451 4.3.0", "deferred")
        record = daemon.wait_records(1)[0]
        check(record, "quarantine", action="tempfail", told="deferred",
              reply="451 4.3.0", rule="hold", decided="quarantine",
              level="error", told_why="the mail server cannot quarantine")
        lines = [line for line in daemon.log().splitlines()
                 if "cannot quarantine" in line]
        ok(lines and all(record["id"] in line for line in lines),
           "each line about it has its queue id", *lines)


@tap.test
def shut_down():
    daemon = assaydaemon.Daemon({}, ZONE).start()
    with daemon.session() as session:
        session.connect()
        session.helo()
        session.mail("<a@slow.example>")
        session.rcpt()
        daemon.kill(signal.SIGTERM)
        assaydaemon.wait_for(lambda: "stopping" in daemon.log(), 30,
                             "the end has begun")
        session.close()
        equal(daemon.wait(), 0, "it ends")
    check(daemon.wait_records(1)[0], "shut down", action="none",
          told="shut-down")


@tap.test
def rules_of_a_reload():
    """A connection that stays open gets every rule of a reload."""
    with assaydaemon.Daemon({}, ZONE) as daemon:
        with daemon.session() as session:
            session.connect()
            session.helo()
            equal(session.message(messages.PLAIN).reply.code, "c",
                  "before the reload: accepted")
            before = daemon.log().count("reloaded")
            daemon.configure({"policy": [
                {"name": "rcpt", "action": "reject",
                 "when": {"recipient-domain": "example.org"}}]}, ZONE)
            daemon.kill(signal.SIGHUP)
            assaydaemon.wait_for(
                lambda: daemon.log().count("reloaded") > before, 30,
                "it is reloaded")
            equal(session.message(messages.PLAIN).reply.code, "y",
                  "a rule for recipients holds at once")


tap.main()
