# SPDX-License-Identifier: BSD-2-Clause
# For editors.
dist_pkgdata_DATA = etc/assay.schema.json

libassay_a_SOURCES += \
	config/config.c config/config.h config/config_internal.h \
	config/describe.c config/describe_internal.h \
	config/forwarders.c config/forwarders_internal.h \
	config/hosts.c config/hosts.h \
	config/include.c config/include_internal.h \
	config/origins.c config/origins_internal.h \
	config/reports.c config/reports_internal.h \
	config/rules.c config/rules_internal.h \
	config/scalars.c \
	config/schema.c config/schema.h \
	config/seal.c config/seal_internal.h \
	config/sections.c config/sections.h \
	config/sign.c config/sign_internal.h \
	config/trusted.c config/trusted_internal.h \
	config/users.c config/users.h \
	config/values.c config/values.h \
	config/warning.c \
	config/yaml.c config/yaml.h config/yaml_internal.h \
	config/yaml_mend.c config/yaml_problem.c \
	config/zonefile.c config/zonefile.h

check_PROGRAMS += \
	tests/config/test_config \
	tests/config/test_describe \
	tests/config/test_forwarders \
	tests/config/test_hosts \
	tests/config/test_oracle \
	tests/config/test_policies \
	tests/config/test_users \
	tests/config/test_yaml \
	tests/config/test_zonefile
tests_config_test_config_SOURCES = tests/config/test_config.c
tests_config_test_describe_SOURCES = tests/config/test_describe.c
tests_config_test_forwarders_SOURCES = tests/config/test_forwarders.c
tests_config_test_hosts_SOURCES = tests/config/test_hosts.c
tests_config_test_oracle_SOURCES = tests/config/test_oracle.c
tests_config_test_policies_SOURCES = tests/config/test_policies.c
tests_config_test_users_SOURCES = tests/config/test_users.c
tests_config_test_yaml_SOURCES = tests/config/test_yaml.c
tests_config_test_zonefile_SOURCES = tests/config/test_zonefile.c

fuzz_programs += tests/fuzz/fuzz_config tests/fuzz/fuzz_hosts \
	tests/fuzz/fuzz_users \
	tests/fuzz/fuzz_zonefile
tests_fuzz_fuzz_hosts_SOURCES = tests/fuzz/fuzz_hosts.c tests/fuzz/replay.c
tests_fuzz_fuzz_users_SOURCES = tests/fuzz/fuzz_users.c tests/fuzz/replay.c
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c tests/fuzz/replay.c
tests_fuzz_fuzz_zonefile_SOURCES = \
	tests/fuzz/fuzz_zonefile.c tests/fuzz/replay.c

EXTRA_DIST += \
	tests/fuzz/config.dict \
	tests/fuzz/zonefile.dict

dist_check_SCRIPTS += tests/config/test_mistakes.py tests/config/test_schema.py
TESTS += tests/config/test_mistakes.py tests/config/test_schema.py
