/* Logs, formatted or not, and what holds for every annotation. Part of semantics.c.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Formatted logs are compared with printf: behind each stands, as a log of category "printf", what snprintf makes
 * of the same arguments, and list_trace compares the two. */

#include <limits.h>
#include <locale.h>
#include <stdint.h>
#include <wchar.h>

static void case_log_plain(void)
{
    char category[] = "made at run time", message[] = "changes afterwards";
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
    cairn_log(task, "category", "message");
    cairn_log(task, "", "the category may be empty");
    cairn_log_dyn(task, category, message);
    memset(message, 'x', 3);
    memset(category, 'x', 3);
    cairn_log(CAIRN_BACKGROUND, "of", "no task");
    cairn_logf(task, "formatted", "without an argument, 100%%");
    cairn_logf_dyn(task, category, "%s and %d", message, 2);
    cairn_task_end(task);
}

/* `count` times the letter, then the tail. The caller frees it. */
static char *long_text(size_t count, const char *tail)
{
    char *text = (char *)malloc(count + strlen(tail) + 1);
    if (!text) abort();
    memset(text, 'x', count);
    memcpy(text + count, tail, strlen(tail) + 1);
    return text;
}

static void log_length(cairn_task task, size_t count, const char *tail)
{
    char *text = long_text(count, tail);
    cairn_log(task, "length", text);
    cairn_attr(task, "length", text);
    free(text);
}

/* Up to 64 KiB is kept whole; longer text is cut where a character begins. The tails are of 2, 3 and 4 bytes. */
static void case_log_lengths(void)
{
    const size_t limit = 65536, small[] = {0, 1, 3, 4, 5, 7, 8, 9, 11, 12, 13, 63, 64, 1000, 4000, 16300};
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++) log_length(task, small[i], "");
    log_length(task, limit - 1, "");
    log_length(task, limit, "");
    log_length(task, limit + 1, "");
    log_length(task, limit - 1, "\xc3\xa4");
    log_length(task, limit - 2, "\xc3\xa4\xc3\xa4");
    log_length(task, limit - 1, "\xe2\x82\xac");
    log_length(task, limit - 2, "\xe2\x82\xac");
    log_length(task, limit - 3, "\xe2\x82\xac");
    log_length(task, limit - 1, "\xf0\x9f\xaa\xa8 and on");
    log_length(task, limit - 3, "\xf0\x9f\xaa\xa8 and on");
    log_length(task, limit - 4, "\xf0\x9f\xaa\xa8 and on");
    log_length(task, limit - 2, "\xff\xff\xff\xff");
    log_length(task, limit - 1, "\x80\x80\x80\x80\x80");
    log_length(task, 1 << 20, "");
    cairn_region region = cairn_region_begin(task, "region");
    char *text = long_text(limit + 100, "");
    cairn_attr(region, "length", text);
    free(text);
    cairn_region_end(region);
    cairn_task_end(task);
}

static void case_log_bytes(void)
{
    char *null = NULL;
    cairn_log(CAIRN_BACKGROUND, "valid", "gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac \xf0\x9f\xaa\xa8");
    cairn_log(CAIRN_BACKGROUND, "invalid", "alone \x80, over \xc0\xaf, surrogate \xed\xa0\x80, \xfe\xff");
    cairn_log(CAIRN_BACKGROUND, "torn", "\xe2\x82");
    cairn_log(CAIRN_BACKGROUND, "control", "a\nb\tc\x1b[31m\x7f");
    cairn_log(CAIRN_BACKGROUND, "null", null);
    cairn_attr(CAIRN_BACKGROUND, "null", null);
    cairn_logf(CAIRN_BACKGROUND, "invalid", "%s|%c", "\xff\xfe", 0xe2);
    cairn_log_dyn(CAIRN_BACKGROUND, "\xff", "category that is not UTF-8");
    cairn_log_dyn(CAIRN_BACKGROUND, null, "category that is NULL");
}

