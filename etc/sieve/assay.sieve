# For Dovecot (Pigeonhole): files mail by the results of assay.
# Replace mx.example.org with your authserv-id; write dots as \\.
#
# Only the topmost field counts: assay writes it above all others.  Its results
# are in the order spf, dkim, dmarc; the first spf is that of the envelope
# sender.  A sender's address may contain anything in quotes, so
# ([^\"]|\"([^\"\\]|\\\\.)*\")* skips quoted text as a whole.
# Mail from your own networks has no such field, so no rule here matches.

require ["fileinto", "mailbox", "regex", "index", "imap4flags"];

# The message fails DMARC: the From field may be forged.
if header :index 1 :regex "Authentication-Results"
    "^mx\\.example\\.org;([^\"]|\"([^\"\\]|\\\\.)*\")*;[[:space:]]*dmarc=fail" {
	fileinto :create "Junk";
	stop;
}

# The domain has no DMARC record, and neither SPF nor DKIM passed.
if allof (
    header :index 1 :regex "Authentication-Results"
	"^mx\\.example\\.org;([^\"]|\"([^\"\\]|\\\\.)*\")*;[[:space:]]*dmarc=none",
    not header :index 1 :regex "Authentication-Results"
	"^mx\\.example\\.org;[[:space:]]*spf=pass",
    not header :index 1 :regex "Authentication-Results"
	"^mx\\.example\\.org;([^\"]|\"([^\"\\]|\\\\.)*\")*;[[:space:]]*dkim=pass"
) {
	addflag "Unverified";
	keep;
}
