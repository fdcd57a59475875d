# SPDX-License-Identifier: BSD-2-Clause
"""unit: starts assay-milter.service without systemd.

    unit.py check     the service starts, and ends when it is told to
    unit.py mail      and a message sent to the real Postfix is checked

What it takes from the unit and its drop-ins: ExecStartPre=, ExecStart=,
User=, Group=, UMask=, RuntimeDirectory=, NOTIFY_SOCKET for Type=notify.
"""

import glob
import grp
import os
import pwd
import re
import shlex
import signal
import smtplib
import socket
import subprocess
import sys
import time

NAME = "assay-milter.service"
SECONDS = 60


def settings():
    """The unit's [Service] section with its drop-ins: [(key, value)]"""
    places = [d + "/systemd/system/" for d in ("/usr/lib", "/lib", "/etc")]
    files = [p + NAME for p in places if os.path.exists(p + NAME)][:1]
    for place in places:
        files += sorted(glob.glob(place + NAME + ".d/*.conf"))
    out = []
    for file in dict.fromkeys(map(os.path.realpath, files)):
        section = None
        with open(file, encoding="utf-8") as f:
            for line in map(str.strip, f):
                if line.startswith("["):
                    section = line
                elif section == "[Service]" and re.match(r"\w+=", line):
                    out.append(tuple(line.split("=", 1)))
    return out


class Service:
    def __init__(self):
        self.settings = settings()
        self.one = dict(self.settings)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.process = None

    def start(self):
        user = pwd.getpwnam(self.one["User"])
        group = grp.getgrnam(self.one["Group"])
        folder = "/run/" + self.one["RuntimeDirectory"]
        os.makedirs(folder, exist_ok=True)
        os.chown(folder, user.pw_uid, group.gr_gid)
        for key, value in self.settings:
            if key == "ExecStartPre":
                subprocess.run(shlex.split(value.lstrip("+-!:@")), check=True)
        path = "/run/notify"
        self.notify.bind(path)
        os.chmod(path, 0o666)
        self.notify.settimeout(SECONDS)
        self.process = subprocess.Popen(
            shlex.split(self.one["ExecStart"]), cwd="/",
            env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": path},
            user=user.pw_uid, group=group.gr_gid,
            extra_groups=os.getgrouplist(user.pw_name, group.gr_gid),
            umask=int(self.one["UMask"], 8))
        while b"READY=1" not in self.notify.recv(4096):
            pass
        return self

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)


def wait_for(condition, what):
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)


def mailbox():
    """What Postfix has delivered to root's mailbox."""
    for path in ("/var/mail/root", "/var/mail/nobody"):
        if os.path.exists(path) and os.path.getsize(path):
            with open(path, encoding="utf-8") as f:
                return f.read()
    return ""


def send():
    """A message of a stranger; its SPF and DKIM need no answers."""
    smtp = smtplib.SMTP("127.0.0.1", 25, timeout=SECONDS)
    smtp.ehlo("mail.example.net")
    smtp.docmd("XCLIENT", "ADDR=192.0.2.1 NAME=[UNAVAILABLE]")
    smtp.ehlo("mail.example.net")
    smtp.sendmail("alice@example.net", ["root@example.org"],
                  "From: alice@example.net\r\nTo: root@example.org\r\n"
                  "Authentication-Results: mx.example.org; dkim=pass\r\n"
                  "Subject: is it checked?\r\n\r\nHello.\r\n")
    smtp.quit()


def mail():
    subprocess.run(["postfix", "start"], check=True)
    try:
        wait_for(lambda: subprocess.run(["postfix", "status"]).returncode == 0,
                 "Postfix runs")
        send()
        wait_for(mailbox, "a message in the mailbox")
    finally:
        subprocess.run(["cat", "/var/log/postfix.log"])
        subprocess.run(["postfix", "stop"])
    header = mailbox().split("\n\n", 1)[0]
    print(header)
    fields = re.findall(r"(?m)^Authentication-Results:.*(?:\n[ \t].*)*",
                        header)
    if len(fields) != 1 or "mx.example.org;" not in fields[0] or \
            "spf=" not in fields[0]:
        sys.exit("the message was not checked")


def main(action):
    service = Service().start()
    if action == "mail":
        mail()
    status = service.stop()
    if status != 0:
        sys.exit("the service ended with %d" % status)


main(sys.argv[1])
