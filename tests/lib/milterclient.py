# SPDX-License-Identifier: BSD-2-Clause
"""milterclient: the MTA's side of the milter protocol, version 6.

Client speaks single packets; Session behaves as Postfix does with one SMTP
client: it sends the macros, leaves out what the filter negotiated away, reads
a reply only where one is due, stops when the filter accepts or refuses, and
applies the changes of end-of-message in the way of Postfix (a deleted field
no longer counts) or of Sendmail (it still counts).
"""

import collections
import select
import socket
import struct

# Actions and protocol flags (libmilter/mfdef.h).
ACTIONS = 0x1ff
CAN_QUARANTINE = 0x20
PROTOCOL = 0x1fffff
NOCONNECT, NOHELO, NOMAIL, NORCPT = 0x1, 0x2, 0x4, 0x8
NOBODY, NOHDRS, NOEOH, NR_HDR = 0x10, 0x20, 0x40, 0x80
NOUNKNOWN, NODATA, SKIP, RCPT_REJ = 0x100, 0x200, 0x400, 0x800
NR_CONN, NR_HELO, NR_MAIL, NR_RCPT = 0x1000, 0x2000, 0x4000, 0x8000
NR_DATA, NR_UNKN, NR_EOH, NR_BODY = 0x10000, 0x20000, 0x40000, 0x80000
HDR_LEADSPC = 0x100000

# Which flags mean "do not send" and "no reply", per command.
UNSENT = {"C": NOCONNECT, "H": NOHELO, "M": NOMAIL, "R": NORCPT, "T": NODATA,
          "L": NOHDRS, "N": NOEOH, "B": NOBODY, "U": NOUNKNOWN}
UNANSWERED = {"C": NR_CONN, "H": NR_HELO, "M": NR_MAIL, "R": NR_RCPT,
              "T": NR_DATA, "L": NR_HDR, "N": NR_EOH, "B": NR_BODY,
              "U": NR_UNKN}

# The stage of a macro list in the negotiation, and what Postfix sends when
# the filter asks for nothing.
STAGES = {"C": 0, "H": 1, "M": 2, "R": 3, "T": 4, "E": 5, "N": 6}
DEFAULT_MACROS = {
    "C": "j {daemon_name} {daemon_addr} v _",
    "H": "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}",
    "M": "i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} "
         "{mail_mailer}",
    "R": "i {rcpt_addr} {rcpt_host} {rcpt_mailer}",
    "T": "i", "N": "i", "E": "i",
}

CHUNK = 65535

Reply = collections.namedtuple("Reply", "code data")
CONTINUE = Reply("c", b"")


class ProtocolError(Exception):
    pass


def to_bytes(text):
    if isinstance(text, bytes):
        return text
    return text.encode("utf-8", "surrogateescape")


def connect_socket(address, timeout):
    """`address` in libmilter's spelling."""
    kind, _, rest = address.partition(":")
    if kind in ("local", "unix"):
        sock = socket.socket(socket.AF_UNIX)
        where = rest
    else:
        port, _, host = rest.partition("@")
        host = (host or "127.0.0.1").strip("[]")
        family = socket.AF_INET6 if kind == "inet6" else socket.AF_INET
        sock = socket.socket(family)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        where = (host, int(port))
    sock.settimeout(timeout)
    try:
        sock.connect(where)
    except OSError:
        sock.close()
        raise
    return sock


class Client:
    """Packets, and nothing else."""

    def __init__(self, address, timeout=60):
        self.sock = connect_socket(address, timeout)
        self.unread = b""

    def send(self, command, data=b""):
        self.sock.sendall(struct.pack("!I", len(data) + 1) +
                          command.encode() + data)

    def _exactly(self, count):
        while len(self.unread) < count:
            more = self.sock.recv(65536)
            if not more:
                raise ProtocolError("the filter closed the connection")
            self.unread += more
        data, self.unread = self.unread[:count], self.unread[count:]
        return data

    def receive(self):
        size, = struct.unpack("!I", self._exactly(4))
        if size < 1 or size > 1 << 20:
            raise ProtocolError("packet of %d octets" % size)
        data = self._exactly(size)
        return Reply(chr(data[0]), data[1:])

    def pending(self):
        """Has the filter sent something that nobody asked for?"""
        if self.unread:
            return True
        ready, _, _ = select.select([self.sock], [], [], 0)
        if not ready:
            return False
        return self.sock.recv(1, socket.MSG_PEEK) != b""

    def at_end(self):
        """Waits for the end of the connection; False when data comes."""
        try:
            return not self.unread and self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Field:
    def __init__(self, name, value, hidden=False):
        self.name, self.value = to_bytes(name), to_bytes(value)
        self.hidden = hidden        # the MTA's own Received
        self.deleted = False        # Sendmail: still counts

    def __repr__(self):
        return "%r: %r" % (self.name, self.value)


