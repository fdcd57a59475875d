/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger: the questions that one message has put, and the answers so far.
 *
 * The link between the checks and the resolver.  A check calls
 * dns_ledger_ask(); it gets the answer when that is known, and NULL when it
 * is not: the question is then noted, and the check continues and notes other
 * questions that it will need, or returns "pending".  The caller of the checks
 * takes the new questions from the ledger, has them answered, and calls the
 * check again from its top.
 *
 * Not thread-safe: its owner holds a lock.
 */
#ifndef RESOLVER_LEDGER_H
#define RESOLVER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "resolver/dns.h"

struct dns_ledger;

/* Who may keep something with an answer. */
enum dns_keeper {
	DNS_KEEPER_SPF,
	DNS_KEEPER_DMARC,
	DNS_KEEPERS
};

struct dns_entry {
	struct slice		 name;	/* lower case, no dot at the end */
	enum dns_type		 type;
	const struct dns_answer	*answer;	/* NULL: not yet; referenced */
	/* For the owner's use, untouched by the ledger except for zeroing. */
	int64_t			 asked_us;	/* monotonic clock */
	int64_t			 answered_us;
	void			*kept[DNS_KEEPERS];
	struct dns_ledger	*ledger;
	struct dns_entry	*next;	/* in the order of asking */
};

/* `max_questions` bounds what one message may ask.  NULL: no memory. */
struct dns_ledger	*dns_ledger_new(size_t max_questions);
/* Drops the references to all answers. */
void			 dns_ledger_free(struct dns_ledger *l);

/*
 * The answer to (name, type), borrowed for as long as the ledger lives, or
 * NULL when it is not known yet.  Never NULL for a question that cannot be
 * put: a name that domain_parse_dns() refuses, too many questions, or no
 * memory give the static answer DNS_NOT_ASKED.  Case and one dot at the
 * end of `name` do not matter.
 */
const struct dns_answer	*dns_ledger_ask(struct dns_ledger *l,
			    struct slice name, enum dns_type type);
/*
 * The question itself, for a check that comes back to it: it stays where it
 * is, and its answer will be there.  NULL: it cannot be put.
 */
struct dns_entry	*dns_ledger_enter(struct dns_ledger *l,
			    struct slice name, enum dns_type type);
/* The same without asking: NULL for what was never asked. */
struct dns_entry	*dns_ledger_find(const struct dns_ledger *l,
			    struct slice name, enum dns_type type);
/* And its answer: NULL also for what is not known yet. */
const struct dns_answer	*dns_ledger_peek(const struct dns_ledger *l,
			    struct slice name, enum dns_type type);

/*
 * What a check has read out of an answer, so that a check which starts again
 * from its top does not read it again.  The place for it with the answer
 * to (name, type): it holds NULL until the keeper puts something there.
 * NULL: there is no such question, or it has no answer.
 */
void			**dns_ledger_kept(struct dns_ledger *l,
			    struct slice name, enum dns_type type,
			    enum dns_keeper keeper);
/*
 * Memory for what is kept, for as long as the ledger lives; at most
 * LIMIT_DNS_KEPT.  NULL: no memory.  A keeper that gets none of it does
 * without: it reads again.
 */
struct arena		*dns_ledger_arena(struct dns_ledger *l);
/*
 * Gives back what has been kept beside answers: a check has come to its end,
 * and many messages wait at one time.  Who still needs it reads again.
 */
void			 dns_ledger_forget(struct dns_ledger *l);

/*
 * Lets `put` see each new question at once: it may give the answer with
 * dns_ledger_answer(), which dns_ledger_ask() then returns, or see to it
 * that the answer comes later.  Such a question is not given out by
 * dns_ledger_take_new().  So a check whose answers are at hand comes to its
 * end in one run.
 */
typedef void	dns_ledger_put_fn(void *arg, struct dns_entry *e);
void		 dns_ledger_set_put(struct dns_ledger *l,
		    dns_ledger_put_fn *put, void *arg);

/* The next question that nobody took yet, or NULL.  Each is given once. */
struct dns_entry	*dns_ledger_take_new(struct dns_ledger *l);
/* Stores an answer and takes over one reference to it.  An entry that has
   one already keeps it; the new one is dropped. */
void			 dns_ledger_answer(struct dns_entry *e,
			    const struct dns_answer *answer);
/* Gives every open question the static answer `outcome`. */
void			 dns_ledger_close(struct dns_ledger *l,
			    enum dns_outcome outcome);

/*
 * A question has no answer for lack of memory, here or where the answers are
 * made (dns_answer_no_memory()): who reads them has to defer the message,
 * not to judge it.
 */
bool			 dns_ledger_failed(const struct dns_ledger *l);

/* Questions put, and of them those without an answer. */
size_t			 dns_ledger_count(const struct dns_ledger *l);
size_t			 dns_ledger_open(const struct dns_ledger *l);
/* Octets of the answers, as dns_answer_size() says. */
size_t			 dns_ledger_bytes(const struct dns_ledger *l);
/* All entries, oldest first, linked by `next`. */
const struct dns_entry	*dns_ledger_first(const struct dns_ledger *l);

#endif
