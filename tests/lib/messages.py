# SPDX-License-Identifier: BSD-2-Clause
"""messages: the DKIM vectors and a few plain messages for other tests."""

import os

import assaydaemon

PLAIN = (b"From: Alice <alice@example.net>\r\n"
         b"To: bob@example.org\r\n"
         b"Subject: hello\r\n"
         b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
         b"Message-ID: <1@example.net>\r\n"
         b"\r\n"
         b"Hello Bob.\r\n")


def folder():
    return os.path.join(assaydaemon.top_srcdir(), "tests/data/dkim")


def read(name):
    with open(os.path.join(folder(), name), "rb") as f:
        return f.read()


def key_zone():
    """keys.txt as zone data."""
    zone = {}
    for line in read("keys.txt").decode("utf-8").splitlines():
        if line and not line.startswith("#"):
            name, text = line.split("\t", 1)
            zone.setdefault(name, []).append({"TXT": text})
    return zone


def expected():
    """[(file, [result of each signature from the top])]"""
    out = {}
    for line in read("expected.tsv").decode("utf-8").splitlines():
        if line and not line.startswith("#"):
            columns = line.split("\t")
            out.setdefault(columns[0], []).append(columns[3])
    return list(out.items())


def plain_zone():
    """SPF records for the clients that tests pretend to be."""
    return {
        "example.net": [{"TXT": "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all"}],
        "mail.example.net": [{"TXT": "v=spf1 a -all"}, {"A": "192.0.2.1"}],
    }
