/* Which stream is next: a merge by time. SPDX-License-Identifier: Apache-2.0
 *
 * A binary heap over the streams' next times; equal times go by the stream's number. Memory is bounded by the
 * number of streams; a step costs at most two comparisons for each doubling of the streams that are going on,
 * less while one stream is ahead of the others. */
#ifndef CAIRN_TRACE_ORDER_H
#define CAIRN_TRACE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_order_entry {
    uint64_t time;
    uint32_t stream;
};

struct trace_order {
    struct trace_order_entry *heap; /* the least on top: heap[0] */
    size_t count, capacity;
};

/* Room for `capacity` streams. False if memory ran out. */
bool trace_order_create(struct trace_order *order, size_t capacity);
void trace_order_destroy(struct trace_order *order);

/* Takes part. There must be room. */
void trace_order_push(struct trace_order *order, uint64_t time, uint32_t stream);
/* The stream on top has none any more. There must be one. */
void trace_order_pop(struct trace_order *order);

static inline bool trace_order_less(struct trace_order_entry a, struct trace_order_entry b)
{
    return a.time != b.time ? a.time < b.time : a.stream < b.stream;
}

/* Private: gives the top's entry its place. */
void trace_order_sink(struct trace_order *order, struct trace_order_entry entry);

/* The stream on top has a new next time. There must be one. */
static inline void trace_order_advance(struct trace_order *order, uint64_t time)
{
    struct trace_order_entry top = {time, order->heap[0].stream};
    bool stays = (order->count < 2 || trace_order_less(top, order->heap[1])) &&
                 (order->count < 3 || trace_order_less(top, order->heap[2]));
    if (stays)
        order->heap[0] = top;
    else
        trace_order_sink(order, top);
}

#endif
