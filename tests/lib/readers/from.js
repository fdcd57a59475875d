// SPDX-License-Identifier: BSD-2-Clause
// What addressparser, which many mail programs in JavaScript carry, reads in
// From.  In and out as from.pl.
'use strict';
const parse = require('addressparser');
const out = [];
function addresses(list) {
	return list.flatMap(a => a.group ? addresses(a.group) :
	    a.address ? [a.address] : []);
}
for (const line of require('fs').readFileSync(0, 'latin1').split('\n')) {
	const value = Buffer.from(line, 'hex').toString(process.argv[2]);
	out.push(addresses(parse(value)).map(
	    a => Buffer.from(a, process.argv[2]).toString('hex')).join(' '));
}
out.pop();
process.stdout.write(out.join('\n') + '\n');
