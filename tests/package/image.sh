#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The image of the Containerfile: built by podman, run, its health asked for,
# stopped.
#
#     sh tests/package/image.sh SOURCE FOLDER
#
# SOURCE is a clean copy of the source, FOLDER a new one.  No registry is
# asked: the Debian that the Containerfile begins with is made by mmdebstrap,
# and podman runs in a chroot of its own.  Prints TAP.

set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/chroot.sh"
. "$here/../lib/tap.sh"

source=$1 work=$2
tools=$work/tools base=$work/base
suite=$(sed -n 's/^ARG DEBIAN=//p' "$source/Containerfile")

# podman COMMAND, in a mount namespace whose root is $tools: a runtime of
# containers cannot work in a mere chroot.  cgroups are those of version 1
# where there are both.
pod() {
	unshare --mount --pid --fork --kill-child sh -c '
		set -e
		mount --make-rprivate /
		mount --bind "$1" "$1"
		mount -t proc proc "$1/proc"
		mount --rbind /sys "$1/sys"
		! mountpoint -q "$1/sys/fs/cgroup/unified" ||
			umount "$1/sys/fs/cgroup/unified"
		(cd "$1"; eval "$2")
		mount -t tmpfs -o mode=755 tmpfs "$1/run"
		[ ! -e /etc/resolv.conf ] ||
			cp -L /etc/resolv.conf "$1/etc/resolv.conf"
		cd "$1"
		shift 2
		pivot_root . mnt
		umount -l /mnt
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
			LANG=C.UTF-8 "$@"' pod "$tools" "$chroot_devices" sh -ec "$1"
}

make_tools() {
	chroot_make bookworm "$tools" podman buildah crun netavark mount \
	    ca-certificates &&
	printf '[storage]\ndriver = "vfs"\nrunroot = "%s"\ngraphroot = "%s"\n' \
	    /run/containers/storage /var/lib/containers/storage \
	    >"$tools/etc/containers/storage.conf" &&
	cp -a "$source" "$tools/source"
}

# Both names of the Containerfile are the same Debian here.
make_base() {
	chroot_make "$suite" "$base" bash &&
	tar -C "$base" --one-file-system -cf "$tools/base.tar" . &&
	rm -rf "$base" &&
	pod "podman import /base.tar docker.io/library/debian:$suite
		podman tag docker.io/library/debian:$suite \
		    docker.io/library/debian:$suite-slim"
}

build() {
	pod 'cd /source
		podman build --isolation chroot --network host --pull=never \
		    --format docker -t assay-milter .'
}

# In one go: containers end with their namespace.
use() {
	pod 'podman run -d --network none --cgroups=disabled --name m \
		    assay-milter
		tries=0
		until podman healthcheck run m; do
			tries=$((tries + 1))
			[ "$tries" -lt 60 ] || exit 1
			sleep 1
		done
		podman exec m id
		[ "$(podman exec m id -un)" = assay ]
		podman exec m assay-milter -t
		podman exec m assay --help >/dev/null
		podman stop -t 30 m
		podman logs m
		[ "$(podman inspect -f "{{.State.ExitCode}}" m)" = 0 ]'
}

mkdir -p "$work"
for name in bookworm "$suite"; do
	why=$(chroot_missing "$name")
	[ -z "$why" ] || { skip "the image" "$why"; plan; exit 0; }
done
if ok "podman" make_tools && ok "Debian as an image" make_base &&
    ok "podman build" build; then
	ok "it runs, is well, and stops" use
fi
rm -rf "$tools" "$base"
plan
