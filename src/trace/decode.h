/* The events of one stream: a thread's main chunks in sequence, or one side chunk.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A chunk decodes alone: its head has all state. What is carried from chunk to chunk only serves findings: gaps,
 * and regions whose begin is not in the trace. So chunks can be decoded in any order, or at once, by giving each
 * a stream of its own.
 *
 *     trace_stream_ready   steps over words of state to the next event: stream->time
 *     trace_stream_take    resolves that event, and stands behind it
 */
#ifndef CAIRN_TRACE_DECODE_H
#define CAIRN_TRACE_DECODE_H

#include "trace/logtext.h"
#include "trace/namedtasks.h"
#include "trace/tracefile.h"

struct trace_stream {
    const struct trace_file *file;
    const struct trace_site *sites; /* all */
    struct trace_text *text;        /* where logs are formatted; NULL: they are not */
    uint64_t overwritten_until;     /* of the thread: what has left the window */
    uint32_t next_chunk, end_chunk; /* in file->chunks */
    const struct trace_chunk *chunk;
    const uint64_t *words; /* of the chunk, from the block head */
    uint32_t at, end;      /* in words; `at` is the pending event */
    uint32_t event_words;
    bool started;
    uint64_t time;  /* of the pending event, native ticks */
    uint64_t order; /* the same on the trace's clock */
    uint64_t expected_sequence;
    struct trace_task_id task; /* the state */
    VECTOR(struct trace_region_id) open;
    uint64_t unseen;          /* bit i: open.items[i] is yet to be handed out as TRACE_REGION_OPEN */
    struct trace_named named; /* tasks that this chunk has named */
    bool gap;                 /* events are missing before the pending one */
    bool out_of_memory;
};

void trace_stream_open(struct trace_stream *stream, const struct trace_file *file, uint32_t first_chunk,
                       uint32_t end_chunk);
/* True if there is a next event. False at the end, where all memory is given back. */
bool trace_stream_ready(struct trace_stream *stream);
/* Resolves the event that is ready. What it points to lives until the next call for any stream of the text. */
void trace_stream_take(struct trace_stream *stream, struct trace_event *event);
void trace_stream_close(struct trace_stream *stream);

/* Whether it stands before an event. */
static inline bool trace_stream_waits(const struct trace_stream *stream)
{
    return stream->unseen || stream->at < stream->end;
}

/* The tally of the event that is ready, CAIRN_TALLY_NONE for TRACE_REGION_OPEN. */
static inline uint32_t trace_stream_tally(const struct trace_stream *stream)
{
    return stream->unseen ? CAIRN_TALLY_NONE
                          : cairn__event_tally(cairn__head_kind(stream->words[stream->at]));
}

#endif
