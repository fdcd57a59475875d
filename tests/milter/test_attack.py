# SPDX-License-Identifier: BSD-2-Clause
"""
Mail whose name servers do not answer keeps nobody else's from being judged.

Fifty or twenty messages a second (or commands without a message) cause some
25 questions each that are answered late or never.  Beside them come honest
mail, and mail that claims to be of domains with p=reject whose own servers
are well: the first gets all of its results, the second is refused.
"""

import struct
import threading
import time

import assaydaemon
import authres
import dnsserver
import tap
from tap import equal, ok

RATE = 50           # messages a second of the attack
FEWER = 20          # when each of them costs two tries of all names
AHEAD = 4           # seconds that it is on before
WORKERS = 350       # connections of the attack, at most
COUNT = 40          # honest messages, and spoofed ones
PACE = 10           # of each of them a second
LATE = 2.5          # seconds


class Attacked(dnsserver.Server):
    """Names with a label "silent" are not answered, with "late" late."""

    def _answer(self, query, udp):
        delay, packet = super()._answer(query, udp)
        labels = dnsserver.decode_name(query, 12)[0].lower().split(".")
        if "silent" in labels:
            return 0, None
        return delay + (LATE if "late" in labels else 0), packet


# What is in front of a letter, between it and the message's label, after.
ONE_DOMAIN = ("silent.", ".", ".attack.example")
MANY_DOMAINS = ("silent.", "", ".example")
LATE_ONES = ("late.", ".", ".tardy.example")


def name_of(shape, letter, number):
    return "%s%s%sf%d%s" % (shape[0], letter, shape[1], number, shape[2])


def sender_of(number):
    return "f%d.sender.example" % number


