/* One description of a row for --json and --csv. SPDX-License-Identifier: Apache-2.0
 *
 * A command writes its rows in one function, field by field; the form is chosen here. CSV (RFC 4180) has a
 * head: the same function is called once with an empty row, and the names are written instead of values.
 *
 *     records_begin(&records, RECORDS_CSV, "types");
 *     if (records_head(&records)) write_row(&records, &empty);
 *     for (...) write_row(&records, &rows[i]);
 *     records_end(&records);
 */
#ifndef CAIRN_CLI_RECORDS_H
#define CAIRN_CLI_RECORDS_H

#include "codec/json.h"

enum records_form { RECORDS_JSON, RECORDS_CSV };

struct records {
    enum records_form form;
    struct json json;
    bool is_head;         /* of CSV: names are written instead of values */
    unsigned field_count; /* in this row */
    bool is_empty;        /* the last field */
};

/* JSON: an object that begins with an array `name`; or, without a name, an array alone. CSV: nothing. */
void records_begin(struct records *records, enum records_form form, const char *name);
/* JSON: ends the array, so that more can be written into the object; then the object. */
void records_end_array(struct records *records);
void records_end(struct records *records);

/* Whether the next row is to be CSV's head. */
bool records_head(struct records *records);

void records_row(struct records *records);
void records_row_end(struct records *records);
void records_text(struct records *records, const char *name, const char *text);
void records_text_bytes(struct records *records, const char *name, const char *text, size_t bytes);
void records_uint(struct records *records, const char *name, uint64_t value);
void records_int(struct records *records, const char *name, int64_t value);
void records_double(struct records *records, const char *name, double value);
void records_bool(struct records *records, const char *name, bool value);
/* null in JSON, an empty field in CSV. */
void records_none(struct records *records, const char *name);

#endif
