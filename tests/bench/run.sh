#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Measures assay-milter against the floor of any libmilter program and the
# bare cryptography of the same message, all in one run:
#
#	sh tests/bench/run.sh [ROUNDS]
#
# ASSAY_MILTER names the program; without it the tree is copied, configured
# and built with -O2 in a temporary folder.  SCENARIOS names those to run, all
# of them otherwise: warm cold cost burst crowd attack header large second memory
# store.  STORE names the store of the last one, an SQLite file otherwise.  Ten
# minutes at most; loopback only; nothing is left behind but the table on the
# terminal.
#
# What the lines mean:
#
#   warm   One message again and again, so that all DNS answers are in the
#          cache: CPU time of the process per message, all its threads, read
#          from outside.  assay and the null milter take turns; a figure is
#          the median of the rounds, a ratio that of the rounds' ratios.
#   cold   Each message has names that were never asked before, and each
#          answer takes 20 ms: from the first header field sent to the last
#          reply, in round trips of 20 ms.  "spaced": commands 20 ms apart and
#          40 ms for the data; "at once": no pauses.  "postfix" and "sendmail"
#          differ in when the filter gets to see a command: see mta.h.
#   cost   As cold, without pauses, eight connections and a hundred: CPU time
#          of the process per message, all its threads.  assay with names that
#          are new each time, the null milter and the bare cryptography take
#          turns; a figure is the median of the rounds, a ratio that of the
#          rounds' ratios.  The null milter waits for nobody: it never sleeps,
#          and its caches are warm.  So it has the same messages once more at
#          the rate that assay had.  "kernel" is the share of system calls and
#          the like, over all rounds.
#   burst  50 connections send header, body and final dot at one moment, each
#          waits for one DNS answer of 200 ms.
#   crowd  100 and 1000 connections, each sends one message after the other
#          with names of its own; each answer takes 20 ms.
#   attack 200 honest messages a second, their names new, 20 ms an answer:
#          alone, and beside 20 messages a second of ten signatures and an
#          SPF tree, from one network and from fifty.  "silent": names below
#          one domain, never answered; "many": each below a domain of its own;
#          "late": answered after 2.5 s; "fail", "mute", "chain": see
#          make_messages.c; "rset": HELO, MAIL and RSET alone, 200 a second,
#          of the names of "many"; "same network": "many" from the network of
#          the honest mail.  temperror counts the honest messages that did not
#          get all of their results.
#   header 200 honest messages a second as in "attack", alone and beside 7 a
#          second that have 2 MiB of header and ten signatures over all of it:
#          how long a look-up takes, by the statistics of each daemon.
#   large  A message whose HELO and MAIL have SPF records of 16 KB that lead to
#          nine mx of ten hosts each: CPU time of the process, and of its thread
#          for DNS, when nothing else happens.
#   second The records of a sender have all run out, and its second message
#          comes: round trips of 20 ms.
#   memory 1000 messages in hand at one time, each answer takes 500 ms: the
#          most memory that the process had.
#   store  Messages of 500 senders, warm, 1,000 a second or as fast as it goes:
#          CPU time of a daemon with a store, of its thread alone, and of one
#          without, which take turns.  The last batch is waited for.
#
# Latencies and rates need a quiet machine; counts and memory do not, and CPU
# does less: other programs take caches away, and answers come one by one that
# would have come together.
#
# The message has 30 KB, one rsa-sha256 signature (2048 bits, relaxed), and an
# SPF tree of nine lookups, three records deep: see make_messages.c.

set -eu

ROUNDS=${1:-15}
WARM_MESSAGES=500
COLD_MESSAGES=24
COLD_DELAY=20
COST_MESSAGES=300
COST_WARM_UP=100
COST_ROUNDS=7
BURST=50
BURST_DELAY=200
# From DATA to the burst: by then SPF has its answers.
BURST_PAUSE=1500
CROWD_100=600
CROWD_1000=2000
HONEST=1200
HONEST_RATE=200
ATTACKS=240
ATTACK_RATE=20
RESETS=2400
RESET_RATE=200
WIDE=70
WIDE_RATE=7
# The attack is on when the honest messages begin.
ATTACK_AHEAD=3
LARGE=20
SECOND=8
SECOND_TTL=2
IN_HAND=1000
STORED=500
STORED_RATE=1000
known="warm cold cost burst crowd attack header large second memory store"
SCENARIOS=${SCENARIOS:-$known}
CFLAGS="-std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -pthread"
CC=${CC:-gcc}

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/assay-bench.XXXXXX")
pids=

