# SPDX-License-Identifier: BSD-2-Clause
"""signkeys: keys that the daemon signs with, and other verifiers.

The verifiers other than dkimpy are programs: they ask the name server of
resolv.conf, which in a namespace (namespace.py) can be a dnsserver.Server.
"""

import base64
import os
import re
import subprocess

import assaydaemon

PACKAGES = (("python3-dkim",), ("libmail-dkim-perl",), ("opendkim-tools",))

# Prints "FILE SELECTOR RESULT" for each signature of each file.
MAIL_DKIM = """
use Mail::DKIM::Verifier;
for my $name (@ARGV) {
    open(my $file, '<', $name) or die "$name: $!";
    binmode($file);
    my $dkim = Mail::DKIM::Verifier->new();
    $dkim->load($file);
    print join(' ', $name, $_->selector, $_->result), "\\n"
        for $dkim->signatures;
}
"""


def openssl(*arguments, data=None):
    return subprocess.run(("openssl",) + arguments, check=True, input=data,
                          capture_output=True).stdout


class Key:
    """A private key in a file, and the record that publishes it."""

    def __init__(self, folder, name, kind="rsa"):
        self.path = os.path.join(folder, name + ".pem")
        options = ["-algorithm", kind]
        if kind == "rsa":
            options += ["-pkeyopt", "rsa_keygen_bits:2048"]
        openssl("genpkey", "-out", self.path, *options)
        os.chmod(self.path, 0o600)
        der = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")
        self.record = "v=DKIM1; k=%s; p=%s" % (
            kind, base64.b64encode(der if kind == "rsa" else der[-32:])
            .decode())


def split(raw):
    """[(selector, the message with that signature alone)] from the top."""
    fields = re.findall(rb"(?mi)^DKIM-Signature:.*\r\n(?:[ \t].*\r\n)*",
                        raw.split(b"\r\n\r\n")[0] + b"\r\n")
    rest = raw
    for field in fields:
        rest = rest.replace(field, b"", 1)
    return [(re.search(rb"[;\s]s=\s*([\w.-]+)", field).group(1).decode(),
             field + rest) for field in fields]


def dkimpy(raw, zone):
    """{selector: verified}"""
    import dkim

    def txt(name, timeout=5):
        del timeout
        name = name.decode() if isinstance(name, bytes) else name
        records = zone.get(name.rstrip("."))
        return records[0]["TXT"].encode() if records else None

    out = {}
    for selector, alone in split(raw):
        try:
            out[selector] = dkim.verify(alone, dnsfunc=txt)
        except dkim.DKIMException:
            out[selector] = False
    return out


def opendkim(raw):
    """{selector: verified}"""
    return {selector: subprocess.run(["opendkim-testmsg"], input=alone,
                                     capture_output=True).returncode == 0
            for selector, alone in split(raw)}


def mail_dkim(raws):
    """[{selector: verified}] of many at once; old ones know no Ed25519."""
    folder = assaydaemon.work_folder()
    paths = []
    for number, raw in enumerate(raws):
        paths.append(os.path.join(folder, "%04d" % number))
        with open(paths[-1], "wb") as f:
            f.write(raw)
    done = subprocess.run(["perl", "-e", MAIL_DKIM] + paths, check=True,
                          capture_output=True, text=True)
    out = {path: {} for path in paths}
    for line in done.stdout.splitlines():
        path, selector, result = line.split()
        if result != "invalid":
            out[path][selector] = result == "pass"
    return [out[path] for path in paths]
