libassay_a_SOURCES += \
	resolver/ahead.c resolver/ahead_internal.h \
	resolver/cache.c resolver/cache_internal.h \
	resolver/carry.c resolver/carry_internal.h \
	resolver/casing.c resolver/casing_internal.h \
	resolver/datagram.c resolver/datagram_internal.h \
	resolver/dns.c resolver/dns.h \
	resolver/fair.c resolver/fair_internal.h \
	resolver/resolver_internal.h \
	resolver/ledger.c resolver/ledger.h \
	resolver/flight.c resolver/land.c \
	resolver/loop.c \
	resolver/nameserver.c resolver/nameserver_internal.h \
	resolver/packet.c resolver/packet_internal.h \
	resolver/paths.c resolver/paths_internal.h \
	resolver/query.c resolver/query_internal.h resolver/queue.c \
	resolver/resolver.c resolver/resolver.h \
	resolver/send.c \
	resolver/server.c resolver/server_internal.h \
	resolver/silence.c resolver/silence_internal.h \
	resolver/standin.c resolver/standin_internal.h \
	resolver/statistics.c resolver/statistics.h \
	resolver/statistics_internal.h \
	resolver/table.c resolver/table_internal.h \
	resolver/zone.c resolver/zone.h

check_PROGRAMS += \
	tests/resolver/test_ahead \
	tests/resolver/test_badinput \
	tests/resolver/test_cache \
	tests/resolver/test_casing \
	tests/resolver/test_datagram \
	tests/resolver/test_dns \
	tests/resolver/test_fair \
	tests/resolver/test_flow \
	tests/resolver/test_late \
	tests/resolver/test_ledger \
	tests/resolver/test_nameserver \
	tests/resolver/test_packet \
	tests/resolver/test_parking \
	tests/resolver/test_paths \
	tests/resolver/test_ports \
	tests/resolver/test_resolver \
	tests/resolver/test_server \
	tests/resolver/test_silence \
	tests/resolver/test_stale \
	tests/resolver/test_standin \
	tests/resolver/test_statistics \
	tests/resolver/test_table \
	tests/resolver/test_zone
tests_resolver_test_ahead_SOURCES = tests/resolver/test_ahead.c \
	$(leap) $(resolver_test_helpers)
tests_resolver_test_ahead_LDFLAGS = $(AM_LDFLAGS) $(leap_flags)
tests_resolver_test_badinput_SOURCES = tests/resolver/test_badinput.c \
	$(resolver_test_helpers)
tests_resolver_test_cache_SOURCES = tests/resolver/test_cache.c
tests_resolver_test_casing_SOURCES = tests/resolver/test_casing.c \
	$(resolver_test_helpers)
tests_resolver_test_datagram_SOURCES = tests/resolver/test_datagram.c \
	$(resolver_test_helpers)
tests_resolver_test_dns_SOURCES = tests/resolver/test_dns.c
tests_resolver_test_fair_SOURCES = tests/resolver/test_fair.c
tests_resolver_test_flow_SOURCES = tests/resolver/test_flow.c \
	$(resolver_test_helpers)
tests_resolver_test_late_SOURCES = tests/resolver/test_late.c \
	$(resolver_test_helpers)
tests_resolver_test_ledger_SOURCES = tests/resolver/test_ledger.c
tests_resolver_test_nameserver_SOURCES = tests/resolver/test_nameserver.c
tests_resolver_test_packet_SOURCES = tests/resolver/test_packet.c \
	tests/resolver/dnsmsg.c tests/resolver/dnsmsg.h
tests_resolver_test_parking_SOURCES = tests/resolver/test_parking.c \
	$(leap) $(resolver_test_helpers)
tests_resolver_test_parking_LDFLAGS = $(AM_LDFLAGS) $(leap_flags)
tests_resolver_test_paths_SOURCES = tests/resolver/test_paths.c
tests_resolver_test_ports_SOURCES = tests/resolver/test_ports.c \
	$(resolver_test_helpers)
tests_resolver_test_resolver_SOURCES = tests/resolver/test_resolver.c \
	$(resolver_test_helpers)
tests_resolver_test_server_SOURCES = tests/resolver/test_server.c
tests_resolver_test_silence_SOURCES = tests/resolver/test_silence.c
tests_resolver_test_standin_SOURCES = tests/resolver/test_standin.c \
	tests/resolver/dnsmsg.c tests/resolver/dnsmsg.h
tests_resolver_test_stale_SOURCES = tests/resolver/test_stale.c \
	$(leap) $(resolver_test_helpers)
tests_resolver_test_stale_LDFLAGS = $(AM_LDFLAGS) $(leap_flags)
tests_resolver_test_statistics_SOURCES = tests/resolver/test_statistics.c \
	$(resolver_test_helpers)
tests_resolver_test_table_SOURCES = tests/resolver/test_table.c
tests_resolver_test_zone_SOURCES = tests/resolver/test_zone.c

# A nameserver and its askers, inside the test program.
resolver_test_helpers = \
	tests/resolver/asker.c tests/resolver/asker.h \
	tests/resolver/dnsmsg.c tests/resolver/dnsmsg.h \
	tests/resolver/fakens.c tests/resolver/fakens.h

# A clock that tests put forward.
leap = tests/resolver/leap.c tests/resolver/leap.h
leap_flags = -Wl,--wrap=clock_us -Wl,--wrap=timerfd_settime

fuzz_programs += tests/fuzz/fuzz_dns_packet
tests_fuzz_fuzz_dns_packet_SOURCES = tests/fuzz/fuzz_dns_packet.c \
	tests/fuzz/replay.c
EXTRA_DIST += \
	tests/fuzz/dns_packet.dict

# The same resolver against unbound.
EXTRA_PROGRAMS += tests/resolver/lookup
check_DATA += tests/resolver/lookup
CLEANFILES += tests/resolver/lookup
tests_resolver_lookup_SOURCES = tests/resolver/lookup.c \
	$(resolver_test_helpers)
