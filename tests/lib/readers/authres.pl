# SPDX-License-Identifier: BSD-2-Clause
# The authserv-id that Mail::AuthenticationResults reads.  A value is a line of
# hexadecimal digits, and so is the answer.
use strict;
use warnings;

eval { require Mail::AuthenticationResults::Parser; 1 } or exit 77;
while (my $line = <STDIN>) {
	chomp $line;
	my $id = eval {
		local $SIG{__WARN__} = sub { };
		Mail::AuthenticationResults::Parser->new()->parse(
		    pack('H*', $line))->value()->value();
	};
	$id = '' if !defined $id;
	utf8::encode($id) if utf8::is_utf8($id);
	print unpack('H*', $id), "\n";
}
