/* The layout of traces, version 1: every struct, size and bit of the file, shared by writer and readers.
 * SPDX-License-Identifier: Apache-2.0
 *
 * doc/format.md says the same in words and is what counts for strangers. All integers are
 * little-endian; a word is 8 bytes. Times are raw ticks of the clock that the head names.
 *
 *   trace file                                live file (on tmpfs, beside a trace that is being recorded)
 *   +-----------+--------+--------+-- -       +-----------+-------+---------+---------------------- -
 *   | head 4 KiB| block  | block  |           | head 4 KiB| sites | threads | slots, 4 KiB aligned
 *   +-----------+--------+--------+-- -       +-----------+-------+---------+---------------------- -
 *
 *   block = block head, then by kind:
 *     EVENTS    rest of the chunk head, open regions, then words; ends at `bytes`
 *     SITES     site records        THREADS   thread records        ANCHORS   clock anchors
 *     TASKS     open tasks
 *
 *   slot = slot head, then one EVENTS block that a thread is filling, has sealed, or that is free
 */
#ifndef CAIRN_FORMAT_LAYOUT_H
#define CAIRN_FORMAT_LAYOUT_H

#include <stdint.h>

enum {
    CAIRN_FORMAT_VERSION = 1,
    CAIRN_FILE_HEAD_BYTES = 4096,
    CAIRN_PAGE_BYTES = 4096,
};

#define CAIRN_FILE_MAGIC                                                                                     \
    "\x89"                                                                                                   \
    "CAIRN\r\n"                       /* 8 bytes, without the terminator */
#define CAIRN_BLOCK_MAGIC 0x4b4c4243u /* "CBLK" */
#define CAIRN_SLOT_MAGIC 0x544c5343u  /* "CSLT" */

/* ---- Events -------------------------------------------------------------------------------------- */

/* The head word of an event: kind in bits 0..4, site in 5..23, the low 40 bits of its time in 24..63. */
enum {
    CAIRN_KIND_BITS = 5,
    CAIRN_SITE_BITS = 19,
    CAIRN_TIME_BITS = 40,
    CAIRN_SITE_SHIFT = CAIRN_KIND_BITS,
    CAIRN_TIME_SHIFT = CAIRN_KIND_BITS + CAIRN_SITE_BITS,
    CAIRN_SITE_MAX = (1 << CAIRN_SITE_BITS) - 1, /* site numbers are 1..MAX */
    CAIRN_SITE_OTHER = CAIRN_SITE_MAX,           /* "(other)": the table was full */
    CAIRN_EPOCH_SHIFT = 38 /* a TIME event stands wherever time >> 38 changes: signed 40-bit differences
                              are unambiguous with a bit to spare for steps back */
};
_Static_assert(CAIRN_KIND_BITS + CAIRN_SITE_BITS + CAIRN_TIME_BITS == 64, "an event head is one word");

enum cairn_event_kind {
    CAIRN_EVENT_NONE = 0, /* a zero word: the end of what was written */
#define CAIRN_EVENT(number, NAME, name, TALLY, payload, doc) CAIRN_EVENT_##NAME = number,
#include "event.def"
    CAIRN_EVENT_KINDS = 32
};

enum cairn_tally {
#define CAIRN_TALLY(number, NAME, name, doc) CAIRN_TALLY_##NAME = number,
#include "event.def"
    CAIRN_TALLIES = 10,
    CAIRN_TALLY_NONE = 15,
    CAIRN_TALLY_SLOTS = 16 /* as stored */
};

/* The second word of a variable event: 32 bits of size, then data. With the cut bit, the data (after
 * fixed parts) begins with the 64-bit length that the text had, and holds its beginning. */
#define CAIRN_SIZE_CUT 0x80000000u
#define CAIRN_SIZE_MASK 0x00ffffffu
enum { CAIRN_TEXT_BYTES_MAX = 65536 }; /* of one message or value, or of all strings of one logf */

