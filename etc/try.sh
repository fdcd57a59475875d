#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Tries assay for real, and leaves nothing behind but installed packages, of
# which none is a mail server: where no Postfix is installed, one is unpacked
# in a temporary folder.
#
#     sh etc/try.sh [MESSAGE]
#
# Installs what is missing (Debian, as root), or stops when anything would be
# removed for it; builds, starts assay-milter and
# a Postfix on loopback, sends MESSAGE by SMTP as a client somewhere else
# would, and prints the header of what was delivered, its
# Authentication-Results last.
#
# Without MESSAGE a signed example is sent, and its keys come from a file.
# With MESSAGE the system's name servers are asked, and who sends it is made
# up unless told:
#
#     CLIENT=192.0.2.1 HELO=mail.example.com FROM=joe@example.com \
#         sh etc/try.sh MESSAGE

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/lib/packages.sh"

if [ $# -gt 1 ] || { [ $# -eq 1 ] && [ ! -r "$1" ]; }; then
	echo "usage: sh etc/try.sh [MESSAGE]" >&2
	exit 64
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "try.sh: Postfix has to be started by root" >&2
	exit 1
fi
message=
[ $# -eq 0 ] || message=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")

need $build_packages python3 python3-yaml || exit 1

work=$(mktemp -d "${TMPDIR:-/tmp}/assay-try-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
log=$work/log

echo "building ..." >&2
if ! (
	copy_source "$top" "$work/src"
	[ -x "$work/src/configure" ] || "$work/src/autogen.sh"
	mkdir "$work/build"
	cd "$work/build"
	"$work/src/configure" -q
	make -j"$(nproc 2>/dev/null || echo 2)" assay-milter
) >"$log" 2>&1 </dev/null; then
	tail -n 40 "$log" >&2
	exit 1
fi

python=/usr/bin/python3
[ -x "$python" ] || python=python3
top_srcdir=$top top_builddir=$work/build PYTHONPATH=$top/tests/lib \
    PYTHONDONTWRITEBYTECODE=1 "$python" "$top/tests/lib/tryout.py" \
    ${message:+"$message"}
