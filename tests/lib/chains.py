# SPDX-License-Identifier: BSD-2-Clause
"""chains: ARC chains made and validated by dkimpy and by Mail::DKIM.

Both run as programs of their own: dkimpy wants a module authres which one of
ours hides.  Keys are found in a dictionary {name: text of the TXT record}; no
name server is asked.
"""

import json
import subprocess
import sys

PACKAGES = (("python3-dkim", "python3-authres"), ("libmail-dkim-perl",))
SIGNED = "from:to:subject:date:message-id"

# Each gets a line of JSON, then the message.
PYTHON = r"""
import json, sys
import authres, dkim
order = json.loads(sys.stdin.buffer.readline())
raw = sys.stdin.buffer.read()
def txt(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    record = order["keys"].get(name.rstrip(".").lower())
    return record.encode() if record else None
def seal():
    with open(order["file"], "rb") as f:
        pem = f.read()
    return b"".join(dkim.arc_sign(
        raw, order["selector"].encode(), order["domain"].encode(), pem,
        order["authserv_id"].encode(),
        include_headers=order["signed"].encode().split(b":")))
def validate():
    try:
        cv = dkim.arc_verify(raw, dnsfunc=txt)[0]
    except dkim.DKIMException:
        return b"fail"
    return cv or b"none"
sys.stdout.buffer.write(globals()[order["do"]]())
"""

PERL = r"""
use JSON::PP;
use Net::DNS;
use Mail::DKIM::DNS;
use Mail::DKIM::ARC::Signer;
use Mail::DKIM::ARC::Verifier;
binmode(STDIN); binmode(STDOUT);
my $order = decode_json(scalar <STDIN>);
my $text = do { local $/; <STDIN> };
no warnings 'redefine';
*Mail::DKIM::DNS::query = sub {
    my ($name, $type) = @_;
    my $record = $order->{keys}{lc $name} or return ();
    return (Net::DNS::RR->new(owner => $name, type => 'TXT',
                              txtdata => [$record]));
};
if ($order->{do} eq 'validate') {
    my $arc = Mail::DKIM::ARC::Verifier->new();
    $arc->PRINT($text);
    $arc->CLOSE();
    print $arc->result;
} else {
    my $arc = Mail::DKIM::ARC::Signer->new(
        Algorithm => 'rsa-sha256', Chain => $order->{chain},
        Domain => $order->{domain}, SrvId => $order->{authserv_id},
        Selector => $order->{selector}, KeyFile => $order->{file},
        Headers => $order->{signed});
    $arc->PRINT($text);
    $arc->CLOSE();
    die $arc->{details} unless $arc->result eq 'sealed';
    my $fields = join("\015\012", $arc->as_strings) . "\015\012";
    $fields =~ s/\015?\012/\015\012/g;
    print $fields;
}
"""

COMMANDS = {"dkimpy": [sys.executable, "-I", "-c", PYTHON],
            "Mail::DKIM": ["perl", "-e", PERL]}
PROBES = {"dkimpy": [sys.executable, "-I", "-c", "import authres, dkim"],
          "Mail::DKIM": ["perl", "-MJSON::PP", "-MMail::DKIM::ARC::Signer",
                         "-e1"]}


def available():
    """The names of those that are here."""
    return [name for name, probe in PROBES.items()
            if _runs(probe)]


def _runs(command):
    try:
        return subprocess.run(command, capture_output=True,
                              check=False).returncode == 0
    except FileNotFoundError:
        return False


def _ask(who, order, raw):
    done = subprocess.run(COMMANDS[who],
                          input=json.dumps(order).encode() + b"\n" + raw,
                          capture_output=True, timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(who + ": " +
                           done.stderr.decode("utf-8", "replace"))
    return done.stdout


def seal(who, raw, domain, selector, path, authserv_id, chain="none"):
    """
    The message with one more set on top.  Both read what they found out of
    Authentication-Results of authserv_id; `chain` is cv=.
    """
    return _ask(who, {"do": "seal", "keys": {}, "domain": domain,
                      "selector": selector, "file": path, "chain": chain,
                      "authserv_id": authserv_id, "signed": SIGNED},
                raw) + raw


def validate(who, raw, keys):
    """none, pass or fail"""
    return _ask(who, {"do": "validate", "keys": keys}, raw).decode()
