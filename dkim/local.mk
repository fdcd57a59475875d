# SPDX-License-Identifier: BSD-2-Clause

libassay_a_SOURCES += \
	dkim/bodyhash.c dkim/bodyhash.h \
	dkim/canon.c dkim/canon.h \
	dkim/context.c dkim/context.h \
	dkim/crypto.c dkim/crypto.h \
	dkim/dkim.h \
	dkim/hazard.c dkim/hazard.h \
	dkim/headerhash.c dkim/headerhash.h \
	dkim/key.c dkim/key.h \
	dkim/keycache.c dkim/keycache.h \
	dkim/keyfile.c \
	dkim/privkey.c dkim/privkey.h \
	dkim/sign.c dkim/sign.h \
	dkim/signature.c dkim/signature.h \
	dkim/verify.c

dkim_test_support = tests/dkim/support.c tests/dkim/support.h
dkim_sign_support = $(dkim_test_support) \
	tests/dkim/keyfiles.c tests/dkim/keyfiles.h \
	tests/dkim/signing.c tests/dkim/signing.h

check_PROGRAMS += \
	tests/dkim/test_bodyhash \
	tests/dkim/test_canon \
	tests/dkim/test_conformance \
	tests/dkim/test_headerhash \
	tests/dkim/test_key \
	tests/dkim/test_keycache \
	tests/dkim/test_memory \
	tests/dkim/test_privkey \
	tests/dkim/test_sign \
	tests/dkim/test_signature \
	tests/dkim/test_verify

tests_dkim_test_bodyhash_SOURCES = \
	tests/dkim/test_bodyhash.c $(dkim_test_support)
tests_dkim_test_canon_SOURCES = \
	tests/dkim/test_canon.c $(dkim_test_support)
tests_dkim_test_conformance_SOURCES = \
	tests/dkim/test_conformance.c $(dkim_test_support)
tests_dkim_test_headerhash_SOURCES = \
	tests/dkim/test_headerhash.c $(dkim_test_support)
tests_dkim_test_key_SOURCES = \
	tests/dkim/test_key.c $(dkim_test_support)
tests_dkim_test_keycache_SOURCES = \
	tests/dkim/test_keycache.c $(dkim_test_support)
tests_dkim_test_memory_SOURCES = \
	tests/dkim/test_memory.c $(dkim_test_support) \
	tests/dkim/sslfail.c tests/dkim/sslfail.h
tests_dkim_test_privkey_SOURCES = \
	tests/dkim/test_privkey.c $(dkim_sign_support)
tests_dkim_test_sign_SOURCES = \
	tests/dkim/test_sign.c $(dkim_sign_support) \
	tests/dkim/sslfail.c tests/dkim/sslfail.h
tests_dkim_test_signature_SOURCES = \
	tests/dkim/test_signature.c $(dkim_test_support)
tests_dkim_test_verify_SOURCES = \
	tests/dkim/test_verify.c $(dkim_test_support)

# What the tests in Python run.
noinst_PROGRAMS += tests/dkim/sign_file tests/dkim/verify_file
tests_dkim_sign_file_SOURCES = \
	tests/dkim/sign_file.c $(dkim_sign_support)
tests_dkim_verify_file_SOURCES = \
	tests/dkim/verify_file.c $(dkim_test_support)
dist_check_SCRIPTS += tests/dkim/test_interop.py \
	tests/dkim/test_sign_interop.py
TESTS += tests/dkim/test_interop.py tests/dkim/test_sign_interop.py

fuzz_programs += \
	tests/fuzz/fuzz_dkim_canon \
	tests/fuzz/fuzz_dkim_key \
	tests/fuzz/fuzz_dkim_sign \
	tests/fuzz/fuzz_dkim_signature \
	tests/fuzz/fuzz_dkim_verify

tests_fuzz_fuzz_dkim_canon_SOURCES = \
	tests/fuzz/fuzz_dkim_canon.c tests/fuzz/replay.c \
	$(dkim_test_support)
tests_fuzz_fuzz_dkim_key_SOURCES = \
	tests/fuzz/fuzz_dkim_key.c tests/fuzz/replay.c
