/* From structs to lines of the text form: see textwrite.h and doc/format.md. SPDX-License-Identifier: Apache-2.0 */
#include "trace/textwrite.h"

#include "cairn/cairn.h"
#include "trace/blockwalk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- Raw parts ----------------------------------------------------------------------------------------- */

static uint64_t word_at(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

void text_write_words(FILE *out, const uint8_t *at, size_t count)
{
    size_t words = count / 8;
    for (size_t i = 0; i < words; i++) {
        fprintf(out, "%s 0x%" PRIx64, i % 4 ? "" : i ? "\n  words" : "  words", word_at(at + i * 8));
    }
    if (words) putc('\n', out);
    if (count % 8) {
        fputs("  bytes ", out);
        text_write_quoted(out, (const char *)at + words * 8, count % 8);
        putc('\n', out);
    }
}

void text_write_bytes(FILE *out, const uint8_t *at, size_t count)
{
    for (const uint8_t *end = at + count; at < end;) {
        size_t zeros = 0, left = (size_t)(end - at);
        while (zeros < left && !at[zeros]) zeros++;
        if (zeros >= 64 || zeros == left) {
            fprintf(out, "zeros %zu\n", zeros);
            at += zeros;
            continue;
        }
        size_t some = left < 32 ? left : 32;
        text_write_words(out, at, some);
        at += some;
    }
}

void text_write_raw(struct text_writer *writer, size_t offset, size_t count, const char *what)
{
    fprintf(writer->out, "\nraw # %s at offset %zu\n", what, offset);
    text_write_bytes(writer->out, writer->bytes + offset, count);
}

/* ---- Events ---------------------------------------------------------------------------------------------- */

static void write_word(FILE *out, const char *name, uint64_t word)
{
    fprintf(out, " %s=", name);
    if (!strcmp(name, "id") || !strcmp(name, "parent_id")) {
        text_write_id(out, word);
    } else if (!strcmp(name, "place")) {
        text_write_place(out, word);
    } else if (!strcmp(name, "arguments")) {
        fprintf(out, "0x%" PRIx64, word);
    } else {
        fprintf(out, "%" PRIu64, word);
    }
}

static void write_fixed(FILE *out, uint32_t kind, const uint64_t *words)
{
    char names[64];
    snprintf(names, sizeof names, "%s", text_event_payload(kind));
    char *rest = names;
    for (char *name; (name = strsep(&rest, " ")) != NULL;) {
        if (*name) write_word(out, name, *++words);
    }
}

static void write_text(FILE *out, struct cairn_event_data data, uint32_t fixed)
{
    if (data.cut) {
        fprintf(out, " full=%" PRIu64, word_at(data.bytes + fixed));
        fixed += 8;
    }
    fputs(" text=", out);
    text_write_quoted(out, (const char *)data.bytes + fixed, data.count - fixed);
}

static void write_losses(FILE *out, struct cairn_event_data data)
{
    uint64_t counts[CAIRN_TALLY_SLOTS] = {0};
    for (uint32_t at = 0; at + 16 <= data.count; at += 16) {
        uint64_t tally = word_at(data.bytes + at);
        if (tally < CAIRN_TALLY_SLOTS) counts[tally] = word_at(data.bytes + at + 8);
    }
    fputs(" counts=", out);
    text_write_tallies(out, counts);
}

/* False if the data is too short for its kind: then the event is written as words. */
static bool write_variable(FILE *out, uint32_t kind, const uint64_t *words)
{
    struct cairn_event_data data = cairn__event_data(words);
    bool of_region = kind == CAIRN_EVENT_REGION_ATTR_TEXT;
    if (data.count < (of_region ? 16u : 0) + (data.cut ? 8u : 0)) return false;
    if (of_region) {
        write_word(out, "place", word_at(data.bytes));
        write_word(out, "birth", word_at(data.bytes + 8));
    }
    if (of_region || kind == CAIRN_EVENT_LOG || kind == CAIRN_EVENT_ATTR_TEXT) {
        write_text(out, data, of_region ? 16 : 0);
    } else if (kind == CAIRN_EVENT_LOSS) {
        write_losses(out, data);
    } else {
        fputs(" data=", out);
        text_write_quoted(out, (const char *)data.bytes, data.count);
    }
    return true;
}

static void write_event(struct text_writer *writer, const uint64_t *words, uint32_t count, size_t offset)
{
    uint32_t kind = cairn__head_kind(words[0]);
    const char *name = cairn__event_name(kind);
    char *text = NULL;
    size_t bytes = 0;
    FILE *line = open_memstream(&text, &bytes);
    bool good = line && name;
    if (good && kind == CAIRN_EVENT_TASK_AGAIN) {
        fputs("id=", line);
        text_write_id(line, cairn__again_id(words[0], writer->head.round));
    } else if (good) {
        writer->time = kind == CAIRN_EVENT_TIME ? words[1] : cairn__head_time(words[0], writer->time);
        if (cairn__head_site(words[0])) fprintf(line, "site=%" PRIu32 " ", cairn__head_site(words[0]));
        fprintf(line, "time=%" PRIu64, writer->time);
        if (kind >= CAIRN_KIND_VARIABLE) {
            good = write_variable(line, kind, words);
        } else if (kind != CAIRN_EVENT_TIME) {
            write_fixed(line, kind, words);
        }
    }
    if (line) fclose(line);
    if (good) {
        fprintf(writer->out, "  %s %s # %zu\n", name, text, offset);
    } else {
        text_write_words(writer->out, (const uint8_t *)words, (size_t)count * 8);
    }
    free(text);
}

/* ---- Blocks ---------------------------------------------------------------------------------------------- */

/* The block line, with all that the assembler would not find out by itself. */
static void write_block_line(struct text_writer *writer, const struct cairn_block_head *block, size_t offset,
                             size_t count, bool in_slot)
{
    struct cairn_block_head usual = {
        .magic = CAIRN_BLOCK_MAGIC, .flags = CAIRN_BLOCK_SEALED, .session = writer->head.session[0]};
    bool sealed = block->flags & CAIRN_BLOCK_SEALED;
    if (block->kind == CAIRN_BLOCK_EVENTS) usual.number = ~block->number; /* else it would be the next */
    usual.bytes = in_slot ? ~block->bytes : (uint32_t)count;
    usual.checksum = sealed && !trace_block_intact(block, count) ? ~block->checksum
                     : sealed                                    ? block->checksum
                                                                 : 0;
    const struct text_name *name = text_block_kinds;
    while (name->name && name->value != block->kind) name++;
    if (name->name) {
        fprintf(writer->out, "\nblock %s", name->name);
    } else {
        fprintf(writer->out, "\nblock %u", block->kind);
    }
    text_fields_write(writer->out, text_block_fields, block, &usual);
    if (block->kind != CAIRN_BLOCK_EVENTS || count < sizeof(struct cairn_chunk_head)) {
        fprintf(writer->out, " # %zu\n", offset);
    }
}

static void write_chunk(struct text_writer *writer, const struct cairn_chunk_head *chunk, size_t offset,
                        size_t count)
{
    struct cairn_chunk_head other; /* differs in what is always written */
    other = (struct cairn_chunk_head){.thread = ~chunk->thread,
                                      .open_count = chunk->open_count,
                                      .sequence = ~chunk->sequence,
                                      .begin_ticks = ~chunk->begin_ticks,
                                      .end_ticks = ~chunk->end_ticks};
    uint32_t end = (uint32_t)(count / 8), at = sizeof *chunk / 8;
    const uint64_t *words = (const uint64_t *)chunk;
    uint32_t open_count = (end - at) * 8 / (uint32_t)sizeof(struct cairn_open_region);
    if (chunk->open_count < open_count) open_count = chunk->open_count;
    if (chunk->open_count != open_count) other.open_count = ~chunk->open_count;
    text_fields_write(writer->out, text_chunk_fields, chunk, &other);
    fprintf(writer->out, " # %zu\n", offset);
    for (uint32_t i = 0; i < open_count; i++, at += 4) {
        fputs("  open", writer->out);
        text_fields_write(writer->out, text_open_fields, words + at, &(struct cairn_open_region){0});
        putc('\n', writer->out);
    }
    writer->time = chunk->begin_ticks;
    for (uint32_t length; at < end && (length = cairn__event_words(words + at, end - at)) != 0;
         at += length) {
        write_event(writer, words + at, length, offset + (size_t)at * 8);
    }
    text_write_words(writer->out, (const uint8_t *)(words + at), count - (size_t)at * 8);
}

static void write_site_text(FILE *out, const char *key, const char **at, uint16_t bytes)
{
    if (bytes) {
        fprintf(out, " %s=", key);
        text_write_quoted(out, *at, bytes);
    }
    *at += bytes;
}

/* Returns how many bytes were written as records. */
static size_t write_sites(FILE *out, const uint8_t *bytes, size_t count)
{
    size_t at = 0;
    while (count - at >= sizeof(struct cairn_site_record)) {
        const struct cairn_site_record *record = (const void *)(bytes + at);
        size_t need = sizeof *record + record->text_bytes + record->format_bytes + record->file_bytes +
                      record->function_bytes;
        need = (need + 7) / 8 * 8;
        if (record->bytes != need || need > count - at) break;
        struct cairn_site_record usual = {.bytes = record->bytes, .flags = CAIRN_SITE_PUBLISHED};
        fputs("  site", out);
        text_fields_write(out, text_site_fields, record, &usual);
        const char *text = (const char *)(record + 1);
        write_site_text(out, "text", &text, record->text_bytes);
        write_site_text(out, "format", &text, record->format_bytes);
        write_site_text(out, "file", &text, record->file_bytes);
        write_site_text(out, "function", &text, record->function_bytes);
        putc('\n', out);
        at += need;
    }
    return at;
}

/* Records of one size. */
static size_t write_equal(FILE *out, const char *keyword, const struct text_field *fields, const void *usual,
                          size_t each, const uint8_t *bytes, size_t count)
{
    size_t at = 0;
    for (; count - at >= each; at += each) {
        fprintf(out, "  %s", keyword);
        text_fields_write(out, fields, bytes + at, usual);
        putc('\n', out);
    }
    return at;
}

size_t text_write_records(FILE *out, uint32_t kind, const uint8_t *bytes, size_t count)
{
    /* An index is always written. */
    static const struct cairn_thread_record thread = {.index = UINT32_MAX};
    static const struct cairn_anchor anchor;
    static const struct cairn_open_task task;
    switch (kind) {
    case CAIRN_BLOCK_SITES: return write_sites(out, bytes, count);
    case CAIRN_BLOCK_THREADS:
        return write_equal(out, "thread", text_thread_fields, &thread, sizeof thread, bytes, count);
    case CAIRN_BLOCK_ANCHORS:
        return write_equal(out, "anchor", text_anchor_fields, &anchor, sizeof anchor, bytes, count);
    case CAIRN_BLOCK_TASKS:
        return write_equal(out, "open_task", text_open_task_fields, &task, sizeof task, bytes, count);
    default: return 0;
    }
}

void text_write_block(struct text_writer *writer, const struct cairn_block_head *block, size_t offset,
                      size_t count, bool in_slot)
{
    const uint8_t *bytes = (const uint8_t *)(block + 1);
    size_t left = count - sizeof *block;
    write_block_line(writer, block, offset, count, in_slot);
    if (block->kind == CAIRN_BLOCK_EVENTS && count >= sizeof(struct cairn_chunk_head)) {
        write_chunk(writer, (const void *)block, offset, count);
        return;
    }
    size_t done = text_write_records(writer->out, block->kind, bytes, left);
    text_write_words(writer->out, bytes + done, left - done);
}

/* ---- Comparison ------------------------------------------------------------------------------------------ */

void text_write_patches(FILE *out, const uint8_t *made, const uint8_t *wanted, size_t count)
{
    for (size_t at = 0; at + 8 <= count; at += 8) {
        if (word_at(made + at) == word_at(wanted + at)) continue;
        fprintf(out, "  patch %zu 0x%" PRIx64 "\n", at, word_at(wanted + at));
    }
}

const uint8_t *text_assemble_again(struct text_writer *writer, char *lines, size_t count)
{
    const char *wrong = NULL;
    text_assembler_restart(writer->assembler);
    for (char *line = lines, *next; !wrong && line; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = 0;
        wrong = text_assembler_line(writer->assembler, line);
    }
    if (!wrong) wrong = text_assembler_end_slot(writer->assembler);
    size_t made_count;
    const uint8_t *made = text_assembler_bytes(writer->assembler, &made_count);
    return !wrong && made_count == count ? made : NULL;
}