#define LIKE_PRINTF(...)                                                                                     \
    do {                                                                                                     \
        char printed[512];                                                                                   \
        errno = ENOENT;                                                                                      \
        snprintf(printed, sizeof printed, __VA_ARGS__);                                                      \
        errno = ENOENT;                                                                                      \
        cairn_logf(CAIRN_BACKGROUND, "format", __VA_ARGS__);                                                 \
        cairn_log(CAIRN_BACKGROUND, "printf", printed);                                                      \
    } while (0)

/* %C, %S, %'d and the like are no ISO C. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat"

static void integers(void)
{
    LIKE_PRINTF("%d", -1);
    LIKE_PRINTF("%i", INT_MIN);
    LIKE_PRINTF("%u", UINT_MAX);
    LIKE_PRINTF("%x %X %o", 0xbeefu, 0xbeefu, 8u);
    LIKE_PRINTF("%#x %#X %#o", 0xbeefu, 0xbeefu, 8u);
    LIKE_PRINTF("%+d % d %05d %-5d|%5d", 1, 2, 3, 4, 5);
    LIKE_PRINTF("%.3d %8.3d %-8.3d|", 7, 7, 7);
    LIKE_PRINTF("%.0d|%.d", 0, 0);
    LIKE_PRINTF("%*d|%-*d|%*d", 6, 1, 6, 2, -6, 3);
    LIKE_PRINTF("%.*d|%.*d", 4, 5, -1, 6);
    LIKE_PRINTF("%*.*d", 8, 4, 5);
    LIKE_PRINTF("%hhd %hhu %hhx", -1, 255, 0x1ff);
    LIKE_PRINTF("%hd %hu", -32768, 65535);
    LIKE_PRINTF("%ld %lu %lx", LONG_MIN, ULONG_MAX, 1ul);
    LIKE_PRINTF("%lld %llu %llX", LLONG_MIN, ULLONG_MAX, 2ull);
    LIKE_PRINTF("%zu %zd", sizeof(int), (ssize_t)-1);
    LIKE_PRINTF("%jd %ju", (intmax_t)-1, UINTMAX_MAX);
    LIKE_PRINTF("%td", (ptrdiff_t)-5);
    LIKE_PRINTF("%qd", (long long)9);
    LIKE_PRINTF("%'d", 1234567);
    LIKE_PRINTF("%0*d", 7, 42);
    LIKE_PRINTF("%+.4i|% 08d", 12, -34);
    LIKE_PRINTF("%d%d%d%d%d%d%d%d", 1, 2, 3, 4, 5, 6, 7, 8);
    LIKE_PRINTF("%d %ld %d %ld %d", 1, 2l, 3, 4l, 5);
    LIKE_PRINTF("%d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                14, 15, 16);
    LIKE_PRINTF("%p %p", (void *)(uintptr_t)0x1234, (void *)NULL);
    LIKE_PRINTF("%20p|%-20p|", (void *)(uintptr_t)0xabcd, (void *)(uintptr_t)1);
}

static void floats(void)
{
    volatile double zero = 0;
    LIKE_PRINTF("%f %F", 1.5, -2.25);
    LIKE_PRINTF("%5.2f|%-8.3f|%08.2f", 3.14159, 2.71828, -1.5);
    LIKE_PRINTF("%+f % f %#.0f", 1.0, 2.0, 3.0);
    LIKE_PRINTF("%e %E", 12345.678, 0.00012);
    LIKE_PRINTF("%g %G %g", 1e20, 1e-5, 100000.0);
    LIKE_PRINTF("%#g %.3g", 1.0, 123456.0);
    LIKE_PRINTF("%a %A", 1.0, -0.5);
    LIKE_PRINTF("%.*f", 3, 2.0 / 3);
    LIKE_PRINTF("%*.*f|%-*.*f|", 9, 3, 2.0 / 3, 9, 1, 0.25);
    LIKE_PRINTF("%f %f %F", 1 / zero, -1 / zero, 1 / zero);
    LIKE_PRINTF("%f", zero / zero);
    LIKE_PRINTF("%.20f", 0.1);
    LIKE_PRINTF("%.0f %.0f", 0.5, 1.5);
    LIKE_PRINTF("%f", 1e300);
    LIKE_PRINTF("%Lf %Le %Lg", 1.5L, 2.5L, 3.5L);
    LIKE_PRINTF("%10.3Lf|%-10.1LF|", -1.25L, 2.5L);
    LIKE_PRINTF("%d %f %ld %g", 1, 2.5, 3l, 4.5);
    LIKE_PRINTF("%f %f %f %f %f", 1.0, 2.0, 3.0, 4.0, 5.0);
}

static void characters(void)
{
    char raw[4] = {'a', 'b', 'c', 'd'}; /* not terminated */
    const char *volatile null = NULL;
    const wchar_t *volatile wide_null = NULL;
    LIKE_PRINTF("%c%c%c", 'a', 0xe2, '\n');
    LIKE_PRINTF("%3c|%-3c|", 'a', 'b');
    LIKE_PRINTF("%s", "text");
    LIKE_PRINTF("%s%s", "", "second");
    LIKE_PRINTF("%10s|%-10s|%2s", "right", "left", "longer");
    LIKE_PRINTF("%.2s|%.0s|%.s|%.9s", "abc", "abc", "abc", "abc");
    LIKE_PRINTF("%.*s|%.*s", 2, "abc", -1, "abc");
    LIKE_PRINTF("%*.*s|%-*.*s|", 6, 2, "abc", 6, 2, "def");
    LIKE_PRINTF("%.4s %.*s", raw, 3, raw);
    LIKE_PRINTF("%s %10s", null, null);
    LIKE_PRINTF("%ls", wide_null);
    LIKE_PRINTF("%s %d %s %f %s", "a", 1, "b", 2.0, "c");
    LIKE_PRINTF("%ls|%10ls|%-10ls|", L"wide", L"right", L"left");
    LIKE_PRINTF("%ls", L"gr\u00fc\u00df \u20ac \U0001faa8");
    LIKE_PRINTF("%.3ls|%.4ls|%.6ls|", L"gr\u00fc\u00df", L"gr\u00fc\u00df", L"gr\u00fc\u00df");
    LIKE_PRINTF("%lc%lc|%4lc|%-4lc|", (wint_t)L'a', (wint_t)0x20ac, (wint_t)0xe4, (wint_t)0x1faa8);
    LIKE_PRINTF("%C %S", (wint_t)0xe4, L"wide \u00e4");
    LIKE_PRINTF("%m");
    LIKE_PRINTF("%30m|%-30m|%.5m");
    LIKE_PRINTF("%d %m %s", 1, "behind");
    LIKE_PRINTF("%%");
    LIKE_PRINTF("%d%% of %s%%", 5, "all");
}