finish() {
	status=$?
	trap - EXIT HUP INT PIPE TERM
	for pid in $pids; do
		kill -KILL "$pid" 2>/dev/null || :
	done
	rm -rf "$tmp"
	exit "$status"
}
trap finish EXIT
trap 'exit 1' HUP INT PIPE TERM

die() {
	echo "bench: $*" >&2
	exit 1
}

# ---- building ----

build_programs() {
	libs="-lcrypto"
	cd "$here"
	$CC $CFLAGS -o "$tmp/make_messages" make_messages.c signed.c $libs
	$CC $CFLAGS -o "$tmp/crypto" crypto.c signed.c $libs
	$CC $CFLAGS -o "$tmp/dns_responder" dns_responder.c
	$CC $CFLAGS -o "$tmp/null_milter" null_milter.c -lmilter
	$CC $CFLAGS -o "$tmp/load" load.c mta.c
	cd "$top"
}

# A copy: the tree itself may be configured with other flags.
copy_tree() {
	if git -C "$top" rev-parse --git-dir >/dev/null 2>&1; then
		git -C "$top" ls-files -co --exclude-standard |
		    while read -r file; do
			[ ! -e "$top/$file" ] || printf '%s\n' "$file"
		    done >"$tmp/files"
		tar cf - -C "$top" -T "$tmp/files"
	else
		tar cf - -C "$top" --exclude='*.o' --exclude='*.a' .
	fi | tar xf - -C "$1"
}

build_assay() {
	mkdir "$tmp/build"
	copy_tree "$tmp/build"
	cd "$tmp/build"
	{
		[ -x configure ] || sh autogen.sh
		./configure CFLAGS=-O2
		make clean
		make -j2 assay-milter
	} >"$tmp/build.log" 2>&1 || {
		tail -n 20 "$tmp/build.log" >&2
		die "assay-milter cannot be built"
	}
	cd "$top"
	ASSAY_MILTER=$tmp/build/assay-milter
}

# ---- starting ----

# start NAME COMMAND...: output to NAME.log, process id to NAME.pid.
start() {
	name=$1
	shift
	: >"$tmp/$name.log"
	"$@" >>"$tmp/$name.log" 2>&1 &
	echo $! >"$tmp/$name.pid"
	pids="$pids $!"
}

pid_of() {
	cat "$tmp/$1.pid"
}

# wait_for FILE PATTERN: until a line is there.
wait_for() {
	tries=0
	until grep -q "$2" "$1"; do
		tries=$((tries + 1))
		[ "$tries" -lt 250 ] || die "no \"$2\" in $(cat "$1")"
		sleep 0.02
	done
}

