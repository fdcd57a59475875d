# SPDX-License-Identifier: BSD-2-Clause
"""tryout: the part of etc/try.sh that talks to the programs.

Starts assay-milter and Postfix, sends one message, prints what was delivered.
"""

import os
import re
import smtplib
import sys

import assaydaemon
import debs
import messages
import mta
import namespace
import tap

EXAMPLE = "rfc8463-a3.eml"

# What the example's domain says in DNS, besides the keys.
ZONE = {
    "football.example.com": [{"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}],
    "_dmarc.football.example.com": [{"TXT": "v=DMARC1; p=reject"}],
    "mail.football.example.com": [{"TXT": "v=spf1 a -all"},
                                  {"A": "192.0.2.1"}],
}


def envelope_sender(raw):
    """Return-Path or From, as a guess."""
    header = re.split(rb"\r\n\r\n", raw)[0]
    unfolded = re.sub(rb"\r\n[ \t]+", b" ", header)
    for name in (b"Return-Path", b"From"):
        match = re.search(rb"(?im)^" + name + rb":.*?([^\s<>\"(),;]+@"
                          rb"[^\s<>\"(),;]+)", unfolded)
        if match:
            return match.group(1).decode("ascii", "replace")
    return "nobody@example.com"


def main(arguments):
    if arguments:
        with open(arguments[0], "rb") as f:
            raw = re.sub(rb"\r?\n", b"\r\n", f.read())
        if raw.startswith(b"From "):
            raw = raw.split(b"\r\n", 1)[1]      # a mailbox's first line
        zone, default_helo = None, "mail.example.com"
    else:
        raw = messages.read(EXAMPLE)
        zone = dict(messages.key_zone(), **ZONE)
        default_helo = "mail.football.example.com"
    sender = os.environ.get("FROM", envelope_sender(raw))
    client = os.environ.get("CLIENT", "192.0.2.1")
    helo = os.environ.get("HELO", default_helo)

    daemon = assaydaemon.Daemon({"log": {"format": "text"}}, zone).start()
    postfix = mta.Postfix(daemon.socket).start()
    print("sending as %s from %s (%s)" % (sender, client, helo),
          file=sys.stderr)
    try:
        postfix.send(raw, sender, address=client, helo=helo)
    except smtplib.SMTPResponseException as refused:
        print("refused: %d %s" % (refused.smtp_code,
                                  refused.smtp_error.decode()))
        print(postfix.log(), file=sys.stderr)
        return 1
    delivered = postfix.sink.wait(1)[0]
    postfix.stop()
    daemon.stop()
    print(daemon.log(), file=sys.stderr)
    show(delivered)
    return 0


def show(delivered):
    """The header as it was delivered, our field at the end."""
    fields = re.findall(r"(?m)^\S.*(?:\n[ \t].*)*",
                        delivered.header.decode("utf-8", "replace")
                        .replace("\r\n", "\n"))
    for field in fields[1:]:
        print(field)
    print()
    print(fields[0])


def enter():
    """To where there is a Postfix; the network is that of this machine."""
    if mta.installed():
        return
    print("no Postfix is installed: one is unpacked beside the system",
          file=sys.stderr)
    try:
        namespace.enter(mta.packages(), network=True)
    except debs.Unavailable as reason:
        sys.exit("try.sh: there is no Postfix: %s" % reason)
    mta.add_users()


enter()
status = 1
try:
    status = main(sys.argv[1:])
finally:
    tap.clean_up()
sys.exit(status)
