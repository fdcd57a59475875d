# SPDX-License-Identifier: BSD-2-Clause
# What a Perl module reads in From: from.pl MODULE.  A value is a line of
# hexadecimal digits; the answer is the addresses in it, likewise, with blanks
# between.
use strict;
use warnings;

my $module = shift;
eval "require $module; 1" or exit 77;
$| = 1;
while (my $line = <STDIN>) {
	chomp $line;
	my $value = pack('H*', $line);
	my @found = eval {
		local $SIG{__WARN__} = sub { };
		map { $_->address } $module->parse($value);
	};
	print join(' ', map { utf8::encode($_) if utf8::is_utf8($_);
	    unpack('H*', $_) } grep { defined && length } @found), "\n";
}
