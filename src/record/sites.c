/* Call sites: their numbers, and their definitions in the file. SPDX-License-Identifier: Apache-2.0
 *
 * A site is known by content: role, type, format, file, line, function. Equal content, equal number, for the life
 * of the process: a library that is loaded again gets its old numbers, and so does a run-time string.
 *
 *   registering, by whoever uses a site first, perhaps in a signal handler:
 *   1. hash the content, walk the index from there;
 *   2. an entry with equal content: that is the number;
 *   3. a free cell: take a new number, fill its entry, define it in the file, then put the number into the cell by
 *      compare-and-swap. Who loses the swap has wasted a number and looks at the winner's entry.
 *
 * A record in the file is claimed by writing its size and number in one swap, then filled, then published, so that
 * a reader steps over one that a dead process left half done. Each session's file is given all that is known when
 * it starts. When the table is full, "(other)" serves for all further sites, and the uses are counted.
 *
 * Memory: address space is reserved once for all (about 100 MiB) and taken as it is touched. Nothing is
 * ever freed or moved.
 */
#include "record/record.h"

#include <string.h>

enum {
    INDEX_CELLS = 1 << (CAIRN_SITE_BITS + 1),
    STRINGS_BYTES = 64 << 20,
    TEXT_MAX = 4096, /* of a type or a name */
    FORMAT_MAX = 32768,
    POPULATE_BYTES = 65536
};

struct text {
    const char *bytes;
    uint16_t count;
};

struct entry {
    struct text text, format, file, function;
    uint32_t line;
    uint8_t role, value_type;
    uint8_t is_whole;                 /* all but the next two is there. Atomic. */
    uint32_t generation;              /* session whose file defines it. Atomic. */
    struct cairn_site_record *record; /* in that file */
};

/* Rules: set up once; `index` and `entries` change by the protocol above. */
static struct {
    uint32_t *index;       /* number, or 0. Atomic. */
    struct entry *entries; /* by number */
    char *strings;
    uint64_t strings_used; /* Atomic. */
    uint32_t last;         /* number given last. Atomic. */
} sites;

int cairn__sites_init(void)
{
    if (sites.index) return 0;
    enum {
        ENTRIES_BYTES = (CAIRN_SITE_MAX + 1) * sizeof(struct entry),
        INDEX_BYTES = INDEX_CELLS * sizeof(uint32_t)
    };
    uint8_t *at = cairn__os_reserve(ENTRIES_BYTES + INDEX_BYTES + STRINGS_BYTES);
    if (!at) return CAIRN_ENOMEM;
    sites.entries = (struct entry *)(void *)at;
    sites.index = (uint32_t *)(void *)(at + ENTRIES_BYTES);
    sites.strings = (char *)at + ENTRIES_BYTES + INDEX_BYTES;
    return 0;
}

/* ---- Content -------------------------------------------------------------------------------------------- */

static struct text text_of(const char *bytes, size_t limit)
{
    size_t count = bytes ? strnlen(bytes, limit + 1) : 0;
    if (count > limit) count = cairn__utf8_cut(bytes, limit);
    return (struct text){bytes ? bytes : "", (uint16_t)count};
}

static struct entry entry_of(const cairn_i_site *site)
{
    return (struct entry){.text = text_of(site->text, TEXT_MAX),
                          .format = text_of(site->format, FORMAT_MAX),
                          .file = text_of(site->file, TEXT_MAX),
                          .function = text_of(site->function, TEXT_MAX),
                          .line = site->line,
                          .role = site->role,
                          .value_type = site->value_type};
}

