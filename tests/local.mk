# SPDX-License-Identifier: BSD-2-Clause
#
# What several tests share, and the tests that are scripts.

EXTRA_DIST += tests/tap.h tests/run.sh
