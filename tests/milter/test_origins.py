# SPDX-License-Identifier: BSD-2-Clause
"""Who hands a message in decides whether it is checked, signed, believed."""


import assaydaemon
import signkeys
import tap
from tap import equal, ok

SENDER = b" Joe <joe@example.org>"
OURS = b" mx.example.org; dmarc=fail header.from=example.org"

ORIGINS = [
    {"name": "backup-mx", "client": ["192.0.2.7", "*.relay.example"],
     "relay": True},
    {"name": "submission", "authenticated": True, "sign": True,
     "check": False},
    {"name": "partner", "certificate": ["CN=mail.partner.example"],
     "sign": True, "check": False},
    {"name": "originating", "daemon-name": ["ORIGINATING"], "sign": True,
     "check": False},
    {"name": "both", "client": ["192.0.2.80"], "sign": True},
    {"name": "own-hosts", "client": ["127.0.0.0/8", "::1"], "sign": True,
     "check": False}]


def started(daemon, **more):
    """Configures and starts it with a key; the zone knows the sender."""
    key = signkeys.Key(daemon.folder, "s", "rsa")
    zone = {"s._domainkey.example.org": [{"TXT": key.record}],
            "example.org": [{"TXT": "v=spf1 ip4:198.51.100.1 -all"}],
            "_dmarc.example.org": [{"TXT": "v=DMARC1; p=reject"}]}
    config = {"sign": [{"domains": ["example.org"], "keys": [
        {"selector": "s", "file": key.path}]}]}
    config.update(more)
    daemon.configure(config, zone)
    return daemon.start()


def send(daemon, extra=(), **options):
    fields = list(extra) + [(b"From", SENDER), (b"To", b" a@b.example"),
                            (b"Subject", b" x"), (b"Date", b" today"),
                            (b"Message-ID", b" <1@example.org>")]
    daemon.sent = getattr(daemon, "sent", 0)
    daemon.wait_count(daemon.sent)
    daemon.sent += 1
    return daemon.send(fields=fields, body=b"Hi.\r\n",
                       sender="<joe@example.org>", **options)


def signed(result):
    return len(result.header.values("DKIM-Signature"))


def last_event(daemon):
    """A record is written after the answer, so it is waited for."""
    daemon.wait_count(daemon.sent)
    return daemon.records()[-1]


def field(result):
    values = result.header.values("Authentication-Results")
    top = [v for v in values if b"spf=" in v][:1]
    return top[0].replace(b"\n\t", b" ") if top else b""


@tap.test
def comes_back():
    """Forged mail from outside, handed in again by a filter of this host."""
    daemon = assaydaemon.Daemon()
    started(daemon)
    first = send(daemon, client="203.0.113.9")
    ok(b"dmarc=fail" in field(first), "from outside: fails", field(first))
    equal(signed(first), 0, "from outside: not signed")
    ours = (b"Authentication-Results", b" " + field(first).strip())
    for name, macros in (
            ("a content filter", {}),
            ("the sendmail command", {"{daemon_name}": "x"})):
        again = send(daemon, extra=[ours], client="127.0.0.1",
                     macros=macros)
        equal(signed(again), 0, name + ": not signed")
        equal(len(again.header.values("Authentication-Results")), 1,
              name + ": the field stays")
        ok("came from outside" in last_event(daemon)["unsigned-why"],
           name + ": the log says why")
    for name, value in (("other case", b" MX.Example.ORG; dkim=none"),
                        ("comment in front", b" (x) mx.example.org;none"),
                        ("quoted", b' "mx.example.org" 1; none')):
        again = send(daemon, extra=[(b"authentication-results", value)],
                     client="127.0.0.1")
        equal(signed(again), 0, "our field, %s: not signed" % name)
    foreign = send(daemon, extra=[(b"Authentication-Results",
                                   b" mx.example.com; dkim=pass")],
                   client="127.0.0.1")
    equal(signed(foreign), 1, "a field of somebody else: signed")
    login = send(daemon, extra=[ours], client="203.0.113.9",
                 macros={"{auth_type}": "PLAIN"})
    equal(signed(login), 1, "an authenticated client: signed")
    equal(login.header.values("Authentication-Results"), [],
          "an authenticated client: its copy is removed")
    daemon.check_stop("the daemon")


