# SPDX-License-Identifier: BSD-2-Clause
"""spfsuite: reads the public test suites of SPF, rfc7208-tests.yml and its
relatives.

scenarios(path) gives (description, zonedata, tests) for each document of the
file, the last two as the dictionaries that are in it.  The other functions
say what their values mean:

- A record of type SPF (99) stands for TXT as well when its name has no TXT
  of its own; "TXT: NONE" keeps that from happening, and is no record.
- TIMEOUT: questions that no record of the name answers time out.
- A character of a text is an octet: the file is read as YAML, and "\\x96" in
  it is U+0096.
- "result" is a word, or a list of those that are allowed.
- "explanation" DEFAULT: none was found.
"""

import os

import yaml

PACKAGE = "golang-blitiri-go-spf-dev"
FOLDER = "/usr/share/gocode/src/blitiri.com.ar/go/spf/testdata"


def path():
    """The suite for RFC 7208, or where SPF_SUITE says that it is."""
    return os.environ.get("SPF_SUITE") or FOLDER + "/rfc7208-tests.yml"


def scenarios(name):
    with open(name, encoding="utf-8") as stream:
        for document in yaml.safe_load_all(stream):
            if document:
                yield (document.get("description") or
                       document.get("comment") or "without description",
                       document.get("zonedata") or {},
                       document.get("tests") or {})


def octets(text):
    return str(text).encode("latin-1", "backslashreplace")


def _pairs(entries):
    """(type, value) of the entries of one name."""
    for entry in entries:
        if isinstance(entry, dict):
            for kind, value in entry.items():
                yield kind, value
        else:
            yield entry, True


def _text(value):
    return octets("".join(value) if isinstance(value, list) else value)


def records(zonedata):
    """(name, type, value) for all of a zone, each value in octets.

    Types are A, AAAA, MX, PTR, TXT and CNAME, with (preference, name) as the
    value of MX; TIMEOUT and RCODE with the number as the value; CNAMELOOP.
    """
    for name, entries in zonedata.items():
        pairs = list(_pairs(entries))
        own_txt = any(kind == "TXT" for kind, _ in pairs)
        for kind, value in pairs:
            if kind == "SPF":
                if not own_txt:
                    yield octets(name), "TXT", _text(value)
            elif kind == "TXT":
                if value != "NONE":
                    yield octets(name), "TXT", _text(value)
            elif kind == "MX":
                yield octets(name), "MX", (int(value[0]), octets(value[1]))
            elif kind == "SERVFAIL":
                yield octets(name), "RCODE", 2
            elif kind in ("TIMEOUT", "RCODE", "CNAMELOOP"):
                yield octets(name), kind, value
            else:
                yield octets(name), kind, octets(value)


def results(test):
    """The words that are allowed as the result."""
    result = test["result"]
    return result if isinstance(result, list) else [result]


def sender(test):
    """(local-part, domain) of MAIL FROM, split at the last "@"."""
    local, _, domain = str(test.get("mailfrom") or "").rpartition("@")
    return octets(local), octets(domain)


def explanation(test):
    """The octets wanted, b"" for none, None when the test does not say."""
    text = test.get("explanation")
    if text is None:
        return None
    return b"" if text == "DEFAULT" else octets(text)
