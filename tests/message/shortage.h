/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shortage: a message while memory is short: its configuration in a folder of
 * its own, with a key, and the same message once for each allocation.
 */
#ifndef TESTS_MESSAGE_SHORTAGE_H
#define TESTS_MESSAGE_SHORTAGE_H

#include <stdbool.h>

#include "message/engine.h"
#include "message/message.h"

/* More than a message needs. */
#define SHORTAGE_MANY 20000

/* Makes the folder, and k.pem in it. */
bool		 shortage_folder(void);
/* The path of a file there, until the next call. */
const char	*shortage_path(const char *name);
bool		 shortage_write(const char *name, const char *text);
/* Of the file assay.yaml there; what is wrong with it is printed. */
struct engine	*shortage_engine(struct dkim_context *dkim);
/* Takes all of it away. */
void		 shortage_remove(void);

/* What became of a message; tests add their own from SHORTAGE_OWN on. */
enum shortage_end { SHORTAGE_DONE, SHORTAGE_DEFERRED, SHORTAGE_WRONG,
	SHORTAGE_OWN };

/* One message from there, by Postfix; `feed` up to its end, `end` judges. */
struct shortage_message {
	const char		*client;
	void			(*feed)(struct message *m);
	enum shortage_end	(*end)(struct message *m);
};
enum shortage_end	shortage_run(const struct shortage_message *s,
			    struct engine *e);

struct shortage_found {
	enum shortage_end	end;	/* of the last one */
	unsigned long		hits;	/* of it: 0 is none that failed */
	unsigned long		allocations, deferred;
};
/*
 * Once for each allocation of ours, or of OpenSSL's, until none is left to
 * fail, or one ends wrong, or as `stop` says (SHORTAGE_WRONG: nothing else).
 */
struct shortage_found	shortage_ours(const struct shortage_message *s,
			    struct engine *e, enum shortage_end stop);
struct shortage_found	shortage_openssl(const struct shortage_message *s,
			    struct engine *e);

#endif
