/* See duckapi.h. SPDX-License-Identifier: Apache-2.0 */
#include "sql/duckdb/duckapi.h"

#include "cairn/cairn.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct duck_api duck;

/* The oldest whose functions and SQL do what is asked of them. */
enum { MAJOR = 1, MINOR_MIN = 4 };

static const struct {
    const char *name;
    size_t offset; /* in struct duck_api */
} functions[] = {
#define DUCK_ENTRY(name, result, parameters) {"duckdb_" #name, offsetof(struct duck_api, name)},
    DUCK_FUNCTIONS(DUCK_ENTRY)
#undef DUCK_ENTRY
};

static int not_loaded(struct cairn_error *error, const char *reason)
{
    return cairn__error_set(error, CAIRN_ENOTSUP, NULL, CAIRN_ERROR_NOWHERE,
                            "DuckDB's library cannot be loaded: %s. CAIRN_DUCKDB=/path/to/libduckdb.so names "
                            "it; it comes with https://duckdb.org/install (C/C++). "
                            "Without it: --engine sqlite",
                            reason);
}

static int of_no_use(struct cairn_error *error, const char *file, const char *what)
{
    return cairn__error_set(error, CAIRN_ENOTSUP, NULL, CAIRN_ERROR_NOWHERE,
                            "%s %s; needed is DuckDB %d.%d or a later %d. CAIRN_DUCKDB=/path/to/libduckdb.so "
                            "names another one. Without it: --engine sqlite",
                            file, what, MAJOR, MINOR_MIN, MAJOR);
}

/* The version comes first: of an old library it says more than the first function that is missing. */
static int check(const char *missing, const char *file, struct cairn_error *error)
{
    int major = 0, minor = 0;
    char what[96];
    const char *version = duck.library_version ? duck.library_version() : "";
    bool fits = sscanf(version, "v%d.%d", &major, &minor) == 2 && major == MAJOR && minor >= MINOR_MIN;
    if (fits && !missing) return 0;
    if (*version && !fits)
        snprintf(what, sizeof what, "is DuckDB %.40s", version);
    else
        snprintf(what, sizeof what, "has no %.60s", missing);
    return of_no_use(error, file, what);
}

int duck_api_load(struct cairn_error *error)
{
    const char *given = getenv("CAIRN_DUCKDB"), *file = given && *given ? given : "libduckdb.so";
    const char *missing = NULL;
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!library) return not_loaded(error, dlerror());
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *found = dlsym(library, functions[i].name);
        if (!found && !missing) missing = functions[i].name;
        memcpy((char *)&duck + functions[i].offset, &found,
               sizeof found); /* POSIX: a function fits into it */
    }
    return check(missing, file, error);
}
