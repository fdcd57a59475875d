# SPDX-License-Identifier: BSD-2-Clause
"""sendmail: a real Sendmail on loopback, with the face of mta.Postfix.

It is unpacked, not installed, and runs in a private namespace (namespace.py).
A test begins with:

    namespace.prepare(sendmail.PACKAGES)    # or is skipped
"""

import os
import smtplib
import subprocess

import assaydaemon
import mta
import namespace
import tap

PROGRAM = "/usr/libexec/sendmail/sendmail"
PACKAGES = ("sendmail-bin", "sendmail-cf", "libwrap0")

# Above the lines of etc/sendmail.mc.
HEAD = """\
define(`_CF_DIR_', `/usr/share/sendmail/cf/')dnl
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(`linux')dnl
define(`MAIL_SETTINGS_DIR', `{top}/')dnl
define(`confDOMAIN_NAME', `mx.example.org')dnl
define(`QUEUE_DIR', `{top}/mqueue')dnl
define(`STATUS_FILE', `{top}/statistics')dnl
define(`ALIAS_FILE', `{top}/aliases')dnl
define(`confPID_FILE', `{top}/sendmail.pid')dnl
define(`confSERVICE_SWITCH_FILE', `{top}/service.switch')dnl
define(`confDEF_USER_ID', `nobody:nogroup')dnl
define(`confDONT_BLAME_SENDMAIL', `AssumeSafeChown,ClassFileInUnsafeDirPath,GroupWritableDirPathSafe,GroupReadableKeyFile,MapInUnsafeDirPath,NonRootSafeAddr,TrustStickyBit')dnl
define(`confTO_IDENT', `0')dnl
define(`confLOG_LEVEL', `14')dnl
define(`confMILTER_LOG_LEVEL', `12')dnl
define(`confREFUSE_LA', `10000')dnl
define(`confQUEUE_LA', `10000')dnl
define(`confDELAY_LA', `0')dnl
define(`confAUTH_MECHANISMS', `ANONYMOUS')dnl
FEATURE(`always_add_domain')dnl
FEATURE(`nocanonify')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
FEATURE(`promiscuous_relay')dnl
DAEMON_OPTIONS(`Port={port}, Addr=127.0.0.1, Name=MTA')dnl
DAEMON_OPTIONS(`Port={port}, Addr=::1, Family=inet6, Name=MTA6')dnl
"""
SMART_HOST = """\
define(`SMART_HOST', `{mailer}:[127.0.0.1]')dnl
define(`{MAILER}_MAILER_ARGS', `TCP $h {next_hop}')dnl
"""

# Below them, and below the lines of the test.
TAIL = """\
MAILER(`local')dnl
MAILER(`smtp')dnl
"""

SOCKET = "local:/run/assay/milter.sock"     # as etc/sendmail.mc has it


def snippet(milter):
    """etc/sendmail.mc with our socket in it."""
    path = os.path.join(assaydaemon.top_srcdir(), "etc/sendmail.mc")
    with open(path) as f:
        text = f.read()
    if SOCKET not in text:
        raise ValueError("etc/sendmail.mc names another socket")
    return text.replace(SOCKET, milter)


class Sendmail:
    """
    `milter`: the socket in libmilter's spelling; `mc`: more sendmail.mc;
    `mailer`: esmtp, relay or smtp, which delivers to the sink or to
    `next_hop`, another port, or with use_mx to the servers that DNS names;
    `temporary`: mail waits when the filter is not there.
    """

    def __init__(self, milter=None, mc="", mailer="esmtp", sink=None,
                 next_hop=None, temporary=True, use_mx=False):
        self.top = assaydaemon.work_folder("assay-sendmail-")
        self.sink = sink or mta.Sink()
        self.port = assaydaemon.free_port()
        self.process = None
        text = HEAD.format(top=self.top, port=self.port)
        if not use_mx:
            text += SMART_HOST.format(mailer=mailer, MAILER=mailer.upper(),
                                      next_hop=next_hop or self.sink.port)
        if milter:
            filters = snippet(milter)
            text += filters.replace("F=,", "F=T,") if temporary else filters
        self._configure(text + mc + TAIL,
                        "hosts dns files\n" if use_mx else "hosts files\n")

    def _configure(self, text, switch):
        os.mkdir(os.path.join(self.top, "mqueue"), 0o700)
        self._write("aliases", "")
        self._write("service.switch", switch)
        self._write("sendmail.mc", text)
        done = subprocess.run(
            ["m4", os.path.join(self.top, "sendmail.mc")], text=True,
            check=True, capture_output=True)    # it warns of open relays
        self._write("sendmail.cf", done.stdout)

    def _write(self, name, text):
        with open(os.path.join(self.top, name), "w") as f:
            f.write(text)

    def _command(self):
        return [PROGRAM, "-C", os.path.join(self.top, "sendmail.cf")]

    def start(self):
        tap.cleanup(self.stop)
        self.process = subprocess.Popen(
            self._command() + ["-bD"], stdin=subprocess.DEVNULL,
            cwd=self.top)
        assaydaemon.wait_for(self._listens, 60, "Sendmail accepts")
        return self

    def _listens(self):
        if self.process.poll() is not None:
            raise RuntimeError("Sendmail ended:\n" + self.log())
        try:
            smtplib.SMTP("127.0.0.1", self.port, timeout=60).quit()
            return True
        except OSError:
            return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
        self.sink.stop()

    def log(self):
        return namespace.syslog("sm-mta") or namespace.syslog("sendmail")

    def queued(self, kind="qf"):
        return [name for name in os.listdir(os.path.join(self.top, "mqueue"))
                if name.startswith(kind)]

    def held(self):
        """How many messages are quarantined."""
        return len(self.queued("hf"))

    def client(self, address="192.0.2.1", name=None, helo="mail.example.net"):
        """An SMTP connection that really comes from `address`."""
        del name                                # nobody has one here
        host = "::1" if address and ":" in address else "127.0.0.1"
        smtp = smtplib.SMTP(host, self.port, timeout=120,
                            source_address=(address or host, 0))
        smtp.ehlo(helo)
        return smtp

    def send(self, raw, sender="alice@example.net",
             recipients=("bob@example.org",), **client):
        """Sends one message; raises smtplib's exceptions when refused."""
        smtp = self.client(**client)
        try:
            mta.submit(smtp, raw, sender, recipients)
        finally:
            try:
                smtp.quit()
            except smtplib.SMTPException:
                pass
