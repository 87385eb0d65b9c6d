/* From a filter expression to a program: see where.h. SPDX-License-Identifier: Apache-2.0
 *
 * 1. Conditions are parsed as they come, each into one step that asks it.
 * 2. Operators wait on a stack until what they apply to is complete (the shunting-yard algorithm), so that nothing recurses.
 *    `and` and `or` write their skip when they are met, and where it goes to when they leave the stack.
 *
 * After an operand an operator is due, and the reverse; everything else is an error at that place.
 */
#include "analysis/filter/wherecondition.h"
#include "analysis/filter/wherelex.h"
#include "analysis/taskdetail.h"
#include "cairn/cairn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* By how tight they bind. */
enum operator_kind { OPENED, OR, AND, NOT };

struct waiting {
    enum operator_kind kind;
    size_t at;   /* in the expression */
    size_t step; /* of AND and OR: their skip */
};

struct where_parser {
    struct analysis_where *where;
    struct where_lexer lexer;
    struct where_token token; /* the next */
    struct waiting stack[ANALYSIS_WHERE_DEPTH_MAX];
    size_t depth;
    struct where_fault fault;
};

static bool fail_at(struct where_parser *parser, size_t at, const char *text)
{
    return where_fault_set(&parser->fault, CAIRN_EINVAL, at, "%s", text);
}

static bool no_memory(struct where_parser *parser)
{
    return where_fault_set(&parser->fault, CAIRN_ENOMEM, 0, "Out of memory.");
}

static bool advance(struct where_parser *parser)
{
    return where_lexer_next(&parser->lexer, &parser->token) || no_memory(parser);
}

static bool is_word(const struct where_token *token, const char *word)
{
    return token->kind == WHERE_WORD && strcmp(token->text, word) == 0;
}

static bool unexpected(struct where_parser *parser, const char *wanted)
{
    const struct where_token *token = &parser->token;
    char first = parser->lexer.text[token->at];
    if (token->kind == WHERE_STRANGE && (first == '"' || first == '\''))
        return fail_at(parser, token->at, "the text that begins here has no end quote");
    if (token->kind == WHERE_END)
        return where_fault_set(&parser->fault, CAIRN_EINVAL, token->at, "the expression ends where %s is due",
                               wanted);
    return where_fault_set(&parser->fault, CAIRN_EINVAL, token->at, "%s is due here, not '%.*s'", wanted,
                           where_quoted_bytes(token->text), token->text);
}

/* ---- Conditions ---------------------------------------------------------------------------------------- */

static void read_word(struct where_value *value)
{
    char *end;
    value->kind = WHERE_IS_TEXT;
    value->flag = strcmp(value->text, "true") == 0;
    if (value->flag || strcmp(value->text, "false") == 0) {
        value->kind = WHERE_IS_BOOL;
        return;
    }
    value->number = strtold(value->text, &end);
    if (end != value->text && !*end && isfinite(value->number))
        value->kind = WHERE_IS_NUMBER;
    else if (quantity_duration(value->text, &value->ns))
        value->kind = WHERE_IS_DURATION;
}

static bool take_value(struct where_parser *parser, struct where_value *value)
{
    const struct where_token *token = &parser->token;
    if (token->kind != WHERE_WORD && token->kind != WHERE_STRING) return unexpected(parser, "a value");
    *value = (struct where_value){.kind = WHERE_IS_TEXT, .text = token->text, .at = token->at};
    if (token->kind == WHERE_WORD) read_word(value);
    return advance(parser);
}

static bool add_value(struct where_parser *parser, struct where_condition *condition)
{
    size_t count = condition->value_count, room = count + 1;
    struct arena *memory = &parser->where->memory;
    if (count == ANALYSIS_WHERE_VALUES_MAX) return fail_at(parser, parser->token.at, "the list is too long");
    if (!(count & (count - 1))) { /* doubled; what was before stays in the arena */
        struct where_value *grown = arena_alloc(memory, 2 * room * sizeof *grown);
        if (!grown) return no_memory(parser);
        if (count) memcpy(grown, condition->values, count * sizeof *grown);
        condition->values = grown;
    }
    return take_value(parser, &condition->values[condition->value_count++]);
}