static void case_logf_conversions(void)
{
    CHECK(setlocale(LC_CTYPE, "C.UTF-8") != NULL);
    integers();
    floats();
    characters();
}

static void refuse(int *place)
{
    cairn_logf(CAIRN_BACKGROUND, "refused", "writes %n", place);
    cairn_logf(CAIRN_BACKGROUND, "refused", "position %1$d", 1);
    cairn_logf(CAIRN_BACKGROUND, "refused", "position %2$*1$d", 1, 2);
    cairn_logf(CAIRN_BACKGROUND, "refused", "ends with %");
    cairn_logf(CAIRN_BACKGROUND, "refused", "unknown %y");
    cairn_logf(CAIRN_BACKGROUND, "refused", "17: %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d", 1, 2, 3,
               4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17);
    cairn_logf(CAIRN_BACKGROUND, "refused", "17: %*d %*d %*d %*d %*d %*d %*d %*d %d", 1, 2, 3, 4, 5, 6, 7, 8,
               9, 10, 11, 12, 13, 14, 15, 16, 17);
}

#pragma GCC diagnostic pop

static void case_logf_refused(void)
{
    int place = 7;
    refuse(&place);
    CHECK(place == 7);
}

static void case_logf_strings(void)
{
    char changing[] = "as it was";
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
    cairn_logf(task, "copied", "%s", changing);
    memset(changing, 'x', 2);
    cairn_logf(task, "20 bytes", "%s", "12345678901234567890");
    cairn_logf(task, "types", "%s %d %5.2f %c %zu", "text", 1, 2.5, 'c', (size_t)3);
    cairn_task_end(task);
}

