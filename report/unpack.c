/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unpack: see unpack.h.  What a piece of data is, its first octets say, not
 * the name or the media type that a reporter gave it.
 */
#include "report/unpack_internal.h"

#include <zip.h>
#include <zlib.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/mem.h"
#include "report/zmem_internal.h"

void
unpack_trouble(struct unpack *u, enum report_status trouble)
{
	if (u->trouble == REPORT_READ)
		u->trouble = trouble;
	if (trouble == REPORT_NO_MEMORY)
		u->stopped = true;
}

/*
 * Some put empty lines before the XML declaration, or NULs behind the end,
 * which XML does not allow.  UTF-16 stays as it is.
 */
static struct slice
without_padding(struct slice xml)
{
	if (slice_starts(xml, SLICE("\xff\xfe")) ||
	    slice_starts(xml, SLICE("\xfe\xff")) ||
	    (xml.len > 1 && xml.ptr[1] == '\0'))
		return xml;
	if (slice_starts(xml, SLICE("\xef\xbb\xbf")))
		xml = slice_from(xml, 3);
	xml = slice_trim(xml);
	while (xml.len > 0 && (xml.ptr[xml.len - 1] == '\0' ||
	    ascii_is_space(xml.ptr[xml.len - 1])))
		xml.len--;
	return xml;
}

static void
give(struct unpack *u, struct slice xml)
{
	if (u->documents == LIMIT_REPORT_DOCUMENTS) {
		unpack_trouble(u, REPORT_TOO_LARGE);
		u->stopped = true;
		return;
	}
	u->documents++;
	u->stopped = !u->found(u->arg, without_padding(xml));
}

/* ---- room that grows with what comes out, never with what is promised ---- */

struct room {
	char	*ptr;
	size_t	 len, cap;
};

/* Space for at least one octet more.  False: no memory, or too much. */
static bool
room_grow(struct unpack *u, struct room *r)
{
	size_t cap = r->cap == 0 ? 65536 : 2 * r->cap;
	char *ptr;

	if (r->len < r->cap)
		return true;
	if (r->cap > LIMIT_REPORT_XML) {
		unpack_trouble(u, REPORT_TOO_LARGE);
		return false;
	}
	/* One octet over the limit shows that there is more. */
	if (cap > LIMIT_REPORT_XML)
		cap = LIMIT_REPORT_XML + 1;
	ptr = mem_resize(r->ptr, cap);
	if (ptr == NULL) {
		unpack_trouble(u, REPORT_NO_MEMORY);
		return false;
	}
	r->ptr = ptr;
	r->cap = cap;
	return true;
}

static void
room_give(struct unpack *u, struct room *r, bool whole)
{
	struct slice xml = { r->ptr, r->len };

	u->unpacked += r->len;
	if (u->unpacked > LIMIT_REPORT_UNPACKED) {
		unpack_trouble(u, REPORT_TOO_LARGE);
		u->stopped = true;
	} else if (whole && r->len > LIMIT_REPORT_XML)
		unpack_trouble(u, REPORT_TOO_LARGE);
	else if (whole)
		give(u, xml);
	mem_free(r->ptr);
}

/* ---- gzip (RFC 1952) ---- */

/* All members of it.  False: broken, or too large. */
static bool
inflate_all(struct unpack *u, z_stream *z, struct room *r)
{
	int status = Z_OK;

	while (status != Z_STREAM_END || z->avail_in > 0) {
		if (status == Z_STREAM_END && inflateReset(z) != Z_OK)
			return false;
		if (!room_grow(u, r))
			return false;
		z->next_out = (Bytef *)r->ptr + r->len;
		z->avail_out = (uInt)(r->cap - r->len);
		status = inflate(z, Z_NO_FLUSH);
		r->len = r->cap - z->avail_out;
		if (status == Z_MEM_ERROR)
			unpack_trouble(u, REPORT_NO_MEMORY);
		if (status != Z_OK && status != Z_STREAM_END)
			/* What follows a whole member may be padding. */
			return r->len > 0 && z->total_out == 0;
	}
	return true;
}

