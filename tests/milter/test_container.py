# SPDX-License-Identifier: BSD-2-Clause
"""The image's configuration and health check, and the AppArmor profiles."""

import os
import re
import subprocess

import assaydaemon
import debs
import tap
from tap import equal, ok

PROFILES = ("assay-milter", "assay-tlspol")
TOP = assaydaemon.top_srcdir()


def path(name):
    return os.path.join(TOP, name)


def profile_path(name):
    return "etc/apparmor/usr.sbin." + name


def read(name):
    with open(path(name), encoding="utf-8") as f:
        return f.read()


@tap.test
def health():
    port = assaydaemon.free_port()
    daemon = assaydaemon.Daemon()
    text = read("etc/container/assay.yaml").replace(
        "inet:8891@0.0.0.0", "inet:%d@127.0.0.1" % port)
    ok(str(port) in text, "the image's configuration has the port")
    daemon.socket = "inet:%d@127.0.0.1" % port
    daemon.configure(text)
    daemon.start()

    def check():
        return subprocess.run(
            ["bash", path("etc/container/health"), "127.0.0.1", str(port)],
            capture_output=True, timeout=60).returncode

    equal(check(), 0, "a daemon that runs is well")
    daemon.check_stop("the daemon")
    equal(check(), 1, "one that has ended is not")


@tap.test
def containerfile():
    text = read("Containerfile")
    for name in re.findall(r"(?m)^COPY (?:--chmod=\d+ )?(etc/\S+)", text):
        ok(os.path.exists(path(name)), "it is there: " + name)
    equal(re.findall(r"EXPOSE (\d+)", text), ["8891"], "the port")
    equal(re.findall(r'HEALTHCHECK.*\\\n\s+CMD \["(\S+)"\]', text),
          re.findall(r"container/health (\S+)", text), "the health check")


@tap.test
def apparmor():
    """Read by AppArmor's own parser, with its abstractions."""
    for name in PROFILES:
        ok(re.search(r"(?m)^profile %s /usr/sbin/%s " % (name, name),
                     read(profile_path(name))), "profile of " + name)
    try:
        root = debs.unpack("apparmor")
    except debs.Unavailable as why:
        tap.skip("syntax of the profiles", str(why))
        return
    parser = next(p for p in ("/usr/sbin", "/sbin")
                  if os.path.exists(root + p + "/apparmor_parser"))
    features = root + "/usr/share/apparmor-features/features"
    for name in PROFILES:
        done = subprocess.run(
            [root + parser + "/apparmor_parser", "--skip-kernel-load",
             "--skip-cache", "--config-file", "/dev/null",
             "--base", root + "/etc/apparmor.d",
             "--kernel-features", features, "--policy-features", features,
             path(profile_path(name))],
            capture_output=True, text=True, timeout=120)
        equal((done.returncode, done.stderr), (0, ""),
              "syntax of the profile of " + name)

tap.main()