/* A task's id: serial in bits 0..35, site of its begin in 36..54, unsampled in 55, round in 56..63. */
enum {
    CAIRN_ID_SERIAL_BITS = 36,
    CAIRN_ID_SITE_SHIFT = 36,
    CAIRN_ID_UNSAMPLED_SHIFT = 55,
    CAIRN_ID_ROUND_SHIFT = 56,
    CAIRN_ID_AGAIN_BITS = 55, /* what TASK_AGAIN carries */
    CAIRN_ID_OFF = 1          /* begun while recording was off; birth 0 */
};

/* A region's place: offset of its begin, in words from the block head, in bits 0..15; number of the
 * block in 16..44; site of the begin in 45..63. */
enum {
    CAIRN_PLACE_OFFSET_BITS = 16,
    CAIRN_PLACE_BLOCK_BITS = 29,
    CAIRN_PLACE_BLOCK_SHIFT = 16,
    CAIRN_PLACE_SITE_SHIFT = 45
};

/* ---- File head ------------------------------------------------------------------------------------ */

struct cairn_anchor { /* the same instant on three clocks */
    uint64_t ticks;
    uint64_t monotonic_ns;
    uint64_t realtime_ns;
};

enum { CAIRN_CLOCK_TSC = 1, CAIRN_CLOCK_CNTVCT = 2, CAIRN_CLOCK_MONOTONIC = 3 };

enum {
    CAIRN_STATE_RECORDING = 1, /* or the process died */
    CAIRN_STATE_STOPPED = 2,   /* complete */
    CAIRN_STATE_JOINED = 3,    /* the process died; its live file was joined in afterwards */
    CAIRN_STATE_SNAPSHOT = 4   /* complete: a flight recorder's window, taken while recording went on */
};

/* Why a snapshot was taken. */
enum cairn_snapshot_reason {
    CAIRN_SNAPSHOT_NONE = 0, /* it is no snapshot */
    CAIRN_SNAPSHOT_CALL = 1, /* cairn_snapshot */
    CAIRN_SNAPSHOT_OUTSIDE = 2,
    CAIRN_SNAPSHOT_SIGNAL = 3,
    CAIRN_SNAPSHOT_SLOW = 4,   /* a task ended that had run longer than its type's threshold */
    CAIRN_SNAPSHOT_FAILED = 5, /* a task ended with error status */
    CAIRN_SNAPSHOT_OVERDUE = 6 /* a task was running longer than its type's threshold */
};

/* The retiring of a chunk, so that a death amid it loses no count: as long as `number` is not 0 and a slot that is not
 * free still holds this block, the thread's counts are `before` and the chunk is in the window; else they are what
 * the thread's record says. Live file only. */
struct cairn_retiring {
    uint64_t number; /* of the block; stored last, cleared last */
    uint64_t thread; /* index of the record */
    uint64_t before[CAIRN_TALLY_SLOTS];
    uint64_t before_until_ticks;
};

enum { CAIRN_HEAD_LIVE = 1 }; /* flags: this is a live file */

