/* See sqlprompt.h. SPDX-License-Identifier: Apache-2.0
 *
 * Lines are gathered until they make a whole statement, which ends with a semicolon. A line that begins with a dot is for the
 * prompt itself. Ctrl-C throws away what was typed, Ctrl-D ends.
 *
 * Characters are read here and not by libedit, which would go on reading after a signal.
 */
#include "cli/sql/sqlprompt.h"

#include "cli/cli.h"
#include "cli/print/show.h"

#include <ctype.h>
#include <errno.h>
#include <histedit.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

enum {
    HISTORY_LINES = 1000,
    NAME_BYTES = 64,
    PATH_BYTES = 4096,
    CHARACTER_BYTES_MAX = 8,
    KEYWORDS_MAX = 256
};

typedef VECTOR(char) text_buffer;

struct prompt {
    const struct sqlrun *run;
    EditLine *edit;
    History *history;
    text_buffer statement; /* gathered so far, terminated */
    char history_path[PATH_BYTES];
    bool is_done;
};

static bool append(text_buffer *buffer, const char *text, size_t bytes)
{
    if (!vector_reserve(buffer, buffer->count + bytes + 1)) return false;
    memcpy(buffer->items + buffer->count, text, bytes);
    buffer->count += bytes;
    buffer->items[buffer->count] = 0;
    return true;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n;")] == 0;
}

/* ---- Dot commands --------------------------------------------------------------------------------------------- */

bool sqlprompt_schema(FILE *out, const char *name)
{
    bool any = false;
    for (unsigned i = 0; i < sql_table_count; i++) {
        const struct sql_table *table = &sql_tables[i];
        if (name && strcasecmp(name, table->name) != 0) continue;
        fprintf(out, "%s-- %s\nCREATE TABLE %s (\n", any ? "\n" : "", table->doc, table->name);
        for (unsigned j = 0; j < table->column_count; j++) {
            const struct sql_column *column = &table->columns[j];
            fprintf(out, "  %s %s%s%s -- %s\n", column->name, sql_type_name(column->type),
                    sql_column_is_hidden(column) ? " HIDDEN" : "", j + 1 < table->column_count ? "," : "",
                    column->doc);
        }
        fprintf(out, ");\n");
        any = true;
    }
    return any;
}

static void print_tables(void)
{
    for (unsigned i = 0; i < sql_table_count; i++)
        printf("%-18s %s\n", sql_tables[i].name, sql_tables[i].doc);
    for (unsigned i = 0; sql_functions[i].name; i++)
        printf("%s%s\n    %s\n", sql_functions[i].name, sql_functions[i].arguments, sql_functions[i].doc);
}

static void print_help(void)
{
    printf("A statement ends with a semicolon and may have several lines.\n"
           "  .tables          all tables and functions\n"
           "  .schema [TABLE]  their columns\n"
           "  .help            this\n"
           "  .quit            ends, as Ctrl-D does\n"
           "Tab completes names; Ctrl-C stops a query.\n");
}

/* True: the prompt is to end. */
static bool run_dot(const char *line)
{
    char command[32] = "", name[64] = "";
    sscanf(line, "%31s %63s", command, name);
    if (strcmp(command, ".quit") == 0 || strcmp(command, ".exit") == 0) return true;
    if (strcmp(command, ".tables") == 0)
        print_tables();
    else if (strcmp(command, ".help") == 0)
        print_help();
    else if (strcmp(command, ".schema") != 0)
        fprintf(stderr, "cairn sql: there is no %s; .help lists what there is\n", command);
    else if (!sqlprompt_schema(stdout, *name ? name : NULL))
        fprintf(stderr, "cairn sql: there is no table %s; .tables lists them\n", name);
    return false;
}

/* ---- Lines ---------------------------------------------------------------------------------------------------- */

/* Takes a line; runs the statement if it is whole. CLI_OK, or what went wrong. */
static int take_line(struct prompt *prompt, const char *line, size_t bytes)
{
    if (!prompt->statement.count && line[0] == '.') return prompt->is_done = run_dot(line), CLI_OK;
    if (!append(&prompt->statement, line, bytes)) return cli_out_of_memory();
    if (!sql_is_complete(prompt->run->session, prompt->statement.items)) {
        if (is_blank(prompt->statement.items)) prompt->statement.count = 0;
        return CLI_OK;
    }
    int code = sqlrun_text(prompt->run, prompt->statement.items);
    prompt->statement.count = 0;
    return code;
}

