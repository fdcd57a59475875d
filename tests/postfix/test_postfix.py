# SPDX-License-Identifier: BSD-2-Clause
"""A real Postfix hands real messages to assay-milter; what is delivered?"""

import inbound
import mta
import tap


def start(socket):
    return mta.Postfix(socket).start()


@tap.test
def mail_from_outside():
    inbound.run(start)


@tap.test
def dns_outage():
    inbound.dns_outage(start)


mta.prepare()
tap.main()