struct cairn_file_head {
    uint8_t magic[8];
    uint32_t version;    /* a reader refuses a greater one */
    uint32_t head_bytes; /* where the first block starts */
    uint64_t session[2]; /* random: which blocks and which live file belong here */
    uint32_t state;
    uint32_t flags;
    uint32_t pid;
    uint32_t round; /* 1..255 */
    uint32_t clock;
    int32_t error;                /* the first CAIRN_E... met in writing, 0 if none */
    uint64_t start_of_process_ns; /* CLOCK_BOOTTIME, tells a reused pid apart */
    struct cairn_anchor start;
    struct cairn_anchor last; /* every second, and at the stop */
    uint64_t limit_bytes;
    uint64_t data_bytes;  /* of blocks, when stopped or joined; before: 0 */
    uint64_t error_ticks; /* when the first error was met */
    /* of a live file */
    uint64_t sites_offset, sites_bytes;
    uint64_t threads_offset, threads_bytes;
    uint64_t slots_offset, slots_bytes;
    /* losses and what else the recorder has to say; in a trace as of the stop */
    uint64_t lost[CAIRN_TALLY_SLOTS];
    uint64_t first_lost_ticks, last_lost_ticks; /* 0: nothing lost */
    uint64_t late_chunks;      /* chunks taken by a caller that were not made ready in time */
    uint64_t sites_overflow;   /* uses of the "(other)" site */
    uint64_t formats_refused;  /* logf formats with %n, positions, or too many arguments */
    uint64_t threads_overflow; /* events of threads beyond the thread table */
    /* of a forked child */
    uint64_t parent_session; /* first word of the session that its parent was recording; 0: no such child */
    uint32_t parent_pid;
    /* of a flight recorder: window_bytes is not 0 */
    uint32_t snapshot_reason;                       /* enum cairn_snapshot_reason */
    uint64_t window_bytes, window_ns;               /* window_ns 0: bounded by bytes alone */
    uint64_t tasks_offset, tasks_bytes;             /* table of open tasks, in a live file */
    uint64_t tasks_overflow;                        /* tasks that the table had no room for */
    uint64_t snapshot_ticks;                        /* when it was asked for; up to then it is complete */
    uint64_t snapshot_task_id, snapshot_task_birth; /* the task that was slow or failed */
    uint64_t snapshot_threshold_ns;
    uint64_t snapshots_taken, snapshots_suppressed, snapshots_failed;
    struct cairn_retiring retiring;
    /* types that are switched on, if not all */
    uint64_t types_changed_ticks; /* 0: they are as at the start */
    char types[1024];
    uint8_t reserved[1688];
    char live_path[256];
    char executable[128];
    char command[256]; /* arguments, joined by spaces, perhaps cut */
    char host[64];
    char boot_id[40];  /* of the kernel: a live file does not outlive it */
    uint32_t checksum; /* of all before; valid when stopped or joined */
    uint32_t reserved_end;
};

/* ---- Blocks --------------------------------------------------------------------------------------- */

enum cairn_block_kind {
    CAIRN_BLOCK_EVENTS = 1,
    CAIRN_BLOCK_SITES = 2,
    CAIRN_BLOCK_THREADS = 3,
    CAIRN_BLOCK_ANCHORS = 4,
    CAIRN_BLOCK_TASKS = 5 /* tasks that were open where the window begins */
};

enum {
    CAIRN_BLOCK_SEALED = 1, /* bytes and checksum are set */
    CAIRN_BLOCK_SIDE = 2    /* events of signal handlers that interrupted an event of their thread */
};

struct cairn_block_head {
    uint32_t magic;
    uint32_t checksum; /* CRC-32C of the block from `bytes` on */
    uint32_t bytes;    /* of the whole block, a multiple of 8; 0 while it is filled */
    uint16_t kind;     /* a reader skips kinds it does not know */
    uint16_t flags;
    uint64_t number;  /* of EVENTS blocks: unique in the session, in places; else 0 */
    uint64_t session; /* the head's session[0] */
};

struct cairn_open_region {
    uint64_t place;
    uint64_t birth;
    uint64_t task_id;
    uint64_t task_birth;
};

struct cairn_chunk_head {
    struct cairn_block_head block;
    uint32_t thread;      /* index of the thread's record */
    uint32_t open_count;  /* of open regions behind this head, innermost last */
    uint64_t sequence;    /* of this thread's chunks, main and side counted apart, from 0 */
    uint64_t begin_ticks; /* full time at the start: base of the first event */
    uint64_t end_ticks;   /* full time of the last event when sealed; else 0 */
    uint64_t task_id;     /* the state at the start: named in full, so TASK_AGAIN may name it */
    uint64_t task_birth;
};

