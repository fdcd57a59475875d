# SPDX-License-Identifier: BSD-2-Clause
#
# A stage of tests/run.sh, and not of make check: run.sh compiles its own
# programs.

EXTRA_DIST += tests/soak/run.sh tests/soak/mtas.c