static bool take_list(struct where_parser *parser, struct where_condition *condition)
{
    if (parser->token.kind != WHERE_OPEN) return unexpected(parser, "a list, as in (a, b),");
    do {
        if (!advance(parser) || !add_value(parser, condition)) return false;
    } while (parser->token.kind == WHERE_COMMA);
    if (parser->token.kind != WHERE_CLOSE) return unexpected(parser, "',' or ')'");
    return advance(parser);
}

static bool sign_of(const struct where_token *token, enum where_sign *sign)
{
    static const struct {
        const char *text;
        enum where_sign sign;
    } signs[] = {{"=", WHERE_EQUAL},    {"==", WHERE_EQUAL}, {"!=", WHERE_UNEQUAL},  {"<", WHERE_LESS},
                 {"<=", WHERE_AT_MOST}, {">", WHERE_MORE},   {">=", WHERE_AT_LEAST}, {"~", WHERE_CONTAINS}};
    for (size_t i = 0; token->kind == WHERE_SIGN && i < sizeof signs / sizeof signs[0]; i++)
        if (strcmp(signs[i].text, token->text) == 0) return *sign = signs[i].sign, true;
    return false;
}

static bool take_comparison(struct where_parser *parser, struct where_condition *condition)
{
    if (is_word(&parser->token, "in")) {
        condition->sign = WHERE_IN;
        return advance(parser) && take_list(parser, condition);
    }
    if (sign_of(&parser->token, &condition->sign)) return advance(parser) && add_value(parser, condition);
    condition->sign = WHERE_EQUAL;
    return condition->field->kind == WHERE_FLAG || unexpected(parser, "a comparison, such as = or ~,");
}

static bool no_such_field(struct where_parser *parser)
{
    char name[WHERE_NAME_BYTES];
    enum analysis_subject subject = parser->where->subject;
    const char *like = where_field_suggest(subject, parser->token.text, name);
    return where_fault_set(&parser->fault, CAIRN_EINVAL, parser->token.at,
                           "there is no field '%.*s' of %s%s%s%s", where_quoted_bytes(parser->token.text),
                           parser->token.text, where_subject_name(subject), like ? "; did you mean '" : "",
                           like ? like : "", like ? "'?" : "; `cairn help filters` lists them");
}

static bool take_field(struct where_parser *parser, struct where_condition *condition)
{
    if (parser->token.kind != WHERE_WORD) return unexpected(parser, "a condition");
    condition->field = where_field_find(parser->where->subject, parser->token.text, &condition->key);
    if (!condition->field) return no_such_field(parser);
    if (!advance(parser)) return false;
    if (!condition->key || *condition->key) return true;
    if (parser->token.kind != WHERE_STRING || !parser->token.is_glued)
        return unexpected(parser, "the key of the attribute");
    condition->key = parser->token.text;
    return advance(parser);
}

/* What a condition needs, so that it can be asked. False if memory ran out. */
static bool defer(struct analysis_where *where, struct where_condition *condition)
{
    enum where_what what = condition->field->what;
    enum where_known known = condition->field->known;
    bool has_end = where->subject == ANALYSIS_TASKS;
    condition->is_deferred = known == WHERE_KNOWN_BY_DETAILS || (known == WHERE_KNOWN_AT_END && !has_end);
    if (!condition->is_deferred) return true;
    if (where->deferred_count % 4 == 0 && !vector_push(&where->outcomes, (struct analysis_ids){0}))
        return false;
    condition->outcome = where->deferred_count++;
    if (what == WHERE_TASK_ATTR) where->wanted |= ANALYSIS_DETAIL_ATTRS;
    if (what == WHERE_TASK_SUBTASKS) where->wanted |= ANALYSIS_DETAIL_SUBTASKS;
    if (what == WHERE_TASK_LOG && condition->sign != WHERE_HAS) where->needs_text = true;
    if (what == WHERE_TASK_LOG || what == WHERE_TASK_CATEGORY || what == WHERE_TASK_REGION ||
        what == WHERE_TASK_THREAD)
        condition->mark = UINT64_C(1) << where->mark_count++;
    return true;
}