# start_assay NAME DELAY [TTL [KEY...]]: with a responder of its own.
start_assay() {
	start "dns-$1" "$tmp/dns_responder" -t "${3:-86400}" "$2" "$tmp/zone"
	wait_for "$tmp/dns-$1.log" "^port"
	port=$(sed -n 's/^port //p' "$tmp/dns-$1.log")
	cat >"$tmp/$1.yaml" <<-EOF
	socket: local:$tmp/$1.sock
	authserv-id: mx.example.org
	trusted-networks: [127.0.0.0/8, "::1"]
	log: {target: stderr, level: info, format: text}
	resolver:
	  nameservers: ["127.0.0.1:$port"]
	  timeout: 3s
	  tries: 2
	EOF
	name=$1
	shift "$(($# < 3 ? $# : 3))"
	[ $# -eq 0 ] || printf '%s\n' "$@" >>"$tmp/$name.yaml"
	set -- "$name"
	start "$1" "$ASSAY_MILTER" -f -c "$tmp/$1.yaml"
}

# ---- measuring ----

# load NAME OPTION...: one line of results; a wrong answer ends the bench.
load() {
	name=$1
	shift
	"$tmp/load" -p "$(pid_of "$name")" "$@" 2>"$tmp/load.log" || {
		tail -n 3 "$tmp/load.log" "$tmp/$name.log" >&2
		die "$name: wrong or no answer"
	}
}

# The first argument says which number; the line is read.
value() {
	sed -n "s/.*\\<$1=\\([0-9.]*\\).*/\\1/p"
}

# What the header of a good answer must say.
expect="-x spf=pass -x dkim=pass -x header.d=d"

# warm NAME CONNECTIONS EXPECTED...
warm() {
	name=$1
	connections=$2
	shift 2
	load "$name" -n "$WARM_MESSAGES" -c "$connections" -w 10 \
	    -f sender@d0.bench.example -h mail.d0.bench.example "$@" \
	    "local:$tmp/$name.sock" "$tmp/0.eml"
}

# Numbers of messages that were not used yet.
next=1

# cold NAME MESSAGES OPTION...: the result is in $result.
cold() {
	name=$1
	messages=$2
	shift 2
	result=$(load "$name" -n "$messages" -o "$next" \
	    -f sender@d%n.bench.example -h mail.d%n.bench.example "$@" \
	    "local:$tmp/$name.sock" "$tmp/%n.eml")
	next=$((next + messages))
}

median() {
	sort -n "$1" | awk '{ v[NR] = $1 }
	    END { print v[int((NR + 1) / 2)] }'
}

range() {
	sort -n "$1" | awk 'NR == 1 { printf "%.2f", $1 }
	    END { printf " to %.2f", $1 }'
}

# verdict VALUE TARGET
verdict() {
	awk -v v="$1" -v t="$2" \
	    'BEGIN { print v <= t ? "reached" : "MISSED" }'
}

measure_warm() {
	round=0
	while [ "$round" -lt "$ROUNDS" ]; do
		round=$((round + 1))
		"$tmp/crypto" | value cpu >>"$tmp/crypto.cpu"
		for c in 1 8; do
			warm null $c >"$tmp/line"
			value cpu <"$tmp/line" >>"$tmp/null-$c.cpu"
			warm warm $c $expect >"$tmp/line"
			value cpu <"$tmp/line" >>"$tmp/assay-$c.cpu"
			value rate <"$tmp/line" >>"$tmp/assay-$c.rate"
			value median <"$tmp/line" >>"$tmp/assay-$c.median"
		done
		warm answering 1 >"$tmp/line"
		value cpu <"$tmp/line" >>"$tmp/answering.cpu"
	done
}

report_warm() {
	z=$(median "$tmp/crypto.cpu")
	for c in 1 8; do
		paste "$tmp/assay-$c.cpu" "$tmp/null-$c.cpu" \
		    "$tmp/crypto.cpu" |
		    awk '{ print $1 / ($2 + $3) }' >"$tmp/ratio-$c"
		x=$(median "$tmp/assay-$c.cpu")
		y=$(median "$tmp/null-$c.cpu")
		r=$(median "$tmp/ratio-$c")
		printf 'warm, %d connection(s): CPU per message: assay %.0f us, null %.0f us, crypto %.0f us, ratio %.2f (%s) (target <= 1.5: %s)\n' \
		    "$c" "$x" "$y" "$z" "$r" "$(range "$tmp/ratio-$c")" \
		    "$(verdict "$r" 1.5)"
		printf '    %.0f messages/s, median %.0f us from first header to last reply\n' \
		    "$(median "$tmp/assay-$c.rate")" \
		    "$(median "$tmp/assay-$c.median")"
	done
	printf '    (null milter that answers each step: %.0f us)\n' \
	    "$(median "$tmp/answering.cpu")"
}

# in_trips KEY: of $result.
in_trips() {
	echo "$result" | value "$1" |
	    awk -v d="$COLD_DELAY" '{ printf "%.2f", $1 / 1000 / d }'
}

# report_cold TITLE TARGET OPTION...
report_cold() {
	title=$1
	target=$2
	shift 2
	for c in 1 8; do
		cold cold "$COLD_MESSAGES" -1 -c $c $expect "$@"
		m=$(in_trips median)
		printf 'cold, %s, %d connection(s): median %s, p95 %s, max %s round trips (target <= %s: %s)\n' \
		    "$title" "$c" "$m" "$(in_trips p95)" \
		    "$(in_trips max)" "$target" "$(verdict "$m" "$target")"
	done
}

# The number of questions since the last call.
queries() {
	before=$(grep -c ^queries "$tmp/dns-$1.log" || :)
	kill -USR1 "$(pid_of "dns-$1")"
	tries=0
	while [ "$(grep -c ^queries "$tmp/dns-$1.log" || :)" = "$before" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 250 ] || die "dns_responder does not count"
		sleep 0.02
	done
	sed -n 's/^queries //p' "$tmp/dns-$1.log" | tail -n 1
}

# ticks NAME: CPU time of a process in user mode and in the kernel.
ticks() {
	sed 's/.*) //' "/proc/$(pid_of "$1")/stat" | cut -d' ' -f12,13
}

# measure_cost CONNECTIONS
measure_cost() {
	cold cost "$COST_WARM_UP" -c "$1" $expect
	ticks cost >"$tmp/cost-$1.ticks"
	round=0
	while [ "$round" -lt "$COST_ROUNDS" ]; do
		round=$((round + 1))
		"$tmp/crypto" | value cpu >>"$tmp/cost-$1.crypto"
		cold cost "$COST_MESSAGES" -c "$1" $expect
		echo "$result" | value cpu >>"$tmp/cost-$1.cpu"
		echo "$result" | value median >>"$tmp/cost-$1.median"
		rate=$(echo "$result" | value rate)
		floor "$COST_MESSAGES" -c "$1"
		echo "$result" | value cpu >>"$tmp/cost-$1.null"
		floor "$COST_MESSAGES" -c "$1" -r "$rate"
		echo "$result" | value cpu >>"$tmp/cost-$1.paced"
	done
	ticks cost >>"$tmp/cost-$1.ticks"
}

# cost_ratio CONNECTIONS FLOOR: the median is left in $r.
cost_ratio() {
	paste "$tmp/cost-$1.cpu" "$tmp/cost-$1.$2" "$tmp/cost-$1.crypto" |
	    awk '{ print $1 / ($2 + $3) }' >"$tmp/ratio"
	r=$(median "$tmp/ratio")
}

# report_cost CONNECTIONS
report_cost() {
	cost_ratio "$1" null
	printf 'cost of a cold message, %d connections: CPU: assay %.0f us, null %.0f us, crypto %.0f us, ratio %.2f (%s) (target <= 1.7: %s)\n' \
	    "$1" "$(median "$tmp/cost-$1.cpu")" \
	    "$(median "$tmp/cost-$1.null")" \
	    "$(median "$tmp/cost-$1.crypto")" "$r" "$(range "$tmp/ratio")" \
	    "$(verdict "$r" 1.7)"
	cost_ratio "$1" paced
	printf '    null milter at the same rate: %.0f us, ratio %.2f (%s)\n' \
	    "$(median "$tmp/cost-$1.paced")" "$r" "$(range "$tmp/ratio")"
	awk 'NR == 1 { u = $1; k = $2 }
	    END { all = $1 - u + $2 - k
		printf "    kernel %.0f %%", 100 * ($2 - k) / all }' \
	    "$tmp/cost-$1.ticks"
	printf ', median %.1f ms from first header to last reply\n' \
	    "$(median "$tmp/cost-$1.median" | awk '{ print $1 / 1000 }')"
}

report_burst() {
	name=$1
	title=$2
	shift 2
	cold "$name" "$BURST" -c "$BURST" -b "$BURST_PAUSE" "$@"
	echo "$result" | sed 's/[a-z0-9]*=//g' |
	    awk -v title="$title" -v n="$BURST" '{
		printf "burst of %d%s: end-of-message reply after: first %.0f ms, median %.0f ms, last %.0f ms\n",
		    n, title, $3 / 1000, $4 / 1000, $6 / 1000 }'
}

