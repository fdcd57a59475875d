#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Debian's packages in fresh chroots: built, looked at by lintian, installed,
# used by a real Postfix, upgraded, removed, purged; and assay-hookup(7), with
# these packages and without, on machines with systemd (hookup.sh).
#
#     sh tests/package/run.sh SOURCE FOLDER [SUITE...]
#
# SOURCE is a clean copy of the source, FOLDER a new one for the chroots.
# Prints TAP.

set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/chroot.sh"
. "$here/../lib/packages.sh"
. "$here/../lib/tap.sh"

source=$1 work=$2
shift 2
# The packages are built as assay-hookup(7) says, and made again from what was
# built, with a later version, for the upgrade.
build() {
	commands=$(top_srcdir=$source PYTHONPATH=$here/../lib \
	    PYTHONDONTWRITEBYTECODE=1 \
	    python3 "$here/../lib/manual.py" doc/assay-hookup.7 build)
	[ -n "$commands" ] || return 1
	echo 'APT::Get::Assume-Yes "true";' >"$root/etc/apt/apt.conf.d/yes"
	chroot_run "$root" sh -c '
		set -e
		cd /assay/src
		eval "$1"
		mkdir ../new
		sed -i "1s/(\(.*\))/(\1+1)/" debian/changelog
		rm debian/*.debhelper.log
		DEB_BUILD_OPTIONS=nocheck dpkg-buildpackage -nc -b -us -uc
		mv ../assay-*+1_*.deb ../assay_*+1_*.changes ../new' sh "$commands"
}

lint() {
	chroot_run "$root" sh -c '
		cd /assay &&
		lintian --allow-root --fail-on error,warning *.changes'
}

inside() {
	chroot_run "$clean" sh "/assay/tests/package/inside.sh" "$@"
}

# hookup FOLDER WORD...: what assay-hookup(7) says, on a machine of its own;
# each display and each look at the result is a line.
hookup() {
	why=$(chroot_no_boot)
	folder=$1
	shift
	if [ -n "$why" ]; then
		skip "$suite: hook-up, $*" "$why"
		return
	fi
	rm -rf "$folder/assay/src"
	cp -a "$source" "$folder/assay/src"
	ok "$suite: hook-up, $*" sh "$here/hookup.sh" "$folder" "$@"
}

# fetch FOLDER: what installing our packages needs, while there is a network.
fetch() {
	echo 'APT::Get::Assume-Yes "true";' >"$1/etc/apt/apt.conf.d/yes"
	chroot_run "$1" sh -c 'apt-get install -d /assay/assay-*_*.deb'
}

# copy FROM TO PACKAGE...: the same chroot with these as well.
copy() {
	cp -a "$1" "$2"
	copied=$2
	shift 2
	chroot_run "$copied" apt-get install -y --no-install-recommends "$@"
}

# The machines that the packages are installed on: a clean one, and those of
# assay-hookup(7) with what the page takes to be there.
machines() {
	ok "$suite: a clean chroot" chroot_make "$suite" "$machine" \
	    python3 systemd iproute2 &&
	ok "$suite: with postfix" copy "$machine" "$clean" postfix &&
	ok "$suite: for the hook-up of postfix" copy "$clean" \
	    "$machine-postfix" $machine_packages &&
	ok "$suite: for the hook-up of sendmail" copy "$machine" \
	    "$machine-sendmail" sendmail $machine_packages
}

# The page with packages.
hookups() {
	for mta in postfix sendmail; do
		mkdir "$machine-$mta/assay"
		cp -a "$root"/assay/*.deb "$machine-$mta/assay"
		ok "$suite: what the packages need" fetch "$machine-$mta" &&
		hookup "$machine-$mta" packages "$mta"
		rm -rf "$machine-$mta"
	done
}

# The page without packages, on the machine where they were built.
hookup_source() {
	ok "$suite: lintian" lint
	ok "$suite: Postfix where we build" chroot_run "$root" apt-get install \
	    --no-install-recommends postfix $machine_packages $build_packages &&
	hookup "$root" source postfix
}

machine_packages="systemd python3 python3-yaml python3-dkim iproute2 openssl
	unbound ca-certificates"

# Reload, watchdog and restarts with the socket, under a real systemd.
units() {
	why=$(chroot_no_boot)
	if [ -n "$why" ]; then
		skip "$suite: units" "$why"
		return
	fi
	ok "$suite: units" chroot_boot "$clean" /bin/sh \
	    /assay/tests/package/systemd.sh
}

# Installed, used, upgraded, removed.
installed() {
	mkdir "$clean/assay/tests"
	cp -a "$here" "$here/../lib" "$clean/assay/tests"
	for step in install files service mail; do
		ok "$suite: $step" inside "$step"
	done
	units
	for step in upgrade remove purge; do
		ok "$suite: $step" inside "$step"
	done
}

# One Debian: a chroot to build in, and others to install in.
suite() {
	suite=$1 root=$work/$1-build clean=$work/$1 machine=$work/$1-machine
	why=$(chroot_missing "$suite")
	if [ -n "$why" ]; then
		skip "$suite" "$why"
		return
	fi
	beside machines machines
	built=false
	ok "$suite: a chroot to build in" chroot_make "$suite" "$root" \
	    lintian &&
	mkdir "$root/assay" &&
	cp -a "$source" "$root/assay/src" &&
	ok "$suite: dpkg-buildpackage" build && built=true
	tap_join
	if "$built"; then
		mkdir "$clean/assay"
		cp -a "$root"/assay/*.deb "$root/assay/new" "$clean/assay"
		beside hookups hookups
		beside source hookup_source
		installed
		tap_join
	fi
	rm -rf "$root" "$clean" "$machine"*
}

mkdir -p "$work"
for name in ${*:-bookworm trixie}; do
	suite "$name" || :
done
plan
