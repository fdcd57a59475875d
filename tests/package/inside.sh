#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The steps of run.sh inside of the clean chroot: inside.sh STEP

set -eu
here=$(dirname "$0")
conf=/etc/assay/assay.yaml
main_cf=/etc/postfix/main.cf

fail() {
	echo "$*" >&2
	exit 1
}

# What a package must not touch: main.cf and master.cf.
remember() {
	cat "$main_cf" /etc/postfix/master.cf | cksum
}

install_packages() {
	apt-get install -y --no-install-recommends "$1"/assay-milter_*.deb \
	    "$1"/assay-tools_*.deb
}

# A machine as postfix's package makes it for a host on the Internet.
postfix_configured() {
	cat >"$main_cf" <<-EOF
	compatibility_level = 3.6
	myhostname = mx.example.org
	mydestination = example.org
	mynetworks = 127.0.0.0/8
	inet_interfaces = loopback-only
	alias_maps =
	alias_database =
	smtpd_authorized_xclient_hosts = 127.0.0.0/8
	local_recipient_maps =
	local_transport = local
	home_mailbox =
	mailbox_command =
	luser_relay = root
	maillog_file = /var/log/postfix.log
	EOF
	[ -e /etc/postfix/master.cf ] ||
		cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
}

step_install() {
	postfix_configured
	before=$(remember)
	install_packages /assay
	[ "$(remember)" = "$before" ] || fail "Postfix's configuration changed"
	getent passwd assay >/dev/null || fail "no user"
	[ "$(stat -c '%U:%G %a' /etc/assay/keys)" = "root:assay 750" ] ||
		fail "keys: $(stat -c '%U:%G %a' /etc/assay/keys)"
	assay-milter -t -c "$conf"
	assay --help >/dev/null
}

# Every file of etc/ that a manual names is there.
step_files() {
	for file in policy-observe.yaml policy-strict.yaml postfix-main.cf \
	    postfix-header_checks postfix-milter_header_checks procmailrc \
	    spamassassin.cf sendmail.mc sieve/assay.sieve; do
		[ -s "/usr/share/doc/assay-milter/examples/$file" ] ||
		[ -s "/usr/share/doc/assay-milter/examples/$file.gz" ] ||
			fail "no $file"
	done
	dpkg-query -W -f '${Conffiles}\n' assay-milter |
		grep -q " $conf " || fail "$conf is no conffile"
	unit=$(dpkg -L assay-milter | grep '/assay-milter.service$') ||
		fail "no unit"
	[ -s "$unit" ]
	[ -s /etc/apparmor.d/usr.sbin.assay-milter ] || fail "no profile"
}

# Step by step what systemd does with the unit and its drop-in.
step_service() {
	python3 "$here/unit.py" check
}

step_mail() {
	printf '%s\n' 'smtpd_milters = unix:assay/milter.sock' \
	    'milter_default_action = accept' >>"$main_cf"
	python3 "$here/unit.py" mail
}

# An upgrade keeps what the administrator wrote, and asks nothing.
step_upgrade() {
	echo "# mine" >>"$conf"
	echo key >/etc/assay/keys/mine.pem
	before=$(remember)
	install_packages /assay/new
	tail -n 1 "$conf" | grep -q '^# mine$' || fail "$conf was replaced"
	[ "$(remember)" = "$before" ] || fail "Postfix's configuration changed"
	dpkg-query -W -f '${Version}\n' assay-milter | grep '+1$'
}

step_remove() {
	apt-get remove -y assay-milter assay-tools
	[ -e "$conf" ] || fail "remove took the configuration"
	[ ! -e /usr/sbin/assay-milter ] || fail "the program is still there"
}

step_purge() {
	apt-get purge -y assay-milter assay-tools
	[ ! -e "$conf" ] || fail "the configuration is still there"
	[ ! -e /var/spool/postfix/assay ] || fail "the socket's folder is there"
	[ -e /etc/assay/keys/mine.pem ] || fail "a private key is gone"
	[ -e "$main_cf" ] || fail "main.cf is gone"
}

"step_$1"
