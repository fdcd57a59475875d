# SPDX-License-Identifier: BSD-2-Clause
"""compdb: writes compile_commands.json, for editors and for "make lint".

    compdb.py OUTPUT BUILDDIR SRCDIR COMPILER FLAG... -- SOURCE...
"""

import json
import os
import sys


def main(output, builddir, srcdir, *rest):
    at = rest.index("--")
    # A cache in front of the compiler is nothing that a tool knows.
    command = [word for word in rest[:at]
               if os.path.basename(word) not in ("ccache", "distcc")]
    # Other people's headers are not what is looked at.
    command = ["-isystem" + word[2:] if word.startswith("-I/usr/") else word
               for word in command]
    entries = []
    for source in sorted({s for s in rest[at + 1:] if s.endswith(".c")}):
        path = os.path.join(srcdir, source)
        entries.append({
            "directory": builddir, "file": path,
            "arguments": command + ["-c", "-o", source[:-2] + ".o", path]})
    with open(output, "w", encoding="utf-8") as f:
        json.dump(entries, f, indent=1)
        f.write("\n")


main(*sys.argv[1:])
