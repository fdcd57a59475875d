# SPDX-License-Identifier: BSD-2-Clause
"""Through the daemon: SPF results, identities, policy, whom it trusts."""

import assaydaemon
import authres
import messages
import tap
from tap import equal, ok

ZONE = dict(messages.plain_zone(), **{
    "pass.example": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}],
    "fail.example": [{"TXT": "v=spf1 -all exp=why.example"}],
    "why.example": [{"TXT": "%{i} may not send 100%% for %{d}"}],
    "soft.example": [{"TXT": "v=spf1 ~all"}],
    "neutral.example": [{"TXT": "v=spf1 ?all"}],
    "syntax.example": [{"TXT": "v=spf1 nonsense"}],
    "two.example": [{"TXT": "v=spf1 -all"}, {"TXT": "v=spf1 +all"}],
    "slow.example": ["TIMEOUT"],
    "broken.example": [{"RCODE": 2}],
    "other.example": [{"TXT": "hello"}],
})

RESULTS = (
    # domain, result for MAIL FROM
    ("pass.example", "pass"),
    ("fail.example", "fail"),
    ("soft.example", "softfail"),
    ("neutral.example", "neutral"),
    ("syntax.example", "permerror"),
    ("two.example", "permerror"),
    ("slow.example", "temperror"),
    ("broken.example", "temperror"),
    ("other.example", "none"),
    ("nowhere.example", "none"),
)

BASE = {"log": {"level": "debug"}}


def found(result, name):
    """The results of the one field that assay put on top."""
    if not equal(result.reply.code, "c", name + ": accepted"):
        return []
    top, value = result.header.all()[0]
    equal(top.lower(), b"authentication-results", name + ": field on top")
    ok(value.startswith(b" "), name + ": a blank after the colon", value)
    authserv_id, results = authres.parse(value)
    equal(authserv_id, "mx.example.org", name + ": authserv-id")
    return results


def results_of(result):
    return authres.parse(result.header.all()[0][1])[1]


@tap.test
def spf_results():
    with assaydaemon.Daemon(BASE, ZONE) as daemon:
        for domain, want in RESULTS:
            result = daemon.send(messages.PLAIN, sender="<a@%s>" % domain)
            spf = authres.spf(found(result, domain))
            equal(spf and spf.result, want, domain + ": spf")
            equal(spf and spf.properties.get("smtp.mailfrom"), "a@" + domain,
                  domain + ": smtp.mailfrom")
        check_identities(daemon)
        check_several(daemon)
        check_ipv6(daemon)
        check_bounce(daemon)


def check_identities(daemon):
    result = daemon.send(messages.PLAIN, sender="<a@fail.example>")
    helo = authres.spf(results_of(result), "helo")
    equal(helo and helo.result, "pass", "HELO passes where MAIL FROM fails")
    equal(helo and helo.properties.get("smtp.helo"), "mail.example.net",
          "smtp.helo")
    result = daemon.send(messages.PLAIN, helo="fail.example")
    equal(authres.spf(results_of(result)).result, "pass",
          "MAIL FROM passes where HELO fails")
    equal(authres.spf(results_of(result), "helo").result, "fail",
          "HELO fails")
    result = daemon.send(messages.PLAIN, helo="[192.0.2.1]")
    equal(authres.spf(results_of(result)).result, "pass",
          "an address literal as HELO does not disturb MAIL FROM")
    result = daemon.send(messages.PLAIN, helo="a); dmarc=pass (")
    equal([r.result for r in authres.all_of(results_of(result), "dmarc")],
          ["none"], "HELO cannot write results")


def check_several(daemon):
    """Messages of one connection do not see each other."""
    with daemon.session() as session:
        session.connect()
        session.helo("first.invalid")
        session.helo()
        first = session.message(messages.PLAIN)
        second = session.message(messages.PLAIN, sender="<a@fail.example>")
        session.mail("<a@soft.example>")
        session.rcpt()
        session.abort()
        third = session.message(messages.PLAIN)
        ok(session.quit(), "no unasked reply in the connection")
    equal(authres.spf(results_of(first)).result, "pass", "first message")
    equal(authres.spf(results_of(second)).result, "fail", "second message")
    equal(authres.spf(results_of(third)).result, "pass",
          "message after an abort")
    for result, name in ((first, "first"), (second, "second"),
                         (third, "third")):
        helo = authres.spf(results_of(result), "helo")
        equal(helo and (helo.result, helo.properties.get("smtp.helo")),
              ("pass", "mail.example.net"), name + ": the last HELO counts")


