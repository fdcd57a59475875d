# SPDX-License-Identifier: BSD-2-Clause
"""tap: the Test Anything Protocol for tests written in Python.

A test is a function under @tap.test; tap.main() runs all of them in their
order, turns an exception into a failure with its traceback, prints the plan
and ends the program.  A watchdog ends a test program that hangs, with the
stack of each thread: a hang is a failure, not a wait.
"""

import faulthandler
import sys
import time
import traceback

_tests = []
_count = 0
_failed = 0
_cleanups = []


def _line(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def note(text):
    for line in str(text).splitlines() or [""]:
        _line("# " + line)


def _clean(name):
    # "#" starts a directive, and a test's name is one printable line.
    text = str(name).replace("#", "(hash)")
    return "".join(c if " " <= c < "\x7f" else "?" for c in text)


def ok(good, name, *why):
    """One test point; `why` is printed when it failed."""
    global _count, _failed
    _count += 1
    if not good:
        _failed += 1
    _line("%sok %d - %s" % ("" if good else "not ", _count, _clean(name)))
    if not good:
        for item in why:
            note(item)
    return bool(good)


def equal(got, want, name, *why):
    return ok(got == want, name, " got: %r" % (got,), "want: %r" % (want,),
              *why)


def skip(name, why):
    global _count
    _count += 1
    _line("ok %d - %s # SKIP %s" % (_count, _clean(name), _clean(why)))


def skip_all(why):
    _line("1..0 # SKIP " + _clean(why))
    sys.exit(0)


def test(function):
    _tests.append(function)
    return function


def cleanup(function):
    """Calls `function` when the test program ends, last one first."""
    _cleanups.append(function)


def clean_up():
    while _cleanups:
        _guarded(_cleanups.pop(), "cleanup")


def _guarded(function, name):
    try:
        function()
    except Exception:
        ok(False, name + ": ended by an exception", traceback.format_exc())


def within_a_day(seconds=120):
    """For what is counted by days (UTC): goes on when this one lasts."""
    left = 86400 - time.time() % 86400
    if left < seconds:
        note("a new day begins in %d s" % left)
        time.sleep(left + 1)


def main(seconds=900, by_days=False):
    """`by_days`: each test is to begin and end on the same day."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    only = sys.argv[1:]
    for function in _tests:
        if only and function.__name__ not in only:
            continue
        if by_days:
            within_a_day()
        _guarded(function, function.__name__)
    clean_up()
    faulthandler.cancel_dump_traceback_later()
    _line("1..%d" % _count)
    sys.exit(1 if _failed else 0)
