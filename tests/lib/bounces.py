# SPDX-License-Identifier: BSD-2-Clause
"""bounces: what mail servers send when a report of ours does not arrive.

The tag of a report's envelope sender is computed here a second time, from
the secret in the store (report/verp.h, base/hash.h: SipHash-1-3).
"""

import struct
import sys

PURPOSE = b"bounces of reports"
MASK = (1 << 64) - 1


def _rotate(x, bits):
    return ((x << bits) | (x >> (64 - bits))) & MASK


def _round(v):
    v[0] = (v[0] + v[1]) & MASK
    v[1] = _rotate(v[1], 13) ^ v[0]
    v[0] = _rotate(v[0], 32)
    v[2] = (v[2] + v[3]) & MASK
    v[3] = _rotate(v[3], 16) ^ v[2]
    v[0] = (v[0] + v[3]) & MASK
    v[3] = _rotate(v[3], 21) ^ v[0]
    v[2] = (v[2] + v[1]) & MASK
    v[1] = _rotate(v[1], 17) ^ v[2]
    v[2] = _rotate(v[2], 32)


def siphash(key, text, salt):
    v = [key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
         key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573]
    order = "<" if sys.byteorder == "little" else ">"
    whole = len(text) // 8 * 8
    words = list(struct.unpack("%s%dQ" % (order, whole // 8), text[:whole]))
    rest = text[whole:].ljust(8, b"\0")
    words.append(struct.unpack(order + "Q", rest)[0] ^
                 (len(text) << 56) & MASK)
    for word in words + [salt]:
        v[3] ^= word
        _round(v)
        v[0] ^= word
    v[2] ^= 0xff
    for _ in range(3):
        _round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def tag(secret, policy, destination):
    """`secret`: the two numbers secret-0 and secret-1 of assay_meta."""
    secret = [n & MASK for n in secret]
    key = [siphash(secret, PURPOSE, 1), siphash(secret, PURPOSE, 2)]
    return "%016x-%016x" % (policy, siphash(key, destination.encode(),
                                            policy))


def notice(to, action="failed", status="5.1.1",
           recipient="dmarc@example.net",
           diagnostic="550 5.1.1 no such user", returned="", header=""):
    """A delivery status notification, as Postfix writes it."""
    return ("""\
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
To: %s
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
%sContent-Type: multipart/report; report-type=delivery-status;
\tboundary="1.2/mx.example.org"

This is a MIME-encapsulated message.

--1.2/mx.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--1.2/mx.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
X-Postfix-Sender: rfc822; %s
Arrival-Date: Sun, 29 Nov 2026 10:00:00 +0000 (UTC)

Final-Recipient: rfc822; %s
Original-Recipient: rfc822;%s
Action: %s
Status: %s
Remote-MTA: dns; mx.example.net
Diagnostic-Code: smtp; %s

--1.2/mx.example.org
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

%sSubject: Report Domain: example.net

--1.2/mx.example.org--
""" % (to, header, to, recipient, recipient, action, status, diagnostic,
       returned)).encode("utf-8", "surrogateescape")
