/* The trace and the live file of a flight recorder that was killed, made by hand. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_KILLEDFLIGHT_H
#define CAIRN_TESTS_KILLEDFLIGHT_H

#include "tracetext.h"

static const char records[] =
    "area sites bytes=8192\nsite number=1 role=task text=job\nsite number=2 role=log text=note\n"
    "area threads\n"
    "thread index=1 tid=11 overwritten=log:7,task_begin:2 overwritten_until=5000\n"
    "thread index=2 tid=12\n";

/* An entry that stands twice is one task; the first counts. One marked as ended is none. */
static const char open_tasks[] = "area tasks\n"
                                 "zeros 80\nopen_task id=1:1:5 birth=1500 flags=2\nzeros 4000\n"
                                 "open_task id=1:1:3 birth=1200 parent=1:1:2 parent_birth=1100\n"
                                 "open_task id=1:1:9 flags=1\n"
                                 "zeros 400\nopen_task id=1:1:5 birth=1501\n";

/* Block 4 is the thread's oldest. */
static const char slots[] =
    "area slots bytes=65536\n"
    "slot state=%s\n"
    "block events number=4 sequence=3 flags=0 begin=4000 end=5000 bytes=96 task=1:1:3 task_birth=1200\n"
    "log site=2 time=4100 text=four\n"
    "slot state=open\n"
    "block events number=5 sequence=4 flags=0 begin=6000 task=1:1:3 task_birth=1200\n"
    "log site=2 time=6100 text=five\n";

/* What is not usual. */
struct killed {
    const char *slot;     /* the state of the oldest */
    const char *retiring; /* keys of the live head */
    const char *tasks, *slots;
    unsigned pid;
};

/* Returns the path of the trace; forget_files is due. */
static inline const char *make_killed(const struct killed *killed)
{
    char text[8192], all_slots[2048];
    snprintf(all_slots, sizeof all_slots, slots, killed->slot ? killed->slot : "sealed");
    if (killed->slots) snprintf(all_slots, sizeof all_slots, "%s", killed->slots);
    snprintf(text, sizeof text,
             "head state=recording session=7,8 flags=live window_bytes=262144 last=9000,9000,9000 "
             "snapshots_taken=3 %s\n%s%s%s",
             killed->retiring ? killed->retiring : "", records, killed->tasks ? killed->tasks : open_tasks,
             all_slots);
    const char *live = assemble_as(own_path("live"), text);
    snprintf(text, sizeof text,
             "head state=recording session=7,8 live_path=\"%s\" start=1000,1000,1000 pid=%u\n", live,
             killed->pid ? killed->pid : 4194303);
    return assemble(text);
}

static inline void forget_files(void)
{
    unlink(own_path("live")), unlink(own_path("trace"));
}

#endif
