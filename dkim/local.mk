# SPDX-License-Identifier: BSD-2-Clause

libassay_a_SOURCES += \
	dkim/bodyhash.c dkim/bodyhash.h \
	dkim/canon.c dkim/canon.h \
	dkim/context.c dkim/context.h dkim/context_internal.h \
	dkim/coverage.c dkim/coverage.h \
	dkim/crypto.c dkim/crypto.h \
	dkim/doctor.c dkim/doctor.h dkim/doctor_internal.h \
	dkim/doctor_header.c dkim/doctor_recipe.c \
	dkim/hazard.c dkim/hazard_internal.h \
	dkim/headerhash.c dkim/headerhash.h \
	dkim/key.c dkim/key.h \
	dkim/keycache.c dkim/keycache_internal.h \
	dkim/keyfile.c \
	dkim/lint.c dkim/lint.h \
	dkim/privkey.c dkim/privkey_internal.h \
	dkim/prove.c dkim/prove.h \
	dkim/sign.c dkim/sign.h \
	dkim/signature.c dkim/signature.h \
	dkim/trace.c dkim/trace.h \
	dkim/verify.c dkim/verify.h dkim/verify_internal.h

dkim_test_support = tests/dkim/support.c tests/dkim/support.h
dkim_sign_support = $(dkim_test_support) \
	tests/dkim/keyfiles.c tests/dkim/keyfiles.h \
	tests/dkim/signing.c tests/dkim/signing.h

check_PROGRAMS += \
	tests/dkim/test_bodyhash \
	tests/dkim/test_canon \
	tests/dkim/test_crypto \
	tests/dkim/test_conformance \
	tests/dkim/test_doctor \
	tests/dkim/test_headerhash \
	tests/dkim/test_key \
	tests/dkim/test_keycache \
	tests/dkim/test_memory \
	tests/dkim/test_privkey \
	tests/dkim/test_sign \
	tests/dkim/test_signature \
	tests/dkim/test_trace \
	tests/dkim/test_verify

tests_dkim_test_bodyhash_SOURCES = \
	tests/dkim/test_bodyhash.c $(dkim_test_support)
tests_dkim_test_canon_SOURCES = \
	tests/dkim/test_canon.c $(dkim_test_support)
tests_dkim_test_crypto_SOURCES = tests/dkim/test_crypto.c
tests_dkim_test_conformance_SOURCES = \
	tests/dkim/test_conformance.c $(dkim_test_support)
tests_dkim_test_doctor_SOURCES = \
	tests/dkim/test_doctor.c $(dkim_test_support)
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
tests_dkim_test_trace_SOURCES = \
	tests/dkim/test_trace.c $(dkim_test_support)
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
	tests/fuzz/fuzz_dkim_doctor \
	tests/fuzz/fuzz_dkim_key \
	tests/fuzz/fuzz_dkim_sign \
	tests/fuzz/fuzz_dkim_signature \
	tests/fuzz/fuzz_dkim_verify

tests_fuzz_fuzz_dkim_canon_SOURCES = \
	tests/fuzz/fuzz_dkim_canon.c tests/fuzz/replay.c \
	$(dkim_test_support)
tests_fuzz_fuzz_dkim_doctor_SOURCES = \
	tests/fuzz/fuzz_dkim_doctor.c tests/fuzz/replay.c \
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
	tests/fuzz/dkim_canon.dict \
	tests/fuzz/dkim_doctor.dict \
	tests/fuzz/dkim_key.dict \
	tests/fuzz/dkim_sign.dict \
	tests/fuzz/dkim_signature.dict \
	tests/fuzz/dkim_verify.dict
