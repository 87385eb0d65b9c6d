/* A shop on the web, small but real: the example of an annotated program. SPDX-License-Identifier: Apache-2.0
 *
 *     cairn record -o demo -- build/shop --port-file /tmp/port     # and build/shop-load meanwhile
 *
 * An HTTP/1.1 server on the loopback interface. A request crosses threads:
 *
 *     listener ──► workers ──► response        GET /product/ID   GET /search?q=TEXT   GET /report
 *                  │     ▲
 *                  ▼     │
 *                 committer ──► reporter       POST /order  (product=ID&quantity=N)
 *
 * Workers ask SQLite on the disk and compress with zlib. Orders are committed in groups by one thread.
 * Now and then another rebuilds the sales report in one big transaction, and orders have to wait for it.
 *
 * Everything that has to do with cairn is in the annotations: this file needs none of it. Recording is
 * switched on from outside, by `cairn record` or the environment.
 */
#include "committer.h"
#include "listener.h"
#include "reporter.h"
#include "worker.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS_MAX = 16, PATH_BYTES = 4096 };

struct settings {
    unsigned port, seconds, workers, orders_per_report, stock;
    const char *port_file, *folder;
};

static const char usage[] =
    "usage: shop [options]\n"
    "A small web shop on 127.0.0.1. It ends on SIGTERM or SIGINT.\n"
    "  --port N           to listen on; 0 (default): any that is free\n"
    "  --port-file FILE   write \"PORT PID\" there when ready\n"
    "  --seconds N        end after this time; 0 (default): never\n"
    "  --workers N        threads that serve, 1 to 16 (default 3)\n"
    "  --report-every N   rebuild the sales report after N orders (default 300)\n"
    "  --stock N          pieces of each product to begin with (default 40)\n"
    "  --data FOLDER      make the temporary database in it (default: $TMPDIR, else /var/tmp)\n";

static bool set_number(unsigned *number, const char *text, unsigned long min, unsigned long max)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    *number = (unsigned)value;
    return *text >= '0' && *text <= '9' && *end == 0 && value >= min && value <= max;
}

static bool parse_settings(struct settings *settings, int count, char **arguments)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},    {"port-file", required_argument, NULL, 'f'},
        {"seconds", required_argument, NULL, 's'}, {"workers", required_argument, NULL, 'w'},
        {"data", required_argument, NULL, 'd'},    {"report-every", required_argument, NULL, 'r'},
        {"stock", required_argument, NULL, 'k'},   {NULL, 0, NULL, 0}};
    const char *folder = getenv("TMPDIR");
    *settings = (struct settings){
        .workers = 3, .orders_per_report = 300, .stock = 40, .folder = folder ? folder : "/var/tmp"};
    int option;
    bool good = true;
    while (good && (option = getopt_long(count, arguments, "", options, NULL)) != -1) {
        switch (option) {
        case 'p': good = set_number(&settings->port, optarg, 0, 65535); break;
        case 's': good = set_number(&settings->seconds, optarg, 0, 86400); break;
        case 'w': good = set_number(&settings->workers, optarg, 1, WORKERS_MAX); break;
        case 'r': good = set_number(&settings->orders_per_report, optarg, 1, 1000000); break;
        case 'k': good = set_number(&settings->stock, optarg, 0, 1000000); break;
        case 'f': settings->port_file = optarg; break;
        case 'd': settings->folder = optarg; break;
        default: good = false;
        }
    }
    return good && optind == count;
}

/* Appears at once with its content, so that who waits for it never reads half of it. NULL: not wanted. */
static bool write_port_file(const char *path, unsigned port)
{
    char part[PATH_BYTES];
    if (!path) return true;
    FILE *file = NULL;
    if (snprintf(part, sizeof part, "%s.part", path) < (int)sizeof part) file = fopen(part, "w");
    bool written = file && fprintf(file, "%u %d\n", port, (int)getpid()) > 0;
    if (file && fclose(file)) written = false;
    if (written && rename(part, path) == 0) return true;
    fprintf(stderr, "shop: %s: %s\n", path, strerror(errno));
    return false;
}

/* Starts the threads, says that the shop is open and serves until the listener is stopped. The threads end
 * from the front to the back, so that nothing is put into a queue that nobody empties. */
static int serve(struct shop *shop, struct listener *listener, unsigned port, const struct settings *settings)
{
    static struct worker workers[WORKERS_MAX];
    static struct committer committer;
    static struct reporter reporter;
    unsigned started = 0;
    int result = -1;
    shop->reporter = &reporter;
    if (!reporter_start(&reporter, shop->database_path, settings->orders_per_report)) return -1;
    if (committer_start(&committer, shop)) {
        while (started < settings->workers && worker_start(&workers[started], shop, started + 1)) started++;
        if (started == settings->workers && write_port_file(settings->port_file, port))
            result = listener_run(listener);
        request_queue_close(&shop->orders);
        committer_join(&committer);
    }
    request_queue_close(&shop->arrived);
    while (started) worker_join(&workers[--started]);
    reporter_stop(&reporter);
    return result;
}

static int open_shop(struct shop *shop, const struct settings *settings)
{
    static struct listener listener;
    unsigned port = listener_open(&listener, shop, settings->port, settings->seconds);
    if (port == 0) return -1;
    request_queue_init(&shop->arrived, "requests waiting", -1);
    request_queue_init(&shop->orders, "orders waiting", -1);
    request_queue_init(&shop->answered, "answers waiting", listener.answered_fd);
    int result = serve(shop, &listener, port, settings);
    request_queue_destroy(&shop->arrived);
    request_queue_destroy(&shop->orders);
    request_queue_destroy(&shop->answered);
    listener_close(&listener);
    return result;
}

static bool make_database(const char *path, unsigned stock)
{
    struct database database = {0};
    bool made = database_open(&database, path) && database_fill(&database, stock);
    database_close(&database);
    return made;
}

static void remove_database(const char *folder, const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[PATH_BYTES + 16];
    for (unsigned i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
    rmdir(folder);
}

/* Blocks the signals that stop the shop, before there is a second thread: they arrive by a descriptor. */
static void block_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

int main(int count, char **arguments)
{
    static struct shop shop;
    struct settings settings;
    char folder[PATH_BYTES - 16], path[PATH_BYTES];
    if (!parse_settings(&settings, count, arguments)) {
        fputs(usage, stderr);
        return 2;
    }
    block_signals();
    if (snprintf(folder, sizeof folder, "%s/shop-XXXXXX", settings.folder) >= (int)sizeof folder ||
        !mkdtemp(folder)) {
        fprintf(stderr, "shop: cannot make a folder in %s: %s\n", settings.folder, strerror(errno));
        return 1;
    }
    snprintf(path, sizeof path, "%s/shop.db", folder);
    shop.database_path = path;
    bool served = make_database(path, settings.stock) && open_shop(&shop, &settings) == 0;
    remove_database(folder, path);
    return served ? 0 : 1;
}
