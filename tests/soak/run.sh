#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Endurance: a daemon under load while all around it fails.
#
#	sh tests/soak/run.sh MINUTES
#
# ASSAY_MILTER names the program; the default is the one in the present folder.
# CONNECTIONS are kept at one time (1000, or as many as the hard limit of
# descriptors lets both ends open).  Output is TAP.
#
# 1. mtas.c sends messages over all connections, and gives up one of ten at any
#    step of the milter protocol.
# 2. Meanwhile the name server, whose records live for two seconds, is well,
#    drops 3 of 10 answers, is late, sends garbage, truncates, is killed and
#    comes back; the daemon gets SIGHUP each second; and now and then it has no
#    descriptor left.
# 3. Memory, descriptors and threads are read when all connections are
#    closed: after a warm-up, in the middle and at the end.
# 4. SIGTERM comes under load.
#
# All the time no connection may be lost (but to SIGTERM), no answer take a
# minute, no message be accepted without its field; and what the clients saw
# accepted is what the log says was, but for lines that it says it has lost.

set -u
minutes=${1:?usage: run.sh MINUTES}
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$top/tests/lib/tap.sh"

ASSAY_MILTER=${ASSAY_MILTER:-./assay-milter}
CC=${CC:-gcc}
CFLAGS="-std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -pthread"
CONNECTIONS=${CONNECTIONS:-1000}
MESSAGES=2000
TTL=2
DELAY=5
PAUSE=1500		# ms at most between two messages of a connection
WARM_UP=15		# s
STOP_SECONDS=31		# as the manual promises
# kB, from the middle on.  The heap's holes took 10 MB in the first 300,000
# messages, nothing in the 350,000 after them; and a loaded machine has more
# messages in hand at a time, which shows by the middle.
GROWTH=24576
SPARE=200		# descriptors besides those of connections

tmp=$(mktemp -d "${TMPDIR:-/tmp}/assay-soak.XXXXXX")
pids=

finish() {
	status=$?
	trap - EXIT HUP INT PIPE TERM
	for pid in $pids; do
		kill -KILL "$pid" 2>/dev/null
	done
	rm -rf "$tmp" "$tap_output"
	exit "$status"
}
trap finish EXIT
trap 'exit 1' HUP INT PIPE TERM

bail() {
	echo "Bail out! $*"
	exit 1
}

note() {
	echo "# $*"
}

