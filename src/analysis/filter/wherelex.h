/* The words of a filter expression. SPDX-License-Identifier: Apache-2.0
 *
 *   word      letters, digits, bytes of UTF-8 and any of . _ - + : * ? / @ % # $   checkout, 10ms, worker-*, 2:7f3, attr.user
 *   string    between " and " or ' and '; \ before the quote or another \ takes it as it is
 *   sign      ( ) , = == != < <= > >= ~ !
 *
 * What a word means, a field, a number or a text, depends on where it stands: that is the parser's to know.
 */
#ifndef CAIRN_ANALYSIS_WHERELEX_H
#define CAIRN_ANALYSIS_WHERELEX_H

#include "base/base.h"

enum where_token_kind {
    WHERE_END,
    WHERE_WORD,
    WHERE_STRING,
    WHERE_OPEN,
    WHERE_CLOSE,
    WHERE_COMMA,
    WHERE_SIGN,   /* a comparison: `text` is it */
    WHERE_STRANGE /* what begins no token: a character, or a string without its end */
};

struct where_token {
    enum where_token_kind kind;
    size_t at, bytes; /* in the expression, quotes and all */
    const char *text; /* of a word, string or sign: terminated, from the arena */
    bool is_glued;    /* nothing is between it and the token before */
};

struct where_lexer {
    const char *text; /* terminated */
    size_t at;
    struct arena *memory; /* for the tokens' texts */
};

/* The next token; after the last one WHERE_END, again and again. False if memory ran out. */
bool where_lexer_next(struct where_lexer *lexer, struct where_token *token);

#endif
