/* From the text form to a trace: see textform.h and doc/format.md. SPDX-License-Identifier: Apache-2.0
 *
 * Lines are taken in one at a time and appended to the output. What a line leaves out gets a usual value. What
 * depends on later lines (a block's size, its checksum, the last time, the head's size of data and checksum) is
 * filled in when the block or the file ends, unless the text states it: so a wrong value can be written
 * down, and a right one need not be.
 */
#include "cairn/cairn.h"
#include "os/os.h"
#include "trace/textassembler.h"
#include "trace/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char text_no_memory[] = "memory ran out";

/* ---- Output ------------------------------------------------------------------------------------------ */

const char *text_put(struct text_assembler *a, const void *bytes, size_t count)
{
    if (count > OUTPUT_BYTES_MAX || a->out.count + count > OUTPUT_BYTES_MAX)
        return "the output grows too large";
    if (!vector_reserve(&a->out, a->out.count + count)) return text_no_memory;
    if (count && bytes) memcpy(a->out.items + a->out.count, bytes, count);
    if (count && !bytes) memset(a->out.items + a->out.count, 0, count);
    a->out.count += count;
    return NULL;
}

static const char *pad_to(struct text_assembler *a, uint64_t offset)
{
    if (offset < a->out.count) return "that place is passed already";
    return text_put(a, NULL, offset - a->out.count);
}

const char *text_pad_to_words(struct text_assembler *a)
{
    return text_put(a, NULL, (8 - a->out.count % 8) % 8);
}

static bool states(const struct text_line *line, const char *key)
{
    for (uint32_t i = 0; i < line->count; i++) {
        if (!strcmp(line->pairs[i].key, key)) return true;
    }
    return false;
}

/* The next value of the line without a key. */
static const char *bare(struct text_line *line)
{
    struct text_pair *pair = text_line_take(line, "");
    return pair ? pair->value : NULL;
}

/* ---- Ends of blocks, slots, areas ---------------------------------------------------------------------- */

static void finish_chunk(struct text_assembler *a, struct cairn_chunk_head *chunk)
{
    if (!a->open_count_set) chunk->open_count = a->open_count;
    if (!a->end_set && chunk->block.flags & CAIRN_BLOCK_SEALED) chunk->end_ticks = a->time;
}

static const char *finish_block(struct text_assembler *a)
{
    if (!a->in_block) return NULL;
    a->in_block = false;
    size_t bytes = a->out.count - a->block_at;
    uint8_t *at = a->out.items + a->block_at; /* not aligned if odd bytes stand before it */
    struct cairn_chunk_head head = {0};
    const size_t head_bytes = bytes < sizeof head ? bytes : sizeof head;
    memcpy(&head, at, head_bytes);
    if (a->block_kind == CAIRN_BLOCK_EVENTS && bytes >= sizeof head) finish_chunk(a, &head);
    bool sealed = head.block.flags & CAIRN_BLOCK_SEALED;
    if (!a->bytes_set && (sealed || !a->in_slot)) head.block.bytes = (uint32_t)bytes;
    memcpy(at, &head, head_bytes);
    if (!a->checksum_set && sealed) {
        const size_t before = offsetof(struct cairn_block_head, bytes);
        head.block.checksum = cairn__os_crc32c(0, at + before, bytes - before);
        memcpy(at, &head, head_bytes);
    }
    return NULL;
}

static const char *finish_slot(struct text_assembler *a)
{
    const char *wrong = finish_block(a);
    if (wrong || !a->in_slot) return wrong;
    a->in_slot = false;
    return pad_to(a, a->slot_at + a->slot_bytes);
}

static const char *finish_area(struct text_assembler *a)
{
    const char *wrong = finish_slot(a);
    if (wrong || !a->area) return wrong;
    size_t bytes = a->out.count - a->area_at;
    if (!a->area_bytes) a->area_bytes = (bytes + CAIRN_PAGE_BYTES - 1) / CAIRN_PAGE_BYTES * CAIRN_PAGE_BYTES;
    wrong = pad_to(a, a->area_at + a->area_bytes);
    if (wrong) return wrong;
    struct cairn_file_head *head = (void *)a->out.items;
    uint64_t *fields = a->area == AREA_SITES     ? &head->sites_offset
                       : a->area == AREA_THREADS ? &head->threads_offset
                       : a->area == AREA_TASKS   ? &head->tasks_offset
                                                 : &head->slots_offset;
    fields[0] = a->area_at;
    fields[1] = a->area_bytes;
    a->area = NO_AREA;
    return NULL;
}

