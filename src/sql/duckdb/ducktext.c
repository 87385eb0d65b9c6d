/* The text of statements, as far as it must be known before DuckDB sees it. SPDX-License-Identifier: Apache-2.0
 *
 * A statement ends with a semicolon that is in none of: 'text', E'text with \'', "name", $tag$text$tag$, a comment to the end
 * of the line, a comment that may have others in it.
 */
#include "sql/duckdb/duckengine.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_name_part(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Each returns what is behind what begins at `at`; the end of the text, if that is not ended. */

static const char *behind_line(const char *at)
{
    return at + strcspn(at, "\n");
}

static const char *behind_comment(const char *at)
{
    size_t depth = 0;
    do {
        bool begins = at[0] == '/' && at[1] == '*', ends = at[0] == '*' && at[1] == '/';
        depth = depth + begins - ends;
        at += begins || ends ? 2 : 1;
    } while (*at && depth);
    return at;
}

/* A quote that is doubled is one in the text: here, the next text begins with it at once. */
static const char *behind_quotes(const char *at, bool has_escapes)
{
    char quote = *at++;
    for (; *at && *at != quote; at++)
        if (has_escapes && *at == '\\' && at[1]) at++;
    return *at ? at + 1 : at;
}

static const char *behind_dollars(const char *at)
{
    size_t tag = 1;
    while (is_name_part(at[tag])) tag++;
    if (at[tag] != '$') return at + 1; /* a parameter, or nothing */
    tag++;
    for (const char *end = at + tag; *end; end++)
        if (strncmp(end, at, tag) == 0) return end + tag;
    return at + strlen(at);
}

static const char *behind_name(const char *at)
{
    while (is_name_part(*at) || *at == '$') at++;
    return at;
}

static const char *behind_token(const char *at)
{
    if (at[0] == '-' && at[1] == '-') return behind_line(at);
    if (at[0] == '/' && at[1] == '*') return behind_comment(at);
    if ((*at == 'e' || *at == 'E') && at[1] == '\'') return behind_quotes(at + 1, true);
    if (*at == '\'' || *at == '"') return behind_quotes(at, false);
    if (*at == '$') return behind_dollars(at);
    return is_name_part(*at) ? behind_name(at) : at + 1;
}

size_t duck_text_bytes(const char *text, bool *is_ended)
{
    const char *at = text;
    while (*at && *at != ';') at = behind_token(at);
    *is_ended = *at == ';';
    return (size_t)(at - text) + *is_ended;
}

const char *duck_text_skip(const char *text)
{
    for (;;) {
        bool is_comment = strncmp(text, "--", 2) == 0 || strncmp(text, "/*", 2) == 0;
        if (!is_comment && (!*text || !strchr(" \t\r\n\f\v;", *text))) return text;
        text = behind_token(text);
    }
}

bool duck_text_may_run(const char *text)
{
    static const char *const words[] = {"SELECT", "FROM",    "WITH",      "VALUES", "TABLE", "DESCRIBE",
                                        "DESC",   "EXPLAIN", "SUMMARIZE", "SHOW",   "PIVOT", "UNPIVOT"};
    while (*text == '(') text = duck_text_skip(text + 1);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t bytes = strlen(words[i]);
        if (strncasecmp(text, words[i], bytes) == 0 && !is_name_part(text[bytes])) return true;
    }
    return false;
}
