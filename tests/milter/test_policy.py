# SPDX-License-Identifier: BSD-2-Clause
"""The policy through the daemon: what an MTA is told, and when."""

import signal

import assaydaemon
import dnsserver
import messages
import tap
from tap import equal, ok

ZONE = {
    "pass.example": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}],
    "fail.example": [{"TXT": "v=spf1 -all"}],
    "fail2.example": [{"TXT": "v=spf1 -all exp=why.fail2.example"}],
    "why.fail2.example": [{"TXT": "100%% no, %{i}"}],
    "dmarc.example": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}],
    "_dmarc.dmarc.example": [{"TXT": "v=DMARC1; p=reject"}],
}


def rules(*list_of_rules):
    return {"policy": list(list_of_rules)}


def mail_from(domain):
    return {"fields": [(b"From", b" a@" + domain)], "body": b"x\r\n"}


def record_number(daemon, number):
    """A record follows the answer, so it is waited for."""
    daemon.wait_count(number)
    return daemon.records()[number - 1]


@tap.test
def before_data():
    config = rules({"name": "early", "stage": "mail", "action": "reject",
                    "when": {"spf": "fail"}},
                   {"name": "late", "action": "tempfail",
                    "when": {"dmarc": "fail"}})
    with assaydaemon.Daemon(config, ZONE) as daemon:
        result = daemon.send(sender="<a@fail.example>",
                             **mail_from(b"pass.example"))
        equal(result.stage, "mail", "refused at MAIL")
        ok(result.reply.data.startswith(b"550 5.7.23"), "with its codes",
           result.reply)
        record = record_number(daemon, 1)
        equal(record.get("stage"), "mail", "the log says where")
        equal(record.get("rule"), "early", "and by what")
        result = daemon.send(sender="<a@pass.example>",
                             **mail_from(b"dmarc.example"))
        equal(result.stage, "eom", "the other rule waits for the end")
        ok(result.reply.data.startswith(b"4"), "and defers", result.reply)
        with daemon.session() as session:
            session.connect()
            session.helo()
            refused = session.message(sender="<a@fail.example>",
                                      **mail_from(b"pass.example"))
            taken = session.message(sender="<a@pass.example>",
                                    **mail_from(b"pass.example"))
            equal(refused.stage, "mail", "refused, and then in the same "
                  "connection:")
            equal(taken.reply.code, "c", "another message is taken")


@tap.test
def replies():
    config = rules(
        {"name": "why", "action": "reject", "when": {"spf": "fail"},
         "reply": "550 5.7.1 50%% of %{mailfrom-domain}: %{spf-explanation}"})
    with assaydaemon.Daemon(config, ZONE) as daemon:
        result = daemon.send(messages.PLAIN, sender="<a@fail2.example>")
        equal(result.reply.data.rstrip(b"\0"),
              b"550 5.7.1 50%% of fail2.example: 100%% no, 192.0.2.1",
              "every % is doubled on the way to the MTA")


@tap.test
def recipients():
    config = rules({"name": "list", "action": "quarantine",
                    "when": {"recipient-domain": ["*.lists.example"]}})
    with assaydaemon.Daemon(config, ZONE) as daemon:
        for number, (recipients_, want) in enumerate((
                (["<a@b.example>"], "accept"),
                (["<a@lists.example>"], "accept"),
                (["<a@b.example>", "<x@A.lists.EXAMPLE>"], "quarantine")), 1):
            daemon.send(messages.PLAIN, recipients=recipients_)
            equal(record_number(daemon, number)["action"], want,
                  str(recipients_))


@tap.test
def observed():
    config = rules({"name": "watch", "observe": True, "action": "reject",
                    "when": {"spf": "fail"}})
    with assaydaemon.Daemon(config, ZONE) as daemon:
        result = daemon.send(messages.PLAIN, sender="<a@fail.example>")
        equal(result.reply.code, "c", "an observed rule refuses nothing")
        record = record_number(daemon, 1)
        equal((record.get("observed"), record.get("observed-action")),
              ("watch", "reject"), "the log says what it would have done")


@tap.test
def early_without_dns():
    """What is not known in time at MAIL is decided at the end."""
    config = rules({"name": "early", "stage": "mail", "action": "reject",
                    "when": {"spf": "temperror"}})
    server = dnsserver.Server()
    for name in ("shut.example", "mail.example.net"):
        server.set(name, [], drop=True)
    # Longer than MAIL waits, so that it goes on; the end sees the time-out.
    config["resolver"] = {"nameservers": [server.address],
                          "timeout": "12s", "tries": 1}
    with assaydaemon.Daemon(config) as daemon:
        result = daemon.send(messages.PLAIN, sender="<a@shut.example>")
        equal((result.stage, result.reply.code), ("eom", "y"),
              "refused at the end")
    server.stop()


@tap.test
def a_reload_takes_nothing_away():
    """A file that is empty, or ends too early, drops no rules."""
    config = rules({"name": "early", "stage": "mail", "action": "reject",
                    "when": {"spf": "fail"}})
    with assaydaemon.Daemon(config, ZONE) as daemon:
        def refuses():
            return daemon.send(messages.PLAIN, sender="<a@fail.example>"
                               ).stage == "mail"

        text = open(daemon.path).read()
        ok(refuses(), "the rule is there")
        for broken in ("", "\n \n", text[:text.index("policy:")],
                       text[:text.index("policy:") + len("policy:")]):
            mark = len(daemon.log())
            daemon.configure(broken)
            daemon.kill(signal.SIGHUP)
            assaydaemon.wait_for(
                lambda: "not reloaded" in daemon.log()[mark:], 30,
                "the reload is refused")
            ok(refuses(), "%r: the rules stay" % broken[-20:])
        daemon.configure(dict(policy=[]), ZONE)
        daemon.kill(signal.SIGHUP)
        assaydaemon.wait_for(lambda: not refuses(), 30,
                             "an empty list is said")
        ok(True, "policy: [] takes them away")


@tap.test
def no_name_of_the_mta():
    """An MTA that sends no j, or a strange one, has its mail all the same."""
    config = {"authserv-id": None}
    with assaydaemon.Daemon(config, ZONE) as daemon:
        for name in (None, "", "my host", "\xe9.example", "a" * 300,
                     "mx.example.org"):
            with daemon.session() as session:
                if name is None:
                    del session.macros["j"]
                else:
                    session.macros["j"] = name
                session.connect()
                session.helo()
                session.mail()
                session.rcpt()
                session.data()
                session.field(b"From", b" a@pass.example")
                session.eoh()
                session.body(b"x\r\n")
                changes, reply = session.eom()
                equal(reply.code, "c", "j is %.20r: accepted" % (name,))
                added = [c for c in changes if c.code in "ih" and
                         b"Authentication-Results" in c.data]
                ok(len(added) == 1, "with its field", changes)


tap.main()
