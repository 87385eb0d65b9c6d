/* The shop's pages: from request to JSON. SPDX-License-Identifier: Apache-2.0
 *
 * How to annotate: a region for each phase that could be slow for a reason of its own (parse, query,
 * render), the same few names for all routes. What differs from request to request goes into attributes.
 */
#include "pages.h"

#include <string.h>

static int parse_product(const struct http_request *request, cairn_task task, uint64_t *id)
{
    CAIRN_REGION(task, "parse");
    struct http_piece digits = request->path;
    size_t skip = strlen("/product/");
    digits.bytes += skip;
    digits.count -= skip;
    return http_number(digits, id) ? 200 : 404;
}

static void render_product(struct text *page, cairn_task task, const struct product *product)
{
    CAIRN_REGION(task, "render");
    text_format(page, "{\"id\":%llu,\"name\":", (unsigned long long)product->id);
    text_json(page, product->name);
    text_format(page, ",\"description\":");
    text_json(page, product->description);
    text_format(page, ",\"category\":%d,\"cents\":%d,\"stock\":%d,\"bought_as_well\":[", product->category,
                product->cents, product->stock);
    for (unsigned i = 0; i < product->related_count; i++)
        text_format(page, "%s%llu", i ? "," : "", (unsigned long long)product->related[i]);
    text_format(page, "]}\n");
}

static int make_product(struct catalogue *catalogue, struct connection *connection, struct product *product)
{
    uint64_t id;
    int status = parse_product(&connection->request, connection->task, &id);
    if (status != 200) return status;
    cairn_attr(connection->task, "product", id);
    status = catalogue_product(catalogue, connection->task, id, product);
    if (status == 200) render_product(&connection->page, connection->task, product);
    return status;
}

static bool parse_search(const struct http_request *request, cairn_task task, char *text, size_t text_bytes)
{
    CAIRN_REGION(task, "parse");
    return http_parameter(request->query, "q", text, text_bytes) && text[0];
}

static void render_search(struct text *page, cairn_task task, const char *text,
                          const struct search_result *result)
{
    CAIRN_REGION(task, "render");
    text_format(page, "{\"query\":");
    text_json(page, text);
    text_format(page, ",\"total\":%u,\"hits\":[", result->total);
    for (unsigned i = 0; i < result->count; i++) {
        const struct search_hit *hit = &result->hits[i];
        text_format(page, "%s{\"id\":%llu,\"name\":", i ? "," : "", (unsigned long long)hit->id);
        text_json(page, hit->name);
        text_format(page, ",\"cents\":%d}", hit->cents);
    }
    text_format(page, "]}\n");
}

static int make_search(struct catalogue *catalogue, struct connection *connection,
                       struct search_result *result)
{
    char text[128];
    if (!parse_search(&connection->request, connection->task, text, sizeof text)) return 400;
    int status = catalogue_search(catalogue, connection->task, text, result);
    if (status == 200) render_search(&connection->page, connection->task, text, result);
    return status;
}

static void render_report(struct text *page, cairn_task task, const struct report *report)
{
    CAIRN_REGION(task, "render");
    text_format(page, "{\"rows\":[");
    for (unsigned i = 0; i < report->count; i++) {
        const struct report_row *row = &report->rows[i];
        text_format(page, "%s{\"section\":\"%s\",\"name\":", i ? "," : "", row->section);
        text_json(page, row->name);
        text_format(page, ",\"orders\":%d,\"cents\":%lld}", row->orders, (long long)row->cents);
    }
    text_format(page, "]}\n");
}

static int make_report(struct catalogue *catalogue, struct connection *connection, struct report *report)
{
    int status = catalogue_report(catalogue, connection->task, report);
    if (status == 200) render_report(&connection->page, connection->task, report);
    return status;
}

void pages_make(struct catalogue *catalogue, struct connection *connection, union page_data *data)
{
    switch (connection->request.route) {
    case ROUTE_PRODUCT: connection->status = make_product(catalogue, connection, &data->product); break;
    case ROUTE_SEARCH: connection->status = make_search(catalogue, connection, &data->search); break;
    case ROUTE_REPORT: connection->status = make_report(catalogue, connection, &data->report); break;
    default: connection->status = connection->request.status; break;
    }
}

static bool parse_order(const struct http_request *request, cairn_task task, struct order *order)
{
    CAIRN_REGION(task, "parse");
    char product[16], quantity[16];
    return http_parameter(request->body, "product", product, sizeof product) &&
           http_parameter(request->body, "quantity", quantity, sizeof quantity) &&
           http_number((struct http_piece){product, strlen(product)}, &order->product) &&
           http_number((struct http_piece){quantity, strlen(quantity)}, &order->quantity) &&
           order->quantity > 0;
}

bool pages_take_order(struct catalogue *catalogue, struct connection *connection)
{
    struct order *order = &connection->order;
    connection->status = 400;
    if (!parse_order(&connection->request, connection->task, order)) return false;
    cairn_attr(connection->task, "product", order->product);
    cairn_attr(connection->task, "quantity", order->quantity);
    connection->status = catalogue_exists(catalogue, connection->task, order->product);
    return connection->status == 200;
}

static const char *explanation(int status)
{
    switch (status) {
    case 404: return "there is no such thing here";
    case 405: return "not with this method";
    case 409: return "sold out";
    case 500: return "the shop has a problem";
    case 503: return "the shop is too busy";
    default: return "the request was not understood";
    }
}

void pages_make_verdict(struct connection *connection)
{
    CAIRN_REGION(connection->task, "render");
    text_clear(&connection->page);
    if (connection->status == 200)
        text_format(&connection->page, "{\"order\":%lld}\n", (long long)connection->order.number);
    else
        text_format(&connection->page, "{\"error\":\"%s\"}\n", explanation(connection->status));
}