tests_fuzz_fuzz_dkim_sign_SOURCES = \
	tests/fuzz/fuzz_dkim_sign.c tests/fuzz/replay.c \
	$(dkim_test_support) tests/dkim/signing.c tests/dkim/signing.h
tests_fuzz_fuzz_dkim_signature_SOURCES = \
	tests/fuzz/fuzz_dkim_signature.c tests/fuzz/replay.c
tests_fuzz_fuzz_dkim_verify_SOURCES = \
	tests/fuzz/fuzz_dkim_verify.c tests/fuzz/replay.c \
	$(dkim_test_support)

EXTRA_DIST += \
	tests/data/dkim/README \
	tests/data/dkim/a-unknown.eml \
	tests/data/dkim/b-first-simple.eml \
	tests/data/dkim/b-first.eml \
	tests/data/dkim/b-fws-in-name-equals.eml \
	tests/data/dkim/b-leading-zero-octets.eml \
	tests/data/dkim/b-lookalike-tags.eml \
	tests/data/dkim/b-not-base64.eml \
	tests/data/dkim/b-wrong.eml \
	tests/data/dkim/b-ws-around-simple.eml \
	tests/data/dkim/bh-fws.eml \
	tests/data/dkim/body-dots-relaxed.eml \
	tests/data/dkim/body-dots-simple.eml \
	tests/data/dkim/body-empty-relaxed.eml \
	tests/data/dkim/body-empty-simple.eml \
	tests/data/dkim/body-inner-blank-trailing-ws-relaxed.eml \
	tests/data/dkim/body-inner-blank-trailing-ws-simple.eml \
	tests/data/dkim/body-leading-ws-relaxed.eml \
	tests/data/dkim/body-leading-ws-simple.eml \
	tests/data/dkim/body-many-crlf-relaxed.eml \
	tests/data/dkim/body-many-crlf-simple.eml \
	tests/data/dkim/body-no-final-crlf-relaxed.eml \
	tests/data/dkim/body-no-final-crlf-simple.eml \
	tests/data/dkim/body-one-crlf-relaxed.eml \
	tests/data/dkim/body-one-crlf-simple.eml \
	tests/data/dkim/body-relaxed-equivalent.eml \
	tests/data/dkim/body-simple-changed-ws.eml \
	tests/data/dkim/body-space-line-relaxed.eml \
	tests/data/dkim/body-space-line-simple.eml \
	tests/data/dkim/body-space-lines-relaxed.eml \
	tests/data/dkim/body-space-lines-simple.eml \
	tests/data/dkim/body-ws-line-before-end-relaxed.eml \
	tests/data/dkim/body-ws-line-before-end-simple.eml \
	tests/data/dkim/c-unknown.eml \
	tests/data/dkim/canon-none.eml \
	tests/data/dkim/canon-relaxed-relaxed.eml \
	tests/data/dkim/canon-relaxed-simple.eml \
	tests/data/dkim/canon-relaxed.eml \
	tests/data/dkim/canon-simple-relaxed.eml \
	tests/data/dkim/canon-simple-simple.eml \
	tests/data/dkim/d-single-label.eml \
	tests/data/dkim/d-u-label.eml \
	tests/data/dkim/d-upper-case.eml \
	tests/data/dkim/dup-tag.eml \
	tests/data/dkim/ed25519-k-rsa.eml \
	tests/data/dkim/ed25519-key-short.eml \
	tests/data/dkim/ed25519-key-spki.eml \
	tests/data/dkim/ed25519.eml \
	tests/data/dkim/empty-tag-spec.eml \
	tests/data/dkim/expected.tsv \
	tests/data/dkim/h-case-and-folds.eml \
	tests/data/dkim/h-empty.eml \
	tests/data/dkim/h-sign-other-dkim-signature.eml \
	tests/data/dkim/h-without-from.eml \
	tests/data/dkim/header-8bit.eml \
	tests/data/dkim/header-name-case-relaxed.eml \
	tests/data/dkim/header-name-case-simple.eml \
	tests/data/dkim/header-odd-relaxed.eml \
	tests/data/dkim/header-odd-simple.eml \
	tests/data/dkim/header-refold-relaxed.eml \
	tests/data/dkim/header-refold-simple.eml \
	tests/data/dkim/header-wsp-before-colon-relaxed.eml \
	tests/data/dkim/i-no-at.eml \
	tests/data/dkim/i-other.eml \
	tests/data/dkim/i-parent.eml \
	tests/data/dkim/i-quoted-printable.eml \
	tests/data/dkim/i-same.eml \
	tests/data/dkim/i-sub.eml \
	tests/data/dkim/i-suffix-trick.eml \
	tests/data/dkim/key-bad-base64.eml \
	tests/data/dkim/key-bad-der.eml \
	tests/data/dkim/key-dup-tag.eml \
	tests/data/dkim/key-fws.eml \
	tests/data/dkim/key-garbage.eml \
	tests/data/dkim/key-h-sha1-only.eml \
	tests/data/dkim/key-h-sha256.eml \
	tests/data/dkim/key-k-mismatch.eml \
	tests/data/dkim/key-k-unknown.eml \
	tests/data/dkim/key-missing.eml \
	tests/data/dkim/key-n-note.eml \
	tests/data/dkim/key-no-p.eml \
	tests/data/dkim/key-no-v.eml \
	tests/data/dkim/key-pkcs1.eml \
	tests/data/dkim/key-revoked.eml \
	tests/data/dkim/key-rsa1023.eml \
	tests/data/dkim/key-rsa2048.eml \
	tests/data/dkim/key-rsa4096.eml \
	tests/data/dkim/key-rsa512.eml \
	tests/data/dkim/key-rsa768.eml \
	tests/data/dkim/key-s-email.eml \
	tests/data/dkim/key-s-other.eml \
	tests/data/dkim/key-t-s-sub.eml \
	tests/data/dkim/key-t-s.eml \
	tests/data/dkim/key-t-y.eml \
	tests/data/dkim/key-two-records.eml \
	tests/data/dkim/key-v-late.eml \
	tests/data/dkim/key-v-lower-case.eml \
	tests/data/dkim/key-v-other.eml \
	tests/data/dkim/keys.txt \
	tests/data/dkim/l-appended.eml \
	tests/data/dkim/l-exact.eml \
	tests/data/dkim/l-huge.eml \
	tests/data/dkim/l-negative.eml \
	tests/data/dkim/l-shorter.eml \
	tests/data/dkim/l-too-long.eml \
	tests/data/dkim/l-zero.eml \
	tests/data/dkim/no-a.eml \
	tests/data/dkim/no-bh.eml \
	tests/data/dkim/no-d.eml \
	tests/data/dkim/no-h.eml \
	tests/data/dkim/no-s.eml \
	tests/data/dkim/no-v.eml \
	tests/data/dkim/q-only-unknown.eml \
	tests/data/dkim/q-unknown-and-known.eml \
	tests/data/dkim/rfc6376-a2-corrected.eml \
	tests/data/dkim/rfc6376-a2-five-spaces.eml \
	tests/data/dkim/rfc6376-a2-two-spaces.eml \
	tests/data/dkim/rfc6376-a3-corrected.eml \
	tests/data/dkim/rfc8463-a3-added-from.eml \
	tests/data/dkim/rfc8463-a3-trailing-blank-lines.eml \
	tests/data/dkim/rfc8463-a3.eml \
	tests/data/dkim/rsa-sha1.eml \
	tests/data/dkim/s-dotted.eml \
	tests/data/dkim/select-added-below.eml \
	tests/data/dkim/select-added-on-top-not-covered.eml \
	tests/data/dkim/select-bottom-up-removed.eml \
	tests/data/dkim/select-bottom-up.eml \
	tests/data/dkim/select-oversigned-absent-added.eml \
	tests/data/dkim/select-oversigned-absent.eml \
	tests/data/dkim/trailing-semicolon.eml \
	tests/data/dkim/two-from-signed-both.eml \
	tests/data/dkim/unknown-tags.eml \
	tests/data/dkim/v-2.eml \
	tests/data/dkim/x-before-t.eml \
	tests/data/dkim/x-far.eml \
	tests/data/dkim/x-not-number.eml \
	tests/data/dkim/x-past.eml \
	tests/data/dkim/keys/rfc8463-test.pem \
	tests/data/dkim/keys/rsa1023.pem \
	tests/data/dkim/keys/rsa1024-e33.pem \
	tests/data/dkim/keys/rsa2048.pem \
	tests/data/dkim/keys/rsa8192.pem \
	tests/fuzz/dkim_canon.dict \
	tests/fuzz/corpus/dkim_canon/bare \
	tests/fuzz/corpus/dkim_canon/body-relaxed \
	tests/fuzz/corpus/dkim_canon/body-simple \
	tests/fuzz/corpus/dkim_canon/field-relaxed \
	tests/fuzz/corpus/dkim_canon/field-simple \
	tests/fuzz/corpus/dkim_canon/html \
	tests/fuzz/corpus/dkim_canon/long \
	tests/fuzz/dkim_key.dict \
	tests/fuzz/corpus/dkim_key/der-pkcs1 \
	tests/fuzz/corpus/dkim_key/der-spki \
	tests/fuzz/corpus/dkim_key/der-tiny \
	tests/fuzz/corpus/dkim_key/ed \
	tests/fuzz/corpus/dkim_key/fws \
	tests/fuzz/corpus/dkim_key/garbage \
	tests/fuzz/corpus/dkim_key/h-sha256 \
	tests/fuzz/corpus/dkim_key/ok \
	tests/fuzz/corpus/dkim_key/pkcs1 \
	tests/fuzz/corpus/dkim_key/revoked \
	tests/fuzz/corpus/dkim_key/rsa4096 \
	tests/fuzz/corpus/dkim_key/rsa512 \
	tests/fuzz/corpus/dkim_key/t-s-sub \
	tests/fuzz/dkim_sign.dict \
	tests/fuzz/corpus/dkim_sign/blanks \
	tests/fuzz/corpus/dkim_sign/body \
	tests/fuzz/corpus/dkim_sign/long \
	tests/fuzz/corpus/dkim_sign/no-header \
	tests/fuzz/corpus/dkim_sign/plain \
	tests/fuzz/corpus/dkim_sign/signed \
	tests/fuzz/corpus/dkim_sign/simple \
	tests/fuzz/dkim_signature.dict \
	tests/fuzz/corpus/dkim_signature/b-fws-in-name-equals \
	tests/fuzz/corpus/dkim_signature/b-lookalike-tags \
	tests/fuzz/corpus/dkim_signature/canon-simple-simple \
	tests/fuzz/corpus/dkim_signature/d-u-label \
	tests/fuzz/corpus/dkim_signature/dup-tag \
	tests/fuzz/corpus/dkim_signature/ed25519 \
	tests/fuzz/corpus/dkim_signature/i-quoted-printable \
	tests/fuzz/corpus/dkim_signature/key-rsa4096 \
	tests/fuzz/corpus/dkim_signature/l-exact \
	tests/fuzz/corpus/dkim_signature/no-d \
	tests/fuzz/corpus/dkim_signature/nul \
	tests/fuzz/corpus/dkim_signature/q-unknown-and-known \
	tests/fuzz/corpus/dkim_signature/x-far \
	tests/fuzz/dkim_verify.dict \
	tests/fuzz/corpus/dkim_verify/body-empty-relaxed \
	tests/fuzz/corpus/dkim_verify/canon-simple-relaxed \
	tests/fuzz/corpus/dkim_verify/ed25519 \
	tests/fuzz/corpus/dkim_verify/h-sign-other-dkim-signature \
	tests/fuzz/corpus/dkim_verify/key-t-y \
	tests/fuzz/corpus/dkim_verify/l-exact \
	tests/fuzz/corpus/dkim_verify/rfc8463-a3 \
	tests/fuzz/corpus/dkim_verify/select-bottom-up
