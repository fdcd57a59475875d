/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify: reports our state to the service manager (sd_notify(3) protocol).
 */
#ifndef PROCESS_NOTIFY_H
#define PROCESS_NOTIFY_H

/* "READY=1" and the like; nothing happens without $NOTIFY_SOCKET. */
void	notify_state(const char *state);
/* "RELOADING=1" with the time that the protocol wants. */
void	notify_reloading(void);

#endif
