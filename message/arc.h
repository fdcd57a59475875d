/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ARC found of a message: for DMARC, and for those who explain it.
 */
#ifndef MESSAGE_ARC_H
#define MESSAGE_ARC_H

#include "arc/arc.h"

struct message;

/*
 * After message_finish(), borrowed from the message.  `result` is none, and
 * there are no sets, for a message that was not checked.
 */
const struct arc_verdict	*message_arc(const struct message *m);
/*
 * The domain of the trusted sealer who says that the Author Domain passed
 * DMARC (see arc/trust.h); empty: there is none.  From the hook `finish` on.
 */
struct slice	message_arc_trusted_sealer(const struct message *m);
/*
 * May the chain pass at the next host?  Then none of its fields may be
 * removed.  Also of a message that was not checked.
 */
bool	message_arc_may_hold(const struct message *m);

#endif