static bool add_step(struct where_parser *parser, struct where_step step)
{
    return vector_push(&parser->where->program, step) || no_memory(parser);
}

static bool add_condition(struct where_parser *parser, struct where_condition *condition, size_t at)
{
    struct analysis_where *where = parser->where;
    if (where->conditions.count == ANALYSIS_WHERE_CONDITIONS_MAX)
        return fail_at(parser, at, "this is one condition too many: there may be 64");
    if (!where_condition_make(condition, at, where->info, &where->memory, &parser->fault)) return false;
    if (!defer(where, condition)) return no_memory(parser);
    struct where_step step = {WHERE_ASK, (uint32_t)where->conditions.count};
    return vector_push(&where->conditions, *condition) ? add_step(parser, step) : no_memory(parser);
}

static bool take_condition(struct where_parser *parser)
{
    struct where_condition condition = {0};
    bool has = is_word(&parser->token, "has");
    if (has && !advance(parser)) return false;
    if (!take_field(parser, &condition)) return false;
    size_t at = parser->token.at;
    if (!has && !take_comparison(parser, &condition)) return false;
    return add_condition(parser, &condition, at);
}

/* ---- Operators ----------------------------------------------------------------------------------------- */

static bool push(struct where_parser *parser, enum operator_kind kind, size_t step)
{
    if (parser->depth == ANALYSIS_WHERE_DEPTH_MAX)
        return fail_at(parser, parser->token.at, "the expression is nested too deeply");
    parser->stack[parser->depth++] = (struct waiting){.kind = kind, .at = parser->token.at, .step = step};
    return advance(parser);
}

/* Completes operators down to those that bind less than `kind`. */
static bool complete(struct where_parser *parser, enum operator_kind kind)
{
    struct analysis_where *where = parser->where;
    while (parser->depth && parser->stack[parser->depth - 1].kind >= kind) {
        const struct waiting *done = &parser->stack[--parser->depth];
        if (done->kind != NOT)
            where->program.items[done->step].argument = (uint32_t)where->program.count;
        else if (!add_step(parser, (struct where_step){.kind = WHERE_NOT}))
            return false;
    }
    return true;
}

static bool close(struct where_parser *parser)
{
    if (!complete(parser, OR)) return false;
    if (!parser->depth) return fail_at(parser, parser->token.at, "this parenthesis was not opened");
    parser->depth--;
    return advance(parser) && complete(parser, NOT);
}

static bool join(struct where_parser *parser, enum operator_kind kind)
{
    if (!complete(parser, kind)) return false;
    size_t step = parser->where->program.count;
    return add_step(parser,
                    (struct where_step){.kind = kind == AND ? WHERE_UNLESS_TRUE : WHERE_UNLESS_FALSE}) &&
           push(parser, kind, step);
}

/* Up to an operand and over it. */
static bool take_operand(struct where_parser *parser)
{
    for (;;) {
        bool is_not = is_word(&parser->token, "not") ||
                      (parser->token.kind == WHERE_SIGN && strcmp(parser->token.text, "!") == 0);
        if (!is_not && parser->token.kind != WHERE_OPEN) break;
        if (!push(parser, is_not ? NOT : OPENED, 0)) return false;
    }
    return take_condition(parser) && complete(parser, NOT);
}

static bool finish(struct where_parser *parser)
{
    if (parser->token.kind != WHERE_END) return unexpected(parser, "'and', 'or' or the end");
    if (!complete(parser, OR)) return false;
    return !parser->depth ||
           fail_at(parser, parser->stack[parser->depth - 1].at, "this parenthesis is not closed");
}

