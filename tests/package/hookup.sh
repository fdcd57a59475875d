#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Makes a mail server of a chroot, as it is before assay comes, and carries out
# assay-hookup(7) there:
#
#     hookup.sh ROOT WORD...
#
# ROOT has the source in /assay/src, packages of Debian in /assay where the
# page wants them, systemd, python3, unbound, and Postfix or Sendmail.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/chroot.sh"
root=$1
shift

echo 'APT::Get::Assume-Yes "true";' >"$root/etc/apt/apt.conf.d/yes"
echo '127.0.0.1 mx.example.org mx localhost' >"$root/etc/hosts"
rm -f "$root/etc/resolv.conf"
echo 'nameserver 127.0.0.1' >"$root/etc/resolv.conf"
# The tests start it, with zones of theirs.
ln -sf /dev/null "$root/etc/systemd/system/unbound.service"
if [ -d "$root/etc/postfix" ]; then
	[ -e "$root/etc/postfix/main.cf" ] ||
		cp "$root/usr/share/postfix/main.cf.debian" \
		    "$root/etc/postfix/main.cf"
	chroot "$root" postconf -e myhostname=mx.example.org \
		'mydestination = $myhostname, example.org, localhost' \
		'mynetworks = 127.0.0.0/8' mailbox_command= alias_maps= \
		relayhost= inet_interfaces=127.0.0.1
else
	echo example.org >>"$root/etc/mail/local-host-names"
fi
chroot_boot "$root" /bin/sh -c "'cd /assay/src && \
	PYTHONPATH=tests/lib PYTHONDONTWRITEBYTECODE=1 \
	exec python3 tests/package/hookup.py $*'"