class Header:
    """A message's header under the changes of a filter (spec of both MTAs)."""

    def __init__(self, fields, mta="postfix"):
        self.mta = mta
        self.fields = [Field("Received", " by the MTA", hidden=True)]
        self.fields += [Field(name, value) for name, value in fields]

    def insert(self, index, name, value):
        self.fields.insert(min(index, len(self.fields)), Field(name, value))

    def add(self, name, value):
        self.fields.append(Field(name, value))

    def change(self, index, name, value):
        named = [f for f in self.fields
                 if not f.hidden and f.name.lower() == name.lower()]
        if index < 1 or index > len(named):
            if value:
                self.add(name, value)
            return
        field = named[index - 1]
        if value:
            field.value, field.deleted = value, False
        elif self.mta == "postfix":
            self.fields.remove(field)
        else:
            field.deleted = True

    def apply(self, changes):
        for code, data in changes:
            if code == "h":
                name, value = data.split(b"\0")[:2]
                self.add(name, value)
            elif code == "i":
                index, = struct.unpack("!I", data[:4])
                name, value = data[4:].split(b"\0")[:2]
                self.insert(index, name, value)
            elif code == "m":
                index, = struct.unpack("!I", data[:4])
                name, value = data[4:].split(b"\0")[:2]
                self.change(index, name, value)

    def all(self):
        return [(f.name, f.value) for f in self.fields if not f.deleted]

    def values(self, name):
        name = to_bytes(name).lower()
        return [v for n, v in self.all() if n.lower() == name]


class Result:
    """What came of a message: the last reply and the changes."""

    def __init__(self, reply, changes=(), header=None, stage=""):
        self.reply = reply
        self.changes = list(changes)
        self.header = header
        self.stage = stage

    @property
    def accepted(self):
        return self.reply.code in "ca"

    @property
    def quarantine(self):
        for code, data in self.changes:
            if code == "q":
                return data.rstrip(b"\0")
        return None

    @property
    def reply_text(self):
        """As the SMTP client sees it: MTAs take the reply for a format."""
        text = self.reply.data.rstrip(b"\0").decode("latin-1")
        if "%" in text.replace("%%", ""):
            raise ProtocolError("a single %% in %r" % text)
        return text.replace("%%", "%")

    @property
    def authres(self):
        """The field that was inserted, unfolded."""
        for code, data in self.changes:
            if code == "i":
                name, value = data[4:].split(b"\0")[:2]
                if name.lower() == b"authentication-results":
                    return value.decode("latin-1").replace("\n", "")
        return None


