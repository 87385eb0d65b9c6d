/* Attributes kept until their target is written. SPDX-License-Identifier: Apache-2.0 */
#include "export/attributes.h"

#include <stdlib.h>
#include <string.h>

static uint64_t cost(const struct trace_value *value)
{
    return sizeof(struct attribute) + (value->text ? value->text_bytes : 0);
}

static struct attribute *find(const struct attributes *attributes, const char *key)
{
    for (size_t i = 0; i < attributes->count; i++)
        if (strcmp(attributes->items[i].key, key) == 0) return &attributes->items[i];
    return NULL;
}

/* An empty item for a new key, or NULL if there is no room. */
static struct attribute *add(struct attributes *attributes, const char *key)
{
    struct attribute item = {.key = key};
    if (attributes->count == ATTRIBUTES_MAX || !vector_push(attributes, item)) return NULL;
    return &attributes->items[attributes->count - 1];
}

static bool copy_value(struct trace_value *to, const struct trace_value *from)
{
    *to = *from;
    if (!from->text) return true;
    char *text = malloc(from->text_bytes + 1);
    if (!text) return false;
    memcpy(text, from->text, from->text_bytes);
    to->text = text;
    return true;
}

static void release(struct attribute *item, struct attribute_budget *budget)
{
    budget->bytes -= cost(&item->value);
    free((char *)item->value.text);
}

void attributes_set(struct attributes *attributes, struct attribute_budget *budget, const char *key,
                    const struct trace_value *value)
{
    struct trace_value copy;
    if (budget->bytes + cost(value) > ATTRIBUTES_BYTES_MAX || !copy_value(&copy, value)) {
        budget->missed++;
        return;
    }
    struct attribute *item = find(attributes, key);
    if (item)
        release(item, budget);
    else
        item = add(attributes, key);
    if (!item) {
        free((char *)copy.text);
        budget->missed++;
        return;
    }
    item->value = copy;
    budget->bytes += cost(&copy);
}

void attributes_free(struct attributes *attributes, struct attribute_budget *budget)
{
    for (size_t i = 0; i < attributes->count; i++) release(&attributes->items[i], budget);
    vector_free(attributes);
}
