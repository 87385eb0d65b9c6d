/* The areas of a live file as text: see textwrite.h and doc/format.md. SPDX-License-Identifier: Apache-2.0
 *
 * Areas come in the order in which they lie. Of areas of records, each record is written as a line, unless that line
 * does not make it again, zeros by their length; of the area of slots, each slot with its chunk. What is neither is
 * written as words, so that the text makes the file again, whatever it holds.
 */
#include "trace/textwrite.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct area {
    const char *name;
    uint32_t kind; /* of the blocks that have such records; EVENTS: slots */
    uint32_t record_bytes;
    uint64_t offset, bytes;
};

enum { AREAS = 4 };

static int compare_areas(const void *left, const void *right)
{
    const struct area *one = left, *other = right;
    return one->offset < other->offset ? -1 : one->offset > other->offset;
}

/* Fills in those that there are. Returns how many; -1 if they overlap or lie outside of the file. */
static int find_areas(const struct text_writer *writer, struct area areas[AREAS])
{
    const struct cairn_file_head *head = &writer->head;
    const struct area all[AREAS] = {
        {"sites", CAIRN_BLOCK_SITES, 8, head->sites_offset, head->sites_bytes},
        {"threads", CAIRN_BLOCK_THREADS, sizeof(struct cairn_thread_record), head->threads_offset,
         head->threads_bytes},
        {"tasks", CAIRN_BLOCK_TASKS, sizeof(struct cairn_open_task), head->tasks_offset, head->tasks_bytes},
        {"slots", CAIRN_BLOCK_EVENTS, CAIRN_PAGE_BYTES, head->slots_offset, head->slots_bytes}};
    uint64_t end = sizeof *head;
    int count = 0;
    for (int i = 0; i < AREAS; i++)
        if (all[i].bytes) areas[count++] = all[i];
    qsort(areas, (size_t)count, sizeof *areas, compare_areas);
    for (int i = 0; i < count; i++) {
        if (areas[i].offset % 8 || areas[i].offset < end || areas[i].offset > writer->count) return -1;
        if (areas[i].bytes > writer->count - areas[i].offset) return -1;
        end = areas[i].offset + areas[i].bytes;
    }
    return count;
}

static size_t count_zeros(const uint8_t *at, size_t count)
{
    size_t zeros = 0;
    while (zeros < count && !at[zeros]) zeros++;
    return zeros;
}

/* ---- Records --------------------------------------------------------------------------------------------- */

static size_t record_bytes(const struct area *area, const uint8_t *at, size_t left)
{
    size_t bytes = area->record_bytes;
    if (area->kind == CAIRN_BLOCK_SITES && left >= sizeof(struct cairn_site_record))
        bytes = ((const struct cairn_site_record *)at)->bytes;
    return bytes < left ? bytes : left;
}

/* Writes the record as a line, if that makes it again, else as words. Returns its size, 0 if memory ran out. */
static size_t write_record(struct text_writer *writer, const struct area *area, const uint8_t *at,
                           size_t left)
{
    char *line = NULL;
    size_t length = 0, bytes = record_bytes(area, at, left);
    FILE *out = open_memstream(&line, &length);
    if (!out) return 0;
    fprintf(out, "area %s\n", area->name); /* outside of an area the record would begin a block */
    bool is_record = text_write_records(out, area->kind, at, bytes) == bytes && bytes;
    fclose(out);
    const char *record = line ? strchr(line, '\n') + 1 : NULL;
    char *copy = line ? strdup(line) : NULL; /* the assembler cuts its lines in place */
    const uint8_t *made = is_record && copy ? text_assemble_again(writer, copy, bytes) : NULL;
    if (made && !memcmp(made, at, bytes)) {
        fputs(record, writer->out);
    } else if (copy) {
        bytes = left < 8 ? left : 8;
        text_write_words(writer->out, at, bytes);
    }
    bool done = copy;
    free(copy);
    free(line);
    return done ? bytes : 0;
}

static int write_records_area(struct text_writer *writer, const struct area *area)
{
    const uint8_t *bytes = writer->bytes + area->offset;
    for (size_t at = 0, step; at < area->bytes; at += step) {
        size_t left = area->bytes - at, zeros = count_zeros(bytes + at, left);
        if (zeros == left) break; /* the area is filled up with them */
        step = zeros / area->record_bytes * area->record_bytes;
        if (step)
            fprintf(writer->out, "  zeros %zu\n", step);
        else
            step = write_record(writer, area, bytes + at, left);
        if (!step) return -1;
    }
    return 0;
}

/* ---- Slots ----------------------------------------------------------------------------------------------- */

static bool is_slot(const struct cairn_slot_head *slot, size_t room)
{
    return room >= CAIRN_PAGE_BYTES && slot->magic == CAIRN_SLOT_MAGIC && slot->slot_bytes &&
           slot->slot_bytes % CAIRN_PAGE_BYTES == 0 && slot->slot_bytes <= CAIRN_SLOT_BYTES_MAX &&
           slot->slot_bytes <= room;
}

/* How much of the slot is a chunk, up to the end of its data; 0 if there is none. */
static size_t chunk_bytes(const struct cairn_slot_head *slot)
{
    const struct cairn_chunk_head *chunk = (const void *)(slot + 1);
    size_t room = slot->slot_bytes - sizeof *slot;
    if (chunk->block.magic != CAIRN_BLOCK_MAGIC || chunk->block.kind != CAIRN_BLOCK_EVENTS) return 0;
    if (chunk->open_count > 64 || cairn__chunk_first(chunk->open_count) > room / 8) return 0;
    uint32_t bytes = chunk->block.bytes;
    if (bytes >= cairn__chunk_first(chunk->open_count) * 8 && bytes <= room && bytes % 8 == 0) return bytes;
    return (size_t)cairn__chunk_end((const uint64_t *)chunk, cairn__chunk_first(chunk->open_count),
                                    (uint32_t)(room / 8)) *
           8;
}