def check_ipv6(daemon):
    result = daemon.send(messages.PLAIN, client="2001:db8::1")
    equal(authres.spf(results_of(result)).result, "pass", "IPv6 client")
    result = daemon.send(messages.PLAIN, client="2001:db8::2")
    equal(authres.spf(results_of(result)).result, "fail",
          "another IPv6 client")
    result = daemon.send(messages.PLAIN, client="::ffff:192.0.2.1")
    equal(authres.spf(results_of(result)).result, "pass",
          "IPv4-mapped client")


def check_bounce(daemon):
    result = daemon.send(messages.PLAIN, sender="<>")
    spf = authres.all_of(results_of(result), "spf")
    equal(len(spf), 1, "null sender: one result of SPF")
    equal(spf[0].result, "pass", "null sender: HELO takes its place")
    equal(spf[0].properties.get("smtp.helo"), "mail.example.net",
          "null sender: smtp.helo")
    ok("smtp.mailfrom" not in spf[0].properties or
       spf[0].properties["smtp.mailfrom"] == "postmaster@mail.example.net",
       "null sender: no empty smtp.mailfrom", spf)


@tap.test
def another_client():
    """A connection of the MTA's that serves one client after another."""
    with assaydaemon.Daemon(BASE, ZONE) as daemon:
        with daemon.session() as session:
            session.connect(address="127.0.0.1")
            session.helo()
            ours = session.message(messages.PLAIN)
            ok(not ours.authres, "a trusted client is not checked")
            session.send("K")
            session.connect(address="192.0.2.1")
            session.helo()
            theirs = session.message(messages.PLAIN)
            ok(theirs.authres and "spf=" in theirs.authres,
               "the next client of the same connection is", theirs.authres)


@tap.test
def senders():
    """MAIL FROM as clients type it."""
    forms = ("<a@pass.example>", "a@pass.example", "<A@PASS.example>",
             "<@relay.example,@r2.example:a@pass.example>",
             '<"a b"@pass.example>', '<"a;dmarc=pass"@pass.example>',
             "<a+b=c@pass.example>")
    with assaydaemon.Daemon(BASE, ZONE) as daemon:
        for form in forms:
            result = daemon.send(messages.PLAIN, sender=form)
            results = found(result, form)
            spf = authres.spf(results)
            equal(spf and spf.result, "pass", form + ": spf")
            equal([r.result for r in authres.all_of(results, "dmarc")],
                  ["none"], form + ": harmless")
        for form in ("<local>", "<a@>", "<@b>", "<a@b@c>", "<", "", "<a@[1.2"
                     ".3.4]>", "<a@" + "x" * 300 + ".example>",
                     "<a@pass..example>"):
            result = daemon.send(messages.PLAIN, sender=form)
            spf = authres.spf(found(result, "odd sender %r" % form[:20]))
            ok(spf is None or spf.result in ("none", "permerror", "fail"),
               "odd sender %r: never a pass" % form[:20], spf)


@tap.test
def dkim_of_plain():
    with assaydaemon.Daemon(BASE, ZONE) as daemon:
        results = found(daemon.send(messages.PLAIN), "unsigned")
        equal([r.result for r in authres.all_of(results, "dkim")], ["none"],
              "unsigned: dkim=none")


RULES = [
    {"name": "watch", "when": {"spf": "softfail"}, "action": "reject",
     "observe": True},
    {"name": "spoofed", "when": {"spf": "fail", "mailfrom-domain":
                                 ["fail.example"]},
     "action": "reject", "reply": "550 5.7.23 no: %{spf-explanation}"},
    {"name": "later", "when": {"spf": ["temperror"]}, "action": "tempfail"},
    {"name": "aside", "when": {"spf": "permerror"}, "action": "quarantine"},
    {"name": "away", "when": {"helo": "spam.example"}, "action": "discard"},
    {"name": "friend", "when": {"client": ["198.51.100.0/24"]},
     "action": "accept"},
    {"name": "unsigned", "when": {"dkim": "none", "mailfrom-domain":
                                  "*.neutral.example"}, "action": "reject"},
    {"name": "bad-helo", "when": {"spf-helo": "fail"}, "action": "reject"},
]


@tap.test
def policy():
    with assaydaemon.Daemon(dict(BASE, policy=RULES), ZONE) as daemon:
        check_rules(daemon)


