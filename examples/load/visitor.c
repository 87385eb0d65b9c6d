/* What a visitor of the shop asks. SPDX-License-Identifier: Apache-2.0 */
#include "visitor.h"

#include <stdio.h>
#include <string.h>

const char *const visit_names[VISIT_KINDS] = {"GET /product", "GET /search", "POST /order", "GET /report"};

enum { KNOWN_PRODUCTS = 2000, BEST_SELLERS = 4 };

static const char *const search_words[] = {"lantern",        "wool", "rain+proof",
                                           "steel%20kettle", "tent", "zebra"};

static uint64_t next_random(uint64_t *random)
{
    *random += 0x9e3779b97f4a7c15u;
    uint64_t mixed = (*random ^ *random >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

static void write_order(char *line, size_t line_bytes, char *body, size_t body_bytes, uint64_t *random)
{
    /* Some products sell so well that they sell out: the shop's failures. */
    bool best = next_random(random) % 10 == 0;
    uint64_t product = next_random(random) % (best ? BEST_SELLERS : KNOWN_PRODUCTS) + 1;
    snprintf(line, line_bytes, "POST /order");
    snprintf(body, body_bytes, "product=%llu&quantity=%llu", (unsigned long long)product,
             (unsigned long long)next_random(random) % 3 + 1);
}

static void choose(struct visit *visit, char *line, size_t line_bytes, char *body, size_t body_bytes,
                   uint64_t *random)
{
    uint64_t dice = next_random(random) % 100;
    body[0] = 0;
    if (dice < 50) {
        visit->kind = VISIT_PRODUCT;
        visit->product = dice == 0 ? VISIT_NO_PRODUCT : next_random(random) % KNOWN_PRODUCTS + 1;
        snprintf(line, line_bytes, "GET /product/%llu", (unsigned long long)visit->product);
    } else if (dice < 75) {
        visit->kind = VISIT_SEARCH;
        uint64_t word = next_random(random) % (sizeof search_words / sizeof *search_words);
        snprintf(line, line_bytes, "GET /search?q=%s", search_words[word]);
    } else if (dice < 95) {
        visit->kind = VISIT_ORDER;
        write_order(line, line_bytes, body, body_bytes, random);
    } else {
        visit->kind = VISIT_REPORT;
        snprintf(line, line_bytes, "GET /report");
    }
}

void visit_make(struct visit *visit, uint64_t *random, bool last)
{
    char line[128], body[64];
    choose(visit, line, sizeof line, body, sizeof body, random);
    int count = snprintf(visit->request, sizeof visit->request,
                         "%s HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nX-Customer: %llu\r\n"
                         "Content-Length: %zu\r\n%s\r\n%s",
                         line, (unsigned long long)next_random(random) % 500 + 1, strlen(body),
                         last ? "Connection: close\r\n" : "", body);
    visit->request_bytes = (size_t)count;
}

static bool status_fits(const struct visit *visit, int status)
{
    switch (visit->kind) {
    case VISIT_PRODUCT: return status == (visit->product == VISIT_NO_PRODUCT ? 404 : 200);
    case VISIT_ORDER: return status == 200 || status == 409;
    default: return status == 200;
    }
}

static void write_start(const struct visit *visit, int status, char *start, size_t start_bytes)
{
    const char *text = "{\"error\":\"";
    if (status == 200 && visit->kind == VISIT_PRODUCT) {
        snprintf(start, start_bytes, "{\"id\":%llu,", (unsigned long long)visit->product);
        return;
    }
    if (status == 200 && visit->kind == VISIT_SEARCH) text = "{\"query\":\"";
    if (status == 200 && visit->kind == VISIT_ORDER) text = "{\"order\":";
    if (status == 200 && visit->kind == VISIT_REPORT) text = "{\"rows\":[";
    snprintf(start, start_bytes, "%s", text);
}

const char *visit_check(const struct visit *visit, const struct client *client)
{
    char start[64];
    if (!status_fits(visit, client->status)) return "the wrong status";
    write_start(visit, client->status, start, sizeof start);
    if (strncmp(client->body, start, strlen(start))) return "a body that belongs to another question";
    if (client->body_bytes < 2 || strcmp(client->body + client->body_bytes - 2, "}\n"))
        return "a body without an end";
    return NULL;
}
