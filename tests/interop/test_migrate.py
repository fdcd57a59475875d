# SPDX-License-Identifier: BSD-2-Clause
"""The same messages signed by OpenDKIM and by what assay migrate makes of it.

Both get each message over the milter protocol.  Their signatures must agree
in d=, s=, c= and the fields of h=, x= must be there in both or in none, and
dkimpy must verify both.  Who is signed for is part of it: where OpenDKIM adds
nothing, neither may we.
"""

import os
import re
import subprocess

import assaydaemon
import debs
import milterclient
import signkeys
import tap
from tap import equal, ok

FIELDS = ("Reply-To Subject Date To Cc Message-ID Resent-Date Resent-From "
          "Resent-To Resent-Cc Resent-Sender In-Reply-To References List-Id "
          "List-Help List-Unsubscribe List-Unsubscribe-Post List-Subscribe "
          "List-Post List-Owner List-Archive MIME-Version Content-Type Sender "
          "Comments X-Foo").split()
LOCAL = ("localhost", "127.0.0.1")
STRANGER = ("x.example.net", "192.0.2.1")
LOGIN = {"{auth_type}": "PLAIN", "{auth_authen}": "jane"}

SINGLE = "Domain example.org\nSelector s\nKeyFile @/k.pem\n"
TABLES = "KeyTable file:@/keys\nSigningTable %s:@/table\n"
KEYS = "k1 example.org:s1:@/k.pem\nk2 %:s2:@/k.pem\nk3 example.com:s3:@/k.pem\n"


class Case:
    """`tried`: (From's domain, client, macros) of each message."""

    def __init__(self, name, conf, tried=(("example.org", LOCAL, {}),),
                 **files):
        self.name, self.conf, self.tried, self.files = \
            name, conf, tried, files


def froms(*domains):
    return [(domain, LOCAL, {}) for domain in domains]


CASES = [
    Case("all defaults", SINGLE),
    Case("relaxed alone", SINGLE + "Canonicalization relaxed\n"),
    Case("Debian's file", SINGLE + "Canonicalization relaxed/simple\n"
         "OversignHeaders From\nUMask 007\nSyslog yes\nSyslogSuccess yes\n"),
    Case("relaxed/relaxed", SINGLE + "Canonicalization relaxed/relaxed\n"),
    Case("SignHeaders", SINGLE + "SignHeaders From,Subject,To\n"),
    Case("SignHeaders without From", SINGLE + "SignHeaders Subject\n"),
    Case("SignHeaders as a change", SINGLE +
         "SignHeaders *,+X-Foo,-Subject\n"),
    Case("OmitHeaders", SINGLE + "OmitHeaders *,+Subject\n"),
    Case("OversignHeaders", SINGLE + "OversignHeaders From,Subject,X-Gone\n"),
    Case("SignatureTTL", SINGLE + "SignatureTTL 3600\n"),
    Case("SubDomains no", SINGLE, froms("example.org", "a.example.org")),
    Case("SubDomains yes", SINGLE + "SubDomains yes\n",
         froms("example.org", "a.example.org", "b.a.example.org",
               "notexample.org")),
    Case("several domains", "Domain file:@/domains\nSelector s\n"
         "KeyFile @/k.pem\n", froms("example.org", "example.com", "x.example"),
         domains="example.org\n# not this\nexample.com # yes\n"),
    Case("who is signed for", SINGLE, [
        ("example.org", STRANGER, {}), ("example.org", STRANGER, LOGIN),
        ("example.org", ("localhost", "::1"), {})]),
    Case("InternalHosts", SINGLE + "InternalHosts refile:@/hosts\n", [
        ("example.org", LOCAL, {}), ("example.org", STRANGER, {}),
        ("example.org", ("y.example.net", "192.0.2.7"), {}),
        ("example.org", ("z.inside.example", "198.51.100.1"), {})],
        hosts="192.0.2.0/24\n!192.0.2.7\n.inside.example\n"),
    Case("an exception inside", SINGLE +
         "InternalHosts !192.0.2.0/24,192.0.2.1\n", [
             ("example.org", STRANGER, {}),
             ("example.org", ("y.example.net", "192.0.2.7"), {})]),
    Case("MTA", SINGLE + "MTA ORIGINATING\n", [
        ("example.org", STRANGER, {"{daemon_name}": "ORIGINATING"}),
        ("example.org", STRANGER, {"{daemon_name}": "smtpd"})]),
    Case("a table of names", TABLES % "file",
         froms("example.org", "a.example.org", "b.a.example.org",
               "example.com", "a.example.com"), keys=KEYS,
         table=".example.org k2\n.a.example.org k1\nexample.org k1\n"
         "example.com k3\n"),
    Case("a table of patterns", TABLES % "refile",
         froms("example.org", "a.example.org", "example.com",
               "a.example.com", "EXAMPLE.org"), keys=KEYS,
         table="*@example.org k1\n*@*.example.org k2\n*example.com k3\n"),
    Case("one key for all below", TABLES % "refile",
         froms("example.org", "a.example.org"), keys=KEYS,
         table="*@example.org k1\n*@*.example.org k1\n"),
    Case("one key for two domains", TABLES % "file",
         froms("example.org", "example.com"), keys=KEYS,
         table="example.org k1\nexample.com k1\n"),
    Case("a later pattern", TABLES % "refile",
         froms("a.example.org"), keys=KEYS,
         table="*@*.example.org k2\n*@a.example.org k1\n"),
    Case("one signature", TABLES % "refile", keys=KEYS,
         table="*@example.org k1\n*@example.org k2\n"),
    Case("several signatures", TABLES % "refile" + "MultipleSignatures yes\n",
         keys=KEYS, table="*@example.org k1\n*@example.org k4\n",
         more="k4 example.org:s4:@/k.pem\n"),
    Case("everything", TABLES % "refile", froms("example.org",
                                                "a.example.org"),
         keys=KEYS, table="* k1\n"),
    Case("a file for each domain", TABLES % "refile",
         keys="k %:s1:@/%.pem\n", table="*@example.org k\n"),
    Case("Include", "Include @/inner\n", inner=SINGLE),
]


