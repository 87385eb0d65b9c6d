/* See faultpoint.h. SPDX-License-Identifier: Apache-2.0 */
#include "faultpoint.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME(name) #name,
enum { POINTS = CALL_COUNT * THING_COUNT * PHASE_COUNT };
static const char *const call_names[] = {CALLS(NAME)};
static const char *const thing_names[] = {THINGS(NAME)};
static const char *const phase_names[] = {PHASES(NAME)};

static void point_name(uint32_t point, char *name, size_t bytes)
{
    snprintf(name, bytes, "%s/%s/%s", call_names[point / PHASE_COUNT / THING_COUNT],
             thing_names[point / PHASE_COUNT % THING_COUNT], phase_names[point % PHASE_COUNT]);
}

/* Rules: set by `prepare`, before there is a second thread. */
static struct {
    const char *from, *to; /* the recorder's code; NULL until it is found */
    bool fails[POINTS];
    uint32_t at;
    int code;
    bool onwards, old_kernel;
} plan;

static uint32_t counts[POINTS]; /* atomic, as are the next two */
static uint32_t matching;       /* calls of points that fail */
static uint32_t fired;
static bool loaded, over; /* Rules: set while there is no recording */
_Thread_local enum phase fault_phase;

static uint32_t number_of(const char *name)
{
    const char *text = getenv(name);
    return text ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

static int find_recorder(struct dl_phdr_info *object, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    if (!strstr(object->dlpi_name, "libcairn.so")) return 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        plan.from = (const char *)object->dlpi_addr + part->p_vaddr;
        plan.to = plan.from + part->p_memsz;
    }
    return 1;
}

/* The recorder may be set up before this library is: whoever is called first prepares. A sanitizer calls even before
 * there is an environment. */
__attribute__((constructor)) static void prepare(void)
{
    if (plan.from || !environ) return;
    char name[96];
    const char *wanted = getenv("FAULT_POINT");
    plan.at = number_of("FAULT_AT");
    plan.code = (int)number_of("FAULT_ERRNO");
    plan.onwards = getenv("FAULT_ONWARDS") != NULL;
    plan.old_kernel = getenv("FAULT_OLD_KERNEL") != NULL;
    size_t length = wanted ? strlen(wanted) : 0;
    for (uint32_t point = 0; wanted && point < POINTS; point++) {
        point_name(point, name, sizeof name);
        plan.fails[point] = strncmp(name, wanted, length) == 0 && (!name[length] || name[length] == '/');
    }
    dl_iterate_phdr(find_recorder, NULL);
}

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("FAULT_REPORT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    fprintf(file, "%u fired\n", fired);
    for (uint32_t point = 0; point < POINTS; point++) {
        char name[96];
        point_name(point, name, sizeof name);
        if (counts[point]) fprintf(file, "%u %s\n", counts[point], name);
    }
    fclose(file);
}

bool fault_by_recorder(const void *caller)
{
    prepare();
    return (const char *)caller >= plan.from && (const char *)caller < plan.to;
}

bool fault_is_due(enum call call, enum thing thing)
{
    if (over) return false;
    enum phase phase = fault_phase == PHASE_event && !loaded ? PHASE_load : fault_phase;
    uint32_t point = ((uint32_t)call * THING_COUNT + thing) * PHASE_COUNT + phase;
    __atomic_add_fetch(&counts[point], 1, __ATOMIC_RELAXED);
    if (!plan.fails[point]) return false;
    uint32_t count = __atomic_add_fetch(&matching, 1, __ATOMIC_RELAXED);
    if (count < plan.at || (count > plan.at && !plan.onwards)) return false;
    __atomic_add_fetch(&fired, 1, __ATOMIC_RELAXED);
    errno = plan.code;
    return true;
}

bool fault_is_due_in_full(enum call call, enum thing thing, size_t *count)
{
    if (!fault_is_due(call, thing)) return false;
    if (!plan.code) *count /= 2;
    return plan.code != 0;
}

void fault_is_loaded(void)
{
    loaded = true;
}

void fault_is_over(void)
{
    over = true;
}

int fault_code_if_due(enum call call, enum thing thing)
{
    int before = errno;
    int code = fault_is_due(call, thing) ? plan.code : 0;
    errno = before;
    return code;
}

int fault_code(void)
{
    return plan.code;
}

bool fault_is_old_kernel(int code)
{
    if (plan.old_kernel) errno = code;
    return plan.old_kernel;
}

/* Two threads may look for it at once and find the same. */
void *fault_real(enum call call)
{
    static void *found[CALL_COUNT];
    if (!__atomic_load_n(&found[call], __ATOMIC_RELAXED))
        __atomic_store_n(&found[call], dlsym(RTLD_NEXT, call_names[call]), __ATOMIC_RELAXED);
    return found[call];
}
