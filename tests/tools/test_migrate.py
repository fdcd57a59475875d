# SPDX-License-Identifier: BSD-2-Clause
"""assay migrate: what each setting becomes, and files that are not as they
ought to be.  What it signs is compared with OpenDKIM in tests/interop.
"""

import os
import subprocess

import yaml

import assaydaemon
import tap
from tap import equal, ok

SIGNER = "Domain example.org\nSelector s\nKeyFile /k.pem\n"


def run(folder, dkim, dmarc=None, **files):
    """(status, the configuration, comments, stderr)"""
    files["opendkim.conf"] = dkim
    if dmarc is not None:
        files["opendmarc.conf"] = dmarc
    for name, text in files.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(text if isinstance(text, bytes) else
                    text.replace("@/", folder + "/").encode())
    program = assaydaemon.command()
    done = subprocess.run(
        [program, "migrate"] + [os.path.join(folder, name) for name in
                                ("opendkim.conf", "opendmarc.conf")
                                if name in files],
        capture_output=True, timeout=60, check=False)
    out, err = done.stdout.decode(), done.stderr.decode()
    ok(not any(mark in err for mark in assaydaemon.SANITIZER_MARKS),
       "no sanitizer report", err[-3000:])
    comments = [line[4:] for line in out.splitlines()
                if line.startswith("# ! ")]
    return done.returncode, yaml.safe_load(out) if out else None, \
        comments, err


def migrated(dkim, dmarc=None, **files):
    status, config, comments, err = run(assaydaemon.work_folder(), dkim,
                                        dmarc, **files)
    equal(status, 0, "exit status", err)
    return config or {}, comments


# ---- single settings: what is found at a path of the new file ----

SETTINGS = [
    ("Socket local:/run/x.sock", ["socket"], "local:/run/x.sock"),
    ("Socket /run/x.sock", ["socket"], "local:/run/x.sock"),
    ("Socket inet:8891@localhost", ["socket"], "inet:8891@localhost"),
    ("Socket inet:8891", ["socket"], "inet:8891@127.0.0.1"),
    ("Socket inet6:8891", ["socket"], "inet6:8891@::1"),
    ("Socket local", ["socket"], None),
    ("Socket local:run/x.sock", ["socket"], None),
    ("Socket inet:0@localhost", ["socket"], None),
    ("UMask 007", ["socket-mode"], 0o660),
    ("UMask 0002", ["socket-mode"], 0o664),
    ("UMask 8", ["socket-mode"], None),
    ("AuthservID mx.example.org", ["authserv-id"], "mx.example.org"),
    ("AuthservID HOSTNAME", ["authserv-id"], None),
    ("RemoveARFrom a.example,.b.example", ["authserv-ids-to-remove"],
     ["a.example"]),
    ("Nameservers 192.0.2.1, 2001:db8::1", ["resolver", "nameservers"],
     ["192.0.2.1", "2001:db8::1"]),
    ("DNSTimeout 10", ["resolver", "timeout"], "10s"),
    ("DNSTimeout 0", ["resolver"], None),
    ("MinimumKeyBits 2048", ["dkim", "minimum-rsa-bits"], 2048),
    ("MinimumKeyBits 1023", ["dkim", "minimum-rsa-bits"], 1024),
    ("MaximumSignaturesToVerify 3", ["limits", "signatures"], 3),
    ("Canonicalization simple", ["sign", 0, "canonicalization"],
     "simple/simple"),
    ("SignatureTTL 59", ["sign", 0, "expire"], "60s"),
    ("SignatureTTL 61", ["sign", 0, "expire"], "61s"),
    ("OversignHeaders From,To", ["sign", 0, "oversign"], ["From", "To"]),
    ("Mode v", ["sign"], None),
    ("Mode sv", ["sign", 0, "domains"], ["example.org"]),
    ("On-BadSignature r", ["policy", 0, "when"], {"dkim": "fail"}),
    ("On-DNSError accept", ["policy"], None),
    ("ExemptDomains a.example,b.example", ["policy", 0, "when"],
     {"from-domain": ["a.example", "b.example"]}),
    ("PeerList 192.0.2.1,!192.0.2.0/24", ["origins", 0, "client"],
     ["192.0.2.1"]),
    ("MacroList daemon_name=A|B", ["origins", 1, "daemon-name"], ["A", "B"]),
]


@tap.test
def each_setting():
    for line, path, want in SETTINGS:
        config, _ = migrated(SIGNER + line + "\n")
        for step in path:
            try:
                config = config[step]
            except (KeyError, IndexError):
                config = None
                break
        equal(config, want, line)


@tap.test
def opendmarc():
    config, comments = migrated(
        SIGNER + "AuthservID mx.example.org\n",
        "TrustedAuthservIDs mx.example.org, old.example.org\n"
        "RejectFailures true\nHoldQuarantinedMessages 1\nIgnoreHosts @/hosts\n"
        "IgnoreMailFrom a.example\nRequiredHeaders yes\n"
        "RejectString 100% of %s\nSocket local:/run/m.sock\n",
        hosts="127.0.0.1\n192.0.2.0/24\n")
    equal(config["authserv-ids-to-remove"], ["old.example.org"],
          "a trusted id is removed from now on")
    equal([(r["when"], r["action"]) for r in config["policy"]], [
        ({"from-domain": ["a.example"]}, "accept"),
        ({"from": ["absent", "multiple", "unparsable"]}, "reject"),
        ({"dmarc": "fail", "dmarc-policy": "reject",
          "dmarc-testing": False}, "reject"),
        ({"dmarc": "temperror"}, "tempfail"),
        ({"dmarc": "fail", "dmarc-policy": "quarantine"}, "quarantine")],
        "the rules")
    equal(config["policy"][2]["reply"],
          "550 5.7.1 100%% of %{from-domain}", "RejectString")
    equal(config["origins"][-1], {
        "name": "ignored-hosts", "client": ["192.0.2.0/24"], "check": False,
        "sign": False}, "what is internal is not named again")
    ok(any(c.startswith("OpenDMARC: Socket") for c in comments),
       "the second socket is explained", comments)


