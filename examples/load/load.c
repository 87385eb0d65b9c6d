/* A load for the shop. SPDX-License-Identifier: Apache-2.0
 *
 *     shop-load --port-file FILE --seconds 5
 *
 * Closed loop: each client thread has one connection, asks, waits for the answer, checks it, asks again.
 * Its last request says "Connection: close", and it waits for that: so the time from a client's first
 * request to the close contains all that the shop did for this client, without exception.
 * The exit status is 0 only if every answer was right.
 */
#include "visitor.h"

#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS_MAX = 64, TIMES_MAX = 1 << 22 };

struct settings {
    unsigned port, clients, seconds, requests;
    uint64_t seed;
    bool json;
};

/* Latencies of one kind of request, in nanoseconds. */
struct times {
    uint64_t *ns;
    size_t count, capacity;
    uint64_t failed; /* of them, answered with 4xx */
};

struct visitor {
    const struct settings *settings;
    unsigned number, requests; /* requests: to send; 0: until `end_ns` */
    uint64_t end_ns;
    pthread_t thread;
    struct client client;
    struct times times[VISIT_KINDS];
    uint64_t begin_ns, closed_ns; /* first request to close */
    bool good;
};

static bool times_add(struct times *times, uint64_t ns)
{
    if (times->count == times->capacity) {
        size_t capacity = times->capacity ? times->capacity * 2 : 1024;
        uint64_t *grown = capacity <= TIMES_MAX ? realloc(times->ns, capacity * sizeof *grown) : NULL;
        if (!grown) return false;
        times->ns = grown;
        times->capacity = capacity;
    }
    times->ns[times->count++] = ns;
    return true;
}

static bool visit_once(struct visitor *visitor, struct visit *visit)
{
    struct client *client = &visitor->client;
    const char *problem = NULL;
    if (!client_ask(client, visit->request, visit->request_bytes))
        problem = client->problem;
    else if (!(problem = visit_check(visit, client)) &&
             !times_add(&visitor->times[visit->kind], client->received_ns - client->sent_ns))
        problem = "too many to remember";
    visitor->times[visit->kind].failed += !problem && client->status >= 400;
    if (problem)
        fprintf(stderr, "shop-load: %s: %s (status %d)\n", visit_names[visit->kind], problem, client->status);
    return !problem;
}

static void *run(void *argument)
{
    struct visitor *visitor = argument;
    uint64_t random = visitor->settings->seed * 1000003 + visitor->number;
    bool last = false;
    if (!client_connect(&visitor->client, visitor->settings->port)) {
        fprintf(stderr, "shop-load: port %u: %s\n", visitor->settings->port, visitor->client.problem);
        return NULL;
    }
    visitor->begin_ns = client_now_ns();
    for (unsigned sent = 1; !last; sent++) {
        struct visit visit;
        last = visitor->requests ? sent == visitor->requests : client_now_ns() >= visitor->end_ns;
        visit_make(&visit, &random, last);
        if (!visit_once(visitor, &visit)) return NULL;
    }
    visitor->good = client_await_close(&visitor->client);
    visitor->closed_ns = client_now_ns();
    if (!visitor->good) fprintf(stderr, "shop-load: at the end: %s\n", visitor->client.problem);
    return NULL;
}

