# SPDX-License-Identifier: BSD-2-Clause
#
# To be sourced: the Test Anything Protocol for tests written in sh.

tap_count=0 tap_bad=0
tap_output=$(mktemp)
trap 'rm -f "$tap_output"' EXIT

# ok NAME COMMAND...: one test point; when it failed the end of its output is
# shown, and points of its own that failed before.
ok() {
	tap_name=$1
	shift
	tap_count=$((tap_count + 1))
	if "$@" >"$tap_output" 2>&1 </dev/null; then
		echo "ok $tap_count - $tap_name"
		return 0
	fi
	tap_bad=$((tap_bad + 1))
	echo "not ok $tap_count - $tap_name"
	{ head -n -40 "$tap_output" | grep -A 9 '^not ok'
	    tail -n 40 "$tap_output"; } | sed 's/^/# /'
	return 1
}

# skip NAME WHY
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# plan: the last call; fails when a point has failed.
plan() {
	echo "1..$tap_count"
	[ "$tap_bad" -eq 0 ]
}
