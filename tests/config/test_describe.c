/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * etc/assay.schema.json is what the tables say.  With WRITE_SCHEMA set the
 * file is written instead.
 */
#include "config/describe_internal.h"

#include "tests/schemafile.h"
#include "tests/tap.h"

int
main(void)
{
	struct buf line;
	const char *unknown;
	struct json j;

	buf_init(&line, SCHEMA_MAX);
	json_to_buf(&j, &line);
	unknown = config_describe(&j);
	ok(unknown == NULL, "every key has a form: %s",
	    unknown != NULL ? unknown : "yes");
	schemafile_check("assay.schema.json", "tests/config/test_describe",
	    &line);
	buf_fini(&line);
	return tap_done();
}
