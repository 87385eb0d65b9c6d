/* What the bench runs on. SPDX-License-Identifier: Apache-2.0
 *
 * Pinning: an emitting thread stays on one CPU, so that its caches and its clock rate stay what they were.
 * The set of CPUs that the process was given is read once, before anything is pinned; a container may
 * have any subset.
 */
#include "bench.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double clock_ns(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

double machine_thread_cpu_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

double machine_wall_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static struct machine_usage usage_of(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return (struct machine_usage){
        .user_ns = (double)usage.ru_utime.tv_sec * 1e9 + (double)usage.ru_utime.tv_usec * 1e3,
        .system_ns = (double)usage.ru_stime.tv_sec * 1e9 + (double)usage.ru_stime.tv_usec * 1e3,
    };
}

struct machine_usage machine_process_usage(void)
{
    return usage_of(RUSAGE_SELF);
}

struct machine_usage machine_thread_usage(void)
{
    return usage_of(RUSAGE_THREAD);
}

static const cpu_set_t *allowed_cpus(void)
{
    static cpu_set_t allowed;
    static bool known;
    if (!known) {
        if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) CPU_ZERO(&allowed);
        known = true;
    }
    return &allowed;
}

unsigned machine_cpu_count(void)
{
    return (unsigned)CPU_COUNT(allowed_cpus());
}

bool machine_pin(unsigned index)
{
    const cpu_set_t *const allowed = allowed_cpus();
    unsigned seen = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, allowed) || seen++ != index) continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        return sched_setaffinity(0, sizeof one, &one) == 0;
    }
    return false;
}

void machine_unpin(void)
{
    const cpu_set_t *const allowed = allowed_cpus();
    if (CPU_COUNT(allowed) > 0) (void)sched_setaffinity(0, sizeof *allowed, allowed);
}

double machine_load_at_start(void)
{
    static double load = -1;
    if (load < 0 && getloadavg(&load, 1) != 1) load = NAN;
    return load;
}

void machine_model(char *text, size_t bytes)
{
    snprintf(text, bytes, "unknown CPU");
    FILE *const info = fopen("/proc/cpuinfo", "re");
    if (info == NULL) return;
    char line[512];
    while (fgets(line, sizeof line, info) != NULL) {
        const char *const colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL) continue;
        snprintf(text, bytes, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
        break;
    }
    fclose(info);
}
