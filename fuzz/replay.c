/* Runs a fuzz target over files, where there is no fuzzer: a plain test of the corpus.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     fuzz_trace FILE-OR-FOLDER...
 *
 * Says how many inputs were run. None is a failure: a test must not pass because its corpus is not there. */
#include "property.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

static unsigned inputs;

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rbe");
    char *bytes = NULL;
    size_t count = 0;
    FILE *copy = open_memstream(&bytes, &count);
    if (!file || !copy) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    for (int c; (c = getc(file)) != EOF;) putc(c, copy);
    fclose(copy);
    fclose(file);
    /* Of its own size, so that what is read beyond is seen. */
    uint8_t *exact = malloc(count ? count : 1);
    if (!exact) return 1;
    memcpy(exact, bytes, count);
    LLVMFuzzerTestOneInput(exact, count);
    inputs++;
    free(exact);
    free(bytes);
    return 0;
}

static int run_folder(const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort), failures = count < 0;
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') failures += run_file(path);
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    return failures;
}

int main(int argc, char **argv)
{
    int failures = 0;
    for (int i = 1; i < argc; i++) {
        struct stat status;
        bool is_folder = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
        failures += is_folder ? run_folder(argv[i]) : run_file(argv[i]);
    }
    printf("%u inputs\n", inputs);
    return failures || !inputs;
}
