# SPDX-License-Identifier: BSD-2-Clause
"""Mail that a known forwarder hands in, to a real Postfix and a real Sendmail,
judged by the shipped strict policy: by address, by name, for whom, and at MAIL.
"""

import os

import assaydaemon
import authres
import mta
import sendmail
import tap
from tap import equal, ok

# By address, by name; a stranger; one whose name leads nowhere, or is hidden.
ADDRESS, NAME, STRANGER = "192.0.2.50", "192.0.2.51", "192.0.2.60"
OTHERS = "192.0.2.52"           # forwards, but not for example.org
FORGED, HIDDEN = "192.0.2.61", "192.0.2.62"
MESSAGE = (b"From: Jane <jane@bank.example>\r\n"
           b"To: Bob <bob@alumni.example>\r\n"
           b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
           b"Message-ID: <1@bank.example>\r\n"
           b"\r\nHello Bob.\r\n")
ZONE = {"bank.example": [{"TXT": "v=spf1 ip4:198.51.100.1 -all"}],
        "_dmarc.bank.example": [{"TXT": "v=DMARC1; p=reject"}],
        "51.2.0.192.in-addr.arpa": [{"PTR": "out1.fwd.example"}],
        "61.2.0.192.in-addr.arpa": [{"PTR": "out1.fwd.example"}],
        "62.2.0.192.in-addr.arpa": [{"RCODE": 2}],
        "out1.fwd.example": [{"A": NAME}]}
FORWARDERS = [
    {"name": "alumni", "client": [ADDRESS], "for": ["example.org"]},
    {"name": "club", "iprev": ["*.fwd.example"]},
    {"name": "others", "client": [OTHERS], "for": ["example.net"]}]
# Before everything else: no sender whose SPF fails.
STRICT_SPF = {"name": "spf", "stage": "mail", "action": "reject",
              "when": {"spf": "fail"}, "reply": "550 5.7.23 spf=%{spf}"}


def include(name):
    """A copy, as the folder of the source may be open to everybody."""
    path = os.path.join(assaydaemon.work_folder(), name)
    with open(os.path.join(assaydaemon.top_srcdir(), "etc", name),
              "rb") as source, open(path, "wb") as copy:
        copy.write(source.read())
    return path


def send(server, sender, client):
    """The message as it was delivered, or code and text of a refusal."""
    server.sink.clear()
    try:
        server.send(MESSAGE, sender, address=client)
    except mta.smtplib.SMTPSenderRefused as refused:
        return refused.smtp_code, refused.smtp_error.decode()
    except mta.smtplib.SMTPRecipientsRefused as refused:
        code, text = list(refused.recipients.values())[0]
        return code, text.decode()
    except mta.smtplib.SMTPDataError as refused:
        return refused.smtp_code, refused.smtp_error.decode()
    return server.sink.wait(1)[0]


def is_let_in(name, daemon, got, sender, forwarder):
    record = daemon.wait_records_of(sender)[-1]
    if not ok(not isinstance(got, tuple), name + "let in", got):
        return
    value = got.values("Authentication-Results")[0]
    dmarc = authres.all_of(authres.parse(value)[1], "dmarc")[0]
    equal(dmarc.result, "fail", name + "DMARC fails all the same")
    equal([dmarc.properties.get("policy." + key) for key in
           ("override", "override-by")], ["trusted-forwarder", forwarder],
          name + "the field says who answers for it", value)
    ok("(accepted by local policy: known forwarder %s)" % forwarder in
       " ".join(value.split()), name + "so does a comment", value)
    equal([record.get(key) for key in
           ("forwarder", "spf", "dmarc", "rule", "override-by")],
          [forwarder, "fail", "fail", "known-forwarder", forwarder],
          name + "the record")
    equal([o["type"] for o in record["dmarc-overrides"]],
          ["trusted_forwarder"], name + "what a report will say")


def check(kind, server, daemon):
    for at, (what, client, forwarder) in enumerate((
            ("by its address", ADDRESS, "alumni"),
            ("by its name", NAME, "club"))):
        sender = "good%d@bank.example" % at
        is_let_in(kind + what + ": ", daemon, send(server, sender, client),
                  sender, forwarder)
    for at, (what, client, code, forwarder) in enumerate((
            ("a stranger", STRANGER, 550, None),
            ("a name that leads elsewhere", FORGED, 550, None),
            ("DNS hides the name", HIDDEN, 451, "unknown"),
            ("for others", OTHERS, 550, None))):
        sender = "bad%d@bank.example" % at
        got = send(server, sender, client)
        equal(got[0] if isinstance(got, tuple) else 250, code, kind + what,
              got)
        record = daemon.wait_records_of(sender)[-1]
        equal(record.get("forwarder"), forwarder, kind + what + ": recorded")


@tap.test
def judged():
    with assaydaemon.Daemon({"include": [include("policy-strict.yaml")],
                             "forwarders": FORWARDERS}, ZONE) as daemon:
        for kind, make in SERVERS:
            server = make(daemon.socket).start()
            check(kind, server, daemon)
            server.stop()


@tap.test
def at_mail():
    """SPF is not held against a forwarder before its recipients are known."""
    with assaydaemon.Daemon({"policy": [STRICT_SPF],
                             "forwarders": FORWARDERS}, ZONE) as daemon:
        for kind, make in SERVERS:
            server = make(daemon.socket).start()
            for what, client, code in (("address", ADDRESS, 250),
                                       ("name", NAME, 250),
                                       ("stranger", STRANGER, 550),
                                       ("forged", FORGED, 550)):
                got = send(server, what + "@bank.example", client)
                equal(got[0] if isinstance(got, tuple) else 250, code,
                      kind + "at MAIL: " + what, got)
            got = send(server, "other@bank.example", OTHERS)
            equal(got[0] if isinstance(got, tuple) else 250, 550,
                  kind + "at the end: for others", got)
            record = daemon.wait_records_of("other@bank.example")[-1]
            ok("stage" not in record, kind + "not before", record)
            server.stop()


SERVERS = (("Postfix: ", mta.Postfix), ("Sendmail: ", sendmail.Sendmail))
mta.prepare(sendmail.PACKAGES)
tap.main()
