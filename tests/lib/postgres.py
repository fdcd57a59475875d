# SPDX-License-Identifier: BSD-2-Clause
"""postgres: a PostgreSQL server of the test's own.

Debian's programs, in a folder of ours, on a Unix socket only, as a user
without privileges; it ends with the test.  The package is not installed:
that would start a server of the system.
"""

import contextlib
import glob
import os
import pwd
import subprocess

import assaydaemon
import debs
import tap

USER = "nobody"


def programs():
    """The folder of initdb and postgres, and the environment they want;
    raises debs.Unavailable."""
    folder = _folder("/")
    if folder:
        return folder, dict(os.environ)
    root = debs.unpack("postgresql")
    folder = _folder(root)
    if not folder:
        raise debs.Unavailable("no PostgreSQL server")
    return folder, dict(os.environ, LD_LIBRARY_PATH=debs.libraries(root))


def _folder(root):
    found = sorted(glob.glob(os.path.join(
        root, "usr/lib/postgresql/*/bin/postgres")))
    return os.path.dirname(found[-1]) if found else None


class Server:
    def __init__(self):
        self.bin, self.environment = programs()
        self.folder = assaydaemon.work_folder("assay-postgres-")
        self.data = os.path.join(self.folder, "data")
        self.process = None
        self.identity = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam(USER)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.identity = {"user": user.pw_uid, "group": user.pw_gid,
                             "extra_groups": []}
        self._run("initdb", "-D", self.data, "-U", "assay", "-A", "trust",
                  "-E", "UTF8", "--no-sync", "--locale=C")
        self.start()

    def _run(self, name, *arguments):
        done = subprocess.run([os.path.join(self.bin, name)] +
                              list(arguments), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True,
                              cwd=self.folder, env=self.environment,
                              **self.identity)
        if done.returncode != 0:
            raise debs.Unavailable("%s: %s" % (name, done.stdout[-500:]))
        return done.stdout

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(self.bin, "postgres"), "-D", self.data,
                 "-k", self.folder, "-c", "listen_addresses=",
                 "-c", "fsync=off", "-c", "jit=off",
                 "-c", "max_connections=20"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.folder, env=self.environment, **self.identity)
        tap.cleanup(self.stop)
        assaydaemon.wait_for(lambda: self.answers(), 60, "PostgreSQL answers")

    def answers(self):
        if self.process.poll() is not None:
            raise debs.Unavailable("postgres ended with %d" %
                                   self.process.returncode)
        return subprocess.run(self._psql("postgres", "SELECT 1"),
                              capture_output=True,
                              env=self.environment).returncode == 0

    def stop(self):
        """At once, as when the machine goes away."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(subprocess.signal.SIGQUIT)
            self.process.wait(60)

    def _psql(self, base, query):
        return [os.path.join(self.bin, "psql"), "-XAtq", "-h", self.folder,
                "-U", "assay", "-d", base, "-c", query]

    def ask(self, base, query):
        """Its rows, as text with | between columns."""
        done = subprocess.run(self._psql(base, query), capture_output=True,
                              text=True, env=self.environment)
        return done.stdout.strip() if done.returncode == 0 else \
            "failed: " + done.stderr.strip()

    @contextlib.contextmanager
    def held(self, base, query):
        """A transaction that has asked this and goes on till the end."""
        process = subprocess.Popen(
            self._psql(base, "BEGIN")[:-2], text=True,
            env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        try:
            process.stdin.write("BEGIN; %s;\n\\echo held\n" % query)
            process.stdin.flush()
            for line in process.stdout:
                if line == "held\n":
                    break
            yield
        finally:
            process.stdin.close()
            process.wait(60)
            process.stdout.close()

    def create(self, base):
        """The name of a new database, as assay's store."""
        self.ask("postgres", "CREATE DATABASE " + base)
        return "postgresql://assay@/%s?host=%s" % (base, self.folder)