# floor MESSAGES OPTION...: the last messages of cold() to the null milter.
floor() {
	next=$((next - $1))
	cold null "$@"
}

# in_ms KEY: of $result.
in_ms() {
	echo "$result" | value "$1" | awk '{ printf "%.0f", $1 / 1000 }'
}

# crowd CONNECTIONS MESSAGES TARGETS
crowd() {
	cold crowd "$2" -c "$1" $expect
	printf 'crowd of %d: %s messages/s, median %s ms, p99 %s ms, CPU per message %s us (%s)\n' \
	    "$1" "$(echo "$result" | value rate)" "$(in_ms median)" \
	    "$(in_ms p99)" "$(echo "$result" | value cpu)" "$3"
	floor "$2" -c "$1"
	printf '    null milter: %s messages/s, median %s ms, CPU per message %s us\n' \
	    "$(echo "$result" | value rate)" "$(in_ms median)" \
	    "$(echo "$result" | value cpu)"
}

# honest NAME: messages to that daemon; their p99 is left in $p99, as ms.
honest() {
	cold "$1" "$HONEST" -e -c 200 -r "$HONEST_RATE" $expect
	p99=$(in_ms p99)
	temperrors=$(echo "$result" | value wrong)
}

# begin_attack OPTION...: of load.
begin_attack() {
	"$tmp/load" "$@" >"$tmp/attack.line" 2>&1 &
	attacker=$!
	pids="$pids $attacker"
	sleep "$ATTACK_AHEAD"
}

