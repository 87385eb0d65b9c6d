/* See records.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/records.h"

#include <inttypes.h>
#include <string.h>

void records_begin(struct records *records, enum records_form form, const char *name)
{
    *records = (struct records){.form = form, .json = {.out = stdout}};
    if (form == RECORDS_CSV) return;
    if (name) {
        json_object(&records->json);
        json_key(&records->json, name);
    }
    json_array(&records->json);
}

void records_end_array(struct records *records)
{
    if (records->form == RECORDS_JSON) json_end(&records->json);
}

void records_end(struct records *records)
{
    if (records->form == RECORDS_JSON) json_end(&records->json);
}

bool records_head(struct records *records)
{
    records->is_head = records->form == RECORDS_CSV;
    return records->is_head;
}

void records_row(struct records *records)
{
    records->field_count = 0;
    if (records->form == RECORDS_JSON) json_object(&records->json);
}

void records_row_end(struct records *records)
{
    records->is_head = false;
    if (records->form == RECORDS_JSON)
        json_end(&records->json);
    else /* a blank line would be no row to most readers */
        fputs(records->field_count == 1 && records->is_empty ? "\"\"\r\n" : "\r\n", stdout);
}

static void write_quoted(const char *text, size_t bytes)
{
    fputc('"', stdout);
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '"') fputc('"', stdout);
        fputc(text[i], stdout);
    }
    fputc('"', stdout);
}

static bool needs_quotes(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (memchr("\",\r\n", text[i], 4)) return true;
    return false;
}

static void write_csv_text(struct records *records, const char *text, size_t bytes)
{
    records->is_empty = bytes == 0;
    if (needs_quotes(text, bytes))
        write_quoted(text, bytes);
    else
        fwrite(text, 1, bytes, stdout);
}

/* What stands before a value. False if there is no value to write: this is the head. */
static bool begin_field(struct records *records, const char *name)
{
    if (records->form == RECORDS_JSON) return json_key(&records->json, name), true;
    if (records->field_count++) fputc(',', stdout);
    records->is_empty = false;
    if (records->is_head) write_csv_text(records, name, strlen(name));
    return !records->is_head;
}

void records_text_bytes(struct records *records, const char *name, const char *text, size_t bytes)
{
    if (!begin_field(records, name)) return;
    if (records->form == RECORDS_JSON)
        json_text_bytes(&records->json, text, bytes);
    else
        write_csv_text(records, text, bytes);
}

void records_text(struct records *records, const char *name, const char *text)
{
    if (text)
        records_text_bytes(records, name, text, strlen(text));
    else
        records_none(records, name);
}

void records_uint(struct records *records, const char *name, uint64_t value)
{
    if (!begin_field(records, name)) return;
    if (records->form == RECORDS_JSON)
        json_uint(&records->json, value);
    else
        printf("%" PRIu64, value);
}

void records_int(struct records *records, const char *name, int64_t value)
{
    if (!begin_field(records, name)) return;
    if (records->form == RECORDS_JSON)
        json_int(&records->json, value);
    else
        printf("%" PRId64, value);
}

void records_double(struct records *records, const char *name, double value)
{
    if (!begin_field(records, name)) return;
    if (records->form == RECORDS_JSON)
        json_double(&records->json, value);
    else
        printf("%.17g", value);
}

void records_bool(struct records *records, const char *name, bool value)
{
    if (!begin_field(records, name)) return;
    if (records->form == RECORDS_JSON)
        json_bool(&records->json, value);
    else
        fputs(value ? "true" : "false", stdout);
}

void records_none(struct records *records, const char *name)
{
    if (!begin_field(records, name)) return;
    records->is_empty = true;
    if (records->form == RECORDS_JSON) json_null(&records->json);
}
