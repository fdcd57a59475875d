# SPDX-License-Identifier: BSD-2-Clause
"""dnsserver: a name server on loopback that does what a test tells it to.

It answers over UDP and TCP as a recursive resolver would, from a zone in the
shape of assay's zone file, and misbehaves on request, name by name.
"""

import heapq
import select
import socket
import struct
import threading
import time

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15,
         "TXT": 16, "AAAA": 28, "TLSA": 52, "SMIMEA": 53, "SPF": 99}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
OPT = 41
SO_RCVBUFFORCE = 33
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, REFUSED = 0, 1, 2, 3, 5


def encode_name(name):
    out = b""
    for label in name.rstrip(".").split("."):
        label = label.encode("utf-8") if label else b""
        if label:
            out += bytes([len(label)]) + label
    return out + b"\0"


def decode_name(data, at):
    labels = []
    while data[at]:
        size = data[at]
        if size > 63:
            raise ValueError("compression in a question")
        labels.append(data[at + 1:at + 1 + size].decode("latin-1"))
        at += 1 + size
    return ".".join(labels), at + 1


def encode_txt(value):
    """A text is split into strings of 255, a list is taken as it is."""
    if isinstance(value, (str, bytes)):
        data = value.encode("utf-8") if isinstance(value, str) else value
        parts = [data[i:i + 255] for i in range(0, len(data), 255)] or [b""]
    else:
        parts = [p.encode("utf-8") if isinstance(p, str) else p
                 for p in value]
    return b"".join(bytes([len(p)]) + p for p in parts)


