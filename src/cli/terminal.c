/* What the terminal is, and progress on it. SPDX-License-Identifier: Apache-2.0
 *
 * Rules: the state below belongs to the one thread that prints.
 */
#include "cli/cli.h"

#include "trace/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

int cli_report(const struct cairn_error *error)
{
    fprintf(stderr, "cairn: ");
    if (error->path[0]) fprintf(stderr, "%s: ", error->path);
    if (error->offset != CAIRN_ERROR_NOWHERE) fprintf(stderr, "at offset %" PRId64 ": ", error->offset);
    fprintf(stderr, "%s\n", error->text);
    return CLI_TROUBLE;
}

int cli_out_of_memory(void)
{
    fprintf(stderr, "cairn: out of memory\n");
    return CLI_TROUBLE;
}

static bool lacks_something;

void cli_note_lack(void)
{
    if (!lacks_something) fprintf(stderr, "cairn: out of memory: the answer is not complete\n");
    lacks_something = true;
}

bool cli_lacks_something(void)
{
    return lacks_something;
}

bool cli_colour(void)
{
    const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");
    if (refused && *refused) return false;
    return isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

unsigned cli_width(void)
{
    struct winsize size;
    uint64_t columns;
    const char *wanted = getenv("COLUMNS");
    if (wanted && cli_parse_count(wanted, &columns) && columns >= 20 && columns <= 10000)
        return (unsigned)columns;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) return size.ws_col;
    return 80;
}

/* ---- Progress -------------------------------------------------------------------------------------- */

static double progress_begin_s; /* 0: nothing runs */
static double progress_shown_s;
static bool progress_is_shown;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool cli_progress(void *label, double fraction)
{
    double now = now_s();
    if (progress_begin_s == 0) progress_begin_s = progress_shown_s = now;
    if (now - progress_begin_s < 1 || now - progress_shown_s < 0.2 || !isatty(STDERR_FILENO)) return true;
    double spent = now - progress_begin_s;
    double left = fraction > 0.001 ? spent / fraction - spent : 0;
    fprintf(stderr, "\r%s %3.0f %%, %.1f %% per second, %.0f s left \033[K", (const char *)label,
            fraction * 100, fraction * 100 / spent, left);
    fflush(stderr);
    progress_shown_s = now;
    progress_is_shown = true;
    return true;
}

void cli_progress_done(void)
{
    if (progress_is_shown) fprintf(stderr, "\r\033[K");
    progress_begin_s = 0;
    progress_is_shown = false;
}
