/* The inside of a source that reads trace files: opentrace.c opens and runs it, openfiles.c finds its files,
 * traceinfo.c fills what is known of the whole. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TRACE_OPENTRACE_H
#define CAIRN_TRACE_OPENTRACE_H

#include "trace/decode.h"
#include "trace/order.h"

/* The open tasks of one file, on their way out. */
struct trace_opening {
    size_t next; /* in file->open_tasks */
    uint64_t time;
};

struct trace_native {
    struct trace_source face;
    struct trace_info info;
    struct trace_diagnostics diagnostics, unheard;
    struct arena arena;
    VECTOR(const char *) paths;
    struct trace_file *files;
    uint32_t file_count;
    struct trace_process *processes;
    struct trace_site_table sites;
    struct trace_thread_table threads;
    struct trace_opening *openings; /* by file; in the order they are streams 0 to file_count - 1, */
    struct trace_stream *streams;   /* and these follow */
    uint32_t stream_count;
    bool has_streams; /* from the first `next` on */
    struct trace_order order;
    struct trace_text text;
    size_t unreleased; /* bytes read since pages were given back */
};

/* The inside of a source, or NULL if it is one of another kind. */
struct trace_native *trace_native_of(struct trace_source *source);

/* Opens the file, or those of the folder. 0, or -1 with *error set. */
int trace_native_open_files(struct trace_native *native, const char *path, struct cairn_error *error);

/* So many bytes have been read: gives pages back now and then, so that resident memory does not grow with the trace.
 * One thread at a time. */
void trace_native_release(struct trace_native *native, size_t bytes);

/* Fills info and processes from the files and tables. */
void trace_native_fill_info(struct trace_native *native);

#endif
