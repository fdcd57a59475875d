#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds the fuzz targets for clang's libFuzzer, under the address and the
# undefined sanitizer, and runs each for its share of the time, as many at a
# time as there are processors:
#
#     sh tests/fuzz/run.sh SECONDS [TARGET...]
#
# A target is named as its corpus, for instance "address".  What made one fail
# is kept, with its log, in the folder that the last lines name; to see it
# again: FOLDER/build/tests/fuzz/fuzz_TARGET FILE.  Once mended it belongs into
# tests/fuzz/corpus/TARGET.  A target that does not end by itself is ended a
# minute after its share, and has failed.
#
#     FUZZ_SEED=NUMBER  begins with this, so that a run can be had again
#     FUZZ_WORK=FOLDER  builds and keeps what it finds there, for the next run

set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/lib/packages.sh"

case ${1:-} in
''|*[!0-9]*)
	echo "usage: sh tests/fuzz/run.sh SECONDS [TARGET...]" >&2
	exit 64 ;;
esac
seconds=$1
shift
need $build_packages clang libclang-rt-dev || exit 1

kept=${FUZZ_WORK:-}
work=${kept:-$(mktemp -d "${TMPDIR:-/tmp}/assay-fuzz-XXXXXX")} || exit 1
jobs=$(nproc 2>/dev/null || echo 1)
mkdir -p "$work/src" "$work/build" "$work/corpus" "$work/found" "$work/log"
export top work

build() {
	copy_source "$top" "$work/src" &&
	cd "$work/build" &&
	{ [ -f Makefile ] || { "$work/src/autogen.sh" &&
	    "$work/src/configure" -q CC="${CC:-clang}" --enable-fuzzing \
	    CFLAGS="-O1 -g"; }; } &&
	make -j"$jobs" fuzzers
}

(build) >"$work/log/build" 2>&1 || {
	tail -n 40 "$work/log/build"
	echo "the fuzz targets were not built: $work/log/build" >&2
	exit 1
}
all=$(make -s -C "$work/build" print-fuzzers | tr ' ' '\n' |
    sed -n 's|^tests/fuzz/fuzz_||p')
targets=${*:-$all}
for target in $targets; do
	echo "$all" | grep -qx "$target" && continue
	echo "no such target: $target; there are:" $all >&2
	exit 64
done
count=$(echo $targets | wc -w)
share=$((seconds * jobs / count))
[ "$share" -gt 0 ] || share=1
export share

# Each target in a shell of its own; its log ends with "# PASS: 1" or
# "# FAIL: 1".
echo $targets | tr ' ' '\n' | xargs -P "$jobs" -I TARGET sh -c '
	target=$1 log=$work/log/$1 dict=$top/tests/fuzz/$1.dict
	mkdir -p "$work/corpus/$target"
	shift
	[ ! -f "$dict" ] || set -- -dict="$dict"
	if timeout -k 10 "$((share + 60))" \
	    "$work/build/tests/fuzz/fuzz_$target" -fuzz "$@" \
	    ${FUZZ_SEED:+-seed="$FUZZ_SEED"} -max_total_time="$share" -timeout=10 -rss_limit_mb=2048 \
	    -artifact_prefix="$work/found/$target-" -print_final_stats=1 \
	    "$work/corpus/$target" "$top/tests/fuzz/corpus/$target" \
	    >"$log" 2>&1; then
		echo "# PASS: 1" >>"$log"
	else
		echo "# FAIL: 1" >>"$log"
	fi' sh TARGET

status=0
for target in $targets; do
	log=$work/log/$target
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	if tail -n 1 "$log" | grep -q PASS; then
		echo "ok $target: ${runs:-0} runs in $share s"
	else
		status=1
		tail -n 40 "$log" | grep -v '^stat::'
		echo "not ok $target: see $log"
		ls "$work/found/$target-"* 2>/dev/null
	fi
done
cat /dev/null $(for target in $targets; do echo "$work/log/$target"; done) |
    awk '/^# PASS:/ { p++ } /^# FAIL:/ { f++ }
	END { printf "# PASS: %d\n# FAIL: %d\n", p, f }'
if [ "$status" -eq 0 ] && [ -z "$kept" ]; then
	rm -rf "$work"
else
	echo "builds, logs and what was found are in $work"
fi
exit "$status"
