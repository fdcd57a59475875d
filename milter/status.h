/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status: the line that systemctl status shows.  Any thread.
 */
#ifndef MILTER_STATUS_H
#define MILTER_STATUS_H

/* READY=1 with the line, at the start and after a reload. */
void	status_ready(void);
/* The line, when it is another one and some seconds have gone by. */
void	status_refresh(void);
/* STOPPING=1: from now on the line stays. */
void	status_stopping(void);

#endif
