# SPDX-License-Identifier: BSD-2-Clause
"""Chains of dkimpy and Mail::DKIM, alone and mixed, judged by us and by them.
"""

import assaydaemon
import chains
import signkeys
import tap
from tap import equal, ok

MAILERS = chains.available()
for missing in sorted(set(chains.COMMANDS) - set(MAILERS)):
    tap.skip(missing, "not installed")
if not MAILERS:
    tap.skip_all("neither dkimpy nor Mail::DKIM is installed")

folder = assaydaemon.work_folder()
key = signkeys.Key(folder, "arc")
DOMAINS = ("lists.example", "fwd.example.net", "gate.example.org")
keys = {"arc._domainkey." + d: key.record for d in DOMAINS}

HEAD = (b"From: Alice <alice@example.com>\r\nTo: list@lists.example\r\n"
        b"Subject: Is dinner  ready?\r\n"
        b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
        b"Message-ID: <1@example.com>\r\n\r\n")
BODY = b"Hi.\r\n\r\nAre you  hungry yet? \r\n\r\n\r\n"


def sealed(raw, who, at):
    """By the sealer with that number, who found the chain so far good."""
    domain = DOMAINS[at]
    chain = "pass" if at else "none"
    found = b"Authentication-Results: mx.%s; arc=%s; dmarc=pass " \
        b"header.from=example.com\r\n" % (domain.encode(), chain.encode())
    after = chains.seal(who, found + raw, domain, "arc", key.path,
                        "mx." + domain, chain)
    return after.replace(found, b"", 1)


CONFIG = {"trusted-sealers": list(DOMAINS),
          "policy": [{"name": "sealed", "when": {"arc-trusted": True},
                      "action": "accept"},
                     {"name": "dmarc", "when": {"dmarc": "fail"},
                      "action": "reject"}]}


def judge(daemon, raw):
    result = daemon.send(raw)
    value = result.authres or ""
    return ("pass" if "arc=pass" in value else
            "fail" if "arc=fail" in value else "none"), result


def zone():
    out = {name: [{"TXT": text}] for name, text in keys.items()}
    out["_dmarc.example.com"] = [{"TXT": "v=DMARC1; p=reject"}]
    return out


@tap.test
def made_by_others():
    with assaydaemon.Daemon(CONFIG, zone()) as daemon:
        for first in MAILERS:
            for second in MAILERS:
                raw = HEAD + BODY
                for at, who in enumerate((first, second, first)):
                    raw = sealed(raw, who, at)
                    name = "%s, %s, %d sets: " % (first, second, at + 1)
                    got, result = judge(daemon, raw)
                    equal(got, "pass", name + "by us", raw)
                    ok(result.accepted and "header.oldest-pass=0" in
                       result.authres and "policy.override-by="
                       "lists.example" in result.authres,
                       name + "trusted", result.authres)
                    for judge_name in MAILERS:
                        equal(chains.validate(judge_name, raw, keys), "pass",
                              name + "by " + judge_name)


@tap.test
def changed_on_the_way():
    changes = {"the body": (b"hungry", b"angry"),
               "the subject": (b"Is dinner", b"Is lunch"),
               "results": (b"dmarc=pass", b"dmarc=fail")}
    config = dict(CONFIG, policy=[])
    with assaydaemon.Daemon(config, zone()) as daemon:
        for who in MAILERS:
            raw = sealed(sealed(HEAD + BODY, who, 0), who, 1)
            for name, (old, new) in changes.items():
                assert old in raw
                changed = raw.replace(old, new, 1)
                equal(judge(daemon, changed)[0], "fail",
                      "%s, %s changed: by us" % (who, name))
                for judge_name in MAILERS:
                    equal(chains.validate(judge_name, changed, keys), "fail",
                          "%s, %s changed: by %s" % (who, name, judge_name))


tap.main()
