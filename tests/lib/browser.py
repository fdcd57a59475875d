# SPDX-License-Identifier: BSD-2-Clause
"""browser: a headless Chromium that looks at a page, over its debugging pipe.

The program comes out of its package (debs.py); it gets no network, a profile
of its own, and ends with the test.
"""

import base64
import glob
import json
import os
import select
import shutil
import struct
import subprocess
import time
import zlib

import assaydaemon
import debs
import tap

SECONDS = 180


class Browser:
    def __init__(self):
        program = shutil.which("chromium")
        environment = dict(os.environ)
        if not program:
            root = debs.unpack("chromium")
            program = root + "/usr/lib/chromium/chromium"
            environment["LD_LIBRARY_PATH"] = ":".join(
                [debs.libraries(root)] +
                glob.glob(root + "/usr/lib/*-linux-gnu/pulseaudio"))
        self.folder = assaydaemon.work_folder()
        environment["HOME"] = environment["TMPDIR"] = self.folder
        self.command = [
            program, "--headless=new", "--no-sandbox", "--disable-gpu",
            "--no-first-run", "--disable-dev-shm-usage",
            "--disable-background-networking", "--proxy-server=127.0.0.1:9",
            "--user-data-dir=" + self.folder + "/profile",
            "--remote-debugging-pipe", "about:blank"]
        self.environment = environment
        self.number = 0
        self.rest = b""
        self.events = []
        self._start()

    def _start(self):
        to_read, self.out = os.pipe()
        self.input, to_write = os.pipe()

        def pipes():
            # Chromium reads descriptor 3 and writes to 4.
            first, second = os.dup(to_read), os.dup(to_write)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self.log = open(os.path.join(self.folder, "log"), "wb")
        self.process = subprocess.Popen(
            self.command, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, preexec_fn=pipes,
            close_fds=False, start_new_session=True)
        os.close(to_read)
        os.close(to_write)
        tap.cleanup(self.stop)
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(t for t in targets if t["type"] == "page")
        self.session = None
        self.session = self.call("Target.attachToTarget", flatten=True,
                                 targetId=page["targetId"])["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        for end in (self.out, self.input):
            try:
                os.close(end)
            except OSError:
                pass
        self.log.close()

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if getattr(self, "session", None):
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            reply = self._receive()
            if reply.get("id") == self.number:
                if "error" in reply:
                    raise RuntimeError("%s: %s" % (method, reply["error"]))
                return reply["result"]
            self.events.append(reply)

    def _receive(self):
        end = time.monotonic() + SECONDS
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.input], [], [],
                                        max(0, end - time.monotonic()))
            data = os.read(self.input, 1 << 16) if ready else b""
            if not data:
                with open(self.log.name, "rb") as f:
                    tap.note(f.read()[-2000:].decode("utf-8", "replace"))
                raise TimeoutError("the browser does not answer")
            self.rest += data
        first, _, self.rest = self.rest.partition(b"\0")
        return json.loads(first)

    def show(self, path, width, height, dark=False):
        """Loads a file; the events since then are what went wrong."""
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme",
             "value": "dark" if dark else "light"}])
        self.events = []
        loader = self.call("Page.navigate", url="file://" + os.path.abspath(
            path))["loaderId"]
        while not any(self._has_loaded(e, loader) for e in self.events):
            self.events.append(self._receive())
        self.evaluate("1")

    @staticmethod
    def _has_loaded(event, loader):
        """This page, and not the one before it."""
        about = event.get("params", {})
        return event.get("method") == "Page.lifecycleEvent" and \
            (about["loaderId"], about["name"]) == (loader, "load")

    def evaluate(self, expression):
        return self.call("Runtime.evaluate", expression=expression,
                         returnByValue=True)["result"].get("value")

    def complaints(self):
        """What the console shows, and what the page wanted from elsewhere."""
        out = []
        for event in self.events:
            method, parameters = event.get("method"), event.get("params")
            if method == "Log.entryAdded":
                out.append(parameters["entry"]["text"])
            elif method in ("Runtime.consoleAPICalled",
                            "Runtime.exceptionThrown"):
                out.append(json.dumps(parameters)[:500])
            elif method == "Network.requestWillBeSent":
                url = parameters["request"]["url"]
                if not url.startswith(("file:", "data:")):
                    out.append("request: " + url)
        return out

    def picture(self):
        """(width, height, rows of (r, g, b))"""
        return decode(base64.b64decode(
            self.call("Page.captureScreenshot", format="png")["data"]))


def decode(png):
    """An 8-bit RGB or RGBA PNG without interlacing."""
    place, packed = 8, b""
    while place < len(png):
        length, kind = struct.unpack(">I4s", png[place:place + 8])
        data = png[place + 8:place + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", data[:10])
        elif kind == b"IDAT":
            packed += data
        place += 12 + length
    if depth != 8 or colour not in (2, 6):
        raise ValueError("another kind of PNG")
    size = 3 if colour == 2 else 4
    raw, before, rows = zlib.decompress(packed), bytearray(width * size), []
    for row in range(height):
        start = row * (width * size + 1)
        line = bytearray(raw[start + 1:start + 1 + width * size])
        _unfilter(raw[start], line, before, size)
        rows.append([tuple(line[i:i + 3]) for i in range(0, len(line), size)])
        before = line
    return width, height, rows


def _unfilter(kind, line, before, size):
    for i in range(len(line)):
        left = line[i - size] if i >= size else 0
        corner = before[i - size] if i >= size else 0
        above = before[i]
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = above
        elif kind == 3:
            guess = (left + above) // 2
        elif kind == 4:
            near = left + above - corner
            guess = min((left, above, corner),
                        key=lambda v: abs(near - v))
        else:
            return
        line[i] = (line[i] + guess) & 255
