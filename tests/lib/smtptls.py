# SPDX-License-Identifier: BSD-2-Clause
"""smtptls: a mail server with STARTTLS on loopback, kind or not."""

import socket
import ssl
import threading

import tap


class Server:
    """
    Shows `chain` and `key`.  `says`: octets in place of the greeting, or a
    function that gets the connection.  `offers`: STARTTLS after EHLO.
    `port`: any that is free, unless told.
    """

    def __init__(self, chain=None, key=None, says=None, offers=True,
                 behind=b"", address="127.0.0.1", port=0):
        self.context = None
        if chain:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(chain, key)
            self.context.sni_callback = self._sni
        self.says, self.offers, self.behind = says, offers, behind
        self.names = []         # that were asked for
        self.commands = []
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()
        tap.cleanup(self.listener.close)

    def _sni(self, sock, name, context):
        self.names.append(name)

    def _run(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,),
                             daemon=True).start()

    def _serve(self, sock):
        try:
            sock.settimeout(60)
            with sock:
                if callable(self.says):
                    self.says(sock)
                    return
                sock.sendall(self.says or b"220-mx.example ESMTP\r\n"
                             b"220 at your service\r\n")
                self._talk(sock, sock.makefile("rb"))
        except (OSError, ValueError):
            pass

    def _talk(self, sock, lines):
        for line in lines:
            word = line.split()[0].upper()
            self.commands.append(line)
            if word == b"EHLO":
                sock.sendall(b"250-mx.example\r\n250-SIZE 1000\r\n" +
                             (b"250-STARTTLS\r\n" if self.offers else b"") +
                             b"250 HELP\r\n")
            elif word == b"STARTTLS":
                sock.sendall(b"220 go on\r\n" + self.behind)
                tls = self.context.wrap_socket(sock, server_side=True)
                self.commands.append(tls.recv(1000))
                tls.close()
                return
            else:
                sock.sendall(b"502 no\r\n")
