/* What options of `cairn record` and `cairn start` become for the library. SPDX-License-Identifier: Apache-2.0 */
#include "cli/record/recordsettings.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct cli_command command = {.name = "test", .arguments = ""};

static void assert_made(const struct record_options *options, const char *wanted)
{
    char made[4096] = "";
    struct record_settings settings;
    assert_int_equal(record_settings_make(&settings, &command, options, false), CLI_OK);
    for (size_t i = 0; i < settings.count; i++) {
        size_t used = strlen(made);
        snprintf(made + used, sizeof made - used, "%s=%s;", settings.items[i].name, settings.items[i].value);
    }
    record_settings_free(&settings);
    assert_string_equal(made, wanted);
}

static void assert_refused(const struct record_options *options, bool has_window)
{
    struct record_settings settings;
    int code = record_settings_make(&settings, &command, options, has_window);
    record_settings_free(&settings);
    assert_int_equal(code, CLI_USAGE);
}

static void says_nothing_of_what_is_not_given(void **state)
{
    (void)state;
    assert_made(&(struct record_options){0}, "");
}

static void hands_on_plain_units(void **state)
{
    (void)state;
    assert_made(&(struct record_options){.window = "16M"}, "CAIRN_WINDOW=16777216;");
    assert_made(&(struct record_options){.window = "10s"}, "CAIRN_WINDOW=10000000000ns;");
    assert_made(&(struct record_options){.window = "1.5MiB,1.5m"}, "CAIRN_WINDOW=1572864,90000000000ns;");
    assert_made(&(struct record_options){.limit = 65536}, "CAIRN_LIMIT=65536;");
    assert_made(&(struct record_options){.sample = "GET *=100,*=10"}, "CAIRN_SAMPLE=GET *=100,*=10;");
    assert_made(&(struct record_options){.window = "1M", .slow = "a=b=200ms,*=1s"},
                "CAIRN_WINDOW=1048576;CAIRN_SLOW=a=b=200000000ns,*=1000000000ns;");
    assert_made(&(struct record_options){.window = "1M", .failed = "*", .signal = "SIGHUP"},
                "CAIRN_WINDOW=1048576;CAIRN_SNAPSHOT_SIGNAL=1;CAIRN_FAILED=*;");
    assert_made(&(struct record_options){.window = "1M", .signal = "40"},
                "CAIRN_WINDOW=1048576;CAIRN_SNAPSHOT_SIGNAL=40;");
    assert_made(&(struct record_options){.types = "a,b", .no_helper = true, .no_fork = true},
                "CAIRN_TYPES=a,b;CAIRN_HELPER=off;CAIRN_FORK=off;");
    assert_made(&(struct record_options){.interval_ns = 5, .snapshots_max = 7, .snapshots = "/x/%p-%n.cairn"},
                "CAIRN_SNAPSHOT_INTERVAL=5ns;CAIRN_SNAPSHOTS_MAX=7;CAIRN_SNAPSHOT=/x/%p-%n.cairn;");
}

static void refuses_what_the_library_would(void **state)
{
    (void)state;
    static const char *const windows[] = {"", "0", "16M,", "lots", "10x", "-1M", "16M;10s"};
    static const char *const samples[] = {"", "*", "=5", "*=", "*=0", "*=x", "*=5,", "a=-1"};
    static const char *const slow[] = {"*", "*=5", "*=0s", "=5s", "a=1s,b"};
    static const char *const signals[] = {"", "NONE", "0", "9", "19", "1000", "usr2"};
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
        assert_refused(&(struct record_options){.window = windows[i]}, false);
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        assert_refused(&(struct record_options){.sample = samples[i]}, false);
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++)
        assert_refused(&(struct record_options){.slow = slow[i], .window = "1M"}, false);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        assert_refused(&(struct record_options){.signal = signals[i], .window = "1M"}, false);
}

static void refuses_what_makes_no_sense_together(void **state)
{
    (void)state;
    struct record_settings settings;
    const struct record_options slow = {.slow = "*=1s"};
    assert_refused(&slow, false);
    assert_refused(&(struct record_options){.failed = "*"}, false);
    assert_refused(&(struct record_options){.signal = "USR2"}, false);
    assert_refused(&(struct record_options){.signal = "USR2", .window = "1M", .no_helper = true}, false);
    assert_refused(&(struct record_options){.window = "1M", .limit = 65536}, false);
    assert_refused(&(struct record_options){.snapshots_max = (uint64_t)UINT32_MAX + 1}, false);
    assert_int_equal(record_settings_make(&settings, &command, &slow, true), CLI_OK);
    record_settings_free(&settings);
}

/* As the library reads it: %% is a %, anything else stands for something. */
static void only_the_given_path_is_a_pattern(void **state)
{
    (void)state;
    char folder[] = "/tmp/cairn-%p-XXXXXX", before[PATH_MAX], wanted[PATH_MAX];
    struct record_settings settings = {0};
    assert_non_null(getcwd(before, sizeof before));
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    bool added = record_settings_add_path(&settings, "A", "./%n/x", false) &&
                 record_settings_add_path(&settings, "A", "100%", true) &&
                 record_settings_add_path(&settings, "A", "/%p", false);
    int back = chdir(before);
    rmdir(folder);
    assert_true(added);
    assert_int_equal(back, 0);
    snprintf(wanted, sizeof wanted, "/tmp/cairn-%%%%p-%s/%%n/x", folder + strlen(folder) - 6);
    assert_string_equal(settings.items[0].value, wanted);
    snprintf(wanted, sizeof wanted, "/tmp/cairn-%%%%p-%s/100%%%%", folder + strlen(folder) - 6);
    assert_string_equal(settings.items[1].value, wanted);
    assert_string_equal(settings.items[2].value, "/%p");
    record_settings_free(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_nothing_of_what_is_not_given),
        cmocka_unit_test(hands_on_plain_units),
        cmocka_unit_test(refuses_what_the_library_would),
        cmocka_unit_test(refuses_what_makes_no_sense_together),
        cmocka_unit_test(only_the_given_path_is_a_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