/* ---- Lines that make structure ------------------------------------------------------------------------- */

static const char *head_line(struct text_assembler *a, struct text_line *line)
{
    if (a->out.count) return "the head must come first, and once";
    a->head = (struct cairn_file_head){.magic = CAIRN_FILE_MAGIC,
                                       .version = CAIRN_FORMAT_VERSION,
                                       .head_bytes = CAIRN_FILE_HEAD_BYTES,
                                       .session = {1, 2},
                                       .state = CAIRN_STATE_STOPPED,
                                       .round = 1,
                                       .clock = CAIRN_CLOCK_MONOTONIC};
    a->data_bytes_set = states(line, "data_bytes");
    a->head_checksum_set = states(line, "checksum");
    a->head_done = true;
    const char *wrong = text_fields_read(line, text_head_fields, &a->head);
    return wrong ? wrong : text_put(a, &a->head, sizeof a->head);
}

static bool block_kind(const char *text, uint64_t *kind)
{
    for (const struct text_name *name = text_block_kinds; text && name->name; name++) {
        if (strcmp(name->name, text)) continue;
        *kind = name->value;
        return true;
    }
    return text && text_number(text, kind) && *kind <= UINT16_MAX;
}

static const char *begin_block(struct text_assembler *a, struct cairn_block_head *block, uint32_t kind)
{
    *block = (struct cairn_block_head){.magic = CAIRN_BLOCK_MAGIC,
                                       .kind = (uint16_t)kind,
                                       .flags = CAIRN_BLOCK_SEALED,
                                       .session = a->head.session[0]};
    a->in_block = true;
    a->block_at = a->out.count;
    a->block_kind = kind;
    a->bytes_set = a->checksum_set = a->end_set = a->open_count_set = false;
    a->open_count = 0;
    return NULL;
}

/* The sequence number that a thread's next chunk usually has. */
static uint64_t *next_sequence(struct text_assembler *a, const struct cairn_chunk_head *chunk)
{
    bool side = chunk->block.flags & CAIRN_BLOCK_SIDE;
    return map_put(&a->sequences, (struct map_key){chunk->thread, side, 0}, NULL);
}

static const char *chunk_line(struct text_assembler *a, struct text_line *line, struct cairn_block_head block)
{
    struct cairn_chunk_head chunk = {
        .block = block, .thread = 1, .begin_ticks = a->time ? a->time : a->head.start.ticks};
    bool sequence_set = states(line, "sequence");
    if (!states(line, "number")) chunk.block.number = a->number + 1;
    a->end_set = states(line, "end");
    a->open_count_set = states(line, "open_count");
    const char *wrong = text_fields_read(line, text_chunk_fields, &chunk);
    if (wrong) return wrong;
    uint64_t *sequence = next_sequence(a, &chunk);
    if (!sequence) return text_no_memory;
    if (!sequence_set) chunk.sequence = *sequence;
    *sequence = chunk.sequence + 1;
    a->number = chunk.block.number;
    a->time = chunk.begin_ticks;
    return text_put(a, &chunk, sizeof chunk);
}

static const char *block_line(struct text_assembler *a, struct text_line *line)
{
    uint64_t kind;
    if (!block_kind(bare(line), &kind)) return "a block needs its kind";
    const char *wrong = finish_block(a);
    if (wrong) return wrong;
    struct cairn_block_head block;
    begin_block(a, &block, (uint32_t)kind);
    a->bytes_set = states(line, "bytes");
    a->checksum_set = states(line, "checksum");
    wrong = text_fields_read(line, text_block_fields, &block);
    if (wrong) return wrong;
    if (kind == CAIRN_BLOCK_EVENTS) return chunk_line(a, line, block);
    return text_put(a, &block, sizeof block);
}

