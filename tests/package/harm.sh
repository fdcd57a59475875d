#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# etc/try.sh and the installing part of tests/run.sh on machines that have
# another mail server, or one that nobody has configured: nothing of it is
# touched.
#
#     sh tests/package/harm.sh SOURCE FOLDER
#
# SOURCE is a clean copy of the source, FOLDER a new one for the chroots.
# Prints TAP.

set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/packages.sh"
. "$here/../lib/chroot.sh"
. "$here/../lib/tap.sh"

source=$1 work=$2
base=$work/base root=$work/machine

# The state of each package, and what there is of configuration.
state() {
	chroot_run "$root" sh -c '
		dpkg-query -W -f "\${Package} \${Version} \${db:Status-Status}\n" |
		    grep -E "^(postfix|exim4|sendmail|libmail|bsd-mailx)"
		find /etc/postfix /etc/exim4 /etc/mail -type f \
		    -exec cksum {} + 2>/dev/null
		ls -l /usr/sbin/sendmail' | sort
}

try() {
	chroot_run "$root" sh /assay/etc/try.sh >"$work/tried" 2>&1 ||
		{ cat "$work/tried"; return 1; }
	cat "$work/tried"
	grep -q '^Authentication-Results: mx.example.org' "$work/tried"
}

unchanged() {
	state >"$work/after"
	diff "$work/before" "$work/after"
}

# machine NAME COMMAND: one with that mail server, brought in by COMMAND.
machine() {
	rm -rf "$root"
	cp -a "$base" "$root"
	ok "$1: is there" chroot_run "$root" sh -c "$2" || return
	state >"$work/before"
	ok "$1: something of it is to be seen" test -s "$work/before"
	ok "$1: try.sh delivers" try
	ok "$1: nothing of it was touched" unchanged
}

# What would have to be done over an unconfigured package is refused.
refused() {
	rm -rf "$root"
	cp -a "$base" "$root"
	chroot_run "$root" sh -c '
		cd /tmp && apt-get download exim4-config && dpkg --unpack ./exim4*.deb
		. /assay/tests/lib/packages.sh
		if need bsdextrautils hello; then
			echo "it was installed"
			exit 1
		fi'
	dpkg-query --admindir="$root/var/lib/dpkg" -W \
	    -f '${db:Status-Status}\n' exim4-config | grep -qx unpacked
}

mkdir -p "$work"
why=$(chroot_missing bookworm)
if [ -n "$why" ]; then
	skip "other mail servers" "$why"
	plan
	exit 0
fi
ok "a chroot" chroot_make bookworm "$base" $build_packages python3 \
    python3-yaml mount iproute2 || { plan; exit 1; }
cp -a "$source" "$base/assay"
install='apt-get install -y --no-install-recommends'
machine Sendmail "$install sendmail-bin"
machine Exim "$install exim4-daemon-light"
machine "unconfigured Postfix" 'cd /tmp &&
	apt-get install -y $(apt-get install -s --no-install-recommends postfix |
	    awk "\$1 == \"Inst\" && \$2 != \"postfix\" { print \$2 }") &&
	apt-get download postfix && dpkg --unpack ./postfix_*.deb'
ok "an unconfigured package stays so, and installing stops" refused
rm -rf "$base" "$root"
plan