static bool parse(struct where_parser *parser)
{
    if (!advance(parser)) return false;
    for (;;) {
        if (!take_operand(parser)) return false;
        while (parser->token.kind == WHERE_CLOSE)
            if (!close(parser)) return false;
        bool is_and = is_word(&parser->token, "and"), is_or = is_word(&parser->token, "or");
        if (!is_and && !is_or) return finish(parser);
        if (!join(parser, is_and ? AND : OR)) return false;
    }
}

/* ---- Errors that point at the place ------------------------------------------------------------------------- */

enum { EXCERPT_BYTES = 60 };

static bool is_inside_character(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The part of the expression around `at`; *column is where it is, in characters. */
static void cut_excerpt(char excerpt[EXCERPT_BYTES + 8], const char *text, size_t at, int *column)
{
    size_t from = at > EXCERPT_BYTES / 2 ? at - EXCERPT_BYTES / 2 : 0, count = 0;
    while (from && is_inside_character(text[from])) from--;
    size_t bytes = strlen(text + from);
    if (bytes > EXCERPT_BYTES) bytes = cairn__utf8_cut(text + from, EXCERPT_BYTES);
    *column = from ? 3 : 0;
    if (from) memcpy(excerpt, "...", count = 3);
    for (size_t i = from; i < from + bytes; i++) {
        *column += i < at && !is_inside_character(text[i]);
        excerpt[count++] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i];
    }
    excerpt[count] = 0;
    if (text[from + bytes]) memcpy(excerpt + count, "...", 4);
}

static int report(const struct where_fault *fault, const char *name, const char *text,
                  struct cairn_error *error)
{
    char excerpt[EXCERPT_BYTES + 8];
    int column;
    if (fault->code != CAIRN_EINVAL || !text)
        return cairn__error_set(error, fault->code, NULL, CAIRN_ERROR_NOWHERE, "%s", fault->text);
    cut_excerpt(excerpt, text, fault->at, &column);
    return cairn__error_set(error, fault->code, NULL, CAIRN_ERROR_NOWHERE, "%.40s: %s\n  %s\n  %*s^", name,
                            fault->text, excerpt, column, "");
}

/* ---- The face ---------------------------------------------------------------------------------------------- */

/* What was asked for before has to hold as well: if it does not, that is the end. */
static bool begin_and(struct where_parser *parser)
{
    return !parser->where->program.count ||
           add_step(parser, (struct where_step){WHERE_UNLESS_TRUE, UINT32_MAX});
}

int analysis_where_and(struct analysis_where *where, const char *name, const char *expression,
                       struct cairn_error *error)
{
    struct where_parser parser = {.where = where};
    const char *text =
        arena_text(&where->memory, expression, strnlen(expression, ANALYSIS_WHERE_BYTES_MAX + 1));
    parser.lexer = (struct where_lexer){.text = text, .memory = &where->memory};
    bool done;
    if (!text)
        done = no_memory(&parser);
    else if (strlen(text) > ANALYSIS_WHERE_BYTES_MAX)
        done = fail_at(&parser, ANALYSIS_WHERE_BYTES_MAX, "the expression is too long: 4096 bytes are read");
    else
        done = begin_and(&parser) && parse(&parser);
    return done ? 0 : report(&parser.fault, name, text, error);
}

int analysis_where_and_condition(struct analysis_where *where, const char *field, const char *sign,
                                 const struct where_value *value, struct cairn_error *error)
{
    struct where_parser parser = {.where = where};
    struct where_condition condition = {.sign = WHERE_EQUAL};
    condition.field = where_field_find(where->subject, field, &condition.key);
    if (value) {
        sign_of(&(struct where_token){.kind = WHERE_SIGN, .text = sign}, &condition.sign);
        condition.values = arena_alloc(&where->memory, sizeof *value);
        condition.value_count = 1;
        if (condition.values) *condition.values = *value;
    }
    bool done = !value || condition.values ? begin_and(&parser) && add_condition(&parser, &condition, 0)
                                           : no_memory(&parser);
    return done ? 0 : report(&parser.fault, "", NULL, error);
}
