# SPDX-License-Identifier: BSD-2-Clause
"""certificates: a CA, what it issues, and mail servers and clients with it."""

import os
import ssl
import subprocess

import assaydaemon


def openssl(*arguments):
    subprocess.run(["openssl"] + list(arguments), check=True,
                   capture_output=True)


class Authority:
    """Certificates of a CA, or of a client's own making."""

    def __init__(self, name):
        self.folder = assaydaemon.work_folder()
        self.path = os.path.join(self.folder, "ca.pem")
        self.key = os.path.join(self.folder, "ca.key")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
                "2", "-subj", "/CN=" + name, "-keyout", self.key, "-out",
                self.path)
        os.chmod(self.key, 0o600)

    def issue(self, name):
        """(certificate, key)"""
        base = os.path.join(self.folder, name)
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj",
                "/O=Example/CN=" + name, "-keyout", base + ".key", "-out",
                base + ".csr")
        openssl("x509", "-req", "-in", base + ".csr", "-CA", self.path,
                "-CAkey", self.key, "-CAcreateserial", "-days", "2", "-out",
                base + ".pem")
        os.chmod(base + ".key", 0o600)
        return base + ".pem", base + ".key"


def postfix(authority):
    """Lines of main.cf: TLS, and certificates of clients are verified."""
    certificate, key = authority.issue("mx.example.org")
    return {"smtpd_tls_security_level": "may", "smtpd_tls_ask_ccert": "yes",
            "smtpd_tls_cert_file": certificate, "smtpd_tls_key_file": key,
            "smtpd_tls_CAfile": authority.path}


def sendmail(authority):
    """The same for a .mc file."""
    certificate, key = authority.issue("mx.example.org")
    return ("define(`confCACERT_PATH', `%s')dnl\n"
            "define(`confCACERT', `%s')dnl\n"
            "define(`confSERVER_CERT', `%s')dnl\n"
            "define(`confSERVER_KEY', `%s')dnl\n"
            % (authority.folder, authority.path, certificate, key))


def context(certificate=None, version=None):
    """Of a client that takes any server."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    if certificate:
        tls.load_cert_chain(*certificate)
    if version:
        tls.minimum_version = tls.maximum_version = version
    return tls
