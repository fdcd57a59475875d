# SPDX-License-Identifier: BSD-2-Clause
#
# To be sourced: a fresh Debian of any release in a folder, to build, install
# and test in.  It is made by mmdebstrap from the mirror that this machine's
# apt uses, and runs in mount and process namespaces of its own: what is
# started in it ends with the command that started it.

# chroot_mirror LABEL: the address of the archive with that label in its
# Release file, as apt knows it here.
chroot_mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
	    'Origin: Debian' "Label: $1" 2>/dev/null | sed -n 1p
}

# chroot_missing SUITE: prints why there can be none here, or nothing.
chroot_missing() {
	if [ "$(id -u)" -ne 0 ]; then
		echo "not root"
	elif ! command -v mmdebstrap >/dev/null 2>&1; then
		echo "mmdebstrap is not installed"
	elif ! unshare --mount --pid --fork true 2>/dev/null; then
		echo "no namespaces"
	elif [ -z "$(chroot_mirror Debian)" ]; then
		echo "apt knows no mirror of Debian (apt-get update?)"
	else
		chroot_unreachable "$1"
	fi
}

chroot_unreachable() {
	release=$(mktemp)
	timeout 60 /usr/lib/apt/apt-helper download-file \
	    "$(chroot_mirror Debian)dists/$1/InRelease" "$release" \
	    >/dev/null 2>&1 || echo "the mirror of Debian has no $1 for us"
	rm -f "$release"
}

# chroot_make SUITE FOLDER PACKAGE...: no service is ever started in it.
chroot_make() {
	chroot_suite=$1 chroot_folder=$2
	shift 2
	chroot_security=$(chroot_mirror Debian-Security)
	mmdebstrap --quiet --variant=apt --include="$(echo $* | tr ' ' ,)" \
	    --setup-hook='mkdir -p "$1/usr/sbin"
		printf "#!/bin/sh\nexit 101\n" >"$1/usr/sbin/policy-rc.d"
		chmod 755 "$1/usr/sbin/policy-rc.d"' \
	    --skip=cleanup/apt "$chroot_suite" "$chroot_folder" \
	    "deb $(chroot_mirror Debian) $chroot_suite main" \
	    ${chroot_security:+"deb $chroot_security $chroot_suite-security main"}
}

# The devices of a chroot, in the folder where it is: its own, since packages
# and services change the owner of what they find there.
chroot_devices='
	mount -t tmpfs -o mode=755,nosuid tmpfs dev
	mknod -m 666 dev/null c 1 3
	mknod -m 666 dev/zero c 1 5
	mknod -m 666 dev/full c 1 7
	mknod -m 666 dev/random c 1 8
	mknod -m 666 dev/urandom c 1 9
	mknod -m 666 dev/tty c 5 0
	mkdir dev/pts dev/shm
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
	mount -t tmpfs -o mode=1777 tmpfs dev/shm
	ln -s pts/ptmx dev/ptmx
	ln -s /proc/self/fd dev/fd
	ln -s /proc/self/fd/0 dev/stdin
	ln -s /proc/self/fd/1 dev/stdout
	ln -s /proc/self/fd/2 dev/stderr'

# chroot_run FOLDER COMMAND...: runs it there as root, with the network of
# this machine and nothing of its environment.
chroot_run() {
	run_root=$1
	shift
	unshare --mount --pid --fork --kill-child sh -c '
		set -e
		mount --make-rprivate /
		mount --bind "$1" "$1"
		cd "$1"
		mount -t proc proc proc
		mount -t tmpfs -o mode=755 tmpfs run
		[ ! -e /etc/resolv.conf ] ||
			cp -L /etc/resolv.conf etc/resolv.conf
		eval "$2"
		shift 2
		exec chroot . env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
			"$@"' chroot_run "$run_root" "$chroot_devices" "$@"
}

# Prints why systemd cannot be started in one here, or nothing.
chroot_no_boot() {
	unshare --mount --pid --fork --uts --net --ipc --cgroup sh -c '
		mount --make-rprivate / && mount -t cgroup2 cgroup /sys/fs/cgroup
	' 2>/dev/null || echo "no namespace for control groups"
}

# chroot_boot FOLDER COMMAND...: starts it as a machine of its own, with the
# systemd and the services that are installed there, without a network, as
# mx.example.org.  The command is run when all services have started.  When it
# ends, so does the machine; its output and exit status are the command's.
chroot_boot() {
	boot_root=$1
	shift
	rm -f "$boot_root/usr/sbin/policy-rc.d" "$boot_root/output"
	echo mx.example.org >"$boot_root/etc/hostname"
	cat >"$boot_root/etc/systemd/system/default.target" <<-EOF
	[Unit]
	Requires=multi-user.target
	Wants=command.service
	After=multi-user.target
	AllowIsolate=yes
	EOF
	cat >"$boot_root/etc/systemd/system/command.service" <<-EOF
	[Unit]
	After=multi-user.target
	SuccessAction=exit-force
	FailureAction=exit-force
	[Service]
	ExecStart=$*
	Environment=LANG=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive
	StandardOutput=file:/output
	StandardError=inherit
	EOF
	boot_status=0
	unshare --mount --pid --fork --uts --net --ipc --cgroup --kill-child \
	    sh -c "$chroot_init" chroot_boot "$boot_root" "$chroot_devices" \
	    >"$boot_root/console" 2>&1 || boot_status=$?
	cat "$boot_root/output" || cat "$boot_root/console"
	return "$boot_status"
}

# What has to be there before systemd starts, as it wants it of a container.
chroot_init='
	set -e
	mount --make-rprivate /
	mount --bind "$1" "$1"
	cd "$1"
	mount -t proc proc proc
	mount -t sysfs -o ro sysfs sys
	mount -t cgroup2 cgroup sys/fs/cgroup
	mount -t tmpfs -o mode=755 tmpfs run
	eval "$2"
	mkdir old
	ip link set lo up
	pivot_root . old
	umount -l old
	rmdir old
	exec env -i container=assay PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		/lib/systemd/systemd --log-target=console --show-status=no'
