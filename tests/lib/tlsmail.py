# SPDX-License-Identifier: BSD-2-Clause
"""tlsmail: domains whose mail servers have addresses, certificates, DANE and
MTA-STS, for mail servers that deliver to them.

All of it is in a private namespace (namespace.py): unbound on port 53
with a signed zone and one that is not, policy hosts on port 443, and one
Postfix that receives at port 25 of 192.0.2.10 and so on, at each with the
certificate of the server that has this address.
"""

import os

import assaydaemon
import mta
import tlspol
import unbound

DATA = os.path.join(assaydaemon.top_srcdir(), "tests/data/tlspol")
KEY = os.path.join(DATA, "mx.key")      # of the TLSA records of dane.zone

SERVICE = ("{address}:25 inet n - n - - smtpd -o myhostname={name} "
           "-o syslog_name={name}")
TLS = (" -o smtpd_tls_security_level=may -o smtpd_tls_cert_file={chain} "
       "-o smtpd_tls_key_file={key}")

ZONE = """\
$ORIGIN sts.example.
$TTL 300
@	SOA	ns hostmaster 1 3600 600 86400 60
@	NS	ns
ns	A	127.0.0.1
"""


def self_signed(name, key, folder):
    """(chain, key): a certificate that no authority has signed."""
    path = os.path.join(folder, name + ".pem")
    tlspol.openssl("req", "-x509", "-key", key, "-days", "2", "-subj",
                   "/CN=" + name, "-addext", "subjectAltName=DNS:" + name,
                   "-out", path)
    return path, key


class Server:
    """
    Of a domain; `shown`: the name in its certificate, "": it has no TLS;
    `self_signed`: with the key that has TLSA records.
    """

    def __init__(self, name, address, shown=None, self_signed=False):
        self.name, self.address = name, "192.0.2.%d" % address
        self.shown = name if shown is None else shown
        self.self_signed = self_signed

    def service(self, ca, folder):
        line = SERVICE.format(**vars(self))
        if self.shown:
            chain, key = self_signed(self.name, KEY, folder) \
                if self.self_signed else ca.certificate(self.shown)
            line += TLS.format(chain=chain, key=key)
        return line + "\n"


class Receiver(mta.Postfix):
    """Takes mail for all `domains` at all `servers`."""

    def __init__(self, domains, servers, ca):
        folder = assaydaemon.work_folder()
        super().__init__(
            main={"mydestination": ", ".join(domains)},
            services="".join(s.service(ca, folder) for s in servers))


class Names:
    """
    unbound on port 53, with dane.zone, and sts.example, which is not signed
    and has `lines`.  set() starts it anew with others.
    """

    def __init__(self, lines):
        self.folder = assaydaemon.work_folder()
        self.server = None
        self.set(lines)

    def set(self, lines):
        if self.server:
            self.server.stop()
        path = os.path.join(self.folder, "sts.zone")
        with open(path, "w", encoding="ascii") as f:
            f.write(ZONE + "\n".join(lines) + "\n")
        with open(os.path.join(DATA, "dane.ds"), encoding="ascii") as f:
            anchor = " ".join(f.read().split())
        self.server = unbound.Unbound({
            "dane.example": (os.path.join(DATA, "dane.zone"), anchor),
            "sts.example": (path, None)}, port=53)

    def stop(self):
        self.server.stop()


def mx_lines(domain, *servers):
    """The zone's lines of a domain of sts.example, its label, with servers
    in this order."""
    lines = []
    for at, server in enumerate(servers):
        label = server.name.removesuffix(".sts.example")
        lines += ["%s MX %d %s" % (domain, 10 + at, label),
                  "%s A %s" % (label, server.address)]
    return lines


def sts_lines(domain, identifier="1"):
    """A record of MTA-STS, and its policy host."""
    return ['_mta-sts.%s TXT "v=STSv1; id=%s;"' % (domain, identifier),
            "mta-sts.%s A 127.0.0.1" % domain]


def message(number):
    return (b"From: alice@example.net\r\nTo: bob@example.org\r\n"
            b"Subject: %d\r\nDate: Sun, 29 Nov 2026 10:00:00 +0000\r\n"
            b"Message-ID: <%d@example.net>\r\n\r\nHello.\r\n" %
            (number, number))