@tap.test
def opendmarc_alone():
    config, comments = migrated("RejectFailures no\nIgnoreHosts @/hosts\n",
                                hosts="192.0.2.1\n")
    ok("sign" not in config and "policy" not in config, "nothing is signed, "
       "nothing refused", config)
    equal(config["origins"][-1]["client"], ["192.0.2.1"], "IgnoreHosts")
    equal(comments, [], "nothing is left")


# ---- what has no counterpart is said, secrets are not ----

LEFT = [
    ("Nonsense 1", "Nonsense 1: has no counterpart"),
    ("BodyLengthDB /x", "BodyLengthDB /x: l= is never written"),
    ("LDAPBindPassword hunter2", "LDAPBindPassword (not shown)"),
    ("InternalHosts db:/x.db", "InternalHosts a Berkeley database"),
    ("InternalHosts a_b!", "InternalHosts a_b!: is neither"),
    ("MacroList if_name", "MacroList if_name: origins have"),
    ("Domain *", "Domain *: is not a domain"),
    ("Odd \x01\x7f", "Odd ??: has no counterpart"),
]


@tap.test
def what_is_left():
    for line, want in LEFT:
        status, _, comments, _ = run(assaydaemon.work_folder(),
                                     SIGNER + line + "\n")
        equal(status, 0, line.split()[0] + ": exit status")
        ok(any(c.startswith("OpenDKIM: " + want) for c in comments),
           line + ": said", comments)
        ok("hunter2" not in repr(comments), "no password")


TABLES = "KeyTable file:@/keys\nSigningTable refile:@/table\n"
ROWS = [
    ("user@example.org k1", "is not a domain"),
    ("*@example.org nokey", "names a key that is not in the KeyTable"),
    ("*@example.org bad", "does not have the form"),
    ("*@example.org inline", "has the key itself"),
    ("*@*.example.org many", "has a key file for each domain"),
    ("* from", "signs for every domain"),
    ("*@example.org k1:jane@example.org", "names a signer"),
    ("*@exa*mple.org k1", "is not a domain"),
]


@tap.test
def rows_of_tables():
    keys = "k1 example.org:s1:/k.pem\nbad example.org\n" \
        "inline example.org:s:MIIEsecretkey\nmany %:s:/keys/%.pem\n" \
        "from %:s:/k.pem\n"
    for row, want in ROWS:
        _, comments = migrated(TABLES, keys=keys, table=row + "\n")
        ok(any(want in c for c in comments), row + ": said", comments)
        ok("MIIEsecret" not in repr(comments), row + ": no key is shown")


# ---- files ----

@tap.test
def files_that_are_not_there():
    folder = assaydaemon.work_folder()
    for name, conf in (("a data set", SIGNER + "InternalHosts /none/x\n"),
                       ("an include", "Include /none/x\n")):
        status, _, _, err = run(folder, conf)
        equal(status, 66, name + ": exit status")
        ok("/none/x" in err, name + ": named", err)


@tap.test
def includes_end():
    folder = assaydaemon.work_folder()
    status, _, _, err = run(folder, "Include @/opendkim.conf\n")
    equal(status, 78, "a file that includes itself: exit status")
    ok("more than 5 files" in err, "said", err)
    chain = {"f%d" % n: "Include @/f%d\n" % (n + 1) for n in range(1, 5)}
    status, config, _, err = run(folder, "Include @/f1\n", f5=SIGNER, **chain)
    equal((status, bool(config)), (0, True), "five levels", err)
    chain["f5"] = "Include @/f6\n"
    status, _, _, _ = run(folder, "Include @/f1\n", f6=SIGNER, **chain)
    equal(status, 78, "six levels")


@tap.test
def rubbish():
    folder = assaydaemon.work_folder()
    for name, text in (("octets", bytes(range(256)) * 40),
                       ("one long line", b"Domain " + b"x" * 1000000),
                       ("no line end", b"Selector s"), ("nothing", b"")):
        status, _, _, err = run(folder, text)
        ok(status in (0, 78), name + ": a defined result", status, err)


@tap.test
def more_rules_than_there_may_be():
    def tables(count):
        names = ["d%d.example" % n for n in range(count)]
        return {"keys": "".join("%s %s:s:/%s.pem\n" % (n, n, n)
                                for n in names),
                "table": "".join("*@%s %s\n" % (n, n) for n in names)}

    config, _ = migrated(TABLES, **tables(1000))
    equal(len(config["sign"]), 1000, "1,000 domains with a key each")
    status, _, _, err = run(assaydaemon.work_folder(), TABLES, **tables(1001))
    equal(status, 78, "one more: exit status")
    ok("1000" in err or "1,000" in err, "the limit is named", err)


@tap.test
def usage():
    program = assaydaemon.command()
    for arguments in ([], ["a", "b", "c"]):
        done = subprocess.run([program, "migrate"] + arguments,
                              capture_output=True, check=False)
        equal(done.returncode, 64, "%d arguments" % len(arguments))


if __name__ == "__main__":
    tap.main()