end_attack() {
	wait "$attacker" || die "the attack failed: $(tail -n 1 "$tmp/attack.line")"
}

# attacked TITLE OPTION...: of load, for the attack.
attacked() {
	title=$1
	shift
	begin_attack -e "$@"
	honest attack
	printf 'attack, %s: honest mail: %s of %s temperror, median %s ms, p99 %s ms (target: none, p99 <= %s ms: %s)\n' \
	    "$title" "$temperrors" "$HONEST" "$(in_ms median)" "$p99" \
	    "$p99_target" \
	    "$(verdict "$((p99 + 1000000 * temperrors))" "$p99_target")"
	end_attack
}

report_attack() {
	honest attack
	printf 'no attack, %s messages/s: %s of %s temperror, median %s ms, p99 %s ms\n' \
	    "$HONEST_RATE" "$temperrors" "$HONEST" "$(in_ms median)" "$p99"
	p99_target=$(awk -v p="$p99" 'BEGIN { printf "%d", p * 1.2 }')
	socket=local:$tmp/attack.sock
	each="-1 -n $ATTACKS -c $ATTACKS -r $ATTACK_RATE"
	next_attack=0
	for networks in 1 50; do
		attacked "silent, $networks network(s)" $each -N $networks \
		    -o "$next_attack" -f sender@f%n.attack.example \
		    -h silent.hf%n.attack.example "$socket" \
		    "$tmp/silent%n.eml"
		attacked "many, $networks network(s)" $each -N $networks \
		    -o "$next_attack" -f sender@f%n.spread.example \
		    -h silent.hf%n.example "$socket" "$tmp/many%n.eml"
		attacked "late, $networks network(s)" $each -N $networks \
		    -o "$next_attack" -f sender@f%n.tardy.example \
		    -h late2500.hf%n.tardy.example "$socket" \
		    "$tmp/late%n.eml"
		next_attack=$((next_attack + ATTACKS))
	done
	for kind in fail mute chain; do
		case $kind in
		fail) label=fail1900 ;;
		mute) label=mute ;;
		chain) label=late2500.chain10 ;;
		esac
		attacked "$kind, 50 networks" $each -N 50 -o 0 \
		    -f "sender@f%n.of-$kind.example" -h "$label.hf%n.example" \
		    "$socket" "$tmp/$kind%n.eml"
	done
	attacked "rset, 50 networks" -R -n "$RESETS" -c 100 \
	    -r "$RESET_RATE" -N 50 -o "$next_attack" \
	    -f sender@f%n.spread.example -h silent.hf%n.example "$socket" -
	attacked "many, same network" $each -a 192.0.2.77 \
	    -o "$next_attack" -f sender@f%n.spread.example \
	    -h silent.hf%n.example "$socket" "$tmp/many%n.eml"
	printf '    DNS questions in all: %s\n' "$(queries attack)"
}

# look_ups NAME: "median p95" of the answers of its nameserver, in ms.
look_ups() {
	kill -USR1 "$(pid_of "$1")"
	wait_for "$tmp/$1.log" " nameserver address="
	sed -n 's/.* nameserver address=.*p50-ms=\([0-9.]*\) p95-ms=\([0-9.]*\).*/\1 \2/p' \
	    "$tmp/$1.log"
}

