/* From a trace to the text form: see textform.h and doc/format.md. SPDX-License-Identifier: Apache-2.0
 *
 * Piece by piece, as blockwalk finds them. A piece is written to a buffer as lines; then the assembler makes bytes
 * of these lines, and where they differ from the file (padding that is not zero, reserved words in use) patch
 * lines are added. So whatever the file holds, the text makes it again, and only what is odd looks odd.
 */
#include "cairn/cairn.h"
#include "trace/blockwalk.h"
#include "trace/textform.h"
#include "trace/trace.h"
#include "os/os.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct dump {
    FILE *out;
    const uint8_t *bytes; /* of the file */
    size_t count;
    struct cairn_file_head head;
    struct text_assembler *assembler; /* makes bytes of what is written, for comparison */
    uint64_t time;
};

/* ---- Raw parts ----------------------------------------------------------------------------------------- */

static uint64_t word_at(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static void write_words(FILE *out, const uint8_t *at, size_t count)
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

static void write_raw(struct dump *dump, size_t offset, size_t count, const char *what)
{
    fprintf(dump->out, "\nraw # %s at offset %zu\n", what, offset);
    const uint8_t *at = dump->bytes + offset, *end = at + count;
    while (at < end) {
        size_t zeros = 0, left = (size_t)(end - at);
        while (zeros < left && !at[zeros]) zeros++;
        if (zeros >= 64 || zeros == left) {
            fprintf(dump->out, "zeros %zu\n", zeros);
            at += zeros;
            continue;
        }
        size_t some = left < 32 ? left : 32;
        write_words(dump->out, at, some);
        at += some;
    }
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

static void write_event(struct dump *dump, const uint64_t *words, uint32_t count, size_t offset)
{
    uint32_t kind = cairn__head_kind(words[0]);
    const char *name = cairn__event_name(kind);
    char *text = NULL;
    size_t bytes = 0;
    FILE *line = open_memstream(&text, &bytes);
    bool good = line && name;
    if (good && kind == CAIRN_EVENT_TASK_AGAIN) {
        fputs("id=", line);
        text_write_id(line, cairn__again_id(words[0], dump->head.round));
    } else if (good) {
        dump->time = kind == CAIRN_EVENT_TIME ? words[1] : cairn__head_time(words[0], dump->time);
        if (cairn__head_site(words[0])) fprintf(line, "site=%" PRIu32 " ", cairn__head_site(words[0]));
        fprintf(line, "time=%" PRIu64, dump->time);
        if (kind >= CAIRN_KIND_VARIABLE) {
            good = write_variable(line, kind, words);
        } else if (kind != CAIRN_EVENT_TIME) {
            write_fixed(line, kind, words);
        }
    }
    if (line) fclose(line);
    if (good) {
        fprintf(dump->out, "  %s %s # %zu\n", name, text, offset);
    } else {
        write_words(dump->out, (const uint8_t *)words, (size_t)count * 8);
    }
    free(text);
}

/* ---- Blocks ---------------------------------------------------------------------------------------------- */

/* The block line, with all that the assembler would not find out by itself. */
static void write_block_line(struct dump *dump, const struct cairn_block_head *block, size_t offset,
                             size_t count)
{
    struct cairn_block_head usual = {
        .magic = CAIRN_BLOCK_MAGIC, .flags = CAIRN_BLOCK_SEALED, .session = dump->head.session[0]};
    bool sealed = block->flags & CAIRN_BLOCK_SEALED;
    usual.bytes = (uint32_t)count;
    usual.checksum = sealed && !trace_block_intact(block, count) ? ~block->checksum
                     : sealed                                    ? block->checksum
                                                                 : 0;
    const struct text_name *name = text_block_kinds;
    while (name->name && name->value != block->kind) name++;
    if (name->name) {
        fprintf(dump->out, "\nblock %s", name->name);
    } else {
        fprintf(dump->out, "\nblock %u", block->kind);
    }
    text_fields_write(dump->out, text_block_fields, block, &usual);
    if (block->kind != CAIRN_BLOCK_EVENTS || count < sizeof(struct cairn_chunk_head)) {
        fprintf(dump->out, " # %zu\n", offset);
    }
}

static void write_chunk(struct dump *dump, const struct cairn_chunk_head *chunk, size_t offset, size_t count)
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
    text_fields_write(dump->out, text_chunk_fields, chunk, &other);
    fprintf(dump->out, " # %zu\n", offset);
    for (uint32_t i = 0; i < open_count; i++, at += 4) {
        fputs("  open", dump->out);
        text_fields_write(dump->out, text_open_fields, words + at, &(struct cairn_open_region){0});
        putc('\n', dump->out);
    }
    dump->time = chunk->begin_ticks;
    for (uint32_t length; at < end && (length = cairn__event_words(words + at, end - at)) != 0;
         at += length) {
        write_event(dump, words + at, length, offset + (size_t)at * 8);
    }
    write_words(dump->out, (const uint8_t *)(words + at), count - (size_t)at * 8);
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
static size_t write_sites(struct dump *dump, const uint8_t *bytes, size_t count)
{
    size_t at = 0;
    while (count - at >= sizeof(struct cairn_site_record)) {
        const struct cairn_site_record *record = (const void *)(bytes + at);
        size_t need = sizeof *record + record->text_bytes + record->format_bytes + record->file_bytes +
                      record->function_bytes;
        need = (need + 7) / 8 * 8;
        if (record->bytes != need || need > count - at) break;
        struct cairn_site_record usual = {.bytes = record->bytes, .flags = CAIRN_SITE_PUBLISHED};
        fputs("  site", dump->out);
        text_fields_write(dump->out, text_site_fields, record, &usual);
        const char *text = (const char *)(record + 1);
        write_site_text(dump->out, "text", &text, record->text_bytes);
        write_site_text(dump->out, "format", &text, record->format_bytes);
        write_site_text(dump->out, "file", &text, record->file_bytes);
        write_site_text(dump->out, "function", &text, record->function_bytes);
        putc('\n', dump->out);
        at += need;
    }
    return at;
}

static size_t write_threads(struct dump *dump, const uint8_t *bytes, size_t count)
{
    size_t at = 0;
    for (; count - at >= sizeof(struct cairn_thread_record); at += sizeof(struct cairn_thread_record)) {
        struct cairn_thread_record usual = {.index =
                                                ~((const struct cairn_thread_record *)(bytes + at))->index};
        fputs("  thread", dump->out);
        text_fields_write(dump->out, text_thread_fields, bytes + at, &usual);
        putc('\n', dump->out);
    }
    return at;
}

static size_t write_anchors(struct dump *dump, const uint8_t *bytes, size_t count)
{
    size_t at = 0;
    for (; count - at >= sizeof(struct cairn_anchor); at += sizeof(struct cairn_anchor)) {
        fputs("  anchor", dump->out);
        text_fields_write(dump->out, text_anchor_fields, bytes + at, &(struct cairn_anchor){0});
        putc('\n', dump->out);
    }
    return at;
}

static void write_block(struct dump *dump, const struct cairn_block_head *block, size_t offset, size_t count)
{
    const uint8_t *bytes = (const uint8_t *)(block + 1);
    size_t left = count - sizeof *block, done = 0;
    write_block_line(dump, block, offset, count);
    if (block->kind == CAIRN_BLOCK_EVENTS && count >= sizeof(struct cairn_chunk_head)) {
        write_chunk(dump, (const void *)block, offset, count);
        return;
    }
    if (block->kind == CAIRN_BLOCK_SITES) done = write_sites(dump, bytes, left);
    if (block->kind == CAIRN_BLOCK_THREADS) done = write_threads(dump, bytes, left);
    if (block->kind == CAIRN_BLOCK_ANCHORS) done = write_anchors(dump, bytes, left);
    write_words(dump->out, bytes + done, left - done);
}

/* ---- Comparison ------------------------------------------------------------------------------------------ */

/* Adds patch lines where what the lines make is not what the file has. */
static void write_patches(FILE *out, const uint8_t *made, const uint8_t *wanted, size_t count)
{
    for (size_t at = 0; at + 8 <= count; at += 8) {
        if (word_at(made + at) == word_at(wanted + at)) continue;
        fprintf(out, "  patch %zu 0x%" PRIx64 "\n", at, word_at(wanted + at));
    }
}

/* Runs the lines through the assembler. NULL if they do not make `count` bytes. */
static const uint8_t *assemble_piece(struct dump *dump, char *text, size_t count)
{
    const char *wrong = NULL;
    text_assembler_restart(dump->assembler);
    for (char *line = text, *next; !wrong && line; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = 0;
        wrong = text_assembler_line(dump->assembler, line);
    }
    if (!wrong) wrong = text_assembler_end_block(dump->assembler);
    size_t made_count;
    const uint8_t *made = text_assembler_bytes(dump->assembler, &made_count);
    return !wrong && made_count == count ? made : NULL;
}

/* Writes a block into a buffer, compares, and hands it out with patches; or, should the lines not fit at all, as
 * raw words. */
static int dump_block(struct dump *dump, const struct trace_walk_piece *piece)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = dump->out;
    dump->out = open_memstream(&text, &bytes);
    if (dump->out) {
        write_block(dump, piece->block, piece->offset, piece->count);
        fclose(dump->out);
    }
    dump->out = out;
    char *copy = text ? strdup(text) : NULL; /* the assembler cuts its lines in place */
    const uint8_t *made = copy ? assemble_piece(dump, copy, piece->count) : NULL;
    if (made) {
        fwrite(text, 1, bytes, out);
        write_patches(out, made, (const uint8_t *)piece->block, piece->count);
    } else if (copy) {
        write_raw(dump, piece->offset, piece->count, "what no lines describe");
    }
    int result = copy ? 0 : -1;
    free(copy);
    free(text);
    return result;
}

/* ---- The head -------------------------------------------------------------------------------------------- */

static bool is_closed(const struct cairn_file_head *head)
{
    return head->state != CAIRN_STATE_RECORDING;
}

/* What the assembler takes for granted, and what it finds out at the end of the file. */
static struct cairn_file_head usual_head(const struct dump *dump)
{
    const struct cairn_file_head *head = &dump->head;
    struct cairn_file_head usual = {.magic = CAIRN_FILE_MAGIC,
                                    .head_bytes = CAIRN_FILE_HEAD_BYTES,
                                    .version = ~head->version,
                                    .session = {~head->session[0]},
                                    .state = ~head->state,
                                    .round = ~head->round,
                                    .clock = ~head->clock};
    uint32_t checksum = cairn__os_crc32c(0, head, offsetof(struct cairn_file_head, checksum));
    if (is_closed(head)) {
        usual.data_bytes = dump->count - sizeof *head;
        usual.checksum = head->checksum == checksum ? checksum : ~head->checksum;
    }
    return usual;
}

static void write_head(struct dump *dump)
{
    struct cairn_file_head usual = usual_head(dump);
    fputs("head", dump->out);
    text_fields_write(dump->out, text_head_fields, &dump->head, &usual);
    putc('\n', dump->out);
}

/* What is made of the head's line has no size of data and no checksum yet. */
static void fill_in(struct dump *dump, const uint8_t *made)
{
    struct cairn_file_head *head = (struct cairn_file_head *)(uintptr_t)made;
    struct cairn_file_head usual = usual_head(dump);
    if (head->data_bytes == 0) head->data_bytes = usual.data_bytes;
    if (head->checksum == 0) head->checksum = usual.checksum;
}

static int dump_head(struct dump *dump)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = dump->out;
    dump->out = open_memstream(&text, &bytes);
    if (dump->out) {
        write_head(dump);
        fclose(dump->out);
    }
    dump->out = out;
    if (!text) return -1;
    fprintf(out, "cairn-text 1\n%s", text);
    const uint8_t *made = assemble_piece(dump, text, sizeof dump->head);
    free(text);
    if (!made) return -1;
    fill_in(dump, made);
    write_patches(out, made, dump->bytes, sizeof dump->head);
    return 0;
}

