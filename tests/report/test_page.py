# SPDX-License-Identifier: BSD-2-Clause
"""The HTML page of assay report read, in a real browser: light and dark, on
a screen and on a telephone; nothing is fetched and the console is empty.
"""

import html.parser
import os
import subprocess

import assaydaemon
import browser
import debs
import tap
from tap import equal, ok

VOID = {"meta", "link"}
ROW = """<record><row><source_ip>%s</source_ip><count>%d</count>
<policy_evaluated><disposition>none</disposition><dkim>%s</dkim>
<spf>fail</spf></policy_evaluated></row><identifiers><header_from>%s
</header_from></identifiers></record>"""
LONG = "a-very-long-name-" * 3 + ".example.org"


def report(day):
    rows = "".join(ROW % ("192.0.2.%d" % n, n * n + day,
                          "pass" if n % 3 else "fail",
                          LONG if n == 1 else "example.org")
                   for n in range(1, 40))
    rows += ROW % ("2001:db8:1111:2222:3333:4444:5555:6666", 77, "pass",
                   "example.org")
    begin = 1795824000 + 86400 * day
    return """<feedback><report_metadata><org_name>One &lt;b&gt; &amp; Co
</org_name><report_id>%d</report_id><date_range><begin>%d</begin><end>%d</end>
</date_range></report_metadata><policy_published><domain>example.org</domain>
</policy_published>%s</feedback>""" % (day, begin, begin + 86399, rows)


def make_page(count):
    folder = assaydaemon.work_folder()
    paths = []
    for day in range(count):
        paths.append(os.path.join(folder, "%d.xml" % day))
        with open(paths[-1], "w", encoding="utf-8") as f:
            f.write(report(day))
    program = assaydaemon.command()
    done = subprocess.run([program, "report", "read", "--html", "--no-names"]
                          + paths, capture_output=True, timeout=60,
                          check=True)
    page = os.path.join(folder, "page.html")
    with open(page, "wb") as f:
        f.write(done.stdout)
    return page, done.stdout.decode()


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


@tap.test
def markup():
    _, text = make_page(3)
    nesting = Nesting()
    nesting.feed(text)
    equal((nesting.bad, nesting.open), ([], []), "elements are closed")
    ok("script" not in nesting.names, "no script")
    ok("One &#60;b&#62; &#38; Co" in text, "foreign text is escaped")
    for word in ("src=", "http://", "https://", "@import", "url("):
        ok(word not in text, "nothing from elsewhere: " + word)


@tap.test
def no_reports():
    program = assaydaemon.command()
    done = subprocess.run([program, "report", "read", "--html", "--no-names",
                           "-"], input=b"<feedback><report_metadata>"
                          b"<report_id>1</report_id></report_metadata>"
                          b"</feedback>", capture_output=True, check=False)
    equal(done.returncode, 0, "a report without rows")
    nesting = Nesting()
    nesting.feed(done.stdout.decode())
    equal((nesting.bad, nesting.open), ([], []), "it is a page, too")


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
    ok(len(colours) > 50, name + ": it is not empty", len(colours))
    light = brightness(picture[2])
    ok(light < 90 if dark else light > 190,
       name + ": it is %s" % ("dark" if dark else "light"), light)


@tap.test
def in_a_browser():
    try:
        seen = browser.Browser()
    except debs.Unavailable as why:
        tap.skip("a headless browser", str(why))
        return
    for days in (1, 70):
        page, _ = make_page(days)
        for name, width, height in (("a screen", 1280, 800),
                                    ("a telephone", 360, 740)):
            for dark in (False, True):
                look(seen, page, "%d days, %s, %s" % (
                    days, name, "dark" if dark else "light"), width, height,
                     dark)
    seen.stop()


if __name__ == "__main__":
    tap.main(seconds=600)