@tap.test
def origins():
    daemon = assaydaemon.Daemon()
    started(daemon, origins=ORIGINS, **{"trusted-networks": None})
    for name, want_signed, want_checked, origin, options in (
            ("a stranger", 0, True, None, {"client": "203.0.113.9"}),
            ("a login", 1, False, "submission",
             {"client": "203.0.113.9", "macros": {"{auth_type}": "PLAIN"}}),
            ("Sendmail, certificate", 1, False, "partner",
             {"client": "203.0.113.9", "macros": {
                 "{verify}": "OK", "{cn_subject}": "mail.partner.example",
                 "{cert_subject}": "/CN=mail.partner.example"}}),
            ("Sendmail, certificate not verified", 0, True, None,
             {"client": "203.0.113.9", "macros": {
                 "{verify}": "FAIL", "{cn_subject}": "mail.partner.example",
                 "{cert_subject}": "/CN=mail.partner.example"}}),
            ("Postfix, certificate", 1, False, "partner",
             {"client": "203.0.113.9",
              "macros": {"{cert_subject}": "mail.partner.example"}}),
            ("another certificate", 0, True, None,
             {"client": "203.0.113.9",
              "macros": {"{cert_subject}": "mail.evil.example"}}),
            ("a submission service", 1, False, "originating",
             {"client": "203.0.113.9",
              "macros": {"{daemon_name}": "ORIGINATING"}}),
            ("checked and signed", 1, True, "both",
             {"client": "192.0.2.80"}),
            ("own host", 1, False, "own-hosts", {"client": "127.0.0.1"})):
        result = send(daemon, **options)
        equal(signed(result), want_signed, name + ": signatures")
        equal(bool(field(result)), want_checked, name + ": checked")
        equal(last_event(daemon).get("origin"), origin, name + ": origin")
    daemon.check_stop("the daemon")


@tap.test
def relay():
    """A backup MX: the client is the one that it says."""
    daemon = assaydaemon.Daemon()
    started(daemon, origins=ORIGINS, **{"trusted-networks": None})
    postfix = b" from good.example (good.example [198.51.100.1])\n\tby " \
        b"backup.example.org (Postfix) with ESMTP id 1; today"
    bad = postfix.replace(b"198.51.100.1", b"203.0.113.66")
    for name, fields, spf, client in (
            ("a good client", [postfix], b"spf=pass", "198.51.100.1"),
            ("a bad client", [bad], b"spf=fail", "203.0.113.66"),
            ("only the topmost field", [bad, postfix], b"spf=fail",
             "203.0.113.66"),
            ("no field at all", [], b"spf=none", ""),
            ("a form that is not known", [b" from x by y; today", postfix],
             b"spf=none", "")):
        result = send(daemon, client="192.0.2.7",
                      extra=[(b"Received", value) for value in fields])
        ok(spf + b" " in field(result), "%s: %r" % (name, spf),
           field(result))
        event = last_event(daemon)
        equal(event.get("relay"), "192.0.2.7", name + ": relay in the log")
        equal(event.get("origin"), "backup-mx", name + ": origin")
        equal(event.get("relay-client"), None if client else "unknown",
              name + ": an unknown client is said")
        equal(signed(result), 0, name + ": not signed")
    result = send(daemon, client="192.0.2.7", extra=[
        (b"Received", postfix), (b"Authentication-Results", OURS)])
    equal(len(result.header.values("Authentication-Results")), 2,
          "results of our name from a relay are kept")
    result = send(daemon, client="192.0.2.9", host="mx.relay.example",
                  extra=[(b"Received", postfix)])
    ok(b"spf=pass " in field(result), "a relay known by name",
       field(result))
    daemon.check_stop("the daemon")


NOT_TRUSTED = "not from a trusted network nor authenticated"
NOT_OF_ORIGINS = "not from one of origins (a trusted network, or " \
    "authenticated)"
LOGIN = {"{auth_type}": "PLAIN", "{auth_authen}": "joe"}


