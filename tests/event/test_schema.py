#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""etc/assay-events.schema.json is a schema, and the manual says the same.

With WRITE_MANUAL set the sections of doc/assay-events.5 are written instead.
"""

import copy
import os
import re
import sys
import textwrap

TOP = os.environ.get("top_srcdir") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "../..")
os.environ["top_srcdir"] = TOP
sys.path.insert(0, os.path.join(TOP, "tests/lib"))
import events  # noqa: E402
import tap  # noqa: E402
from tap import equal, ok  # noqa: E402

MANUAL = os.path.join(TOP, "doc/assay-events.5")
BEGIN = '.\\" fields: WRITE_MANUAL=1 tests/event/test_schema.py\n'
END = '.\\" end of fields\n'

LINE = {"v": 1, "time": "2026-11-21T10:00:00.000Z", "level": "info",
        "event": "message", "id": "4bX", "client": "192.0.2.1",
        "helo": "mail.example.net", "mail-from": "<a@example.net>",
        "action": "accept", "told": "accepted",
        "signatures": [{"result": "pass", "domain": "example.net",
                        "selector": "s1", "algorithm": "rsa-sha256",
                        "key-bits": 2048}],
        "dns-ms": 1.5, "lookups": 3}

# What of that must not pass: a path, and the value there.
BAD = (
    ("a version of its own", ["v"], 2),
    ("a number as text", ["lookups"], "3"),
    ("a text as number", ["id"], 4),
    ("an unknown word", ["told"], "fine"),
    ("another event", ["event"], "massage"),
    ("a key that nobody knows", ["colour"], "blue"),
    ("a number below 0", ["lookups"], -1),
    ("an object that lacks a key", ["signatures", 0], {"result": "pass"}),
    ("an object instead of a list", ["signatures"], {}),
)


def changed(value, path, new):
    value = copy.deepcopy(value)
    place = value
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = new
    return value


@tap.test
def schema():
    if events.jsonschema is None:
        tap.skip("the schema", "python3-jsonschema is not there")
        return
    whole = events.schema()
    validator = events.jsonschema.Draft202012Validator(whole)
    validator.check_schema(whole)
    equal(list(validator.iter_errors(LINE)), [], "a good line")
    for name, path, new in BAD:
        ok(not validator.is_valid(changed(LINE, path, new)), name)
    for key in whole["$defs"]["message"]["required"]:
        line = {k: v for k, v in LINE.items() if k != key}
        ok(not validator.is_valid(line), "a line without " + key)


# ---- the manual ----

def kind(field):
    names = {"string": "text", "integer": "number",
             "number": "number with one decimal",
             "array": "list of objects"}
    words = names[field["type"]]
    return words + (", " + field["unit"] if "unit" in field else "")


def described(name, field, always):
    out = [".It Li %s Pq %s%s" % (name, kind(field),
                                  ", always there" if always else "")]
    out += textwrap.wrap(field["description"], 76)
    if "enum" in field:
        words = field["enum"]
        out.append("One of" if len(words) > 1 else "Always")
        for index, word in enumerate(words):
            out.append(".Li %s%s" % (word, " ." if index == len(words) - 1
                                     else " ,"))
    if "items" in field:
        out += [".Bl -tag -width Ds"]
        out += fields(field["items"])
        out += [".El"]
    return out


def fields(part, leave_out=()):
    out = []
    for name, field in part["properties"].items():
        if name not in leave_out:
            out += described(name, field, name in part["required"])
    return out


def sections():
    parts = events.schema()["$defs"]
    head = [n for n in parts["note"]["properties"] if n != "text"]
    out = [".Ss Every line", ".Bl -tag -width Ds"]
    for name in head:
        out += described(name, parts["note"]["properties"][name], True)
    out += [".El"]
    for name, part in parts.items():
        out += [".Ss Event " + name, part["description"],
                ".Bl -tag -width Ds"]
        out += fields(part, head)
        out += [".El"]
    return "\n".join(out) + "\n"


@tap.test
def manual():
    with open(MANUAL) as f:
        text = f.read()
    pattern = re.escape(BEGIN) + "(.*?)" + re.escape(END)
    found = re.search(pattern, text, re.S)
    if not ok(found, "the manual has a place for the fields"):
        return
    want = sections()
    if os.environ.get("WRITE_MANUAL"):
        with open(MANUAL, "w") as f:
            f.write(text.replace(found.group(1), want) if found.group(1)
                    else text.replace(BEGIN, BEGIN + want))
        return
    ok(found.group(1) == want, "the fields of doc/assay-events.5 are current "
       "(else: WRITE_MANUAL=1 tests/event/test_schema.py)")


tap.main()