static uint64_t hash_text(uint64_t hash, const struct text *text)
{
    hash ^= text->count;
    size_t i = 0;
    for (; i + 8 <= text->count; i += 8) {
        uint64_t word;
        memcpy(&word, text->bytes + i, 8);
        hash = (hash ^ word) * 0x9fb21c651e98df25u;
        hash ^= hash >> 29;
    }
    for (; i < text->count; i++) hash = (hash ^ (uint8_t)text->bytes[i]) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

static uint64_t hash_entry(const struct entry *entry)
{
    uint64_t hash = (uint64_t)entry->line << 16 | (uint64_t)entry->role << 8 | entry->value_type;
    hash = hash_text(hash * 0x9fb21c651e98df25u, &entry->text);
    hash = hash_text(hash, &entry->format);
    hash = hash_text(hash, &entry->file);
    return hash_text(hash, &entry->function);
}

static bool equal_text(const struct text *a, const struct text *b)
{
    return a->count == b->count && memcmp(a->bytes, b->bytes, a->count) == 0;
}

static bool equal_entry(const struct entry *a, const struct entry *b)
{
    return a->line == b->line && a->role == b->role && a->value_type == b->value_type &&
           equal_text(&a->text, &b->text) && equal_text(&a->format, &b->format) &&
           equal_text(&a->file, &b->file) && equal_text(&a->function, &b->function);
}

/* A copy that outlives the library it came from. False: the strings are used up. */
static bool keep(struct text *text)
{
    if (!text->count) return true;
    /* relaxed: only uniqueness matters */
    uint64_t at = atomic_add_relaxed(&sites.strings_used, text->count);
    if (at + text->count > STRINGS_BYTES) return false;
    memcpy(sites.strings + at, text->bytes, text->count);
    text->bytes = sites.strings + at;
    return true;
}

/* ---- Definitions in the file --------------------------------------------------------------------------- */

static bool ensure_populated(uint64_t bytes)
{
    struct cairn__session *session = &cairn__session;
    uint64_t done = atomic_load_relaxed(&session->sites_populated); /* the populated part only grows */
    while (done < bytes) {
        if (bytes > CAIRN_SITES_BYTES) return false;
        uint8_t *at = session->live + session->head->sites_offset + done;
        if (cairn__os_populate(at, POPULATE_BYTES, session->live_fd, session->head->sites_offset + done)) {
            return false;
        }
        if (atomic_cas_acq_rel(&session->sites_populated, &done, done + POPULATE_BYTES))
            done += POPULATE_BYTES;
    }
    return true;
}

/* Claims room for a record: its first word is set in one swap, so that readers can always step over it. */
static struct cairn_site_record *claim(uint32_t bytes, uint32_t number)
{
    struct cairn__session *session = &cairn__session;
    uint64_t at = atomic_load_relaxed(&session->sites_used); /* a hint: the swap decides */
    while (ensure_populated(at + bytes)) {
        uint64_t *first = (uint64_t *)(session->live + session->head->sites_offset + at);
        uint64_t found = 0;
        if (atomic_cas_acq_rel(first, &found, (uint64_t)number << 32 | bytes)) {
            atomic_store_relaxed(&session->sites_used, at + bytes); /* a hint, may step back */
            return (struct cairn_site_record *)first;
        }
        at += (uint32_t)found;
    }
    return NULL;
}

static char *put_record_text(char *at, const struct text *text)
{
    memcpy(at, text->bytes, text->count);
    return at + text->count;
}

static bool define(uint32_t number, struct entry *entry)
{
    uint32_t text_bytes =
        (uint32_t)entry->text.count + entry->format.count + entry->file.count + entry->function.count;
    uint32_t bytes = (uint32_t)sizeof(struct cairn_site_record) + ((text_bytes + 7) & ~7u);
    struct cairn_site_record *record = claim(bytes, number);
    if (!record) return false;
    record->line = entry->line;
    record->role = entry->role;
    record->value_type = entry->value_type;
    record->text_bytes = entry->text.count;
    record->format_bytes = entry->format.count;
    record->file_bytes = entry->file.count;
    record->function_bytes = entry->function.count;
    char *at = put_record_text((char *)(record + 1), &entry->text);
    at = put_record_text(at, &entry->format);
    at = put_record_text(at, &entry->file);
    put_record_text(at, &entry->function);
    record->one_in = entry->role == CAIRN_I_ROLE_TASK ? cairn__choices_one_in(number) : 0;
    atomic_store_relaxed(&entry->record, record); /* two that define it at once: either will do */
    atomic_store_release(&record->flags, (uint16_t)CAIRN_SITE_PUBLISHED); /* pairs with write_sites; I1 */
    atomic_store_release(&entry->generation, cairn__generation());        /* pairs with ensure_defined */
    return true;
}

static bool ensure_defined(uint32_t number)
{
    struct entry *entry = &sites.entries[number];
    /* acquire: pairs with define */
    return atomic_load_acquire(&entry->generation) == cairn__generation() || define(number, entry);
}

/* ---- Numbers -------------------------------------------------------------------------------------------- */

/* A new entry, defined in the file; its number, or 0 if there is no room for it. */
static uint32_t add_entry(struct entry content)
{
    /* relaxed: only uniqueness matters. Near the end a few numbers may be skipped. */
    if (atomic_load_relaxed(&sites.last) >= CAIRN_SITE_OTHER - 1) return 0;
    uint32_t number = atomic_add_relaxed(&sites.last, 1) + 1;
    if (number >= CAIRN_SITE_OTHER) return 0;
    if (!keep(&content.text) || !keep(&content.format) || !keep(&content.file) || !keep(&content.function)) {
        return 0;
    }
    struct entry *entry = &sites.entries[number];
    entry->text = content.text; /* not all of it at once: others look at is_whole */
    entry->format = content.format;
    entry->file = content.file;
    entry->function = content.function;
    entry->line = content.line;
    entry->role = content.role;
    entry->value_type = content.value_type;
    atomic_store_release(&entry->is_whole, (uint8_t)1); /* pairs with cairn__site_text */
    cairn__choices_for_site(number);
    return define(number, entry) ? number : 0;
}

static uint32_t other(void)
{
    atomic_add_relaxed(&cairn__session.head->sites_overflow, 1); /* a count */
    return CAIRN_SITE_OTHER;
}

uint32_t cairn__site_number(const cairn_i_site *site)
{
    struct entry content = entry_of(site);
    uint64_t cell = hash_entry(&content);
    uint32_t mine = 0;
    for (uint32_t probes = 0; probes < INDEX_CELLS; probes++, cell++) {
        uint32_t *at = &sites.index[cell & (INDEX_CELLS - 1)];
        uint32_t found = atomic_load_acquire(at); /* pairs with the swap below: the entry is whole */
        if (!found) {
            if (!mine) mine = add_entry(content);
            if (!mine) return other();
            if (atomic_cas_acq_rel(at, &found, mine)) return mine;
        }
        if (equal_entry(&sites.entries[found], &content)) return ensure_defined(found) ? found : other();
    }
    return other();
}

bool cairn__sites_reserve(void)
{
    return ensure_populated(POPULATE_BYTES);
}

void cairn__sites_define_all(void)
{
    static const cairn_i_site overflow = {.text = "(other)", .role = CAIRN_I_ROLE_END};
    struct entry *last = &sites.entries[CAIRN_SITE_OTHER];
    *last = entry_of(&overflow);
    define(CAIRN_SITE_OTHER, last);
    uint32_t count = atomic_load_relaxed(&sites.last); /* those added later define themselves */
    for (uint32_t number = 1; number <= count && number < CAIRN_SITE_OTHER; number++) {
        /* acquire: pairs with define; an entry that has a generation is whole */
        if (atomic_load_acquire(&sites.entries[number].generation)) ensure_defined(number);
    }
}

/* ---- For others ----------------------------------------------------------------------------------------- */

uint32_t cairn__site_last(void)
{
    uint32_t last = atomic_load_relaxed(&sites.last); /* those added later look for themselves */
    return last < CAIRN_SITE_OTHER ? last : CAIRN_SITE_OTHER - 1;
}

struct cairn__site_text cairn__site_text(uint32_t number)
{
    const struct entry *entry = &sites.entries[number];
    if (!atomic_load_acquire(&entry->is_whole))
        return (struct cairn__site_text){0}; /* pairs with add_entry */
    return (struct cairn__site_text){entry->text.bytes, entry->text.count, entry->role};
}

struct cairn_site_record *cairn__site_record(uint32_t number)
{
    struct entry *entry = &sites.entries[number];
    /* acquire: pairs with define */
    return atomic_load_acquire(&entry->generation) == cairn__generation() ? entry->record : NULL;
}
