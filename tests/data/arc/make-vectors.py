#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes the messages of this folder, keys.txt and expected.tsv.

Its signer is as plain as it can be and shares no code with arc/ or dkim/.
The private keys are those of ../dkim/keys.  It takes python3-cryptography,
and is run by hand only: what it makes is in the repository.
"""

import base64
import hashlib
import os
import re

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

HERE = os.path.dirname(os.path.abspath(__file__))
KEYS = os.path.join(HERE, "..", "dkim", "keys")
TIME = 1780000000          # the tests' clock is 1780272000

FROM = [("From", " Alice <alice@example.com>"),
        ("To", " list@lists.example"),
        ("Subject", " Is dinner ready?"),
        ("Date", " Mon, 25 May 2026 10:00:00 +0000"),
        ("Message-ID", " <1@example.com>")]
BODY = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nAlice.\r\n"

keys = {}
zone = {}
expected = []


# RFC 8032 section 7.1, test 1.
ED25519 = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="


def private_key(name):
    if name == "ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(
            base64.b64decode(ED25519))
    if name not in keys:
        with open(os.path.join(KEYS, name + ".pem"), "rb") as f:
            keys[name] = serialization.load_pem_private_key(f.read(), None)
    return keys[name]


def record(name):
    public = private_key(name).public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        raw = public.public_bytes(serialization.Encoding.Raw,
                                  serialization.PublicFormat.Raw)
        return "v=DKIM1; k=ed25519; p=" + base64.b64encode(raw).decode()
    der = public.public_bytes(serialization.Encoding.DER,
                              serialization.PublicFormat.SubjectPublicKeyInfo)
    return "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()


def encode(text):
    return text.encode("latin-1")


def relaxed(name, value):
    value = value.replace("\r\n", "")
    value = re.sub("[ \t]+", " ", value).strip(" \t")
    return name.strip().lower() + ":" + value


def simple(name, value):
    return name + ":" + value


def relaxed_body(body):
    lines = [re.sub("[ \t]+", " ", line).rstrip(" ")
             for line in body.split("\r\n")]
    text = "\r\n".join(lines)
    return text.rstrip("\r\n") + "\r\n" if text.rstrip("\r\n") else ""


def simple_body(body):
    return re.sub("(\r\n)*$", "", body) + "\r\n"


def sign(key, data, algorithm):
    if isinstance(key, rsa.RSAPrivateKey):
        digest = hashes.SHA1() if algorithm == "rsa-sha1" else hashes.SHA256()
        raw = key.sign(encode(data), padding.PKCS1v15(), digest)
    else:
        raw = key.sign(hashlib.sha256(encode(data)).digest())
    return base64.b64encode(raw).decode()


def tag_list(tags):
    return " " + "; ".join("%s=%s" % t for t in tags if t[1] is not None)


def change(tags, changes):
    tags = [(k, changes.get(k, v)) for k, v in tags]
    have = [k for k, _ in tags]
    return tags + [(k, v) for k, v in changes.items() if k not in have]


class Message:
    """Fields from the top, and a body."""

    def __init__(self, fields=FROM, body=BODY):
        self.fields = list(fields)
        self.body = body
        self.sets = []          # of (AAR, AMS, AS) in order of sealing

    def selected(self, names, canon):
        left = list(self.fields)
        out = ""
        for name in names:
            for at in range(len(left) - 1, -1, -1):
                if left[at][0].strip().lower() == name.strip().lower():
                    out += canon(*left.pop(at)) + "\r\n"
                    break
        return out

    def message_signature(self, instance, signer, changes, mark):
        domain, selector, key, algorithm = signer
        c = changes.get("c", "relaxed/relaxed")
        head, _, tail = (c or "simple").partition("/")
        body = (relaxed_body if tail == "relaxed" else simple_body)(self.body)
        if changes.get("l"):
            body = body[:int(changes["l"])]
        h = changes.get("h", "from:to:subject:date:message-id")
        tags = change([
            ("i", str(instance)), ("a", algorithm), ("c", c), ("d", domain),
            ("s", selector), ("t", str(TIME + instance)), ("h", h),
            ("bh", base64.b64encode(hashlib.sha256(
                encode(body)).digest()).decode()), ("b", "")], changes)
        return self.finish("ARC-Message-Signature", tags, mark, key,
                           algorithm, self.selected(
                               (h or "").split(":"),
                               relaxed if head == "relaxed" else simple),
                           relaxed if head == "relaxed" else simple)

    def finish(self, name, tags, mark, key, algorithm, data, canon):
        """Signs `data` and the field; `mark` changes the field's text."""
        given = dict(tags).get("b")
        text = tag_list([(k, "{b}" if k == "b" and not v else v)
                         for k, v in tags])
        text = mark(text) if mark else text
        b = given or sign(private_key(key), data + canon(
            name, text.replace("{b}", "")), algorithm)
        return name, text.replace("{b}", b)

    def seal(self, domain="lists.example", selector="s1", key="rsa2048",
             algorithm="rsa-sha256", instance=None, aar=None, cv=None,
             ams=None, as_=None, ams_mark=None, as_mark=None, alone=False):
        """Adds a set on top, with what is asked for changed in it."""
        instance = instance or len(self.sets) + 1
        signer = (domain, selector, key, algorithm)
        zone.setdefault("%s._domainkey.%s" % (selector, domain), record(key))
        results = ("ARC-Authentication-Results", aar or
                   " i=%d; mx.%s; spf=pass smtp.mailfrom=example.com;\r\n"
                   "\tdkim=pass header.d=example.com; dmarc=pass "
                   "header.from=example.com" % (instance, domain))
        message = self.message_signature(instance, signer, ams or {},
                                         ams_mark)
        tags = change([
            ("i", str(instance)), ("a", algorithm),
            ("cv", cv or ("pass" if self.sets else "none")), ("d", domain),
            ("s", selector), ("t", str(TIME + instance)), ("b", "")],
            as_ or {})
        data = "".join(relaxed(*f) + "\r\n"
                       for s in ([] if alone else self.sets) for f in s)
        data += relaxed(*results) + "\r\n" + relaxed(*message) + "\r\n"
        seal = self.finish("ARC-Seal", tags, as_mark, key, algorithm, data,
                           relaxed)
        self.sets.append((results, message, seal))
        self.fields[:0] = [seal, message, results]
        return self

    def find(self, name, which=0):
        return [at for at, f in enumerate(self.fields)
                if f[0] == name][which]

    def replace(self, name, old, new, which=0):
        at = self.find(name, which)
        assert old in self.fields[at][1], (name, old)
        self.fields[at] = (name, self.fields[at][1].replace(old, new, 1))
        return self

    def drop(self, name, which=0):
        del self.fields[self.find(name, which)]
        return self

    def text(self):
        return encode("".join("%s:%s\r\n" % f for f in self.fields) +
                      "\r\n" + self.body)


