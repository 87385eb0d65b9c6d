/* See order.h. SPDX-License-Identifier: Apache-2.0 */
#include "trace/order.h"

#include <stdlib.h>

bool trace_order_create(struct trace_order *order, size_t capacity)
{
    *order = (struct trace_order){.heap = calloc(capacity + 1, sizeof *order->heap), .capacity = capacity};
    return order->heap;
}

void trace_order_destroy(struct trace_order *order)
{
    free(order->heap);
    *order = (struct trace_order){0};
}

void trace_order_sink(struct trace_order *order, struct trace_order_entry entry)
{
    struct trace_order_entry *heap = order->heap;
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < order->count; at = child) {
        if (child + 1 < order->count && trace_order_less(heap[child + 1], heap[child])) child++;
        if (!trace_order_less(heap[child], entry)) break;
        heap[at] = heap[child];
    }
    heap[at] = entry;
}

void trace_order_push(struct trace_order *order, uint64_t time, uint32_t stream)
{
    struct trace_order_entry entry = {time, stream};
    size_t at = order->count++;
    for (size_t parent; at && trace_order_less(entry, order->heap[parent = (at - 1) / 2]); at = parent) {
        order->heap[at] = order->heap[parent];
    }
    order->heap[at] = entry;
}

void trace_order_pop(struct trace_order *order)
{
    struct trace_order_entry last = order->heap[--order->count];
    if (order->count) trace_order_sink(order, last);
}
