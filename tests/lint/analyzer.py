# SPDX-License-Identifier: BSD-2-Clause
"""analyzer: gcc's analyzer over SOURCE..., as compile_commands.json has them.

It follows a value best without inlining.  What it says about values that are
not set is left to the compiler's own warnings and the sanitizers: gcc 12 does
not see the limits of a loop there.
"""

import json
import os
import subprocess
import sys

FLAGS = ["-O1", "-fno-inline", "-fanalyzer", "-Werror",
         "-Wno-analyzer-use-of-uninitialized-value", "-o", os.devnull]


def main(sources):
    with open("compile_commands.json", encoding="utf-8") as f:
        entries = json.load(f)
    status = 0
    for entry in entries:
        if any(entry["file"].endswith("/" + s) for s in sources):
            status |= subprocess.run(["gcc"] + entry["arguments"][1:] +
                                     FLAGS).returncode
    return 1 if status else 0


sys.exit(main(sys.argv[1:]))
