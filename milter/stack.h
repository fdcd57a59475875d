/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack: a thread that is about to wait keeps no more memory than it needs.
 *
 * A worker waits for the answers of its message, and a thousand of them may.
 * What its earlier calls have touched of its stack stays with it otherwise.
 */
#ifndef MILTER_STACK_H
#define MILTER_STACK_H

/*
 * Gives back what lies below the caller on the stack of its thread, which
 * has the default size: the two pages that are most likely touched.
 */
void	stack_give_back(void);

#endif