class Session(Client):
    """One connection of an SMTP client, as the MTA tells it to the filter."""

    def __init__(self, address, actions=ACTIONS, protocol=PROTOCOL,
                 mta="postfix", timeout=60, macros=None, version=6):
        super().__init__(address, timeout)
        self.mta = mta
        self.offered = protocol
        self.macros = {
            "j": "mx.example.org", "{daemon_name}": "mx.example.org",
            "{daemon_addr}": "127.0.0.1", "v": "Postfix 3.7.11",
        }
        self.macros.update(macros or {})
        self.lists = {c: names.split() for c, names in DEFAULT_MACROS.items()}
        self.over = None        # the reply that ended the whole session
        self.queue_id = 0
        self._negotiate(version, actions, protocol)

    def _negotiate(self, version, actions, protocol):
        self.send("O", struct.pack("!III", version, actions, protocol))
        reply = self.receive()
        if reply.code != "O" or len(reply.data) < 12:
            raise ProtocolError("negotiation answered by %r" % (reply,))
        self.version, self.actions, self.protocol = \
            struct.unpack("!III", reply.data[:12])
        if self.actions & ~actions or self.protocol & ~protocol:
            raise ProtocolError("more was taken than offered")
        rest = reply.data[12:]
        stages = {number: command for command, number in STAGES.items()}
        while len(rest) >= 5:
            number, = struct.unpack("!I", rest[:4])
            names, _, rest = rest[4:].partition(b"\0")
            self.lists[stages[number]] = names.decode().split()

    def _macros(self, command):
        pairs = b""
        for name in self.lists.get(command, []):
            for spelling in (name, "{%s}" % name.strip("{}")):
                if spelling in self.macros:
                    pairs += to_bytes(spelling) + b"\0"
                    pairs += to_bytes(self.macros[spelling]) + b"\0"
                    break
        if pairs:
            self.send("D", command.encode() + pairs)

    def event(self, command, data=b""):
        """Sends one event and returns the reply, a continue if none is due."""
        if self.protocol & UNSENT.get(command, 0):
            return CONTINUE
        if command in STAGES:
            self._macros(command)
        self.send(command, data)
        if self.protocol & UNANSWERED.get(command, 0):
            return CONTINUE
        reply = self.receive()
        while reply.code == "p":
            reply = self.receive()
        return reply

    def connect(self, host="client.example.net", address="192.0.2.1",
                port=40000):
        data = to_bytes(host) + b"\0"
        if address is None:
            data += b"U"
        else:
            family = (b"L" if address.startswith("/") else
                      b"6" if ":" in address else b"4")
            data += family + struct.pack("!H", port)
            data += to_bytes(address) + b"\0"
            prefix = "IPv6:" if family == b"6" else ""
            self.macros["_"] = "%s [%s%s]" % (host, prefix, address)
            self.macros["{client_addr}"] = prefix + address
            self.macros["{client_name}"] = host
            self.macros["{client_port}"] = str(port)
        return self._session_reply(self.event("C", data))

    def helo(self, name="mail.example.net"):
        return self._session_reply(self.event("H", to_bytes(name) + b"\0"))

    def _session_reply(self, reply):
        if reply.code != "c":
            self.over = reply
        return reply

    def mail(self, sender="<alice@example.net>", *arguments):
        self.queue_id += 1
        if self.mta == "sendmail":
            self.macros["i"] = "q%06d" % self.queue_id
        self.macros["{mail_addr}"] = sender.strip("<>")
        words = (sender,) + arguments
        return self.event("M", b"".join(to_bytes(w) + b"\0" for w in words))

    def rcpt(self, recipient="<bob@example.org>", *arguments):
        words = (recipient,) + arguments
        self.macros["{rcpt_addr}"] = recipient.strip("<>")
        reply = self.event("R", b"".join(to_bytes(w) + b"\0" for w in words))
        self.macros["i"] = "q%06d" % self.queue_id
        return reply

    def data(self):
        return self.event("T")

    def field(self, name, value):
        value = to_bytes(value)
        if not self.protocol & HDR_LEADSPC and value[:1] == b" ":
            value = value[1:]
        return self.event("L", to_bytes(name) + b"\0" +
                          value.split(b"\0")[0] + b"\0")

    def eoh(self):
        return self.event("N")

    def body(self, chunk):
        return self.event("B", chunk)

    def eom(self):
        """(changes, final reply)"""
        self._macros("E")
        self.send("E")
        changes = []
        while True:
            reply = self.receive()
            if reply.code == "p":
                continue
            if reply.code in "cartdyf4":
                return changes, reply
            changes.append(reply)

    def abort(self):
        self.send("A")
        self.macros.pop("i", None)

    def quit(self):
        """True when the filter ended without an unasked reply."""
        self.send("Q")
        good = self.at_end()
        self.close()
        return good

    def _end(self, reply, stage):
        """A reply before the end of a message that ends it, or None."""
        if reply.code in "cs":
            return None
        if reply.code == "f" or reply.code == "4":
            raise ProtocolError("the filter gave up at " + stage)
        self.macros.pop("i", None)
        return Result(reply, stage=stage)

    def message(self, raw=None, sender="<alice@example.net>",
                recipients=("<bob@example.org>",), arguments=(),
                fields=None, body=b""):
        """One transaction, to its end; HELO and CONNECT are the caller's."""
        if raw is not None:
            fields, body = split_message(raw)
        if self.over is not None:
            return Result(self.over, stage="session")
        ended = self._end(self.mail(sender, *arguments), "mail")
        if ended:
            if ended.reply.code != "a":
                self.abort()
            return ended
        taken = 0
        for recipient in recipients:
            reply = self.rcpt(recipient)
            if reply.code == "c":
                taken += 1
                continue
            if reply.code in "ad":
                return self._end(reply, "rcpt")
            refused = reply
        if taken == 0:
            self.abort()
            return Result(refused, stage="rcpt")
        return self._content(fields, body)

    def _content(self, fields, body):
        ended = self._end(self.data(), "data")
        for name, value in fields:
            if ended:
                return ended
            ended = self._end(self.field(name, value), "header")
        ended = ended or self._end(self.eoh(), "eoh")
        if ended:
            return ended
        for at in range(0, len(body), CHUNK):
            reply = self.body(body[at:at + CHUNK])
            if reply.code == "s":
                break
            ended = self._end(reply, "body")
            if ended:
                return ended
        changes, reply = self.eom()
        self.macros.pop("i", None)
        header = Header(fields, self.mta)
        header.apply(changes)
        return Result(reply, changes, header, "eom")


def split_message(raw):
    """
    Fields and body of a message with CRLF line ends, as an MTA hands them
    over: folds as LF, the blanks after the colon kept, those before it lost;
    the first line that is no field begins the body.
    """
    fields = []
    at = 0
    while at < len(raw):
        end = raw.find(b"\r\n", at)
        line = raw[at:] if end < 0 else raw[at:end]
        after = len(raw) if end < 0 else end + 2
        if line == b"":
            return fields, raw[after:]
        if line[:1] in b" \t" and fields:
            name, value = fields[-1]
            fields[-1] = (name, value + b"\n" + line)
        else:
            name, colon, value = line.partition(b":")
            name = name.rstrip(b" \t")
            if not colon or not name or any(c <= 32 or c > 126 for c in name):
                return fields, raw[at:]
            fields.append((name, value))
        at = after
    return fields, b""


def send(address, raw=None, client="192.0.2.1", host="client.example.net",
         helo="mail.example.net", mta="postfix", macros=None, **message):
    """One connection with one message."""
    with Session(address, mta=mta, macros=macros) as session:
        session.connect(host, client)
        if session.over is None:
            session.helo(helo)
        result = session.message(raw, **message)
        session.quit()
        return result
