# SPDX-License-Identifier: BSD-2-Clause
#
# To be sourced: need PACKAGE... installs what is missing of Debian packages.
# Nothing happens, and nobody has to be root, when all of them are there.
# No service is started on the way.

build_packages="gcc libc6-dev make autoconf automake pkg-config libssl-dev
	libc-ares-dev libyaml-dev libidn2-dev libmilter-dev"

# What the tests want besides.
test_packages="python3 python3-yaml python3-dkim python3-nacl openssl postfix
	iproute2 mount mandoc golang-blitiri-go-spf-dev xz-utils"

need() {
	command -v dpkg-query >/dev/null 2>&1 || {
		echo "No Debian here: these are expected to be installed:" $* >&2
		return 0
	}
	missing=
	for package in $*; do
		case $(dpkg-query -W -f '${db:Status-Status}' "$package" \
		    2>/dev/null) in
		installed) ;;
		*)	missing="$missing $package" ;;
		esac
	done
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		echo "Missing packages.  As root: apt-get install$missing" >&2
		return 1
	fi
	echo "installing:$missing" >&2
	install_quietly $missing
}

# Debian asks /usr/sbin/policy-rc.d whether a new service may start.
install_quietly() {
	policy=/usr/sbin/policy-rc.d
	ours=no
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
		ours=yes
	fi
	log=$(mktemp)
	status=0
	{
		if command -v debconf-set-selections >/dev/null 2>&1; then
			echo "postfix postfix/main_mailer_type select" \
			    "No configuration" | debconf-set-selections
		fi
		apt-get update &&
		DEBIAN_FRONTEND=noninteractive apt-get install -y \
		    --no-install-recommends "$@"
	} >"$log" 2>&1 </dev/null || status=$?
	[ "$ours" = no ] || rm -f "$policy"
	[ "$status" -eq 0 ] || tail -n 20 "$log" >&2
	rm -f "$log"
	return "$status"
}

# A copy of the source tree without what was built in it, since a configured
# tree cannot be built from elsewhere: copy_source FROM TO
copy_source() {
	mkdir -p "$2"
	if [ -d "$1/.git" ] && command -v git >/dev/null 2>&1 &&
	    (cd "$1" && git ls-files >/dev/null 2>&1); then
		(cd "$1" && git ls-files -co --exclude-standard |
		    while IFS= read -r file; do
			[ ! -e "$file" ] || printf '%s\n' "$file"
		done | tar -cf - -T -) | (cd "$2" && tar -xf -)
	else
		(cd "$1" && tar -cf - --exclude=./.git --exclude='./build*' \
		    --exclude='*.o' --exclude='*.a' --exclude=./Makefile \
		    --exclude=./config.status --exclude='.deps' .) |
		    (cd "$2" && tar -xf -)
	fi
}
