/* What a chunk says of tasks, as far as the order of time matters. SPDX-License-Identifier: Apache-2.0
 *
 * The sink of tasks.c needs the order of time, but of few events: begins and ends of tasks, and one mention of each task in
 * each chunk. A DIGEST has these of its chunk, as OPS, in the order of the buffer. A task without parent that begins and ends
 * in the chunk, and has no subtask there, is one op, WHOLE, at its end.
 *
 *     taskdigest.c   makes digests, on any thread          taskscan.c   merges them by time, for the sink
 */
#ifndef CAIRN_ANALYSIS_TASKOPS_H
#define CAIRN_ANALYSIS_TASKOPS_H

#include "trace/scan.h"

/* PARENT: of the begin before it, which has one; no op of its own. */
enum task_op_kind {
    OP_NONE,
    OP_PARENT,
    OP_LISTED,
    OP_BEGIN,
    OP_BEGIN_CHILD,
    OP_END,
    OP_FAIL,
    OP_MENTION,
    OP_WHOLE,
    OP_WHOLE_FAILED
};

struct task_op {
    uint64_t time;
    uint64_t order;     /* the latest time in the chunk up to here */
    uint64_t id, birth; /* of the task */
    uint32_t task_site; /* of its begin */
    uint32_t end_site;
    enum task_op_kind kind;
};

struct task_digest {
    struct task_digest *next; /* of the same stream */
    VECTOR(uint64_t) open;    /* places of the regions that are open at the chunk's end, innermost last */
    uint32_t process, thread;
    bool is_unordered; /* something is earlier than the chunk's begin */
    uint64_t latest;
    uint32_t listed_count; /* the first ops */
    size_t taken;          /* ops that have had their turn */
    VECTOR(struct task_op) ops;
};

/* What one thread keeps from digest to digest. Zero-initialise. */
struct task_worker {
    struct trace_state state;
    struct task_page *pages;  /* what the chunk has said of tasks: a hash table */
    struct task_page *recent; /* the last one asked for; NULL: none */
    uint32_t page_count, page_capacity, stamp;
    VECTOR(uint32_t) open; /* regions, innermost last */
    size_t usual_ops;      /* as many as the last digest had */
};

/* `may_fuse`: WHOLE ops are wanted. NULL: memory ran out. Free it with task_digest_free. */
struct task_digest *analysis_task_digest(struct task_worker *worker, struct trace_part *part, bool may_fuse);
void analysis_task_digest_free(struct task_digest *digest);
void analysis_task_worker_free(struct task_worker *worker);

#endif