# look_up_times NAME TITLE: beside honest messages to that daemon; they are left
# in $median and $p95, as ms.
look_up_times() {
	honest "$1"
	figures=$(look_ups "$1")
	median=${figures% *}
	p95=${figures#* }
	printf '%s: a look-up takes %s ms, p95 %s; honest mail: %s of %s without all results, median %s ms, p99 %s ms\n' \
	    "$2" "$median" "$p95" "$temperrors" "$HONEST" "$(in_ms median)" \
	    "$p99"
}

# a_tenth_more MS
a_tenth_more() {
	awk -v ms="$1" 'BEGIN { printf "%.1f", ms * 1.1 }'
}

report_header() {
	look_up_times quiet "no header attack"
	median_target=$(a_tenth_more "$median")
	p95_target=$(a_tenth_more "$p95")
	begin_attack -x dkim=fail -1 -n "$WIDE" -c "$WIDE" -r "$WIDE_RATE" -N 50 \
	    -f sender@d0.bench.example -h mail.d0.bench.example \
	    "local:$tmp/header.sock" "$tmp/header.eml"
	look_up_times header "2 MiB of header"
	printf '    target for the look-up: median <= %s: %s, p95 <= %s: %s\n' \
	    "$median_target" "$(verdict "$median" "$median_target")" \
	    "$p95_target" "$(verdict "$p95" "$p95_target")"
	end_attack
}

# In us: of the thread for DNS.
dns_us() {
	task=$(grep -lx assay-dns "/proc/$(pid_of large)"/task/*/comm)
	awk '{ printf "%.0f", $1 / 1000 }' "${task%comm}schedstat"
}

# large NAME FIRST MESSAGES EXPECTED...: the CPU time of one, in ms.
large() {
	name=$1
	first=$2
	messages=$3
	shift 3
	load "$name" -1 -o "$first" -n "$messages" "$@" \
	    -f sender@d%n.large.example -h helo.d%n.large.example \
	    "local:$tmp/$name.sock" "$tmp/large.eml" | value cpu |
	    awk '{ printf "%.1f", $1 / 1000 }'
}

report_large() {
	large large 0 2 -x spf=fail >/dev/null
	queries large >/dev/null
	began=$(dns_us)
	m=$(large large 2 "$LARGE" -x spf=fail)
	part=$((($(dns_us) - began) / LARGE))
	printf 'SPF records of 16 KB, %d questions: CPU per message %s ms, of these %d us in the thread for DNS, null milter %s ms (target <= 15: %s)\n' \
	    "$(($(queries large) / LARGE))" "$m" "$part" \
	    "$(large null 2 "$LARGE")" "$(verdict "$m" 15)"
}

report_second() {
	cold second "$SECOND" -c "$SECOND" $expect
	m=$(in_trips median)
	sleep "$SECOND_TTL.2"
	next=$((next - SECOND))
	cold second "$SECOND" -c "$SECOND" $expect
	printf 'second message, records run out: median %s round trips, first message %s (target <= 1.3: %s)\n' \
	    "$(in_trips median)" "$m" "$(verdict "$(in_trips median)" 1.3)"
}

# Most memory of a process so far, in MB.
peak() {
	awk '$1 == "VmHWM:" { printf "%.0f", $2 / 1024 }' \
	    "/proc/$(pid_of "$1")/status"
}

report_memory() {
	cold memory "$IN_HAND" -e -c "$IN_HAND" -b "$BURST_PAUSE" $expect
	m=$(peak memory)
	wrong=$(echo "$result" | value wrong)
	floor "$IN_HAND" -c "$IN_HAND" -b "$BURST_PAUSE"
	printf '%d messages in hand: %s MB, null milter %s MB (target <= 45: %s); %s without all results\n' \
	    "$IN_HAND" "$m" "$(peak null)" "$(verdict "$m" 45)" "$wrong"
}

# In ms: of a process and what has ended of it, with the kernel's part.
cpu_ms() {
	awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, "")
	    printf "%.0f", ($12 + $13) * 1000 / hz }' "/proc/$(pid_of "$1")/stat"
}

# In us: of the thread of the store.
store_us() {
	task=$(grep -lx assay-store "/proc/$(pid_of stored)"/task/*/comm)
	awk '{ printf "%.0f", $1 / 1000 }' "${task%comm}schedstat"
}

# stored_pass NAME: CPU of it, us a message, to NAME.us.
stored_pass() {
	before=$(cpu_ms "$1")
	next=$stored_first
	cold "$1" "$STORED" -c 20 -r "$STORED_RATE" $expect
	sleep 1.5
	echo $((($(cpu_ms "$1") - before) * 1000 / STORED)) >>"$tmp/$1.us"
}

mean() {
	awk '{ sum += $1 } END { printf "%.0f", sum / NR }' "$1"
}

report_store() {
	round=0
	stored_first=$next
	stored_pass plain
	stored_pass stored
	rm "$tmp/plain.us" "$tmp/stored.us"
	while [ "$round" -lt "$ROUNDS" ]; do
		round=$((round + 1))
		stored_pass plain
		began=$(store_us)
		stored_pass stored
		echo $((($(store_us) - began) / STORED)) >>"$tmp/thread.us"
	done
	x=$(mean "$tmp/stored.us")
	y=$(mean "$tmp/plain.us")
	z=$(mean "$tmp/thread.us")
	part=$(awk -v z="$z" -v y="$y" 'BEGIN { printf "%.1f", 100 * z / y }')
	printf 'store, %s messages/s: CPU per message: %s us, without a store %s us, its thread alone %s us, %s %% (target <= 5 %%: %s)\n' \
	    "$(echo "$result" | value rate)" "$x" "$y" "$z" "$part" \
	    "$(verdict "$part" 5)"
	grep -h "store cannot" "$tmp/stored.log" || :
}

wanted() {
	case " $SCENARIOS " in
	*" $1 "*) return 0 ;;
	esac
	return 1
}

