/* From a trace to the text form: see textform.h and doc/format.md. SPDX-License-Identifier: Apache-2.0
 *
 * Piece by piece, as blockwalk finds them. A piece is written to a buffer as lines; then the assembler makes bytes
 * of these lines, and where they differ from the file (padding that is not zero, reserved words in use) patch
 * lines are added. So whatever the file holds, the text makes it again, and only what is odd looks odd. A live file
 * has areas instead of blocks: textareas.c.
 */
#include "cairn/cairn.h"
#include "trace/blockwalk.h"
#include "trace/textwrite.h"
#include "trace/trace.h"
#include "os/os.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Writes a block into a buffer, compares, and hands it out with patches; or, should the lines not fit at all, as
 * raw words. */
static int dump_block(struct text_writer *writer, const struct trace_walk_piece *piece)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = writer->out;
    writer->out = open_memstream(&text, &bytes);
    if (writer->out) {
        text_write_block(writer, piece->block, piece->offset, piece->count, false);
        fclose(writer->out);
    }
    writer->out = out;
    char *copy = text ? strdup(text) : NULL; /* the assembler cuts its lines in place */
    const uint8_t *made = copy ? text_assemble_again(writer, copy, piece->count) : NULL;
    if (made) {
        fwrite(text, 1, bytes, out);
        text_write_patches(out, made, (const uint8_t *)piece->block, piece->count);
    } else if (copy) {
        text_write_raw(writer, piece->offset, piece->count, "what no lines describe");
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

static bool is_live(const struct cairn_file_head *head)
{
    return head->flags & CAIRN_HEAD_LIVE;
}

/* What the assembler takes for granted, and what it finds out at the end of the file. */
static struct cairn_file_head usual_head(const struct text_writer *writer)
{
    const struct cairn_file_head *head = &writer->head;
    struct cairn_file_head usual = {.magic = CAIRN_FILE_MAGIC,
                                    .head_bytes = CAIRN_FILE_HEAD_BYTES,
                                    .version = ~head->version,
                                    .session = {~head->session[0]},
                                    .state = ~head->state,
                                    .round = ~head->round,
                                    .clock = ~head->clock};
    uint32_t checksum = cairn__os_crc32c(0, head, offsetof(struct cairn_file_head, checksum));
    if (is_closed(head)) {
        if (!is_live(head)) usual.data_bytes = writer->count - sizeof *head;
        usual.checksum = head->checksum == checksum ? checksum : ~head->checksum;
    }
    return usual;
}

static void write_head(struct text_writer *writer)
{
    struct cairn_file_head usual = usual_head(writer);
    fputs("head", writer->out);
    text_fields_write(writer->out, text_head_fields, &writer->head, &usual);
    putc('\n', writer->out);
}

/* What is made of the head's line has no size of data and no checksum yet. */
static void fill_in(struct text_writer *writer, const uint8_t *made)
{
    struct cairn_file_head *head = (struct cairn_file_head *)(uintptr_t)made;
    struct cairn_file_head usual = usual_head(writer);
    if (head->data_bytes == 0) head->data_bytes = usual.data_bytes;
    if (head->checksum == 0) head->checksum = usual.checksum;
}

static int dump_head(struct text_writer *writer)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = writer->out;
    writer->out = open_memstream(&text, &bytes);
    if (writer->out) {
        write_head(writer);
        fclose(writer->out);
    }
    writer->out = out;
    if (!text) return -1;
    fprintf(out, "cairn-text 1\n%s", text);
    const uint8_t *made = text_assemble_again(writer, text, sizeof writer->head);
    free(text);
    if (!made) return -1;
    fill_in(writer, made);
    text_write_patches(out, made, writer->bytes, sizeof writer->head);
    return 0;
}

/* ---- The file -------------------------------------------------------------------------------------------- */

static int dump_pieces(struct text_writer *writer)
{
    struct trace_walk walk = {.bytes = writer->bytes,
                              .end = writer->count,
                              .session = writer->head.session[0],
                              .at = sizeof writer->head};
    struct trace_walk_piece piece;
    int result = 0;
    while (result == 0 && trace_walk_next(&walk, &piece)) {
        if (piece.block) {
            result = dump_block(writer, &piece);
        } else {
            text_write_raw(writer, piece.offset, piece.count,
                           piece.kind == TRACE_PIECE_ZEROS ? "zeros" : "no valid block");
        }
    }
    return result;
}

static int dump_all(struct text_writer *writer)
{
    int result = dump_head(writer);
    if (result == 0) result = is_live(&writer->head) ? text_write_areas(writer) : 1;
    return result > 0 ? dump_pieces(writer) : result;
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
    struct text_writer writer = {.out = out, .bytes = mapping.bytes, .count = mapping.count};
    int result = check_is_trace(&mapping, path, error);
    if (result == 0) {
        memcpy(&writer.head, mapping.bytes, sizeof writer.head);
        writer.assembler = text_assembler_create();
        if (!writer.assembler || dump_all(&writer) < 0) {
            result = cairn__error_set(error, CAIRN_ENOMEM, path, CAIRN_ERROR_NOWHERE, "memory ran out");
        } else if (fflush(out) != 0 || ferror(out)) {
            result = cairn__error_set(error, CAIRN_EIO, NULL, CAIRN_ERROR_NOWHERE,
                                      "cannot write the text: %s", strerror(errno));
        }
    }
    text_assembler_destroy(writer.assembler);
    os_unmap_file(&mapping);
    return result;
}
