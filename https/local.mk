# SPDX-License-Identifier: BSD-2-Clause
#
# libcurl: for assay-tlspol, and whoever asks a web server besides.

if TLSPOL
libassay_a_SOURCES += \
	https/https.c https/https.h
endif
