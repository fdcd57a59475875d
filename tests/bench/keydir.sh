#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Signing keys of very many domains in a folder: how long the daemon takes to
# start, and how much memory it has then and after mail of some of them.
#
#     sh tests/bench/keydir.sh FOLDER [DOMAINS]
#
# FOLDER has the programs that were built.  Each domain is a folder with a
# link to one key.  The goal: 100,000 start in 2 s, with less than 100 MB.

set -eu
build=$(cd "$1" && pwd) domains=${2:-100000}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/keys"
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 \
    -out "$work/s.pem" 2>/dev/null
chmod 600 "$work/s.pem"
export top_builddir="$build" PYTHONPATH="$here/../lib"
python3 - "$work" "$domains" <<-'EOF'
	import os, sys, time
	import assaydaemon

	work, count = sys.argv[1], int(sys.argv[2])
	key = work + "/s.pem"
	for i in range(count):
	    folder = "%s/keys/d%d.example" % (work, i)
	    os.mkdir(folder)
	    os.symlink(key, folder + "/s.pem")


	def memory(daemon):
	    with open("/proc/%d/status" % daemon.process.pid) as f:
	        return next(int(line.split()[1]) / 1024 for line in f
	                    if line.startswith("VmRSS"))


	def send(daemon, i):
	    daemon.send(fields=[(b"From", b" a@d%d.example" % i)],
	                body=b"Hi.\r\n", client="127.0.0.1")


	daemon = assaydaemon.Daemon()
	rule = {"keys": {"directory": work + "/keys"}}
	daemon.configure({"sign": [rule]}, {})
	begin = time.monotonic()
	daemon.start()
	print("%d domains: start %.3f s, %.1f MB" % (
	    count, time.monotonic() - begin, memory(daemon)))
	send(daemon, 0)
	for sent in (1000, 5000):
	    begin = time.monotonic()
	    for i in range(sent):
	        send(daemon, i * (count // sent))
	    print("%d domains used: %.2f ms each, %.1f MB" % (
	        sent, (time.monotonic() - begin) * 1000 / sent, memory(daemon)))
	daemon.stop()
	EOF