# wait_for SECONDS COMMAND...
wait_for() {
	tries=$(($1 * 20))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

# ---- what is started ----

build() {
	(
		cd "$top/tests/bench" &&
		$CC $CFLAGS -o "$tmp/make_messages" make_messages.c signed.c \
		    -lcrypto &&
		$CC $CFLAGS -o "$tmp/dns_responder" dns_responder.c &&
		$CC $CFLAGS -o "$tmp/mtas" ../soak/mtas.c mta.c
	) || bail "the programs cannot be built"
	"$tmp/make_messages" "$tmp" "$MESSAGES" || bail "no messages"
}

start_dns() {
	: >"$tmp/dns.log"
	"$tmp/dns_responder" -m -t "$TTL" -p "$port" "$DELAY" "$tmp/zone" \
	    <"$tmp/modes" >"$tmp/dns.log" &
	dns=$!
	pids="$pids $dns"
	# The reading end is there once it is opened for writing.
	exec 3>"$tmp/modes"
	wait_for 60 grep -q '^port' "$tmp/dns.log" || bail "no name server"
}

stop_dns() {
	exec 3>&-
	kill -KILL "$dns"
	wait "$dns" 2>/dev/null
}

with_python() {
	PYTHONPATH=$top/tests/lib python3 "$@"
}

# While the name server is away no question may be sent from its port.
choose_port() {
	port=$(with_python -c 'import assaydaemon
print(assaydaemon.free_port())') || bail "no port"
}

accepts() {
	with_python -c 'import milterclient, sys
milterclient.connect_socket(sys.argv[1], 5)' "local:$tmp/m.sock" 2>/dev/null
}

start_assay() {
	cat >"$tmp/assay.yaml" <<-END
	socket: local:$tmp/m.sock
	authserv-id: mx.example.org
	trusted-networks: [127.0.0.0/8]
	log: {target: stderr, level: info, format: json}
	resolver:
	  nameservers: ["127.0.0.1:$port"]
	  timeout: 1s
	  tries: 2
	limits: {deadline: 20s}
	END
	"$ASSAY_MILTER" -f -c "$tmp/assay.yaml" >"$tmp/log" 2>&1 3>&- &
	assay=$!
	pids="$pids $assay"
	wait_for 60 accepts || bail "$(tail -n 5 "$tmp/log")"
}

# Both ends of each connection, by the hard limit that both start with.
scale() {
	hard=$(ulimit -Hn)
	[ "$hard" = unlimited ] || [ "$((hard - SPARE))" -ge "$CONNECTIONS" ] ||
		CONNECTIONS=$((hard - SPARE))
	ulimit -n "$hard"
	note "$CONNECTIONS connections"
}

# ---- figures ----

status_of() {
	awk -v key="$1:" '$1 == key { print $2 }' "/proc/$assay/status"
}

descriptors() {
	ls "/proc/$assay/fd" | wc -l
}

# libmilter's surplus threads leave when they have been idle, and a reload has
# some more of all for a moment.
is_calm() {
	memory=$(status_of VmRSS)
	open=$(descriptors)
	threads=$(status_of Threads)
	[ "$threads" -le "$calm_threads" ] && [ "$open" -le "$calm_open" ]
}

# figures NAME: in $memory (kB), $open and $threads.
figures() {
	wait_for 60 is_calm || :
	note "$1: $memory kB, most ever $(status_of VmHWM) kB," \
	    "$open descriptors, $threads threads"
}

# total KEY: over all that mtas printed.
total() {
	sed -n "s/.*\\<$1=\\([0-9]*\\).*/\\1/p" "$tmp/counts" |
	    awk '{ n += $1 } END { print n + 0 }'
}

longest() {
	sed -n 's/.*longest=\([0-9]*\).*/\1/p' "$tmp/counts" | sort -n |
	    tail -n 1
}

# ---- trouble ----

hang_up() {
	while kill -HUP "$assay" 2>/dev/null; do
		sleep 1
	done
}

# The soft limit alone: the daemon itself has raised it to the hard one.  No
# lower than what is open: poll() refuses more descriptors than the limit, and
# libmilter gives up after some failures of it.
descriptors_run_out() {
	prlimit --pid "$assay" --nofile="$(descriptors):" ||
		bail "no prlimit"
	sleep 3
	prlimit --pid "$assay" --nofile="$hard:"
}

# misdeed NAME: for so long as it takes.
misdeed() {
	case $1 in
	killed)
		stop_dns
		sleep 3
		start_dns
		sleep 2 ;;
	descriptors)
		descriptors_run_out ;;
	*)
		echo "$1" >&3
		sleep 5 ;;
	esac
	echo well >&3
}

# load SECONDS: mtas, and one misdeed after the other.
load() {
	"$tmp/mtas" "$CONNECTIONS" "$1" "$PAUSE" "local:$tmp/m.sock" "$tmp" \
	    "$MESSAGES" >>"$tmp/counts" 2>>"$tmp/mtas.log" 3>&- &
	mtas=$!
	pids="$pids $mtas"
	until ! kill -0 "$mtas" 2>/dev/null; do
		for deed in well drop late descriptors garbage truncated \
		    killed; do
			kill -0 "$mtas" 2>/dev/null || break
			misdeed "$deed"
		done
	done
	wait "$mtas" || bail "mtas: $(tail -n 3 "$tmp/mtas.log")"
}

# ---- the verdict ----

is() {
	echo "got $1, want $2"
	[ "$1" = "$2" ]
}

at_most() {
	echo "got $1, at most $2"
	[ "$1" -le "$2" ]
}