static void write_slot_lines(struct text_writer *writer, const struct cairn_slot_head *slot, size_t offset)
{
    const struct cairn_slot_head usual = {.magic = CAIRN_SLOT_MAGIC, .state = ~slot->state};
    size_t chunk = chunk_bytes(slot), room = slot->slot_bytes - sizeof *slot;
    const uint8_t *behind = (const uint8_t *)(slot + 1) + chunk;
    fprintf(writer->out, "\nslot");
    text_fields_write(writer->out, text_slot_fields, slot, &usual);
    fprintf(writer->out, " # %zu", offset);
    if (chunk)
        text_write_block(writer, (const struct cairn_block_head *)(slot + 1), offset + sizeof *slot, chunk,
                         true);
    else
        putc('\n', writer->out);
    if (count_zeros(behind, room - chunk) < room - chunk) text_write_bytes(writer->out, behind, room - chunk);
}

/* The lines of a slot; NULL if memory ran out. */
static char *slot_lines(struct text_writer *writer, const struct cairn_slot_head *slot, size_t offset)
{
    char *lines = NULL;
    size_t length = 0;
    FILE *out = writer->out;
    writer->out = open_memstream(&lines, &length);
    if (writer->out) {
        write_slot_lines(writer, slot, offset);
        fclose(writer->out);
    }
    writer->out = out;
    return lines;
}

/* What lines make, if it is as large as the slot. They are copied, as the assembler cuts them in place. */
static const uint8_t *make_slot(struct text_writer *writer, const struct cairn_slot_head *slot,
                                const char *lines, const char *patches)
{
    char *copy = NULL;
    if (asprintf(&copy, "%s%s", lines, patches) < 0) return NULL;
    const uint8_t *made = text_assemble_again(writer, copy, slot->slot_bytes);
    free(copy);
    return made;
}

/* Patches for where the lines make another slot; NULL if memory ran out. */
static char *slot_patches(struct text_writer *writer, const struct cairn_slot_head *slot, const char *lines)
{
    char *patches = NULL;
    size_t length = 0;
    const uint8_t *made = make_slot(writer, slot, lines, "");
    FILE *out = open_memstream(&patches, &length);
    if (!out) return NULL;
    if (made && chunk_bytes(slot))
        text_write_patches(out, made + sizeof *slot, (const uint8_t *)(slot + 1),
                           slot->slot_bytes - sizeof *slot);
    fclose(out);
    return patches;
}

/* A patch cannot reach behind the words of its block, so that all is assembled once more. -1 if memory ran out. */
static int write_slot(struct text_writer *writer, const struct cairn_slot_head *slot, size_t offset)
{
    char *lines = slot_lines(writer, slot, offset);
    char *patches = lines ? slot_patches(writer, slot, lines) : NULL;
    const uint8_t *made = patches ? make_slot(writer, slot, lines, patches) : NULL;
    if (made && !memcmp(made, slot, slot->slot_bytes))
        fprintf(writer->out, "%s%s", lines, patches);
    else if (patches)
        text_write_raw(writer, offset, slot->slot_bytes, "a slot that no lines describe");
    int result = patches ? 0 : -1;
    free(patches);
    free(lines);
    return result;
}

static int write_slots_area(struct text_writer *writer, const struct area *area)
{
    size_t end = area->offset + area->bytes;
    for (size_t at = area->offset, step; at < end; at += step) {
        const uint8_t *bytes = writer->bytes + at;
        size_t left = end - at, zeros = count_zeros(bytes, left);
        if (zeros == left) break;
        step = zeros / CAIRN_PAGE_BYTES * CAIRN_PAGE_BYTES;
        if (step) {
            fprintf(writer->out, "\nraw # no slots yet at offset %zu\nzeros %zu\n", at, step);
        } else if (is_slot((const void *)bytes, left)) {
            step = ((const struct cairn_slot_head *)bytes)->slot_bytes;
            if (write_slot(writer, (const void *)bytes, at) < 0) return -1;
        } else {
            step = left < CAIRN_PAGE_BYTES ? left : CAIRN_PAGE_BYTES;
            text_write_raw(writer, at, step, "no slot");
        }
    }
    return 0;
}

/* ---- All of it --------------------------------------------------------------------------------------------- */

/* What lies between areas, and behind the last. */
static void write_between(struct text_writer *writer, size_t at, size_t end)
{
    if (at == end) return;
    fprintf(writer->out, "\narea none\n");
    text_write_raw(writer, at, end - at, "in no area");
}

int text_write_areas(struct text_writer *writer)
{
    struct area areas[AREAS];
    int count = find_areas(writer, areas), result = 0;
    size_t at = sizeof writer->head;
    if (count <= 0) return 1;
    for (int i = 0; result == 0 && i < count; i++) {
        write_between(writer, at, areas[i].offset);
        fprintf(writer->out, "\narea %s bytes=%" PRIu64 " # %" PRIu64 "\n", areas[i].name, areas[i].bytes,
                areas[i].offset);
        result = areas[i].kind == CAIRN_BLOCK_EVENTS ? write_slots_area(writer, &areas[i])
                                                     : write_records_area(writer, &areas[i]);
        at = areas[i].offset + areas[i].bytes;
    }
    if (result == 0) write_between(writer, at, writer->count);
    return result;
}
