/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statistics: histograms, the figures of servers, slow domains.
 */
#include "resolver/statistics.h"

#include <string.h>

#include "resolver/query_internal.h"

const int64_t statistics_bounds_us[STATISTICS_BUCKETS - 1] = {
	100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000,
	500000, 1000000, 2000000, 5000000, 10000000, 20000000
};

/* ---- histograms ---- */

static int64_t
lower_bound(size_t bucket)
{
	return bucket > 0 ? statistics_bounds_us[bucket - 1] : 0;
}

static int64_t
part_us(size_t bucket)
{
	return (statistics_bounds_us[bucket] - lower_bound(bucket)) /
	    STATISTICS_PARTS;
}

static size_t
place_of(int64_t us)
{
	size_t i = 0;

	if (us <= 0)
		return 0;
	while (i < STATISTICS_BUCKETS - 1 && us > statistics_bounds_us[i])
		i++;
	if (i == STATISTICS_BUCKETS - 1)
		return STATISTICS_ABOVE;
	return i * STATISTICS_PARTS +
	    (size_t)((us - 1 - lower_bound(i)) / part_us(i));
}

void
statistics_add(struct statistics_times *t, int64_t us)
{
	t->count[place_of(us)]++;
	if (us > 0)
		t->sum_us += (uint64_t)us;
}

uint64_t
statistics_count(const struct statistics_times *t)
{
	uint64_t count = 0;
	size_t i;

	for (i = 0; i <= STATISTICS_ABOVE; i++)
		count += t->count[i];
	return count;
}

void
statistics_buckets(const struct statistics_times *t,
    uint64_t out[STATISTICS_BUCKETS])
{
	size_t i;

	memset(out, 0, STATISTICS_BUCKETS * sizeof(*out));
	for (i = 0; i <= STATISTICS_ABOVE; i++)
		out[i / STATISTICS_PARTS] += t->count[i];
}

int64_t
statistics_percentile(const struct statistics_times *t, unsigned int percent)
{
	uint64_t count = statistics_count(t);
	double rank = (double)count * percent / 100, parts;
	size_t i, bucket;

	if (count == 0)
		return 0;
	for (i = 0; i < STATISTICS_ABOVE; i++) {
		if (t->count[i] > 0 && (double)t->count[i] >= rank)
			break;
		rank -= (double)t->count[i];
	}
	bucket = i / STATISTICS_PARTS;
	if (i == STATISTICS_ABOVE)
		return lower_bound(bucket);
	parts = (double)(i % STATISTICS_PARTS) + rank / (double)t->count[i];
	return lower_bound(bucket) +
	    (int64_t)((double)part_us(bucket) * parts);
}

/* ---- what queries report ---- */

void
statistics_note_landing(struct query *q, int64_t now_us)
{
	struct statistics_figures *f = &q->server->figures;

	if (q->unheard) {
		f->timeouts++;
		return;
	}
	if (!q->has_packet && q->status != ARES_EBADRESP) {
		f->unreachable++;
		return;
	}
	f->answered++;
	statistics_add(&f->times, now_us - q->sent_us);
	if (!q->has_packet)
		f->broken++;
	else if (q->mismatch || q->reply == NULL)
		return;
	else if (q->reply->kind == PACKET_FAILURE)
		f->failures++;
	else if (q->reply->kind == PACKET_BROKEN)
		f->broken++;
}

/* A free one, or that of the one which took least. */
static struct statistics_domain *
room_for(struct statistics_slow *s)
{
	struct statistics_domain *least = &s->domains[0];
	size_t i;

	if (s->count < LIMIT_DNS_SLOW_DOMAINS)
		return &s->domains[s->count++];
	for (i = 1; i < s->count; i++) {
		if (s->domains[i].total_us < least->total_us)
			least = &s->domains[i];
	}
	return least;
}

static struct statistics_domain *
find(struct statistics_slow *s, struct slice name)
{
	struct statistics_domain *d;
	size_t i;

	for (i = 0; i < s->count; i++) {
		if (slice_eq(slice_str(s->domains[i].name), name))
			return &s->domains[i];
	}
	d = room_for(s);
	memset(d, 0, sizeof(*d));
	memcpy(d->name, name.ptr, name.len);
	return d;
}