def message(domain):
    head = "".join("%s: v\r\n" % name for name in FIELDS)
    return ("Received: from a by b; Sat, 21 Nov 2026 10:00:00 +0000\r\n" +
            head + "From: Jane <jane@%s>\r\n\r\nHello  \r\n\r\n" % domain
            ).encode()


class OpenDKIM:
    def __init__(self, root, folder):
        self.socket = "local:" + os.path.join(folder, "old.sock")
        self.conf = os.path.join(folder, "opendkim.conf")
        self.environment = dict(os.environ,
                                LD_LIBRARY_PATH=debs.libraries(root))
        self.program = root + "/usr/sbin/opendkim"
        if not os.path.exists(self.program):
            self.program, self.environment = "opendkim", None

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "-f", "-x", self.conf], env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        tap.cleanup(self.stop)
        assaydaemon.wait_for(self._listens, 60, "OpenDKIM listens")
        return self

    def _listens(self):
        if self.process.poll() is not None:
            raise RuntimeError(self.process.stdout.read().decode())
        try:
            milterclient.connect_socket(self.socket, 5).close()
            return True
        except OSError:
            return False

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()


def tags(field):
    return {tag: re.sub(r"\s", "", value) for tag, value in
            re.findall(r"([a-z]+)=([^;]*)", field.replace("\n", ""))}


def summary(field):
    found = tags(field)
    return (found["d"], found["s"], found["c"],
            sorted(found["h"].lower().split(":")), "x" in found)


def signatures(result):
    return [d[4:].split(b"\0")[1].decode() for code, d in result.changes
            if code == "i" and b"DKIM-Signature\0" in d]


def verified(raw, fields, record):
    """Each signature, above the message, by itself."""
    out = []
    for field in fields:
        selector, domain = tags(field)["s"], tags(field)["d"]
        name = "%s._domainkey.%s" % (selector, domain)
        lines = ("DKIM-Signature: " + field.lstrip()).replace("\r", "")
        alone = lines.replace("\n", "\r\n").encode() + b"\r\n" + raw
        out.append(signkeys.dkimpy(alone, {name: [{"TXT": record}]})
                   [selector])
    return out


def write_files(case, folder):
    conf = case.conf + "Socket local:@/old.sock\nBackground no\n" \
        "RequireSafeKeys no\n"
    files = dict(case.files, **{"opendkim.conf": conf})
    files["keys"] = files.get("keys", "") + files.pop("more", "")
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text.replace("@/", folder + "/"))
    os.link(os.path.join(folder, "k.pem"),
            os.path.join(folder, "example.org.pem"))


def migrated(folder):
    done = subprocess.run(
        [assaydaemon.command(), "migrate",
         os.path.join(folder, "opendkim.conf")],
        capture_output=True, text=True, timeout=60, check=False)
    if not equal(done.returncode, 0, "assay migrate", done.stderr):
        return None
    text = done.stdout.replace("/old.sock", "/m.sock")
    text = re.sub(r"(?m)^user: .*\n", "", text)
    return text + "log: {target: stderr, level: info, format: json}\n"


def compare(case, old, new, key):
    signed = 0
    for domain, client, macros in case.tried:
        raw = message(domain)
        options = dict(host=client[0], client=client[1], macros=macros)
        theirs = signatures(milterclient.send(old.socket, raw, **options))
        ours = signatures(new.send(raw, **options))
        name = "%s: %s from %s" % (case.name, domain, client[1])
        equal(sorted(map(summary, ours)), sorted(map(summary, theirs)), name)
        equal(verified(raw, theirs + ours, key.record),
              [True] * len(theirs + ours), name + ": dkimpy verifies all")
        signed += len(theirs)
    ok(signed > 0, case.name + ": OpenDKIM signs something")


def run(case, root):
    folder = assaydaemon.work_folder()
    key = signkeys.Key(folder, "k")
    write_files(case, folder)
    text = migrated(folder)
    if text is None:
        return
    old = OpenDKIM(root, folder).start()
    with assaydaemon.Daemon(text, folder=folder) as new:
        compare(case, old, new, key)
    old.stop()


def add(case):
    def test_case():
        run(case, ROOT)
    test_case.__name__ = "migrate " + case.name
    tap.test(test_case)


try:
    ROOT = debs.unpack("opendkim")
except debs.Unavailable as reason:
    tap.skip_all("no OpenDKIM: %s" % reason)
try:
    import dkim     # noqa: F401
except ImportError:
    import sys
    sys.path.append(os.path.join(debs.unpack("python3-dkim"),
                                 "usr/lib/python3/dist-packages"))
for one in CASES:
    add(one)
if __name__ == "__main__":
    tap.main()
