# SPDX-License-Identifier: BSD-2-Clause
"""The HTML page of assay report read, in a real browser: light and dark, on
a screen and on a telephone; nothing is fetched and the console is empty.
"""

import os
import subprocess

import assaydaemon
import pages
import tap
from pages import Nesting
from tap import equal, ok

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


@tap.test
def in_a_browser():
    pages.in_a_browser({"%d days" % days: make_page(days)[0]
                        for days in (1, 70)})


if __name__ == "__main__":
    tap.main()
