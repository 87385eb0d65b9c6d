/* The page by which the `cairn` tool reaches a process: shared by recorder and tool. SPDX-License-Identifier: Apache-2.0
 *
 * A process that has cairn linked in, and has made an annotation or recorded, maps a page of its own, a sealed memory file (memfd, "cairn-control"), over its
 * `cairn_i_state`, the word that every annotation looks at. That costs nothing more while nobody asks for anything: no
 * thread, no signal; one descriptor, by which others find it. The kernel lets in who may look into the process: the same
 * user, and root. The file has no name that could stay behind, and nobody can truncate it. The tool looks for it among the
 * descriptors of the process (/proc/PID/fd, or, as root, /proc/PID/map_files if the program has closed it), maps it too,
 * and asks:
 *
 *   1. lock the file (flock), so that two tools do not ask at once;
 *   2. write kind, text, its size; then a number that was never used (release);
 *   3. set REQUEST in `on`, so that the next annotation comes to the library, and wake the helper, if there is one;
 *   4. wait for answer_number to be the number (acquire), bounded.
 *
 * The recorder trusts nothing in it: it copies what it needs once, checks it, and takes `on` for a hint only.
 * Rules: the tool writes the fields request_*, and ORs into `on`; the process writes all others.
 */
#ifndef CAIRN_FORMAT_CONTROL_H
#define CAIRN_FORMAT_CONTROL_H

#include <stdint.h>

enum {
    CAIRN_CONTROL_MAGIC = 0x4c544343, /* "CCTL" */
    CAIRN_CONTROL_VERSION = 1,
    CAIRN_CONTROL_TEXT_BYTES = 1792
};

#define CAIRN_CONTROL_NAME                                                                                   \
    "cairn-control" /* as memory file; links to it read "/memfd:cairn-control (deleted)" */

/* Bits of `on`. */
enum {
    CAIRN_ON_RECORDING = 1,
    CAIRN_ON_REQUEST = 2,
    CAIRN_ON_FORKED = 4, /* a child whose parent recorded: its first annotation starts its recording */
    CAIRN_ON_NEW = 8     /* the page has not been made yet: the first annotation makes it */
};

enum cairn_control_state { CAIRN_CONTROL_IDLE = 0, CAIRN_CONTROL_RECORDING = 1, CAIRN_CONTROL_FLIGHT = 2 };

/* Requests. Their text is lines of NAME=VALUE, with the names of the environment variables that say the same
 * (CAIRN_TRACE=/tmp/out.cairn). */
enum cairn_control_kind {
    CAIRN_CONTROL_START = 1,    /* any of the variables; CAIRN_TRACE must be given, and be absolute */
    CAIRN_CONTROL_STOP = 2,     /* none */
    CAIRN_CONTROL_SNAPSHOT = 3, /* CAIRN_SNAPSHOT, absolute; none: as the options say */
    CAIRN_CONTROL_TYPES = 4     /* CAIRN_TYPES; none: all */
};

struct cairn_control {
    uint32_t on;
    uint32_t wake; /* futex, not private: the helper sleeps on it */
    uint32_t magic;
    uint32_t version;
    uint32_t pid;                 /* in the process's own namespace */
    uint32_t state;               /* enum cairn_control_state */
    uint64_t start_of_process_ns; /* as in the head of a trace */
    uint64_t session;             /* first word of the one under way; 0: none */
    uint64_t request_number;
    uint32_t request_kind;
    uint32_t request_bytes; /* of request_text */
    uint64_t answer_number;
    int32_t answer_code;    /* 0 or a CAIRN_E... */
    uint32_t library;       /* version: major << 16 | minor << 8 | patch */
    char path[1024];        /* of the trace that is being recorded; "" if none */
    char answer_path[1024]; /* of what the request made: a trace, a snapshot */
    char request_text[CAIRN_CONTROL_TEXT_BYTES];
    uint8_t reserved[184];
};
_Static_assert(sizeof(struct cairn_control) == 4096, "a page");

#endif
