/* See wherelex.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/filter/wherelex.h"

#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_of_word(char c)
{
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return is_letter || (unsigned char)c >= 0x80 || (c && strchr("._-+:*?/@%#$", c));
}

static bool take_text(struct where_lexer *lexer, struct where_token *token, enum where_token_kind kind,
                      size_t bytes)
{
    token->kind = kind;
    token->bytes = bytes;
    token->text = arena_text(lexer->memory, lexer->text + lexer->at, bytes);
    lexer->at += bytes;
    return token->text != NULL;
}

static bool take_word(struct where_lexer *lexer, struct where_token *token)
{
    size_t bytes = 0;
    while (is_of_word(lexer->text[lexer->at + bytes])) bytes++;
    return take_text(lexer, token, WHERE_WORD, bytes);
}

static bool take_string(struct where_lexer *lexer, struct where_token *token)
{
    const char *from = lexer->text + lexer->at, quote = *from;
    char *text = arena_alloc(lexer->memory, strlen(from));
    if (!text) return false;
    size_t count = 0, at = 1;
    for (; from[at] && from[at] != quote; at++) {
        if (from[at] == '\\' && (from[at + 1] == quote || from[at + 1] == '\\')) at++;
        text[count++] = from[at];
    }
    token->kind = from[at] ? WHERE_STRING : WHERE_STRANGE;
    token->bytes = from[at] ? at + 1 : at;
    token->text = text;
    lexer->at += token->bytes;
    return true;
}

static bool take_sign(struct where_lexer *lexer, struct where_token *token)
{
    static const char *const signs[] = {"==", "!=", "<=", ">=", "=", "<", ">", "~", "!"};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strncmp(lexer->text + lexer->at, signs[i], strlen(signs[i])) == 0)
            return take_text(lexer, token, WHERE_SIGN, strlen(signs[i]));
    return take_text(lexer, token, WHERE_STRANGE, 1);
}

bool where_lexer_next(struct where_lexer *lexer, struct where_token *token)
{
    size_t before = lexer->at;
    while (is_space(lexer->text[lexer->at])) lexer->at++;
    char c = lexer->text[lexer->at];
    *token = (struct where_token){.at = lexer->at, .text = "", .is_glued = lexer->at == before};
    switch (c) {
    case 0: return token->kind = WHERE_END, true;
    case '(': return take_text(lexer, token, WHERE_OPEN, 1);
    case ')': return take_text(lexer, token, WHERE_CLOSE, 1);
    case ',': return take_text(lexer, token, WHERE_COMMA, 1);
    case '"':
    case '\'': return take_string(lexer, token);
    default: return is_of_word(c) ? take_word(lexer, token) : take_sign(lexer, token);
    }
}