static void
unpack_gzip(struct unpack *u, struct slice data)
{
	z_stream z = { .zalloc = zmem_alloc, .zfree = zmem_free };
	struct room r = { .cap = 0 };
	bool whole;

	z.next_in = (z_const Bytef *)(uintptr_t)data.ptr;
	z.avail_in = (uInt)data.len;
	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) {
		unpack_trouble(u, REPORT_NO_MEMORY);
		return;
	}
	whole = inflate_all(u, &z, &r);
	inflateEnd(&z);
	if (!whole)
		unpack_trouble(u, REPORT_NOT_XML);
	room_give(u, &r, whole);
}

/* ---- zip ---- */

static bool
read_all(struct unpack *u, zip_file_t *f, struct room *r)
{
	zip_int64_t n;

	do {
		if (!room_grow(u, r))
			return false;
		n = zip_fread(f, r->ptr + r->len, r->cap - r->len);
		if (n > 0)
			r->len += (size_t)n;
	} while (n > 0);
	if (n < 0)
		unpack_trouble(u, REPORT_NOT_XML);
	return n == 0;
}

static void
unpack_entry(struct unpack *u, zip_t *archive, zip_uint64_t index)
{
	zip_file_t *f = zip_fopen_index(archive, index, 0);
	struct room r = { .cap = 0 };
	bool whole;

	if (f == NULL) {
		/* Encrypted, or of a kind that libzip does not know. */
		unpack_trouble(u, REPORT_NOT_XML);
		return;
	}
	whole = read_all(u, f, &r);
	zip_fclose(f);
	/* A folder is an empty entry. */
	room_give(u, &r, whole && r.len > 0);
}

static void
unpack_zip(struct unpack *u, struct slice data)
{
	zip_error_t error;
	zip_source_t *source;
	zip_t *archive;
	zip_int64_t i, count;

	zip_error_init(&error);
	source = zip_source_buffer_create(data.ptr, data.len, 0, &error);
	archive = source == NULL ? NULL : zip_open_from_source(source,
	    ZIP_RDONLY, &error);
	zip_error_fini(&error);
	if (archive == NULL) {
		zip_source_free(source);
		unpack_trouble(u, REPORT_NOT_XML);
		return;
	}
	count = zip_get_num_entries(archive, 0);
	if (count > LIMIT_REPORT_DOCUMENTS) {
		unpack_trouble(u, REPORT_TOO_LARGE);
		count = LIMIT_REPORT_DOCUMENTS;
	}
	for (i = 0; i < count && !u->stopped; i++)
		unpack_entry(u, archive, (zip_uint64_t)i);
	zip_discard(archive);
}

/* ---- which of them ---- */

static bool
is_xml(struct slice data)
{
	size_t i = slice_starts(data, SLICE("\xef\xbb\xbf")) ? 3 : 0;

	if (slice_starts(data, SLICE("\xff\xfe")) ||
	    slice_starts(data, SLICE("\xfe\xff")))
		return true;		/* UTF-16 */
	while (i < data.len && ascii_is_space(data.ptr[i]))
		i++;
	return i < data.len && data.ptr[i] == '<';
}

void
unpack_any(struct unpack *u, struct slice data, unsigned int depth)
{
	if (u->stopped || data.len == 0)
		return;
	if (slice_starts(data, SLICE("\x1f\x8b")))
		unpack_gzip(u, data);
	else if (slice_starts(data, SLICE("PK\x03\x04")))
		unpack_zip(u, data);
	else if (is_xml(data) && data.len > LIMIT_REPORT_XML)
		unpack_trouble(u, REPORT_TOO_LARGE);
	else if (is_xml(data))
		give(u, data);
	else if (depth < LIMIT_REPORT_MAILS)
		unpack_mail(u, data, depth);
}

enum report_status
report_unpack(struct slice data, report_document_fn *found, void *arg)
{
	struct unpack u = { .found = found, .arg = arg };

	unpack_any(&u, data, 0);
	if (u.trouble != REPORT_READ)
		return u.trouble;
	return u.documents > 0 ? REPORT_READ : REPORT_NOT_A_REPORT;
}