static int compare_ns(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* Puts the times of all visitors together, sorted. */
static bool merge_times(struct visitor *visitors, unsigned count, enum visit_kind kind, struct times *all)
{
    *all = (struct times){0};
    for (unsigned i = 0; i < count; i++) {
        struct times *times = &visitors[i].times[kind];
        all->failed += times->failed;
        for (size_t j = 0; j < times->count; j++)
            if (!times_add(all, times->ns[j])) return false;
    }
    if (all->count) qsort(all->ns, all->count, sizeof *all->ns, compare_ns);
    return true;
}

/* The smallest time that at least the fraction of all does not exceed. */
static uint64_t percentile_ns(const struct times *times, unsigned per_thousand)
{
    if (times->count == 0) return 0;
    size_t rank = (times->count * per_thousand + 999) / 1000;
    return times->ns[rank ? rank - 1 : 0];
}

static void print_kind(const struct settings *settings, enum visit_kind kind, const struct times *times)
{
    uint64_t p50 = percentile_ns(times, 500), p99 = percentile_ns(times, 990),
             max = percentile_ns(times, 1000);
    if (settings->json)
        printf("%s{\"type\":\"%s\",\"count\":%zu,\"failed\":%llu,\"p50_ns\":%llu,\"p99_ns\":%llu,"
               "\"max_ns\":%llu}",
               kind ? ",\n " : "", visit_names[kind], times->count, (unsigned long long)times->failed,
               (unsigned long long)p50, (unsigned long long)p99, (unsigned long long)max);
    else
        printf("%-14s %8zu %8llu %9.3f %9.3f %9.3f\n", visit_names[kind], times->count,
               (unsigned long long)times->failed, (double)p50 / 1e6, (double)p99 / 1e6, (double)max / 1e6);
}

static bool print_kinds(const struct settings *settings, struct visitor *visitors)
{
    if (!settings->json)
        printf("%-14s %8s %8s %9s %9s %9s\n", "", "answers", "4xx", "p50 ms", "p99 ms", "max ms");
    for (enum visit_kind kind = 0; kind < VISIT_KINDS; kind++) {
        struct times all;
        bool merged = merge_times(visitors, settings->clients, kind, &all);
        if (merged) print_kind(settings, kind, &all);
        free(all.ns);
        if (!merged) return false;
    }
    return true;
}

static bool report(const struct settings *settings, struct visitor *visitors)
{
    uint64_t first = UINT64_MAX, last = 0, connected_ns = 0, count = 0, bytes = 0;
    for (unsigned i = 0; i < settings->clients; i++) {
        struct visitor *visitor = &visitors[i];
        if (visitor->begin_ns < first) first = visitor->begin_ns;
        if (visitor->closed_ns > last) last = visitor->closed_ns;
        connected_ns += visitor->closed_ns - visitor->begin_ns;
        bytes += visitor->client.wire_bytes;
        for (unsigned kind = 0; kind < VISIT_KINDS; kind++) count += visitor->times[kind].count;
    }
    double seconds = (double)(last - first) / 1e9;
    if (settings->json)
        printf("{\"answers\":%llu,\"seconds\":%.3f,\"connected_ns\":%llu,\"types\":[\n ",
               (unsigned long long)count, seconds, (unsigned long long)connected_ns);
    else
        printf("%llu answers in %.2f s: %.0f per second, %.1f MiB, all of them right\n",
               (unsigned long long)count, seconds, (double)count / seconds, (double)bytes / 1048576);
    bool printed = print_kinds(settings, visitors);
    if (settings->json) printf("\n]}\n");
    return printed;
}

static const char usage[] = "usage: shop-load (--port N | --port-file FILE) [options]\n"
                            "Visits the shop with several clients at once and checks every answer.\n"
                            "  --clients N     threads with a connection each, 1 to 64 (default 4)\n"
                            "  --seconds N     to go on (default 5)\n"
                            "  --requests N    to send in all, instead\n"
                            "  --seed N        for what is asked (default 1)\n"
                            "  --json          print JSON\n";

static bool set_number(unsigned *number, const char *text, unsigned long max)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    *number = (unsigned)value;
    return *text >= '1' && *text <= '9' && *end == 0 && value <= max;
}

static bool read_port(unsigned *port, const char *path)
{
    FILE *file = fopen(path, "r");
    bool got = file && fscanf(file, "%u", port) == 1;
    if (!got) fprintf(stderr, "shop-load: %s: no port in it\n", path);
    if (file) fclose(file);
    return got;
}

static bool parse_settings(struct settings *settings, int count, char **arguments)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},     {"port-file", required_argument, NULL, 'f'},
        {"clients", required_argument, NULL, 'c'},  {"seconds", required_argument, NULL, 's'},
        {"requests", required_argument, NULL, 'r'}, {"seed", required_argument, NULL, 'e'},
        {"json", no_argument, NULL, 'j'},           {NULL, 0, NULL, 0}};
    *settings = (struct settings){.clients = 4, .seconds = 5, .seed = 1};
    int option;
    bool good = true;
    unsigned seed;
    while (good && (option = getopt_long(count, arguments, "", options, NULL)) != -1) {
        switch (option) {
        case 'p': good = set_number(&settings->port, optarg, 65535); break;
        case 'f': good = read_port(&settings->port, optarg); break;
        case 'c': good = set_number(&settings->clients, optarg, CLIENTS_MAX); break;
        case 's': good = set_number(&settings->seconds, optarg, 86400); break;
        case 'r': good = set_number(&settings->requests, optarg, 100000000); break;
        case 'e': good = set_number(&seed, optarg, UINT32_MAX), settings->seed = seed; break;
        case 'j': settings->json = true; break;
        default: good = false;
        }
    }
    if (settings->requests && settings->requests < settings->clients) settings->clients = settings->requests;
    return good && settings->port && optind == count;
}

static bool start(struct visitor *visitor, const struct settings *settings, unsigned number, uint64_t end_ns)
{
    unsigned share = settings->requests / settings->clients, rest = settings->requests % settings->clients;
    *visitor = (struct visitor){.settings = settings, .number = number, .end_ns = end_ns};
    visitor->requests = share + (number < rest);
    if (client_create(&visitor->client) && pthread_create(&visitor->thread, NULL, run, visitor) == 0)
        return true;
    client_destroy(&visitor->client);
    return false;
}

int main(int count, char **arguments)
{
    static struct visitor visitors[CLIENTS_MAX];
    struct settings settings;
    unsigned started = 0;
    if (!parse_settings(&settings, count, arguments)) {
        fputs(usage, stderr);
        return 2;
    }
    uint64_t end_ns = client_now_ns() + settings.seconds * 1000000000ull;
    while (started < settings.clients && start(&visitors[started], &settings, started, end_ns)) started++;
    bool good = started == settings.clients;
    for (unsigned i = 0; i < started; i++) {
        pthread_join(visitors[i].thread, NULL);
        good = good && visitors[i].good;
    }
    good = good && report(&settings, visitors);
    for (unsigned i = 0; i < started; i++) {
        client_destroy(&visitors[i].client);
        for (unsigned kind = 0; kind < VISIT_KINDS; kind++) free(visitors[i].times[kind].ns);
    }
    return good ? 0 : 1;
}
