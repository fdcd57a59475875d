#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes ./configure from a clone.  A release archive has it already.

set -eu
cd "$(dirname "$0")"

missing=
for pair in autoreconf:autoconf automake:automake pkg-config:pkg-config; do
	command -v "${pair%%:*}" >/dev/null 2>&1 ||
	    missing="$missing ${pair#*:}"
done
if [ -n "$missing" ]; then
	echo "autogen.sh: not found, on Debian: apt-get install$missing" >&2
	exit 1
fi

mkdir -p m4 build-aux
exec autoreconf --install --force --warnings=all
