# SPDX-License-Identifier: BSD-2-Clause
"""assay smimea: names, records, certificates and signed messages, good and
hostile."""

import base64
import hashlib
import json
import os
import re
import subprocess
import time

import yaml

import assaydaemon
import smime
import tap
import tlspol
from smime import der, owner
from tap import equal, ok
from tlspol import openssl, signed

FOLDER = assaydaemon.work_folder()
ALICE = "alice@example.org"


def path(name):
    return os.path.join(FOLDER, name)


def run(*arguments, data=b""):
    return assaydaemon.run_command("smimea", *arguments, data=data)


def look(zone, *arguments, data=b""):
    """(status, value)"""
    with open(path("zone.yaml"), "w", encoding="utf-8") as f:
        yaml.dump({"zonedata": zone}, f, Dumper=tlspol.Plain)
    done = run("--json", "--zone", path("zone.yaml"), *arguments, data=data)
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        return done.returncode, done.stderr.decode()


def sign(certificate, key, *options, sender=ALICE):
    return smime.sign(certificate, key, *options, sender=sender)


CA = tlspol.Authority(FOLDER, "people")
ALICE_CERT, ALICE_KEY = smime.person(CA, FOLDER, "alice", ALICE)
BOB_CERT, BOB_KEY = smime.person(CA, FOLDER, "bob", "bob@example.org")
DIGEST = smime.digest(ALICE_CERT)
ZONE = {owner(ALICE): signed(SMIMEA=[3, 0, 1, DIGEST])}


@tap.test
def names():
    for text, name in (
            (ALICE, owner(ALICE)),
            ("Alice@Example.ORG", owner("Alice@example.org")),
            ("alice@example.org.", owner(ALICE)),
            ('"alice"@example.org', owner(ALICE)),
            ('"a b\\"c"@example.org', owner('a b"c@example.org')),
            ("j\xfcrgen@example.org", owner("j\xfcrgen@example.org"))):
        status, value = look(ZONE, text)
        equal(value["lookup"]["name"], name, text)
    for text in ("alice", "@example.org", "<>", "a@b..c", "", "a@b@c.org",
                 "a b@example.org",
                 "a" * 400 + "@example.org"):
        equal(run(text).returncode, 64, repr(text))
    equal(run().returncode, 64, "no address")
    equal(run("--cert", "x", "--message", "y", ALICE).returncode, 64,
          "both")


@tap.test
def records():
    status, value = look(ZONE, ALICE)
    equal((status, value["secure"], value["lookup"]["outcome"]),
          (0, True, "found"), "secure")
    for name, zone, want, outcome in (
            ("none", {}, 1, "no such name"),
            ("insecure", {owner(ALICE): [{"SMIMEA": [3, 0, 1, DIGEST]}]}, 1,
             "found"),
            ("DNS is silent", {owner(ALICE): ["TIMEOUT"]}, 75, "timeout")):
        status, value = look(zone, ALICE)
        equal((status, value["lookup"]["outcome"]), (want, outcome), name)
    text = run("--zone", path("zone.yaml"), "--no-color", ALICE).stdout
    ok(b"not secure" in text, "in words", text)


