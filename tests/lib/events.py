# SPDX-License-Identifier: BSD-2-Clause
"""events: holds lines of JSON against etc/assay-events.schema.json.

assaydaemon has every line of every daemon checked; without jsonschema
nothing is.
"""

import json
import os

try:
    import jsonschema
except ImportError:
    jsonschema = None

SHOWN = 10      # problems told of one log


def schema():
    with open(os.path.join(os.environ.get("top_srcdir", "."),
                           "etc/assay-events.schema.json")) as f:
        return json.load(f)


class Checker:
    def __init__(self):
        self.validators = {
            name: jsonschema.Draft202012Validator(part)
            for name, part in schema()["$defs"].items()}

    def problem(self, line):
        """What is wrong with one line, or None."""
        try:
            value = json.loads(line)
        except ValueError as error:
            return str(error)
        validator = self.validators.get(value.get("event"))
        if validator is None:
            return "no such event"
        for error in validator.iter_errors(value):
            return "%s: %s" % (".".join(map(str, error.path)) or "the line",
                               error.message)
        return None

    def problems(self, log):
        """Of all lines of JSON; the last may be cut off by kill -9."""
        found = []
        lines = [line for line in log.split("\n")[:-1]
                 if line.startswith("{")]
        for line in lines:
            problem = self.problem(line)
            if problem and len(found) < SHOWN:
                found.append("%s\n  in %s" % (problem, line[:2000]))
        return len(lines), found


_checker = None


def check(log):
    """(number of lines, [problem])"""
    global _checker
    if jsonschema is None:
        return 0, []
    if _checker is None:
        _checker = Checker()
    return _checker.problems(log)