static const char *area_line(struct text_assembler *a, struct text_line *line)
{
    static const char *const names[] = {"none", "sites", "threads", "slots", "tasks"};
    const char *name = bare(line), *wrong = finish_area(a);
    struct text_pair *bytes = text_line_take(line, "bytes");
    uint64_t count = 0;
    if (wrong) return wrong;
    if (bytes && !text_number(bytes->value, &count)) return "bytes";
    for (uint32_t i = NO_AREA; name && i <= AREA_TASKS; i++) {
        if (strcmp(name, names[i]) != 0) continue;
        a->area = i;
        a->area_at = a->out.count;
        a->area_bytes = count;
        return NULL;
    }
    return "an area is one of sites, threads, tasks, slots, none";
}

static const char *slot_line(struct text_assembler *a, struct text_line *line)
{
    struct cairn_slot_head slot = {
        .magic = CAIRN_SLOT_MAGIC, .slot_bytes = CAIRN_PAGE_BYTES, .state = CAIRN_SLOT_OPEN};
    const char *wrong = finish_slot(a);
    if (!wrong) wrong = text_fields_read(line, text_slot_fields, &slot);
    if (wrong) return wrong;
    a->in_slot = true;
    a->slot_at = a->out.count;
    a->slot_bytes = slot.slot_bytes;
    return text_put(a, &slot, sizeof slot);
}

/* ---- Records ----------------------------------------------------------------------------------------- */

/* Records may stand alone: then they begin a block of their kind, but in areas of a live file. */
static const char *records_block(struct text_assembler *a, uint32_t kind)
{
    if (a->area || (a->in_block && a->block_kind == kind)) return NULL;
    const char *wrong = finish_block(a);
    struct cairn_block_head block;
    if (wrong) return wrong;
    begin_block(a, &block, kind);
    return text_put(a, &block, sizeof block);
}

static const char *site_text(struct text_line *line, const char *key, struct text_pair **pair,
                             uint16_t *bytes)
{
    *pair = text_line_take(line, key);
    if (*pair && (*pair)->bytes > UINT16_MAX) return key;
    *bytes = *pair ? (uint16_t)(*pair)->bytes : 0;
    return NULL;
}

static const char *site_line(struct text_assembler *a, struct text_line *line)
{
    struct cairn_site_record record = {.flags = CAIRN_SITE_PUBLISHED};
    struct text_pair *texts[4];
    const char *wrong = records_block(a, CAIRN_BLOCK_SITES);
    if (!wrong) wrong = site_text(line, "text", &texts[0], &record.text_bytes);
    if (!wrong) wrong = site_text(line, "format", &texts[1], &record.format_bytes);
    if (!wrong) wrong = site_text(line, "file", &texts[2], &record.file_bytes);
    if (!wrong) wrong = site_text(line, "function", &texts[3], &record.function_bytes);
    uint32_t bytes = (uint32_t)sizeof record + record.text_bytes + record.format_bytes + record.file_bytes +
                     record.function_bytes;
    record.bytes = (bytes + 7) / 8 * 8;
    if (!wrong) wrong = text_fields_read(line, text_site_fields, &record);
    if (!wrong) wrong = text_put(a, &record, sizeof record);
    for (int i = 0; !wrong && i < 4; i++) {
        if (texts[i]) wrong = text_put(a, texts[i]->value, texts[i]->bytes);
    }
    return wrong ? wrong : text_pad_to_words(a);
}

static const char *thread_line(struct text_assembler *a, struct text_line *line)
{
    struct cairn_thread_record record = {.index = 1};
    const char *wrong = records_block(a, CAIRN_BLOCK_THREADS);
    if (!wrong) wrong = text_fields_read(line, text_thread_fields, &record);
    return wrong ? wrong : text_put(a, &record, sizeof record);
}

static const char *anchor_line(struct text_assembler *a, struct text_line *line)
{
    struct cairn_anchor anchor = {0};
    const char *wrong = records_block(a, CAIRN_BLOCK_ANCHORS);
    if (!wrong) wrong = text_fields_read(line, text_anchor_fields, &anchor);
    return wrong ? wrong : text_put(a, &anchor, sizeof anchor);
}