void
statistics_note_slow(struct statistics_slow *s, struct slice name, int64_t us,
    bool answered)
{
	struct statistics_domain *d;

	if (us < STATISTICS_SLOW_US)
		return;
	name = silence_apex(name);
	if (name.len == 0 || name.len > DOMAIN_MAX)
		return;
	d = find(s, name);
	d->questions++;
	d->unanswered += !answered;
	d->total_us += us;
	if (us > d->longest_us)
		d->longest_us = us;
}

/* ---- snapshots ---- */

static void
describe(struct server *s, struct statistics_server *out)
{
	const struct statistics_figures *f = &s->figures;
	struct resolver_server now;
	size_t i;

	resolver_describe(s, &now);
	memcpy(out->address, now.address, sizeof(now.address));
	out->failed = now.failed;
	out->folds = now.folds;
	out->mismatches = now.mismatches;
	out->sent = f->sent;
	out->answered = f->answered;
	out->failures = f->failures;
	out->broken = f->broken;
	out->timeouts = f->timeouts;
	out->unreachable = f->unreachable;
	out->times = f->times;
	out->sockets = atomic_load(&s->sockets);
	out->in_flight = s->in_flight + s->slow;
	out->slow = s->slow;
	for (i = 0; i < SERVER_LINES; i++)
		out->waiting += s->queues[i].count;
}

void
resolver_statistics(struct resolver *r, struct resolver_statistics *out)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	(void)pthread_mutex_lock(&r->lock);
	resolver_read_stats(r, &out->totals);
	out->times = r->times;
	out->server_count = r->server_count;
	for (i = 0; i < out->server_count; i++)
		describe(&r->servers[i], &out->servers[i]);
	(void)pthread_mutex_unlock(&r->lock);
}

static void
times_since(struct statistics_times *now, const struct statistics_times *was)
{
	size_t i;

	for (i = 0; i <= STATISTICS_ABOVE; i++)
		now->count[i] -= was->count[i];
	now->sum_us -= was->sum_us;
}

static void
server_since(struct statistics_server *now,
    const struct statistics_server *was)
{
	now->sent -= was->sent;
	now->answered -= was->answered;
	now->failures -= was->failures;
	now->mismatches -= was->mismatches;
	now->broken -= was->broken;
	now->timeouts -= was->timeouts;
	now->unreachable -= was->unreachable;
	times_since(&now->times, &was->times);
}

static void
totals_since(struct resolver_stats *now, const struct resolver_stats *was)
{
	size_t i;

	now->asked -= was->asked;
	now->zone_answers -= was->zone_answers;
	now->cache_hits -= was->cache_hits;
	now->coalesced -= was->coalesced;
	now->queries -= was->queries;
	now->retries -= was->retries;
	now->cancelled -= was->cancelled;
	now->renewals -= was->renewals;
	now->guesses -= was->guesses;
	now->stale -= was->stale;
	for (i = 0; i <= DNS_NOT_ASKED; i++)
		now->outcomes[i] -= was->outcomes[i];
}

void
statistics_since(struct resolver_statistics *now,
    const struct resolver_statistics *before)
{
	size_t i;

	if (now->server_count != before->server_count ||
	    now->totals.asked < before->totals.asked)
		return;
	totals_since(&now->totals, &before->totals);
	times_since(&now->times, &before->times);
	for (i = 0; i < now->server_count; i++)
		server_since(&now->servers[i], &before->servers[i]);
}

size_t
resolver_slow_domains(struct resolver *r, bool forget,
    struct statistics_domain *out, size_t max)
{
	struct statistics_slow *s = &r->slow;
	size_t i, at, count = 0;

	(void)pthread_mutex_lock(&r->lock);
	for (i = 0; i < s->count; i++) {
		for (at = count; at > 0 && out[at - 1].total_us <
		    s->domains[i].total_us; at--) {
			if (at < max)
				out[at] = out[at - 1];
		}
		if (at < max)
			out[at] = s->domains[i];
		count += count < max;
	}
	if (forget)
		s->count = 0;
	(void)pthread_mutex_unlock(&r->lock);
	return count;
}
