# SPDX-License-Identifier: BSD-2-Clause
"""manual: the displays of README and of the manual pages, which are what a
reader copies: commands, configurations, output.

A display is ".Bd -literal" to ".Ed", or the text of ".Dl"; in README it is
lines that are indented.  In assay-hookup(7) a comment right above a display
says what a reader does with it:

    .\\" do [VARIANT]: run
    .\\" do [VARIANT]: write PATH
    .\\" do [VARIANT]: append PATH
    .\\" do [VARIANT]: replace PATH         the keys that it has
    .\\" do [VARIANT]: above MAILER PATH
"""

import os
import re

import assaydaemon

PAGES = ("README", "doc/assay.1", "doc/assay-events.5",
         "doc/assay-hookup.7", "doc/assay-migrate.7", "doc/assay-milter.8",
         "doc/assay-tlspol.8", "doc/assay-tlspol.yaml.5", "doc/assay.yaml.5")
ESCAPES = (("\\&", ""), ("\\(dq", '"'), ("\\-", "-"), ("\\e", "\\"))


class Display:
    """
    `page`, `line`: where; `section`: the heading above; `text`: what the
    reader sees; `todo`: what the comment says, or "".
    """

    def __init__(self, page, line, section, text, todo=""):
        self.page, self.line, self.section = page, line, section
        self.text, self.todo = text, todo

    @property
    def first(self):
        return self.text.split("\n", 1)[0]

    @property
    def place(self):
        return "%s:%d" % (self.page, self.line)


def read(page):
    path = os.path.join(assaydaemon.top_srcdir(), page)
    with open(path, encoding="utf-8") as f:
        return f.read()


def shown(text):
    for escape, character in ESCAPES:
        text = text.replace(escape, character)
    return text


def displays(page):
    return _indented(page) if page == "README" else _literal(page)


def _literal(page):
    out, section, todo, begin, lines = [], "", "", 0, []
    for number, line in enumerate(read(page).split("\n"), 1):
        if begin and line != ".Ed":
            lines.append(line)
        elif begin:
            out.append(Display(page, begin, section,
                               shown("\n".join(lines) + "\n"), todo))
            begin, lines, todo = 0, [], ""
        elif line.startswith(".Bd -literal"):
            begin = number
        elif line.startswith(".Dl "):
            out.append(Display(page, number, section,
                               shown(line[4:]) + "\n"))
        elif re.match(r"\.S[hs] ", line):
            section = line[4:]
        if not begin:
            found = re.match(r'\.\\" do (.*)', line)
            todo = found.group(1) if found else ""
    return out


def _indented(page):
    """Lines that begin with four blanks, and empty ones between them."""
    out, section, block, begin = [], "", [], 0
    for number, line in enumerate(read(page).split("\n") + ["end"], 1):
        if line.startswith("    "):
            begin = begin or number
            block.append(line[4:])
        elif line == "" or (block and line.startswith("\t")):
            if block:
                block.append(line)
        else:
            if block:
                text = "\n".join(block).rstrip("\n") + "\n"
                out.append(Display(page, begin, section, text))
            section = line if not block else section
            block, begin = [], 0
    return out
