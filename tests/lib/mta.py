# SPDX-License-Identifier: BSD-2-Clause
"""mta: a real Postfix on loopback, and a sink that it delivers to.

Postfix runs with its own configuration and queue in a temporary folder, on
free ports, started through its master(8) directly; nothing of a Postfix that
the machine may have is touched.  It needs root.  Where no Postfix is
installed, one is unpacked beside the system (namespace.py): to install it
would push out another mail server.  A test begins with:

    mta.prepare()           # or is skipped
"""

import contextlib
import os
import pwd
import re
import shutil
import signal
import smtplib
import socketserver
import subprocess
import threading

import assaydaemon
import namespace
import tap

PACKAGES = ("postfix",)
MASTER = "/usr/lib/postfix/sbin/master"

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {top}/spool
data_directory = {top}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {top}/maillog
maillog_file_prefixes = {top}
myhostname = mx.example.org
mydestination = example.org
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = all
alias_maps =
alias_database =
local_recipient_maps =
local_transport = lmtp:inet:127.0.0.1:{sink}
default_transport = lmtp:inet:127.0.0.1:{sink}
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, defer_unauth_destination
local_header_rewrite_clients =
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
lmtp_destination_recipient_limit = 1
"""

MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd {options}
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
proxymap  unix - - n - - proxymap
lmtp      unix - - n - - lmtp
smtp      unix - - n - - smtp
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""

DIRECTORIES = (
    ("active bounce corrupt defer deferred flush hold incoming private saved "
     "trace", 0o700, "postfix", None),
    ("public", 0o710, "postfix", "postdrop"),
    ("maildrop", 0o730, "postfix", "postdrop"),
    ("pid", 0o755, None, None),
)


def installed():
    """Is there a Postfix that is more than unpacked?"""
    try:
        pwd.getpwnam("postfix")
    except KeyError:
        return False
    return os.path.exists(MASTER)


def version():
    """Such as (3, 7)."""
    text = subprocess.run(["/usr/sbin/postconf", "-d", "-h", "mail_version"],
                          check=True, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL).stdout
    return tuple(int(n) for n in re.findall(r"\d+", text)[:2])


def packages():
    """The sets to unpack for a Postfix: none where one is installed."""
    return () if installed() else (PACKAGES,)


def prepare(*sets):
    """
    Goes on where there are a Postfix and these sets of packages, or skips
    all tests.
    """
    if os.geteuid() != 0:
        tap.skip_all("not root")
    sets += packages()
    if sets:
        namespace.prepare(*sets)
        add_users()


def add_users():
    """Those that installing the package makes, in a private /etc."""
    if installed():
        return
    with open("/etc/passwd", "a", encoding="ascii") as f:
        f.write("postfix:x:20010:20010::/var/spool/postfix:/bin/false\n")
    with open("/etc/group", "a", encoding="ascii") as f:
        f.write("postfix:x:20010:\npostdrop:x:20011:\n")


# ---- the sink ----

class _Lmtp(socketserver.StreamRequestHandler):
    """LMTP and SMTP, as much as a delivery needs."""

    def reply(self, text):
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def handle(self):
        self.lmtp = self.secure = False
        self.envelope = [None, []]
        self.reply("220 sink.example.org ready")
        while True:
            line = self.rfile.readline()
            verb = line[:4].upper().strip()
            if not line:
                return
            if verb == b"QUIT":
                with contextlib.suppress(OSError):
                    self.reply("221 bye")   # the peer may have gone
                return
            self.command(verb, line.decode("utf-8", "replace").strip())

    def command(self, verb, line):
        if verb in (b"LHLO", b"EHLO"):
            self.lmtp = verb == b"LHLO"
            self.reply("250-sink.example.org\r\n250-PIPELINING\r\n" +
                       "".join("250-%s\r\n" % offer
                               for offer in self.server.sink.offers) +
                       ("250-STARTTLS\r\n" if self.server.sink.tls and
                        not self.secure else "") +
                       "250 ENHANCEDSTATUSCODES")
        elif verb == b"STAR":
            self.reply("220 go on")
            self.start_tls()
        elif verb == b"MAIL":
            self.envelope = [re.search("<(.*?)>", line).group(1), []]
            self.reply("250 ok")
        elif verb == b"RCPT" and self.server.sink.refused.intersection(
                re.findall("<(.*?)>", line)):
            self.reply("550 5.1.1 no such user")
        elif verb == b"RCPT":
            self.envelope[1].append(re.search("<(.*?)>", line).group(1))
            self.reply("250 ok")
        elif verb == b"DATA" and not self.envelope[1]:
            self.reply("503 5.5.1 no recipients")
        elif verb == b"DATA":
            self.reply("354 go on")
            self.data()
        else:
            self.reply("250 ok")

    def start_tls(self):
        self.request = self.server.sink.tls.wrap_socket(self.request,
                                                        server_side=True)
        self.rfile = self.request.makefile("rb")
        self.wfile = self.request.makefile("wb")
        self.secure = True

    def data(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        sender, recipients = self.envelope
        self.server.sink.take(sender, recipients, b"".join(lines))
        for _ in recipients if self.lmtp else [None]:
            self.reply("250 taken")
        self.envelope = [None, []]


class _SinkServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


class Delivered:
    def __init__(self, sender, recipients, raw):
        self.sender, self.recipients, self.raw = sender, recipients, raw

    @property
    def header(self):
        return self.raw.split(b"\r\n\r\n", 1)[0] + b"\r\n"

    def values(self, name):
        """The values of a field, unfolded, from the top."""
        unfolded = re.sub(rb"\r\n([ \t])", rb"\1", self.header)
        pattern = rb"(?im)^" + re.escape(name.encode()) + rb"[ \t]*:(.*)\r$"
        return [v.decode("latin-1").strip()
                for v in re.findall(pattern, unfolded)]

    def names(self):
        unfolded = re.sub(rb"\r\n([ \t])", rb"\1", self.header)
        return [line.split(b":")[0].decode("latin-1").lower()
                for line in unfolded.split(b"\r\n") if line]


class Sink:
    """
    `offers`: the extensions that it says it has; `refused`: recipients that
    it does not know; `tls`: a context, and it offers STARTTLS; `port`: any
    that is free, unless told.
    """

    def __init__(self, offers=("8BITMIME", "SMTPUTF8"), refused=(), tls=None,
                 address="127.0.0.1", port=0):
        self.offers, self.refused, self.tls = offers, set(refused), tls
        self.server = _SinkServer((address, port), _Lmtp)
        self.server.sink = self
        self.port = self.server.server_address[1]
        self.messages = []
        self.changed = threading.Condition()
        threading.Thread(target=self.server.serve_forever, args=(0.05,),
                         daemon=True).start()

    def take(self, sender, recipients, raw):
        with self.changed:
            self.messages.append(Delivered(sender, recipients, raw))
            self.changed.notify_all()

    def wait(self, count, seconds=assaydaemon.PATIENCE):
        """Waits until `count` messages have come since the last clear()."""
        with self.changed:
            if not self.changed.wait_for(
                    lambda: len(self.messages) >= count, seconds):
                raise TimeoutError("%d of %d messages were delivered" %
                                   (len(self.messages), count))
            return list(self.messages)

    def clear(self):
        with self.changed:
            self.messages = []

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Filter(Sink):
    """
    A content filter: each message goes on to back(sender, recipients, raw),
    with what filters add on top.
    """

    def __init__(self, back=None):
        super().__init__()
        self.back = back

    def take(self, sender, recipients, raw):
        super().take(sender, recipients, raw)
        self.back(sender, recipients,
                  b"X-Filtered: yes\r\n"
                  b"Received: from localhost ([127.0.0.1])\r\n"
                  b"\tby filter.example.org with ESMTP id 1;\r\n"
                  b"\tSat, 21 Nov 2026 10:00:00 +0000\r\n" + raw)


def inject(port, sender, recipients, raw):
    """Hands a message in from this machine."""
    smtp = smtplib.SMTP("127.0.0.1", port, timeout=120)
    smtp.ehlo("localhost")
    submit(smtp, raw, sender, recipients)
    smtp.quit()


# ---- Postfix ----

class Postfix:
    """
    `milter`: the socket in libmilter's spelling; `main`: more main.cf;
    `options`: of its smtpd in master.cf; `services`: more of master.cf.
    """

    def __init__(self, milter=None, main=None, sink=None, folder=None,
                 options="", services=""):
        self.top = folder or assaydaemon.work_folder("assay-postfix-")
        self.sink = sink or Sink()
        self.port = assaydaemon.free_port()
        self.master = None
        settings = parse_main_cf(MAIN_CF.format(top=self.top,
                                                sink=self.sink.port))
        if milter:
            settings.update(snippet(milter))
            settings["milter_default_action"] = "tempfail"
        settings.update(main or {})
        self.etc = os.path.join(self.top, "etc")
        self._configure(settings, MASTER_CF.format(
            port=self.port, options=options) + services)

    def _configure(self, settings, services):
        etc = self.etc
        os.mkdir(etc)
        with open(os.path.join(etc, "main.cf"), "w") as f:
            f.writelines("%s = %s\n" % pair for pair in settings.items())
        with open(os.path.join(etc, "master.cf"), "w") as f:
            f.write(services)
        spool = os.path.join(self.top, "spool")
        os.mkdir(spool)
        for names, mode, user, group in DIRECTORIES:
            for name in names.split():
                path = os.path.join(spool, name)
                os.mkdir(path)
                os.chmod(path, mode)
                if user:
                    shutil.chown(path, user, group)
        data = os.path.join(self.top, "data")
        os.mkdir(data)
        shutil.chown(data, "postfix")

    def start(self):
        tap.cleanup(self.stop)
        subprocess.run([MASTER, "-c", self.etc, "-w"], check=True, timeout=60,
                       stdin=subprocess.DEVNULL)
        with open(os.path.join(self.top, "spool/pid/master.pid")) as f:
            self.master = int(f.read())
        return self

    def stop(self):
        if self.master is None:
            return
        pid, self.master = self.master, None
        try:
            os.kill(pid, signal.SIGTERM)
            assaydaemon.wait_for(lambda: not _exists(pid), 30,
                                 "Postfix has ended")
        except ProcessLookupError:
            pass
        self.sink.stop()

    def log(self):
        try:
            with open(os.path.join(self.top, "maillog"),
                      errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def held(self):
        """How many messages are on hold (quarantined)."""
        hold = os.path.join(self.top, "spool/hold")
        return sum(len(files) for _, _, files in os.walk(hold))

    def command(self, raw, sender, recipients):
        """Hands a message in with the command sendmail, as programs do."""
        subprocess.run(["/usr/sbin/sendmail", "-C", self.etc, "-i", "-f",
                        sender] + list(recipients), check=True, timeout=60,
                       input=raw.replace(b"\r\n", b"\n"))

    def client(self, address="192.0.2.1", name=None, helo="mail.example.net"):
        """An SMTP connection that Postfix takes for one from `address`."""
        smtp = smtplib.SMTP("127.0.0.1", self.port, timeout=120)
        smtp.ehlo(helo)
        if address:
            kind = "IPV6:" if ":" in address else ""
            smtp.docmd("XCLIENT", "ADDR=%s%s NAME=%s" %
                       (kind, address, name or "[UNAVAILABLE]"))
            smtp.ehlo(helo)
        return smtp

    def send(self, raw, sender="alice@example.net",
             recipients=("bob@example.org",), **client):
        """Sends one message; raises smtplib's exceptions when refused."""
        smtp = self.client(**client)
        try:
            submit(smtp, raw, sender, recipients)
        finally:
            try:
                smtp.quit()
            except smtplib.SMTPException:
                pass


