#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Installs what is missing (Debian, as root), builds, and runs every test:
#
#   gcc         the archive (make distcheck) builds without a warning, passes
#               all tests, installs, and leaves nothing behind
#   clang       all tests under address, leak and undefined sanitizers
#   thread      the resolver and the daemon under the thread sanitizer
#   soak        two minutes of load while everything around the daemon fails
#   fuzz        each fuzz target for its share of a minute; longer by hand
#               with tests/fuzz/run.sh
#   trixie      all tests on Debian 13, in a chroot made for it; skipped where
#               there is no mirror of Debian
#   package     Debian's packages on Debian 12: built, installed, used,
#               upgraded, removed, purged; skipped where there is no mirror
#   packages    the same on Debian 13 as well, no harm to other mail servers,
#               and the image of the Containerfile.  It takes long, and runs
#               when it is named
#
#     sh tests/run.sh [STAGE...]
#
# The last line is "N passed, N failed, N skipped" over all stages; status 1
# when anything failed.  Builds are in a temporary folder, which is kept when
# something failed, for its logs.  KEEP=1 keeps it always.

set -u
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/lib/packages.sh"
. "$top/tests/lib/chroot.sh"

need $build_packages $test_packages clang libclang-rt-dev git mmdebstrap ||
	exit 1

work=$(mktemp -d "${TMPDIR:-/tmp}/assay-run-XXXXXX") || exit 1
# A daemon that has dropped its privileges reads its symbols for a sanitizer.
chmod 755 "$work"
jobs=$(nproc 2>/dev/null || echo 2)
# Tests wait more than they compute.
checks=$((2 * jobs))
passed=0 failed=0 skipped=0

say() {
	printf '== %s\n' "$*"
}

# The tests' logs, as far as they failed: the failures with their notes, and
# how the log ends.
show_failures() {
	find "$1" -name '*.trs' -exec grep -l '^:test-result: \(FAIL\|ERROR\)' \
	    {} + 2>/dev/null | while IFS= read -r trs; do
		log=${trs%.trs}.log
		echo "-- $log"
		awk '/^(ok|PASS:|SKIP:) / { on = 0 }
		    /^(not ok|Bail out)/ { on = 1 }
		    /^ERROR:/ || (on && !/^FAIL:/)' "$log" | head -n 60
		grep -q '^not ok' "$log" || tail -n 30 "$log"
	done
}

# Adds the numbers of automake's summary in a log, or of the TAP of a script.
count() {
	number() {
		awk -v key="# $1:" 'index($0, key) == 1 { n += $3 }
		    END { print n + 0 }' "$2"
	}
	passed=$((passed + $(number PASS "$1")))
	skipped=$((skipped + $(number SKIP "$1")))
	bad=$(($(number FAIL "$1") + $(number ERROR "$1") + \
	    $(number XPASS "$1")))
	failed=$((failed + bad))
}

# stage NAME FOLDER COMMAND...: a stage that ends badly without a failed test
# is a failure by itself.  One that cannot be run calls skip_stage.
stage() {
	name=$1 folder=$2 log=$work/$1.log
	shift 2
	begin=$(date +%s)
	say "$name"
	mkdir -p "$folder"
	bad=0
	if (cd "$folder" && "$@") >"$log" 2>&1 </dev/null; then
		count "$log"
	else
		count "$log"
		[ "$bad" -gt 0 ] || failed=$((failed + 1))
		bad=1
	fi
	if [ "$bad" -gt 0 ]; then
		tail -n 40 "$log"
		show_failures "$folder"
	fi
	grep '^SKIPPED: ' "$log"
	grep -E '^# (TOTAL|PASS|SKIP|FAIL|ERROR):' "$log" | tr '\n' ' '
	echo "($(($(date +%s) - begin)) s)"
}

# skip_stage REASON: counts as one skipped test.
skip_stage() {
	printf 'SKIPPED: %s\n# SKIP: 1\n' "$1"
}

# build OPTIONS...: configures and builds all, tests included.
build() {
	"$work/src/configure" -q --enable-werror "$@" &&
	make -j"$jobs" all
}