def case(name, message, result, oldest, why, rule):
    with open(os.path.join(HERE, name + ".eml"), "wb") as f:
        f.write(message.text())
    expected.append((name + ".eml", result, str(oldest), why, rule))


def passes(name, message, oldest=0, rule="5.2"):
    case(name, message, "pass", oldest, "-", rule)


def fails(name, message, why, rule="5.2"):
    case(name, message, "fail", "-", why, rule)


def chain(count):
    message = Message()
    for at in range(count):
        message.seal(domain=("lists.example", "fwd.example.net",
                             "gate.example.org")[at % 3])
    return message


AAR, AMS, SEAL = ("ARC-Authentication-Results", "ARC-Message-Signature",
                  "ARC-Seal")
NO_BEGIN = "ARC-Authentication-Results: does not begin with an instance"
NO_NUMBER = ": i= is no number from 1 to 50"


def whole():
    case("none", Message(), "none", "-", "-", "5.2 step 1")
    for count in (1, 2, 3, 5):
        passes("pass-%d" % count, chain(count))
    passes("pass-50", chain(50), rule="4.2.1: at the limit")
    fails("sets-51", chain(51), "more than 50 sets", "4.2.1: one past it")
    message = Message()
    for at in range(50):
        message.seal(domain="d%d.example" % at,
                     ams={"d": "m%d.example" % at})
        zone["s1._domainkey.m%d.example" % at] = record("rsa2048")
    passes("pass-50-100-domains", message, rule="9.2: keys of a chain")
    message = chain(50)
    message.drop(AAR, 20)
    fails("fail-50-gap", message, AAR + " i=30: is missing")
    passes("pass-4-bodies", bodies(4), rule="our limit of body hashes")
    passes("pass-5-bodies", bodies(5), 2, "one past it")
    message = chain(3)
    message.fields.sort(key=lambda f: (not f[0].startswith("ARC-"),
                                       hashlib.md5(encode(f[1])).digest())
                        if f[0].startswith("ARC-") else (True, b""))
    passes("pass-interleaved", message, rule="4.2: order does not count")
    passes("pass-reordered", reordered(chain(3)),
           rule="4.2: order does not count")