@tap.test
def certificates():
    key = subprocess.run(["openssl", "x509", "-in", ALICE_CERT, "-pubkey",
                          "-noout"], capture_output=True, check=True).stdout
    key = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"],
                         input=key, capture_output=True, check=True).stdout
    both = path("both.pem")
    with open(both, "wb") as f:
        for part in ALICE_CERT, CA.path:
            with open(part, "rb") as part:
                f.write(part.read())
    for name, record, file, matches in (
            ("3 0 1", [3, 0, 1, DIGEST], ALICE_CERT, True),
            ("3 0 0", [3, 0, 0, der(ALICE_CERT).hex()], ALICE_CERT, True),
            ("3 1 2", [3, 1, 2, hashlib.sha512(key).hexdigest()],
             ALICE_CERT, True),
            ("another", [3, 0, 1, "ab" * 32], ALICE_CERT, False),
            ("2 0 1", [2, 0, 1, smime.digest(CA.path)],
             both, True),
            ("2 0 1 of another", [2, 0, 1, "ab" * 32], both, False),
            ("1 0 1, authority unknown", [1, 0, 1, DIGEST], ALICE_CERT,
             False),
            ("usage 9", [9, 0, 1, DIGEST], ALICE_CERT, False),
            ("a short digest", [3, 0, 1, "abab"], ALICE_CERT, False)):
        status, value = look({owner(ALICE): signed(SMIMEA=record)},
                             "--cert", file, ALICE)
        equal((value["certificates"][0]["matches"], status),
              (matches, 0 if matches else 1), name)
    status, value = look({owner(ALICE): signed(SMIMEA=[1, 0, 1, DIGEST])},
                         "--cert", ALICE_CERT, "--ca-file", CA.path, ALICE)
    equal(status, 0, "1 0 1 with its authority")
    status, value = look({owner(ALICE): signed(SMIMEA=[3, 0, 1,
                          smime.digest(BOB_CERT)])},
                         "--cert", BOB_CERT, ALICE)
    equal((status, value["certificates"][0]["matches"],
           value["certificates"][0]["has_address"]), (1, True, False),
          "the certificate of another address")
    equal(look(ZONE, "--cert", path("body"), ALICE)[0], 66,
          "no certificate")


@tap.test
def messages():
    good = sign(ALICE_CERT, ALICE_KEY)
    opaque = sign(ALICE_CERT, ALICE_KEY, "-nodetach")
    for name, message, want in (
            ("signed", good, (0, "good", True)),
            ("with LF", good.replace(b"\r\n", b"\n"), (0, "good", True)),
            ("with CRLF", good.replace(b"\r\n", b"\n").replace(
                b"\n", b"\r\n"), (0, "good", True)),
            ("opaque", opaque, (0, "good", True)),
            ("in an mbox", b"From a Sun Nov 29 10:00:00 2026\n" + good,
             (0, "good", True)),
            ("changed", good.replace(b"Hello", b"hello"),
             (1, "bad", True)),
            ("another From", sign(ALICE_CERT, ALICE_KEY,
                                  sender="bob@example.org"),
             (1, "good", False)),
            ("two in From", sign(ALICE_CERT, ALICE_KEY,
                                 sender=ALICE + ", bob@example.org"),
             (1, "good", False)),
            ("by another", sign(BOB_CERT, BOB_KEY), (1, "good", True)),
            ("no certificate in it", sign(ALICE_CERT, ALICE_KEY,
                                          "-nocerts"), (1, "bad", True)),
            ("not signed", b"From: %s\n\nHello.\n" % ALICE.encode(),
             (1, "not signed", True)),
            ("a signature that is none", b"From: %s\nContent-Type: "
             b"multipart/signed; protocol=\"application/pkcs7-signature\";"
             b" boundary=x\n\n--x\n\na\n--x\n\nb\n--x--\n" % ALICE.encode(),
             (1, "broken", True))):
        status, value = look(ZONE, "--message", "-", ALICE, data=message)
        got = value["message"]
        equal((status, got["signature"], got["from"]), want, name)
    equal(look({}, "--message", "-", ALICE, data=good)[0], 1, "no record")
    status, value = look(ZONE, "--message", "-", ALICE, data=good)
    equal(value["certificates"][0]["records"], ["matches"], "its record")
    equal(look(ZONE, "--message", "-", ALICE, data=b"")[0], 1, "nothing")
    two = b"From a Sun Nov 29 10:00:00 2026\n" + good + b"\n"
    equal(look(ZONE, "--message", "-", ALICE, data=two * 2)[0], 66,
          "two messages")


# ---- hostile ----

def tlv(tag, value):
    size = len(value)
    if size < 128:
        return bytes([tag, size]) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 | len(length)]) + length + value