stage_gcc() {
	# The test that looks at the tree itself is to see the real one.
	options="--enable-werror CC=gcc"
	"$work/src/configure" -q $options &&
	assay_lint_top=$top make -j"$checks" distcheck \
	    DISTCHECK_CONFIGURE_FLAGS="$options"
}

stage_clang() {
	build CC=clang --enable-sanitizers=address,undefined \
	    CFLAGS="-O1 -g" &&
	ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 \
	UBSAN_OPTIONS=print_stacktrace=1 TLSPOL_DOMAINS=200000 \
	    make -j"$checks" check
}

# On kernels that scatter mappings more widely than the thread sanitizer
# knows, it runs only with that switched off.
fixed_mappings="setarch $(uname -m) -R"
$fixed_mappings true 2>/dev/null || fixed_mappings=

stage_thread() {
	build CC=clang --enable-sanitizers=thread CFLAGS="-O1 -g" &&
	tests=$(make -s print-tests | tr ' ' '\n' |
	    grep -E '^tests/(resolver|milter)/' | tr '\n' ' ') &&
	$fixed_mappings make -j"$checks" check TESTS="$tests"
}

# What it finds is kept below the stage's folder, with its log.
stage_fuzz() {
	FUZZ_SEED=1 FUZZ_WORK=$PWD sh "$work/src/tests/fuzz/run.sh" 60
}

# The library versions of Debian 13 are not those of Debian 12: OpenSSL, c-ares,
# libmilter, the compiler and both mail servers.
stage_trixie() {
	why=$(chroot_missing trixie)
	if [ -n "$why" ]; then
		skip_stage "$why"
		return
	fi
	chroot_make trixie "$PWD/root" $build_packages $test_packages &&
	copy_source "$work/src" "$PWD/root/assay/src" &&
	chroot_run "$PWD/root" sh -c '
		cd /assay/src && ./autogen.sh &&
		mkdir ../build && cd ../build &&
		../src/configure -q --enable-werror &&
		make -j"$1" all && make -j"$2" check' sh "$jobs" "$checks"
}

# tap COMMAND...: runs a script that prints TAP, and sums it up as automake
# does.
tap() {
	"$@" >tap.log
	ended=$?
	cat tap.log
	awk '/^ok .*# SKIP/ { skip++; print "SKIPPED: " $0; next }
	    /^ok / { pass++ } /^not ok / { fail++ } /^1\.\./ { plan++ }
	    END { printf "# PASS: %d\n# SKIP: %d\n# FAIL: %d\n# ERROR: %d\n",
		pass, skip, fail, !plan }' tap.log
	return "$ended"
}

stage_soak() {
	"$work/src/configure" -q CC=gcc && make -j"$jobs" assay-milter &&
	ASSAY_MILTER=$PWD/assay-milter tap sh "$work/src/tests/soak/run.sh" 2
}

stage_package() {
	tap sh "$top/tests/package/run.sh" "$work/src" "$PWD/package" bookworm
}

stage_packages() {
	status=0
	tap sh "$top/tests/package/harm.sh" "$work/src" "$PWD/harm" || status=1
	tap sh "$top/tests/package/run.sh" "$work/src" "$PWD/package" ||
		status=1
	tap sh "$top/tests/package/image.sh" "$work/src" "$PWD/image" ||
		status=1
	return "$status"
}

say "copying the source, making configure"
copy_source "$top" "$work/src"
if ! "$work/src/autogen.sh" >"$work/autogen.log" 2>&1; then
	cat "$work/autogen.log"
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
fi

for name in ${*:-gcc clang thread soak fuzz trixie package}; do
	case $name in
	gcc|clang|thread|soak|fuzz|trixie|package|packages)
		stage "$name" "$work/build-$name" "stage_$name" ;;
	*)
		echo "no such stage: $name" >&2
		failed=$((failed + 1)) ;;
	esac
done

if [ "$failed" -eq 0 ] && [ -z "${KEEP:-}" ]; then
	chmod -R u+w "$work" && rm -rf "$work"
else
	echo "logs and builds are in $work"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
