#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Three readers of the program's code, for "make lint": clang-tidy with the
# checks that .clang-tidy names (clang's analyzer among them), cppcheck, and
# gcc's analyzer.  Each finding
# is an error; what is none is said so in its place, with the reason.
#
#     cd BUILD && sh tests/lint/run.sh SOURCE...
#
# It reads compile_commands.json in the current folder.  READERS="tidy" runs
# that one alone.

set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(pwd)
status=0
program=
for source in "$@"; do
	case $source in
	tests/*)	;;
	*.c)		program="$program $source" ;;
	esac
done
program=$(printf '%s\n' $program | sort -u)

lint_tidy() {
	# One process for each, two at a time.
	(cd "$top" && printf '%s\n' $program | xargs -P 2 -n 8 \
	    clang-tidy --quiet --warnings-as-errors='*' -p "$build" 2>&1) |
	    grep -Ev 'warnings? (generated|treated)' |
	    awk '{ print; found = 1 } END { exit found }'
}

lint_cppcheck() {
	# It has to see the macros of lists, but does not look for <...>.
	queue=$(echo '#include <sys/queue.h>' | ${CC:-cc} -E -M -x c - |
	    tr ' \\' '\n\n' | grep '/sys/queue\.h$')
	(cd "$top" && cppcheck --quiet --std=c11 --error-exitcode=1 \
	    --enable=warning,performance,portability --inline-suppr \
	    --suppressions-list=.cppcheck --include="$queue" -I. $program)
}

lint_analyzer() {
	"${PYTHON3:-python3}" "$top/tests/lint/analyzer.py" $program
}

for reader in ${READERS:-tidy cppcheck analyzer}; do
	echo "== $reader"
	"lint_$reader" || status=1
done
exit "$status"