def encode_rdata(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind in ("TXT", "SPF"):
        return encode_txt(value)
    if kind in ("TLSA", "SMIMEA"):
        return bytes(value[:3]) + bytes.fromhex(value[3])
    if kind == "MX":
        return struct.pack("!H", value[0]) + encode_name(value[1])
    return encode_name(value)


class Behaviour:
    """
    What is odd about the answers for a name:
      delay=SECONDS     answers late
      drop=N            leaves the first N questions unanswered (True: all)
      rcode=N           that code, no records
      truncate=True     UDP always says TC; TCP answers
      wrong_id, wrong_name, malformed=True
      raw=FUNCTION      (query bytes) -> answer bytes
      ad=True           claims that DNSSEC vouches for it
    """

    def __init__(self, **odd):
        self.delay = odd.pop("delay", 0)
        self.drop = odd.pop("drop", 0)
        self.rcode = odd.pop("rcode", None)
        self.truncate = odd.pop("truncate", False)
        self.wrong_id = odd.pop("wrong_id", False)
        self.wrong_name = odd.pop("wrong_name", False)
        self.malformed = odd.pop("malformed", False)
        self.raw = odd.pop("raw", None)
        self.ad = odd.pop("ad", False)
        if odd:
            raise TypeError("unknown behaviour %r" % odd)


class Server:
    """
    `delay` is that of names which behave; with a `gate` (an Event) nothing
    is answered before it is set.  `port`: any that is free, unless told.
    """

    def __init__(self, zone=None, delay=0, ttl=300, gate=None, port=0):
        self.gate = gate
        self.port = port
        self.zone = {}
        self.odd = {}
        self.default = Behaviour(delay=delay)
        self.ttl = ttl
        self.queries = []           # (name, type, "udp" or "tcp", time)
        self.lock = threading.Lock()
        self.late = []              # heap of (when, order, packet, peer)
        self.order = 0
        self.stopping = False
        self._bind()
        for name, records in (zone or {}).items():
            self.set(name, records)
        self.threads = [threading.Thread(target=run, daemon=True)
                        for run in (self._run_udp, self._run_tcp)]
        for thread in self.threads:
            thread.start()

    def _bind(self):
        wanted = self.port          # 0: another one at each try
        for _ in range(50):
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._enlarge(self.udp)
            self.udp.bind(("127.0.0.1", wanted))
            self.port = self.udp.getsockname()[1]
            self.tcp = socket.socket()
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                self.tcp.bind(("127.0.0.1", self.port))
            except OSError:
                self.udp.close()
                self.tcp.close()
                continue
            self.tcp.listen(64)
            return
        raise OSError("no port is free for both UDP and TCP")

    @staticmethod
    def _enlarge(sock):
        """Room for all the questions that come while we do not look."""
        for option in (socket.SO_RCVBUF, SO_RCVBUFFORCE):
            try:
                sock.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
            except PermissionError:
                pass            # not root

    @property
    def address(self):
        return "127.0.0.1:%d" % self.port

    def set(self, name, records, **odd):
        with self.lock:
            self.zone[name.lower().rstrip(".")] = records
        if odd:
            self.behave(name, **odd)

    def behave(self, name, **odd):
        with self.lock:
            self.odd[name.lower().rstrip(".")] = Behaviour(**odd)

    def asked(self, name=None):
        with self.lock:
            return [q for q in self.queries
                    if name is None or q[0] == name.lower()]

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()
        self.udp.close()
        self.tcp.close()

    # ---- answers ----

    def _records(self, name, qtype):
        """(rcode, [(owner, type, rdata)]), CNAMEs followed as far as 20."""
        out = []
        rcode = NXDOMAIN
        for _ in range(20):
            records = self.zone.get(name.lower())
            if records is None:
                below = "." + name.lower()
                if any(key.endswith(below) for key in self.zone):
                    rcode = NOERROR     # an empty non-terminal
                return rcode, out
            rcode = NOERROR
            target = None
            for record in records:
                for kind, value in record.items():
                    number = TYPES[kind]
                    if number == qtype:
                        out.append((name, number,
                                    encode_rdata(kind, value)))
                    elif kind == "CNAME":
                        target = value
            if target is None or qtype == TYPES["CNAME"]:
                return rcode, out
            out.append((name, TYPES["CNAME"], encode_name(target)))
            name = target.rstrip(".")
        return rcode, out

    def _answer(self, query, udp):
        """(delay, packet or None)"""
        ident, flags, questions = struct.unpack("!HHH", query[:6])
        if flags & 0x8000 or questions != 1:
            return 0, None
        name, at = decode_name(query, 12)
        qtype, _ = struct.unpack("!HH", query[at:at + 4])
        question = query[12:at + 4]
        edns = struct.unpack("!H", query[10:12])[0] > 0
        room = 512
        if edns:
            kind, room = struct.unpack("!HH", query[at + 5:at + 9])
            edns = kind == OPT
        with self.lock:
            self.queries.append((name.lower(), TYPE_NAMES.get(qtype, qtype),
                                 "udp" if udp else "tcp", time.monotonic()))
            odd = self.odd.get(name.lower(), self.default)
            if odd.drop:
                if odd.drop is not True:
                    odd.drop -= 1
                return 0, None
            rcode, records = self._records(name, qtype)
        if odd.raw:
            return odd.delay, odd.raw(query)
        if odd.rcode is not None:
            rcode, records = odd.rcode, []
        if odd.wrong_id:
            ident ^= 0x5555
        if odd.wrong_name:
            question = encode_name("other." + name) + question[-4:]
        packet = self._packet(ident, question, rcode, records, edns,
                              odd.ad, False)
        if udp and (odd.truncate or len(packet) > max(room, 512)):
            packet = self._packet(ident, question, rcode, [], edns, odd.ad,
                                  True)
        if odd.malformed:
            packet = packet[:12] + b"\xc0\x0c" * 3 + packet[18:-3]
        return odd.delay, packet

    def _packet(self, ident, question, rcode, records, edns, ad, truncated):
        flags = 0x8180 | rcode | (0x20 if ad else 0)
        flags |= 0x200 if truncated else 0
        authority = b""
        if not records and not truncated and rcode in (NOERROR, NXDOMAIN):
            rdata = b"\0\0" + struct.pack("!IIIII", 1, 60, 60, 60, self.ttl)
            authority = b"\0" + struct.pack("!HHIH", 6, 1, self.ttl,
                                            len(rdata)) + rdata
        packet = struct.pack("!HHHHHH", ident, flags, 1, len(records),
                             1 if authority else 0, 1 if edns else 0)
        packet += question
        for owner, kind, rdata in records:
            packet += encode_name(owner)
            packet += struct.pack("!HHIH", kind, 1, self.ttl, len(rdata))
            packet += rdata
        packet += authority
        if edns:
            packet += b"\0" + struct.pack("!HHIH", OPT, 1232, 0, 0)
        return packet

    # ---- transports ----

    def _run_udp(self):
        while not self.stopping:
            wait = 0.1
            if self.late:
                wait = max(0, min(wait, self.late[0][0] - time.monotonic()))
            ready, _, _ = select.select([self.udp], [], [], wait)
            if ready and self.gate:
                self.gate.wait()
            if ready:
                query, peer = self.udp.recvfrom(65535)
                try:
                    delay, packet = self._answer(query, True)
                except (struct.error, ValueError, IndexError):
                    delay, packet = 0, None
                if packet is not None:
                    self.order += 1
                    heapq.heappush(self.late, (time.monotonic() + delay,
                                               self.order, packet, peer))
            while self.late and self.late[0][0] <= time.monotonic():
                _, _, packet, peer = heapq.heappop(self.late)
                try:
                    self.udp.sendto(packet, peer)
                except OSError:
                    pass        # the asker has gone

    def _run_tcp(self):
        while not self.stopping:
            ready, _, _ = select.select([self.tcp], [], [], 0.1)
            if ready:
                sock, _ = self.tcp.accept()
                threading.Thread(target=self._serve_tcp, args=(sock,),
                                 daemon=True).start()

    def _serve_tcp(self, sock):
        sock.settimeout(30)
        stream = sock.makefile("rb")
        with sock, stream:
            try:
                while True:
                    size = stream.read(2)
                    if len(size) < 2:
                        return
                    query = stream.read(struct.unpack("!H", size)[0])
                    delay, packet = self._answer(query, False)
                    time.sleep(delay)
                    if packet is None:
                        return
                    sock.sendall(struct.pack("!H", len(packet)) + packet)
            except (OSError, struct.error, ValueError, IndexError):
                pass


def dead_port():
    """A port of UDP where nobody answers, and the socket that holds it."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return sock, "127.0.0.1:%d" % sock.getsockname()[1]