/* All strings together are kept up to 64 KiB, and the message too. */
static void case_logf_limits(void)
{
    char *whole = long_text(65536, ""), *half = long_text(40000, ""), *huge = long_text(1 << 20, "");
    cairn_logf(CAIRN_BACKGROUND, "one", "%s", whole);
    cairn_logf(CAIRN_BACKGROUND, "two", "%s|%s|%d", half, half, 7);
    cairn_logf(CAIRN_BACKGROUND, "huge", "%d %s", 7, huge);
    cairn_logf(CAIRN_BACKGROUND, "cut by precision", "%.3s %.*s", huge, 5, huge);
    cairn_logf(CAIRN_BACKGROUND, "nothing left", "%s%s", whole, "end");
    free(whole);
    free(half);
    free(huge);
}

/* ---- What holds for every annotation ------------------------------------------------------------------------- */

/* While recording is off, nothing but the handles is evaluated, and those once. */
static void case_not_evaluated(void)
{
    int values = 0, handles = 0;
    cairn_task task = {1, 0};
    cairn_region region = {0, 0};
#define HANDLE(handle) (handles++, (handle))
#define VALUE(value) (values++, (value))
    cairn_task_end(HANDLE(task));
    cairn_task_fail_dyn(HANDLE(task), VALUE("reason"));
    cairn_task_begin_dyn(HANDLE(task), VALUE("type"));
    cairn_region_begin_dyn(HANDLE(task), VALUE("type"));
    cairn_region_end(HANDLE(region));
    cairn_region_at(HANDLE(task), "type", VALUE(1), 2);
    cairn_log(HANDLE(task), "category", VALUE("message"));
    cairn_logf(HANDLE(task), "category", "%d", VALUE(1));
    cairn_logf_dyn(HANDLE(task), VALUE("category"), "%d", VALUE(1));
    cairn_attr(HANDLE(task), "key", VALUE(1));
    cairn_attr(HANDLE(region), "key", VALUE("text"));
    cairn_counter("name", VALUE(1));
    CHECK(values == 0);
    CHECK(handles == 11);
}

#define KEEPS_ERRNO(call)                                                                                    \
    do {                                                                                                     \
        errno = 1234;                                                                                        \
        call;                                                                                                \
        CHECK(errno == 1234);                                                                                \
    } while (0)

static void annotate_all(cairn_task task, const char *text)
{
    const uint64_t now = now_ns();
    KEEPS_ERRNO(cairn_task_end(cairn_task_begin_dyn(task, text)));
    KEEPS_ERRNO(cairn_task_fail_dyn(cairn_task_begin(task, "type"), text));
    KEEPS_ERRNO(cairn_region_end(cairn_region_begin_dyn(task, text)));
    KEEPS_ERRNO(cairn_region_at(task, "type", now, now));
    KEEPS_ERRNO(cairn_log(task, "many", text));
    KEEPS_ERRNO(cairn_logf(task, "many", "%s %d", text, 1));
    KEEPS_ERRNO(cairn_attr(task, "key", text));
    KEEPS_ERRNO(cairn_counter_dyn(text, 1));
    KEEPS_ERRNO(cairn_link(task, task));
    KEEPS_ERRNO(cairn_thread_name(text));
    KEEPS_ERRNO(cairn_attach(cairn_current()));
}

static void *annotate_on_thread(void *argument)
{
    annotate_all(CAIRN_BACKGROUND, (const char *)argument);
    return NULL;
}

/* Also where a site is registered, a chunk is taken, and a thread takes part for the first time. */
static void case_errno_is_kept(void)
{
    char *text = long_text(70000, ""), first[] = "on a new thread", again[] = "again";
    annotate_all(CAIRN_BACKGROUND, again);
    annotate_all(CAIRN_BACKGROUND, again);
    for (int i = 0; i < 40; i++) KEEPS_ERRNO(cairn_log(CAIRN_BACKGROUND, "many", text));
    on_thread(annotate_on_thread, first);
    cairn_thread_name("main");
    free(text);
}