def bodies(count):
    """Each message signature hashes the body up to another octet."""
    message = Message()
    for at in range(count):
        message.seal(ams={"l": str(10 + at)})
    return message


def reordered(message):
    ours = [f for f in message.fields if f[0].startswith("ARC-")]
    rest = [f for f in message.fields if not f[0].startswith("ARC-")]
    message.fields = rest + ours[::-1]
    return message


def signatures():
    message = chain(2)
    message.replace(AMS, "b=", "b=AAAA", 1)
    fails("ams1-changed", message, SEAL + " i=2: signature did not verify")
    message = Message().seal()
    message.fields.append(("Subject", " [list] Is dinner ready?"))
    del message.fields[message.find("Subject")]
    message.seal(domain="fwd.example.net")
    passes("pass-header-changed-between", message, 2,
           "6: header.oldest-pass")
    message = Message().seal()
    message.body += "-- \r\nthe list\r\n"
    message.seal(domain="fwd.example.net").seal(domain="gate.example.org")
    passes("pass-body-changed-between", message, 2, "6: header.oldest-pass")
    message = Message().seal(ams={"b": "AAAA"}).seal(domain="fwd.example.net")
    passes("pass-ams1-invalid", message, 2, "6: header.oldest-pass")
    message = Message().seal(ams={"bh": None}).seal(domain="fwd.example.net")
    passes("pass-ams1-no-bh", message, 2, "5.2: of AMS(N) only")
    message = chain(2)
    message.body += "x\r\n"
    fails("body-changed", message, AMS + " i=2: body hash did not verify")
    message = chain(2)
    message.replace("Subject", "dinner", "lunch")
    fails("header-changed", message,
          AMS + " i=2: signature did not verify")
    message = chain(2)
    message.replace(SEAL, "b=", "b=AAAA")
    fails("as2-changed", message, SEAL + " i=2: signature did not verify")
    message = chain(2)
    message.replace(SEAL, "b=", "b=AAAA", 1)
    fails("as1-changed", message, SEAL + " i=2: signature did not verify")
    fails("as1-invalid", Message().seal(as_={"b": "AAAA"}).seal(
        domain="fwd.example.net"), SEAL + " i=1: signature did not verify")
    message = chain(2)
    message.replace(AAR, "dkim=pass", "dkim=fail", 1)
    fails("aar1-word", message, SEAL + " i=2: signature did not verify")
    message = chain(2)
    message.replace(AAR, ";\r\n\tdkim", ";\r\n\t  dkim", 1)
    message.replace(SEAL, "; a=", ";\r\n\ta=", 1)
    passes("pass-refolded", message, rule="5.1.1: relaxed")
    message = chain(2)
    for at, (name, value) in enumerate(message.fields):
        if name.startswith("ARC-"):
            message.fields[at] = (name.upper() + " ", "  " + value + " \t")
    passes("pass-names-upper-case", message, rule="5.1.1: relaxed")
    passes("pass-ed25519", Message().seal(
        key="ed25519", selector="ed", algorithm="ed25519-sha256"),
        rule="RFC 8463")
    fails("ams-rsa-sha1", Message().seal(ams={"a": "rsa-sha1"}),
          AMS + " i=1: rsa-sha1 is not accepted", "RFC 8301 3.1")
    fails("as-rsa-sha1", Message().seal(as_={"a": "rsa-sha1"}),
          SEAL + " i=1: rsa-sha1 is not accepted", "RFC 8301 3.1")
    fails("key-1023", Message().seal(key="rsa1023", selector="short"),
          AMS + " i=1: RSA key is too short", "RFC 8301 3.2")
    message = Message().seal(selector="gone")
    del zone["gone._domainkey.lists.example"]
    fails("key-missing", message, AMS + " i=1: no key for signature",
          "5.2.1")
    message = Message().seal(selector="revoked")
    zone["revoked._domainkey.lists.example"] = "v=DKIM1; p="
    fails("key-revoked", message, AMS + " i=1: key revoked", "5.2.1")
    message = Message().seal(selector="testing")
    zone["testing._domainkey.lists.example"] = record("rsa2048") + "; t=y"
    fails("key-testing", message, AMS + " i=1: the key is in test mode",
          "RFC 6376 3.6.1")
    message = Message().seal(ams={"d": "other.example.net", "s": "s2"})
    zone["s2._domainkey.other.example.net"] = record("rsa2048")
    passes("pass-other-domain-in-ams", message, rule="4.1: may differ")


