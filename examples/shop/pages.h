/* The shop's pages: from request to JSON. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHOP_PAGES_H
#define SHOP_PAGES_H

#include "catalogue.h"
#include "connection.h"

/* Room for one result, per worker, because it is too much for a stack. */
union page_data {
    struct product product;
    struct search_result search;
    struct report report;
};

/* Fills the connection's page and sets its status. For routes whose answer is to be looked up. */
void pages_make(struct catalogue *catalogue, struct connection *connection, union page_data *data);

/* Checks an order. True: `connection->order` is set and can be committed. False: the status says why not. */
bool pages_take_order(struct catalogue *catalogue, struct connection *connection);

/* The page for an order that has been decided on, and for every status that is not 200. */
void pages_make_verdict(struct connection *connection);

#endif
