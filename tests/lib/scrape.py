# SPDX-License-Identifier: BSD-2-Clause
"""scrape: a daemon's metrics, read as Prometheus does."""

import http.client
import socket

import assaydaemon


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connection(address, timeout=60):
    kind, _, rest = address.partition(":")
    if kind == "local":
        return UnixConnection(rest, timeout)
    port, _, host = rest.partition("@")
    return http.client.HTTPConnection(host.strip("[]"), int(port),
                                      timeout=timeout)


def get(address, path="/metrics", accept=None, method="GET", body=None):
    """(status, content type, text)"""
    c = connection(address)
    c.request(method, path, body=body,
              headers={"Accept": accept} if accept else {})
    answer = c.getresponse()
    text = answer.read().decode("utf-8")
    c.close()
    return answer.status, answer.getheader("Content-Type"), text


def values(text):
    """{name with labels: number}"""
    out = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, number = line.rpartition(" ")
            if name in out:
                raise ValueError("twice: " + name)
            out[name] = float(number)
    return out


def address():
    return "inet:%d@127.0.0.1" % assaydaemon.free_port()