def parts(data):
    """[(tag, value)] of DER."""
    out, at = [], 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & 128:
            count = size & 127
            size, at = int.from_bytes(data[at:at + count], "big"), at + count
        out.append((tag, data[at:at + size]))
        at += size
    return out


def blob(message):
    """(what stands before the base64 of the signature, DER, the rest)"""
    found = re.search(rb"(?s)(.*smime\.p7[ms]\"\r?\n\r?\n)([A-Za-z0-9+/=\r\n]+)"
                      rb"(.*)", message)
    return found.group(1), base64.b64decode(found.group(2)), found.group(3)


def with_der(message, data):
    head, _, rest = blob(message)
    return head + base64.encodebytes(data) + b"\n" + rest


def multiplied(message, tag, count):
    """The certificates (0xa0) or signers (0x31), so many times."""
    (_, info), = parts(blob(message)[1])
    oid, content = parts(info)
    (_, data), = parts(content[1])
    fields = parts(data)
    at = len(fields) - 1 if tag == 0x31 else \
        [t for t, _ in fields].index(0xa0)
    fields[at] = (tag, b"".join(tlv(t, v) for t, v in
                                parts(fields[at][1])) * count)
    data = tlv(0x30, b"".join(tlv(t, v) for t, v in fields))
    return with_der(message, tlv(0x30, tlv(*oid) + tlv(0xa0, data)))


@tap.test
def hostile():
    good = sign(ALICE_CERT, ALICE_KEY)
    data = blob(good)[1]
    same = with_der(good, data)
    for name, message, status, why in (
            ("taken apart and put together", same, "good", None),
            ("100 certificates", multiplied(good, 0xa0, 100), "good", None),
            ("101", multiplied(good, 0xa0, 101), "broken",
             "more than 100 certificates"),
            ("10 signers", multiplied(good, 0x31, 10), "good", None),
            ("11 signers", multiplied(good, 0x31, 11), "broken",
             "more than 10 signers"),
            ("1,000 signers", multiplied(good, 0x31, 1000), "broken",
             "more than 10 signers"),
            ("2,000 certificates", multiplied(good, 0xa0, 2000), "broken",
             "more than 100 certificates"),
            ("10,000 certificates", multiplied(good, 0xa0, 10000), "broken",
             "the message is larger than 5 MB"),
            ("cut DER", with_der(good, data[:-50]), "broken",
             "the signature cannot be read"),
            ("junk", with_der(good, os.urandom(1000)), "broken",
             "the signature cannot be read"),
            ("nested", with_der(good, b"\x30\x80" * 50000), "broken",
             "the signature cannot be read"),
            ("long length", with_der(good, b"\x30\x84\xff\xff\xff\xff" +
                                     data), "broken",
             "the signature cannot be read"),
            ("5 MB", good + b"x" * ((5 << 20) - len(good)), "good", None),
            ("and one octet", good + b"x" * ((5 << 20) - len(good) + 1),
             "broken", "the message is larger than 5 MB"),
            ("100,000 parts", good.replace(
                b"This is an S/MIME signed message", b"\n".join(
                    [b"--" + re.search(rb'boundary="([^"]+)"',
                                       good).group(1)] * 20000)),
             "broken", None)):
        begin = time.monotonic()
        code, value = look(ZONE, "--message", "-", ALICE, data=message)
        equal(value["message"]["signature"], status, name)
        ok(why is None or value["message"]["why"] == why, name + ": why",
           value["message"]["why"])
        ok(time.monotonic() - begin < 20, name + ": in time")
    for position in range(0, len(data), 37):
        broken = bytearray(data)
        broken[position] ^= 0xff
        code, value = look(ZONE, "--message", "-", ALICE,
                           data=with_der(good, bytes(broken)))
        if value["message"]["signature"] not in ("bad", "broken",
                                                 "not signed", "good"):
            ok(False, "octet %d" % position, value)
    ok(True, "broken octets")


tap.main()
