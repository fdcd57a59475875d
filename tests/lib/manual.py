# SPDX-License-Identifier: BSD-2-Clause
"""manual: the displays of README and of the manual pages, which are what a
reader copies: commands, configurations, output.

A display is ".Bd -literal" to ".Ed", or the text of ".Dl"; in README it is
lines that are indented.  In assay-hookup(7) a comment right above a display
says what a reader does with it, and for whom it is:

    .\\" do [WORD...]: run
    .\\" do [WORD...]: append PATH
    .\\" do [WORD...]: replace PATH           the keys that it has
    .\\" do [WORD...]: above MAILER PATH      the first line that begins so
    .\\" do [WORD...]: elsewhere PATH         this test tries it

As a program it prints the commands for one such word:

    python3 manual.py PAGE WORD
"""

import os
import re
import sys

import assaydaemon

PAGES = ("README", "doc/assay.1", "doc/assay-events.5",
         "doc/assay-hookup.7", "doc/assay-migrate.7", "doc/assay-milter.8",
         "doc/assay-tlspol.8", "doc/assay-tlspol.yaml.5", "doc/assay.yaml.5")
ESCAPES = (("\\&", ""), ("\\(dq", '"'), ("\\-", "-"), ("\\e", "\\"))


class Display:
    """
    `page`, `line`: where; `section`: the heading above; `text`: what the
    reader sees; `words`, `todo`: what the comment says, or none.
    """

    def __init__(self, page, line, section, text, words=(), todo=""):
        self.page, self.line, self.section = page, line, section
        self.text, self.words, self.todo = text, words, todo

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
    out, section, todo, begin, lines = [], "", ((), ""), 0, []
    for number, line in enumerate(read(page).split("\n"), 1):
        if begin and line != ".Ed":
            lines.append(line)
            continue
        if begin:
            text = shown("\n".join(lines) + "\n")
            out.append(Display(page, begin, section, text, *todo))
            begin, lines = 0, []
        elif line.startswith(".Bd -literal"):
            begin = number
            continue
        elif line.startswith(".Dl "):
            out.append(Display(page, number, section,
                               shown(line[4:]) + "\n"))
        elif re.match(r"\.S[hs] ", line):
            section = line[4:]
        todo = _todo(line)
    return out


def _todo(line):
    found = re.match(r'\.\\" do([^:]*): (.*)', line)
    return (found.group(1).split(), found.group(2)) if found else ((), "")


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


def main(page, word):
    for display in displays(page):
        if word in display.words:
            print(display.text, end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
