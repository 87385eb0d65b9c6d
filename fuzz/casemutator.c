/* Changes to cases that lead somewhere: blocks, events and their words, instead of bytes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * 1. One change out of: libFuzzer's own, to a part or to the whole; a word; an event put in; a block copied, removed,
 *    moved, or its head changed; the options.
 * 2. Mostly, the sizes and checksums of all blocks are taken out afterwards, so that they are filled in rightly
 *    (tracecase.h). The rest has what the former contents had: damage.
 */
#include "tracecase.h"

#include "format/format.h"
#include "property.h"

#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_count, const uint8_t *other,
                                 size_t other_count, uint8_t *out, size_t max, unsigned seed);

enum { PIECES_MAX = 256, CHANGES_MAX = 4 };

struct piece {
    size_t at, count;
};

struct mutation {
    uint8_t *bytes;
    size_t count, max;
    uint64_t random;
    struct piece pieces[PIECES_MAX];
    size_t piece_count;
};

/* xorshift: what libFuzzer decides comes from its seed, and so must this. */
static uint64_t any(struct mutation *m, uint64_t below)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return m->random % below;
}

static size_t find_pieces(const uint8_t *bytes, size_t count, struct piece pieces[PIECES_MAX])
{
    size_t found = 0, at = case_front_bytes(bytes, count), size;
    for (; found < PIECES_MAX && (size = case_next_piece(bytes, count, &at)) != 0; at += size)
        pieces[found++] = (struct piece){at, size};
    return found;
}

/* Replaces [at, at + old) by `bytes`. Nothing happens if it would grow too large. */
static void splice(struct mutation *m, size_t at, size_t old, const uint8_t *bytes, size_t count)
{
    if (m->count - old + count > m->max) return;
    if (m->count > at + old) memmove(m->bytes + at + count, m->bytes + at + old, m->count - at - old);
    if (count) memcpy(m->bytes + at, bytes, count);
    m->count = m->count - old + count;
}

/* ---- Words ------------------------------------------------------------------------------------------------- */

