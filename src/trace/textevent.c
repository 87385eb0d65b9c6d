/* Events of the text form: see textform.h. SPDX-License-Identifier: Apache-2.0
 *
 * An event's payload is put together in `data`, in the order of the names in event.def; then the head, and for
 * variable events the size, go in front. */
#include "trace/textassembler.h"

#include <string.h>

static const char *add_data(struct text_assembler *a, const void *bytes, size_t count)
{
    if (!vector_reserve(&a->data, a->data.count + count)) return text_no_memory;
    if (count) memcpy(a->data.items + a->data.count, bytes, count);
    a->data.count += count;
    return NULL;
}

static const char *add_number(struct text_assembler *a, const struct text_pair *pair, size_t bytes)
{
    uint64_t value;
    return text_number(pair->value, &value) ? add_data(a, &value, bytes) : pair->key;
}

/* Arguments of a formatted log, in the order in which they stand: int= long= double= string= null= data= and
 * arguments= for a whole word. */
static const char *add_arguments(struct text_assembler *a, struct text_line *line)
{
    const char *wrong = NULL;
    for (uint32_t i = 0; !wrong && i < line->count; i++) {
        struct text_pair *pair = &line->pairs[i];
        uint32_t size = (uint32_t)pair->bytes, null = CAIRN_LOG_NULL;
        bool is_string = !strcmp(pair->key, "string"), used = true;
        if (is_string || !strcmp(pair->key, "data")) {
            if (is_string) wrong = add_data(a, &size, sizeof size);
            if (!wrong) wrong = add_data(a, pair->value, pair->bytes);
        } else if (!strcmp(pair->key, "int")) {
            wrong = add_number(a, pair, 4);
        } else if (!strcmp(pair->key, "long") || !strcmp(pair->key, "double") ||
                   !strcmp(pair->key, "arguments")) {
            wrong = add_number(a, pair, 8);
        } else if (!strcmp(pair->key, "null")) {
            wrong = add_data(a, &null, sizeof null);
        } else {
            used = pair->used;
        }
        pair->used = used;
    }
    return wrong;
}

static bool payload_number(const char *name, const char *text, uint64_t *value)
{
    if (!strcmp(name, "id") || !strcmp(name, "parent_id")) return text_id(text, value);
    if (!strcmp(name, "place")) return text_place(text, value);
    return text_number(text, value);
}

/* One word of the payload under its name; a part that is not given is 0. */
static const char *add_word(struct text_assembler *a, struct text_line *line, const char *name)
{
    struct text_pair *pair = text_line_take(line, name);
    uint64_t value = 0;
    if (pair && !payload_number(name, pair->value, &value)) return pair->key;
    return add_data(a, &value, sizeof value);
}

static const char *add_text(struct text_assembler *a, struct text_line *line, uint32_t *size_flags)
{
    struct text_pair *full = text_line_take(line, "full"), *text = text_line_take(line, "text");
    const char *wrong = NULL;
    if (full) {
        *size_flags = CAIRN_SIZE_CUT;
        wrong = add_number(a, full, 8);
    }
    if (!wrong && text) wrong = add_data(a, text->value, text->bytes);
    return wrong;
}

static const char *add_losses(struct text_assembler *a, struct text_line *line)
{
    uint64_t counts[CAIRN_TALLY_SLOTS];
    struct text_pair *pair = text_line_take(line, "counts");
    if (!pair || !text_tallies(pair->value, counts)) return "counts";
    for (uint64_t i = 0; i < CAIRN_TALLY_SLOTS; i++) {
        uint64_t both[2] = {i, counts[i]};
        const char *wrong = counts[i] ? add_data(a, both, sizeof both) : NULL;
        if (wrong) return wrong;
    }
    return NULL;
}

/* The payload by the names in event.def. */
static const char *add_payload(struct text_assembler *a, struct text_line *line, uint32_t kind,
                               uint32_t *size_flags)
{
    char names[64];
    const char *wrong = add_arguments(a, line);
    snprintf(names, sizeof names, "%s", text_event_payload(kind));
    char *rest = names;
    for (char *name; !wrong && (name = strsep(&rest, " ")) != NULL;) {
        if (!*name || !strcmp(name, "arguments") || !strcmp(name, "extension")) continue;
        if (!strcmp(name, "text")) {
            wrong = add_text(a, line, size_flags);
        } else if (!strcmp(name, "counts")) {
            wrong = add_losses(a, line);
        } else if (kind == CAIRN_EVENT_TIME) {
            wrong = add_data(a, &a->time, sizeof a->time);
        } else {
            wrong = add_word(a, line, name);
        }
    }
    return wrong;
}

static const char *put_variable(struct text_assembler *a, struct text_line *line, uint32_t size_flags)
{
    uint64_t size = a->data.count | size_flags;
    struct text_pair *stated = text_line_take(line, "size");
    if (stated && !text_number(stated->value, &size)) return "size";
    uint32_t stored = (uint32_t)size;
    const char *wrong = text_put(a, &stored, sizeof stored);
    if (!wrong) wrong = text_put(a, a->data.items, a->data.count);
    return wrong ? wrong : text_pad_to_words(a);
}

static const char *put_fixed(struct text_assembler *a, uint32_t kind)
{
    const uint64_t head[4] = {kind};
    size_t room = (cairn__event_words(head, 4) - 1) * 8;
    if (a->data.count > room) return "more than this event has room for";
    const char *wrong = text_put(a, a->data.items, a->data.count);
    return wrong ? wrong : text_put(a, NULL, room - a->data.count);
}

/* time=NUMBER, or time=+NUMBER from the last event. */
static const char *read_time(struct text_assembler *a, struct text_line *line)
{
    struct text_pair *pair = text_line_take(line, "time");
    uint64_t value;
    if (!pair) return NULL;
    bool relative = *pair->value == '+';
    if (!text_number(pair->value + relative, &value)) return "time";
    a->time = relative ? a->time + value : value;
    return NULL;
}

const char *text_event_line(struct text_assembler *a, struct text_line *line, uint32_t kind)
{
    struct text_pair *site = text_line_take(line, "site");
    uint64_t site_number = 0;
    uint32_t size_flags = 0;
    if (!a->in_block || a->block_kind != CAIRN_BLOCK_EVENTS) return "events stand in a block of events";
    if (site && (!text_number(site->value, &site_number) || site_number > CAIRN_SITE_MAX)) return "site";
    const char *wrong = read_time(a, line);
    a->data.count = 0;
    if (!wrong) wrong = add_payload(a, line, kind, &size_flags);
    if (wrong) return wrong;
    uint64_t head = a->time << CAIRN_TIME_SHIFT | site_number << CAIRN_SITE_SHIFT | kind;
    wrong = text_put(a, &head, sizeof head);
    if (wrong) return wrong;
    return kind >= CAIRN_KIND_VARIABLE ? put_variable(a, line, size_flags) : put_fixed(a, kind);
}

const char *text_again_line(struct text_assembler *a, struct text_line *line)
{
    struct text_pair *pair = text_line_take(line, "id");
    uint64_t id = 0;
    if (!a->in_block || a->block_kind != CAIRN_BLOCK_EVENTS) return "events stand in a block of events";
    if (!pair || !text_id(pair->value, &id)) return "id";
    uint64_t low = id & (((uint64_t)1 << CAIRN_ID_AGAIN_BITS) - 1);
    uint64_t word = low << CAIRN_KIND_BITS | CAIRN_EVENT_TASK_AGAIN;
    return text_put(a, &word, sizeof word);
}