/* What has no semicolon at the end of the input. */
static int take_rest(struct prompt *prompt)
{
    if (!prompt->statement.count || is_blank(prompt->statement.items)) return CLI_OK;
    return sqlrun_text(prompt->run, prompt->statement.items);
}

int sqlprompt_run_pipe(const struct sqlrun *run)
{
    struct prompt prompt = {.run = run};
    char *line = NULL;
    size_t room = 0;
    ssize_t bytes;
    int code = CLI_OK;
    while (code == CLI_OK && !prompt.is_done && (bytes = getline(&line, &room, stdin)) > 0)
        code = take_line(&prompt, line, (size_t)bytes);
    if (code == CLI_OK) code = take_rest(&prompt);
    free(line);
    vector_free(&prompt.statement);
    return code;
}

/* ---- Completion ----------------------------------------------------------------------------------------------- */

static bool is_name_part(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

struct completion {
    const char *prefix; /* `length` long, not terminated */
    size_t length;
    VECTOR(const char *) found; /* each once */
};

static void offer(struct completion *completion, const char *name)
{
    if (strncasecmp(name, completion->prefix, completion->length) != 0) return;
    for (size_t i = 0; i < completion->found.count; i++)
        if (strcasecmp(completion->found.items[i], name) == 0) return;
    vector_push(&completion->found, name); /* without memory there is one name less to choose from */
}

static void offer_all(struct completion *completion)
{
    static char keywords[KEYWORDS_MAX][SQL_WORD_BYTES];
    for (unsigned i = 0; completion->length && i < KEYWORDS_MAX && sql_keyword(i, keywords[i]); i++) {
        for (char *c = keywords[i]; *c && islower((unsigned char)*completion->prefix); c++)
            *c = (char)tolower((unsigned char)*c);
        offer(completion, keywords[i]);
    }
    for (unsigned i = 0; i < sql_table_count; i++) {
        offer(completion, sql_tables[i].name);
        for (unsigned j = 0; j < sql_tables[i].column_count; j++)
            offer(completion, sql_tables[i].columns[j].name);
    }
    for (unsigned i = 0; sql_functions[i].name; i++) offer(completion, sql_functions[i].name);
}

/* How far all that was found goes on alike. */
static size_t common_length(const struct completion *completion)
{
    const char *first = completion->found.items[0];
    size_t length = strlen(first);
    for (size_t i = 1; i < completion->found.count; i++) {
        size_t same = 0;
        while (same < length && tolower((unsigned char)first[same]) ==
                                    tolower((unsigned char)completion->found.items[i][same]))
            same++;
        length = same;
    }
    return length;
}

static void list(const struct completion *completion)
{
    unsigned width = 0;
    printf("\n");
    for (size_t i = 0; i < completion->found.count; i++) {
        unsigned length = (unsigned)strlen(completion->found.items[i]) + 2;
        if (width && width + length > cli_width()) printf("\n"), width = 0;
        printf("%s  ", completion->found.items[i]);
        width += length;
    }
    printf("\n");
    fflush(stdout);
}

static unsigned char complete(EditLine *edit, int key)
{
    const LineInfo *line = el_line(edit);
    const char *begin = line->cursor;
    unsigned char result = CC_ERROR;
    (void)key;
    while (begin > line->buffer && is_name_part(begin[-1])) begin--;
    struct completion completion = {.prefix = begin, .length = (size_t)(line->cursor - begin)};
    offer_all(&completion);
    if (completion.found.count) {
        char text[NAME_BYTES];
        size_t common = common_length(&completion);
        bool is_one = completion.found.count == 1;
        if (common > completion.length || is_one) {
            snprintf(text, sizeof text, "%.*s%s", (int)common, completion.found.items[0], is_one ? " " : "");
            el_deletestr(edit, (int)completion.length);
            el_insertstr(edit, text);
            result = CC_REFRESH;
        } else {
            list(&completion);
            result = CC_REDISPLAY;
        }
    }
    vector_free(&completion.found);
    return result;
}

/* ---- The terminal --------------------------------------------------------------------------------------------- */

static char *prompt_text(EditLine *edit)
{
    static char first[] = "sql> ", further[] = "...> ";
    struct prompt *prompt;
    el_get(edit, EL_CLIENTDATA, &prompt);
    return prompt->statement.count ? further : first;
}

/* One character; 0 at the end, -1 after Ctrl-C. */
static int read_character(EditLine *edit, wchar_t *character)
{
    mbstate_t state = {0};
    (void)edit;
    for (int bytes = 0; bytes < CHARACTER_BYTES_MAX; bytes++) {
        char byte;
        ssize_t count;
        while ((count = read(STDIN_FILENO, &byte, 1)) < 0 && errno == EINTR && !sqlrun_was_interrupted()) {
        }
        if (count <= 0) return (int)count;
        size_t used = mbrtowc(character, &byte, 1, &state);
        if (used != (size_t)-2) return *character = used == (size_t)-1 ? L'?' : *character, 1;
    }
    return 0;
}

/* Makes the folders above a file. */
static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0700); /* most are there; that the last is missing shows when history is saved */
        *slash = '/';
    }
}

