/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line: an event as a line of the log.
 *
 * As text key=value, without the details; as JSON one object with all of it,
 * in which numbers are numbers and lists are arrays.
 */
#ifndef EVENT_LINE_INTERNAL_H
#define EVENT_LINE_INTERNAL_H

#include "event/event.h"

/* From any thread. */
void	event_line_write(const struct event *e);

#endif