def submit(smtp, raw, sender, recipients, parameters=""):
    """
    One transaction with the octets as they are (smtplib mends CR, LF).
    `parameters` of MAIL, such as "BODY=8BITMIME".
    """
    code, text = smtp.docmd("MAIL", "FROM:<%s> %s" % (sender, parameters))
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, text, sender)
    for recipient in recipients:
        code, text = smtp.rcpt(recipient)
        if code != 250:
            raise smtplib.SMTPRecipientsRefused({recipient: (code, text)})
    code, text = smtp.docmd("DATA")
    if code != 354:
        raise smtplib.SMTPDataError(code, text)
    stuffed = re.sub(rb"(?m)^\.", b"..", raw)
    if not stuffed.endswith(b"\r\n"):
        stuffed += b"\r\n"
    smtp.send(stuffed + b".\r\n")
    code, text = smtp.getreply()
    if code != 250:
        raise smtplib.SMTPDataError(code, text)


def parse_main_cf(text):
    return dict(re.findall(r"(?m)^(\w+) *= *(.*)$", text))


def snippet(milter):
    """etc/postfix-main.cf with our socket in it."""
    path = os.path.join(assaydaemon.top_srcdir(), "etc/postfix-main.cf")
    with open(path) as f:
        settings = parse_main_cf(f.read())
    if settings["smtpd_milters"] != "unix:assay/milter.sock":
        raise ValueError("etc/postfix-main.cf names another socket")
    return dict(settings, smtpd_milters=postfix_spelling(milter))


def postfix_spelling(address):
    """libmilter's local:PATH and inet:PORT@HOST as Postfix writes them."""
    kind, _, rest = address.partition(":")
    if kind in ("local", "unix"):
        return "unix:" + rest
    port, _, host = rest.partition("@")
    return "inet:%s:%s" % (host or "127.0.0.1", port)


def _exists(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
