# SPDX-License-Identifier: BSD-2-Clause
"""What GMime reads in From.  In and out as from.pl."""

import sys

try:
    import gi
    gi.require_version("GMime", "3.0")
    from gi.repository import GMime
except (ImportError, ValueError):
    sys.exit(77)


def addresses(found):
    for i in range(found.length() if found else 0):
        item = found.get_address(i)
        if isinstance(item, GMime.InternetAddressGroup):
            yield from addresses(item.get_members())
        else:
            yield item.get_addr() or ""


GMime.init()
for line in sys.stdin:
    value = bytes.fromhex(line)
    text = value.split(b"\0")[0].decode("utf-8", "replace")
    found = GMime.InternetAddressList.parse(None, text)
    print(*(a.encode("utf-8", "replace").hex() for a in addresses(found)
            if a))