# ---- all of it ----

build_programs
if [ -z "${ASSAY_MILTER:-}" ]; then
	echo "building assay-milter with -O2 ..."
	build_assay
fi
[ -x "$ASSAY_MILTER" ] || die "$ASSAY_MILTER: no such program"
for scenario in $SCENARIOS; do
	case " $known " in
	*" $scenario "*) ;;
	*) die "SCENARIOS: \"$scenario\" is not one" ;;
	esac
done

# One warm message; of the others, as many as each scenario uses.
count=1
attacks=0
wanted cold && count=$((count + 6 * COLD_MESSAGES))
wanted cost && count=$((count +
    2 * (COST_WARM_UP + COST_ROUNDS * COST_MESSAGES)))
wanted burst && count=$((count + 2 * BURST))
wanted crowd && count=$((count + CROWD_100 + CROWD_1000))
wanted attack && count=$((count + 12 * HONEST)) && attacks=$((3 * ATTACKS))
wanted header && count=$((count + 2 * HONEST))
wanted second && count=$((count + SECOND))
wanted memory && count=$((count + IN_HAND))
wanted store && count=$((count + STORED))
"$tmp/make_messages" "$tmp" "$count" "$attacks"

start null "$tmp/null_milter" "local:$tmp/null.sock"
if wanted warm; then
	start answering "$tmp/null_milter" -r "local:$tmp/answering.sock"
	start_assay warm 0
	measure_warm
	report_warm
	printf '    DNS questions in all warm messages: %s\n' "$(queries warm)"
fi
if wanted cold; then
	start_assay cold "$COLD_DELAY"
	spaced="-t 20 -d 40"
	report_cold "spaced $COLD_DELAY ms, postfix" 1.3 $spaced -m postfix
	report_cold "spaced $COLD_DELAY ms, sendmail" 1.3 $spaced -m sendmail
	report_cold "all at once" 3.5
	printf '    DNS questions per cold message: %s\n' \
	    "$(queries cold |
	    awk -v n=$((6 * COLD_MESSAGES)) '{ print $1 / n }')"
fi
if wanted cost; then
	start_assay cost "$COLD_DELAY"
	for c in 8 100; do
		measure_cost $c
		report_cost $c
	done
fi
if wanted burst; then
	start_assay burst "$BURST_DELAY"
	report_burst burst ", DNS $BURST_DELAY ms" $expect
	report_burst null " (null milter)"
fi
if wanted crowd; then
	start_assay crowd "$COLD_DELAY"
	crowd 100 "$CROWD_100" "target: median <= 85 ms"
	crowd 1000 "$CROWD_1000" "target: 1100 messages/s on two cores"
fi
if wanted attack; then
	start_assay attack "$COLD_DELAY"
	report_attack
fi
if wanted header; then
	start_assay quiet "$COLD_DELAY"
	start_assay header "$COLD_DELAY"
	report_header
fi
if wanted large; then
	start_assay large "$COLD_DELAY"
	report_large
fi
if wanted second; then
	start_assay second "$COLD_DELAY" "$SECOND_TTL"
	report_second
fi
if wanted memory; then
	start_assay memory 500
	report_memory
fi
if wanted store; then
	start_assay plain 0
	start_assay stored 0 86400 "store: ${STORE:-sqlite:$tmp/store.db}" \
	    "store-spool: $tmp/store.spool"
	report_store
fi