def check_rules(daemon):
    def send(domain, **more):
        return daemon.send(messages.PLAIN, sender="<a@%s>" % domain, **more)

    result = send("pass.example")
    equal(result.reply.code, "c", "no rule: accepted")
    result = send("soft.example")
    equal(result.reply.code, "c", "observed rule: accepted")
    result = send("fail.example")
    equal(result.reply.code, "y", "reject: a reply of our own")
    equal(result.reply_text, "550 5.7.23 no: 192.0.2.1 may not send 100% "
          "for fail.example", "reject: the rule's text")
    equal(result.changes, [], "reject: nothing is changed")
    result = send("slow.example")
    equal(result.reply.code + result.reply_text[:4], "y451 ",
          "tempfail: 451", result.reply)
    result = send("syntax.example")
    ok(result.accepted, "quarantine: accepted", result.reply)
    ok(result.quarantine, "quarantine: asked for")
    ok(result.authres, "quarantine: annotated")
    result = send("pass.example", helo="spam.example")
    equal(result.reply.code, "d", "discard")
    result = send("x.neutral.example")
    equal(result.reply_text[:10], "550 5.7.20", "no signature: RFC 7372 code")
    result = send("neutral.example")
    equal(result.reply.code, "c", "*.domain is not the domain itself")
    result = send("pass.example", helo="fail.example")
    equal(result.reply_text[:4], "550 ", "spf-helo: refused")
    result = send("fail.example", client="198.51.100.7")
    equal(result.reply_text[:4], "550 ", "the first rule that matches decides")
    result = send("pass.example", client="198.51.100.7", helo="fail.example")
    equal(result.reply.code, "c", "client: accepted before the last rule")


@tap.test
def ours():
    forged = b"Authentication-Results: mx.example.org; dkim=pass\r\n"
    rules = [{"name": "all", "when": {"client": ["0.0.0.0/0"]},
              "action": "reject"}]
    config = dict(BASE, policy=rules,
                  **{"trusted-networks": ["192.0.2.64/26", "2001:db8:1::/48"]})
    with assaydaemon.Daemon(config, ZONE) as daemon:
        for client in ("192.0.2.65", "2001:db8:1::5"):
            result = daemon.send(messages.PLAIN, client=client,
                                 sender="<a@fail.example>")
            ok(result.accepted, "trusted %s: accepted" % client)
            ok(result.authres is None or "spf=" not in result.authres,
               "trusted %s: not checked" % client, result.authres)
        result = daemon.send(messages.PLAIN, client="192.0.2.128")
        ok(not result.accepted, "beside the trusted network: refused")
        result = daemon.send(forged + messages.PLAIN,
                             sender="<a@fail.example>",
                             macros={"{auth_type}": "PLAIN",
                                     "{auth_authen}": "joe"})
        ok(result.accepted, "authenticated: accepted")
        ok(result.authres is None or "spf=" not in result.authres,
           "authenticated: not checked", result.authres)
        ok(b"dkim=pass" not in
           b"".join(result.header.values("Authentication-Results")),
           "authenticated: a forged field goes all the same")


@tap.test
def own_name():
    """Without authserv-id the MTA's own name is taken, or its macro j."""
    with assaydaemon.Daemon(dict(BASE, **{"authserv-id": None}),
                            ZONE) as daemon:
        result = daemon.send(messages.PLAIN, macros={"j": "gw.example.com"})
        equal(authres.parse(result.header.all()[0][1])[0], "gw.example.com",
              "authserv-id is the MTA's name")


@tap.test
def plain_protocol():
    """An MTA that offers less: no leading blanks, no NR_*, Sendmail."""
    with assaydaemon.Daemon(BASE, ZONE) as daemon:
        with daemon.session(protocol=0x7f) as session:
            session.connect()
            session.helo()
            result = session.message(messages.PLAIN)
            ok(result.accepted, "protocol of old: accepted", result.reply)
            ok(result.authres and not result.authres.startswith(" "),
               "without HDR_LEADSPC the MTA adds the blank", result.authres)
            ok(session.quit(), "protocol of old: no unasked reply")
        result = daemon.send(messages.PLAIN, mta="sendmail")
        equal(authres.spf(results_of(result)).result, "pass", "Sendmail")


@tap.test
def inet_socket():
    port = assaydaemon.free_port()
    config = dict(BASE, socket="inet:%d@127.0.0.1" % port)
    with assaydaemon.Daemon(config, ZONE) as daemon:
        result = daemon.send(messages.PLAIN)
        equal(authres.spf(results_of(result)).result, "pass", "inet socket")


@tap.test
def names_in_results():
    """The names that were checked, as RFC 8601 has them in ASCII."""
    zone = messages.plain_zone()
    with assaydaemon.Daemon(zone=zone) as daemon:
        for sender, want in (
                ("<alice@b\u00fccher.example>", "alice@xn--bcher-kva.example"),
                ("<alice@Example.COM.>", "alice@example.com")):
            result = daemon.send(messages.PLAIN, sender=sender,
                                 helo="Mail.Example.com.")
            field = result.authres.replace("\n\t", " ")
            ok("smtp.mailfrom=%s;" % want in field, want, field)
            ok("smtp.helo=mail.example.com;" in field, "HELO", field)
        result = daemon.send(messages.PLAIN, sender="<>", helo="")
        ok("smtp." not in result.authres, "nothing empty", result.authres)


tap.main()
