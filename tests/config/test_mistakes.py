# SPDX-License-Identifier: BSD-2-Clause
"""What assay-milter -t says of the mistakes that people make.

Each tests/data/config/mistakes/NAME.yaml has beside it NAME.expected, all
that is printed.  WRITE_EXPECTED=1 writes them: look at each then.
"""

import glob
import os
import re
import subprocess

import assaydaemon
import tap

FOLDER = os.path.join(assaydaemon.top_srcdir(), "tests/data/config/mistakes")
# What depends on who runs the test.
PASSED_OVER = "keeps running as root"
# All the keys of the configuration: there will be more.
LONG_LIST = re.compile(r"(allowed: |known are )(?:[a-z0-9-]+, ){9,}[a-z0-9-]+")


def said(name):
    done = subprocess.run(
        [os.path.abspath(assaydaemon.binary()), "-t", "-c", name],
        cwd=FOLDER, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=120, check=False)
    lines = done.stdout.decode("utf-8").splitlines(True)
    return "status %d\n%s" % (done.returncode, "".join(
        LONG_LIST.sub(r"\1...", line) for line in lines
        if PASSED_OVER not in line))


@tap.test
def mistakes():
    paths = sorted(glob.glob(os.path.join(FOLDER, "*.yaml")))
    tap.ok(len(paths) > 60, "mistakes to look at: %d" % len(paths))
    for path in paths:
        name = os.path.basename(path)
        expected = path[:-len(".yaml")] + ".expected"
        got = said(name)
        if os.environ.get("WRITE_EXPECTED"):
            with open(expected, "w", encoding="utf-8") as f:
                f.write(got)
        with open(expected, encoding="utf-8") as f:
            tap.equal(got.splitlines(), f.read().splitlines(), name)


tap.main()
