# SPDX-License-Identifier: BSD-2-Clause
"""What a real Postfix and a real Sendmail report of the hop: the client's
names, TLS and its certificate, and who has logged in.
"""

import ssl

import assaydaemon
import authres
import certificates
import logins
import mta
import sendmail
import signkeys
import tap
from tap import equal, ok

CLIENT = "192.0.2.50"
PARTNER = "mail.partner.example"
MESSAGE = (b"From: Jane <jane@sender.example>\r\n"
           b"To: Bob <bob@example.org>\r\n"
           b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
           b"Message-ID: <1@sender.example>\r\n"
           b"\r\nHello Bob.\r\n")
ZONE = {"50.2.0.192.in-addr.arpa": [{"PTR": PARTNER}],
        PARTNER: [{"A": CLIENT}],
        "9.2.0.192.in-addr.arpa": [{"PTR": PARTNER}],
        "sender.example": [{"TXT": "v=spf1 -all"}]}
CONFIG = {
    "iprev": True, "annotate-own": True, "show-auth-name": True,
    "policy": [
        {"name": "old", "when": {"tls": ["1.2"], "helo": "old.example"},
         "action": "reject", "reply": "550 5.7.1 TLS is %{tls}"},
        {"name": "partner", "when": {"tls": "verified"}, "action": "accept"},
        {"name": "no-tls", "when": {"tls": ["none"], "helo": "old.example"},
         "action": "reject", "reply": "550 5.7.1 TLS is %{tls}"}]}
SERVERS = (
    ("Postfix: ", lambda authority: mta.Postfix(
        daemon.socket, dict(certificates.postfix(authority),
                            **logins.postfix())),
     logins.to_postfix, "auth=pass (PLAIN) smtp.auth=joe"),
    ("Sendmail: ", lambda authority: sendmail.Sendmail(
        daemon.socket, mc=certificates.sendmail(authority)),
     logins.to_sendmail, "auth=pass (ANONYMOUS) smtp.auth=anonymous"))


def send(server, sender, client=CLIENT, tls=None, helo=PARTNER, login=None):
    """The message as it was delivered, or the reply of a refusal."""
    server.sink.clear()
    smtp = server.client(client, helo=helo)
    if tls:
        smtp.starttls(context=tls)
        smtp.ehlo(helo)
    if login:
        equal(login(smtp, "joe"), 235, "logged in")
    try:
        mta.submit(smtp, MESSAGE, sender, ["bob@example.org"])
    except mta.smtplib.SMTPDataError as error:
        return error.smtp_error.decode()
    finally:
        smtp.quit()
    return server.sink.wait(1)[0]


def iprev(message):
    results = authres.parse(message.values("Authentication-Results")[0])[1]
    return authres.all_of(results, "iprev")[0].result


def of_tls(sender):
    record = daemon.wait_records_of(sender)[-1]
    return (record.get("tls"), record.get("tls-verified"),
            record.get("tls-certificate"), record.get("rule"),
            "tls-cipher" in record)


@tap.test
def strangers():
    ours = certificates.Authority("Our CA")
    theirs = certificates.Authority("Some CA")
    good, bad = ours.issue(PARTNER), theirs.issue(PARTNER)
    for name, make, _, _ in SERVERS:
        server = make(ours).start()
        for what, tls, want in (
                ("plain", None, (None, None, None, None, False)),
                ("1.3", certificates.context(
                    version=ssl.TLSVersion.TLSv1_3),
                 ("TLSv1.3", "no", None, None, True)),
                ("1.2", certificates.context(
                    version=ssl.TLSVersion.TLSv1_2),
                 ("TLSv1.2", "no", None, None, True)),
                ("good", certificates.context(good),
                 ("TLSv1.3", "yes", PARTNER, "partner", True)),
                ("another", certificates.context(bad),
                 ("TLSv1.3", "no", None, None, True))):
            sender = "%s%s@sender.example" % (name[:2].lower(), what)
            message = send(server, sender, tls=tls)
            equal(of_tls(sender), want, name + what + ": TLS in the record")
            equal(iprev(message), "pass", name + what + ": the client's name")
        equal(iprev(send(server, "x@sender.example", "192.0.2.9")), "fail",
              name + "a name that leads elsewhere")
        equal(iprev(send(server, "x@sender.example", "192.0.2.200")),
              "permerror", name + "no name")
        for tls, want in ((certificates.context(
                version=ssl.TLSVersion.TLSv1_2), "yes,1.2"), (None, "no")):
            got = send(server, "x@sender.example", tls=tls,
                       helo="old.example")
            ok("TLS is " + want in str(got), name + "refused for TLS", got)
        server.stop()


@tap.test
def users():
    for name, make, login, want in SERVERS:
        server = make(certificates.Authority("Our CA")).start()
        if server.client(CLIENT).has_extn("auth"):
            sender = "user%s@sender.example" % name[:2].lower()
            message = send(server, sender, "192.0.2.9", login=login)
            fields = message.values("Authentication-Results")
            ok(len(fields) == 1 and want in fields[0] and
               "iprev=fail" in fields[0] and "spf=" not in fields[0],
               name + "the field of a user", fields)
            record = daemon.wait_records_of(sender)[-1]
            equal((record.get("auth"), want.split("=")[-1]),
                  ("pass", record.get("auth-user")), name + "the record")
        else:
            tap.skip(name + "users", "libsasl2-modules are not there")
        server.sink.clear()
        message = send(server, "host@sender.example", None)
        ok("auth=none" in message.values("Authentication-Results")[0],
           name + "a host of ours")
        server.stop()
    daemon.check_stop("the daemon")


mta.prepare(sendmail.PACKAGES, signkeys.PACKAGES[0])
daemon = assaydaemon.Daemon(CONFIG, ZONE).start()
tap.main()