def with_from(value, *more):
    return [(b"From", value), (b"To", b" a@b.example"), (b"Date", b" today"),
            (b"Message-ID", b" <1@example.org>")] + list(more)


def check_reasons(daemon, cases):
    """(what, fields, options, why it is not signed; None: it is, or nobody
    expects it)"""
    for what, fields, options, why in cases:
        daemon.sent = getattr(daemon, "sent", 0) + 1
        result = daemon.send(fields=fields, body=b"Hi.\r\n",
                             sender="<joe@example.org>", **options)
        event = last_event(daemon)
        equal(event.get("unsigned-why"), why, what + ": why not signed",
              event)
        ok(not (why and signed(result)), what + ": indeed")


@tap.test
def unsigned_why():
    """Mail of ours that is not signed, and mail that claims to be."""
    mine, other = with_from(SENDER), with_from(b" eve@other.example")
    stranger, home = {"client": "203.0.113.9"}, {"client": "127.0.0.1"}
    daemon = assaydaemon.Daemon()
    started(daemon, policy=[
        {"name": "never", "action": "reject",
         "when": {"helo": "never.example"}},
        {"name": "early", "action": "reject", "stage": "mail",
         "when": {"helo": "early.example"}}])
    check_reasons(daemon, (
        ("a stranger with our From", mine, stranger, NOT_TRUSTED),
        ("a stranger", other, stranger, None),
        ("a stranger, refused", mine, dict(stranger, helo="never.example"),
         NOT_TRUSTED),
        ("refused before it has a From", mine,
         dict(stranger, helo="early.example"), None),
        ("two domains claimed", with_from(
            b" joe@example.org, eve@other.example"), stranger, None),
        ("ours", mine, home, None),
        ("a login", mine, dict(stranger, macros=LOGIN), None),
        ("ours, no rule", other, home,
         "no rule of sign has the domain in From"),
        ("a login, no rule", other, dict(stranger, macros=LOGIN),
         "no rule of sign has the domain in From"),
        ("ours, no From", mine[1:], home,
         "From is absent, repeated or cannot be read")))
    daemon.check_stop("the daemon")
    daemon = assaydaemon.Daemon()
    started(daemon, sign=[], **{"own-domains": ["example.org"]})
    check_reasons(daemon, (
        ("nothing is signed", other, home, "sign has no rules"),
        ("nothing is signed, a stranger", mine, stranger, NOT_TRUSTED)))
    daemon.check_stop("the daemon")


@tap.test
def unsigned_by_origin():
    mine, other = with_from(SENDER), with_from(b" eve@other.example")
    daemon = assaydaemon.Daemon()
    started(daemon, origins=ORIGINS + [
        {"name": "friends", "client": ["192.0.2.90"], "check": False}],
            policy=[{"name": "never", "action": "quarantine",
                     "when": {"helo": "never.example"}}],
            **{"trusted-networks": None})
    check_reasons(daemon, (
        ("of no origin", mine, {"client": "203.0.113.9"}, NOT_OF_ORIGINS),
        ("neither checked nor signed", mine, {"client": "192.0.2.90"},
         "its origin has sign: no"),
        ("somebody else's From", other, {"client": "192.0.2.90"}, None),
        ("a relay", mine, {"client": "192.0.2.7"}, "from a relay, which "
         "sends mail from strangers"),
        ("checked and signed", mine, {"client": "192.0.2.80"}, None),
        ("ours, held", mine,
         {"client": "192.0.2.80", "helo": "never.example"},
         "it was not accepted")))
    daemon.check_stop("the daemon")


@tap.test
def not_read_to_its_end():
    """The client goes away in the middle of mail of ours."""
    daemon = assaydaemon.Daemon()
    started(daemon)
    with daemon.session() as client:
        client.connect(address="127.0.0.1")
        client.helo()
        client.mail("<joe@example.org>")
        client.rcpt()
        client.abort()
    event = daemon.wait_records(1)[0]
    equal(event.get("unsigned-why"), "it was not read to its end", "said so",
          event)
    daemon.check_stop("the daemon")


tap.main()
