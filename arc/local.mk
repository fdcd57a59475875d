# SPDX-License-Identifier: BSD-2-Clause

libassay_a_SOURCES += \
	arc/aar.c arc/aar.h \
	arc/arc.c arc/arc.h \
	arc/chain.c arc/chain_internal.h \
	arc/seal.c arc/seal.h \
	arc/trust.c arc/trust.h

arc_test_support = tests/arc/support.c tests/arc/support.h \
	tests/dkim/support.c tests/dkim/support.h

check_PROGRAMS += \
	tests/arc/test_aar \
	tests/arc/test_arc \
	tests/arc/test_seal \
	tests/arc/test_trust \
	tests/arc/test_vectors
tests_arc_test_aar_SOURCES = tests/arc/test_aar.c
tests_arc_test_seal_SOURCES = tests/arc/test_seal.c $(arc_test_support) \
	tests/dkim/sslfail.c tests/dkim/sslfail.h
tests_arc_test_trust_SOURCES = tests/arc/test_trust.c $(arc_test_support)
tests_arc_test_arc_SOURCES = tests/arc/test_arc.c $(arc_test_support) \
	tests/dkim/sslfail.c tests/dkim/sslfail.h
tests_arc_test_vectors_SOURCES = tests/arc/test_vectors.c $(arc_test_support)

fuzz_programs += tests/fuzz/fuzz_arc
tests_fuzz_fuzz_arc_SOURCES = tests/fuzz/fuzz_arc.c tests/fuzz/replay.c \
	$(arc_test_support)
EXTRA_DIST += tests/fuzz/arc.dict