struct cairn_slot_head {
    uint32_t magic;
    uint32_t slot_bytes; /* with this head; a multiple of 4 KiB; never changes */
    uint32_t state;      /* enum cairn_slot_state */
    uint32_t
        unclean;   /* the recorder's: the thread ended amid an event, and left words behind the end of data */
    uint64_t next; /* the recorder's: link to another slot */
    uint64_t reserved;
};

enum cairn_slot_state {
    CAIRN_SLOT_FREE = 0,
    CAIRN_SLOT_OPEN = 1,  /* a thread fills it: data ends at the first zero word where a head is due */
    CAIRN_SLOT_SEALED = 2 /* full; not yet known to be in the trace */
};

enum { CAIRN_SLOT_BYTES_MAX = 524288 };

/* ---- Records -------------------------------------------------------------------------------------- */

enum { CAIRN_SITE_PUBLISHED = 1 };

/* Followed by text, format, file and function, without terminators, padded to whole words. */
struct cairn_site_record {
    uint32_t bytes; /* with this head and padding */
    uint32_t number;
    uint32_t line; /* 0: unknown */
    uint8_t role;  /* CAIRN_I_ROLE_... of cairn.h */
    uint8_t value_type;
    uint16_t flags; /* PUBLISHED: a reader of a live file skips a record without */
    uint16_t text_bytes, format_bytes, file_bytes, function_bytes;
    uint32_t one_in; /* of a task type that is sampled: one root task in so many was kept; else 0 */
    uint32_t reserved;
    uint64_t skipped; /* root tasks sampled away, as of when the record was written. The greatest counts. */
};

enum { CAIRN_THREAD_NAME_BYTES = 32 };

/* A later record of the same index replaces an earlier one. */
struct cairn_thread_record {
    uint32_t index; /* from 1 */
    uint32_t tid;
    uint64_t begin_ticks; /* first seen */
    uint64_t end_ticks;   /* 0: not seen to end */
    char name[CAIRN_THREAD_NAME_BYTES];
    uint64_t first_lost_ticks, last_lost_ticks;
    uint64_t lost[CAIRN_TALLY_SLOTS];
    /* of a flight recorder: what has left the window. All later than overwritten_until_ticks is there, or lost. */
    uint64_t overwritten[CAIRN_TALLY_SLOTS];
    uint64_t overwritten_until_ticks;
    uint64_t reserved[6];
};

enum {
    CAIRN_TASK_ENDED =
        1, /* its end was seen before its begin, of another thread: the entry says nothing else */
    CAIRN_TASK_TOLD = 2 /* a snapshot was taken because it ran too long */
};

/* A task that had begun before the window and is not known to have ended; an entry of the live file's table
 * too, where id 0 is an empty one. */
struct cairn_open_task {
    uint64_t id; /* stored last */
    uint64_t birth;
    uint64_t parent_id, parent_birth; /* 0: none */
    uint64_t flags;                   /* CAIRN_TASK_... */
};

_Static_assert(sizeof(struct cairn_file_head) == CAIRN_FILE_HEAD_BYTES, "wire size");
_Static_assert(sizeof(struct cairn_block_head) == 32, "wire size");
_Static_assert(sizeof(struct cairn_open_region) == 32, "wire size");
_Static_assert(sizeof(struct cairn_chunk_head) == 80, "wire size");
_Static_assert(sizeof(struct cairn_slot_head) == 32, "wire size");
_Static_assert(sizeof(struct cairn_site_record) == 40, "wire size");
_Static_assert(sizeof(struct cairn_thread_record) == 384, "wire size");
_Static_assert(sizeof(struct cairn_anchor) == 24, "wire size");
_Static_assert(sizeof(struct cairn_open_task) == 40, "wire size");
_Static_assert(CAIRN_SLOT_BYTES_MAX / 8 <= 1 << CAIRN_PLACE_OFFSET_BITS, "every word has a place");

#endif
