# SPDX-License-Identifier: BSD-2-Clause
"""tlspol: the built assay-tlspol, a client of it, and policy hosts for it.

The policy hosts are one HTTPS server on loopback with certificates of an
authority of the tests' own; what it does is set host by host.
"""

import os
import socket
import ssl
import subprocess
import threading
import time

import yaml

import assaydaemon
import tap
from assaydaemon import merged, replace, wait_for


class Plain(yaml.SafeDumper):
    """Without anchors."""

    def ignore_aliases(self, data):
        return True


def built():
    """False: configure was told to leave it out."""
    return os.path.exists(binary())


def binary():
    return os.environ.get("ASSAY_TLSPOL") or os.path.join(
        os.environ.get("top_builddir", "."), "assay-tlspol")


class Daemon(assaydaemon.Daemon):
    """
    As assaydaemon.Daemon.  `hosts`: the policy hosts that it may reach.
    """

    def __init__(self, config=None, zone=None, hosts=None, **rest):
        self.hosts = hosts
        self.sockets = []
        super().__init__(config, zone, **rest)
        # etc/assay-events.schema.json is of assay-milter.
        self.watched = True

    def configure(self, config=None, zone=None):
        if zone is not None:
            if not isinstance(zone, str):
                zone = yaml.dump({"zonedata": zone}, width=1 << 20,
                                 Dumper=Plain)
            replace(self.zone_path, zone)
        if not isinstance(config, str):
            # On a busy machine the first answer may take its time.
            base = {"socket": self.socket, "socket-mode": "0666",
                    "answer-within": "30s",
                    "log": {"target": "stderr", "level": "debug",
                            "format": "json"}}
            if os.path.exists(self.zone_path):
                base["resolver"] = {"zone": "zone.yaml"}
            if self.hosts:
                base["https"] = {"ca-file": self.hosts.ca.path,
                                 "port": self.hosts.port,
                                 "allow-networks": ["127.0.0.0/8"]}
            values = merged(base, config or {})
            sockets = values["socket"]
            self.sockets = [sockets] if isinstance(sockets, str) else sockets
            self.socket = self.sockets[0]
            config = yaml.dump(values, sort_keys=False, Dumper=Plain)
        replace(self.path, config)

    def _listens(self):
        """All of them: they are opened one after the other."""
        if not super()._listens():
            return False
        try:
            for spelling in self.sockets[1:]:
                connect(spelling, 5).close()
        except OSError:
            return False
        return True

    def spawn(self):
        kept = os.environ.get("ASSAY_MILTER")
        os.environ["ASSAY_MILTER"] = binary()
        try:
            return super().spawn()
        finally:
            if kept is None:
                del os.environ["ASSAY_MILTER"]
            else:
                os.environ["ASSAY_MILTER"] = kept

    def client(self, seconds=assaydaemon.PATIENCE):
        return Client(self.socket, seconds)

    def ask(self, key, table="postfix"):
        """One question on a connection of its own."""
        with self.client() as client:
            return client.ask(key, table)

    def lines(self, event, **values):
        """The records of that kind, as dictionaries."""
        out = []
        for line in self.log().splitlines():
            if '"event":"%s"' % event in line:
                record = yaml.safe_load(line)
                if all(record.get(k) == v for k, v in values.items()):
                    out.append(record)
        return out

    def wait_line(self, event, count=1, **values):
        def there():
            found = self.lines(event, **values)
            return found if len(found) >= count else None
        return wait_for(there, 60, "%d of %s %r" % (count, event, values))

    def wait_log(self, text, seconds=60):
        wait_for(lambda: text in self.log(), seconds, text)

    def statistics(self):
        count = len(self.lines("statistics"))
        import signal
        self.kill(signal.SIGUSR1)
        return self.wait_line("statistics", count + 1)[-1]


def connect(spelling, seconds=assaydaemon.PATIENCE):
    kind, rest = spelling.split(":", 1)
    if kind in ("local", "unix"):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(seconds)
        sock.connect(rest)
        return sock
    port, host = rest.split("@")
    return socket.create_connection((host.strip("[]"), int(port)), seconds)


def netstring(text):
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    return b"%d:%s," % (len(data), data)


class Client:
    """socketmap_table(5)"""

    def __init__(self, spelling, seconds=assaydaemon.PATIENCE):
        self.sock = connect(spelling, seconds)
        self.data = b""

    def send(self, text):
        self.sock.sendall(netstring(text))

    def read(self):
        """One reply; None when the daemon has closed."""
        while True:
            head, colon, rest = self.data.partition(b":")
            if colon and len(rest) > int(head):
                size = int(head)
                if rest[size:size + 1] != b",":
                    raise ValueError("not a netstring: %r" % self.data)
                self.data = rest[size + 1:]
                return rest[:size].decode("ascii")
            try:
                more = self.sock.recv(1 << 16)
            except ConnectionError:
                return None
            if not more:
                return None
            self.data += more

    def ask(self, key, table="postfix"):
        self.send(b"%s %s" % (table.encode(), key if isinstance(key, bytes)
                              else key.encode("utf-8")))
        return self.read()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *rest):
        self.close()


# ---- certificates ----