def structure():
    for name, part in (("aar", AAR), ("ams", AMS), ("as", SEAL)):
        message = Message().seal()
        message.drop(part)
        fails(name + "1-missing", message, part + " i=1: is missing")
        message = chain(2)
        message.drop(part)
        fails(name + "2-missing", message, part + " i=2: is missing")
        message = chain(2)
        message.fields.append(message.fields[message.find(part)])
        fails(name + "2-twice", message, part + " i=2: is there twice")
    message = Message()
    message.fields[:0] = [(AAR, " i=1; mx.lists.example; dmarc=pass "
                           "header.from=example.com")]
    fails("aar-alone", message, AMS + " i=1: is missing")
    message = chain(3)
    for part in (AAR, AMS, SEAL):
        message.drop(part, 1)
    fails("gap", message, AAR + " i=2: is missing")
    message = Message().seal().seal(instance=1, domain="fwd.example.net",
                                    cv="none", alone=True)
    fails("two-first", message, AAR + " i=1: is there twice")
    message = chain(2)
    message.fields[:0] = message.sets[1]
    fails("set-twice", message, AAR + " i=2: is there twice")
    for word, name in (("0", "0"), ("", "empty"), ("a", "a"), ("51", "51"),
                       ("001", "001"), ("-1", "minus"), ("1 1", "blank"),
                       (None, "absent")):
        fails("as-i-" + name, Message().seal(as_={"i": word}),
              SEAL + NO_NUMBER)
        fails("ams-i-" + name, Message().seal(ams={"i": word}),
              AMS + NO_NUMBER)
    for word, name in (("0", "0"), ("", "empty"), ("a", "a"), ("51", "51"),
                       ("001", "001")):
        fails("aar-i-" + name, Message().seal(
            aar=" i=%s; mx.lists.example; none" % word), NO_BEGIN)
    passes("pass-i-01", Message().seal(
        aar=" i=01; mx.lists.example; none", ams={"i": "01"},
        as_={"i": "01"}), rule="4.1: 1*2DIGIT")
    for name, value in (
            ("not-first", " mx.lists.example; i=1; none"),
            ("absent", " mx.lists.example; none"),
            ("no-semicolon", " i=1 mx.lists.example none"),
            ("upper-case", " I=1; mx.lists.example; none")):
        fails("aar-i-" + name, Message().seal(aar=value), NO_BEGIN)
    passes("pass-aar-comment", Message().seal(
        aar=" (a) i (b) = (c) 1 (d) ; mx.lists.example; none"),
        rule="4.1.1: CFWS")
    passes("pass-aar-8bit", Message().seal(
        aar=" i=1; mx.lists.example; none (\xc3\xa9 \xff)"), rule="hashed")
    passes("pass-aar-nul", Message().seal(
        aar=" i=1; mx.lists.example; none \0x"), rule="hashed")