static uint64_t load(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static void store(uint8_t *at, uint64_t word)
{
    memcpy(at, &word, sizeof word);
}

/* The place of a word, behind the block's head if it has any there. */
static uint8_t *any_word(struct mutation *m)
{
    const struct piece *piece = &m->pieces[any(m, m->piece_count)];
    size_t words = piece->count / 8, first = words > 4 ? 4 : 0;
    if (!words) return NULL;
    return m->bytes + piece->at + 8 * (first + any(m, words - first));
}

static uint64_t any_head(struct mutation *m, uint64_t like)
{
    uint64_t kind = 1 + any(m, CAIRN_EVENT_KINDS - 1),
             site = any(m, 4) ? any(m, 20) : any(m, CAIRN_SITE_MAX + 1);
    uint64_t time = like + any(m, 200);
    return time << CAIRN_TIME_SHIFT | site << CAIRN_SITE_SHIFT | kind;
}

static uint64_t any_number(struct mutation *m)
{
    static const uint64_t numbers[] = {0,
                                       1,
                                       2,
                                       8,
                                       16,
                                       64,
                                       65,
                                       0xff,
                                       0xffff,
                                       1 << 20,
                                       UINT32_MAX,
                                       INT64_MAX,
                                       UINT64_MAX,
                                       (uint64_t)1 << 38,
                                       (uint64_t)1 << 40,
                                       (uint64_t)1 << 63,
                                       UINT64_MAX - 7};
    switch (any(m, 5)) {
    case 0: return numbers[any(m, sizeof numbers / sizeof *numbers)];
    case 1: return (1 + any(m, 2)) << CAIRN_ID_ROUND_SHIFT | any(m, 4) << CAIRN_ID_SITE_SHIFT | any(m, 4);
    case 2: return cairn__place((uint32_t)any(m, 6), 1 + any(m, 6), 10 + (uint32_t)any(m, 30));
    case 3: return 1000 + any(m, 10000);
    default: return any(m, UINT64_MAX);
    }
}

static void change_word(struct mutation *m)
{
    uint8_t *at = any_word(m), *other = any_word(m);
    if (!at || !other) return;
    uint64_t word = load(at);
    switch (any(m, 8)) {
    case 0: store(at, load(other)); break;
    case 1: store(at, any_number(m)); break;
    case 2: store(at, word + any(m, 9) - 4); break;
    case 3: store(at, any_head(m, word >> CAIRN_TIME_SHIFT)); break;
    case 4: store(at, (word & ~UINT64_C(31)) | any(m, 32)); break;       /* another kind */
    case 5: store(at, word ^ any(m, 32) << CAIRN_SITE_SHIFT); break;     /* another site */
    case 6: store(at, word + (any(m, 1000) << CAIRN_TIME_SHIFT)); break; /* later */
    default: store(at, word ^ (uint64_t)1 << any(m, 64));
    }
}

/* ---- Events ------------------------------------------------------------------------------------------------ */

/* A whole event of any kind, in front of any word. */
static void insert_event(struct mutation *m)
{
    uint64_t words[8];
    const uint8_t *at = any_word(m);
    if (!at) return;
    words[0] = any_head(m, load(at) >> CAIRN_TIME_SHIFT);
    for (size_t i = 1; i < 8; i++) {
        const uint8_t *other = any(m, 2) ? any_word(m) : NULL;
        words[i] = other ? load(other) : any_number(m);
    }
    if (cairn__head_kind(words[0]) >= CAIRN_KIND_VARIABLE) {
        words[1] &= ~(uint64_t)UINT32_MAX;
        words[1] |= any(m, 40) | (any(m, 4) ? 0 : CAIRN_SIZE_CUT);
    }
    uint32_t count = cairn__event_words(words, 8);
    splice(m, (size_t)(at - m->bytes), 0, (const uint8_t *)words, count * 8);
}

/* Copies some words to another place, or takes them out. */
static void move_words(struct mutation *m)
{
    uint64_t words[32];
    const uint8_t *from = any_word(m), *to = any_word(m);
    if (!from || !to) return;
    size_t count = 8 * (1 + any(m, 32)), left = m->count - (size_t)(from - m->bytes);
    if (count > left) count = left;
    memcpy(words, from, count);
    if (any(m, 3))
        splice(m, (size_t)(to - m->bytes), 0, (const uint8_t *)words, count);
    else
        splice(m, (size_t)(from - m->bytes), count, NULL, 0);
}

/* ---- Blocks ------------------------------------------------------------------------------------------------ */

static void change_block_head(struct mutation *m, const struct piece *piece)
{
    struct cairn_chunk_head head = {0};
    size_t count = piece->count < sizeof head ? piece->count : sizeof head;
    memcpy(&head, m->bytes + piece->at, count);
    static const uint16_t flags[] = {CAIRN_BLOCK_SEALED, CAIRN_BLOCK_SIDE, CASE_BLOCK_LIVE, CASE_BLOCK_FREE,
                                     CASE_BLOCK_AS_IS};
    switch (any(m, 9)) {
    case 0: head.block.flags ^= flags[any(m, 5)]; break;
    case 1: head.block.kind = (uint16_t)any(m, 7); break;
    case 2: head.block.number = any(m, 8); break;
    case 3: head.thread = (uint32_t)any(m, 4); break;
    case 4: head.sequence = any(m, 5); break;
    case 5: head.open_count = (uint32_t)any(m, 4); break;
    case 6: head.begin_ticks = any_number(m); break;
    case 7:
        head.block.bytes = any(m, 3) ? (uint32_t)piece->count + 8 * (uint32_t)any(m, 9) - 32 : CASE_NO_BYTES;
        break;
    default: head.block.session ^= any(m, 3);
    }
    memcpy(m->bytes + piece->at, &head, count);
}

static void change_blocks(struct mutation *m)
{
    static uint8_t copy[4096];
    const struct piece *piece = &m->pieces[any(m, m->piece_count)],
                       *other = &m->pieces[any(m, m->piece_count)];
    size_t count = piece->count < sizeof copy ? piece->count : sizeof copy;
    switch (any(m, 4)) {
    case 0:
        memcpy(copy, m->bytes + piece->at, count);
        splice(m, other->at, 0, copy, count);
        break;
    case 1: splice(m, piece->at, piece->count, NULL, 0); break;
    default: change_block_head(m, piece);
    }
}

/* ---- The rest ---------------------------------------------------------------------------------------------- */

/* libFuzzer's own changes, to a range of whole words that may grow or shrink by words. */
static void change_range(struct mutation *m)
{
    uint8_t part[512] = {0};
    uint8_t *at = any_word(m);
    if (!at) return;
    size_t offset = (size_t)(at - m->bytes), left = m->count - offset, count = 8 * (1 + any(m, 16));
    if (count > left) count = left;
    memcpy(part, at, count);
    size_t made = LLVMFuzzerMutate(part, count, any(m, 2) ? count : sizeof part - 8);
    splice(m, offset, count, part, (made + 7) / 8 * 8);
}

static void change_front(struct mutation *m)
{
    uint8_t part[sizeof(struct case_options) + CASE_HEAD_BYTES] = {0};
    size_t front = case_front_bytes(m->bytes, m->count);
    if (front) memcpy(part, m->bytes, front);
    if (any(m, 2)) {
        LLVMFuzzerMutate(part, sizeof(struct case_options), sizeof(struct case_options));
    } else if (any(m, 3)) {
        uint32_t state = 1 + (uint32_t)any(m, 3);
        const size_t at = sizeof(struct case_options) + offsetof(struct cairn_file_head, state);
        memcpy(part + at, &state, sizeof state);
    } else {
        size_t at = any(m, sizeof part / 8) * 8, left = sizeof part - at;
        LLVMFuzzerMutate(part + at, left < 24 ? left : 24, left < 24 ? left : 24);
    }
    size_t used = sizeof part;
    while (used > front && !part[used - 1]) used--;
    splice(m, 0, front, part, (used + 7) / 8 * 8);
}

/* Takes out what case_expand fills in. */
static void reseal(struct mutation *m)
{
    m->piece_count = find_pieces(m->bytes, m->count, m->pieces);
    for (size_t i = 0; i < m->piece_count; i++) {
        if (m->pieces[i].count < sizeof(struct cairn_block_head)) continue;
        struct cairn_block_head head;
        memcpy(&head, m->bytes + m->pieces[i].at, sizeof head);
        head.checksum = head.bytes = 0;
        head.session = 0;
        memcpy(m->bytes + m->pieces[i].at, &head, sizeof head);
    }
}

static void change(struct mutation *m)
{
    m->piece_count = find_pieces(m->bytes, m->count, m->pieces);
    uint64_t choice = any(m, 100);
    if (!m->piece_count || choice < 8) {
        m->count = LLVMFuzzerMutate(m->bytes, m->count, m->max);
    } else if (choice < 16) {
        change_front(m);
    } else if (choice < 32) {
        change_range(m);
    } else if (choice < 56) {
        change_word(m);
    } else if (choice < 74) {
        insert_event(m);
    } else if (choice < 82) {
        move_words(m);
    } else {
        change_blocks(m);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t max, unsigned seed)
{
    struct mutation m = {
        .bytes = bytes, .count = count, .max = max, .random = seed * UINT64_C(2654435761) + 1};
    uint64_t changes = 1 + any(&m, CHANGES_MAX);
    while (changes--) change(&m);
    if (any(&m, 8)) reseal(&m);
    return m.count;
}

/* All pieces of one up to any, then those of the other from any on. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_count, const uint8_t *other,
                                 size_t other_count, uint8_t *out, size_t max, unsigned seed)
{
    struct mutation m = {.bytes = out, .max = max, .random = seed * UINT64_C(2654435761) + 1};
    struct piece pieces[PIECES_MAX];
    size_t first = find_pieces(one, one_count, pieces);
    size_t end = first ? pieces[any(&m, first)].at : one_count;
    splice(&m, 0, 0, one, end < max ? end : max);
    size_t second = find_pieces(other, other_count, pieces);
    if (!second) return m.count;
    size_t begin = pieces[any(&m, second)].at;
    splice(&m, m.count, 0, other + begin, other_count - begin);
    return m.count;
}
