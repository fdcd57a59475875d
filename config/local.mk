# SPDX-License-Identifier: BSD-2-Clause
libassay_a_SOURCES += \
	config/config.c config/config.h \
	config/rules.c config/rules.h \
	config/schema.c config/schema.h \
	config/values.c config/values.h \
	config/warning.c \
	config/yaml.c config/yaml.h \
	config/zonefile.c config/zonefile.h

check_PROGRAMS += tests/config/test_yaml
tests_config_test_yaml_SOURCES = tests/config/test_yaml.c