def cv():
    wrong = SEAL + " i=1: cv= is not none"
    for name, word in (("pass", "pass"), ("absent", None), ("empty", ""),
                       ("other", "bogus"), ("upper-case", "None")):
        fails("as1-cv-" + name, Message().seal(as_={"cv": word}), wrong)
    wrong = SEAL + " i=2: cv= is not pass"
    for name, word in (("none", "none"), ("absent", None), ("empty", ""),
                       ("other", "bogus")):
        fails("as2-cv-" + name, Message().seal().seal(
            domain="fwd.example.net", as_={"cv": word}), wrong)
    broken = ": the chain was broken before (cv=fail)"
    fails("as1-cv-fail", Message().seal(cv="fail"),
          SEAL + " i=1" + broken, "5.2 step 2")
    message = Message().seal()
    message.body += "x\r\n"
    fails("as2-cv-fail", message.seal(domain="fwd.example.net", cv="fail",
                                      alone=True),
          SEAL + " i=2" + broken, "5.2 step 2")
    fails("as1-cv-fail-of-2", Message().seal(cv="fail").seal(),
          SEAL + " i=1: cv= is not none")


def tags():
    fails("as-h", Message().seal(as_={"h": "from"}),
          SEAL + " i=1: h= in a seal", "4.1.3")
    fails("as-h-empty", Message().seal(as_={"h": ""}),
          SEAL + " i=1: h= in a seal", "4.1.3")
    for name, part in (("ams", "ams_mark"), ("as", "as_mark")):
        field = AMS if name == "ams" else SEAL

        def mark(old, new):
            return {part: lambda text: text.replace(old, new, 1)}

        fails(name + "-tag-twice", Message().seal(
            **mark("; s=s1", "; s=s1; s=s1")), field + ": tag given twice")
        fails(name + "-two-semicolons", Message().seal(
            **mark("; s=", ";; s=")), field + ": empty tag")
        fails(name + "-blank-in-name", Message().seal(
            **mark("; s=", "; s s=")), field + ": ")
        fails(name + "-tag-upper-case", Message().seal(
            **mark("; d=", "; D=")), field + " i=1: no d= in signature")
        fails(name + "-value-upper-case", Message().seal(
            **mark("rsa-sha256", "RSA-SHA256")),
            field + " i=1: signature algorithm not known")
        passes("pass-" + name + "-blanks", Message().seal(
            **mark("; s=s1;", " ;\r\n\ts = s1 ;")))
        passes("pass-" + name + "-semicolon-at-end", Message().seal(
            **{part: lambda text: text + ";"}))
        passes("pass-" + name + "-unknown-tag", Message().seal(
            **mark("; s=", "; w=catparty; s=")))
        passes("pass-" + name + "-i-last", Message().seal(**{
            part: lambda text: text.replace(" i=1;", "", 1) + "; i=1"}))
        key = "ams" if name == "ams" else "as_"
        for tag, text in (("a", "no a= in signature"),
                          ("d", "no d= in signature"),
                          ("s", "no s= in signature")):
            fails("%s-no-%s" % (name, tag), Message().seal(
                **{key: {tag: None}}), "%s i=1: %s" % (field, text))
        for tag, text in (("d", "d= is no domain name"),
                          ("s", "s= is no selector")):
            fails("%s-empty-%s" % (name, tag), Message().seal(
                **{key: {tag: ""}}), "%s i=1: %s" % (field, text))
        fails(name + "-no-b", Message().seal(
            **{part: lambda text: text.replace("; b={b}", "")}),
            field + " i=1: no b= in signature")
        fails(name + "-b-empty", Message().seal(
            **{part: lambda text: text.replace("{b}", "")}),
            field + " i=1: b= is not base64")
        fails(name + "-b-not-base64", Message().seal(**{key: {"b": "%%"}}),
              field + " i=1: b= is not base64")
        passes("pass-" + name + "-no-t", Message().seal(
            **{key: {"t": None}}))
        fails(name + "-t-empty", Message().seal(**{key: {"t": ""}}),
              field + " i=1: t= is no number")
        fails(name + "-t-word", Message().seal(**{key: {"t": "now"}}),
              field + " i=1: t= is no number")
        fails(name + "-t-future", Message().seal(
            **{key: {"t": str(TIME + 10000000)}}),
            field + " i=1: signature is from the future")


