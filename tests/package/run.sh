#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Debian's packages in fresh chroots: built, looked at by lintian, installed,
# used by a real Postfix, upgraded, removed, purged.
#
#     sh tests/package/run.sh SOURCE FOLDER [SUITE...]
#
# SOURCE is a clean copy of the source, FOLDER a new one for the chroots.
# Prints TAP.

set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/chroot.sh"
. "$here/../lib/tap.sh"

source=$1 work=$2
shift 2
# What debian/control wants for a build, without versions.
build_depends() {
	sed -n '/^Build-Depends:/,/^[^ B]/p' "$source/debian/control" |
	    sed -n 's/^ \([a-z0-9.+-]*\).*/\1/p'
}

# The packages are built with a second, later version, for the upgrade.
build() {
	chroot_run "$root" sh -c '
		set -e
		cd /assay/src
		dpkg-buildpackage -b -us -uc
		mkdir ../new
		sed -i "1s/(\(.*\))/(\1+1)/" debian/changelog
		DEB_BUILD_OPTIONS=nocheck dpkg-buildpackage -b -us -uc
		mv ../assay-*+1_*.deb ../assay_*+1_*.changes ../new'
}

lint() {
	chroot_run "$root" sh -c '
		cd /assay &&
		lintian --allow-root --fail-on error,warning *.changes'
}

inside() {
	chroot_run "$clean" sh "/assay/tests/package/inside.sh" "$@"
}

# One Debian: a chroot to build in, and a clean one to install in.
suite() {
	suite=$1 root=$work/$1-build clean=$work/$1
	why=$(chroot_missing "$suite")
	if [ -n "$why" ]; then
		skip "$suite" "$why"
		return
	fi
	ok "$suite: a chroot to build in" chroot_make "$suite" "$root" \
	    build-essential lintian debhelper $(build_depends) || return
	mkdir "$root/assay"
	cp -a "$source" "$root/assay/src"
	ok "$suite: dpkg-buildpackage" build || return
	ok "$suite: lintian" lint
	rm -rf "$root/assay/src"
	ok "$suite: a clean chroot" chroot_make "$suite" "$clean" \
	    postfix python3 || return
	cp -a "$root/assay" "$clean/assay"
	mkdir "$clean/assay/tests"
	cp -a "$here" "$clean/assay/tests/package"
	for step in install files service mail upgrade remove purge; do
		ok "$suite: $step" inside "$step"
	done
	rm -rf "$root" "$clean"
}

mkdir -p "$work"
for name in ${*:-bookworm trixie}; do
	suite "$name" || :
done
plan