# Of the messages that were not given up: those that the log says were accepted,
# and how many lines it says it could not write.
read_log() {
	awk '/"mail-from":"<*sender@/ && /"told":"accepted"/ { accepted++ }
	    /"event":"log-lines-lost"/ && match($0, /"count":[0-9]+/) {
		lost += substr($0, RSTART + 8, RLENGTH - 8) }
	    match($0, /"told":"[a-z-]+"/) {
		told[substr($0, RSTART + 8, RLENGTH - 9)]++ }
	    END {
		print accepted + 0, lost + 0
		for (t in told)
			printf " %s %d,", t, told[t]
		print ""
	    }' "$tmp/log" >"$tmp/read"
	read -r logged lines_lost <"$tmp/read"
	note "log:$(sed -n 2p "$tmp/read") $lines_lost lines lost"
}

is_logged() {
	echo "accepted $(total accepted), logged $logged, lost $lines_lost"
	[ "$logged" -le "$(total accepted)" ] &&
	[ "$(total accepted)" -le "$((logged + lines_lost))" ]
}

is_sanitized() {
	grep -qa -e __asan_init -e __tsan_init "$ASSAY_MILTER"
}

# Reports on libmilter alone do not count: see tests/lib/assaydaemon.py.
check_sanitizers() {
	with_python - "$tmp/log" <<-'END'
	import sys
	import assaydaemon
	with open(sys.argv[1], errors="replace") as f:
	    log = "".join(line for line in f if not line.startswith("{"))
	log = assaydaemon.without_libmilter(log)
	sys.stdout.write(log[-4000:])
	sys.exit(any(m in log for m in assaydaemon.SANITIZER_MARKS))
	END
}

check_growth() {
	if is_sanitized; then
		skip "memory" "the sanitizers' own grows"
	else
		ok "memory does not grow" \
		    at_most "$memory" $((middle_memory + GROWTH))
	fi
	ok "descriptors do not grow" at_most "$open" "$calm_open"
	ok "threads do not grow" at_most "$threads" "$calm_threads"
}

stop_under_load() {
	"$tmp/mtas" "$CONNECTIONS" 8 "$PAUSE" "local:$tmp/m.sock" "$tmp" \
	    "$MESSAGES" >>"$tmp/counts" 2>>"$tmp/mtas.log" 3>&- &
	mtas=$!
	pids="$pids $mtas"
	echo late >&3
	sleep 4
	began=$(date +%s)
	kill -TERM "$assay"
	kill "$hanger"		# or it would hang up on whoever has the pid next
	wait "$assay"
	ended=$?
	took=$(($(date +%s) - began))
	wait "$mtas"
	note "SIGTERM: ended after $took s"
	ok "exit status" is "$ended" 0
	ok "in time" at_most "$took" "$STOP_SECONDS"
}

# ---- all of it ----

[ -x "$ASSAY_MILTER" ] || bail "$ASSAY_MILTER: no such program"
export TSAN_OPTIONS="${TSAN_OPTIONS:-} exitcode=0"
scale
build
mkfifo "$tmp/modes"
: >"$tmp/counts"
choose_port
start_dns
start_assay
calm_open=$(($(descriptors) + 10)) calm_threads=12
half=$((minutes * 30))

load "$WARM_UP"
hang_up &
hanger=$!
pids="$pids $hanger"
figures "start"
calm_open=$((open + 4)) calm_threads=$((threads + 4))
load "$half"
figures "middle, $(total accepted) messages"
middle_memory=$memory
load "$half"
figures "end, $(total accepted) messages"
check_growth
ok "it runs" kill -0 "$assay"
ok "no connection was lost" is "$(total lost) $(total refused)" "0 0"
ok "no message went unanswered for a minute" is "$(total silent)" 0
ok "none is answered otherwise" is "$(total other)" 0
ok "none is accepted without its field" is "$(total bare)" 0
note "$(total gone) were given up, the longest answer took $(longest) ms"
stop_under_load
read_log
ok "accepted, and logged as accepted" is_logged
ok "no report of a sanitizer" check_sanitizers
plan