/* ---- The file -------------------------------------------------------------------------------------------- */

static int dump_pieces(struct dump *dump)
{
    struct trace_walk walk = {
        .bytes = dump->bytes, .end = dump->count, .session = dump->head.session[0], .at = sizeof dump->head};
    struct trace_walk_piece piece;
    int result = dump_head(dump);
    while (result == 0 && trace_walk_next(&walk, &piece)) {
        if (piece.block) {
            result = dump_block(dump, &piece);
        } else {
            write_raw(dump, piece.offset, piece.count,
                      piece.kind == TRACE_PIECE_ZEROS ? "zeros" : "no valid block");
        }
    }
    return result;
}

static int check_is_trace(const struct os_mapping *mapping, const char *path, struct cairn_error *error)
{
    if (mapping->count < sizeof(struct cairn_file_head) || memcmp(mapping->bytes, CAIRN_FILE_MAGIC, 8)) {
        return cairn__error_set(error, CAIRN_EINVAL, path, 0,
                                "is not a trace, or is cut off within its head");
    }
    return 0;
}

int trace_dump(const char *path, FILE *out, struct cairn_error *error)
{
    struct os_mapping mapping;
    if (os_map_file(path, &mapping, error) < 0) return -1;
    struct dump dump = {.out = out, .bytes = mapping.bytes, .count = mapping.count};
    int result = check_is_trace(&mapping, path, error);
    if (result == 0) {
        memcpy(&dump.head, mapping.bytes, sizeof dump.head);
        dump.assembler = text_assembler_create();
        if (!dump.assembler || dump_pieces(&dump) < 0) {
            result = cairn__error_set(error, CAIRN_ENOMEM, path, CAIRN_ERROR_NOWHERE, "memory ran out");
        } else if (fflush(out) != 0 || ferror(out)) {
            result = cairn__error_set(error, CAIRN_EIO, NULL, CAIRN_ERROR_NOWHERE,
                                      "cannot write the text: %s", strerror(errno));
        }
    }
    text_assembler_destroy(dump.assembler);
    os_unmap_file(&mapping);
    return result;
}
