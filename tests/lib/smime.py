# SPDX-License-Identifier: BSD-2-Clause
"""smime: people with certificates, what they sign, and their SMIMEA names."""

import hashlib
import os
import subprocess

from tlspol import openssl


def owner(address):
    """Where the records of an address are (RFC 8162, section 3)."""
    local, _, domain = address.rpartition("@")
    digest = hashlib.sha256(local.encode()).digest()[:28].hex()
    return "%s._smimecert.%s" % (digest, domain)


def person(ca, folder, name, *addresses):
    """(certificate, key) by an authority of tlspol.py."""
    base = os.path.join(folder, name)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + name,
            "-keyout", base + ".key", "-out", base + ".csr")
    with open(base + ".ext", "w") as f:
        f.write("subjectAltName=%s\nkeyUsage=digitalSignature\n"
                "extendedKeyUsage=emailProtection\n" %
                ",".join("email:" + a for a in addresses))
    openssl("x509", "-req", "-in", base + ".csr", "-CA", ca.path, "-CAkey",
            ca.key, "-CAcreateserial", "-days", "2", "-extfile",
            base + ".ext", "-out", base + ".pem")
    return base + ".pem", base + ".key"


def der(certificate):
    return subprocess.run(["openssl", "x509", "-in", certificate, "-outform",
                           "DER"], capture_output=True, check=True).stdout


def digest(certificate):
    """The last part of its record 3 0 1."""
    return hashlib.sha256(der(certificate)).hexdigest()


def sign(certificate, key, *options, sender):
    """A signed message."""
    return subprocess.run(
        ["openssl", "cms", "-sign", "-signer", certificate, "-inkey", key,
         "-from", sender, "-subject", "x"] + list(options),
        input=b"Content-Type: text/plain\r\n\r\nHello.\r\n",
        capture_output=True, check=True).stdout
