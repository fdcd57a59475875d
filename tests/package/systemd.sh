#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The unit and its socket under a real systemd, with the package installed.

set -eu
here=$(dirname "$0")
conf=/etc/assay/assay.yaml
unit=assay-milter.service

fail() {
	echo "$*" >&2
	journalctl --no-pager -n 20 -u "$unit" -u assay-milter.socket >&2
	exit 1
}

# until_true COMMAND...: within half a minute.
until_true() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt 150 ] || return 1
		sleep 0.2
	done
}

logged() {
	journalctl --no-pager -u "$unit" | grep -q "$1"
}

main_pid() {
	systemctl show -P MainPID "$unit"
}

step_runs() {
	until_true systemctl is-active "$unit" || fail "it does not run"
	systemd-analyze security --no-pager --threshold=11 "$unit" | tail -n 1
}

# It says whether the new configuration is used.
step_reload() {
	cp "$conf" "$conf.good"
	systemctl reload "$unit" || fail "a good configuration was refused"
	until_true logged "reloaded $conf" || fail "it was not reloaded"
	echo "polizy: []" >>"$conf"
	! systemctl reload "$unit" || fail "a wrong one was taken"
	cp "$conf.good" "$conf"
	systemctl is-active "$unit" || fail "it has ended"
	systemctl reload "$unit" || fail "a good one was refused after it"
}

# Where systemd has it, reload waits for the daemon.
step_waits() {
	version=$(systemctl --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')
	type=$(systemctl show -P Type "$unit")
	echo "systemd $version: $type"
	[ "$version" -lt 253 ] || [ "$type" = notify-reload ]
}

# A daemon that hangs is started again.
step_watchdog() {
	mkdir -p "/run/systemd/system/$unit.d"
	printf '[Service]\nWatchdogSec=3s\n' \
	    >"/run/systemd/system/$unit.d/short.conf"
	systemctl daemon-reload
	systemctl restart "$unit"
	before=$(main_pid)
	kill -STOP "$before"
	until_true sh -c "
		now=\$(systemctl show -P MainPID $unit)
		[ \"\$now\" != $before ] && [ \"\$now\" != 0 ] &&
		    systemctl is-active $unit" || fail "nobody saw it hang"
	rm "/run/systemd/system/$unit.d/short.conf"
	systemctl daemon-reload
	systemctl reset-failed "$unit"
}

# With the socket of systemd no message is refused or unchecked at a restart.
step_socket() {
	cat >/etc/assay/zone.yaml <<-EOF
	zonedata:
	  example.net: [{TXT: "v=spf1 ip4:192.0.2.1 -all"}]
	EOF
	printf '%s\n' 'resolver: {zone: zone.yaml}' \
	    'authserv-id: mx.example.org' >>"$conf"
	systemctl stop "$unit"
	systemctl enable --now assay-milter.socket ||
		fail "the socket does not listen"
	systemctl start "$unit"
	python3 "$here/restarts.py" /var/spool/postfix/assay/milter.sock \
	    systemctl restart "$unit" || fail "at a restart"
	systemctl disable --now assay-milter.socket "$unit"
	cp "$conf.good" "$conf"
	systemctl enable --now "$unit" || fail "without the socket"
}

for step in runs reload waits watchdog socket; do
	echo "== $step"
	"step_$step"
done