static const char *open_task_line(struct text_assembler *a, struct text_line *line)
{
    struct cairn_open_task task = {0};
    const char *wrong = records_block(a, CAIRN_BLOCK_TASKS);
    if (!wrong) wrong = text_fields_read(line, text_open_task_fields, &task);
    return wrong ? wrong : text_put(a, &task, sizeof task);
}

static const char *open_line(struct text_assembler *a, struct text_line *line)
{
    struct cairn_open_region open = {0};
    if (!a->in_block || a->block_kind != CAIRN_BLOCK_EVENTS) return "open regions stand in a block of events";
    const char *wrong = text_fields_read(line, text_open_fields, &open);
    a->open_count++;
    return wrong ? wrong : text_put(a, &open, sizeof open);
}

/* ---- Raw bytes ----------------------------------------------------------------------------------------- */

static const char *words_line(struct text_assembler *a, struct text_line *line)
{
    const char *wrong = NULL;
    for (const char *text; !wrong && (text = bare(line)) != NULL;) {
        uint64_t word;
        if (!text_number(text, &word)) return "a word that is no number";
        wrong = text_put(a, &word, sizeof word);
    }
    return wrong;
}

static const char *bytes_line(struct text_assembler *a, struct text_line *line)
{
    struct text_pair *pair = text_line_take(line, "");
    return pair ? text_put(a, pair->value, pair->bytes) : "bytes in quotes are missing";
}

/* patch OFFSET WORD...: overwrites words of the present block, or of the head where there is none yet. */
static const char *patch_line(struct text_assembler *a, struct text_line *line)
{
    uint64_t offset, word;
    size_t base = a->in_block ? a->block_at : 0;
    const char *text = bare(line);
    if (!text || !text_number(text, &offset)) return "patch needs an offset";
    for (; (text = bare(line)) != NULL; offset += sizeof word) {
        if (!text_number(text, &word)) return "a word that is no number";
        if (offset > a->out.count - base || a->out.count - base - offset < sizeof word)
            return "patch beyond the end";
        memcpy(a->out.items + base + offset, &word, sizeof word);
    }
    return NULL;
}

static const char *zeros_line(struct text_assembler *a, struct text_line *line)
{
    uint64_t count;
    const char *text = bare(line);
    if (!text || !text_number(text, &count)) return "zeros needs a count of bytes";
    return text_put(a, NULL, count);
}

static const char *at_line(struct text_assembler *a, struct text_line *line)
{
    uint64_t offset;
    const char *text = bare(line), *wrong = finish_slot(a);
    if (wrong) return wrong;
    if (!text || !text_number(text, &offset)) return "at needs an offset";
    return pad_to(a, offset);
}

static const char *raw_line(struct text_assembler *a, struct text_line *line)
{
    (void)line;
    return finish_slot(a);
}

/* ---- Lines ----------------------------------------------------------------------------------------------- */

static const char *dispatch(struct text_assembler *a, struct text_line *line)
{
    static const struct {
        const char *keyword;
        const char *(*take)(struct text_assembler *, struct text_line *);
    } keywords[] = {{"head", head_line},          {"block", block_line},   {"open", open_line},
                    {"site", site_line},          {"thread", thread_line}, {"anchor", anchor_line},
                    {"words", words_line},        {"bytes", bytes_line},   {"patch", patch_line},
                    {"zeros", zeros_line},        {"at", at_line},         {"raw", raw_line},
                    {"area", area_line},          {"slot", slot_line},     {"task_again", text_again_line},
                    {"open_task", open_task_line}};
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (!strcmp(line->keyword, keywords[i].keyword)) return keywords[i].take(a, line);
    }
    for (uint32_t kind = 1; kind < CAIRN_EVENT_KINDS; kind++) {
        const char *name = cairn__event_name(kind);
        if (name && !strcmp(line->keyword, name)) return text_event_line(a, line, kind);
    }
    return "an unknown keyword";
}