def zone_of(shape, attacks):
    zone = {}
    for number in range(attacks):
        zone[sender_of(number)] = [{"TXT": "v=spf1 %s -all" % " ".join(
            "include:" + name_of(shape, c, number) for c in "abcdefghi")}]
    for number in range(COUNT):
        zone["h%d.honest.example" % number] = [
            {"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}]
        zone["_dmarc.h%d.honest.example" % number] = [
            {"TXT": "v=DMARC1; p=reject"}]
        zone["v%d-victim.example" % number] = [{"TXT": "v=spf1 -all"}]
        zone["_dmarc.v%d-victim.example" % number] = [
            {"TXT": "v=DMARC1; p=reject"}]
    return zone


def signature(domain):
    return (b"DKIM-Signature", b" v=1; a=rsa-sha256; d=%s; s=s1; h=From;"
            b" bh=%s; b=%s" % (domain.encode(), b"A" * 43 + b"=",
                               b"A" * 344))


def attack_fields(shape, number):
    return [signature(name_of(shape, "s%d" % i, number))
            for i in range(10)] + [
        (b"From", b" a@" + name_of(shape, "h", number).encode())]


class Attack:
    """As many at a time as it takes to keep the rate."""

    def __init__(self, daemon, shape, networks, rate, messages):
        self.daemon = daemon
        self.shape = shape
        self.networks = networks
        self.rate = rate
        self.messages = messages
        self.lock = threading.Lock()
        self.number = 0
        self.begun = 0          # of the numbers
        self.stop = threading.Event()
        self.begin = time.monotonic()
        self.threads = [threading.Thread(target=self._run, daemon=True)
                        for _ in range(WORKERS)]
        for thread in self.threads:
            thread.start()

    def _next(self):
        with self.lock:
            self.number += 1
            return self.number - 1

    def _run(self):
        while not self.stop.is_set():
            number = self._next()
            due = self.begin + number / self.rate - time.monotonic()
            if self.stop.wait(max(0, due)):
                return
            with self.lock:
                self.begun += 1
            try:
                self._one(number)
            except (OSError, struct.error, ValueError):
                pass            # the daemon was stopped
            except Exception:   # the client's own: the same
                if not self.stop.is_set():
                    raise

    def _one(self, number):
        with self.daemon.session() as session:
            session.connect("[10.0.0.1]", "10.0.%d.%d" % (
                number % self.networks, 1 + number % 250))
            session.helo(name_of(self.shape, "h", number))
            sender = "<a@%s>" % sender_of(number)
            if self.messages:
                session.message(sender=sender, body=b"x\r\n",
                                fields=attack_fields(self.shape, number))
                return
            for _ in range(10):
                session.mail(sender)
                session.abort()
                session.helo(name_of(self.shape, "h", self._next()))

    def end(self):
        self.stop.set()


def paced(count, run):
    """run(number), PACE of them a second, each in a thread of its own."""
    out = [None] * count

    def one(number):
        out[number] = run(number)

    threads = []
    begin = time.monotonic()
    for number in range(count):
        threads.append(threading.Thread(target=one, args=(number,)))
        time.sleep(max(0, begin + number / PACE - time.monotonic()))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return out


def honest(daemon, number):
    domain = "h%d.honest.example" % number
    result = daemon.send(sender="<a@%s>" % domain, client="192.0.2.1",
                         helo=domain, body=b"x\r\n",
                         fields=[(b"From", b" a@" + domain.encode())])
    if result.reply.code != "c":
        return result.reply.code
    results = authres.parse(result.header.all()[0][1])[1]
    return " ".join([authres.spf(results).result] + [
        r.result for r in authres.all_of(results, "dmarc")])


def spoofed(daemon, shape, number, networks):
    """From the attacker's networks, and from his domain."""
    domain = "v%d-victim.example" % number
    result = daemon.send(
        sender="<a@%s>" % name_of(shape, "x", 5000 + number),
        client="10.0.%d.200" % (number % networks),
        helo=name_of(shape, "y", 5000 + number), body=b"x\r\n",
        fields=[signature(name_of(shape, "z", 5000 + number)),
                signature(domain), (b"From", b" a@" + domain.encode())])
    return result.reply.data[:3] if result.reply.code == "y" else \
        result.reply.code.encode()


def counted(values):
    return {value: values.count(value) for value in values}


def check(name, shape, networks, rate, messages=True):
    server = Attacked(zone_of(shape, 40 * rate))
    tap.cleanup(server.stop)
    # Whoever waits for names of the attack comes to the end of this.
    config = {"resolver": {"nameservers": [server.address]},
              "limits": {"deadline": "6s"},
              "policy": [{"name": "dmarc", "action": "reject",
                          "when": {"dmarc": "fail",
                                   "dmarc-policy": "reject"}}]}
    with assaydaemon.Daemon(config) as daemon:
        attack = Attack(daemon, shape, networks, rate, messages)
        assaydaemon.wait_for(
            lambda: attack.begun >= AHEAD * rate, 60, "the attack")
        refused = []
        spoof = threading.Thread(target=lambda: refused.extend(paced(
            COUNT, lambda n: spoofed(daemon, shape, n, networks))))
        spoof.start()
        found = paced(COUNT, lambda n: honest(daemon, n))
        spoof.join()
        attack.end()
        equal(counted(found), {"pass pass": COUNT},
              name + ": honest mail has all of its results")
        equal(counted(refused), {b"550": COUNT},
              name + ": spoofed mail is refused")
        ok(daemon.alive(), name + ": the daemon is well")


@tap.test
def one_domain():
    check("names below one silent domain", ONE_DOMAIN, 50, RATE)


@tap.test
def one_network():
    check("the same from one network", ONE_DOMAIN, 1, RATE)


@tap.test
def many_domains():
    check("each name below a silent domain of its own", MANY_DOMAINS, 50,
          FEWER)


@tap.test
def late():
    check("names that are answered late", LATE_ONES, 50, FEWER)


@tap.test
def no_message():
    check("HELO, MAIL and RSET alone", MANY_DOMAINS, 50, FEWER,
          messages=False)


tap.main()
