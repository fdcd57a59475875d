/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/resolver/leap.h"

#include <pthread.h>
#include <sys/timerfd.h>

int64_t	__real_clock_us(void);
int64_t	__wrap_clock_us(void);

int	__real_timerfd_settime(int fd, int how, const struct itimerspec *at,
	    struct itimerspec *was);
int	__wrap_timerfd_settime(int fd, int how, const struct itimerspec *at,
	    struct itimerspec *was);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t ahead;		/* s */
static int timer = -1;		/* that which was set last */
static struct itimerspec due;	/* by the clock that is ahead */

int64_t
__wrap_clock_us(void)
{
	int64_t now;

	(void)pthread_mutex_lock(&lock);
	now = __real_clock_us() + ahead * LEAP_SECOND;
	(void)pthread_mutex_unlock(&lock);
	return now;
}

/* The kernel's clock is the real one.  What is due is set for the moment
   after its start: zero would stop the timer. */
static int
set_timer(void)
{
	struct itimerspec real = due;

	real.it_value.tv_sec -= (time_t)ahead;
	if (real.it_value.tv_sec < 0)
		real.it_value = (struct timespec){ .tv_nsec = 1 };
	return __real_timerfd_settime(timer, TFD_TIMER_ABSTIME, &real, NULL);
}

int
__wrap_timerfd_settime(int fd, int how, const struct itimerspec *at,
    struct itimerspec *was)
{
	int status;

	if (how != TFD_TIMER_ABSTIME || was != NULL)
		return __real_timerfd_settime(fd, how, at, was);
	(void)pthread_mutex_lock(&lock);
	timer = fd;
	due = *at;
	status = set_timer();
	(void)pthread_mutex_unlock(&lock);
	return status;
}

void
leap(int64_t seconds)
{
	(void)pthread_mutex_lock(&lock);
	ahead += seconds;
	if (timer != -1)
		(void)set_timer();
	(void)pthread_mutex_unlock(&lock);
}