def message_tags():
    fails("ams-no-bh", Message().seal(ams={"bh": None}),
          AMS + " i=1: no bh= in signature")
    fails("ams-no-h", Message().seal(ams={"h": None}),
          AMS + " i=1: no h= in signature")
    fails("ams-h-empty", Message().seal(ams={"h": ""}),
          AMS + " i=1: h= is no list of names", "RFC 6376 5.4")
    fails("ams-h-no-from", Message().seal(ams={"h": "to:subject"}),
          AMS + " i=1: From is not signed", "RFC 6376 5.4")
    fails("ams-h-seal", Message().seal().seal(
        domain="fwd.example.net", ams={"h": "from:arc-seal"}),
        AMS + " i=2: h= names ARC-Seal", "4.1.2")
    passes("pass-ams-h-older-ams", Message().seal().seal(
        domain="fwd.example.net", ams={"h": "from:arc-message-signature"}),
        rule="4.1.2 forbids it to a signer")
    passes("pass-ams-no-c", Message().seal(ams={"c": None}),
           rule="RFC 6376 3.5: simple/simple")
    passes("pass-ams-simple-relaxed", Message().seal(
        ams={"c": "simple/relaxed"}))
    passes("pass-ams-relaxed", Message().seal(ams={"c": "relaxed"}))
    fails("ams-c-other", Message().seal(
        ams_mark=lambda text: text.replace("relaxed/relaxed", "x/y")),
        AMS + " i=1: canonicalization not known")
    message = Message().seal(ams={"l": "10"})
    passes("pass-ams-l", message, rule="as DKIM")
    passes("pass-ams-v", Message().seal(ams={"v": "1"}), rule="4.1.2")
    passes("pass-ams-v-other", Message().seal(ams={"v": "7"}), rule="4.1.2")
    fails("ams-x-past", Message().seal(ams={"x": str(TIME + 100)}),
          AMS + " i=1: signature expired", "RFC 6376 3.5")
    passes("pass-as-x-past", Message().seal(as_={"x": "100"}),
           rule="4.1.3: no such tag")


def hostile():
    message = Message()
    message.fields[:0] = [(SEAL, " i=1; a=rsa-sha256; cv=none; d=d.example;"
                           " s=s1; b=" + "A" * 65536)]
    fails("as-64k", message, AAR + " i=1: is missing")
    message = Message().seal(as_mark=lambda text: text + "; z=" + "z" * 66000)
    fails("as-66k-in-a-set", message,
          SEAL + " i=1: signature field is too large")
    message = Message().seal(aar=" i=1; mx.example.org; dmarc=pass "
                             "header.from=example.com", domain="evil.example")
    passes("pass-aar-of-ours", message, rule="counts if its seal is trusted")


def main():
    for name in os.listdir(HERE):
        if name.endswith(".eml"):
            os.remove(os.path.join(HERE, name))
    for part in (whole, signatures, structure, cv, tags, message_tags,
                 hostile):
        part()
    with open(os.path.join(HERE, "keys.txt"), "w") as f:
        f.writelines("%s\t%s\n" % k for k in sorted(zone.items()))
    with open(os.path.join(HERE, "expected.tsv"), "w") as f:
        f.write("# message, result, header.oldest-pass, why, rule (of RFC "
                "8617)\n")
        f.writelines("\t".join(e) + "\n" for e in expected)


main()