const char *text_assembler_line(struct text_assembler *a, char *text)
{
    struct text_line line;
    const char *wrong = text_line_split(&line, text);
    if (wrong || !*line.keyword) return wrong;
    if (!strcmp(line.keyword, "cairn-text")) return NULL;
    if (!a->head_done && strcmp(line.keyword, "head")) return "the text must begin with its head";
    wrong = dispatch(a, &line);
    return wrong ? wrong : text_line_unused(&line);
}

const char *text_assembler_end_slot(struct text_assembler *a)
{
    return finish_slot(a);
}

const char *text_assembler_finish(struct text_assembler *a)
{
    const char *wrong = finish_area(a);
    if (wrong || a->out.count < sizeof(struct cairn_file_head)) return wrong;
    struct cairn_file_head *head = (void *)a->out.items;
    if (memcmp(head->magic, CAIRN_FILE_MAGIC, sizeof head->magic) || head->state == CAIRN_STATE_RECORDING)
        return NULL;
    if (!a->data_bytes_set && !(head->flags & CAIRN_HEAD_LIVE)) {
        head->data_bytes = a->out.count - sizeof *head;
    }
    if (!a->head_checksum_set) {
        head->checksum = cairn__os_crc32c(0, head, offsetof(struct cairn_file_head, checksum));
    }
    return NULL;
}

struct text_assembler *text_assembler_create(void)
{
    return calloc(1, sizeof(struct text_assembler));
}

void text_assembler_destroy(struct text_assembler *a)
{
    if (!a) return;
    vector_free(&a->out);
    vector_free(&a->data);
    map_free(&a->sequences);
    free(a);
}

const uint8_t *text_assembler_bytes(const struct text_assembler *a, size_t *count)
{
    *count = a->out.count;
    return a->out.items;
}

void text_assembler_restart(struct text_assembler *a)
{
    a->out.count = 0;
    a->in_block = a->in_slot = false;
    a->area = NO_AREA;
}

/* ---- The file -------------------------------------------------------------------------------------------- */

static int assemble_lines(struct text_assembler *a, FILE *in, const char *path, struct cairn_error *error)
{
    char *text = NULL;
    size_t capacity = 0;
    unsigned number = 0;
    const char *wrong = NULL;
    while (!wrong && getline(&text, &capacity, in) >= 0) {
        number++;
        wrong = text_assembler_line(a, text);
        if (wrong)
            cairn__error_set(error, CAIRN_EINVAL, path, CAIRN_ERROR_NOWHERE, "line %u: not understood: %s",
                             number, wrong);
    }
    free(text);
    if (wrong) return -1;
    if (ferror(in)) {
        return cairn__error_set(error, CAIRN_EIO, path, CAIRN_ERROR_NOWHERE, "cannot be read: %s",
                                strerror(errno));
    }
    wrong = a->head_done ? text_assembler_finish(a) : "there is no head in it";
    return wrong ? cairn__error_set(error, CAIRN_EINVAL, path, CAIRN_ERROR_NOWHERE, "%s", wrong) : 0;
}

static int write_output(const struct text_assembler *a, const char *path, struct cairn_error *error)
{
    FILE *out = fopen(path, "wbe");
    bool good = out && fwrite(a->out.items, 1, a->out.count, out) == a->out.count;
    int code = errno;
    if (out && fclose(out) != 0) {
        code = errno;
        good = false;
    }
    if (good) return 0;
    return cairn__error_set(error, CAIRN_EIO, path, CAIRN_ERROR_NOWHERE, "cannot be written: %s",
                            strerror(code));
}

int trace_assemble(const char *text_path, const char *trace_path, struct cairn_error *error)
{
    FILE *in = fopen(text_path, "re");
    if (!in) {
        return cairn__error_set(error, errno == EACCES ? CAIRN_EACCES : CAIRN_EIO, text_path,
                                CAIRN_ERROR_NOWHERE, "cannot be opened: %s", strerror(errno));
    }
    struct text_assembler *a = text_assembler_create();
    int result = a ? assemble_lines(a, in, text_path, error)
                   : cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "%s", text_no_memory);
    fclose(in);
    if (result == 0) result = write_output(a, trace_path, error);
    text_assembler_destroy(a);
    return result;
}
