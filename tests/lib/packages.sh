# SPDX-License-Identifier: BSD-2-Clause
#
# To be sourced: need PACKAGE... installs what is missing of Debian packages.
# Nothing happens, and nobody has to be root, when all of them are there.
# No service is started on the way, no package is removed, and no mail server
# is installed, replaced or configured.

build_packages="gcc libc6-dev make autoconf automake pkg-config libssl-dev
	libc-ares-dev libyaml-dev libidn2-dev libmilter-dev libmicrohttpd-dev
	libseccomp-dev libcurl4-openssl-dev libxml2-dev zlib1g-dev libzip-dev
	libsqlite3-dev libpq-dev"

# What the tests want besides.
test_packages="python3 python3-yaml python3-dkim python3-authres
	libmail-dkim-perl python3-nacl
	python3-jsonschema openssl
	iproute2 mount mandoc golang-blitiri-go-spf-dev xz-utils
	libxml2-utils jq procps"

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
	apt_plan $missing || return 1
	echo "installing:$missing" >&2
	install_quietly $missing
}

# apt_harm: what a plan of "apt-get install -s" on standard input would do to
# packages that are there, or to the mail server: remove one, configure one
# that nobody has configured yet, bring in or replace a mail server.
apt_harm() {
	awk '$1 == "Remv" { print "remove " $2 }
	    $1 == "Inst" { new[$2] = 1 }
	    $1 == "Inst" &&
	    $2 ~ /^(postfix|exim4|sendmail|opensmtpd|courier-mta|dma)/ {
		print "install the mail server " $2 }
	    $1 == "Conf" && !new[$2] { print "configure " $2 }' | sort -u
}

# apt_plan PACKAGE...: fails, and says why, when installing these would do
# harm.  Nothing has been touched then but apt's lists.
apt_plan() {
	plan=$(LC_ALL=C apt-get install -s --no-install-recommends "$@" 2>&1) ||
	plan=$(apt-get update >/dev/null 2>&1
	    LC_ALL=C apt-get install -s --no-install-recommends "$@" 2>&1) || {
		echo "apt-get cannot install these packages: $*" >&2
		echo "$plan" | tail -n 10 >&2
		return 1
	}
	harm=$(echo "$plan" | apt_harm)
	[ -n "$harm" ] || return 0
	echo "Not done: to install these packages would touch others: $*" >&2
	echo "$harm" | sed 's/^/    /' >&2
	return 1
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
		apt-get update &&
		apt_plan "$@" &&
		DEBIAN_FRONTEND=noninteractive apt-get install -y \
		    --no-remove --no-install-recommends "$@"
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
	if [ -e "$1/.git" ] && command -v git >/dev/null 2>&1 &&
	    (cd "$1" && git ls-files >/dev/null 2>&1); then
		(cd "$1" && git ls-files -co --exclude-standard |
		    while IFS= read -r file; do
			[ ! -e "$file" ] || printf '%s\n' "$file"
		done | tar -cf - -T -) | (cd "$2" && tar -xf -)
	else
		(cd "$1" && tar -cf - --exclude=./.git --exclude=./build \
		    --exclude='./assay-[0-9]*' --exclude=./autom4te.cache \
		    --exclude='*.o' --exclude='*.a' --exclude=./Makefile \
		    --exclude=./config.status --exclude='.deps' .) |
		    (cd "$2" && tar -xf -)
	fi
}
