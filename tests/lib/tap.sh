# SPDX-License-Identifier: BSD-2-Clause
#
# To be sourced: the Test Anything Protocol for tests written in sh.

tap_count=0 tap_bad=0 tap_beside=
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

# beside NAME COMMAND...: runs a function with points of its own at the same
# time; tap_join waits for it.
beside() {
	tap_lane=$(mktemp -d)
	(
		trap - EXIT
		tap_count=0 tap_bad=0 tap_beside=
		tap_output=$tap_lane/output
		shift
		"$@" >"$tap_lane/points"
		exit 0
	) &
	tap_beside="$tap_beside $!:$tap_lane:$1"
}

# tap_join: all of them have ended, and their points are printed as ours.
tap_join() {
	for tap_one in $tap_beside; do
		tap_ended=0
		wait "${tap_one%%:*}" || tap_ended=$?
		tap_one=${tap_one#*:}
		tap_points=${tap_one%:*}/points
		awk -v n="$tap_count" '/^(not )?ok [0-9]+ / {
			sub(/ok [0-9]+/, "ok " ++n) } 1' "$tap_points"
		tap_count=$((tap_count + $(grep -Ec '^(not )?ok ' "$tap_points")))
		tap_bad=$((tap_bad + $(grep -c '^not ok ' "$tap_points")))
		[ "$tap_ended" -eq 0 ] ||
			ok "${tap_one##*:} came to its end" false
		rm -rf "${tap_one%:*}"
	done
	tap_beside=
}

# plan: the last call; fails when a point has failed.
plan() {
	echo "1..$tap_count"
	[ "$tap_bad" -eq 0 ]
}
