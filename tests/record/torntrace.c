/* See torntrace.h. SPDX-License-Identifier: Apache-2.0 */
#include "torntrace.h"

#include "os/os.h"
#include "trace/trace.h"

#include <stdio.h>

/* A chunk that is whole and waits in the live file to be written; NULL if there is none. */
static const struct cairn_chunk_head *find_sealed(const uint8_t *live, size_t count)
{
    const struct cairn_file_head *head = (const void *)live;
    for (size_t at = head->slots_offset; at + sizeof(struct cairn_slot_head) <= count;) {
        const struct cairn_slot_head *slot = (const void *)(live + at);
        if (slot->magic != CAIRN_SLOT_MAGIC) break;
        if (slot->state == CAIRN_SLOT_SEALED) return (const void *)(slot + 1);
        at += slot->slot_bytes;
    }
    return NULL;
}

static bool append(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "ab");
    bool good = file && fwrite(bytes, 1, count, file) == count;
    return file && fclose(file) == 0 && good;
}

bool torn_trace_make(const char *path, size_t bytes)
{
    struct cairn_error error = {0};
    struct os_mapping trace, live;
    if (os_map_file(path, &trace, &error) < 0) return false;
    const struct cairn_file_head *head = (const void *)trace.bytes;
    bool good = os_map_file(head->live_path, &live, &error) == 0;
    if (good) {
        const struct cairn_chunk_head *chunk = find_sealed(live.bytes, live.count);
        good = chunk && bytes < chunk->block.bytes && append(path, chunk, bytes);
        os_unmap_file(&live);
    }
    os_unmap_file(&trace);
    return good;
}
