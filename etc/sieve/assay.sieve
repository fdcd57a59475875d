# For Dovecot (Pigeonhole): what assay has found decides where mail goes.
# Put your authserv-id in the place of mx.example.org, dots written as \\.
#
# Only the topmost field counts: assay writes it above all others.  Its parts
# come in the order spf, dkim, dmarc; the first spf is that of the envelope
# sender.  A sender's address may hold anything between quotes, so
# ([^\"]|\"([^\"\\]|\\\\.)*\")* passes over quoted text as a whole.
# Mail from our own networks has no such field, and no rule here matches.

require ["fileinto", "mailbox", "regex", "index", "imap4flags"];

# The From field is not true, says the domain that is in it.
if header :index 1 :regex "Authentication-Results"
    "^mx\\.example\\.org;([^\"]|\"([^\"\\]|\\\\.)*\")*;[[:space:]]*dmarc=fail" {
	fileinto :create "Junk";
	stop;
}

# The domain says nothing of DMARC, and nothing else speaks for the message.
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
