# SPDX-License-Identifier: BSD-2-Clause
"""assay tls and assay tlsa: what is found, what senders do, hostile peers."""

import hashlib
import json
import os
import re
import subprocess
import time

import yaml

import assaydaemon
import smtptls
import tap
import tlspol
from assaydaemon import run_command
from tap import equal, ok
from tlspol import policy, response, signed, sts_zone

FOLDER = assaydaemon.work_folder()
CLEAN = re.compile(r"\A[\x20-\x7e\n]*\Z")


def zone_file(zone):
    path = os.path.join(FOLDER, "zone.yaml")
    with open(path, "w", encoding="utf-8") as f:
        yaml.dump({"zonedata": zone}, f, Dumper=tlspol.Plain)
    return path


def tls(zone, *arguments):
    """(status, value)"""
    done = run_command("tls", "--json", "--zone", zone_file(zone), "--cache",
               os.path.join(FOLDER, "none"), *arguments)
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        ok(False, "JSON can be read", done.stdout[-500:], done.stderr)
        return done.returncode, None


def key_digest(path):
    """SHA-256 of the key, by openssl."""
    key = subprocess.run(["openssl", "x509", "-in", path, "-pubkey",
                          "-noout"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"],
                         input=key, capture_output=True, check=True).stdout
    return hashlib.sha256(der).hexdigest()


def digest(path):
    der = subprocess.run(["openssl", "x509", "-in", path, "-outform", "DER"],
                         capture_output=True, check=True).stdout
    return hashlib.sha256(der).hexdigest()


CA = tlspol.Authority(FOLDER, "mail")
CHAIN, KEY = CA.certificate("mx.example.org", "*.pool.example.org")
OLD, OLD_KEY = CA.certificate("mx.example.org", days=-1)
BOTH = os.path.join(FOLDER, "both.pem")
with open(BOTH, "wb") as out:
    for part in CHAIN, CA.path:
        with open(part, "rb") as part:
            out.write(part.read())


# ---- assay tlsa ----

@tap.test
def record():
    done = run_command("tlsa", CHAIN)
    equal((done.returncode, done.stdout.decode(), done.stderr),
          (0, "_25._tcp.mx.example.org. IN TLSA 3 1 1 %s\n" %
           key_digest(CHAIN), b""), "3 1 1")
    done = run_command("tlsa", "--usage", "2", "--selector", "0", "--host",
               "a.example.org", "--port", "587", BOTH)
    equal(done.stdout.decode(), "_587._tcp.a.example.org. IN TLSA 2 0 1 %s\n"
          % digest(CA.path), "2 0 1 is about the authority")
    done = run_command("tlsa", "--json", "--matching-type", "2", "-", data=open(
        CHAIN, "rb").read())
    value = json.loads(done.stdout)
    equal((value["matching-type"], len(value["records"]),
           value["certificate"]["names"]),
          (2, 1, ["mx.example.org", "*.pool.example.org"]), "JSON")
    equal(len(value["records"][0]["record"]), 6 + 128, "SHA-512")
    der = subprocess.run(["openssl", "x509", "-in", CHAIN, "-outform",
                          "DER"], capture_output=True, check=True).stdout
    equal(run_command("tlsa", "-", data=der).stdout,
          run_command("tlsa", CHAIN).stdout,
          "DER")
    ok(b"ignore usage 0 and 1" in run_command("tlsa", "--usage", "1",
                                      CHAIN).stderr, "a warning")
    pattern, _ = CA.certificate("*.example.org")
    done = run_command("tlsa", pattern)
    equal(done.returncode, 64, "a pattern alone is no host")
    ok(b"--host" in done.stderr, "and says so", done.stderr)


@tap.test
def hostile_files():
    with open(CHAIN, "rb") as f:
        one = f.read()
    for name, data, want in (
            ("100 certificates", one * 100, 0),
            ("101", one * 101, 66),
            ("10,000", one * 1000, 66),
            ("empty", b"", 66), ("junk", os.urandom(100000), 66),
            ("a private key", open(KEY, "rb").read(), 66),
            ("cut", one[:len(one) // 2], 66),
            ("broken base64", one.replace(b"M", b"!", 3), 66),
            ("broken DER", b"-----BEGIN CERTIFICATE-----\nMIIBAA==\n"
             b"-----END CERTIFICATE-----\n", 66),
            ("large", b"\0" * (2 << 20), 66)):
        begin = time.monotonic()
        done = run_command("tlsa", "-", data=data)
        equal(done.returncode, want, name + " " +
              done.stderr.decode("ascii").strip())
        ok(time.monotonic() - begin < 20, name + ": in time")
    done = run_command("tlsa", "-", data=one * 101)
    ok(b"more than 100" in done.stderr, "and says so", done.stderr)


@tap.test
def usages():
    for arguments in (("--usage", "4"), ("--selector", "2"),
                      ("--matching-type", "3"), ("--port", "65536"),
                      ("--host", "a..b")):
        done = run_command("tlsa", *arguments, CHAIN)
        equal(done.returncode, 64, " ".join(arguments))
    equal(run_command("tlsa").returncode, 64, "no certificate")
    equal(run_command("tlsa", FOLDER).returncode, 66, "a folder")
    for arguments in ((), ("a..b",), ("--port", "0", "a.example"),
                      ("--https-port", "x", "a.example")):
        equal(run_command("tls", *arguments).returncode, 64,
              "tls " + " ".join(arguments))


# ---- assay tls, DNS alone ----

def dane_zone(*records):
    zone = {"example.org": signed() + [{"MX": [10, "mx.example.org"]}],
            "mx.example.org": signed(A="127.0.0.1"),
            "_25._tcp.mx.example.org": signed() + [
                {"TLSA": list(r)} for r in records],
            "_smtp._tls.example.org": signed(
                TXT="v=TLSRPTv1; rua=mailto:t@example.org")}
    return zone


def notes(value):
    return [n["what"] for n in value["notes"]]


@tap.test
def by_dns():
    for name, zone, fate, dane, why in (
            ("no DANE", {"example.org": [{"MX": [10, "mx.example.org"]}],
                         "mx.example.org": [{"A": "192.0.2.1"}]},
             "opportunistic", "none", "addresses are not secure"),
            ("DANE", dane_zone((3, 1, 1, "ab" * 32)),
             "authenticated if the certificate matches", "all",
             "a TLSA record matches"),
            ("not usable", dane_zone((1, 1, 1, "ab" * 32)), "encrypted",
             "none", "TLSA is secure, but no record is usable"),
            ("TLSA fails", dict(dane_zone(), **{
                "_25._tcp.mx.example.org": [{"RCODE": 2}]}), "not used",
             "failed", "TLSA could not be looked up"),
            ("no address", dict(dane_zone(), **{
                "mx.example.org": signed()}), "not used", "none",
             "no address")):
        status, value = tls(zone, "example.org")
        host = value["tls"]["hosts"][0]
        equal((host["postfix"], value["tls"]["dane"], host["postfix_why"]),
              (fate, dane, why), name)
        equal(value["tls"]["postfix"]["answer"], "NOTFOUND", name +
              ": no MTA-STS")
    status, value = tls(dane_zone((1, 1, 1, "ab" * 32), (3, 1, 1, "ab")),
                        "example.org")
    equal([r["problem"] for r in value["tls"]["hosts"][0]["tlsa_records"]],
          ["usage 0 and 1 are not for SMTP (RFC 7672 3.1.3)",
           "not the length of a SHA-256 digest"], "why not usable")
    equal(status, 1, "which is an error")
    for zone, mx in (({}, "no such domain"),
                     ({"example.org": [{"MX": [0, "."]}]},
                      "null: it takes no mail"),
                     ({"example.org": ["TIMEOUT"]}, "DNS did not answer")):
        equal(tls(zone, "example.org")[1]["tls"]["mx"], mx, mx)


@tap.test
def no_host():
    """A null MX that is not the only one."""
    zone = dane_zone((3, 1, 1, "ab" * 32))
    zone["example.org"] = zone["example.org"] + [{"MX": [0, "."]}]
    status, value = tls(zone, "example.org")
    ok([n for n in value["notes"] if n["domain"] == "example.org" and
        "RFC 7505" in n["what"]], "said of the domain", value["notes"])
    equal((status, value["tls"]["dane"]), (1, "some"), "an error")


@tap.test
def tlsrpt():
    zone = dane_zone((3, 1, 1, "ab" * 32))
    equal(tls(zone, "example.org")[1]["tls"]["tlsrpt"]["rua"],
          "mailto:t@example.org", "rua")
    del zone["_smtp._tls.example.org"]
    status, value = tls(zone, "example.org")
    ok(any("no TLSRPT record" in w for w in notes(value)), "none",
       notes(value))
    equal(value["notes"][-1]["publish"],
          "v=TLSRPTv1; rua=mailto:tls-reports@example.org",
          "what to publish")
    zone["_smtp._tls.example.org"] = [{"TXT": "v=TLSRPTv1; rua=a@b"}]
    status, value = tls(zone, "example.org")
    equal(status, 1, "a bad one")


# ---- with a policy host ----

def hosts():
    if not tlspol.built():
        return None
    return tlspol.PolicyHosts(FOLDER, ["mta-sts.example.org"])


HOSTS = hosts()


def sts(zone, *arguments):
    return tls(zone, "--ca-file", HOSTS.ca.path, "--https-port",
               str(HOSTS.port), "--allow-private", *arguments, "example.org")


def serve(*mx, **options):
    HOSTS.hosts["mta-sts.example.org"] = response(policy(*mx, **options))


@tap.test
def by_policy():
    if HOSTS is None:
        tap.skip("policies", "built without libcurl")
        return
    zone = sts_zone("example.org")
    serve("mx.example.org")
    status, value = sts(zone)
    t = value["tls"]
    equal((t["sts"]["policy"]["mode"], t["hosts"][0]["sts_pattern"]),
          ("enforce", "mx.example.org"), "the policy")
    equal(t["postfix"], {"answer": "OK secure match=mx.example.org "
                         "servername=hostname",
                         "why": "MTA-STS enforce, no DANE"}, "Postfix")
    equal(t["sendmail"]["answer"], t["postfix"]["answer"], "Sendmail")
    ok("policy_type=sts" in t["postfix_tlsrpt"]["answer"], "TLSRPT")
    serve("*.other.example")
    status, value = sts(zone)
    equal((status, value["tls"]["hosts"][0]["postfix"]), (1, "not used"),
          "a server that is not in the policy")
    ok(any("no mx: for this server" in w for w in notes(value)),
       "which is to be mended")
    serve("mx.example.org", mode="testing", max_age=3600)
    status, value = sts(zone)
    equal((status, value["tls"]["postfix"]["why"]), (0, "MTA-STS testing"),
          "testing")
    ok(any("less than a day" in w for w in notes(value)), "short max_age")
    HOSTS.hosts["mta-sts.example.org"] = response("no", "404 Not Found")
    status, value = sts(zone)
    equal(status, 1, "404")
    ok("404" in value["tls"]["sts"]["fetch_problem"], "and says so", value)
    status, value = tls(zone, "example.org")
    equal(value["tls"]["sts"]["fetch_problem"],
          "no address of the policy host is public", "private")
    secure = sts_zone("example.org", secure=True)
    secure["_25._tcp.mx.example.org"] = signed(TLSA=[3, 1, 1, "ab" * 32])
    secure["mx.example.org"] = signed(A="127.0.0.1")
    serve("mx.example.org")
    equal(sts(secure)[1]["tls"]["postfix"]["answer"], "OK dane",
          "DANE comes first")


@tap.test
def files():
    """A policy that is not published, and one that is remembered."""
    path = os.path.join(FOLDER, "policy.txt")
    with open(path, "w") as f:
        f.write(policy("mx.example.org"))
    zone = {"example.org": [{"MX": [10, "mx.example.org"]}],
            "mx.example.org": [{"A": "192.0.2.1"}]}
    status, value = tls(zone, "--policy", path, "example.org")
    equal(value["tls"]["postfix"]["why"], "MTA-STS enforce, no DANE",
          "a policy from a file")
    with open(path, "w") as f:
        f.write("version: STSv1\nmode: enforce\n")
    status, value = tls(zone, "--policy", path, "example.org")
    equal((status, value["tls"]["sts"]["fetch_problem"]), (1, "no max_age"),
          "a bad one")
    now = int(time.time())
    with open(path, "w") as f:
        f.write("assay-tlspol policies 1\n"
                "example.com %d %d x none enforce 86400 a.example\n"
                "example.org %d %d abc none enforce 86400 mx.example.org\n"
                "end 2\n" % (now, now, now - 7200, now))
    status, value = tls(zone, "--cache", path, "example.org")
    got = value["tls"]["sts"]["remembered"]
    ok(7200 <= got["age"] < 7300 and got["valid"] and got["id"] == "abc",
       "remembered", got)
    equal(value["tls"]["postfix"]["why"], "MTA-STS enforce, no DANE",
          "and valid without a record")
    text = run_command("tls", "--no-color", "--zone", zone_file(zone),
                       "--cache", path, "example.org").stdout.decode("ascii")
    ok("fetched 2 hours ago" in text, "in words", text)


# ---- with connections ----

def connect(server, zone, *arguments):
    status, value = tls(zone, "--connect", "--allow-private", "--port",
                        str(server.port), "--ca-file", CA.path, *arguments,
                        "example.org")
    return status, value, value["tls"]["hosts"][0]


def at_port(zone, port):
    zone["_%d._tcp.mx.example.org" % port] = zone.pop(
        "_25._tcp.mx.example.org")
    return zone


@tap.test
def connected():
    good = smtptls.Server(CHAIN, KEY)
    for name, record, matches, fate in (
            ("the key", (3, 1, 1, key_digest(CHAIN)), True, "authenticated"),
            ("the certificate", (3, 0, 1, digest(CHAIN)), True,
             "authenticated"),
            ("another", (3, 1, 1, "ab" * 32), False, "not used"),
            ("the wrong selector", (3, 0, 1, key_digest(CHAIN)), False,
             "not used")):
        zone = at_port(dane_zone(record), good.port)
        status, value, host = connect(good, zone)
        equal((host["tlsa_records"][0]["matches"], host["postfix"], status),
              (matches, fate, 0 if matches else 1), name)
    equal(value["notes"][1]["publish"], "3 1 1 " + key_digest(CHAIN),
          "what to publish", value["notes"])
    ok(host["authority"] and host["certificate"]["names"][0] ==
       "mx.example.org", "the certificate")
    equal(good.names[-1], "mx.example.org", "the name asked for")
    assaydaemon.wait_for(lambda: b"QUIT\r\n" in good.commands, 30, "QUIT")
    whole = smtptls.Server(BOTH, KEY)
    zone = at_port(dane_zone((2, 0, 1, digest(CA.path))), whole.port)
    equal(connect(whole, zone)[2]["postfix"], "authenticated",
          "usage 2, no public root")
    name, key = CA.certificate("other.example.net")
    with open(name, "ab") as chain, open(CA.path, "rb") as ca:
        chain.write(ca.read())
    other = smtptls.Server(name, key)
    zone = at_port(dane_zone((2, 0, 1, digest(CA.path))), other.port)
    host = connect(other, zone)[2]
    equal((host["postfix"], host["tlsa_records"][0]["problem"]),
          ("not used", "it has another name"), "usage 2 looks at the name")
    old = smtptls.Server(OLD, OLD_KEY)
    zone = at_port(dane_zone((3, 1, 1, key_digest(OLD))), old.port)
    host = connect(old, zone)[2]
    equal((host["postfix"], host["authority"]), ("authenticated", False),
          "usage 3 asks for no dates")


@tap.test
def connected_sts():
    path = os.path.join(FOLDER, "enforce.txt")
    with open(path, "w") as f:
        f.write(policy("mx.example.org"))
    zone = {"example.org": [{"MX": [10, "mx.example.org"]}],
            "mx.example.org": [{"A": "127.0.0.1"}]}
    good = smtptls.Server(CHAIN, KEY)
    other = smtptls.Server(*CA.certificate("other.example.net"))
    own, key = os.path.join(FOLDER, "own.pem"), os.path.join(FOLDER, "own.k")
    tlspol.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
                   "-addext", "subjectAltName=DNS:mx.example.org",
                   "-keyout", key, "-out", own)
    for name, server, fate, why in (
            ("good", good, "authenticated", "the certificate has its name, "
             "by a public authority"),
            ("another name", other, "not used", "it has another name"),
            ("self-signed", smtptls.Server(own, key), "not used",
             None),
            ("expired", smtptls.Server(OLD, OLD_KEY), "not used",
             "certificate has expired"),
            ("no STARTTLS", smtptls.Server(CHAIN, KEY, offers=False),
             "not used", "no STARTTLS")):
        status, value, host = connect(server, zone, "--policy", path)
        equal(host["postfix"], fate, name)
        ok(why is None or host["postfix_why"] == why, name + ": why",
           host["postfix_why"])
        equal(status, 0 if fate == "authenticated" else 1, name +
              ": status")


@tap.test
def hostile_servers():
    zone = {"example.org": [{"MX": [10, "mx.example.org"]}],
            "mx.example.org": [{"A": "127.0.0.1"}]}

    def endless(sock):
        while True:
            sock.sendall(b"220-" + b"x" * 10000 + b"\r\n")

    def one_line(sock):
        while True:
            sock.sendall(b"x" * 10000)

    for name, says, want in (
            ("endless greeting", endless, "refused"),
            ("endless line", one_line, "refused"),
            ("closes", lambda sock: None, "no connection"),
            ("refuses", b"554 \x1b[31mgo away\r\n", "refused"),
            ("junk", b"\0\xff\r\n", "refused"),
            ("no TLS behind STARTTLS",
             b"220 a\r\n250-STARTTLS\r\n250 x\r\n220 b\r\n220 c\r\n",
             "handshake failed")):
        begin = time.monotonic()
        server = smtptls.Server(says=says)
        status, value, host = connect(server, zone)
        equal(host["connection"]["status"], want, name)
        ok(time.monotonic() - begin < 25, name + ": in time")
        text = run_command("tls", "--no-color", "--connect", "--allow-private",
                   "--port", str(server.port), "--zone", zone_file(zone),
                   "example.org").stdout.decode("latin-1")
        ok(CLEAN.match(text), name + ": nothing strange on the terminal",
           text)
    injects = smtptls.Server(CHAIN, KEY, behind=b"250 injected\r\n")
    equal(connect(injects, zone)[2]["connection"]["problem"],
          "it sends text after its answer to STARTTLS", "injected text")
    status, value = tls(zone, "--connect", "example.org")
    equal(value["tls"]["hosts"][0]["connection"], None,
          "a private address is not connected to")


tap.main()
