# SPDX-License-Identifier: BSD-2-Clause
"""A real Sendmail hands real messages to assay-milter; what is delivered?"""

import inbound
import namespace
import sendmail
import tap


def start(socket):
    return sendmail.Sendmail(socket).start()


@tap.test
def mail_from_outside():
    inbound.run(start)


@tap.test
def dns_outage():
    inbound.dns_outage(start)


namespace.prepare(sendmail.PACKAGES)
tap.main()
