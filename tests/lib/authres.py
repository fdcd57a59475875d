# SPDX-License-Identifier: BSD-2-Clause
"""authres: reads what assay wrote into Authentication-Results, strictly.

What is not RFC 8601 section 2.2 is an error here: the field is ours, so
nothing has to be tolerated.
"""

import re

TOKEN = r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~\x80-\xff]+"
QUOTED = r'"(?:[^"\\\x00-\x1f]|\\[ -~])*"'
LOCAL = r"[!#$%&'*+\-./0-9=?A-Z^_`a-z{|}~\x80-\xff]+"
VALUE = re.compile(r"((?:%s|%s)?@%s|%s)|(%s)" %
                   (LOCAL, QUOTED, TOKEN, TOKEN, QUOTED))
BLANK = re.compile(r"[ \t]*")
COMMENT = re.compile(r"\(([^()\\]*)\)[ \t]*")
WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


class Malformed(Exception):
    pass


class Result:
    def __init__(self, method, result):
        self.method, self.result = method, result
        self.reason = None
        self.comments = []
        self.properties = {}

    def __repr__(self):
        return "%s=%s %r" % (self.method, self.result, self.properties)


class _Reader:
    def __init__(self, text):
        self.text, self.at = text, 0

    def blank(self, comments=None):
        self.at = BLANK.match(self.text, self.at).end()
        while True:
            match = COMMENT.match(self.text, self.at)
            if not match:
                return
            if comments is not None:
                comments.append(match.group(1))
            self.at = match.end()

    def take(self, what, name):
        match = re.compile(what).match(self.text, self.at)
        if not match:
            raise Malformed("%s expected at %d of %r" %
                            (name, self.at, self.text))
        self.at = match.end()
        return match

    def value(self):
        match = self.take(VALUE, "value")
        quoted = match.group(2)
        if quoted is not None:
            return re.sub(r"\\(.)", r"\1", quoted[1:-1])
        return match.group(1)

    def done(self):
        return self.at == len(self.text)


def parse(field):
    """
    (authserv-id, [Result]) of a field's value.  It may still be folded; the
    folds and line lengths are then checked, too.
    """
    if isinstance(field, bytes):
        field = field.decode("latin-1")
    for line in re.split(r"\r?\n", field):
        if len(line) > 998 - len("Authentication-Results:"):
            raise Malformed("a line of %d octets" % len(line))
        if not line.strip(" \t"):
            raise Malformed("a line of blanks")
    if re.search(r"\n(?![ \t])|\r(?!\n)|\x00", field):
        raise Malformed("a broken line in %r" % field)
    reader = _Reader(re.sub(r"\r?\n", "", field))
    reader.blank()
    authserv_id = reader.value()
    reader.blank()
    results = []
    while not reader.done():
        reader.take(";", "semicolon")
        reader.blank()
        results.append(_result(reader))
    if results == [None]:
        return authserv_id, []
    if not results or None in results:
        raise Malformed("no result in %r" % field)
    return authserv_id, results


def _result(reader):
    method = reader.take(WORD, "method").group()
    if method == "none" and reader.done():
        return None
    reader.take("=", "=")
    result = Result(method, reader.take(WORD, "result").group())
    reader.blank(result.comments)
    while not reader.done() and reader.text[reader.at] != ";":
        word = reader.take(WORD, "ptype").group()
        if word == "reason":
            reader.take("=", "=")
            result.reason = reader.value()
        else:
            reader.take(r"\.", "dot")
            word += "." + reader.take(WORD, "property").group()
            reader.take("=", "=")
            if word in result.properties:
                raise Malformed("%s twice in %r" % (word, reader.text))
            result.properties[word] = reader.value()
        reader.blank(result.comments)
    return result


def spf(results, identity="mailfrom"):
    """
    The result of spf for MAIL FROM, or of the check of HELO by itself
    ("helo"); None when there is none.
    """
    for result in results:
        if result.method != "spf":
            continue
        has = result.properties
        if identity == "mailfrom" and "smtp.mailfrom" in has:
            return result
        if (identity == "helo" and "smtp.helo" in has
                and "smtp.mailfrom" not in has):
            return result
    return None


def all_of(results, method):
    return [r for r in results if r.method == method]