class Authority:
    def __init__(self, folder, name="ca"):
        self.folder = folder
        self.path = os.path.join(folder, name + ".pem")
        self.key = os.path.join(folder, name + ".key")
        self.count = 0
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=assay test " + name, "-keyout", self.key, "-out",
                self.path, "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def certificate(self, *names, days=2, subject="/O=assay"):
        """(chain file, key file) for these names, or of another kind."""
        self.count += 1
        base = os.path.join(self.folder, "%s-%d" % (
            os.path.basename(self.path)[:-4], self.count))
        openssl("req", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
                "-keyout", base + ".key", "-out", base + ".csr")
        with open(base + ".ext", "w") as f:
            f.write("extendedKeyUsage=serverAuth\n")
            if names:
                f.write("subjectAltName=%s\n" % ",".join(
                    n if ":" in n else "DNS:" + n for n in names))
        sign = ("x509", "-req", "-in", base + ".csr", "-CA", self.path,
                "-CAkey", self.key, "-CAcreateserial",
                "-extfile", base + ".ext", "-out", base + ".pem")
        try:
            openssl(*sign, "-days", str(days))
        except subprocess.CalledProcessError:
            # OpenSSL 3.4 and later want dates for one that has expired.
            openssl(*sign, "-not_before", "20200101000000Z",
                    "-not_after", "20200102000000Z")
        return base + ".pem", base + ".key"


def openssl(*arguments):
    subprocess.run(["openssl"] + list(arguments), check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)


# ---- policy hosts ----

def policy(*mx, mode="enforce", max_age=604800):
    return "".join(["version: STSv1\n", "mode: %s\n" % mode] +
                   ["mx: %s\n" % name for name in mx] +
                   ["max_age: %d\n" % max_age])


def response(body, status="200 OK", media="text/plain", length=None,
             **headers):
    data = body if isinstance(body, bytes) else body.encode()
    lines = ["HTTP/1.1 " + status]
    if media is not None:
        lines.append("Content-Type: " + media)
    lines.append("Content-Length: %d" %
                 (len(data) if length is None else length))
    lines += ["%s: %s" % (k.replace("_", "-"), v) for k, v in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + data


class PolicyHosts:
    """
    `hosts[name]` is the whole response as octets, or a function that gets
    the connection and the request.  `certificates[name]`: (chain, key), the
    default one has all names given here.  `port`: any that is free, unless
    told.
    """

    def __init__(self, folder, names=(), gate=None, address="127.0.0.1",
                 port=0):
        self.ca = Authority(folder)
        self.hosts = {}
        self.gate = gate
        self.contexts = {}
        self.requests = []          # (name, path)
        self.connections = 0
        self.lock = threading.Lock()
        self.context = self.make_context(*self.ca.certificate(
            *(list(names) or ["none.invalid"])))
        self.context.sni_callback = self._sni
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Of other addresses as well.
        self.listener.bind((address, port or assaydaemon.free_port()))
        self.listener.listen(256)
        self.port = self.listener.getsockname()[1]
        self.stopping = False
        threading.Thread(target=self._run, daemon=True).start()
        tap.cleanup(self.stop)

    @staticmethod
    def make_context(chain, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        return context

    def set_certificate(self, name, chain, key, change=None):
        context = self.make_context(chain, key)
        if change:
            change(context)
        self.contexts[name] = context

    def _sni(self, sock, name, context):
        if name in self.contexts:
            sock.context = self.contexts[name]

    def asked(self, name):
        with self.lock:
            return [r for r in self.requests if r[0] == name]

    def stop(self):
        self.stopping = True
        # Or the thread in accept() would take one more connection.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _run(self):
        while not self.stopping:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock,),
                             daemon=True).start()

    def _serve(self, sock):
        try:
            sock.settimeout(120)
            with self.context.wrap_socket(sock, server_side=True) as tls:
                data = b""
                while b"\r\n\r\n" not in data:
                    more = tls.recv(4096)
                    if not more:
                        return
                    data += more
                lines = data.decode("latin-1").split("\r\n")
                name = [line.split(":")[1].strip() for line in lines
                        if line.lower().startswith("host:")][0]
                with self.lock:
                    self.requests.append((name, lines[0]))
                gate = self.gate
                if gate:
                    gate.wait()
                host = self.hosts.get(name, response("no", "404 Not Found"))
                if callable(host):
                    host(tls, data)
                else:
                    tls.sendall(host)
                    tls.unwrap()
        except (OSError, ValueError, IndexError):
            pass


def signed(**records):
    """Records of a name that DNSSEC vouches for."""
    return [{"DNSSEC": True}] + [{k: v} for k, v in records.items()]


def sts_zone(domain, mx="mx.%s", identifier="1", address="127.0.0.1",
             secure=False):
    """What a domain with MTA-STS has in DNS."""
    host = mx % domain if "%" in mx else mx
    zone = {domain: [{"DNSSEC": secure}, {"MX": [10, host]}],
            "_mta-sts." + domain: [{"TXT": "v=STSv1; id=%s" % identifier}],
            "mta-sts." + domain: [{"A": address}]}
    if host.endswith(domain):
        zone[host] = [{"A": "192.0.2.1"}]
    return zone


def until(condition, what, seconds=60):
    return wait_for(condition, seconds, what)


def now():
    return time.monotonic()
