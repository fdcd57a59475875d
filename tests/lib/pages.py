# SPDX-License-Identifier: BSD-2-Clause
"""pages: an HTML page of ours, its markup and how it looks in a browser."""

import html.parser

import browser
import debs
import tap
from tap import equal, ok

VOID = {"meta", "link"}


class Nesting(html.parser.HTMLParser):
    """Every element is closed where it has to be."""

    def __init__(self):
        super().__init__()
        self.open, self.bad, self.names = [], [], set()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.bad.append(tag)


def brightness(rows):
    return sum(sum(p) for row in rows for p in row) / (
        3 * len(rows) * len(rows[0]))


def look(seen, page, name, width, height, dark):
    seen.show(page, width, height, dark)
    equal(seen.complaints(), [], name + ": the console is empty")
    equal(seen.evaluate("document.documentElement.scrollWidth - "
                        "document.documentElement.clientWidth"), 0,
          name + ": nothing sticks out at the side")
    ok(seen.evaluate("[...document.querySelectorAll('.cards dd')]"
                     ".every(e => e.scrollWidth <= e.clientWidth)"),
       name + ": figures fit their cards")
    ok(seen.evaluate("[...document.querySelectorAll('figure rect')]"
                     ".some(e => e.getBoundingClientRect().height > 20)"),
       name + ": the chart has columns")
    picture = seen.picture()
    equal(picture[:2], (width, height), name + ": the picture's size")
    colours = {p for row in picture[2] for p in row}
    ok(len(colours) > 30, name + ": it is not empty", len(colours))
    light = brightness(picture[2])
    ok(light < 90 if dark else light > 190,
       name + ": it is %s" % ("dark" if dark else "light"), light)


def in_a_browser(pages):
    """Each of {name: path}, light and dark, on a screen and a telephone."""
    try:
        seen = browser.Browser()
    except debs.Unavailable as why:
        tap.skip("a headless browser", str(why))
        return
    for name, page in pages.items():
        for device, width, height in (("a screen", 1280, 800),
                                      ("a telephone", 360, 740)):
            for dark in (False, True):
                look(seen, page, "%s, %s, %s" % (
                    name, device, "dark" if dark else "light"), width,
                     height, dark)
    seen.stop()