/* No home, no history. */
static void find_history(struct prompt *prompt)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (state && *state == '/')
        snprintf(prompt->history_path, PATH_BYTES, "%s/cairn/sql_history", state);
    else if (home && *home == '/')
        snprintf(prompt->history_path, PATH_BYTES, "%s/.local/state/cairn/sql_history", home);
    if (*prompt->history_path) make_folders(prompt->history_path);
}

static bool open_edit(struct prompt *prompt)
{
    HistEvent event;
    prompt->edit = el_init("cairn", stdin, stdout, stderr);
    prompt->history = history_init();
    if (!prompt->edit || !prompt->history) return false;
    history(prompt->history, &event, H_SETSIZE, HISTORY_LINES);
    history(prompt->history, &event, H_SETUNIQUE, 1);
    find_history(prompt);
    if (*prompt->history_path) history(prompt->history, &event, H_LOAD, prompt->history_path);
    el_set(prompt->edit, EL_CLIENTDATA, prompt);
    el_set(prompt->edit, EL_PROMPT, prompt_text);
    el_set(prompt->edit, EL_EDITOR, "emacs");
    el_set(prompt->edit, EL_HIST, history, prompt->history);
    el_set(prompt->edit, EL_GETCFN, read_character);
    /* The wide form: the other one makes copies that libedit never frees. */
    el_wset(prompt->edit, EL_ADDFN, L"complete-name", L"complete a name", complete);
    el_set(prompt->edit, EL_BIND, "^I", "complete-name", NULL);
    el_set(prompt->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_source(prompt->edit, NULL);
    return true;
}

static void close_edit(struct prompt *prompt)
{
    HistEvent event;
    if (prompt->history && *prompt->history_path)
        history(prompt->history, &event, H_SAVE, prompt->history_path);
    if (prompt->history) history_end(prompt->history);
    if (prompt->edit) el_end(prompt->edit);
    vector_free(&prompt->statement);
}

/* False: the input has ended. */
static bool read_line(struct prompt *prompt)
{
    HistEvent event;
    int bytes;
    sqlrun_forget_interrupt();
    const char *line = el_gets(prompt->edit, &bytes);
    if (sqlrun_was_interrupted()) {
        el_reset(prompt->edit);
        prompt->statement.count = 0;
        printf("^C\n");
        return true;
    }
    if (!line || bytes <= 0) return false;
    if (!is_blank(line)) history(prompt->history, &event, H_ENTER, line);
    take_line(prompt, line, (size_t)bytes); /* what went wrong has been told */
    return !prompt->is_done;
}

int sqlprompt_run(const struct sqlrun *run)
{
    struct prompt prompt = {.run = run};
    bool ready = open_edit(&prompt);
    if (ready) printf("SQL over the trace; .help tells more.\n");
    while (ready && read_line(&prompt)) {
    }
    if (ready && !prompt.is_done) printf("\n");
    close_edit(&prompt);
    return ready ? CLI_OK : cli_out_of_memory();
}
